"""Rows that are copies of one mail become one: what is merged, and what must not be."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.deciding.doubles import Double, doubles
from connector.core.deciding.identity import StoredIndex, identify
from connector.core.writing.merging import merge
from connector.core.writing.rematch import FiledMail, parties_of
from connector.model.mail import Direction, Role
from connector.model.org import Org
from connector.model.records import (
    MailTask,
    MatchStatus,
    Merge,
    StoredEmail,
    StoredFile,
    StoredParticipant,
    StoredTask,
)
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import NOW, as_stored, at, stored
from tests.unit.core.test_copies import ANN, BOB, BOXES, LEGACY, copy

ORG = Org(id=RecordId("00D000000000001EAA"))
OLDER, YOUNGER = RecordId("a0E000000000001AAA"), RecordId("a0E000000000002AAA")
ADA, BEA = RecordId("003000000000001AAA"), RecordId("003000000000002AAA")
ACCOUNT = RecordId("001000000000001AAA")


def row(id_: str = "1", seconds: float = 0, mailbox: str = ANN, **fields: Any) -> StoredEmail:
    """The row of a mail that one connector stored."""
    seen = copy(seconds, mailbox, **{name: value for name, value in fields.items() if name in ("from_", "to", "cc")})
    subject, preview = fields.get("subject", "Proposal"), fields.get("preview", "Dear client")
    [mail] = identify([replace(seen, subject=subject)], StoredIndex([], BOXES))
    email = as_stored(mail, id=RecordId(f"a0E{id_:>012}AAA"))
    return replace(email, fields={**email.fields, "Preview__c": preview}, **fields.get("also", {}))


# --- what is a double


@pytest.mark.parametrize(
    "fields",
    [
        {"from_": f"{LEGACY}ann"},
        {"seconds": 1},
        {"subject": "[EXTERNAL] Proposal"},
        {"to": f"{LEGACY}adviser"},
        {"seconds": 90},
    ],
)
def test_copies_that_two_connectors_stored_are_merged_into_the_one_made_first(fields: dict[str, Any]) -> None:
    one, other = row("1"), row("2", mailbox=BOB, **fields)
    expected = [Double(older=one, younger=other)]
    assert doubles([one, other], BOXES) == doubles([other, one], BOXES) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"from_": "other@client.example"},
        {"to": "other@firm.example"},
        {"seconds": 121},
        {"subject": "Proposal 2"},
        {"subject": "Something else"},
        {"seconds": 20, "preview": "Dear other client"},
        {"seconds": 20, "mailbox": ANN},
        {"also": {"match_status": MatchStatus.REMOVED}},
        {"also": {"is_deleted": True}},
        {"also": {"internet_message_id": "other@bulk.example"}},
        {"also": {"internet_message_id": None}},
    ],
)
def test_what_may_be_another_mail_is_not_merged(fields: dict[str, Any]) -> None:
    one, other = row("1"), row("2", **{"mailbox": BOB, **fields})
    assert doubles([one, other], BOXES) == []


def test_the_third_is_merged_into_the_first_too() -> None:
    rows = [row(str(number), mailbox=box, from_=f"{LEGACY}{number}") for number, box in enumerate((ANN, BOB, "x"))]
    assert doubles(rows, BOXES) == [Double(older=rows[0], younger=other) for other in rows[1:]]


# --- what is done


def filed(email: StoredEmail, **fields: Any) -> FiledMail:
    return FiledMail(
        stored=email,
        parties=parties_of((NormalAddress(each.address), "Ada", Role.TO) for each in email.participants),
        **{
            "subject": "Proposal",
            "preview": "Dear client",
            "direction": Direction.INBOUND,
            "received_at": at(5),
            "created_at": NOW,
            "created_by": email.owner,
            **fields,
        },
    )


def person(key: str, address: str, contact: RecordId | None = None, account: RecordId | None = None) -> Any:
    return StoredParticipant(id=RecordId(f"p-{key}"), key=key, address=address, contact=contact, account=account)


def pair(**younger: Any) -> tuple[FiledMail, FiledMail]:
    older = stored(
        id=OLDER,
        key="o" * 32,
        fields={"Bcc__c": None, "To__c": "x"},
        match_status=MatchStatus.UNMATCHED,
        participants=(),
    )
    other = stored(id=YOUNGER, key="y" * 32, **younger)
    return filed(older), filed(other)


def merged(older: FiledMail, younger: FiledMail, **below: Any) -> Merge:
    return merge(older, younger, **{"tasks": (), "files": ((), ()), "org": ORG, **below})


def test_the_one_that_stays_gets_fields_participants_and_status() -> None:
    people = (person("y:1", "ada@x.example", ADA, ACCOUNT), person("y:2", "who@x.example"))
    older, younger = pair(fields={"Bcc__c": "secret@x.example", "To__c": "y"}, participants=people)
    mail, *others = reversed(merged(older, younger).rows)
    assert (mail.id, mail.fields) == (
        OLDER,
        {"Bcc__c": "secret@x.example", "Match_Status__c": MatchStatus.MATCHED, "Expires_On__c": None},
    )
    rows = {each.fields["Address__c"]: each.fields for each in others}
    assert rows["ada@x.example"]["Contact__c"] == ADA
    assert rows["ada@x.example"]["Account__c"] == ACCOUNT
    assert rows["ada@x.example"]["Participant_Key__c"] == f"{'o' * 32}:{ADA}"
    assert rows["who@x.example"]["Email__r"] == {"Message_Key__c": "o" * 32}


def test_who_takes_part_already_is_not_listed_twice() -> None:
    people = (person("x", "ada@x.example", ADA), person("z", "who@x.example"))
    older, younger = pair(participants=people)
    older = replace(older, stored=replace(older.stored, participants=people, match_status=MatchStatus.MATCHED))
    assert merged(older, younger).rows == ()


def task(key: str, email: RecordId, who: RecordId | None = None, what: RecordId | None = None) -> MailTask:
    return MailTask(id=RecordId(f"t-{key or email}"), email=email, key=key, who=who, what=what)


def test_tasks_go_over_or_go_where_there_is_one_for_the_same_record() -> None:
    older, younger = pair()
    own, same = task(f"{'o' * 32}:{ADA}", OLDER, ADA), task(f"{'y' * 32}:{ADA}", YOUNGER, ADA)
    new, hand = task(f"{'y' * 32}:{BEA}", YOUNGER, BEA), task("", YOUNGER, ADA)
    found = merged(older, younger, tasks=[own, same, new, hand])
    assert found.tasks == (same.id,)
    assert [(each.id, dict(each.fields)) for each in found.rows] == [
        (new.id, {"Email__c": OLDER, "Task_Key__c": f"{'o' * 32}:{BEA}"}),
        (hand.id, {"Email__c": OLDER}),
    ]


def test_a_task_of_a_contact_that_was_merged_since_is_the_same() -> None:
    older, younger = pair()
    own, same = task(f"{'o' * 32}:{ADA}", OLDER, BEA), task(f"{'y' * 32}:{BEA}", YOUNGER, BEA)
    assert merged(older, younger, tasks=[own, same]).tasks == (same.id,)


def test_a_task_that_contacts_share_names_those_of_both() -> None:
    older, younger = pair(shared_tasks={f"{'y' * 32}:{ACCOUNT}": StoredTask(id=RecordId("2"), contacts=(ADA, BEA))})
    shared = {f"{'o' * 32}:{ACCOUNT}": StoredTask(id=RecordId("1"), contacts=(ADA,))}
    keys = frozenset(shared)
    older = replace(older, stored=replace(older.stored, shared_tasks=shared, task_keys=keys))
    [update] = merged(older, younger).rows
    assert (update.id, update.fields) == ("1", {"TaskWhoIds": [ADA, BEA]})


def test_files_go_over_or_go_where_the_same_is_there() -> None:
    older, younger = pair()
    same, new = (StoredFile(key=f"{'y' * 32}:{name}", document=RecordId(name)) for name in ("a", "b"))
    hand = StoredFile(key="", document=RecordId("hand"))
    own = StoredFile(key=f"{'o' * 32}:a", document=RecordId("own"))
    found = merged(older, younger, files=([own], [same, new, hand]))
    assert found.documents == ("a",)
    assert found.files == (StoredFile(key=f"{'o' * 32}:b", document=RecordId("b")), hand)


@given(st.integers(0, 2))
def test_what_was_done_in_part_is_not_done_again_nor_undone(step: int) -> None:
    """A file that has its new key, is linked to both, or to the older only."""
    older, younger = pair()
    after = StoredFile(key=f"{'o' * 32}:b", document=RecordId("b"))
    states = [([], [after]), ([after], [after]), ([after], [])]
    found = merged(older, younger, files=states[step])
    assert found.documents == ()
    assert found.files == ((after,) if step == 0 else ())
