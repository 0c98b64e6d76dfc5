"""Clients are only added, between runs: in the end all is as if they had been there from the beginning."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.model.org import ClientObject, Hit, MatchTies
from connector.model.values import NormalAddress, RecordId
from tests.property.mailboxes import Case, cases
from tests.support import builders
from tests.support.builders import NOW
from tests.support.firm import STRANGER, Firm

_ADDRESSES = (STRANGER, "mum@private.example", "news@list.example", "spouse@client.example")
_ACCOUNTS = tuple(RecordId(f"001{number:012d}AAA") for number in (21, 22))


def _hit(number: int) -> Hit:
    """Numbers 0 to 3 are Contacts, of one Account, the other, or none; 4 and 5 are these Accounts."""
    made = NOW + timedelta(seconds=number)
    if number >= 4:
        return Hit(object=ClientObject.ACCOUNT, id=_ACCOUNTS[number - 4], created_at=made)
    account = (*_ACCOUNTS, _ACCOUNTS[0], None)[number]
    return Hit(object=ClientObject.CONTACT, id=RecordId(f"003{number + 20:012d}AAA"), account=account, created_at=made)


#: of two addresses of one record only the first in a mail has a row, so that another record is not found by the second
added = st.lists(
    st.tuples(st.sampled_from(_ADDRESSES), st.integers(0, 5)), min_size=1, max_size=6, unique_by=lambda one: one[1]
)


def add(firm: Firm, batch: list[tuple[str, int]]) -> None:
    """These records get these addresses, beside those that they have."""
    for address, number in batch:
        hit = _hit(number)
        known = [other for other, hits in firm.org.clients.items() if hit in hits]
        firm.org.client(hit, *known, NormalAddress(address))


def related(firm: Firm) -> dict[str, set[Any]]:
    """What is related to what, by the keys of mails; each once."""
    keys = {id_: row["Message_Key__c"] for id_, row in firm.org.table("Email__c").items()}
    rows = [(keys[row["Email__c"]], row) for row in firm.org.rows("Email_Participant__c")]
    found: dict[str, list[Any]] = {
        "status": [(row["Message_Key__c"], row["Match_Status__c"]) for row in firm.org.rows("Email__c")],
        "contacts": [(key, row["Contact__c"]) for key, row in rows if row.get("Contact__c")],
        "accounts": [(key, row["Account__c"]) for key, row in rows if row.get("Account__c")],
        "tasks": [row["Task_Key__c"] for row in firm.org.rows("Task")],
    }
    for name, told in found.items():
        assert len(set(told)) == len(told), name
    return {**{name: set(told) for name, told in found.items()}, "addresses": {(k, r["Address__c"]) for k, r in rows}}


@given(case=cases(), clients=added, at_once=st.integers(1, 3))
def test_it_ends_as_a_sync_with_the_final_clients(case: Case, clients: list[tuple[str, int]], at_once: int) -> None:
    case.settings = builders.settings(
        keep_unmatched=True, sync_bcc=case.settings.sync_bcc, backfill_months=1, match_ties=MatchTies.ALL
    )
    case.rules = [rule for rule in case.rules if rule.removed_at is None]
    firm, final = case.firm(), case.firm()
    firm.sync()
    for start in range(0, len(clients), at_once):
        before = related(firm)
        firm.wait(minutes=10)
        add(firm, clients[start : start + at_once])
        assert firm.sync().exit_code == 0
        after = related(firm)
        assert all(before[name] <= after[name] for name in ("contacts", "accounts", "tasks", "addresses"))
        firm.wait(minutes=10)
        assert firm.sync().stored == 0
    add(final, clients)
    final.sync()
    told, wanted = related(firm), related(final)
    # an Account that had the mail before one of its Contacts was known has a Task of its own, which stays
    assert wanted.pop("tasks") <= told.pop("tasks")
    assert told == wanted


def test_what_one_user_excludes_comes_with_the_copy_of_another() -> None:
    """The mail was stored from Ada's mailbox; Bob, who got it too, does not exclude the sender."""

    def firm_with(*users: str) -> Firm:
        firm = Firm()
        firm.org.settings = builders.settings(keep_unmatched=True)
        firm.org.exclusions += [
            builders.exclusion("*@private.example", "Personal Address", user=firm.box(user).user) for user in users
        ]
        both = ("ada@firm.example", "Bob <bob@firm.example>")
        for name in ("ada", "bob"):
            who = "mum@private.example"
            firm.mail(name, id=name, from_=who, cc=(STRANGER,), to=both, message_id="<1@x.example>")
        return firm

    client = [("mum@private.example", 0)]
    for users, count in ((("ada",), 1), (("bob",), 1), (("ada", "bob"), 0)):
        firm, final = firm_with(*users), firm_with(*users)
        firm.sync()
        firm.wait(minutes=10)
        add(firm, client)
        firm.sync()
        add(final, client)
        final.sync()
        assert related(firm) == related(final)
        assert len(related(firm)["contacts"]) == count
