"""The share of the org's daily API calls."""

import pytest

from connector.errors import ServiceError
from connector.salesforce.limits import Budget


@pytest.mark.parametrize(
    ("used", "percent", "room"),
    [(949, 80, True), (950, 80, False), (949, 1, True), (979, 98, True), (980, 98, False), (1000, 100, False)],
)
def test_live_mail_waits_at_95_percent_or_at_a_larger_share(used: int, percent: int, room: bool) -> None:
    budget = Budget(percent)
    budget.note(f"api-usage={used}/1000")

    if room:
        budget.require_room(where="org.example")
    else:
        with pytest.raises(
            ServiceError, match=rf"{used} of the org's 1000 API calls .* stops at {max(percent, 95)} %"
        ) as raised:
            budget.require_room(where="org.example")
        assert raised.value.code == "API_BUDGET"


@pytest.mark.parametrize(
    ("used", "percent", "waits"), [(799, 80, False), (800, 80, True), (10, 1, True), (9, 1, False)]
)
def test_backfills_wait_at_the_share_that_is_set(used: int, percent: int, waits: bool) -> None:
    budget = Budget(percent)
    assert budget.backfill_pause() is None
    budget.note(f"api-usage={used}/1000")
    said = budget.backfill_pause()
    assert (said is not None) is waits
    if said is not None:
        assert f"{used} of the org's 1000 API calls" in said
        assert f"backfills stop at {percent} %" in said
    budget.note("api-usage=0/1000")
    assert budget.backfill_pause() is None


@pytest.mark.parametrize("header", [None, "", "nothing known", "per-app-api-usage=900/1000(appName=other)"])
def test_an_org_that_says_nothing_has_no_limit(header: str | None) -> None:
    budget = Budget(1)
    budget.note(header)
    budget.require_room(where="org.example")


def test_the_newest_answer_counts_and_the_other_count_beside_it_does_not() -> None:
    budget = Budget(50)
    budget.note("api-usage=960/1000")
    budget.note("per-app-api-usage=990/1000(appName=other); api-usage=100/1000")

    budget.require_room(where="org.example")
