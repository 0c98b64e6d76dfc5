"""A mail to very many people, and one with very many files, from end to end."""

import base64

from tests.support.world import World

PEOPLE, FILES = 1_300, 230


def test_a_mail_to_many_has_five_hundred_participants_clients_among_them(firm: World) -> None:
    client = firm.client("Zoe", "Zuse", "zoe@last.example")
    to = [f"person{number}@crowd.example" for number in range(PEOPLE)]
    firm.message("ada", toRecipients=["ada@firm.example", *to, "zoe@last.example"], **{"from": "rita@reed.example"})
    report = firm.sync()
    assert (report["emails"], report["participants"], report["outcomes"]["failed"]) == (1, 500, 0)
    [email] = firm.rows("SELECT Id, To__c, Attachment_Notes__c FROM Email__c")
    assert email["Attachment_Notes__c"] == f"… and {PEOPLE + 2 - 500} more participants, who have no row of their own"
    assert email["To__c"].endswith("more")
    related = firm.rows("SELECT Contact__c FROM Email_Participant__c WHERE Contact__c != null")
    assert client in {row["Contact__c"] for row in related}
    assert firm.sync("--sweep")["participants"] == 0
    assert len(firm.rows("SELECT Id FROM Email_Participant__c")) == 500


def test_many_files_of_one_mail_go_up_in_bulk(firm: World) -> None:
    content = base64.b64encode(b"%PDF-1.7").decode()
    files = [
        {"@odata.type": "#microsoft.graph.fileAttachment", "name": f"scan{number}.pdf", "contentBytes": content}
        for number in range(FILES)
    ]
    firm.message("ada", toRecipients=["ada@firm.example"], attachments=files, **{"from": "rita@reed.example"})
    report = firm.sync()
    assert (report["attachments"], report["errors"]) == (FILES, 0)
    assert report["salesforce_calls"] <= 10
