"""Ids of the forms that Exchange Online gives out, decoded from published samples; all are base64url with padding.

Ids that differ in one counter may differ only in the case of one letter, as real ones do.
"""

import base64
import binascii
import hashlib
import uuid

_PROVIDER = bytes.fromhex("1d840311aa6611cd9bc800aa002f845a")
_IMMUTABLE_HEADER = bytes.fromhex("0009002e00")
_ITEM_BYTES = 113
_FOLDER_BYTES = 89
_IMMUTABLE_BYTES = 51
_ATTACHMENT_BYTES = 21
_ENTRY_AT = 43


class Mint:
    """Makes the ids of one mailbox, given its GUID. Counters must not repeat within the mailbox."""

    def __init__(self, mailbox_id: str) -> None:
        self._owner = mailbox_id.encode("ascii")
        self._replica = hashlib.md5(self._owner, usedforsecurity=False).digest()

    def folder(self, counter: int) -> str:
        """A folder id: 120 characters, constant for the folder's life."""
        entry = bytes(4) + _PROVIDER + b"\x01\x00" + self._global(counter) + bytes(2)
        return _text(b"\x00\x03\x24\x00" + self._owner + b"\x00\x2e\x00" + entry)

    def message(self, folder: int, counter: int) -> str:
        """A message's ordinary id: 152 characters, naming the folder, hence another after a move."""
        entry = bytes(4) + _PROVIDER + b"\x07\x00" + self._global(folder) + bytes(2) + self._global(counter) + bytes(2)
        return _text(b"\x00\x03\x24\x00" + self._owner + b"\x00\x46\x00" + entry)

    def immutable(self, counter: int) -> str:
        """A message's immutable id: 68 characters, the same in every folder of the mailbox."""
        entry = bytes(4) + _PROVIDER + b"\x0d\x00" + self._global(counter) + bytes(2)
        return _text(_IMMUTABLE_HEADER + entry)

    def conversation(self, root: bytes) -> str:
        """The id of a conversation in this mailbox, from the 16 bytes that name the thread everywhere."""
        return _text(b"\x00\x04\x24\x00" + self._owner + b"\x00\x10\x00" + root)

    def change_key(self, counter: int) -> str:
        """A changeKey: 40 characters, another after each change."""
        return base64.b64encode(b"\x09\x00\x00\x00\x16\x00\x00\x00" + self._global(counter)).decode()

    def _global(self, counter: int) -> bytes:
        return self._replica + counter.to_bytes(6, "big")


def attachment_id(message_id: str, counter: int) -> str:
    """An attachment's id begins as its message's does."""
    raw = base64.urlsafe_b64decode(message_id)
    digest = hashlib.md5(counter.to_bytes(8, "big"), usedforsecurity=False).digest()
    return _text(raw + b"\x01\x12\x00\x10\x00" + digest)


def attachment_id_in(message_id: str, attachment: str) -> str:
    """The id that an attachment has while its message has this one."""
    return _text(base64.urlsafe_b64decode(message_id) + base64.urlsafe_b64decode(attachment)[-_ATTACHMENT_BYTES:])


def placeholder_id(attachment_id: str) -> str:
    """The id of what stands in an attachment's place until it has been scanned."""
    raw = base64.urlsafe_b64decode(attachment_id)
    return _text(raw[:-16] + hashlib.md5(raw[-16:], usedforsecurity=False).digest())


def is_item_id(text: str) -> bool:
    """Whether this can be a message's id, of either kind."""
    raw = _bytes(text)
    return len(raw) in (_ITEM_BYTES, _IMMUTABLE_BYTES)


def is_folder_id(text: str) -> bool:
    """Whether this can be a folder's id."""
    return len(_bytes(text)) == _FOLDER_BYTES


def is_attachment_id(text: str) -> bool:
    """Whether this can be an attachment's id, of either kind."""
    return len(_bytes(text)) - _ATTACHMENT_BYTES in (_ITEM_BYTES, _IMMUTABLE_BYTES)


def entry_of(identifier: str) -> bytes:
    """The MAPI entry id inside an id: what follows the mailbox, or the header of an immutable one."""
    raw = base64.urlsafe_b64decode(identifier)
    return raw[len(_IMMUTABLE_HEADER) :] if len(raw) == _IMMUTABLE_BYTES else raw[_ENTRY_AT:]


def id_of_entry(mailbox_id: str, entry: bytes) -> str:
    """The id whose entry id this is, in this mailbox."""
    if len(entry) == _IMMUTABLE_BYTES - len(_IMMUTABLE_HEADER) and entry[20:22] == b"\x0d\x00":
        return _text(_IMMUTABLE_HEADER + entry)
    kind = b"\x00" + len(entry).to_bytes(1, "big") + b"\x00"
    return _text(b"\x00\x03\x24\x00" + mailbox_id.encode("ascii") + kind + entry)


def thread_root(message_id: str) -> bytes:
    """The 16 bytes that name a thread in every mailbox, from the Message-ID it began with."""
    return uuid.uuid5(uuid.NAMESPACE_URL, message_id.strip()).bytes


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, ValueError):
        return b""
