"""uniqueBody: the part of a body that its message added to the conversation, without what it quotes."""

import contextlib
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
# What mail programs put around the mail that is answered: Outlook, Outlook on the web, Gmail, Apple Mail, Thunderbird.
_QUOTE_IDS = frozenset(
    {"appendonsend", "divrplyfwdmsg", "mail-editor-reference-message-container", "olk_src_body_section"}
)
_QUOTE_CLASSES = frozenset({"gmail_quote", "gmail_quote_container", "moz-cite-prefix", "yahoo_quoted"})
_QUOTE_STYLE = re.compile(r"border:\s*none;\s*border-top:\s*solid #(?:E1E1E1|B5C4DF)", re.IGNORECASE)
_QUOTE_LINE = re.compile(
    r"^[ \t]*(?:-{4,} ?Original (?:Message|Appointment) ?-{4,}|_{20,}[ \t]*\r?$\s*From: "
    r"|On [^\n]{5,200} wrote:[ \t]*\r?$|>)",
    re.MULTILINE,
)
_MOST_OPEN = 500


def unique_body(body: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The body without its quotes, of the same content type. HTML that begins with a quote keeps it whole."""
    if body is None:
        return None
    content = body.get("content") or ""
    if body.get("contentType") == "text":
        return {**body, "content": _unquoted(content)}
    cut = _Cut(content)
    return {**body, "content": cut.kept()}


def _unquoted(text: str) -> str:
    found = _QUOTE_LINE.search(text)
    return text[: found.start()].rstrip() if found and text[: found.start()].strip() else text


class _Cut(HTMLParser):
    """Finds where the quote begins, and which elements are open there."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self._markup = markup
        self._lines = [0, *(found.end() for found in re.finditer("\n", markup))]
        self._open: list[str] = []
        self._has_words = False
        self._end: int | None = None
        self._left: list[str] = []
        with contextlib.suppress(AssertionError):  # a declaration the parser gives up on: what was found counts
            self.feed(markup)

    def kept(self) -> str:
        """The markup up to the quote, its open elements closed."""
        if self._end is None:
            return self._markup
        return self._markup[: self._end] + "".join(f"</{tag}>" for tag in reversed(self._left))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Where a quote opens, what follows is cut off."""
        if self._end is not None:
            return
        if self._has_words and _opens_quote(tag, dict(attrs)):
            self._cut_here()
        elif tag not in _VOID and len(self._open) < _MOST_OPEN:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and those that were left open in it."""
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """A line that says that a quote follows counts like an element."""
        if self._end is not None or (self._open and self._open[-1] in ("style", "script", "title")):
            return
        if self._has_words and (data.lstrip()[:1] == ">" or _QUOTE_LINE.match(data.strip())):
            self._cut_here()
        elif data.strip():
            self._has_words = True

    def _cut_here(self) -> None:
        line, column = self.getpos()
        self._end = self._lines[line - 1] + column
        self._left = list(self._open)


def _opens_quote(tag: str, attributes: Mapping[str, str | None]) -> bool:
    if tag == "blockquote":
        return (attributes.get("type") or "").lower() == "cite"
    if (attributes.get("id") or "").lower() in _QUOTE_IDS:
        return True
    classes = (attributes.get("class") or "").lower().split()
    return bool(_QUOTE_CLASSES.intersection(classes) or _QUOTE_STYLE.search(attributes.get("style") or ""))
