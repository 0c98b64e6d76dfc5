"""What a run reads from Salesforce and from the tenant's directory before it reads mail. Frozen, times in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connector.codes import ErrorStatus, MailboxStatus
from connector.model.values import GraphUserId, MessageId, NormalAddress, RecordId, require_aware


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
    """The MS_Graph_Setting__c record: all settings that decide about a mail."""

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
    remote_images: bool = False
    create_tasks: bool = True
    ask_owner: bool = False
    match_ties: MatchTies = MatchTies.ALL
    last_run_at: datetime | None = None
    matched_through: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """What the org is like. `time_zone` is an IANA name; `closed_status` the Task status that means done.

    `url`: where people open it; `email_object`: what it calls the object Email__c.
    """

    id: str
    url: str = ""
    email_object: str = "Email__c"
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

    `attempts` with the one that settled it; None where nothing was tried. `forget`: its mail is not, or no longer,
    client mail, so that the row must say nothing of it.
    """

    id: RecordId
    status: ErrorStatus
    attempts: int | None = None
    code: str | None = None
    text: str | None = None
    forget: bool = False


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


class ClientObject(StrEnum):
    """The objects whose records are clients."""

    CONTACT = "Contact"
    ACCOUNT = "Account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A Contact or Account that has an address. `account` of a Contact is its Account, if any."""

    object: ClientObject
    id: RecordId
    account: RecordId | None = None
    created_at: datetime | None = None


#: normalised address -> the records that have it, before ties are settled
Hits = Mapping[NormalAddress, tuple[Hit, ...]]
