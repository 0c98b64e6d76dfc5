"""Which mailboxes are read, which are not and why, and what is written to their rows."""

from dataclasses import replace
from typing import Any

import pytest

from connector.codes import MailboxStatus
from connector.core.deciding.exclude import compile_rules
from connector.engine.mailboxes import (
    MailboxRun,
    ReadLimits,
    linked_addresses,
    not_linked_reason,
    plan_mailboxes,
    seated_users,
)
from connector.errors import (
    MailboxError,
    MailboxOutageError,
    MailboxUnavailableError,
    ServiceError,
    UsageError,
)
from connector.model.org import DirectoryUser, ExclusionType, Mailbox, Org, Setup
from connector.model.run import Window
from connector.model.values import GraphUserId, NormalAddress, RecordId
from tests.support.builders import NOW, at, exclusion, mailbox, settings
from tests.support.fakes import FakeTenant

USER = RecordId("005000000000001AAA")
PACE = ReadLimits(workers=4)
#: timestamps of a mailbox that no sweep is due for
SWEPT: dict[str, Any] = dict.fromkeys(("backfill_from", "backfill_through", "live_from", "swept_through"), at(hours=-1))


def box(number: int, **fields: Any) -> Mailbox:
    """Row `number` with a user, a UPN and an age of its own: the higher the number, the newer."""
    return mailbox(
        **{
            "id": RecordId(f"a0M{number:012d}AAA"),
            "name": f"Adviser {number}",
            "email": f"adviser{number}@firm.example",
            "user_principal_name": f"adviser{number}@firm.example",
            "graph_user_id": GraphUserId(f"user-{number}"),
            "user": RecordId(f"005{number:012d}AAA"),
            "aliases": (),
            "created_at": at(days=number - 100),
            **fields,
        }
    )


def setup(*boxes: Mailbox, licensed: int | None = None, holders: "set[RecordId] | None" = None) -> Setup:
    users = {each.user for each in boxes if each.user is not None}
    return Setup(
        now=NOW,
        settings=settings(licensed_users=licensed),
        org=Org(id="00D"),
        exclusions=(),
        mailboxes=boxes,
        sync_users=frozenset(users if holders is None else holders),
        integration_user=RecordId("005000000000099AAA"),
    )


def plan(
    of: Setup, *, only: "tuple[str, ...]" = (), tenant: "FakeTenant | None" = None, rules: tuple[Any, ...] = ()
) -> dict[RecordId, MailboxRun]:
    assert of.settings is not None
    source = tenant or FakeTenant()
    return plan_mailboxes(of, of.settings, compile_rules(rules), only=only, source=source, pace=PACE)


# -- linked or not --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "holders", "words"),
    [
        ({"active": False}, {USER}, "Active is off"),
        ({"user": None}, {USER}, "No Salesforce user is linked"),
        ({}, set(), "permission set Microsoft 365 Sync User"),
    ],
)
def test_a_mailbox_that_is_not_linked_says_why(fields: dict[str, Any], holders: set[RecordId], words: str) -> None:
    of = setup(mailbox(**fields), holders=holders)
    [mailbox_run] = plan(of).values()
    assert mailbox_run.queue is None
    assert mailbox_run.mailbox.status is MailboxStatus.NOT_LINKED
    assert words in mailbox_run.mailbox.status_detail
    assert set(mailbox_run.changes()) == {"Status__c", "Status_Detail__c"}


def test_a_linked_mailbox_is_read() -> None:
    of = setup(mailbox())
    assert not_linked_reason(of.mailboxes[0], of, seated_users(of)) is None
    [mailbox_run] = plan(of).values()
    assert mailbox_run.queue is not None
    assert mailbox_run.queue.has_windows
    assert mailbox_run.mailbox.status is MailboxStatus.READY


def test_a_personal_rule_that_cannot_be_understood_stops_its_user_only() -> None:
    broken = exclusion("@@", ExclusionType.PERSONAL_ADDRESS, user=box(1).user)
    mailbox_runs = plan(setup(box(1), box(2)), rules=(broken,))
    assert [mailbox_run.queue is None for mailbox_run in mailbox_runs.values()] == [True, False]
    assert broken.name in mailbox_runs[box(1).id].mailbox.status_detail


