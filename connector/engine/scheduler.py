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
#: stopping a run's reading: no further window, and with `abandon=True` not even the rest of those being read
StopReading = Callable[..., None]


class ScheduleStore(Protocol):
    """Where admins leave word in Salesforce. All may raise ServiceError."""

    def look(self, *, everything: bool) -> Snapshot:
        """What stands there now. `everything`: with backfills that another process left unfinished."""
        ...

    def begin(self, look: Snapshot) -> None:
        """A run that the grid or a person wanted begins: Last_Run_At__c, and Sync_Now_Requested__c is cleared."""
        ...

    def write(self, unseen: Sequence[UnloggedFailure]) -> None:
        """Events of failed runs, each with 0 synced and 0 failed; writing one again changes nothing."""
        ...


class StopToken:
    """Somebody may ask to stop: whoever waits wakes up, and whoever wants to know is told. Safe from all threads."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._told: list[Callable[[], None]] = []

    @property
    def is_asked(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise StoppedError where somebody asked to stop."""
        if self.is_asked:
            raise StoppedError("The scheduler was asked to stop")

    def ask(self) -> None:
        """Stop."""
        self._event.set()
        with self._lock:
            told = tuple(self._told)
        for tell in told:
            tell()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until somebody asks to stop: whether that is so."""
        return self._event.wait(seconds)

    def pause(self, seconds: float) -> None:
        """`time.sleep` that ends when somebody asks to stop."""
        self._event.wait(seconds)

    @contextmanager
    def telling(self, tell: Callable[[], None]) -> Iterator[None]:
        """Have `tell` called, in another thread, when somebody asks to stop; at once where that is so already."""
        with self._lock:
            self._told.append(tell)
        try:
            if self.is_asked:
                tell()
            yield
        finally:
            with self._lock:
                self._told.remove(tell)


class TimeLimit:
    """How long one run may read: it ends after `seconds` with what it has, or at once where somebody asks to stop."""

    def __init__(self, stop_token: StopToken, *, seconds: float) -> None:
        self._stop_token = stop_token
        self._seconds = seconds
        #: whether its time was over before it was left
        self.cut = False

    @contextmanager
    def __call__(self, stop: StopReading) -> Iterator[None]:
        """Watch over the reading that `stop` ends. Raises StoppedError where somebody asked to."""

        def over() -> None:
            self.cut = True
            stop()

        timer = threading.Timer(self._seconds, over)
        timer.daemon = True
        timer.start()
        try:
            with self._stop_token.telling(lambda: stop(abandon=True)):
                yield
        finally:
            timer.cancel()
        self._stop_token.check()


class Scheduler:
    """Looks, decides, runs, waits, until somebody asks to stop.

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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._run = run
        self._stop_token = stop_token
        self._slice_minutes = slice_minutes
        self._look_every = look_every
        self._monotonic = monotonic
        self._agenda = SchedulerPolicy()
        #: failed runs that Salesforce does not know of: key, our own clock then, and why
        self._unseen: list[tuple[str, float, ErrorDetail]] = []
        self._trouble = ""

    def serve(self) -> None:
        """Come back when somebody has asked to stop."""
        log.info("Scheduler started", action=Action.RUN_STARTED, look_every=self._look_every)
        while not self._stop_token.is_asked:
            pause = self.turn()
            if pause and self._stop_token.wait(pause):
                break
        log.info("Scheduler stopped", action=Action.RUN_FINISHED)

    def turn(self) -> float:
        """One look, and the run that it leads to: seconds to wait before the next look."""
        try:
            look = self._store.look(everything=not self._agenda.knows_backfills)
        except ServiceError as error:
            self._out_of_reach(error)
            return self._look_every
        self._trouble = ""
        self._tell_unseen()
        step = self._agenda.decide(look, self._monotonic())
        self._tell(step if isinstance(step, Idle) else Idle())
        if isinstance(step, Idle):
            return self._agenda.wait(step, self._monotonic(), longest=self._look_every)
        return 0.0 if self._do(step, look) else self._look_every

    def _do(self, job: Job, look: Snapshot) -> bool:
        """Whether the run could be done."""
        begun = False
        try:
            if job in (Job.MANUAL, Job.SCHEDULED):
                self._store.begin(look)
            begun = True
            report = self._run(request_for(job, minutes=self._slice_minutes))
            done = Done(cut=report.cut, failure=report.failure, logged=report.failure_logged)
        except ConnectorError as error:
            done = Done(failure=error.detail, begun=begun)
            log.error("Run failed", action=Action.RUN_FAILED, code=error.code, error=str(error))
        except Exception as error:
            # a fault of our own must not end the scheduler: the next run may well succeed
            log.exception("Run met an unexpected error", action=Action.RUN_FAILED)
            done = Done(failure=_unexpected(error).detail, begun=begun)
        self._agenda.done(job, done)
        if done.failure is not None and not done.logged and not self._stop_token.is_asked:
            self._note(done.failure)
        return done.failure is None

    # -- what is told -----------------------------------------------------------------------------------------------

    def _tell(self, rest: Idle) -> None:
        """Why nothing runs, or that it does again: once, until that changes."""
        if not self._agenda.is_news(rest):
            return
        if rest.error is not None:
            log.error("Nothing runs", action=Action.RUN_FAILED, code=rest.error.code, error=str(rest.error))
            self._note(rest.error.detail)
            self._tell_unseen()
        elif rest.why is not None:
            log.warning("Nothing runs", action=Action.RUN_SKIPPED, reason=str(rest.why))
        else:
            log.info("Runs are on", action=Action.RUN_STARTED, next_run=str(rest.until))

    def _out_of_reach(self, error: ServiceError) -> None:
        """Told once, however long it lasts; Salesforce is told of each run that was due, now or when it is back."""
        if str(error) != self._trouble:
            log.error("Salesforce could not be read", action=Action.RUN_FAILED, code=error.code, error=str(error))
        self._trouble = str(error)
        if self._agenda.missed(self._monotonic()):
            self._note(error.detail)
            if not isinstance(error, UnreachableError | SignInError):
                self._tell_unseen()

    def _note(self, error: ErrorDetail) -> None:
        self._unseen.append((f"{secrets.token_hex(12)}-failure", self._monotonic(), error))

    def _tell_unseen(self) -> None:
        """Events of the runs that failed unseen. What cannot be written now is kept, and no reason not to run."""
        if not self._unseen:
            return
        now = self._monotonic()
        told = [
            UnloggedFailure(key=key, ago=timedelta(seconds=now - tick), error=error)
            for key, tick, error in self._unseen
        ]
        try:
            self._store.write(told)
        except ServiceError as error:
            log.warning("A failure could not be logged yet", action=Action.RUN_FAILED, error=str(error))
        else:
            self._unseen.clear()


def _unexpected(error: Exception) -> ServiceError:
    return ServiceError(
        f"Unexpected {type(error).__name__}: {error}",
        remedy="Run m365sync sync with --debug before the verb, and report what it shows.",
        code="UNEXPECTED",
    )
