"""What a run writes down of itself in Salesforce: its event, the failures, and last the mailboxes' timestamps.

A timestamp moves in `save`, after the rows of its windows are committed and together with their failures, so a crash
leaves it behind, never ahead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.codes import Action, EventKind, EventStatus
from connector.core.reading.progress import together
from connector.core.writing.text import cut
from connector.engine.mailboxes import MailboxRun, ReadLimits
from connector.engine.maintenance import Maintenance
from connector.engine.report import ReportBuilder
from connector.engine.retries import Retries
from connector.errors import ConnectorError, ServiceError, StoppedError
from connector.model.run import EventRecord, Failure, MailboxUpdate
from connector.model.values import RecordId
from connector.ports import RunLog

log = structlog.get_logger(__name__)

#: seconds between checkpoints: what a kill costs in reading again
CHECKPOINT_SECONDS = 60
#: what Error_Message__c holds, nearly
_MOST_TEXT = 30_000


class RunRecorder:
    """That of one run, whose row is named `key`. Not thread-safe. `monotonic` is a clock in seconds."""

    def __init__(
        self,
        log_book: RunLog,
        report: ReportBuilder,
        *,
        key: str,
        kind: EventKind,
        pace: ReadLimits,
        monotonic: Callable[[], float],
    ) -> None:
        self._log_book = log_book
        self._report = report
        self._key = key
        self._kind = kind
        self._pace = pace
        self._monotonic = monotonic
        self._begun = self._saved_at = monotonic()
        self._settled: set[RecordId] = set()
        self._errors_logged: set[tuple[RecordId, str]] = set()
        self._has_event = False

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return self._monotonic() - self._begun

    @property
    def is_due(self) -> bool:
        """Whether the last checkpoint is long enough ago."""
        return self._monotonic() - self._saved_at >= CHECKPOINT_SECONDS

    def event(
        self,
        started: datetime,
        status: EventStatus = EventStatus.RUNNING,
        *,
        finished: bool = False,
        error: ServiceError | None = None,
    ) -> EventRecord:
        """The run's row as it would be now; `started` by the org's clock."""
        ledger, report = self._report.ledger, self._report
        now = started + timedelta(seconds=round(self.seconds))
        fields: dict[str, Any] = {
            "Kind__c": self._kind,
            "Status__c": status,
            "Started_At__c": started,
            "Touched_At__c": now,
            "Emails_Synced__c": ledger.emails,
            "Emails_Failed__c": ledger.failed,
            "Mailboxes__c": report.looked_at,
            "Mailboxes_Failed__c": len(report.failed_mailboxes),
        }
        if finished:
            fields["Finished_At__c"] = now
            fields["Salesforce_Calls__c"] = self._log_book.calls + 1
        if error is not None:
            fields["Error_Message__c"] = str(error)
        elif report.messages:
            fields["Error_Message__c"] = cut(report.messages, _MOST_TEXT)
        return EventRecord(key=self._key, fields=fields)

    def save(
        self,
        mailbox_runs: Mapping[RecordId, MailboxRun],
        retries: Retries,
        now: datetime,
        *,
        maintenance: Maintenance | None = None,
        last: bool = False,
        retries_only: bool = False,
    ) -> None:
        """A checkpoint, or with `last` the end. `now`: the org's clock when the run began. Raises ServiceError."""
        updates = []
        for mailbox_run in mailbox_runs.values():
            mailbox_run.advance(now, self._pace.settle, last=last and not retries_only)
            if fields := mailbox_run.changes():
                updates.append(MailboxUpdate(id=mailbox_run.mailbox.id, fields=fields))
        failures = self._unlogged_failures(retries)
        settled = [error for error in retries.settled(self._report.ledger) if error.id not in self._settled]
        answered = retries.answered(self._report.ledger) if last else []
        through = None
        if maintenance is not None:
            settled = list({error.id: error for error in (*settled, *maintenance.settled)}.values())
            through = maintenance.matched_through
        news = self._has_news(mailbox_runs)
        status = EventStatus.RUNNING
        if last:
            failed = self._report.ledger.failed or self._report.failed_mailboxes or self._report.remarks
            status = EventStatus.COMPLETED_WITH_ERRORS if failed else EventStatus.SUCCEEDED
        event = self.event(now, status, finished=last) if news else None
        self._log_book.save(
            event=event,
            failures=failures,
            mailboxes=updates,
            settled=settled,
            answered=answered,
            matched_through=through,
        )
        self._settled.update(error.id for error in settled)
        self._report.errors += len(failures)
        self._errors_logged.update((failure.mailbox, failure.message) for failure in failures)
        self._has_event = self._has_event or news
        if news:
            self._report.event = self._key
        for mailbox_run in mailbox_runs.values():
            mailbox_run.saved()
        self._saved_at = self._monotonic()
        self._tell_progress(mailbox_runs, updates, failures)

    def save_failure(self, error: ServiceError, started: datetime) -> None:
        """Say what stopped the run: a row of its own with 0 synced and 0 failed; what was stored before keeps its row,
        as Interrupted."""
        stopped = isinstance(error, StoppedError)
        try:
            if self._report.ledger.stored or (stopped and self._has_event):
                stored = self.event(started, EventStatus.INTERRUPTED, finished=True)
                self._log_book.save(event=stored, failures=[], mailboxes=[])
                self._report.event = self._key
            if stopped:
                return
            failed = self.event(started, EventStatus.FAILED, finished=True, error=error)
            zero = {**failed.fields, "Emails_Synced__c": 0, "Emails_Failed__c": 0}
            # where nothing was stored, the row that the writer may have begun becomes the row of the failure
            key = f"{self._key}-failure" if self._report.ledger.stored else self._key
            self._log_book.save(event=EventRecord(key=key, fields=zero), failures=[], mailboxes=[])
            self._report.event = self._report.event or key
            self._report.failure_logged = True
        except ConnectorError as second:
            log.error("The failure could not be logged in Salesforce", action=Action.RUN_FAILED, error=str(second))

    def _unlogged_failures(self, retries: Retries) -> list[Failure]:
        return [
            replace(failure, error_key=retries.named(failure))
            for place, failure in self._report.ledger.failures_now().items()
            if place not in self._errors_logged
        ]

    def _has_news(self, mailbox_runs: Mapping[RecordId, MailboxRun]) -> bool:
        """A row exists when the run stored or failed something, or when a mailbox's failing begins or ends."""
        ledger = self._report.ledger
        turned = any(mailbox_run.turned for mailbox_run in mailbox_runs.values())
        return self._has_event or ledger.stored > 0 or bool(ledger.failed or self._report.remarks) or turned

    def _tell_progress(
        self, mailbox_runs: Mapping[RecordId, MailboxRun], updates: Sequence[MailboxUpdate], failures: Sequence[Failure]
    ) -> None:
        seconds = self._saved_at - self._begun
        queues = [mailbox_run.queue for mailbox_run in mailbox_runs.values() if mailbox_run.queue is not None]
        read = together((queue.progress(seconds) for queue in queues), seconds)
        log.info(
            "Checkpoint saved",
            action=Action.CHECKPOINT_SAVED,
            mailboxes=len(updates),
            errors=len(failures),
            listed=read.messages,
            expected=read.expected,
            per_second=round(read.rate, 1),
            seconds_left=None if read.left is None else round(read.left),
        )
