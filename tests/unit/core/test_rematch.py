"""Stored mail and clients that come later: what is looked for, who may be related, and where it leads."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.deciding.exclude import compile_rules
from connector.core.deciding.match import resolve
from connector.core.writing import records
from connector.core.writing.plan import plan
from connector.core.writing.rematch import FiledMail, Watch, desired, external, parties_of, watch_for
from connector.model.mail import Direction, Party, Role
from connector.model.org import ClientObject, Hit, MatchTies, Org
from connector.model.records import Plan, StoredEmail, StoredParticipant
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import NOW, at, exclusion, header, internal, settings, stored

ORG = Org(id="00D000000000001AAA")
NEW_YORK = Org(id="00D000000000001AAA", time_zone="America/New_York")
USER = RecordId("005000000000001AAA")
ADDRESSES = tuple(NormalAddress(f"{name}@client.example") for name in ("one", "two", "three"))


# -- what is looked for ---------------------------------------------------------------------------


def test_the_first_run_of_all_looks_for_no_clients() -> None:
    assert watch_for(settings(), ORG, NOW) == Watch(since=None, today=date(2026, 3, 2))


def test_a_later_run_of_the_day_looks_from_the_last_on() -> None:
    assert watch_for(settings(matched_through=at(hours=-1)), ORG, NOW) == Watch(since=at(hours=-1))


def test_the_first_run_of_a_day_looks_a_day_further_back() -> None:
    found = watch_for(settings(matched_through=at(hours=-13)), ORG, NOW)
    assert found == Watch(since=at(hours=-37), today=date(2026, 3, 2))


def test_the_day_is_that_of_the_org() -> None:
    four = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    asked = settings(matched_through=four)
    assert watch_for(asked, NEW_YORK, four + timedelta(minutes=59)).today is None
    assert watch_for(asked, NEW_YORK, four + timedelta(minutes=60)).today == date(2026, 3, 2)


# -- who may be related ---------------------------------------------------------------------------


def test_each_address_is_a_party_once_in_the_order_of_roles() -> None:
    rows = [
        (ADDRESSES[0], "", Role.CC),
        (ADDRESSES[1], "Two", Role.FROM),
        (NormalAddress(""), "Nobody", Role.TO),
        (ADDRESSES[1], "Again", Role.TO),
    ]
    assert [(party.address, party.name) for party in parties_of(rows)] == [(ADDRESSES[1], "Two"), (ADDRESSES[0], "")]


def filed(email: StoredEmail, addresses: tuple[NormalAddress, ...] = ADDRESSES) -> FiledMail:
    return FiledMail(
        stored=email,
        parties=tuple(Party(address=address, name="", role=Role.TO) for address in addresses),
        subject="Hello",
        preview="",
        direction=Direction.INBOUND,
        received_at=NOW,
        created_at=NOW,
        created_by=USER,
    )


def test_colleagues_mailboxes_and_excluded_addresses_are_no_clients() -> None:
    names = ("boss@firm.example", "bob@outside.example", "global@x.example", "mine@y.example", "client@z.example")
    mail = filed(stored(), tuple(NormalAddress(name) for name in names))
    rules = compile_rules([internal(), exclusion("*@x.example"), exclusion("*@y.example", "Personal Address")])
    linked = {NormalAddress("bob@outside.example"): USER}
    assert [party.address for party in external(mail, rules, linked, USER)] == ["client@z.example"]
    assert {party.address for party in external(mail, rules, linked, None)} == {"client@z.example", "mine@y.example"}


def test_a_rule_that_was_removed_applies_to_mail_from_before() -> None:
    mail = filed(stored(), (NormalAddress("global@x.example"),))
    for removed, count in ((at(1), 0), (at(-1), 1)):
        rules = compile_rules([exclusion("*@x.example", removed_at=removed)])
        assert len(external(mail, rules, {}, None)) == count


# -- where it leads -------------------------------------------------------------------------------

Hits = Mapping[NormalAddress, tuple[Hit, ...]]


def hit(number: int) -> Hit:
    """Numbers 0 to 3 are Contacts, two of one Account and two of none or another; 4 and 5 are these Accounts."""
    made = at(days=-number)
    if number >= 4:
        return Hit(object=ClientObject.ACCOUNT, id=RecordId(f"001{number:012d}AAA"), created_at=made)
    account = RecordId(f"001{(4, 4, 5, 0)[number]:012d}AAA") if number < 3 else None
    return Hit(object=ClientObject.CONTACT, id=RecordId(f"003{number:012d}AAA"), account=account, created_at=made)


def fresh(addresses: tuple[NormalAddress, ...], hits: Hits, ties: MatchTies, org: Org) -> tuple[Plan, FiledMail]:
    """What a sync stores."""
    head = header(from_=addresses[0], to=addresses[1:] or "adviser@firm.example", message_id="<m@client.example>")
    parties = parties_of((address, "", Role.FROM if n == 0 else Role.TO) for n, address in enumerate(addresses))
    built = records.build(
        copies=[head],
        key="k" * 32,
        chosen=head,
        body=None,
        matches=resolve(parties, hits, ties),
        settings=settings(match_ties=ties, keep_unmatched=True),
        org=org,
        owner=USER,
        event_key="run",
        sent_at=NOW,
        created_at=NOW,
        direction=Direction.INBOUND,
    )
    status = built.email.fields["Match_Status__c"]
    empty = stored(key="k" * 32, match_status=status, owner=USER)
    return plan(built, None), replace(filed(empty), parties=parties)


def applied(mail: FiledMail, todo: Plan) -> FiledMail:
    """The mail after its rows were written. Raises where a key is written twice."""
    rows = {row.id: row for row in mail.stored.participants}
    tasks, status = set(mail.stored.task_keys), mail.stored.match_status
    for row in (*todo.inserts, *todo.updates):
        if row.object == "Task":
            assert row.key not in tasks
            tasks.add(row.key)
        elif row.object == "Email__c":
            status = row.fields.get("Match_Status__c", status)
        elif row.id is None:
            assert row.key not in {other.key for other in rows.values()}
            name = RecordId(f"a0P{len(rows):012d}AAA")
            fields = row.fields
            rows[name] = StoredParticipant(
                id=name,
                key=row.key,
                address=fields["Address__c"],
                contact=fields.get("Contact__c"),
                account=fields.get("Account__c"),
            )
        else:
            old = rows[row.id]
            rows[row.id] = replace(
                old,
                key=row.fields.get("Participant_Key__c", old.key),
                contact=row.fields.get("Contact__c", old.contact),
                account=row.fields.get("Account__c", old.account),
            )
    email = replace(mail.stored, participants=tuple(rows.values()), task_keys=frozenset(tasks), match_status=status)
    return replace(mail, stored=email)


@pytest.mark.parametrize(("create_tasks", "expected"), [(True, 1), (False, 0)])
def test_a_client_who_comes_later_gets_a_task_only_where_tasks_are_created(create_tasks: bool, expected: int) -> None:
    mail = filed(stored())
    wanted = desired(mail, mail.parties, {ADDRESSES[0]: (hit(0),)}, settings(create_tasks=create_tasks), ORG)
    assert wanted.matched
    assert len(wanted.tasks) == expected


def contacts(mail: FiledMail) -> list[RecordId]:
    return sorted(row.contact for row in mail.stored.participants if row.contact)


def accounts(mail: FiledMail) -> list[RecordId]:
    return sorted(row.account for row in mail.stored.participants if row.account)


@given(
    addresses=st.lists(st.sampled_from(ADDRESSES), min_size=1, unique=True).map(tuple),
    added=st.lists(st.tuples(st.sampled_from(ADDRESSES), st.integers(0, 5)), min_size=1, max_size=8),
    before=st.integers(0, 8),
    at_once=st.integers(1, 3),
    ties=st.sampled_from(MatchTies),
    shared=st.booleans(),
)
def test_it_converges_to_what_a_sync_with_the_final_clients_stores(
    addresses: tuple[NormalAddress, ...],
    added: list[tuple[NormalAddress, int]],
    before: int,
    at_once: int,
    ties: MatchTies,
    shared: bool,
) -> None:
    """Clients are only added, the mail is stored after the first `before` of them, `at_once` come between runs."""
    org = replace(ORG, shared_activities=shared)
    hits: dict[NormalAddress, tuple[Hit, ...]] = {}

    def add(batch: list[tuple[NormalAddress, int]]) -> None:
        for address, number in batch:
            hits[address] = (*hits.get(address, ()), hit(number))

    add(added[:before])
    todo, mail = fresh(addresses, hits, ties, org)
    mail = applied(mail, todo)
    for start in range(before, len(added), at_once):
        add(added[start : start + at_once])
        earlier = mail
        wanted = desired(mail, mail.parties, hits, settings(match_ties=ties), org)
        mail = applied(mail, plan(wanted, mail.stored))
        assert set(contacts(earlier)) <= set(contacts(mail))
        assert set(accounts(earlier)) <= set(accounts(mail))
        assert earlier.stored.task_keys <= mail.stored.task_keys
        assert not plan(wanted, mail.stored)

    todo, empty = fresh(addresses, hits, ties, org)
    final = applied(empty, todo)
    assert mail.stored.match_status == final.stored.match_status
    assert len(set(contacts(mail))) == len(contacts(mail))
    assert len(set(accounts(mail))) == len(accounts(mail))
    assert set(contacts(final)) <= set(contacts(mail))
    assert set(accounts(final)) <= set(accounts(mail))
    assert final.stored.task_keys <= mail.stored.task_keys
    if ties is MatchTies.ALL:
        assert contacts(mail) == contacts(final)
        assert accounts(mail) == accounts(final)
        if not shared and all(number < 4 for _, number in added):
            assert mail.stored.task_keys == final.stored.task_keys
