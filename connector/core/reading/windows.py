"""A mailbox's state is timestamps that an admin can read. What to read next, and how far they may move. Pure.

               begin                     advance                        advance
    (empty) ───────────► Live_From ─┬─► Live_Through  ──► moves with every live window, never back
                         Backfill_  │
                         From       └─► Backfill_Through ──► moves with closed windows, oldest first, to Live_From

    Backfill_From          Backfill_Through            Live_From                 Live_Through      now
         │ ◄──── read ────────► │ ◄── still to read ──────► │ ◄──── read ──────────────► │           │
                                                                    │ ◄─ overlap ──────► │
                                                                    └── read again in the next live window

- Live_From, Backfill_From and Live_Through are set once, when a mailbox is first read; what stands there stays. So
  switching off and on, unlinking and linking again, or another user resumes without a gap.
- Setting Backfill_From earlier and emptying Backfill_Through reads again from there, and sweeps all of it afterwards:
  Swept_Through is emptied where a backfill is not done (`core.sweep`).
- A timestamp moves only over windows that are closed without a hole, in any order.
- Nothing is lost where the two roads meet, at Live_From: the backfill is done, and Backfill_Through set to Live_From,
  when it has come to the earlier of Live_From and `now - settle`. At most [now - settle, Live_From) is missing then,
  nothing once `settle` has passed since Live_From. Until then Live_Through is Live_From, since no window ends later; so
  the next live window starts at least `settle` before Live_From.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.model.org import Mailbox
from connector.model.run import Window, WindowKind
from connector.model.values import whole_second

LIVE = "live"
BACKFILL = "backfill"
#: older than any mail; also where a backfill of ever so many months begins
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = {
    "Live_From__c": "live_from",
    "Live_Through__c": "live_through",
    "Backfill_From__c": "backfill_from",
    "Backfill_Through__c": "backfill_through",
    "Swept_Through__c": "swept_through",
}


def begin(mailbox: Mailbox, now: datetime, backfill_months: int) -> dict[str, Any]:
    """The timestamps that a mailbox gets when it is first read; only those that are empty.

    Live starts at `now` and has nothing to read yet: the backfill covers all before it, calendar months counted back.
    With nothing before it there is nothing to sweep either. Swept_Through is emptied, as None, where a backfill is yet
    to be done, which a sweep of all of it has to follow.
    """
    now = whole_second(now)
    live_from = mailbox.live_from or min(now, mailbox.live_through or now)
    wanted = {
        "Live_From__c": live_from,
        "Live_Through__c": live_from,
        "Backfill_From__c": _months_before(now, backfill_months),
    }
    fields = {name: value for name, value in wanted.items() if getattr(mailbox, _FIELDS[name]) is None}
    begun = with_fields(mailbox, fields)
    if not backfill_done(begun):
        return fields if mailbox.swept_through is None else {**fields, "Swept_Through__c": None}
    if "Live_From__c" in fields and mailbox.swept_through is None:
        fields["Swept_Through__c"] = live_from
    return fields


def with_fields(mailbox: Mailbox, fields: Mapping[str, Any]) -> Mailbox:
    """The mailbox as it is once the timestamps in `fields` (of `begin` or `advance`) are saved."""
    return replace(mailbox, **{_FIELDS[name]: value for name, value in fields.items() if name in _FIELDS})


def live_window(mailbox: Mailbox, now: datetime, *, overlap: timedelta, settle: timedelta) -> Window | None:
    """All of live mail to read now, of any length (`cutter` cuts it); None where there is nothing yet.

    It starts `overlap` before Live_Through (at least `settle`), for mail that came late, and ends `settle` before now.
    In the run that begins a mailbox there is no live window: its backfill comes as close to now. Nothing before
    Backfill_From is read, so a mailbox without backfill starts at Live_From.
    """
    if mailbox.live_through is None:
        return None
    through, end = whole_second(mailbox.live_through), whole_second(now - settle)
    first_run = mailbox.backfill_through is None and end <= through
    start = through - max(overlap, settle)
    if mailbox.live_from is not None:
        start = max(start, whole_second(min(mailbox.backfill_from or start, mailbox.live_from)))
    return None if first_run or start >= end else Window(mailbox=mailbox.id, start=start, end=end, kind=WindowKind.LIVE)


def backfill_window(mailbox: Mailbox, now: datetime, *, settle: timedelta) -> Window | None:
    """All that the backfill has still to read, of any length; None where it is done."""
    start, end = _backfill_start(mailbox), _backfill_end(mailbox, now, settle)
    if start is None or end is None or start >= end:
        return None
    return Window(mailbox=mailbox.id, start=start, end=end, kind=WindowKind.BACKFILL)


def backfill_done(mailbox: Mailbox) -> bool:
    """Whether the backfill has come to Live_From, or has nothing to read."""
    start = _backfill_start(mailbox)
    return start is not None and mailbox.live_from is not None and start >= whole_second(mailbox.live_from)


def frontier(start: datetime, closed: Iterable[tuple[datetime, datetime]]) -> datetime:
    """How far from `start` the closed windows reach without a hole. They may overlap and come in any order."""
    for begins, ends in sorted(closed):
        if begins > start:
            break
        start = max(start, ends)
    return start


def advance(mailbox: Mailbox, closed: Iterable[Window], now: datetime, *, settle: timedelta) -> dict[str, Any]:
    """The timestamps that move once these windows are closed; only those that change, and never backwards.

    `closed` are the windows of this mailbox as they were really walked, whose rows are committed and whose failures are
    logged: all of them since `mailbox` was read, so that one that waited for an older one counts when that is closed.
    """
    windows = [window for window in closed if window.mailbox == mailbox.id]
    moved: dict[str, Any] = {}
    if mailbox.live_through is not None:
        through = frontier(mailbox.live_through, _spans(windows, WindowKind.LIVE))
        if through > mailbox.live_through:
            moved["Live_Through__c"] = through
    through_backfill = _backfilled(mailbox, windows, now, settle)
    if through_backfill is not None:
        moved["Backfill_Through__c"] = through_backfill
    return moved


def _backfilled(mailbox: Mailbox, windows: Iterable[Window], now: datetime, settle: timedelta) -> datetime | None:
    start, end = _backfill_start(mailbox), _backfill_end(mailbox, now, settle)
    if start is None or end is None or mailbox.live_from is None:
        return None
    reached = frontier(start, _spans(windows, WindowKind.BACKFILL))
    if reached >= end:
        reached = max(reached, whole_second(mailbox.live_from))
    elif reached == start:
        return None
    return reached if mailbox.backfill_through is None or reached > mailbox.backfill_through else None


def _spans(windows: Iterable[Window], kind: WindowKind) -> Iterator[tuple[datetime, datetime]]:
    return ((window.start, window.end) for window in windows if window.kind == kind)


def _backfill_start(mailbox: Mailbox) -> datetime | None:
    if mailbox.backfill_from is None:
        return None
    return whole_second(max(mailbox.backfill_from, mailbox.backfill_through or mailbox.backfill_from))


def _backfill_end(mailbox: Mailbox, now: datetime, settle: timedelta) -> datetime | None:
    return None if mailbox.live_from is None else whole_second(min(mailbox.live_from, now - settle))


def _months_before(instant: datetime, months: int) -> datetime:
    year, month = divmod(instant.year * 12 + instant.month - 1 - months, 12)
    if year < _EARLIEST.year:
        return _EARLIEST
    return instant.replace(year=year, month=month + 1, day=min(instant.day, monthrange(year, month + 1)[1]))
