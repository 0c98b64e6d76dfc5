"""The Account of a Contact that came into it, or changed it, after its mail was related."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing.plan import plan
from connector.core.writing.rematch import desired
from connector.model.org import ClientObject, Hit, MatchTies
from connector.model.records import StoredParticipant
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import at, settings, stored
from tests.unit.core.test_rematch import ADDRESSES, ORG, accounts, applied, contacts, filed, fresh

KEY = "k" * 32
ACCOUNTS = tuple(RecordId(f"001{number:012d}AAA") for number in (1, 2, 3))


def contact(number: int, account: RecordId | None) -> Hit:
    return Hit(
        object=ClientObject.CONTACT, id=RecordId(f"003{number:012d}AAA"), account=account, created_at=at(days=-number)
    )


Moves = list[tuple[int, RecordId | None]]


@given(
    moves=st.lists(st.tuples(st.integers(0, 2), st.sampled_from((None, *ACCOUNTS))), max_size=8),
    before=st.tuples(*(st.sampled_from((None, *ACCOUNTS)) for _ in range(3))),
    at_once=st.integers(1, 3),
    shared=st.booleans(),
)
def test_no_account_is_lost_and_the_last_of_each_contact_is_listed_once(
    moves: Moves, before: tuple[RecordId | None, ...], at_once: int, shared: bool
) -> None:
    """Three Contacts of one mail move among Accounts between runs; a sync with the final ones stores no more."""
    org = replace(ORG, shared_activities=shared)
    hits: dict[NormalAddress, tuple[Hit, ...]] = {
        address: (contact(number, before[number]),) for number, address in enumerate(ADDRESSES)
    }
    todo, mail = fresh(ADDRESSES, hits, MatchTies.ALL, org)
    mail = applied(mail, todo)
    for start in range(0, len(moves), at_once):
        for number, account in moves[start : start + at_once]:
            hits[ADDRESSES[number]] = (contact(number, account),)
        earlier = mail
        wanted = desired(mail, mail.parties, hits, settings(), org)
        mail = applied(mail, plan(wanted, mail.stored))
        assert contacts(mail) == contacts(earlier)
        assert all(row.contact or row.account for row in mail.stored.participants)
        assert set(accounts(earlier)) <= set(accounts(mail))
        assert earlier.stored.task_keys <= mail.stored.task_keys
        assert not plan(desired(mail, mail.parties, hits, settings(), org), mail.stored)
    todo, empty = fresh(ADDRESSES, hits, MatchTies.ALL, org)
    final = applied(empty, todo)
    assert set(accounts(final)) <= set(accounts(mail))
    assert len(set(accounts(mail))) == len(accounts(mail))
    assert final.stored.task_keys <= mail.stored.task_keys
    assert contacts(final) == contacts(mail)


def test_a_contact_without_account_has_its_own_row_filled() -> None:
    [row] = _after(StoredParticipant(id=RecordId("a0P"), key=f"{KEY}:{_ONE}", address=ADDRESSES[0], contact=_ONE))
    assert (row.key, row.contact, row.account) == (f"{KEY}:{_ONE}", _ONE, ACCOUNTS[0])


def test_a_contact_in_another_account_keeps_it_and_the_new_one_has_a_row_of_its_own() -> None:
    there = StoredParticipant(
        id=RecordId("a0P"), key=f"{KEY}:{_ONE}", address=ADDRESSES[0], contact=_ONE, account=ACCOUNTS[1]
    )
    old, new = _after(there)
    assert old == there
    assert (new.key, new.contact, new.account) == (f"{KEY}:{ACCOUNTS[0]}", None, ACCOUNTS[0])


def test_what_a_person_related_keeps_its_row_as_it_is() -> None:
    """Its key is that of the address, and its lookup the person's."""
    there = StoredParticipant(id=RecordId("a0P"), key=f"{KEY}:{'0' * 31}", address=ADDRESSES[0], contact=_ONE)
    old, new = _after(there)
    assert old == there
    assert (new.contact, new.account) == (None, ACCOUNTS[0])


_ONE = contact(0, None).id


def _after(there: StoredParticipant) -> tuple[StoredParticipant, ...]:
    """The rows of a mail of one address once its Contact is in the first Account."""
    mail = filed(stored(key=KEY, participants=(there,)), ADDRESSES[:1])
    wanted = desired(mail, mail.parties, {ADDRESSES[0]: (contact(0, ACCOUNTS[0]),)}, settings(), ORG)
    return applied(mail, plan(wanted, mail.stored)).stored.participants
