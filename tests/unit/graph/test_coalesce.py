"""Requests that many threads make at one time, bundled: each thread gets its own answer, or an error of its own."""

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import MailboxError, ServiceError, SignInError, UnreachableError
from connector.graph.batch import LIMIT, SubRequest, SubResponse
from connector.graph.coalesce import Coalescer

STUCK = 30
SERVED = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ask(user: str, number: int = 0) -> SubRequest:
    return SubRequest(user, f"/users/{user}/{number}", "p")


def answer(request: SubRequest) -> SubResponse:
    return SubResponse(200, {"url": request.url})


class Graph:
    """Answers like GraphClient. The first request is kept waiting until `open` is set."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.reached = threading.Event()
        self.sent: list[list[str]] = []
        self.failing: set[str] = set()
        self.error: BaseException | None = None
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def try_get_at(self, user: str, url: str, *, prefer: str, **_: Any) -> tuple[SubResponse, datetime]:
        self._send([url])
        return SubResponse(200, {"url": url.removeprefix("/v1.0")}), SERVED

    def try_batch(self, wanted: Sequence[SubRequest]) -> tuple[list[SubResponse | None], datetime]:
        self._send([request.url for request in wanted])
        return [None if request.url in self.failing else answer(request) for request in wanted], SERVED

    def _send(self, urls: list[str]) -> None:
        with self._lock:
            self.sent.append(urls)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            first, error = len(self.sent) == 1, self.error
        try:
            if first:
                self.reached.set()
                assert self.open.wait(STUCK)
            elif error is not None:
                raise error
        finally:
            with self._lock:
                self.at_once -= 1


class Watched(Coalescer):
    """Counts the threads that stand in the queue."""

    def __init__(self, graph: Graph, **how: int) -> None:
        super().__init__(graph, **how)  # type: ignore[arg-type]
        self.queued = threading.Semaphore(0)

    def _wait(self, ticket: Any) -> None:
        self.queued.release()
        super()._wait(ticket)


def behind_one(
    graph: Graph, requests: Sequence[SubRequest], *, per_mailbox: int = 3, senders: int = 1
) -> list[Future[tuple[SubResponse, datetime]]]:
    """Ask for one, and while that is on its way for all the others; then let the first go."""
    coalescer = Watched(graph, per_mailbox=per_mailbox, senders=senders)
    with ThreadPoolExecutor(max_workers=len(requests) + 1) as pool:
        first = pool.submit(coalescer.ask, ask("first"))
        assert graph.reached.wait(STUCK)
        others = []
        for number, request in enumerate(requests):
            # one after the other, so that their order is known
            assert coalescer.queued.acquire(timeout=STUCK), number
            others.append(pool.submit(coalescer.ask, request))
        assert coalescer.queued.acquire(timeout=STUCK)
        graph.open.set()
        return [first, *others]


def test_a_request_that_comes_alone_is_a_plain_one() -> None:
    graph = Graph()
    graph.open.set()
    coalescer = Coalescer(graph, per_mailbox=3)  # type: ignore[arg-type]
    for number in range(3):
        assert coalescer.ask(ask("ada", number)) == (answer(ask("ada", number)), SERVED)
    assert graph.sent == [[f"/v1.0/users/ada/{number}"] for number in range(3)]


def test_what_has_to_wait_goes_together_and_each_gets_its_own_answer() -> None:
    graph = Graph()
    requests = [ask(f"user{number}") for number in range(25)]
    first, *others = behind_one(graph, requests)
    assert first.result()[0] == answer(ask("first"))
    assert [future.result() for future in others] == [(answer(request), SERVED) for request in requests]
    assert [len(urls) for urls in graph.sent] == [1, LIMIT, 5]
    assert graph.sent[1] == [request.url for request in requests[:LIMIT]]  # oldest first


def test_a_bundle_asks_a_mailbox_only_so_often() -> None:
    graph = Graph()
    requests = [ask("ada", number) for number in range(7)] + [ask("bob", number) for number in range(2)]
    for future, request in zip(behind_one(graph, requests)[1:], requests, strict=True):
        assert future.result()[0] == answer(request)
    counts = [Counter(url.split("/")[-2] for url in urls) for urls in graph.sent[1:]]
    assert counts == [{"ada": 3, "bob": 2}, {"ada": 3}, {"ada": 1}]


def test_what_failed_inside_a_bundle_is_asked_again_alone() -> None:
    graph = Graph()
    requests = [ask(f"user{number}") for number in range(4)]
    graph.failing = {requests[1].url, requests[3].url}
    for future, request in zip(behind_one(graph, requests)[1:], requests, strict=True):
        assert future.result()[0] == answer(request)
    assert len(graph.sent[1]) == 4
    assert sorted(graph.sent[2:]) == [[f"/v1.0{requests[1].url}"], [f"/v1.0{requests[3].url}"]]


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("Graph is away", where="graph", remedy="Wait."),
        SignInError("no", code="X"),
        KeyboardInterrupt(),
        RuntimeError("bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_reaches_all_that_wait_each_with_an_object_of_its_own(error: BaseException) -> None:
    graph = Graph()
    graph.error = error
    first, *others = behind_one(graph, [ask(f"user{number}") for number in range(6)])
    assert first.exception() is None
    raised = [future.exception() for future in others]
    assert len({id(each) for each in raised}) == len(raised)
    for each in raised:
        assert type(each) is type(error)
        assert str(each) == str(error)
        assert getattr(each, "code", None) == getattr(error, "code", None)
        assert each is not None
        assert each.__cause__ is error


def test_after_an_error_the_next_are_answered() -> None:
    graph = Graph()
    graph.error = ServiceError("away")
    graph.open.set()
    coalescer = Coalescer(graph, per_mailbox=3, senders=1)  # type: ignore[arg-type]
    coalescer.ask(ask("ada"))
    for _ in range(3):
        with pytest.raises(ServiceError):
            coalescer.ask(ask("ada"))
    graph.error = None
    assert coalescer.ask(ask("ada", 9))[0] == answer(ask("ada", 9))


def test_an_error_of_one_that_asks_alone_is_its_own() -> None:
    graph = Graph()
    graph.error = MailboxError("denied", code="ACCESS_DENIED")
    graph.open.set()
    coalescer = Coalescer(graph, per_mailbox=3)  # type: ignore[arg-type]
    coalescer.ask(ask("ada"))
    with pytest.raises(MailboxError, match="denied") as caught:
        coalescer.ask(ask("ada"))
    assert caught.value.code == "ACCESS_DENIED"


@pytest.mark.parametrize("senders", [1, 4])
def test_many_threads_are_all_answered_with_few_requests_at_once(senders: int) -> None:
    graph = Graph()
    graph.open.set()
    coalescer = Coalescer(graph, per_mailbox=3, senders=senders)  # type: ignore[arg-type]
    requests = [ask(f"user{number % 9}", number) for number in range(600)]
    with ThreadPoolExecutor(max_workers=48) as pool:
        asked = [pool.submit(coalescer.ask, request) for request in requests]
        answers = [future.result(STUCK)[0] for future in asked]
    assert answers == [answer(request) for request in requests]
    assert graph.most_at_once <= senders
    assert sum(len(urls) for urls in graph.sent) == len(requests)
    assert max(max(Counter(url.split("/")[-2] for url in urls).values()) for urls in graph.sent) <= 3
