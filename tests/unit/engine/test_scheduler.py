"""The scheduler's loop on a desk in memory and a clock that only waiting moves; slices and stops on a run in memory."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.core.scheduling.policy import Snapshot, Timing, UnloggedFailure
from connector.engine.report import RunReport
from connector.engine.request import RunRequest
from connector.engine.scheduler import Scheduler, StopToken, TimeLimit
from connector.errors import ServiceError, SetupError, StoppedError, UnreachableError
from connector.model.values import RecordId
from tests.support.builders import NOW
from tests.support.firm import Firm

DOWN = UnreachableError("Salesforce cannot be reached", where="firm.my.salesforce.com")


@dataclass
class FakeDesk:
    """The settings record and the org's clock, which the test's own clock moves."""

    now: datetime = NOW
    timing: Timing | None = field(default_factory=lambda: Timing(id=RecordId("a0S1"), active=True))
    backfills: frozenset[tuple[str, ...]] = frozenset()
    requests: frozenset[tuple[str, ...]] = frozenset()
    error: ServiceError | None = None
    read_only: ServiceError | None = None
    everything: list[bool] = field(default_factory=list)
    begun: list[datetime] = field(default_factory=list)
    events: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def look(self, *, everything: bool) -> Snapshot:
        self.everything.append(everything)
        if self.error is not None:
            raise self.error
        return Snapshot(now=self.now, zone="GMT", timing=self.timing, backfills=self.backfills, requests=self.requests)

    def begin(self, look: Snapshot) -> None:
        if self.read_only is not None:
            raise self.read_only
        assert self.timing is not None
        self.timing = replace(self.timing, last_run_at=look.now, sync_now=False)
        self.begun.append(look.now)

    def write(self, unseen: Sequence[UnloggedFailure]) -> None:
        if isinstance(self.error, UnreachableError):
            raise self.error
        for failed in unseen:
            assert failed.key not in self.events
            self.events[failed.key] = (self.now - failed.ago, str(failed.error))

    def change(self, **fields: Any) -> None:
        assert self.timing is not None
        self.timing = replace(self.timing, **fields)


class Hours:
    """A scheduler whose waiting moves both clocks, for so many hours; `at` changes something on the way."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.requests: list[tuple[RunRequest, datetime]] = []
        self.looks = 0
        self.take = timedelta(0)
        self.ends: Callable[[RunRequest], RunReport] = lambda _: RunReport()
        self.changes: list[tuple[datetime, Callable[[], None]]] = []
        self._stop_token = WaitingHalt(self)
        self.daemon = Scheduler(
            store=desk, run=self._run, stop_token=self._stop_token, slice_minutes=10, monotonic=self.tick
        )

    def tick(self) -> float:
        return (self.desk.now - NOW).total_seconds() + 5000

    def at(self, when: timedelta, change: Callable[[], None]) -> None:
        self.changes.append((NOW + when, change))

    def pass_(self, **how: float) -> list[tuple[str, float]]:
        """The runs and the minutes at which they began."""
        self._stop_token.until = self.desk.now + timedelta(**how)
        self.daemon.serve()
        return [(request.event_kind.lower(), (when - NOW).total_seconds() / 60) for request, when in self.requests]

    def _run(self, request: RunRequest) -> RunReport:
        self.requests.append((request, self.desk.now))
        self.desk.now += self.take
        report = self.ends(request)
        if self.desk.now >= self._stop_token.until or len(self.requests) > 50:
            self._stop_token.ask()
        return report


class WaitingHalt(StopToken):
    """Waiting moves the clock; when the hours are over, somebody asks to stop."""

    def __init__(self, hours: Hours) -> None:
        super().__init__()
        self.hours = hours
        self.until = NOW

    def wait(self, seconds: float) -> bool:
        desk = self.hours.desk
        desk.now += timedelta(seconds=seconds)
        due = [change for change in self.hours.changes if change[0] <= desk.now]
        for change in due:
            self.hours.changes.remove(change)
            change[1]()
        if desk.now >= self.until:
            self.ask()
        return self.is_asked


