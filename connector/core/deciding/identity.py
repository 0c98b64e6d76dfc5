"""Which copies are one mail, and under which key it is stored. Never two mails in one. Pure.

A Message-ID alone does not name a mail: bulk senders use one for several. The key is made of all that names a mail, but
not every copy shows it alike: so copies are compared (`copies.agree`), not only keyed.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connector.core.deciding.address import is_smtp, normalise
from connector.core.deciding.copies import (
    SENT_WITHIN,
    Appearance,
    Boxes,
    Nearest,
    agree,
    all_agree,
    anywhere,
    collapsed,
    comparable,
    grouped,
    identity_of,
    tagged_alike,
)
from connector.model.mail import Header, Party, Role
from connector.model.records import MatchStatus, StoredEmail, StoredKey
from connector.model.values import NormalAddress

_FIRST_YEAR = 1990
_ROLES = {role: rank for rank, role in enumerate(Role)}


def message_id(header: Header) -> str | None:
    """The Message-ID without surrounding space and `<>`, case kept; None where there is none."""
    return _bare_id(header.internet_message_id)


def sender_of(header: Header) -> NormalAddress:
    """The normalised From address, or Sender where From is empty, or nothing. It need not be an SMTP address."""
    addresses = (normalise(recipient.address) for recipient in (header.from_, header.sender) if recipient)
    return next(filter(None, addresses), NormalAddress(""))


def sent_time(header: Header) -> datetime:
    """When the mail was sent: its Date; received where that is absent, before 1990, or later than received."""
    received = _utc_second(header.received_at)
    return _utc_second(header.sent_at) if header.sent_at is not None and is_dated(header) else received


def is_dated(header: Header) -> bool:
    """Whether it has a Date that can be: a sender's clock may be wrong, and Salesforce takes no date in the future."""
    sent = header.sent_at
    if sent is None:
        return False
    return _utc_second(sent).year >= _FIRST_YEAR and _utc_second(sent) <= _utc_second(header.received_at)


def created_time(header: Header, now: datetime) -> datetime:
    """The CreatedDate of its rows: the sent time; received where that is 30 days or more after it was sent.

    Never later than `now` by the org's clock, which refuses dates in the future: that of Exchange may be ahead of it.
    """
    sent, received = sent_time(header), _utc_second(header.received_at)
    return min(received if received - sent >= timedelta(days=30) else sent, _utc_second(now))


def message_key(header: Header) -> str:
    """Message_Key__c of this copy: the first 32 hex digits of SHA-256 over `mid LF from LF sent LF subject LF people`.

    mid is `message_id` or empty, from is `sender_of`, sent is `sent_time` as YYYY-MM-DDThh:mm:ssZ in UTC; the subject
    has its white space collapsed, people are the sorted To and Cc addresses joined by comma. A mail that is stored
    already keeps the key it has (`identify`).
    """
    people = filter(None, {normalise(recipient.address) for recipient in (*header.to, *header.cc)})
    parts = (
        message_id(header) or "",
        sender_of(header),
        f"{sent_time(header):%Y-%m-%dT%H:%M:%SZ}",
        collapsed(header.subject),
        ",".join(sorted(people)),
    )
    # JSON can carry half of a surrogate pair, which UTF-8 cannot: it counts as a question mark
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def stored_key(header: Header) -> StoredKey:
    """By what the mail is looked up that this is a copy of."""
    return StoredKey(message_key(header), message_id(header), sent_time(header))


def appearance(copy: Header | StoredEmail, boxes: Boxes) -> Appearance:
    """What a message or a stored row is compared by. `boxes`: which linked mailbox an address belongs to."""
    if isinstance(copy, Header):
        return Appearance(
            message_id=message_id(copy),
            sent_at=sent_time(copy),
            sender=identity_of(sender_of(copy), boxes),
            recipients=_people((recipient.address for recipient in (*copy.to, *copy.cc)), boxes),
            subject=comparable(copy.subject),
            mailbox=copy.mailbox,
            item=copy.id,
            is_dated=is_dated(copy),
        )
    mid, sent_at = _bare_id(copy.internet_message_id), _utc_second(copy.sent_at)
    if copy.match_status == MatchStatus.REMOVED:
        return Appearance(message_id=mid, sent_at=sent_at, is_removed=True)
    return Appearance(
        message_id=mid,
        sent_at=sent_at,
        sender=identity_of(copy.from_address, boxes),
        recipients=_people(shown_addresses(copy, "To__c", "Cc__c"), boxes),
        subject=comparable(copy.subject),
        mailbox=copy.mailbox,
        item=copy.graph_message_id,
    )


def shown_addresses(email: StoredEmail, *names: str) -> Iterator[str]:
    """The addresses in these fields of a row, as `core.writing.text` writes them: `Name <address>; …`."""
    for name in names:
        for part in str(email.fields.get(name) or "").split(";"):
            yield part.rpartition("<")[2].strip(" >")


