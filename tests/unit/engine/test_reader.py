"""The reader: order, caps, backpressure, and what becomes of errors and of a stop. Nothing is timed.

The folder tree, counts and sweeps: test_reader_roads.py.
"""

import itertools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.engine.reader import Reader
from connector.engine.windows import WindowQueue
from connector.errors import MailboxError
from connector.model.mail import Header
from connector.model.run import WindowKind
from connector.ports import PageCall
from tests.support.builders import at, header
from tests.unit.engine.reading import STUCK, Tenant, all_ids, gated, ids, queue, reader, taken, window, with_sweep

#: what one window of live mail is taken to hold
ONE_AT_A_TIME = 50


# -- order and caps ---------------------------------------------------------------------------------------------------


def test_nothing_to_read_is_over_at_once() -> None:
    tenant = Tenant()
    with reader(tenant) as made:
        assert made.take(1) == []
        assert made.is_over


@pytest.mark.parametrize("threads", [0, 1])
def test_windows_of_a_mailbox_come_in_order_and_mailboxes_take_turns(threads: int) -> None:
    tenant = Tenant(threads)
    queues = [queue(tenant, name, 3) for name in ("ada", "bob")]
    with reader(tenant, *queues, high_water=ONE_AT_A_TIME) as made:
        readings = [*taken(made)]
        assert made.is_over
    assert tenant.first_pages() == [(name, at(days=day - 100)) for day in range(3) for name in ("ada", "bob")]
    assert ids(readings) == all_ids(tenant)
    assert [reading.closed for reading in readings if reading.queue is queues[0]] == [
        window("ada", n) for n in range(3)
    ]


def test_so_many_windows_of_one_mailbox_at_a_time_and_no_more() -> None:
    tenant = Tenant(8)
    meeting = threading.Barrier(2, timeout=STUCK)
    once = {at(days=-100), at(days=-99)}

    def meet(call: PageCall) -> None:
        if call.start in once:
            once.discard(call.start)
            meeting.wait()  # passes only when two windows are being walked

    tenant.at_page = meet
    with reader(tenant, queue(tenant, "ada", 12), per_mailbox=2) as made:
        readings = [*taken(made)]
    assert len(readings) == 12
    assert tenant.most_busy["ada"] == 2


def test_a_mailbox_does_not_wait_for_another() -> None:
    tenant = Tenant(2)
    bob_done, waited = threading.Event(), list[bool]()

    def wait(call: PageCall) -> None:
        if call.user == "ada":
            waited.append(bob_done.wait(STUCK))

    tenant.at_page = wait
    queues = [queue(tenant, "ada", 1), queue(tenant, "bob", 3)]
    done: list[str] = []

    def progress(of: WindowQueue, _: int) -> None:
        done.append(of.user)
        if done.count("bob") == 3:
            bob_done.set()

    with reader(tenant, *queues, progress=progress) as made:
        readings = [*taken(made)]
    assert len(readings) == 4
    assert waited
    assert all(waited)


def test_answers_that_come_at_once_do_not_pile_up_on_the_stack() -> None:
    """A source may answer in the thread that asks: thousands of windows, each a step of the one before."""
    tenant = Tenant(threads=0)
    with reader(tenant, queue(tenant, "ada", 3_000), high_water=10**6) as made:
        assert len([*taken(made)]) == 3_000


# -- backpressure ---------------------------------------------------------------------------------------------------


def test_reading_pauses_while_the_pile_is_high() -> None:
    """Whoever takes late finds no more than the limit, and the window that went over it."""
    tenant = Tenant(1)
    walked = threading.Semaphore(0)
    made = reader(
        tenant, queue(tenant, "ada", 40, each=10), per_mailbox=1, high_water=60, progress=lambda *_: walked.release()
    )
    sizes: list[int] = []
    with made:
        for _ in range(6):
            assert walked.acquire(timeout=STUCK)
        # what may be asked for is more than the pile can hold, and comes all the same
        while readings := made.take(1000, patience=STUCK):
            sizes.append(sum(len(reading.headers) for reading in readings))
            assert len(tenant.first_pages()) <= sum(sizes) / 10 + 7
    assert sum(sizes) == 400
    assert max(sizes) <= 70


def test_nothing_is_begun_while_as_much_is_read_as_may_lie_there() -> None:
    """However few windows are under way: one after the other they would fill the memory too."""
    tenant = Tenant(threads=0)
    with reader(tenant, queue(tenant, "ada", 200, each=10), per_mailbox=1, high_water=60) as made:
        # all answers come at once, so that whatever may be begun has ended here
        assert len(tenant.first_pages()) <= 7
        assert len([*taken(made)]) == 200


