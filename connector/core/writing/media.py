"""Which rules of a style sheet hold for a mail that is read in a window of a computer, in the light."""

import re
from typing import Final

from connector.core.writing.style import pixels

#: A window of a mail program, in pixels: wide enough that what is meant for telephones is left out.
_WIDTH: Final = 1_000.0
_FEATURE = re.compile(r"\(([^()]*)\)")
#: What holds for any such window.
_HOLDS: Final = frozenset(
    {"color", "prefers-color-scheme:light", "hover", "hover:hover", "min-color-index:0", "grid:0"}
)


def applies(media: str) -> bool:
    """Whether one of the queries of a media list holds; an empty list holds always."""
    queries = [query.strip() for query in media.lower().split(",")]
    return not media.strip() or any(map(_holds, queries))


def is_supported(condition: str) -> bool:
    """Whether the condition of an `@supports` is one that today's browsers meet: it asks for something they have."""
    return not re.search(r"\bnot\b|-moz-|-ms-|-webkit-touch-callout|-webkit-hyphens", condition.lower())


def _holds(query: str) -> bool:
    words = _FEATURE.sub(" ", query).split()
    negated = words[:1] == ["not"]
    kinds = [word for word in words if word not in ("not", "only", "and")]
    holds = all(kind in ("all", "screen") for kind in kinds) and all(map(_feature, _FEATURE.findall(query)))
    return holds is not negated and bool(query)


def _feature(text: str) -> bool:
    """A feature that is not known does not hold, as in a program that does not know it."""
    feature = "".join(text.split())
    name, _, value = feature.partition(":")
    size = pixels(value)
    if name in ("min-width", "min-device-width"):
        return size is not None and size <= _WIDTH
    if name in ("max-width", "max-device-width"):
        return size is not None and size >= _WIDTH
    return feature in _HOLDS
