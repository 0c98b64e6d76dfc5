"""The reader's folder trees, counts and sweeps: what is asked of the tenant, how often, and when."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

import pytest

from connector.core.reading.cutter import FIRST_SPAN
from connector.core.reading.walk import LARGEST_PAGE
from connector.engine.windows import WindowQueue
from connector.errors import MailboxError
from connector.model.mail import Folder, FolderTree
from connector.model.run import WindowKind
from connector.model.values import FolderId, GraphUserId, MessageId
from connector.ports import CountCall, FolderCall, HeadersCall, PageCall, SourceCall, TreeCall
from tests.support.builders import at
from tests.support.fakes import INBOX, ROOT
from tests.unit.engine.reading import FIRST, STUCK, Tenant, all_ids, ids, queue, reader, taken, with_sweep

#: what one window of a sweep is taken to hold
ONE_SWEEP = 250

# -- the folder tree ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [0, 1, 8])
def test_the_tree_is_asked_for_once_and_is_there_before_a_message_is_handed_over(threads: int) -> None:
    tenant = Tenant(threads)
    queues = [queue(tenant, name, 10) for name in ("ada", "bob", "cid")]
    with reader(tenant, *queues) as made:
        for reading in taken(made):
            assert reading.queue.tree is not None
    assert tenant.trees == {"ada": 1, "bob": 1, "cid": 1}


def test_the_tree_comes_with_the_second_round_so_that_an_idle_run_costs_two_requests() -> None:
    tenant = Tenant(threads=0)
    with reader(tenant, queue(tenant, "ada", 1)) as made:
        assert len([*taken(made)]) == 1
    assert [type(call) for call in tenant.started] == [PageCall, PageCall]
    assert [call.with_tree for call in tenant.pages] == [False, True]


def test_windows_that_wait_for_a_tree_that_another_has_asked_for_are_handed_over_when_it_comes() -> None:
    tenant = Tenant(8)
    every = threading.Barrier(4, timeout=STUCK)
    once = {at(days=day - 100) for day in range(4)}

    def meet(call: PageCall) -> None:
        if call.start in once and not call.with_tree:
            once.discard(call.start)
            every.wait()

    tenant.at_page = meet
    with reader(tenant, queue(tenant, "ada", 4), per_mailbox=4) as made:
        assert ids([*taken(made)]) == all_ids(tenant)
    assert tenant.trees == {"ada": 1}


def test_no_tree_for_a_mailbox_without_messages_or_with_drafts_only() -> None:
    tenant = Tenant()
    queues = [queue(tenant, "ada", 5, each=0), queue(tenant, "bob", 5, draft=True)]
    with reader(tenant, *queues) as made:
        readings = [*taken(made)]
    assert len(readings) == 10
    assert not tenant.trees


def test_a_tree_that_a_mailbox_has_is_not_asked_for() -> None:
    tenant = Tenant()
    ada = queue(tenant, "ada", 3)
    ada.tree, ada.tree_asked = FolderTree(folders={}), True
    with reader(tenant, ada) as made:
        assert len([*taken(made)]) == 3
    assert not tenant.trees


@pytest.mark.parametrize("threads", [0, 1, 8])
def test_a_tree_that_cannot_be_read_ends_its_mailbox_whoever_waits_for_it(threads: int) -> None:
    tenant = Tenant(threads)

    def no_tree(name: str) -> None:
        if name == "folders":
            raise MailboxError("no folders", code="X")

    tenant.call = no_tree
    ada = queue(tenant, "ada", 9)
    with reader(tenant, ada, per_mailbox=4) as made:
        assert [*taken(made)] == []
        assert made.is_over
    assert ada.error is not None
    assert ada.error.code == "X"
    assert not ada.has_windows
    assert ada.active == 0


# -- counts -----------------------------------------------------------------------------------------------------------


def backfill(tenant: Tenant, days: int, *, each: int = 0) -> WindowQueue:
    return queue(tenant, "ada", days, each=each, kind=WindowKind.BACKFILL)


def test_a_backfill_is_counted_once_before_its_first_page() -> None:
    tenant = Tenant()
    ada = backfill(tenant, 5, each=3)
    with reader(tenant, ada) as made:
        assert len(ids([*taken(made)])) == 15
    assert len(tenant.calls_of(CountCall)) == 1
    [counted] = tenant.calls_of(CountCall)
    assert (counted.start, counted.end, counted.kind) == (FIRST, at(days=-95), WindowKind.BACKFILL)
    assert isinstance(tenant.started[0], CountCall)
    assert (ada.expected, ada.listed, ada.covered) == (15, 15, 5 * 86_400)


def test_live_mail_is_not_counted() -> None:
    tenant = Tenant()
    with reader(tenant, queue(tenant, "ada", 3)) as made:
        assert len([*taken(made)]) == 3
    assert tenant.calls_of(CountCall) == []


def test_the_count_sets_the_length_of_the_windows_and_nothing_else() -> None:
    tenant = Tenant(threads=0)
    tenant.says = 8_000  # of sixteen days: a window of two days, then longer ones as they turn out to hold little
    with reader(tenant, backfill(tenant, 16, each=2), per_mailbox=1) as made:
        readings = [*taken(made)]
    first = readings[0].closed
    assert first is not None
    assert (first.end - first.start).days == 2
    assert ids(readings) == all_ids(tenant)


@pytest.mark.parametrize("says", [None, -1])
def test_where_graph_does_not_count_the_first_window_is_a_week(says: int | None) -> None:
    tenant = Tenant(threads=0)
    tenant.counts, tenant.says = says is not None, says
    ada = backfill(tenant, 60)
    with reader(tenant, ada, per_mailbox=1) as made:
        readings = [*taken(made)]
    assert readings[0].closed is not None
    assert readings[0].closed.end - readings[0].closed.start == FIRST_SPAN
    assert len(readings) == 2


def test_what_ails_the_count_is_no_error() -> None:
    class Silent(Tenant):
        def count(self, user: GraphUserId, start: datetime, end: datetime) -> int | None:
            raise MailboxError("no count")

    tenant = Silent()
    ada = backfill(tenant, 5, each=3)
    with reader(tenant, ada) as made:
        assert len(ids([*taken(made)])) == 15
    assert (ada.expected, ada.error) == (None, None)


@pytest.mark.parametrize("threads", [0, 2, 6])
def test_the_first_run_of_a_quiet_mailbox_costs_at_most_ten_requests(threads: int) -> None:
    """Half a year of backfill, and the sweep of all of it: the budget of a first run (the directory apart)."""
    tenant = Tenant(threads)
    ada = with_sweep(queue(tenant, "ada", 180, each=0, kind=WindowKind.BACKFILL), ids_only=True)
    with reader(tenant, ada, per_mailbox=6) as made:
        assert ids([*taken(made)]) == []
    assert len(tenant.started) <= 10


# -- sweeps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [0, 1])
def test_one_mailbox_is_swept_to_its_end_before_the_next_begins(threads: int) -> None:
    """As far as one has windows to give: a run that is cut short has finished some sweeps, not begun all."""
    tenant = Tenant(threads)
    tenant.large = True  # so that a sweep has several windows
    queues = [with_sweep(queue(tenant, name, 2)) for name in ("ada", "bob", "cid")]
    with reader(tenant, *queues, per_mailbox=1, high_water=ONE_SWEEP) as made:
        readings = [*taken(made)]
        assert made.is_over
    kinds = [(reading.queue.mailbox.id, reading.closed.kind) for reading in readings if reading.closed is not None]
    for name in ("ada", "bob", "cid"):
        assert [kind for each, kind in kinds if each == name][:2] == [WindowKind.LIVE] * 2
    swept = [name for name, kind in kinds if kind is WindowKind.SWEEP]
    assert len(swept) == len(kinds) - 6
    # which is first depends on whose other windows end first
    assert sorted(name for name, _ in groupby(swept)) == ["ada", "bob", "cid"]
    assert tenant.trees == Counter(ada=1, bob=1, cid=1)


def test_of_many_sweeps_only_so_many_begin_as_there_is_room_for() -> None:
    """Though all their trees are asked for before one has a window to give."""
    tenant = Tenant(1)
    filled = [queue(tenant, f"adviser{number}", 1) for number in range(40)]
    asked, go = threading.Event(), threading.Event()

    def wait(name: str) -> None:
        if name == "folders":
            asked.set()
            assert go.wait(STUCK)

    tenant.call = wait
    sweeps = [with_sweep(WindowQueue(each.mailbox, each.user)) for each in filled]
    with reader(tenant, *sweeps, per_mailbox=2, high_water=4 * 2 * ONE_SWEEP) as made:
        assert asked.wait(STUCK)
        assert len(tenant.calls_of(TreeCall)) == 4
        go.set()
        assert ids([*taken(made)]) == all_ids(tenant)
    assert made._state.reserved == 0


def test_a_sweep_begins_after_all_else_of_its_mailbox() -> None:
    class Held(Tenant):
        """Answers at once, but for the first page that is asked for: that one when the test says so."""

        def __init__(self) -> None:
            super().__init__(threads=0)
            self.held: list[Callable[[], None]] = []

        def start(self, call: SourceCall[Any], done: Callable[[Any], None]) -> None:
            if isinstance(call, PageCall) and not self.started:
                self.started.append(call)
                self.held.append(lambda: done(self._answer(call)))
            else:
                super().start(call, done)

    tenant = Held()
    with reader(tenant, with_sweep(queue(tenant, "ada", 9)), per_mailbox=4) as made:
        assert len(made.take(8, patience=STUCK)) == 8
        assert {call.kind for call in tenant.pages} == {WindowKind.LIVE}, "a walk of this mailbox is under way"
        tenant.held.pop()()
        assert len([*taken(made)]) == 2
    kinds = [call.kind for call in tenant.pages]
    assert kinds == sorted(kinds, key=lambda kind: kind is WindowKind.SWEEP)
    assert kinds[-1] is WindowKind.SWEEP


def test_a_mailbox_that_has_only_a_sweep_is_read() -> None:
    tenant = Tenant()
    filled = queue(tenant, "ada", 2)
    only = with_sweep(WindowQueue(filled.mailbox, filled.user))
    with reader(tenant, only) as made:
        assert ids([*taken(made)]) == all_ids(tenant)
    assert (only.covered, only.listed) == (100 * 86_400, 0)
    assert tenant.trees == {"ada": 1}


def test_a_mailbox_that_fails_is_not_swept() -> None:
    tenant = Tenant()
    broken = with_sweep(queue(tenant, "ada", 2))
    tenant.broken[GraphUserId("ada")] = MailboxError("denied")
    with reader(tenant, broken) as made:
        assert [*taken(made)] == []
    assert broken.sweep is None
    assert tenant.trees == Counter()


@pytest.mark.parametrize("known", [True, False])
def test_a_folder_above_that_the_tree_does_not_show_is_asked_for_once(known: bool) -> None:
    class Moved(Tenant):
        def folders(self, user: GraphUserId) -> FolderTree:
            tree = super().folders(user)
            inbox = replace(tree.folders[INBOX], parent=FolderId("moved"))
            return FolderTree(folders={**tree.folders, INBOX: inbox})

        def folder(self, user: GraphUserId, folder: FolderId) -> Folder | None:
            return Folder(id=folder, parent=ROOT) if known else None

    tenant = Moved()
    filled = queue(tenant, "ada", 2)
    with reader(tenant, with_sweep(WindowQueue(filled.mailbox, filled.user))) as made:
        found = ids([*taken(made)])
    assert [call.folder for call in tenant.calls_of(FolderCall)] == ["moved"]
    # one that is nowhere is below no root: it is not read
    assert found == (all_ids(tenant) if known else [])


# -- a sweep of ids ---------------------------------------------------------------------------------------------------


def test_where_the_run_has_read_the_range_a_sweep_lists_ids_in_the_largest_pages_and_asks_for_no_header() -> None:
    tenant = Tenant()
    with reader(tenant, with_sweep(queue(tenant, "ada", 5, each=4), ids_only=True)) as made:
        readings = [*taken(made)]
    swept = [call for call in tenant.pages if call.kind is WindowKind.SWEEP]
    assert swept
    assert all(call.ids_only and call.top == LARGEST_PAGE for call in swept)
    assert not any(call.ids_only for call in tenant.pages if call.kind is not WindowKind.SWEEP)
    assert tenant.calls_of(HeadersCall) == []
    assert ids(readings) == all_ids(tenant)  # each once


def test_headers_are_asked_for_of_what_the_first_road_has_not_shown_and_of_nothing_else() -> None:
    tenant = Tenant()
    ada = with_sweep(queue(tenant, "ada", 5, each=4), ids_only=True)
    tenant.skipped = {MessageId("ada-1-2"), MessageId("ada-3-0")}
    with reader(tenant, ada) as made:
        readings = [*taken(made)]
    asked = [id_ for call in tenant.calls_of(HeadersCall) for _, _, id_ in call.wanted]
    assert sorted(asked) == ["ada-1-2", "ada-3-0"]
    late = [reading for reading in readings if reading.closed is not None and reading.closed.folder is not None]
    assert ids(late) == ["ada-1-2", "ada-3-0"]
    assert ids(readings) == all_ids(tenant)
    assert ada.tree is not None


def test_what_went_away_before_its_header_was_asked_for_is_left_out() -> None:
    class Forgetful(Tenant):
        def headers(self, wanted: Any) -> Any:
            self.boxes[GraphUserId("ada")].pop(MessageId("ada-1-2"), None)
            return super().headers(wanted)

    tenant = Forgetful()
    tenant.skipped = {MessageId("ada-1-2"), MessageId("ada-1-3")}
    with reader(tenant, with_sweep(queue(tenant, "ada", 3, each=4), ids_only=True)) as made:
        found = ids([*taken(made)])
    assert "ada-1-3" in found
    assert "ada-1-2" not in found


def test_headers_that_cannot_be_had_end_the_mailbox_and_its_window_is_not_closed() -> None:
    class Refusing(Tenant):
        def headers(self, wanted: Any) -> Any:
            raise MailboxError("denied", code="ACCESS_DENIED")

    tenant = Refusing()
    tenant.skipped = {MessageId("ada-1-2")}
    ada = with_sweep(queue(tenant, "ada", 3, each=4), ids_only=True)
    with reader(tenant, ada) as made:
        readings = [*taken(made)]
    assert ada.error is not None
    assert ada.error.code == "ACCESS_DENIED"
    assert all(reading.closed is None or reading.closed.kind is not WindowKind.SWEEP for reading in readings)


def test_a_sweep_of_a_range_that_the_run_has_not_read_lists_headers() -> None:
    tenant = Tenant()
    with reader(tenant, with_sweep(queue(tenant, "ada", 2))) as made:
        readings = [*taken(made)]
    assert not any(call.ids_only for call in tenant.pages)
    assert len(ids(readings)) == 4  # by both roads
    assert len(made._all[0].seen._new) == 0  # and nothing is remembered for it


def test_what_a_sweep_lists_is_not_counted_a_second_time() -> None:
    tenant = Tenant()
    ada = with_sweep(queue(tenant, "ada", 5, each=4))
    told: list[int] = []
    with reader(tenant, ada, progress=lambda _, number: told.append(number)) as made:
        assert len(ids([*taken(made)])) == 40
    assert (ada.listed, sum(told)) == (20, 40)
    assert ada.covered == ada.planned == 105 * 86_400


def test_a_mailbox_is_live_once_nothing_live_is_left_whatever_else_waits() -> None:
    tenant = Tenant()
    ada = queue(tenant, "ada", 2)
    assert ada.live_left
    assert [window for _, window in iter(ada.next, None)]
    assert not ada.live_left
    assert not ada.is_waiting
    assert with_sweep(ada).is_waiting
