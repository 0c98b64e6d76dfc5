"""The rows below a mail: its participants and its Tasks. Part of `records`, which builds the mail itself."""

import json
from base64 import b64encode
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from connector.core.deciding.match import Match
from connector.core.writing.text import clean, cut, one_line
from connector.model.mail import Direction, Party
from connector.model.org import Hit, Org
from connector.model.records import Row
from connector.model.values import NormalAddress, RecordId

TEXT_LIMIT = 255
#: Object Reference, Task: TaskWhoIds holds up to 50 Contacts.
MOST_CONTACTS = 50
#: Rows of Email_Participant__c of one mail: a sender may name any number of people, and a row costs the org 2 KB.
MOST_PARTICIPANTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """What the children of a mail repeat of it. `audit` are the four audit fields."""

    key: str
    subject: str
    sent_at: datetime
    sent_on: date
    direction: Direction
    owner: RecordId
    preview: str
    link: str
    audit: Mapping[str, Any]

    @property
    def reference(self) -> dict[str, Any]:
        """Names the mail by its external id, so that it need not have been written before."""
        return {"Message_Key__c": self.key}


def address_of(org: Org, message_key: str, record: RecordId | None) -> str:
    """Where a person opens a mail in Salesforce, whoever it is: the link to Outlook opens in one mailbox only.

    A mail that is stored has a record page. One that is about to be stored, in the request that brings its Tasks too,
    has no id yet, and Lightning opens no record by an external id: so its key is searched for, which finds one Email.
    A reference to the result of the other sub-request would fail all Tasks of a request where one Email is refused.
    """
    if not org.url:
        return ""
    if record is not None:
        return f"{org.url}/lightning/r/{org.email_object}/{record}/view"
    # the address that Lightning's own search has
    page = {
        "componentDef": "forceSearch:searchPageDesktop",
        "attributes": {"term": message_key, "scopeMap": {"type": "TOP_RESULTS"}, "groupId": "DEFAULT"},
        "state": {},
    }
    return f"{org.url}/one/one.app#{b64encode(json.dumps(page, separators=(',', ':')).encode()).decode()}"


def record_key(message_key: str, record: RecordId) -> str:
    """Participant_Key__c or Task_Key__c of a record's row."""
    return f"{message_key}:{record}"


def address_key(message_key: str, address: NormalAddress) -> str:
    """Participant_Key__c of an address that no record has."""
    return f"{message_key}:{sha256(address.encode('utf-8', 'replace')).hexdigest()[:31]}"


def kept(matches: Sequence[Match]) -> tuple[tuple[Match, ...], int]:
    """The matches that get rows, in their order, and how many are left out: at most MOST_PARTICIPANTS rows come of
    them, and those with a record go first."""
    if len(matches) <= MOST_PARTICIPANTS and sum(map(_width, matches)) <= MOST_PARTICIPANTS:
        return tuple(matches), 0
    taken: dict[int, Match] = {}
    records: set[RecordId] = set()
    room = MOST_PARTICIPANTS
    for number in sorted(range(len(matches)), key=lambda number: not matches[number]):
        match = matches[number]
        new = [hit for hit in (*match.contacts, *match.accounts) if hit.id not in records]
        # one whose records have rows already, by another address, costs none
        cost = len(new[:room]) if match else 1
        if cost > room or (new and not cost):
            continue
        records.update(hit.id for hit in new[:room])
        room -= cost
        taken[number] = _only(match, records)
    return tuple(taken[number] for number in sorted(taken)), len(matches) - len(taken)


def _width(match: Match) -> int:
    return len(match.contacts) + len(match.accounts) or 1


def _only(match: Match, records: Container[RecordId]) -> Match:
    """The match with these records only."""
    contacts, accounts = ([hit for hit in hits if hit.id in records] for hits in (match.contacts, match.accounts))
    return replace(match, contacts=tuple(contacts), accounts=tuple(accounts))


