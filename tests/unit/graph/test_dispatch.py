"""Who is sent when: ranks, places of a mailbox, bundles; and that each who asks is answered, or told why not."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import MailboxError, ServiceError, SignInError, StoppedError, UnreachableError
from connector.graph.batch import LIMIT, MailboxRequest
from connector.graph.dispatch import AT_ONCE, Answer, Rank, RequestDispatcher
from connector.http.subrequest import SubResponse
from connector.http.transport import NoAnswerError

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


@pytest.fixture
def make() -> Iterator[Make]:
    """Desks by workers and places of a mailbox; closed at the end."""
    made: list[RequestDispatcher] = []

    def desk(graph: Graph | None = None, **how: int) -> Desk:
        graph = graph or Graph()
        made.append(RequestDispatcher(graph, **how))  # type: ignore[arg-type]
        return Desk(graph, made[-1])

    yield desk
    for dispatcher in made:
        dispatcher.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=64) as pool:
        yield pool


def results(futures: Sequence[Future[Answer]]) -> list[SubResponse]:
    return [future.result(STUCK)[0] for future in futures]


# -- bundles ----------------------------------------------------------------------------------------------------------


def test_a_request_that_comes_alone_is_a_plain_one(make: Make) -> None:
    desk = make()
    for number, rank in enumerate(Rank):
        assert desk.submit(ask("ada", number), rank).result(STUCK) == (answer(ask("ada", number)), SERVED)
    assert desk.graph.sent == [[f"/users/ada/{number}"] for number in range(len(Rank))]


def test_what_has_to_wait_goes_together_and_each_gets_its_own_answer(make: Make) -> None:
    desk = make(workers=1)
    gate = desk.busy_worker()
    requests = [ask(f"user{number}") for number in range(25)]
    futures = [desk.submit(request) for request in requests]
    gate.set()
    assert results(futures) == [answer(request) for request in requests]
    assert [len(urls) for urls in desk.graph.sent] == [1, LIMIT, 5]
    assert desk.graph.sent[1] == [request.url for request in requests[:LIMIT]]  # oldest first


def test_lists_are_plain_requests_as_long_as_workers_are_free(make: Make) -> None:
    """Plain ones come back sooner: a bundle is as slow as the slowest in it."""
    desk = make(workers=32)
    requests = [ask(f"user{number % 4}", number) for number in range(60)]
    assert results([desk.submit(request) for request in requests]) == [answer(request) for request in requests]
    assert {len(urls) for urls in desk.graph.sent} == {1}


def test_bodies_go_by_four_even_where_workers_are_free(make: Make) -> None:
    """Graph carries out four of a batch at a time, so that four cost the time of one and a fourth of the requests."""
    desk = make(workers=32)
    assert AT_ONCE == 4
    requests = [ask(f"user{number}", number) for number in range(40)]
    found = dict(desk.dispatcher.ask_many(requests, Rank.CONTENT))
    assert found == {number: answer(request) for number, request in enumerate(requests)}
    assert {len(urls) for urls in desk.graph.sent} == {4}


def test_bundles_are_larger_than_four_only_where_more_could_go_than_all_workers_carry(make: Make) -> None:
    desk = make(workers=2)
    requests = [ask(f"user{number}", number) for number in range(20)]
    # put at one time: what a worker takes depends on all that waits
    assert len(dict(desk.dispatcher.ask_many(requests, Rank.CONTENT))) == 20
    assert [len(urls) for urls in desk.graph.sent] == [10, 10]


def test_a_bundle_asks_a_mailbox_only_so_often(make: Make) -> None:
    desk = make(workers=1, per_mailbox=3)
    gate = desk.busy_worker()
    others = [ask(f"user{number}") for number in range(4)]
    requests = [*(ask("ada", number) for number in range(7)), *others]
    futures = [desk.submit(request) for request in requests]
    gate.set()
    assert results(futures) == [answer(request) for request in requests]
    counts = [Counter(url.split("/")[2] for url in urls) for urls in desk.graph.sent[1:]]
    assert counts == [{"ada": 3, **{other.user: 1 for other in others}}, {"ada": 3}, {"ada": 1}]


# -- whose turn -------------------------------------------------------------------------------------------------------


def test_bodies_come_before_lists_and_files_last_whatever_the_order_they_came_in(make: Make) -> None:
    desk = make(workers=1)
    gate = desk.busy_worker()
    futures = [desk.submit(ask(rank.name), rank) for rank in reversed(Rank)]
    gate.set()
    results(futures)
    # lists share a request, in their order
    assert desk.graph.sent[1:] == [
        ["/users/CONTENT/0"],
        [f"/users/{rank.name}/0" for rank in LISTS],
        ["/users/FILE/0"],
    ]


def test_lists_of_live_mail_come_before_those_of_a_backfill_and_these_before_a_sweep(make: Make) -> None:
    """Jobs, which share no request."""
    desk = make(workers=1)
    gate = desk.busy_worker()
    order: list[Rank] = []
    futures = [desk.run(rank.name, _noting(order, rank), rank) for rank in reversed(Rank)]
    gate.set()
    for future in futures:
        future.result(STUCK)
    assert order == [*Rank]


def _noting(order: list[Any], what: Any) -> Callable[[], None]:
    return lambda: order.append(what)


def test_within_a_rank_it_is_the_turn_of_the_mailbox_that_was_served_longest_ago(make: Make) -> None:
    desk = make(workers=1)
    gate = desk.busy_worker()
    order: list[str] = []
    futures = [desk.run(user, _noting(order, user)) for user in ("ada", "ada", "ada", "ada", "bob", "bob", "cid")]
    gate.set()
    for future in futures:
        future.result(STUCK)
    assert order == ["ada", "bob", "cid", "ada", "bob", "ada", "ada"]


def test_a_mailbox_whose_places_are_taken_holds_nobody_up(make: Make, pool: ThreadPoolExecutor) -> None:
    desk = make(workers=4, per_mailbox=1)
    with desk.dispatcher.place("ada"):  # a download, say
        waiting = desk.submit(ask("ada"))
        for number in range(25):
            assert results([desk.submit(ask("bob", number))]) == [answer(ask("bob", number))]
        assert not waiting.done()
    assert results([waiting]) == [answer(ask("ada"))]


def test_a_mailbox_is_asked_so_often_at_a_time_and_no_more(make: Make) -> None:
    desk = make(workers=8, per_mailbox=2)
    gate = desk.graph.hold("ada")
    futures = [desk.submit(ask("ada", number)) for number in range(9)]
    assert desk.graph.reached["ada"].wait(STUCK)
    results([desk.submit(ask("bob", number)) for number in range(20)])
    assert desk.graph.most["ada"] <= 2
    gate.set()
    results(futures)
    assert desk.graph.most["ada"] == 2


# -- files ------------------------------------------------------------------------------------------------------------


def test_files_never_take_the_last_free_place_of_a_mailbox(make: Make) -> None:
    desk = make(workers=8, per_mailbox=3)
    gate = desk.graph.hold("ada")
    files = [desk.submit(ask("ada", number), Rank.FILE) for number in range(9)]
    assert desk.graph.reached["ada"].wait(STUCK)
    # three times: each finds the place that files leave free
    for number in range(3):
        assert desk.run("ada", lambda number=number: number).result(STUCK) == number  # type: ignore[misc]
    assert not any(future.done() for future in files)
    gate.set()
    results(files)
    assert desk.graph.most["ada"] <= 3


def test_two_files_at_a_time_where_a_mailbox_has_three_places(make: Make) -> None:
    desk = make(workers=8, per_mailbox=3)
    gate = desk.graph.hold("ada")
    futures = [desk.submit(ask("ada", number), Rank.FILE) for number in range(30)]
    assert desk.graph.reached["ada"].wait(STUCK)
    # so that all workers had a turn while the files are under way
    results([desk.submit(ask("bob", number)) for number in range(20)])
    meanwhile = desk.graph.most["ada"]
    gate.set()
    results(futures)
    assert meanwhile <= 2
    assert desk.graph.most["ada"] == 2


def test_a_mailbox_with_one_place_gives_it_to_files_too(make: Make) -> None:
    desk = make(workers=8, per_mailbox=1)
    assert results([desk.submit(ask("ada"), Rank.FILE)]) == [answer(ask("ada"))]


# -- alone again ------------------------------------------------------------------------------------------------------


def test_what_is_missing_in_a_bundle_is_asked_for_again_alone(make: Make) -> None:
    """Graph answers a part of a batch with 429, or forgets it: nobody waits for ever for one lost answer."""
    desk = make(workers=1)
    gate = desk.busy_worker()
    requests = [ask(f"user{number}") for number in range(5)]
    desk.graph.failing = {requests[1].url, requests[3].url}
    futures = [desk.submit(request) for request in requests]
    gate.set()
    assert results(futures) == [answer(request) for request in requests]
    assert len(desk.graph.sent[1]) == 5
    assert sorted(desk.graph.sent[2:]) == [[requests[1].url], [requests[3].url]]


def test_after_a_bundle_that_timed_out_each_is_asked_for_alone(make: Make) -> None:
    """One slow mailbox must not speak for the others."""
    desk = make(workers=1)
    gate = desk.busy_worker()
    desk.graph.batch_error = NoAnswerError("no answer in time")
    requests = [ask(f"user{number}") for number in range(5)]
    futures = [desk.submit(request) for request in requests]
    gate.set()
    assert results(futures) == [answer(request) for request in requests]
    assert sorted(map(len, desk.graph.sent)) == [1, 1, 1, 1, 1, 1, 5]


def test_one_that_times_out_alone_is_told_so(make: Make) -> None:
    desk = make(workers=1)
    desk.graph.error = NoAnswerError("no answer in time")
    with pytest.raises(NoAnswerError):
        desk.submit(ask("ada")).result(STUCK)
    assert len(desk.graph.sent) == 1


# -- errors -----------------------------------------------------------------------------------------------------------


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
    make: Make, pool: ThreadPoolExecutor, error: BaseException
) -> None:
    desk = make(workers=1)
    gate = desk.busy_worker()
    desk.graph.batch_error = desk.graph.error = None
    queued = desk.dispatcher._queues[Rank.LIVE].by_user
    futures = [pool.submit(desk.dispatcher.ask, ask(f"user{number}"), Rank.LIVE) for number in range(6)]
    desk.graph.batch_error = error
    _until(desk.dispatcher, lambda: len(queued) == 6)
    gate.set()
    raised = [future.exception(STUCK) for future in futures]
    assert len({id(each) for each in raised}) == len(raised)
    for each in raised:
        assert type(each) is type(error)
        assert str(each) == str(error)
        assert getattr(each, "code", None) == getattr(error, "code", None)
        assert each is not None
        assert each.__cause__ is error


def _until(dispatcher: RequestDispatcher, condition: Callable[[], bool]) -> None:
    """Wait until this holds of what waits; looked at whenever something is put into the queue."""
    put = threading.Event()
    while True:
        with dispatcher._changed:
            if condition():
                return
        put.wait(0.001)


def test_after_an_error_the_next_are_answered(make: Make) -> None:
    desk = make(workers=2)
    desk.graph.error = ServiceError("away")
    for _ in range(5):  # more often than the mailbox has places: each was given back
        with pytest.raises(ServiceError):
            desk.dispatcher.ask(ask("ada"), Rank.LIVE)
    with pytest.raises(ServiceError):
        list(desk.dispatcher.ask_many([ask("ada", number) for number in range(30)], Rank.CONTENT))
    desk.graph.error = None
    assert desk.dispatcher.ask(ask("ada", 9), Rank.LIVE)[0] == answer(ask("ada", 9))


def test_an_error_of_one_that_asks_alone_is_its_own(make: Make) -> None:
    desk = make()
    desk.graph.error = MailboxError("denied", code="ACCESS_DENIED")
    with pytest.raises(MailboxError, match="denied") as caught:
        desk.dispatcher.ask(ask("ada"), Rank.LIVE)
    assert caught.value.code == "ACCESS_DENIED"


def test_a_job_gives_what_it_returns_none_included_or_what_it_raises(make: Make) -> None:
    desk = make(workers=1)

    def fail() -> None:
        raise MailboxError("denied")

    assert desk.run("ada", lambda: None).result(STUCK) is None
    assert desk.run("ada", lambda: [1]).result(STUCK) == [1]
    with pytest.raises(MailboxError):
        desk.run("ada", fail).result(STUCK)
    assert desk.run("ada", lambda: 2).result(STUCK) == 2


def test_a_job_holds_one_place_while_it_runs(make: Make) -> None:
    desk = make(workers=4, per_mailbox=1)
    running, go = threading.Event(), threading.Event()

    def job() -> str:
        running.set()
        assert go.wait(STUCK)
        return "done"

    future = desk.run("ada", job)
    assert running.wait(STUCK)
    waiting = desk.submit(ask("ada"))
    results([desk.submit(ask("bob"))])
    assert not waiting.done()
    go.set()
    assert future.result(STUCK) == "done"
    results([waiting])


# -- places -----------------------------------------------------------------------------------------------------------


def test_a_place_is_given_once_nothing_else_waits_for_the_mailbox(make: Make, pool: ThreadPoolExecutor) -> None:
    desk = make(workers=1, per_mailbox=1)
    gate = desk.graph.hold("ada")
    order: list[str] = []
    first = desk.submit(ask("ada", 1))
    assert desk.graph.reached["ada"].wait(STUCK)

    def download() -> None:
        with desk.dispatcher.place("ada"):
            order.append("download")

    downloaded = pool.submit(download)
    _until(desk.dispatcher, lambda: bool(desk.dispatcher._turns))
    second = desk.submit(ask("ada", 2))
    second.add_done_callback(lambda _: order.append("list"))
    gate.set()
    results([first, second])
    downloaded.result(STUCK)
    assert sorted(order) == ["download", "list"]
    assert desk.graph.sent == [["/users/ada/1"], ["/users/ada/2"]]
    assert desk.graph.most["ada"] == 1


def test_a_place_is_given_back_whatever_happens_in_it(make: Make) -> None:
    desk = make(workers=1, per_mailbox=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), desk.dispatcher.place("ada"):
            raise ZeroDivisionError
    assert results([desk.submit(ask("ada"))]) == [answer(ask("ada"))]
    assert not desk.dispatcher._taken


# -- ends -------------------------------------------------------------------------------------------------------------


def test_what_nobody_waits_for_any_more_is_not_sent(make: Make) -> None:
    desk = make(workers=4, per_mailbox=1)
    answers = desk.dispatcher.ask_many([ask("ada"), ask("bob")], Rank.CONTENT)
    with desk.dispatcher.place("bob"):
        assert next(answers) == (0, answer(ask("ada")))
        answers.close()
    results([desk.submit(ask("bob", 9))])
    assert desk.graph.sent == [["/users/ada/0"], ["/users/bob/9"]]  # and not /users/bob/0


def test_closing_ends_what_is_under_way_and_stops_what_waits(make: Make, pool: ThreadPoolExecutor) -> None:
    desk = make(workers=1)
    gate = desk.busy_worker()
    under_way = desk.submit(ask("ada"))
    waiting = [pool.submit(desk.dispatcher.ask, ask(f"user{number}"), Rank.SWEEP) for number in range(3)]
    queued = desk.dispatcher._queues[Rank.SWEEP].by_user
    _until(desk.dispatcher, lambda: len(queued) == 3)
    closing = pool.submit(desk.dispatcher.close)
    for future in (under_way, *waiting):
        assert isinstance(future.exception(STUCK), StoppedError)
    gate.set()
    closing.result(STUCK)
    assert desk.graph.sent == [["/users/first/0"]]
    assert not any(thread.is_alive() for thread in desk.dispatcher._threads)


def test_a_thread_that_waits_for_a_place_is_stopped_too(make: Make, pool: ThreadPoolExecutor) -> None:
    desk = make(workers=1, per_mailbox=1)

    def download() -> None:
        with desk.dispatcher.place("ada"):
            pytest.fail("it was stopped")

    with desk.dispatcher.place("ada"):
        waiting = pool.submit(download)
        _until(desk.dispatcher, lambda: bool(desk.dispatcher._turns))
        desk.dispatcher.close()
        assert isinstance(waiting.exception(STUCK), StoppedError)


def test_whoever_asks_once_it_is_closed_is_stopped_and_does_not_wait_for_ever(make: Make) -> None:
    desk = make()
    desk.dispatcher.close()
    with pytest.raises(StoppedError):
        desk.dispatcher.ask(ask("ada"), Rank.LIVE)
    with pytest.raises(StoppedError):
        list(desk.dispatcher.ask_many([ask("ada"), ask("bob")], Rank.CONTENT))
    with pytest.raises(StoppedError), desk.dispatcher.place("ada"):
        pytest.fail("it is closed")
    assert desk.graph.sent == []


def test_what_was_to_be_asked_again_alone_is_stopped_where_it_was_closed_meanwhile(make: Make) -> None:
    desk = make(workers=1)
    gate = desk.busy_worker()
    requests = [ask("ada"), ask("bob")]
    desk.graph.failing = {requests[0].url}
    second = desk.graph.hold("bob")
    futures = [desk.submit(request) for request in requests]
    gate.set()
    assert desk.graph.reached["bob"].wait(STUCK)
    with desk.dispatcher._changed:
        desk.dispatcher._closed = True  # as `close` does before it waits for the workers
    second.set()
    assert isinstance(futures[0].exception(STUCK), StoppedError)
    assert results(futures[1:]) == [answer(requests[1])]


# -- many -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("users", "workers"), [(1, 3), (4, 12), (9, 3), (30, 5)])
def test_many_threads_are_all_answered_within_all_limits(
    make: Make, pool: ThreadPoolExecutor, users: int, workers: int
) -> None:
    desk = make(workers=workers, per_mailbox=3)
    requests = [ask(f"user{number % users}", number) for number in range(400)]
    many = pool.submit(lambda: dict(desk.dispatcher.ask_many(requests, Rank.CONTENT)))
    listed = [desk.submit(request, LISTS[number % 3]) for number, request in enumerate(requests)]
    files = [desk.submit(request, Rank.FILE) for request in requests[:100]]
    asked = [pool.submit(desk.dispatcher.ask, request, Rank.LIVE) for request in requests[:40]]
    answers = results(listed)
    assert answers == [answer(request) for request in requests]
    assert many.result(STUCK) == dict(enumerate(answers))
    assert results(files) == answers[:100]
    assert results(asked) == answers[:40]
    assert desk.graph.most_requests <= workers
    assert max(desk.graph.most.values()) <= 3
    assert sum(len(urls) for urls in desk.graph.sent) == 2 * len(requests) + 140
    assert max(len(urls) for urls in desk.graph.sent) <= LIMIT
    assert not desk.dispatcher._taken
