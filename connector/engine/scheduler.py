"""`m365sync run`: when to run, one run at a time, and how to stop. SchedulerPolicy decides, the run is handed in.

Time is Salesforce's. The machine's own clock measures how long something took and how long to wait, nothing else.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

import structlog

from connector.codes import Action
from connector.core.scheduling.policy import Done, Idle, Job, SchedulerPolicy, Snapshot, UnloggedFailure
from connector.engine.report import RunReport
from connector.engine.request import RunRequest, request_for
from connector.errors import ConnectorError, ErrorDetail, ServiceError, SignInError, StoppedError, UnreachableError

log = structlog.get_logger(__name__)

#: seconds between two looks
LOOK_EVERY = 60.0
#: seconds between two lines of what lasts: an outage, or all being well
TELL_EVERY = 3600.0
#: stopping a run's reading: no further window, and with `abandon=True` not even the rest of those being read
StopReading = Callable[..., None]


class ScheduleStore(Protocol):
    """The settings record and requests of admins in Salesforce. All methods may raise ServiceError."""

    def look(self, *, everything: bool) -> Snapshot:
        """The state now. `everything`: including backfills that another process left unfinished."""
        ...

    def begin(self, look: Snapshot) -> None:
        """A run that the grid or a person wanted begins: Last_Run_At__c, and Sync_Now_Requested__c is cleared."""
        ...

    def write(self, unseen: Sequence[UnloggedFailure]) -> None:
        """Events of failed runs, each with 0 synced and 0 failed; writing one again changes nothing."""
        ...


class SchedulerWatch(Protocol):
    """Is told what the scheduler does, in its thread. Must not raise, nor wait."""

    def looked(self, step: Job | Idle, /) -> None:
        """Salesforce was looked at, and this is to be done."""
        ...

    def unreachable(self, error: ConnectorError, /) -> None:
        """Salesforce could not be looked at."""
        ...

    def began(self, job: Job, /) -> None:
        """A run begins."""
        ...

    def ended(self, job: Job, report: RunReport | None, /) -> None:
        """The run is over; without a report it could not begin."""
        ...


class StopToken:
    """A request to stop. It ends every wait and calls every callback that is registered. Safe from all threads."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def is_asked(self) -> bool:
        """Whether a stop was requested."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise StoppedError where a stop was requested."""
        if self.is_asked:
            raise StoppedError("A stop was requested", remedy="The next run resumes where this one stopped.")

    def ask(self) -> None:
        """Request the stop: waits end, and registered callbacks are called in this thread."""
        self._event.set()
        with self._lock:
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            callback()

    def wait(self, seconds: float) -> bool:
        """Wait for `seconds`, or until a stop is requested. Returns whether it was."""
        return self._event.wait(seconds)

    def pause(self, seconds: float) -> None:
        """`time.sleep` that ends early when a stop is requested."""
        self._event.wait(seconds)

    @contextmanager
    def telling(self, tell: Callable[[], None]) -> Iterator[None]:
        """While the block runs, have `tell` called when a stop is requested; at once where it was requested before."""
        with self._lock:
            self._callbacks.append(tell)
        try:
            if self.is_asked:
                tell()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(tell)


class TimeLimit:
    """How long one run may read: its reading ends after `seconds` (None: never), or when a stop is requested."""

    def __init__(self, stop_token: StopToken, *, seconds: float | None) -> None:
        self._stop_token = stop_token
        self._seconds = seconds
        #: whether its time was over before it was left
        self.cut = False

    @contextmanager
    def __call__(self, stop: StopReading) -> Iterator[None]:
        """Limit the reading that `stop` ends. Raises StoppedError where a stop was requested."""

        def over() -> None:
            self.cut = True
            stop()

        timer = threading.Timer(self._seconds or 0, over)
        timer.daemon = True
        if self._seconds is not None:
            timer.start()
        try:
            with self._stop_token.telling(lambda: stop(abandon=True)):
                yield
        finally:
            timer.cancel()
        self._stop_token.check()


