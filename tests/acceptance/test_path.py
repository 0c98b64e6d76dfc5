"""The whole path: mail in Microsoft 365, decided, matched, stored, logged, and the mailbox moved on."""

import hashlib
from datetime import timedelta

import pytest

from tests.support.world import World, stamp


def furnish(world: World, **settings: object) -> tuple[str, str]:
    """An active sync, an internal domain, one adviser. Returns the adviser's user and mailbox row."""
    world.settings(**settings)
    world.internal_domain()
    return world.adviser("ada")


def test_a_mail_to_a_client_becomes_an_email_a_participant_and_a_task(world: World) -> None:
    user, row = furnish(world)
    account = world.create("Account", Name="Reed Household")
    contact = world.client("Rita", "Reed", "rita@reed.example", account=account)
    sent = world.ago(days=3)
    message = world.message(
        "ada",
        received=sent,
        folder="sentitems",
        subject="Your review",
        internetMessageId="<review-1@firm.example>",
        toRecipients=["Rita@Reed.example"],
        **{"from": "ada@firm.example"},
    )

    report = world.sync()

    assert report["outcomes"]["matched"] == 1
    assert (report["emails"], report["participants"], report["tasks"], report["errors"]) == (1, 1, 1, 0)
    [email] = world.rows(
        "SELECT Id, Name, Subject__c, From_Address__c, To__c, Sent_At__c, Received_At__c, Direction__c, Body__c, "
        "OwnerId, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, "
        "Message_Key__c, Internet_Message_Id__c, Graph_Message_Id__c, Mailbox__c, Sync_Event__r.Run_Key__c, "
        "Match_Status__c FROM Email__c"
    )
    at = sent.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    assert email["Name"] == email["Subject__c"] == "Your review"
    assert email["Direction__c"] == "Outbound"
    assert email["Match_Status__c"] == "Matched"
    assert email["OwnerId"] == email["CreatedById"] == email["LastModifiedById"] == user
    assert email["Sent_At__c"] == email["Received_At__c"] == email["CreatedDate"] == email["LastModifiedDate"] == at
    assert "Dear client" in email["Body__c"]
    assert email["To__c"] == "Rita@Reed.example"
    assert email["Mailbox__c"] == row
    assert email["Graph_Message_Id__c"] == message["id"]
    assert email["Sync_Event__r"]["Run_Key__c"] == report["event"]
    known = ("review-1@firm.example", "ada@firm.example", stamp(sent), email["Subject__c"], "rita@reed.example")
    key = hashlib.sha256("\n".join(known).encode()).hexdigest()[:32]
    assert email["Message_Key__c"] == key

    [participant] = world.rows(
        "SELECT Email__c, Contact__c, Account__c, Address__c, Role__c, Direction__c, Participant_Key__c "
        "FROM Email_Participant__c"
    )
    assert participant["Email__c"] == email["Id"]
    assert (participant["Contact__c"], participant["Account__c"]) == (contact, account)
    assert (participant["Address__c"], participant["Role__c"]) == ("rita@reed.example", "To")
    assert participant["Participant_Key__c"] == f"{key}:{contact}"

    [task] = world.rows(
        "SELECT Subject, WhoId, OwnerId, Status, IsClosed, TaskSubtype, ActivityDate, CreatedDate, CreatedById, "
        "Task_Key__c, Email__c FROM Task"
    )
    assert task["Subject"] == "Email: Your review"
    assert (task["WhoId"], task["OwnerId"], task["CreatedById"]) == (contact, user, user)
    assert (task["Status"], task["IsClosed"], task["TaskSubtype"]) == ("Completed", True, "Email")
    assert task["ActivityDate"] == sent.strftime("%Y-%m-%d")
    assert task["CreatedDate"] == at
    assert (task["Task_Key__c"], task["Email__c"]) == (f"{key}:{contact}", email["Id"])


@pytest.mark.calls
def test_the_event_counts_and_is_finished(world: World) -> None:
    furnish(world)
    world.client("Rita", "Reed", "rita@reed.example")
    for number in range(3):
        world.message(
            "ada", subject=f"Mail {number}", toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"}
        )

    report = world.sync()

    [event] = world.rows(
        "SELECT Run_Key__c, Kind__c, Status__c, Emails_Synced__c, Emails_Failed__c, Mailboxes__c, Mailboxes_Failed__c, "
        "Salesforce_Calls__c, Finished_At__c, (SELECT Name FROM Emails__r) FROM MS_Graph_Sync_Event__c"
    )
    assert event["Run_Key__c"] == report["event"]
    assert (event["Kind__c"], event["Status__c"]) == ("Manual", "Succeeded")
    assert (event["Emails_Synced__c"], event["Emails_Failed__c"]) == (3, 0)
    assert (event["Mailboxes__c"], event["Mailboxes_Failed__c"]) == (1, 0)
    assert event["Salesforce_Calls__c"] == report["salesforce_calls"]
    assert event["Finished_At__c"] is not None
    assert len(event["Emails__r"]["records"]) == 3


