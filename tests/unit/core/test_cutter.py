"""How long the next window is, and what is handed out next. What holds of any walks: tests/property/test_windows.py."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from connector.core.reading.cutter import FIRST_SPAN, MOST_CHANGE, TARGET, WindowCutter
from connector.model.run import Window, WindowKind
from connector.model.values import RecordId
from tests.support.builders import at

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def window(start: datetime, end: datetime) -> Window:
    return Window(mailbox=RecordId("a0M000000000001AAA"), start=start, end=end, kind=WindowKind.BACKFILL)


HALF_A_YEAR = window(at(days=-180), at())


def taken(cutter: WindowCutter) -> Window:
    found = cutter.next()
    assert found is not None
    return found


# -- the first span ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [None, -1, -7])
def test_a_count_that_says_nothing_leaves_the_first_window_a_week_long(count: int | None) -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    cutter.hint(count)
    assert FIRST_SPAN == 7 * DAY
    first = taken(cutter)
    assert (first.start, first.end) == (at(days=-180), at(days=-173))


@pytest.mark.parametrize("count", [0, 1, 999, TARGET])
def test_a_range_that_holds_no_more_than_a_window_should_is_one_window(count: int) -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    cutter.hint(count)
    assert taken(cutter) == HALF_A_YEAR
    assert cutter.next() is None


def test_a_full_range_is_cut_into_windows_of_about_a_thousand() -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    cutter.hint(6 * TARGET)
    windows = [*iter(cutter.next, None)]
    assert [each.end - each.start for each in windows] == [30 * DAY] * 6
    assert (windows[0].start, windows[-1].end) == (HALF_A_YEAR.start, HALF_A_YEAR.end)


def test_a_count_of_any_size_leaves_a_window_of_a_second_at_least() -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    cutter.hint(10**15)
    assert cutter.span == SECOND
    assert taken(cutter).end == at(days=-180, seconds=1)


# -- what a walk teaches ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "span"),
    [(TARGET, 7 * DAY), (500, 14 * DAY), (2000, 3.5 * DAY), (0, MOST_CHANGE * 7 * DAY), (1, MOST_CHANGE * 7 * DAY)],
)
def test_few_messages_make_the_next_window_longer_and_many_shorter(found: int, span: timedelta) -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    cutter.learn(taken(cutter), found, None)
    assert cutter.span == span
    assert taken(cutter).start == at(days=-173)


def test_a_span_changes_by_a_factor_at_most() -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    first = taken(cutter)
    cutter.learn(first, 10**9, None)
    assert cutter.span == (first.end - first.start) / MOST_CHANGE


def test_a_window_of_a_second_teaches_no_window_shorter_than_that() -> None:
    cutter = WindowCutter(HALF_A_YEAR, first_span=SECOND)
    cutter.learn(taken(cutter), 5000, None)
    assert cutter.span == SECOND


def test_a_span_is_whole_seconds() -> None:
    cutter = WindowCutter(HALF_A_YEAR, first_span=7 * SECOND)
    cutter.learn(taken(cutter), 10**6, None)
    assert cutter.span == SECOND  # 7 / 64 of one, and never less than one
    cutter = WindowCutter(HALF_A_YEAR, first_span=164 * SECOND)
    cutter.learn(taken(cutter), 10**6, None)
    assert cutter.span == 2 * SECOND  # of 2.56


# -- rests ------------------------------------------------------------------------------------------------------------


def test_what_was_not_walked_of_a_window_is_handed_out_next() -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    first, second = taken(cutter), taken(cutter)
    closed, rest = replace(first, end=at(days=-178)), replace(first, start=at(days=-178))
    cutter.learn(closed, 2000, rest)
    assert cutter.span == DAY
    assert [taken(cutter) for _ in range(5)] == [
        window(at(days=day), at(days=day + 1)) for day in (-178, -177, -176, -175, -174)
    ]
    assert taken(cutter).start == second.end


def test_several_rests_come_oldest_first_whatever_the_order_they_came_in() -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    one, two = taken(cutter), taken(cutter)
    for each in (two, one):
        middle = each.start + 6 * DAY
        cutter.learn(replace(each, end=middle), TARGET, replace(each, start=middle))
    assert [taken(cutter).start for _ in range(3)] == [at(days=-174), at(days=-167), at(days=-166)]


def test_nothing_is_handed_out_once_it_was_cleared() -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    taken(cutter)
    assert cutter.left == (window(at(days=-173), at()),)
    cutter.clear()
    assert (cutter.left, cutter.next()) == ((), None)


# -- what waits for the first window ----------------------------------------------------------------------------------


def test_while_nothing_is_known_the_others_wait_for_the_first_window() -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    assert not cutter.waits
    first = taken(cutter)
    assert cutter.waits
    cutter.learn(first, TARGET, None)
    assert not cutter.waits


def test_a_walk_that_ended_without_a_result_lets_the_next_begin() -> None:
    cutter = WindowCutter(HALF_A_YEAR)
    taken(cutter)
    taken(cutter)
    cutter.ended()
    assert cutter.waits
    cutter.ended()
    assert not cutter.waits


def test_where_the_length_is_known_nothing_waits() -> None:
    counted = WindowCutter(HALF_A_YEAR)
    counted.hint(6 * TARGET)
    taken(counted)
    whole = WindowCutter(HALF_A_YEAR, first_span=HALF_A_YEAR.end - HALF_A_YEAR.start)
    taken(whole)
    assert not counted.waits
    assert not whole.waits


def test_one_message_makes_the_next_window_longer_than_two_do() -> None:
    spans = []
    for found in (1, 2, 1_000):
        cutter = WindowCutter(HALF_A_YEAR)
        cutter.hint(found)
        spans.append(cutter.span)
    assert spans[0] == 2 * spans[1] == 1_000 * spans[2]
