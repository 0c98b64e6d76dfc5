from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from connector.core.deciding.match import MOST_SHARED, placeholders, resolve
from connector.model.mail import Party, Role
from connector.model.org import ClientObject, Hit, MatchTies
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import NOW

ANN = NormalAddress("ann@client.example")
PARTY = Party(address=ANN, name="Ann", role=Role.FROM)


def contact(number: int, *, account: int | None = None, days: int | None = 0) -> Hit:
    return Hit(
        object=ClientObject.CONTACT,
        id=RecordId(f"003{number:012d}AAA"),
        account=None if account is None else RecordId(f"001{account:012d}AAA"),
        created_at=None if days is None else NOW + timedelta(days=days),
    )


def account(number: int, *, days: int | None = 0) -> Hit:
    created = None if days is None else NOW + timedelta(days=days)
    return Hit(object=ClientObject.ACCOUNT, id=RecordId(f"001{number:012d}AAA"), created_at=created)


def test_an_unknown_address_matches_nothing() -> None:
    (match,) = resolve([PARTY], {}, MatchTies.ALL)
    assert match.party is PARTY
    assert not match


def test_an_address_that_more_records_share_than_a_family_has_names_nobody() -> None:
    many = tuple(contact(number) for number in range(MOST_SHARED))
    for ties in MatchTies:
        assert resolve([PARTY], {ANN: many}, ties)[0]
        assert not resolve([PARTY], {ANN: (*many, account(99))}, ties)[0]
    assert placeholders({ANN: many}) == {}
    assert placeholders({ANN: (*many, account(99))}) == {ANN: MOST_SHARED + 1}
    # the Account of a Contact is the same hit
    assert placeholders({ANN: (*many[1:], contact(0, account=99), account(99))}) == {}


def test_all_records_with_an_address_match_oldest_first() -> None:
    hits = {
        ANN: (contact(1, days=3), contact(2, days=1), account(9, days=5), account(8, days=4), contact(3, days=None))
    }
    (match,) = resolve([PARTY], hits, MatchTies.ALL)
    assert match.contacts == (contact(2, days=1), contact(1, days=3), contact(3, days=None))
    assert match.accounts == (account(8, days=4), account(9, days=5))


def test_the_account_of_a_contact_with_the_same_address_is_the_same_hit() -> None:
    hits = {ANN: (account(1), contact(1, account=1), account(2))}
    (match,) = resolve([PARTY], hits, MatchTies.ALL)
    assert match.contacts == (contact(1, account=1),)
    assert match.accounts == (account(2),)


def test_a_record_that_two_of_its_fields_led_to_counts_once() -> None:
    hits = {ANN: (contact(1, account=1), account(2), contact(1, account=1), account(2))}
    (match,) = resolve([PARTY], hits, MatchTies.ALL)
    assert match.contacts == (contact(1, account=1),)
    assert match.accounts == (account(2),)


def test_an_account_stays_where_its_contact_has_another_address() -> None:
    other = NormalAddress("household@client.example")
    parties = [PARTY, Party(address=other, name="", role=Role.CC)]
    first, second = resolve(parties, {ANN: (contact(1, account=1),), other: (account(1),)}, MatchTies.ALL)
    assert first.contacts
    assert second.accounts == (account(1),)


def test_oldest_keeps_one_record_of_an_address_and_prefers_a_person() -> None:
    hits = {ANN: (contact(1, days=3), contact(2, days=2), account(9, days=0))}
    (match,) = resolve([PARTY], hits, MatchTies.OLDEST)
    assert match.contacts == (contact(2, days=2),)
    assert match.accounts == ()
    (match,) = resolve([PARTY], {ANN: (account(9, days=2), account(8, days=2))}, MatchTies.OLDEST)
    assert match.accounts == (account(8, days=2),)


some_hits = st.lists(
    st.one_of(
        st.builds(
            contact, st.integers(1, 5), account=st.none() | st.integers(1, 5), days=st.none() | st.integers(0, 3)
        ),
        st.builds(account, st.integers(1, 5), days=st.none() | st.integers(0, 3)),
    ),
    unique_by=lambda hit: hit.id,
    max_size=8,
)


@given(some_hits, st.randoms(use_true_random=False), st.sampled_from(MatchTies))
def test_the_order_in_which_records_were_found_does_not_matter(
    hits: list[Hit], random: Random, ties: MatchTies
) -> None:
    shuffled = random.sample(hits, len(hits))
    assert resolve([PARTY], {ANN: tuple(hits)}, ties) == resolve([PARTY], {ANN: tuple(shuffled)}, ties)


@given(some_hits)
def test_every_record_that_has_the_address_is_reached(hits: list[Hit]) -> None:
    (match,) = resolve([PARTY], {ANN: tuple(hits)}, MatchTies.ALL)
    reached = {hit.id for hit in (*match.contacts, *match.accounts)} | {hit.account for hit in match.contacts}
    assert {hit.id for hit in hits} <= reached
    (one,) = resolve([PARTY], {ANN: tuple(hits)}, MatchTies.OLDEST)
    assert len(one.contacts) + len(one.accounts) == min(len(hits), 1)
