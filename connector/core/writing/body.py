"""The body of a mail as a rich text field takes it: sanitised, and no longer than the field."""

import re
from dataclasses import dataclass, replace
from html import escape
from itertools import islice

import nh3

from connector.core.writing.allowed import ATTRIBUTES, TAGS, VOID, WITH_CONTENT
from connector.core.writing.markup import PARSED, Markup, parts_of, scan
from connector.core.writing.text import clean, cut, encoded_length, one_line, units
from connector.core.writing.visible import Pictures, visible
from connector.model.mail import Content, Header

#: Body__c holds 131,072; the rest is margin for what Salesforce itself adds when it stores HTML.
BODY_LIMIT = 128_000
PREVIEW_LIMIT = 255
#: What is cut off before parsing, because the parser's time can grow with the square of its input: a tag that stays
#: counts 10 at least and a character 1, so nothing beyond these could be stored anyway.
_MOST_CHARACTERS = 1_000_000
_MOST_TAGS = 15_000
_MOST_REFERENCES = BODY_LIMIT
#: A tree that is written and read again may be another; so often it is tried until it stays.
_MOST_ROUNDS = 5

#: Builds the tree: attributes are numbers here, and every tag stays.
_PARSER = nh3.Cleaner(
    tags=set(PARSED), clean_content_tags=set(), attributes={"*": {"x"}}, link_rel=None, strip_comments=True
)
#: The last step before a field: only these tags and attributes pass. Styles are `style_for`'s own by then.
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=WITH_CONTENT,
    attributes=ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
    link_rel=None,
)

_REFERENCE = re.compile("&")
#: Spaces that hold a column or set a line in, rather than part two sentences.
_COLUMNS = re.compile(r"^\s{2,}\S|[^\s.!?:;,] {2,}\S|\S {3,}\S")
_DATA_URL = re.compile(r"data:[^\s\"'>)]{100,}", re.IGNORECASE)
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


def sanitise(content: Content, *, remote_images: bool = False) -> Body:
    """The body as its reader saw it, without anything that acts: no script, style sheet, form, or frame.

    Text, colours, formatting and tables stay, and only harmless links. What a mail program hides is left out. Pictures
    on other servers are left out too, unless `remote_images`; their alternative text stays. `[image: name]` stands
    where a picture inside the mail was, which a field cannot hold.
    """
    if content.is_html:
        return _limited(clean(content.html), Pictures(remote=remote_images))
    return _limited(_plain(clean(content.html)), Pictures())


def halve(body: Body) -> Body:
    """The first half of `body`, for a field that refused the whole."""
    return Body(_fit(body.html, encoded_length(body.html) // 2), truncated=True)


def preview(header: Header) -> str:
    """The preview of a mail on one line, without the invisible padding of newsletters, as long as its field."""
    return cut(one_line(_PADDING.sub("", clean(header.preview))), PREVIEW_LIMIT)


def _plain(text: str) -> str:
    """Plain text as HTML; with columns, or lines that are set in, it keeps its spaces."""
    lines = escape(text, quote=False).expandtabs(8).splitlines()
    if not any(map(_COLUMNS.search, lines)):
        return "<br>".join(lines)
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    return '<pre style="white-space:pre-wrap">' + "\n".join(lines[first:]).rstrip() + "</pre>"


def _limited(html: str, pictures: Pictures) -> Body:
    bounded, truncated = _bounded(html)
    markup = scan(bounded, _MOST_TAGS)
    truncated = truncated or markup.cut
    seen = _seen(markup, pictures)
    safe = _safe(seen, pictures)
    if encoded_length(safe) <= BODY_LIMIT:
        return Body(safe, truncated)
    if markup.sheets and (lean := _seen(markup, pictures, lean=True)) != seen:
        safe = _safe(lean, pictures)
        if encoded_length(safe) <= BODY_LIMIT:
            return Body(safe, truncated)
    return Body(_fit(safe, BODY_LIMIT), truncated=True)


def _bounded(html: str) -> tuple[str, bool]:
    """`html` with no more than could be stored anyway, and whether something had to be cut off for that.

    Its lines end as a parser reads them.
    """
    if "\r" in html:
        html = html.replace("\r\n", "\n").replace("\r", "\n")
    if len(html) > _MOST_CHARACTERS:
        html = _DATA_URL.sub("data:", html)
    bounded = _before(html[:_MOST_CHARACTERS], _REFERENCE, _MOST_REFERENCES)
    return bounded, len(bounded) < len(html)


def _safe(seen: str, pictures: Pictures) -> str:
    """`seen`, cleaned until it stays as it is when it is read again."""
    html = _clean(seen)
    if html == seen.strip():
        return html
    for _ in range(_MOST_ROUNDS):
        if _clean(html) == html:
            return html
        html = _clean(_seen(scan(html, _MOST_TAGS), pictures))
    return html


def _seen(markup: Markup, pictures: Pictures, *, lean: bool = False) -> str:
    """What is seen of `markup`, read as a browser does: by a parser, where its tags are not a tree already."""
    seen = visible(markup, pictures, lean=lean, parsed=False)
    if seen is None:
        parsed = parts_of(_PARSER.clean("".join(markup.parts)))
        seen = visible(replace(markup, parts=parsed), pictures, lean=lean)
    return seen or ""


def _before(html: str, pattern: re.Pattern[str], most: int) -> str:
    """`html` up to the match of `pattern` that is one too many."""
    if html.count(pattern.pattern[0]) <= most:
        return html
    one_too_many = next(islice(pattern.finditer(html), most, None), None)
    return html[: one_too_many.start()] if one_too_many else html


def _clean(html: str) -> str:
    # The output is cleaned too: a reference such as &#1; is harmless until it has been parsed.
    return clean(_CLEANER.clean(html)).strip()


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
    opened: dict[str, tuple[str, str, int]] = {}
    for token in _TOKEN.findall(html):
        if token[:2] == "</":
            # its length was set aside when the tag was opened
            kept.append(closers.pop())
            continue
        if token[0] == "<":
            if token not in opened:
                opened[token] = _opened(token)
            token, closer, cost = opened[token]
            if cost > left:
                break
            if closer:
                closers.append(closer)
        else:
            cost = encoded_length(token)
            if cost > left:
                kept.append("" if token[0] == "&" else _words(token, left))
                break
        left -= cost
        kept.append(token)
    return "".join(kept) + "".join(reversed(closers))


def _opened(tag: str) -> tuple[str, str, int]:
    """An opening tag as it is kept, the closing tag that it needs, and what both count."""
    named = _NAME.match(tag)
    name = named[1] if named else ""
    if len(tag) > _LONGEST_TAG:
        tag = f"<{name}>"
    closer = "" if name in VOID else f"</{name}>"
    return tag, closer, encoded_length(tag) + encoded_length(closer)


def _words(text: str, limit: int) -> str:
    """The beginning of `text` that counts at most `limit`, without the word that would be cut in two."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if encoded_length(text[:middle]) <= limit else (low, middle - 1)
    whole = cut(text, units(text[:low]))
    space = max(whole.rfind(" "), whole.rfind("\n"))
    return whole[:space] if len(whole) - space < _LONGEST_WORD else whole
