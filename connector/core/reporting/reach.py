"""How a message of any age can be read (again): by the next run, by a sweep, or what it takes otherwise. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

from connector.core.reading import windows
from connector.core.reading.sweep import sweep_range
from connector.model.org import Mailbox, Setup, SyncSettings

SYNC, SWEEP = "m365sync sync", "m365sync sync --sweep"
#: a remedy is followed some time after it was read: a sweep that then just misses the message is none
_MARGIN = timedelta(days=1)


class Road(Enum):
    """What has to be done for a message to be listed by a run."""

    NEXT = auto()
    SWEEP = auto()
    #: Backfill Through is emptied
    AGAIN = auto()
    #: Backfill From is set earlier, and Backfill Through is emptied
    EARLIER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How one message can be read. `mailbox`: its name; `since`: what Backfill From would have to be for EARLIER."""

    road: Road
    mailbox: str
    since: datetime

    @property
    def how(self) -> str:
        """What to do, to stand behind "then"."""
        match self.road:
            case Road.NEXT:
                return f"run {SYNC}"
            case Road.SWEEP:
                return f"run {SWEEP}"
            case Road.AGAIN:
                return (
                    f"empty Backfill Through of the MS Graph User {self.mailbox} and run {SYNC}, which reads its mail "
                    "from Backfill From on once more"
                )
            case Road.EARLIER:
                return (
                    f"set Backfill From of the MS Graph User {self.mailbox} to {self.since:%Y-%m-%d %H:%M} UTC or "
                    f"earlier, empty its Backfill Through, and run {SYNC}"
                )


def reach(
    mailbox: Mailbox,
    received: datetime,
    setup: Setup,
    settings: SyncSettings,
    *,
    overlap: timedelta,
    settle: timedelta,
    sweep_days: int,
) -> Reach:
    """How a message of this mailbox can be read, by the same rules as a run's; as if the mailbox were read at all."""
    now, zone = setup.now, ZoneInfo(setup.org.time_zone)

    def listed(box: Mailbox, *, asked: bool, margin: timedelta = timedelta(0)) -> bool:
        box = windows.with_fields(box, windows.begin(box, now, settings.backfill_months))
        sweep = sweep_range(box, now, settle=settle, sweep_days=sweep_days, zone=zone, asked=asked)
        spans = [
            windows.live_window(box, now, overlap=overlap, settle=settle),
            windows.backfill_window(box, now, settle=settle),
        ]
        newest = max((span.end for span in spans if span is not None), default=box.live_through)
        return (
            any(span is not None and span.start <= received < span.end for span in spans)
            or (sweep is not None and sweep.start + margin <= received < sweep.end)
            or (newest is not None and received >= newest)
        )

    begun = windows.with_fields(mailbox, windows.begin(mailbox, now, settings.backfill_months))
    latest = min(received, (begun.live_from or now) - timedelta(seconds=1))
    since = latest.replace(hour=0, minute=0, second=0, microsecond=0)
    if listed(mailbox, asked=False):
        road = Road.NEXT
    elif listed(mailbox, asked=True, margin=_MARGIN):
        road = Road.SWEEP
    elif listed(replace(begun, backfill_through=None), asked=False):
        road = Road.AGAIN
    else:
        road = Road.EARLIER
    return Reach(road=road, mailbox=mailbox.user_principal_name or mailbox.email or mailbox.name, since=since)