def group_copies(items: Sequence[Header], boxes: Boxes | None = None) -> list[list[Header]]:
    """The copies that are one mail together; groups in the order of their first copy, copies in a fixed order.

    The groups do not depend on the order of `items`, and in each all are copies of all: likeness is not handed on from
    copy to copy, or a program that uses one Message-ID every minute would have all its mail stored as one.
    """
    position = {(item.mailbox, item.id): index for index, item in reversed(list(enumerate(items)))}
    buckets: dict[tuple[str, str], list[Header]] = {}
    for item in items:
        mid = message_id(item)
        buckets.setdefault(("key", message_key(item)) if mid is None else ("id", mid), []).append(item)
    groups: list[list[Header]] = []
    for (kind, _), bucket in buckets.items():
        copies = _in_order(bucket)
        if kind == "key" or len(copies) == 1:
            groups.append(copies)
        else:
            looks = [appearance(copy, boxes or {}) for copy in copies]
            groups += ([copies[place] for place in sorted(places)] for places in grouped(looks))
    return sorted(groups, key=lambda group: min(position[item.mailbox, item.id] for item in group))


def group_key(copies: Sequence[Header]) -> str:
    """The key of a mail that is not stored yet: that of its first copy in the fixed order of `group_copies`.

    First comes a copy with a Date, then one with an SMTP sender, then the one sent first, then the smallest key: so the
    key does not depend on which mailbox was read first, as long as the copies come in one run. Afterwards the stored
    row lends its key.
    """
    return message_key(_in_order(copies)[0])


class StoredIndex:
    """What is stored, found by key and by Message-ID. `boxes`: which linked mailbox an address belongs to."""

    def __init__(self, stored: Iterable[StoredEmail], boxes: Boxes | None = None) -> None:
        self.boxes: Boxes = boxes or {}
        self._by_key: dict[str, StoredEmail] = {}
        self._nearest = Nearest[str]()
        self._looks: dict[str, Appearance] = {}
        self._ids: set[str] = set()
        for email in stored:
            self.add(email)

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def add(self, email: StoredEmail) -> None:
        """One more row, for instance one that this run has written."""
        if email.key in self._by_key:
            return
        self._by_key[email.key] = email
        look = appearance(email, self.boxes)
        if look.message_id is not None:
            self._looks[email.key] = look
            self._ids.add(look.message_id)
            self._nearest.add(_marks(look), look.sent_at, email.key)

    def knows(self, copies: Iterable[Header]) -> bool:
        """Whether a row may hold the mail of these copies: it has the Message-ID or the key of one."""
        return any(message_id(copy) in self._ids or message_key(copy) in self._by_key for copy in copies)

    def with_key(self, key: str) -> StoredEmail | None:
        """The row that has this key; None where none has."""
        return self._by_key.get(key)

    def like(self, looks: Iterable[Appearance]) -> Iterator[tuple[StoredEmail, Appearance]]:
        """The rows that one of these may be a copy of: with its Message-ID, and sent at about its time."""
        keys: dict[str, None] = {}
        for look in {anywhere(look): None for look in looks}:
            keys |= dict.fromkeys(self._nearest.of((*_marks(look), (look.message_id, True)), look.sent_at))
        for key in keys:
            yield self._by_key[key], self._looks[key]


