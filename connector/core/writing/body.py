"""The body of a mail as a rich text field takes it: sanitised, and no longer than the field."""

import re
from dataclasses import dataclass
from html import escape
from itertools import islice

import nh3

from connector.core.writing.text import clean, cut, encoded_length, one_line, units
from connector.model.mail import Content, Header

#: Body__c holds 131,072; the rest is margin for what Salesforce itself adds when it stores HTML.
BODY_LIMIT = 128_000
PREVIEW_LIMIT = 255
#: What is cut off before parsing, because the parser's time can grow with the square of its input: a tag that stays
#: counts 10 at least and a character 1, so nothing beyond these could be stored anyway.
_MOST_CHARACTERS = 1_000_000
_MOST_TAGS = 15_000
_MOST_REFERENCES = BODY_LIMIT
#: Above this many formatting tags they lose their attributes: HTML opens an unclosed one again in every paragraph, but
#: of equal ones only three, so that a small mail cannot grow to gigabytes.
_MOST_FORMATTING = 200

# fmt: off
_TAGS = {
    "a", "abbr", "address", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup",
    "dd", "del", "dfn", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
    "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
}
#: No property that can load something (background, list-style), cover something (position) or hide something.
_STYLES = {
    "background-color", "border", "border-collapse", "color", "direction", "font-family", "font-size", "font-style",
    "font-weight", "text-align", "text-decoration", "vertical-align", "white-space",
}
# fmt: on
#: Tags whose text is no text of the mail either.
_WITH_CONTENT = {"iframe", "noembed", "noframes", "script", "style", "title", "xml"}
_VOID = frozenset({"br", "col", "hr", "img"})
_CELL = {"align", "bgcolor", "colspan", "height", "rowspan", "valign", "width"}
_ATTRIBUTES = {
    "*": {"dir", "style", "title"},
    "a": {"href"},
    "col": {"span", "width"},
    "font": {"color", "face", "size"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start", "type"},
    "table": {"align", "bgcolor", "border", "cellpadding", "cellspacing", "width"},
    "td": _CELL,
    "th": _CELL,
    "tr": {"align", "bgcolor", "valign"},
}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    filter_style_properties=_STYLES,
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
    link_rel=None,
)

_TAG = re.compile("<[A-Za-z]")
_REFERENCE = re.compile("&")
_DATA_URL = re.compile(r"data:[^\s\"'>)]{100,}", re.IGNORECASE)
_FONT = re.compile(r"(</?)font(?=[\s/>])", re.IGNORECASE)
_FORMATTING = re.compile(r"<(b|big|code|em|i|nobr|s|small|strike|strong|tt|u)(?=[\s/])", re.IGNORECASE)
_FORMATTING_TAG = re.compile(r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>]", re.IGNORECASE)
_IMAGE = re.compile("<img[^>]*>")
_PIXEL = re.compile(''' (?:width|height)="0*[01](?:px)?"''')
#: A tag, a reference, or the text between them, in HTML that the cleaner wrote: it escapes < and > everywhere else.
_TOKEN = re.compile("<[^>]*>|&[^;]*;|[^<&]+")
_NAME = re.compile("</?([a-z0-9]+)")
_LONGEST_WORD = 60
#: An opening tag beyond this gives up its attributes before it takes the place of the text behind it.
_LONGEST_TAG = 8_000
#: what newsletters put behind their preview so that nothing else shows there
_PADDING = re.compile("[\u00ad\u034f\u200b\u2060\ufeff]|(?<=\\s)[\u200c\u200d\u200e\u200f]+(?=\\s|$)")


@dataclass(frozen=True, slots=True)
class Body:
    """Sanitised HTML for Body__c, at most 128,000 as the field counts; `truncated` when some of the mail is missing."""

    html: str
    truncated: bool = False


def sanitise(content: Content) -> Body:
    """The body without anything that acts: no script, style sheet, form, or frame, and only harmless links.

    Text, formatting and tables stay. Images stay where they come from the web; left out are those inside the mail
    (`cid:`, `data:`), which a field cannot hold, and those of one pixel, which only report that a mail was read.
    """
    if content.is_html:
        return _limited(clean(content.html))
    return _limited("<br>".join(escape(clean(content.html), quote=False).splitlines()))


