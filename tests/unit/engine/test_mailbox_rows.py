"""How the row of a mailbox stands after a run, what the second road asks, and whose addresses are ours."""

from dataclasses import replace
from typing import Any

import pytest

from connector.codes import MailboxStatus
from connector.engine.mailboxes import (
    MailboxRun,
    linked_addresses,
)
from connector.errors import (
    MailboxError,
    MailboxOutageError,
    MailboxUnavailableError,
)
from connector.model.org import DirectoryUser, Mailbox
from connector.model.run import Window
from connector.model.values import GraphUserId, NormalAddress
from tests.support.builders import NOW, at, mailbox
from tests.support.fakes import FakeTenant
from tests.unit.engine.planning import PACE, SWEPT, box, plan, setup

# -- how a row stands afterwards --------------------------------------------------------------------------------


def handed_out(mailbox_run: MailboxRun) -> list[Window]:
    """The windows that its queue gives, one after the other, where Graph does not count."""
    queue = mailbox_run.queue
    assert queue is not None
    queue.count_known = True
    windows = []
    while (given := queue.next()) is not None:
        cutter, window = given
        windows.append(window)
        cutter.ended()
    return windows


def test_a_mailbox_that_was_read_to_the_end_is_live() -> None:
    [mailbox_run] = plan(setup(mailbox(status=MailboxStatus.NOT_LINKED, status_detail="old"))).values()
    mailbox_run.closed += handed_out(mailbox_run)
    mailbox_run.advance(NOW, PACE.settle, last=True)
    box = mailbox_run.mailbox
    assert (box.status, box.status_detail, box.last_success) == (MailboxStatus.LIVE, "", NOW)
    assert box.live_from == box.live_through == box.backfill_through == NOW
    assert not mailbox_run.turned


def test_before_the_end_of_the_run_it_is_ready_and_its_timestamps_move_already() -> None:
    [mailbox_run] = plan(setup(mailbox())).values()
    first = handed_out(mailbox_run)[0]
    mailbox_run.closed.append(first)
    mailbox_run.advance(NOW, PACE.settle, last=False)
    assert mailbox_run.mailbox.status is MailboxStatus.READY
    assert mailbox_run.mailbox.backfill_through == first.end
    assert mailbox_run.mailbox.last_success is None


def test_a_window_that_waits_for_an_older_one_does_not_move_the_timestamp() -> None:
    [mailbox_run] = plan(setup(mailbox())).values()
    first, second = handed_out(mailbox_run)[:2]
    mailbox_run.closed.append(second)
    mailbox_run.advance(NOW, PACE.settle, last=False)
    assert mailbox_run.mailbox.backfill_through is None
    mailbox_run.closed.append(first)
    mailbox_run.advance(NOW, PACE.settle, last=False)
    assert mailbox_run.mailbox.backfill_through == second.end


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MailboxError("denied"), MailboxStatus.FAILING),
        (MailboxOutageError("busy"), MailboxStatus.FAILING),
        (MailboxUnavailableError("none"), MailboxStatus.UNAVAILABLE),
    ],
)
def test_a_failure_shows_and_is_an_event_when_it_begins_and_ends_only(
    error: MailboxError, status: MailboxStatus
) -> None:
    live = mailbox(status=MailboxStatus.LIVE)
    mailbox_run = MailboxRun(mailbox=live, before=live)
    mailbox_run.fail(error)
    assert mailbox_run.mailbox.status is status
    assert mailbox_run.mailbox.status_detail == str(error)
    assert mailbox_run.turned
    mailbox_run.saved()
    again = MailboxRun(mailbox=mailbox_run.mailbox, before=mailbox_run.mailbox)
    again.fail(error)
    assert not again.turned
    assert again.changes() == {}
    again.mailbox = replace(again.mailbox, status=MailboxStatus.LIVE)
    assert again.turned


def test_a_failed_mailbox_keeps_what_it_got_but_is_not_live() -> None:
    [mailbox_run] = plan(setup(mailbox())).values()
    assert mailbox_run.queue is not None
    first = handed_out(mailbox_run)[0]
    mailbox_run.closed.append(first)
    mailbox_run.queue.error = MailboxError("denied")
    mailbox_run.fail(mailbox_run.queue.error)
    mailbox_run.advance(NOW, PACE.settle, last=True)
    assert mailbox_run.mailbox.status is MailboxStatus.FAILING
    assert mailbox_run.mailbox.backfill_through == first.end
    assert mailbox_run.mailbox.last_success is None


# -- what the second road asks ------------------------------------------------------------------------------------


SWEEP_DUE: dict[str, Any] = {**SWEPT, "swept_through": at(days=-2), "live_through": at(hours=-1)}


