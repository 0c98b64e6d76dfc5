"""A message and its parts as Graph shows them, and what its headers decide. Frozen, keyword-only, times in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connector.codes import Outcome
from connector.errors import MessageError
from connector.model.values import FolderId, MessageId, NormalAddress, RecordId, require_aware


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A name and an address as Graph gives them: unnormalised, either may be empty, the address may not be SMTP."""

    name: str = ""
    address: str = ""


class Role(StrEnum):
    """Values of Email_Participant__c.Role__c, in the order in which the first that applies wins."""

    FROM = "From"
    TO = "To"
    CC = "Cc"
    BCC = "Bcc"


class Direction(StrEnum):
    """Values of Direction__c. Outbound: the sender is a linked mailbox or on an internal domain."""

    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A message as the list call shows it: headers only. Times in UTC, whole seconds.

    `preview` is empty until the body was fetched: it is a part of it, and bodies of other mail are never asked for.
    """

    mailbox: RecordId
    id: MessageId
    folder: FolderId
    received_at: datetime
    sent_at: datetime | None = None
    internet_message_id: str | None = None
    conversation_index: str | None = None
    subject: str = ""
    from_: Recipient | None = None
    sender: Recipient | None = None
    to: tuple[Recipient, ...] = ()
    cc: tuple[Recipient, ...] = ()
    bcc: tuple[Recipient, ...] = ()
    preview: str = ""
    importance: str = "normal"
    categories: tuple[str, ...] = ()
    web_link: str = ""
    is_draft: bool = False
    has_attachments: bool = False
    is_meeting: bool = False

    def __post_init__(self) -> None:
        require_aware(self.received_at, self.sent_at)


class AttachmentKind(StrEnum):
    """A file, another item of Outlook (a mail, an appointment, a contact), or a mere link to a file in the cloud."""

    FILE = "file"
    ITEM = "item"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment as the list shows it. `size` includes what the mailbox adds, so it is not that of the file.

    `is_inline` is what the sender's program said; `is_shown`: the text of the mail shows it. `part`: it is not listed
    by itself, but stands as that part in the attachment `id`, whose size is then `size`.
    """

    id: str
    kind: AttachmentKind
    name: str
    content_type: str = ""
    size: int = 0
    is_inline: bool = False
    content_id: str = ""
    is_shown: bool = False
    part: int | None = None

    @property
    def media_type(self) -> str:
        """Its type without parameters, in small letters."""
        return self.content_type.partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What a mail says of a meeting: `kind` as Graph calls it (meetingRequest, …), times in UTC, where known.

    The midnights of one that lasts whole days are those of its calendar, in no zone.
    """

    kind: str
    start: datetime | None = None
    end: datetime | None = None
    is_all_day: bool = False
    location: str = ""
    proposed_start: datetime | None = None
    proposed_end: datetime | None = None

    def __post_init__(self) -> None:
        require_aware(*filter(None, (self.start, self.end, self.proposed_start, self.proposed_end)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The body of a message as Graph gives it, unsanitised, and the start of its text.

    `attachments` is None where they were not listed, an error where they could not be.
    """

    html: str
    is_html: bool = True
    preview: str = ""
    meeting: Meeting | None = None
    attachments: tuple[Attachment, ...] | MessageError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A mail folder: `parent` is None at the root of the mailbox; `well_known` is Graph's name for it, if we asked.

    `items` counts what lies in it, mail or not, without the folders below; None where Graph did not say.
    """

    id: FolderId
    parent: FolderId | None
    name: str = ""
    hidden: bool = False
    well_known: str | None = None
    items: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTree:
    """All folders that mailFolders/delta shows, by id, with the well-known ones named."""

    folders: Mapping[FolderId, Folder]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A message of which only the id and the received time were asked for (UTC, whole seconds)."""

    id: MessageId
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A message that is there and could not be read, or by name a second of received time (`core.reading.ladder`)."""

    id: MessageId
    received_at: datetime | None
    error: MessageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a message list. `link` is the nextLink; `served_at` the Date of the answer (UTC).

    `headers` are `Listed` where only ids were asked for, and for a message of which no more could be read. `tree`: the
    folder tree, where it was asked for along with the page.
    """

    headers: tuple[Header | Listed, ...]
    link: str | None
    served_at: datetime
    tree: FolderTree | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the headers say about a message: its outcome, if they settle it, and which rule said so.

    `outcome` is None for a message that goes on to matching; `addresses` are then its external, not excluded
    addresses with their role and name, in the order of the headers.
    """

    outcome: Outcome | None
    rule: str = ""
    rule_id: RecordId | None = None
    addresses: tuple["Party", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An external address that takes part in a mail, once, with the first role that applies."""

    address: NormalAddress
    name: str
    role: Role