@pytest.fixture
def hours() -> Hours:
    return Hours(FakeDesk())


# --- when


def test_the_first_run_is_at_once_and_the_others_on_the_grid(hours: Hours) -> None:
    hours.desk.now = NOW + timedelta(minutes=5)
    assert hours.pass_(hours=3) == [("scheduled", 5), ("scheduled", 60), ("scheduled", 120), ("scheduled", 180)]


def test_a_change_of_the_settings_needs_no_restart(hours: Hours) -> None:
    hours.at(timedelta(minutes=62), lambda: hours.desk.change(frequency="Every 15 minutes"))
    assert [minute for _, minute in hours.pass_(minutes=100)] == [0, 60, 75, 90]


def test_sync_now_is_within_a_minute_and_cleared(hours: Hours) -> None:
    hours.at(timedelta(minutes=20), lambda: hours.desk.change(sync_now=True))
    [_, (job, minute)] = hours.pass_(minutes=50)
    assert job == "manual"
    assert 20 <= minute <= 21
    assert hours.desk.timing is not None
    assert not hours.desk.timing.sync_now
    assert len(hours.desk.begun) == 2


def test_runs_do_not_overlap_and_what_was_missed_meanwhile_counts_once(hours: Hours) -> None:
    hours.take = timedelta(minutes=130)
    assert hours.pass_(hours=4) == [("scheduled", 0), ("scheduled", 130)]


def test_slices_follow_each_other_until_the_backfill_is_done(hours: Hours) -> None:
    hours.take = timedelta(minutes=10)
    left = [True, True, True, False]
    hours.ends = lambda _: RunReport(cut=left.pop(0) if left else False)
    assert hours.pass_(minutes=59) == [("scheduled", minute) for minute in (0, 10, 20, 30)]
    assert {request.minutes for request, _ in hours.requests} == {10}
    assert hours.desk.begun == [NOW]  # slices leave the grid alone


def test_no_slice_follows_a_run_whose_backfill_had_to_wait(hours: Hours) -> None:
    hours.ends = lambda _: RunReport(cut=True, paused=True)
    assert hours.pass_(minutes=150) == [("scheduled", minute) for minute in (0, 60, 120)]


def test_what_another_process_left_unfinished_is_looked_for_until_a_run_has_read_it(hours: Hours) -> None:
    hours.desk.change(active=False)
    hours.at(timedelta(minutes=3), lambda: hours.desk.change(active=True))
    hours.pass_(minutes=5)
    assert hours.desk.everything[:4] == [True] * 4
    assert hours.desk.everything[-1] is False


def test_a_request_for_a_retry_is_a_run_of_its_own(hours: Hours) -> None:
    def ask() -> None:
        hours.desk.requests = frozenset({("a0R1", "then")})

    hours.at(timedelta(minutes=7), ask)
    assert hours.pass_(minutes=30)[1:] == [("retry", 7)]


# --- said once


def lines(text: str, word: str) -> list[str]:
    return [line for line in text.splitlines() if word in line]


def test_an_inactive_sync_is_said_once_until_it_changes(hours: Hours, capsys: pytest.CaptureFixture[str]) -> None:
    hours.desk.change(active=False)
    hours.at(timedelta(hours=3), lambda: hours.desk.change(active=True, licensed_users=0))
    hours.at(timedelta(hours=6), lambda: hours.desk.change(licensed_users=5))
    assert [minute for _, minute in hours.pass_(hours=6.5)] == [360]
    told = capsys.readouterr().out
    assert len(lines(told, "Nothing runs")) == 2
    assert len(lines(told, "switched off")) == len(lines(told, "not enabled")) == len(lines(told, "Runs are on")) == 1
    assert hours.desk.events == {}