def test_what_walks_under_way_will_hold_counts_as_read() -> None:
    tenant = Tenant(threads=8)
    asked, go = gated(tenant)
    with reader(tenant, queue(tenant, "ada", 40), per_mailbox=20, high_water=200) as made:
        assert asked.wait(STUCK)
        assert len(tenant.first_pages()) == 4  # of fifty messages, as live mail is taken to hold
        go.set()
        assert len([*taken(made)]) == 40


def test_take_comes_back_with_what_there_is_when_patience_ends() -> None:
    tenant = Tenant(1)
    go, walked = threading.Event(), threading.Semaphore(0)

    def wait(call: PageCall) -> None:
        if call.start > at(days=-100):
            assert go.wait(STUCK)

    tenant.at_page = wait
    with reader(tenant, queue(tenant, "ada", 2), per_mailbox=1, progress=lambda *_: walked.release()) as made:
        assert walked.acquire(timeout=STUCK)
        assert ids(made.take(1000, patience=0)) == ["ada-0-0"]
        go.set()
        assert ids([*taken(made)]) == ["ada-1-0"]


# -- stopping ---------------------------------------------------------------------------------------------------


def test_stop_finishes_what_is_being_walked_and_takes_no_more() -> None:
    tenant = Tenant(1)
    asked, go = gated(tenant)
    ada = queue(tenant, "ada", 5)
    with reader(tenant, ada, per_mailbox=1) as made:
        assert asked.wait(STUCK)
        made.stop()
        go.set()
        assert ids([*taken(made)]) == ["ada-0-0"]
        assert made.is_over
    assert ada.live_left
    assert ada.has_windows


def test_an_abandoned_walk_ends_after_its_page_and_nobody_waits_for_it() -> None:
    tenant = Tenant(1)
    asked, go = gated(tenant)
    with reader(tenant, queue(tenant, "ada", 2, each=900), per_mailbox=1) as made:
        assert asked.wait(STUCK)
        made.stop(abandon=True)
        assert [*taken(made)] == []  # before the page has come
        go.set()
    tenant._pool.shutdown() if tenant._pool is not None else None
    assert len(tenant.pages) == 1


def test_whoever_takes_is_let_go_when_the_reading_is_abandoned() -> None:
    """A writer failed meanwhile: the thread that decides must end."""
    tenant = Tenant(1)
    asked, go = gated(tenant)
    made = reader(tenant, queue(tenant, "ada", 2))
    found: list[object] = ["waiting"]
    with made:
        thread = threading.Thread(target=lambda: found.append(made.take(1000, patience=STUCK)), daemon=True)
        thread.start()
        assert asked.wait(STUCK)
        made.stop(abandon=True)
        thread.join(STUCK)
        assert found == ["waiting", []]
        go.set()


def test_leaving_waits_for_the_walks_under_way() -> None:
    tenant = Tenant(1)
    asked, go = gated(tenant)
    ada = queue(tenant, "ada", 1)
    with reader(tenant, ada) as made:
        assert asked.wait(STUCK)
        threading.Thread(target=_set_once_stopped, args=(made, go), daemon=True).start()
    assert ada.active == 0
    assert ids([*taken(made)]) == ["ada-0-0"]


def _set_once_stopped(made: Reader, go: threading.Event) -> None:
    with made._changed:
        assert made._changed.wait_for(lambda: made._state.stopped, timeout=STUCK)
    go.set()


def test_leaving_with_an_exception_waits_for_nothing() -> None:
    tenant = Tenant(1)
    asked, go = gated(tenant)
    made = reader(tenant, queue(tenant, "ada", 50, each=3))

    def use() -> None:
        with made:
            assert asked.wait(STUCK)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    begun = len(tenant.first_pages())
    go.set()
    assert tenant._pool is not None
    tenant._pool.shutdown()
    assert len(tenant.first_pages()) == begun


# -- nothing is lost ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("per_mailbox", [1, 3])
def test_a_window_that_holds_too_much_is_read_in_parts(per_mailbox: int) -> None:
    tenant = Tenant(3)
    ada = queue(tenant, "ada", 1, each=4500)
    with reader(tenant, ada, per_mailbox=per_mailbox) as made:
        readings = [*taken(made)]
    assert ids(readings) == all_ids(tenant)
    assert len(readings) >= 3
    closed = sorted((reading.closed.start, reading.closed.end) for reading in readings if reading.closed)
    assert closed[0][0] == at(days=-100)
    assert closed[-1][1] == at(days=-99)
    assert all(ends == begins for (_, ends), (begins, _) in itertools.pairwise(closed))
    assert ada.covered == ada.planned == 86_400


