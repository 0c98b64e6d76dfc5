"""Date literals as ranges of days, from a Wednesday in November."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from m365sandbox.salesforce.data.dates import date_part, days_of, is_range, midnight

TODAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("word", "count", "first", "after"),
    [
        ("TODAY", None, "2026-11-18", "2026-11-19"),
        ("LAST_WEEK", None, "2026-11-08", "2026-11-15"),
        ("THIS_WEEK", None, "2026-11-15", "2026-11-22"),
        ("NEXT_WEEK", None, "2026-11-22", "2026-11-29"),
        ("LAST_MONTH", None, "2026-10-01", "2026-11-01"),
        ("THIS_MONTH", None, "2026-11-01", "2026-12-01"),
        ("NEXT_MONTH", None, "2026-12-01", "2027-01-01"),
        ("LAST_90_DAYS", None, "2026-08-20", "2026-11-19"),
        ("NEXT_90_DAYS", None, "2026-11-19", "2027-02-17"),
        ("LAST_QUARTER", None, "2026-07-01", "2026-10-01"),
        ("THIS_QUARTER", None, "2026-10-01", "2027-01-01"),
        ("NEXT_QUARTER", None, "2027-01-01", "2027-04-01"),
        ("THIS_FISCAL_QUARTER", None, "2026-10-01", "2027-01-01"),
        ("LAST_YEAR", None, "2025-01-01", "2026-01-01"),
        ("THIS_FISCAL_YEAR", None, "2026-01-01", "2027-01-01"),
        ("NEXT_YEAR", None, "2027-01-01", "2028-01-01"),
        ("LAST_N_DAYS", 0, "2026-11-18", "2026-11-19"),
        ("LAST_N_DAYS", 7, "2026-11-11", "2026-11-19"),
        ("NEXT_N_DAYS", 3, "2026-11-19", "2026-11-22"),
        ("N_DAYS_AGO", 2, "2026-11-16", "2026-11-17"),
        ("LAST_N_WEEKS", 2, "2026-11-01", "2026-11-15"),
        ("NEXT_N_WEEKS", 1, "2026-11-22", "2026-11-29"),
        ("N_WEEKS_AGO", 1, "2026-11-08", "2026-11-15"),
        ("LAST_N_MONTHS", 11, "2025-12-01", "2026-11-01"),
        ("NEXT_N_MONTHS", 2, "2026-12-01", "2027-02-01"),
        ("N_MONTHS_AGO", 11, "2025-12-01", "2026-01-01"),
        ("LAST_N_QUARTERS", 4, "2025-10-01", "2026-10-01"),
        ("N_QUARTERS_AGO", 1, "2026-07-01", "2026-10-01"),
        ("LAST_N_YEARS", 2, "2024-01-01", "2026-01-01"),
        ("N_FISCAL_YEARS_AGO", 1, "2025-01-01", "2026-01-01"),
    ],
)
def test_days(word: str, count: int | None, first: str, after: str) -> None:
    assert is_range(word, count is not None)
    assert not is_range(word, count is None)
    assert days_of(word, count, TODAY) == (date.fromisoformat(first), date.fromisoformat(after))


def test_a_week_begins_on_sunday() -> None:
    assert days_of("THIS_WEEK", None, date(2026, 11, 15))[0] == date(2026, 11, 15)
    assert days_of("THIS_WEEK", None, date(2026, 11, 21))[0] == date(2026, 11, 15)


def test_a_day_begins_when_the_users_clock_says_so() -> None:
    assert midnight(date(2026, 7, 1), ZoneInfo("America/New_York")) == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert midnight(date(2026, 12, 1), ZoneInfo("America/New_York")) == datetime(2026, 12, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("CALENDAR_YEAR", 2026),
        ("CALENDAR_QUARTER", 4),
        ("FISCAL_QUARTER", 4),
        ("CALENDAR_MONTH", 11),
        ("DAY_IN_MONTH", 18),
        ("DAY_IN_WEEK", 4),
        ("DAY_IN_YEAR", 322),
        ("WEEK_IN_MONTH", 3),
        ("WEEK_IN_YEAR", 46),
        ("HOUR_IN_DAY", 23),
        ("DAY_ONLY", "2026-11-18"),
    ],
)
def test_parts_of_a_date(function: str, value: int | str) -> None:
    assert date_part(function, "2026-11-18T23:30:00.000Z", "UTC") == value


def test_parts_in_the_users_zone() -> None:
    assert date_part("DAY_IN_MONTH", "2026-11-18T23:30:00.000Z", "Europe/Berlin") == 19
    assert date_part("DAY_IN_MONTH", "2026-11-18", "UTC") == 18
    assert date_part("DAY_IN_MONTH", None, "UTC") is None
