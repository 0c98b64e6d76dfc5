"""The reader's threads: order, caps, backpressure, the folder tree, and what becomes of errors. Nothing is timed."""

import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.engine.reader import Reader, Sweep, WalkedWindow, WindowQueue
from connector.errors import MailboxError, ServiceError
from connector.model.mail import FolderTree, Header, Page
from connector.model.run import Window, WindowKind
from connector.model.values import FolderId, GraphUserId, RecordId
from tests.support.builders import NOW, at, header, mailbox
from tests.support.fakes import FakeTenant

STUCK = 30
SETTLE = timedelta(0)
#: where the first window of every lane begins
FIRST = at(days=-100)


class Tenant(FakeTenant):
    """Notes who asks for what, and calls `at_page` within each call."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str, datetime, str | None]] = []
        self.at_page: Callable[[GraphUserId, datetime], None] = lambda *_: None
        self.busy: Counter[str] = Counter()
        self.most_busy: Counter[str] = Counter()
        self._lock = threading.Lock()

    def page(
        self,
        mailbox: RecordId,
        user: GraphUserId,
        start: datetime,
        end: datetime,
        *,
        top: int,
        link: str | None,
        folder: FolderId | None = None,
    ) -> Page:
        with self._lock:
            self.asked.append(("page", user, start, link))
            self.busy[user] += 1
            self.most_busy[user] = max(self.most_busy[user], self.busy[user])
        try:
            self.at_page(user, start)
            return super().page(mailbox, user, start, end, top=top, link=link, folder=folder)
        finally:
            with self._lock:
                self.busy[user] -= 1

    def folders(self, user: GraphUserId) -> FolderTree:
        with self._lock:
            self.asked.append(("folders", user, NOW, None))
        return super().folders(user)

    def first_pages(self, user: str | None = None) -> list[tuple[str, datetime]]:
        """Mailbox and day of each window that was begun, in order; a second round starts later on the same day."""
        days = [(who, (start - FIRST).days) for kind, who, start, _ in self.asked if kind == "page"]
        return [*dict.fromkeys((who, FIRST + timedelta(days=day)) for who, day in days if user in (None, who))]

    def trees(self) -> Counter[str]:
        """How often each mailbox was asked for its tree."""
        return Counter(user for kind, user, _, _ in self.asked if kind == "folders")


def window(box: str, day: int, *, days: int = 1) -> Window:
    return Window(
        mailbox=RecordId(box), start=at(days=day - 100), end=at(days=day - 100 + days), kind=WindowKind.BACKFILL
    )


def queue(tenant: Tenant, name: str, days: int, *, each: int = 1, draft: bool = False) -> WindowQueue:
    """A mailbox with so many messages on each of its days, one window a day."""
    box = mailbox(id=RecordId(name), graph_user_id=GraphUserId(name))
    tenant.boxes[GraphUserId(name)] = {}
    for day in range(days):
        for number in range(each):
            received = at(days=day - 100, seconds=number)
            tenant.put(name, header(mailbox=name, id=f"{name}-{day}-{number}", received_at=received, is_draft=draft))
    return WindowQueue(box, GraphUserId(name), deque(window(name, day) for day in range(days)))


def reader(tenant: Tenant, *queues: WindowQueue, threads: int = 4, per_mailbox: int = 3, **how: object) -> Reader:
    return Reader(tenant, queues, threads=threads, per_mailbox=per_mailbox, settle=SETTLE, **how)  # type: ignore[arg-type]


def taken(made: Reader, at_least: int = 1) -> Iterator[WalkedWindow]:
    while readings := made.take(at_least, patience=STUCK):
        yield from readings


def ids(readings: "list[WalkedWindow]") -> list[str]:
    return sorted(header.id for reading in readings for header in reading.headers)


def all_ids(tenant: Tenant) -> list[str]:
    return sorted(id_ for box in tenant.boxes.values() for id_ in box)


# -- order and caps ---------------------------------------------------------------------------------------------------


def test_nothing_to_read_is_over_at_once() -> None:
    tenant = Tenant()
    with reader(tenant) as made:
        assert made.take(1) == []
        assert made.is_over


def test_windows_of_a_lane_come_in_order_and_lanes_take_turns() -> None:
    tenant = Tenant()
    queues = [queue(tenant, name, 3) for name in ("ada", "bob")]
    with reader(tenant, *queues, threads=1) as made:
        readings = [*taken(made)]
        assert made.is_over
    expected = [(name, at(days=day - 100)) for day in range(3) for name in ("ada", "bob")]
    assert tenant.first_pages() == expected
    assert ids(readings) == all_ids(tenant)
    assert [reading.closed for reading in readings if reading.queue is queues[0]] == [
        window("ada", n) for n in range(3)
    ]


def test_so_many_windows_of_one_mailbox_at_a_time_and_no_more() -> None:
    tenant = Tenant()
    meeting = threading.Barrier(2, timeout=STUCK)
    first = {at(days=-100), at(days=-99)}
    once = set(first)

    def meet(_: GraphUserId, start: datetime) -> None:
        if start in once:
            once.discard(start)
            meeting.wait()  # passes only when two windows are being walked

    tenant.at_page = meet
    with reader(tenant, queue(tenant, "ada", 12), threads=8, per_mailbox=2) as made:
        readings = [*taken(made)]
    assert len(readings) == 12
    assert tenant.most_busy["ada"] == 2


def test_a_mailbox_does_not_wait_for_another() -> None:
    tenant = Tenant()
    bob_done, waited = threading.Event(), []

    def wait(user: GraphUserId, _: datetime) -> None:
        if user == "ada":
            waited.append(bob_done.wait(STUCK))

    tenant.at_page = wait
    queues = [queue(tenant, "ada", 1), queue(tenant, "bob", 3)]
    done: list[str] = []

    def progress(of: WindowQueue, _: int) -> None:
        done.append(of.user)
        if done.count("bob") == 3:
            bob_done.set()

    with reader(tenant, *queues, threads=2, progress=progress) as made:
        readings = [*taken(made)]
    assert len(readings) == 4
    assert waited
    assert all(waited)


def test_a_thread_that_is_free_does_not_ask_a_busy_mailbox_more_often() -> None:
    tenant = Tenant()
    bob_done = threading.Event()

    def wait(user: GraphUserId, start: datetime) -> None:
        if user == "ada" and start == at(days=-100):
            assert bob_done.wait(STUCK)

    tenant.at_page = wait
    done: list[str] = []

    def progress(of: WindowQueue, _: int) -> None:
        done.append(of.user)
        if done.count("bob") == 3:
            bob_done.set()

    queues = [queue(tenant, "ada", 3), queue(tenant, "bob", 3)]
    with reader(tenant, *queues, threads=2, per_mailbox=1, progress=progress) as made:
        assert len([*taken(made)]) == 6
    assert tenant.most_busy == {"ada": 1, "bob": 1}


# -- backpressure ---------------------------------------------------------------------------------------------------


def test_reading_pauses_while_the_pile_is_high() -> None:
    tenant = Tenant()
    walked = threading.Semaphore(0)
    made = reader(
        tenant,
        queue(tenant, "ada", 8, each=5),
        threads=1,
        high_water=10,
        progress=lambda *_: walked.release(),
    )
    with made:
        for _ in range(2):
            assert walked.acquire(timeout=STUCK)
        assert len(tenant.first_pages()) == 2
        # what may be asked for is more than the pile can hold, and comes all the same
        sizes = []
        while readings := made.take(1000, patience=STUCK):
            sizes.append(sum(len(reading.headers) for reading in readings))
            assert len(tenant.first_pages()) <= sum(sizes) / 5 + 2
    assert sum(sizes) == 40
    assert max(sizes) <= 10


def test_take_comes_back_with_what_there_is_when_patience_ends() -> None:
    tenant = Tenant()
    go, walked = threading.Event(), threading.Semaphore(0)

    def wait(_: GraphUserId, start: datetime) -> None:
        if start > at(days=-100):
            assert go.wait(STUCK)

    tenant.at_page = wait
    with reader(tenant, queue(tenant, "ada", 2), threads=1, progress=lambda *_: walked.release()) as made:
        assert walked.acquire(timeout=STUCK)
        assert ids(made.take(1000, patience=0)) == ["ada-0-0"]
        go.set()
        assert ids([*taken(made)]) == ["ada-1-0"]


# -- the folder tree ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 8])
def test_the_tree_is_asked_for_once_and_is_there_before_a_message_is_handed_over(threads: int) -> None:
    tenant = Tenant()
    queues = [queue(tenant, name, 10) for name in ("ada", "bob", "cid")]
    with reader(tenant, *queues, threads=threads) as made:
        for reading in taken(made):
            assert reading.queue.tree is not None
    assert tenant.trees() == {"ada": 1, "bob": 1, "cid": 1}


def test_no_tree_for_a_mailbox_without_messages_or_with_drafts_only() -> None:
    tenant = Tenant()
    queues = [queue(tenant, "ada", 5, each=0), queue(tenant, "bob", 5, draft=True)]
    with reader(tenant, *queues) as made:
        readings = [*taken(made)]
    assert len(readings) == 10
    assert not tenant.trees()


def test_a_tree_that_a_lane_has_is_not_asked_for() -> None:
    tenant = Tenant()
    ada = queue(tenant, "ada", 3)
    ada.tree, ada.tree_asked = FolderTree(folders={}), True
    with reader(tenant, ada) as made:
        assert len([*taken(made)]) == 3
    assert not tenant.trees()


def test_a_tree_that_cannot_be_read_ends_its_lane_whoever_waits_for_it() -> None:
    tenant = Tenant()

    def no_tree(name: str) -> None:
        if name == "folders":
            raise MailboxError("no folders", code="X")

    tenant.call = no_tree
    ada = queue(tenant, "ada", 9)
    with reader(tenant, ada, threads=8, per_mailbox=4) as made:
        assert [*taken(made)] == []
    assert ada.error is not None
    assert ada.error.code == "X"
    assert not ada.windows


# -- errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_of_a_mailbox_ends_its_lane_only(threads: int) -> None:
    tenant = Tenant()
    ada, bob = queue(tenant, "ada", 6), queue(tenant, "bob", 6)

    def refuse(user: GraphUserId, start: datetime) -> None:
        if user == "ada" and start >= at(days=-98):
            raise MailboxError("denied", code="ACCESS_DENIED")

    tenant.at_page = refuse
    with reader(tenant, ada, bob, threads=threads, per_mailbox=1) as made:
        readings = [*taken(made)]
        assert made.is_over
    assert ids([reading for reading in readings if reading.queue is ada]) == ["ada-0-0", "ada-1-0"]
    assert ids([reading for reading in readings if reading.queue is bob]) == sorted(tenant.boxes[GraphUserId("bob")])
    assert ada.error is not None
    assert (ada.error.code, bob.error) == ("ACCESS_DENIED", None)
    assert len(tenant.first_pages("ada")) == 3


class OddError(BaseException):
    """What only the outermost frame may handle."""


@pytest.mark.parametrize("error", [ServiceError("away"), RuntimeError("bug"), KeyboardInterrupt(), OddError()])
@pytest.mark.parametrize("threads", [1, 4])
def test_any_other_error_reaches_the_one_who_takes(error: BaseException, threads: int) -> None:
    tenant = Tenant()
    queues = [queue(tenant, name, 5) for name in ("ada", "bob")]

    def fail(user: GraphUserId, start: datetime) -> None:
        if user == "bob" and start == at(days=-98):
            raise error

    tenant.at_page = fail
    with reader(tenant, *queues, threads=threads) as made:
        with pytest.raises(type(error)) as caught:
            [*taken(made, 1000)]
        assert caught.value is error
    assert all(found.error is None for found in queues)


def test_an_error_of_the_progress_display_is_not_lost() -> None:
    tenant = Tenant()

    def progress(*_: object) -> None:
        raise RuntimeError("display")

    with (
        reader(tenant, queue(tenant, "ada", 3), progress=progress) as made,
        pytest.raises(RuntimeError, match="display"),
    ):
        [*taken(made, 1000)]


def test_the_first_error_is_the_one_that_is_told() -> None:
    tenant = Tenant()
    meeting, second = threading.Barrier(2, timeout=STUCK), threading.Event()

    def fail(user: GraphUserId, _: datetime) -> None:
        meeting.wait()
        if user == "ada":
            second.set()
            raise RuntimeError("first")
        assert second.wait(STUCK)
        raise ServiceError("second")

    tenant.at_page = fail
    ada, bob = queue(tenant, "ada", 1), queue(tenant, "bob", 1)
    with reader(tenant, ada, bob, threads=2) as made, pytest.raises((RuntimeError, ServiceError)) as caught:
        made.take(1000)
    first = caught.value
    with pytest.raises(type(first)) as again:
        made.take(1000)
    assert again.value is first


# -- stopping ---------------------------------------------------------------------------------------------------


def gated(tenant: Tenant) -> tuple[threading.Event, threading.Event]:
    """Everybody who asks for a page waits; tells when somebody does."""
    asked, go = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        asked.set()
        assert go.wait(STUCK)

    tenant.at_page = wait
    return asked, go


def test_stop_finishes_what_is_being_walked_and_takes_no_more() -> None:
    tenant = Tenant()
    asked, go = gated(tenant)
    ada = queue(tenant, "ada", 5)
    with reader(tenant, ada, threads=1) as made:
        assert asked.wait(STUCK)
        made.stop()
        go.set()
        assert ids([*taken(made)]) == ["ada-0-0"]
        assert made.is_over
    assert len(ada.windows) == 4


def test_an_abandoned_walk_ends_after_its_page() -> None:
    tenant = Tenant()
    asked, go = gated(tenant)
    with reader(tenant, queue(tenant, "ada", 2, each=900), threads=1) as made:
        assert asked.wait(STUCK)
        made.stop(abandon=True)
        go.set()
        assert [*taken(made)] == []
    assert len(tenant.asked) == 1


def test_leaving_with_an_exception_ends_all_threads() -> None:
    tenant = Tenant()
    asked, go = gated(tenant)
    before = threading.active_count()
    made = reader(tenant, queue(tenant, "ada", 50, each=3), threads=4)

    def use() -> None:
        with made:
            assert asked.wait(STUCK)
            go.set()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert threading.active_count() == before


# -- nothing is lost ---------------------------------------------------------------------------------------------------


def test_a_window_that_holds_too_much_is_read_in_parts() -> None:
    tenant = Tenant()
    ada = queue(tenant, "ada", 1, each=4500)
    with reader(tenant, ada, threads=3) as made:
        readings = [*taken(made)]
    assert ids(readings) == all_ids(tenant)
    assert len(readings) >= 3
    closed = sorted((reading.closed.start, reading.closed.end) for reading in readings if reading.closed)
    assert closed[0][0] == at(days=-100)
    assert closed[-1][1] == at(days=-99)
    assert all(ends == begins for (_, ends), (begins, _) in itertools.pairwise(closed))
    assert ada.planned == len(readings)


def test_what_is_left_of_a_window_comes_before_the_next_one() -> None:
    tenant = Tenant()
    ada = queue(tenant, "ada", 1, each=2600)
    ada.windows.append(window("ada", 50))
    failed = threading.Event()

    def act(_: GraphUserId, start: datetime) -> None:
        if start == at(days=-50):
            failed.set()
            raise MailboxError("denied")

    tenant.at_page = act
    with reader(tenant, ada, threads=1, per_mailbox=1) as made:
        readings = [*taken(made)]
    # the part that follows stands in front of the window that fails
    assert ids(readings) == all_ids(tenant)
    assert failed.is_set()
    assert not ada.windows


def test_a_window_without_a_settled_second_is_not_closed() -> None:
    tenant = Tenant()
    ada = queue(tenant, "ada", 1)
    tenant.now = at(days=-200)
    with reader(tenant, ada) as made:
        [reading] = [*taken(made)]
    assert reading.closed is None
    assert reading.headers == ()


@given(
    plan=st.lists(
        st.tuples(st.sampled_from(["ada", "bob", "cid"]), st.integers(0, 5), st.integers(0, 86_399)), max_size=40
    ),
    threads=st.integers(1, 6),
    per_mailbox=st.integers(1, 3),
    high_water=st.integers(1, 20),
    at_least=st.integers(1, 20),
)
def test_every_message_is_handed_over_once_whatever_the_threads(
    plan: list[tuple[str, int, int]], threads: int, per_mailbox: int, high_water: int, at_least: int
) -> None:
    tenant = Tenant()
    queues = [queue(tenant, name, 6, each=0) for name in ("ada", "bob", "cid")]
    expected: list[Header] = [
        tenant.put(name, header(mailbox=name, received_at=at(days=day - 100, seconds=second)))
        for name, day, second in plan
    ]
    with reader(tenant, *queues, threads=threads, per_mailbox=per_mailbox, high_water=high_water) as made:
        readings = [*taken(made, at_least)]
        assert made.is_over
    assert ids(readings) == sorted(message.id for message in expected)
    assert len(readings) == 18


# -- sweeps -----------------------------------------------------------------------------------------------------------


def with_sweep(of: WindowQueue) -> WindowQueue:
    """The lane with a sweep of its first hundred days."""
    of.sweep = Sweep(Window(mailbox=of.mailbox.id, start=FIRST, end=FIRST + timedelta(days=100), kind=WindowKind.SWEEP))
    return of


def test_one_lane_is_swept_to_its_end_before_the_next_begins() -> None:
    tenant = Tenant()
    tenant.large = True  # so that a sweep has three windows
    queues = [with_sweep(queue(tenant, name, 2)) for name in ("ada", "bob", "cid")]
    with reader(tenant, *queues, threads=1) as made:
        readings = [*taken(made)]
        assert made.is_over
    kinds = [(reading.queue.mailbox.id, reading.closed.kind) for reading in readings if reading.closed is not None]
    assert {kind for _, kind in kinds[:6]} == {WindowKind.BACKFILL}
    assert kinds[6:] == [(name, WindowKind.SWEEP) for name in ("ada", "bob", "cid") for _ in range(3)]
    assert tenant.trees() == Counter(ada=1, bob=1, cid=1)


def test_a_lane_that_has_only_a_sweep_is_read() -> None:
    tenant = Tenant()
    only = with_sweep(queue(tenant, "ada", 2))
    only.windows.clear()
    with reader(tenant, only) as made:
        assert ids([*taken(made)]) == all_ids(tenant)
    assert (only.walked, only.listed) == (1, 0)


def test_a_lane_whose_mailbox_fails_is_not_swept() -> None:
    tenant = Tenant()
    broken = with_sweep(queue(tenant, "ada", 2))
    tenant.broken[GraphUserId("ada")] = MailboxError("denied")
    with reader(tenant, broken) as made:
        assert [*taken(made)] == []
    assert broken.sweep is None
    assert tenant.trees() == Counter()


def test_a_backfill_is_counted_once_and_what_ails_the_count_is_no_error() -> None:
    class Silent(Tenant):
        def count(self, user: GraphUserId, start: datetime, end: datetime) -> int | None:
            raise MailboxError("no count")

    tenant, silent = Tenant(), Silent()
    counted, uncounted = queue(tenant, "ada", 5, each=3), queue(silent, "bob", 5, each=3)
    with reader(tenant, counted) as made:
        assert len(ids([*taken(made)])) == 15
    with reader(silent, uncounted) as made:
        assert len(ids([*taken(made)])) == 15
    assert (counted.expected, counted.listed, counted.walked) == (15, 15, 5)
    assert (uncounted.expected, uncounted.error) == (None, None)
