"""One run, steps 2 to 9 in order, through ports.

    read set-up ──► windows ──► walk ──► decide ► match ──► fetch ► build ► plan ──► write ──► files ──► checkpoint
                             dispatcher     a thread             3 threads        1 to 4     3       main thread

A mailbox: no timestamps ──begin──► Backfill_Through < Live_From ──windows──► Backfill_Through = Live_From, while
Live_Through only ever grows. A timestamp moves in a checkpoint, after the rows and files of its windows are committed
and their failures are logged, so a crash leaves it behind, never ahead; re-reading is harmless because every row has a
key.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

import structlog

from connector.codes import Action, MailboxStatus
from connector.core.deciding.exclude import Rules, compile_rules, tenant_names
from connector.core.reading.progress import together
from connector.core.scheduling.policy import idle_reason
from connector.engine.context import RunContext, RunHooks, RunServices
from connector.engine.decider import Decider
from connector.engine.dry_run import DryRunDirectory, dry_run_lines
from connector.engine.mailboxes import MailboxRun, ReadLimits, linked_addresses, linked_boxes, plan_mailboxes
from connector.engine.maintenance import Maintenance
from connector.engine.outcomes import OutcomeLedger
from connector.engine.pipeline import CHUNK_LEAST, Pipeline
from connector.engine.reader import Reader
from connector.engine.recorder import RunRecorder
from connector.engine.report import ReportBuilder, RunReport
from connector.engine.request import RunRequest
from connector.engine.retries import Retries, failure_to_read
from connector.engine.retries import readings as retry_readings
from connector.engine.store import Store
from connector.engine.windows import WalkedWindow
from connector.errors import ConnectorError, MailboxError, MailboxOutageError, ServiceError, SetupError, StoppedError
from connector.model.org import Setup, SyncSettings
from connector.model.run import Checkpoint, MailboxUpdate, WindowKind
from connector.model.values import RecordId

log = structlog.get_logger(__name__)


NO_MAILBOX = (
    "There is no mailbox, so nothing is read. Create MS Graph User records, or load them with Data Loader, and set "
    "User on each."
)
NOBODY_LINKED = "No mailbox is linked, so nothing is read. m365sync status says of each why not, and what to do."


class Run:
    """One run of what `request` asks. `key` is the Run_Key__c of its event; `run()` may be called once.

    `monotonic` is a clock in seconds, by which checkpoints are due.
    """

    def __init__(
        self,
        services: RunServices,
        request: RunRequest,
        *,
        key: str,
        limits: ReadLimits | None = None,
        hooks: RunHooks | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._request = request
        self._key = key
        self._limits = limits or ReadLimits()
        self._hooks = hooks or RunHooks()
        self._retries = Retries()
        self._maintenance: Maintenance | None = None
        self._mailbox_runs: Mapping[RecordId, MailboxRun] = {}
        self._report = ReportBuilder(ledger=OutcomeLedger(trace={} if request.dry_run else None))
        self._recorder = RunRecorder(
            services.log_book, self._report, key=key, kind=request.event_kind, monotonic=monotonic
        )

    @property
    def ledger(self) -> OutcomeLedger:
        """The outcomes of the messages that were settled so far."""
        return self._report.ledger

    def run(self) -> RunReport:
        """Do the run to its end. What stopped it is `failure` of the report, and is logged in Salesforce if possible.

        Raises UsageError for a mailbox that no row names.
        """
        report = self._report
        setup: Setup | None = None
        log.info("Run started", action=Action.RUN_STARTED, run=self._key, kind=self._request.event_kind)
        try:
            setup = self._services.admin.read()
            self._sync(setup)
        except ServiceError as error:
            report.failure = error
            self._note_failure(error, setup)
        report.salesforce_calls = self._services.log_book.calls
        report.graph_calls = self._services.source.calls
        report.seconds = self._recorder.seconds
        if report.failure is None and report.skipped is None:
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
        self._plan_mailboxes(setup, settings, rules)
        mailbox_runs = self._mailbox_runs.values()
        foresight = DryRunDirectory(self._services.directory) if self._request.dry_run else None
        linked = linked_addresses(setup.mailboxes, (mailbox_run.mailbox for mailbox_run in mailbox_runs))
        context = RunContext(
            setup=setup,
            settings=settings,
            rules=replace(rules, tenant=tenant_names(linked)),
            linked=linked,
            boxes=linked_boxes(setup.mailboxes, (mailbox_run.mailbox for mailbox_run in mailbox_runs)),
            source=self._services.source,
            directory=foresight or self._services.directory,
            ledger=self.ledger,
            key=self._key,
        )
        self._begin_maintenance(context)
        early = self._early(setup)
        queues = [mailbox_run.queue for mailbox_run in mailbox_runs if mailbox_run.queue is not None]
        if self._hooks.started is not None:
            self._hooks.started(queues)
        with (
            Reader(
                self._services.source,
                queues,
                per_mailbox=2 * self._limits.requests_per_mailbox,
                settle=self._limits.settle,
                progress=self._hooks.walked,
                backfill_pause=self._services.backfill_pause,
            ) as reader,
            self._hooks.limit(reader.stop) if self._hooks.limit is not None else nullcontext(),
        ):
            if foresight is not None:
                self._foresee(reader, context, foresight, early)
            else:
                self._store(reader, context, early)
            self._note_pause(reader.paused)
        self._note_failed()
        if self._maintenance is not None:
            self._maintenance.finish(self._recorder.event(setup.now))
            self._report.remarks = self._maintenance.remarks
        if not self._request.dry_run:
            self._save(setup, last=True)

    def _early(self, setup: Setup) -> list[WalkedWindow]:
        """The messages that failed before and are due; with `retries_only` there is nothing else to read."""
        self._retries = Retries.of(setup.errors)
        if self._request.retries_only:
            for mailbox_run in self._mailbox_runs.values():
                if mailbox_run.queue is not None:
                    mailbox_run.queue.clear()
        every = self._request.every_error or self._request.event is not None
        due = [error for error in setup.errors if every or error.is_due(setup.now)]
        self._report.tried = len(due)
        early = retry_readings(self._retries, due, self._mailbox_runs, self._services.source) if due else []
        for place in (*self._retries.open, *self._retries.tried):
            self.ledger.watch(place)
        for failure in self._retries.failed:
            self.ledger.fail_unread(failure)
        return early

    def _foresee(
        self, reader: Reader, context: RunContext, foresight: DryRunDirectory, early: Sequence[WalkedWindow]
    ) -> None:
        """Decide on everything, chunk by chunk, hand each line on, and write nothing."""
        decider = Decider(context)
        carried = [*early]
        while True:
            walked = (self._sifted(each, context.setup) for each in reader.take(CHUNK_LEAST))
            if not (chunk := [*carried, *walked]):
                return
            for line in dry_run_lines(decider, chunk, self.ledger, foresight=foresight):
                if self._hooks.line is not None:
                    self._hooks.line(line)
            carried = []

    def _store(self, reader: Reader, context: RunContext, early: Sequence[WalkedWindow]) -> None:
        """Decide on, fetch and write what the reader walks; save checkpoints when due. Raises ServiceError."""
        setup = context.setup
        decider = Decider(context)
        pipeline = Pipeline(reader, decider, self.ledger, early=early, sift=lambda walked: self._sifted(walked, setup))
        store = Store(
            context,
            pipeline,
            decider=decider,
            sink=self._services.sink,
            event=lambda: self._recorder.event(setup.now),
            writers=self._limits.writers,
        )

        def checkpoint() -> None:
            if self._recorder.is_due:
                store.files.flush()
                self._save(setup)

        with pipeline, store:
            store.run(checkpoint)
        if not self.ledger.all_closed:
            raise ConnectorError("a message of this run was given no outcome", code="INTERNAL")

    def _begin_maintenance(self, context: RunContext) -> None:
        if self._services.stored_mail is None or self._request.dry_run or self._request.retries_only:
            return
        self._maintenance = Maintenance(
            context=context, stored_mail=self._services.stored_mail, sink=self._services.sink
        )
        self._maintenance.begin()

    def _sifted(self, walked: WalkedWindow, setup: Setup) -> WalkedWindow:
        """Leave out what failed before and is not due yet: the hour that is read again must not use up its attempts.
        What could not be read fails, before its window may be closed.

        Live windows, which overlap, and sweeps also leave out what was given up, and what this very run has failed to
        store.
        """
        if walked.closed is not None and walked.closed.kind in (WindowKind.LIVE, WindowKind.SWEEP):
            waiting = self._retries.logged(setup.now) | self.ledger.failures_now().keys()
        else:
            waiting = self._retries.waiting(setup.now)
        for unread in walked.unread:
            failure = failure_to_read(unread, walked.queue)
            if (failure.mailbox, failure.message) not in waiting:
                self.ledger.fail_unread(failure)
        headers = tuple(header for header in walked.headers if (header.mailbox, header.id) not in waiting)
        return replace(walked, headers=headers) if len(headers) < len(walked.headers) else walked

    def _usable_settings(self, setup: Setup) -> SyncSettings | None:
        reason = idle_reason(setup.settings)
        if reason is None:
            return setup.settings
        self._report.skipped = f"{reason}; nothing was read"
        log.info("Nothing to do", action=Action.RUN_SKIPPED, reason=self._report.skipped)
        return None

    def _plan_mailboxes(self, setup: Setup, settings: SyncSettings, rules: Rules) -> None:
        limits = replace(self._limits, sweep_now=self._request.sweep)
        planned = plan_mailboxes(
            setup, settings, rules, only=self._request.only, source=self._services.source, pace=limits
        )
        self._mailbox_runs = planned
        runs = planned.values()
        self._report.not_linked = sum(each.mailbox.status is MailboxStatus.NOT_LINKED for each in runs)
        # who names a mailbox means it to be read
        reasons = ((each, each.unlinked or (self._request.only and each.not_read) or "") for each in runs)
        self._report.unlinked = {each.name: reason for each, reason in reasons if reason}
        if not self._request.only and self._report.not_linked == len(runs):
            self._report.notes += (NOBODY_LINKED if runs else NO_MAILBOX,)
        self._report.notes += tuple(each.note for each in runs if each.note)
        for mailbox_run in runs:
            if mailbox_run.error is not None:
                self._note_error(mailbox_run, mailbox_run.error)
        self._report.mailboxes = tuple(each.mailbox for each in runs if each.queue is not None)

    # -- checkpoints and failures -----------------------------------------------------------------------------------

    def _save(self, setup: Setup, *, last: bool = False) -> None:
        """Save a checkpoint; with `last` the one that ends the run. Raises ServiceError."""
        for mailbox, window in self.ledger.take_closed():
            self._mailbox_runs[mailbox].closed.append(window)
        runs = self._mailbox_runs.values()
        for mailbox_run in runs:
            mailbox_run.advance(setup.now, self._limits.settle, last=last and not self._request.retries_only)
        turned = any(mailbox_run.turned for mailbox_run in runs)
        seconds = self._recorder.seconds
        read = together((each.queue.progress(seconds) for each in runs if each.queue is not None), seconds)
        self._recorder.save(self._checkpoint(last=last), setup.now, read=read, turned=turned, last=last)
        for mailbox_run in runs:
            mailbox_run.saved()

    def _save_what_is_read(self, setup: Setup | None) -> None:
        """The windows that were closed before the stop: the next run need not read them again."""
        if setup is None or self._request.dry_run or not self._mailbox_runs:
            return
        try:
            self._save(setup)
        except ConnectorError as error:
            log.warning("Last checkpoint not saved", action=Action.CHECKPOINT_NOT_SAVED, error=str(error))

    def _checkpoint(self, *, last: bool) -> Checkpoint:
        settled = self._retries.settled(self.ledger)
        maintenance = self._maintenance
        if maintenance is not None:
            settled = list({error.id: error for error in (*settled, *maintenance.settled)}.values())
        gone = maintenance.gone if maintenance is not None else frozenset()
        changes = ((each.mailbox.id, each.changes()) for each in self._mailbox_runs.values())
        return Checkpoint(
            failures=tuple(
                replace(failure, error_key=self._retries.named(failure))
                for failure in self.ledger.failures_now().values()
                if failure.email is None or failure.email not in gone
            ),
            settled=tuple(settled),
            answered=tuple(self._retries.answered(self.ledger)) if last else (),
            mailboxes=tuple(MailboxUpdate(id=mailbox, fields=fields) for mailbox, fields in changes if fields),
            matched_through=maintenance.matched_through if maintenance is not None else None,
        )

    def _note_failed(self) -> None:
        read = [(each, each.queue) for each in self._mailbox_runs.values() if each.queue is not None]
        unfound = [each.error for each in self._mailbox_runs.values() if isinstance(each.error, MailboxOutageError)]
        errors = [*unfound, *(queue.error for _, queue in read if queue.error is not None)]
        tried = len(read) + len(unfound)
        if errors and len(errors) == tried and all(isinstance(error, MailboxOutageError) for error in errors):
            raise ServiceError(
                f"Microsoft Graph answered for no mailbox: {errors[0].what}",
                where="Microsoft Graph",
                remedy="The next run resumes where this one stopped; see the Microsoft 365 service health.",
            )
        for mailbox_run, queue in read:
            if queue.error is not None:
                self._note_error(mailbox_run, queue.error)

    def _note_pause(self, reason: str | None) -> None:
        if reason is not None:
            self._report.paused = True
            self._report.notes += (reason,)
            log.warning("The backfill waits", action=Action.BACKFILL_PAUSED, reason=reason)

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

    def _note_failure(self, error: ServiceError, setup: Setup | None) -> None:
        stopped = isinstance(error, StoppedError)
        if stopped:
            log.info("Run stopped", action=Action.RUN_STOPPED)
            self._save_what_is_read(setup)
        else:
            log.error("Run failed", action=Action.RUN_FAILED, code=error.code, error=str(error))
        started = setup.now if setup is not None else self._services.admin.now
        if started is not None and not self._request.dry_run:  # else nothing was reached, or may be written
            self._recorder.save_failure(error, started)


def _require_internal_domain(settings: SyncSettings, rules: Rules) -> None:
    if settings.keep_unmatched and not rules.has_internal_domain:
        raise SetupError(
            "Keep Unmatched Emails is on and there is no active Internal Domain, so all internal mail would be stored",
            where="Microsoft 365 Sync Setting",
            remedy="Add the firm's mail domains as MS Graph Exclusions of type Internal Domain, or switch it off.",
        )
