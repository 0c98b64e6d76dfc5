"""The rule of copies from both sides: copies of one mail become one in every order, different mails never do."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from types import CodeType, FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.deciding.copies import Appearance, agree, comparable, tagged_alike
from connector.core.deciding.identity import StoredIndex, appearance, identify
from connector.model.mail import Header
from connector.model.records import MatchStatus, StoredEmail
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import NOW, as_stored, at, header
from tests.support.copies import same_mail

MID = "<batch@bulk.example>"
LEGACY = "/O=EXCHANGELABS/OU=EXCHANGE ADMINISTRATIVE GROUP/CN=RECIPIENTS/CN="
ANN, BOB, CY = (RecordId(f"a0M{number:012d}AAA") for number in (1, 2, 3))
BOXES = {
    NormalAddress(f"{name}{alias}@firm.example"): box
    for name, box in (("ann", ANN), ("bob", BOB), ("cy", CY))
    for alias in ("", ".alias")
}


def copy(seconds: float = 0, mailbox: str = ANN, **fields: Any) -> Header:
    return header(
        mailbox=mailbox,
        **{"message_id": MID, "sent_at": at(seconds), "received_at": at(seconds + 5), "subject": "Proposal", **fields},
    )


def stored_one_by_one(copies: Sequence[Header]) -> dict[str, StoredEmail]:
    """The rows after a run for each copy, and by which of them each copy is held."""
    rows: list[StoredEmail] = []
    held: dict[str, StoredEmail] = {}
    for each in copies:
        [mail] = identify([each], StoredIndex(rows, BOXES))
        if mail.stored is None:
            rows.append(as_stored(mail))
        held[each.id] = mail.stored or rows[-1]
    return held


def together(copies: Sequence[Header]) -> list[set[str]]:
    return [{each.id for each in mail.copies} for mail in identify(copies, StoredIndex([], BOXES))]


# --- copies of one mail


@st.composite
def copies_of_one_mail(draw: st.DrawFn, *, mail: int = 0, subject: str = "Proposal", same_box: bool = True) -> Any:
    """Up to six items of one mail, in up to four mailboxes, as gateways, Exchange and mail programs show them.

    All name its client; what else they leave out of To and Cc is nested, since one set has to contain the other.
    """
    client = f"client{mail}@client.example"
    outbound = draw(st.booleans())
    sender = "ann" if outbound else client
    others = draw(st.permutations(["bob", "cy", *(() if outbound else ("ann",))]))
    found = []
    for number in range(draw(st.integers(1, 6 if same_box else 4))):
        box = RecordId(f"a0M{number % 4 + 1:012d}AAA")
        left_out = draw(st.integers(0, len(others)))
        people = [
            f"{LEGACY}{name}" if place < left_out else f"{name}{draw(st.sampled_from(['', '.ALIAS']))}@firm.example"
            for place, name in enumerate(others)
        ]
        to, cc = [f"Client <{client}>"], people
        if draw(st.booleans()):
            to, cc = people, to
        alias = draw(st.sampled_from(["", ".alias"]))
        shown = draw(st.sampled_from([f"{sender}{alias}@firm.example" if outbound else sender, f"{LEGACY}x", None]))
        # of two items in one mailbox both have a Date, else it may be that they are taken for two mails
        dated = number % 4 < 2 or draw(st.booleans())
        found.append(
            copy(
                draw(st.integers(0, 2)),
                box,
                from_=shown,
                to=to,
                cc=cc,
                bcc=draw(st.sampled_from([(), ("hidden@client.example",)])),
                # a gateway tags all that it brings to one mailbox
                subject=f"{'[EXTERNAL] ' if box == BOB else 'EXT: ' if box == CY else ''}{subject}",
                **({} if dated else {"sent_at": None, "received_at": at(draw(st.integers(0, 118)))}),
            )
        )
    return found


@settings(deadline=None, max_examples=300)
@given(copies_of_one_mail(), st.randoms(use_true_random=False))
def test_copies_of_one_mail_are_one_in_every_order(copies: list[Header], order: Any) -> None:
    assert len(together(copies)) == 1
    order.shuffle(copies)
    [mail] = identify(copies, StoredIndex([], BOXES))
    for each in copies:
        [again] = identify([each], StoredIndex([as_stored(mail)], BOXES))
        assert again.stored is not None
    held = stored_one_by_one(copies)
    assert len({row.key for row in held.values()}) == 1


# --- different mails


@settings(deadline=None, max_examples=200)
@given(st.data(), st.integers(2, 4), st.randoms(use_true_random=False))
def test_mails_of_one_id_to_different_clients_are_never_one_nor_doubled(data: Any, many: int, order: Any) -> None:
    """As SendGrid and Mailgun send them, all within the same seconds."""
    mails = [data.draw(copies_of_one_mail(mail=number)) for number in range(many)]
    copies = [each for mail in mails for each in mail]
    truth = {frozenset(each.id for each in mail) for mail in mails}
    order.shuffle(copies)
    assert set(map(frozenset, together(copies))) == truth
    held = stored_one_by_one(copies)
    assert {frozenset(id_ for id_ in held if held[id_].key == key) for key in {row.key for row in held.values()}} == (
        truth
    )


@settings(deadline=None, max_examples=200)
@given(st.data(), st.integers(2, 4), st.randoms(use_true_random=False))
def test_mails_of_one_id_with_different_subjects_are_never_one_though_all_get_them(
    data: Any, many: int, order: Any
) -> None:
    """Mailbox by mailbox, as they are read, or all in one chunk: a copy goes to the mail that it is most like."""
    subjects = [f"New document for {name}" for name in ("Cara", "Dan", "Eve", "Finn")[:many]]
    seconds = [data.draw(st.integers(0, 40)) for _ in subjects]
    boxes = [ANN, BOB, CY][: data.draw(st.integers(1, 3))]
    copies = [
        copy(second, box, to="team@firm.example", subject=f"{'[EXTERNAL] ' if box == BOB else ''}{subject}")
        for box in boxes
        for subject, second in zip(subjects, seconds, strict=True)
    ]
    truth = {frozenset(each.id for each in copies if each.subject.endswith(subject)) for subject in subjects}
    one_by_one = [*copies]
    order.shuffle(copies)
    assert set(map(frozenset, together(copies))) == truth
    held = stored_one_by_one(one_by_one)
    assert len({row.key for row in held.values()}) == many
    assert all(held[each.id].subject.endswith(each.subject.removeprefix("[EXTERNAL] ")) for each in copies)


@pytest.mark.parametrize("seconds", [20, 30, 100])
@pytest.mark.parametrize("box", [ANN, BOB])
def test_statements_to_the_same_client_are_each_stored_though_they_look_alike(seconds: float, box: RecordId) -> None:
    """A program that uses one id for all its mails, and one subject."""
    first, second = (copy(at_, from_="ann@firm.example", to="client@client.example") for at_ in (0, seconds))
    theirs = [replace(each, mailbox=box, id=f"{each.id}-2") for each in (first, second)]
    for copies in ([first, second], [second, first], [first, *theirs, second]):
        assert len(together(copies)) == 2
    held = stored_one_by_one([first, second])
    assert held[first.id].key != held[second.id].key


@pytest.mark.parametrize(
    "fields",
    [
        {"from_": "other@client.example"},
        {"to": "other@firm.example"},
        {"to": ("adviser@firm.example", "x@firm.example"), "cc": ("y@firm.example",), "received_at": at(5)},
        {"subject": "Proposal 2", "mailbox": ANN},
        {"seconds": 121},
        {"seconds": 6, "mailbox": ANN},
        {"message_id": "<other@bulk.example>"},
    ],
)
def test_one_difference_is_enough(fields: dict[str, Any]) -> None:
    one, other = copy(to=("adviser@firm.example", "z@firm.example")), copy(**{"mailbox": BOB, **fields})
    if "to" not in fields:
        other = replace(other, to=one.to)
    assert not same_mail(one, other, BOXES)
    assert not same_mail(other, one, BOXES)
    assert len(together([one, other])) == 2


def test_who_has_one_name_only_may_be_anybody_but_not_two_people() -> None:
    """A row that shows no sender agrees with many; it is the mail of one of them."""
    row = as_stored(identify([copy(from_=f"{LEGACY}x", mailbox=CY)], StoredIndex([], BOXES))[0])
    ada, bea = copy(1, from_="ada@x.example"), copy(2, from_="bea@x.example", mailbox=BOB)
    mails = identify([ada, bea], StoredIndex([row], BOXES))
    assert [mail.stored is row for mail in mails] == [True, False]
    assert len({mail.key for mail in mails}) == 2


# --- what is odd


def test_a_message_whose_subject_a_person_edited_is_the_mail_it_was() -> None:
    one = copy()
    row = as_stored(identify([one], StoredIndex([], BOXES))[0])
    edited = replace(one, subject="Miller: what she wants")
    [mail] = identify([edited], StoredIndex([row], BOXES))
    assert mail.stored is row


def test_a_row_that_was_removed_is_the_mail_whoever_sent_it_but_a_row_that_is_there_comes_first() -> None:
    mine = as_stored(identify([copy(50, to="x@firm.example")], StoredIndex([])).pop(), subject="", fields={})
    removed = replace(mine, match_status=MatchStatus.REMOVED, mailbox=None, graph_message_id=None, from_address="")
    [mail] = identify([copy(from_="other@client.example")], StoredIndex([removed], BOXES))
    assert mail.stored is removed
    there = as_stored(identify([copy(1, mailbox=BOB)], StoredIndex([])).pop())
    [mail] = identify([copy()], StoredIndex([removed, there], BOXES))
    assert mail.stored is there
    [mail] = identify([copy(200)], StoredIndex([removed], BOXES))
    assert mail.stored is None


def test_a_row_in_the_recycle_bin_comes_last() -> None:
    one = copy()
    binned = as_stored(identify([one], StoredIndex([])).pop(), is_deleted=True)
    [mail] = identify([one], StoredIndex([binned], BOXES))
    assert mail.stored is binned
    there = as_stored(identify([copy(1, mailbox=BOB)], StoredIndex([])).pop())
    [mail] = identify([one], StoredIndex([binned, there], BOXES))
    assert mail.stored is there


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Proposal", "[EXTERNAL] Proposal", True),
        ("Proposal", "EXTERNAL: proposal", True),
        ("Proposal", "*** SPAM *** Proposal", True),
        ("Proposal", "Proposal [encrypted]", True),
        ("Proposal", "Proposal - secure", True),
        ("Proposal", "Proposal 2", False),
        ("Statement", "Statement February", False),
        ("posal", "Proposal", False),
        ("[1] Proposal", "[2] Proposal", False),
        ("", "Proposal", False),
        ("", "", True),
    ],
)
def test_a_tag_is_what_a_gateway_adds(one: str, other: str, alike: bool) -> None:
    looks = [Appearance(message_id="m", sent_at=NOW, subject=subject) for subject in (one, other)]
    assert tagged_alike(*looks) is tagged_alike(*reversed(looks)) is alike
    # no copy says to whom it was sent: then its subject has to
    assert agree(*looks) is alike


def test_subjects_are_compared_as_a_row_holds_them() -> None:
    assert comparable("a" * 300) == "a" * 255
    assert comparable("\N{SMILING FACE WITH HORNS}" * 300) == "\N{SMILING FACE WITH HORNS}" * 127
    assert comparable(" x\n\ty\x00 ") == "x y"
    assert comparable("(no subject)") == comparable(" ") == ""
    assert comparable("\ud83d" * 300) == ""


# --- growth


def comparisons(work: Any) -> int:
    """How often two messages are compared while this is done."""
    found = 0
    counted: set[CodeType] = {agree.__code__, Appearance.__eq__.__code__}

    def see(frame: FrameType, event: str, _: Any) -> None:
        nonlocal found
        found += event == "call" and frame.f_code in counted

    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def bulk(many: int, kind: str) -> list[Header]:
    """Many messages with one Message-ID, sent in one second, as a hostile or a careless program may send them."""
    numbers = count()
    more = {
        "senders": lambda n: {"from_": f"x{n}@c.example"},
        "nameless": lambda n: {"from_": f"x{n}@c.example" if n % 2 else f"cn{n}"},
        "subjects": lambda n: {"subject": f"Document {n}"},
        "recipients": lambda n: {"to": f"c{n}@client.example"},
        "boxes": lambda n: {"mailbox": f"a0M{n:012d}AAA", "subject": f"[{n}] Proposal"},
        "copies": lambda n: {"mailbox": f"a0M{n:012d}AAA"},
        "seconds": lambda n: {"sent_at": at(n / 100), "received_at": at(n / 100), "subject": f"{n}"},
        "nested": lambda n: {"to": [f"c{m}@client.example" for m in range(n % 50)]},
    }[kind]
    return [copy(**more(next(numbers))) for _ in range(many)]


@pytest.mark.parametrize(
    "kind", ["senders", "nameless", "subjects", "recipients", "boxes", "copies", "seconds", "nested"]
)
def test_the_work_grows_with_the_number_of_messages_of_one_id(kind: str) -> None:
    # more than are compared, whatever they are grouped to
    least = 400 if kind == "boxes" else 100
    few, many = (bulk(number, kind) for number in (least, 3 * least))
    grouping = [comparisons(lambda: identify(items, StoredIndex([], BOXES))) for items in (few, many)]  # noqa: B023
    assert grouping[1] <= 4 * grouping[0]
    rows = [[as_stored(mail) for mail in identify(items, StoredIndex([], BOXES))] for items in (few, many)]
    others = [[replace(each, sent_at=each.received_at, id=f"{each.id}b") for each in items] for items in (few, many)]
    finding = [
        comparisons(lambda: identify(items, StoredIndex(known, BOXES)))  # noqa: B023
        for items, known in zip(others, rows, strict=True)
    ]
    assert finding[1] <= 4 * finding[0]


def test_a_mail_to_very_many_mailboxes_is_one() -> None:
    copies = bulk(500, "copies")
    assert len(together(copies)) == 1
    row = as_stored(identify(copies[:1], StoredIndex([])).pop())
    [mail] = identify(copies, StoredIndex([row], BOXES))
    assert mail.stored is row
    assert appearance(copies[0], BOXES).recipients == {"adviser@firm.example"}
