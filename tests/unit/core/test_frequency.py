"""The grid against days that were counted by hand, and against a reference that walks through every minute."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.scheduling.frequency import DAYS, HOURS, MINUTES, Frequency, frequency_of
from connector.errors import SetupError
from connector.salesforce.parse import FREQUENCIES

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST, LAST = datetime(2006, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
#: half-hour daylight saving, odd offsets, a day left out, clocks set at midnight, at 00:01, in Ramadan, and none at all
ODD = (
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Cairo",
    "Asia/Gaza",
    "America/St_Johns",
    "Africa/Casablanca",
    "America/Havana",
    "Europe/Berlin",
    "America/New_York",
    "GMT",
)


def grid(frequency: str, zone: str = "GMT", at: time | None = time(8, 0), day: str | None = "Monday") -> Frequency:
    return frequency_of(frequency, time_of_day=at, day_of_week=day, zone=ZoneInfo(zone))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def local(zone: str, instants: Iterable[datetime]) -> list[str]:
    return [f"{instant.astimezone(ZoneInfo(zone)):%d %H:%M %z}" for instant in instants]


# --- days counted by hand


def test_every_frequency_of_the_picklist_has_a_grid() -> None:
    assert {*MINUTES, *HOURS, "Daily", "Weekly"} == set(FREQUENCIES)
    for frequency in FREQUENCIES:
        assert next(grid(frequency).after(utc(2026, 3, 2))) > utc(2026, 3, 2)


@pytest.mark.parametrize(
    ("frequency", "times"),
    [
        ("Every 15 minutes", ["10:15", "10:30", "10:45", "11:00"]),
        ("Every 30 minutes", ["10:30", "11:00", "11:30", "12:00"]),
        ("Hourly", ["11:00", "12:00", "13:00", "14:00"]),
        ("Every 2 hours", ["12:00", "14:00", "16:00", "18:00"]),
        ("Every 3 hours", ["12:00", "15:00", "18:00", "21:00"]),
        ("Every 4 hours", ["12:00", "16:00", "20:00", "00:00"]),
        ("Every 6 hours", ["12:00", "18:00", "00:00", "06:00"]),
        ("Every 12 hours", ["12:00", "00:00", "12:00", "00:00"]),
    ],
)
def test_the_grid_of_a_plain_day(frequency: str, times: list[str]) -> None:
    after = grid(frequency).after(utc(2026, 3, 2, 10, 5))
    assert [f"{instant:%H:%M}" for instant in islice(after, 4)] == times


def test_daily_and_weekly_are_at_their_time_in_the_zone_of_the_org() -> None:
    daily = grid("Daily", "Asia/Kolkata", time(7, 30)).after(utc(2026, 3, 2, 2, 0))
    assert list(islice(daily, 2)) == [utc(2026, 3, 3, 2, 0), utc(2026, 3, 4, 2, 0)]
    weekly = grid("Weekly", "Asia/Kathmandu", time(0, 30), "Wednesday").after(utc(2026, 3, 2))
    assert list(islice(weekly, 2)) == [utc(2026, 3, 3, 18, 45), utc(2026, 3, 10, 18, 45)]


def test_hours_are_those_of_the_org_and_not_of_utc() -> None:
    assert local("Asia/Kolkata", islice(grid("Every 12 hours", "Asia/Kolkata").after(utc(2026, 3, 2)), 2)) == [
        "02 12:00 +0530",
        "03 00:00 +0530",
    ]


def test_a_repeated_hour_is_walked_twice_by_minutes_and_once_by_hours_and_days() -> None:
    zone, start, end = "Europe/Berlin", utc(2025, 10, 25, 23, 30), utc(2025, 10, 26, 2, 0)
    assert local(zone, grid("Every 30 minutes", zone).between(start, end)) == [
        "26 02:00 +0200",
        "26 02:30 +0200",
        "26 02:00 +0100",
        "26 02:30 +0100",
        "26 03:00 +0100",
    ]
    assert local(zone, grid("Every 2 hours", zone).between(start, end)) == ["26 02:00 +0200"]
    assert local(zone, grid("Daily", zone, time(2, 15)).between(start, end)) == ["26 02:15 +0200"]
    assert local(zone, grid("Weekly", zone, time(2, 15), "Sunday").between(start, end)) == ["26 02:15 +0200"]


def test_what_clocks_leap_over_runs_at_the_first_instant_after_it() -> None:
    zone, start, end = "Europe/Berlin", utc(2026, 3, 29, 0, 30), utc(2026, 3, 29, 1, 30)
    for frequency in ("Every 15 minutes", "Hourly", "Every 2 hours"):
        assert "29 03:00 +0200" in local(zone, grid(frequency, zone).between(start, end))
    assert local(zone, grid("Daily", zone, time(2, 15)).between(start, end)) == ["29 03:00 +0200"]
    assert local(zone, grid("Weekly", zone, time(2, 59), "Sunday").between(start, end)) == ["29 03:00 +0200"]


def test_lord_howe_sets_its_clocks_by_half_an_hour() -> None:
    zone = "Australia/Lord_Howe"
    spring = grid("Hourly", zone).between(utc(2025, 10, 4, 14, 45), utc(2025, 10, 4, 16, 30))
    assert local(zone, spring) == ["05 02:30 +1100", "05 03:00 +1100"]
    autumn = grid("Every 15 minutes", zone).between(utc(2026, 4, 4, 14, 20), utc(2026, 4, 4, 15, 30))
    assert local(zone, autumn) == [
        "05 01:30 +1100",
        "05 01:45 +1100",
        "05 01:30 +1030",
        "05 01:45 +1030",
        "05 02:00 +1030",
    ]


def test_apia_had_no_thirtieth_of_december_2011() -> None:
    zone, start, end = "Pacific/Apia", utc(2011, 12, 29, 12), utc(2012, 1, 1, 12)
    assert local(zone, grid("Daily", zone, time(8)).between(start, end)) == [
        "29 08:00 -1000",
        "31 00:00 +1400",
        "31 08:00 +1400",
        "01 08:00 +1400",
    ]
    assert local(zone, grid("Weekly", zone, time(8), "Friday").between(start, end)) == ["31 00:00 +1400"]


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [("Africa/Cairo", utc(2025, 4, 24), "25 01:00 +0300"), ("Asia/Gaza", utc(2021, 3, 26), "27 01:00 +0300")],
)
def test_where_there_is_no_midnight_a_run_at_midnight_is_an_hour_late(zone: str, day: datetime, expected: str) -> None:
    for frequency in ("Daily", "Every 12 hours"):
        assert expected in local(zone, grid(frequency, zone, time(0)).between(day + 12 * HOUR, day + 24 * HOUR))


def test_clocks_set_back_over_midnight_keep_the_order() -> None:
    """In St. John's, 00:01 became 23:01 of the day before."""
    zone, start = "America/St_Johns", utc(2010, 11, 7, 1, 50)
    found = list(islice(grid("Every 30 minutes", zone).after(start), 6))
    assert found == sorted(found)
    assert local(zone, found) == [
        "06 23:30 -0230",
        "07 00:00 -0230",
        "06 23:30 -0330",
        "07 00:00 -0330",
        "07 00:30 -0330",
        "07 01:00 -0330",
    ]