def halve(body: Body) -> Body:
    """The first half of `body`, for a field that refused the whole."""
    return Body(_fit(body.html, encoded_length(body.html) // 2), truncated=True)


def preview(header: Header) -> str:
    """The preview of a mail on one line, without the invisible padding of newsletters, as long as its field."""
    return cut(one_line(_PADDING.sub("", clean(header.preview))), PREVIEW_LIMIT)


def _limited(html: str) -> Body:
    parsable, truncated = _parsable(html)
    safe = _clean(parsable)
    if encoded_length(safe) <= BODY_LIMIT:
        return Body(safe, truncated)
    return Body(_fit(safe, BODY_LIMIT), truncated=True)


def _parsable(html: str) -> tuple[str, bool]:
    """`html` bounded for the parser, and whether something had to be cut off for that."""
    bounded = html
    if len(bounded) > _MOST_CHARACTERS:
        html = bounded = _DATA_URL.sub("", bounded)
    bounded = bounded[:_MOST_CHARACTERS]
    bounded = _before(bounded, _TAG, _MOST_TAGS)
    bounded = _before(bounded, _REFERENCE, _MOST_REFERENCES)
    truncated = len(bounded) < len(html)
    if bounded.count("<") > _MOST_FORMATTING and sum(1 for _ in _FORMATTING_TAG.finditer(bounded)) > _MOST_FORMATTING:
        bounded = _FORMATTING.sub(r"<\1><span", _FONT.sub(r"\1span", bounded))
    return bounded, truncated


def _before(html: str, pattern: re.Pattern[str], most: int) -> str:
    """`html` up to the match of `pattern` that is one too many."""
    if html.count(pattern.pattern[0]) <= most:
        return html
    one_too_many = next(islice(pattern.finditer(html), most, None), None)
    return html[: one_too_many.start()] if one_too_many else html


def _clean(html: str) -> str:
    # The output is cleaned too: a reference such as &#1; is harmless until it has been parsed.
    return _IMAGE.sub(_image, clean(_CLEANER.clean(html))).strip()


def _image(tag: re.Match[str]) -> str:
    return tag[0] if ' src="' in tag[0] and not _PIXEL.search(tag[0]) else ""


def _fit(html: str, limit: int) -> str:
    """The longest beginning of sanitised `html` that counts at most `limit`, with its open tags closed.

    It goes through the cleaner again, which may still add to it (an HTML table has rows of its own), hence the loop.
    """
    room = limit
    while room > 0:
        fitted = _clean(_beginning(html, room))
        excess = encoded_length(fitted) - limit
        if excess <= 0:
            return fitted
        room -= max(excess, limit // 16)
    return ""


def _beginning(html: str, limit: int) -> str:
    """As many tokens of `html` as fit into `limit` together with the closing tags that they then need."""
    kept: list[str] = []
    closers: list[str] = []
    left = limit
    for token in _TOKEN.findall(html):
        name = _NAME.match(token)
        if name and len(token) > _LONGEST_TAG:
            token = f"<{name[1]}>"
        cost = encoded_length(token)
        if name and token[1] == "/":
            # its length was set aside when the tag was opened
            kept.append(closers.pop())
            continue
        closer = f"</{name[1]}>" if name and name[1] not in _VOID else ""
        cost += encoded_length(closer)
        if cost > left:
            kept.append("" if token[0] in "<&" else _words(token, left))
            break
        left -= cost
        kept.append(token)
        if closer:
            closers.append(closer)
    return "".join(kept) + "".join(reversed(closers))


def _words(text: str, limit: int) -> str:
    """The beginning of `text` that counts at most `limit`, without the word that would be cut in two."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if encoded_length(text[:middle]) <= limit else (low, middle - 1)
    whole = cut(text, units(text[:low]))
    space = max(whole.rfind(" "), whole.rfind("\n"))
    return whole[:space] if len(whole) - space < _LONGEST_WORD else whole
