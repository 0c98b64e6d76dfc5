"""The clocks of the two services are a day apart, in either direction: nothing is lost, nothing comes twice."""

from datetime import timedelta

import pytest

from connector.codes import Outcome
from tests.support import builders
from tests.support.firm import Firm


@pytest.mark.parametrize("ahead", [1, -1])
def test_a_day_between_the_clocks_loses_and_repeats_nothing(ahead: float) -> None:
    """Mail is received by the clock of Microsoft 365, which is so many days ahead of that of Salesforce."""
    firm = Firm()
    firm.org.settings = builders.settings(backfill_months=1)
    start, stored = firm.org.now, 0
    for hour in range(0, 96, 6):
        firm.org.now = start + timedelta(hours=hour)
        firm.tenant.now = firm.org.now + timedelta(days=ahead)
        firm.mail("ada", id=f"at-{hour}", received_at=firm.tenant.now, sent_at=firm.tenant.now)
        report = firm.sync()
        assert report.failure is None
        stored += report.emails
        firm.never_ahead()
    firm.org.now += timedelta(days=2)
    firm.tenant.now = firm.org.now
    last = firm.sync()
    assert last.exit_code == 0
    assert stored + last.emails == 16
    assert len(firm.org.rows("Email__c")) == 16
    assert firm.sync(sweep=True).outcomes[Outcome.DUPLICATE] == 16
