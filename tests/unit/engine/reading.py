"""A reader over a tenant in memory that notes who asks for what, and answers in as many threads as a test says."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from connector.engine.reader import Reader
from connector.engine.windows import Sweep, WalkedWindow, WindowQueue
from connector.model.run import Window, WindowKind
from connector.model.values import GraphUserId, RecordId
from connector.ports import CountCall, FolderCall, HeadersCall, PageCall, SourceCall, TreeCall
from tests.support.builders import at, header, mailbox
from tests.support.fakes import FakeTenant

STUCK = 30
SETTLE = timedelta(0)
#: where the first window of every queue begins
FIRST = at(days=-100)


class Tenant(FakeTenant):
    """Answers in `threads` threads, or with none at once, in that of whoever asks. `at_page` is called for each page
    before it is answered, and may raise what is answered instead."""

    def __init__(self, threads: int = 2) -> None:
        super().__init__()
        self.started: list[SourceCall[Any]] = []
        self.at_page: Callable[[PageCall], None] = lambda _: None
        #: what a count is answered with, where it is not the right one
        self.says: int | None = None
        self.busy: Counter[str] = Counter()
        self.most_busy: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=threads) if threads else None

    def start(self, call: SourceCall[Any], done: Callable[[Any], None]) -> None:
        with self._lock:
            self.started.append(call)
            if isinstance(call, PageCall):
                self.busy[call.user] += 1
                self.most_busy[call.user] = max(self.most_busy[call.user], self.busy[call.user])

        def answered() -> None:
            found: Any
            try:
                if isinstance(call, PageCall):
                    self.at_page(call)
                found = self._answer(call)
            except BaseException as error:  # as a source hands errors on
                found = error
            if isinstance(call, PageCall):
                with self._lock:
                    self.busy[call.user] -= 1
            done(found)

        if self._pool is None:
            answered()
        else:
            self._pool.submit(answered)

    def count(self, user: GraphUserId, start: datetime, end: datetime) -> int | None:
        found = super().count(user, start, end)
        return found if self.says is None else self.says

    @property
    def pages(self) -> list[PageCall]:
        """All pages that were asked for, in order."""
        return [call for call in self.started if isinstance(call, PageCall)]

    @property
    def trees(self) -> Counter[str]:
        """How often each mailbox was asked for its tree, alone or with a page."""
        return Counter(
            call.user
            for call in self.started
            if isinstance(call, TreeCall) or (isinstance(call, PageCall) and call.with_tree)
        )

    def calls_of(self, *kinds: type[CountCall | TreeCall | FolderCall | HeadersCall]) -> list[Any]:
        """The calls of these kinds, in order."""
        return [call for call in self.started if isinstance(call, kinds)]

    def first_pages(self, user: str | None = None) -> list[tuple[str, datetime]]:
        """Mailbox and day of each window that was begun, in order; a second round starts later on the same day."""
        days = [(call.user, (call.start - FIRST).days) for call in self.pages]
        return [*dict.fromkeys((who, FIRST + timedelta(days=day)) for who, day in days if user in (None, who))]


def window(box: str, day: int, *, days: int = 1, kind: WindowKind = WindowKind.LIVE) -> Window:
    return Window(mailbox=RecordId(box), start=at(days=day - 100), end=at(days=day - 100 + days), kind=kind)


def queue(
    tenant: Tenant, name: str, days: int, *, each: int = 1, draft: bool = False, kind: WindowKind = WindowKind.LIVE
) -> WindowQueue:
    """A mailbox with so many messages on each of its days.

    Live, each day is a range of its own, so that there is a window for each; a backfill is one range.
    """
    box = mailbox(id=RecordId(name), graph_user_id=GraphUserId(name))
    tenant.boxes[GraphUserId(name)] = {}
    for day in range(days):
        for number in range(each):
            received = at(days=day - 100, seconds=number)
            tenant.put(name, header(mailbox=name, id=f"{name}-{day}-{number}", received_at=received, is_draft=draft))
    ranges = [window(name, day) for day in range(days)]
    if kind is WindowKind.BACKFILL:
        ranges = [window(name, 0, days=days, kind=kind)]
    return WindowQueue(box, GraphUserId(name), tuple(ranges))


def with_sweep(of: WindowQueue, *, ids_only: bool = False) -> WindowQueue:
    """The queue with a sweep of its first hundred days."""
    end = FIRST + timedelta(days=100)
    of.sweep = Sweep(Window(mailbox=of.mailbox.id, start=FIRST, end=end, kind=WindowKind.SWEEP), ids_only=ids_only)
    return of


def reader(tenant: Tenant, *queues: WindowQueue, per_mailbox: int = 3, **how: Any) -> Reader:
    return Reader(tenant, queues, per_mailbox=per_mailbox, settle=SETTLE, **how)


def taken(made: Reader, at_least: int = 1) -> Iterator[WalkedWindow]:
    while readings := made.take(at_least, patience=STUCK):
        yield from readings


def ids(readings: Iterable[WalkedWindow]) -> list[str]:
    return sorted(header.id for reading in readings for header in reading.headers)


def all_ids(tenant: Tenant) -> list[str]:
    return sorted(id_ for box in tenant.boxes.values() for id_ in box)


def gated(tenant: Tenant) -> tuple[threading.Event, threading.Event]:
    """Everybody who asks for a page waits; tells when somebody does."""
    asked, go = threading.Event(), threading.Event()

    def wait(_: PageCall) -> None:
        asked.set()
        assert go.wait(STUCK)

    tenant.at_page = wait
    return asked, go
