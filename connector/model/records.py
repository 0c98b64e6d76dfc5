"""Records of Salesforce: as they are stored, as they should be, and what became of a row. Frozen, times in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.model.values import RecordId


class MatchStatus(StrEnum):
    """Values of Email__c.Match_Status__c."""

    #: related to a Contact or an Account
    MATCHED = "Matched"
    #: kept without a relation, until its retention ends
    UNMATCHED = "Unmatched"
    #: a person took it out; only what is needed to recognise it is left
    REMOVED = "Removed"


class Consent(StrEnum):
    """Values of Email__c.Consent__c: what the owner of kept mail says to a client who came later."""

    WAITING = "Waiting"
    GIVEN = "Given"


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
    """A Task that names several Contacts, in the order of TaskWhoIds, and their Account."""

    id: RecordId
    contacts: tuple[RecordId, ...]
    account: RecordId | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """By what a mail is looked up: its key, or its Message-ID where it was sent at about this time.

    A program may give all the mails of years one Message-ID. Without a time all of them are looked up.
    """

    key: str
    message_id: str | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTask:
    """A Task below a mail: its Task_Key__c, empty where a person made it, and whom and what it is about."""

    id: RecordId
    email: RecordId
    key: str = ""
    who: RecordId | None = None
    what: RecordId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEmail:
    """A row of Email__c with its children, found by its key or its Message-ID, the recycle bin included.

    `fields` are the values of the fields that a later copy may fill when they are empty. `attachment_count` is None
    as long as its attachments are not known for good, `match_status` where a person emptied it. `shared_tasks`, by
    key, are those of its Tasks that further
    Contacts can be added to: none without Shared Activities. `related` are the Contacts and Accounts that its Tasks
    name, whatever their keys say: a merge of records moves Tasks.
    """

    id: RecordId
    key: str
    internet_message_id: str | None
    graph_message_id: str | None
    mailbox: RecordId | None
    from_address: str
    sent_at: datetime
    owner: RecordId
    match_status: MatchStatus | None
    subject: str = ""
    is_deleted: bool = False
    consent: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    participants: tuple[StoredParticipant, ...] = ()
    task_keys: frozenset[str] = frozenset()
    shared_tasks: Mapping[str, StoredTask] = field(default_factory=dict)
    related: frozenset[RecordId] = frozenset()
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
class Merge:
    """How a mail that is stored twice becomes one: what the row that stays takes over, and what goes then.

    `rows` are written first: fields that it lacks, participants, Tasks that now are its own. `files` then are linked to
    it, under their new keys (a file of a person has none); `tasks` and `documents` are there a second time.
    """

    older: RecordId
    younger: RecordId
    rows: tuple[Row, ...] = ()
    files: tuple[StoredFile, ...] = ()
    tasks: tuple[RecordId, ...] = ()
    documents: tuple[RecordId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """Why a row was refused: the service's own code and message. `transient`: trying later can help.

    `by_rule`: by something that an administrator can change. `named_is_gone`: a record that it names may be gone.
    """

    code: str
    message: str
    fields: tuple[str, ...] = ()
    transient: bool = False
    by_rule: bool = False
    named_is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What became of one row, as it was sent last (it may have been corrected since it was built).

    `id` when it is there, `error` when it was refused. `existed`: DUPLICATE_VALUE.
    """

    row: Row
    id: RecordId | None = None
    existed: bool = False
    error: RowError | None = None

    @property
    def done(self) -> bool:
        """Whether the row is in the org: inserted now, updated, or there before."""
        return self.error is None
