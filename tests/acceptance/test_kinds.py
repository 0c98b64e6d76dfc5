"""Mail that is more than a letter, through both services: meetings, sealed mail."""

import pytest

from tests.support.world import DOMAIN, World

RITA = "rita@reed.example"
MOMENT = {"dateTime": "2026-07-03T09:00:00.0000000", "timeZone": "UTC"}
SEALED = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "name": "smime.p7m",
    "contentType": "application/pkcs7-mime",
    "contentBytes": "MIAGCSqGSIb3DQEHA6CA",
}


def test_an_invitation_is_stored_with_what_when_and_where(firm: World) -> None:
    firm.message(
        "ada",
        subject="Review",
        **{
            "@odata.type": "#microsoft.graph.eventMessageRequest",
            "from": RITA,
            "toRecipients": [f"ada@{DOMAIN}"],
            "meetingMessageType": "meetingRequest",
            "startDateTime": MOMENT,
            "endDateTime": MOMENT,
            "location": {"displayName": "Room 5"},
        },
    )
    assert firm.sync()["outcomes"]["matched"] == 1
    [row] = firm.rows("SELECT Preview__c, Body__c FROM Email__c")
    assert row["Preview__c"].startswith("Meeting invitation. When: Friday 3 July 2026, ")
    assert "Where: Room 5. Dear client" in row["Preview__c"]
    assert row["Body__c"].index("Meeting invitation") < row["Body__c"].index("Dear client")


@pytest.mark.parametrize("change", [{}, {"contentType": "application/octet-stream", "name": "message.rpmsg"}])
def test_sealed_mail_says_that_it_is(firm: World, change: dict[str, str]) -> None:
    body = {"contentType": "html", "content": ""}
    firm.message(
        "ada", body=body, attachments=[{**SEALED, **change}], **{"from": RITA, "toRecipients": [f"ada@{DOMAIN}"]}
    )
    assert firm.sync()["outcomes"]["matched"] == 1
    [row] = firm.rows("SELECT Preview__c, Body__c, Attachment_Count__c FROM Email__c")
    said = "Protected message" if change else "Encrypted message (S/MIME)"
    assert row["Preview__c"].startswith(said)
    assert said in row["Body__c"]
    assert row["Attachment_Count__c"] == 1
