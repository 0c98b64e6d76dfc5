"""What the styles of one element declare together: of its tag, its attributes, the style sheets, and its own style."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connector.core.writing.colours import legacy_colour
from connector.core.writing.markup import Attributes
from connector.core.writing.sheet import COLOUR_UNKNOWN, GROUND_UNKNOWN
from connector.core.writing.style import FILL, UNKNOWN, WRITTEN, Declaration, declarations

#: How browsers show what becomes an ordinary tag.
_OWN_STYLE: Final[Mapping[str, tuple[Declaration, ...]]] = {
    "button": declarations("background-color:#efefef;color:#000"),
    "mark": declarations("background-color:#ff0;color:#000"),
    "select": declarations("background-color:#fff;color:#000"),
    "textarea": declarations("background-color:#fff;color:#000;white-space:pre-wrap"),
}
#: What a style sheet may set for the look of the page rather than for that of the text; left out where room is short.
_NEEDED: Final = frozenset({"background-color", "color", "display", "white-space"})
#: The tags whose bgcolor and background browsers heed.
_GROUNDED: Final = frozenset({"body", "table", "tbody", "td", "tfoot", "th", "thead", "tr"})


def kept(declared: Sequence[Declaration]) -> dict[str, str]:
    """What may be written of a style."""
    written = {one.name: one.value for one in declared if one.name in WRITTEN and one.value != UNKNOWN}
    if written.get("background-color") in ("transparent", "initial", "unset", "revert"):
        del written["background-color"]
    return written


def declared(
    tag: str, attributes: Attributes, sheets: Sequence[Declaration], *, quirks: bool, lean: bool
) -> Sequence[Declaration]:
    """All that an element's styles declare, each property once, the strongest last. `sheets` is what it gets of these.

    `lean` takes from style sheets only what text needs in order to be read.
    """
    found: list[Declaration] = [*_OWN_STYLE.get(tag, ()), *_hints(tag, attributes), *sheets]
    weak = {declaration for declaration in sheets if declaration.name not in _NEEDED} if lean else set()
    inline = declarations(attributes["style"], quirks) if "style" in attributes else ()
    if not found and not any(declaration.important for declaration in inline):
        ordered: Sequence[Declaration] = inline
    else:
        found += inline
        ordered = [one for one in found if not one.important] + [one for one in found if one.important]
    last: dict[str, Declaration] = {}
    for declaration in ordered:
        name = declaration.name
        last.pop(name, None)
        if name in ("border", "margin", "padding") or name.startswith("border-"):
            _override(last, name)
        last[name] = declaration
        if name == "color":
            last.pop(COLOUR_UNKNOWN.name, None)
        elif name == "background-color":
            last.pop(GROUND_UNKNOWN.name, None)
    fill = last.pop(FILL, None)
    if fill and fill.value != "currentcolor":
        last["color"] = Declaration("color", fill.value)
    return [
        declaration
        for declaration in last.values()
        if declaration not in weak or declaration in inline or declaration.name not in WRITTEN
    ]


def _override(last: dict[str, Declaration], name: str) -> None:
    """Takes out what the shorthand `name` sets anew."""
    if name == "border" or name in ("margin", "padding"):
        for known in [known for known in last if known.startswith(f"{name}-")]:
            if known not in ("border-collapse", "border-spacing", "border-radius"):
                del last[known]
    elif name in ("border-color", "border-style", "border-width"):
        part = name.removeprefix("border-")
        for known in [known for known in last if known.startswith("border-") and known.endswith(f"-{part}")]:
            del last[known]
    elif name.count("-") == 1:
        for known in [known for known in last if known.startswith(f"{name}-")]:
            del last[known]


def _hints(tag: str, attributes: Attributes) -> Iterator[Declaration]:
    """What attributes say that style can say too."""
    text = attributes.get({"body": "text", "font": "color"}.get(tag, ""), "")
    if text and (colour := legacy_colour(text)):
        yield Declaration("color", colour)
    if tag not in _GROUNDED:
        return
    if "bgcolor" in attributes and (colour := legacy_colour(attributes["bgcolor"])):
        yield Declaration("background-color", colour)
    if attributes.get("background"):
        yield Declaration("background-image", UNKNOWN)
    if "nowrap" in attributes and tag in ("td", "th"):
        yield Declaration("white-space", "nowrap")
