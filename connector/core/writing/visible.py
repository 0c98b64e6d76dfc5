"""What of a mail's HTML is seen, as markup that needs no style sheet.

Goes once through markup whose tags are balanced. What a mail program hides is left out, and so are pictures that a
field cannot hold or that only report that a mail was read. Every colour is followed twice, as it was sent and as it
will be stored: where a text that could be read would lose its ground, it gets a colour that can be read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Final, NamedTuple

from connector.core.writing.allowed import ATTRIBUTES, VOID
from connector.core.writing.cascade import declared, kept
from connector.core.writing.colours import (
    BLACK,
    CLEAR,
    LINK,
    WHITE,
    Colour,
    contrast,
    legacy_colour,
    over,
    parse_colour,
    readable_on,
)
from connector.core.writing.hidden import Seen, hides, is_pixel
from connector.core.writing.markup import BLOCKS, Attributes, Markup
from connector.core.writing.sheet import COLOUR_UNKNOWN, GROUND_UNKNOWN, Place, Rules, rules_of
from connector.core.writing.style import UNKNOWN, Declaration, font_pixels, pixels
from connector.core.writing.text import clean, cut, one_line

_LINK = re.compile("(?:https?|mailto|tel):", re.IGNORECASE)
_REMOTE = re.compile("https?:", re.IGNORECASE)
_INSIDE = re.compile("(?:cid|data):", re.IGNORECASE)
_LONGEST_ALT = 500
#: Text that contrasts less with its ground is hard to read: WCAG 2, level AA.
_READABLE = 4.5
#: The same for large text; as much as is asked for where the ground that a text had cannot be told.
_LEGIBLE = 3.0
_ROUNDING = 0.01
#: No element is written deeper than this, well below what a second reading would take.
_DEEPEST = 300
#: What is taken over from a mail's own page; its margins and its width are the field's.
_PAGE: Final = ("background-color", "color", "direction", "font-", "line-height", "text-align")
_UNWRAPPED: Final = {"pre": ("pre", "nowrap", "inherit", "initial", "unset", "revert")}
#: What has a colour though it declares none.
_COLOURED: Final = frozenset({"a", "body", "table"})
_CELLS: Final = frozenset({"table", "td", "th", "tr"})
_NONE: Final[frozenset[str]] = frozenset()
_QUOTED: Final = str.maketrans({'"': "&quot;", "\u00a0": "&nbsp;"})
#: Attributes that are written as style, or only asked.
_STYLED: Final = frozenset({"background", "bgcolor", "class", "color", "hidden", "id", "link", "style", "text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What becomes of pictures: whether those on other servers stay."""

    remote: bool = False


class _Ink(NamedTuple):
    """Colours of one place: of its text and of its ground, None where it cannot be told."""

    text: Colour | None
    ground: Colour | None


@dataclass(frozen=True, slots=True)
class _Frame:
    """An open element. `close` is what is written at its end."""

    close: str
    sent: _Ink
    stored: _Ink
    seen: Seen
    place: Place
    #: what a link gets that sets no colour
    link: Colour = LINK
    own_ground: str = "transparent"
    pre: bool = False
    #: what became of the tags inside, by the tag: mail repeats them
    inside: "dict[str, _Opened]" = field(default_factory=dict, compare=False)


class _Opened(NamedTuple):
    """What becomes of an opening tag: what is written, and the open element; None where nothing stays open.

    With `apart` a space parts it from a word before it.
    """

    written: str
    frame: _Frame | None = None
    apart: bool = False


_NOTHING: Final = _Opened("")


@dataclass(slots=True)
class _Walk:
    markup: Markup
    rules: Rules | None
    pictures: Pictures
    lean: bool
    #: equal frames are one, so that what is known of the tags inside it is known in all of them
    frames: dict[_Frame, _Frame] = field(default_factory=dict)
    #: the colour that a table takes in mail without a document type
    page_text: Colour | None = BLACK


def visible(markup: Markup, pictures: Pictures, *, lean: bool = False) -> str:
    """The HTML of what is seen. `lean` takes from style sheets only what text needs in order to be read."""
    walk = _Walk(markup, rules_of(markup.sheets), pictures, lean)
    ink = _Ink(BLACK, WHITE)
    top = _Frame("", ink, ink, Seen(), Place())
    stack = [top]
    shown = top.seen.shown
    first, *pieces = markup.html.split("<")
    out = [first]
    for piece in pieces:
        tag, _, text = piece.partition(">")
        if tag[0] == "/":
            if len(stack) > 1:
                out.append(stack.pop().close)
                top = stack[-1]
                shown = top.seen.shown
        else:
            deep = len(stack) > _DEEPEST
            opened = None if deep else top.inside.get(tag)
            if opened is None:
                opened = _open(walk, top, tag, deep=deep)
                if not deep:
                    top.inside[tag] = opened
            if opened.written:
                if opened.apart and not out[-1][-1:].isspace():
                    out.append(" ")
                out.append(opened.written)
            if opened.frame is not None:
                top = opened.frame
                stack.append(top)
                shown = top.seen.shown
        if text and shown:
            out.append(text.lstrip("\n") if top.pre and out[-1].startswith("<pre") else text)
    out.extend(frame.close for frame in reversed(stack))
    return "".join(out)


