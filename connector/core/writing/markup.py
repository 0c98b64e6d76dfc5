"""HTML as written by mail programs, divided into tags and text as a browser does it.

What comes out is markup of a few known tags whose attributes are numbers into a list, so that the parser that builds
the tree reads no value that a sender wrote. Time grows with the length of the input, for any input.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape, unescape
from itertools import accumulate
from typing import Final, NamedTuple

from connector.core.writing.allowed import TAGS, VOID
from connector.core.writing.media import applies

Attributes = Mapping[str, str]

#: Elements whose content is text up to their closing tag; True where that text is shown.
_RAW: Final = {
    "datalist": False,
    "iframe": False,
    "meter": False,
    "noembed": False,
    "noframes": False,
    "progress": False,
    "script": False,
    "style": False,
    "template": False,
    "textarea": True,
    "title": False,
    "xmp": True,
}
# fmt: off
#: Tags that mean a block and that a rich text field does not take; each becomes `div`, so that words do not join.
BLOCKS: Final = frozenset({
    "article", "aside", "button", "details", "dialog", "fieldset", "figcaption", "figure", "footer", "form", "header",
    "hgroup", "legend", "main", "marquee", "nav", "optgroup", "option", "search", "section", "select", "summary",
    "textarea",
})
#: The same under the name that HTML has for it today; and what has a look of its own only where its style gives it one.
_RENAMED: Final = {"dir": "ul", "listing": "pre", "menu": "ul", "rt": "sup", "xmp": "pre"} | dict.fromkeys(
    ("acronym", "bdi", "bdo", "data", "label", "nobr", "output", "rb", "ruby", "time"), "span"
)
#: The tags that a field gets, and those that `written` makes one of them.
_KEPT: Final = frozenset(TAGS) | BLOCKS | {"mark"}
#: Every tag that `scan` writes.
PARSED: Final = _KEPT | {"x-body", "x-html"}
#: What an opening tag does not close, so that it nests as deep as a sender likes.
_NESTING: Final = frozenset({
    "a", "abbr", "address", "b", "big", "blockquote", "center", "cite", "code", "del", "dfn", "div", "dl", "em", "font",
    "i", "ins", "kbd", "mark", "ol", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "table", "tt", "u", "ul", "var",
}) | BLOCKS
#: HTML opens these again in every paragraph in which they are not closed, but of equal ones only three.
_FORMATTING: Final = frozenset({"b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u"})
_NAMES: Final = frozenset({
    "align", "alt", "background", "bgcolor", "border", "bordercolor", "cellpadding", "cellspacing", "class", "color",
    "colspan", "dir", "face", "height", "hidden", "href", "id", "link", "media", "nowrap", "open", "rowspan", "size",
    "span", "src", "start", "style", "text", "title", "type", "valign", "value", "width",
})
# fmt: on
#: Browsers nest no deeper than 512; the time of the parser grows with the square of the depth.
_DEEPEST = 1_000
_MOST_FORMATTING = 200
#: So many attributes of one tag are looked at.
_MOST_ATTRIBUTES = 500
#: A longer value is of no use to a field. Its first characters stay: by them a picture is recognised.
_LONGEST_VALUE = 8_000
#: A longer tag is read anew each time it stands in a mail.
_LONGEST_REPEATED = 2_000

_ATTRIBUTE = re.compile(
    r"""[\s/]*+(=?+[^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)(?:"|\Z)|'([^']*+)(?:'|\Z)|([^\s>"'][^\s>]*+|)))?+"""
)
_TOKEN = re.compile(
    r"""
    <!--(?:-?>|.*?(?:--!?>|\Z))                      # a comment
    | <[!?][^>]*+(?:>|\Z)                            # a declaration, or a condition of Word
    | </[^a-zA-Z][^>]*+(?:>|\Z)
    | <(?P<slash>/?)(?P<name>[a-zA-Z][^\s/>]*+)
       (?P<attributes>(?:[\s/]++|=?+[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+|))?+|=)*+)
       (?P<end>>|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_PART = re.compile("<[^>]*>|[^<]+")
_RAW_END: Final = {name: re.compile(rf"</{name}(?=[\s/>])[^>]*+>?", re.IGNORECASE) for name in (*_RAW, "xml")}
_FORMATTING_TAG = re.compile(rf"<(?=[bcefistu])(?:{'|'.join(sorted(_FORMATTING))})[\s/>]", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*(?:<!--.*?-->\s*)?<!doctype", re.IGNORECASE | re.DOTALL)
#: A reference in an attribute: without its semicolon it is text where a letter or `=` follows, as in `?a=1&copy=2`.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31}(?:;|(?![=A-Za-z0-9;])))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """Tags and texts in their order, tags with `x="n"` in place of attributes, the n-th of `attributes`; the style
    sheets; whether a tag was cut."""

    parts: Sequence[str]
    attributes: Sequence[tuple[str, Attributes]]
    sheets: Sequence[str]
    quirks: bool
    cut: bool


def parts_of(html: str) -> list[str]:
    """The tags and the texts of markup in which no value holds a bracket."""
    return _PART.findall(html)


class _Tag(NamedTuple):
    """What a tag becomes wherever it stands: `written` in its place, empty for one that is left out.

    `nesting` is the element that it opens or closes, where that may nest without end. `kept` tags count.
    """

    written: str
    nesting: str = ""
    closes: bool = False
    kept: bool = False


_LEFT_OUT: Final = _Tag("")
#: Decides how the text behind it is read, or belongs to the page.
_SPECIAL: Final = _Tag("", kept=False, closes=True)


@dataclass(slots=True)
class _Scan:
    #: more formatting tags than the parser should get with attributes
    crowded: bool = False
    out: list[str] = field(default_factory=list)
    attributes: list[tuple[str, Attributes]] = field(default_factory=list)
    known: dict[tuple[str, tuple[tuple[str, str], ...]], int] = field(default_factory=dict)
    #: mail repeats its tags: each is read once
    tags: dict[str, _Tag] = field(default_factory=dict)
    #: what is written for those that need no count
    simple: dict[str, str] = field(default_factory=dict)
    sheets: list[str] = field(default_factory=list)
    root: dict[str, dict[str, str]] = field(default_factory=lambda: {"html": {}, "body": {}})
    depth: int = 0
    open: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_NESTING, 0))
    beyond: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_NESTING, 0))

    def nest(self, tag: _Tag) -> None:
        """Writes a tag that opens or closes an element of those that may nest without end."""
        name = tag.nesting
        if not tag.closes:
            if self.depth >= _DEEPEST:
                self.beyond[name] += 1
                self.out.append(" ")
                return
            self.depth += 1
            self.open[name] += 1
        elif self.beyond[name]:
            self.beyond[name] -= 1
            return
        elif self.open[name]:
            self.open[name] -= 1
            self.depth -= 1
        self.out.append(tag.written)


def scan(html: str, most_tags: int) -> Markup:
    """The tags and the text of `html`, with at most `most_tags` tags."""
    scan = _Scan()
    first, *pieces = html.split("<")
    # no search for them where there are not so many tags at all
    if len(pieces) > _MOST_FORMATTING:
        scan.crowded = len(_FORMATTING_TAG.findall(html)) > _MOST_FORMATTING
    known, simple, append = scan.tags, scan.simple, scan.out.append
    # where opening tags are many they are counted, and so is how deep they are
    counted = len(pieces) - html.count("</") > min(_DEEPEST, most_tags)
    if first:
        append(first)
    # where each piece stands in `html`, behind its "<"; `position`, where the tag ends that was read last
    starts = accumulate([len(piece) + 1 for piece in pieces], initial=len(first) + 1)
    position, tags = 0, 0
    cut = False
    for start, piece in zip(starts, pieces, strict=False):
        if start <= position:
            # a value or a comment held the "<"
            if position < start + len(piece):
                append(html[position : start + len(piece)])
            continue
        name, bracket, text = piece.partition(">")
        written = simple.get(name) if bracket else None
        if written is None:
            tag = known.get(name) if bracket else None
            if tag is None and bracket and (ordinary := _ordinary(name)):
                tag = known[name] = _tag(scan, *ordinary)
            elif tag is None:
                match = _TOKEN.match(html, start - 1)
                if match is None:
                    append(f"&lt;{piece}")
                    continue
                position = match.end()
                text = html[position : start + len(piece)]
                tag = _read(scan, match)
                if tag is _SPECIAL:
                    plain, position = _special(scan, html, match)
                    if plain:
                        append(html[position:].replace("<", "&lt;") or " ")
                        break
                    text = html[position : start + len(piece)]
            written = tag.written
            if counted:
                tags += tag.kept
                if tags > most_tags:
                    cut = True
                    break
                if tag.nesting:
                    scan.nest(tag)
                    written = ""
            elif known.get(name) is tag:
                simple[name] = written
        if written:
            append(written)
        if text:
            append(text)
    before = [
        _numbered(scan, f"x-{name}", scan.root[name]) for name in ("html", "body") if scan.root[name] or scan.sheets
    ]
    return Markup(
        # where formatting is taken apart, one tag has become two
        parts=before + (parts_of("".join(scan.out)) if scan.crowded else scan.out),
        attributes=scan.attributes,
        sheets=scan.sheets,
        quirks=not _DOCTYPE.match(html[:2_000]),
        cut=cut,
    )


def _ordinary(text: str) -> tuple[str, bool, Attributes] | None:
    """What the tag `<text>` is wherever it stands: its name, whether it closes, its attributes.

    None for one that does not end with its first bracket, or that decides how the text behind it is read.
    """
    # a link is one person's, and is not kept when its mail is done with
    return _parsed(text) if "://" in text or "@" in text else _known(text)


@lru_cache(maxsize=2048)
def _known(text: str) -> tuple[str, bool, Attributes] | None:
    """The mails of one program have the same few tags."""
    return _parsed(text)


def _parsed(text: str) -> tuple[str, bool, Attributes] | None:
    match = _TOKEN.fullmatch(f"<{text}>") if len(text) <= _LONGEST_REPEATED else None
    if match is None or not match["name"] or not match["end"]:
        return None
    name = match["name"].lower()
    if match["slash"]:
        return name, True, {}
    return None if _is_special(name) else (name, False, attributes_of(match["attributes"]))


def _is_special(name: str) -> bool:
    return name in _RAW_END or name in ("body", "html", "plaintext")


def _read(scan: _Scan, match: re.Match[str]) -> _Tag:
    """What the tag at `match` becomes."""
    name = (match["name"] or "").lower()
    if not name or not match["end"]:
        return _LEFT_OUT
    if not match["slash"] and _is_special(name):
        return _SPECIAL
    return _tag(scan, name, bool(match["slash"]), attributes_of(match["attributes"]))


def _tag(scan: _Scan, name: str, closes: bool, attributes: Attributes) -> _Tag:
    if closes:
        return _closing(scan, name)
    if name in _KEPT or name in _RENAMED or _is_custom(name):
        return _opening(scan, name, attributes)._replace(kept=True)
    return _LEFT_OUT


def _is_custom(name: str) -> bool:
    """Whether an element is of a sender's own making (HTML standard, "custom elements"): it is shown as its style says.

    Word's `o:p` and the like are not; they are left out."""
    return "-" in name and ":" not in name


def _special(scan: _Scan, html: str, match: re.Match[str]) -> tuple[bool, int]:
    """Follows a tag that decides how the text behind it is read: whether all of it is text, and where to go on."""
    name = match["name"].lower()
    if name in _RAW_END:
        return False, _raw(scan, html, name, match["attributes"], match.end())
    if name in scan.root:
        for key, value in attributes_of(match["attributes"]).items():
            scan.root[name].setdefault(key, value)
    return name == "plaintext", match.end()


def attributes_of(text: str) -> dict[str, str]:
    """The attributes that matter, with their references resolved; of two with one name the first counts."""
    found: dict[str, str] = {}
    if not text or text.isspace():
        return found
    for count, match in enumerate(_ATTRIBUTE.finditer(text)):
        name = match[1].lower()
        if name in _NAMES and name not in found:
            value = match[2] or match[3] or match[4] or ""
            found[name] = _resolved(value) if len(value) <= _LONGEST_VALUE else value[:5]
        if count >= _MOST_ATTRIBUTES:
            break
    return found


def _resolved(value: str) -> str:
    return _REFERENCE.sub(_character, value) if "&" in value else value


def _character(reference: re.Match[str]) -> str:
    return _unescaped(reference[0])


@lru_cache(maxsize=1024)
def _unescaped(reference: str) -> str:
    return unescape(reference)


def _raw(scan: _Scan, html: str, name: str, attributes: str, position: int) -> int:
    """What stands between `position` and the closing tag of `name`; answers the position behind that."""
    end = _RAW_END[name].search(html, position)
    if name == "xml" and not end:
        return position
    content = html[position : end.start() if end else len(html)]
    if name == "style":
        if applies(attributes_of(attributes).get("media", "")):
            scan.sheets.append(content)
    elif _RAW.get(name):
        _write(scan, _opening(scan, name, attributes_of(attributes)))
        scan.out.append(escape(content, quote=False) or " ")
        _write(scan, _closing(scan, name))
    return end.end() if end else len(html)


def _opening(scan: _Scan, name: str, attributes: Attributes) -> _Tag:
    name = _renamed(name)
    nesting = name if name in _NESTING else ""
    if not scan.crowded or name not in _FORMATTING:
        return _Tag(_numbered(scan, name, attributes), nesting)
    if name == "font":
        return _Tag(_numbered(scan, name, attributes, written="span"), nesting)
    return _Tag(f"<{name}>{_numbered(scan, 'span', attributes) if attributes else ''}", nesting)


def _renamed(name: str) -> str:
    return _RENAMED.get(name) or ("span" if _is_custom(name) else name)


def _closing(scan: _Scan, name: str) -> _Tag:
    name = _renamed(name)
    if name not in _KEPT or name in VOID - {"br"}:
        return _LEFT_OUT
    written = "span" if name == "font" and scan.crowded else name
    return _Tag(f"</{written}>", name if name in _NESTING else "", closes=True)


def _write(scan: _Scan, tag: _Tag) -> None:
    if tag.nesting:
        scan.nest(tag)
    else:
        scan.out.append(tag.written)


def _numbered(scan: _Scan, name: str, attributes: Mapping[str, str], *, written: str = "") -> str:
    """An opening tag with a number in place of its attributes."""
    if not attributes and not written:
        return f"<{name}>"
    # equal tags have one number, since the parser counts equal ones
    key = (name, tuple(attributes.items()))
    number = scan.known.get(key)
    if number is None:
        number = scan.known[key] = len(scan.attributes)
        scan.attributes.append((name, attributes))
    return f'<{written or name} x="{number}">'
