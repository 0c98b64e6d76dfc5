from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.reading.cutter import WindowCutter
from connector.core.reading.windows import (
    advance,
    backfill_done,
    backfill_window,
    begin,
    frontier,
    live_window,
    with_fields,
)
from connector.model.org import Mailbox
from connector.model.run import Window, WindowKind
from connector.model.values import RecordId
from tests.support.builders import NOW, at, mailbox

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def window(start: datetime, end: datetime, kind: WindowKind, box: str = "a0M000000000001AAA") -> Window:
    return Window(mailbox=RecordId(box), start=start, end=end, kind=kind)


def begun(**fields: Any) -> Mailbox:
    box = mailbox(**fields)
    return with_fields(box, begin(box, NOW, 6))


def cut(whole: Window | None, *, span: timedelta = DAY) -> list[Window]:
    """A range in windows of so long each, as a run cuts it; none where there is nothing to read."""
    cutter = None if whole is None else WindowCutter(whole, first_span=span)
    return [] if cutter is None else [*iter(cutter.next, None)]


def backfill(box: Mailbox, now: datetime) -> Window:
    found = backfill_window(box, now, settle=MINUTE)
    assert found
    return found


# --- begin


def test_a_mailbox_begins_once() -> None:
    fields = begin(mailbox(), NOW, 6)
    assert fields == {
        "Live_From__c": NOW,
        "Live_Through__c": NOW,
        "Backfill_From__c": datetime(2025, 9, 2, 12, tzinfo=UTC),
    }
    assert begin(with_fields(mailbox(), fields), at(days=3), 12) == {}


def test_what_an_admin_has_set_stays() -> None:
    box = mailbox(backfill_from=at(days=-10))
    assert "Backfill_From__c" not in begin(box, NOW, 6)
    assert begin(mailbox(live_from=at(days=-2)), NOW, 6)["Live_Through__c"] == at(days=-2)
    assert begin(mailbox(live_through=at(days=-2)), NOW, 6)["Live_From__c"] == at(days=-2)


def test_a_sweep_that_an_admin_asks_for_by_emptying_its_timestamp_is_not_called_done() -> None:
    box = begun(backfill_through=NOW)
    assert box.swept_through is not None
    assert begin(replace(box, swept_through=None), at(hours=5), 6) == {}


