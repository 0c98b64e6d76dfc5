"""Who does what `explain` says has the mail stored, however old it is and whatever the mailbox has read so far."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.codes import Outcome
from connector.core.reporting.explanation import Explanation
from connector.engine.mailboxes import ReadLimits
from connector.model.mail import Header
from connector.model.org import ClientObject, Hit
from connector.model.values import NormalAddress, RecordId
from connector.operations.explain import explain
from tests.support import builders
from tests.support.firm import CLIENT, STRANGER, Firm

#: the runs of a Firm do not wait for mail to settle
LIMITS = ReadLimits(settle=timedelta(0))
DAYS = st.one_of(st.integers(5, 4000), st.integers(1000, 600_000)).map(lambda minutes: minutes / 1440)
CAUSES = st.sampled_from(["none", "unmatched", "opted_out", "bcc"])  # folders: tests/acceptance/test_remedies.py


def told(firm: Firm, mail: Header) -> Explanation:
    return explain(firm.org, firm.tenant, firm.org, upn="ada@firm.example", message=mail.id, limits=LIMITS)


def follow(firm: Firm, remedy: str) -> None:
    """Do what stands there about reading."""
    box = firm.box("ada")
    if found := re.search(r"Backfill From of the MS Graph User ada@firm.example to (\S+ \S+) UTC", remedy):
        since = datetime.strptime(found[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        firm.org.mailboxes[box.id] = replace(firm.box("ada"), backfill_from=since)
    if re.search("[Ee]mpty (its )?Backfill Through", remedy):
        firm.org.mailboxes[box.id] = replace(firm.box("ada"), backfill_through=None)
    assert "m365sync sync" in remedy
    firm.sync(sweep="m365sync sync --sweep" in remedy)


@settings(deadline=None, max_examples=60)
@given(
    cause=CAUSES, age=DAYS, months=st.integers(0, 13), begun=st.one_of(st.none(), DAYS), pause=DAYS, later=st.booleans()
)
@example(cause="none", age=60, months=0, begun=100, pause=1, later=True)  # there is no backfill to read again
@example(cause="bcc", age=108, months=6, begun=1, pause=1, later=False)
@example(cause="opted_out", age=34.5, months=6, begun=50, pause=1, later=False)
def test_a_followed_remedy_stores_the_mail(
    cause: str, age: float, months: int, begun: float | None, pause: float, later: bool
) -> None:
    """`begun`: so many days ago the mailbox was first read; the last run was `pause` days ago if that is sooner."""
    firm = Firm()
    firm.org.settings = builders.settings(keep_unmatched=False, backfill_months=months)
    now = firm.org.now
    if begun is not None:
        firm.wait(days=-begun)
        firm.sync()
        firm.wait(days=max(0.0, begun - pause))
        firm.sync()
        firm.org.now = firm.tenant.now = now
    how: dict[str, Any] = {
        "none": {},
        "unmatched": {"from_": STRANGER},
        "opted_out": {"categories": ("Do Not Sync",)},
        "bcc": {"to": "list@client.example"},
    }[cause]
    mail = firm.mail("ada", days=age, **{"from_": CLIENT, **how})
    if not later:
        firm.sync(sweep=True)
    before = told(firm, mail)
    if before.stored:
        return
    assert "not stored" in before.verdict or before.outcome not in (Outcome.MATCHED, Outcome.UNMATCHED_KEPT)
    if cause == "unmatched":
        hit = Hit(object=ClientObject.CONTACT, id=RecordId("003000000000009AAA"))
        firm.org.clients[NormalAddress(STRANGER)] = (hit,)
    elif cause == "opted_out":
        firm.org.settings = replace(firm.org.settings, opt_out_categories=())
    elif cause == "bcc":
        firm.org.settings = replace(firm.org.settings, sync_bcc=True)
    follow(firm, before.remedy)
    after = told(firm, mail)
    assert after.verdict == "matched", (before.remedy, after.verdict, after.remedy)