def test_what_is_left_of_a_window_comes_before_the_next_one() -> None:
    tenant = Tenant(1)
    ada = queue(tenant, "ada", 1, each=2600)
    ada = WindowQueue(ada.mailbox, ada.user, (*ada.ranges, window("ada", 50)))
    failed = threading.Event()

    def act(call: PageCall) -> None:
        if call.start == at(days=-50):
            failed.set()
            raise MailboxError("denied")

    tenant.at_page = act
    with reader(tenant, ada, per_mailbox=1) as made:
        readings = [*taken(made)]
    # the part that follows stands in front of the window that fails
    assert ids(readings) == all_ids(tenant)
    assert failed.is_set()
    assert not ada.has_windows


def test_a_window_without_a_settled_second_is_not_closed() -> None:
    tenant = Tenant()
    ada = queue(tenant, "ada", 1)
    tenant.now = at(days=-200)
    with reader(tenant, ada) as made:
        [reading] = [*taken(made)]
    assert reading.closed is None
    assert reading.headers == ()


@settings(deadline=None, max_examples=60)
@given(
    plan=st.lists(
        st.tuples(st.sampled_from(["ada", "bob", "cid"]), st.integers(0, 5), st.integers(0, 86_399)), max_size=40
    ),
    threads=st.integers(0, 5),
    per_mailbox=st.integers(1, 3),
    high_water=st.integers(1, 120),
    at_least=st.integers(1, 20),
    kind=st.sampled_from([WindowKind.LIVE, WindowKind.BACKFILL]),
    says=st.none() | st.sampled_from([-1, 0, 10**4, 10**6]),
)
def test_every_message_is_handed_over_once_whatever_the_threads(
    plan: list[tuple[str, int, int]],
    threads: int,
    per_mailbox: int,
    high_water: int,
    at_least: int,
    kind: WindowKind,
    says: int | None,
) -> None:
    tenant = Tenant(threads)
    tenant.says = says
    queues = [queue(tenant, name, 6, each=0, kind=kind) for name in ("ada", "bob", "cid")]
    expected: list[Header] = [
        tenant.put(name, header(mailbox=name, received_at=at(days=day - 100, seconds=second)))
        for name, day, second in plan
    ]
    with reader(tenant, *queues, per_mailbox=per_mailbox, high_water=high_water) as made:
        readings = [*taken(made, at_least)]
        assert made.is_over
    assert ids(readings) == sorted(message.id for message in expected)
    for each in queues:
        closed = sorted((r.closed.start, r.closed.end) for r in readings if r.queue is each and r.closed is not None)
        assert (closed[0][0], closed[-1][1]) == (at(days=-100), at(days=-94))
        assert all(ends == begins for (_, ends), (begins, _) in itertools.pairwise(closed))
        assert each.covered == each.planned


# -- backfills that have to wait --------------------------------------------------------------------------------------


def test_a_backfill_that_has_to_wait_is_left_to_a_later_run_with_the_sweep_of_it() -> None:
    """What was begun is finished, live mail is read, and nothing of the sweep that would end the backfill."""
    tenant = Tenant(threads=0)
    ada = with_sweep(queue(tenant, "ada", 6, each=500, kind=WindowKind.BACKFILL), ids_only=True)
    bob = queue(tenant, "bob", 2)
    asked: list[bool] = []

    def pause() -> str | None:
        asked.append(True)
        return "no calls" if len(asked) > 2 else None

    with reader(tenant, ada, bob, backfill_pause=pause) as made:
        readings = [*taken(made)]
        assert made.paused == "no calls"
        assert made.is_over
    closed = [each.closed for each in readings if each.queue is ada and each.closed is not None]
    assert closed
    assert closed[0].start == at(days=-100)
    assert sum(len(each.headers) for each in readings if each.queue is ada) < 3000
    assert [each.end for each in closed[:-1]] == [each.start for each in closed[1:]], "no gap: a checkpoint may follow"
    assert len([each for each in readings if each.queue is bob]) == 2
    assert {call.kind for call in tenant.pages} == {WindowKind.BACKFILL, WindowKind.LIVE}


def test_a_backfill_that_has_to_wait_from_the_start_costs_no_request() -> None:
    tenant = Tenant(threads=0)
    with reader(tenant, queue(tenant, "ada", 6, kind=WindowKind.BACKFILL), backfill_pause=lambda: "no calls") as made:
        assert [*taken(made)] == []
    assert tenant.started == []
