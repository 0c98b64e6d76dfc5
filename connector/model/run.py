"""What a run passes on: windows, failures, and new values for mailbox and event rows. Frozen, times in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.codes import Outcome
from connector.model.org import SettledError
from connector.model.values import FolderId, GraphUserId, MessageId, RecordId, require_aware


class WindowKind(StrEnum):
    """Which mail a window is read for."""

    #: mail since the mailbox was linked
    LIVE = "live"
    #: mail from before that
    BACKFILL = "backfill"
    #: the same time again, folder by folder, for what the list of the whole mailbox passed over
    SWEEP = "sweep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A closed window of received time [start, end), whole seconds, UTC.

    `folder`: of this folder only, not of those below it; None is the whole mailbox.
    """

    mailbox: RecordId
    start: datetime
    end: datetime
    kind: WindowKind
    folder: FolderId | None = None

    def __post_init__(self) -> None:
        require_aware(self.start, self.end)
        if self.start.microsecond or self.end.microsecond or self.start >= self.end:
            raise ValueError("a window has whole seconds and a length")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A message that failed, for its row in MS_Graph_Sync_Error__c.

    `error_key` is that of the row it had, where a retry found the message under another id. `by_rule`: an administrator
    can change what refused it, so it is tried again once a day, and never given up.
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
    by_rule: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a run has come to: the run composes it, the recorder writes it, in this order and in one call.

    `answered`: events whose Retry_Requested__c is done with. `matched_through`: the settings record, and up to when
    changes of clients are dealt with.
    """

    failures: tuple[Failure, ...] = ()
    settled: tuple[SettledError, ...] = ()
    answered: tuple[RecordId, ...] = ()
    mailboxes: tuple[MailboxUpdate, ...] = ()
    matched_through: tuple[RecordId, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunLine:
    """The outcome that a run would give a message, the rule that says so and the record that it stands in, if any."""

    mailbox: RecordId
    mailbox_name: str
    message: MessageId
    internet_message_id: str | None
    outcome: Outcome
    rule: str
    rule_id: RecordId | None
    #: for the terminal alone: in no JSON, and in no log
    subject: str = ""
    received_at: datetime | None = None

    def to_json(self) -> dict[str, str | None]:
        """The line that `sync --dry-run --json` prints."""
        return {
            "mailbox": self.mailbox_name,
            "message_id": self.message,
            "internet_message_id": self.internet_message_id,
            "outcome": self.outcome.value,
            "rule": self.rule,
            "rule_id": self.rule_id,
        }