# --- due


def test_due_when_a_time_of_the_grid_lies_after_the_last_run() -> None:
    hourly = grid("Hourly")
    last = utc(2026, 3, 2, 10, 0)
    assert not hourly.is_due(last, utc(2026, 3, 2, 10, 59, 59))
    assert hourly.is_due(last, utc(2026, 3, 2, 11, 0))
    assert hourly.is_due(utc(2026, 3, 2, 10, 59, 59), utc(2026, 3, 2, 11, 0))
    assert hourly.next_run(last, utc(2026, 3, 2, 10, 5)) == utc(2026, 3, 2, 11, 0)


def test_a_run_at_the_very_time_of_the_grid_is_that_run() -> None:
    assert not grid("Hourly").is_due(utc(2026, 3, 2, 10), utc(2026, 3, 2, 10))
    assert not grid("Hourly").is_due(utc(2026, 3, 2, 11), utc(2026, 3, 2, 10, 30))


def test_several_missed_times_count_once_and_what_never_ran_is_due() -> None:
    daily, now = grid("Daily"), utc(2026, 3, 20, 9, 0)
    assert daily.is_due(utc(2026, 3, 2), now)
    assert daily.next_run(utc(2026, 3, 2), now) == now
    assert daily.next_run(now, now) == utc(2026, 3, 21, 8, 0)
    assert daily.is_due(None, now)


@pytest.mark.parametrize(
    ("frequency", "at", "day", "missing"),
    [
        ("Daily", None, None, "Time of Day"),
        ("Weekly", None, "Monday", "Time of Day"),
        ("Weekly", time(8), None, "Day of Week"),
        ("Weekly", None, None, "Time of Day and Day of Week"),
    ],
)
def test_a_frequency_without_its_time_is_refused(
    frequency: str, at: time | None, day: str | None, missing: str
) -> None:
    with pytest.raises(SetupError) as caught:
        grid(frequency, at=at, day=day)
    verb = "are" if " and " in missing else "is"
    assert str(caught.value) == (
        f"The frequency is {frequency} and {missing} {verb} empty, so nobody can say when a run is due "
        f"(Microsoft 365 Sync Setting). Fill in {missing} on the Microsoft 365 Sync Setting, "
        "or choose another Frequency."
    )


