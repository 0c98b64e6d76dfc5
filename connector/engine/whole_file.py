"""A file as it comes is held against what was listed, so that a part of one is never stored as the whole."""

from collections.abc import Iterator

from connector.core.writing.attachments import WantedFile, falls_short
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
    """A small file that was read whole, or why it is not."""
    if isinstance(answer, MessageError):
        return answer
    try:
        require_whole(wanted, len(answer), answer)
    except MessageError as error:
        return error
    return answer
