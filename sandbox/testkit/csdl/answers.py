"""A whole answer of the Graph sandbox against its request: form, context, links, $select, and every value in it."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from testkit.csdl.places import Place, UnknownPlaceError, place
from testkit.csdl.schema import graph_schema
from testkit.csdl.values import Checker

_TOP_MARKS = {"@odata.context", "@odata.count", "@odata.nextLink", "@odata.deltaLink"}
_CONTEXT = re.compile(r"https?://[^/]+/v1\.0/\$metadata#(?P<what>.*)", re.DOTALL)
_COLLECTION_OF = re.compile(r"Collection\((?:microsoft\.graph\.)?([\w.]+)\)")
_INNER_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
#: Never returned unless selected (message resource).
_ON_REQUEST = {"message": {"uniqueBody", "internetMessageHeaders"}}
# User resource, "properties returned by default".
_USER_DEFAULT = {
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: its address without the host, its options by name without `$`, its body."""

    method: str
    path: str
    options: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, method: str, url: str, body: bytes = b"") -> "Asked":
        """From an address as a client writes it."""
        parts = urlsplit(url)
        options = {name.lower().removeprefix("$"): value for name, value in parse_qsl(parts.query, True)}
        return cls(method=method.upper(), path=parts.path, options=options, body=body)

    @property
    def below(self) -> str:
        """The path below the version."""
        return re.sub(r"\A/?v1\.0/", "", self.path, flags=re.IGNORECASE)

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.method} {self.path}{'?' if query else ''}{query}"


