"""Step 5: which clients a mail belongs to, from the records that have its addresses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.model.mail import Party
from connector.model.org import ClientObject, Hit, Hits, MatchTies
from connector.model.values import NormalAddress

#: An address that more records have is a placeholder, and names nobody.
MOST_SHARED = 20
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An external address of a mail and the records it stands for, oldest first. Both are empty for an unknown one."""

    party: Party
    contacts: tuple[Hit, ...] = ()
    accounts: tuple[Hit, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.contacts or self.accounts)


def resolve(parties: Sequence[Party], hits: Hits, ties: MatchTies) -> tuple[Match, ...]:
    """One Match for each party, in their order.

    An Account that has the address of one of its own Contacts is the same hit, and only the Contact counts: this is
    how a Person Account shows, and a household registered under one spouse's address. Oldest keeps one record of each
    address: the oldest Contact, and an Account only where no Contact has the address, since a person is what an
    address names. The same record found twice counts once. An address that more than MOST_SHARED records have stands
    for none of them.
    """
    return tuple(_resolve(party, hits.get(party.address, ()), ties) for party in parties)


def _resolve(party: Party, hits: Iterable[Hit], ties: MatchTies) -> Match:
    contacts, accounts = _records(hits)
    if len(contacts) + len(accounts) > MOST_SHARED:
        return Match(party=party)
    if ties is MatchTies.OLDEST:
        contacts, accounts = contacts[:1], () if contacts else accounts[:1]
    return Match(party=party, contacts=contacts, accounts=accounts)


def placeholders(hits: Hits) -> dict[NormalAddress, int]:
    """The addresses that match nobody because too many records have them, and how many have."""
    shared = {address: sum(map(len, _records(found))) for address, found in hits.items() if len(found) > MOST_SHARED}
    return {address: count for address, count in shared.items() if count > MOST_SHARED}


def _records(hits: Iterable[Hit]) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
    """Contacts, and Accounts that are not one of their own; oldest first, each once."""
    by_age = sorted({hit.id: hit for hit in hits}.values(), key=_age)
    contacts = tuple(hit for hit in by_age if hit.object == ClientObject.CONTACT)
    own = {hit.account for hit in contacts}
    return contacts, tuple(hit for hit in by_age if hit.object == ClientObject.ACCOUNT and hit.id not in own)


def _age(hit: Hit) -> tuple[datetime, str]:
    return hit.created_at or _NEVER, hit.id
