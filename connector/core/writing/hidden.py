"""Whether an element of a mail is seen: what its style says, and what its ancestors' styles said."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from connector.core.writing.markup import BLOCKS, Attributes
from connector.core.writing.style import AWAY, font_pixels, pixels

#: Letters of this size, and pictures not larger than `_SMALLEST_PICTURE`, are not meant to be seen.
_SMALLEST_LETTERS = 1.0
_SMALLEST_PICTURE = 2.0
#: What lies so far outside is on no screen.
_OUTSIDE = -400.0
_FAINTEST = 0.02
#: Elements that are boxes without being told, so that a height cuts their text off.
_BOXES: Final = BLOCKS | {
    "address", "blockquote", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p",
    "pre", "ul",
}  # fmt: skip
_BOXED: Final = frozenset({"block", "flex", "grid", "inline-block", "inline-flex", "list-item"})
_CLIPPED: Final = frozenset({"hidden", "clip"})
_NOTHING = re.compile(r"rect\((?:\s*[01](?:px)?[\s,]*){4}\)|inset\((?:50|[6-9]\d|100)%\)|circle\(0(?:px|%)?\)")
_FAR = re.compile(r"translate(?:x|y|3d)?\((?:0(?:px)?,)?-\d{4,}px")
_NUMBER = re.compile(r"\d+(?:\.\d*)?")


class Seen(NamedTuple):
    """What a place of a mail inherits: `gone` for good, out of sight until something shows it, the size of letters."""

    gone: bool = False
    invisible: bool = False
    letters: float = 16.0

    @property
    def shown(self) -> bool:
        """Whether a text here is seen."""
        return not self.gone and not self.invisible and self.letters > _SMALLEST_LETTERS


def hides(tag: str, attributes: Attributes, style: Mapping[str, str], outer: Seen) -> Seen:
    """What an element with `style` lets see, inside `outer`."""
    if _gone(tag, attributes, style):
        return outer._replace(gone=True)
    if not style:
        return outer
    visibility = style.get("visibility")
    invisible = outer.invisible
    if visibility in ("hidden", "collapse"):
        invisible = True
    elif visibility in ("visible", "initial"):
        invisible = False
    letters = outer.letters
    if "font-size" in style:
        letters = font_pixels(style["font-size"], outer.letters)
    return Seen(False, invisible, letters)


def is_pixel(attributes: Attributes, style: Mapping[str, str]) -> bool:
    """Whether a picture is too small to be seen: two pixels or less in one direction, by attribute or by style."""
    if any(_small(style.get(name), _SMALLEST_PICTURE) for name in ("width", "height", "max-width", "max-height")):
        return True
    for name in ("width", "height"):
        number = _NUMBER.match(attributes.get(name, "").strip())
        if number and name not in style and float(number[0]) <= _SMALLEST_PICTURE:
            return not attributes[name].strip().endswith("%") or float(number[0]) == 0
    return False


def _gone(tag: str, attributes: Attributes, style: Mapping[str, str]) -> bool:
    display = style.get("display")
    if (
        display == "none"
        or ("hidden" in attributes and display is None)
        or (tag == "dialog" and "open" not in attributes)
    ):
        return True
    if not style:
        return False
    opacity = pixels(style.get("opacity", ""), 1.0)
    if opacity is not None and opacity <= _FAINTEST:
        return True
    away = style.get("position") in ("absolute", "fixed")
    if away and any((pixels(style.get(side, "")) or 0) < _OUTSIDE for side in ("left", "top", "right")):
        return True
    if away and _NOTHING.search(style.get("clip", "")):
        return True
    if (pixels(style.get(AWAY, "")) or 0) < _OUTSIDE or style.get("content-visibility") == "hidden":
        return True
    transform = style.get("transform", "").replace(" ", "")
    if _NOTHING.search(style.get("clip-path", "")) or transform == "scale(0)" or _FAR.match(transform):
        return True
    boxed = away or display in _BOXED or (display is None and tag in _BOXES)
    if boxed and (pixels(style.get("text-indent", "")) or 0) < _OUTSIDE:
        return True
    return (
        boxed
        and style.get("overflow", "") in _CLIPPED
        and any(_small(style.get(name), _SMALLEST_PICTURE) for name in ("height", "max-height", "width", "max-width"))
    )


def _small(length: str | None, most: float) -> bool:
    """Whether a length is `most` pixels or less; a share is only where it is nothing."""
    if length is None:
        return False
    size = pixels(length)
    return size is not None and (0 <= size <= most if not length.endswith("%") else size == 0)