def test_a_row_that_is_not_linked_any_more_keeps_its_timestamps() -> None:
    of = setup(mailbox(user=None, live_through=at(days=-1), status=MailboxStatus.LIVE))
    [mailbox_run] = plan(of).values()
    assert mailbox_run.mailbox.live_through == at(days=-1)
    assert "Live_Through__c" not in mailbox_run.changes()


# -- seats --------------------------------------------------------------------------------


def reads(mailbox_runs: dict[RecordId, MailboxRun]) -> list[bool]:
    return [mailbox_run.queue is not None for mailbox_run in mailbox_runs.values()]


def test_rows_created_first_keep_their_seats() -> None:
    of = setup(box(3), box(1), box(2), licensed=2)
    mailbox_runs = plan(of)
    assert reads(mailbox_runs) == [False, True, True]
    assert "licensed seats" in mailbox_runs[box(3).id].mailbox.status_detail


def test_no_limit_where_licensed_users_is_empty_and_nobody_where_it_is_nought() -> None:
    assert seated_users(setup(box(1), box(2))) is None
    assert seated_users(setup(box(1), box(2), licensed=0)) == frozenset()


def test_a_user_takes_one_seat_for_all_mailboxes() -> None:
    shared = box(3, user=box(1).user, shared=True)
    assert reads(plan(setup(box(1), box(2), shared, box(4), licensed=2))) == [True, True, True, False]


def test_rows_of_one_moment_are_seated_by_id() -> None:
    of = setup(*(box(number, created_at=NOW) for number in (3, 2, 1)), licensed=1)
    assert reads(plan(of)) == [False, False, True]


@pytest.mark.parametrize("fields", [{"active": False}, {"user": None}])
def test_a_row_that_is_not_linked_takes_no_seat(fields: dict[str, Any]) -> None:
    assert reads(plan(setup(box(1, **fields), box(2), licensed=1))) == [False, True]


def test_a_user_without_the_permission_set_takes_no_seat() -> None:
    second = box(2).user
    assert second is not None
    assert reads(plan(setup(box(1), box(2), licensed=1, holders={second}))) == [False, True]


# -- only … --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["adviser2@firm.example", " ADVISER2@Firm.Example ", "second@firm.example"])
def test_only_names_a_mailbox_by_upn_or_address(name: str) -> None:
    mailbox_runs = plan(setup(box(1), box(2, email="second@firm.example")), only=(name,))
    assert [*mailbox_runs] == [box(2).id]


def test_only_with_several() -> None:
    of = setup(box(1), box(2), box(3))
    assert [*plan(of, only=("adviser3@firm.example", "adviser1@firm.example"))] == [box(1).id, box(3).id]


def test_only_with_a_name_that_no_row_has_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"nobody@firm\.example") as caught:
        plan(setup(box(1)), only=("adviser1@firm.example", "nobody@firm.example"))
    assert caught.value.exit_code == 2


def test_seats_do_not_depend_on_what_is_asked_for() -> None:
    of = setup(box(1), box(2), licensed=1)
    [mailbox_run] = plan(of, only=("adviser2@firm.example",)).values()
    assert mailbox_run.queue is None


# -- resolving --------------------------------------------------------------------------------


def user(number: int, **fields: Any) -> DirectoryUser:
    defaults: dict[str, Any] = {
        "id": GraphUserId(f"user-{number}"),
        "user_principal_name": f"adviser{number}@firm.example",
        "mail": f"adviser{number}@firm.example",
        "addresses": (f"adviser{number}@firm.example", f"alias{number}@firm.example"),
        "purpose": "user",
    }
    return DirectoryUser(**{**defaults, **fields})


@pytest.mark.parametrize(("purpose", "kind"), [("user", "Personal"), ("shared", "Shared"), ("room", "Personal")])
def test_a_row_without_graph_id_is_resolved_and_what_was_found_is_written(purpose: str, kind: str) -> None:
    tenant = FakeTenant()
    tenant.users["adviser1@firm.example"] = user(1, purpose=purpose)
    [mailbox_run] = plan(setup(box(1, graph_user_id=None)), tenant=tenant).values()
    assert mailbox_run.queue is not None
    assert mailbox_run.queue.user == "user-1"
    changes = mailbox_run.changes()
    assert changes["Graph_User_Id__c"] == "user-1"
    assert changes["Mailbox_Type__c"] == kind
    assert changes["Aliases__c"] == "adviser1@firm.example\nalias1@firm.example"
    mailbox_run.saved()
    assert mailbox_run.changes() == {}


