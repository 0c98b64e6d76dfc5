"""What the scheduler sees: which backfills have still to read, and a settings record that lost its key."""

from typing import Any

import pytest

from connector.errors import SetupError
from connector.salesforce.schedule import SalesforceSchedule
from tests.unit.salesforce.org import Org

EARLY, LATE = "2026-06-01T00:00:00.000+0000", "2026-11-01T00:00:00.000+0000"
BOX = {"Id": "a06000000000001AAA", "User__c": "005000000000002AAA"}


def records(*rows: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"totalSize": len(rows), "done": True, "records": list(rows)}


@pytest.fixture
def desk(org: Org) -> SalesforceSchedule:
    org.resources = {"sobjects/Organization": (200, {"Id": "00D000000000001AAA", "TimeZoneSidKey": "Europe/Berlin"})}
    return SalesforceSchedule(lambda: org.client)


@pytest.mark.parametrize(
    ("start", "through", "live", "pending"),
    [
        (None, None, None, True),
        (EARLY, None, LATE, True),
        (LATE, None, LATE, True),  # begun, and no run has said that there is nothing to read
        (EARLY, EARLY, LATE, True),
        (EARLY, LATE, LATE, False),
        (LATE, EARLY, LATE, False),
        (EARLY, LATE, None, True),
    ],
)
def test_a_backfill_is_pending_until_it_has_come_to_live_mail(
    org: Org, desk: SalesforceSchedule, start: str | None, through: str | None, live: str | None, pending: bool
) -> None:
    row = {**BOX, "Backfill_From__c": start, "Backfill_Through__c": through, "Live_From__c": live}
    org.resources["FROM MS_Graph_User__c"] = records(row)
    assert bool(desk.look().backfills) is pending


def test_a_pending_backfill_shows_how_far_it_came(org: Org, desk: SalesforceSchedule) -> None:
    row = {**BOX, "Backfill_From__c": EARLY, "Backfill_Through__c": None, "Live_From__c": LATE}
    seen = []
    for through in (None, EARLY):
        org.resources["FROM MS_Graph_User__c"] = records({**row, "Backfill_Through__c": through})
        seen.append(desk.look().backfills)
    assert seen[0] != seen[1]


def test_a_settings_record_that_lost_its_key_is_an_error(org: Org, desk: SalesforceSchedule) -> None:
    org.resources["FROM MS_Graph_Setting__c"] = records({"Id": "a03000000000001AAA", "Name": "Firm", "Key__c": None})
    with pytest.raises(SetupError, match="The Microsoft 365 Sync Setting Firm has the key") as caught:
        desk.look()
    assert caught.value.remedy == "Set its Key__c to default."
