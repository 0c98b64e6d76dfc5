"""Which copies are one mail, and under which key it is stored. Never two mails in one. Pure.

A Message-ID alone does not name a mail: some programs use one for several. Sender and sent time make it certain, but
not every copy shows them alike: Exchange gives colleagues a legacy name in place of an address, and a copy without a
usable Date has the time at which it was received. So copies are compared (`same_mail`), not only keyed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connector.core.deciding.address import is_smtp, normalise
from connector.model.mail import Header, Party, Role
from connector.model.records import MatchStatus, StoredEmail
from connector.model.values import NormalAddress

#: copies of one mail were sent within this time
SENT_WITHIN = timedelta(minutes=2)
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
    sent, received = header.sent_at, _utc_second(header.received_at)
    if sent is None:
        return received
    sent = _utc_second(sent)
    if sent.year < _FIRST_YEAR or sent > received:
        return received
    return sent


def created_time(header: Header, now: datetime) -> datetime:
    """The CreatedDate of its rows: the sent time; received where that is 30 days or more after it was sent.

    Never later than `now` by the org's clock, which refuses dates in the future: that of Exchange may be ahead of it.
    """
    sent, received = sent_time(header), _utc_second(header.received_at)
    return min(received if received - sent >= timedelta(days=30) else sent, _utc_second(now))


def message_key(header: Header) -> str:
    """Message_Key__c of this copy: the first 32 hex digits of SHA-256 over UTF-8 `mid LF from LF sent`.

    mid is `message_id`, from is `sender_of`, sent is `sent_time` as YYYY-MM-DDThh:mm:ssZ in UTC. Without a Message-ID:
    `LF from LF sent LF subject LF` and the sorted To and Cc addresses joined by comma. A mail that is stored already
    keeps the key it has (`identify`).
    """
    mid = message_id(header)
    parts = [mid or "", sender_of(header), f"{sent_time(header):%Y-%m-%dT%H:%M:%SZ}"]
    if mid is None:
        addresses = filter(None, (normalise(recipient.address) for recipient in (*header.to, *header.cc)))
        parts += [header.subject, ",".join(sorted(addresses))]
    # JSON can carry half of a surrogate pair, which UTF-8 cannot: it counts as a question mark
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def same_mail(one: Header | StoredEmail, other: Header | StoredEmail) -> bool:
    """Whether two copies are one mail: the same Message-ID, sent within two minutes, and the same sender.

    A sender that is not an SMTP address agrees with any; so does that of a row that a person removed, which is blank.
    Without a Message-ID only the key says it; so too with one that is too long to be stored whole, since mass mailers
    number their mails at the end.
    """
    left, right = _identity(one), _identity(other)
    return left.key == right.key or _agree(left, right)


def group_copies(items: Sequence[Header]) -> list[list[Header]]:
    """The copies that are one mail together; groups in the order of their first copy, copies in a fixed order.

    The groups do not depend on the order of `items`. Everything in a group was sent within two minutes in all, and no
    group has two senders: closeness is not handed on from copy to copy, or a program that uses one Message-ID every
    minute would have all its mail stored as one. A copy without an SMTP sender joins the mail that was sent nearest.
    """
    position = {(item.mailbox, item.id): index for index, item in reversed(list(enumerate(items)))}
    buckets: dict[tuple[str, str], list[Header]] = {}
    for item in items:
        mid = message_id(item)
        buckets.setdefault(("key", message_key(item)) if mid is None else ("id", mid), []).append(item)
    groups = [
        group
        for (kind, _), copies in buckets.items()
        for group in (_by_sender(_in_order(copies)) if kind == "id" else [_in_order(copies)])
    ]
    return sorted(groups, key=lambda group: min(position[item.mailbox, item.id] for item in group))


def group_key(copies: Sequence[Header]) -> str:
    """The key of a mail that is not stored yet: that of its first copy in the fixed order of `group_copies`.

    First comes a copy with an SMTP sender, then the one sent first, then the smallest key: so the key does not depend
    on which mailbox was read first, as long as the copies come in one run. Afterwards the stored row lends its key.
    """
    return message_key(_in_order(copies)[0])


class StoredIndex:
    """What is stored, found by key and by Message-ID."""

    def __init__(self, stored: Iterable[StoredEmail]) -> None:
        self._by_key: dict[str, StoredEmail] = {}
        self._by_id: dict[str, list[StoredEmail]] = {}
        for email in stored:
            self.add(email)

    def add(self, email: StoredEmail) -> None:
        """One more row, for instance one that this run has written."""
        if email.key in self._by_key:
            return
        self._by_key[email.key] = email
        mid = _bare_id(email.internet_message_id)
        if mid is not None:
            self._by_id.setdefault(mid, []).append(email)

    def with_key(self, key: str) -> StoredEmail | None:
        """The row that has this key; None where none has."""
        return self._by_key.get(key)

    def with_message_id(self, mid: str) -> Sequence[StoredEmail]:
        """The rows with this Message-ID; it is not unique."""
        return self._by_id.get(mid, ())


def find_stored(copies: Sequence[Header], stored: StoredIndex) -> StoredEmail | None:
    """The row that holds the mail of these copies (one group of `group_copies`), if there is one.

    A row with the key of a copy comes first, then one with the same sender, then the one sent nearest. If any copy
    shows an SMTP sender, then that is the sender of all: a copy without one must not carry them to another's mail.
    """
    if not copies:
        return None
    for copy in _in_order(copies):
        email = stored.with_key(message_key(copy))
        if email is not None:
            return email
    sender = next(filter(None, map(_smtp_sender, copies)), None)
    found = [
        (_rank(email, copy, sender), email)
        for copy in copies
        for email in stored.with_message_id(message_id(copy) or "")
        if same_mail(copy, email) and _may_be_from(email, sender)
    ]
    return min(found, key=lambda item: item[0])[1] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail: its copies in a fixed order, the key it is stored under, and its row where it is stored already."""

    key: str
    copies: tuple[Header, ...]
    stored: StoredEmail | None = None


