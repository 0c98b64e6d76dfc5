"""What of a mail's HTML is seen, as markup that needs no style sheet.

Goes once through markup that is its own tree (`nesting`). What a mail program hides is left out, and so are pictures
that a field cannot hold or that only report that a mail was read. Every colour is followed twice, as it was sent and
as it will be stored: where a text that could be read would lose its ground, it gets a colour that can be read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape, unescape
from typing import Final, NamedTuple

from connector.core.writing.allowed import VOID
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
from connector.core.writing.markup import Attributes, Markup
from connector.core.writing.nesting import Spot, inside
from connector.core.writing.sheet import COLOUR_UNKNOWN, GROUND_UNKNOWN, Place, Rules, rules_of
from connector.core.writing.style import UNKNOWN, Declaration
from connector.core.writing.text import clean, cut, one_line
from connector.core.writing.written import CELLS, attributes_for, style_for, tag_for, tidy

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
#: What has a colour though it declares none.
_COLOURED: Final = frozenset({"a", "body", "table"})
_PICTURE: Final[Sequence[str]] = ("width", "max-width", "height", "vertical-align")
_NO_ATTRIBUTES: Final[Attributes] = {}
#: Characters that a parser writes otherwise than they may stand in a mail.
_UNWRITTEN = re.compile("[&>\u00a0]")
_HTML_SPACE: Final = " \t\n\f"
#: Attributes that have no part in how an element looks, unless a style sheet asks for them.
_SAID: Final = frozenset({"alt", "href", "src", "title"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What becomes of pictures: whether those on other servers stay."""

    remote: bool = False


class _Ink(NamedTuple):
    """Colours of one place: of its text and of its ground, None where it cannot be told."""

    text: Colour | None
    ground: Colour | None


class _State(NamedTuple):
    """What an open element hands down. `close` is what is written at its end."""

    close: str
    sent: _Ink
    stored: _Ink
    seen: Seen
    place: Place
    #: what a link gets that sets no colour
    link: Colour = LINK
    own_ground: str = "transparent"


class _Page(NamedTuple):
    """What is the same for all elements of a mail, once its body has begun."""

    quirks: bool
    lean: bool
    remote: bool
    #: the colour that a table takes in mail without a document type
    text: Colour | None = BLACK


class _Look(NamedTuple):
    """What the style of an element decides: the tag that is written, the style that it gets, and what it hands down.

    `tag` is empty for one that is not written. `state` is None where nothing stays open.
    """

    tag: str = ""
    style: str = ""
    state: _State | None = None
    hidden: bool = False


@dataclass(slots=True)
class _Frame:
    """The open elements of one name and state, and what became of the tags inside them: mail repeats its tags."""

    state: _State
    #: the tag that closes them in the markup, and what is written for it
    end: str
    close: str
    #: whether a text here is seen
    shown: bool
    #: None where a parser has put every tag into its place
    spot: Spot | None
    #: whether a text may stand here at all
    holds_text: bool
    inside: "dict[str, _Opened]" = field(default_factory=dict)
    #: of those that differ in what they say alone
    looks: dict[tuple[object, ...], _Look] = field(default_factory=dict)


class _Opened(NamedTuple):
    """What becomes of an opening tag: what is written, and the open element; None where nothing stays open.

    With `apart` a space parts it from a word before it. `implied` is an element that the parser opens before it.
    """

    written: str
    frame: _Frame | None = None
    apart: bool = False
    implied: _Frame | None = None


_NOTHING: Final = _Opened("")


class _MisplacedError(Exception):
    """A tag or a text that a parser would put elsewhere."""


@dataclass(slots=True)
class _Walk:
    markup: Markup
    rules: Rules | None
    page: _Page
    #: the attributes of a tag that say something and have no part in its look
    said: frozenset[str]
    frames: dict[tuple[str, _State, Spot | None], _Frame] = field(default_factory=dict)
    #: the tags with all that has a part in their looks, as numbers
    shapes: dict[tuple[object, ...], int] = field(default_factory=dict)

    def frame(self, name: str, state: _State, spot: Spot | None) -> _Frame:
        """The one frame of all elements with this name and state."""
        found = self.frames.get((name, state, spot))
        if found is None:
            holds_text = spot is None or not spot.holds
            found = _Frame(state, f"</{name}>", state.close, state.seen.shown, spot, holds_text)
            self.frames[name, state, spot] = found
        return found


