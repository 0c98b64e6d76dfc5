"""What `m365sync run` does next: decided from a look at Salesforce and what was done before. Pure.

                      ┌── inactive, not enabled, no record ──► rest
    look ──► decide ──┼── Sync Now ──► sync, Manual ──────────┐
                      ├── a time of the grid ──► sync ────────┤
                      ├── a retry was asked for ──► retry ────┼──► done ──► look
                      ├── a backfill is unfinished ──► slice ─┘
                      └── nothing ──► rest until the grid, one look a minute

- A slice goes on as long as backfills advance. One that a run read to its end and that did not advance (its mailbox
  cannot be read) waits for the grid; so does everything after a run that failed as a whole, and backfills that had to
  wait for the org's API calls.
- A request that a run could not answer (its mailbox is not linked, say) is not tried again before the grid either.
- While Salesforce does not answer, each time of the grid that passes is a run that failed.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from connector.codes import IdleReason
from connector.core.scheduling.frequency import Frequency, frequency_of
from connector.errors import ErrorDetail, SetupError
from connector.model.values import RecordId

#: the share of the org's daily API calls, in percent, at which live mail waits, where that of backfills is smaller
LIVE_PERCENT = 95
#: of rows whose state asks for something: their id and that state
Pending = frozenset[tuple[str, ...]]
_NOTHING: Pending = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What the MS_Graph_Setting__c record says about when to run."""

    id: RecordId
    active: bool = False
    licensed_users: int | None = None
    frequency: str = "Hourly"
    time_of_day: time | None = None
    day_of_week: str | None = None
    sync_now: bool = False
    last_run_at: datetime | None = None


class Switches(Protocol):
    """The fields of the settings record that say whether anything runs."""

    @property
    def active(self) -> bool:
        """Whether the sync is switched on (Active__c)."""
        ...

    @property
    def licensed_users(self) -> int | None:
        """The number of licensed seats (Licensed_Users__c); 0: the feature is not enabled."""
        ...


