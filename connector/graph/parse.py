"""Graph's JSON to models, pure. A bad item raises with its id, never its content."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.errors import MailboxError
from connector.model.mail import Attachment, AttachmentKind, Content, Folder, Header, Listed, Recipient
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
FOLDER_FIELDS = "id,displayName,parentFolderId,isHidden,totalItemCount"
USER_FIELDS = "id,displayName,userPrincipalName,mail,proxyAddresses"


def instant(text: str) -> datetime:
    """An Edm.DateTimeOffset as an aware datetime in UTC, its fraction cut off. Raises ValueError."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError("a time without zone")
    return parsed.astimezone(UTC).replace(microsecond=0)


def header(mailbox: RecordId, item: Mapping[str, Any]) -> Header:
    """A message of a list. Raises MailboxError naming the id where the item cannot be read."""
    try:
        return Header(
            mailbox=mailbox,
            id=MessageId(item["id"]),
            folder=FolderId(item["parentFolderId"]),
            received_at=instant(item["receivedDateTime"]),
            sent_at=_optional_instant(item.get("sentDateTime")),
            internet_message_id=item.get("internetMessageId") or None,
            conversation_index=item.get("conversationIndex") or None,
            subject=item.get("subject") or "",
            from_=_recipient(item.get("from")),
            sender=_recipient(item.get("sender")),
            to=_recipients(item.get("toRecipients")),
            cc=_recipients(item.get("ccRecipients")),
            bcc=_recipients(item.get("bccRecipients")),
            importance=item.get("importance") or "normal",
            categories=tuple(item.get("categories") or ()),
            web_link=item.get("webLink") or "",
            is_draft=bool(item.get("isDraft")),
            has_attachments=bool(item.get("hasAttachments")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        # OverflowError: year 1 or 9999 with an offset has no equal in UTC
        raise _bad_item(item, error) from error


def enclosed(mailbox: RecordId, message: MessageId, attachment: Any) -> Header | None:
    """The people of a mail that is attached to `message`; None for any other attachment. Raises MailboxError."""
    item = attachment.get("item") if isinstance(attachment, Mapping) else None
    if not isinstance(item, Mapping) or not str(item.get("@odata.type") or "").lower().endswith("message"):
        return None
    people = {name: item.get(name) for name in _PEOPLE}
    return header(mailbox, {"id": message, "parentFolderId": "", "receivedDateTime": _NO_TIME, **people})


def _bad_item(item: Any, error: Exception) -> MailboxError:
    known = item.get("id") if isinstance(item, Mapping) else None
    return MailboxError(
        f"Graph listed a message that cannot be read ({type(error).__name__})",
        where=f"message {known or 'without id'}",
        remedy="Please report it; the mailbox is read again by the next run.",
        code="BAD_ITEM",
    )


def listed(item: Mapping[str, Any]) -> Listed:
    """The id and time of a message of a list. Raises MailboxError where the item cannot be read."""
    try:
        return Listed(id=MessageId(item["id"]), received_at=instant(item["receivedDateTime"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _bad_item(item, error) from error


def content(item: Mapping[str, Any]) -> Content:
    """The body of a message; empty where it has none."""
    body = item.get("body") or {}
    return Content(
        html=body.get("content") or "",
        is_html=(body.get("contentType") or "html").lower() == "html",
        preview=item.get("bodyPreview") or "",
    )


def attachment(item: Mapping[str, Any]) -> Attachment:
    """An attachment of a list. Raises KeyError, TypeError or ValueError where it cannot be read."""
    kind = str(item.get("@odata.type") or "").lower()
    kinds = {"itemattachment": AttachmentKind.ITEM, "referenceattachment": AttachmentKind.REFERENCE}
    return Attachment(
        id=str(item["id"]),
        # "#microsoft.graph.fileAttachment", with or without the number sign
        kind=kinds.get(kind.rpartition(".")[2], AttachmentKind.FILE),
        name=item.get("name") or "",
        content_type=item.get("contentType") or "",
        size=int(item.get("size") or 0),
        is_inline=bool(item.get("isInline")),
    )


def folder(item: Mapping[str, Any], well_known: str | None = None) -> Folder:
    """A mail folder of an answer. Raises KeyError where it has no id."""
    parent, items = item.get("parentFolderId"), item.get("totalItemCount")
    return Folder(
        id=FolderId(item["id"]),
        parent=FolderId(parent) if parent else None,
        name=item.get("displayName") or "",
        hidden=bool(item.get("isHidden")),
        well_known=well_known,
        items=items if isinstance(items, int) else None,
    )


def directory_user(item: Mapping[str, Any], purpose: str) -> DirectoryUser:
    """A user with its smtp addresses, the primary one first, in lower case."""
    proxies: Sequence[str] = item.get("proxyAddresses") or ()
    smtp = [address for address in proxies if address[:5].lower() == "smtp:"]
    smtp.sort(key=lambda address: not address.startswith("SMTP:"))
    mail = item.get("mail") or ""
    addresses = [mail, *(address[5:] for address in smtp), item.get("userPrincipalName") or ""]
    return DirectoryUser(
        id=GraphUserId(item["id"]),
        user_principal_name=item.get("userPrincipalName") or "",
        mail=mail,
        addresses=tuple(dict.fromkeys(address.lower() for address in addresses if address)),
        purpose=purpose,
    )


def purpose(answer: Mapping[str, Any]) -> str:
    """userPurpose: `{"value": "user"}`, or the nested form that published samples show."""
    value = answer.get("value")
    if isinstance(value, Mapping):
        value = value.get("value")
    return str(value or "user")


def _optional_instant(text: str | None) -> datetime | None:
    return instant(text) if text else None


def _recipient(value: Mapping[str, Any] | None) -> Recipient | None:
    if not value or not (address := value.get("emailAddress")):
        return None
    return Recipient(name=address.get("name") or "", address=address.get("address") or "")


def _recipients(values: Sequence[Mapping[str, Any]] | None) -> tuple[Recipient, ...]:
    return tuple(recipient for value in values or () if (recipient := _recipient(value)) is not None)
