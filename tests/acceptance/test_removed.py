"""A mail that a person removes is blanked by the next run, with its rows and files, and never comes back."""

from typing import Any

import pytest
from simple_salesforce.api import Salesforce

from connector.core.writing.blanking import BLANK
from connector.model import schema
from tests.support.world import World

MAIL = {"toRecipients": ["ada@firm.example"], "from": "rita@reed.example", "internetMessageId": "<secret@reed.example>"}
FILE = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "name": "secret.txt",
    "contentType": "text/plain",
    "contentBytes": "c2VjcmV0",
}


def files(world: World) -> list[dict[str, Any]]:
    """All files, as the connector's own user sees them: others see no file that is linked to nothing."""
    token = world.ready["salesforce"]["integration"]["access_token"]
    org = Salesforce(instance_url=world.url, session_id=token, session=world.org.session, version="66.0")
    found: list[dict[str, Any]] = org.query_all("SELECT Id FROM ContentDocument")["records"]
    return found


def email(world: World) -> dict[str, Any]:
    columns = ", ".join(["Id", *schema.MAIL.names(schema.Use.KEPT), *BLANK])
    [row] = world.rows(f"SELECT {columns} FROM Email__c")
    return row


def remove(world: World) -> dict[str, Any]:
    row = email(world)
    world.org.Email__c.update(row["Id"], {"Match_Status__c": "Removed"})
    return row


def test_the_next_run_blanks_it_and_deletes_its_rows_and_files(firm: World) -> None:
    firm.message("ada", subject="Secret", bccRecipients=[], attachments=[FILE], **MAIL)
    firm.message("ada", subject="Other", toRecipients=["ada@firm.example"], **{"from": "omar@odd.example"})
    firm.client("Omar", "Odd", "omar@odd.example")
    assert firm.sync()["attachments"] == 1
    assert len(files(firm)) == 1
    [secret] = firm.rows("SELECT Id FROM Email__c WHERE Subject__c = 'Secret'")
    firm.org.Email__c.update(secret["Id"], {"Match_Status__c": "Removed"})

    report = firm.sync()

    assert (report["emails"], report["errors"]) == (0, 0)
    columns = ", ".join([*schema.MAIL.names(schema.Use.KEPT), *BLANK])
    [row] = firm.rows(f"SELECT {columns} FROM Email__c WHERE Id = '{secret['Id']}'")
    assert {name: row[name] for name in BLANK} == dict(BLANK)
    assert row["Internet_Message_Id__c"] == "secret@reed.example"
    assert (row["Match_Status__c"], bool(row["Sent_At__c"]), bool(row["Message_Key__c"])) == ("Removed", True, True)
    assert files(firm) == []
    [participant] = firm.rows("SELECT Address__c FROM Email_Participant__c")
    assert participant["Address__c"] == "omar@odd.example"
    [task] = firm.rows("SELECT Subject FROM Task")
    assert task["Subject"] == "Email: Other"


def test_it_never_comes_back(firm: World) -> None:
    firm.message("ada", **MAIL)
    firm.sync()
    before = remove(firm)
    firm.sync()
    firm.adviser("bob")
    firm.client("Rudi", "Reed", "rita@reed.example")
    firm.message("bob", **{**MAIL, "toRecipients": ["ada@firm.example", "bob@firm.example"]})

    report = firm.sync()

    assert (report["outcomes"]["removed"], report["emails"], report["participants"], report["tasks"]) == (1, 0, 0, 0)
    after = email(firm)
    assert (after["Id"], after["OwnerId"], after["Name"]) == (before["Id"], before["OwnerId"], "(removed)")
    assert after["Internet_Message_Id__c"] == before["Internet_Message_Id__c"]
    assert firm.rows("SELECT Id FROM Email_Participant__c") == []


def test_a_file_that_stands_elsewhere_too_is_only_taken_off(firm: World) -> None:
    firm.message("ada", attachments=[FILE], **MAIL)
    firm.sync()
    row = remove(firm)
    account = firm.create("Account", Name="Reed Household")
    [link] = firm.rows(f"SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '{row['Id']}'")
    firm.create("ContentDocumentLink", ContentDocumentId=link["ContentDocumentId"], LinkedEntityId=account)

    firm.sync()

    links = firm.rows(
        f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{link['ContentDocumentId']}'"
    )
    linked = {item["LinkedEntityId"] for item in links}
    assert account in linked
    assert row["Id"] not in linked
    assert email(firm)["Name"] == "(removed)"


def test_a_retry_of_its_attachment_is_settled(firm: World) -> None:
    firm.message("ada", attachments=[FILE], **MAIL)
    firm.fault(service="graph", path="attachments/[^?]*value", times=0, status=404, body={"error": {"code": "x"}})
    report = firm.sync(code=1)
    assert (report["emails"], report["attachments"], report["errors"]) == (1, 0, 1)
    row = remove(firm)
    [error] = firm.rows("SELECT Id, Email__c FROM MS_Graph_Sync_Error__c")
    assert error["Email__c"] == row["Id"]
    firm.org.MS_Graph_Sync_Error__c.update(error["Id"], {"Status__c": "Retry Requested"})

    firm.sync()

    [error] = firm.rows("SELECT Status__c, Next_Attempt_At__c FROM MS_Graph_Sync_Error__c")
    assert (error["Status__c"], error["Next_Attempt_At__c"]) == ("Resolved", None)


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_what_the_org_refuses_is_told_and_tried_again_the_next_day(firm: World, method: str) -> None:
    firm.message("ada", **MAIL)
    firm.sync()
    remove(firm)
    body = [{"success": False, "id": None, "errors": [{"statusCode": "FIELD_CUSTOM_VALIDATION", "message": "No"}]}]
    firm.fault(service="salesforce", method=method, path="composite/sobjects", sub=True, status=200, body=body)

    report = firm.sync(code=1)

    [event] = firm.rows(
        f"SELECT Status__c, Error_Message__c FROM MS_Graph_Sync_Event__c WHERE Run_Key__c = '{report['event']}'"
    )
    assert event["Status__c"] == "Completed with Errors"
    assert email(firm)["Id"] in event["Error_Message__c"]
    assert "FIELD_CUSTOM_VALIDATION" in event["Error_Message__c"]
    assert email(firm)["Name"] != "(removed)"
    firm.advance(hours=25)
    firm.sync()
    assert email(firm)["Name"] == "(removed)"