def idle_reason(settings: Switches | None) -> IdleReason | None:
    """Why nothing runs at all with this settings record, or with none; None where runs happen."""
    if settings is None:
        return IdleReason.NO_RECORD
    if not settings.active:
        return IdleReason.INACTIVE
    return IdleReason.NOT_ENABLED if settings.licensed_users == 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What stands in Salesforce at `now`, its own clock. `backfills` and `requests`: what asks to be read before the
    grid says so."""

    now: datetime
    zone: str
    timing: Timing | None
    backfills: Pending = _NOTHING
    requests: Pending = _NOTHING

    @property
    def idle_reason(self) -> IdleReason | None:
        """Why nothing runs at all, or None."""
        return idle_reason(self.timing)

    def grid(self) -> Frequency:
        """When runs are due. Raises SetupError where the settings do not say."""
        timing = self.timing or Timing(id=RecordId(""))
        return frequency_of(
            timing.frequency,
            time_of_day=timing.time_of_day,
            day_of_week=timing.day_of_week,
            zone=ZoneInfo(self.zone),
        )


class Job(StrEnum):
    """Which run is to be done, by what asks for it."""

    #: Sync_Now_Requested__c
    MANUAL = "manual"
    #: a time of the grid
    SCHEDULED = "scheduled"
    #: failed messages that a person wants to be tried again
    RETRY = "retry"
    #: on with a backfill
    SLICE = "slice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Nothing to do. `until` is the next time of the grid; `why` what keeps runs from happening at all."""

    until: datetime | None = None
    why: str | None = None
    error: SetupError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a run ended. `cut`: its time was over, so it may not have read everything."""

    cut: bool = False
    #: backfills had to wait, so that one that is unfinished waits for the grid
    paused: bool = False
    failure: ErrorDetail | None = None
    #: whether Salesforce has an event of the failure
    logged: bool = False
    #: whether Last_Run_At__c was set, so that the run is not due any more
    begun: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UnloggedFailure:
    """A run that failed without Salesforce knowing: the key of its event, how long ago it was, and why."""

    key: str
    ago: timedelta
    error: ErrorDetail


@dataclass(slots=True)
class SchedulerPolicy:
    """Decides, and remembers what was tried. `tick` are seconds of a clock that never jumps; it measures only."""

    _look: Snapshot | None = None
    _has_read: bool = False
    _tick: float = 0.0
    _tried_backfills: Pending = _NOTHING
    _tried_requests: Pending = _NOTHING
    #: up to when missed times of the grid were counted
    _missed: datetime | None = None
    _missed_first: bool = False
    _told: str = ""
    #: when a run could not even begin, and whether that was one that a person asked for: tried again by the grid
    _refused_at: datetime | None = None
    _refused_now: bool = False
    #: the last run's time was over
    _cut: bool = False
    #: the last run failed as a whole, or backfills had to wait
    _held: bool = False

    @property
    def knows_backfills(self) -> bool:
        """Whether a run of this process has read what others left unfinished: from then on it is `cut` that counts."""
        return self._has_read

    def decide(self, look: Snapshot, tick: float) -> Job | Idle:
        """The run to do now, or that there is none. `tick`: seconds of a clock that never jumps."""
        self._look, self._tick, self._missed = look, tick, None
        timing = look.timing
        if timing is None or look.idle_reason is not None:
            return Idle(why=look.idle_reason)
        self._refused_now = self._refused_now and timing.sync_now
        if timing.sync_now and not self._refused_now:
            return Job.MANUAL
        grid, error = _grid(look)
        last = _latest(timing.last_run_at, self._refused_at)
        if grid is not None and grid.is_due(last, look.now):
            return Job.SCHEDULED
        if look.requests - self._tried_requests:
            return Job.RETRY
        if grid is None:
            return Idle(error=error)
        if not self._held and (self._cut or look.backfills - self._tried_backfills):
            return Job.SLICE
        return Idle(until=grid.next_run(last, look.now))

    def done(self, job: Job, done: Done) -> None:
        """Note how the run ended that `decide` asked for."""
        failed = done.failure is not None
        if self._look is not None:
            self._tried_requests = self._look.requests
            if job is not Job.RETRY:
                self._tried_backfills = self._look.backfills
            if not done.begun:
                self._refused_at, self._refused_now = self._look.now, job is Job.MANUAL or self._refused_now
        self._has_read = self._has_read or not (failed or job is Job.RETRY)
        if failed or job is not Job.RETRY:
            self._cut, self._held = done.cut and not failed, failed or done.paused

    def missed(self, tick: float) -> bool:
        """Salesforce could not be looked at. Whether a run failed by that: the first, and one for each time of the grid
        that has passed since, by the last look and our own clock."""
        look = self._look
        if look is None:
            first, self._missed_first = not self._missed_first, True
            return first
        if look.timing is None or look.idle_reason is not None:
            return False
        now = look.now + timedelta(seconds=tick - self._tick)
        grid, _ = _grid(look)
        last = _latest(look.timing.last_run_at, self._refused_at, self._missed)
        if grid is None or not grid.is_due(last, now):
            return False
        self._missed = now
        return True

    def is_news(self, rest: Idle) -> bool:
        """Whether this reason is to be reported: once, until the reason changes."""
        text = rest.why or (str(rest.error) if rest.error is not None else "")
        news, self._told = text != self._told, text
        return news

    def wait(self, rest: Idle, tick: float, *, longest: float) -> float:
        """Seconds until the next look: one a minute, and one at the time of the grid."""
        if rest.until is None or self._look is None:
            return longest
        left = (rest.until - self._look.now).total_seconds() - (tick - self._tick)
        return min(longest, max(left, min(1.0, longest)))


def _grid(look: Snapshot) -> tuple[Frequency | None, SetupError | None]:
    try:
        return look.grid(), None
    except SetupError as error:
        return None, error


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