def identify(headers: Sequence[Header], stored: StoredIndex) -> list[Mail]:
    """The mails that these copies are, each once, in the order of their first copy.

    Groups that find the same row are that one mail, and no two mails have one key.
    """
    mails: dict[str, Mail] = {}
    for copies in group_copies(headers):
        email = find_stored(copies, stored)
        key = email.key if email else group_key(copies)
        known = mails.get(key)
        everything = (*known.copies, *copies) if known else tuple(copies)
        mails[key] = Mail(key=key, copies=tuple(_in_order(everything)), stored=email)
    return list(mails.values())


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


@dataclass(frozen=True, slots=True)
class _Identity:
    """What two copies are compared by. `sender` is None where it is no SMTP address, and so says nothing."""

    key: str
    message_id: str | None
    sender: NormalAddress | None
    sent_at: datetime


def _identity(copy: Header | StoredEmail) -> _Identity:
    if isinstance(copy, Header):
        return _Identity(message_key(copy), message_id(copy), _smtp_sender(copy), sent_time(copy))
    sender = normalise(copy.from_address)
    known = is_smtp(sender) and copy.match_status != MatchStatus.REMOVED
    sent_at = _utc_second(copy.sent_at)
    return _Identity(copy.key, _bare_id(copy.internet_message_id), sender if known else None, sent_at)


def _agree(left: _Identity, right: _Identity) -> bool:
    mid = left.message_id
    if mid is None or mid != right.message_id:
        return False
    near = abs(left.sent_at - right.sent_at) <= SENT_WITHIN
    return near and (left.sender is None or right.sender is None or left.sender == right.sender)


def _may_be_from(email: StoredEmail, sender: NormalAddress | None) -> bool:
    return sender is None or _identity(email).sender in (None, sender)


def _by_sender(copies: Sequence[Header]) -> list[list[Header]]:
    """Split copies of one Message-ID, given in fixed order, into mails: by sender, then by two minutes."""
    spans: dict[NormalAddress | None, list[list[Header]]] = {}
    for copy in copies:
        own = spans.setdefault(_smtp_sender(copy), [])
        if own and sent_time(copy) - sent_time(own[-1][0]) <= SENT_WITHIN:
            own[-1].append(copy)
        else:
            own.append([copy])
    nameless = spans.pop(None, [])
    groups = [group for own in spans.values() for group in own]
    ends = [(sent_time(group[0]), sent_time(group[-1])) for group in groups]
    for copy in (copy for group in nameless for copy in group):
        sent = sent_time(copy)
        near = (
            (max(first - sent, sent - last), index)
            for index, (first, last) in enumerate(ends)
            if sent - first <= SENT_WITHIN and last - sent <= SENT_WITHIN
        )
        _, index = min(near, default=(SENT_WITHIN, len(groups)))
        if index == len(groups):
            groups.append([])
            ends.append((sent, sent))
        groups[index].append(copy)
        ends[index] = min(ends[index][0], sent), max(ends[index][1], sent)
    return groups


def _rank(email: StoredEmail, copy: Header, sender: NormalAddress | None) -> tuple[bool, timedelta, str]:
    return (
        sender is None or _identity(email).sender != sender,
        abs(_utc_second(email.sent_at) - sent_time(copy)),
        email.id,
    )


def _in_order(copies: Sequence[Header]) -> list[Header]:
    """Copies in the fixed order; most mail has one only, whose place in it need not be reckoned."""
    return list(copies) if len(copies) == 1 else sorted(copies, key=_copy_order)


def _copy_order(copy: Header) -> tuple[bool, datetime, str, datetime, str, str]:
    return (
        _smtp_sender(copy) is None,
        sent_time(copy),
        message_key(copy),
        copy.received_at,
        copy.mailbox,
        copy.id,
    )


def _smtp_sender(header: Header) -> NormalAddress | None:
    sender = sender_of(header)
    return sender if is_smtp(sender) else None


def _bare_id(mid: str | None) -> str | None:
    return (mid or "").strip().strip("<>").strip() or None


def _utc_second(instant: datetime) -> datetime:
    if instant.tzinfo is UTC and not instant.microsecond:
        return instant
    return instant.astimezone(UTC).replace(microsecond=0)