def test_the_mailbox_row_is_completed_and_its_timestamps_set(world: World) -> None:
    _, row = furnish(world, Backfill_Months__c=2)
    world.sync()
    [box] = world.rows(
        "SELECT Graph_User_Id__c, Mailbox_Type__c, Status__c, Backfill_From__c, Backfill_Through__c, Live_From__c, "
        f"Live_Through__c, Last_Success__c FROM MS_Graph_User__c WHERE Id = '{row}'"
    )
    assert box["Graph_User_Id__c"]
    assert (box["Mailbox_Type__c"], box["Status__c"]) == ("Personal", "Live")
    assert box["Backfill_Through__c"] == box["Live_From__c"] == box["Live_Through__c"]
    assert box["Last_Success__c"] is not None
    assert box["Backfill_From__c"] < box["Live_From__c"]


@pytest.mark.calls
def test_a_second_run_does_nothing_in_three_calls_and_two_a_mailbox(world: World) -> None:
    world.advance_to_noon()
    furnish(world, Keep_Unmatched__c=True)
    world.adviser("bob")
    world.client("Rita", "Reed", "rita@reed.example")
    for minutes in (5, 50, 600, 20000):
        for name in ("ada", "bob"):
            world.message(
                name,
                received=world.ago(minutes=minutes),
                toRecipients=[f"{name}@firm.example", "new@unknown.example"],
                **{"from": "rita@reed.example"},
            )
    first = world.sync()
    assert first["emails"] > 0
    world.advance(minutes=10)
    world.control("DELETE", "requests")

    report = world.sync()

    assert (report["emails"], report["participants"], report["tasks"], report["errors"]) == (0, 0, 0, 0)
    assert report["event"] is None
    assert report["outcomes"]["failed"] == 0
    assert report["salesforce_calls"] <= 3
    assert report["graph_calls"] <= 4
    assert len(world.requests("salesforce")) == report["salesforce_calls"]
    assert len(world.requests("graph")) == report["graph_calls"]
    assert len(world.rows("SELECT Id FROM MS_Graph_Sync_Event__c")) == 1


def test_new_mail_is_found_by_the_next_run(world: World) -> None:
    furnish(world)
    world.client("Rita", "Reed", "rita@reed.example")
    world.sync()
    world.advance(minutes=30)
    world.message(
        "ada", received=world.ago(minutes=1), toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"}
    )
    world.advance(minutes=1)
    report = world.sync()
    assert (report["listed"], report["emails"]) == (1, 1)
    [email] = world.rows("SELECT Direction__c, Body_Truncated__c FROM Email__c")
    assert email["Direction__c"] == "Inbound"


def test_mail_that_arrives_late_within_the_overlap_is_found(world: World) -> None:
    furnish(world)
    world.client("Rita", "Reed", "rita@reed.example")
    world.sync()
    world.advance(minutes=10)
    world.message(
        "ada", received=world.ago(minutes=40), toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"}
    )
    assert world.sync()["emails"] == 1


