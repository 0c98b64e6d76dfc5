"""Status and schedule: what the settings record, the mailboxes and the last event say together."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from connector.codes import EventStatus, IdleReason, MailboxStatus
from connector.core.reporting.health import ErrorCounts, LastEvent
from connector.core.scheduling.policy import Snapshot, Timing
from connector.errors import SetupError
from connector.model.values import RecordId
from connector.operations.schedule import schedule
from connector.operations.status import Status, status
from tests.support.builders import NOW, exclusion
from tests.support.firm import Firm

ACTIVE = Timing(id=RecordId("a0S1"), active=True, last_run_at=NOW - timedelta(minutes=10))


class History:
    """The settings record as it is told to be, the latest event, and 7 of 100 calls."""

    def __init__(
        self,
        timing: Timing | None = ACTIVE,
        last: LastEvent | None = None,
        zone: str = "GMT",
        errors: ErrorCounts | None = None,
    ) -> None:
        self.timing, self.last, self.zone, self.errors = timing, last, zone, errors or ErrorCounts()

    def look(self) -> Snapshot:
        return Snapshot(now=NOW, zone=self.zone, timing=self.timing)

    def aftermath(self) -> tuple[LastEvent | None, ErrorCounts]:
        return self.last, self.errors

    def calls(self) -> tuple[int, int]:
        return 7, 100


@pytest.fixture
def firm() -> Firm:
    """Both advisers were read ten minutes ago."""
    made = Firm()
    for id_, box in made.org.mailboxes.items():
        read = {"status": MailboxStatus.LIVE, "last_success": NOW - timedelta(minutes=10)}
        made.org.mailboxes[id_] = replace(box, **read)
    return made


def told(firm: Firm, **how: Any) -> Status:
    return status(firm.org, History(**how))


def test_all_is_well(firm: Firm) -> None:
    found = told(firm)
    assert found.ok
    assert (found.frequency, found.idle_reason, found.problems) == ("Hourly", None, ())
    assert found.calls == (7, 100)
    assert [(box.name, box.status, box.well) for box in found.mailboxes] == [
        ("ada@firm.example", MailboxStatus.LIVE, True),
        ("bob@firm.example", MailboxStatus.LIVE, True),
    ]
    assert found.next_run == NOW  # noon


@pytest.mark.parametrize(
    ("timing", "reason"),
    [
        (None, IdleReason.NO_RECORD),
        (replace(ACTIVE, active=False), IdleReason.INACTIVE),
        (replace(ACTIVE, licensed_users=0), IdleReason.NOT_ENABLED),
    ],
)
def test_where_nothing_runs_nothing_is_due_and_nothing_is_late(
    firm: Firm, timing: Timing | None, reason: IdleReason
) -> None:
    for id_, box in firm.org.mailboxes.items():
        firm.org.mailboxes[id_] = replace(box, last_success=NOW - timedelta(days=9))
    found = told(firm, timing=timing)
    assert (found.idle_reason, found.next_run, found.ok) == (reason, None, True)


def test_a_mailbox_that_was_not_read_for_long_is_not_well(firm: Firm) -> None:
    firm.org.mailboxes[firm.row("ada")] = replace(firm.box("ada"), last_success=NOW - timedelta(hours=5))
    found = told(firm)
    assert [box.well for box in found.mailboxes] == [False, True]
    assert not found.ok


def test_problems_of_the_sync_as_a_whole(firm: Firm) -> None:
    failed = LastEvent(status=EventStatus.FAILED, started_at=NOW, touched_at=NOW, error="The org is away.")
    assert told(firm, last=failed).problems == ("The last run failed: The org is away.",)
    [problem] = told(firm, timing=replace(ACTIVE, frequency="Weekly")).problems
    assert "Weekly" in problem or "Day" in problem


def test_an_exclusion_that_cannot_be_understood_fails_its_user_s_mailbox(firm: Firm) -> None:
    user = firm.box("ada").user
    firm.org.exclusions.append(exclusion("@@", "Personal Address", user=user))
    found = told(firm)
    assert [box.status for box in found.mailboxes] == [MailboxStatus.FAILING, MailboxStatus.LIVE]


@pytest.mark.parametrize(
    ("errors", "told_of", "remedy"),
    [
        (ErrorCounts(failed=8), "8 messages failed: 8 are not tried again by themselves", True),
        (ErrorCounts(failed=1, waiting=1), "1 message failed: 1 is tried again by itself", False),
        (
            ErrorCounts(failed=3, waiting=1, gave_up=2, requested=1),
            "6 messages failed: 2 are tried again by themselves; 2 are not tried again by themselves; 2 were given up",
            True,
        ),
    ],
)
def test_what_failed_and_waits_is_not_well(firm: Firm, errors: ErrorCounts, told_of: str, remedy: bool) -> None:
    found = told(firm, errors=errors)
    assert not found.ok
    assert found.errors.told == told_of
    assert ("retry --all" in found.errors.remedy) is remedy


# -- schedule ---------------------------------------------------------------------------------------------------------


def test_the_next_times_of_the_grid() -> None:
    found = schedule(History(), count=3)
    assert (found.frequency, found.zone, found.idle_reason) == ("Hourly", "GMT", None)
    first = found.times[0]
    assert first > NOW
    assert found.times == tuple(first + timedelta(hours=number) for number in range(3))
    assert (first.minute, first.second) == (0, 0)


def test_a_moment_without_a_zone_is_in_the_org_s() -> None:
    history = History(timing=replace(ACTIVE, frequency="Daily", time_of_day=time(0)), zone="America/New_York")
    [due] = schedule(history, count=1, after=datetime(2026, 1, 10, 23, 59)).times
    assert due == datetime.fromisoformat("2026-01-11T00:00:00-05:00")


def test_without_a_settings_record_there_is_no_grid() -> None:
    found = schedule(History(timing=None), count=3)
    assert (found.frequency, found.times, found.idle_reason) == (None, (), IdleReason.NO_RECORD)


def test_a_frequency_that_says_no_time_is_an_error_of_the_set_up() -> None:
    with pytest.raises(SetupError):
        schedule(History(timing=replace(ACTIVE, frequency="Now and then")), count=1)