def participants(parent: Parent, matches: Sequence[Match]) -> tuple[Row, ...]:
    """One row for each matched Contact and Account of each address, or one without record; each record once.

    Account__c stands on one row of each Account, so that its page lists the mail once: on its own row where the
    Account has an address in the mail, else on the row of its first Contact.
    """
    listed = {hit.id for match in matches for hit in match.accounts}
    rows: dict[str, Row] = {}
    for match in matches:
        for contact in match.contacts:
            key = record_key(parent.key, contact.id)
            if key in rows:
                continue
            fields: dict[str, Any] = {"Contact__c": contact.id}
            if contact.account is not None and contact.account not in listed:
                listed.add(contact.account)
                fields["Account__c"] = contact.account
            rows[key] = participant(parent, match.party, key, fields)
        for account in match.accounts:
            key = record_key(parent.key, account.id)
            rows.setdefault(key, participant(parent, match.party, key, {"Account__c": account.id}))
        if not match:
            key = address_key(parent.key, match.party.address)
            rows.setdefault(key, participant(parent, match.party, key, {}))
    return tuple(rows.values())


def participant(parent: Parent, party: Party, key: str, lookups: Mapping[str, Any]) -> Row:
    """The row of one party; `lookups` are the Contact and the Account that it names."""
    fields = {
        "Email__r": parent.reference,
        "Participant_Key__c": key,
        "Address__c": cut(clean(party.address), TEXT_LIMIT) or None,
        "Display_Name__c": cut(one_line(clean(party.name)), TEXT_LIMIT) or None,
        "Role__c": party.role.value,
        **lookups,
        "Subject__c": parent.subject,
        "Sent_At__c": parent.sent_at,
        "Direction__c": parent.direction.value,
        **parent.audit,
    }
    return insert_row("Email_Participant__c", "Participant_Key__c", key, fields)


def tasks(parent: Parent, matches: Sequence[Match], org: Org) -> tuple[Row, ...]:
    """The Tasks that put a mail on its clients' timelines.

    One for each matched Contact, and for each matched Account none of whose Contacts matched in this mail. With Shared
    Activities one for each Account, its Contacts in TaskWhoIds; a Contact without Account, or beyond the 50 that
    TaskWhoIds holds, gets its own.
    """
    contacts = tuple({hit.id: hit for match in matches for hit in match.contacts}.values())
    accounts = {hit.id: hit for match in matches for hit in match.accounts}
    related = _shared(contacts, accounts) if org.shared_activities else _single(contacts, accounts)
    return tuple(_task(parent, org, record, fields) for record, fields in related)


_Related = Iterator[tuple[RecordId, Mapping[str, Any]]]


def _single(contacts: Sequence[Hit], accounts: Iterable[RecordId]) -> _Related:
    reached = {contact.account for contact in contacts}
    yield from ((contact.id, {"WhoId": contact.id}) for contact in contacts)
    yield from ((account, {"WhatId": account}) for account in accounts if account not in reached)


def _shared(contacts: Sequence[Hit], accounts: Iterable[RecordId]) -> _Related:
    members: dict[RecordId, list[RecordId]] = {account: [] for account in accounts}
    alone: list[RecordId] = []
    for contact in contacts:
        group = alone if contact.account is None else members.setdefault(contact.account, [])
        (alone if len(group) >= MOST_CONTACTS else group).append(contact.id)
    for account, people in members.items():
        # the first of TaskWhoIds becomes WhoId
        yield account, {"WhatId": account, "TaskWhoIds": people} if people else {"WhatId": account}
    yield from ((contact, {"WhoId": contact}) for contact in alone)


def _task(parent: Parent, org: Org, record: RecordId, related: Mapping[str, Any]) -> Row:
    key = record_key(parent.key, record)
    fields = {
        "Email__r": parent.reference,
        "Task_Key__c": key,
        "Subject": cut(f"Email: {parent.subject}", TEXT_LIMIT),
        **related,
        "TaskSubtype": "Email",
        "Status": org.closed_status,
        "Priority": "Normal",
        "ActivityDate": parent.sent_on,
        "Description": _description(parent) or None,
        "OwnerId": parent.owner,
        **parent.audit,
    }
    return insert_row("Task", "Task_Key__c", key, fields)


def _description(parent: Parent) -> str:
    return "\n\n".join(filter(None, (parent.preview, parent.link)))


def insert_row(object_name: str, key_field: str, key: str, fields: Mapping[str, Any]) -> Row:
    """A row to insert, without the fields that have no value."""
    given = {name: value for name, value in fields.items() if value is not None}
    return Row(object=object_name, key_field=key_field, key=key, fields=given)
