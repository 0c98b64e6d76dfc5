import hashlib
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.deciding.address import normalise
from connector.core.deciding.identity import (
    StoredIndex,
    created_time,
    find_stored,
    group_copies,
    group_key,
    identify,
    merge_parties,
    message_id,
    message_key,
    sender_of,
    sent_time,
)
from connector.model.mail import Header, Party, Role
from connector.model.records import MatchStatus, StoredEmail
from connector.model.values import NormalAddress
from tests.support.builders import NOW, as_stored, at, header, stored
from tests.support.copies import same_mail

MID = "<1@client.example>"
LEGACY = "/O=EXCHANGELABS/OU=Staff/CN=Ada"


BOXES = count(100)


def copy(seconds: float = 0, **fields: Any) -> Header:
    """A copy in a mailbox of its own, unless one is named."""
    fields.setdefault("mailbox", f"a0M{next(BOXES):012d}AAA")
    return header(**{"message_id": MID, "sent_at": at(seconds), "received_at": at(seconds + 5), **fields})


def row(seconds: float = 0, **fields: Any) -> StoredEmail:
    return stored(**{"internet_message_id": "1@client.example", "sent_at": at(seconds), **fields})


def sha(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


# --- key


def test_the_key_is_the_hash_of_message_id_sender_sent_second_subject_and_recipients() -> None:
    mail = header(
        message_id=" <AbC@client.example> ",
        from_="Client@Client.Example",
        subject=" Your \t statement\n",
        to=["B@firm.example", "a@firm.example", "b@firm.example", ""],
        cc="A@firm.example",
    )
    sent, people = "2026-03-02T12:00:00Z", "a@firm.example,b@firm.example"
    assert message_key(mail) == sha("AbC@client.example", "client@client.example", sent, "Your statement", people)


def test_the_sender_stands_in_for_an_empty_from() -> None:
    mail = header(message_id="1", from_=None, sender="Client@client.example")
    assert message_key(mail) == sha("1", "client@client.example", "2026-03-02T12:00:00Z", "", "adviser@firm.example")
    assert sender_of(header(from_="", sender=None)) == ""


@pytest.mark.parametrize("mid", [None, "", "  ", "<>", "< >"])
def test_without_a_message_id_its_place_in_the_key_is_empty(mid: str | None) -> None:
    mail = header(message_id=mid or None, subject="Hello", to=["B@firm.example", "a@firm.example"], cc="c@x.example")
    if mid:
        mail = header(message_id=mid, subject="Hello", to=["c@x.example", "B@firm.example"], cc="a@firm.example")
    assert message_id(mail) is None
    addresses = "a@firm.example,b@firm.example,c@x.example"
    assert message_key(mail) == sha("", "client@client.example", "2026-03-02T12:00:00Z", "Hello", addresses)


def test_half_a_surrogate_pair_has_a_key() -> None:
    assert len(message_key(header(message_id=None, subject="\ud83d"))) == 32


def test_case_counts_in_a_message_id() -> None:
    assert message_key(copy(message_id="<A@x.example>")) != message_key(copy(message_id="<a@x.example>"))


@pytest.mark.parametrize(
    ("sent", "used"),
    [
        (None, "received"),
        (datetime(1989, 12, 31, 23, 59, 59, tzinfo=NOW.tzinfo), "received"),
        (datetime(1990, 1, 1, tzinfo=NOW.tzinfo), "sent"),
        (at(days=1), "received"),
        (at(1), "received"),
        (at(seconds=1), "received"),
        (at(0), "sent"),
        (at(-1), "sent"),
        (at(days=-4000), "sent"),
        (at(0.9), "received"),
    ],
)
def test_the_sent_time_is_the_date_where_it_can_be(sent: datetime | None, used: str) -> None:
    mail = header(sent_at=sent, received_at=NOW)
    assert sent_time(mail) == (sent.replace(microsecond=0) if sent and used == "sent" else NOW)


def test_the_zone_of_a_time_does_not_matter() -> None:
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    assert message_key(copy(sent_at=east)) == message_key(copy())


@pytest.mark.parametrize(
    ("days", "used"), [(-29.99, "sent"), (-30, "received"), (-900, "received"), (0, "sent"), (0.5, "received")]
)
def test_rows_are_created_when_sent_unless_that_is_long_before_received(days: float, used: str) -> None:
    mail = header(sent_at=at(days=days), received_at=NOW)
    assert created_time(mail, at(seconds=1)) == (at(days=days) if used == "sent" else NOW)


def test_no_row_is_created_in_the_future_of_the_org() -> None:
    mail = header(sent_at=at(seconds=-1), received_at=NOW)
    assert created_time(mail, at(seconds=-5)) == at(seconds=-5)


# --- same mail


def test_a_mail_sent_within_two_minutes_with_one_id_and_one_sender_is_the_same() -> None:
    assert same_mail(copy(), copy(120))
    assert not same_mail(copy(), copy(121))
    assert not same_mail(copy(), copy(from_="other@client.example"))
    assert not same_mail(copy(), copy(message_id="<2@client.example>"))
    assert same_mail(copy(), row(-120))
    assert not same_mail(copy(), row(-121))
    assert not same_mail(copy(), row(from_address="other@client.example"))


def test_a_sender_that_is_not_an_smtp_address_agrees_with_any() -> None:
    assert same_mail(copy(from_=LEGACY), copy())
    assert same_mail(copy(from_=LEGACY), row())
    assert same_mail(copy(), row(from_address=LEGACY))
    assert same_mail(copy(from_=None), copy())


def test_a_removed_row_is_the_same_mail_whoever_the_sender() -> None:
    assert same_mail(copy(), row(match_status=MatchStatus.REMOVED, from_address=""))
    assert same_mail(copy(), row(match_status=MatchStatus.REMOVED, from_address="other@client.example"))
    assert not same_mail(copy(), row(121, match_status=MatchStatus.REMOVED, from_address=""))


def test_without_a_message_id_only_the_key_says_it() -> None:
    mail = copy(message_id=None, subject="A")
    assert same_mail(mail, copy(message_id=None, subject="A"))
    assert not same_mail(mail, copy(message_id=None, subject="B"))
    assert same_mail(mail, row(internet_message_id=None, key=message_key(mail)))
    assert not same_mail(mail, row(internet_message_id=None))


def test_a_message_id_that_may_have_been_cut_is_not_compared_with_what_is_stored() -> None:
    """Mass mailers number their mails at the end of a long id."""
    long = "x" * 255
    assert not same_mail(copy(message_id=long + "1"), row(internet_message_id=long))
    assert not same_mail(copy(message_id=long + "1"), copy(message_id=long + "2"))
    assert find_stored([copy(message_id=long + "1")], StoredIndex([row(internet_message_id=long)])) is None


# --- groups


def groups_of(*copies: Header) -> list[set[str]]:
    return [{each.id for each in group} for group in group_copies(copies)]


def test_copies_of_one_mail_are_one_group_and_other_mails_are_not() -> None:
    one, other, third = copy(), copy(message_id="<2@client.example>"), copy(2, mailbox="a0M000000000002AAA")
    assert groups_of(one, other, third) == [{one.id, third.id}, {other.id}]


def test_a_program_that_uses_one_message_id_again_and_again_sends_many_mails() -> None:
    """Closeness is not handed on: the third is two hundred seconds from the first."""
    mails = [copy(seconds) for seconds in (0, 100, 200, 300)]
    assert groups_of(*mails) == [{mails[0].id, mails[1].id}, {mails[2].id, mails[3].id}]


def test_a_copy_without_a_sender_does_not_join_two_senders_mails() -> None:
    ada, bob, nobody = copy(0, from_="ada@x.example"), copy(60, from_="bob@x.example"), copy(50, from_=LEGACY)
    assert groups_of(ada, bob, nobody) == [{ada.id}, {bob.id, nobody.id}]


def test_copies_without_a_sender_that_are_near_another_are_not_near_each_other() -> None:
    early, mail, late = copy(0, from_=LEGACY), copy(100), copy(190, from_=LEGACY)
    assert groups_of(early, mail, late) == [{early.id, mail.id}, {late.id}]


def test_copies_without_a_sender_are_one_mail_when_there_is_no_other() -> None:
    one, other, late = copy(0, from_=LEGACY), copy(60, from_=None), copy(190, from_=LEGACY)
    assert groups_of(one, other, late) == [{one.id, other.id}, {late.id}]


COPIES = st.lists(
    st.builds(
        copy,
        st.integers(0, 400),
        from_=st.sampled_from(["ada@x.example", "bob@x.example", LEGACY, None]),
        message_id=st.sampled_from(["<1@x>", "<2@x>", None]),
        subject=st.sampled_from(["A", "B"]),
        mailbox=st.sampled_from(["a0M000000000001AAA", "a0M000000000002AAA"]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=200)
@given(COPIES, st.randoms(use_true_random=False))
def test_groups_never_join_two_mails_and_do_not_depend_on_order(copies: list[Header], order: Any) -> None:
    groups = group_copies(copies)
    assert sorted(each.id for group in groups for each in group) == sorted(each.id for each in copies)
    for group in groups:
        assert len({message_id(each) for each in group}) == 1
        assert len({sender_of(each) for each in group} & {"ada@x.example", "bob@x.example"}) <= 1
        times = [sent_time(each) for each in group]
        assert max(times) - min(times) <= timedelta(minutes=2)
        assert all(same_mail(one, other) for one in group for other in group)
    grouped = {each.id: index for index, group in enumerate(groups) for each in group}
    for one in copies:
        for other in copies:
            if message_key(one) == message_key(other):
                assert grouped[one.id] == grouped[other.id]
    shuffled = copies[:]
    order.shuffle(shuffled)
    again = group_copies(shuffled)
    assert {frozenset(each.id for each in group) for group in again} == {
        frozenset(each.id for each in group) for group in groups
    }
    assert {group_key(group) for group in again} == {group_key(group) for group in groups}
    assert sorted(map(str, again)) == sorted(map(str, groups))


def test_the_key_of_a_group_is_that_of_the_copy_with_a_sender_that_was_sent_first() -> None:
    legacy, early, late = copy(-30, from_=LEGACY), copy(), copy(1)
    for copies in ([legacy, early, late], [late, early, legacy]):
        assert group_key(copies) == message_key(early)


# --- stored mail


def test_a_row_with_the_key_is_the_mail() -> None:
    mail = copy()
    email = row(key=message_key(mail))
    assert find_stored([mail], StoredIndex([row(), email])) is email


def test_a_row_with_the_message_id_lends_its_key() -> None:
    email = row(1, key="f" * 32)
    [mail] = identify([copy(), copy(2, mailbox="a0M000000000002AAA")], StoredIndex([email]))
    assert (mail.key, mail.stored, len(mail.copies)) == ("f" * 32, email, 2)


def test_a_mail_that_is_not_stored_has_a_key_of_its_own() -> None:
    [mail] = identify([copy()], StoredIndex([row(500), row(from_address="other@client.example")]))
    assert (mail.key, mail.stored) == (message_key(mail.copies[0]), None)


def test_of_several_rows_the_same_sender_comes_first_then_the_nearest() -> None:
    nameless, far, near = row(0, from_address=LEGACY), row(100), row(10)
    index = StoredIndex([nameless, far, near])
    assert find_stored([copy()], index) is near
    assert find_stored([copy()], StoredIndex([nameless, far])) is far
    assert find_stored([copy()], StoredIndex([nameless])) is nameless


def test_a_copy_without_a_sender_does_not_carry_the_others_to_another_senders_mail() -> None:
    theirs = row(from_address="other@client.example")
    assert find_stored([copy(from_=LEGACY)], StoredIndex([theirs])) is theirs
    assert find_stored([copy(), copy(from_=LEGACY)], StoredIndex([theirs])) is None


def test_message_ids_that_differ_in_case_only_are_two() -> None:
    assert find_stored([copy(message_id="<ABC@x>")], StoredIndex([row(internet_message_id="abc@x")])) is None


def test_groups_that_find_one_row_are_one_mail() -> None:
    email = row(100)
    mails = identify([copy(0), copy(190)], StoredIndex([email]))
    assert [len(mail.copies) for mail in mails] == [2]


def test_nothing_finds_nothing() -> None:
    assert find_stored([], StoredIndex([row()])) is None
    assert identify([], StoredIndex([])) == []


def test_an_index_takes_what_the_run_has_written() -> None:
    index = StoredIndex([])
    mail = copy()
    email = row(key=message_key(mail))
    index.add(email)
    index.add(row(key=message_key(mail)))
    assert find_stored([mail], index) is email
    assert index.with_key(email.key) is email


@settings(deadline=None)
@given(COPIES, st.randoms(use_true_random=False))
def test_once_stored_every_copy_finds_its_mail_again(copies: list[Header], order: Any) -> None:
    """What a run stored is found by the next, copy by copy in any order, and nothing is stored twice."""
    mails = identify(copies, StoredIndex([]))
    assert len({mail.key for mail in mails}) == len(mails)
    index = StoredIndex(map(as_stored, mails))
    order.shuffle(copies)
    for each in copies:
        [again] = identify([each], index)
        assert again.stored
    assert {mail.key for mail in identify(copies, index)} <= {mail.key for mail in mails}


# --- merge


def party(address: str, role: Role = Role.TO, name: str = "") -> Party:
    return Party(address=normalise(address), name=name, role=role)


def test_what_one_copy_does_not_show_comes_from_the_other() -> None:
    recipients = (party("a@x.example"),)
    senders = (party("a@x.example"), party("b@x.example", Role.BCC))
    expected = (party("a@x.example"), party("b@x.example", Role.BCC))
    assert merge_parties(recipients, senders) == merge_parties(senders, recipients) == expected


def test_the_first_role_wins_and_a_name_is_kept() -> None:
    one = (party("a@x.example", Role.CC, "Ada"),)
    other = (party("a@x.example", Role.TO),)
    assert merge_parties(one, other) == (party("a@x.example", Role.TO, "Ada"),)
    assert merge_parties() == ()


@settings(deadline=None)
@given(
    st.lists(
        st.lists(
            st.builds(
                party, st.sampled_from(["a@x", "b@x", "c@x"]), st.sampled_from(Role), st.sampled_from(["", "N", "M"])
            ),
            max_size=4,
        ),
        max_size=4,
    ),
    st.randoms(use_true_random=False),
)
def test_merging_is_a_union_in_any_order(copies: list[list[Party]], order: Any) -> None:
    merged = merge_parties(*copies)
    everyone: list[NormalAddress] = [each.address for parties in copies for each in parties]
    assert sorted(each.address for each in merged) == sorted(set(everyone))
    assert [each.role for each in merged] == sorted((each.role for each in merged), key=list(Role).index)
    order.shuffle(copies)
    assert merge_parties(*copies) == merged
