"""How often a meeting repeats: an iCalendar RRULE as Graph's patternedRecurrence."""

import re
from datetime import date
from typing import Any

_DAYS = {
    "SU": "sunday",
    "MO": "monday",
    "TU": "tuesday",
    "WE": "wednesday",
    "TH": "thursday",
    "FR": "friday",
    "SA": "saturday",
}
_BY_NUMBER = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_INDEXES = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "last", -1: "last"}
_DAY = re.compile(r"([+-]?\d{1,2})?(SU|MO|TU|WE|TH|FR|SA)")
_NO_DATE = "0001-01-01"
_MOST = 2**31 - 1


def recurrence_of(rule: str, start: date) -> dict[str, Any] | None:
    """The recurrence of a meeting that first takes place at `start`; None where Exchange has no such pattern."""
    parts = dict(part.split("=", 1) for part in rule.upper().replace(" ", "").split(";") if "=" in part)
    pattern = _pattern(parts, start)
    return {"pattern": pattern, "range": _range(parts, start)} if pattern else None


def _pattern(parts: dict[str, str], start: date) -> dict[str, Any] | None:
    days = _DAY.findall(parts.get("BYDAY", ""))
    position = next((int(number) for number, _ in days if number), _number(parts.get("BYSETPOS", ""), 0))
    index = _INDEXES.get(position)
    shown: dict[str, Any] = {
        "interval": max(1, _number(parts.get("INTERVAL", ""), 1)),
        "month": 0,
        "dayOfMonth": 0,
        "daysOfWeek": [],
        "firstDayOfWeek": _DAYS.get(parts.get("WKST", ""), "sunday"),
        "index": index or "first",
    }
    named = list(dict.fromkeys(_DAYS[day] for _, day in days))
    day_of_month = _number(parts.get("BYMONTHDAY", ""), start.day)
    month = _number(parts.get("BYMONTH", ""), start.month)
    match parts.get("FREQ"):
        case "DAILY" if not named:
            return {"type": "daily", **shown}
        case "DAILY" | "WEEKLY":
            return {"type": "weekly", **shown, "daysOfWeek": named or [_BY_NUMBER[start.weekday()]]}
        case "MONTHLY" if named and index:
            return {"type": "relativeMonthly", **shown, "daysOfWeek": named}
        case "MONTHLY" if not named and 1 <= day_of_month <= 31:
            return {"type": "absoluteMonthly", **shown, "dayOfMonth": day_of_month}
        case "YEARLY" if named and index and 1 <= month <= 12:
            return {"type": "relativeYearly", **shown, "daysOfWeek": named, "month": month}
        case "YEARLY" if not named and 1 <= month <= 12 and 1 <= day_of_month <= 31:
            return {"type": "absoluteYearly", **shown, "dayOfMonth": day_of_month, "month": month}
    return None


def _range(parts: dict[str, str], start: date) -> dict[str, Any]:
    shown = {"startDate": start.isoformat(), "endDate": _NO_DATE, "recurrenceTimeZone": "UTC", "numberOfOccurrences": 0}
    until = _date(parts.get("UNTIL", ""))
    count = _number(parts.get("COUNT", ""), 0)
    if until is not None:
        return {"type": "endDate", **shown, "endDate": until.isoformat()}
    if count > 0:
        return {"type": "numbered", **shown, "numberOfOccurrences": count}
    return {"type": "noEnd", **shown}


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:8])
    except ValueError:
        return None


def _number(text: str, default: int) -> int:
    """The first of a list of numbers."""
    found = re.match(r"[+-]?[0-9]{1,10}(?=,|\Z)", text)
    return min(int(found.group()), _MOST) if found else default
