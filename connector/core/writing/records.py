"""Step 6: what a mail should be in Salesforce: its own row, its participants, its Tasks. All text fits its field."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connector.core.deciding.address import normalise
from connector.core.deciding.identity import message_id, sender_of
from connector.core.deciding.match import Match
from connector.core.writing.attachments import Sorted
from connector.core.writing.body import Body, preview
from connector.core.writing.children import TEXT_LIMIT, Parent, address_of, insert_row, kept, participants, tasks
from connector.core.writing.text import clean, cut, join_addresses, one_line, units
from connector.model.mail import Direction, Header, Recipient
from connector.model.org import ClientObject, Org, SyncSettings
from connector.model.records import DesiredEmail, MatchStatus
from connector.model.values import NormalAddress, RecordId

NO_SUBJECT = "(no subject)"
_NAME_LIMIT = 80
#: The long text areas hold 32,768; Salesforce counts a line end as two.
_ADDRESSES_LIMIT = 32_000
#: conversationIndex begins with 6 bytes of time and the 16 of the thread's GUID; each reply adds 5 bytes behind them.
_THREAD_BYTES = 22


def build(
    *,
    copies: Sequence[Header],
    key: str,
    chosen: Header,
    body: Body | None,
    matches: Sequence[Match],
    settings: SyncSettings,
    org: Org,
    owner: RecordId,
    event_key: str,
    sent_at: datetime,
    created_at: datetime,
    direction: Direction,
    attachments: Sorted | None = None,
    record: RecordId | None = None,
) -> DesiredEmail:
    """The rows of one mail, each with all its fields for an insert.

    `copies` are all known copies of the mail; `chosen` is the one whose mailbox, id and link are recorded. `body` is
    None where the mail is stored already and its body was not fetched. `key` is that of the stored row, if there is
    one, and `record` its id. `attachments` is None where they were not listed. Values are datetimes and dates as such;
    a field without a value is left out.
    """
    audit = {
        "CreatedDate": created_at,
        "CreatedById": owner,
        "LastModifiedDate": created_at,
        "LastModifiedById": owner,
    }
    parent = Parent(
        key=key,
        subject=cut(subject_of(chosen), TEXT_LIMIT),
        sent_at=sent_at,
        sent_on=org_date(sent_at, org),
        direction=direction,
        owner=owner,
        preview=preview(chosen),
        link=address_of(org, key, record),
        audit=audit,
    )
    matched = any(matches)
    matches, left = kept(matches)
    status: dict[str, Any] = {"Match_Status__c": MatchStatus.MATCHED if matched else MatchStatus.UNMATCHED}
    if not matched:
        status["Expires_On__c"] = expires_on(chosen.received_at, settings, org)
    files = _noting(attachments.fields, left) if attachments is not None else {}
    fields = {**_mail(parent, chosen, copies), **_body(body), **files, **_origin(chosen, event_key), **status}
    return DesiredEmail(
        email=insert_row("Email__c", "Message_Key__c", key, {**fields, "OwnerId": owner, **audit}),
        participants=participants(parent, matches),
        tasks=tasks(parent, matches, org) if matched and settings.create_tasks else (),
        matched=matched,
        sort_key=_sort_key(matches) or key,
    )


def owner_of(copies: Sequence[Header], linked: Mapping[NormalAddress, RecordId], fallback: RecordId) -> RecordId:
    """The user whose mail this is: the sender if linked, else the first linked recipient in To, then Cc.

    `fallback`, the user of the mailbox that was read, where none of them is linked. `linked` maps every address of
    every linked mailbox to its user. The same whichever copy comes first.
    """
    ordered = sorted(copies, key=lambda copy: (copy.mailbox, copy.id))
    for recipient in _in_order_of_ownership(ordered):
        user = linked.get(normalise(recipient.address))
        if user is not None:
            return user
    return fallback


def direction_of(header: Header, is_internal: Callable[[NormalAddress], bool]) -> Direction:
    """Outbound where the sender is one of us: a linked mailbox, an internal domain, or a name without `@`."""
    sender = sender_of(header)
    if sender and ("@" not in sender or is_internal(sender)):
        return Direction.OUTBOUND
    return Direction.INBOUND


def org_date(instant: datetime, org: Org) -> date:
    """The date of `instant` in the org's time zone."""
    return instant.astimezone(ZoneInfo(org.time_zone)).date()


def expires_on(received_at: datetime, settings: SyncSettings, org: Org) -> date:
    """The last day on which an unmatched mail is kept."""
    return org_date(received_at, org) + timedelta(days=settings.unmatched_retention_days)


