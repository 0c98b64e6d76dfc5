"""The contents of attachments: kept in pieces, so that a large file is read and sent in constant memory."""

import binascii
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from m365sandbox.graph.data.store import Store
from m365sandbox.mail.recipe import FileRecipe, file_of

#: A whole number of base64 lines (57 bytes make 76 characters), so that encoded pieces join without a seam.
PIECE = 57 * 2**13
#: Answers with larger contents are sent as they are read.
STREAMED = 1_000_000
# The position of a recipe, which has no pieces beside it.
_RECIPE = -1


class FileGoneError(LookupError):
    """A file was deleted while it was being sent."""


def save(store: Store, attachment: int, content: str | bytes | FileRecipe) -> None:
    """Keep a file's content, given as base64, as the bytes themselves, or as the way to make them."""
    if isinstance(content, FileRecipe):
        store.execute("INSERT INTO files VALUES (?,?,?)", (attachment, _RECIPE, content.packed()))
        return
    for position, piece in enumerate(pieces_of(content)):
        store.execute("INSERT INTO files VALUES (?,?,?)", (attachment, position, piece))


def pieces_of(content: str | bytes) -> Iterator[bytes]:
    """The bytes in pieces; nothing of a large content is copied as a whole."""
    if isinstance(content, bytes):
        for at in range(0, len(content), PIECE):
            yield content[at : at + PIECE]
        return
    step = PIECE // 3 * 4
    for at in range(0, len(content), step):
        yield binascii.a2b_base64(content[at : at + step])


def read(store: Store, attachment: int, size: int) -> Iterator[bytes]:
    """A file's content in pieces. Raises FileGoneError where it is deleted meanwhile."""
    made = store.rows("SELECT bytes FROM files WHERE attachment=? AND position=?", (attachment, _RECIPE))
    if made:
        yield from file_of(made[0][0]).pieces(PIECE)
        return
    for position in range(-(-size // PIECE)):
        rows = store.rows("SELECT bytes FROM files WHERE attachment=? AND position=?", (attachment, position))
        if not rows:
            raise FileGoneError(attachment)
        yield rows[0][0]


def encoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same in base64, on one line."""
    return (b64encode(piece) for piece in pieces)


def encoded_size(size: int) -> int:
    """How long `encoded` gets."""
    return -(-size // 3) * 4


def size_of(content: str | bytes | FileRecipe) -> int:
    """How many bytes a content has."""
    if isinstance(content, FileRecipe):
        return content.size
    if isinstance(content, bytes):
        return len(content)
    return len(content) // 4 * 3 - content[-2:].count("=")


def is_content(value: Any) -> bool:
    """Whether it is base64 as JSON has it, or the bytes themselves."""
    if isinstance(value, bytes):
        return True
    if not isinstance(value, str) or not value.isascii() or len(value) % 4 or "=" in value[:-2]:
        return False
    step = PIECE // 3 * 4
    try:
        for at in range(0, len(value), step):
            binascii.a2b_base64(value[at : at + step], strict_mode=True)
    except binascii.Error:
        return False
    return True
