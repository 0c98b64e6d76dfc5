"""How the tags and the styles of a body are written: as the cleaner writes them, so that it changes nothing more."""

from collections.abc import Mapping
from html import escape
from typing import Final

from connector.core.writing.allowed import ATTRIBUTES
from connector.core.writing.markup import BLOCKS, Attributes
from connector.core.writing.style import font_pixels, pixels

CELLS: Final = frozenset({"table", "td", "th", "tr"})
_UNWRAPPED: Final = {"pre": ("pre", "nowrap", "inherit", "initial", "unset", "revert")}
_ANYWHERE: Final = ATTRIBUTES["*"]
_NOWHERE: Final[frozenset[str]] = frozenset()
#: Attributes that are written as style, or only asked.
_STYLED: Final = frozenset({"background", "bgcolor", "class", "color", "hidden", "id", "link", "style", "text"})


def tidy(tag: str, written: dict[str, str]) -> None:
    """Takes from `written` what would hide a text, and lets preformatted text wrap."""
    if "font-size" in written and font_pixels(written["font-size"], 16) <= 1:
        del written["font-size"]
    for name in ("width", "max-width"):
        size = pixels(written.get(name, ""))
        if size is not None and size <= 2:
            del written[name]
    if tag not in CELLS and tag != "hr":
        written.pop("height", None)
    if written.get("white-space", "pre" if tag == "pre" else "") in _UNWRAPPED.get(tag, ("pre",)):
        written["white-space"] = "pre-wrap"


def tag_for(name: str, page: bool, written: Mapping[str, str]) -> str:
    """The tag that is written for `name`; empty for none."""
    if page:
        return "div" if written else ""
    if name in BLOCKS:
        return "div"
    if name == "mark":
        return "span"
    return name


def attributes_for(tag: str, attributes: Attributes) -> str:
    """The attributes of the element `tag`, but those that its style says, as the cleaner writes them."""
    allowed = ATTRIBUTES.get(tag, _NOWHERE)
    return "".join(
        f' {name}="{_quoted(value)}"'
        for name, value in attributes.items()
        if name not in _STYLED and (name in allowed or name in _ANYWHERE)
    )


def style_for(written: Mapping[str, str]) -> str:
    """The style attribute as the cleaner writes it, so that the cleaner changes nothing."""
    if not written:
        return ""
    return f' style="{_quoted(";".join(f"{name}:{_spaced(value)}" for name, value in written.items()))}"'


def _spaced(value: str) -> str:
    if "," in value:
        value = value.replace(",", ", " if "(" in value else " , ")
    return value.replace("'", '"')


def _quoted(value: str) -> str:
    return escape(value, quote=False).replace('"', "&quot;").replace("\u00a0", "&nbsp;")