def visible(markup: Markup, pictures: Pictures, *, lean: bool = False, parsed: bool = True) -> str | None:
    """The HTML of what is seen. `lean` takes from style sheets only what text needs in order to be read.

    With `parsed`, `markup` is what a parser wrote. Else the answer is None where a parser would not leave every tag
    where it stands.
    """
    rules = rules_of(markup.sheets)
    page = _Page(markup.quirks, lean, pictures.remote)
    walk = _Walk(markup, rules, page, _SAID - rules.tested if rules else _SAID)
    ink = _Ink(BLACK, WHITE)
    top = walk.frame("", _State("", ink, ink, Seen(), Place()), None if parsed else Spot())
    try:
        return _written(walk, top, markup.parts, parsed=parsed)
    except _MisplacedError:
        return None


def _written(walk: _Walk, top: _Frame, parts: Sequence[str], *, parsed: bool) -> str:
    """What is seen of `parts`, inside `top`."""
    stack, out = [top], [""]
    append, differs = out.append, _UNWRITTEN.search
    for part in parts:
        if part[0] != "<":
            if not parsed:
                if not top.holds_text and part.strip(_HTML_SPACE):
                    raise _MisplacedError
                if differs(part):
                    part = _text_of(part)
            if top.shown:
                append(part.lstrip("\n") if part[:1] == "\n" and out[-1].startswith("<pre") else part)
        elif part[1] == "/":
            if part != top.end:
                _close_implied(stack, part, out)
            append(stack.pop().close)
            top = stack[-1]
        else:
            opened = top.inside.get(part)
            if opened is None or len(stack) > _DEEPEST:
                opened = _open(walk, top, part, deep=len(stack) > _DEEPEST)
            written, frame, apart, implied = opened
            if written:
                if apart and not out[-1][-1:].isspace():
                    append(" ")
                append(written)
            if frame is not None:
                if implied is not None:
                    stack.append(implied)
                top = frame
                stack.append(top)
    out.extend(frame.close for frame in reversed(stack))
    return "".join(out)


def _text_of(text: str) -> str:
    """A text of a mail as a parser writes it."""
    return escape(unescape(text), quote=False).replace("\u00a0", "&nbsp;")


def _close_implied(stack: list[_Frame], tag: str, out: list[str]) -> None:
    """Closes the element that nobody wrote, before the one that `tag` closes."""
    spot = stack[-1].spot
    if spot is None or not spot.implied or stack[-2].end != tag:
        raise _MisplacedError
    out.append(stack.pop().close)


def _open(walk: _Walk, parent: _Frame, text: str, *, deep: bool) -> _Opened:
    """What becomes of the opening tag `text` inside `parent`; `deep` where no element is written any more.

    Raises _MisplacedError where a parser would not put it there.
    """
    name, _, number = text[1:-1].partition(' x="')
    spot = parent.spot
    if spot is not None:
        if name == "tr" and spot.holds == "table":
            return _open_row(walk, parent, text, deep=deep)
        spot = inside(spot, name)
        if spot is None:
            raise _MisplacedError
    known, attributes = walk.markup.attributes[int(number[:-1])] if number else (name, _NO_ATTRIBUTES)
    linked = known == "a" and _is_link(attributes)
    shape = (name, known, linked, *(pair for pair in attributes.items() if pair[0] not in walk.said))
    look = None if deep else parent.looks.get(shape)
    if look is None:
        place = parent.state.place
        sheets: tuple[Declaration, ...] = ()
        if walk.rules and not parent.state.seen.gone:
            number_of_shape = walk.shapes.setdefault(shape, len(walk.shapes))
            sheets, place = walk.rules.match(known.removeprefix("x-"), number_of_shape, attributes, place)
        look = _look(parent.state, name, known, shape[3:], linked, sheets, place, walk.page, deep)
        if known == "x-body" and look.state and not look.hidden:
            walk.page = walk.page._replace(text=look.state.sent.text)
        if not deep:
            parent.looks[shape] = look
    if name == "img":
        opened = _NOTHING if look.hidden else _picture(attributes, look.style, remote=walk.page.remote)
    else:
        opening = f"<{look.tag}{attributes_for(look.tag, attributes)}{look.style}>" if look.tag else ""
        if deep and not look.hidden:
            opening = f" {opening}"
        opened = _Opened(opening, walk.frame(name, look.state, spot) if look.state else None)
    if not deep:
        parent.inside[text] = opened
    return opened


def _open_row(walk: _Walk, table: _Frame, text: str, *, deep: bool) -> _Opened:
    """A row that stands in no `tbody`: the parser opens one."""
    rows = _open(walk, table, "<tbody>", deep=deep)
    if rows.frame is None or rows.frame.spot is None:
        raise _MisplacedError
    implied = walk.frame("tbody", rows.frame.state, rows.frame.spot._replace(implied=True))
    row = _open(walk, implied, text, deep=deep)
    opened = row._replace(written=rows.written + row.written, implied=implied)
    if not deep:
        table.inside[text] = opened
    return opened


