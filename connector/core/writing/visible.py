"""What of a mail's HTML is seen, as markup that needs no style sheet.

Goes once through markup that is its own tree (`nesting`). What a mail program hides is left out, and so are pictures
that a field cannot hold or that only report that a mail was read. `look` says how what is left looks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Final, NamedTuple

from connector.core.writing.colours import BLACK, WHITE
from connector.core.writing.hidden import Seen
from connector.core.writing.look import Ink, Look, PageLook, State, look_of
from connector.core.writing.markup import Attributes, Markup
from connector.core.writing.nesting import Spot, inside
from connector.core.writing.pictures import name_of
from connector.core.writing.sheet import Place, Rules, rules_of
from connector.core.writing.style import Declaration
from connector.core.writing.text import clean, cut, one_line
from connector.core.writing.written import attributes_for

_LINK = re.compile("(?:https?|mailto|tel):", re.IGNORECASE)
_REMOTE = re.compile("https?:", re.IGNORECASE)
_INSIDE = re.compile("(?:cid|data):", re.IGNORECASE)
_LONGEST_ALT = 500
#: No element is written deeper than this, well below what a second reading would take.
_DEEPEST = 300
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


@dataclass(slots=True)
class _Frame:
    """The open elements of one name and state, and what became of the tags inside them: mail repeats its tags."""

    state: State
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
    looks: dict[tuple[object, ...], Look] = field(default_factory=dict)


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
    page: PageLook
    #: the attributes of a tag that say something and have no part in its look
    said: frozenset[str]
    frames: dict[tuple[str, State, Spot | None], _Frame] = field(default_factory=dict)
    #: the tags with all that has a part in their looks, as numbers
    shapes: dict[tuple[object, ...], int] = field(default_factory=dict)

    def frame(self, name: str, state: State, spot: Spot | None) -> _Frame:
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
    page = PageLook(markup.quirks, lean, pictures.remote)
    walk = _Walk(markup, rules, page, _SAID - rules.tested if rules else _SAID)
    ink = Ink(BLACK, WHITE)
    top = walk.frame("", State("", ink, ink, Seen(), Place()), None if parsed else Spot())
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
        look = look_of(parent.state, name, known, shape[3:], linked, sheets, place, walk.page, deep)
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


def _is_link(attributes: Attributes) -> bool:
    return bool(_LINK.match(attributes.get("href", "").strip()))


def _picture(attributes: Attributes, style: str, *, remote: bool) -> _Opened:
    """A picture that is seen, or what stands for it."""
    source = attributes.get("src", "").strip()
    if remote and _REMOTE.match(source):
        return _Opened(f"<img{attributes_for('img', attributes)}{style}>")
    alt = cut(one_line(clean(attributes.get("alt", ""))), _LONGEST_ALT)
    if _INSIDE.match(source):
        name = alt or (name_of(source) if source[:4].lower() == "cid:" else "")
        words = f"[image: {one_line(clean(name))}]" if name else "[image]"
    else:
        words = alt
    return _Opened(f"{escape(words, quote=False)} ", apart=True) if words else _NOTHING