def find_stored(
    copies: Sequence[Header], stored: StoredIndex, *, without: Collection[str] = frozenset()
) -> StoredEmail | None:
    """The row that holds the mail of these copies (one group of `group_copies`), if there is one.

    A row with the key of a copy comes first, then one with the same sender, the same subject, the same recipients,
    then the one sent nearest; one in the recycle bin last. All copies have to agree with the row: if one shows an SMTP
    sender, then that is the sender of all, and a copy without one must not carry them to another's mail. `without`:
    keys of rows that hold other mails.
    """
    ordered = _in_order(copies)
    keyed = [email for copy in ordered if (email := stored.with_key(message_key(copy))) and email.key not in without]
    binned = [email for email in keyed if email.is_deleted]
    if len(binned) < len(keyed):
        return next(email for email in keyed if not email.is_deleted)
    looks = [appearance(copy, stored.boxes) for copy in ordered]
    found = [
        (_rank(email, row, looks), email)
        for email, row in stored.like(looks)
        if email.key not in without
        and any(agree(look, row) for look in looks)
        and all(agree(look, row, within=2 * SENT_WITHIN) for look in looks)
    ]
    best = min(found, key=lambda item: item[0])[1] if found else None
    return best if best is not None and not best.is_deleted else next(iter(binned), best)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail: its copies in a fixed order, the key it is stored under, and its row where it is stored already."""

    key: str
    copies: tuple[Header, ...]
    stored: StoredEmail | None = None


def identify(headers: Sequence[Header], stored: StoredIndex) -> list[Mail]:
    """The mails that these copies are, each once, in the order of their first copy; no two have one key.

    A row is the mail of those copies that have its key, else of those that were sent nearest. Others that agree with
    it, but not with those, are another mail: a row that shows no sender agrees with many.
    """
    groups = group_copies(headers, stored.boxes)
    held: dict[int, StoredEmail] = {}
    holders: dict[str, list[Header]] = {}
    for number in _most_certain_first(groups, stored):
        taken: set[str] = set()
        while (email := find_stored(groups[number], stored, without=taken)) is not None:
            others = holders.setdefault(email.key, [])
            removed = email.match_status == MatchStatus.REMOVED
            if not others or removed or _all_agree(others, groups[number], stored.boxes):
                others += groups[number]
                held[number] = email
                break
            taken.add(email.key)
    mails: dict[str, Mail] = {}
    for number, copies in enumerate(groups):
        email = held.get(number)
        key = email.key if email else group_key(copies)
        known = mails.get(key)
        everything = (*known.copies, *copies) if known else tuple(copies)
        mails[key] = Mail(key=key, copies=tuple(_in_order(everything)), stored=email)
    return list(mails.values())


def _most_certain_first(groups: Sequence[Sequence[Header]], stored: StoredIndex) -> list[int]:
    """Of the groups of which something may be stored, those whose keys are, then those with a sender, in a fixed
    order."""

    def order(number: int) -> tuple[bool, tuple[bool, bool, datetime, str, datetime, str, str]]:
        copies = groups[number]
        return not any(stored.with_key(message_key(copy)) for copy in copies), _copy_order(copies[0])

    return sorted((number for number, copies in enumerate(groups) if stored and stored.knows(copies)), key=order)


def _all_agree(some: Iterable[Header], others: Iterable[Header], boxes: Boxes) -> bool:
    mine, theirs = ([appearance(copy, boxes) for copy in copies] for copies in (some, others))
    return all_agree(mine, theirs)


def merge_parties(*copies: Iterable[Party]) -> tuple[Party, ...]:
    """What the copies of a mail know together: every address once, with the first role and a name that any copy gives.

    A party that one copy holds back (another user's exclusion) or does not show (Bcc) comes from the other. The order
    is by role, then by place in the headers, whichever copy was read first.
    """
    known: dict[NormalAddress, list[tuple[int, int, str]]] = {}
    for parties in copies:
        for place, party in enumerate(parties):
            known.setdefault(party.address, []).append((_ROLES[party.role], place, party.name))
    roles = tuple(Role)
    merged = sorted((min(rank[:2] for rank in ranks), address, ranks) for address, ranks in known.items())
    return tuple(
        Party(
            address=address, role=roles[first[0]], name=min((rank for rank in ranks if rank[2]), default=(0, 0, ""))[2]
        )
        for first, address, ranks in merged
    )


def _people(addresses: Iterable[str], boxes: Boxes) -> frozenset[str]:
    return frozenset(filter(None, (identity_of(address, boxes) for address in addresses)))


def _marks(look: Appearance) -> tuple[object, ...]:
    """By what a row is found: those to the same people and those with the same subject, however many others."""
    mid = look.message_id
    removed = ((mid, True),) if look.is_removed else ()
    return ((mid, look.recipients), (mid, look.subject), mid, *removed)


def _rank(
    email: StoredEmail, row: Appearance, looks: Sequence[Appearance]
) -> tuple[bool, bool, bool, bool, bool, bool, timedelta, str]:
    """The less, the rather is a row that agrees the mail of these copies."""
    sender = next(filter(None, (look.sender for look in looks)), None)
    return (
        email.is_deleted,
        row.is_removed,
        sender is None or row.sender != sender,
        row.subject not in {look.subject for look in looks},
        not any(tagged_alike(row, look) for look in looks),
        row.recipients not in {look.recipients for look in looks},
        min(abs(row.sent_at - look.sent_at) for look in looks),
        email.id,
    )


def _in_order(copies: Sequence[Header]) -> list[Header]:
    """Copies in the fixed order; most mail has one only, whose place in it need not be reckoned."""
    return list(copies) if len(copies) == 1 else sorted(copies, key=_copy_order)


def _copy_order(copy: Header) -> tuple[bool, bool, datetime, str, datetime, str, str]:
    return (
        not is_dated(copy),
        not is_smtp(sender_of(copy)),
        sent_time(copy),
        message_key(copy),
        copy.received_at,
        copy.mailbox,
        copy.id,
    )


def _bare_id(mid: str | None) -> str | None:
    return (mid or "").strip().strip("<>").strip() or None


def _utc_second(instant: datetime) -> datetime:
    if instant.tzinfo is UTC and not instant.microsecond:
        return instant
    return instant.astimezone(UTC).replace(microsecond=0)
