"""Files that stand inside another attachment, where nobody finds them who opens the mail in Salesforce.

Of signed mail that can be read without its signature, Exchange shows the text, and all of it once more as one file
`smime.p7m` of the type multipart/signed (MS-OXOSMIME); its attachments are in there only. `winmail.dat` is what Outlook
makes of a mail for another Outlook (TNEF, MS-OXTNEF), where a server on the way did not take it apart.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from itertools import islice
from typing import Any, Final

from connector.model.mail import Attachment, AttachmentKind

#: A larger one is stored as it is: it is read whole.
LARGEST: Final = 25 * 1024 * 1024
_MOST_PARTS: Final = 250
_TNEF: Final = 0x223E9F78
_TNEF_TYPES: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SIGNATURES: Final = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
#: TNEF: where an attachment begins, its short name, its content, and its properties
_RENDER, _TITLE, _DATA, _PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
#: MAPI: the properties of an attachment that matter here
_LONG_NAME, _TYPE, _CONTENT_ID, _CONTENT = 0x3707, 0x370E, 0x3712, 0x3701
#: MAPI: how long the values of types of one length are, padded to four bytes
_FIXED: Final = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_TEXT, _WIDE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x0102


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file inside an attachment."""

    name: str
    content_type: str
    content: bytes
    is_inline: bool = False
    content_id: str = ""


def is_container(item: Attachment) -> bool:
    """Whether an attachment holds the files of its mail, and is small enough to be looked into."""
    if item.kind is not AttachmentKind.FILE or item.part is not None or not 0 < item.size <= LARGEST:
        return False
    return item.media_type == "multipart/signed" or item.media_type in _TNEF_TYPES or _is_winmail(item)


def _is_winmail(item: Attachment) -> bool:
    return item.name.strip().lower() == "winmail.dat"


def parts_of(content: bytes) -> tuple[Part, ...]:
    """The files inside in their order, without the text of the mail and the signature; none where it is damaged."""
    try:
        found = _of_tnef(content) if content[:4] == struct.pack("<I", _TNEF) else _of_signed(content)
        return tuple(islice(found, _MOST_PARTS))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, struct.error):
        # a sender may write anything; the attachment itself is stored as it came
        return ()


def listed(item: Attachment, content: bytes) -> tuple[Attachment, ...]:
    """The files inside the attachment `item`, as if they had been listed beside it."""
    return tuple(
        Attachment(
            id=item.id,
            kind=AttachmentKind.FILE,
            name=part.name,
            content_type=part.content_type,
            # that of what has to be read for it
            size=item.size if part.content else 0,
            is_inline=part.is_inline,
            content_id=part.content_id,
            part=number,
        )
        for number, part in enumerate(parts_of(content))
    )


# -- signed mail ------------------------------------------------------------------------------------------------------


def _of_signed(content: bytes) -> Iterator[Part]:
    root = BytesParser(policy=compat32).parsebytes(content)
    if root.get_content_type() != "multipart/signed" or not root.is_multipart():
        return
    signed = root.get_payload()
    yield from _files_of(signed[0] if isinstance(signed, list) else root)


def _files_of(part: Any) -> Iterator[Part]:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        inner = part.get_payload()
        mail = inner[0] if isinstance(inner, list) and inner else part
        name = _text(mail.get("Subject")) or part.get_filename() or "Untitled"
        yield Part(name=f"{name}.eml", content_type=kind, content=bytes(mail))
    elif part.is_multipart():
        for child in part.get_payload():
            yield from _files_of(child)
    elif kind not in _SIGNATURES and not _is_text(part):
        data = part.get_payload(decode=True)
        yield Part(
            name=_text(part.get_filename()),
            content_type=kind,
            content=data if isinstance(data, bytes) else b"",
            is_inline=part.get_content_disposition() == "inline",
            content_id=str(part.get("Content-ID", "")).strip().strip("<>"),
        )


def _is_text(part: Message) -> bool:
    """Whether a part is the text of the mail, which its body shows."""
    named = part.get_filename() or part.get_content_disposition() == "attachment"
    return part.get_content_type() in ("text/plain", "text/html", "text/enriched") and not named


def _text(header: Any) -> str:
    """A header as it is read; encoded words are resolved."""
    if not header:
        return ""
    try:
        return str(make_header(decode_header(str(header)))).strip()
    except (ValueError, LookupError):
        return str(header).strip()


# -- winmail.dat ------------------------------------------------------------------------------------------------------


def _of_tnef(content: bytes) -> Iterator[Part]:
    found: dict[int, bytes] = {}
    begun = False
    for level, attribute, data in _attributes(content):
        if level != 2:
            continue
        if attribute == _RENDER:
            if begun:
                yield from _tnef_part(found)
            found, begun = {}, True
        found[attribute] = data
    if begun:
        yield from _tnef_part(found)


def _attributes(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Level, id and value of each attribute; ends where the file breaks off."""
    position = 6
    while position + 9 <= len(content):
        level, attribute, length = struct.unpack_from("<BII", content, position)
        position += 9
        if position + length > len(content):
            return
        yield level, attribute & 0xFFFF, content[position : position + length]
        position += length + 2


def _tnef_part(found: Mapping[int, bytes]) -> Iterator[Part]:
    properties = dict(_properties(found.get(_PROPERTIES, b"")))
    content = found.get(_DATA) or properties.get(_CONTENT, b"")
    name = properties.get(_LONG_NAME) or found.get(_TITLE, b"")
    if not content or not isinstance(content, bytes):
        return
    yield Part(
        name=_decoded(name),
        content_type=_decoded(properties.get(_TYPE, b"")) or "application/octet-stream",
        content=content,
        content_id=_decoded(properties.get(_CONTENT_ID, b"")).strip("<>"),
    )


def _decoded(value: bytes | str) -> str:
    text = value if isinstance(value, str) else value.decode("cp1252", "replace")
    return text.split("\0", 1)[0].strip()


def _properties(data: bytes) -> Iterator[tuple[int, bytes | str]]:
    """The properties of an attachment that are texts or bytes, by id. Ends where it breaks off."""
    (count,) = struct.unpack_from("<I", data) if len(data) >= 4 else (0,)
    position = 4
    for _ in range(min(count, 1_000)):
        kind, name = struct.unpack_from("<HH", data, position)
        position += 4
        if name >= 0x8000:
            # a name of its own: a GUID, then a number or a text
            (by_text,) = struct.unpack_from("<I", data, position + 16)
            (length,) = struct.unpack_from("<I", data, position + 20) if by_text else (0,)
            position += 24 + _padded(length)
        many, kind = kind & 0x1000, kind & 0x0FFF
        if kind in _FIXED:
            (values,) = struct.unpack_from("<I", data, position) if many else (1,)
            position += _FIXED[kind] * values + (4 if many else 0)
            continue
        if kind not in (_TEXT, _WIDE, _OBJECT, _BINARY):
            return
        (values,) = struct.unpack_from("<I", data, position)
        position += 4
        for _ in range(min(values, 1_000)):
            (length,) = struct.unpack_from("<I", data, position)
            value = data[position + 4 : position + 4 + length]
            position += 4 + _padded(length)
            if kind == _WIDE:
                yield name, value.decode("utf-16-le", "replace")
            else:
                # an object begins with the GUID of its interface
                yield name, value[16:] if kind == _OBJECT else value


def _padded(length: int) -> int:
    return length + -length % 4
