"""The second road: what the first one did not list is found folder by folder, when it is due."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.world import World, stamp

#: the list of the whole mailbox, not that of a folder
FIRST_ROAD = r"/users/[^/]+/messages\?.*receivedDateTime"
SECOND_ROAD = r"/mailFolders/[^/]+/messages\?.*receivedDateTime"
BOX = "SELECT Status__c, Backfill_From__c, Backfill_Through__c, Live_From__c, Swept_Through__c FROM MS_Graph_User__c"


@pytest.fixture
def firm(firm: World) -> World:
    """Mailboxes are read further back than a sweep goes."""
    firm.backfill_months(6)
    return firm


def wednesday(world: World) -> None:
    """Move the clock on to a Wednesday noon: the next sweeps are none of the first of a week."""
    now = world.now()
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    wanted = noon + timedelta(days=(2 - now.weekday()) % 7 or 7)
    world.control("POST", "clock", {"now": stamp(wanted)})


def letter(world: World, subject: str, **how: Any) -> dict[str, str]:
    """A client's mail to the adviser."""
    known = {"subject": subject, "toRecipients": ["ada@firm.example"], "from": "rita@reed.example"}
    return world.message("ada", **{**known, **how})


def stored(world: World) -> set[str]:
    return {row["Subject__c"] for row in world.rows("SELECT Subject__c FROM Email__c")}


def swept(world: World) -> datetime:
    [box] = world.rows(BOX)
    return datetime.fromisoformat(box["Swept_Through__c"]).astimezone(UTC)


def answer(world: World, path: str, status: int, body: dict[str, Any]) -> None:
    """From now on so to every such request, inside $batch and alone."""
    for sub in (True, False):
        world.fault(service="graph", method="GET", path=path, sub=sub, times=0, status=status, body=body)


def test_late_mail_with_an_old_received_time_is_found_by_the_next_due_sweep(firm: World) -> None:
    wednesday(firm)
    letter(firm, "In time", received=firm.ago(days=40))
    first = firm.sync()
    assert (first["listed"], first["emails"]) == (1, 1)
    before = swept(firm)
    assert firm.now() - before < timedelta(minutes=5)

    firm.advance(hours=1)
    letter(firm, "Imported", received=firm.ago(days=2))
    letter(firm, "Restored to a folder of its own", received=firm.ago(hours=30), folder="Inbox/Restored")
    letter(firm, "Still in quarantine", received=firm.ago(days=2), folder="junkemail")
    letter(firm, "Restored from long ago", received=firm.ago(days=20))
    letter(firm, "Older than the backfill", received=firm.ago(days=250))
    assert firm.sync()["emails"] == 0, "the first road does not see it, and no sweep is due"
    assert swept(firm) == before

    firm.advance(hours=23)
    third = firm.sync()
    assert stored(firm) == {"In time", "Imported", "Restored to a folder of its own"}
    assert third["outcomes"]["matched"] == third["listed"] == third["emails"] == 2
    [event] = firm.rows(
        f"SELECT Kind__c, Emails_Synced__c FROM MS_Graph_Sync_Event__c WHERE Run_Key__c = '{third['event']}'"
    )
    assert (event["Kind__c"], event["Emails_Synced__c"]) == ("Manual", 2)
    assert swept(firm) > before + timedelta(hours=23)

    # the first of a calendar week goes further back
    firm.advance(days=4)
    fourth = firm.sync()
    assert fourth["emails"] == 1
    assert "Restored from long ago" in stored(firm)
    # what is stored already was counted, and is no news
    assert fourth["outcomes"]["duplicate"] == 2
    firm.advance(days=1)
    assert firm.sync()["event"] is None
    assert "Older than the backfill" not in stored(firm)


def test_what_the_first_roads_pages_hid_is_found_when_the_backfill_ends(firm: World) -> None:
    letter(firm, "Hidden", received=firm.ago(days=100))
    letter(
        firm,
        "Sent and hidden",
        received=firm.ago(days=3),
        folder="sentitems",
        toRecipients=["rita@reed.example"],
        **{"from": "ada@firm.example"},
    )
    letter(firm, "In the bin", received=firm.ago(days=170), folder="deleteditems")
    letter(firm, "Spam", received=firm.ago(days=100), folder="junkemail")
    answer(firm, FIRST_ROAD, 200, {"value": []})

    report = firm.sync()

    assert stored(firm) == {"Hidden", "Sent and hidden", "In the bin"}
    assert report["outcomes"]["matched"] == report["listed"] == 3
    [box] = firm.rows(BOX)
    assert box["Backfill_Through__c"] == box["Live_From__c"]
    assert box["Swept_Through__c"] is not None