class Scheduler:
    """Looks, decides, runs and waits, until a stop is requested.

    `run` does one run to its end; each reads for `slice_minutes` at most, and the next goes on from there.
    """

    def __init__(
        self,
        *,
        store: ScheduleStore,
        run: Callable[[RunRequest], RunReport],
        stop_token: StopToken,
        slice_minutes: float,
        look_every: float = LOOK_EVERY,
        watches: Sequence[SchedulerWatch] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watches = watches
        self._store = store
        self._run = run
        self._stop_token = stop_token
        self._slice_minutes = slice_minutes
        self._look_every = look_every
        self._monotonic = monotonic
        self._policy = SchedulerPolicy()
        #: failed runs without an event in Salesforce: key, our own clock then, and the error
        self._unlogged: list[tuple[str, float, ErrorDetail]] = []
        #: what Salesforce answered last with, and when that began and was told last
        self._last_error = ""
        self._out_since = self._out_told = 0.0
        self._alive_told = monotonic()

    def serve(self) -> None:
        """Return when a stop is requested."""
        log.info("Scheduler started", action=Action.SCHEDULER_STARTED, look_every=self._look_every)
        while not self._stop_token.is_asked:
            pause = self.turn()
            if pause and self._stop_token.wait(pause):
                break
        log.info("Scheduler stopped", action=Action.SCHEDULER_STOPPED)

    def turn(self) -> float:
        """One look, and the run that it leads to: seconds to wait before the next look."""
        try:
            look = self._store.look(everything=not self._policy.knows_backfills)
        except ServiceError as error:
            self._out_of_reach(error)
            for watch in self._watches:
                watch.unreachable(error)
            return self._look_every
        self._in_reach()
        self._log_failures()
        step = self._policy.decide(look, self._monotonic())
        for watch in self._watches:
            watch.looked(step)
        self._tell(step if isinstance(step, Idle) else Idle())
        if isinstance(step, Idle):
            return self._policy.wait(step, self._monotonic(), longest=self._look_every)
        return 0.0 if self._do(step, look) else self._look_every

    def _do(self, job: Job, look: Snapshot) -> bool:
        """Do the run of this job. Returns whether it was done; False where it failed."""
        begun = False
        report: RunReport | None = None
        for watch in self._watches:
            watch.began(job)
        try:
            if job in (Job.MANUAL, Job.SCHEDULED):
                self._store.begin(look)
            begun = True
            report = self._run(request_for(job, minutes=self._slice_minutes))
            done = Done(cut=report.cut, paused=report.paused, failure=report.failure, logged=report.failure_logged)
        except ConnectorError as error:
            done = Done(failure=error.detail, begun=begun)
            log.error("Run not begun", action=Action.RUN_NOT_BEGUN, code=error.code, error=str(error))
        except Exception as error:
            # a fault of our own must not end the scheduler: the next run may well succeed
            log.exception("Run met an unexpected error", action=Action.RUN_BROKE)
            done = Done(failure=_unexpected(error).detail, begun=begun)
        for watch in self._watches:
            watch.ended(job, report)
        self._policy.done(job, done)
        if done.failure is not None and not done.logged and not self._stop_token.is_asked:
            self._note(done.failure)
        return done.failure is None

    # -- log lines and events ---------------------------------------------------------------------------------------

    def _tell(self, rest: Idle) -> None:
        """Log why nothing runs, or that runs are on again: once, until that changes."""
        if not self._policy.is_news(rest):
            return
        if rest.error is not None:
            log.error(
                "Nothing runs, the schedule is not understood",
                action=Action.SCHEDULE_REFUSED,
                code=rest.error.code,
                error=str(rest.error),
            )
            self._note(rest.error.detail)
            self._log_failures()
        elif rest.why is not None:
            log.warning("Nothing runs", action=Action.RUNS_OFF, reason=str(rest.why))
        else:
            log.info("Runs are on", action=Action.RUNS_ON, next_run=str(rest.until))

    def _out_of_reach(self, error: ServiceError) -> None:
        """Log the outage when it begins, changes, and each hour that it lasts; each run that was due meanwhile gets an
        event, now or once Salesforce answers again."""
        now = self._monotonic()
        if not self._last_error:
            self._out_since = self._out_told = now
            log.error("Salesforce could not be read", action=Action.OUTAGE_BEGAN, code=error.code, error=str(error))
        elif str(error) != self._last_error or now - self._out_told >= TELL_EVERY:
            self._out_told = now
            log.error(
                "Salesforce can still not be read",
                action=Action.OUTAGE_LASTS,
                code=error.code,
                error=str(error),
                minutes=round((now - self._out_since) / 60),
            )
        self._last_error = str(error)
        if self._policy.missed(self._monotonic()):
            self._note(error.detail)
            if not isinstance(error, UnreachableError | SignInError):
                self._log_failures()

    def _in_reach(self) -> None:
        """Log the end of an outage; and each hour that the scheduler is at work."""
        now = self._monotonic()
        if self._last_error:
            self._last_error = ""
            minutes = round((now - self._out_since) / 60)
            log.info("Salesforce can be read again", action=Action.OUTAGE_ENDED, minutes=minutes)
        if now - self._alive_told >= TELL_EVERY:
            self._alive_told = now
            log.info("Scheduler is at work", action=Action.SCHEDULER_ALIVE)

    def _note(self, error: ErrorDetail) -> None:
        self._unlogged.append((f"{secrets.token_hex(12)}-failure", self._monotonic(), error))

    def _log_failures(self) -> None:
        """Write events of failed runs that left none. What cannot be written now is kept for the next turn."""
        if not self._unlogged:
            return
        now = self._monotonic()
        told = [
            UnloggedFailure(key=key, ago=timedelta(seconds=now - tick), error=error)
            for key, tick, error in self._unlogged
        ]
        try:
            self._store.write(told)
        except ServiceError as error:
            log.warning("A failure could not be logged yet", action=Action.EVENT_WAITS, error=str(error))
        else:
            self._unlogged.clear()


def _unexpected(error: Exception) -> ServiceError:
    return ServiceError(
        f"Unexpected {type(error).__name__}: {error}",
        remedy="Run m365sync sync with --debug before the verb, and report what it shows.",
        code="UNEXPECTED",
    )
