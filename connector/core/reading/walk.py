"""How a closed window of received time is read until nothing is missing. Pure: it asks for pages and is sent them.

    pages = walk(window, …); request = next(pages); request = pages.send(page); …; StopIteration.value is `Walked`

One pass over Graph's list does not prove that all was read. Hidden items are counted and left out, so a page may be
short or empty though more follow; a nextLink may be missing; two answers may overlap. So a window counts as walked only
when a whole round from the last received second brings nothing new:

    round: follow links to the end ──news──► again from the last received second
                │                                 ▲
                ├─ full page without link ────────┤   never the end: go on from its last second, or, if the whole page
                │                                 │   is one second, walk [t, t+1 s) alone with a larger page
                └─ nothing new ──► walked

One thing it cannot see: links count items, so a message deleted behind the reader makes the next page skip one. The
overlap of live windows and the sweep find that one.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from connector.errors import MailboxError
from connector.model.mail import Header, Listed, Page, Unread
from connector.model.run import Window
from connector.model.values import MessageId, whole_second

_SECOND = timedelta(seconds=1)
#: the largest page that Graph allows (user-list-messages: $top from 1 to 1000)
LARGEST_PAGE = 1000
#: so many full pages without link and without news, of one second, and we stop believing that a link will come
_PATIENCE = 10
#: no day has so many pages; a service that always has one more link must not hold a worker for ever
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """One page to ask for: [start, end), or what `link` points to. `first_round`: nothing was confirmed yet.

    `once`: an answer that fails is told at once. `ids_only`: `Listed` will do.
    """

    start: datetime
    end: datetime
    top: int
    link: str | None
    first_round: bool
    once: bool = False
    ids_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What a walk found. `window` is what is really closed: it may end earlier than asked, None is nothing at all.

    `headers` are unique by id, inside `window`, in order of received time; only ids and times where the pages held no
    more (`Listed`). `rest` is to be walked next, where a window
    held too much for one; what is missing at the end for want of settling is not in it: the next run comes to it.
    `unread`: what could not be read of it (`ladder`).
    """

    window: Window | None
    headers: tuple[Header | Listed, ...]
    rounds: int
    rest: Window | None = None
    unread: tuple[Unread, ...] = ()


Walk = Generator[PageRequest, Page, Walked]


def walk(
    window: Window,
    *,
    top: int = 250,
    settle: timedelta,
    split_at: int = 2000,
    once: bool = False,
    ids_only: bool = False,
) -> Walk:
    """Read `window` to its end. Raises MailboxError where the service's links lead nowhere.

    The end moves to `settle` before the earliest answer, since mail of the last moments may still be on its way. More
    than `split_at` messages close the window early, at a whole second, and the remainder is given back as `rest`.
    `once`, `ids_only`: how its pages are asked for.
    """
    return (yield from _Walk(window, top, settle, split_at, once=once, ids_only=ids_only).run())


class _Stop(Enum):
    """Why a round stopped."""

    #: a page without a link
    ENDED = auto()
    #: a full page without a link, so there may be more
    CUT_OFF = auto()
    #: over `split_at` messages and still a link
    TOO_MUCH = auto()


