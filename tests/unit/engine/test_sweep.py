"""The second road within a run, on services in memory: when it begins, what it adds, and when it counts as done."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from connector.codes import MailboxStatus, Outcome
from connector.errors import MailboxError, MessageError
from tests.support.builders import at, settings
from tests.support.fakes import JUNK, Calls
from tests.support.firm import Firm


@pytest.fixture
def firm() -> Firm:
    return Firm()


class At(Calls):
    """Does something at the first call of a name; further calls of it wait until that is done."""

    def __init__(self, name: str, act: Callable[[], None]) -> None:
        super().__init__()
        self._name, self._act = name, act
        self._first, self._acted = threading.Lock(), threading.Event()

    def __call__(self, name: str) -> None:
        super().__call__(name)
        if name != self._name:
            return
        if self._first.acquire(blocking=False):  # and never released: there is one first call
            self._act()
            self._acted.set()
        assert self._acted.wait(60)


class Cut:
    """The time of a run is over."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._stop: Callable[..., None] = lambda: None

    @contextmanager
    def limit(self, stop: Callable[..., None]) -> Iterator[None]:
        """As the run's `limit`."""
        self._stop = stop
        self._begun.set()
        yield

    def __call__(self) -> None:
        assert self._begun.wait(60)
        self._stop()


def test_what_the_list_of_the_mailbox_passes_over_is_stored_by_the_sweep(firm: Firm) -> None:
    seen, hidden = firm.mail("ada", days=5), firm.mail("ada", days=100)
    firm.tenant.skipped.add(hidden.id)
    report = firm.sync()
    assert (report.emails, report.listed, report.outcomes[Outcome.MATCHED]) == (2, 2, 2)
    assert seen.id != hidden.id
    assert firm.box("ada").swept_through == firm.org.now
    firm.never_ahead()


class Slow(Calls):
    """Answers for the mailbox's list late, so that a sweep which does not wait for it comes first."""

    def __init__(self) -> None:
        super().__init__()
        self._swept = threading.Event()

    def __call__(self, name: str) -> None:
        if name == "page":
            self._swept.wait(0.5)
        elif name == "folder page":
            self._swept.set()
        super().__call__(name)


def test_it_comes_after_all_else_of_its_mailbox(firm: Firm) -> None:
    firm.org.settings = settings(backfill_months=0)
    firm.sync()
    firm.wait(hours=24)
    firm.mail("ada", days=-0.5)
    calls = Slow()
    report = firm.sync(calls, only=["ada@firm.example"])
    listed = [name for name in calls.names if name.endswith("page")]
    assert report.emails == 1
    assert {"page", "folder page"} == set(listed)
    assert listed == sorted(listed, reverse=True), "pages of the mailbox, then those of folders"


def test_neither_junk_nor_an_empty_folder_is_asked(firm: Firm) -> None:
    firm.mail("ada", days=5, folder=JUNK)
    calls = Calls()
    firm.sync(calls)
    assert "folder page" not in calls.names
    assert firm.box("ada").swept_through == firm.box("bob").swept_through == firm.org.now


def test_a_live_mailbox_is_swept_after_a_day(firm: Firm) -> None:
    firm.mail("ada", days=5)
    firm.sync()
    firm.wait(hours=23)
    late = firm.mail("ada", days=1)
    assert firm.sync().listed == 0
    firm.wait(hours=1)
    assert firm.sync().emails == 1
    assert firm.box("ada").swept_through == firm.org.now
    assert late.received_at < at(0)


class Held(Calls):
    """Holds the sweep up until the first chunk was saved."""

    def __init__(self) -> None:
        super().__init__()
        self._saved = threading.Event()

    def __call__(self, name: str) -> None:
        super().__call__(name)
        if name == "saved":
            self._saved.set()
        if name == "folder page":
            assert self._saved.wait(60)


def test_what_this_run_failed_to_store_is_not_tried_twice(firm: Firm) -> None:
    for number in range(1000):
        lost = firm.mail("ada", days=5 + number / 20)
        firm.tenant.bodies_broken[lost.id] = MessageError("odd", code="GRAPH_400")
    calls, ticks = Held(), count(step=100)
    report = firm.sync(calls, only=["ada@firm.example"], monotonic=lambda: next(ticks))
    assert "folder page" in calls.names
    assert report.outcomes[Outcome.FAILED] == report.errors == 1000
    assert calls.names.count("content") == 1000


