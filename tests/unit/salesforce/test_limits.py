"""The share of the org's daily API calls."""

import pytest

from connector.errors import ServiceError
from connector.salesforce.limits import Budget


@pytest.mark.parametrize(
    ("used", "percent", "room"),
    [(799, 80, True), (800, 80, False), (999, 100, True), (1000, 100, False), (10, 1, False)],
)
def test_the_share_is_used_up_where_it_is_reached(used: int, percent: int, room: bool) -> None:
    budget = Budget(percent)
    budget.note(f"api-usage={used}/1000")

    if room:
        budget.require_room(where="org.example")
    else:
        with pytest.raises(
            ServiceError, match=rf"{used} of the org's 1000 API calls .* stops at {percent} %"
        ) as raised:
            budget.require_room(where="org.example")
        assert raised.value.code == "API_BUDGET"


@pytest.mark.parametrize("header", [None, "", "nothing known", "per-app-api-usage=900/1000(appName=other)"])
def test_an_org_that_says_nothing_has_no_limit(header: str | None) -> None:
    budget = Budget(1)
    budget.note(header)
    budget.require_room(where="org.example")


def test_the_newest_answer_counts_and_the_other_count_beside_it_does_not() -> None:
    budget = Budget(50)
    budget.note("api-usage=900/1000")
    budget.note("per-app-api-usage=990/1000(appName=other); api-usage=100/1000")

    budget.require_room(where="org.example")
