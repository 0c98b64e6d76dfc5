"""Whether the scheduler is at work, for those who ask from outside: one thread writes, others read."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from connector.core.scheduling.policy import Idle, Job
from connector.engine.report import RunReport
from connector.errors import ConnectorError

#: looks that may be missed before the scheduler counts as stuck, or Salesforce as out of reach
_MISSED = 5
#: a run ends its reading after its slice; writing what it has read may take this much longer
_AFTER_SLICE = 3600.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe is told: whether all is well, and in a sentence how it stands."""

    ok: bool
    detail: str


class Pulse:
    """The scheduler's signs of life. `look_every` and `slice_seconds` are its own; `monotonic` is a clock in seconds.

    Safe from several threads.
    """

    def __init__(
        self, *, look_every: float, slice_seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience = _MISSED * max(look_every, 1.0)
        self._longest_run = slice_seconds + _AFTER_SLICE
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._turned = monotonic()
        self._looked: float | None = None
        self._running_since: float | None = None
        self._idle: str | None = None
        self._error: str | None = None

    def looked(self, step: Job | Idle, /) -> None:
        """Salesforce was looked at, and this is to be done."""
        with self._lock:
            self._turned = self._looked = self._monotonic()
            self._idle = self._error = None
            if isinstance(step, Idle):
                self._idle = step.why
                self._error = None if step.error is None else str(step.error)

    def unreachable(self, error: ConnectorError, /) -> None:
        """Salesforce could not be looked at."""
        with self._lock:
            self._turned = self._monotonic()
            self._error = str(error)

    def began(self, _job: Job, /) -> None:
        """A run begins; which one, a probe does not ask."""
        with self._lock:
            self._turned = self._running_since = self._monotonic()

    def ended(self, _job: Job, _report: RunReport | None, /) -> None:
        """The run is over; how it went, metrics tell."""
        with self._lock:
            self._turned = self._looked = self._monotonic()
            self._running_since = None

    def alive(self) -> Verdict:
        """Whether the process does what it is there for; where it does not, only a restart helps."""
        with self._lock:
            now, running = self._monotonic(), self._running_since
            if running is not None:
                seconds = now - running
                return Verdict(seconds <= self._longest_run, f"a run has been at work for {seconds:.0f} s")
            seconds = now - self._turned
            return Verdict(seconds <= self._patience, f"the scheduler was at work {seconds:.0f} s ago")

    def ready(self) -> Verdict:
        """Whether Salesforce answers and runs can happen; waiting or an administrator helps."""
        with self._lock:
            now = self._monotonic()
            if self._running_since is not None:
                return Verdict(True, "a run is at work")
            if self._looked is None:
                return Verdict(False, self._error or "Salesforce was not looked at yet")
            seconds = now - self._looked
            if self._error is not None or seconds > self._patience:
                return Verdict(False, self._error or f"Salesforce was last looked at {seconds:.0f} s ago")
            return Verdict(True, self._idle or "runs are on")
