"""Requests that are asked for at one time, bundled: each gets its own answer, or an error of its own."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from connector.errors import MailboxError, ServiceError, SignInError, UnreachableError
from connector.graph.batch import LIMIT, MailboxRequest
from connector.graph.dispatch import Coalescer
from connector.graph.slots import Slots
from connector.http.subrequest import SubResponse

STUCK = 30
SERVED = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ask(user: str, number: int = 0) -> MailboxRequest:
    return MailboxRequest(user=user, url=f"/users/{user}/{number}", prefer="p")


def answer(request: MailboxRequest) -> SubResponse:
    return SubResponse(status=200, body={"url": request.url})


class Watched:
    """A request that tells when somebody looks whose mailbox it is for, which is when it is put into the queue."""

    def __init__(self, request: MailboxRequest, queued: threading.Event) -> None:
        self.url, self.prefer = request.url, request.prefer
        self._user, self._queued = request.user, queued

    @property
    def user(self) -> str:
        self._queued.set()
        return self._user


class Graph:
    """Answers like GraphClient. The first request is kept waiting until `open` is set."""

    def __init__(self, per_mailbox: int = 3) -> None:
        self.slots = Slots(per_mailbox)
        self.open = threading.Event()
        self.reached = threading.Event()
        self.sent: list[list[str]] = []
        self.failing: set[str] = set()
        self.error: BaseException | None = None
        self.at_once: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.requests = self.most_requests = 0
        self._lock = threading.Lock()

    def send_get(self, request: MailboxRequest) -> tuple[SubResponse, datetime]:
        self._send([request.url])
        return answer(request), SERVED

    def try_get_at(self, user: str, url: str, *, prefer: str) -> tuple[SubResponse, datetime]:
        with self.slots.hold({user: 1}):
            return self.send_get(MailboxRequest(user=user, url=url.removeprefix("/v1.0"), prefer=prefer))

    def send_batch(self, wanted: Sequence[MailboxRequest]) -> tuple[list[SubResponse | None], datetime]:
        self._send([request.url for request in wanted])
        return [None if request.url in self.failing else answer(request) for request in wanted], SERVED

    def _send(self, urls: list[str]) -> None:
        users = Counter(url.split("/")[2] for url in urls)
        with self._lock:
            self.sent.append(urls)
            self.at_once += users
            self.most |= self.at_once
            self.requests += 1
            self.most_requests = max(self.most_requests, self.requests)
            first, error = len(self.sent) == 1, self.error
        try:
            if first:
                self.reached.set()
                assert self.open.wait(STUCK)
            elif error is not None:
                raise error
        finally:
            with self._lock:
                self.at_once -= users
                self.requests -= 1


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=64) as pool:
        yield pool


def coalescer_of(graph: Graph, pool: ThreadPoolExecutor, *, most: int = 32) -> Coalescer:
    return Coalescer(graph, pool, most=most)  # type: ignore[arg-type]


def behind_one(
    graph: Graph, requests: Sequence[MailboxRequest], pool: ThreadPoolExecutor
) -> list[Future[tuple[SubResponse, datetime]]]:
    """Ask for one, and while that is on its way for all the others, one after the other; then let the first go."""
    coalescer = coalescer_of(graph, pool, most=1)
    first = pool.submit(coalescer.ask, ask("first"))
    assert graph.reached.wait(STUCK)
    others = []
    for number, request in enumerate(requests):
        queued = threading.Event()
        others.append(pool.submit(coalescer.ask, Watched(request, queued)))  # type: ignore[arg-type]
        assert queued.wait(STUCK), number
    graph.open.set()
    return [first, *others]


def test_a_request_that_comes_alone_is_a_plain_one(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    graph.open.set()
    coalescer = coalescer_of(graph, pool)
    for number in range(3):
        assert coalescer.ask(ask("ada", number)) == (answer(ask("ada", number)), SERVED)
    assert graph.sent == [[f"/users/ada/{number}"] for number in range(3)]


def test_what_has_to_wait_goes_together_and_each_gets_its_own_answer(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    requests = [ask(f"user{number}") for number in range(25)]
    first, *others = behind_one(graph, requests, pool)
    assert first.result()[0] == answer(ask("first"))
    assert [future.result() for future in others] == [(answer(request), SERVED) for request in requests]
    assert [len(urls) for urls in graph.sent] == [1, LIMIT, 5]
    assert graph.sent[1] == [request.url for request in requests[:LIMIT]]  # oldest first


def test_a_bundle_asks_a_mailbox_only_so_often(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    others = [ask(f"user{number}") for number in range(4)]
    requests = [*(ask("ada", number) for number in range(7)), *others]
    for future, request in zip(behind_one(graph, requests, pool)[1:], requests, strict=True):
        assert future.result()[0] == answer(request)
    counts = [Counter(url.split("/")[-2] for url in urls) for urls in graph.sent[1:]]
    assert counts == [{"ada": 3, **{other.user: 1 for other in others}}, {"ada": 3}, {"ada": 1}]


def test_the_lists_of_a_few_mailboxes_are_plain_requests(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    graph.open.set()
    coalescer = coalescer_of(graph, pool)
    requests = [ask(f"user{number % 4}", number) for number in range(60)]
    with ThreadPoolExecutor(max_workers=30) as threads:
        assert [found for found, _ in threads.map(coalescer.ask, requests)] == [answer(request) for request in requests]
    assert all(len(urls) == 1 for urls in graph.sent)
    assert max(graph.most.values()) <= 3


def test_a_single_message_goes_by_batch(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    graph.open.set()
    graph.failing = {ask("ada").url}
    assert list(coalescer_of(graph, pool).ask_many([ask("ada")])) == [(0, answer(ask("ada")))]
    assert len(graph.sent) == 2  # the batch says nothing of it, so it is asked for alone


def test_what_failed_inside_a_bundle_is_asked_again_alone(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    requests = [ask(f"user{number}") for number in range(5)]
    graph.failing = {requests[1].url, requests[3].url}
    for future, request in zip(behind_one(graph, requests, pool)[1:], requests, strict=True):
        assert future.result()[0] == answer(request)
    assert len(graph.sent[1]) == 5
    assert sorted(graph.sent[2:]) == [[requests[1].url], [requests[3].url]]


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
def test_an_error_reaches_all_that_wait_each_with_an_object_of_its_own(
    pool: ThreadPoolExecutor, error: BaseException
) -> None:
    graph = Graph()
    graph.error = error
    first, *others = behind_one(graph, [ask(f"user{number}") for number in range(6)], pool)
    assert first.exception() is None
    raised = [future.exception() for future in others]
    assert len({id(each) for each in raised}) == len(raised)
    for each in raised:
        assert type(each) is type(error)
        assert str(each) == str(error)
        assert getattr(each, "code", None) == getattr(error, "code", None)
        assert each is not None
        assert each.__cause__ is error


def test_after_an_error_the_next_are_answered(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    graph.error = ServiceError("away")
    graph.open.set()
    coalescer = coalescer_of(graph, pool)
    coalescer.ask(ask("ada"))
    for _ in range(5):  # more often than the mailbox has places: each was given back
        with pytest.raises(ServiceError):
            coalescer.ask(ask("ada"))
    with pytest.raises(ServiceError):
        list(coalescer.ask_many([ask("ada", number) for number in range(30)]))
    graph.error = None
    assert coalescer.ask(ask("ada", 9))[0] == answer(ask("ada", 9))


def test_an_error_of_one_that_asks_alone_is_its_own(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    graph.error = MailboxError("denied", code="ACCESS_DENIED")
    graph.open.set()
    coalescer = coalescer_of(graph, pool)
    coalescer.ask(ask("ada"))
    with pytest.raises(MailboxError, match="denied") as caught:
        coalescer.ask(ask("ada"))
    assert caught.value.code == "ACCESS_DENIED"


def test_messages_go_before_lists_in_full_bundles(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    coalescer = coalescer_of(graph, pool, most=1)
    first = pool.submit(coalescer.ask, ask("first"))
    assert graph.reached.wait(STUCK)
    queued = [threading.Event(), threading.Event()]
    listed = pool.submit(coalescer.ask, Watched(ask("list"), queued[0]))  # type: ignore[arg-type]
    wanted = [ask(f"user{number % 20}", number) for number in range(40)]
    many = pool.submit(lambda: dict(coalescer.ask_many([*wanted, Watched(ask("last"), queued[1])])))  # type: ignore[list-item]
    assert all(event.wait(STUCK) for event in queued)
    graph.open.set()
    assert first.result()[0] == answer(ask("first"))
    assert listed.result()[0] == answer(ask("list"))
    found = many.result()
    assert found == {**{number: answer(request) for number, request in enumerate(wanted)}, 40: answer(ask("last"))}
    assert [len(urls) for urls in graph.sent] == [1, LIMIT, LIMIT, 2]
    assert "/users/list/0" in graph.sent[-1]


def test_a_mailbox_whose_places_are_taken_holds_nobody_up(pool: ThreadPoolExecutor) -> None:
    graph = Graph(per_mailbox=1)
    graph.open.set()
    coalescer = coalescer_of(graph, pool)
    with graph.slots.hold({"ada": 1}):  # a download, say
        waiting = pool.submit(coalescer.ask, ask("ada"))
        for number in range(25):
            assert coalescer.ask(ask("bob", number))[0] == answer(ask("bob", number))
        assert not waiting.done()
    assert waiting.result(STUCK)[0] == answer(ask("ada"))


def test_what_nobody_waits_for_any_more_is_not_sent(pool: ThreadPoolExecutor) -> None:
    graph = Graph(per_mailbox=1)
    graph.open.set()
    coalescer = coalescer_of(graph, pool)
    answers = coalescer.ask_many([ask("ada"), ask("bob")])
    with graph.slots.hold({"bob": 1}):
        assert next(answers) == (0, answer(ask("ada")))
        answers.close()
    coalescer.ask(ask("bob", 9))
    assert graph.sent == [["/users/ada/0"], ["/users/bob/9"]]  # and not /users/bob/0


@pytest.mark.parametrize(("users", "senders"), [(1, 3), (4, 12), (9, 3), (30, 5)])
def test_many_threads_are_all_answered_with_few_requests_at_once(
    pool: ThreadPoolExecutor, users: int, senders: int
) -> None:
    graph = Graph()
    graph.open.set()
    coalescer = coalescer_of(graph, pool)
    requests = [ask(f"user{number % users}", number) for number in range(600)]
    with ThreadPoolExecutor(max_workers=48) as threads:
        many = threads.submit(lambda: dict(coalescer.ask_many(requests)))
        asked = [threads.submit(coalescer.ask, request) for request in requests]
        answers = [future.result(STUCK)[0] for future in asked]
        found = many.result(STUCK)
    assert answers == [answer(request) for request in requests]
    assert found == dict(enumerate(answers))
    assert graph.most_requests <= senders
    assert max(graph.most.values()) <= 3
    assert sum(len(urls) for urls in graph.sent) == 2 * len(requests)
    assert max(len(urls) for urls in graph.sent) <= LIMIT


def test_no_more_requests_at_once_than_are_allowed(pool: ThreadPoolExecutor) -> None:
    graph = Graph()
    graph.open.set()
    coalescer = coalescer_of(graph, pool, most=2)
    requests = [ask(f"user{number}") for number in range(200)]
    assert len(dict(coalescer.ask_many(requests))) == 200
    assert graph.most_requests <= 2
