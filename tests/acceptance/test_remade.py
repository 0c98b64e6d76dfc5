"""What is deleted and made anew, merged or changed beside the connector: mail, records, users, addresses."""

from typing import Any

import pytest

from tests.support.people import adviser
from tests.support.world import World

MAIL = {"toRecipients": ["ada@firm.example"], "from": "rita@reed.example", "internetMessageId": "<deal@reed.example>"}
ENVELOPE = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:u="urn:partner.soap.sforce.com"><e:Header><u:SessionHeader><u:sessionId>{token}</u:sessionId>'
    "</u:SessionHeader></e:Header><e:Body><u:{call}><u:ids>{id}</u:ids></u:{call}></e:Body></e:Envelope>"
)


def bin_call(world: World, call: str, record: str) -> None:
    """`undelete` or `emptyRecycleBin`, which REST does not have."""
    token = world.ready["salesforce"]["admin"]["access_token"]
    answer = world.org.session.post(
        f"{world.url}/services/Soap/u/66.0",
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
        data=ENVELOPE.format(token=token, call=call, id=record),
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    assert "<success>true" in answer.text, answer.text


def emails(world: World) -> list[dict[str, Any]]:
    return world.rows("SELECT Id, Name, Match_Status__c, Subject__c, Message_Key__c FROM Email__c ORDER BY CreatedDate")


# --- mail that a person deleted


@pytest.mark.parametrize("has_id", [True, False])
def test_a_mail_that_a_person_deleted_never_comes_back_though_the_bin_forgets_it(firm: World, has_id: bool) -> None:
    mail = {**MAIL, "internetMessageId": "<deal@reed.example>" if has_id else f"<{'x' * 300}@reed.example>"}
    firm.message("ada", subject="Erase me", **mail)
    firm.sync()
    [stored] = emails(firm)
    firm.org.Email__c.delete(stored["Id"])
    firm.advance(minutes=15)
    firm.sync()
    bin_call(firm, "emptyRecycleBin", stored["Id"])
    firm.advance(days=2)

    for arguments in ([], ["--sweep"]):
        report = firm.sync(*arguments)
        assert (report["emails"], report["participants"], report["tasks"]) == (0, 0, 0)
    assert report["outcomes"]["removed"] == 1
    [tombstone] = emails(firm)
    assert (tombstone["Name"], tombstone["Match_Status__c"], tombstone["Subject__c"]) == ("(removed)", "Removed", None)


@pytest.mark.parametrize("shared", [False, True])
def test_not_even_where_the_bin_was_emptied_before_any_run_saw_it(firm: World, shared: bool) -> None:
    firm.control("PATCH", "org", {"sharedActivities": shared})
    firm.client("Roy", "Reed", "roy@reed.example", account=firm.create("Account", Name="Reed"))
    firm.message("ada", subject="Erase me", **MAIL)
    firm.message(
        "ada", subject="Stays", **{**MAIL, "from": "roy@reed.example", "internetMessageId": "<2@reed.example>"}
    )
    firm.sync()
    for subject in ("Erase me", "Stays"):
        [stored] = firm.rows(f"SELECT Id FROM Email__c WHERE Subject__c = '{subject}'")
        if subject == "Erase me":
            firm.org.Email__c.delete(stored["Id"])
            bin_call(firm, "emptyRecycleBin", stored["Id"])
    firm.advance(hours=25)
    for _ in range(3):
        firm.sync("--sweep")
        assert {row["Subject__c"] for row in emails(firm)} == {None, "Stays"}
        assert firm.rows("SELECT Id FROM Email_Participant__c WHERE Address__c = 'rita@reed.example'") == []
        firm.advance(hours=25)


def test_undeleting_it_takes_the_tombstone_away(firm: World) -> None:
    firm.message("ada", subject="Erased by mistake", **MAIL)
    firm.sync()
    [stored] = emails(firm)
    firm.org.Email__c.delete(stored["Id"])
    firm.advance(minutes=15)
    firm.sync()
    assert [row["Name"] for row in emails(firm)] == ["(removed)"]
    bin_call(firm, "undelete", stored["Id"])
    firm.advance(hours=25)
    firm.sync()
    assert [(row["Id"], row["Match_Status__c"]) for row in emails(firm)] == [(stored["Id"], "Matched")]
    firm.advance(hours=25)
    assert firm.sync("--sweep")["outcomes"]["duplicate"] == 1
    assert len(emails(firm)) == 1


def test_what_an_error_row_said_of_a_deleted_mail_is_forgotten(firm: World) -> None:
    file = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "will.pdf", "contentBytes": "c2VjcmV0"}
    firm.message("ada", subject="Testament", attachments=[{**file, "contentType": "application/pdf"}], **MAIL)
    firm.fault(service="graph", path="attachments/[^?]*value", times=0, status=404, body={"error": {"code": "x"}})
    firm.sync(code=1)
    [stored] = emails(firm)
    firm.org.Email__c.delete(stored["Id"])
    firm.advance(minutes=1)
    firm.sync()
    [error] = firm.rows("SELECT Subject__c, Internet_Message_Id__c, Message__c FROM MS_Graph_Sync_Error__c")
    assert (error["Subject__c"], error["Internet_Message_Id__c"]) == (None, None)
    assert "will" not in error["Message__c"].split()
    assert "will.pdf" not in error["Message__c"]


