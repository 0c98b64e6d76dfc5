"""The time zones that a calendar defines for itself (VTIMEZONE), as Windows programs name and send them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfoNotFoundError

_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(?:\d\d)?")
_DAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
#: What ZoneInfo raises for a name that is none: also a folder's name, or one that leaves the database.
ZONE_ERRORS = (ZoneInfoNotFoundError, ValueError, OSError)


class _Line(Protocol):
    value: str


class _Part(Protocol):
    name: str

    def first(self, name: str) -> _Line | None: ...

    def text(self, name: str) -> str: ...

    @property
    def parts(self) -> "Iterable[_Part]": ...


@dataclass(frozen=True, slots=True)
class _Observance:
    """Standard or daylight time: its offset from UTC, and when in a year it begins (None: it is always so)."""

    offset: timedelta
    begin: datetime
    rule: dict[str, str]

    def onset(self, year: int) -> datetime | None:
        """Its beginning in that year, local time."""
        month, day = self.rule.get("BYMONTH", ""), re.fullmatch(r"([+-]?\d)([A-Z]{2})", self.rule.get("BYDAY", ""))
        if not month.isdigit() or not 1 <= int(month) <= 12 or day is None or day.group(2) not in _DAYS:
            return None
        number, weekday = int(day.group(1)), _DAYS[day.group(2)]
        first = self.begin.replace(year=year, month=int(month), day=1)
        if number < 0:
            after = (first + timedelta(days=32)).replace(day=1)
            last = after - timedelta(days=1)
            return last - timedelta(days=(last.weekday() - weekday) % 7, weeks=-number - 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7, weeks=max(number, 1) - 1)


@dataclass(frozen=True, slots=True)
class Observances:
    """All zones of a calendar, by name."""

    by_name: dict[str, list[_Observance]]

    @classmethod
    def of(cls, parts: "Iterable[_Part]") -> "Observances":
        """From the VTIMEZONE components; one that makes no sense defines nothing."""
        found: dict[str, list[_Observance]] = {}
        for part in parts:
            known = [made for made in map(_observance, part.parts) if made is not None]
            if known:
                found[part.text("TZID")] = known
        return cls(found)

    def offset(self, name: str, local: datetime) -> timedelta | None:
        """How far a local time is ahead of UTC; None for a zone that is not defined here."""
        known = self.by_name.get(name, [])
        begun = [(onset, one) for one in known if (onset := one.onset(local.year)) is not None]
        if not begun:
            return known[0].offset if known else None
        # Before the first onset of a year holds what began last in the year before.
        past = [pair for pair in begun if pair[0] <= local] or begun
        return max(past, key=lambda pair: pair[0])[1].offset


def _observance(part: _Part) -> _Observance | None:
    offset = _OFFSET.fullmatch(part.text("TZOFFSETTO"))
    if offset is None:
        return None
    ahead = timedelta(hours=int(offset.group(2)), minutes=int(offset.group(3)))
    rule = dict(item.split("=", 1) for item in part.text("RRULE").upper().split(";") if "=" in item)
    try:
        begin = datetime.strptime(part.text("DTSTART")[9:15] or "000000", "%H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    return _Observance(-ahead if offset.group(1) == "-" else ahead, begin.replace(year=2000), rule)
