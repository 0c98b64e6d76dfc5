"""The door: what is sent again, what is refused, what is counted, what is logged."""

import gc
import socket
import threading
import weakref
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import responses
import structlog.testing
from responses import RequestsMock
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError

from connector.errors import NoAnswerError, ServiceError, UnreachableError, UsageError
from connector.http.answers import served_at, template
from connector.http.transport import ServiceClient, Transport

URL = "https://api.firm.example"


class Pauses(list[float]):
    """Stands in for sleeping."""


class Tokens:
    """A token source that numbers its tokens."""

    def __init__(self) -> None:
        self.number = 1
        self.dropped: list[str] = []

    def token(self) -> str:
        return f"token-{self.number}"

    def drop(self, token: str) -> None:
        self.dropped.append(token)
        self.number += 1


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def transport(pauses: Pauses) -> Iterator[Transport]:
    with Transport(sleep=pauses.append, jitter=lambda: 0.0) as transport:
        yield transport


@pytest.fixture
def service(transport: Transport) -> ServiceClient:
    return transport.service("ServiceClient", URL, counted="/v1", setting="named_credentials.Service.url")


@pytest.fixture
def wire() -> Iterator[RequestsMock]:
    with RequestsMock() as wire:
        yield wire


class Sent:
    """What a request sends: an object that a test can watch going away."""

    def __enter__(self) -> None:
        """Nothing is sent."""

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def __call__(self) -> "Sent":
        return self


def all_request_exceptions() -> list[type[requests.RequestException]]:
    found: list[type[requests.RequestException]] = []
    waiting = [requests.RequestException]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += [sub for sub in kind.__subclasses__() if sub.__module__.startswith("requests")]
    return found


def failing(kind: type[requests.RequestException]) -> requests.RequestException:
    """An instance; JSONDecodeError alone wants arguments."""
    return kind("m", "doc", 0) if issubclass(kind, requests.JSONDecodeError) else kind("reason")  # type: ignore[arg-type]


def test_waits_as_long_as_retry_after_says(service: ServiceClient, wire: RequestsMock, pauses: Pauses) -> None:
    wire.get(f"{URL}/v1/x", status=429, headers={"Retry-After": "7"})
    wire.get(f"{URL}/v1/x", json={"ok": True})
    assert service.request("GET", "/v1/x").json() == {"ok": True}
    assert pauses == [7.0]


def test_a_retry_after_date_counts_from_the_answers_own_date(
    service: ServiceClient, wire: RequestsMock, pauses: Pauses
) -> None:
    dates = {"Date": "Sun, 22 Nov 2026 10:00:00 GMT", "Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT"}
    wire.get(f"{URL}/v1/x", status=503, headers=dates)
    wire.get(f"{URL}/v1/x", json={})
    service.request("GET", "/v1/x")
    assert pauses == [30.0]


