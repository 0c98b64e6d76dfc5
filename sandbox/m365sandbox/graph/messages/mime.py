"""A message as MIME, made from what the mailbox holds.

Outlook does not store MIME (Graph, "Get MIME content of a message"), so what comes out differs from what came in. It is
put together here and not by the standard library, which refuses header values that real mail has.
"""

import textwrap
from base64 import b64encode, encodebytes
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from typing import Any

from m365sandbox.graph.data.files import pieces_of
from m365sandbox.graph.delivery.members import attachment_kind
from m365sandbox.graph.odata.fields import time_value

# Made from members of the message, or from its structure.
_MADE = {"from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version"}
_PEOPLE = {"To": "toRecipients", "Cc": "ccRecipients", "Bcc": "bccRecipients", "Reply-To": "replyTo"}
_WORD = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An attachment as MIME needs it: a file in pieces (each a whole number of base64 lines), or a message."""

    name: str | None
    content_type: str | None = None
    is_inline: bool = False
    content_id: str | None = None
    content: Iterable[bytes] = ()
    item: Mapping[str, Any] | None = None


def mime_of_message(message: Mapping[str, Any], attachments: Sequence[Attached], depth: int = 0) -> Iterator[bytes]:
    """The message with its attachments, in pieces."""
    body = message.get("body") or {}
    kind = "text/plain" if body.get("contentType") == "text" else "text/html"
    text = (body.get("content") or "").encode("utf-8", "replace")
    yield from _headers(message)
    if not attachments:
        yield from _part(f"{kind}; charset=utf-8", [text])
        return
    # Encoded parts hold no `_`, and messages within messages have another depth: the boundary cannot occur inside.
    named = f"{message.get('internetMessageId')} {message.get('sentDateTime')}"
    boundary = f"_{depth:03d}_{md5(named.encode('utf-8', 'replace'), usedforsecurity=False).hexdigest()}_"
    yield f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n--{boundary}\r\n'.encode()
    yield from _part(f"{kind}; charset=utf-8", [text])
    for attachment in attachments:
        yield f"\r\n--{boundary}\r\n".encode()
        yield from _attachment(attachment, depth)
    yield f"\r\n--{boundary}--\r\n".encode()


def mime_of_item(item: Mapping[str, Any], depth: int = 0) -> Iterator[bytes]:
    """A message that is attached to another one, with what is attached to it; mere links are left out."""
    inner = [
        Attached(
            name=attachment.get("name"),
            content_type=attachment.get("contentType"),
            is_inline=bool(attachment.get("isInline")),
            content_id=attachment.get("contentId"),
            content=pieces_of(attachment.get("contentBytes") or ""),
            item=attachment.get("item"),
        )
        for attachment in item.get("attachments") or []
        if attachment_kind(attachment) != "referenceAttachment"
    ]
    return mime_of_message(item, inner, depth)


def _headers(message: Mapping[str, Any]) -> Iterable[bytes]:
    for header in message.get("internetMessageHeaders") or []:
        name = str(header.get("name") or "")
        if name.isascii() and name.lower() not in _MADE and not name.lower().startswith("content-"):
            yield _header(name, _encoded(str(header.get("value") or "")))
    sender = message.get("sender")
    for name, person in (("From", message.get("from")), ("Sender", sender if sender != message.get("from") else None)):
        if person:
            yield _header(name, _written(person))
    for name, member in _PEOPLE.items():
        if message.get(member):
            yield _header(name, ", ".join(_written(person) for person in message[member]))
    yield _header("Subject", _encoded(message.get("subject") or ""))
    if message.get("sentDateTime"):
        sent = datetime.fromisoformat(time_value(message["sentDateTime"])).replace(tzinfo=UTC)
        yield _header("Date", format_datetime(sent))
    if message.get("internetMessageId"):
        yield _header("Message-ID", _encoded(message["internetMessageId"]))
    yield b"MIME-Version: 1.0\r\n"


def _header(name: str, value: str) -> bytes:
    lines = textwrap.wrap(f"{name}: {value}", 900, break_long_words=False, break_on_hyphens=False)
    return ("\r\n ".join(lines) + "\r\n").encode("ascii", "replace")


def _encoded(text: str) -> str:
    """The text in ASCII, as encoded words where it needs them."""
    line = " ".join(text.split())
    if line.isascii():
        return line
    pieces = [line[at : at + _WORD].encode("utf-8", "replace") for at in range(0, len(line), _WORD)]
    return " ".join(f"=?utf-8?B?{b64encode(piece).decode()}?=" for piece in pieces)


def _written(person: Mapping[str, Any]) -> str:
    email = person.get("emailAddress") or {}
    name = " ".join((email.get("name") or "").split())
    address = email.get("address") or ""
    if not name or name == address:
        return f"<{address}>"
    shown = _encoded(name) if not name.isascii() else '"{}"'.format(name.replace("\\", "").replace('"', "'"))
    return f"{shown} <{address}>"


def _part(content_type: str, content: Iterable[bytes], *headers: str) -> Iterator[bytes]:
    head = "".join(f"{line}\r\n" for line in (f"Content-Type: {content_type}", *headers))
    yield f"{head}Content-Transfer-Encoding: base64\r\n\r\n".encode("ascii", "replace")
    for piece in content:
        yield encodebytes(piece).replace(b"\n", b"\r\n")


def _attachment(attachment: Attached, depth: int) -> Iterator[bytes]:
    if attachment.item is not None:
        yield b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n"
        yield from mime_of_item(attachment.item, depth + 1)
        return
    name = _encoded(attachment.name or "attachment").replace('"', "'")
    placed = "inline" if attachment.is_inline else "attachment"
    headers = [f'Content-Disposition: {placed}; filename="{name}"']
    if attachment.content_id:
        headers.append(f"Content-ID: <{_encoded(attachment.content_id)}>")
    kind = " ".join((attachment.content_type or "application/octet-stream").split())
    yield from _part(f'{kind}; name="{name}"', attachment.content, *headers)
