"""How far back a mailbox is read, and what becomes of it when an admin wants more."""

from datetime import UTC, datetime

import pytest

from tests.acceptance.test_sweep import letter, stored
from tests.support.load import furnish
from tests.support.world import World, stamp

BOX = (
    "SELECT Id, Backfill_From__c, Backfill_Through__c, Live_From__c, Live_Through__c, Swept_Through__c "
    "FROM MS_Graph_User__c"
)


def test_reading_again_from_earlier_adds_only_what_is_missing(firm: World) -> None:
    letter(firm, "Recent", received=firm.ago(days=10))
    letter(firm, "Old", received=firm.ago(days=250), folder="Inbox/Clients")
    letter(firm, "Older than that", received=firm.ago(days=320))
    assert firm.sync()["emails"] == 1
    [before] = firm.rows(BOX)
    [recent] = firm.rows("SELECT Id, LastModifiedDate, Sync_Event__c, SystemModstamp FROM Email__c")

    # earlier alone reads nothing: what was read stays read
    earlier = firm.ago(days=300)
    firm.org.MS_Graph_User__c.update(before["Id"], {"Backfill_From__c": stamp(earlier)})
    assert firm.sync()["emails"] == 0
    firm.org.MS_Graph_User__c.update(before["Id"], {"Backfill_Through__c": None})
    firm.advance(minutes=5)
    report = firm.sync()

    assert stored(firm) == {"Recent", "Old"}
    assert (report["emails"], report["participants"], report["tasks"]) == (1, 1, 1)
    assert (report["outcomes"]["matched"], report["outcomes"]["duplicate"], report["listed"]) == (1, 1, 2)
    assert recent in firm.rows("SELECT Id, LastModifiedDate, Sync_Event__c, SystemModstamp FROM Email__c")
    [after] = firm.rows(BOX)
    assert datetime.fromisoformat(after["Backfill_From__c"]).astimezone(UTC) == earlier
    assert after["Backfill_Through__c"] == after["Live_From__c"] == before["Live_From__c"]
    assert after["Live_Through__c"] > before["Live_Through__c"]
    # the sweep that ends a backfill belongs to the same run, though no sweep was due
    assert after["Swept_Through__c"] > before["Swept_Through__c"]


def test_the_months_count_for_mailboxes_that_are_not_begun(firm: World) -> None:
    letter(firm, "Ada's old mail", received=firm.ago(days=250))
    assert firm.sync()["emails"] == 0
    [before] = firm.rows(BOX)
    [setting] = firm.rows("SELECT Id FROM MS_Graph_Setting__c")
    firm.org.MS_Graph_Setting__c.update(setting["Id"], {"Backfill_Months__c": 12})
    _, row = firm.adviser("bob")
    bobs = {"toRecipients": ["bob@firm.example"], "from": "rita@reed.example"}
    firm.message("bob", received=firm.ago(days=250), subject="Bob's old mail", **bobs)
    firm.message("bob", received=firm.ago(days=400), subject="Bob's oldest mail", **bobs)

    assert firm.sync()["emails"] == 1
    assert stored(firm) == {"Bob's old mail"}
    ada, bob = (next(box for box in firm.rows(BOX) if (box["Id"] == row) is new) for new in (False, True))
    assert ada["Backfill_From__c"] == before["Backfill_From__c"] > bob["Backfill_From__c"]


@pytest.mark.slow
def test_a_sync_that_has_minutes_keeps_the_windows_that_it_finished(world: World) -> None:
    furnish(world, mailboxes=1, messages=9000, stored=0.01, days=20)
    world.fault(service="graph", path="batch|messages", times=0, delay_ms=700)
    code, _, err = world.command("sync", "--minutes", "0.08", "--json")
    assert code == 0
    assert "Its minutes are over: the next run goes on where this one stopped." in err
    [box] = world.rows("SELECT Backfill_Through__c, Live_From__c FROM MS_Graph_User__c")
    assert box["Backfill_Through__c"] != box["Live_From__c"]


@pytest.mark.slow
def test_a_sync_that_has_minutes_reads_no_longer_and_the_next_goes_on(firm: World) -> None:
    for days in range(1, 30):
        letter(firm, f"Mail {days}", received=firm.ago(days=days))
    firm.fault(service="graph", path="batch|messages", times=0, delay_ms=900)
    code, report, err = firm.command("sync", "--minutes", "0.03", "--json")
    assert code == 0
    assert report is not None
    assert "Its minutes are over: the next run goes on where this one stopped." in err
    firm.control("DELETE", "faults")
    rest = firm.sync()
    assert report["emails"] + rest["emails"] == len(firm.rows("SELECT Id FROM Email__c")) == 29
    code, _, err = firm.command("sync", "--minutes", "0")
    assert code == 2
