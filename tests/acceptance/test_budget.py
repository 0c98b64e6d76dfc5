"""A run leaves the org's other clients their share of the daily API calls: backfills wait first, then live mail."""

import pytest

from tests.support.world import World


@pytest.fixture
def firm(world: World) -> World:
    """An adviser with three mails from a client."""
    world.settings()
    world.internal_domain()
    world.adviser("ada")
    world.client("Rita", "Reed", "rita@reed.example")
    for number in range(3):
        world.message(
            "ada", subject=f"mail {number}", toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"}
        )
    return world


@pytest.mark.calls
def test_a_run_stops_where_the_share_is_used_up_says_so_and_the_next_goes_on(firm: World) -> None:
    firm.control("PATCH", "org", {"dailyApiRequests": 1000, "dailyApiUsed": 950})

    code, report, err = firm.command("sync", "--json")

    assert code == 3
    assert report is not None
    assert report["salesforce_calls"] == 2, "the set-up, whose answer tells the usage, and the event"
    assert "of the org's 1000 API calls of the last 24 hours are used, and the connector stops at 95 %" in err
    assert not firm.rows("SELECT Id FROM Email__c")
    [event] = firm.rows("SELECT Status__c, Error_Message__c FROM MS_Graph_Sync_Event__c")
    assert event["Status__c"] == "Failed"
    assert "1000 API calls" in event["Error_Message__c"]

    firm.control("PATCH", "org", {"dailyApiRequests": 10_000})

    assert firm.sync()["emails"] == 3


def test_backfills_wait_at_the_share_that_is_set_live_mail_goes_on_and_both_resume(firm: World) -> None:
    """Nothing is lost or counted as read by the wait: the backfill is where it was."""
    old = firm.ago(days=20)
    firm.message(
        "ada", subject="of old", received=old, toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"}
    )
    firm.control("PATCH", "org", {"dailyApiRequests": 1000, "dailyApiUsed": 850})
    code, report, err = firm.command("sync", "--json")
    assert (code, report and report["emails"]) == (0, 0), "all of it is older than the mailbox's link: a backfill"
    assert "The backfill waits: 85" in err
    assert "daily_call_budget_percent" in err
    [box] = firm.rows("SELECT Status__c, Backfill_Through__c, Live_Through__c, Swept_Through__c FROM MS_Graph_User__c")
    assert box["Backfill_Through__c"] is None
    assert box["Swept_Through__c"] is None
    assert box["Live_Through__c"] is not None

    firm.advance(minutes=20)
    firm.message(
        "ada",
        subject="of now",
        received=firm.ago(minutes=1),
        toRecipients=["ada@firm.example"],
        **{"from": "rita@reed.example"},
    )
    firm.advance(minutes=5)
    assert [firm.sync()["emails"], [row["Name"] for row in firm.rows("SELECT Name FROM Email__c")]] == [1, ["of now"]]

    firm.control("PATCH", "org", {"dailyApiUsed": 10})
    firm.sync()
    names = sorted(row["Name"] for row in firm.rows("SELECT Name FROM Email__c"))
    assert names == ["mail 0", "mail 1", "mail 2", "of now", "of old"]
    [box] = firm.rows("SELECT Backfill_Through__c, Live_From__c, Swept_Through__c FROM MS_Graph_User__c")
    assert box["Backfill_Through__c"] == box["Live_From__c"]
    assert box["Swept_Through__c"] is not None
