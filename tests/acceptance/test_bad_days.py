"""Lists with the real service's bad habits, and an org that refuses some mail or all of it."""

from datetime import timedelta

import pytest

from tests.support.world import World


def mails(world: World, count: int, *, apart: float) -> None:
    """So many mails from the client, `apart` seconds from each other."""
    start = world.ago(days=1)
    for number in range(count):
        world.message(
            "ada",
            received=(start + timedelta(seconds=number * apart)).replace(microsecond=0),
            subject=f"Mail {number}",
            internetMessageId=f"<mail-{number}@reed.example>",
            toRecipients=["ada@firm.example"],
            **{"from": "rita@reed.example"},
        )


@pytest.mark.parametrize(
    "habits", [{"pages": "short"}, {"pages": "linkless"}, {"count": "unknown"}, {"count": "stale"}]
)
def test_every_message_is_found(firm: World, habits: dict[str, str]) -> None:
    mails(firm, 300, apart=0)
    firm.control("PATCH", "tenant", habits)
    report = firm.sync()
    assert (report["listed"], report["emails"], report["outcomes"]["failed"]) == (300, 300, 0)


def test_a_rule_that_refuses_one_mail(firm: World) -> None:
    mails(firm, 3, apart=60)
    rule = {"object": "Email__c", "when": "Subject__c = 'Mail 1'", "message": "Not this one.", "field": "Subject__c"}
    firm.control("POST", "rules", {**rule, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"})
    report = firm.sync(code=1)
    assert (report["emails"], report["errors"], report["outcomes"]["failed"]) == (2, 1, 1)
    [row] = firm.rows("SELECT Subject__c, Code__c, Message__c, Status__c FROM MS_Graph_Sync_Error__c")
    assert row["Subject__c"] == "Mail 1"
    assert row["Code__c"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert "Not this one." in row["Message__c"]


def test_a_rule_that_refuses_all_is_the_orgs_fault(firm: World) -> None:
    mails(firm, 60, apart=60)
    rule = {"object": "Email__c", "when": "Subject__c != null", "message": "Nothing today.", "field": "Subject__c"}
    firm.control("POST", "rules", {**rule, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"})
    code, report, err = firm.command("sync", "--json")
    assert code == 3
    assert report is not None
    assert "Nothing today." in report["error"]["message"]
    [event] = firm.rows(
        "SELECT Status__c, Emails_Synced__c, Emails_Failed__c, Error_Message__c FROM MS_Graph_Sync_Event__c"
    )
    assert (event["Status__c"], event["Emails_Synced__c"], event["Emails_Failed__c"]) == ("Failed", 0, 0)
    assert "Nothing today." in event["Error_Message__c"]
    assert firm.rows("SELECT Id FROM MS_Graph_Sync_Error__c") == []
    [box] = firm.rows("SELECT Backfill_Through__c FROM MS_Graph_User__c")
    assert box["Backfill_Through__c"] is None

    firm.control("DELETE", "rules")
    assert firm.sync()["emails"] == 60
    assert "error" in err


@pytest.mark.parametrize("page", ["a gateway's", "the client's"])
def test_a_web_page_is_a_file_only_where_it_was_attached(firm: World, page: str) -> None:
    file = {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": "page.html",
        "contentType": "text/html",
        "contentBytes": "PGI+SGVsbG88L2I+",
    }
    firm.message("ada", toRecipients=["ada@firm.example"], attachments=[file], **{"from": "rita@reed.example"})
    if page == "a gateway's":
        html = {"Content-Type": "text/html"}
        firm.fault(service="graph", path="value$", times=1, status=200, headers=html, body="<html>502</html>")
    assert firm.sync()["attachments"] == 1
    [version] = firm.rows("SELECT ContentSize FROM ContentVersion")
    assert version["ContentSize"] == len("<b>Hello</b>")
