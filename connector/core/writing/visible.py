"""What of a mail's HTML is seen, as markup that needs no style sheet.

Goes once through markup whose tags are balanced. What a mail program hides is left out, and so are pictures that a
field cannot hold or that only report that a mail was read. Every colour is followed twice, as it was sent and as it
will be stored: where a text that could be read would lose its ground, it gets a colour that can be read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Final, NamedTuple

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
from connector.core.writing.style import FILL, UNKNOWN, WRITTEN, Declaration, declarations, font_pixels, pixels
from connector.core.writing.text import clean, cut, one_line

_TOKEN = re.compile(r'<(/?)([a-z0-9-]+)(?: x="(\d+)")?>|([^<]+)')
_VOID: Final = frozenset({"br", "col", "hr", "img"})
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
#: How browsers show what becomes an ordinary tag.
_OWN_STYLE: Final[Mapping[str, tuple[Declaration, ...]]] = {
    "button": declarations("background-color:#efefef;color:#000"),
    "mark": declarations("background-color:#ff0;color:#000"),
    "select": declarations("background-color:#fff;color:#000"),
    "textarea": declarations("background-color:#fff;color:#000;white-space:pre-wrap"),
}
#: What is taken over from a mail's own page; its margins and its width are the field's.
_PAGE: Final = ("background-color", "color", "direction", "font-", "line-height", "text-align")
#: What a style sheet may set for the look of the page rather than for that of the text; left out where room is short.
_NEEDED: Final = frozenset({"background-color", "color", "display", "white-space"})
_UNWRAPPED: Final = {"pre": ("pre", "nowrap", "inherit", "initial", "unset", "revert")}
#: The tags whose bgcolor and background browsers heed.
_GROUNDED: Final = frozenset({"body", "table", "tbody", "td", "tfoot", "th", "thead", "tr"})
#: What has a colour though it declares none.
_COLOURED: Final = frozenset({"a", "body", "table"})
_CELLS: Final = frozenset({"table", "td", "th", "tr"})
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


@dataclass(slots=True)
class _Writer:
    markup: Markup
    rules: Rules | None
    pictures: Pictures
    lean: bool
    out: list[str] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    #: the colour that a table takes in mail without a document type
    page_text: Colour | None = BLACK


def visible(markup: Markup, pictures: Pictures, *, lean: bool = False) -> str:
    """The HTML of what is seen. `lean` takes from style sheets only what text needs in order to be read."""
    ink = _Ink(BLACK, WHITE)
    writer = _Writer(markup, rules_of(markup.sheets), pictures, lean, stack=[_Frame("", ink, ink, Seen(), Place())])
    for match in _TOKEN.finditer(markup.html):
        slash, name, number, text = match.groups()
        top = writer.stack[-1]
        if text is not None:
            if top.seen.shown:
                writer.out.append(text.lstrip("\n") if top.pre and writer.out[-1].startswith("<pre") else text)
        elif slash:
            if len(writer.stack) > 1:
                writer.out.append(writer.stack.pop().close)
        else:
            known, attributes = markup.attributes[int(number)] if number else (name, {})
            _open(writer, name, known, int(number or -1), attributes)
    while len(writer.stack) > 1:
        writer.out.append(writer.stack.pop().close)
    return "".join(writer.out)


def _open(writer: _Writer, name: str, known: str, number: int, attributes: Attributes) -> None:
    parent = writer.stack[-1]
    if parent.seen.gone:
        if name not in _VOID:
            writer.stack.append(replace(parent, close=""))
        return
    tag = known.removeprefix("x-")
    page = tag != known
    declared, place = _declared(writer, tag, number, attributes, parent.place)
    style = {declaration.name: declaration.value for declaration in declared}
    seen = hides(tag, attributes, style, parent.seen)
    if name == "img":
        _picture(writer, attributes, style, seen)
        return
    if seen.gone:
        if name not in _VOID:
            writer.stack.append(replace(parent, close="", seen=seen))
        return
    deep = len(writer.stack) > _DEEPEST
    written = {} if deep else _kept(declared)
    if declared or tag in _COLOURED:
        sent = _sent(writer, tag, attributes, style, parent)
        stored = _readable(sent, _stored(tag, attributes, written, style, parent), written)
    else:
        sent, stored = parent.sent, parent.stored
    if tag == "body":
        writer.page_text = sent.text
    elif tag == "table" and stored.text not in (None, BLACK):
        # without a document type a table does not inherit it
        written.setdefault("color", (stored.text or BLACK).written)
    if page:
        written = {key: value for key, value in written.items() if key.startswith(_PAGE)}
        if parse_colour(written.get("background-color", "")) == parent.stored.ground:
            del written["background-color"]
    _tidy(tag, written)
    out = "" if deep and name not in _VOID else _name(name, page, written)
    if deep:
        writer.out.append(" ")
    if out:
        writer.out.append(f"<{out}{_attributes(tag, attributes, written)}>")
    if name in _VOID:
        return
    writer.stack.append(
        _Frame(
            f"</{out}>" if out else "",
            sent,
            stored,
            seen,
            place,
            _link(tag, attributes) or parent.link,
            style.get("background-color", "transparent"),
            out == "pre",
        )
    )


def _kept(declared: Sequence[Declaration]) -> dict[str, str]:
    """What may be written of a style."""
    written = {one.name: one.value for one in declared if one.name in WRITTEN and one.value != UNKNOWN}
    if written.get("background-color") in ("transparent", "initial", "unset", "revert"):
        del written["background-color"]
    return written


def _declared(
    writer: _Writer, tag: str, number: int, attributes: Attributes, place: Place
) -> tuple[Sequence[Declaration], Place]:
    """All that an element's styles declare, each property once, the strongest last; and the place of its children."""
    found: list[Declaration] = [*_OWN_STYLE.get(tag, ()), *_hints(tag, attributes)]
    weak: set[Declaration] = set()
    if writer.rules:
        matched = writer.rules.match(tag, number, attributes, place)
        place = matched.place
        found += matched.declares
        if writer.lean:
            weak = {declaration for declaration in matched.declares if declaration.name not in _NEEDED}
    inline = declarations(attributes["style"], writer.markup.quirks) if "style" in attributes else ()
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
    kept = [
        declaration
        for declaration in last.values()
        if declaration not in weak or declaration in inline or declaration.name not in WRITTEN
    ]
    return kept, place


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


