"""When runs are due: a grid of wall-clock times in the org's zone. Pure; the zone comes in.

    Every 15 minutes … Hourly     minutes of the day divisible by it; a repeated hour is walked twice
    Every 2 hours … 12 hours      hours of the day divisible by it   ┐
    Daily, Weekly                 at Time_of_Day__c                  ┘ of a repeated time the first pass only

A time that the clocks leap over runs at the first instant after the gap. Since times of the grid are wall-clock times,
two of them may be 30 minutes or 25 hours apart for the same frequency.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from connector.errors import SetupError
from connector.model.values import require_aware

#: minutes between two times of the grid, by Frequency__c
MINUTES = {"Every 15 minutes": 15, "Every 30 minutes": 30, "Hourly": 60}
HOURS = {
    "Every 2 hours": 2,
    "Every 3 hours": 3,
    "Every 4 hours": 4,
    "Every 6 hours": 6,
    "Every 12 hours": 12,
}
DAILY, WEEKLY = "Daily", "Weekly"
#: values of Day_of_Week__c, as date.weekday() counts them
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DAY = timedelta(days=1)
_SETTING = "Microsoft 365 Sync Setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """Wall-clock times of a day, the weekday if it is one only, and the zone in which they are read.

    `twice`: a time that comes twice when clocks are set back counts both times.
    """

    times: tuple[time, ...]
    zone: tzinfo
    weekday: int | None = None
    twice: bool = False
    #: the usual distance of two times
    interval: timedelta = _DAY

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The times of the grid later than `moment`, in UTC, without end."""
        require_aware(moment)
        # a chunk at a time, sorted, as the days' times may overlap where clocks are set back over midnight
        start, step = moment.astimezone(UTC), max(_DAY, self.interval)
        while True:
            yield from self.between(start, start + step)
            start += step

    def between(self, start: datetime, end: datetime) -> list[datetime]:
        """The times of the grid in (start, end], in UTC, in order."""
        # clocks were never set by more than a day, so what they show for an instant is at most a date off
        first = start.astimezone(self.zone).date() - _DAY
        last = end.astimezone(self.zone).date() + _DAY
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        found = {instant for day in days for instant in self._of_day(day) if start < instant <= end}
        return sorted(found)

    def is_due(self, last_run: datetime | None, now: datetime) -> bool:
        """Whether a time of the grid lies in (last_run, now]; where nothing ever ran, at once."""
        return last_run is None or (last_run < now and next(self.after(last_run)) <= now)

    def next_run(self, last_run: datetime | None, now: datetime) -> datetime:
        """When the next run is due: `now` where it is already."""
        return now if self.is_due(last_run, now) else next(self.after(now))

    def _of_day(self, day: date) -> Iterator[datetime]:
        if self.weekday is None or day.weekday() == self.weekday:
            for wall in self.times:
                yield from _instants(datetime.combine(day, wall, self.zone), twice=self.twice)


def frequency_of(frequency: str, *, time_of_day: time | None, day_of_week: str | None, zone: tzinfo) -> Frequency:
    """The grid of a settings record. Raises SetupError where it says too little, naming the field."""
    if minutes := MINUTES.get(frequency):
        return Frequency(times=_every(minutes), zone=zone, twice=True, interval=timedelta(minutes=minutes))
    if hours := HOURS.get(frequency):
        return Frequency(times=_every(hours * 60), zone=zone, interval=timedelta(hours=hours))
    if frequency not in (DAILY, WEEKLY):
        raise _incomplete(f"The frequency {frequency} is not known", "Choose one of the list in Frequency")
    weekly = frequency == WEEKLY
    missing = [
        label
        for label, empty in (("Time of Day", time_of_day is None), ("Day of Week", weekly and day_of_week not in DAYS))
        if empty
    ]
    if missing or time_of_day is None:
        fields = " and ".join(missing)
        verb = "are" if len(missing) > 1 else "is"
        raise _incomplete(f"The frequency is {frequency} and {fields} {verb} empty", f"Fill in {fields}")
    if not weekly or day_of_week is None:
        return Frequency(times=(time_of_day,), zone=zone)
    return Frequency(times=(time_of_day,), zone=zone, weekday=DAYS.index(day_of_week), interval=7 * _DAY)


def _incomplete(what: str, remedy: str) -> SetupError:
    return SetupError(
        f"{what}, so nobody can say when a run is due",
        where=_SETTING,
        remedy=f"{remedy} on the {_SETTING}, or choose another Frequency.",
    )


def _every(minutes: int) -> tuple[time, ...]:
    return tuple(time(minute // 60, minute % 60) for minute in range(0, 24 * 60, minutes))


def _instants(wall: datetime, *, twice: bool) -> tuple[datetime, ...]:
    """When clocks show `wall`: once, twice where they are set back, just after it where they leap over it.

    PEP 495: of a repeated time fold 0 is the first pass; in a gap fold 0 is read by the offset before it, fold 1 by
    the one after it, so that the gap's end lies between the two. Times of one zone compare as clocks show them.
    """
    first = wall.astimezone(UTC)
    if first.astimezone(wall.tzinfo) != wall:
        return (_gap_end(wall, wall.replace(fold=1).astimezone(UTC), first),)
    if not twice:
        return (first,)
    second = wall.replace(fold=1).astimezone(UTC)
    return (first,) if second == first else (first, second)


def _gap_end(wall: datetime, before: datetime, after: datetime) -> datetime:
    """The first second after `before`, and up to `after`, at which clocks show more than `wall`."""
    low, high = 0, round((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        shown = (before + timedelta(seconds=middle)).astimezone(wall.tzinfo)
        low, high = (low, middle) if shown > wall else (middle, high)
    return before + timedelta(seconds=high)
