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

from connector.core.checkpoint import LIVE
from connector.core.exclude import Rules, compile_rules
from connector.core.sweep import SWEEP
from connector.courses import Course, Pace, linked_addresses, plan_courses
from connector.deciding import Decider
from connector.errors import ConnectorError, MailboxError, MailboxOutageError, ServiceError, SetupError, StoppedError
from connector.events import Action, EventKind, MailboxStatus
from connector.foreseeing import Foresight, foresee
from connector.journal import Journal
from connector.models import NormalAddress, Place, RecordId, Setup, SyncSettings, Window
from connector.pipeline import CHUNK_LEAST, Pipeline
from connector.ports import AdminSource, Directory, MailSource, RecordSink, RunLog, Stock
from connector.reading import Lane, Reader, Reading
from connector.report import Report
from connector.retrying import Retries
from connector.retrying import readings as retry_readings
from connector.storing import Store
from connector.upkeep import Upkeep

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Open:
    """A window that was walked, and where its messages are; headers would be much to keep until the checkpoint."""

    mailbox: RecordId
    closed: Window | None
    places: tuple[Place, ...]


class Run:
    """One run. Everything it needs comes in; `run()` may be called once.

    `only`: the mailboxes to read, by name. `dry_run`: decide, and write nothing at all. `retries_only`: no windows,
    only messages that failed before; with `every_error` all that the admin source gives, due or not. `limit`: is given
    the function that stops the reading, and watches over it.
    """

    def __init__(
        self,
        *,
        admin: AdminSource,
        source: MailSource,
        directory: Directory,
        sink: RecordSink,
        log_book: RunLog,
        key: str,
        stock: Stock | None = None,
        pace: Pace | None = None,
        kind: EventKind = EventKind.MANUAL,
        only: Sequence[str] = (),
        dry_run: bool = False,
        retries_only: bool = False,
        every_error: bool = False,
        progress: Callable[[Lane, int], None] | None = None,
        started: Callable[[Sequence[Lane]], None] | None = None,
        limit: Callable[[Callable[..., None]], AbstractContextManager[None]] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._admin = admin
        self._source = source
        self._directory = directory
        self._sink = sink
        self._log_book = log_book
        self._stock = stock
        self._upkeep: Upkeep | None = None
        self._key = key
        self._pace = pace or Pace()
        self._only = tuple(only)
        self._dry_run = dry_run
        self._retries_only = retries_only
        self._every_error = every_error
        self._retries = Retries()
        self._progress = progress
        self._started = started
        self._limit = limit
        self._report = Report()
        self._journal = Journal(log_book, self._report, key=key, kind=kind, pace=self._pace, monotonic=monotonic)

    def run(self) -> Report:
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
        report.seconds = self._journal.seconds
        log.info(
            "Run finished",
            action=Action.RUN_FINISHED,
            listed=report.tally.listed,
            emails=report.tally.emails,
            salesforce_calls=report.salesforce_calls,
            graph_calls=report.graph_calls,
        )
        return report

    # -- the steps --------------------------------------------------------------------------------------------------

    def _sync(self, setup: Setup) -> None:
        settings = self._usable_settings(setup)
        if settings is None:
            return
        rules = compile_rules(setup.exclusions)
        _require_internal_domain(settings, rules)
        courses = self._courses(setup, settings, rules)
        lanes = [course.lane for course in courses.values() if course.lane is not None]
        linked = linked_addresses(setup.mailboxes, (course.mailbox for course in courses.values()))
        self._begin_upkeep(setup, settings, rules, linked)
        foresight = Foresight(self._directory) if self._dry_run else None
        decider = Decider(
            setup,
            settings,
            rules,
            source=self._source,
            directory=foresight or self._directory,
            linked=linked,
            tally=self._report.tally,
        )
        early = self._early(setup, courses)
        if self._started is not None:
            self._started(lanes)
        with (
            Reader(
                self._source,
                lanes,
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
                self._store(reader, decider, early, setup, settings, courses)
        self._note_failed(courses)
        if self._upkeep is not None:
            self._upkeep.finish(self._journal.event(setup.now))
            self._report.remarks = self._upkeep.remarks
        if not self._dry_run:
            self._save(courses, setup, last=True)

    def _early(self, setup: Setup, courses: Mapping[RecordId, Course]) -> list[Reading]:
        """The messages that failed before and are due; with `retries_only` there is nothing else to read."""
        self._retries = Retries.of(setup.errors)
        if self._retries_only:
            for course in courses.values():
                if course.lane is not None:
                    course.lane.clear()
        due = [error for error in setup.errors if self._every_error or error.is_due(setup.now)]
        self._report.tried = len(due)
        early = retry_readings(self._retries, due, courses, self._source) if due else []
        for failure in self._retries.failed:
            self._report.tally.fail_unread(failure)
        return early

    def _foresee(
        self, reader: Reader, decider: Decider, foresight: Foresight, early: Sequence[Reading], setup: Setup
    ) -> None:
        """Decide on everything, chunk by chunk, and write nothing."""
        tally = self._report.tally
        carried = [*early]
        while readings := [*carried, *(self._without_waiting(reading, setup) for reading in reader.take(CHUNK_LEAST))]:
            self._report.foreseen += foresee(decider, readings, tally, foresight=foresight)
            carried = []

    def _store(
        self,
        reader: Reader,
        decider: Decider,
        early: Sequence[Reading],
        setup: Setup,
        settings: SyncSettings,
        courses: Mapping[RecordId, Course],
    ) -> None:
        """Bring everything to its outcome, with a checkpoint now and then."""
        store = Store(
            setup,
            settings,
            decider=decider,
            source=self._source,
            sink=self._sink,
            tally=self._report.tally,
            event_key=self._key,
        )
        pipeline = Pipeline(
            reader,
            decider,
            self._report.tally,
            early=early,
            sift=lambda reading: self._without_waiting(reading, setup),
        )
        open_windows: list[_Open] = []
        with pipeline, store:
            for batch in store.prepared(pipeline):
                open_windows += map(_opened, batch.readings)
                store.write(batch, self._journal.event(setup.now))
                pipeline.done(batch)
                if self._journal.is_due:
                    store.finish_files()
                    open_windows = self._close(open_windows, courses)
                    self._save(courses, setup)
            store.finish_files()
        if self._close(open_windows, courses):
            raise ConnectorError("a message of this run was given no outcome", code="INTERNAL")

    def _begin_upkeep(
        self, setup: Setup, settings: SyncSettings, rules: Rules, linked: Mapping[NormalAddress, RecordId]
    ) -> None:
        if self._stock is None or self._dry_run or self._retries_only:
            return
        self._upkeep = Upkeep(
            setup=setup,
            settings=settings,
            rules=rules,
            linked=linked,
            stock=self._stock,
            directory=self._directory,
            sink=self._sink,
            tally=self._report.tally,
        )
        self._upkeep.begin()

    def _without_waiting(self, reading: Reading, setup: Setup) -> Reading:
        """Leave out what failed before and is not due yet: the hour that is read again must not use up its attempts.

        A sweep also leaves out what was given up, and what this very run has failed to store.
        """
        waiting = self._retries.waiting(setup.now)
        if reading.closed is not None and reading.closed.road in (LIVE, SWEEP):
            waiting = self._retries.logged(setup.now) | self._report.tally.failures_now().keys()
        headers = tuple(header for header in reading.headers if (header.mailbox, header.id) not in waiting)
        return replace(reading, headers=headers) if len(headers) < len(reading.headers) else reading

    def _usable_settings(self, setup: Setup) -> SyncSettings | None:
        settings = setup.settings
        if settings is None:
            self._report.skipped = "there is no Microsoft 365 Sync Setting record named Default; nothing was read"
        elif not settings.active:
            self._report.skipped = "the sync is switched off (Active on Microsoft 365 Sync Setting); nothing was read"
        elif settings.licensed_users == 0:
            self._report.skipped = "the feature is not enabled (Licensed Users is 0); nothing was read"
        else:
            return settings
        log.info("Nothing to do", action=Action.RUN_SKIPPED, reason=self._report.skipped)
        return None

    def _courses(self, setup: Setup, settings: SyncSettings, rules: Rules) -> dict[RecordId, Course]:
        courses = plan_courses(setup, settings, rules, only=self._only, source=self._source, pace=self._pace)
        self._report.not_linked = sum(course.mailbox.status is MailboxStatus.NOT_LINKED for course in courses.values())
        self._report.unlinked = {course.name: course.unlinked for course in courses.values() if course.unlinked}
        for course in courses.values():
            if course.error is not None:
                self._note_error(course, course.error)
        self._report.mailboxes = tuple(course.mailbox for course in courses.values() if course.lane is not None)
        return courses

    # -- what is known while mail is stored -------------------------------------------------------------------------

    def _close(self, windows: Iterable[_Open], courses: Mapping[RecordId, Course]) -> list[_Open]:
        """Close the windows of which every message has its outcome; those that are left open."""
        left = []
        for window in windows:
            if not all(map(self._report.tally.has_outcome, window.places)):
                left.append(window)
            elif window.closed is not None:
                courses[window.mailbox].closed.append(window.closed)
        return left

    def _note_failed(self, courses: Mapping[RecordId, Course]) -> None:
        read = [course for course in courses.values() if course.lane is not None]
        errors = [course.lane.error for course in read if course.lane is not None and course.lane.error is not None]
        if errors and len(errors) == len(read) and all(isinstance(error, MailboxOutageError) for error in errors):
            raise ServiceError(
                f"Microsoft Graph answered for no mailbox: {errors[0].what}",
                where="Microsoft Graph",
                remedy="The next run resumes where this one stopped; see the Microsoft 365 service health.",
            )
        for course in read:
            if course.lane is not None and course.lane.error is not None:
                self._note_error(course, course.lane.error)

    def _note_error(self, course: Course, error: MailboxError) -> None:
        course.fail(error)
        self._report.failed_mailboxes = {**self._report.failed_mailboxes, course.mailbox.id: error}
        # what was refused before it was read names the row itself
        self._report.failing += (str(error) if course.lane is None else f"{course.name}: {error}",)
        log.warning(
            "Mailbox could not be read",
            action=Action.MAILBOX_FAILED,
            mailbox=course.mailbox.user_principal_name,
            code=error.code,
        )

    def _save(self, courses: Mapping[RecordId, Course], setup: Setup, *, last: bool = False) -> None:
        self._journal.save(
            courses, self._retries, setup.now, upkeep=self._upkeep, last=last, retries_only=self._retries_only
        )

    def _note_failure(self, error: ServiceError, setup: Setup | None) -> None:
        stopped = isinstance(error, StoppedError)
        say = log.info if stopped else log.error
        say("Run stopped" if stopped else "Run failed", action=Action.RUN_FAILED, code=error.code, error=str(error))
        started = setup.now if setup is not None else self._admin.now
        if started is not None and not self._dry_run:  # else Salesforce was not reached, or nothing may be written
            self._journal.save_failure(error, started)


def _opened(reading: Reading) -> _Open:
    places = tuple((header.mailbox, header.id) for header in reading.headers)
    return _Open(reading.lane.mailbox.id, reading.closed, places)


def _require_internal_domain(settings: SyncSettings, rules: Rules) -> None:
    if settings.keep_unmatched and not rules.has_internal_domain:
        raise SetupError(
            "Keep Unmatched Emails is on and there is no active Internal Domain, so all internal mail would be stored",
            where="Microsoft 365 Sync Setting",
            remedy="Add the firm's mail domains as MS Graph Exclusions of type Internal Domain, or switch it off.",
        )
