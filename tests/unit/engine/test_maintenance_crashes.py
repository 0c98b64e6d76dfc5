"""The process ends at any call while stored mail is related anew, blanked or deleted: the next run completes it."""

from functools import cache
from typing import Any

import pytest

from connector.model.org import ClientObject, Hit
from connector.model.values import RecordId
from tests.support import builders
from tests.support.fakes import Calls, CrashError
from tests.support.firm import CLIENT, STRANGER, Firm

HOUSEHOLD = RecordId("001000000000005AAA")
NEW, LONELY, OTHER, ONLY = (RecordId(f"00300000000000{number}AAA") for number in (5, 6, 7, 8))
HAND, JOINT, SOLE = "hand@unknown.example", "joint@unknown.example", "sole@unknown.example"
ALONE = "alone@client.example"
#: the crash tests are cut into so many parts, so that they can run side by side
SHARDS = 3


def contact(record: RecordId, account: RecordId | None = None) -> Hit:
    return Hit(object=ClientObject.CONTACT, id=record, account=account)


def furnished() -> Firm:
    """A firm whose mail is stored, and all that people can change about it since."""
    firm = Firm()
    firm.org.settings = builders.settings(keep_unmatched=True, unmatched_retention_days=30, backfill_months=2)
    firm.org.client(contact(LONELY), ALONE)
    for number in range(3):
        firm.mail(
            "ada", days=5 + number, from_=STRANGER, id=f"s{number}", message_id=f"<s{number}@x.example>", cc=(JOINT,)
        )
    both = ("ada@firm.example", "bob@firm.example")
    firm.mail("ada", days=4, id="both-a", message_id="<both@x.example>", to=both, cc=(STRANGER, ALONE))
    firm.mail("bob", days=4, id="both-b", message_id="<both@x.example>", to=both, cc=(STRANGER, ALONE))
    firm.mail("ada", days=6, from_=SOLE, id="sole", message_id="<sole@x.example>")
    firm.mail("bob", days=6, from_=HAND, id="hand", message_id="<hand@x.example>")
    firm.mail("bob", days=29, from_="old@unknown.example", id="old", message_id="<old@x.example>")
    for number in range(2):
        firm.mail("bob", days=7, id=f"gone{number}", message_id=f"<gone{number}@x.example>", subject="Gone")
    assert firm.sync().exit_code == 0
    firm.wait(days=3)
    firm.org.client(contact(NEW, HOUSEHOLD), STRANGER, JOINT)
    firm.org.client(contact(OTHER, HOUSEHOLD), STRANGER)
    firm.org.client(contact(ONLY), SOLE)
    firm.org.client(contact(LONELY, HOUSEHOLD), ALONE)
    emails, participants = firm.org.table("Email__c"), firm.org.table("Email_Participant__c")
    for id_, row in [*emails.items()]:
        if row["Subject__c"] == "Gone":
            firm.org.edit("Email__c", id_, Match_Status__c="Removed")
            firm.org.table("ContentVersion")[RecordId(f"068{len(id_)}{id_}")] = {"Attachment_Key__c": "f", "Email": id_}
    [hand] = [id_ for id_, row in participants.items() if row["Address__c"] == HAND]
    firm.org.edit("Email_Participant__c", hand, Contact__c=LONELY)
    return firm


def state(firm: Firm) -> dict[str, Any]:
    assert firm.org.settings is not None
    return {**firm.stored(), "through": firm.org.settings.matched_through, "files": firm.org.rows("ContentVersion")}


@cache
def undisturbed() -> tuple[dict[str, Any], list[str]]:
    calls, firm = Calls(), furnished()
    firm.sync(calls)
    return state(firm), calls.names


def test_the_firm_of_these_tests_has_everything() -> None:
    expected, calls = undisturbed()
    emails = expected["Email__c"].values()
    assert sorted(row["Match_Status__c"] for row in emails) == ["Matched"] * 6 + ["Removed"] * 2
    assert {row["Name"] for row in emails if row["Match_Status__c"] == "Removed"} == {"(removed)"}
    assert expected["files"] == []
    related = {(row["Address__c"], row.get("Contact__c"), row.get("Account__c")) for row in _participants(expected)}
    assert (SOLE, ONLY, None) in related
    assert {(STRANGER, NEW, HOUSEHOLD), (STRANGER, OTHER, None), (HAND, LONELY, None), (ALONE, LONELY, None)} <= related
    assert "old@unknown.example" not in {address for address, _, _ in related}
    written = {"row of Email__c", "row of Email_Participant__c", "row of Task", "delete Task", "delete ContentVersion"}
    assert {"changes", "mails with", "read mails", "blank", "delete"} <= {*calls}
    assert written | {"delete Email_Participant__c"} <= {*calls}


def _participants(stored: dict[str, Any]) -> list[dict[str, Any]]:
    return [*stored["Email_Participant__c"].values()]


@pytest.mark.parametrize("first", range(1, SHARDS + 1))
def test_after_a_crash_at_any_call_the_next_run_completes_the_work(first: int) -> None:
    expected, calls = undisturbed()
    for number in range(first, len(calls) + 1, SHARDS):
        firm = furnished()
        with pytest.raises(CrashError):
            firm.sync(Calls(crash_at=number))
        firm.sync()
        assert state(firm) == expected, f"crash at call {number}: {calls[number - 1]}"
        firm.wait(minutes=10)
        assert firm.sync().stored == 0


def test_a_crash_before_the_checkpoint_leaves_the_changes_to_be_found_again() -> None:
    firm = furnished()
    assert firm.org.settings is not None
    before = firm.org.settings.matched_through
    _, calls = undisturbed()
    crashes = 0
    for number in range(1, calls.index("save") + 2):
        try:
            firm.sync(Calls(crash_at=number))
        except CrashError:
            crashes += 1
            assert firm.org.settings.matched_through == before
        else:
            break  # what earlier attempts did need not be done again
    assert crashes > 20
    assert firm.org.settings.matched_through == firm.org.now


def test_mail_of_a_client_stays_as_it_is() -> None:
    firm = furnished()
    before = {row["Participant_Key__c"] for row in firm.org.rows("Email_Participant__c") if row["Address__c"] == CLIENT}
    kept = {row["Email__c"] for row in firm.org.rows("Email_Participant__c") if row["Address__c"] == ALONE}
    firm.sync()
    after = {
        row["Participant_Key__c"]
        for row in firm.org.rows("Email_Participant__c")
        if row["Address__c"] == CLIENT and row["Email__c"] in kept
    }
    assert after
    assert after <= before
