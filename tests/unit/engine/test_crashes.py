"""The process ends at any call of any port: nothing is lost, nothing repeated, no timestamp ahead of its rows."""

from functools import cache
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.codes import MailboxStatus
from connector.errors import MessageError
from connector.model.records import RowError
from connector.model.values import MessageId
from tests.support import builders
from tests.support.fakes import Calls, CrashError, Gate
from tests.support.firm import COLLEAGUE, Firm

#: the crash tests are cut into so many parts, so that they can run side by side
SHARDS = 6


def furnished() -> Firm:
    """Mail on several days in both mailboxes: a shared one, one that is refused, one that fails, one to be ignored."""
    firm = Firm()
    firm.org.settings = builders.settings(backfill_months=1)
    for number, days in enumerate((0.5, 1.5, 9, 10, 25)):
        firm.mail("ada", days=days, id=f"ada-{number}", message_id=f"<a{number}@x.example>")
    both = ("ada@firm.example", "bob@firm.example")
    firm.mail("ada", days=3, id="both-a", message_id="<both@x.example>", to=both)
    firm.mail("bob", days=3, id="both-b", message_id="<both@x.example>", to=both)
    firm.mail("bob", days=4, id="lost", message_id="<lost@x.example>")
    firm.tenant.bodies_broken[MessageId("lost")] = MessageError("busy", code="GRAPH_503", transient=True)
    firm.mail("bob", days=5, id="refused", message_id="<refused@x.example>", subject="Refused")
    firm.mail("bob", days=6, id="internal", message_id="<internal@x.example>", from_=COLLEAGUE)
    refusal = RowError(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No.")
    firm.org.rule = lambda row: refusal if row.fields.get("Subject") == "Email: Refused" else None
    firm.org.on_save = firm.never_ahead
    return firm


@cache
def undisturbed() -> tuple[dict[str, Any], list[str]]:
    """What a run without a crash leaves behind, and the calls it makes."""
    calls, firm = Calls(), furnished()
    firm.sync(calls)
    return firm.stored(), calls.names


def once_attempted(stored: dict[str, Any]) -> dict[str, Any]:
    """Without the number of attempts, which the run that crashed after logging them has raised, and without the copy
    of a mail in two mailboxes that came first."""
    changing = ("Attempts__c", "Next_Attempt_At__c")
    errors = {
        key: {name: value for name, value in row.items() if name not in changing}
        for key, row in stored["Error"].items()
    }
    copy = ("Graph_Message_Id__c", "Mailbox__c", "Web_Link__c")
    emails = {
        key: {name: value for name, value in row.items() if name not in copy} for key, row in stored["Email__c"].items()
    }
    return {**stored, "Error": errors, "Email__c": emails}


def crashed(firm: Firm, number: int) -> bool:
    """Run until the call with this number; False where the run needs fewer."""
    try:
        firm.sync(Calls(crash_at=number))
    except CrashError:
        return True
    return False


def test_the_firm_of_these_tests_has_everything() -> None:
    expected, calls = undisturbed()
    assert (len(expected["Email__c"]), len(expected["Error"])) == (7, 2)
    assert all(box.status is MailboxStatus.LIVE for box in expected["Mailbox"].values())
    assert {"read", "page", "folders", "look_up", "content", "write", "row of Task", "save"} <= {*calls}


@pytest.mark.parametrize("first", range(1, SHARDS + 1))
def test_after_a_crash_at_any_call_the_next_run_completes_the_work(first: int) -> None:
    expected = once_attempted(undisturbed()[0])
    for number in count(first, SHARDS):
        firm = furnished()
        if not crashed(firm, number):
            assert number > 40  # every call of a whole run has been the last one, in one of the shards
            break
        firm.never_ahead()
        firm.sync()
        assert once_attempted(firm.stored()) == expected, f"crash at call {number}"
        firm.wait(minutes=10)
        firm.tenant.bodies_broken.clear()
        assert firm.sync().stored == 0


@given(st.lists(st.integers(1, 150), min_size=2, max_size=5))
@settings(max_examples=20)
def test_nor_do_several_crashes_lose_or_repeat_anything(numbers: list[int]) -> None:
    firm = furnished()
    for number in numbers:
        crashed(firm, number)
        firm.never_ahead()
    firm.sync()
    assert once_attempted(firm.stored()) == once_attempted(undisturbed()[0])


@pytest.mark.parametrize("call", ["save", "saved"])
def test_a_crash_between_two_chunks(call: str) -> None:
    """A backfill that takes some minutes is saved in between; what that save says is true already."""

    def large() -> Firm:
        firm = furnished()
        for number in range(3000):
            firm.mail("ada", days=27 - number / 120, id=f"other-{number}", message_id=None, from_=COLLEAGUE)
        return firm

    firm, gate = large(), Gate()
    firm.sync(gate, progress=gate.walked, monotonic=count(step=61).__next__)
    assert gate.names.count("save") > 1
    again, gate = large(), Gate(crash_on=call)
    with pytest.raises(CrashError):
        again.sync(gate, progress=gate.walked, monotonic=count(step=61).__next__)
    again.never_ahead()
    again.sync()
    assert once_attempted(again.stored()) == once_attempted(firm.stored())