def test_a_kind_that_may_not_be_asked_stays_as_it_is() -> None:
    tenant = FakeTenant()
    tenant.users["adviser1@firm.example"] = user(1, purpose="")
    [mailbox_run] = plan(setup(box(1, graph_user_id=None, shared=True)), tenant=tenant).values()
    assert mailbox_run.mailbox.shared
    assert "Mailbox_Type__c" not in mailbox_run.changes()


@pytest.mark.parametrize(
    ("name", "reads_it"),
    [("ALIAS1@firm.example", False), ("adviser1@firm.example", True), ("First@Firm.example", True), ("", True)],
)
def test_an_alias_is_no_user_principal_name(name: str, reads_it: bool) -> None:
    tenant = FakeTenant()
    found = user(1, mail="first@firm.example", addresses=("first@firm.example", "alias1@firm.example"))
    tenant.users.update({name: found, "alias1@firm.example": found})
    row = box(1, graph_user_id=None, user_principal_name=name, email="alias1@firm.example")
    [mailbox_run] = plan(setup(row), tenant=tenant).values()
    assert (mailbox_run.queue is not None) is reads_it
    if not reads_it:
        assert mailbox_run.mailbox.status is MailboxStatus.UNAVAILABLE
        assert "is an alias of first@firm.example" in mailbox_run.mailbox.status_detail
        assert "to adviser1@firm.example." in mailbox_run.mailbox.status_detail


def test_a_row_that_names_nobody_is_unavailable_and_the_others_go_on() -> None:
    tenant = FakeTenant()
    tenant.users["adviser1@firm.example"] = user(1)
    mailbox_runs = plan(setup(box(1, graph_user_id=None), box(2, graph_user_id=None)), tenant=tenant)
    assert reads(mailbox_runs) == [True, False]
    lost = mailbox_runs[box(2).id]
    assert isinstance(lost.error, MailboxUnavailableError)
    assert lost.mailbox.status is MailboxStatus.UNAVAILABLE
    assert "adviser2@firm.example" in lost.mailbox.status_detail
    assert lost.turned


def test_a_row_with_graph_id_costs_no_request_until_it_is_swept() -> None:
    tenant = FakeTenant()
    plan(setup(*(box(number, **SWEPT) for number in range(20))), tenant=tenant)
    assert tenant.calls == 0
    plan(setup(*(box(number) for number in range(20))), tenant=tenant)
    assert tenant.calls == 20


def test_addresses_that_a_mailbox_was_given_since_are_added_when_it_is_swept() -> None:
    tenant = FakeTenant()
    tenant.users["x"] = user(1, addresses=("married@firm.example", "adviser1@firm.example"))
    row = box(1, aliases=("adviser1@firm.example", "former@firm.example"))
    [mailbox_run] = plan(setup(row), tenant=tenant).values()
    assert mailbox_run.changes()["Aliases__c"].split() == [
        "adviser1@firm.example",
        "former@firm.example",
        "married@firm.example",
    ]
    assert mailbox_run.queue is not None
    assert "married@firm.example" in mailbox_run.queue.mailbox.aliases
    [mailbox_run] = plan(setup(replace(row, aliases=mailbox_run.mailbox.aliases)), tenant=tenant).values()
    assert "Aliases__c" not in mailbox_run.changes()


def test_a_directory_that_does_not_tell_leaves_the_addresses_alone() -> None:
    [mailbox_run] = plan(setup(box(1, aliases=("adviser1@firm.example",)))).values()
    assert mailbox_run.mailbox.aliases == ("adviser1@firm.example",)
    assert "Aliases__c" not in mailbox_run.changes()


def test_what_stops_the_run_is_not_a_mailbox_s_fault() -> None:
    tenant = FakeTenant()
    tenant.outage = ServiceError("away")
    with pytest.raises(ServiceError):
        plan(setup(*(box(number, graph_user_id=None) for number in range(9))), tenant=tenant)


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