def _open(walk: _Walk, parent: _Frame, text: str, *, deep: bool) -> _Opened:
    """What becomes of the opening tag `text` inside `parent`; `deep` where no element is written any more."""
    name, _, number = text.partition(' x="')
    void = name in VOID
    if parent.seen.gone:
        return _Opened("", None if void else _one(walk, replace(parent, close="", inside={})))
    index = int(number[:-1]) if number else -1
    known, attributes = walk.markup.attributes[index] if number else (name, {})
    tag = known.removeprefix("x-")
    page = tag != known
    place = parent.place
    sheets: Sequence[Declaration] = ()
    if walk.rules:
        sheets, place = walk.rules.match(tag, index, attributes, place)
    styles = declared(tag, attributes, sheets, quirks=walk.markup.quirks, lean=walk.lean)
    style = {declaration.name: declaration.value for declaration in styles}
    seen = hides(tag, attributes, style, parent.seen)
    if name == "img":
        return _picture(walk.pictures, attributes, style, seen)
    if seen.gone:
        return _Opened("", None if void else _one(walk, replace(parent, close="", seen=seen, inside={})))
    written = {} if deep else kept(styles)
    if styles or tag in _COLOURED:
        sent = _sent(walk, tag, attributes, style, parent)
        stored = _readable(sent, _stored(tag, attributes, written, style, parent), written)
    else:
        sent, stored = parent.sent, parent.stored
    if tag == "body":
        walk.page_text = sent.text
    elif tag == "table" and stored.text not in (None, BLACK):
        # without a document type a table does not inherit it
        written.setdefault("color", (stored.text or BLACK).written)
    if page:
        written = {key: value for key, value in written.items() if key.startswith(_PAGE)}
        if parse_colour(written.get("background-color", "")) == parent.stored.ground:
            del written["background-color"]
    _tidy(tag, written)
    out = "" if deep and not void else _name(name, page, written)
    opening = f"<{out}{_attributes(tag, out, attributes, written)}>" if out else ""
    if deep:
        opening = f" {opening}"
    if void:
        return _Opened(opening)
    frame = _Frame(
        f"</{out}>" if out else "",
        sent,
        stored,
        seen,
        place,
        _link(tag, attributes) or parent.link,
        style.get("background-color", "transparent"),
        out == "pre",
    )
    return _Opened(opening, _one(walk, frame))


def _one(walk: _Walk, frame: _Frame) -> _Frame:
    return walk.frames.setdefault(frame, frame)


def _sent(walk: _Walk, tag: str, attributes: Attributes, style: Mapping[str, str], parent: _Frame) -> _Ink:
    """The colours as the sender's readers saw them."""
    inherited = walk.page_text if tag == "table" and walk.markup.quirks else parent.sent.text
    own = parent.link if _is_link(tag, attributes) else None
    text = _text(style.get("color"), own or inherited, inherited)
    if COLOUR_UNKNOWN.name in style:
        text = None
    ground = _ground(style.get("background-color"), text, parent, parent.sent.ground)
    value = parse_colour(style.get("background-color", ""))
    pictured = style.get("background-image") == UNKNOWN or style.get("background-color") == UNKNOWN
    if pictured or GROUND_UNKNOWN.name in style:
        ground = None
    elif ground is None and value is not None and value.alpha >= 1:
        ground = value
    if style.get("background-clip") == "text":
        text, ground = None, parent.sent.ground
    return _Ink(text, ground)


def _stored(
    tag: str, attributes: Attributes, written: dict[str, str], style: Mapping[str, str], parent: _Frame
) -> _Ink:
    """The colours as they will be seen with what is written."""
    if style.get("background-clip") == "text":
        written.pop("background-color", None)
    link = LINK if _is_link(tag, attributes) else None
    text = _text(written.get("color"), link or parent.stored.text, parent.stored.text)
    return _Ink(text, _ground(written.get("background-color"), text, parent, parent.stored.ground))


