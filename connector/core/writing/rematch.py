"""Which stored mail may have to be related anew, and how: the same `match`, `children` and `plan` as for new mail.

When a Contact or Account appears or changes, the stored mails that have its address are planned again with all their
addresses. What they were related to before stays, since `plan` only adds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from connector.core.deciding.address import normalise
from connector.core.deciding.exclude import Rules
from connector.core.deciding.identity import shown_addresses
from connector.core.deciding.match import resolve
from connector.core.writing.children import Parent, address_of, participants, record_key, tasks
from connector.core.writing.records import org_date
from connector.model.mail import Direction, Party, Role
from connector.model.org import Hits, Org, SyncSettings
from connector.model.records import DesiredEmail, Row, StoredEmail
from connector.model.values import NormalAddress, RecordId

#: How far the first run of a day looks back behind Matched_Through__c: SystemModstamp is the time of a change, not that
#: of its commit, so a long transaction shows changes that are older than a run which could not see them.
LOOK_BACK = timedelta(days=1)
_ROLES = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What to look for: changes of clients and mails since then (None: of mails only, whenever they were made).

    `today` is set for the first run of a day, in the org's zone: what earlier runs overlooked or could not do is looked
    for too, mail whose retention ended before that day, and tombstones of mail that may have been undeleted.
    """

    since: datetime | None
    today: date | None = None


def watch_for(settings: SyncSettings, org: Org, now: datetime) -> Watch:
    """What a run at `now` has to look for."""
    through = settings.matched_through
    today = org_date(now, org)
    if through is None:
        return Watch(since=None, today=today)
    if org_date(through, org) < today:
        return Watch(since=through - LOOK_BACK, today=today)
    return Watch(since=through)


@dataclass(slots=True, kw_only=True)
class Changes:
    """What was found. `clients`: the changed records by each address they have now; the others are ids of Email__c.

    `accounts`: the Accounts of those Contacts that have one, which they may have had only since or instead of another.
    `related`: Unmatched, and a participant has a record (a person set it). `removed`: by a person, not yet blanked, or
    written to since by another connector. `deleted`: by a person, not by the connector. `tombstones` stand
    in for such mails: the mail's id by theirs, so that one that was undeleted can lose its own.
    """

    clients: dict[NormalAddress, set[RecordId]] = field(default_factory=dict)
    accounts: dict[RecordId, RecordId] = field(default_factory=dict)
    related: set[RecordId] = field(default_factory=set)
    removed: set[RecordId] = field(default_factory=set)
    expired: set[RecordId] = field(default_factory=set)
    deleted: dict[RecordId, StoredEmail] = field(default_factory=dict)
    tombstones: dict[RecordId, RecordId] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledMail:
    """A stored mail, and what further rows below it repeat of it."""

    stored: StoredEmail
    parties: tuple[Party, ...]
    subject: str
    preview: str
    direction: Direction
    received_at: datetime
    created_at: datetime
    created_by: RecordId


def parties_of(rows: Iterable[tuple[NormalAddress, str, Role]]) -> tuple[Party, ...]:
    """Each address of the participants' rows once, in the order of a mail's headers: From, To, Cc, Bcc."""
    found: dict[NormalAddress, Party] = {}
    for address, name, role in rows:
        if address:
            found.setdefault(address, Party(address=address, name=name, role=role))
    return tuple(sorted(found.values(), key=lambda party: _ROLES[party.role]))


def external(
    mail: FiledMail, rules: Rules, linked: Mapping[NormalAddress, RecordId], user: RecordId | None
) -> tuple[Party, ...]:
    """The parties that may be related: no linked mailbox, no colleague, none that is excluded.

    `user` is that of the mailbox the mail was stored from. What this user excludes counts where all users of linked
    mailboxes in From, To and Cc exclude it: else it comes with another's copy. A rule made since counts too: it applies
    to everything that is decided while it stands.
    """
    at, users = mail.received_at, _users(mail.stored, linked) | ({user} - {None})
    return tuple(
        party
        for party in mail.parties
        if party.address not in linked
        and not rules.internal_domain(party.address, at)
        and not rules.external(party.address, at)
        and not (users and all(rules.personal(one, party.address, at) for one in users))
    )


def _users(stored: StoredEmail, linked: Mapping[NormalAddress, RecordId]) -> set[RecordId]:
    """Whose copies of the mail there are, by the addresses that it shows."""
    shown = shown_addresses(stored, "From_Address__c", "To__c", "Cc__c")
    found = (linked.get(normalise(address)) for address in shown)
    return set(filter(None, found))


def parent_of(mail: FiledMail, org: Org) -> Parent:
    """What further rows below a stored mail repeat of it."""
    stored = mail.stored
    return Parent(
        key=stored.key,
        subject=mail.subject,
        sent_at=stored.sent_at,
        sent_on=org_date(stored.sent_at, org),
        direction=mail.direction,
        owner=stored.owner,
        preview=mail.preview,
        link=address_of(org, stored.key, stored.id),
        audit={
            "CreatedDate": mail.created_at,
            "CreatedById": mail.created_by,
            "LastModifiedDate": mail.created_at,
            "LastModifiedById": mail.created_by,
        },
    )


def desired(mail: FiledMail, parties: tuple[Party, ...], hits: Hits, settings: SyncSettings, org: Org) -> DesiredEmail:
    """What the mail should be now. Of the mail itself it has the relation only, so that no field is filled."""
    matches = resolve(parties, hits, settings.match_ties)
    stored, parent = mail.stored, parent_of(mail, org)
    rows = participants(parent, matches)
    rows = (*rows, *_further_accounts(parent, rows, stored))
    accounts = (row.fields.get("Account__c") or row.fields.get("Contact__c") for row in rows)
    return DesiredEmail(
        email=Row(object="Email__c", key_field="Message_Key__c", key=stored.key, fields={}),
        participants=rows,
        tasks=tasks(parent, matches, org) if settings.create_tasks else (),
        matched=any(matches),
        sort_key=next(filter(None, accounts), stored.key),
    )


def _further_accounts(parent: Parent, rows: Sequence[Row], stored: StoredEmail) -> Iterator[Row]:
    """Rows for the Accounts of Contacts whose own row cannot name them, since what it says stays.

    The Contact has another Account now than when the mail was related, or a person related it. The Account it was in
    keeps the mail, and the one it is in lists it too.
    """
    listed = {other.account for other in stored.participants if other.account}
    related = {other.contact: other for other in stored.participants if other.contact}
    for row in rows:
        account, there = row.fields.get("Account__c"), related.get(row.fields.get("Contact__c") or RecordId(""))
        if account is None or account in listed or there is None:
            continue
        if there.account is None and there.key == row.key:
            continue  # the Contact had no Account: its own row is filled
        listed.add(account)
        key = record_key(parent.key, account)
        fields = {name: value for name, value in row.fields.items() if name != "Contact__c"}
        yield replace(row, key=key, fields={**fields, row.key_field: key})