def test_one_mail_in_two_mailboxes_is_one_email_and_the_senders_bcc_is_a_participant(world: World) -> None:
    ada, _ = furnish(world)
    world.adviser("bob")
    rita = world.client("Rita", "Reed", "rita@reed.example")
    omar = world.client("Omar", "Odd", "omar@odd.example")
    hidden = world.client("Hanna", "Hide", "hanna@hide.example")
    sent = world.ago(days=2)
    mail = {
        "internetMessageId": "<both-1@firm.example>",
        "sentDateTime": stamp(sent),
        "toRecipients": ["rita@reed.example", "bob@firm.example"],
        "ccRecipients": ["omar@odd.example"],
        "from": "ada@firm.example",
    }
    # the recipient's copy is received earlier, so it is the one read first
    world.message("bob", received=sent, **mail)
    world.message(
        "ada", received=sent + timedelta(seconds=1), folder="sentitems", bccRecipients=["hanna@hide.example"], **mail
    )

    report = world.sync()

    assert (report["outcomes"]["matched"], report["outcomes"]["duplicate"]) == (1, 1)
    [email] = world.rows("SELECT OwnerId, CreatedById, CreatedDate, Direction__c, Bcc__c FROM Email__c")
    assert email["OwnerId"] == email["CreatedById"] == ada
    assert email["CreatedDate"] == sent.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    assert email["Direction__c"] == "Outbound"
    assert "hanna@hide.example" in email["Bcc__c"]
    participants = world.rows("SELECT Contact__c, Role__c FROM Email_Participant__c")
    assert {(row["Contact__c"], row["Role__c"]) for row in participants} == {
        (rita, "To"),
        (omar, "Cc"),
        (hidden, "Bcc"),
    }
    assert {row["WhoId"] for row in world.rows("SELECT WhoId FROM Task")} == {rita, omar, hidden}


def test_what_a_later_copy_adds_is_merged_by_a_later_run(world: World) -> None:
    furnish(world)
    _, row = world.adviser("bob", Active__c=False)
    world.client("Rita", "Reed", "rita@reed.example")
    hidden = world.client("Hanna", "Hide", "hanna@hide.example")
    sent = world.ago(days=2)
    mail = {
        "internetMessageId": "<both-2@firm.example>",
        "sentDateTime": stamp(sent),
        "toRecipients": ["rita@reed.example", "ada@firm.example"],
        "from": "bob@firm.example",
    }
    world.message("ada", received=sent, **mail)
    world.message("bob", received=sent, folder="sentitems", bccRecipients=["hanna@hide.example"], **mail)
    assert world.sync()["emails"] == 1
    [before] = world.rows("SELECT Id, Sync_Event__c, Mailbox__c, OwnerId FROM Email__c")

    world.org.MS_Graph_User__c.update(row, {"Active__c": True})
    report = world.sync()

    assert (report["emails"], report["participants"], report["tasks"]) == (0, 1, 1)
    assert report["outcomes"]["duplicate"] == 1
    [after] = world.rows("SELECT Id, Sync_Event__c, Mailbox__c, OwnerId, Bcc__c FROM Email__c")
    assert "hanna@hide.example" in after.pop("Bcc__c")
    assert {**after, "attributes": 0} == {**before, "attributes": 0}
    assert hidden in {row["Contact__c"] for row in world.rows("SELECT Contact__c FROM Email_Participant__c")}


def test_windows_of_several_mailboxes_are_read(world: World) -> None:
    world.settings(Backfill_Months__c=6)
    world.internal_domain()
    world.client("Rita", "Reed", "rita@reed.example")
    for name in ("ada", "bob", "cyd", "dov"):
        world.adviser(name)
        for days in (1, 40, 170):
            world.message(
                name,
                received=world.ago(days=days),
                toRecipients=[f"{name}@firm.example"],
                **{"from": "rita@reed.example"},
            )
    report = world.sync()
    assert report["mailboxes"] == {"read": 4, "failed": 0, "not_linked": 0}
    assert report["emails"] == 12


def test_one_mailbox_can_be_named(world: World) -> None:
    furnish(world)
    world.adviser("bob")
    report = world.sync("--mailbox", "bob@firm.example")
    assert report["mailboxes"]["read"] == 1
    rows = world.rows("SELECT User_Principal_Name__c, Live_Through__c FROM MS_Graph_User__c")
    assert [row["User_Principal_Name__c"] for row in rows if row["Live_Through__c"]] == ["bob@firm.example"]


def test_a_mailbox_that_no_row_names_is_a_usage_error(world: World) -> None:
    furnish(world)
    code, report, err = world.command("sync", "--json", "--mailbox", "nobody@firm.example")
    assert code == 2
    assert report is not None
    assert report["error"]["code"] == "USAGE"
    assert "nobody@firm.example" in err


def test_headers_only_for_mail_that_is_not_stored(world: World) -> None:
    furnish(world)
    world.message("ada", toRecipients=["ada@firm.example"], **{"from": "stranger@unknown.example"})
    report = world.sync()
    assert report["outcomes"]["unmatched_dropped"] == 1
    asked = [f"{request['path']}?{request['query']}" for request in world.requests("graph")]
    assert all("body" not in text for text in asked)
    assert sum("$batch" in text for text in asked) == 1  # the folder tree; no body was fetched
