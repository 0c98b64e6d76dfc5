"""A run leaves the org's other clients their share of the daily API calls."""

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
    firm.control("PATCH", "org", {"dailyApiRequests": 1000, "dailyApiUsed": 800})

    code, report, err = firm.command("sync", "--json")

    assert code == 3
    assert report is not None
    assert report["salesforce_calls"] == 2, "the set-up, whose answer tells the usage, and the event"
    assert "of the org's 1000 API calls of the last 24 hours are used, and the connector stops at 80 %" in err
    assert "daily_call_budget_percent" in err
    assert not firm.rows("SELECT Id FROM Email__c")
    [event] = firm.rows("SELECT Status__c, Error_Message__c FROM MS_Graph_Sync_Event__c")
    assert event["Status__c"] == "Failed"
    assert "1000 API calls" in event["Error_Message__c"]

    firm.control("PATCH", "org", {"dailyApiRequests": 10_000})

    assert firm.sync()["emails"] == 3