def check_answer(checker: Checker, asked: Asked, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Add what is wrong with an answer to the checker's problems."""
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if status >= 400:
        _refusal(checker, kind, body)
    elif asked.below.lower().rstrip("/") == "$batch":
        _batch(checker, asked, body)
    elif not body:
        _nothing(checker, asked, status)
    else:
        _success(checker, asked, kind, body)


def _nothing(checker: Checker, asked: Asked, status: int) -> None:
    try:
        is_stream = asked.method == "HEAD" or place(asked.below).form == "stream"
    except UnknownPlaceError:
        is_stream = False
    if status not in (202, 204) and not is_stream:
        checker.problems.append(f"body: empty in an answer {status}")


def _success(checker: Checker, asked: Asked, kind: str, body: bytes) -> None:
    try:
        there = place(asked.below)
    except UnknownPlaceError as exc:
        checker.problems.append(f"address: the metadata has nothing there ({exc})")
        return
    if there.form == "stream":
        if "json" in kind:
            checker.problems.append(f"Content-Type: {kind} for raw content")
        return
    if not kind.startswith("application/json"):
        checker.problems.append(f"Content-Type: {kind or 'missing'}")
        return
    value = json.loads(body)
    if not isinstance(value, dict):
        checker.problems.append("body: no JSON object")
        return
    _top(checker, asked, there, value)


def _top(checker: Checker, asked: Asked, there: Place, value: dict[str, Any]) -> None:
    if asked.method == "POST" and there.form == "many" and there.type != "convertIdResult":
        there = Place(there.type, "one")  # what has been made
    _context(checker, asked, there, value.get("@odata.context"))
    marks = {name: part for name, part in value.items() if name in _TOP_MARKS}
    rest = {name: part for name, part in value.items() if name not in _TOP_MARKS}
    _marks(checker, there, marks)
    if there.form == "one":
        _item(checker, asked, there, rest, there.type)
    elif set(rest) != {"value"}:
        checker.problems.append(f"body: a list or a value has `value` only, and this has {sorted(rest)}")
    elif there.form == "value":
        _plain(checker, there.type, rest["value"])
    elif not isinstance(rest["value"], list):
        checker.problems.append("value: no list")
    else:
        for item in rest["value"]:
            _item(checker, asked, there, item, f"{there.type}")


def _plain(checker: Checker, kind: str, value: Any) -> None:
    inner = _COLLECTION_OF.fullmatch(kind)
    for item in value if inner and isinstance(value, list) else [value]:
        checker.value(item, inner.group(1) if inner else kind, kind)


def _item(checker: Checker, asked: Asked, there: Place, item: Any, where: str) -> None:
    schema = graph_schema()
    if not schema.structures[there.type].is_entity:
        checker.value(item, there.type, where, nullable=False)
        return
    selected = _selected(asked, there, item)
    checker.entity(item, there.type, where, selected)


def _selected(asked: Asked, there: Place, item: Any) -> frozenset[str] | None:
    """The members an item must have, no more and no fewer; None where a list of changes may leave some out."""
    named = str(item.get("@odata.type", "")).removeprefix("#microsoft.graph.") if isinstance(item, dict) else ""
    kind = named if named in graph_schema().structures else there.type
    options = asked.options if asked.method == "GET" else {}
    if there.is_delta and not options.get("select"):
        return None
    return _wanted(kind, options.get("select", ""), options.get("expand", ""))


@lru_cache(maxsize=1024)
def _wanted(kind: str, select: str, expand: str) -> frozenset[str]:
    names = [name.strip() for name in select.split(",") if name.strip()]
    usual = _usual(kind)
    wanted = {member for name in names for member in (usual if name == "*" else _own(name, kind))} if names else usual
    return frozenset(wanted | _expanded(expand))


def _usual(kind: str) -> set[str]:
    schema = graph_schema()
    if schema.is_a(kind, "user"):
        return _USER_DEFAULT
    left_out = {name for base in schema.lineage(kind) for name in _ON_REQUEST.get(base, ())}
    return schema.structures[kind].own_values - left_out


def _own(name: str, kind: str) -> set[str]:
    """`microsoft.graph.eventMessage/location` is a member of meeting mail and of nothing else."""
    cast, _, member = name.rpartition("/")
    schema = graph_schema()
    if not cast:
        known = schema.structures[kind].members
        return {next((member for member in known if member.lower() == name.lower()), name)}
    wanted = cast.removeprefix("microsoft.graph.").lower()
    return {member} if wanted in (base.lower() for base in schema.lineage(kind)) else set()


def _expanded(text: str) -> set[str]:
    names = re.sub(r"\([^()]*\)", "", text).split(",")
    return {name.strip().rpartition("/")[2] for name in names if name.strip()}


def _context(checker: Checker, asked: Asked, there: Place, context: Any) -> None:
    found = _CONTEXT.fullmatch(context) if isinstance(context, str) else None
    if found is None:
        checker.problems.append(f"@odata.context: {context!r}")
        return
    what = found.group("what")
    is_one = what.endswith("/$entity")
    what = what.removesuffix("/$entity")
    names = _listed(what)
    base = what.partition("(" + names + ")")[0] if names else what.removesuffix("()")
    collection = _COLLECTION_OF.fullmatch(what)
    if collection is not None and "," not in what:
        told = Place(collection.group(1), "many")
        names = ""
    else:
        try:
            told = place(base)
        except UnknownPlaceError:
            checker.problems.append(f"@odata.context: {what} leads nowhere")
            return
    if is_one:
        told = Place(told.type, "one")
    if not (told.type == there.type and told.form == there.form):
        checker.problems.append(f"@odata.context: {what} tells {told.form} {told.type}, not {there.form} {there.type}")
    elif not there.is_delta:
        _context_names(checker, asked, names)


def _listed(what: str) -> str:
    """The names in the last parentheses of a context, if they are no key."""
    depth = 0
    if not what.endswith(")"):
        return ""
    for at in range(len(what) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(what[at], 0)
        if depth == 0:
            names = what[at + 1 : -1]
            return "" if names.startswith("'") else names
    return ""


def _context_names(checker: Checker, asked: Asked, names: str) -> None:
    wanted = [name.strip() for name in asked.options.get("select", "").split(",") if name.strip()]
    if asked.method != "GET":
        wanted = []
    told = [name for name in re.sub(r"\([^()]*\)", "()", names).split(",") if name and not name.endswith("()")]
    # A request may name members in any case; an answer names them as the type does.
    if sorted(name.lower() for name in wanted) != sorted(name.lower() for name in told):
        checker.problems.append(f"@odata.context: tells the selection {told}, and {wanted} was asked for")


def _marks(checker: Checker, there: Place, marks: Mapping[str, Any]) -> None:
    for name in ("@odata.nextLink", "@odata.deltaLink"):
        if name in marks and not str(marks[name]).startswith(("https://", "http://")):
            checker.problems.append(f"{name}: {marks[name]!r} is not absolute")
    if there.form != "many" and set(marks) - {"@odata.context"}:
        checker.problems.append(f"body: {sorted(set(marks))} on what is no list")
    if "@odata.count" in marks and not isinstance(marks["@odata.count"], int):
        checker.problems.append(f"@odata.count: {marks['@odata.count']!r}")
    links = {"@odata.nextLink", "@odata.deltaLink"} & set(marks)
    if there.is_delta and len(links) != 1:
        checker.problems.append("body: a list of changes has either a nextLink or a deltaLink")
    if not there.is_delta and "@odata.deltaLink" in marks:
        checker.problems.append("@odata.deltaLink: on what is no list of changes")


def _refusal(checker: Checker, kind: str, body: bytes) -> None:
    if not kind.startswith("application/json"):
        if not body or "html" in kind:
            return  # what stands before Graph answers with a page, or with nothing
        checker.problems.append(f"Content-Type: {kind or 'missing'} of a refusal")
        return
    value = json.loads(body)
    if not isinstance(value, dict) or set(value) != {"error"}:
        checker.problems.append(f"body: a refusal has `error` only, and this is {body[:80]!r}")
        return
    checker.value(value["error"], "publicError", "error", nullable=False)
    inner = value["error"].get("innerError") if isinstance(value["error"], dict) else None
    for name in ("code", "message"):
        if isinstance(value["error"], dict) and name not in value["error"]:
            checker.problems.append(f"error.{name}: missing")
    if isinstance(inner, dict) and _INNER_DATE.fullmatch(str(inner.get("date"))) is None:
        checker.problems.append(f"error.innerError.date: {inner.get('date')!r}")


def _batch(checker: Checker, asked: Asked, body: bytes) -> None:
    """Each answer in a batch against the request of the same id."""
    value = json.loads(body)
    sent = {item["id"]: item for item in json.loads(asked.body)["requests"]}
    answers = value.get("responses")
    if set(value) != {"responses"} or not isinstance(answers, list):
        checker.problems.append("body: a batch answers with `responses` only")
        return
    if sorted(item.get("id") for item in answers) != sorted(sent):
        checker.problems.append("responses: not one for each request")
        return
    for item in answers:
        if set(item) - {"id", "status", "headers", "body"}:
            checker.problems.append(f"responses[]: {sorted(item)}")
        request = sent[item["id"]]
        inner = Asked.of(request["method"], f"/v1.0/{request['url'].lstrip('/')}")
        headers = item.get("headers") or {}
        before = len(checker.problems)
        check_answer(checker, inner, item["status"], headers, _content(checker, headers, item.get("body")))
        checker.problems[before:] = [f"[{inner}] {problem}" for problem in checker.problems[before:]]


def _content(checker: Checker, headers: Mapping[str, str], body: Any) -> bytes:
    """The content of an inner answer: JSON as it is, anything else as base64."""
    if body is None:
        return b""
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if "json" in kind or not isinstance(body, str):
        return json.dumps(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        checker.problems.append("responses[].body: neither JSON nor base64")
        return b""