class _Walk:
    """One walk of a window: what it found so far, and how far its rounds have come."""

    def __init__(
        self, window: Window, top: int, settle: timedelta, split_at: int, *, once: bool, ids_only: bool
    ) -> None:
        self.once = once
        self.ids_only = ids_only
        self.window = window
        self.top = top
        self.settle = settle
        self.split_at = split_at
        self.end = window.end
        self.split: datetime | None = None
        self.seen: dict[MessageId, Header | Listed] = {}
        self.rounds = 0
        self.pages = 0
        #: the received second to which the round that just stopped has come
        self.reached = window.start

    def run(self) -> Walk:
        position = self.window.start
        quiet, needed = -1, 1  # a first round that brings nothing confirms nothing yet
        while quiet < needed and self.end > self.window.start:
            if position >= self.end:
                position = self._last_second()
            known = len(self.seen)
            stop = yield from self._round(position, self.end, self.top)
            if stop is _Stop.CUT_OFF and self.reached <= position:
                yield from self._one_second(position)
                position, quiet, needed = position + _SECOND, 0, 2
                if position >= self.end:
                    break
            elif stop is _Stop.ENDED and len(self.seen) == known:
                quiet += 1
            else:
                # a later round that finds something has met a missing link: such a mailbox has to be quiet twice
                needed = 2 if self.rounds > 1 and len(self.seen) > known else needed
                # closed inside its only second, which was not listed to its end yet: the next round is the first
                inside = stop is _Stop.TOO_MUCH and self.split is not None and self.split > self.reached
                quiet = -1 if inside else 0
                position = self.reached if stop is _Stop.CUT_OFF else max(position, self._last_second())
        return self._walked()

    def _one_second(self, second: datetime) -> Generator[PageRequest, Page, None]:
        """Read one second that fills a page by itself, in the largest pages, until it is quiet twice."""
        quiet = stuck = 0
        while quiet < 2:
            known = len(self.seen)
            stop = yield from self._round(second, second + _SECOND, LARGEST_PAGE)
            news = len(self.seen) > known
            if stop is _Stop.CUT_OFF:
                stuck = 0 if news else stuck + 1
            else:
                quiet = 0 if news else quiet + 1
            if stuck >= _PATIENCE:
                raise self._error(f"more than {LARGEST_PAGE} messages were received at {second:%Y-%m-%dT%H:%M:%SZ}")

    def _round(self, start: datetime, end: datetime, top: int) -> Generator[PageRequest, Page, _Stop]:
        """Ask for [start, end) and follow the links."""
        self.rounds += 1
        self.reached = start
        link: str | None = None
        links: set[str] = set()
        while True:
            self.pages += 1
            if self.pages > _MOST_PAGES:
                raise self._error(f"its pages did not end after {_MOST_PAGES}")
            page = yield PageRequest(
                start=start,
                end=end,
                top=top,
                link=link,
                first_round=self.rounds == 1,
                once=self.once,
                ids_only=self.ids_only,
            )
            self._take(page)
            link = page.link
            if link is None:
                return _Stop.CUT_OFF if len(page.headers) >= top else _Stop.ENDED
            if link in links:
                raise self._error("a page of its list links back to an earlier one")
            links.add(link)
            if self._may_split(end - start) and len(self.seen) > self.split_at:
                self._close_early()
                return _Stop.TOO_MUCH

    def _take(self, page: Page) -> None:
        self.end = min(self.end, whole_second(page.served_at - self.settle))
        for header in page.headers:
            received = whole_second(header.received_at)
            if self.window.start <= received < self.window.end:
                self.reached = max(self.reached, received)
                if received < self.end:
                    self.seen[header.id] = header

    def _may_split(self, length: timedelta) -> bool:
        return self.split is None and length > _SECOND

    def _close_early(self) -> None:
        """End the window before the last received second, which may go on; or after it, if it is the first one."""
        self.split = max(self.reached, self.window.start + _SECOND)
        self.end = min(self.end, self.split)
        self.seen = {id_: header for id_, header in self.seen.items() if header.received_at < self.end}

    def _last_second(self) -> datetime:
        """The last received second inside the window as it now stands; its start where there is none."""
        received = (whole_second(header.received_at) for header in self.seen.values())
        return max((instant for instant in received if instant < self.end), default=self.window.start)

    def _walked(self) -> Walked:
        if self.end <= self.window.start:
            return Walked(window=None, headers=(), rounds=self.rounds)
        inside = [header for header in self.seen.values() if header.received_at < self.end]
        rest = None
        if self.split is not None and self.split == self.end < self.window.end:
            rest = replace(self.window, start=self.split)
        return Walked(
            window=replace(self.window, end=self.end),
            headers=tuple(sorted(inside, key=lambda header: header.received_at)),
            rounds=self.rounds,
            rest=rest,
        )

    def _error(self, what: str) -> MailboxError:
        return MailboxError(
            f"The mailbox could not be read to the end: {what}",
            where=f"mailbox {self.window.mailbox}, mail received from {self.window.start:%Y-%m-%dT%H:%M:%SZ}",
            remedy="The next run tries again; if this stays, ask Microsoft support why the message list does not end.",
            code="LIST",
        )
