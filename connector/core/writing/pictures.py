"""Which pictures of a mail its own text shows, and by what name they are known there.

A mail shows a picture by its Content-ID (RFC 2392). What a mail program says of an attachment ("inline") is no proof:
it is said of documents and of photos too, and is missing for logos (seen both ways in Exchange).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import unescape
from typing import Final
from urllib.parse import quote, unquote

from connector.model.mail import Attachment, AttachmentKind, Content

_LONGEST_ID: Final = 300
#: An address of a part of the mail, in whatever attribute or style it stands.
_SHOWN = re.compile(rf"\bcid:([^\"'<>\s)]{{1,{_LONGEST_ID}}})", re.IGNORECASE)
#: The same as the source of a picture, which is where its name is read.
_SOURCE = re.compile(rf"(\ssrc\s*=\s*[\"']?\s*cid:)([^\"'<>\s]{{1,{_LONGEST_ID}}})", re.IGNORECASE)


def is_picture(item: Attachment) -> bool:
    """Whether an attachment is a picture by its type."""
    return item.kind is AttachmentKind.FILE and item.media_type.startswith("image/")


def with_pictures(content: Content) -> Content:
    """`content` with the attachments marked that its text shows; their names take the place of their ids in it."""
    listed = content.attachments
    if not content.is_html or not isinstance(listed, tuple) or not listed:
        return content
    shown = {_id(found) for found in _SHOWN.findall(content.html)}
    if not shown:
        return content
    marked = tuple(replace(item, is_shown=True) if shown.intersection(_ids(item)) else item for item in listed)
    names = {name: item.name for item in reversed(marked) if is_picture(item) and item.name for name in _ids(item)}
    return replace(content, html=_named(content.html, names) if names else content.html, attachments=marked)


def name_of(source: str) -> str:
    """What a picture is called by its address `cid:…`; empty where that says nothing."""
    return unquote(source[len("cid:") :].partition("@")[0])


def _named(html: str, names: Mapping[str, str]) -> str:
    def named(match: re.Match[str]) -> str:
        name = names.get(_id(match[2]))
        return match[0] if name is None else match[1] + quote(name, safe="", errors="replace")

    return _SOURCE.sub(named, html)


def _ids(item: Attachment) -> Iterator[str]:
    """By what a text may refer to an attachment: its Content-ID, or its name where it has none."""
    found = _id(item.content_id) or _id(item.name)
    if found:
        yield found


def _id(text: str) -> str:
    """An id as it is compared; in an address it may be percent-encoded, and as HTML escaped."""
    return unquote(unescape(text)).strip().strip("<>").casefold()
