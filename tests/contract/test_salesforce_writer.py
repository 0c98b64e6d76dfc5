"""The port RecordSink and the port RunLog: rows, each by itself; then event, errors and timestamps, all or none."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connector.core.scheduling.retry import error_key
from connector.errors import OrgFaultError, ServiceError
from connector.model.records import Row
from connector.model.run import EventRecord, Failure, MailboxUpdate
from connector.model.values import GraphUserId, MessageId, RecordId
from tests.contract.conftest import Salesforce
from tests.support.world import World

SENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def event(**fields: Any) -> EventRecord:
    return EventRecord(
        key="run-1", fields={"Kind__c": "Manual", "Status__c": "Running", "Started_At__c": SENT, **fields}
    )


def mail(number: int, owner: str, **fields: Any) -> list[Row]:
    key = f"{number:032d}"
    audit = {"CreatedDate": SENT, "CreatedById": owner, "LastModifiedDate": SENT, "LastModifiedById": owner}
    parent = {"Message_Key__c": key}
    return [
        Row(
            object="Email__c",
            key_field="Message_Key__c",
            key=key,
            fields={
                "Message_Key__c": key,
                "Name": "A subject",
                "Sent_At__c": SENT,
                "Direction__c": "Inbound",
                "Match_Status__c": "Matched",
                "Sync_Event__r": {"Run_Key__c": "run-1"},
                "OwnerId": owner,
                **audit,
                **fields,
            },
        ),
        Row(
            object="Email_Participant__c",
            key_field="Participant_Key__c",
            key=f"{key}:p",
            fields={
                "Email__r": parent,
                "Participant_Key__c": f"{key}:p",
                "Address__c": "ada@client.example",
                "Role__c": "From",
                **audit,
            },
        ),
        Row(
            object="Task",
            key_field="Task_Key__c",
            key=f"{key}:t",
            fields={
                "Email__r": parent,
                "Task_Key__c": f"{key}:t",
                "Subject": "Email: A subject",
                "Status": "Completed",
                "Priority": "Normal",
                "TaskSubtype": "Email",
                "ActivityDate": date(2026, 3, 4),
                "OwnerId": owner,
                **audit,
            },
        ),
    ]


def test_rows_are_written_with_their_parents_and_audit_fields(world: World, salesforce: Salesforce) -> None:
    owner = world.user("ann")
    [results] = salesforce.writer.write([mail(1, owner)], event=event())
    assert [result.error for result in results] == [None] * 3
    assert salesforce.client.calls == 1
    [email] = world.rows("SELECT Id, OwnerId, CreatedById, CreatedDate, Sync_Event__r.Run_Key__c FROM Email__c")
    assert email["Id"] == results[0].id
    assert (email["OwnerId"], email["CreatedById"]) == (owner, owner)
    assert email["CreatedDate"].startswith("2026-03-04T05:06:07")
    assert email["Sync_Event__r"]["Run_Key__c"] == "run-1"
    [task] = world.rows("SELECT Email__c, ActivityDate, OwnerId FROM Task")
    assert (task["Email__c"], task["ActivityDate"], task["OwnerId"]) == (email["Id"], "2026-03-04", owner)


def test_written_twice_is_there_once(world: World, salesforce: Salesforce) -> None:
    owner = world.user("ann")
    [first] = salesforce.writer.write([mail(1, owner)], event=event())
    [second] = salesforce.writer.write([mail(1, owner)], event=event())
    assert [result.existed for result in second] == [True] * 3
    assert [result.id for result in second] == [result.id for result in first]
    for name in ("Email__c", "Email_Participant__c", "Task", "MS_Graph_Sync_Event__c"):
        assert len(world.rows(f"SELECT Id FROM {name}")) == 1


def test_a_thousand_rows_take_one_call(world: World, salesforce: Salesforce) -> None:
    owner = world.user("ann")
    mails = [mail(number, owner)[:2] for number in range(400)]
    results = salesforce.writer.write(mails, event=event())
    assert all(result.error is None for rows in results for result in rows)
    assert salesforce.client.calls == 1


def test_a_refused_mail_takes_its_children_along_and_no_other(world: World, salesforce: Salesforce) -> None:
    world.control(
        "POST",
        "rules",
        {"object": "Email__c", "when": "Subject__c = 'Mars'", "message": "No mail from Mars", "field": "Subject__c"},
    )
    owner = world.user("ann")
    good, bad = salesforce.writer.write([mail(1, owner), mail(2, owner, Subject__c="Mars")], event=event())
    assert all(result.error is None for result in good)
    assert {result.error.message for result in bad if result.error is not None} == {"No mail from Mars"}
    assert all(result.error is not None and not result.error.transient for result in bad)


def test_a_rule_that_refuses_everything_is_the_orgs_fault(world: World, salesforce: Salesforce) -> None:
    world.control("POST", "rules", {"object": "Email__c", "when": "Name != null", "message": "Closed for the audit"})
    owner = world.user("ann")
    with pytest.raises(OrgFaultError, match="Closed for the audit"):
        salesforce.writer.write([mail(number, owner) for number in range(60)], event=event())
    assert world.rows("SELECT Id FROM Email__c") == []


def test_a_task_of_somebody_who_left_goes_to_the_integration_user(world: World, salesforce: Salesforce) -> None:
    owner = world.user("ann")
    world.org.User.update(owner, {"IsActive": False})
    [results] = salesforce.writer.write([mail(1, owner)], event=event())
    assert [result.error for result in results] == [None] * 3
    [task] = world.rows("SELECT OwnerId FROM Task")
    assert task["OwnerId"] == salesforce.client.identity.user
    [email] = world.rows("SELECT OwnerId FROM Email__c")
    assert email["OwnerId"] == owner


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_answer_changes_nothing(world: World, salesforce: Salesforce, drop: str) -> None:
    owner = world.user("ann")
    salesforce.admin.read()
    world.fault(service="salesforce", path="/composite", drop=drop)
    results = salesforce.writer.write([mail(number, owner) for number in range(20)], event=event())
    assert all(result.error is None and not result.existed for rows in results for result in rows)
    assert len(world.rows("SELECT Id FROM Email__c")) == 20
    assert len(world.rows("SELECT Id FROM Task")) == 20


def test_an_update_changes_what_it_names(world: World, salesforce: Salesforce) -> None:
    owner = world.user("ann")
    [[email, *_]] = salesforce.writer.write([mail(1, owner)], event=event())
    update = replace(email.row, id=email.id, fields={"Bcc__c": "ben@client.example"})
    [[result]] = salesforce.writer.write([[update]], event=event(Touched_At__c=SENT))
    assert result.error is None
    [row] = world.rows("SELECT Bcc__c, Name FROM Email__c")
    assert (row["Bcc__c"], row["Name"]) == ("ben@client.example", "A subject")
    [log] = world.rows("SELECT Touched_At__c FROM MS_Graph_Sync_Event__c")
    assert log["Touched_At__c"].startswith("2026-03-04T05:06:07")


# -- the run log ----------------------------------------------------------------------------------------------------


def failure(mailbox: str, message: str = "m1", *, transient: bool = True) -> Failure:
    return Failure(
        mailbox=RecordId(mailbox),
        graph_user_id=GraphUserId("g1"),
        message=MessageId(message),
        internet_message_id="one@mail.example",
        subject="A subject " * 40,
        received_at=SENT,
        code="TIMEOUT",
        text="It took too long.",
        transient=transient,
    )


def test_event_errors_and_timestamps_are_one_call(world: World, salesforce: Salesforce) -> None:
    _, row = world.adviser("ann")
    update = MailboxUpdate(id=RecordId(row), fields={"Live_Through__c": SENT, "Status__c": "Live"})
    salesforce.log.save(event=event(), failures=[failure(row)], mailboxes=[update])
    assert salesforce.log.calls == 1
    [mailbox] = world.rows("SELECT Live_Through__c, Status__c FROM MS_Graph_User__c")
    assert mailbox["Live_Through__c"].startswith("2026-03-04T05:06:07")
    [error] = world.rows(
        "SELECT Error_Key__c, Code__c, Message__c, Attempts__c, Status__c, Next_Attempt_At__c, Mailbox__c, Subject__c, "
        "Sync_Event__r.Run_Key__c FROM MS_Graph_Sync_Error__c"
    )
    assert error["Error_Key__c"] == error_key("g1", "m1")
    assert (error["Code__c"], error["Message__c"]) == ("TIMEOUT", "It took too long.")
    assert (error["Attempts__c"], error["Status__c"], error["Mailbox__c"]) == (1, "Failed", row)
    assert error["Sync_Event__r"]["Run_Key__c"] == "run-1"
    assert len(error["Subject__c"]) <= 255
    due = datetime.fromisoformat(error["Next_Attempt_At__c"])
    assert timedelta(minutes=10) < due - world.now() <= timedelta(minutes=15)


def test_attempts_are_counted_over_runs(world: World, salesforce: Salesforce) -> None:
    _, row = world.adviser("ann")
    for attempt in range(1, 6):
        salesforce.admin.read()
        salesforce.log.save(event=None, failures=[failure(row)], mailboxes=[])
        [error] = world.rows("SELECT Attempts__c, Status__c, Next_Attempt_At__c FROM MS_Graph_Sync_Error__c")
        assert error["Attempts__c"] == attempt
    assert (error["Status__c"], error["Next_Attempt_At__c"]) == ("Gave Up", None)


def test_a_permanent_failure_is_not_tried_again_by_itself(world: World, salesforce: Salesforce) -> None:
    _, row = world.adviser("ann")
    salesforce.log.save(event=None, failures=[failure(row, transient=False)], mailboxes=[])
    [error] = world.rows("SELECT Status__c, Next_Attempt_At__c FROM MS_Graph_Sync_Error__c")
    assert (error["Status__c"], error["Next_Attempt_At__c"]) == ("Failed", None)


def test_a_refused_error_row_holds_back_the_timestamp(world: World, salesforce: Salesforce) -> None:
    world.control(
        "POST",
        "rules",
        {"object": "MS_Graph_Sync_Error__c", "when": "Code__c = 'TIMEOUT'", "message": "No errors here"},
    )
    _, row = world.adviser("ann")
    update = MailboxUpdate(id=RecordId(row), fields={"Live_Through__c": SENT})
    with pytest.raises(ServiceError, match="No errors here") as caught:
        salesforce.log.save(event=event(), failures=[failure(row)], mailboxes=[update])
    assert caught.value.where == error_key("g1", "m1")
    [mailbox] = world.rows("SELECT Live_Through__c FROM MS_Graph_User__c")
    assert mailbox["Live_Through__c"] is None
    assert world.rows("SELECT Id FROM MS_Graph_Sync_Event__c") == []


def test_a_refused_timestamp_is_named(world: World, salesforce: Salesforce) -> None:
    _, row = world.adviser("ann")
    bad = MailboxUpdate(id=RecordId(row), fields={"Status__c": "Nonsense"})
    with pytest.raises(ServiceError, match="MS_Graph_User__c") as caught:
        salesforce.log.save(event=event(), failures=[], mailboxes=[bad])
    assert caught.value.where == row


def test_nothing_to_save_is_no_call(salesforce: Salesforce) -> None:
    salesforce.log.save(event=None, failures=[], mailboxes=[])
    assert salesforce.log.calls == 0


def test_many_rows_take_as_few_calls_as_fit(world: World, salesforce: Salesforce) -> None:
    _, row = world.adviser("ann")
    salesforce.log.save(event=event(), failures=[failure(row, f"m{n}") for n in range(1_001)], mailboxes=[])
    assert len(world.rows("SELECT Id FROM MS_Graph_Sync_Error__c")) == 1_001
    assert salesforce.log.calls == 2