def test_an_unknown_frequency_is_refused() -> None:
    with pytest.raises(SetupError, match="The frequency Yearly is not known"):
        grid("Yearly")


# --- against a reference that knows nothing but the clock on the wall


def on_grid(frequency: str, at: time, day: str) -> Callable[[datetime], bool]:
    """Whether a clock that shows this minute shows a time of the grid."""
    words = frequency.split()
    if frequency == "Hourly":
        return lambda wall: wall.minute == 0
    if words[-1] == "minutes":
        return lambda wall: wall.minute % int(words[1]) == 0
    if words[-1] == "hours":
        return lambda wall: wall.minute == 0 and wall.hour % int(words[1]) == 0
    if frequency == "Daily":
        return lambda wall: wall.time() == at
    return lambda wall: wall.time() == at and f"{wall:%A}" == day


def walk(zone: ZoneInfo, start: datetime, end: datetime) -> list[tuple[datetime, list[datetime], bool]]:
    """Each minute in (start, end]: what clocks show, minutes that they leapt over first, and whether it is repeated."""
    shown_before: set[datetime] = set()
    previous: datetime | None = None
    found = []
    moment = start - DAY - 2 * HOUR
    while moment <= end:
        wall = moment.astimezone(zone).replace(tzinfo=None)
        walls = [wall]
        while previous is not None and walls[0] - MINUTE > previous:
            walls.insert(0, walls[0] - MINUTE)
        if moment > start:
            found.append((moment, walls, wall in shown_before))
        shown_before.add(wall)
        previous = wall
        moment += MINUTE
    return found


def reference(
    minutes: list[tuple[datetime, list[datetime], bool]], frequency: str, at: time, day: str
) -> list[datetime]:
    fits = on_grid(frequency, at, day)
    twice = frequency in ("Every 15 minutes", "Every 30 minutes", "Hourly")
    return [
        moment
        for moment, (*leapt, wall), repeated in minutes
        if any(map(fits, leapt)) or (fits(wall) and (twice or not repeated))
    ]


@cache
def changes(name: str) -> tuple[datetime, ...]:
    """When clocks in the zone are set in 20 years, to half a day."""
    zone, step = ZoneInfo(name), DAY / 2
    moments = [FIRST + number * step for number in range((LAST - FIRST) // step)]
    return tuple(
        moment
        for moment in moments
        if moment.astimezone(zone).utcoffset() != (moment + step).astimezone(zone).utcoffset()
    ) or (FIRST,)


zones = st.one_of(st.sampled_from(ODD), st.sampled_from(sorted(available_timezones() - {"localtime"})))
times = st.one_of(
    st.builds(time, st.integers(0, 3), st.sampled_from((0, 1, 15, 30, 59))),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)


@given(
    zone=zones,
    frequency=st.sampled_from(FREQUENCIES),
    at=times,
    day=st.sampled_from(DAYS),
    data=st.data(),
)
def test_it_agrees_with_a_walk_through_every_minute(
    zone: str, frequency: str, at: time, day: str, data: st.DataObject
) -> None:
    near = st.sampled_from(changes(zone)).map(lambda moment: moment - DAY)
    start = data.draw(st.one_of(near, st.datetimes(datetime(2006, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))))
    start = start.replace(second=0, microsecond=0)
    end = start + 2 * DAY
    expected = reference(walk(ZoneInfo(zone), start, end), frequency, at, day)
    own = grid(frequency, zone, at, day)
    assert own.between(start, end) == expected
    # one by one they are the same, and those of a shorter time are due or not as the reference says
    assert list(islice(own.after(start), len(expected))) == expected
    middle = start + data.draw(st.integers(0, 2 * 24 * 60)) * MINUTE
    assert own.is_due(start, middle) == any(moment <= middle for moment in expected)


@pytest.mark.slow
@pytest.mark.parametrize("zone", ODD)
def test_it_agrees_whenever_clocks_were_set_in_twenty_years(zone: str) -> None:
    for change in changes(zone):
        start, end = change - DAY / 4, change + DAY
        minutes = walk(ZoneInfo(zone), start, end)
        day = f"{end.astimezone(ZoneInfo(zone)):%A}"
        for frequency in FREQUENCIES:
            for at in (time(0), time(2, 15)) if frequency in ("Daily", "Weekly") else (time(0),):
                own = grid(frequency, zone, at, day)
                assert own.between(start, end) == reference(minutes, frequency, at, day), (frequency, at, day)
