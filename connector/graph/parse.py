"""Graph's JSON to models, pure. A bad item raises with its id, never its content."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connector.errors import MailboxError
from connector.http.answers import UNREADABLE
from connector.model.mail import Attachment, AttachmentKind, Content, Folder, Header, Listed, Meeting, Recipient
from connector.model.org import DirectoryUser
from connector.model.values import FolderId, GraphUserId, MessageId, RecordId

#: what the list call selects: headers only, so that mail which is not client mail never leaves Microsoft 365
HEADER_FIELDS = (
    "id,parentFolderId,receivedDateTime,sentDateTime,internetMessageId,conversationIndex,subject,"
    "from,sender,toRecipients,ccRecipients,bccRecipients,importance,categories,webLink,isDraft,hasAttachments"
)
#: what a sweep selects where the run has read the same range already
LISTED_FIELDS = "id,receivedDateTime"
#: what is fetched for a message that will be stored
CONTENT_FIELDS = "id,body,bodyPreview"
_PEOPLE = ("from", "sender", "toRecipients", "ccRecipients", "bccRecipients")
#: the time of a mail of which only its people are wanted
_NO_TIME = "1970-01-01T00:00:00Z"
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
FOLDER_FIELDS = "id,displayName,parentFolderId,isHidden,totalItemCount"
USER_FIELDS = "id,displayName,userPrincipalName,mail,proxyAddresses"


def instant(text: str) -> datetime:
    """An Edm.DateTimeOffset as an aware datetime in UTC, its fraction cut off. Raises ValueError."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError("a time without zone")
    return parsed.astimezone(UTC).replace(microsecond=0)


def header(mailbox: RecordId, item: Any) -> Header:
    """A message of a list. Raises MailboxError naming the id where the item cannot be read."""
    try:
        return Header(
            mailbox=mailbox,
            id=MessageId(_needed(item, "id")),
            folder=FolderId(_needed(item, "parentFolderId")),
            received_at=instant(_needed(item, "receivedDateTime")),
            sent_at=_optional_instant(_text(item, "sentDateTime")),
            internet_message_id=_text(item, "internetMessageId") or None,
            conversation_index=_text(item, "conversationIndex") or None,
            subject=_text(item, "subject"),
            from_=_recipient(item.get("from")),
            sender=_recipient(item.get("sender")),
            to=_recipients(item.get("toRecipients")),
            cc=_recipients(item.get("ccRecipients")),
            bcc=_recipients(item.get("bccRecipients")),
            importance=_text(item, "importance") or "normal",
            categories=_texts(item, "categories"),
            web_link=_text(item, "webLink"),
            is_draft=_flag(item, "isDraft"),
            has_attachments=_flag(item, "hasAttachments"),
            # a derived type is named even where members are selected
            is_meeting="eventmessage" in _text(item, "@odata.type").lower(),
        )
    except UNREADABLE as error:
        raise _bad_item(item, error) from error


def enclosed(mailbox: RecordId, message: MessageId, attachment: Any) -> Header | None:
    """The people of a mail that is attached to `message`; None for any other attachment. Raises MailboxError."""
    item = attachment.get("item") if isinstance(attachment, Mapping) else None
    if not isinstance(item, Mapping) or not str(item.get("@odata.type") or "").lower().endswith("message"):
        return None
    people = {name: item.get(name) for name in _PEOPLE}
    # it lies in no folder, but in the message
    return header(mailbox, {"id": message, "parentFolderId": message, "receivedDateTime": _NO_TIME, **people})


def _bad_item(item: Any, error: Exception) -> MailboxError:
    known = item.get("id") if isinstance(item, Mapping) else None
    return MailboxError(
        f"Graph listed a message that cannot be read ({type(error).__name__})",
        where=f"message {known or 'without id'}",
        remedy="Please report it; the mailbox is read again by the next run.",
        code="BAD_ITEM",
    )


