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
