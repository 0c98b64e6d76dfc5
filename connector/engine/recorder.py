"""What a run writes down of itself in Salesforce: its event, the failures, and last the mailboxes' timestamps.

A timestamp moves in `save`, after the rows of its windows are committed and together with their failures, so a crash
leaves it behind, never ahead.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.codes import Action, EventKind, EventStatus
from connector.core.reading.progress import Progress
from connector.core.writing.text import cut
from connector.engine.report import ReportBuilder
from connector.errors import ConnectorError, ServiceError, StoppedError
from connector.model.run import Checkpoint, EventRecord
from connector.model.values import RecordId
from connector.ports import RunLog

log = structlog.get_logger(__name__)

#: seconds between checkpoints: what a kill costs in reading again
CHECKPOINT_SECONDS = 60
#: characters that Error_Message__c holds, with some to spare
_MOST_TEXT = 30_000


class RunRecorder:
    """Writes event and checkpoints of one run. `key`: of its row. `monotonic`: a clock in seconds. Not thread-safe."""

    def __init__(
        self,
        log_book: RunLog,
        report: ReportBuilder,
        *,
        key: str,
        kind: EventKind,
        monotonic: Callable[[], float],
    ) -> None:
        self._log_book = log_book
        self._report = report
        self._key = key
        self._kind = kind
        self._monotonic = monotonic
        self._begun = self._saved_at = monotonic()
        self._settled: set[RecordId] = set()
        self._errors_logged: set[tuple[RecordId, str]] = set()
        self._has_event = False

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
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
            "Emails_Matched__c": ledger.matched,
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
        self, checkpoint: Checkpoint, started: datetime, *, read: Progress, turned: bool, last: bool = False
    ) -> None:
        """Write a checkpoint, or with `last` the end of the run. Raises ServiceError.

        `started` is the run's begin by the org's clock. `read`: how far the reading is. `turned`: a mailbox
        begins or ends to fail, which is news. What was written before is left out.
        """
        failures = [each for each in checkpoint.failures if (each.mailbox, each.message) not in self._errors_logged]
        settled = [each for each in checkpoint.settled if each.id not in self._settled]
        news = self._has_news(turned=turned)
        status = EventStatus.RUNNING
        if last:
            failed = self._report.ledger.failed or self._report.failed_mailboxes or self._report.remarks
            status = EventStatus.COMPLETED_WITH_ERRORS if failed else EventStatus.SUCCEEDED
        self._log_book.save(
            event=self.event(started, status, finished=last) if news else None,
            failures=failures,
            mailboxes=checkpoint.mailboxes,
            settled=settled,
            answered=checkpoint.answered,
            matched_through=checkpoint.matched_through,
        )
        self._settled.update(error.id for error in settled)
        self._report.errors += len(failures)
        self._errors_logged.update((failure.mailbox, failure.message) for failure in failures)
        self._has_event = self._has_event or news
        if news:
            self._report.event = self._key
        self._saved_at = self._monotonic()
        log.info(
            "Checkpoint saved",
            action=Action.CHECKPOINT_SAVED,
            mailboxes=len(checkpoint.mailboxes),
            errors=len(failures),
            listed=read.messages,
            expected=read.expected,
            per_second=round(read.rate, 1),
            seconds_left=None if read.left is None else round(read.left),
        )

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
            zero = {**failed.fields, "Emails_Synced__c": 0, "Emails_Failed__c": 0, "Emails_Matched__c": 0}
            # where nothing was stored, the row that the writer may have begun becomes the row of the failure
            key = f"{self._key}-failure" if self._report.ledger.stored else self._key
            self._log_book.save(event=EventRecord(key=key, fields=zero), failures=[], mailboxes=[])
            self._report.event = self._report.event or key
            self._report.failure_logged = True
        except ConnectorError as second:
            log.error(
                "The failure could not be logged in Salesforce", action=Action.EVENT_NOT_WRITTEN, error=str(second)
            )

    def _has_news(self, *, turned: bool) -> bool:
        """A row exists when the run stored or failed something, or when a mailbox's failing begins or ends."""
        ledger = self._report.ledger
        return self._has_event or ledger.stored > 0 or bool(ledger.failed or self._report.remarks) or turned
