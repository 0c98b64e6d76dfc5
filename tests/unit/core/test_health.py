"""Whether a mailbox, and the sync as a whole, is well."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.codes import MailboxStatus
from connector.core.reporting.health import LastEvent, backfill_percent, failed_since, longest_silence, mailbox_health
from tests.support.builders import NOW, at, mailbox

HOUR = timedelta(hours=1)


def health(*, not_linked: str | None = None, longest: timedelta | None = 3 * HOUR, **fields: Any) -> Any:
    box = mailbox(**{"status": MailboxStatus.LIVE, "last_success": NOW, **fields})
    return mailbox_health(box, not_linked=not_linked, now=NOW, longest=longest)


@pytest.mark.parametrize(
    ("fields", "well"),
    [
        ({}, True),
        ({"last_success": at(hours=-3)}, True),
        ({"last_success": at(hours=-3, seconds=-1)}, False),
        ({"last_success": at(hours=-9), "longest": None}, True),
        ({"last_success": at(hours=-9), "not_linked": "No user."}, True),
        ({"status": MailboxStatus.FAILING}, False),
        ({"status": MailboxStatus.UNAVAILABLE}, False),
        ({"status": MailboxStatus.FAILING, "not_linked": "No user."}, True),
        ({"last_success": None, "created_at": at(hours=-2)}, True),
        ({"last_success": None, "created_at": at(hours=-4)}, False),
        ({"last_success": None, "created_at": at(hours=-4), "live_from": at(hours=-1)}, True),
        ({"last_success": None}, True),
    ],
)
def test_a_mailbox_is_well(fields: dict[str, Any], well: bool) -> None:
    assert health(**fields).well is well


def test_its_status_is_what_the_next_run_will_find() -> None:
    lost = health(not_linked="No user.", status_detail="")
    assert (lost.status, lost.detail) == (MailboxStatus.NOT_LINKED, "No user.")
    regained = health(status=MailboxStatus.NOT_LINKED, status_detail="No user.")
    assert (regained.status, regained.detail) == (MailboxStatus.READY, "")
    failing = health(status=MailboxStatus.FAILING, status_detail="403", last_success=at(days=-9))
    assert failing.detail == "403"


def test_a_clock_that_is_behind_makes_no_negative_age() -> None:
    assert health(last_success=at(hours=1)).age == timedelta(0)


@pytest.mark.parametrize(
    ("start", "through", "live", "percent"),
    [
        (at(days=-100), None, NOW, 0),
        (at(days=-100), at(days=-75), NOW, 25),
        (at(days=-100), at(seconds=-1), NOW, 99),
        (at(days=-100), NOW, NOW, 100),
        (NOW, None, NOW, 100),
        (None, None, None, 0),
        (at(days=-100), at(days=-175), NOW, 0),
    ],
)
def test_how_far_a_backfill_is(
    start: datetime | None, through: datetime | None, live: datetime | None, percent: int
) -> None:
    box = mailbox(backfill_from=start, backfill_through=through, live_from=live)
    assert backfill_percent(box) == percent


def test_a_mailbox_that_will_not_begin_has_no_backfill() -> None:
    assert backfill_percent(mailbox(), linked=False) is None


def event(status: str, **fields: Any) -> LastEvent:
    return LastEvent(**{"status": status, "started_at": NOW, "touched_at": None, **fields})


@pytest.mark.parametrize(
    ("last", "longest"),
    [
        (None, 3 * HOUR),
        (event("Succeeded"), 3 * HOUR),
        (event("Running"), None),
        (event("Running", started_at=at(hours=-4), touched_at=at(minutes=-30)), None),
        (event("Running", started_at=at(hours=-4), touched_at=at(minutes=-31)), 3 * HOUR),
    ],
)
def test_while_a_run_is_at_work_nobody_is_late(last: LastEvent | None, longest: timedelta | None) -> None:
    assert longest_silence(HOUR, last, NOW) == longest


def test_a_failure_counts_until_a_mailbox_was_read() -> None:
    failed = event("Failed", error="Graph is down")
    assert failed_since(failed, [mailbox(last_success=NOW), mailbox()]) == "Graph is down"
    assert failed_since(failed, [mailbox(last_success=at(seconds=1)), mailbox()]) is None
    assert failed_since(event("Succeeded"), []) is None
    assert failed_since(None, []) is None