def test_a_frequency_without_a_time_is_said_once_and_is_one_event(
    hours: Hours, capsys: pytest.CaptureFixture[str]
) -> None:
    hours.desk.change(frequency="Daily")
    hours.at(timedelta(hours=3), lambda: hours.desk.change(frequency="Hourly"))
    assert [minute for _, minute in hours.pass_(hours=3.5)] == [180]
    assert len(lines(capsys.readouterr().out, "Time of Day is empty")) == 1
    [(_, text)] = hours.desk.events.values()
    assert "Time of Day is empty" in text


# --- failures


def test_a_failed_run_is_tried_again_at_the_next_due_time(hours: Hours) -> None:
    hours.desk.backfills = frozenset({("a0M1", "somewhere")})
    hours.ends = lambda _: RunReport(failure=ServiceError("Graph is down").detail, failure_logged=True)
    assert [minute for _, minute in hours.pass_(hours=2.5)] == [0, 60, 120]
    assert hours.desk.events == {}  # the runs themselves said so


def test_an_outage_of_salesforce_is_told_by_the_first_look_that_gets_through(
    hours: Hours, capsys: pytest.CaptureFixture[str]
) -> None:
    def outage(error: ServiceError | None) -> Callable[[], None]:
        def change() -> None:
            hours.desk.error = error

        return change

    hours.at(timedelta(minutes=30), outage(DOWN))
    hours.at(timedelta(minutes=150), outage(None))
    assert [minute for _, minute in hours.pass_(minutes=170)] == [0, 150]
    missed = sorted((moment - NOW).total_seconds() / 60 for moment, _ in hours.desk.events.values())
    assert missed == pytest.approx([60, 120], abs=1)
    assert {text for _, text in hours.desk.events.values()} == {str(DOWN)}
    told = capsys.readouterr().out
    counts = [told.count(f"action={code} ") for code in ("outage_began", "outage_lasts", "outage_ended")]
    assert counts == [1, 1, 1], "told when it begins, each hour that it lasts, and when it ends"
    assert "minutes=120" in told.partition("action=outage_ended")[2].partition("\n")[0]


def test_a_run_that_failed_unseen_is_told_later(hours: Hours) -> None:
    hours.ends = lambda _: RunReport(failure=DOWN.detail if len(hours.requests) == 1 else None)
    hours.pass_(minutes=30)
    [(moment, text)] = hours.desk.events.values()
    assert (moment, text) == (NOW, str(DOWN))


def test_what_salesforce_answers_wrongly_is_told_at_once(hours: Hours) -> None:
    hours.desk.error = SetupError("The field Time_of_Day__c is not deployed")
    assert hours.pass_(hours=3) == []
    assert len(hours.desk.events) == 1


def test_a_run_that_may_not_begin_is_one_failure_for_each_time_of_the_grid(hours: Hours) -> None:
    hours.desk.read_only = SetupError("The field Last_Run_At__c may not be written")
    hours.desk.change(sync_now=True)
    assert hours.pass_(hours=2.5) == []
    assert len(hours.desk.events) == 3


def test_a_fault_of_our_own_does_not_end_the_scheduler(hours: Hours) -> None:
    def fault(_: RunRequest) -> RunReport:
        raise RuntimeError("odd")

    hours.ends = fault
    assert len(hours.pass_(hours=1.5)) == 2
    assert [text.startswith("Unexpected RuntimeError: odd") for _, text in hours.desk.events.values()] == [True, True]


# --- stopping


def test_nothing_begins_once_somebody_asked_to_stop(hours: Hours) -> None:
    hours.ends = lambda _: (hours._stop_token.ask(), RunReport(cut=True))[1]
    assert len(hours.pass_(hours=5)) == 1


def test_those_who_want_to_know_are_told_once_even_if_they_come_late() -> None:
    stop_token, told = StopToken(), []
    with stop_token.telling(lambda: told.append("first")):
        stop_token.ask()
    with stop_token.telling(lambda: told.append("late")):
        pass
    stop_token.ask()
    assert told == ["first", "late"]
    assert stop_token.is_asked
    assert stop_token.wait(3600)
    with pytest.raises(StoppedError):
        stop_token.check()


