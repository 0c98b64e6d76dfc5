"""A file as it comes is held against what was listed, so that a part of one is never stored as the whole."""

from collections.abc import Iterator

from connector.core.writing.attachments import WantedFile, falls_short
from connector.core.writing.containers import LARGEST, parts_of
from connector.errors import TRIED_AGAIN, MessageError
from connector.ports import Download


class WholeFile:
    """The port Download over another: raises MessageError at its end where it is not the file that was listed."""

    def __init__(self, download: Download, wanted: WantedFile) -> None:
        self._download = download
        self._wanted = wanted

    @property
    def size(self) -> int | None:
        """Its bytes, where the source announced them."""
        return self._download.size

    @property
    def head(self) -> bytes:
        """Its first bytes."""
        return self._download.head

    def __iter__(self) -> Iterator[bytes]:
        """All its bytes. What follows them is not sent where they fall short, so that nothing is stored."""
        read = 0
        for piece in self._download:
            read += len(piece)
            yield piece
        require_whole(self._wanted, read, self._download.head)


def require_whole(wanted: WantedFile, length: int, head: bytes) -> None:
    """Raise MessageError for what cannot be the file that was listed."""
    if falls_short(wanted, length, head):
        raise MessageError(
            f"{length} bytes came of a file that was listed with {wanted.size}",
            code="BROKEN_OFF",
            remedy=TRIED_AGAIN,
            transient=True,
        )


def checked(wanted: WantedFile, answer: bytes | MessageError) -> bytes | MessageError:
    """A small file that was read whole, or why it is not; of one that stands in another, that one was read."""
    if isinstance(answer, MessageError):
        return answer
    try:
        require_whole(wanted, len(answer), answer)
        return answer if wanted.part is None else _taken_out(wanted, answer)
    except MessageError as error:
        return error


class PartFile:
    """The port Download: a file that stands in another one, which is read whole for it. Raises MessageError."""

    def __init__(self, download: Download, wanted: WantedFile) -> None:
        pieces, length = [], 0
        for piece in download:
            pieces.append(piece)
            length += len(piece)
            if length > 2 * LARGEST:
                raise MessageError("The attachment is larger than it was listed", code="TOO_LARGE")
        self._content = _taken_out(wanted, b"".join(pieces))
        self.size: int | None = len(self._content)
        self.head = self._content[:64]

    def __iter__(self) -> Iterator[bytes]:
        """All its bytes."""
        yield self._content


def _taken_out(wanted: WantedFile, content: bytes) -> bytes:
    found = parts_of(content)
    if wanted.part is None or wanted.part >= len(found):
        raise MessageError("It stood in an attachment that is another one now", code="PART_GONE", transient=True)
    return found[wanted.part].content