def test_what_was_deleted_at_the_end_of_its_retention_may_come_as_a_client_s(world: World) -> None:
    world.settings(Keep_Unmatched__c=True, Unmatched_Retention_Days__c=10)
    world.internal_domain()
    adviser(world, "ada")
    world.message("ada", subject="Kept", received=world.ago(days=9), **{**MAIL, "from": "new@client.example"})
    world.sync()
    world.advance(days=2)
    world.sync()
    assert emails(world) == []
    world.client("Nora", "New", "new@client.example")
    world.advance(minutes=15)
    report = world.sync("--sweep")
    assert (report["outcomes"]["matched"], report["outcomes"]["removed"]) == (1, 0)
    assert [row["Subject__c"] for row in emails(world)] == ["Kept"]


# --- removed mail that another connector wrote to


@pytest.mark.parametrize("what", ["participant", "task", "text", "file"])
def test_what_another_connector_wrote_to_a_removed_mail_is_taken_away_by_the_next_run(firm: World, what: str) -> None:
    firm.message("ada", subject="Secret deal", **MAIL)
    firm.sync()
    [stored] = emails(firm)
    firm.org.Email__c.update(stored["Id"], {"Match_Status__c": "Removed"})
    firm.advance(minutes=1)
    firm.sync()
    key = stored["Message_Key__c"]
    if what == "participant":
        firm.create("Email_Participant__c", Email__c=stored["Id"], Participant_Key__c=f"{key}:x", Subject__c="Secret")
    elif what == "task":
        firm.create("Task", Subject="Email: Secret deal", Email__c=stored["Id"], Task_Key__c=f"{key}:x")
    elif what == "text":
        firm.org.Email__c.update(stored["Id"], {"Bcc__c": "dan@client.example"})
    else:
        version = firm.create(
            "ContentVersion",
            Title="secret",
            PathOnClient="secret.txt",
            VersionData="c2VjcmV0",
            FirstPublishLocationId=stored["Id"],
            Attachment_Key__c=f"{key}:x",
        )
        assert version
        firm.org.Email__c.update(stored["Id"], {"Name": "(removed)"})
    firm.advance(minutes=1)

    firm.sync()

    [row] = firm.rows("SELECT Name, Bcc__c, (SELECT Id FROM ContentDocumentLinks) FROM Email__c")
    assert (row["Name"], row["Bcc__c"], row["ContentDocumentLinks"]) == ("(removed)", None, None)
    assert firm.rows("SELECT Id FROM Email_Participant__c") == firm.rows("SELECT Id FROM Task") == []
    firm.advance(minutes=1)
    calls = firm.sync()["salesforce_calls"]
    assert calls == 3, "what is blank is left alone"


# --- merged records


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("merged", ["Contact", "Account"])
def test_a_merge_brings_no_second_task_or_participant(world: World, merged: str, shared: bool) -> None:
    world.control("PATCH", "org", {"sharedActivities": shared})
    world.settings()
    world.internal_domain()
    adviser(world, "ada")
    left, right = (world.create("Account", Name=name) for name in ("Reed", "Reed and Sons"))
    loser = world.client("Rita", "Reed", "rita@reed.example", account=left)
    master = world.client("R.", "Reed", "other@reed.example", account=right)
    world.message("ada", subject="Portfolio", **MAIL)
    world.sync()
    before = counted(world)
    assert before == (1, 1)
    world.advance(hours=1)
    if merged == "Contact":
        move(world, "Email_Participant__c", "Contact__c", loser, master)
        move(world, "Task", "WhoId", loser, master)
        world.org.Contact.delete(loser)
        world.org.Contact.update(master, {"Email": "rita@reed.example", "AccountId": left})
    else:
        move(world, "Email_Participant__c", "Account__c", left, right)
        move(world, "Task", "WhatId", left, right)
        move(world, "Contact", "AccountId", left, right)
        world.org.Account.delete(left)
    for hours, arguments in ((1, []), (25, []), (1, ["--sweep"])):
        world.advance(hours=hours)
        world.sync(*arguments)
        assert counted(world) == before


