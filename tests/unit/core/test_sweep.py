"""When a sweep is due, what it covers, which folders, and when Swept_Through may move."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.reading.cutter import WindowCutter
from connector.core.reading.folders import UnknownFolderError
from connector.core.reading.sweep import (
    DAILY,
    LONGEST,
    next_window,
    sweep_cutters,
    sweep_range,
    swept_folders,
    swept_through,
)
from connector.core.reading.windows import advance, backfill_window, begin, frontier, live_window, with_fields
from connector.model.mail import Folder, FolderTree
from connector.model.org import Mailbox
from connector.model.run import Window, WindowKind
from connector.model.values import FolderId, RecordId
from tests.support.builders import NOW, at, mailbox

DAY, MINUTE, NONE = timedelta(days=1), timedelta(minutes=1), timedelta(0)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
INBOX, SENT = FolderId("inbox"), FolderId("sent")


def live(**fields: Any) -> Mailbox:
    """A mailbox whose backfill is done: half a year, up to a month ago."""
    known = {"backfill_from": at(days=-200), "backfill_through": at(days=-30), "live_from": at(days=-30)}
    return mailbox(**{**known, "live_through": NOW, **fields})


def due(box: Mailbox, now: datetime = NOW, **how: Any) -> Window | None:
    return sweep_range(box, now, **{"settle": MINUTE, "sweep_days": 35, "zone": UTC, **how})


def span(found: Window | None) -> tuple[datetime, datetime]:
    assert found is not None
    assert (found.kind, found.folder) == (WindowKind.SWEEP, None)
    return found.start, found.end


# --- due


def test_a_sweep_is_due_24_hours_after_the_end_of_the_last() -> None:
    box = live(swept_through=NOW)
    assert due(box, at(days=1, seconds=-1)) is None
    assert span(due(box, at(days=1))) == (at(days=1, minutes=-1) - DAILY, at(days=1, minutes=-1))


def test_the_first_of_a_calendar_week_covers_sweep_days() -> None:
    sunday, monday = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert span(due(live(swept_through=sunday), monday, settle=NONE)) == (monday - timedelta(days=35), monday)
    assert span(due(live(swept_through=sunday), monday, settle=NONE, sweep_days=7)) == (monday - 7 * DAY, monday)
    assert span(due(live(swept_through=monday), monday + DAY, settle=NONE)) == (monday + DAY - DAILY, monday + DAY)
    # a week and a bit later: the same weekday, another week
    later = monday + 8 * DAY
    assert span(due(live(swept_through=monday), later, settle=NONE))[0] == later - timedelta(days=35)


@pytest.mark.parametrize("days", [4, 60])
def test_no_time_is_left_out_between_two_sweeps(days: int) -> None:
    """A sweep begins where the last one came to, or earlier: the connector was off, or had no time to end it."""
    friday = datetime(2026, 3, 6, 12, tzinfo=UTC)
    swept = friday - days * DAY
    assert span(due(live(swept_through=swept), friday, settle=NONE)) == (swept, friday)
    assert span(due(live(swept_through=swept), friday, settle=NONE, asked=True))[0] == min(swept, friday - 35 * DAY)


def test_the_week_is_that_of_the_orgs_zone() -> None:
    # Sunday 23:30 in UTC is Monday in Berlin and Sunday evening in New York
    box, now = live(swept_through=datetime(2026, 2, 28, 23, 0, tzinfo=UTC)), datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert span(due(box, now, settle=NONE, zone=BERLIN))[0] == now - timedelta(days=35)
    assert span(due(box, now, settle=NONE, zone=UTC))[0] == now - DAILY
    assert span(due(box, now, settle=NONE, zone=NEW_YORK))[0] == now - DAILY


@pytest.mark.parametrize(
    ("swept", "now", "weekly"),
    [
        # clocks go forward on Sunday 29 March 2026: Monday begins at 22:00 UTC, no more at 23:00
        (datetime(2026, 3, 28, 22, 0, tzinfo=UTC), datetime(2026, 3, 29, 22, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 28, 21, 59, tzinfo=UTC), datetime(2026, 3, 29, 21, 59, tzinfo=UTC), False),
        # and back on Sunday 25 October 2026: Monday begins at 23:00 UTC again
        (datetime(2026, 10, 24, 22, 59, tzinfo=UTC), datetime(2026, 10, 25, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 24, 23, 0, tzinfo=UTC), datetime(2026, 10, 25, 23, 0, tzinfo=UTC), True),
    ],
)
def test_a_week_begins_at_local_midnight_when_clocks_change(swept: datetime, now: datetime, weekly: bool) -> None:
    box = live(swept_through=swept, backfill_through=NOW + 300 * DAY, live_from=NOW)
    expected = timedelta(days=35) if weekly else DAILY
    assert span(due(box, now, settle=NONE, zone=BERLIN)) == (now - expected, now)


def test_days_are_of_24_hours_when_clocks_change() -> None:
    swept, now = datetime(2026, 3, 30, 12, tzinfo=UTC), datetime(2026, 3, 31, 12, tzinfo=UTC)
    box = live(swept_through=swept)
    assert due(box, now - timedelta(seconds=1), settle=NONE, zone=BERLIN) is None
    assert span(due(box, now, settle=NONE, zone=BERLIN)) == (now - timedelta(hours=72), now)


def test_one_that_was_asked_for_covers_sweep_days_due_or_not() -> None:
    box = live(swept_through=at(hours=-1))
    assert due(box) is None
    assert span(due(box, asked=True, settle=NONE)) == (at(days=-35), NOW)


def test_all_of_it_is_swept_once_when_a_backfill_ends() -> None:
    for box in (
        live(),
        live(backfill_through=None),
        live(backfill_through=None, swept_through=at(hours=-1)),
        live(backfill_through=at(days=-31), swept_through=at(hours=-1)),
    ):
        assert span(due(box)) == (at(days=-200), at(minutes=-1))


def test_nothing_before_backfill_from_is_swept() -> None:
    box = live(
        backfill_from=at(days=-2), backfill_through=at(days=-1), live_from=at(days=-1), swept_through=at(days=-9)
    )
    assert span(due(box))[0] == at(days=-2)
    assert due(live(backfill_from=NOW, backfill_through=NOW, live_from=NOW)) is None
    assert due(mailbox()) is None


# --- folders and windows


def tree(*folders: Folder) -> FolderTree:
    root = Folder(id=FolderId("root"), parent=None, well_known="msgfolderroot", items=0)
    return FolderTree(folders={folder.id: folder for folder in (root, *folders)})


def test_folders_that_are_never_read_and_empty_ones_are_not_swept() -> None:
    below = FolderId("root")
    found = swept_folders(
        tree(
            Folder(id=INBOX, parent=below, items=3),
            Folder(id=FolderId("clients"), parent=INBOX, items=1),
            Folder(id=SENT, parent=below),
            Folder(id=FolderId("empty"), parent=below, items=0),
            Folder(id=FolderId("junk"), parent=below, well_known="junkemail", items=7),
            Folder(id=FolderId("in junk"), parent=FolderId("junk"), items=7),
            Folder(id=FolderId("hidden"), parent=below, hidden=True, items=7),
            Folder(id=FolderId("chat"), parent=None, items=7),
        )
    )
    assert {folder.id for folder in found} == {INBOX, "clients", SENT}


def test_a_folder_below_an_unknown_one_is_asked_about() -> None:
    with pytest.raises(UnknownFolderError):
        swept_folders(tree(Folder(id=INBOX, parent=FolderId("moved"), items=3)))


def folder(name: str, items: int | None = None) -> Folder:
    return Folder(id=FolderId(name), parent=None, items=items)


LARGE = [folder(INBOX, 2001), folder(SENT)]


def sweep_windows(range_: Window, folders: list[Folder]) -> list[Window]:
    """All windows of a sweep in the order in which they are handed out, where no walk says how much they hold."""
    cutters = sweep_cutters(range_, folders)
    return [window for _, window in iter(lambda: next_window(cutters), None)]


def days(whole: Window | None) -> list[Window]:
    """A range in windows of a day."""
    assert whole
    return [*iter(WindowCutter(whole, first_span=DAY).next, None)]


def test_the_windows_cover_the_range_in_every_folder() -> None:
    whole = due(live())
    assert whole
    windows = sweep_windows(whole, LARGE)
    assert len(windows) == 2 * 6
    assert max(window.end - window.start for window in windows) == LONGEST
    for name in (INBOX, SENT):
        own = [window for window in windows if window.folder == name]
        assert [window.start for window in own] == [whole.start, *(window.end for window in own[:-1])]
        assert own[-1].end == whole.end


def test_a_folder_that_holds_little_is_one_window() -> None:
    whole = due(live())
    assert whole
    assert sweep_windows(whole, [folder(INBOX, 2000)]) == [replace(whole, folder=INBOX)]


def test_every_window_brings_swept_through_on_as_far_as_can_be() -> None:
    """Folders that hold little come first, and the others side by side, so that what is cut short has come far."""
    whole = due(live())
    assert whole
    windows = sweep_windows(whole, [LARGE[0], folder("clients", 2000), LARGE[1]])
    assert windows[0].folder == "clients"
    names = [INBOX, SENT, FolderId("clients")]
    reached = [swept_through(whole, names, windows[:count]) for count in range(len(windows) + 1)]
    assert reached[:3] == [whole.start] * 3
    assert reached[3::2] == [whole.start + LONGEST * strips for strips in range(1, 6)] + [whole.end]


def test_of_two_equally_old_windows_the_first_folder_s_comes_first_and_an_older_rest_before_both() -> None:
    whole = due(live())
    assert whole
    inbox, sent = sweep_cutters(whole, LARGE)
    cutters = [inbox, sent]
    first = next_window(cutters)
    assert first is not None
    assert (first[0], first[1].folder) == (inbox, INBOX)
    half = replace(first[1], start=first[1].start + DAY)
    inbox.learn(replace(first[1], end=half.start), 5000, half)
    order = [window for _, window in iter(lambda: next_window(cutters), None)]
    assert [window.folder for window in order[:2]] == [SENT, INBOX]  # the rest is a day younger
    assert order[1].start == half.start
    assert next_window([]) is None


# --- how far it came


def test_swept_through_is_where_the_slowest_folder_is() -> None:
    whole = due(live())
    assert whole
    windows = [*sweep_windows(whole, LARGE[:1]), *sweep_windows(whole, LARGE[1:])]
    assert swept_through(whole, [INBOX, SENT], []) == whole.start
    assert swept_through(whole, [INBOX, SENT], windows[:6]) == whole.start
    assert swept_through(whole, [INBOX, SENT], windows[1:]) == whole.start
    assert swept_through(whole, [INBOX, SENT], [*windows[:6], windows[6], windows[8]]) == windows[6].end
    assert swept_through(whole, [INBOX, SENT], reversed(windows)) == whole.end
    assert swept_through(whole, [], []) == whole.end


def test_only_windows_of_this_sweep_count() -> None:
    whole = due(live())
    assert whole
    foreign = Window(
        mailbox=RecordId("a0M000000000002AAA"), start=whole.start, end=whole.end, kind=WindowKind.SWEEP, folder=INBOX
    )
    first = Window(mailbox=whole.mailbox, start=whole.start, end=whole.end, kind=WindowKind.BACKFILL)
    assert swept_through(whole, [INBOX], [foreign, first]) == whole.start


# --- with the other timestamps


def test_a_backfill_that_is_asked_for_again_empties_swept_through() -> None:
    assert begin(live(backfill_through=None, swept_through=NOW), NOW, 6) == {"Swept_Through__c": None}
    assert begin(live(swept_through=NOW), NOW, 6) == {}


def test_with_no_backfill_there_is_nothing_to_sweep_at_first() -> None:
    fields = begin(mailbox(), NOW, 0)
    assert fields["Swept_Through__c"] == fields["Live_From__c"] == fields["Backfill_From__c"] == NOW
    box = with_fields(mailbox(), fields)
    assert due(box, at(hours=23)) is None
    assert span(due(box, at(days=1), settle=NONE)) == (NOW, at(days=1))


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**40 - 1),
    st.lists(st.sampled_from([0, 0, 0, 30, 3000]), min_size=40, max_size=40),
    st.randoms(use_true_random=False),
)
def test_windows_of_all_roads_closed_in_any_order_move_no_timestamp_over_a_hole(
    missing: int, early: list[int], order: Any
) -> None:
    """Some windows fail, some close early; each road's timestamp is where that road alone has come to."""
    now = at(days=2)
    box = mailbox(backfill_from=at(days=-40), backfill_through=at(days=-4), live_from=NOW, live_through=at(days=1))
    range_ = sweep_range(box, now, settle=MINUTE, sweep_days=35, zone=UTC)
    assert range_
    every = [*LARGE, folder("clients", 2000)]
    folders = [each.id for each in every]
    asked = [
        *days(live_window(box, now, overlap=timedelta(hours=1), settle=MINUTE)),
        *days(backfill_window(box, now, settle=MINUTE)),
        *sweep_windows(range_, every),
    ]
    closed = []
    for index, window in enumerate(asked):
        if not missing >> index & 1 or index % 3:
            end = window.end - timedelta(seconds=early[index])
            closed.append(Window(mailbox=box.id, start=window.start, end=end, kind=window.kind, folder=window.folder))
    order.shuffle(closed)

    def reach(start: datetime, kind: WindowKind, folder: FolderId | None = None) -> datetime:
        """The first instant from `start` on that no closed window of this road covers."""
        spans = [(each.start, each.end) for each in closed if (each.kind, each.folder) == (kind, folder)]
        while covering := [end for begins, end in spans if begins <= start < end]:
            start = max(covering)
        return start

    moved = with_fields(box, advance(box, closed, now, settle=MINUTE))
    assert moved.live_through == max(at(days=1), reach(at(days=1), WindowKind.LIVE))
    assert moved.backfill_through == reach(at(days=-4), WindowKind.BACKFILL)
    assert swept_through(range_, folders, closed) == min(
        reach(range_.start, WindowKind.SWEEP, name) for name in folders
    )
    # one more window never takes anything back
    for count in range(len(closed)):
        part = closed[:count]
        assert swept_through(range_, folders, part) <= swept_through(range_, folders, closed)
        assert frontier(at(days=-4), ((w.start, w.end) for w in part if w.kind == WindowKind.BACKFILL)) <= (
            moved.backfill_through or NOW
        )
