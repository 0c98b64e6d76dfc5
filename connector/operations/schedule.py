"""When the next runs are due: the grid of the frequency, in the org's time zone."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol
from zoneinfo import ZoneInfo

from connector.codes import IdleReason
from connector.core.scheduling.policy import Snapshot


class ScheduleSource(Protocol):
    """The settings record as the scheduler sees it."""

    def look(self) -> Snapshot:
        """What stands there now. Raises ServiceError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The next times of the grid.

    `frequency`: as the settings name it; None where there is no settings record, and then `times` is empty. `zone`: the
    org's. `idle_reason`: why nothing runs at all, or None.
    """

    frequency: str | None
    zone: str
    idle_reason: IdleReason | None
    times: tuple[datetime, ...]


def schedule(source: ScheduleSource, *, count: int, after: datetime | None = None) -> Schedule:
    """The next `count` times after a moment, which is the org's now by default; without a zone it is in the org's.

    Raises ServiceError, and SetupError where the settings do not say when.
    """
    look = source.look()
    moment = after or look.now
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(look.zone))
    times = tuple(islice(look.grid().after(moment), count)) if look.timing is not None else ()
    return Schedule(
        frequency=look.timing.frequency if look.timing is not None else None,
        zone=look.zone,
        idle_reason=look.idle_reason,
        times=times,
    )
