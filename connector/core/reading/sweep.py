"""The second road: the same mail folder by folder, for what the whole-mailbox list passed over. Pure.

    Backfill_From                                          Swept_Through      end = now - settle
         │                                                       │ ◄── 24 h ───► │
         │                                              ┌────────┴ 3 days ───────┤   each day
         │                         ┌────────────────────┴ sweep_days ────────────┤   the first of a calendar week
         └─────────────────────────┴ all of it ──────────────────────────────────┘   when a backfill ends

It finds what came late with an older received time (imports, restored and released items, a laptop that was offline)
and what the first road's pages skipped. What it lists goes through the same decide and write code.

- Swept_Through is the end of the last sweep, in received time, or how far it came: up to there every folder was read.
  The next one begins there at the latest, so that no time is left out, and one that is longer than a slice of `run`, or
  that was interrupted, goes on where it was. So folders that hold little come first, in one window each, and the
  windows of the others side by side, oldest first: Swept_Through is where the slowest folder is.
- Empty, it says that the whole range is still to be swept. So `checkpoint.begin` empties it where a backfill is not
  done: one that an admin asked for again ends with a sweep of all of it, however many runs it takes.
- It follows the live and backfill windows of its mailbox, in the same run, and nothing before Backfill_From is read.
- The first window of a folder is `LONGEST`, or the whole range where the folder holds little: each costs two requests
  even where it is empty. The walker follows the pages to the end, confirms it, and closes a window early where it holds
  over 2,000 messages, so that a long one costs no more memory than a short one. A folder that Graph counts as empty is
  not asked at all.
- Where the run itself has read the range on the first road, the second lists ids and received times only, in the
  largest pages; the headers of what the first road passed over are asked for by id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo

from connector.core.reading.cutter import WindowCutter
from connector.core.reading.folders import unread_reason
from connector.core.reading.windows import backfill_done, frontier
from connector.model.mail import Folder, FolderTree
from connector.model.org import Mailbox
from connector.model.run import Window, WindowKind
from connector.model.values import FolderId, whole_second

#: how long after the end of the last sweep the next is due
EVERY = timedelta(hours=24)
#: what a sweep covers that is not the first of its calendar week
DAILY = timedelta(days=3)
#: the first window of a folder that holds more than `SMALL`
LONGEST = timedelta(days=35)
#: items that one walk takes without closing early
SMALL = 2000


def sweep_range(
    mailbox: Mailbox, now: datetime, *, settle: timedelta, sweep_days: int, zone: tzinfo, asked: bool = False
) -> Window | None:
    """What a run at `now` has to sweep once it has read all else of a mailbox; None where no sweep is due.

    `asked`: a person wants one now, of the last `sweep_days` at least. `zone` is the org's: its calendar weeks, which
    begin on Monday, are counted by the ends of the sweeps.
    """
    begins, end = mailbox.backfill_from, whole_second(now - settle)
    if begins is None:
        return None
    start = whole_second(begins)
    swept = mailbox.swept_through
    if swept is not None and backfill_done(mailbox):
        if now < swept + EVERY and not asked:
            return None
        weekly = asked or _week(end, zone) != _week(swept, zone)
        back = end - (timedelta(days=sweep_days) if weekly else DAILY)
        start = max(start, min(back, whole_second(swept)))
    return Window(mailbox=mailbox.id, start=start, end=end, kind=WindowKind.SWEEP) if start < end else None


def swept_folders(tree: FolderTree) -> tuple[Folder, ...]:
    """The folders to sweep: those that are read at all and not known to be empty.

    Raises UnknownFolderError where one lies below a folder that the tree does not show.
    """
    return tuple(folder for folder in tree.folders.values() if folder.items != 0 and not unread_reason(tree, folder.id))


def sweep_cutters(range_: Window, folders: Iterable[Folder]) -> list[WindowCutter]:
    """`range_` in every folder: first those that hold little, in one window each, then the others by time."""
    small: list[WindowCutter] = []
    large: list[WindowCutter] = []
    for folder in folders:
        whole = replace(range_, folder=folder.id)
        if folder.items is not None and folder.items <= SMALL:
            small.append(WindowCutter(whole, first_span=whole.end - whole.start))
        else:
            large.append(WindowCutter(whole, first_span=LONGEST))
    return small + large


def next_window(cutters: Sequence[WindowCutter]) -> tuple[WindowCutter, Window] | None:
    """The oldest window that one of these has left, and whose it is; of two equally old ones the first's."""
    waiting = [cutter for cutter in cutters if cutter.left]
    if not waiting:
        return None
    oldest = min(waiting, key=lambda cutter: cutter.left[0].start)
    window = oldest.next()
    return None if window is None else (oldest, window)


def swept_through(range_: Window, names: Iterable[FolderId], closed: Iterable[Window]) -> datetime:
    """How far every folder was swept without a hole, by the closed windows; the start of the range where none was."""
    spans: dict[FolderId, list[tuple[datetime, datetime]]] = {name: [] for name in names}
    for window in closed:
        if window.kind == WindowKind.SWEEP and window.mailbox == range_.mailbox and window.folder in spans:
            spans[window.folder].append((window.start, window.end))
    return min((frontier(range_.start, each) for each in spans.values()), default=range_.end)


def _week(instant: datetime, zone: tzinfo) -> date:
    """The Monday of its calendar week."""
    day = instant.astimezone(zone).date()
    return day - timedelta(days=day.weekday())
