"""FORMAT(): a value as text, as people see it. Emulated for the locale en_US, whatever the user's locale is.

SOQL reference, "FORMAT()": numbers, dates, times and currencies; `$44,000.00`, `4/10/2025, 3:31 PM`.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from m365sandbox.salesforce.data.schema import Field
from m365sandbox.salesforce.data.storage import SqlValue

Format = Callable[[Field, SqlValue, ZoneInfo], str]


def can_format(field: Field) -> bool:
    """Whether FORMAT() takes a field of this type."""
    return field.type in _FORMATS


def format_value(field: Field, value: SqlValue, zone: ZoneInfo) -> str | None:
    """A column's value as text; instants in the user's zone."""
    return None if value is None else _FORMATS[field.type](field, value, zone)


def _number(field: Field, value: SqlValue, zone: ZoneInfo) -> str:
    del zone
    return f"{float(value or 0):,.{field.scale}f}"


def _currency(field: Field, value: SqlValue, zone: ZoneInfo) -> str:
    text = _number(field, value, zone)
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


def _percent(field: Field, value: SqlValue, zone: ZoneInfo) -> str:
    return f"{_number(field, value, zone)}%"


def _date(field: Field, value: SqlValue, zone: ZoneInfo) -> str:
    del field, zone
    return _day(date.fromisoformat(str(value)))


def _datetime(field: Field, value: SqlValue, zone: ZoneInfo) -> str:
    del field
    when = datetime.fromisoformat(str(value)).astimezone(zone)
    return f"{_day(when.date())}, {_clock(when.time())}"


def _time(field: Field, value: SqlValue, zone: ZoneInfo) -> str:
    del field, zone
    return _clock(time.fromisoformat(str(value).removesuffix("Z")))


def _day(when: date) -> str:
    return f"{when.month}/{when.day}/{when.year}"


def _clock(when: time) -> str:
    return f"{when.hour % 12 or 12}:{when.minute:02d} {'AM' if when.hour < 12 else 'PM'}"


_FORMATS: dict[str, Format] = {
    "int": _number,
    "double": _number,
    "currency": _currency,
    "percent": _percent,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
}