@pytest.mark.parametrize(
    ("fields", "ids_only"),
    [
        ({}, True),  # its first run reads all that it sweeps
        ({**SWEEP_DUE, "backfill_from": at(days=-9)}, False),  # the daily sweep: what was read days ago
        # a backfill that goes on has read its first part in an earlier run
        ({"backfill_from": at(days=-9), "backfill_through": at(days=-5), "live_from": NOW, "live_through": NOW}, False),
        ({"backfill_from": at(days=-9), "live_from": NOW, "live_through": NOW}, True),
    ],
)
def test_a_sweep_asks_for_ids_only_where_this_run_reads_all_of_its_range(
    fields: dict[str, Any], ids_only: bool
) -> None:
    [mailbox_run] = plan(setup(mailbox(**fields))).values()
    assert mailbox_run.queue is not None
    assert mailbox_run.queue.sweep is not None
    assert mailbox_run.queue.sweep.ids_only is ids_only


def test_a_mailbox_with_live_mail_left_is_not_called_live() -> None:
    """Its time was over: what was not handed out is for the next run."""
    fields = {"backfill_from": at(days=-9), "backfill_through": at(days=-5), "live_from": at(days=-5)}
    known = {**fields, "live_through": at(days=-2), "swept_through": at(hours=-1), "status": MailboxStatus.READY}
    [mailbox_run] = plan(setup(mailbox(**known))).values()
    mailbox_run.advance(NOW, PACE.settle, last=True)
    assert mailbox_run.mailbox.status is MailboxStatus.READY
    assert mailbox_run.mailbox.last_success is None
    handed_out(mailbox_run)
    mailbox_run.advance(NOW, PACE.settle, last=True)
    assert mailbox_run.mailbox.status is MailboxStatus.LIVE


# -- whose addresses are ours --------------------------------------------------------------------------------


def test_linked_addresses_are_those_of_every_row_with_a_user_read_or_not() -> None:
    one = box(1, aliases=("Alias@firm.example",), email="first@firm.example", active=False)
    none = box(2, user=None)
    assert linked_addresses([one, none]) == {
        NormalAddress("first@firm.example"): one.user,
        NormalAddress("adviser1@firm.example"): one.user,
        NormalAddress("alias@firm.example"): one.user,
    }


def test_what_was_just_resolved_counts_too() -> None:
    row = box(1)
    resolved = replace(row, aliases=("new@firm.example",))
    assert NormalAddress("new@firm.example") in linked_addresses([row], [resolved])


# -- no longer read --------------------------------------------------------------------------------


def unlinked(before: Mailbox, reason: str = "No permission.") -> MailboxRun:
    mailbox_run = MailboxRun(mailbox=before, before=before)
    mailbox_run.unlink(reason)
    return mailbox_run


def test_that_a_mailbox_is_not_read_is_an_event_once_for_each_reason() -> None:
    first = unlinked(box(1, status=MailboxStatus.LIVE))
    assert first.turned
    assert first.unlinked == "No permission."
    again = unlinked(first.mailbox)
    assert (again.turned, again.unlinked, again.changes()) == (False, "No permission.", {})
    assert unlinked(first.mailbox, "No seat.").turned
    first.saved()
    assert not first.turned


@pytest.mark.parametrize("fields", [{"active": False}, {"user": None}])
def test_a_mailbox_that_nobody_meant_to_be_read_is_no_news(fields: dict[str, Any]) -> None:
    mailbox_run = unlinked(box(1, status=MailboxStatus.LIVE, **fields))
    assert (mailbox_run.turned, mailbox_run.unlinked) == (False, "")
    assert mailbox_run.changes() == {"Status__c": MailboxStatus.NOT_LINKED, "Status_Detail__c": "No permission."}


def test_a_failing_mailbox_that_is_not_read_any_more_has_turned() -> None:
    assert unlinked(box(1, status=MailboxStatus.FAILING, active=False)).turned


def test_a_row_that_leads_to_the_mailbox_of_another_fails_and_is_not_written() -> None:
    tenant = FakeTenant()
    first = box(1, graph_user_id=GraphUserId("same"))
    user = DirectoryUser(
        id=GraphUserId("same"), user_principal_name="adviser2@firm.example", mail="", addresses=(), purpose=""
    )
    tenant.users["adviser2@firm.example"] = user
    one, two = plan(setup(first, box(2, graph_user_id=None)), tenant=tenant).values()
    assert one.error is None
    assert two.error is not None
    assert (two.error.code, two.queue) == ("SECOND_ROW", None)
    assert two.changes().keys() == {"Status__c", "Status_Detail__c"}
