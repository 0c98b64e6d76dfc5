"""What an error, a time-out and an end do to those who wait; places, and many threads at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.errors import MailboxError, NoAnswerError, ServiceError, SignInError, StoppedError, UnreachableError
from connector.graph.batch import LIMIT
from connector.graph.dispatch import RequestDispatcher
from connector.graph.tickets import Rank
from tests.unit.graph.dispatching import LISTS, STUCK, Make, answer, ask, results

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