def test_a_slice_ends_the_reading_when_its_time_is_over() -> None:
    over = threading.Event()
    share = TimeLimit(StopToken(), seconds=0)
    with share(over.set):
        assert over.wait(30)
    assert share.cut


def test_a_slice_that_is_left_in_time_was_not_cut() -> None:
    share = TimeLimit(StopToken(), seconds=3600)
    with share(lambda: pytest.fail("nobody may stop it")):
        pass
    assert not share.cut


def test_a_slice_is_abandoned_when_somebody_asks_to_stop() -> None:
    stop_token, how = StopToken(), []
    share = TimeLimit(stop_token, seconds=3600)
    with pytest.raises(StoppedError), share(lambda **more: how.append(more)):
        stop_token.ask()
    assert how == [{"abandon": True}]
    assert not share.cut


# --- a run in memory that is cut or stopped


Limit = Callable[[Callable[..., None]], AbstractContextManager[None]]


def cut_after(windows: int) -> dict[str, Any]:
    """How a run is cut when so many windows were walked."""
    stops: list[Callable[..., None]] = []
    ready, lock = threading.Event(), threading.Lock()
    walked = [0]

    @contextmanager
    def limit(stop: Callable[..., None]) -> Any:
        stops.append(stop)
        if windows == 0:
            stop()
        ready.set()
        yield

    def progress(_lane: Any, _messages: int) -> None:
        assert ready.wait(30)
        with lock:
            walked[0] += 1
            over = walked[0] == windows
        if over:
            stops[0]()

    return {"limit": limit, "progress": progress}


def test_slices_store_all_that_one_run_would_have_stored() -> None:
    whole, sliced = Firm(), Firm()
    for firm in (whole, sliced):
        firm.tenant.counts = False  # so that windows are short at first
        for days in range(1, 180, 9):
            firm.mail("ada", days=days, message_id=f"<ada-{days}@client.example>")
            firm.mail("bob", days=days, message_id=f"<bob-{days}@client.example>")
    whole.sync()
    steps = 0
    while sliced.box("ada").backfill_through != whole.box("ada").backfill_through or (
        sliced.box("bob").backfill_through != whole.box("bob").backfill_through
    ):
        before = (sliced.box("ada").backfill_through, sliced.box("bob").backfill_through)
        assert steps < 60
        assert sliced.sync(**cut_after(1)).failure is None
        sliced.never_ahead()
        assert (sliced.box("ada").backfill_through, sliced.box("bob").backfill_through) != before
        steps += 1
    assert steps > 1
    names = ("Email__c", "Email_Participant__c", "Task")
    stored, expected = sliced.stored(), whole.stored()
    assert {name: set(stored[name]) for name in names} == {name: set(expected[name]) for name in names}


def test_a_mailbox_whose_live_mail_was_not_read_to_its_end_has_no_new_success() -> None:
    firm = Firm()
    firm.sync()
    read = firm.box("ada").last_success
    firm.wait(days=40)
    firm.mail("ada", days=-30)
    firm.sync(**cut_after(0))
    assert firm.box("ada").last_success == read
    firm.never_ahead()
    firm.sync()
    assert firm.box("ada").last_success == firm.org.now
    assert len(firm.org.rows("Email__c")) == 1


def test_a_stopped_run_is_an_interrupted_event_and_no_failure() -> None:
    firm = Firm()
    for days in range(1, 100):
        firm.mail("ada", days=days)
    stop_token = StopToken()

    @contextmanager
    def stopped(_: Callable[..., None]) -> Any:
        yield
        stop_token.ask()
        stop_token.check()

    report = firm.sync(limit=stopped)
    assert report.failure is not None
    assert report.failure.code == StoppedError.code
    [event] = firm.events()
    assert (event["Status__c"], event["Emails_Synced__c"]) == ("Interrupted", 99)
    # what was read and stored before the stop need not be read again
    assert firm.box("ada").backfill_through == firm.box("ada").live_from
    firm.never_ahead()
    assert firm.sync().emails == 0
    assert firm.box("ada").backfill_through == firm.box("ada").live_from
