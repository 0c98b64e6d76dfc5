"""Date literals (TODAY, LAST_N_DAYS:7, THIS_FISCAL_QUARTER …) as ranges of days in the user's time zone.

SOQL reference, "Date Formats and Date Literals". Weeks begin on Sunday, as in the en_US locale; the fiscal year is
the calendar year, as in an org that has not changed it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DayRange = tuple[date, date]
"""First day, and the first day after."""


def is_range(word: str, counted: bool) -> bool:
    """Whether a word is a date literal, with `:n` where counted."""
    return word in (_COUNTED if counted else _PLAIN)


def days_of(word: str, count: int | None, today: date) -> DayRange:
    """The days a literal covers, seen from `today`."""
    return _PLAIN[word](today) if count is None else _COUNTED[word](today, count)


def today_in(now: datetime, zone: ZoneInfo) -> date:
    """The user's calendar day."""
    return now.astimezone(zone).date()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant a day begins for the user, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _days(today: date, first: int, after: int) -> DayRange:
    return today + timedelta(days=first), today + timedelta(days=after)


def _week_start(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _weeks(today: date, first: int, after: int) -> DayRange:
    return _days(_week_start(today), 7 * first, 7 * after)


def _month(day: date, offset: int) -> date:
    months = day.year * 12 + day.month - 1 + offset
    return date(months // 12, months % 12 + 1, 1)


def _months(today: date, first: int, after: int) -> DayRange:
    return _month(today, first), _month(today, after)


def _quarters(today: date, first: int, after: int) -> DayRange:
    start = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return _month(start, 3 * first), _month(start, 3 * after)


def _years(today: date, first: int, after: int) -> DayRange:
    return date(today.year + first, 1, 1), date(today.year + after, 1, 1)


Spans = Callable[[date, int, int], DayRange]


def _plain(spans: Spans, first: int, after: int) -> Callable[[date], DayRange]:
    return lambda today: spans(today, first, after)


def _last_n(spans: Spans) -> Callable[[date, int], DayRange]:
    return lambda today, n: spans(today, -n, 0)


def _next_n(spans: Spans) -> Callable[[date, int], DayRange]:
    return lambda today, n: spans(today, 1, n + 1)


def _n_ago(spans: Spans) -> Callable[[date, int], DayRange]:
    return lambda today, n: spans(today, -n, -n + 1)


_UNITS: dict[str, Spans] = {
    "WEEK": _weeks,
    "MONTH": _months,
    "QUARTER": _quarters,
    "FISCAL_QUARTER": _quarters,
    "YEAR": _years,
    "FISCAL_YEAR": _years,
}
_PLAIN: dict[str, Callable[[date], DayRange]] = {
    "YESTERDAY": _plain(_days, -1, 0),
    "TODAY": _plain(_days, 0, 1),
    "TOMORROW": _plain(_days, 1, 2),
    "LAST_90_DAYS": _plain(_days, -90, 1),
    "NEXT_90_DAYS": _plain(_days, 1, 91),
    **{f"LAST_{unit}": _plain(spans, -1, 0) for unit, spans in _UNITS.items()},
    **{f"THIS_{unit}": _plain(spans, 0, 1) for unit, spans in _UNITS.items()},
    **{f"NEXT_{unit}": _plain(spans, 1, 2) for unit, spans in _UNITS.items()},
}
_COUNTED: dict[str, Callable[[date, int], DayRange]] = {
    # The last n days hold today as well; the last n weeks, months and years do not hold the current one.
    "LAST_N_DAYS": lambda today, n: _days(today, -n, 1),
    "NEXT_N_DAYS": _next_n(_days),
    "N_DAYS_AGO": _n_ago(_days),
    **{f"LAST_N_{unit}S": _last_n(spans) for unit, spans in _UNITS.items()},
    **{f"NEXT_N_{unit}S": _next_n(spans) for unit, spans in _UNITS.items()},
    **{f"N_{unit}S_AGO": _n_ago(spans) for unit, spans in _UNITS.items()},
}


def date_part(function: str, value: str | None, zone: str) -> int | str | None:
    """A date function of a column value: the SQL function `sf_date_part`. Dates have no zone."""
    if value is None:
        return None
    if len(value) == 10:
        return _part(function, datetime.fromisoformat(value))
    return _part(function, datetime.fromisoformat(value).astimezone(ZoneInfo(zone)))


def _part(function: str, when: datetime) -> int | str:
    if function == "DAY_ONLY":
        return when.date().isoformat()
    return _PARTS[function.removeprefix("FISCAL_").removeprefix("CALENDAR_")](when)


_PARTS: dict[str, Callable[[datetime], int]] = {
    "YEAR": lambda when: when.year,
    "QUARTER": lambda when: (when.month + 2) // 3,
    "MONTH": lambda when: when.month,
    "DAY_IN_MONTH": lambda when: when.day,
    "DAY_IN_WEEK": lambda when: when.isoweekday() % 7 + 1,
    "DAY_IN_YEAR": lambda when: when.timetuple().tm_yday,
    "WEEK_IN_MONTH": lambda when: (when.day - 1) // 7 + 1,
    "WEEK_IN_YEAR": lambda when: (when.timetuple().tm_yday - 1) // 7 + 1,
    "HOUR_IN_DAY": lambda when: when.hour,
}
