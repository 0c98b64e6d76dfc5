"""$search on messages: the part of the Keyword Query Language that mail search documents.

Graph, "Use the $search query parameter": a value alone is looked for in from, subject and body; `property:value` in
that property; the results come newest sent first, a thousand at most.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from m365sandbox.graph import errors
from m365sandbox.graph.data.store import Store, unpack
from m365sandbox.graph.odata.fields import Condition
from m365sandbox.graph.odata.options import Options
from m365sandbox.mail.text import text_of_html

RESULTS = 1000
_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[()])|(?P<name>[A-Za-z]+)(?P<operator><=|>=|<>|[:=<>])(?P<value>\"[^\"]*\"|[^\s()\"]+)"
    r'|(?P<phrase>"[^"]*")|(?P<word>[^\s()"]+))'
)
_BARE_QUOTE = re.compile(r'(?<!\\)"')
_WORDS = re.compile(r"\w+")
_PEOPLE = {
    "from": ("from_json",),
    "to": ("to_json",),
    "cc": ("cc_json",),
    "bcc": ("bcc_json",),
    "recipients": ("to_json", "cc_json", "bcc_json"),
    "participants": ("from_json", "to_json", "cc_json", "bcc_json"),
}
_COLUMNS = (
    "m.number,m.subject,m.from_json,m.to_json,m.cc_json,m.bcc_json,m.received,m.sent,m.importance,m.has_attachments,"
    "m.odata_type,c.body,(SELECT json_group_array(a.name) FROM attachments a WHERE a.message=m.number),"
    "(SELECT COALESCE(SUM(a.size),0) FROM attachments a WHERE a.message=m.number)"
)
# The search index holds no size of a whole message here: its files count, and its text.
_REFUSED = (("filter", "$filter", "SearchWithFilter"), ("orderby", "$orderBy", "SearchWithOrderBy"))


class Found(NamedTuple):
    """A message as a search sees it."""

    number: int
    subject: str | None
    from_json: str
    to_json: str
    cc_json: str
    bcc_json: str
    received: str
    sent: str | None
    importance: str | None
    has_attachments: int | None
    odata_type: str | None
    body: bytes
    names: str
    size: int

    @property
    def text(self) -> str:
        """The words of the body."""
        body = unpack(self.body) or {}
        content = body.get("content") or ""
        return content if body.get("contentType") == "text" else text_of_html(content)


Test = Callable[[Found], bool]


def found_numbers(store: Store, where: Condition, options: Options) -> list[int]:
    """The messages that a $search finds, newest sent first. Raises GraphError for what cannot go with it."""
    for member, shown, code in _REFUSED:
        if getattr(options, member) is not None:
            raise errors.not_with_search(shown, code)
    if options.skip:
        raise errors.not_with_search("$skip", "SearchWithSkip")
    if options.count:
        raise errors.not_with_search("$count", "SearchWithCount")
    test = parsed(_unquoted(options.search or ""))
    rows = store.rows(
        f"SELECT {_COLUMNS} FROM messages m JOIN contents c ON c.message=m.number WHERE {where.sql} "
        "ORDER BY m.sent DESC, m.number DESC",
        where.values,
    )
    return [found.number for found in map(Found._make, rows) if test(found)]


def search_page(token: str | None) -> int:
    """Where the page of a $skiptoken begins."""
    if token is None:
        return 0
    if not token[3:].isdigit():
        raise errors.bad_request("Badly formed token.")
    return int(token[3:])


def _unquoted(text: str) -> str:
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"' and not _BARE_QUOTE.search(stripped[1:-1]):
        return re.sub(r"\\(.)", r"\1", stripped[1:-1])
    for sign in ':"':
        if sign in stripped:
            at = stripped.index(sign)
            raise errors.bad_request(f"Syntax error: character '{sign}' is not valid at position {at} in '{stripped}'.")
    if not stripped:
        raise errors.bad_request("The $search query parameter must not be empty.")
    return stripped


@dataclass(slots=True)
class _Words:
    """The words of a query still to be read."""

    tokens: list[re.Match[str]]

    def next_is(self, *words: str) -> bool:
        """Take the next token if it is one of these."""
        if self.tokens and self.tokens[0].group().strip() in words:
            self.tokens.pop(0)
            return True
        return False


def parsed(text: str) -> Test:
    """The test that a query makes of a message."""
    words = _Words(list(_TOKEN.finditer(text)))
    test = _either(words)
    if words.tokens:
        raise errors.bad_request(f"Syntax error: the search '{text}' is not balanced.")
    return test


def _either(words: _Words) -> Test:
    tests = [_all(words)]
    while words.next_is("OR"):
        tests.append(_all(words))
    return lambda found: any(test(found) for test in tests)


def _all(words: _Words) -> Test:
    tests = [_single(words)]
    while words.tokens and words.tokens[0].group().strip() not in ("OR", ")"):
        words.next_is("AND")
        tests.append(_single(words))
    return lambda found: all(test(found) for test in tests)


def _single(words: _Words) -> Test:
    if words.next_is("NOT"):
        inner = _single(words)
        return lambda found: not inner(found)
    if words.next_is("("):
        test = _either(words)
        if not words.next_is(")"):
            raise errors.bad_request("Syntax error: a parenthesis is not closed in the search.")
        return test
    if not words.tokens:
        raise errors.bad_request("Syntax error: the search ends where a word is expected.")
    token = words.tokens.pop(0)
    if token.lastgroup == "mark":
        raise errors.bad_request("Syntax error: a parenthesis is not opened in the search.")
    if token.lastgroup == "value":
        return _property(token.group("name").lower(), token.group("operator"), token.group("value").strip('"'))
    sought = (token.group("phrase") or token.group("word") or token.group()).strip().strip('"')
    return _anywhere(sought)


def _anywhere(sought: str) -> Test:
    return lambda found: any(
        _has(text, sought) for text in (found.subject or "", _people(found, ("from_json",)), found.text)
    )


def _property(name: str, operator: str, value: str) -> Test:
    if name in _PEOPLE:
        columns = _PEOPLE[name]
        return lambda found: _has(_people(found, columns), value)
    if name in ("received", "sent"):
        return _dated(name, operator, value)
    if name == "size":
        return _sized(operator, value)
    plain: dict[str, Test] = {
        "subject": lambda found: _has(found.subject or "", value),
        "body": lambda found: _has(found.text, value),
        "attachment": lambda found: any(_has(item or "", value) for item in json.loads(found.names)),
        "importance": lambda found: found.importance == {"medium": "normal"}.get(value.lower(), value.lower()),
        "hasattachment": lambda found: bool(found.has_attachments) is (value.lower() == "true"),
        "hasattachments": lambda found: bool(found.has_attachments) is (value.lower() == "true"),
        "kind": lambda found: value.lower() == ("meetings" if "event" in (found.odata_type or "") else "email"),
    }
    return plain.get(name) or _anywhere(f"{name}{operator}{value}")


def _people(found: Found, columns: tuple[str, ...]) -> str:
    """Names and addresses, as words."""
    shown: list[str] = []
    for column in columns:
        value: Any = json.loads(getattr(found, column))
        for person in value if isinstance(value, list) else [value]:
            email = (person or {}).get("emailAddress") or {}
            shown += [email.get("name") or "", email.get("address") or ""]
    return " | ".join(shown)


def _has(text: str, sought: str) -> bool:
    """Whether the words stand in the text one after the other; a last `*` stands for the rest of a word."""
    wanted = _WORDS.findall(sought.casefold())
    if not wanted:
        return False
    words = _WORDS.findall(text.casefold())
    ends_open = sought.endswith("*")
    for at in range(len(words) - len(wanted) + 1):
        part = words[at : at + len(wanted)]
        if part[:-1] == wanted[:-1] and (part[-1] == wanted[-1] or (ends_open and part[-1].startswith(wanted[-1]))):
            return True
    return False


def _dated(name: str, operator: str, value: str) -> Test:
    first, dots, last = value.partition("..")
    start, end = _day(first), _day(last) if dots else None

    def fits(found: Found) -> bool:
        day = datetime.fromisoformat(getattr(found, name) or "0001-01-01").date()
        if end is not None:
            return start <= day <= end
        return _compares(operator, (day > start) - (day < start))

    return fits


def _day(text: str) -> date:
    for form in ("%m/%d/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text[:10], form).date()  # noqa: DTZ007 - only the day counts
        except ValueError:
            continue
    raise errors.bad_request(f"Syntax error: '{text}' is not a date in the search.")


def _sized(operator: str, value: str) -> Test:
    first, dots, last = value.partition("..")
    if not first.isdigit() or (dots and not last.isdigit()):
        raise errors.bad_request(f"Syntax error: '{value}' is not a size in the search.")

    def fits(found: Found) -> bool:
        size = found.size + len(found.text)
        if dots:
            return int(first) <= size <= int(last)
        return _compares(operator, (size > int(first)) - (size < int(first)))

    return fits


def _compares(operator: str, order: int) -> bool:
    return {
        ":": order == 0,
        "=": order == 0,
        "<>": order != 0,
        "<": order < 0,
        ">": order > 0,
        "<=": order <= 0,
        ">=": order >= 0,
    }[operator]
