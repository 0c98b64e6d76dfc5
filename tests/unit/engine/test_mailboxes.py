"""Which mailboxes are read, which are not and why, and what is written to their rows."""

from dataclasses import replace
from typing import Any

import pytest

from connector.codes import MailboxStatus
from connector.engine.mailboxes import (
    MailboxRun,
    not_linked_reason,
    seated_users,
)
from connector.errors import (
    MailboxUnavailableError,
    ServiceError,
    UsageError,
)
from connector.model.org import ExclusionType
from connector.model.values import RecordId
from tests.support.builders import NOW, at, exclusion, mailbox
from tests.support.fakes import FakeTenant
from tests.unit.engine.planning import SWEPT, box, plan, setup, user

USER = RecordId("005000000000001AAA")


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
    assert tenant.calls == 40  # addresses, and what it is for


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