@lru_cache(maxsize=4096)
def _look(
    parent: _State,
    name: str,
    known: str,
    shape: tuple[tuple[str, str], ...],
    linked: bool,
    sheets: tuple[Declaration, ...],
    place: Place,
    page: _Page,
    deep: bool,
) -> _Look:
    """How an element looks inside `parent`: `known` with the attributes `shape`, which the parser calls `name`.

    The mails of one sender have the same few. What an element says (a link, a title) is not kept here.
    """
    void = name in VOID
    if parent.seen.gone:
        return _hidden(parent, parent.seen, void=void)
    tag, attributes = known.removeprefix("x-"), dict(shape)
    is_page = tag != known
    styles = declared(tag, attributes, sheets, quirks=page.quirks, lean=page.lean)
    style = {declaration.name: declaration.value for declaration in styles}
    seen = hides(tag, attributes, style, parent.seen)
    if seen.gone:
        return _hidden(parent, seen, void=void)
    if name == "img":
        written = {one: style[one] for one in _PICTURE if one in style} if page.remote else {}
        return _Look("img", style_for(written), hidden=seen.invisible or is_pixel(attributes, style))
    written = {} if deep else kept(styles)
    if styles or tag in _COLOURED:
        sent = _sent(tag, linked, style, parent, page)
        stored = _readable(sent, _stored(linked, written, style, parent), written)
    else:
        sent, stored = parent.sent, parent.stored
    if tag == "table" and stored.text not in (None, BLACK):
        # without a document type a table does not inherit it
        written.setdefault("color", (stored.text or BLACK).written)
    if is_page:
        written = {key: value for key, value in written.items() if key.startswith(_PAGE)}
        if parse_colour(written.get("background-color", "")) == parent.stored.ground:
            del written["background-color"]
    tidy(tag, written)
    out = "" if deep and not void else tag_for(name, is_page, written)
    ground = written.get("background-color", "")
    if tag in CELLS and "bgcolor" in attributes and legacy_colour(ground) == ground:
        del written["background-color"]
        look = f' bgcolor="{ground}"{style_for(written)}'
    else:
        look = style_for(written)
    if void:
        return _Look(out, look)
    state = _State(
        f"</{out}>" if out else "",
        sent,
        stored,
        seen,
        place,
        _link(tag, attributes) or parent.link,
        style.get("background-color", "transparent"),
    )
    return _Look(out, look, state)


def _hidden(parent: _State, seen: Seen, *, void: bool) -> _Look:
    """The look of an element that is gone with all that stands in it."""
    return _Look(hidden=True, state=None if void else parent._replace(close="", seen=seen))


def _sent(tag: str, linked: bool, style: Mapping[str, str], parent: _State, page: _Page) -> _Ink:
    """The colours as the sender's readers saw them."""
    inherited = page.text if tag == "table" and page.quirks else parent.sent.text
    own = parent.link if linked else None
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


def _stored(linked: bool, written: dict[str, str], style: Mapping[str, str], parent: _State) -> _Ink:
    """The colours as they will be seen with what is written."""
    if style.get("background-clip") == "text":
        written.pop("background-color", None)
    link = LINK if linked else None
    text = _text(written.get("color"), link or parent.stored.text, parent.stored.text)
    return _Ink(text, _ground(written.get("background-color"), text, parent, parent.stored.ground))


def _is_link(attributes: Attributes) -> bool:
    return bool(_LINK.match(attributes.get("href", "").strip()))


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


def _ground(value: str | None, text: Colour | None, parent: _State, below: Colour | None) -> Colour | None:
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


def _picture(attributes: Attributes, style: str, *, remote: bool) -> _Opened:
    """A picture that is seen, or what stands for it."""
    source = attributes.get("src", "").strip()
    if remote and _REMOTE.match(source):
        return _Opened(f"<img{attributes_for('img', attributes)}{style}>")
    alt = cut(one_line(clean(attributes.get("alt", ""))), _LONGEST_ALT)
    if _INSIDE.match(source):
        name = alt or (source[4:].partition("@")[0] if source[:4].lower() == "cid:" else "")
        words = f"[image: {one_line(clean(name))}]" if name else "[image]"
    else:
        words = alt
    return _Opened(f"{escape(words, quote=False)} ", apart=True) if words else _NOTHING