def test_attempts_are_bounded_and_the_last_answer_is_given_back(service: ServiceClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1/x", status=503)
    assert service.request("GET", "/v1/x").status_code == 503
    assert service.calls == 5
    assert service.attempts == 5


def test_the_waits_of_one_request_are_bounded_together(wire: RequestsMock, pauses: Pauses) -> None:
    with Transport(sleep=pauses.append, max_wait=100, max_attempts=20, jitter=lambda: 0.0) as transport:
        wire.get(f"{URL}/v1/x", status=429, headers={"Retry-After": "40"})
        assert transport.service("ServiceClient", URL).request("GET", "/v1/x").status_code == 429
    assert sum(pauses) <= 100
    assert pauses == [40.0, 40.0]


@pytest.mark.parametrize(
    ("status", "idempotent", "attempts"),
    [(500, None, 1), (500, True, 2), (502, None, 1), (504, True, 2), (503, None, 2), (429, False, 2), (400, True, 1)],
)
def test_a_post_goes_again_where_that_does_no_harm(
    service: ServiceClient, wire: RequestsMock, status: int, idempotent: bool | None, attempts: int
) -> None:
    wire.post(f"{URL}/v1/x", status=status)
    if attempts > 1:
        wire.post(f"{URL}/v1/x", json={})
    service.request("POST", "/v1/x", json={}, idempotent=idempotent)
    assert service.calls == attempts


def test_a_lost_connection_is_final_for_what_may_have_taken_effect(service: ServiceClient, wire: RequestsMock) -> None:
    wire.post(f"{URL}/v1/x", body=requests.ConnectionError("reset"))
    with pytest.raises(UnreachableError, match="connection was lost"):
        service.request("POST", "/v1/x", json={})
    assert service.calls == 1


def test_a_lost_connection_is_tried_again_for_keyed_rows(service: ServiceClient, wire: RequestsMock) -> None:
    wire.post(f"{URL}/v1/x", body=requests.ConnectionError("reset"))
    wire.post(f"{URL}/v1/x", body=requests.exceptions.ChunkedEncodingError("cut"))
    wire.post(f"{URL}/v1/x", json={})
    assert service.request("POST", "/v1/x", json={}, idempotent=True).status_code == 200
    assert service.attempts == 3


def test_a_refused_connection_was_never_sent_so_even_a_post_is_tried_again(
    transport: Transport, pauses: Pauses
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = transport.service(
        "ServiceClient", f"https://127.0.0.1:{port}", counted="/v1", setting="named_credentials.X.url"
    )
    with pytest.raises(UnreachableError, match="connection was refused") as caught:
        service.request("POST", "/v1/x", json={})
    assert caught.value.where == f"127.0.0.1:{port}"
    assert "named_credentials.X.url" in caught.value.remedy
    assert len(pauses) == service.calls - 1 == 4


@pytest.mark.parametrize("kind", all_request_exceptions(), ids=lambda kind: kind.__name__)
def test_every_exception_of_requests_becomes_unreachable(
    service: ServiceClient, wire: RequestsMock, kind: type[requests.RequestException]
) -> None:
    wire.get(f"{URL}/v1/x", body=failing(kind))
    with pytest.raises(UnreachableError) as caught:
        service.request("GET", "/v1/x")
    assert caught.value.where == "api.firm.example"
    assert caught.value.remedy
    assert isinstance(caught.value, NoAnswerError) == issubclass(kind, requests.Timeout)


def test_a_connection_that_never_came_about_leaves_nothing_under_way(
    service: ServiceClient, wire: RequestsMock
) -> None:
    """As requests raises it where a firewall drops packets: an impatient request is tried again like any other."""
    pool = HTTPSConnectionPool("api.firm.example")
    cause = MaxRetryError(pool, "/v1/x", ConnectTimeoutError(pool, "timed out"))
    wire.post(f"{URL}/v1/x", body=requests.ConnectTimeout(cause))
    with pytest.raises(UnreachableError) as caught:
        service.request("POST", "/v1/x", json={}, idempotent=False, patient=False)
    assert not isinstance(caught.value, NoAnswerError)
    assert "firewall" in caught.value.remedy
    assert service.calls > 1


def test_an_impatient_request_is_not_repeated_after_a_timeout(service: ServiceClient, wire: RequestsMock) -> None:
    wire.post(f"{URL}/v1/x", body=requests.ReadTimeout("slow"))
    with pytest.raises(NoAnswerError):
        service.request("POST", "/v1/x", json={}, idempotent=True, patient=False)
    assert service.calls == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_of_the_server_is_told_at_once_to_who_asks_once(
    service: ServiceClient, wire: RequestsMock, status: int
) -> None:
    wire.get(f"{URL}/v1/x", status=status, json={})
    assert service.request("GET", "/v1/x", once=True).status_code == status
    assert len(wire.calls) == 1


def test_what_is_no_json_is_told_at_once_to_who_asks_once(service: ServiceClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1/x", body="<html>busy</html>")
    with pytest.raises(UnreachableError):
        service.request("GET", "/v1/x", once=True)
    assert len(wire.calls) == 1


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", '{"value": [1, 2', "upstream error"])
def test_a_good_status_with_a_body_that_is_not_json_is_tried_again(
    service: ServiceClient, wire: RequestsMock, body: str
) -> None:
    wire.get(f"{URL}/v1/x", body=body)
    wire.get(f"{URL}/v1/x", json={"value": []})
    assert service.request("GET", "/v1/x").json() == {"value": []}


def test_a_page_instead_of_an_answer_is_said(service: ServiceClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1/x", body="<html>")
    with pytest.raises(UnreachableError, match="not JSON"):
        service.request("GET", "/v1/x")


def test_other_bodies_are_fine_where_they_are_expected(service: ServiceClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1/x/$count", body="17")
    assert service.request("GET", "/v1/x/$count", any_body=True).text == "17"


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/v1/x", "http://api.firm.example/v1/x", "https://api.firm.example:8443/v1", "//e.example"],
)
def test_another_host_is_never_asked(service: ServiceClient, wire: RequestsMock, url: str) -> None:
    with pytest.raises(ServiceError, match="another host"):
        service.request("GET", url)
    assert service.calls == 0


def test_a_redirect_is_not_followed(service: ServiceClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1/x", status=302, headers={"Location": "https://evil.example/"})
    assert service.request("GET", "/v1/x").status_code == 302


def test_a_refused_token_is_dropped_and_the_request_sent_once_more(transport: Transport, wire: RequestsMock) -> None:
    tokens = Tokens()
    service = transport.service("ServiceClient", URL, token=tokens)
    wire.get(f"{URL}/v1/x", status=401, match=[responses.matchers.header_matcher({"Authorization": "Bearer token-1"})])
    wire.get(
        f"{URL}/v1/x",
        json={},
        match=[responses.matchers.header_matcher({"Authorization": "Bearer token-2", "Prefer": "a"})],
    )
    assert service.request("GET", "/v1/x", headers={"Prefer": "a"}).status_code == 200
    assert tokens.dropped == ["token-1"]


def test_a_second_refusal_is_handed_back(transport: Transport, wire: RequestsMock) -> None:
    tokens = Tokens()
    wire.get(f"{URL}/v1/x", status=401)
    assert transport.service("ServiceClient", URL, token=tokens).request("GET", "/v1/x").status_code == 401
    assert len(wire.calls) == 2


def test_only_requests_below_the_counted_path_are_calls(service: ServiceClient, wire: RequestsMock) -> None:
    wire.post(f"{URL}/token", json={})
    wire.get(f"{URL}/v1/x", json={})
    service.request("POST", "/token", data={"a": "b"})
    service.request("GET", "/v1/x")
    assert service.calls == 1


def test_no_more_requests_are_in_flight_than_workers(pauses: Pauses) -> None:
    room_left: list[bool] = []
    two = threading.Barrier(2, timeout=30)

    def answer(_request: Any) -> tuple[int, dict[str, str], str]:
        # between the two, exactly two requests are in flight
        two.wait()
        room_left.append(transport.in_flight.acquire(blocking=False))
        two.wait()
        return 200, {}, "{}"

    with (
        Transport(sleep=pauses.append, workers=2) as transport,
        RequestsMock() as wire,
        ThreadPoolExecutor(6) as pool,
    ):
        wire.add_callback("GET", f"{URL}/v1/x", callback=answer)
        service = transport.service("ServiceClient", URL)
        list(pool.map(lambda _: service.request("GET", "/v1/x"), range(6)))
    assert room_left == [False] * 6


def test_a_lent_session_goes_through_the_door(service: ServiceClient, wire: RequestsMock) -> None:
    wire.post(f"{URL}/v1/x", status=503)
    wire.post(f"{URL}/v1/x", json={"ok": 1})
    session = service.session(idempotent=True)
    answer = session.post(f"{URL}/v1/x", data={"a": "1"}, params={"b": "2"}, headers={"c": "3"}, verify=False)
    assert answer.json() == {"ok": 1}
    assert service.calls == 2
    with pytest.raises(ServiceError, match="another host"):
        session.get("https://evil.example/")


def test_what_is_logged_names_no_person_and_no_query(service: ServiceClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1/users/ann@firm.example/messages", json={})
    with structlog.testing.capture_logs() as lines:
        service.request("GET", "/v1/users/ann@firm.example/messages", params={"$search": "bob@client.example"})
    [line] = lines
    assert line["path"] == "/v1/users/{id}/messages"
    assert (line["method"], line["status"], line["service"]) == ("GET", 200, "ServiceClient")
    assert "example" not in str({key: value for key, value in line.items() if key != "service"})


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1.0/users/7f866e6a-7f07-4ea3-ac36-ed53f1f1daa3/messages", "/v1.0/users/{id}/messages"),
        ("/v1.0/users('ann@firm.example')/mailFolders", "/v1.0/users({id})/mailFolders"),
        (
            "/services/data/v66.0/sobjects/Organization/00DHn00005bqiscMAA",
            "/services/data/v66.0/sobjects/Organization/{id}",
        ),
        ("/v1.0/$batch", "/v1.0/$batch"),
        ("/services/data/v66.0/composite", "/services/data/v66.0/composite"),
    ],
)
def test_template(path: str, shown: str) -> None:
    assert template(path) == shown


def test_the_user_agent_and_the_timeout_are_always_there(service: ServiceClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1/x", json={})
    service.request("GET", "/v1/x")
    [call] = wire.calls
    assert call.request.headers["User-Agent"].startswith("m365sync/")
    assert call.request.req_kwargs["timeout"] == 60  # type: ignore[attr-defined]


def test_served_at_reads_the_date() -> None:
    answer = requests.Response()
    assert served_at(answer) is None
    answer.headers["Date"] = "not a date"
    assert served_at(answer) is None
    answer.headers["Date"] = "Sun, 22 Nov 2026 10:00:00 GMT"
    found = served_at(answer)
    assert found is not None
    assert found.isoformat() == "2026-11-22T10:00:00+00:00"


def test_an_unreadable_authority_file_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"tls\.ca_file"):
        Transport(ca_file="/nowhere/ca.pem")


class Pieces:
    """A body in two pieces that counts how often it was opened."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.opened = 0
        self.closed = 0
        self.breaks = breaks

    @contextmanager
    def __call__(self) -> Iterator[Iterable[bytes]]:
        self.opened += 1
        try:
            yield self._pieces()
        finally:
            self.closed += 1

    def _pieces(self) -> Iterator[bytes]:
        yield b"one "
        if self.breaks:
            raise ServiceError("the source broke off")
        yield b"two"


def test_a_body_is_opened_anew_for_each_attempt(service: ServiceClient, wire: RequestsMock) -> None:
    sent: list[bytes] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        sent.append(b"".join(request.body))  # type: ignore[arg-type]
        return (503 if len(sent) == 1 else 201), {}, "{}"

    wire.add_callback("POST", f"{URL}/v1/files", callback=answer)
    pieces = Pieces()
    assert service.request("POST", "/v1/files", body=pieces).status_code == 201
    assert sent == [b"one two", b"one two"]
    assert (pieces.opened, pieces.closed) == (2, 2)


def test_a_body_that_cannot_be_read_ends_the_request(
    service: ServiceClient, wire: RequestsMock, pauses: Pauses
) -> None:
    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        list(request.body)  # type: ignore[arg-type]
        return 201, {}, "{}"

    wire.add_callback("POST", f"{URL}/v1/files", callback=answer)
    pieces = Pieces(breaks=True)
    with pytest.raises(ServiceError, match="the source broke off"):
        service.request("POST", "/v1/files", body=pieces, idempotent=True)
    assert (pieces.opened, pieces.closed, pauses) == (1, 1, [])


def test_what_a_request_sent_goes_away_with_it(service: ServiceClient, wire: RequestsMock) -> None:
    """It may be megabytes of files, and garbage is collected late."""
    wire.post(f"{URL}/v1/x", json={})
    sent = Sent()
    still = weakref.ref(sent)
    gc.disable()
    try:
        service.request("POST", "/v1/x", body=sent)
        wire.calls.reset()
        del sent
        assert still() is None
    finally:
        gc.enable()
