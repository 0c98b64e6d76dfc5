"""Who is sent when: ranks, places of a mailbox, bundles; and that each who asks is answered, or told why not."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector.graph.batch import LIMIT
from connector.graph.dispatch import AT_ONCE
from connector.graph.tickets import Rank
from tests.unit.graph.dispatching import LISTS, SERVED, STUCK, Make, answer, ask, results

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
    desk = make(workers=32)  # no fewer than requests: however slow threads are, one is free for each that waits
    requests = [ask(f"user{number % 4}", number) for number in range(30)]
    assert results([desk.submit(request) for request in requests]) == [answer(request) for request in requests]
    assert {len(urls) for urls in desk.graph.sent} == {1}


@pytest.mark.parametrize(("ready", "sizes"), [(31, [4] * 7 + [3]), (32, [8, *[4] * 6]), (100, [16, 12, 12, *[8] * 4])])
def test_bodies_go_by_four_or_more_where_many_could_go(make: Make, ready: int, sizes: list[int]) -> None:
    """Graph carries out four of a batch at a time, so that four cost the time of one and a fourth of the requests."""
    desk = make(workers=1)  # one after the other: each takes what the one before has left
    assert AT_ONCE == 4
    requests = [ask(f"user{number}", number) for number in range(ready)]
    found = dict(desk.dispatcher.ask_many(requests, Rank.CONTENT))
    assert found == {number: answer(request) for number, request in enumerate(requests)}
    assert [len(urls) for urls in desk.graph.sent][: len(sizes)] == sizes


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
