"""The vocabulary: mailbox, message, exclusion, match, row. Frozen, keyword-only; datetimes are aware and in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NewType

from connector.errors import MessageError
from connector.events import ErrorStatus, MailboxStatus, Outcome

#: 18-character Salesforce record id
RecordId = NewType("RecordId", str)
#: id of a user in Microsoft Graph (a GUID)
GraphUserId = NewType("GraphUserId", str)
#: immutable id of a message in Microsoft Graph; case-sensitive
MessageId = NewType("MessageId", str)
#: where a message is: its mailbox's row, and its id there
Place = tuple[RecordId, MessageId]
#: id of a mail folder; does not depend on ImmutableId
FolderId = NewType("FolderId", str)
#: an address after `core.address.normalise`
NormalAddress = NewType("NormalAddress", str)


def require_aware(*instants: datetime | None) -> None:
    """Raise ValueError for a datetime without a zone: naive times are how mail is lost twice a year."""
    for instant in instants:
        if instant is not None and instant.utcoffset() is None:
            raise ValueError("a datetime needs a time zone")


def whole_second(instant: datetime) -> datetime:
    """`instant` in UTC with its fraction cut off: received times are compared in whole seconds only."""
    require_aware(instant)
    return instant.astimezone(UTC).replace(microsecond=0)


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
    conversation_id: str | None = None
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

    def __post_init__(self) -> None:
        require_aware(self.received_at, self.sent_at)


class AttachmentKind(StrEnum):
    """A file, another item of Outlook (a mail, an appointment, a contact), or a mere link to a file in the cloud."""

    FILE = "file"
    ITEM = "item"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment as the list shows it. `size` includes what the mailbox adds, so it is not that of the file."""

    id: str
    kind: AttachmentKind
    name: str
    content_type: str = ""
    size: int = 0
    is_inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The body of a message as Graph gives it, unsanitised, and the start of its text.

    `attachments` is None where there was no reason to list them, an error where they could not be listed.
    """

    html: str
    is_html: bool = True
    preview: str = ""
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
class Page:
    """One page of a message list. `link` is the nextLink; `served_at` the Date of the answer (UTC)."""

    headers: tuple[Header, ...]
    link: str | None
    served_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryUser:
    """A user of the tenant. `addresses`: all smtp addresses, primary first. `purpose` is Graph's userPurpose."""

    id: GraphUserId
    user_principal_name: str
    mail: str
    addresses: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A row of MS_Graph_User__c. `aliases` in lower case. Timestamps are the mailbox's whole state."""

    id: RecordId
    name: str = ""
    email: str = ""
    user_principal_name: str = ""
    graph_user_id: GraphUserId | None = None
    user: RecordId | None = None
    user_active: bool = True
    shared: bool = False
    active: bool = True
    aliases: tuple[str, ...] = ()
    status: MailboxStatus | None = None
    status_detail: str = ""
    backfill_from: datetime | None = None
    backfill_through: datetime | None = None
    live_from: datetime | None = None
    live_through: datetime | None = None
    swept_through: datetime | None = None
    last_success: datetime | None = None
    created_at: datetime | None = None

    def __post_init__(self) -> None:
        require_aware(
            self.backfill_from,
            self.backfill_through,
            self.live_from,
            self.live_through,
            self.swept_through,
            self.last_success,
        )


class ExclusionType(StrEnum):
    """Values of MS_Graph_Exclusion__c.Type__c."""

    EXTERNAL_ADDRESS = "External Address"
    INTERNAL_DOMAIN = "Internal Domain"
    PERSONAL_ADDRESS = "Personal Address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A row of MS_Graph_Exclusion__c. `user`: whose personal rule it is (its creator where blank).

    `removed_at` is set for a rule that was cleared or deleted: it still applies to mail received before that.
    """

    id: RecordId
    name: str
    type: ExclusionType
    pattern: str
    user: RecordId | None = None
    removed_at: datetime | None = None

    def __post_init__(self) -> None:
        require_aware(self.removed_at)


class MatchTies(StrEnum):
    """Values of Match_Ties__c: which of several records with one address a mail is related to."""

    ALL = "All"
    OLDEST = "Oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """The MS_Graph_Setting__c record: whatever decides about a mail."""

    id: RecordId
    active: bool = False
    frequency: str = "Hourly"
    keep_unmatched: bool = False
    unmatched_retention_days: int = 30
    sync_bcc: bool = False
    backfill_months: int = 6
    licensed_users: int | None = None
    opt_out_categories: tuple[str, ...] = ("do not sync",)
    attachment_max_mb: int = 25
    inline_images: bool = False
    match_ties: MatchTies = MatchTies.ALL
    last_run_at: datetime | None = None
    matched_through: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """What the org is like. `time_zone` is an IANA name; `closed_status` the Task status that means done."""

    id: str
    time_zone: str = "GMT"
    shared_activities: bool = False
    person_accounts: bool = False
    closed_status: str = "Completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedError:
    """A row of MS_Graph_Sync_Error__c that may be tried again. `requested`: by a person, on the row or on its event.

    `event_requested`: the whole event was asked for, and its checkbox is to be cleared once that is done.
    """

    id: RecordId
    key: str
    mailbox: RecordId | None
    message: MessageId
    internet_message_id: str
    received_at: datetime | None
    attempts: int
    next_attempt_at: datetime | None
    requested: bool
    email: RecordId | None = None
    event: RecordId | None = None
    event_requested: bool = False
    subject: str = ""
    code: str = ""
    text: str = ""

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be tried now: asked for by a person, or its time has come."""
        return self.requested or (self.next_attempt_at is not None and self.next_attempt_at <= now)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledError:
    """A row of MS_Graph_Sync_Error__c that is done with: Resolved, or Gave Up with a code and a text of its own.

    `attempts` with the one that settled it; None where nothing was tried.
    """

    id: RecordId
    status: ErrorStatus
    attempts: int | None = None
    code: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All that a run reads from Salesforce before it reads mail. `now` is the Date of the answer (UTC).

    `settings` is None where there is no settings record. `mailboxes` are all rows, linked or not; `sync_users` are the
    users that hold Microsoft_365_Sync_User; `integration_user` is the connector's own.
    """

    now: datetime
    settings: SyncSettings | None
    org: Org
    exclusions: tuple[Exclusion, ...]
    mailboxes: tuple[Mailbox, ...]
    sync_users: frozenset[RecordId]
    integration_user: RecordId
    errors: tuple[LoggedError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A Contact or Account that has an address. `account` of a Contact is its Account, if any."""

    object: str
    id: RecordId
    account: RecordId | None = None
    created_at: datetime | None = None


