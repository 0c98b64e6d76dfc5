"""Unmatched mail is kept for its time, then deleted with its files, and does not come back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simple_salesforce.api import Salesforce

from tests.support.world import World

MAIL = {"toRecipients": ["ada@firm.example"], "from": "stranger@unknown.example"}
FILE = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "name": "file.txt",
    "contentType": "text/plain",
    "contentBytes": "c2VjcmV0",
}


def files(world: World) -> list[dict[str, Any]]:
    """All files, as the connector's own user sees them: others see no file that is linked to nothing."""
    token = world.ready["salesforce"]["integration"]["access_token"]
    org = Salesforce(instance_url=world.url, session_id=token, session=world.org.session, version="66.0")
    found: list[dict[str, Any]] = org.query_all("SELECT Id FROM ContentDocument")["records"]
    return found


@pytest.fixture
def keeping(world: World) -> World:
    """An adviser and a client; unmatched mail is kept for ten days."""
    world.settings(Keep_Unmatched__c=True, Unmatched_Retention_Days__c=10)
    world.internal_domain()
    world.adviser("ada")
    world.client("Rita", "Reed", "rita@reed.example")
    return world


def subjects(world: World) -> set[str]:
    return {row["Subject__c"] for row in world.rows("SELECT Subject__c FROM Email__c")}


def at_noon(world: World) -> None:
    """So that no test meets midnight on its way."""
    now = world.control("POST", "clock", {"advance_seconds": 0})["now"]
    noon = datetime.fromisoformat(now).astimezone(UTC).replace(hour=12, minute=0, second=0) + timedelta(days=1)
    world.control("POST", "clock", {"now": noon.isoformat()})


def test_what_is_past_its_day_is_deleted_with_its_files_and_the_rest_is_kept(keeping: World) -> None:
    at_noon(keeping)
    keeping.message("ada", subject="Old", received=keeping.ago(days=9), attachments=[FILE], **MAIL)
    keeping.message("ada", subject="Young", received=keeping.ago(days=8), **MAIL)
    keeping.message("ada", subject="Client", received=keeping.ago(days=9), **{**MAIL, "from": "rita@reed.example"})
    assert keeping.sync()["attachments"] == 1
    assert len(files(keeping)) == 1

    keeping.advance(days=1)
    keeping.sync()
    assert subjects(keeping) == {"Old", "Young", "Client"}  # the last day on which it is kept

    keeping.advance(days=1)
    report = keeping.sync()

    assert subjects(keeping) == {"Young", "Client"}
    assert files(keeping) == []
    assert report["event"] is None
    again = keeping.sync()
    assert again["emails"] == 0
    assert subjects(keeping) == {"Young", "Client"}


def test_switched_off_nothing_new_is_kept_and_the_rest_stays_until_its_day(keeping: World) -> None:
    at_noon(keeping)
    keeping.message("ada", subject="Kept", **MAIL)
    keeping.sync()
    [setting] = keeping.rows("SELECT Id FROM MS_Graph_Setting__c")
    keeping.org.MS_Graph_Setting__c.update(setting["Id"], {"Keep_Unmatched__c": False})
    keeping.advance(minutes=5)
    keeping.message("ada", subject="Dropped", received=keeping.ago(minutes=2), **MAIL)
    keeping.sync()
    assert subjects(keeping) == {"Kept"}
    keeping.advance(days=12)
    keeping.sync()
    assert subjects(keeping) == set()


def test_a_client_that_comes_in_time_saves_the_mail(keeping: World) -> None:
    at_noon(keeping)
    keeping.message("ada", subject="Saved", received=keeping.ago(days=9), **MAIL)
    keeping.sync()
    keeping.client("Sue", "Stranger", "stranger@unknown.example")
    keeping.advance(days=12)
    report = keeping.sync()
    assert (subjects(keeping), report["tasks"]) == ({"Saved"}, 1)


def test_a_mail_that_the_org_will_not_delete_is_told(keeping: World) -> None:
    at_noon(keeping)
    keeping.message("ada", received=keeping.ago(days=9), **MAIL)
    keeping.sync()
    keeping.advance(days=12)
    body = [{"success": False, "id": None, "errors": [{"statusCode": "DELETE_FAILED", "message": "It is in use"}]}]
    keeping.fault(service="salesforce", method="DELETE", path="composite/sobjects", sub=True, status=200, body=body)
    report = keeping.sync(code=1)
    [event] = keeping.rows(
        f"SELECT Status__c, Error_Message__c FROM MS_Graph_Sync_Event__c WHERE Run_Key__c = '{report['event']}'"
    )
    assert event["Status__c"] == "Completed with Errors"
    assert "DELETE_FAILED: It is in use" in event["Error_Message__c"]
