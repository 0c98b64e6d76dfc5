"""What records mean: the settings and their defaults, an exclusion that was removed, a right that ran out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import SetupError
from connector.salesforce import parse

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EARLIER, LATER = "2026-03-01T12:00:00.000+0000", "2026-03-03T12:00:00.000+0000"
DAY_BEFORE = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA, BOB = "005000000000001AAA", "005000000000002AAA"


def settings(**fields: Any) -> Any:
    empty = dict.fromkeys(
        (
            "Frequency__c",
            "Keep_Unmatched__c",
            "Unmatched_Retention_Days__c",
            "Sync_Bcc__c",
            "Backfill_Months__c",
            "Licensed_Users__c",
            "Opt_Out_Categories__c",
            "Attachment_Max_MB__c",
            "Inline_Images__c",
            "Remote_Images__c",
            "Create_Tasks__c",
            "Ask_Owner__c",
            "Match_Ties__c",
            "Last_Run_At__c",
            "Matched_Through__c",
        )
    )
    return parse.settings({"Id": "a0S000000000001AAA", "Active__c": True, **empty, **fields})


def exclusion(**fields: Any) -> Any:
    plain = {
        "Id": "a0X000000000001AAA",
        "Name": "EX-1",
        "Type__c": "Personal Address",
        "Pattern__c": "me@gym.example",
        "User__c": None,
        "CreatedById": ADA,
        "Active__c": True,
        "IsDeleted": False,
        "Removed_At__c": None,
        "LastModifiedDate": EARLIER,
    }
    return parse.exclusion({**plain, **fields})


def test_what_is_empty_in_the_settings_has_its_default() -> None:
    found = settings()
    assert (found.frequency, found.unmatched_retention_days, found.backfill_months) == ("Hourly", 30, 6)
    assert (found.attachment_max_mb, found.match_ties.value, found.licensed_users) == (25, "All", None)
    assert found.opt_out_categories == ()


def test_categories_are_separated_by_semicolons_and_commas() -> None:
    assert settings(Opt_Out_Categories__c="Do Not Sync; Private,Family ;;").opt_out_categories == (
        "do not sync",
        "private",
        "family",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"Unmatched_Retention_Days__c": 0},
        {"Unmatched_Retention_Days__c": 40_000},
        {"Backfill_Months__c": -1},
        {"Backfill_Months__c": 601},
        {"Licensed_Users__c": -1},
        {"Attachment_Max_MB__c": 2.5},
    ],
)
def test_a_number_out_of_its_range_is_named(fields: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match=next(iter(fields))):
        settings(**fields)


def test_a_rule_that_stands_was_not_removed() -> None:
    assert exclusion().removed_at is None


@pytest.mark.parametrize("fields", [{"Active__c": False}, {"IsDeleted": True}])
def test_a_rule_that_was_cleared_or_deleted_was_removed_when_it_was_last_modified(fields: dict[str, Any]) -> None:
    assert exclusion(**fields).removed_at == DAY_BEFORE


def test_the_time_that_was_stamped_stays() -> None:
    found = exclusion(Active__c=False, Removed_At__c="2026-02-01T12:00:00.000+0000")
    assert found.removed_at == datetime(2026, 2, 1, 12, tzinfo=UTC)


def test_a_rule_that_is_active_again_applies_again() -> None:
    assert exclusion(Removed_At__c="2026-02-01T12:00:00.000+0000").removed_at is None


def test_a_personal_rule_without_user_is_its_creators_and_no_other_rule_has_a_user() -> None:
    assert exclusion().user == ADA
    assert exclusion(User__c=BOB).user == BOB
    assert exclusion(Type__c="External Address", User__c=BOB).user is None


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"ExpirationDate": LATER}, True),
        ({"ExpirationDate": EARLIER}, False),
        ({"IsActive": False}, False),
    ],
)
def test_an_assignment_that_ran_out_or_is_inactive_does_not_count(fields: dict[str, Any], counts: bool) -> None:
    record = {"Id": "0Pa000000000001AAA", "AssigneeId": ADA, "IsActive": True, "ExpirationDate": None, **fields}
    assert parse.holders([record], NOW) == (frozenset({ADA}) if counts else frozenset())


@pytest.mark.parametrize(
    ("status", "event", "requested"),
    [
        ("Failed", None, False),
        ("Retry Requested", None, True),
        ("Failed", {"Retry_Requested__c": True}, True),
        ("Failed", {"Retry_Requested__c": False}, False),
    ],
)
def test_a_retry_is_asked_for_on_the_row_or_on_its_event(status: str, event: Any, requested: bool) -> None:
    names = (
        "Error_Key__c Mailbox__c Graph_Message_Id__c Internet_Message_Id__c Received_At__c Attempts__c "
        "Next_Attempt_At__c Email__c Sync_Event__c Subject__c Code__c Message__c"
    )
    record = {"Id": "a0R000000000001AAA", **dict.fromkeys(names.split()), "Status__c": status, "Sync_Event__r": event}
    assert parse.logged_error(record).requested is requested
