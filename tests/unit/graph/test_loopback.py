"""The way back from a sign-in: only what brings its state counts, and nobody holds it up."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests

from connector.errors import SignInError
from connector.graph.loopback import SignInListener, listening

STUCK = 30


@pytest.fixture
def listener() -> Iterator[SignInListener]:
    with listening() as made:
        yield made


@pytest.fixture
def waiting(listener: SignInListener) -> Iterator["Future[dict[str, str]]"]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(listener.wait, STUCK, state="right")
        with contextlib.suppress(requests.RequestException):
            get(listener, "/?state=right&code=end")


def get(listener: SignInListener, path: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(listener.address + path, timeout=STUCK).status_code


def test_the_answer_with_the_state_is_taken(listener: SignInListener, waiting: "Future[dict[str, str]]") -> None:
    assert get(listener, "/?state=right&code=c") == 200
    assert waiting.result(STUCK) == {"state": "right", "code": "c"}


def test_a_wrong_state_does_not_end_the_sign_in(listener: SignInListener, waiting: "Future[dict[str, str]]") -> None:
    for path in (
        "/?state=wrong&code=evil",
        "/?state=&code=evil",
        "/?code=evil",
        "/?state=right%00&code=evil",
        "/favicon.ico",
        "/x?state=right",
        "/?state=%ff%ff",
        "//?",
        "/?" + "a=b&" * 2000,
    ):
        assert get(listener, path) == 404, path
    assert not waiting.done()
    assert get(listener, "/?state=right&error=access_denied") == 200
    assert waiting.result(STUCK)["error"] == "access_denied"


def test_who_hangs_up_or_says_nothing_holds_nobody_up_and_leaves_no_trace(
    listener: SignInListener, waiting: "Future[dict[str, str]]", capfd: pytest.CaptureFixture[str]
) -> None:
    silent = [socket.create_connection(("127.0.0.1", listener.server_port)) for _ in range(5)]
    for sent in (b"", b"GET /?state=right", b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 70_000):
        with socket.create_connection(("127.0.0.1", listener.server_port)) as one:
            one.sendall(sent)
            # a reset instead of an end
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    assert get(listener, "/?state=right&code=c") == 200
    assert waiting.result(STUCK)["code"] == "c"
    for one in silent:
        one.close()
    told = capfd.readouterr()
    assert "Traceback" not in told.err + told.out


def test_who_does_not_come_in_time_is_told(listener: SignInListener) -> None:
    with pytest.raises(SignInError, match="within the time"):
        listener.wait(0.01, state="right")


def test_before_it_is_waited_for_nothing_counts(listener: SignInListener) -> None:
    thread = threading.Thread(target=listener.handle_request, daemon=True)
    thread.start()
    assert get(listener, "/?state=&code=c") == 404
    thread.join(STUCK)
    assert listener.returned is None