def test_a_sweep_that_is_cut_short_goes_on_where_it_was(firm: Firm) -> None:
    """However long a sweep is beside a slice: each slice brings it on, so that it ends."""
    hidden = [firm.mail("ada", days=days) for days in (3, 50, 100, 150)]
    firm.tenant.skipped.update(header.id for header in hidden)
    firm.tenant.large = True
    firm.org.settings = settings(backfill_months=24)
    reached, slices = firm.org.now - timedelta(days=731), 0
    while reached < firm.org.now:
        cut = Cut()
        calls = At("folder page", cut)
        firm.sync(calls, limit=cut.limit, only=["ada@firm.example"])
        box = firm.box("ada")
        assert box.backfill_through == box.live_from
        assert box.swept_through > reached
        reached, slices = box.swept_through, slices + 1
        assert len(firm.org.rows("Email__c")) >= sum(header.received_at < reached for header in hidden)
    assert len(firm.org.rows("Email__c")) == 4
    assert 2 < slices < 22


def test_a_sweep_that_is_cut_short_before_it_came_anywhere_is_begun_again(firm: Firm) -> None:
    hidden = [firm.mail("ada", days=days) for days in (3, 50, 100, 150)]
    firm.tenant.skipped.update(header.id for header in hidden)
    cut = Cut()
    firm.sync(At("folders", cut), limit=cut.limit, only=["ada@firm.example"])
    box = firm.box("ada")
    assert (box.backfill_through, box.swept_through) == (box.live_from, None)
    firm.wait(minutes=5)
    firm.sync()
    assert len(firm.org.rows("Email__c")) == 4
    assert firm.box("ada").swept_through == firm.org.now


def test_a_folder_that_cannot_be_read_holds_swept_through(firm: Firm) -> None:
    firm.tenant.skipped.add(firm.mail("ada", days=5).id)
    error = MailboxError("denied", code="ACCESS_DENIED")

    def deny() -> None:
        firm.tenant.broken[firm.box("ada").graph_user_id] = error

    report = firm.sync(At("folder page", deny), only=["ada@firm.example"])
    assert (report.mailboxes_failed, report.failing) == (1, (f"ada@firm.example: {error}",))
    box = firm.box("ada")
    assert (box.status, box.backfill_through, box.swept_through) == (MailboxStatus.FAILING, box.live_from, None)


def test_where_graphs_clock_is_behind_a_sweep_ends_where_it_came(firm: Firm) -> None:
    firm.mail("ada", days=5)
    firm.sync()
    firm.wait(days=1)
    firm.tenant.now -= timedelta(seconds=40)
    firm.sync()
    assert firm.box("ada").swept_through == firm.tenant.now


def test_a_backfill_that_is_asked_for_again_is_swept_again_however_many_runs_it_takes(firm: Firm) -> None:
    firm.mail("ada", days=5)
    firm.sync()
    firm.org.mailboxes[firm.row("ada")] = replace(firm.box("ada"), backfill_through=None)
    firm.wait(minutes=5)
    cut = Cut()
    late = firm.mail("ada", days=100)
    firm.tenant.skipped.add(late.id)
    firm.sync(At("page", cut), limit=cut.limit)
    assert firm.box("ada").swept_through is None
    firm.sync()
    assert len(firm.org.rows("Email__c")) == 2
    assert firm.box("ada").swept_through == firm.org.now


def test_a_retry_sweeps_nothing_and_a_dry_run_foresees_it(firm: Firm) -> None:
    hidden = firm.mail("ada", days=100)
    firm.tenant.skipped.add(hidden.id)
    calls = Calls()
    firm.sync(calls, retries_only=True)
    assert "folder page" not in calls.names
    assert [line.message for line in firm.dry_run()] == [hidden.id]


def test_nothing_before_backfill_from_is_swept(firm: Firm) -> None:
    firm.org.settings = settings(backfill_months=0)
    firm.mail("ada", days=5)
    calls = Calls()
    assert firm.sync(calls).listed == 0
    assert "folder page" not in calls.names
    firm.wait(days=1)
    assert firm.sync().listed == 0
