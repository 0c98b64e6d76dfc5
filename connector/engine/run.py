"""One run, steps 2 to 9 in order, through ports.

    read set-up ──► lanes of windows ──► walk ──► decide ► match ──► fetch ► build ► plan ──► write ──► save
                                        threads      a thread           threads           main thread

A mailbox: no timestamps ──begin──► Backfill_Through < Live_From ──windows──► Backfill_Through = Live_From, while
Live_Through only ever grows. A timestamp moves in `save`, after the rows of its windows are committed and their
failures are logged, so a crash leaves it behind, never ahead; re-reading is harmless because every row has a key.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import structlog

from connector.codes import Action, EventKind, MailboxStatus
from connector.core.deciding.exclude import Rules, compile_rules
from connector.core.reading.sweep import SWEEP
from connector.core.reading.windows import LIVE
from connector.core.scheduling.policy import idle_reason
from connector.engine.decider import Decider
from connector.engine.dry_run import DryRunDirectory, DryRunLine, dry_run_lines
from connector.engine.mailboxes import MailboxRun, ReadLimits, linked_addresses, plan_mailboxes
from connector.engine.maintenance import Maintenance
from connector.engine.outcomes import OutcomeLedger
from connector.engine.pipeline import CHUNK_LEAST, Pipeline
from connector.engine.reader import Reader, WalkedWindow, WindowQueue
from connector.engine.recorder import RunRecorder
from connector.engine.report import ReportBuilder, RunReport
from connector.engine.retries import Retries
from connector.engine.retries import readings as retry_readings
from connector.engine.store import Store
from connector.errors import ConnectorError, MailboxError, MailboxOutageError, ServiceError, SetupError, StoppedError
from connector.model.org import Setup, SyncSettings
from connector.model.run import Window
from connector.model.values import NormalAddress, Place, RecordId
from connector.ports import Directory, MailSource, RecordSink, RunLog, SetupSource, StoredMail

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Open:
    """A window that was walked, and where its messages are; headers would be much to keep until the checkpoint."""

    mailbox: RecordId
    closed: Window | None
    places: tuple[Place, ...]


class Run:
    """One run. Everything it needs comes in; `run()` may be called once.

    `only`: the mailboxes to read, by name. `dry_run`: decide, hand each line to `lines`, and write nothing at all.
    `retries_only`: no windows, only messages that failed before; with `every_error` all that the admin source gives,
    due or not. `limit`: is given the function that stops the reading, and watches over it.
    """

    def __init__(
        self,
        *,
        admin: SetupSource,
        source: MailSource,
        directory: Directory,
        sink: RecordSink,
        log_book: RunLog,
        key: str,
        stored_mail: StoredMail | None = None,
        pace: ReadLimits | None = None,
        kind: EventKind = EventKind.MANUAL,
        only: Sequence[str] = (),
        dry_run: bool = False,
        retries_only: bool = False,
        every_error: bool = False,
        progress: Callable[[WindowQueue, int], None] | None = None,
        started: Callable[[Sequence[WindowQueue]], None] | None = None,
        limit: Callable[[Callable[..., None]], AbstractContextManager[None]] | None = None,
        lines: Callable[[DryRunLine], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._admin = admin
        self._source = source
        self._directory = directory
        self._sink = sink
        self._log_book = log_book
        self._stored_mail = stored_mail
        self._maintenance: Maintenance | None = None
        self._key = key
        self._pace = pace or ReadLimits()
        self._only = tuple(only)
        self._dry_run = dry_run
        self._retries_only = retries_only
        self._every_error = every_error
        self._retries = Retries()
        self._progress = progress
        self._started = started
        self._lines = lines
        self._limit = limit
        self._report = ReportBuilder()
        self._recorder = RunRecorder(log_book, self._report, key=key, kind=kind, pace=self._pace, monotonic=monotonic)

    @property
    def ledger(self) -> OutcomeLedger:
        """The outcomes so far, message by message."""
        return self._report.ledger

    def run(self) -> RunReport:
        """Do it. A ServiceError is logged in Salesforce if that can be reached, and comes back as `report.failure`.

        Raises UsageError for a mailbox that no row names.
        """
        report = self._report
        setup: Setup | None = None
        try:
            setup = self._admin.read()
            self._sync(setup)
        except ServiceError as error:
            report.failure = error
            self._note_failure(error, setup)
        report.salesforce_calls = self._log_book.calls
        report.graph_calls = self._source.calls
        report.seconds = self._recorder.seconds
        log.info(
            "Run finished",
            action=Action.RUN_FINISHED,
            listed=report.ledger.listed,
            emails=report.ledger.emails,
            salesforce_calls=report.salesforce_calls,
            graph_calls=report.graph_calls,
        )
        return report.build()

    # -- the steps --------------------------------------------------------------------------------------------------

    def _sync(self, setup: Setup) -> None:
        settings = self._usable_settings(setup)
        if settings is None:
            return
        rules = compile_rules(setup.exclusions)
        _require_internal_domain(settings, rules)
        mailbox_runs = self._mailbox_runs(setup, settings, rules)
        queues = [mailbox_run.queue for mailbox_run in mailbox_runs.values() if mailbox_run.queue is not None]
        linked = linked_addresses(setup.mailboxes, (mailbox_run.mailbox for mailbox_run in mailbox_runs.values()))
        self._begin_upkeep(setup, settings, rules, linked)
        foresight = DryRunDirectory(self._directory) if self._dry_run else None
        decider = Decider(
            setup,
            settings,
            rules,
            source=self._source,
            directory=foresight or self._directory,
            linked=linked,
            ledger=self._report.ledger,
        )
        early = self._early(setup, mailbox_runs)
        if self._started is not None:
            self._started(queues)
        with (
            Reader(
                self._source,
                queues,
                threads=4 * self._pace.workers,
                per_mailbox=2 * self._pace.requests_per_mailbox,
                settle=self._pace.settle,
                progress=self._progress,
            ) as reader,
            self._limit(reader.stop) if self._limit is not None else nullcontext(),
        ):
            if foresight is not None:
                self._foresee(reader, decider, foresight, early, setup)
            else:
                self._store(reader, decider, early, setup, settings, mailbox_runs)
        self._note_failed(mailbox_runs)
        if self._maintenance is not None:
            self._maintenance.finish(self._recorder.event(setup.now))
            self._report.remarks = self._maintenance.remarks
        if not self._dry_run:
            self._save(mailbox_runs, setup, last=True)

    def _early(self, setup: Setup, mailbox_runs: Mapping[RecordId, MailboxRun]) -> list[WalkedWindow]:
        """The messages that failed before and are due; with `retries_only` there is nothing else to read."""
        self._retries = Retries.of(setup.errors)
        if self._retries_only:
            for mailbox_run in mailbox_runs.values():
                if mailbox_run.queue is not None:
                    mailbox_run.queue.clear()
        due = [error for error in setup.errors if self._every_error or error.is_due(setup.now)]
        self._report.tried = len(due)
        early = retry_readings(self._retries, due, mailbox_runs, self._source) if due else []
        for failure in self._retries.failed:
            self._report.ledger.fail_unread(failure)
        return early

    def _foresee(
        self, reader: Reader, decider: Decider, foresight: DryRunDirectory, early: Sequence[WalkedWindow], setup: Setup
    ) -> None:
        """Decide on everything, chunk by chunk, and write nothing."""
        ledger = self._report.ledger
        carried = [*early]
        while readings := [*carried, *(self._without_waiting(reading, setup) for reading in reader.take(CHUNK_LEAST))]:
            for line in dry_run_lines(decider, readings, ledger, foresight=foresight):
                if self._lines is not None:
                    self._lines(line)
            carried = []

    def _store(
        self,
        reader: Reader,
        decider: Decider,
        early: Sequence[WalkedWindow],
        setup: Setup,
        settings: SyncSettings,
        mailbox_runs: Mapping[RecordId, MailboxRun],
    ) -> None:
        """Bring everything to its outcome, with a checkpoint now and then."""
        store = Store(
            setup,
            settings,
            decider=decider,
            source=self._source,
            sink=self._sink,
            ledger=self._report.ledger,
            event_key=self._key,
        )
        pipeline = Pipeline(
            reader,
            decider,
            self._report.ledger,
            early=early,
            sift=lambda reading: self._without_waiting(reading, setup),
        )
        open_windows: list[_Open] = []
        with pipeline, store:
            for batch in store.prepared(pipeline):
                open_windows += map(_opened, batch.readings)
                store.write(batch, self._recorder.event(setup.now))
                pipeline.done(batch)
                if self._recorder.is_due:
                    store.finish_files()
                    open_windows = self._close(open_windows, mailbox_runs)
                    self._save(mailbox_runs, setup)
            store.finish_files()
        if self._close(open_windows, mailbox_runs):
            raise ConnectorError("a message of this run was given no outcome", code="INTERNAL")

    def _begin_upkeep(
        self, setup: Setup, settings: SyncSettings, rules: Rules, linked: Mapping[NormalAddress, RecordId]
    ) -> None:
        if self._stored_mail is None or self._dry_run or self._retries_only:
            return
        self._maintenance = Maintenance(
            setup=setup,
            settings=settings,
            rules=rules,
            linked=linked,
            stored_mail=self._stored_mail,
            directory=self._directory,
            sink=self._sink,
            ledger=self._report.ledger,
        )
        self._maintenance.begin()

    def _without_waiting(self, reading: WalkedWindow, setup: Setup) -> WalkedWindow:
        """Leave out what failed before and is not due yet: the hour that is read again must not use up its attempts.

        A sweep also leaves out what was given up, and what this very run has failed to store.
        """
        waiting = self._retries.waiting(setup.now)
        if reading.closed is not None and reading.closed.road in (LIVE, SWEEP):
            waiting = self._retries.logged(setup.now) | self._report.ledger.failures_now().keys()
        headers = tuple(header for header in reading.headers if (header.mailbox, header.id) not in waiting)
        return replace(reading, headers=headers) if len(headers) < len(reading.headers) else reading

    def _usable_settings(self, setup: Setup) -> SyncSettings | None:
        reason = idle_reason(setup.settings)
        if reason is None:
            return setup.settings
        self._report.skipped = f"{reason}; nothing was read"
        log.info("Nothing to do", action=Action.RUN_SKIPPED, reason=self._report.skipped)
        return None

    def _mailbox_runs(self, setup: Setup, settings: SyncSettings, rules: Rules) -> dict[RecordId, MailboxRun]:
        mailbox_runs = plan_mailboxes(setup, settings, rules, only=self._only, source=self._source, pace=self._pace)
        self._report.not_linked = sum(
            mailbox_run.mailbox.status is MailboxStatus.NOT_LINKED for mailbox_run in mailbox_runs.values()
        )
        self._report.unlinked = {
            mailbox_run.name: mailbox_run.unlinked for mailbox_run in mailbox_runs.values() if mailbox_run.unlinked
        }
        for mailbox_run in mailbox_runs.values():
            if mailbox_run.error is not None:
                self._note_error(mailbox_run, mailbox_run.error)
        self._report.mailboxes = tuple(
            mailbox_run.mailbox for mailbox_run in mailbox_runs.values() if mailbox_run.queue is not None
        )
        return mailbox_runs

    # -- what is known while mail is stored -------------------------------------------------------------------------

    def _close(self, windows: Iterable[_Open], mailbox_runs: Mapping[RecordId, MailboxRun]) -> list[_Open]:
        """Close the windows of which every message has its outcome; those that are left open."""
        left = []
        for window in windows:
            if not all(map(self._report.ledger.has_outcome, window.places)):
                left.append(window)
            elif window.closed is not None:
                mailbox_runs[window.mailbox].closed.append(window.closed)
        return left

    def _note_failed(self, mailbox_runs: Mapping[RecordId, MailboxRun]) -> None:
        read = [mailbox_run for mailbox_run in mailbox_runs.values() if mailbox_run.queue is not None]
        errors = [
            mailbox_run.queue.error
            for mailbox_run in read
            if mailbox_run.queue is not None and mailbox_run.queue.error is not None
        ]
        if errors and len(errors) == len(read) and all(isinstance(error, MailboxOutageError) for error in errors):
            raise ServiceError(
                f"Microsoft Graph answered for no mailbox: {errors[0].what}",
                where="Microsoft Graph",
                remedy="The next run resumes where this one stopped; see the Microsoft 365 service health.",
            )
        for mailbox_run in read:
            if mailbox_run.queue is not None and mailbox_run.queue.error is not None:
                self._note_error(mailbox_run, mailbox_run.queue.error)

    def _note_error(self, mailbox_run: MailboxRun, error: MailboxError) -> None:
        mailbox_run.fail(error)
        self._report.failed_mailboxes = {**self._report.failed_mailboxes, mailbox_run.mailbox.id: error}
        # what was refused before it was read names the row itself
        self._report.failing += (str(error) if mailbox_run.queue is None else f"{mailbox_run.name}: {error}",)
        log.warning(
            "Mailbox could not be read",
            action=Action.MAILBOX_FAILED,
            mailbox=mailbox_run.mailbox.user_principal_name,
            code=error.code,
        )

    def _save(self, mailbox_runs: Mapping[RecordId, MailboxRun], setup: Setup, *, last: bool = False) -> None:
        self._recorder.save(
            mailbox_runs,
            self._retries,
            setup.now,
            maintenance=self._maintenance,
            last=last,
            retries_only=self._retries_only,
        )

    def _note_failure(self, error: ServiceError, setup: Setup | None) -> None:
        stopped = isinstance(error, StoppedError)
        say = log.info if stopped else log.error
        say("Run stopped" if stopped else "Run failed", action=Action.RUN_FAILED, code=error.code, error=str(error))
        started = setup.now if setup is not None else self._admin.now
        if started is not None and not self._dry_run:  # else Salesforce was not reached, or nothing may be written
            self._recorder.save_failure(error, started)


def _opened(reading: WalkedWindow) -> _Open:
    places = tuple((header.mailbox, header.id) for header in reading.headers)
    return _Open(reading.queue.mailbox.id, reading.closed, places)


def _require_internal_domain(settings: SyncSettings, rules: Rules) -> None:
    if settings.keep_unmatched and not rules.has_internal_domain:
        raise SetupError(
            "Keep Unmatched Emails is on and there is no active Internal Domain, so all internal mail would be stored",
            where="Microsoft 365 Sync Setting",
            remedy="Add the firm's mail domains as MS Graph Exclusions of type Internal Domain, or switch it off.",
        )