def in_list(mailbox: RecordId, item: Any, start: datetime, *, ids_only: bool) -> Header | Listed:
    """A message of a list that begins at `start`; `Listed` where ids were asked for, or no more can be read of it.

    Raises MailboxError for an item without id.
    """
    if not ids_only:
        # what cannot be read is asked for by its id, and named if that cannot be read either
        with suppress(MailboxError):
            return header(mailbox, item)
    try:
        name = MessageId(_needed(item, "id"))
    except UNREADABLE as error:
        raise _bad_item(item, error) from error
    try:
        received = instant(_needed(item, "receivedDateTime"))
    except UNREADABLE:
        received = start
    return Listed(id=name, received_at=received)


def items(answer: Mapping[str, Any]) -> Sequence[Any]:
    """The `value` of a list. Raises MailboxError where it is missing: an empty list would end a window too early."""
    found = answer.get("value")
    if not isinstance(found, list):
        raise MailboxError(
            "Microsoft Graph answered a list without a value",
            remedy="The next run tries again; report it if it stays.",
            code="BAD_LIST",
        )
    return found


def link(answer: Mapping[str, Any]) -> str | None:
    """The nextLink of a list. Raises MailboxError where it is none."""
    found = answer.get("@odata.nextLink")
    if found is None or (isinstance(found, str) and found):
        return found
    raise MailboxError("Microsoft Graph answered a list whose link cannot be read", code="BAD_LIST")


def content_options(header: Header) -> tuple[str, ...]:
    """The query options of a message that will be stored. All of a meeting's: Graph takes none of its members in a
    $select of messages (microsoft-graph-docs#2018), and gives all without one."""
    return () if header.is_meeting else (f"$select={CONTENT_FIELDS}",)


def content(item: Mapping[str, Any]) -> Content:
    """The body of a message. Raises KeyError, TypeError or ValueError for what is not a message with a body."""
    _needed(item, "id")
    body = item["body"]
    if not isinstance(body, Mapping) or not isinstance(body.get("content"), str):
        raise TypeError("it has no body")
    return Content(
        html=body["content"],
        is_html=(_text(body, "contentType") or "html").lower() == "html",
        preview=_text(item, "bodyPreview"),
        meeting=_meeting(item),
    )


def _meeting(item: Mapping[str, Any]) -> Meeting | None:
    """What a meeting's mail says of it; None for other mail, and where it cannot be read: the text stands without."""
    try:
        kind = _text(item, "meetingMessageType")
        location, proposed = item.get("location") or {}, item.get("proposedNewTime") or {}
        if not kind:
            return None
        return Meeting(
            kind=kind,
            start=_moment(item.get("startDateTime")),
            end=_moment(item.get("endDateTime")),
            is_all_day=_flag(item, "isAllDay"),
            location=_text(location, "displayName"),
            proposed_start=_moment(proposed.get("start")),
            proposed_end=_moment(proposed.get("end")),
        )
    except (*UNREADABLE, OverflowError):
        return None


def _moment(value: Any) -> datetime | None:
    """A dateTimeTimeZone in UTC; None where there is none, or in a zone that is not known."""
    text = _text(value, "dateTime") if value else ""
    if not text:
        return None
    # seven digits of a fraction
    local = datetime.fromisoformat(text.partition(".")[0].removesuffix("Z")).replace(tzinfo=None)
    if not _FIRST_YEAR <= local.year <= _LAST_YEAR:  # no time of a meeting, and some zones have no such date
        return None
    zone = _text(value, "timeZone") or "UTC"
    try:
        return local.replace(tzinfo=UTC if zone.upper() == "UTC" else ZoneInfo(zone)).astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def attachment(item: Any) -> Attachment:
    """An attachment of a list. Raises KeyError, TypeError or ValueError where it cannot be read."""
    kind = _text(item, "@odata.type").lower()
    kinds = {"itemattachment": AttachmentKind.ITEM, "referenceattachment": AttachmentKind.REFERENCE}
    size = item.get("size")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int)):
        raise TypeError("its size is no number")
    return Attachment(
        id=_needed(item, "id"),
        # "#microsoft.graph.fileAttachment", with or without the number sign
        kind=kinds.get(kind.rpartition(".")[2], AttachmentKind.FILE),
        name=_text(item, "name"),
        content_type=_text(item, "contentType"),
        size=size or 0,
        is_inline=_flag(item, "isInline"),
        content_id=_text(item, "contentId").strip().removeprefix("<").removesuffix(">"),
    )


