"""The end of a run: error rows and their attempts, what is settled, timestamps; all of it or nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.codes import ErrorStatus
from connector.core.scheduling.retry import error_key
from connector.errors import ServiceError
from connector.model.org import SettledError
from connector.model.run import EventRecord, Failure, MailboxUpdate
from connector.model.values import GraphUserId, MessageId, RecordId
from connector.salesforce.run_log import SalesforceRunLog
from tests.unit.salesforce.org import Org, refusal

#: what the org's answers say
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
EVENT = EventRecord(key="run-1", fields={"Status__c": "Running", "Touched_At__c": NOW, "Run_Key__c": "run-1"})
BOX = RecordId("a0M000000000001AAA")
KEY = error_key("ada", "m1")
SETTINGS = RecordId("a0S000000000001AAA")


def failure(number: int = 1, **fields: Any) -> Failure:
    defaults: dict[str, Any] = {
        "mailbox": BOX,
        "graph_user_id": GraphUserId("ada"),
        "message": MessageId(f"m{number}"),
        "internet_message_id": f"<{number}@client.example>",
        "subject": "Your portfolio",
        "received_at": NOW,
        "code": "TIMEOUT",
        "text": "no answer",
        "transient": True,
    }
    return Failure(**{**defaults, **fields})


def saved(org: Org, *failures: Failure, attempts: dict[str, int] | None = None, **how: Any) -> list[dict[str, Any]]:
    """The error rows that were sent."""
    org.client.composite([])
    SalesforceRunLog(org.client, attempts).save(**{"event": EVENT, "mailboxes": [], **how, "failures": failures})
    return rows(org, "MS_Graph_Sync_Error__c")


def rows(org: Org, name: str) -> list[dict[str, Any]]:
    """The rows of an object in all Collections that were sent, in order."""
    bodies = [ask["body"] for asks in org.requests for ask in asks if "/composite/sobjects" in ask["url"]]
    return [row for body in bodies for row in body["records"] if row["attributes"]["type"] == name]


def after(**time: float) -> str:
    return (NOW + timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.parametrize(
    ("before", "again"), [(0, {"minutes": 15}), (1, {"hours": 1}), (2, {"hours": 6}), (3, {"hours": 24}), (4, None)]
)
def test_a_passing_failure_is_tried_again_ever_later_and_the_fifth_is_the_last(
    org: Org, before: int, again: dict[str, float] | None
) -> None:
    [row] = saved(org, failure(), attempts={KEY: before} if before else None)
    assert row["Attempts__c"] == before + 1
    assert row["Next_Attempt_At__c"] == (after(**again) if again else None)
    assert row["Status__c"] == ("Failed" if again else "Gave Up")


def test_a_lasting_failure_stays_failed_and_has_no_next_time(org: Org) -> None:
    [row] = saved(org, failure(transient=False), attempts={KEY: 1})
    assert (row["Status__c"], row["Next_Attempt_At__c"], row["Attempts__c"]) == ("Failed", None, 2)


@pytest.mark.parametrize("attempts", [0, 4, 400])
def test_what_a_rule_refused_is_tried_once_a_day_and_never_given_up(org: Org, attempts: int) -> None:
    tried = {KEY: attempts, error_key("ada", "m2"): 3}
    row, passing = saved(org, failure(1, transient=False, by_rule=True), failure(2), attempts=tried)
    assert row["Status__c"] == "Failed"
    assert row["Next_Attempt_At__c"] == passing["Next_Attempt_At__c"]  # the last step of the ladder is a day


def test_an_error_row_is_of_the_run_in_which_it_failed_first(org: Org) -> None:
    first, second = saved(org, failure(1), failure(2), attempts={error_key("ada", "m2"): 1})
    assert first["Sync_Event__r"] == {"Run_Key__c": "run-1"}
    assert "Sync_Event__r" not in second


def test_a_message_found_under_another_id_keeps_its_row(org: Org) -> None:
    [row] = saved(org, failure(error_key="f" * 64), attempts={"f" * 64: 2})
    assert (row["Error_Key__c"], row["Attempts__c"]) == ("f" * 64, 3)


def test_a_row_whose_mail_is_no_client_mail_says_nothing_of_it(org: Org) -> None:
    done = SettledError(id=RecordId("a0R000000000002AAA"), status=ErrorStatus.RESOLVED, forget=True)
    [row] = saved(org, settled=[done])
    assert (row["Subject__c"], row["Internet_Message_Id__c"], row["Status__c"]) == (None, None, "Resolved")
    assert "says nothing" in row["Message__c"]


def test_what_is_done_with_has_no_next_time_and_a_request_is_taken_back(org: Org) -> None:
    gone = SettledError(id=RecordId("a0R000000000001AAA"), status=ErrorStatus.GAVE_UP, code="GONE", text="It is gone")
    done = SettledError(id=RecordId("a0R000000000002AAA"), status=ErrorStatus.RESOLVED)
    first, second = saved(org, settled=[gone, done], answered=[RecordId("a0V000000000001AAA")])
    assert (first["Status__c"], first["Code__c"], first["Message__c"]) == ("Gave Up", "GONE", "It is gone")
    assert second == {
        "attributes": {"type": "MS_Graph_Sync_Error__c"},
        "id": done.id,
        "Status__c": "Resolved",
        "Next_Attempt_At__c": None,
    }
    [event] = rows(org, "MS_Graph_Sync_Event__c")
    assert (event["id"], event["Retry_Requested__c"]) == ("a0V000000000001AAA", False)


def test_failures_go_before_timestamps_and_all_of_it_holds_or_nothing(org: Org) -> None:
    box = MailboxUpdate(id=BOX, fields={"Live_Through__c": NOW})
    saved(org, failure(), mailboxes=[box], matched_through=(SETTINGS, NOW))
    assert [name for _, name, _ in org.collections] == ["MS_Graph_Sync_Error__c", "MS_Graph_User__c"]
    assert org.raw[-1]["allOrNone"] is True
    assert org.requests[-1][-1]["url"].endswith(f"MS_Graph_Setting__c/{SETTINGS}")


def test_a_thousand_rows_go_in_five_collections_and_matched_through_with_the_last(org: Org) -> None:
    before = len(org.requests)
    saved(org, *(failure(number) for number in range(1_001)), matched_through=(SETTINGS, NOW))
    requests = [asks for asks in org.requests[before:] if asks]
    assert [count for _, _, count in org.collections] == [200, 200, 200, 200, 200, 1]
    settings = [any("MS_Graph_Setting__c" in ask["url"] for ask in asks) for asks in requests]
    assert settings == [False, True]


def test_a_row_that_is_refused_stops_the_run_in_its_own_words(org: Org) -> None:
    org.rule = lambda name, _: (
        refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No errors on Sundays")
        if name == "MS_Graph_Sync_Error__c"
        else refusal("ALL_OR_NONE_OPERATION_ROLLED_BACK", "rolled back")
    )
    box = MailboxUpdate(id=BOX, fields={"Live_Through__c": NOW})
    with pytest.raises(ServiceError, match="No errors on Sundays"):
        saved(org, failure(), mailboxes=[box])


def test_nothing_to_write_is_no_call(org: Org) -> None:
    SalesforceRunLog(org.client).save(event=None, failures=[], mailboxes=[])
    assert org.requests == []
