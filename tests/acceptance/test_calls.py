"""What a large run costs in calls."""

import pytest

from tests.support.load import furnish
from tests.support.world import World


@pytest.mark.calls
@pytest.mark.slow
def test_at_most_eight_salesforce_calls_for_a_thousand_stored_mails(world: World) -> None:
    wanted = furnish(world, mailboxes=20, messages=4000, stored=0.82, days=20)
    assert wanted >= 2000
    world.control("DELETE", "requests")

    report = world.sync()

    assert report["emails"] == wanted
    assert report["outcomes"]["failed"] == 0
    assert report["salesforce_calls"] * 1000 <= 8 * report["emails"]
    assert len(world.requests("salesforce")) == report["salesforce_calls"]
    assert len(world.requests("graph")) == report["graph_calls"]
    assert len(world.rows("SELECT Id FROM Email__c")) == wanted
    assert 1.0 <= report["tasks"] / wanted <= 1.3


@pytest.mark.calls
@pytest.mark.parametrize("count", ["exact", "unknown", "stale"])
@pytest.mark.parametrize("mails", [0, 3])
def test_a_first_run_of_a_quiet_mailbox_is_at_most_ten_graph_requests(world: World, count: str, mails: int) -> None:
    """Six months and the sweep that ends them, also where Graph does not say how much there is."""
    world.settings(Backfill_Months__c=6)
    world.internal_domain()
    world.adviser("ada")
    world.client("Rita", "Reed", "rita@reed.example")
    for number in range(mails):
        received = world.ago(days=10 + 50 * number)
        world.message("ada", received=received, toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"})
    world.control("PATCH", "tenant", {"count": count})
    world.control("DELETE", "requests")

    assert world.sync()["emails"] == mails

    sent = [(one["path"], one["query"]) for one in world.requests("graph")]
    assert len(sent) <= 10, "\n".join(map(str, sent))
