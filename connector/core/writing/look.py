"""How one element of a mail looks: the tag that is written for it, its style, and what it hands down.

Every colour is followed twice, as it was sent and as it will be stored: where a text that could be read would lose its
ground, it gets a colour that can be read.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
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
from connector.core.writing.markup import Attributes
from connector.core.writing.sheet import COLOUR_UNKNOWN, GROUND_UNKNOWN, Place
from connector.core.writing.style import UNKNOWN, Declaration
from connector.core.writing.written import CELLS, style_for, tag_for, tidy

#: Text that contrasts less with its ground is hard to read: WCAG 2, level AA.
_READABLE = 4.5
#: The same for large text; as much as is asked for where the ground that a text had cannot be told.
_LEGIBLE = 3.0
_ROUNDING = 0.01
#: What is taken over from a mail's own page; its margins and its width are the field's.
_PAGE: Final = ("background-color", "color", "direction", "font-", "line-height", "text-align")
#: What has a colour though it declares none.
_COLOURED: Final = frozenset({"a", "body", "table"})
_PICTURE: Final[Sequence[str]] = ("width", "max-width", "height", "vertical-align")


class Ink(NamedTuple):
    """Colours of one place: of its text and of its ground, None where it cannot be told."""

    text: Colour | None
    ground: Colour | None


class State(NamedTuple):
    """What an open element hands down. `close` is what is written at its end."""

    close: str
    sent: Ink
    stored: Ink
    seen: Seen
    place: Place
    #: what a link gets that sets no colour
    link: Colour = LINK
    own_ground: str = "transparent"


class PageLook(NamedTuple):
    """What is the same for all elements of a mail, once its body has begun."""

    quirks: bool
    lean: bool
    remote: bool
    #: the colour that a table takes in mail without a document type
    text: Colour | None = BLACK


class Look(NamedTuple):
    """What the style of an element decides: the tag that is written, the style that it gets, and what it hands down.

    `tag` is empty for one that is not written. `state` is None where nothing stays open.
    """

    tag: str = ""
    style: str = ""
    state: State | None = None
    hidden: bool = False


@lru_cache(maxsize=4096)
def look_of(
    parent: State,
    name: str,
    known: str,
    shape: tuple[tuple[str, str], ...],
    linked: bool,
    sheets: tuple[Declaration, ...],
    place: Place,
    page: PageLook,
    deep: bool,
) -> Look:
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
        return Look("img", style_for(written), hidden=seen.invisible or is_pixel(attributes, style))
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
        attribute = f' bgcolor="{ground}"{style_for(written)}'
    else:
        attribute = style_for(written)
    if void:
        return Look(out, attribute)
    state = State(
        f"</{out}>" if out else "",
        sent,
        stored,
        seen,
        place,
        _link(tag, attributes) or parent.link,
        style.get("background-color", "transparent"),
    )
    return Look(out, attribute, state)


def _hidden(parent: State, seen: Seen, *, void: bool) -> Look:
    """The look of an element that is gone with all that stands in it."""
    return Look(hidden=True, state=None if void else parent._replace(close="", seen=seen))


def _sent(tag: str, linked: bool, style: Mapping[str, str], parent: State, page: PageLook) -> Ink:
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
    return Ink(text, ground)


def _stored(linked: bool, written: dict[str, str], style: Mapping[str, str], parent: State) -> Ink:
    """The colours as they will be seen with what is written."""
    if style.get("background-clip") == "text":
        written.pop("background-color", None)
    link = LINK if linked else None
    text = _text(written.get("color"), link or parent.stored.text, parent.stored.text)
    return Ink(text, _ground(written.get("background-color"), text, parent, parent.stored.ground))


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


def _ground(value: str | None, text: Colour | None, parent: State, below: Colour | None) -> Colour | None:
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


def _readable(sent: Ink, stored: Ink, written: dict[str, str]) -> Ink:
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
    return Ink(better, ground)
