from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.deciding.match import resolve
from connector.core.writing.body import Body
from connector.core.writing.plan import FILLABLE, plan
from connector.core.writing.records import build
from connector.model.mail import Direction, Party, Role
from connector.model.org import Hit, MatchTies, Org
from connector.model.records import DesiredEmail, MatchStatus, Plan, StoredEmail, StoredParticipant
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import NOW, header, settings, stored
from tests.unit.core.recording import account, account_id, contact

KEY = "0123456789abcdef0123456789abcdef"
AUDIT = {"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"}
FIRST_WRITE = {"OwnerId", "Mailbox__c", "Sync_Event__r", "Graph_Message_Id__c", "Message_Key__c", *AUDIT}
ANN, BOB, CY, TRUST = (NormalAddress(f"{name}@client.example") for name in ("ann", "bob", "cy", "trust"))


def desired(hits: dict[NormalAddress, tuple[Hit, ...]], *, shared: bool = False, **fields: Any) -> DesiredEmail:
    """The mail to the addresses of `hits`, as a copy shows it that knows these addresses."""
    copy = header(**{"to": tuple(hits), "subject": "Your portfolio", **fields})
    parties = [Party(address=address, name="", role=Role.TO) for address in hits]
    return build(
        copies=[copy],
        key=KEY,
        chosen=copy,
        body=Body("<p>Hello</p>", truncated=True),
        matches=resolve(parties, hits, MatchTies.ALL),
        settings=settings(),
        org=Org(id="00D000000000001EAA", shared_activities=shared),
        owner=RecordId("005000000000001AAA"),
        event_key="run-1",
        sent_at=NOW,
        created_at=NOW,
        direction=Direction.INBOUND,
    )


def applied(planned: Plan, before: StoredEmail | None) -> StoredEmail:
    """What is stored once `planned` has been written, to an org that refuses what the real one refuses."""
    email = before
    for row in planned.inserts:
        if row.object == "Email__c":
            assert email is None
            email = stored(
                key=row.key,
                match_status=row.fields["Match_Status__c"],
                fields={name: row.fields.get(name) for name in (*FILLABLE, "Expires_On__c")},
                participants=(),
            )
    assert email is not None
    people = {person.id: person for person in email.participants}
    keys = set(email.task_keys)
    for number, row in enumerate(planned.inserts):
        assert row.id is None
        assert row.fields.keys() >= AUDIT
        if row.object == "Email_Participant__c":
            record = RecordId(f"a0P{len(people):06d}{number:06d}AAA")
            people[record] = StoredParticipant(
                id=record,
                key=row.key,
                address=row.fields["Address__c"],
                contact=row.fields.get("Contact__c"),
                account=row.fields.get("Account__c"),
            )
        elif row.object == "Task":
            assert row.key not in keys
            keys.add(row.key)
    status, fields = email.match_status, dict(email.fields)
    for row in planned.updates:
        assert row.fields
        assert not row.fields.keys() & FIRST_WRITE
        if row.object == "Email__c":
            assert row.id == email.id
            status = row.fields.get("Match_Status__c", status)
            fields |= {name: value for name, value in row.fields.items() if name in fields}
        else:
            assert row.id is not None
            old = people[row.id]
            people[row.id] = replace(
                old,
                key=row.fields.get("Participant_Key__c", old.key),
                contact=row.fields.get("Contact__c", old.contact),
                account=row.fields.get("Account__c", old.account),
            )
    assert len({person.key for person in people.values()}) == len(people)
    return replace(
        email, match_status=status, fields=fields, participants=tuple(people.values()), task_keys=frozenset(keys)
    )


def synced(*copies: DesiredEmail) -> StoredEmail:
    email: StoredEmail | None = None
    for copy in copies:
        email = applied(plan(copy, email), email)
    assert email is not None
    return email


def people(email: StoredEmail) -> list[tuple[str, str | None, str | None]]:
    return sorted(((row.address, row.contact, row.account) for row in email.participants), key=str)


# -- the first write --------------------------------------------------------------------------------------------------


def test_a_new_mail_is_inserted_whole_parents_first() -> None:
    mail = desired({ANN: (contact(1),), BOB: ()})
    planned = plan(mail, None)
    assert planned.inserts == (mail.email, *mail.participants, *mail.tasks)
    assert [row.object for row in planned.inserts] == [
        "Email__c",
        "Email_Participant__c",
        "Email_Participant__c",
        "Task",
    ]
    assert planned.updates == ()