@pytest.mark.parametrize(
    ("now", "months", "expected"),
    [
        (datetime(2026, 3, 31, 8, tzinfo=UTC), 1, datetime(2026, 2, 28, 8, tzinfo=UTC)),
        (datetime(2024, 3, 31, tzinfo=UTC), 1, datetime(2024, 2, 29, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), 1, datetime(2025, 12, 15, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), 13, datetime(2024, 12, 15, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), 0, datetime(2026, 1, 15, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), 99999, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_months_are_calendar_months(now: datetime, months: int, expected: datetime) -> None:
    assert begin(mailbox(), now, months)["Backfill_From__c"] == expected


# --- live


def test_the_run_that_begins_a_mailbox_reads_nothing_live() -> None:
    assert live_window(begun(), NOW, overlap=HOUR, settle=MINUTE) is None
    assert live_window(begun(), NOW, overlap=HOUR, settle=timedelta(0)) is None
    assert live_window(mailbox(), NOW, overlap=HOUR, settle=MINUTE) is None


def test_a_live_window_overlaps_and_lets_mail_settle() -> None:
    box = begun()
    assert live_window(box, at(hours=5), overlap=HOUR, settle=MINUTE) == window(
        at(hours=-1), at(hours=5, minutes=-1), WindowKind.LIVE
    )


def test_there_is_no_live_window_without_length() -> None:
    box = begun(backfill_through=NOW)
    assert live_window(box, at(minutes=1) - HOUR, overlap=HOUR, settle=MINUTE) is None


def test_late_mail_is_looked_for_even_where_nothing_new_can_have_come() -> None:
    """The overlap is read again by the next run, however soon it comes."""
    box = begun(backfill_through=NOW)
    assert live_window(box, NOW, overlap=HOUR, settle=MINUTE) == window(at(hours=-1), at(minutes=-1), WindowKind.LIVE)


def test_the_overlap_is_never_shorter_than_settling() -> None:
    found = live_window(begun(), at(hours=5), overlap=timedelta(0), settle=MINUTE)
    assert found
    assert found.start == at(minutes=-1)


def test_live_reads_nothing_before_backfill_from() -> None:
    box = with_fields(mailbox(), begin(mailbox(), NOW, 0))
    found = live_window(box, at(hours=5), overlap=HOUR, settle=MINUTE)
    assert found
    assert found.start == NOW
    late = with_fields(mailbox(backfill_from=at(days=30)), begin(mailbox(backfill_from=at(days=30)), NOW, 6))
    found = live_window(late, at(hours=5), overlap=HOUR, settle=MINUTE)
    assert found
    assert found.start == NOW  # a Backfill_From in the future must not stop live mail


def test_live_goes_on_from_live_through_whatever_else_is_empty() -> None:
    box = mailbox(live_through=at(hours=-9))
    found = live_window(box, NOW, overlap=HOUR, settle=MINUTE)
    assert found == window(at(hours=-10), at(minutes=-1), WindowKind.LIVE)
    assert advance(box, [found], NOW, settle=MINUTE) == {"Live_Through__c": at(minutes=-1)}


def test_a_mailbox_that_has_not_begun_moves_nothing() -> None:
    assert advance(mailbox(), [window(at(days=-1), NOW, WindowKind.BACKFILL)], NOW, settle=MINUTE) == {}


def test_a_fraction_of_a_second_is_cut_off() -> None:
    box = begun(live_from=at(0.7), live_through=at(0.7), backfill_from=at(days=-1.5, seconds=0.2))
    found = live_window(box, at(3600.9), overlap=HOUR, settle=MINUTE)
    assert found == window(at(hours=-1), at(minutes=59), WindowKind.LIVE)
    assert backfill(box, at(3600.9)).start == at(days=-1.5)


def test_after_a_long_pause_all_of_live_mail_is_one_range() -> None:
    """How it is cut depends on what it holds: the cutter's business."""
    found = live_window(begun(), at(days=90), overlap=HOUR, settle=MINUTE)
    assert found == window(at(hours=-1), at(days=90, minutes=-1), WindowKind.LIVE)


# --- backfill


def test_a_backfill_goes_from_the_oldest_day_to_live_from() -> None:
    oldest = datetime(2025, 9, 2, 12, tzinfo=UTC)
    assert backfill(begun(), NOW) == window(oldest, at(minutes=-1), WindowKind.BACKFILL)
    assert backfill(begun(), at(days=2)).end == NOW


def test_a_backfill_resumes_where_it_was() -> None:
    box = begun(backfill_through=at(days=-3))
    assert backfill(box, at(1000)) == window(at(days=-3), NOW, WindowKind.BACKFILL)


def test_setting_backfill_from_earlier_and_emptying_backfill_through_reads_again_from_there() -> None:
    box = begun(backfill_through=NOW)
    assert backfill_window(box, at(1000), settle=MINUTE) is None
    again = begun(backfill_from=at(days=-400))
    assert backfill(again, at(1000)).start == at(days=-400)


def test_a_backfill_never_starts_before_backfill_from() -> None:
    box = begun(backfill_from=at(days=-2), backfill_through=at(days=-9))
    assert backfill(box, at(1000)).start == at(days=-2)


def test_without_backfill_there_are_no_windows_and_it_is_done_at_once() -> None:
    box = with_fields(mailbox(), begin(mailbox(), NOW, 0))
    assert backfill_window(box, NOW, settle=MINUTE) is None
    assert backfill_done(box)
    assert advance(box, [], NOW, settle=MINUTE) == {"Backfill_Through__c": NOW}
    assert backfill_window(mailbox(), NOW, settle=MINUTE) is None
    assert not backfill_done(mailbox())


# --- frontier and advance

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=12)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 20), SPANS, st.randoms(use_true_random=False))
def test_the_frontier_is_the_first_second_that_nobody_has_read(
    start: int, spans: list[tuple[int, int]], order: Any
) -> None:
    closed = [(at(begin), at(begin + length)) for begin, length in spans]
    read = {second for begin, length in spans for second in range(begin, begin + length)}
    expected = start
    while expected in read:
        expected += 1
    order.shuffle(closed)
    assert frontier(at(start), closed) == at(expected)


