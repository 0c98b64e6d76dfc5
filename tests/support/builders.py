"""Small builders: a test names what matters to it, the rest is a plain client mail of an invented firm."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from connector.core.deciding import identity
from connector.model.mail import Header, Recipient
from connector.model.org import Exclusion, ExclusionType, Mailbox, SyncSettings
from connector.model.records import MatchStatus, StoredEmail
from connector.model.values import FolderId, GraphUserId, MessageId, RecordId

#: the instant that tests call now
NOW = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
_numbers = count(1)


def at(seconds: float = 0, *, days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
    """`NOW` and so much later (or earlier, if negative)."""
    return NOW + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def recipient(value: "str | Recipient") -> Recipient:
    """A Recipient from `address` or `Name <address>`."""
    if isinstance(value, Recipient):
        return value
    name, opening, rest = value.partition(" <")
    return Recipient(name=name, address=rest.rstrip(">")) if opening else Recipient(address=value)


def header(
    *,
    from_: "str | Recipient | None" = "client@client.example",
    sender: "str | Recipient | None" = None,
    to: "tuple[str | Recipient, ...] | list[str] | str" = ("adviser@firm.example",),
    cc: "tuple[str | Recipient, ...] | list[str] | str" = (),
    bcc: "tuple[str | Recipient, ...] | list[str] | str" = (),
    message_id: "str | None" = "",
    received_at: datetime = NOW,
    sent_at: "datetime | None" = NOW,
    mailbox: str = "a0M000000000001AAA",
    id: str = "",
    folder: str = "inbox",
    **more: Any,
) -> Header:
    """A message in a mailbox's list. `message_id=""` makes a fresh Message-ID, None leaves it out."""
    number = next(_numbers)
    return Header(
        mailbox=RecordId(mailbox),
        id=MessageId(id or f"AAkALgAA{number}"),
        folder=FolderId(folder),
        internet_message_id=f"<{number}@client.example>" if message_id == "" else message_id,
        received_at=received_at,
        sent_at=sent_at,
        from_=None if from_ is None else recipient(from_),
        sender=None if sender is None else recipient(sender),
        to=_recipients(to),
        cc=_recipients(cc),
        bcc=_recipients(bcc),
        **more,
    )


def _recipients(values: "tuple[str | Recipient, ...] | list[str] | str") -> tuple[Recipient, ...]:
    return tuple(recipient(value) for value in ([values] if isinstance(values, str) else values))


def mailbox(**fields: Any) -> Mailbox:
    """A linked personal mailbox that has not been read yet."""
    defaults: dict[str, Any] = {
        "id": RecordId("a0M000000000001AAA"),
        "name": "Ada Adviser",
        "email": "adviser@firm.example",
        "user_principal_name": "adviser@firm.example",
        "graph_user_id": GraphUserId("00000000-0000-4000-8000-000000000001"),
        "user": RecordId("005000000000001AAA"),
        "aliases": ("adviser@firm.example",),
    }
    return Mailbox(**{**defaults, **fields})


def exclusion(pattern: str, type: "ExclusionType | str" = ExclusionType.EXTERNAL_ADDRESS, **fields: Any) -> Exclusion:
    """A rule; personal ones belong to the builder mailbox's user unless `user` is given."""
    number = next(_numbers)
    kind = ExclusionType(type)
    defaults: dict[str, Any] = {"id": RecordId(f"a0X{number:012d}AAA"), "name": f"EX-{number:04d}"}
    if kind is ExclusionType.PERSONAL_ADDRESS:
        defaults["user"] = RecordId("005000000000001AAA")
    return Exclusion(**{**defaults, "type": kind, "pattern": pattern, **fields})


def internal(pattern: str = "firm.example", **fields: Any) -> Exclusion:
    """An Internal Domain rule."""
    return exclusion(pattern, ExclusionType.INTERNAL_DOMAIN, **fields)


def settings(**fields: Any) -> SyncSettings:
    """The settings record, active, with the defaults of the object."""
    return SyncSettings(**{"id": RecordId("a0S000000000001AAA"), "active": True, **fields})


def stored(**fields: Any) -> StoredEmail:
    """A row of Email__c as a look-up finds it."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "id": RecordId(f"a0E{number:012d}AAA"),
        "key": f"{number:032x}",
        "internet_message_id": f"{number}@client.example",
        "graph_message_id": f"AAkALgAA{number}",
        "mailbox": RecordId("a0M000000000001AAA"),
        "from_address": "client@client.example",
        "sent_at": NOW,
        "owner": RecordId("005000000000001AAA"),
        "match_status": MatchStatus.MATCHED,
    }
    return StoredEmail(**{**defaults, **fields})


def as_stored(mail: identity.Mail, **fields: Any) -> StoredEmail:
    """The row by which a run stores a mail, from its first copy."""
    copy = mail.copies[0]
    senders = [identity.sender_of(each) for each in mail.copies]
    shown = {
        name: "; ".join(f"{one.name} <{one.address}>" if one.name else one.address for one in people)
        for name, people in (("To__c", copy.to), ("Cc__c", copy.cc))
    }
    return stored(
        **{
            "key": mail.key,
            "internet_message_id": identity.message_id(copy),
            "graph_message_id": copy.id,
            "mailbox": copy.mailbox,
            "from_address": next((sender for sender in senders if "@" in sender), senders[0]),
            "sent_at": identity.sent_time(copy),
            "subject": copy.subject,
            "fields": shown,
            **fields,
        }
    )
