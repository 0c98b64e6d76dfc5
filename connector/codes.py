"""Codes and reasons: outcomes of messages, states of events, codes of log lines."""

from enum import StrEnum


class Outcome(StrEnum):
    """What became of a message in a run. Each message has exactly one; the first rule that applies decides."""

    #: an unsent draft
    DRAFT = "draft"
    #: in a folder that is never read: Junk Email, Outbox, Drafts, Conversation History, sync issues, hidden ones
    FOLDER = "folder"
    #: carries one of the categories that opt a mail out
    OPTED_OUT = "opted_out"
    #: reached the mailbox as Bcc, and Bcc mail is not synced
    BCC = "bcc"
    #: every address is on an internal domain or is a linked mailbox
    INTERNAL = "internal"
    #: no external address is left once exclusions are taken out
    EXCLUDED = "excluded"
    #: no Contact or Account matches, and unmatched mail is not kept
    UNMATCHED_DROPPED = "unmatched_dropped"
    #: its record was removed by a person, or is in the recycle bin
    REMOVED = "removed"
    #: stored already; what this copy adds was merged
    DUPLICATE = "duplicate"
    #: stored without relation, until its retention ends
    UNMATCHED_KEPT = "unmatched_kept"
    #: stored and related
    MATCHED = "matched"
    #: an error while doing any of this
    FAILED = "failed"


class IdleReason(StrEnum):
    """Why nothing runs at all, in words that follow "Nothing runs:"."""

    NO_RECORD = "there is no Microsoft 365 Sync Setting record named Default"
    INACTIVE = "the sync is switched off (Active on Microsoft 365 Sync Setting)"
    NOT_ENABLED = "the feature is not enabled (Licensed Users is 0)"


class EventStatus(StrEnum):
    """Values of MS_Graph_Sync_Event__c.Status__c."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    COMPLETED_WITH_ERRORS = "Completed with Errors"
    FAILED = "Failed"
    INTERRUPTED = "Interrupted"


class EventKind(StrEnum):
    """Values of MS_Graph_Sync_Event__c.Kind__c."""

    SCHEDULED = "Scheduled"
    MANUAL = "Manual"
    RETRY = "Retry"
    SWEEP = "Sweep"


class MailboxStatus(StrEnum):
    """Values of MS_Graph_User__c.Status__c."""

    #: no user, no permission set, no seat, or switched off
    NOT_LINKED = "Not Linked"
    #: linked, not read yet
    READY = "Ready"
    LIVE = "Live"
    #: the last read failed
    FAILING = "Failing"
    #: Graph serves no such mailbox
    UNAVAILABLE = "Unavailable"


class ErrorStatus(StrEnum):
    """Values of MS_Graph_Sync_Error__c.Status__c."""

    FAILED = "Failed"
    RETRY_REQUESTED = "Retry Requested"
    RESOLVED = "Resolved"
    GAVE_UP = "Gave Up"


class Action(StrEnum):
    """The `action` of a log line. Each means one thing; docs/operate.md says what."""

    RUN_STARTED = "run_started"
    RUN_FINISHED = "run_finished"
    RUN_STOPPED = "run_stopped"
    RUN_FAILED = "run_failed"
    RUN_NOT_BEGUN = "run_not_begun"
    RUN_BROKE = "run_broke"
    RUN_SKIPPED = "run_skipped"
    BACKFILL_PAUSED = "backfill_paused"
    METRICS_SERVED = "metrics_served"
    RUNS_INTERRUPTED = "runs_interrupted"
    RUNS_OFF = "runs_off"
    RUNS_ON = "runs_on"
    SCHEDULER_STARTED = "scheduler_started"
    SCHEDULER_ALIVE = "scheduler_alive"
    SCHEDULER_STOPPED = "scheduler_stopped"
    SCHEDULE_REFUSED = "schedule_refused"
    OUTAGE_BEGAN = "outage_began"
    OUTAGE_LASTS = "outage_lasts"
    OUTAGE_ENDED = "outage_ended"
    PROCESS_ENDED = "process_ended"
    MAILBOX_RESOLVED = "mailbox_resolved"
    MAILBOX_SKIPPED = "mailbox_skipped"
    MAILBOX_FAILED = "mailbox_failed"
    CHECKPOINT_SAVED = "checkpoint_saved"
    CHECKPOINT_NOT_SAVED = "checkpoint_not_saved"
    EVENT_NOT_WRITTEN = "event_not_written"
    EVENT_WAITS = "event_waits"
    ORDER_REFUSED = "order_refused"
    MESSAGE_FAILED = "message_failed"
    MAIL_MERGED = "mail_merged"
    MAIL_NOT_MERGED = "mail_not_merged"
    MAIL_RELATED = "mail_related"
    MAIL_NOT_RELATED = "mail_not_related"
    MAIL_KEPT_AWAY = "mail_kept_away"
    MAIL_BLANKED = "mail_blanked"
    MAIL_DELETED = "mail_deleted"
    MAIL_NOT_CLEARED = "mail_not_cleared"
    RECORDS_WRITTEN = "records_written"
    ATTACHMENT_STORED = "attachment_stored"
    ATTACHMENT_FAILED = "attachment_failed"
    ATTACHMENT_NOT_REMOVED = "attachment_not_removed"
    FAULT_TRACED = "fault_traced"
    REQUEST_SENT = "request_sent"
    REQUEST_RETRIED = "request_retried"
    REQUEST_HALVED = "request_halved"
    WRITERS_REDUCED = "writers_reduced"
