"""Which mailbox gets which copy of a mail: of the demo's letters, and of mail that was imported from files."""

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from m365sandbox.firm.compose import mime_of
from m365sandbox.firm.letters import Letter
from m365sandbox.firm.people import display_and_address
from m365sandbox.graph.delivery.delivery import NewMessage
from m365sandbox.mail.mime import date_of, message_of

_OLDEST = timedelta(days=175)
_NEWEST = timedelta(hours=2)
#: How far back the settings of a new firm have mail read, and the time until the first run, by which that is less.
_BACKFILL_MONTHS, _START = 6, timedelta(hours=1)
_DELAY = timedelta(minutes=1)
#: A run reads what was received before it began.
_SETTLED = timedelta(seconds=1)
_TRANSPORT = timedelta(seconds=4)
# Where Teams keeps its copies of chats: hidden, outside the tree a person sees (Graph: list messages).
_CHAT_FOLDER = "TeamsMessagesData"
# An address that an Email field of Salesforce takes for certain.
_PLAIN_ADDRESS = re.compile(r"[a-z0-9][a-z0-9._%+'-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}")
_MAX_EMAIL = 80


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox of the firm, with every address (lower case) that reaches it."""

    upn: str
    addresses: frozenset[str]


def letter_deliveries(letters: Iterable[Letter], mailboxes: Sequence[Mailbox], now: datetime) -> Iterator[NewMessage]:
    """The copies of the demo's letters: the sender's in Sent Items, with Bcc, one in the inbox of each recipient."""
    for letter in letters:
        if letter.chat:
            yield from _chat(letter, mailboxes, now)
            continue
        yield from _own_copy(letter, mailboxes, now)
        if not letter.draft:
            yield from _received_copies(letter, mailboxes, now)


def _own_copy(letter: Letter, mailboxes: Sequence[Mailbox], now: datetime) -> Iterator[NewMessage]:
    sender = display_and_address(letter.sender)[1]
    raw = mime_of(letter, now, with_bcc=True)
    for box in mailboxes:
        if sender in box.addresses:
            message = {**message_of(raw), "isDraft": letter.draft, "isRead": True}
            yield NewMessage(box.upn, message, letter.sent(now), "drafts" if letter.draft else "sentitems")


def _received_copies(letter: Letter, mailboxes: Sequence[Mailbox], now: datetime) -> Iterator[NewMessage]:
    raw = mime_of(letter, now, with_bcc=False)
    reached = {display_and_address(who)[1] for who in (*letter.to, *letter.cc, *letter.bcc)}
    for box in mailboxes:
        if reached & box.addresses:
            yield NewMessage(box.upn, message_of(raw), letter.sent(now) + _TRANSPORT, letter.folder)


def _chat(letter: Letter, mailboxes: Sequence[Mailbox], now: datetime) -> Iterator[NewMessage]:
    """A chat has no Message-ID and no headers, and both sides hold a copy."""
    message = message_of(mime_of(letter, now, with_bcc=False))
    message |= {"internetMessageId": None, "internetMessageHeaders": []}
    there = {display_and_address(who)[1] for who in (letter.sender, *letter.to)}
    for box in mailboxes:
        if there & box.addresses:
            yield NewMessage(box.upn, dict(message), letter.sent(now), _CHAT_FOLDER)


def imported_deliveries(raws: Sequence[bytes], mailboxes: Sequence[Mailbox], now: datetime) -> Iterator[NewMessage]:
    """The copies of imported mail: in every mailbox that is in From, To or Cc, else in the next one in turn.

    Bcc stays only in a copy in Sent Items, as in a real mailbox.
    """
    turn = 0
    for raw, received in zip(raws, received_times([date_of(raw) for raw in raws], now), strict=True):
        message = message_of(raw)
        author = set(addresses_of(message, ("from",)))
        there = author.union(addresses_of(message, ("toRecipients", "ccRecipients")))
        reached = [box for box in mailboxes if there & box.addresses]
        if not reached:
            reached, turn = [mailboxes[turn % len(mailboxes)]], turn + 1
        for box in reached:
            if author & box.addresses:
                yield NewMessage(box.upn, message, received, "sentitems")
            else:
                yield NewMessage(box.upn, {**message, "bccRecipients": []}, received, "inbox")


def received_times(dates: Sequence[datetime | None], now: datetime) -> list[datetime]:
    """When imported mail with these Date headers is received.

    A minute after its Date where that lies in the backfill. What is older, has no Date or one in the future would never
    be read, or tell nothing: it is spread evenly from 175 days to 2 hours before now, in the order given.
    """
    oldest = _months_before(now, _BACKFILL_MONTHS) + _START
    dated = [date if date is not None and oldest <= date <= now else None for date in dates]
    last = max(1, dated.count(None) - 1)
    spread = (now - _OLDEST + (_OLDEST - _NEWEST) * (index / last) for index in count())
    return [next(spread) if date is None else min(date + _DELAY, max(date, now - _SETTLED)) for date in dated]


def _months_before(moment: datetime, months: int) -> datetime:
    """So many calendar months earlier, on the last day of a shorter month."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def addresses_of(message: dict[str, Any], members: Iterable[str]) -> Iterator[str]:
    """The addresses in these members of a message, lower case."""
    for member in members:
        value = message.get(member)
        for person in value if isinstance(value, list) else [value]:
            address = person["emailAddress"]["address"].strip().lower() if person else ""
            if address:
                yield address


def frequent_people(messages: Iterable[dict[str, Any]], internal: Sequence[str], most: int) -> list[tuple[str, str]]:
    """Address and name of those outside the internal domains who occur in most messages; ties in order of appearance.

    What an Email field of Salesforce would refuse cannot be a Contact's address, so it is passed over.
    """
    seen: Counter[str] = Counter()
    names: dict[str, str] = {}
    for message in messages:
        members = ("from", "toRecipients", "ccRecipients")
        for address in dict.fromkeys(addresses_of(message, members)):
            if fits_email_field(address) and not is_of(address, internal):
                seen[address] += 1
        names_of(message, members, names)
    return [(address, names.get(address, address)) for address, _ in seen.most_common(most)]


def fits_email_field(address: str) -> bool:
    """Whether a field of type Email takes the address for certain."""
    local = address.rpartition("@")[0]
    return (
        _PLAIN_ADDRESS.fullmatch(address) is not None
        and len(address) <= _MAX_EMAIL
        and ".." not in address
        and not local.endswith(".")
    )


def is_of(address: str, domains: Sequence[str]) -> bool:
    """Whether an address is on one of the domains, or below it."""
    domain = address.rpartition("@")[2]
    return any(domain == own or domain.endswith(f".{own}") for own in domains)


def names_of(message: dict[str, Any], members: Iterable[str], names: dict[str, str]) -> None:
    """Add the names of the people in these members of a message by their addresses; the first that is seen stays."""
    for member in members:
        value = message.get(member)
        for person in value if isinstance(value, list) else [value]:
            if person and person["emailAddress"]["name"] != person["emailAddress"]["address"]:
                names.setdefault(person["emailAddress"]["address"].strip().lower(), person["emailAddress"]["name"])
