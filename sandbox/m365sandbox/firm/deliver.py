"""Which mailbox gets which copy of a mail: of the demo's letters, and of mail that was imported from files."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from m365sandbox.firm.compose import mime_of
from m365sandbox.firm.letters import Letter
from m365sandbox.firm.people import display_and_address
from m365sandbox.graph.delivery.delivery import NewMessage
from m365sandbox.mail.mime import message_of

_OLDEST = timedelta(days=175)
_NEWEST = timedelta(hours=2)
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

    Received times are spread evenly from 175 days to 2 hours before now: the mail itself is older than any backfill.
    Bcc stays only in a copy in Sent Items, as in a real mailbox.
    """
    turn = 0
    span = _OLDEST - _NEWEST
    for index, raw in enumerate(raws):
        message = message_of(raw)
        received = now - _OLDEST + span * (index / max(1, len(raws) - 1))
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


def addresses_of(message: dict[str, Any], members: Iterable[str]) -> Iterator[str]:
    """The addresses in these members of a message, lower case."""
    for member in members:
        value = message.get(member)
        for person in value if isinstance(value, list) else [value]:
            address = person["emailAddress"]["address"].strip().lower() if person else ""
            if address:
                yield address


def frequent_people(messages: Iterable[dict[str, Any]], internal: Sequence[str], count: int) -> list[tuple[str, str]]:
    """Address and name of those outside the internal domains who occur in most messages; ties in order of appearance.

    What an Email field of Salesforce would refuse cannot be a Contact's address, so it is passed over.
    """
    seen: Counter[str] = Counter()
    names: dict[str, str] = {}
    for message in messages:
        members = ("from", "toRecipients", "ccRecipients")
        for address in dict.fromkeys(addresses_of(message, members)):
            if _PLAIN_ADDRESS.fullmatch(address) and len(address) <= _MAX_EMAIL and not _is_internal(address, internal):
                seen[address] += 1
        _note_names(message, members, names)
    return [(address, names.get(address, address)) for address, _ in seen.most_common(count)]


def _is_internal(address: str, internal: Sequence[str]) -> bool:
    domain = address.rpartition("@")[2]
    return any(domain == own or domain.endswith(f".{own}") for own in internal)


def _note_names(message: dict[str, Any], members: Iterable[str], names: dict[str, str]) -> None:
    for member in members:
        value = message.get(member)
        for person in value if isinstance(value, list) else [value]:
            if person and person["emailAddress"]["name"] != person["emailAddress"]["address"]:
                names.setdefault(person["emailAddress"]["address"].strip().lower(), person["emailAddress"]["name"])