def folder(item: Any, well_known: str | None = None) -> Folder:
    """A mail folder of an answer. Raises MailboxError where it cannot be read."""
    try:
        parent, items = _text(item, "parentFolderId"), item.get("totalItemCount")
        return Folder(
            id=FolderId(_needed(item, "id")),
            parent=FolderId(parent) if parent else None,
            name=_text(item, "displayName"),
            hidden=_flag(item, "isHidden"),
            well_known=well_known,
            items=items if isinstance(items, int) else None,
        )
    except UNREADABLE as error:
        raise MailboxError(
            f"Graph showed a folder that cannot be read ({type(error).__name__})",
            remedy="The next run tries again; report it if it stays.",
            code="BAD_FOLDER",
        ) from error


def listed_folder(item: Any) -> Folder | None:
    """A folder of the list of all; None for one that is not there any more, or cannot be read."""
    try:
        return None if isinstance(item, Mapping) and "@removed" in item else folder(item)
    except MailboxError:
        return None


def directory_user(item: Any, purpose: str) -> DirectoryUser:
    """A user with its smtp addresses, the primary one first, in lower case. Raises MailboxError."""
    try:
        smtp = [address for address in _texts(item, "proxyAddresses") if address[:5].lower() == "smtp:"]
        smtp.sort(key=lambda address: not address.startswith("SMTP:"))
        mail, name, key = _text(item, "mail"), _text(item, "userPrincipalName"), _needed(item, "id")
    except UNREADABLE as error:
        raise MailboxError(
            f"Graph showed a user that cannot be read ({type(error).__name__})",
            remedy="The next run tries again; report it if it stays.",
            code="BAD_USER",
        ) from error
    addresses = [mail, *(address[5:] for address in smtp), name]
    return DirectoryUser(
        id=GraphUserId(key),
        user_principal_name=name,
        mail=mail,
        addresses=tuple(dict.fromkeys(address.lower() for address in addresses if address)),
        purpose=purpose,
    )


def purpose(answer: Mapping[str, Any]) -> str:
    """userPurpose: `{"value": "user"}`, or the nested form that published samples show."""
    value = answer.get("value")
    if isinstance(value, Mapping):
        value = value.get("value")
    return value if isinstance(value, str) and value else "user"


def _optional_instant(text: str) -> datetime | None:
    return instant(text) if text else None


def _needed(item: Any, name: str) -> str:
    """A text that has to be there. Raises KeyError, TypeError."""
    value = item[name]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} is no text")
    return value


def _text(item: Any, name: str) -> str:
    """A text, empty where there is none. Raises TypeError for a value of another kind."""
    value = item.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _texts(item: Any, name: str) -> tuple[str, ...]:
    """A list of texts, empty ones left out. Raises TypeError."""
    value = item.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(each is None or isinstance(each, str) for each in value):
        raise TypeError(f"{name} is no list of texts")
    return tuple(each for each in value if each)


def _flag(item: Any, name: str) -> bool:
    """True or false; false where there is none. Raises TypeError."""
    value = item.get(name)
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} is neither true nor false")
    return bool(value)


def _recipient(value: Any) -> Recipient | None:
    if value is None or (address := value.get("emailAddress")) in (None, {}):
        return None
    return Recipient(name=_text(address, "name"), address=_text(address, "address"))


def _recipients(values: Any) -> tuple[Recipient, ...]:
    if values is None:
        return ()
    if not isinstance(values, list):
        raise TypeError("the recipients are no list")
    return tuple(recipient for value in values if (recipient := _recipient(value)) is not None)
