"""What the scheduler does next, step by step, with a clock that the test moves."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from connector.core.scheduling.policy import Done, Idle, Job, SchedulerPolicy, Snapshot, Timing
from connector.errors import ServiceError
from connector.model.values import RecordId
from tests.support.builders import NOW, at

BOX = ("a0M1", "from", "through")
REQUEST = ("a0R1", "then")
FAILED = Done(failure=ServiceError("Graph is down").detail, logged=True)


def look(*, now: datetime = NOW, last: datetime | None = NOW, timing: bool = True, **fields: Any) -> Snapshot:
    """An hourly sync that ran at noon, in GMT."""
    standing = {name: frozenset(fields.pop(name, ())) for name in ("backfills", "requests")}
    record = Timing(id=RecordId("a0S1"), **{"active": True, "last_run_at": last, **fields}) if timing else None
    return Snapshot(now=now, zone="GMT", timing=record, **standing)


def decided(**how: Any) -> Job | Idle:
    return SchedulerPolicy().decide(look(**how), 0.0)


# --- one look


def test_nothing_is_due_between_two_times_of_the_grid() -> None:
    assert decided(now=at(minutes=59)) == Idle(until=at(hours=1))


def test_a_time_of_the_grid_is_a_run() -> None:
    assert decided(now=at(minutes=60)) is Job.SCHEDULED
    assert decided(now=at(minutes=61)) is Job.SCHEDULED
    assert decided(now=at(days=9)) is Job.SCHEDULED


def test_what_never_ran_runs_at_once() -> None:
    assert decided(last=None) is Job.SCHEDULED


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"timing": False}, "there is no Microsoft 365 Sync Setting record named Default"),
        ({"active": False}, "the sync is switched off (Active on Microsoft 365 Sync Setting)"),
        ({"licensed_users": 0}, "the feature is not enabled (Licensed Users is 0)"),
    ],
)
def test_nothing_at_all_runs_where_the_sync_is_off(fields: dict[str, Any], why: str) -> None:
    standing = {"last": None, "backfills": {BOX}, "requests": {REQUEST}}
    assert decided(**standing, **fields) == Idle(why=why)
    if "timing" not in fields:
        assert decided(**standing, **fields, sync_now=True) == Idle(why=why)


def test_sync_now_comes_first_and_a_retry_before_a_slice() -> None:
    everything = {"last": None, "backfills": {BOX}, "requests": {REQUEST}}
    assert decided(**everything, sync_now=True) is Job.MANUAL
    assert decided(**everything) is Job.SCHEDULED
    assert decided(**{**everything, "last": NOW}) is Job.RETRY
    assert decided(backfills={BOX}) is Job.SLICE


def test_a_frequency_without_a_time_runs_only_what_a_person_asks_for() -> None:
    rest = decided(frequency="Daily", last=None, backfills={BOX})
    assert isinstance(rest, Idle)
    assert "Time of Day is empty" in str(rest.error)
    assert decided(frequency="Daily", sync_now=True) is Job.MANUAL
    assert decided(frequency="Daily", requests={REQUEST}) is Job.RETRY
    assert decided(frequency="Daily", time_of_day=time(8), last=None) is Job.SCHEDULED


# --- one look after the other


def test_a_backfill_goes_on_as_long_as_it_advances() -> None:
    agenda = SchedulerPolicy()
    assert agenda.decide(look(backfills={BOX}), 0) is Job.SLICE
    agenda.done(Job.SLICE, Done(cut=True))
    assert agenda.decide(look(), 1) is Job.SLICE  # its time was over, whatever a look can tell
    agenda.done(Job.SLICE, Done())
    assert agenda.decide(look(), 2) == Idle(until=at(hours=1))


def test_a_backfill_that_does_not_advance_waits_for_the_grid() -> None:
    agenda = SchedulerPolicy()
    stuck = look(backfills={BOX})
    assert agenda.decide(stuck, 0) is Job.SLICE
    agenda.done(Job.SLICE, Done())
    assert isinstance(agenda.decide(stuck, 1), Idle)
    moved = look(backfills={("a0M1", "from", "later")})
    assert agenda.decide(moved, 2) is Job.SLICE


def test_a_backfill_that_had_to_wait_for_calls_goes_on_with_the_grid() -> None:
    agenda = SchedulerPolicy()
    moved = look(backfills={("a0M1", "from", "later")})
    assert agenda.decide(look(backfills={BOX}), 0) is Job.SLICE
    agenda.done(Job.SLICE, Done(cut=True, paused=True))
    assert agenda.decide(moved, 1) == Idle(until=at(hours=1))
    assert agenda.decide(replace(moved, now=at(hours=1)), 2) is Job.SCHEDULED
    agenda.done(Job.SCHEDULED, Done(cut=True))
    assert agenda.decide(look(now=at(hours=1), last=at(hours=1)), 3) is Job.SLICE


def test_a_mailbox_that_is_new_or_is_to_be_read_again_begins_at_once() -> None:
    agenda = SchedulerPolicy()
    agenda.decide(look(), 0)
    assert agenda.decide(look(backfills={BOX}), 1) is Job.SLICE


def test_a_request_is_tried_once_and_again_when_it_is_made_anew() -> None:
    agenda = SchedulerPolicy()
    asked = look(requests={REQUEST})
    assert agenda.decide(asked, 0) is Job.RETRY
    agenda.done(Job.RETRY, Done())
    assert isinstance(agenda.decide(asked, 1), Idle)
    assert agenda.decide(look(requests={REQUEST, ("a0R1", "now")}), 2) is Job.RETRY


def test_a_retry_between_two_slices_does_not_end_the_backfill() -> None:
    agenda = SchedulerPolicy()
    agenda.decide(look(backfills={BOX}), 0)
    agenda.done(Job.SLICE, Done(cut=True))
    assert agenda.decide(look(requests={REQUEST}), 1) is Job.RETRY
    agenda.done(Job.RETRY, Done())
    assert agenda.decide(look(), 2) is Job.SLICE


def test_after_a_failed_run_only_the_grid_starts_the_next() -> None:
    agenda = SchedulerPolicy()
    assert agenda.decide(look(last=None, backfills={BOX}), 0) is Job.SCHEDULED
    agenda.done(Job.SCHEDULED, FAILED)
    moved = {("a0M1", "from", "later")}
    assert agenda.decide(look(backfills=moved), 1) == Idle(until=at(hours=1))
    assert agenda.decide(look(now=at(hours=1), backfills=moved), 2) is Job.SCHEDULED
    agenda.done(Job.SCHEDULED, Done(cut=True))
    assert agenda.decide(look(now=at(hours=1), last=at(hours=1)), 3) is Job.SLICE


def test_a_run_that_could_not_begin_is_not_due_again_before_the_grid() -> None:
    """Last_Run_At__c and Sync_Now_Requested__c stand as they stood."""
    agenda, asked = SchedulerPolicy(), look(last=None, sync_now=True)
    assert agenda.decide(asked, 0) is Job.MANUAL
    agenda.done(Job.MANUAL, replace(FAILED, begun=False))
    assert agenda.decide(replace(asked, now=at(minutes=1)), 1) == Idle(until=at(hours=1))
    assert agenda.decide(replace(asked, now=at(hours=1)), 2) is Job.SCHEDULED
    assert isinstance(agenda.decide(look(now=at(minutes=2)), 3), Idle)
    assert agenda.decide(look(now=at(minutes=3), sync_now=True), 4) is Job.MANUAL  # asked for anew


# --- while Salesforce does not answer


def test_each_time_of_the_grid_that_passes_in_an_outage_is_a_failed_run() -> None:
    agenda = SchedulerPolicy()
    agenda.decide(look(now=at(minutes=50)), 1000.0)
    minutes = [minute for minute in range(200) if agenda.missed(1000.0 + 60 * minute)]
    assert minutes == [10, 70, 130, 190]


def test_without_a_single_look_an_outage_is_one_failed_run() -> None:
    agenda = SchedulerPolicy()
    assert [agenda.missed(60.0 * minute) for minute in range(200)].count(True) == 1


def test_an_outage_while_the_sync_is_off_is_no_failed_run() -> None:
    agenda = SchedulerPolicy()
    agenda.decide(look(active=False, last=None), 0)
    assert not agenda.missed(7200)


def test_the_run_that_failed_as_the_outage_began_is_not_counted_twice() -> None:
    agenda = SchedulerPolicy()
    assert agenda.decide(look(now=at(hours=1)), 0) is Job.SCHEDULED
    agenda.done(Job.SCHEDULED, replace(FAILED, begun=False))
    assert not agenda.missed(60)
    assert agenda.missed(3600)


# --- waiting, telling


@pytest.mark.parametrize(
    ("minutes", "since_look", "seconds"), [(0, 0.0, 60.0), (59.5, 0.0, 30.0), (59.5, 10.0, 20.0), (59.999, 0.5, 1.0)]
)
def test_it_looks_once_a_minute_and_at_the_time_of_the_grid(minutes: float, since_look: float, seconds: float) -> None:
    agenda = SchedulerPolicy()
    rest = agenda.decide(look(now=at(minutes=minutes)), 100.0)
    assert isinstance(rest, Idle)
    assert agenda.wait(rest, 100.0 + since_look, longest=60) == pytest.approx(seconds)


def test_without_a_next_run_it_looks_once_a_minute() -> None:
    assert SchedulerPolicy().wait(Idle(why="it is off"), 0, longest=60) == 60


def test_why_nothing_runs_is_news_once_until_it_changes() -> None:
    agenda = SchedulerPolicy()
    off, on = Idle(why="it is off"), Idle(until=NOW + timedelta(hours=1))
    told = [agenda.is_news(rest) for rest in (on, off, off, Idle(why="no record"), off, on, on)]
    assert told == [False, True, False, True, True, True, False]