def test_the_same_mail_again_is_nothing_to_do() -> None:
    mail = desired({ANN: (contact(1, account=7), contact(2, account=7)), TRUST: (account(8),), BOB: ()})
    assert not plan(mail, synced(mail))


def test_a_mail_that_was_removed_is_left_alone() -> None:
    mail = desired({ANN: (contact(1),)})
    assert not plan(mail, stored(key=KEY, match_status=MatchStatus.REMOVED))
    assert not plan(mail, stored(key=KEY, is_deleted=True))


def test_a_mail_built_with_another_key_is_refused() -> None:
    with pytest.raises(ValueError, match="another key"):
        plan(desired({ANN: ()}), stored())


# -- what a later copy adds -------------------------------------------------------------------------------------------


def test_a_later_copy_adds_who_is_missing() -> None:
    before = synced(desired({ANN: (contact(1),)}))
    planned = plan(desired({ANN: (contact(1),), BOB: (contact(2),)}), before)
    assert [(row.object, row.key) for row in planned.inserts] == [
        ("Email_Participant__c", f"{KEY}:{contact(2).id}"),
        ("Task", f"{KEY}:{contact(2).id}"),
    ]
    assert planned.updates == ()


def test_empty_fields_are_filled_and_others_are_kept() -> None:
    before = synced(desired({ANN: (contact(1),)}))
    later = desired({ANN: (contact(1),)}, bcc=("bea@client.example",), subject="Other", to=("x@y.example",))
    (update,) = plan(later, before).updates
    assert (update.object, update.id, update.fields) == ("Email__c", before.id, {"Bcc__c": "bea@client.example"})


def test_a_body_that_is_missing_is_filled_with_what_is_true_of_it() -> None:
    before = stored(key=KEY, fields={"Body__c": None})
    (update,) = plan(desired({ANN: ()}), before).updates
    assert update.fields == {"Body__c": "<p>Hello</p>", "Body_Truncated__c": True}


def test_a_field_that_was_not_read_is_not_filled() -> None:
    assert plan(desired({ANN: ()}), stored(key=KEY, fields={"To__c": "x@y.example"})).updates == ()


# -- re-matching ------------------------------------------------------------------------------------------------------


def test_an_address_that_is_a_client_now_takes_its_row_over() -> None:
    before = synced(desired({ANN: ()}))
    assert before.match_status == MatchStatus.UNMATCHED
    planned = plan(desired({ANN: (contact(1, account=7), contact(2))}), before)
    email, person = planned.updates
    assert email.fields == {"Match_Status__c": "Matched", "Expires_On__c": None}
    assert (person.id, person.fields) == (
        before.participants[0].id,
        {
            "Participant_Key__c": f"{KEY}:{contact(1).id}",
            "Contact__c": contact(1).id,
            "Account__c": account_id(7),
        },
    )
    assert [row.object for row in planned.inserts] == ["Email_Participant__c", "Task", "Task"]
    after = applied(planned, before)
    assert people(after) == [(ANN, contact(1).id, account_id(7)), (ANN, contact(2).id, None)]


def test_what_was_related_stays_though_the_address_is_unknown_now() -> None:
    before = synced(desired({ANN: (contact(1),)}))
    assert not plan(desired({ANN: ()}), before)


def test_a_contact_that_has_its_account_since_lists_it() -> None:
    before = synced(desired({ANN: (contact(1),), BOB: (contact(2),)}))
    later = desired({ANN: (contact(1, account=7),), BOB: (contact(2, account=7),)})
    (update,) = plan(later, before).updates
    assert (update.id, update.fields) == (before.participants[0].id, {"Account__c": account_id(7)})


def by_hand(email: StoredEmail, **lookups: RecordId | None) -> StoredEmail:
    first, *others = email.participants
    return replace(email, participants=(replace(first, **lookups), *others))


def test_a_relation_set_by_hand_makes_a_mail_matched_and_is_kept() -> None:
    before = by_hand(synced(desired({ANN: ()})), contact=contact(5).id)
    (update,) = plan(desired({ANN: ()}), before).updates
    assert update.fields == {"Match_Status__c": "Matched", "Expires_On__c": None}
    after = synced_on(before, desired({ANN: (contact(1),)}))
    assert people(after) == [(ANN, contact(1).id, None), (ANN, contact(5).id, None)]
    assert people(synced_on(before, desired({ANN: (contact(5),)}))) == [(ANN, contact(5).id, None)]


def test_an_account_set_by_hand_is_not_set_twice() -> None:
    before = by_hand(synced(desired({TRUST: ()})), account=account_id(8))
    assert people(synced_on(before, desired({TRUST: (account(8),)}))) == [(TRUST, None, account_id(8))]


