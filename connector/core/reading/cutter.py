"""Cuts a range of received time into windows of about a thousand messages, when they are handed out. Pure.

    range [from, to) ──next──► window ──walked──► found so many, closed early ──learn──► the next span
                       ▲                                  │
                       └────────── rest ◄─────────────────┘

How long a window has to be is known only once its neighbours were read: half a year of a quiet mailbox is one window,
an hour of a busy one is another. Completeness does not depend on it: windows are closed spans of whole seconds that
partition the range for any findings of the walks (tests/property/test_windows.py), each is walked until nothing new
comes, and one that holds over 2,000 messages is closed early and its rest handed out next.
"""

from dataclasses import replace
from datetime import timedelta

from connector.model.run import Window

#: messages that a window should hold: four pages of 250, and what a kill costs in reading again
TARGET = 1000
#: the first window where Graph does not say how many messages the range holds
FIRST_SPAN = timedelta(days=7)
#: a span grows or shrinks by this factor at most from one walk to the next: a quiet week is followed by all that is
#: left of a year, which costs nothing where it turns out to hold too much, since it is closed early then
MOST_CHANGE = 64
_SECOND = timedelta(seconds=1)


class WindowCutter:
    """The windows of one range, oldest first. Several may be under way at a time.

    `first_span` is the length of the windows until something is known of the range.
    """

    def __init__(self, whole: Window, *, first_span: timedelta = FIRST_SPAN) -> None:
        self.whole = whole
        self._span = first_span
        self._is_known = first_span >= whole.end - whole.start
        self._under_way = 0
        #: what was not handed out yet, in order: the tail of the range, and rests of windows closed early
        self._left: list[Window] = [whole]

    @property
    def left(self) -> tuple[Window, ...]:
        """What was not handed out yet."""
        return tuple(self._left)

    @property
    def span(self) -> timedelta:
        """The length of the next window."""
        return self._span

    @property
    def waits(self) -> bool:
        """Whether the first window is under way, which will say how long the others have to be."""
        return self._under_way > 0 and not self._is_known

    def hint(self, count: int | None) -> None:
        """Take Graph's own count of the range as a hint on length. None, or less than 0, says nothing.

        It decides nothing else: it was seen as -1, and too high (reference: graph-mail.md, $count).
        """
        if count is not None and count >= 0:
            self._is_known = True
            self._span = _whole_seconds(self.whole.end - self.whole.start, TARGET, max(count, 1))

    def next(self) -> Window | None:
        """The oldest window that was not handed out yet; None where nothing is left."""
        if not self._left:
            return None
        self._under_way += 1
        first = self._left.pop(0)
        end = first.start + self._span
        if end >= first.end:
            return first
        self._left.insert(0, replace(first, start=end))
        return replace(first, end=end)

    def ended(self) -> None:
        """Note that the walk of a window is over, with or without a result."""
        self._under_way -= 1

    def learn(self, walked: Window, found: int, rest: Window | None) -> None:
        """A window was walked and held `found` messages: what follows has a length by that.

        `rest` is what was not walked of it, where it was closed early; it is handed out next.
        """
        if rest is not None:
            self._left.append(rest)
            self._left.sort(key=lambda window: window.start)
        self._is_known = True
        length = walked.end - walked.start
        wanted = _whole_seconds(length, TARGET, max(found, 1))
        self._span = min(max(wanted, length / MOST_CHANGE, _SECOND), length * MOST_CHANGE)
        self._span -= timedelta(microseconds=self._span.microseconds)

    def clear(self) -> None:
        """Drop all windows that were not handed out."""
        self._left.clear()


def _whole_seconds(length: timedelta, times: int, over: int) -> timedelta:
    """`length * times / over` in whole seconds, a second at least."""
    return max(_SECOND, timedelta(seconds=int(length.total_seconds() * times // over)))