def counted(world: World) -> tuple[int, int]:
    return len(world.rows("SELECT Id FROM Task")), len(world.rows("SELECT Id FROM Email_Participant__c"))


def move(world: World, sobject: str, field: str, loser: str, master: str) -> None:
    """What the platform does with the children of a record that is merged into another."""
    for row in world.rows(f"SELECT Id FROM {sobject} WHERE {field} = '{loser}'"):
        getattr(world.org, sobject).update(row["Id"], {field: master})


# --- users and addresses


def box(world: World) -> dict[str, Any]:
    [row] = world.rows(
        "SELECT Id, Status__c, Status_Detail__c, Mailbox_Type__c, Graph_User_Id__c FROM MS_Graph_User__c"
    )
    return row


def test_a_user_made_anew_under_the_same_name_is_read_under_the_new_id(firm: World) -> None:
    firm.message("ada", subject="Old", **MAIL)
    firm.sync()
    old = box(firm)["Graph_User_Id__c"]
    firm.control("DELETE", "mailboxes/ada@firm.example")
    new = firm.mailbox("ada")
    firm.advance(hours=1)
    firm.message(
        "ada", subject="New", received=firm.ago(minutes=5), **{**MAIL, "internetMessageId": "<2@reed.example>"}
    )
    firm.sync(code=1)
    assert box(firm)["Status__c"] == "Unavailable"
    firm.advance(hours=1)

    report = firm.sync()

    row = box(firm)
    assert (row["Graph_User_Id__c"], row["Status__c"], old == new) == (new, "Live", False)
    assert "new user named ada@firm.example" in row["Status_Detail__c"]
    assert {mail["Subject__c"] for mail in emails(firm)} == {"Old", "New"}
    [event] = firm.rows(
        f"SELECT Status__c, Error_Message__c FROM MS_Graph_Sync_Event__c WHERE Run_Key__c = '{report['event']}'"
    )
    assert (event["Status__c"], "new user named ada@firm.example" in event["Error_Message__c"]) == ("Succeeded", True)


def test_a_name_that_is_another_s_alias_now_is_not_read(firm: World) -> None:
    firm.sync()
    firm.control("DELETE", "mailboxes/ada@firm.example")
    firm.mailbox("bob", proxyAddresses=["SMTP:bob@firm.example", "smtp:ada@firm.example"])
    firm.message("bob", subject="Bob's", **{**MAIL, "toRecipients": ["bob@firm.example"]})
    for _ in range(3):
        firm.advance(hours=1)
        firm.sync(code=1)
    assert (box(firm)["Status__c"], emails(firm)) == ("Unavailable", [])


def test_a_mailbox_that_became_shared_says_so(firm: World) -> None:
    firm.sync()
    assert box(firm)["Mailbox_Type__c"] == "Personal"
    firm.control("PATCH", "mailboxes/ada@firm.example", {"userPurpose": "shared"})
    firm.advance(hours=25)
    firm.sync()
    assert box(firm)["Mailbox_Type__c"] == "Shared"


@pytest.mark.parametrize(("records", "tasks"), [(20, 20), (21, 0)])
def test_an_address_that_many_records_share_matches_none_and_is_named_once(
    firm: World, records: int, tasks: int
) -> None:
    address = "noemail@crm.example"
    for number in range(records):
        firm.client("N.", f"N{number}", address)
    for number in range(3):
        parts = {"from": "ada@firm.example", "toRecipients": [address, "rita@reed.example"]}
        firm.message("ada", subject=f"To {number}", folder="sentitems", **parts)
    _, report, err = firm.command("sync", "--json")
    assert report is not None
    assert report["tasks"] == 3 * (tasks + 1)
    assert err.count(address) == (0 if tasks else 1)
    [event] = firm.rows("SELECT Error_Message__c FROM MS_Graph_Sync_Event__c")
    assert (event["Error_Message__c"] or "").count(address) == (0 if tasks else 1)
    # kept as an address of the mail
    rows = firm.rows(f"SELECT Contact__c FROM Email_Participant__c WHERE Address__c = '{address}'")
    assert len(rows) == 3 * (tasks or 1)
    _, checked, _ = firm.command("check", "--json")
    assert checked is not None
    [line] = [one for one in checked["checks"] if one["name"] == "placeholder addresses"]
    assert (line["status"], address in line["detail"]) == (("green", False) if tasks else ("amber", True))
