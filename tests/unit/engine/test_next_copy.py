"""Where the copy that is to be a mail's record is refused, the next one takes its place."""

from collections import Counter

import pytest

from connector.codes import Outcome
from connector.engine.decider import MOST_REFUSED
from connector.model.records import Row, RowError
from tests.support.firm import Firm

NAMES = ("ada", "bob", "cid", "dora")


@pytest.fixture
def firm() -> Firm:
    """A mail that four advisers have."""
    firm = Firm()
    for number, name in enumerate(NAMES[2:], start=3):
        firm.adviser(name, number)
    everybody = tuple(f"{name}@firm.example" for name in NAMES)
    for name in NAMES:
        firm.mail(name, to=everybody, message_id="<one@client.example>", subject=f"[{name}] Hello")
    return firm


def refuse(firm: Firm, times: int, *, object_: str = "Email__c", transient: bool = False) -> list[str]:
    """Refuse so many different rows of the object; their subjects."""
    seen: list[str] = []

    def rule(row: Row) -> RowError | None:
        subject = row.fields.get("Subject__c")
        if row.object != object_ or (subject not in seen and len(seen) >= times):
            return None
        if subject not in seen:
            seen.append(str(subject))
        return RowError(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No.", transient=transient)

    firm.org.rule = rule
    return seen


@pytest.mark.parametrize("times", [1, 2])
def test_the_next_copy_takes_its_place(firm: Firm, times: int) -> None:
    refused = refuse(firm, times)
    report = firm.sync()
    assert report.exit_code == 0
    [row] = firm.org.rows("Email__c")
    assert len(refused) == times
    assert row["Subject__c"] not in refused
    assert Counter(firm.outcomes.values()) == {Outcome.MATCHED: 1, Outcome.DUPLICATE: 3}
    assert firm.org.rows("MS_Graph_Sync_Error__c") == []
    assert len(firm.org.rows("Task")) == 1


def test_after_some_copies_all_fail(firm: Firm) -> None:
    refused = refuse(firm, 9)
    assert firm.sync().exit_code == 1
    assert len(refused) == MOST_REFUSED
    assert set(firm.outcomes.values()) == {Outcome.FAILED}
    assert len(firm.org.rows("MS_Graph_Sync_Error__c")) == 4


def test_what_is_refused_for_a_moment_only_or_below_the_mail_is_no_matter_of_the_copy(firm: Firm) -> None:
    refused = refuse(firm, 1, transient=True)
    assert firm.sync().exit_code == 1
    assert len(refused) == 1
    assert firm.org.rows("Email__c") == []
    firm.wait(hours=1)
    refuse(firm, 1, object_="Email_Participant__c")
    assert firm.sync().exit_code == 1
    assert len(firm.org.rows("Email__c")) == 1
