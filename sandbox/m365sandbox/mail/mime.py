"""RFC 5322 mail to the JSON of a Graph message, as Exchange would show it."""

import base64
import binascii
import mimetypes
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from typing import Any
from urllib.parse import unquote

from m365sandbox.mail.addresses import recipients
from m365sandbox.mail.body import Content, content_of
from m365sandbox.mail.charset import clean, decode
from m365sandbox.mail.headers import Headers, first, from_first_field, raw_text, split_headers, text_of
from m365sandbox.mail.parts import SMIME_NAME, Part, is_opaque, parse_parts
from m365sandbox.mail.text import preview_of

# Without the machine's own tables: the same mail gives the same names everywhere.
_EXTENSIONS = mimetypes.MimeTypes()
for _kind, _extension in (("text/calendar", ".ics"), ("text/rtf", ".rtf"), ("message/delivery-status", ".txt")):
    _EXTENSIONS.add_type(_kind, _extension)
_NESTED = frozenset({"message/rfc822", "message/global", "message/news"})
# A mail inside a mail inside a mail: below this it stays a file.
_MAX_NESTING = 8
_PRIORITIES = {
    "1": "high",
    "2": "high",
    "3": "normal",
    "4": "low",
    "5": "low",
    "urgent": "high",
    "high": "high",
    "normal": "normal",
    "low": "low",
    "non-urgent": "low",
}
_CID = re.compile(r"cid:([^\"'<>\s)]{1,300})", re.IGNORECASE)
# FILETIME, which Exchange keeps times in, begins here.
_FIRST_YEAR = 1601


def message_of(raw: bytes, *, encode: bool = True) -> dict[str, Any]:
    """The message resource of a mail: only members of Graph's own schema, JSON-serialisable, with its `attachments`.

    Never raises: what cannot be read is left out or kept as a file. `sentDateTime` is there only where the Date header
    is valid; `internetMessageId`, `from` and `sender` are None where the mail has none. What a mailbox adds (ids,
    folder, received time) is not here. Without `encode` a file's `contentBytes` are the bytes, not base64: as a
    mailbox takes them too.
    """
    return _message(_decoded(raw), nesting=0, encode=encode)


def _decoded(raw: bytes) -> bytes:
    """Without a byte order mark; a file saved as UTF-16 becomes UTF-8."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode(raw, "utf-16").encode()
    return raw.removeprefix(b"\xef\xbb\xbf")


def _message(raw: bytes, nesting: int, *, encode: bool) -> dict[str, Any]:
    root = parse_parts(from_first_field(raw))
    headers = root.headers
    content = content_of(root)
    attachments = _attachments(content, nesting, encode=encode)
    authors = _people(headers, "From")
    senders = _people(headers, "Sender")
    message: dict[str, Any] = {
        "subject": text_of(first(headers, "Subject")),
        "from": next(iter(authors), None),
        "sender": next(iter([*senders, *authors]), None),
        "toRecipients": _people(headers, "To"),
        "ccRecipients": _people(headers, "Cc"),
        "bccRecipients": _people(headers, "Bcc"),
        "replyTo": _people(headers, "Reply-To"),
        "body": {"contentType": "html", "content": content.html},
        "bodyPreview": preview_of(content.text),
        "importance": _importance(headers),
        "internetMessageId": text_of(first(headers, "Message-ID")) or None,
        "internetMessageHeaders": [{"name": name, "value": raw_text(value)} for name, value in headers],
        "isReadReceiptRequested": first(headers, "Disposition-Notification-To") is not None,
        "isDeliveryReceiptRequested": first(headers, "Return-Receipt-To") is not None,
        "hasAttachments": any(not attachment["isInline"] for attachment in attachments),
        "attachments": attachments,
    }
    sent = sent_time(headers)
    if sent is not None:
        message["sentDateTime"] = sent.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)
    index = _conversation_index(headers)
    if index is not None:
        message["conversationIndex"] = index
    return message if content.meeting is None else {**content.meeting.members, **message}


def date_of(raw: bytes) -> datetime | None:
    """The time of a mail's Date header in UTC, or None where it names no possible time."""
    return sent_time(split_headers(from_first_field(_decoded(raw)))[0])


def sent_time(headers: Headers) -> datetime | None:
    """The time of the Date header in UTC, or None where it names no possible time."""
    text = re.sub(r"\([^()]*\)", " ", text_of(first(headers, "Date")))
    text = re.sub(r"\s*:\s*", ":", text)
    try:
        fields = parsedate_tz(text)
    except (ValueError, IndexError):  # digits the parser cannot read as numbers
        return None
    if fields is None:
        return None
    year, month, day, hour, minute, second = fields[:6]
    try:
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        sent = local - timedelta(seconds=fields[9] or 0)
    except (ValueError, OverflowError):
        return None
    return sent if sent.year >= _FIRST_YEAR else None


def _people(headers: Headers, name: str) -> list[dict[str, Any]]:
    """All recipients of the fields of that name: some senders write one To for each."""
    wanted = name.lower()
    values = [raw_text(value) for key, value in headers if key.lower() == wanted]
    return [person for value in values for person in recipients(value)]


def _importance(headers: Headers) -> str:
    stated = text_of(first(headers, "Importance")).lower()
    if stated in ("high", "normal", "low"):
        return stated
    for name in ("X-Priority", "Priority", "X-MSMail-Priority"):
        word = re.match(r"[\w-]+", text_of(first(headers, name)).lower())
        if word is not None and word.group() in _PRIORITIES:
            return _PRIORITIES[word.group()]
    return "normal"


def _conversation_index(headers: Headers) -> str | None:
    try:
        index = base64.b64decode(text_of(first(headers, "Thread-Index")), validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return None
    return base64.b64encode(index).decode() if index else None


def _attachments(content: Content, nesting: int, *, encode: bool) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for number, part in enumerate(content.attachments, start=1):
        if part.content_type in _NESTED and nesting < _MAX_NESTING:
            made.append(_item(part, nesting))
        else:
            made.append(_file(part, number, content.html, encode=encode))
    return made


def _item(part: Part, nesting: int) -> dict[str, Any]:
    raw = part.content()
    message = _message(raw, nesting + 1, encode=True)
    return {
        "@odata.type": "#microsoft.graph.itemAttachment",
        "name": message["subject"] or part.filename or "Untitled",
        "contentType": None,
        "size": len(raw),
        "isInline": False,
        "item": {"@odata.type": "#microsoft.graph.message", **message},
    }


def _file(part: Part, number: int, html: str, *, encode: bool) -> dict[str, Any]:
    data = part.content()
    cid = part.content_id
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": clean(part.filename) or _given_name(part, number),
        "contentType": part.content_type,
        "size": len(data),
        "isInline": cid is not None and (part.disposition == "inline" or _shows(html, cid)),
        "contentId": cid,
        "contentLocation": None,
        "contentBytes": base64.b64encode(data).decode() if encode else data,
    }


def _shows(html: str, cid: str) -> bool:
    """Whether the body shows the part; the id in a cid: address may be percent-encoded (RFC 2392)."""
    return f"cid:{cid}" in html or any(unquote(found) == cid for found in _CID.findall(html))


def _given_name(part: Part, number: int) -> str:
    """The name Exchange gives to an attachment without one."""
    if is_opaque(part):
        return SMIME_NAME
    return f"ATT{number:05d}{_EXTENSIONS.guess_extension(part.content_type, strict=False) or '.dat'}"