def test_messages_that_both_roads_list_count_once(firm: World) -> None:
    for days in (1, 30, 170):
        letter(firm, f"Mail {days}", received=firm.ago(days=days))
    letter(firm, "Draft", isDraft=True)
    report = firm.sync()
    assert report["listed"] == sum(report["outcomes"].values()) == 4
    assert (report["outcomes"]["matched"], report["outcomes"]["draft"], report["emails"]) == (3, 1, 3)
    assert len(firm.rows("SELECT Id FROM Email__c")) == 3


@pytest.mark.calls
def test_a_sweep_that_finds_nothing_is_no_event_and_the_next_run_is_idle(firm: World) -> None:
    wednesday(firm)
    letter(firm, "Known", received=firm.ago(days=1))
    firm.sync()
    firm.advance(hours=24)
    second = firm.sync()
    assert (second["event"], second["outcomes"]["duplicate"]) == (None, 1)
    firm.advance(minutes=10)
    third = firm.sync()
    assert third["salesforce_calls"] <= 3
    assert third["graph_calls"] <= 2


def test_a_sweep_can_be_asked_for(firm: World) -> None:
    wednesday(firm)
    firm.sync()
    firm.advance(hours=2)
    letter(firm, "Imported", received=firm.ago(days=34))
    letter(firm, "Too old", received=firm.ago(days=36))
    report = firm.sync("--sweep")
    assert stored(firm) == {"Imported"}
    [event] = firm.rows("SELECT Run_Key__c, Kind__c FROM MS_Graph_Sync_Event__c")
    assert (event["Run_Key__c"], event["Kind__c"]) == (report["event"], "Sweep")


def test_an_interrupted_sweep_moves_nothing_and_is_repeated(firm: World) -> None:
    letter(firm, "Read", received=firm.ago(days=100))
    letter(firm, "Hidden", received=firm.ago(days=3), folder="Inbox/Clients")
    answer(firm, FIRST_ROAD, 200, {"value": []})
    answer(firm, SECOND_ROAD, 400, {"error": {"code": "Odd"}})
    assert firm.sync(code=1)["emails"] == 0
    [box] = firm.rows(BOX)
    assert (box["Status__c"], box["Swept_Through__c"]) == ("Failing", None)
    assert box["Backfill_Through__c"] == box["Live_From__c"]

    firm.control("DELETE", "faults")
    firm.advance(minutes=5)
    assert firm.sync()["emails"] == 2
    [box] = firm.rows(BOX)
    assert box["Status__c"] == "Live"
    assert box["Swept_Through__c"] is not None


def test_a_folder_that_is_deleted_meanwhile_holds_nothing(firm: World) -> None:
    letter(firm, "Read", received=firm.ago(days=100))
    answer(
        firm, SECOND_ROAD, 404, {"error": {"code": "ErrorItemNotFound", "message": "It was not found in the store."}}
    )
    assert firm.sync()["emails"] == 1
    [box] = firm.rows(BOX)
    assert (box["Status__c"], box["Swept_Through__c"] is None) == ("Live", False)


def test_a_sweep_leaves_what_was_given_up_to_a_person(firm: World) -> None:
    wednesday(firm)
    message = letter(firm, "Refused", received=firm.ago(days=1))
    path = f"/messages/{message['id']}"
    answer(firm, path, 403, {"error": {"code": "ErrorAccessDenied", "message": "No."}})
    first = firm.sync(code=1)
    assert (first["outcomes"]["failed"], first["errors"]) == (1, 1)

    firm.advance(hours=25)
    report = firm.sync()

    assert (report["event"], report["listed"]) == (None, 0)
    [row] = firm.rows("SELECT Id, Status__c, Attempts__c FROM MS_Graph_Sync_Error__c")
    assert (row["Status__c"], row["Attempts__c"]) == ("Failed", 1)

    firm.control("DELETE", "faults")
    firm.org.MS_Graph_Sync_Error__c.update(row["Id"], {"Status__c": "Retry Requested"})
    assert firm.sync()["emails"] == 1
