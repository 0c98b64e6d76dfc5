"""The writer: each row by itself, halves where it was too much, and a fault of the org told from one of a mail."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from connector.errors import NoAnswerError, OrgFaultError, ServiceError, SetupError, UnreachableError
from connector.model.records import Row, RowResult
from connector.model.run import EventRecord
from connector.model.values import RecordId
from connector.salesforce.writer import SalesforceWriter
from tests.unit.salesforce.org import USER, Org, Result, refusal

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
EVENT = EventRecord(key="run 1/é", fields={"Status__c": "Running", "Touched_At__c": NOW, "Run_Key__c": "run 1/é"})
LOCKED = refusal("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")


def email(key: str, **fields: Any) -> Row:
    return Row(
        object="Email__c",
        key_field="Message_Key__c",
        key=key,
        fields={"Message_Key__c": key, "Name": "x", "Sent_At__c": NOW, **fields},
    )


def participant(key: str, number: int = 1) -> Row:
    own = f"{key}:p{number}"
    fields = {"Email__r": {"Message_Key__c": key}, "Participant_Key__c": own}
    return Row(object="Email_Participant__c", key_field="Participant_Key__c", key=own, fields=fields)


def task(key: str, owner: str = "005000000000009AAA") -> Row:
    fields = {"Email__r": {"Message_Key__c": key}, "Task_Key__c": f"{key}:t", "OwnerId": owner}
    return Row(object="Task", key_field="Task_Key__c", key=f"{key}:t", fields=fields)


def mail(key: str) -> list[Row]:
    return [email(key), participant(key), task(key)]


def codes(results: list[list[RowResult]]) -> list[list[str | None]]:
    return [[result.error.code if result.error else None for result in rows] for rows in results]


def parents_must_exist(org: Org) -> None:
    """Refuse a child whose parent is not there, as the platform does."""
    before = org.rule

    def rule(name: str, record: Mapping[str, Any]) -> Result | None:
        parent = record.get("Email__r", {}).get("Message_Key__c")
        if parent is not None and parent not in org.taken:
            text = f"Foreign key external ID: {parent} not found for field Message_Key__c in entity Email__c"
            return refusal("INVALID_FIELD", text)
        return before(name, record)

    org.rule = rule


def test_one_call_carries_the_event_and_three_collections(org: Org) -> None:
    results = SalesforceWriter(org.client).write([mail("a"), mail("b")], event=EVENT)
    assert codes(results) == [[None] * 3, [None] * 3]
    assert [[result.row.key for result in rows] for rows in results] == [["a", "a:p1", "a:t"], ["b", "b:p1", "b:t"]]
    assert org.client.calls == 1
    assert org.collections == [("POST", "Email__c", 2), ("POST", "Email_Participant__c", 2), ("POST", "Task", 2)]
    [payload] = org.raw
    assert payload["allOrNone"] is False
    assert payload["collateSubrequests"] is False
    event = payload["compositeRequest"][0]
    assert event["method"] == "PATCH"
    assert event["url"].endswith("/sobjects/MS_Graph_Sync_Event__c/Run_Key__c/run%201%2F%C3%A9")
    assert event["body"] == {"Status__c": "Running", "Touched_At__c": "2026-11-22T10:00:00.000Z"}
    record = payload["compositeRequest"][1]["body"]["records"][0]
    assert record["attributes"] == {"type": "Email__c"}
    assert record["Sent_At__c"] == "2026-11-22T10:00:00.000Z"
    assert payload["compositeRequest"][1]["body"]["allOrNone"] is False


def test_updates_are_sent_by_id_without_their_key(org: Org) -> None:
    row = Row(
        object="Email__c",
        key_field="Message_Key__c",
        key="a",
        id=RecordId("a01000000000001AAA"),
        fields={"Bcc__c": "x"},
    )
    [[result]] = SalesforceWriter(org.client).write([[row]], event=EVENT)
    assert result.id == "a01000000000001AAA"
    assert org.collections == [("PATCH", "Email__c", 1)]
    assert org.raw[0]["compositeRequest"][1]["body"]["records"] == [
        {"attributes": {"type": "Email__c"}, "id": "a01000000000001AAA", "Bcc__c": "x"}
    ]


def test_nothing_to_write_is_no_call(org: Org) -> None:
    assert SalesforceWriter(org.client).write([], event=EVENT) == []
    assert org.client.calls == 0


def test_a_row_that_is_there_existed_and_gives_its_full_id(org: Org) -> None:
    writer = SalesforceWriter(org.client)
    [first] = writer.write([mail("a")], event=EVENT)
    [second] = writer.write([mail("a")], event=EVENT)
    assert [result.existed for result in first] == [False] * 3
    assert [result.existed for result in second] == [True] * 3
    assert second[0].id == first[0].id


def test_rows_of_a_lost_answer_are_this_runs_own(org: Org) -> None:
    writer = SalesforceWriter(org.client)
    writer.write([mail("a")], event=EVENT)
    org.disturbances = [requests.ConnectionError("reset after it took effect")]
    [again] = writer.write([mail("a")], event=EVENT)
    assert [result.existed for result in again] == [False] * 3
    assert all(result.id for result in again)


def test_a_bad_row_fails_alone_and_its_children_share_its_reason(org: Org) -> None:
    def rule(name: str, record: Mapping[str, Any]) -> Result | None:
        if name == "Email__c" and record["Message_Key__c"] == "bad":
            return refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No mail from Mars", "Subject__c")
        return None

    org.rule = rule
    parents_must_exist(org)
    good, bad = SalesforceWriter(org.client).write([mail("good"), mail("bad")], event=EVENT)
    assert all(result.error is None for result in good)
    assert {result.error.message for result in bad if result.error} == {"No mail from Mars"}
    assert len(bad) == 3
    assert org.client.calls == 1


def test_a_child_of_a_mail_that_vanished_keeps_its_own_reason(org: Org) -> None:
    parents_must_exist(org)
    [[result]] = SalesforceWriter(org.client).write([[participant("gone")]], event=EVENT)
    assert result.error is not None
    assert result.error.code == "INVALID_FIELD"


def test_a_child_of_a_mail_that_vanished_after_it_was_taken_keeps_its_own_reason(org: Org) -> None:
    text = "Foreign key external ID: a not found for field Message_Key__c in entity Email__c"
    org.rule = lambda name, _: refusal("INVALID_FIELD", text) if name == "Email_Participant__c" else None
    [[own, child]] = SalesforceWriter(org.client).write([[email("a"), participant("a")]], event=EVENT)
    assert own.error is None
    assert child.error is not None
    assert child.error.code == "INVALID_FIELD"


def test_a_timeout_halves_and_everything_arrives_once(org: Org) -> None:
    org.disturbances = [requests.ReadTimeout("slow"), requests.ReadTimeout("slow")]
    parents_must_exist(org)
    mails = [mail(f"{number:03d}") for number in range(120)]
    results = SalesforceWriter(org.client).write(mails, event=EVENT)
    assert {code for rows in codes(results) for code in rows} == {None}
    sizes = [sum(len(ask["body"]["records"]) for ask in asks[1:]) for asks in org.requests]
    assert sizes[:3] == [360, 180, 90]
    assert len(org.taken) == 360


def test_rows_of_a_request_that_timed_out_and_was_carried_out_are_our_own(org: Org) -> None:
    text = "duplicate value found: Message_Key__c duplicates value on record with id: a0E000000000001"
    org.rule = lambda *_: refusal("DUPLICATE_VALUE", text)
    org.disturbances = [requests.ReadTimeout("slow")]
    results = SalesforceWriter(org.client).write([[email("a")], [email("b")]], event=EVENT)
    assert [(row.error, row.existed) for rows in results for row in rows] == [(None, False)] * 2
    # without a time-out they are those of another run
    results = SalesforceWriter(org.client).write([[email("a")], [email("b")]], event=EVENT)
    assert [(row.error, row.existed) for rows in results for row in rows] == [(None, True)] * 2


def test_one_row_that_times_out_stops_the_run(org: Org) -> None:
    org.disturbances = [requests.ReadTimeout("slow")] * 2
    with pytest.raises(NoAnswerError):
        SalesforceWriter(org.client).write([[email("a")]], event=EVENT)


def test_too_much_at_once_is_halved_until_it_fits(org: Org) -> None:
    served: list[int] = []

    def rule(name: str, record: Mapping[str, Any]) -> Result | None:
        size = next(len(ask["body"]["records"]) for ask in org.requests[-1][1:] if record in ask["body"]["records"])
        served.append(size)
        text = "MailTrigger: System.LimitException: Apex CPU time limit exceeded"
        return refusal("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", text) if size > 30 else None

    org.rule = rule
    results = SalesforceWriter(org.client).write([[email(f"{n:03d}")] for n in range(100)], event=EVENT)
    assert {code for rows in codes(results) for code in rows} == {None}
    assert len(org.taken) == 100
    assert max(served) == 100
    # a request that passes lets the next one be larger again, one that does not makes it smaller
    assert org.client.calls <= 9


def test_what_was_taken_is_not_sent_again_with_the_halves(org: Org) -> None:
    def rule(name: str, record: Mapping[str, Any]) -> Result | None:
        size = next(len(ask["body"]["records"]) for ask in org.requests[-1][1:] if record in ask["body"]["records"])
        return LOCKED if name == "Email_Participant__c" and size > 30 else None

    org.rule = rule
    results = SalesforceWriter(org.client).write([mail(f"{n:03d}") for n in range(50)], event=EVENT)
    assert {(result.error, result.existed) for rows in results for result in rows} == {(None, False)}
    sent = [count for _, name, count in org.collections if name == "Email__c"]
    assert sent == [50]


def test_one_row_too_much_fails_as_passing(org: Org) -> None:
    org.rule = lambda _name, _record: LOCKED
    [[result]] = SalesforceWriter(org.client).write([[email("a")]], event=EVENT)
    assert result.error is not None
    assert (result.error.code, result.error.transient) == ("UNABLE_TO_LOCK_ROW", True)
    assert org.client.calls == 3


def test_a_row_behind_a_lock_is_sent_again_with_its_children(org: Org) -> None:
    locked = {"b": 1}

    def rule(name: str, record: Mapping[str, Any]) -> Result | None:
        key = record.get("Message_Key__c")
        if locked.get(str(key)):
            locked[str(key)] -= 1
            return LOCKED
        return None

    org.rule = rule
    parents_must_exist(org)
    results = SalesforceWriter(org.client).write([mail("a"), mail("b"), mail("c")], event=EVENT)
    assert {code for rows in codes(results) for code in rows} == {None}
    assert org.collections[3:] == [("POST", "Email__c", 1), ("POST", "Email_Participant__c", 1), ("POST", "Task", 1)]


def test_an_inactive_owner_of_a_task_gives_way_to_the_integration_user(org: Org) -> None:
    def rule(name: str, record: Mapping[str, Any]) -> Result | None:
        if name == "Task" and record["OwnerId"] == "005000000000009AAA":
            return refusal("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", "OwnerId")
        return None

    org.rule = rule
    mails = [mail(f"{number:03d}") for number in range(60)]
    results = SalesforceWriter(org.client).write(mails, event=EVENT)
    assert {code for rows in codes(results) for code in rows} == {None}
    assert org.client.calls == 2
    assert {record["OwnerId"] for record in org.requests[1][1]["body"]["records"]} == {USER}
    assert results[0][2].row.fields["OwnerId"] == USER  # the row as the org took it


def test_a_mail_is_given_to_nobody_else(org: Org) -> None:
    org.rule = lambda _name, _record: refusal("INACTIVE_OWNER_OR_USER", "operation performed with inactive user")
    [[result]] = SalesforceWriter(org.client).write([[email("a", OwnerId="005000000000009AAA")]], event=EVENT)
    assert result.error is not None
    assert result.row.fields["OwnerId"] == "005000000000009AAA"
    assert org.client.calls == 1


def test_a_body_that_is_refused_as_too_long_is_halved_once(org: Org) -> None:
    bodies: list[str] = []

    def rule(name: str, record: Mapping[str, Any]) -> Result | None:
        if name != "Email__c":
            return None
        bodies.append(record["Body__c"])
        if len(record["Body__c"]) > 1_000:
            return refusal("STRING_TOO_LONG", "Body: data value too large: …", "Body__c")
        return None

    org.rule = rule
    parents_must_exist(org)
    rows = [email("a", Body__c="<p>word</p>" * 150, Body_Truncated__c=False), participant("a")]
    [results] = SalesforceWriter(org.client).write([rows], event=EVENT)
    assert [result.error for result in results] == [None, None]
    assert len(bodies) == 2
    assert 500 < len(bodies[1]) <= 1_000
    assert org.requests[1][1]["body"]["records"][0]["Body_Truncated__c"] is True


def test_a_body_that_stays_too_long_fails_with_the_orgs_words(org: Org) -> None:
    org.rule = lambda _name, _record: refusal("STRING_TOO_LONG", "Body: data value too large", "Body__c")
    [[result]] = SalesforceWriter(org.client).write([[email("a", Body__c="x" * 99)]], event=EVENT)
    assert result.error is not None
    assert result.error.code == "STRING_TOO_LONG"
    assert org.client.calls == 2


def test_another_long_field_is_not_mended(org: Org) -> None:
    org.rule = lambda _name, _record: refusal("STRING_TOO_LONG", "Subject: data value too large", "Subject__c")
    SalesforceWriter(org.client).write([[email("a", Body__c="x" * 99)]], event=EVENT)
    assert org.client.calls == 1


def refuse_all(name: str, record: Mapping[str, Any]) -> Result | None:
    if name == "Email__c":
        return refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Mail is closed for the audit")
    return None


def test_fifty_refusals_for_one_reason_are_the_orgs_fault(org: Org) -> None:
    org.rule = refuse_all
    parents_must_exist(org)
    writer = SalesforceWriter(org.client)
    results = writer.write([mail(f"{number:03d}") for number in range(49)], event=EVENT)
    assert {code for rows in codes(results) for code in rows} == {"FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    with pytest.raises(OrgFaultError, match="Mail is closed for the audit") as caught:
        writer.write([mail("049")], event=EVENT)
    assert caught.value.where == "Email__c"
    assert caught.value.remedy


def test_different_reasons_are_not_the_orgs_fault(org: Org) -> None:
    def rule(_name: str, record: Mapping[str, Any]) -> Result | None:
        return refusal(f"CODE_{int(record['Message_Key__c']) % 2}", "no")

    org.rule = rule
    assert len(SalesforceWriter(org.client).write([[email(str(n))] for n in range(90)], event=EVENT)) == 90


def test_an_event_that_is_refused_stops_the_run(org: Org) -> None:
    org.resources["sobjects/MS_Graph_Sync_Event__c"] = (404, [{"errorCode": "NOT_FOUND", "message": "no such"}])
    with pytest.raises(SetupError, match="MS_Graph_Sync_Event__c") as raised:
        SalesforceWriter(org.client).write([mail("a")], event=EVENT)
    # a right that was taken away in the middle of a run looks the same
    assert "assign the permission set Microsoft_365_Sync_Integration" in raised.value.remedy


def test_a_collection_refused_as_a_whole_stops_the_run(org: Org) -> None:
    org.resources["composite/sobjects"] = (400, [{"errorCode": "EXCEEDED_ID_LIMIT", "message": "record limit reached"}])
    with pytest.raises(ServiceError, match="record limit reached"):
        SalesforceWriter(org.client).write([mail("a")], event=EVENT)


def test_a_collection_that_is_too_much_as_a_whole_fails_row_by_row_in_the_end(org: Org) -> None:
    org.resources["composite/sobjects"] = (503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}])
    [[result]] = SalesforceWriter(org.client).write([[email("a")]], event=EVENT)
    assert result.error is not None
    assert result.error.transient


def test_a_call_that_is_down_is_unreachable(org: Org) -> None:
    org.disturbances = [(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "down"}])] * 5
    with pytest.raises(UnreachableError):
        SalesforceWriter(org.client).write([mail("a")], event=EVENT)


def test_the_namespace_is_on_every_name_of_ours(org: Org) -> None:
    named = Org(org.wire, namespace="ns")
    with named.transport:
        SalesforceWriter(named.client).write([mail("a")], event=EVENT)
    [payload] = [raw for raw in named.raw + org.raw if raw]
    text = str(payload)
    assert "ns__MS_Graph_Sync_Event__c/ns__Run_Key__c" in text
    assert "'ns__Email__r': {'ns__Message_Key__c': 'a'}" in text
    assert "OwnerId" in text
    assert "ns__OwnerId" not in text