def subject_of(header: Header) -> str:
    """The subject on one line, never empty."""
    return one_line(clean(header.subject)) or NO_SUBJECT


def conversation_key(header: Header) -> str | None:
    """Conversation_Key__c: what conversationIndex has in common in all copies and replies of a thread.

    conversationId will not do: it holds the GUID of the mailbox it was read from.
    """
    try:
        index = base64.b64decode(header.conversation_index or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return index[:_THREAD_BYTES].hex() if len(index) >= _THREAD_BYTES else None


def _in_order_of_ownership(copies: Sequence[Header]) -> Iterator[Recipient]:
    for copy in copies:
        yield from filter(None, (copy.from_, copy.sender))
    for copy in copies:
        yield from copy.to
    for copy in copies:
        yield from copy.cc


def _noting(files: Mapping[str, Any], left: int) -> Mapping[str, Any]:
    """The fields on files; with `left`, the last line of the notes says how many people got no row. Not before the
    fields are final: what stands there is not written again."""
    if not left or not files:
        return files
    line = f"… and {left} more participants, who have no row of their own"
    return {**files, "Attachment_Notes__c": "\n".join(filter(None, (files["Attachment_Notes__c"], line)))}


def _mail(parent: Parent, chosen: Header, copies: Sequence[Header]) -> dict[str, Any]:
    """The fields of the mail itself: subject, people, times, preview and keys."""
    everyone = (chosen, *copies)
    sender = _sender(everyone)
    return {
        "Name": cut(subject_of(chosen), _NAME_LIMIT),
        "Subject__c": parent.subject,
        "From_Address__c": cut(one_line(clean(sender.address)), TEXT_LIMIT) or None,
        "From_Name__c": cut(one_line(clean(sender.name)), TEXT_LIMIT) or None,
        "To__c": _addresses(next((copy.to for copy in everyone if copy.to), ())),
        "Cc__c": _addresses(next((copy.cc for copy in everyone if copy.cc), ())),
        "Bcc__c": _addresses(recipient for copy in everyone for recipient in copy.bcc),
        "Sent_At__c": parent.sent_at,
        "Received_At__c": chosen.received_at,
        "Direction__c": parent.direction.value,
        "Preview__c": parent.preview or None,
        "Importance__c": _importance(chosen),
        "Message_Key__c": parent.key,
        "Internet_Message_Id__c": cut(clean(message_id(chosen) or ""), TEXT_LIMIT) or None,
        "Conversation_Key__c": conversation_key(chosen),
    }


def _origin(chosen: Header, event_key: str) -> dict[str, Any]:
    """The fields that name the mailbox, the message and the run by which the mail was read."""
    link = clean(chosen.web_link).strip()
    return {
        # a URL or an id that is cut leads nowhere
        "Web_Link__c": link if link and units(link) <= TEXT_LIMIT else None,
        "Graph_Message_Id__c": chosen.id if units(chosen.id) <= TEXT_LIMIT else None,
        "Mailbox__c": chosen.mailbox,
        "Sync_Event__r": {"Run_Key__c": event_key},
    }


def _body(body: Body | None) -> dict[str, Any]:
    return {} if body is None else {"Body__c": body.html or None, "Body_Truncated__c": body.truncated}


def _sender(copies: Iterable[Header]) -> Recipient:
    """From, or Sender where From is empty; rather with an SMTP address, which not every copy has (Exchange).

    Where none has an address at all, as in some bounces, the name tells who it was.
    """
    pairs = [[who for who in (copy.from_, copy.sender) if who is not None] for copy in copies]
    known = [who for pair in pairs if (who := next((each for each in pair if each.address.strip()), None))]
    smtp = (who for who in known if "@" in who.address)
    names = (who for pair in pairs for who in pair if who.name.strip())
    return next(smtp, known[0] if known else next(names, Recipient()))


def _addresses(recipients: Iterable[Recipient]) -> str | None:
    once: dict[str, Recipient] = {}
    for recipient in recipients:
        once.setdefault(normalise(recipient.address) or recipient.name, recipient)
    return join_addresses([*once.values()], _ADDRESSES_LIMIT) or None


def _importance(header: Header) -> str:
    given = header.importance.capitalize()
    return given if given in ("Low", "High") else "Normal"


def _sort_key(matches: Sequence[Match]) -> str:
    """The first Account, else the first Contact: the records that a Task locks."""
    hits = [hit for match in matches for hit in (*match.contacts, *match.accounts)]
    accounts = (hit.id if hit.object == ClientObject.ACCOUNT else hit.account for hit in hits)
    return next(filter(None, accounts), hits[0].id if hits else "")
