"""One run, steps 2 to 9 in order, through ports.

    read set-up ──► lanes of windows ──► walk ──► [ chunk: decide ► match ► fetch ► build ► plan ► write ] ──► save
                                          ▲                                                                    │
                                          └────────────────────── next chunk ◄─────────────────────────────────┘

A mailbox: no timestamps ──begin──► Backfill_Through < Live_From ──windows──► Backfill_Through = Live_From, while
Live_Through only ever grows. A timestamp moves in `save`, after the rows of its windows are committed and their
failures are logged, so a crash leaves it behind, never ahead; re-reading is harmless because every row has a key.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.core.exclude import Rules, compile_rules
from connector.core.progress import together
from connector.core.sweep import SWEEP
from connector.core.text import cut
from connector.courses import Course, Pace, linked_addresses, plan_courses
from connector.deciding import Decider
from connector.errors import ConnectorError, MailboxError, MailboxOutageError, ServiceError, SetupError, StoppedError
from connector.events import Action, EventKind, EventStatus, MailboxStatus, Outcome
from connector.foreseeing import Foreseen, foresee
from connector.models import (
    EventRecord,
    Failure,
    Mailbox,
    MailboxUpdate,
    NormalAddress,
    RecordId,
    Setup,
    SyncSettings,
)
from connector.ports import AdminSource, Directory, MailSource, RecordSink, RunLog, Stock
from connector.reading import Lane, Reader, Reading
from connector.retrying import Retries
from connector.retrying import readings as retry_readings
from connector.storing import Store
from connector.tally import Tally
from connector.upkeep import Upkeep

log = structlog.get_logger(__name__)

#: messages of the first chunk: few, so that writing begins while most is still being read
FIRST_CHUNK = 1000
#: of the later ones: enough for some full requests of stored mail, so that look-ups are few beside them
CHUNK_STORED, CHUNK_LEAST, CHUNK_MOST = 600, 1500, 5000
#: seconds between checkpoints: what a kill costs in reading again
CHECKPOINT_SECONDS = 60
#: what Error_Message__c holds, nearly
_MOST_TEXT = 30_000


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run did. `skipped` says why nothing was read; `failure` what stopped the run.

    `failure_logged`: whether an event in Salesforce says so.
    """

    event: str | None = None
    tally: Tally = field(default_factory=Tally)
    errors: int = 0
    mailboxes: tuple[Mailbox, ...] = ()
    failed_mailboxes: Mapping[RecordId, MailboxError] = field(default_factory=dict)
    not_linked: int = 0
    salesforce_calls: int = 0
    graph_calls: int = 0
    seconds: float = 0.0
    skipped: str | None = None
    failure: ServiceError | None = None
    failure_logged: bool = False
    #: what could not be done to stored mail, where no error row says so
    remarks: Sequence[str] = ()
    foreseen: list[Foreseen] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 done, 1 something failed, 3 the run could not be done."""
        if self.failure is not None:
            return self.failure.exit_code
        return (
            1 if self.errors or self.failed_mailboxes or self.remarks or self.tally.by_outcome()[Outcome.FAILED] else 0
        )


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
        limit: Callable[[Callable[..., None]], AbstractContextManager[None]] = lambda _: nullcontext(),
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
        self._kind = kind
        self._only = tuple(only)
        self._dry_run = dry_run
        self._retries_only = retries_only
        self._every_error = every_error
        self._retries = Retries()
        self._settled: set[RecordId] = set()
        self._progress = progress
        self._started = started
        self._limit = limit
        self._monotonic = monotonic
        self._report = Report()
        self._errors_logged: set[tuple[RecordId, str]] = set()
        self._has_event = False
        self._begun = 0.0
        self._saved_at = 0.0

    def run(self) -> Report:
        """Do it. A ServiceError is logged in Salesforce if that can be reached, and comes back as `report.failure`.

        Raises UsageError for a mailbox that no row names.
        """
        self._begun = self._saved_at = self._monotonic()
        report = self._report
        setup: Setup | None = None
        try:
            setup = self._admin.read()
            self._sync(setup)
        except ServiceError as error:
            report.failure = error
            self._log_failure(error, setup)
        report.salesforce_calls = self._log_book.calls
        report.graph_calls = self._source.calls
        report.seconds = self._monotonic() - self._begun
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
        decider = Decider(
            setup,
            settings,
            rules,
            source=self._source,
            directory=self._directory,
            linked=linked,
            tally=self._report.tally,
        )
        store = Store(setup, settings, decider=decider, source=self._source, sink=self._sink, tally=self._report.tally)
        self._retries = Retries.of(setup.errors)
        if self._retries_only:
            for lane in lanes:
                lane.clear()
        due = [error for error in setup.errors if self._every_error or error.is_due(setup.now)]
        early = retry_readings(self._retries, due, courses, self._source) if due else []
        for failure in self._retries.failed:
            self._report.tally.fail_unread(failure)
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
            self._limit(reader.stop),
        ):
            carried = early
            pending: list[Reading] = []
            size = FIRST_CHUNK
            while readings := [*carried, *(self._without_waiting(reading, setup) for reading in reader.take(size))]:
                if self._dry_run:
                    self._report.foreseen += foresee(decider, readings, self._report.tally)
                    carried = []
                    continue
                last = reader.is_over
                carried = store.store(readings, self._event(setup.now, EventStatus.RUNNING), last=last)
                pending = self._note_closed(courses, [*pending, *readings], carried)
                size = self._next_size()
                if not last and self._monotonic() - self._saved_at >= CHECKPOINT_SECONDS:
                    self._save(courses, setup)
        self._note_failed(courses)
        if self._upkeep is not None:
            self._upkeep.finish(self._event(setup.now, EventStatus.RUNNING))
            self._report.remarks = self._upkeep.remarks
        if not self._dry_run:
            self._save(courses, setup, last=True)

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
        if reading.closed is not None and reading.closed.road == SWEEP:
            waiting = self._retries.logged(setup.now) | self._report.tally.failures.keys()
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
        for course in courses.values():
            if course.error is not None:
                self._note_error(course, course.error)
        self._report.mailboxes = tuple(course.mailbox for course in courses.values() if course.lane is not None)
        return courses

    # -- what is known at the end of a chunk ------------------------------------------------------------------------

    def _next_size(self) -> int:
        tally = self._report.tally
        return min(CHUNK_MOST, max(CHUNK_LEAST, CHUNK_STORED * tally.listed // max(tally.emails, 1)))

    def _note_closed(
        self, courses: Mapping[RecordId, Course], readings: Iterable[Reading], carried: Iterable[Reading]
    ) -> list[Reading]:
        """Close the windows of which every message has its outcome; the readings that wait for those `carried`."""
        open_places = {(header.mailbox, header.id) for reading in carried for header in reading.headers}
        pending = []
        for reading in readings:
            if reading.closed is None:
                continue
            if open_places and any((header.mailbox, header.id) in open_places for header in reading.headers):
                pending.append(reading)
            else:
                courses[reading.lane.mailbox.id].closed.append(reading.closed)
        return pending

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
        log.warning(
            "Mailbox could not be read",
            action=Action.MAILBOX_FAILED,
            mailbox=course.mailbox.user_principal_name,
            code=error.code,
        )

    def _save(self, courses: Mapping[RecordId, Course], setup: Setup, *, last: bool = False) -> None:
        updates = []
        for course in courses.values():
            course.advance(setup.now, self._pace.settle, last=last and not self._retries_only)
            if fields := course.changes():
                updates.append(MailboxUpdate(id=course.mailbox.id, fields=fields))
        failures = self._unlogged_failures()
        settled = [error for error in self._retries.settled(self._report.tally) if error.id not in self._settled]
        answered = self._retries.answered(self._report.tally) if last else []
        through = None
        if self._upkeep is not None:
            settled = list({error.id: error for error in (*settled, *self._upkeep.settled)}.values())
            through = self._upkeep.matched_through
        news = self._has_news(courses)
        status = EventStatus.RUNNING
        if last:
            failed = self._report.tally.failed or self._report.failed_mailboxes or self._report.remarks
            status = EventStatus.COMPLETED_WITH_ERRORS if failed else EventStatus.SUCCEEDED
        event = self._event(setup.now, status, finished=last) if news else None
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
        for course in courses.values():
            course.saved()
        self._saved_at = self._monotonic()
        lanes = [course.lane for course in courses.values() if course.lane is not None]
        seconds = self._saved_at - self._begun
        read = together((lane.progress(seconds) for lane in lanes), seconds)
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

    def _unlogged_failures(self) -> list[Failure]:
        failures = self._report.tally.failures
        return [
            replace(failure, error_key=self._retries.named(failure))
            for place, failure in failures.items()
            if place not in self._errors_logged
        ]

    def _has_news(self, courses: Mapping[RecordId, Course]) -> bool:
        """A row exists when the run stored or failed something, or when a mailbox's failing begins or ends."""
        tally = self._report.tally
        turned = any(course.turned for course in courses.values())
        return self._has_event or tally.stored > 0 or bool(tally.failures or self._report.remarks) or turned

    def _event(
        self, started: datetime, status: EventStatus, *, finished: bool = False, error: ServiceError | None = None
    ) -> EventRecord:
        tally, report = self._report.tally, self._report
        now = started + timedelta(seconds=round(self._monotonic() - self._begun))
        fields: dict[str, Any] = {
            "Kind__c": self._kind,
            "Status__c": status,
            "Started_At__c": started,
            "Touched_At__c": now,
            "Emails_Synced__c": tally.emails,
            "Emails_Failed__c": tally.failed,
            "Mailboxes__c": len(report.mailboxes),
            "Mailboxes_Failed__c": len(report.failed_mailboxes),
        }
        if finished:
            fields["Finished_At__c"] = now
            fields["Salesforce_Calls__c"] = self._log_book.calls + 1
        if error is not None:
            fields["Error_Message__c"] = str(error)
        elif report.remarks:
            fields["Error_Message__c"] = cut("\n".join(report.remarks), _MOST_TEXT)
        return EventRecord(key=self._key, fields=fields)

    def _log_failure(self, error: ServiceError, setup: Setup | None) -> None:
        """A row of its own with 0 synced and 0 failed; what was stored before keeps its row, as Interrupted."""
        stopped = isinstance(error, StoppedError)
        say = log.info if stopped else log.error
        say("Run stopped" if stopped else "Run failed", action=Action.RUN_FAILED, code=error.code, error=str(error))
        started = setup.now if setup is not None else self._admin.now
        if started is None or self._dry_run:
            return  # Salesforce was not reached, or nothing may be written
        try:
            if self._report.tally.stored or (stopped and self._has_event):
                stored = self._event(started, EventStatus.INTERRUPTED, finished=True)
                self._log_book.save(event=stored, failures=[], mailboxes=[])
                self._report.event = self._key
            if stopped:
                return
            failed = self._event(started, EventStatus.FAILED, finished=True, error=error)
            zero = {**failed.fields, "Emails_Synced__c": 0, "Emails_Failed__c": 0}
            # where nothing was stored, the row that the writer may have begun becomes the row of the failure
            key = f"{self._key}-failure" if self._report.tally.stored else self._key
            self._log_book.save(event=EventRecord(key=key, fields=zero), failures=[], mailboxes=[])
            self._report.event = self._report.event or key
            self._report.failure_logged = True
        except ConnectorError as second:
            log.error("The failure could not be logged in Salesforce", action=Action.RUN_FAILED, error=str(second))


def _require_internal_domain(settings: SyncSettings, rules: Rules) -> None:
    if settings.keep_unmatched and not rules.has_internal_domain:
        raise SetupError(
            "Keep Unmatched Emails is on and there is no active Internal Domain, so all internal mail would be stored",
            where="Microsoft 365 Sync Setting",
            remedy="Add the firm's mail domains as MS Graph Exclusions of type Internal Domain, or switch it off.",
        )