#: normalised address -> the records that have it, before ties are settled
Hits = Mapping[NormalAddress, tuple[Hit, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParticipant:
    """A row of Email_Participant__c."""

    id: RecordId
    key: str
    address: str
    contact: RecordId | None = None
    account: RecordId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file on an Email: its Attachment_Key__c, empty where a person put it there, and its ContentDocument."""

    key: str
    document: RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file to be put on an Email, with its audit fields. The name of an item still lacks its extension."""

    email: RecordId
    key: str
    name: str
    is_item: bool = False
    owner: RecordId
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask:
    """A Task that names several Contacts, in the order of TaskWhoIds."""

    id: RecordId
    contacts: tuple[RecordId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEmail:
    """A row of Email__c with its children, found by its key or its Message-ID, the recycle bin included.

    `fields` are the values of the fields that a later copy may fill when they are empty. `attachment_count` is None
    as long as its attachments are not known for good. `shared_tasks`, by key, are those of its Tasks that further
    Contacts can be added to: none without Shared Activities.
    """

    id: RecordId
    key: str
    internet_message_id: str | None
    graph_message_id: str | None
    mailbox: RecordId | None
    from_address: str
    sent_at: datetime
    owner: RecordId
    match_status: str
    is_deleted: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    participants: tuple[StoredParticipant, ...] = ()
    task_keys: frozenset[str] = frozenset()
    shared_tasks: Mapping[str, StoredTask] = field(default_factory=dict)
    attachment_count: int | None = None
    body_truncated: bool = False
    files: tuple[StoredFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row to write. `key_field` and `key` are its external id; `fields` are wire-ready but for datetimes and dates.

    `id` is set on an update. A child names its parent inside `fields` by external id.
    """

    object: str
    key_field: str
    key: str
    fields: Mapping[str, Any]
    id: RecordId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredEmail:
    """What a mail should be in Salesforce: its own row and its children, each with all fields for an insert."""

    email: Row
    participants: tuple[Row, ...]
    tasks: tuple[Row, ...]
    matched: bool
    #: sorts the writer's rows, so that one Account is locked by one request: its first Account, Contact or key
    sort_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What has to be written to make `stored` what is desired. Inserts in the order Email, participants, Tasks."""

    inserts: tuple[Row, ...] = ()
    updates: tuple[Row, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inserts or self.updates)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """Why a row was refused: the service's own code and message. `transient`: trying later can help."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    transient: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What became of one row, as it was sent last (it may have been mended on the way).

    `id` when it is there, `error` when it was refused. `existed`: DUPLICATE_VALUE.
    """

    row: Row
    id: RecordId | None = None
    existed: bool = False
    error: RowError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A closed window of received time [start, end), whole seconds, UTC. `road` is live, backfill, sweep or retry.

    `folder`: of this folder only, not of those below it; None is the whole mailbox.
    """

    mailbox: RecordId
    start: datetime
    end: datetime
    road: str
    folder: FolderId | None = None

    def __post_init__(self) -> None:
        require_aware(self.start, self.end)
        if self.start.microsecond or self.end.microsecond or self.start >= self.end:
            raise ValueError("a window has whole seconds and a length")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A message that failed, for its row in MS_Graph_Sync_Error__c.

    `error_key` is that of the row it had, where a retry found the message under another id.
    """

    mailbox: RecordId
    graph_user_id: GraphUserId
    message: MessageId
    internet_message_id: str | None
    subject: str
    received_at: datetime | None
    code: str
    text: str
    transient: bool
    email: RecordId | None = None
    error_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxUpdate:
    """New values for a row of MS_Graph_User__c, by field name; only what changed."""

    id: RecordId
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """The state of a run's row in MS_Graph_Sync_Event__c, written whole each time (upsert by `key`)."""

    key: str
    fields: Mapping[str, Any]


#: a date without a time, in the org's zone
OrgDate = date
