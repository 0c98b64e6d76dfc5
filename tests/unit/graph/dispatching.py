"""A Graph that holds its answers back, and requests to ask it."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

from connector.graph.batch import MailboxRequest
from connector.graph.dispatch import RequestDispatcher
from connector.graph.silence import SilenceWatch
from connector.graph.tickets import Answer, Rank
from connector.http.subrequest import SubResponse

STUCK = 30
SERVED = datetime(2026, 3, 2, 12, tzinfo=UTC)
LISTS = [Rank.LIVE, Rank.BACKFILL, Rank.SWEEP]


def ask(user: str, number: int = 0) -> MailboxRequest:
    return MailboxRequest(user=user, url=f"/users/{user}/{number}", prefer="p")


def answer(request: MailboxRequest) -> SubResponse:
    return SubResponse(status=200, body={"url": request.url})


class Graph:
    """Answers like GraphClient. Requests for a user who is `held` wait until that event is set."""

    def __init__(self) -> None:
        self.silence = SilenceWatch()
        self.sent: list[list[str]] = []
        #: these are missing in the answer to a batch
        self.failing: set[str] = set()
        #: raised instead of an answer
        self.error: BaseException | None = None
        self.batch_error: BaseException | None = None
        self.held: dict[str, threading.Event] = {}
        self.reached: dict[str, threading.Event] = {}
        self.at_once: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.requests = self.most_requests = 0
        self._lock = threading.Lock()

    def hold(self, *users: str) -> threading.Event:
        """From now on these wait; `reached` tells when one is asked for."""
        gate = threading.Event()
        for user in users:
            self.held[user], self.reached[user] = gate, threading.Event()
        return gate

    def send_get(self, request: MailboxRequest) -> Answer:
        self._send([request])
        return answer(request), SERVED

    def send_batch(self, wanted: Sequence[MailboxRequest]) -> tuple[list[SubResponse | None], datetime]:
        self._send(wanted, is_batch=True)
        return [None if request.url in self.failing else answer(request) for request in wanted], SERVED

    def _send(self, wanted: Sequence[MailboxRequest], *, is_batch: bool = False) -> None:
        users = Counter(request.user for request in wanted)
        with self._lock:
            self.sent.append([request.url for request in wanted])
            self.at_once += users
            self.most |= self.at_once
            self.requests += 1
            self.most_requests = max(self.most_requests, self.requests)
        try:
            for user in users:
                if user in self.held:
                    self.reached[user].set()
                    assert self.held[user].wait(STUCK)
            for error in (self.batch_error if is_batch else None, self.error):
                if error is not None:
                    raise error
        finally:
            with self._lock:
                self.at_once -= users
                self.requests -= 1


class Desk:
    """A dispatcher, and futures of what it was asked for."""

    def __init__(self, graph: Graph, dispatcher: RequestDispatcher) -> None:
        self.graph, self.dispatcher = graph, dispatcher

    def submit(self, request: MailboxRequest, rank: Rank = Rank.LIVE) -> Future[Answer]:
        future: Future[Answer] = Future()
        self.dispatcher.submit(request, rank, told(future))
        return future

    def run(self, user: str, job: Callable[[], Any], rank: Rank = Rank.LIVE) -> Future[Any]:
        future: Future[Any] = Future()
        self.dispatcher.run(user, rank, job, told(future))
        return future

    def busy_worker(self) -> threading.Event:
        """Keep one worker at a request until the event is set."""
        gate = self.graph.hold("first")
        self.submit(ask("first"))
        assert self.graph.reached["first"].wait(STUCK)
        return gate


def told(future: "Future[Any]") -> Callable[[Any], None]:
    """What ends a future with an answer, or with an error."""

    def done(found: Any) -> None:
        if isinstance(found, BaseException):
            future.set_exception(found)
        else:
            future.set_result(found)

    return done


Make = Callable[..., Desk]


def results(futures: Sequence[Future[Answer]]) -> list[SubResponse]:
    return [future.result(STUCK)[0] for future in futures]
