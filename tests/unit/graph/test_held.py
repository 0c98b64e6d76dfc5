"""Bodies that came and were not taken: bounded by what they hold, not by their number; and nothing waits for ever."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from connector.graph.batch import MailboxRequest
from connector.graph.held import MOST_HELD, HeldBodies, Share, weight
from connector.graph.tickets import Answer, Rank
from connector.http.subrequest import SubResponse
from tests.unit.graph.dispatching import SERVED, STUCK, Graph, Make, ask

MEGABYTE = 1024 * 1024


class Bodies(Graph):
    """Answers with bodies of one size, and counts those that nobody has taken yet."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.text = "x" * size
        self.waiting = self.most_waiting = 0
        self._count = threading.Lock()

    def _answer(self) -> SubResponse:
        with self._count:
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
        return SubResponse(status=200, body={"body": {"content": self.text}})

    def taken(self) -> None:
        with self._count:
            self.waiting -= 1

    def send_get(self, request: MailboxRequest) -> Answer:
        self._send([request])
        return self._answer(), SERVED

    def send_batch(self, wanted: Sequence[MailboxRequest]) -> tuple[list[SubResponse | None], datetime]:
        self._send(wanted, is_batch=True)
        return [self._answer() for _ in wanted], SERVED


def requests(number: int) -> list[MailboxRequest]:
    return [ask(f"user{each % 20}", each) for each in range(number)]


@pytest.mark.parametrize("workers", [2, 32])
def test_large_bodies_wait_at_graph_and_not_in_memory(make: Make, workers: int) -> None:
    graph = Bodies(MEGABYTE)
    desk = make(graph, workers=workers)
    found = 0
    for _ in desk.dispatcher.ask_many(requests(300), Rank.CONTENT):
        threading.Event().wait(0.001)  # others may go on
        graph.taken()
        found += 1
    assert found == 300
    # those of the first bundles, whose size nobody knew, come on top
    assert graph.most_waiting <= 2 * MOST_HELD // MEGABYTE + 20 * 4


def test_once_their_size_is_known_they_fit(make: Make) -> None:
    graph = Bodies(MEGABYTE)
    desk = make(graph, workers=32)
    for _ in desk.dispatcher.ask_many(requests(40), Rank.CONTENT):
        graph.taken()
    graph.most_waiting = 0
    for _ in desk.dispatcher.ask_many(requests(300), Rank.CONTENT):
        threading.Event().wait(0.001)
        graph.taken()
    assert graph.most_waiting <= MOST_HELD // MEGABYTE + 1


def test_small_ones_are_not_held_back(make: Make) -> None:
    graph = Bodies(20_000)
    desk = make(graph, workers=32)
    asked = desk.dispatcher.ask_many(requests(500), Rank.CONTENT)
    next(asked)
    for _ in range(1000):
        if graph.waiting == 500:
            break
        threading.Event().wait(0.01)
    assert graph.waiting == 500
    assert len(list(asked)) == 499


def test_one_body_larger_than_all_room_comes_nonetheless(make: Make) -> None:
    graph = Bodies(2 * MOST_HELD)
    desk = make(graph, workers=4)
    assert len(list(desk.dispatcher.ask_many(requests(12), Rank.CONTENT))) == 12


def test_who_takes_no_more_holds_nobody_up(make: Make) -> None:
    graph = Bodies(MEGABYTE)
    desk = make(graph, workers=8)
    for _ in range(5):
        asked = desk.dispatcher.ask_many(requests(100), Rank.CONTENT)
        next(asked)
        asked.close()  # type: ignore[attr-defined]
    assert len(list(desk.dispatcher.ask_many(requests(50), Rank.CONTENT))) == 50


def test_several_who_ask_at_once_all_get_theirs(make: Make, pool: ThreadPoolExecutor) -> None:
    desk = make(Bodies(MEGABYTE), workers=8)
    told = [pool.submit(lambda: len(list(desk.dispatcher.ask_many(requests(60), Rank.CONTENT)))) for _ in range(4)]
    assert [each.result(STUCK) for each in told] == [60] * 4


def test_an_answer_that_is_asked_again_is_counted_once() -> None:
    held, share = HeldBodies(10 * MEGABYTE), Share()
    held.asked(2)
    held.came(share, None)
    held.asked(1)
    answer = (SubResponse(status=200, body={"body": {"content": "x" * MEGABYTE}}), SERVED)
    for _ in range(2):
        held.came(share, answer)
    assert share.held == 2 * weight(answer)
    held.taken(share, answer)
    held.leave(share)
    assert held.room > 0
    assert (share.held, share.left) == (0, True)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        ValueError(),
        (SubResponse(status=200, body={}), SERVED),
        (SubResponse(status=200, body={"body": 7}), SERVED),
    ],
)
def test_what_has_no_body_weighs_little(answer: object) -> None:
    assert 0 < weight(answer) < 10_000


def test_a_place_is_given_though_bodies_wait_for_what_its_own_thread_has_to_take(
    make: Make, pool: ThreadPoolExecutor
) -> None:
    """A list of attachments with a second page, in the midst of bodies: it is asked for by the thread that takes."""
    graph = Bodies(MEGABYTE)
    dispatcher = make(graph, workers=4).dispatcher

    def take() -> int:
        found = 0
        for _ in dispatcher.ask_many([ask("ada", each) for each in range(60)], Rank.CONTENT):
            found += 1
            if found == 2:
                full = threading.Event()
                while dispatcher._held.room and not full.wait(0.01):
                    pass
                with dispatcher.place("ada"):
                    pass
        return found

    assert pool.submit(take).result(STUCK) == 60


def test_a_body_that_was_asked_for_alone_weighs_as_much_as_one_of_a_bundle(make: Make) -> None:
    class Alone(Bodies):
        def send_batch(self, wanted: Sequence[MailboxRequest]) -> tuple[list[SubResponse | None], datetime]:
            self._send(wanted, is_batch=True)
            return [None] * len(wanted), SERVED

    graph = Alone(MEGABYTE)
    desk = make(graph, workers=4)
    for _ in desk.dispatcher.ask_many(requests(100), Rank.CONTENT):
        threading.Event().wait(0.001)
        graph.taken()
    assert graph.most_waiting * MEGABYTE <= 2 * MOST_HELD