def test_closed_windows_move_their_own_timestamp_only() -> None:
    box = begun()
    now = at(hours=3)
    live = window(at(hours=-1), at(hours=3, minutes=-1), WindowKind.LIVE)
    first = cut(backfill(box, now))[0]
    assert advance(box, [], now, settle=MINUTE) == {}
    assert advance(box, [live], now, settle=MINUTE) == {"Live_Through__c": live.end}
    assert advance(box, [first], now, settle=MINUTE) == {"Backfill_Through__c": first.end}
    assert advance(box, [live, first], now, settle=MINUTE) == {
        "Live_Through__c": live.end,
        "Backfill_Through__c": first.end,
    }


def test_other_mailboxes_and_other_roads_move_nothing() -> None:
    box = begun()
    foreign = window(at(hours=-1), at(hours=3), WindowKind.LIVE, box="a0M000000000002AAA")
    sweep = window(at(days=-400), at(hours=3), WindowKind.SWEEP)
    assert advance(box, [foreign, sweep], at(hours=4), settle=MINUTE) == {}


def test_a_hole_holds_the_timestamp() -> None:
    box = begun(backfill_through=at(days=-3))
    one, two, three = cut(backfill(box, at(1000)))
    assert advance(box, [three, two], at(1000), settle=MINUTE) == {}
    assert advance(box, [three, one], at(1000), settle=MINUTE) == {"Backfill_Through__c": one.end}
    assert advance(box, [three, one, two], at(1000), settle=MINUTE) == {"Backfill_Through__c": NOW}


def test_a_live_window_that_ends_before_live_through_does_not_move_it_back() -> None:
    box = begun(live_through=at(hours=2))
    assert (
        advance(box, [window(at(hours=1), at(hours=1, minutes=50), WindowKind.LIVE)], at(hours=4), settle=MINUTE) == {}
    )


def test_a_backfill_that_came_as_near_to_now_as_it_could_is_done() -> None:
    box = begun()
    fields = advance(box, cut(backfill(box, NOW)), NOW, settle=MINUTE)
    assert fields == {"Backfill_Through__c": NOW}
    done = with_fields(box, fields)
    assert backfill_done(done)
    assert advance(done, [], NOW, settle=MINUTE) == {}


def test_a_backfill_whose_last_window_closed_early_is_not_done() -> None:
    box = begun()
    *windows, last = cut(backfill(box, NOW))
    early = window(last.start, last.end - timedelta(seconds=5), WindowKind.BACKFILL)
    fields = advance(box, [*windows, early], NOW, settle=MINUTE)
    assert fields == {"Backfill_Through__c": early.end}
    assert backfill(with_fields(box, fields), at(hours=1)) == window(early.end, NOW, WindowKind.BACKFILL)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 2 * 86_400), st.integers(0, 2**16), st.integers(0, 90)), min_size=1, max_size=8),
    st.integers(0, 90),
    st.integers(0, 120),
    st.integers(3600, 10 * 86_400),
    st.randoms(use_true_random=False),
)
def test_whatever_fails_in_between_no_second_is_passed_over_unread(
    runs: list[tuple[int, int, int]], settle_seconds: int, overlap_seconds: int, span: int, order: Any
) -> None:
    """Runs at any distance; some of their windows, of any length, fail, some close early, all are closed in any
    order."""
    settle, overlap = timedelta(seconds=settle_seconds), timedelta(seconds=overlap_seconds)
    box = mailbox(backfill_from=at(days=-4))
    now, read = NOW, list[tuple[datetime, datetime]]()
    for pause, luck, early in runs:
        box = with_fields(box, begin(box, now, 1))
        ranges = live_window(box, now, overlap=overlap, settle=settle), backfill_window(box, now, settle=settle)
        queues = [each for whole in ranges for each in cut(whole, span=timedelta(seconds=span))]
        closed = [each for index, each in enumerate(queues) if not luck >> index % 16 & 1]
        if closed and closed[-1].end - closed[-1].start > timedelta(seconds=early):
            last = closed.pop()
            closed.append(window(last.start, last.end - timedelta(seconds=early), last.kind))
        order.shuffle(closed)
        read += [(each.start, each.end) for each in closed]
        before = box
        box = with_fields(box, advance(box, closed, now, settle=settle))
        assert box.live_through
        assert before.live_through
        assert box.live_through >= before.live_through
        assert (box.backfill_through or NOW) >= (before.backfill_through or at(days=-4))
        now += timedelta(seconds=pause)
    through = box.live_through
    assert through
    if through > NOW and backfill_done(box):
        assert frontier(at(days=-4), read) >= through
    elif box.backfill_through and not backfill_done(box):
        assert frontier(at(days=-4), read) >= box.backfill_through
