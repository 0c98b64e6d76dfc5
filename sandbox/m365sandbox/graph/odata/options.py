"""The system query options and the Prefer header of a request, read once, with the service's refusals."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from m365sandbox.graph.errors import (
    GraphError,
    bad_request,
    not_in_select,
    unsupported_format,
    unsupported_option,
)
from m365sandbox.wire import Request

_SYSTEM = (
    "select",
    "filter",
    "orderby",
    "top",
    "skip",
    "count",
    "search",
    "expand",
    "format",
    "skiptoken",
    "deltatoken",
)
_MOST = 2**31 - 1
_PREFERENCE = re.compile(r'\s*([\w.\-]+)\s*(?:=\s*(?:"([^"]*)"|([^,;]*)))?')


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the Prefer header asks for."""

    immutable_ids: bool = False
    body_type: str | None = None
    page_size: int | None = None
    unsafe_html: bool = False

    def applied(self) -> str:
        """The Preference-Applied header of an answer; empty where nothing was asked."""
        shown = []
        if self.immutable_ids:
            shown.append("IdType=ImmutableId")
        if self.body_type:
            shown.append(f'outlook.body-content-type="{self.body_type}"')
        if self.unsafe_html:
            shown.append("outlook.allow-unsafe-html")
        return ", ".join(shown)


def read_preferences(header: str | None) -> Preferences:
    """Several preferences come comma-joined; unknown ones are ignored (RFC 7240)."""
    if not header:
        return Preferences()
    wanted: dict[str, str] = {}
    for match in _PREFERENCE.finditer(header):
        wanted.setdefault(match.group(1).lower(), (match.group(2) or match.group(3) or "").strip())
    body_type = wanted.get("outlook.body-content-type", "").lower()
    size = wanted.get("odata.maxpagesize", "")
    return Preferences(
        immutable_ids=wanted.get("idtype", "").lower() == "immutableid",
        body_type=body_type if body_type in ("text", "html") else None,
        page_size=int(size) if size.isdigit() and int(size) > 0 else None,
        unsafe_html="outlook.allow-unsafe-html" in wanted,
    )


@dataclass(frozen=True, slots=True)
class Options:
    """The query options of one request. `select` is None where nothing was selected."""

    select: tuple[str, ...] | None = None
    filter: str | None = None
    orderby: str | None = None
    top: int | None = None
    skip: int = 0
    count: bool = False
    search: str | None = None
    expand: str | None = None
    others: dict[str, str] = field(default_factory=dict)


def read_options(request: Request, allowed: Collection[str], custom: Collection[str] = ()) -> Options:
    """Read what a path takes (`allowed` without the dollar sign), refuse the rest.

    The dollar sign may be left out (Graph: "the $ prefix is optional").
    """
    found: dict[str, str] = {}
    others: dict[str, str] = {}
    for name, value in request.query:
        key = name.lower().removeprefix("$")
        if name in custom:
            others[name] = value
        elif key == "format":
            _check_format(value)
        elif key in _SYSTEM and key in allowed:
            if key in found:
                raise bad_request(f"Query option '${key}' was specified more than once, but at most once is allowed.")
            found[key] = value
        else:
            raise unsupported_option(name)
    return Options(
        select=_select(found.get("select")),
        filter=found.get("filter"),
        orderby=found.get("orderby"),
        top=_number("top", found["top"]) if "top" in found else None,
        skip=_number("skip", found.get("skip", "0")),
        count=_boolean("count", found.get("count", "false")),
        search=found.get("search"),
        expand=found.get("expand"),
        others=others,
    )


def _check_format(wanted: str) -> None:
    """`$format=json` is what comes anyway; nothing else does."""
    if wanted.partition(";")[0].strip().lower() not in ("json", "application/json"):
        raise unsupported_format(wanted)


def _select(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    return names or None


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _MOST:
        raise bad_request(
            f"Invalid value '{text}' for ${name} query option found. The ${name} query option requires a non-negative "
            "integer value."
        )
    return int(text)


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise bad_request(
            f"Invalid value '{text}' for ${name} query option found. Valid values are 'true' and 'false'."
        )
    return text.lower() == "true"


def page_size(options: Options, preferences: Preferences, default: int, most: int) -> int:
    """How many items a page holds: $top, else the preferred page size, else the default."""
    if options.top is not None:
        if options.top > most:
            raise bad_request(
                f"The limit of '{most}' for Top query has been exceeded. The value from the incoming request is "
                f"'{options.top}'."
            )
        if options.top < 1:
            raise bad_request(f"Invalid page size specified: '{options.top}'. Must be between 1 and {most} inclusive.")
        return options.top
    return min(preferences.page_size or default, most)


def selecting(
    options: Options,
    known: Collection[str],
    kind: str,
    unknown: Callable[[str, str], GraphError] = not_in_select,
) -> Options:
    """The options with the selected members as the type writes them. Raises what `unknown` makes for any other."""
    return replace(options, select=members_of(options.select, known, kind, unknown))


def members_of(
    names: Collection[str] | None,
    known: Collection[str],
    kind: str,
    unknown: Callable[[str, str], GraphError] = not_in_select,
) -> tuple[str, ...] | None:
    """Members as the type writes them: Graph's own samples name them in any case."""
    if names is None:
        return None
    written = {"*": "*", **{name.lower(): name for name in known}}
    found: list[str] = []
    for name in names:
        if name.lower() not in written:
            raise unknown(name, kind)
        found.append(written[name.lower()])
    return tuple(dict.fromkeys(found))
