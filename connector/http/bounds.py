"""How long an answer may take as a whole, and how large it may be: what requests and urllib3 do not bound.

Their timeout is the longest silence, so a service that sends a byte now and then would hold a thread for ever; and a
body, a header line or a decompressed page may have any size. `AnswerBound` is asked before every read of the socket,
from the first byte of the status line on; `whole` collects a body, and counts it as it is after decompression.
"""

import http.client
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import requests
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import ReadTimeoutError

from connector.http.failures import LargeAnswerError, causes

#: the largest body of an answer, by kind: JSON (a page of a list, bodies of a $batch, rows), and what signs in
JSON_BYTES = 32 * 1024 * 1024
TOKEN_BYTES = 1024 * 1024
#: the largest file that is passed on: no ContentVersion holds more
FILE_BYTES = 2 * 1024 * 1024 * 1024
#: status line, headers, sizes of chunks
_AROUND = 1024 * 1024
_PIECE = 256 * 1024


class AnswerBound:
    """The limits of one answer. `silence`: the longest time without a byte; `seconds`: the longest time in all;
    `most`: the largest body that is held in memory, `passed` one that is passed on."""

    def __init__(
        self, *, silence: float, seconds: float, most: int, passed: int = 0, monotonic: Callable[[], float]
    ) -> None:
        self._silence = silence
        self._seconds = seconds
        self._monotonic = monotonic
        self._most = most
        self._end: float | None = None
        self._limit = max(most, passed)
        self._left = self._limit + _AROUND

    def begin(self) -> None:
        """The answer is waited for from now on: what was sent took as long as it had to."""
        self._end = self._monotonic() + self._seconds

    def patience(self) -> float:
        """How long the next read may wait. Raises TimeoutError where the time is over."""
        if self._end is None:
            return self._silence
        left = self._end - self._monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long as a whole")
        return min(left, self._silence)

    def came(self, count: int) -> None:
        """Count what came over the wire. Raises LargeAnswerError where no body within the limit needs so much."""
        if self._end is not None:
            self._left -= count
            if self._left < 0:
                raise _too_large(self._limit)

    def _hold(self, size: int) -> None:
        """Check the size of a body so far, and the time. Raises LargeAnswerError, TimeoutError."""
        if size > self._most:
            raise _too_large(self._most)
        self.patience()

    def whole(self, answer: requests.Response) -> None:
        """Read the body into `answer`. Raises LargeAnswerError, ReadTimeout, and what requests raises."""
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in answer.iter_content(_PIECE):
                size += len(piece)
                self._hold(size)
                pieces.append(piece)
        except BaseException as error:
            answer.close()
            for cause in causes(error):
                if isinstance(cause, LargeAnswerError):  # within what urllib3 and requests made of it
                    raise cause from error
                if isinstance(cause, TimeoutError | ReadTimeoutError):
                    # requests calls a body that stops coming a lost connection
                    raise requests.ReadTimeout(str(cause)) from error
            raise
        # what `content` and `json` give from now on; requests keeps a body that it reads itself in the same place
        answer._content = b"".join(pieces)


def _too_large(limit: int) -> LargeAnswerError:
    return LargeAnswerError(f"the answer is larger than {limit // (1024 * 1024)} MB")


_BOUND: ContextVar[AnswerBound | None] = ContextVar("bound", default=None)


@contextmanager
def bounded(bound: AnswerBound) -> Iterator[None]:
    """Answers that this thread waits for meanwhile are held to `bound`."""
    before = _BOUND.set(bound)
    try:
        yield
    finally:
        _BOUND.reset(before)


class _TimedReader(io.RawIOBase):
    """The bytes of a socket; each read waits no longer than the bound allows."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, bound: AnswerBound) -> None:
        self._raw = raw
        self._sock = sock
        self._bound = bound

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """What has come, as soon as anything has. Raises TimeoutError, LargeAnswerError."""
        self._sock.settimeout(self._bound.patience())
        count: int | None = self._raw.readinto(buffer)
        self._bound.came(count or 0)
        return count

    def close(self) -> None:
        """Give the socket back."""
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    """An answer of http.client, whose status line and headers are bounded too."""

    def __init__(self, sock: socket.socket, *args: Any, **how: Any) -> None:
        super().__init__(sock, *args, **how)
        bound = _BOUND.get()
        if bound is not None:
            bound.begin()
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_TimedReader(raw, sock, bound))


class _BoundedConnection(HTTPSConnection):
    response_class = _BoundedResponse


class BoundedPool(HTTPSConnectionPool):
    """Connections whose answers are held to the bound of the thread that waits for them."""

    ConnectionCls = _BoundedConnection
