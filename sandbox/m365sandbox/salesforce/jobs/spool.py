"""Data of jobs on its way: in memory while it is small, in a temporary file once it is not."""

import tempfile
import weakref
from collections.abc import Iterator
from typing import BinaryIO

_IN_MEMORY_BYTES = 256 * 1024
_CHUNK_BYTES = 64 * 1024
_LONGEST_LINE = 4 * 2**20


class Spool:
    """Bytes that are written once, from the front, and read in parts; `close`, or its own end, lets go of them."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - see below
        self.close = weakref.finalize(self, self._file.close)
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add at the end."""
        self._file.seek(self.size)
        self._file.write(data)
        self.size += len(data)

    def fill(self, source: BinaryIO, limit: int) -> bool:
        """Take all of a file over. False where it holds more than `limit` bytes."""
        while chunk := source.read(_CHUNK_BYTES):
            if self.size + len(chunk) > limit:
                return False
            self.write(chunk)
        return True

    def lines(self) -> Iterator[bytes]:
        """The data line by line; a line that is far too long comes in pieces."""
        rest = b""
        for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line + b"\n"
            if len(rest) > _LONGEST_LINE:
                yield rest
                rest = b""
        if rest:
            yield rest

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """A part of the data."""
        self._file.seek(start)
        return self._file.read((self.size if end is None else end) - start)

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """A part of the data, in pieces. LookupError once the spool is closed."""
        end = self.size if end is None else end
        while start < end:
            if self._file.closed:
                raise LookupError("the job is gone")
            piece = self.read(start, min(end, start + _CHUNK_BYTES))
            start += len(piece)
            yield piece