def _sent(writer: _Writer, tag: str, attributes: Attributes, style: Mapping[str, str], parent: _Frame) -> _Ink:
    """The colours as the sender's readers saw them."""
    inherited = writer.page_text if tag == "table" and writer.markup.quirks else parent.sent.text
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


def _attributes(tag: str, attributes: Attributes, written: dict[str, str]) -> str:
    """The attributes and the style as they are written."""
    found = {name: value for name, value in attributes.items() if name not in _STYLED}
    ground = written.get("background-color", "")
    if tag in _CELLS and "bgcolor" in attributes and legacy_colour(ground) == ground:
        found["bgcolor"] = written.pop("background-color")
    if written:
        found["style"] = ";".join(f"{name}:{value}" for name, value in written.items())
    return "".join(f' {name}="{escape(value)}"' for name, value in found.items())


def _picture(writer: _Writer, attributes: Attributes, style: Mapping[str, str], seen: Seen) -> None:
    """Writes a picture, or what stands for it."""
    if seen.gone or seen.invisible or is_pixel(attributes, style):
        return
    source = attributes.get("src", "").strip()
    alt = cut(one_line(clean(attributes.get("alt", ""))), _LONGEST_ALT)
    if _REMOTE.match(source) and writer.pictures.remote:
        written = {name: style[name] for name in ("width", "max-width", "height", "vertical-align") if name in style}
        writer.out.append(f"<img{_attributes('img', attributes, written)}>")
        return
    if _INSIDE.match(source):
        name = alt or (source[4:].partition("@")[0] if source[:4].lower() == "cid:" else "")
        words = f"[image: {one_line(clean(name))}]" if name else "[image]"
    else:
        words = alt
    if words:
        space = "" if not writer.out or writer.out[-1][-1:].isspace() else " "
        writer.out.append(f"{space}{escape(words, quote=False)} ")
