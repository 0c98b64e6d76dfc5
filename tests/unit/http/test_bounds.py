"""Answers that never end, come byte by byte, or are too large: how much of them is read, and what the caller is told.

Time is a clock that ticks each time it is read, so nothing here waits for long.
"""

import gzip
import itertools
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.errors import NoAnswerError, TooLargeError, UnreachableError
from connector.http.bounds import TOKEN_BYTES
from connector.http.transport import ServiceClient, Transport
from tests.support.lying import Answer, Asked, LyingServer, reply

MOST = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class Clock:
    """Goes on by a second each time that it is asked."""

    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


@contextmanager
def asking(folder: Path, answer: Callable[[Asked], Answer]) -> Iterator[tuple[LyingServer, ServiceClient]]:
    """A server, and a client of it that waits 10 seconds for a byte, 20 in all, and sends a request twice at most."""
    with (
        LyingServer(folder, answer) as server,
        Transport(
            ca_file=str(server.ca_file), timeout=10, max_attempts=2, sleep=lambda _: None, monotonic=Clock()
        ) as transport,
    ):
        yield server, transport.service("Service", server.url, most=MOST)


def for_ever(first: bytes, piece: bytes) -> Callable[[Asked], Answer]:
    return lambda _: itertools.chain([first], itertools.repeat(piece))


TRICKLES = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (HEAD + b"Content-Length: 100000000\r\n\r\n{", b" "),
    "body without end": (HEAD + b"\r\n{", b" "),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "size of a chunk": (CHUNKED, b"0"),
    "trailer": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"x"),
    "compressed": (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}")[:10], b"\x00"),
}


@pytest.mark.parametrize("kind", TRICKLES)
def test_an_answer_that_trickles_for_ever_is_no_answer_in_time(tmp_path: Path, kind: str) -> None:
    with asking(tmp_path, for_ever(*TRICKLES[kind])) as (server, service):
        with pytest.raises(UnreachableError) as caught:
            service.request("GET", "/x")
        assert len(server.asked) == 2  # the ordinary retries
    if kind != "compressed":  # which may be found broken before
        assert isinstance(caught.value, NoAnswerError)


def test_a_late_answer_to_what_may_have_taken_effect_is_not_asked_for_again(tmp_path: Path) -> None:
    with asking(tmp_path, for_ever(*TRICKLES["body"])) as (server, service):
        with pytest.raises(NoAnswerError):
            service.request("POST", "/x", json={})
        assert len(server.asked) == 1


ENDLESS = {
    "length": (HEAD + b"Content-Length: 4000000000\r\n\r\n", b" " * 65536),
    "no length": (HEAD + b"\r\n", b" " * 65536),
    "chunks": (CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n"),
    "size of a chunk": (CHUNKED, b"0" * 65536),
    "an error": (b"HTTP/1.1 400 Bad\r\n\r\n", b" " * 65536),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "compressed": (HEAD + b"Content-Encoding: gzip\r\n\r\n", b""),
}


@pytest.mark.parametrize(
    ("kind", "stream"), [*((kind, False) for kind in ENDLESS), ("an error", True)], ids=[*ENDLESS, "an error to a file"]
)
def test_an_answer_is_read_up_to_its_largest_size(tmp_path: Path, kind: str, stream: bool) -> None:
    first, piece = ENDLESS[kind]
    answer = for_ever(first, piece) if piece else lambda _: [first, *bomb(64)]
    with patient(tmp_path, answer) as (server, service):
        with pytest.raises(UnreachableError) as caught:
            service.request("GET", "/x", stream=stream)
        assert server.sent < 6 * MOST * len(server.asked)  # what sockets hold included
    if kind not in ("size of a chunk", "interim answers"):
        assert isinstance(caught.value, TooLargeError)
        assert "larger than 1 MB" in str(caught.value)
        assert len(server.asked) == 1  # it would be as large once more


@contextmanager
def patient(folder: Path, answer: Callable[[Asked], Answer]) -> Iterator[tuple[LyingServer, ServiceClient]]:
    """As `asking`, with a clock that stands still: only sizes count."""
    with (
        LyingServer(folder, answer) as server,
        Transport(
            ca_file=str(server.ca_file), max_attempts=2, sleep=lambda _: None, monotonic=lambda: 0.0
        ) as transport,
    ):
        yield server, transport.service("Service", server.url, most=MOST)


def bomb(megabytes: int) -> Iterator[bytes]:
    """Much white space, compressed to a thousandth."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield packer.compress(b"{")
    for _ in range(megabytes):
        yield packer.compress(b" " * MOST)
    yield packer.compress(b"}") + packer.flush()


@pytest.mark.parametrize("length", [MOST - 2, MOST - 1, MOST])
def test_an_answer_of_the_largest_size_is_read(tmp_path: Path, length: int) -> None:
    body = b"{" + b" " * (length - 2) + b"}"
    with patient(tmp_path, lambda _: [reply(body)]) as (_, service):
        assert service.request("GET", "/x").content == body


def test_the_limit_counts_what_comes_out_of_the_compression(tmp_path: Path) -> None:
    body = gzip.compress(b"{" + b" " * (MOST - 2) + b"}")
    with patient(tmp_path, lambda _: [reply(body, headers=["Content-Encoding: gzip"])]) as (_, service):
        assert len(service.request("GET", "/x").content) == MOST
    body = gzip.compress(b"{" + b" " * (MOST - 1) + b"}")
    with (
        patient(tmp_path, lambda _: [reply(body, headers=["Content-Encoding: gzip"])]) as (_, service),
        pytest.raises(TooLargeError),
    ):
        service.request("GET", "/x")


def test_the_next_request_gets_its_answer(tmp_path: Path) -> None:
    answers = iter([for_ever(*TRICKLES["body"]), for_ever(*TRICKLES["headers"]), lambda _: [reply(b"{}")]])
    with asking(tmp_path, lambda asked: next(answers)(asked)) as (_, service):
        with pytest.raises(NoAnswerError):
            service.request("GET", "/x")
        assert service.request("GET", "/x").json() == {}


def test_what_signs_in_is_smaller_than_a_list() -> None:
    assert TOKEN_BYTES <= MOST
