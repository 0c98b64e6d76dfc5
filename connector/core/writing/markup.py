"""HTML as written by mail programs, divided into tags and text as a browser does it.

What comes out is markup of a few known tags whose attributes are numbers into a list, so that the parser that builds
the tree reads no value that a sender wrote. Time grows with the length of the input, for any input.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Final

Attributes = Mapping[str, str]

#: Elements whose content is text up to their closing tag; True where that text is shown.
_RAW: Final = {
    "iframe": False,
    "noembed": False,
    "noframes": False,
    "script": False,
    "style": False,
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
#: The same under the name that HTML has for it today.
_RENAMED: Final = {"dir": "ul", "listing": "pre", "menu": "ul", "xmp": "pre"}
_KEPT: Final = frozenset({
    "a", "abbr", "address", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup",
    "dd", "del", "dfn", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
    "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
}) | BLOCKS
#: Every tag that `scan` writes.
PARSED: Final = _KEPT | {"x-body", "x-html"}
_VOID: Final = frozenset({"br", "col", "hr", "img"})
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
    "colspan", "dir", "face", "height", "hidden", "href", "id", "link", "nowrap", "open", "rowspan", "size", "span",
    "src", "start", "style", "text", "title", "type", "valign", "value", "width",
})
# fmt: on
#: Browsers nest no deeper than 512; the time of the parser grows with the square of the depth.
_DEEPEST = 1_000
_MOST_FORMATTING = 200
#: So many attributes of one tag are looked at.
_MOST_ATTRIBUTES = 500
#: A longer value is of no use to a field. Its first characters stay: by them a picture is recognised.
_LONGEST_VALUE = 8_000

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
_RAW_END: Final = {name: re.compile(rf"</{name}(?=[\s/>])[^>]*+>?", re.IGNORECASE) for name in (*_RAW, "xml")}
_FORMATTING_TAG = re.compile(rf"<(?:{'|'.join(sorted(_FORMATTING))})[\s/>]", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*(?:<!--.*?-->\s*)?<!doctype", re.IGNORECASE | re.DOTALL)
#: A reference in an attribute: without its semicolon it is text where a letter or `=` follows, as in `?a=1&copy=2`.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31}(?:;|(?![=A-Za-z0-9;])))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """`html` with `x="n"` in place of attributes, the n-th of `attributes`; the style sheets; whether a tag was cut."""

    html: str
    attributes: Sequence[tuple[str, Attributes]]
    sheets: Sequence[str]
    quirks: bool
    cut: bool


@dataclass(slots=True)
class _Scan:
    #: more formatting tags than the parser should get with attributes
    crowded: bool = False
    out: list[str] = field(default_factory=list)
    attributes: list[tuple[str, Attributes]] = field(default_factory=list)
    known: dict[tuple[str, tuple[tuple[str, str], ...]], int] = field(default_factory=dict)
    sheets: list[str] = field(default_factory=list)
    root: dict[str, dict[str, str]] = field(default_factory=lambda: {"html": {}, "body": {}})
    depth: int = 0
    open: Counter[str] = field(default_factory=Counter)
    beyond: Counter[str] = field(default_factory=Counter)


def scan(html: str, most_tags: int) -> Markup:
    """The tags and the text of `html`, with at most `most_tags` tags."""
    scan, position, tags, cut = _Scan(), 0, 0, False
    scan.crowded = sum(1 for _ in _FORMATTING_TAG.finditer(html)) > _MOST_FORMATTING
    while match := _TOKEN.search(html, position):
        _text(scan, html[position : match.start()])
        position = match.end()
        name = (match["name"] or "").lower()
        if not name or not match["end"]:
            continue
        if match["slash"]:
            _close(scan, name)
            continue
        if name in _RAW_END:
            position = _raw(scan, html, name, match["attributes"], position)
        elif name in scan.root:
            for key, value in attributes_of(match["attributes"]).items():
                scan.root[name].setdefault(key, value)
        elif name in _KEPT or name in _RENAMED:
            tags += 1
            if tags > most_tags:
                cut = True
                break
            _open(scan, name, match["attributes"])
        elif name == "plaintext":
            break
    if not cut:
        _text(scan, html[position:])
    before = "".join(
        _tag(scan, f"x-{name}", scan.root[name]) for name in ("html", "body") if scan.root[name] or scan.sheets
    )
    return Markup(
        html=before + "".join(scan.out),
        attributes=scan.attributes,
        sheets=scan.sheets,
        quirks=not _DOCTYPE.match(html[:2_000]),
        cut=cut,
    )


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
    return _REFERENCE.sub(lambda match: unescape(match[0]), value) if "&" in value else value


def _text(scan: _Scan, text: str) -> None:
    if text:
        scan.out.append(text.replace("<", "&lt;") if "<" in text else text)


def _raw(scan: _Scan, html: str, name: str, attributes: str, position: int) -> int:
    """What stands between `position` and the closing tag of `name`; answers the position behind that."""
    end = _RAW_END[name].search(html, position)
    if name == "xml" and not end:
        return position
    content = html[position : end.start() if end else len(html)]
    if name == "style" and "print" not in attributes_of(attributes).get("media", ""):
        scan.sheets.append(content)
    elif _RAW.get(name):
        _open(scan, name, attributes)
        scan.out.append(escape(content, quote=False))
        _close(scan, name)
    return end.end() if end else len(html)


def _open(scan: _Scan, name: str, text: str) -> None:
    name = _RENAMED.get(name, name)
    if name in _NESTING:
        if scan.depth >= _DEEPEST:
            scan.beyond[name] += 1
            scan.out.append(" ")
            return
        scan.depth += 1
        scan.open[name] += 1
    attributes = attributes_of(text)
    if scan.crowded and name in _FORMATTING:
        if name == "font":
            scan.out.append(_tag(scan, name, attributes, written="span"))
        elif attributes:
            scan.out.append(f"<{name}>{_tag(scan, 'span', attributes)}")
        else:
            scan.out.append(f"<{name}>")
        return
    scan.out.append(_tag(scan, name, attributes))


def _close(scan: _Scan, name: str) -> None:
    name = _RENAMED.get(name, name)
    if name not in _KEPT or name in _VOID - {"br"}:
        return
    if name in _NESTING:
        if scan.beyond[name]:
            scan.beyond[name] -= 1
            return
        if scan.open[name]:
            scan.open[name] -= 1
            scan.depth -= 1
    scan.out.append("</span>" if name == "font" and scan.crowded else f"</{name}>")


def _tag(scan: _Scan, name: str, attributes: Mapping[str, str], *, written: str = "") -> str:
    if not attributes and not written:
        return f"<{name}>"
    # equal tags have one number, since the parser counts equal ones
    key = (name, tuple(attributes.items()))
    number = scan.known.get(key)
    if number is None:
        number = scan.known[key] = len(scan.attributes)
        scan.attributes.append((name, attributes))
    return f'<{written or name} x="{number}">'