def _is_link(tag: str, attributes: Attributes) -> bool:
    return tag == "a" and bool(_LINK.match(attributes.get("href", "").strip()))


def _link(tag: str, attributes: Attributes) -> Colour | None:
    return parse_colour(legacy_colour(attributes.get("link", "")) or "") if tag == "body" else None


def _text(value: str | None, default: Colour | None, inherited: Colour | None) -> Colour | None:
    if value is None or value == "revert":
        return default
    if value in ("inherit", "unset", "currentcolor"):
        return inherited
    if value == "initial":
        return BLACK
    return parse_colour(value)


def _ground(value: str | None, text: Colour | None, parent: _Frame, below: Colour | None) -> Colour | None:
    if value == "inherit":
        value = parent.own_ground
    if value is None:
        return below
    if value == "currentcolor":
        colour = text
    else:
        colour = parse_colour(value) or CLEAR
    if colour is None or below is None:
        return colour if colour and colour.alpha >= 1 else None
    return over(colour, below)


def _readable(sent: _Ink, stored: _Ink, written: dict[str, str]) -> _Ink:
    """`stored`, with a colour in `written` where the text would be read worse than it was sent, or not at all."""
    text, ground = stored.text or BLACK, stored.ground or WHITE
    if sent.text is None or sent.ground is None:
        enough = _READABLE if sent.text is None else _LEGIBLE
        better = text if contrast(text, ground) >= enough else readable_on(ground)
    elif sent == stored:
        better = text
    else:
        enough = min(contrast(sent.text, sent.ground), _READABLE) - _ROUNDING
        better = sent.text if contrast(sent.text, ground) >= enough else readable_on(ground)
    if better != stored.text:
        written["color"] = better.written
    return _Ink(better, ground)


def _tidy(tag: str, written: dict[str, str]) -> None:
    """Takes from `written` what would hide a text, and lets preformatted text wrap."""
    if "font-size" in written and font_pixels(written["font-size"], 16) <= 1:
        del written["font-size"]
    for name in ("width", "max-width"):
        size = pixels(written.get(name, ""))
        if size is not None and size <= 2:
            del written[name]
    if tag not in _CELLS and tag != "hr":
        written.pop("height", None)
    if written.get("white-space", "pre" if tag == "pre" else "") in _UNWRAPPED.get(tag, ("pre",)):
        written["white-space"] = "pre-wrap"


def _name(name: str, page: bool, written: Mapping[str, str]) -> str:
    """The tag that is written for `name`; empty for none."""
    if page:
        return "div" if written else ""
    if name in BLOCKS:
        return "div"
    if name == "mark":
        return "span"
    return name


def _attributes(tag: str, out: str, attributes: Attributes, written: dict[str, str]) -> str:
    """The attributes and the style of the element `out`, as the cleaner writes them, so that it changes nothing."""
    allowed = ATTRIBUTES.get(out, _NONE)
    found = {
        name: value
        for name, value in attributes.items()
        if name not in _STYLED and (name in allowed or name in ATTRIBUTES["*"])
    }
    ground = written.get("background-color", "")
    if tag in _CELLS and "bgcolor" in attributes and legacy_colour(ground) == ground:
        found["bgcolor"] = written.pop("background-color")
    if written:
        found["style"] = ";".join(f"{name}:{_spaced(value)}" for name, value in written.items())
    return "".join(f' {name}="{escape(value, quote=False).translate(_QUOTED)}"' for name, value in found.items())


def _spaced(value: str) -> str:
    """The value of a property as the cleaner writes it."""
    if "," in value:
        value = value.replace(",", ", " if "(" in value else " , ")
    return value.replace("'", '"') if "'" in value else value


def _picture(pictures: Pictures, attributes: Attributes, style: Mapping[str, str], seen: Seen) -> _Opened:
    """A picture, or what stands for it."""
    if seen.gone or seen.invisible or is_pixel(attributes, style):
        return _NOTHING
    source = attributes.get("src", "").strip()
    alt = cut(one_line(clean(attributes.get("alt", ""))), _LONGEST_ALT)
    if _REMOTE.match(source) and pictures.remote:
        written = {name: style[name] for name in ("width", "max-width", "height", "vertical-align") if name in style}
        return _Opened(f"<img{_attributes('img', 'img', attributes, written)}>")
    if _INSIDE.match(source):
        name = alt or (source[4:].partition("@")[0] if source[:4].lower() == "cid:" else "")
        words = f"[image: {one_line(clean(name))}]" if name else "[image]"
    else:
        words = alt
    return _Opened(f"{escape(words, quote=False)} ", apart=True) if words else _NOTHING
