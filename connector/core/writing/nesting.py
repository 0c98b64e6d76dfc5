"""Whether tags stand where a parser of HTML leaves them, so that markup is its own tree.

A parser moves what stands wrongly: a block closes the paragraph around it, text between table cells goes before the
table (HTML standard, "tree construction"). Most mail is written by programs and holds nothing of the kind; for that
part of the language this says so, and leaves everything else to a parser.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from connector.core.writing.allowed import VOID

# fmt: off
#: Inserted where they stand, whatever is around them.
_ANYWHERE: Final = frozenset({
    "abbr", "b", "big", "br", "cite", "code", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "legend", "mark",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "x-body", "x-html",
})
#: Close a paragraph.
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "center", "details", "dialog", "div", "dl", "fieldset", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "main", "nav", "ol", "p", "pre",
    "section", "summary", "table", "ul",
})
# fmt: on
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
#: What the parts of a table may hold. A row in a table is put into a `tbody` that nobody wrote.
_PARTS: Final = {
    ("table", "thead"): "rows",
    ("table", "tbody"): "rows",
    ("table", "tfoot"): "rows",
    ("rows", "tr"): "cells",
    ("cells", "td"): "",
    ("cells", "th"): "",
}


class Spot(NamedTuple):
    """What may stand inside an open element. `holds` is empty where text may; else it is a part of a table.

    The others name what is open around it and would be closed by its like. `implied` where nobody wrote the element.
    """

    holds: str = ""
    paragraph: bool = False
    link: bool = False
    item: bool = False
    term: bool = False
    heading: bool = False
    implied: bool = False


@lru_cache(maxsize=4096)
def inside(spot: Spot, name: str) -> Spot | None:
    """The inside of an element `name` that is opened at `spot`; None where a parser would do more than open it."""
    if spot.holds:
        part = _PARTS.get((spot.holds, name))
        return None if part is None else Spot(part)
    if name in _ANYWHERE:
        return spot if name in VOID else spot._replace(heading=False)
    if name == "a":
        return None if spot.link else spot._replace(link=True, heading=False)
    if spot.paragraph:
        return None
    if name == "li":
        return None if spot.item else spot._replace(item=True, heading=False)
    if name in ("dd", "dt"):
        return None if spot.term else spot._replace(term=True, heading=False)
    if name not in _BLOCKS or (spot.heading and name in _HEADINGS):
        return None
    if name == "table":
        return Spot("table")
    return spot._replace(
        paragraph=name == "p",
        item=spot.item and name not in ("ol", "ul"),
        term=spot.term and name != "dl",
        heading=name in _HEADINGS,
    )