def test_a_contact_changed_or_taken_off_by_hand_stays_so() -> None:
    mail = desired({ANN: (contact(1, account=7),)})
    for other in (contact(9).id, None):
        assert not plan(mail, by_hand(synced(mail), contact=other, account=None))


def test_an_account_changed_by_hand_stays_so() -> None:
    mail = desired({ANN: (contact(1, account=7),)})
    assert not plan(mail, by_hand(synced(mail), account=account_id(9)))


def test_an_address_is_known_again_whatever_its_case() -> None:
    (person,) = synced(desired({ANN: ()})).participants
    before = replace(synced(desired({ANN: ()})), participants=(replace(person, address=ANN.upper()),))
    planned = plan(desired({ANN: (contact(1),)}), before)
    assert [row.id for row in planned.updates if row.object == "Email_Participant__c"] == [person.id]
    assert {row.object for row in planned.inserts} == {"Task"}


def synced_on(before: StoredEmail, mail: DesiredEmail) -> StoredEmail:
    return applied(plan(mail, before), before)


# -- properties -------------------------------------------------------------------------------------------------------

records = st.one_of(
    st.builds(contact, st.integers(1, 4), st.none() | st.integers(7, 9)), st.builds(account, st.integers(7, 9))
)


def consistent(pool: Sequence[Hit]) -> dict[RecordId, Hit]:
    """One truth about each record: a Contact has one Account at a time."""
    return {hit.id: hit for hit in pool}


worlds = st.lists(records, max_size=7).map(consistent)


@st.composite
def hits(draw: st.DrawFn) -> dict[NormalAddress, tuple[Hit, ...]]:
    """Who has which of the addresses."""
    pool = sorted(draw(worlds).values(), key=lambda hit: hit.id)
    found = st.lists(st.sampled_from(pool), unique=True, max_size=3) if pool else st.just([])
    return {address: tuple(draw(found)) for address in (ANN, BOB, CY, TRUST)}


some = st.lists(st.sampled_from([ANN, BOB, CY, TRUST]), unique=True, min_size=1)


def copy_of(
    known: dict[NormalAddress, tuple[Hit, ...]], addresses: Sequence[NormalAddress], shared: bool
) -> DesiredEmail:
    return desired({address: known[address] for address in addresses}, shared=shared)


@given(hits(), hits(), some, some, st.booleans())
def test_what_was_planned_is_all_there_is_to_do(
    before: dict[NormalAddress, tuple[Hit, ...]],
    now: dict[NormalAddress, tuple[Hit, ...]],
    first: Sequence[NormalAddress],
    second: Sequence[NormalAddress],
    shared: bool,
) -> None:
    mail = copy_of(now, second, shared)
    for start in (None, synced(copy_of(before, first, shared))):
        assert not plan(mail, applied(plan(mail, start), start))


@given(hits(), some, some, st.booleans())
def test_copies_in_either_order_give_the_same_rows(
    known: dict[NormalAddress, tuple[Hit, ...]],
    first: Sequence[NormalAddress],
    second: Sequence[NormalAddress],
    shared: bool,
) -> None:
    one, other = copy_of(known, first, shared), copy_of(known, second, shared)
    left, right = synced(one, other), synced(other, one)
    for rows in (left, right):
        listed = [row.account for row in rows.participants if row.account]
        assert len(listed) == len(set(listed))
    assert {row.key for row in left.participants} == {row.key for row in right.participants}
    assert {row.contact for row in left.participants} == {row.contact for row in right.participants}
    assert {row.account for row in left.participants} == {row.account for row in right.participants}
    assert left.task_keys == right.task_keys
    assert left.match_status == right.match_status


@given(hits(), some, st.randoms(use_true_random=False))
def test_re_matching_ends_where_a_sync_with_all_records_would(
    known: dict[NormalAddress, tuple[Hit, ...]], addresses: Sequence[NormalAddress], random: Any
) -> None:
    fewer = {address: tuple(hit for hit in found if random.random() < 0.5) for address, found in known.items()}
    late = synced(copy_of(fewer, addresses, False), copy_of(known, addresses, False))
    whole = synced(copy_of(known, addresses, False))
    for lookup in ("contact", "account"):
        related = [{getattr(row, lookup) for row in email.participants} - {None} for email in (whole, late)]
        assert related[0] == related[1]
    assert late.match_status == whole.match_status
    assert late.task_keys >= whole.task_keys
