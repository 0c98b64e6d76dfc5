"""Colours as style sheets and as old HTML write them, and how well one can be read on another."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from tinycss2 import color4


class Colour(NamedTuple):
    """Red, green and blue from 0 to 255, and opacity from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @property
    def written(self) -> str:
        """The colour as CSS has it."""
        channels = [min(255, max(0, round(channel))) for channel in self[:3]]
        if self.alpha >= 1:
            return "#{:02x}{:02x}{:02x}".format(*channels)
        return "rgba({},{},{},{:.3g})".format(*channels, max(self.alpha, 0.0))


WHITE: Final = Colour(255, 255, 255)
BLACK: Final = Colour(0, 0, 0)
CLEAR: Final = Colour(0, 0, 0, 0)
LINK: Final = Colour(0, 0, 238)

#: Names of the colours of the desktop, which Word writes for "automatic".
_SYSTEM: Final = {
    "activetext": Colour(255, 0, 0),
    "background": WHITE,
    "buttonface": Colour(239, 239, 239),
    "buttontext": BLACK,
    "canvas": WHITE,
    "canvastext": BLACK,
    "captiontext": BLACK,
    "field": WHITE,
    "fieldtext": BLACK,
    "graytext": Colour(109, 109, 109),
    "infobackground": WHITE,
    "infotext": BLACK,
    "linktext": LINK,
    "mark": Colour(255, 255, 0),
    "marktext": BLACK,
    "menu": WHITE,
    "menutext": BLACK,
    "visitedtext": Colour(85, 26, 139),
    "window": WHITE,
    "windowtext": BLACK,
}
_NAME = re.compile("[a-z]+")
_HEX = re.compile("#[0-9a-f]{3}(?:[0-9a-f]{3})?")
_NOT_HEX = re.compile("[^0-9a-fA-F]")
#: A colour without its `#`, which browsers accept in mail that names no document type.
BARE_HEX: Final = re.compile("[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?")


@lru_cache(maxsize=4096)
def parse_colour(text: str) -> Colour | None:
    """The colour that the CSS value `text` names; None where it names none, or one in a space that is not sRGB."""
    lowered = text.strip().lower()
    if lowered in _SYSTEM:
        return _SYSTEM[lowered]
    try:
        colour = color4.parse_color(lowered)
        if colour is None or isinstance(colour, str):
            return None
        red, green, blue = colour.to("srgb").coordinates
    except (NotImplementedError, TypeError, ValueError):
        return None
    alpha = min(1.0, max(0.0, colour.alpha or 0.0))
    return Colour((red or 0) * 255, (green or 0) * 255, (blue or 0) * 255, alpha)


@lru_cache(maxsize=4096)
def written_colour(text: str) -> str | None:
    """The CSS value `text` in a form that every reader knows: a name or hexadecimal stays as it was written."""
    lowered = text.strip().lower()
    colour = parse_colour(lowered)
    if colour is None:
        return None
    if _HEX.fullmatch(lowered) or (_NAME.fullmatch(lowered) and lowered not in _SYSTEM):
        return lowered
    return colour.written


@lru_cache(maxsize=4096)
def legacy_colour(text: str) -> str | None:
    """The colour of an attribute such as bgcolor, as CSS has it, by HTML's rules for legacy colour values."""
    value = text.strip()
    lowered = value.lower()
    if not value or lowered == "transparent":
        return None
    if _NAME.fullmatch(lowered) and (known := written_colour(lowered)):
        return known
    if _HEX.fullmatch(lowered):
        return lowered
    value = "".join("00" if char > "\uffff" else char for char in value)[:128].removeprefix("#")
    digits = _NOT_HEX.sub("0", value)
    digits += "0" * (-len(digits) % 3 or (3 if not digits else 0))
    third = len(digits) // 3
    parts = [digits[start : start + third][-8:] for start in (0, third, 2 * third)]
    while len(parts[0]) > 2 and all(part[0] == "0" for part in parts):
        parts = [part[1:] for part in parts]
    return "#" + "".join(part[:2].rjust(2, "0").lower() for part in parts)


def over(colour: Colour, ground: Colour) -> Colour:
    """`colour` as it is seen on the opaque `ground`."""
    if colour.alpha >= 1:
        return colour
    share = colour.alpha
    return Colour(*(top * share + below * (1 - share) for top, below in zip(colour[:3], ground[:3], strict=True)))


@lru_cache(maxsize=4096)
def contrast(text: Colour, ground: Colour) -> float:
    """The contrast of `text` on the opaque `ground`, from 1 (equal) to 21 (WCAG 2, relative luminance)."""
    one, other = _luminance(over(text, ground)), _luminance(ground)
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def readable_on(ground: Colour) -> Colour:
    """Black or white, whichever is read better on `ground`."""
    return max(BLACK, WHITE, key=lambda colour: contrast(colour, ground))


def _luminance(colour: Colour) -> float:
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (min(255.0, max(0.0, channel)) / 255 for channel in colour[:3])
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
