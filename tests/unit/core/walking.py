"""A server of pages, and a walk over it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.core.reading.walk import PageRequest, Walk, Walked, walk
from connector.model.mail import Header, Page
from connector.model.run import Window, WindowKind
from connector.model.values import RecordId
from tests.support.builders import at, header

SETTLE = timedelta(seconds=60)
LONG_AFTER = at(days=1)
#: requests, far more than any walk here takes
ENDLESS = 300


@dataclass
class Item:
    """A message of the simulated mailbox; hidden ones are counted and not shown, as Graph does."""

    header: Header
    hidden: bool = False
    visible_from: datetime = field(default_factory=lambda: at(days=-1))
    gone_at_page: int | None = None


@dataclass
class Server:
    """A message list with Graph's bad habits: links that count items, hidden items, links that are missing."""

    items: list[Item]
    now: datetime = LONG_AFTER
    drops: Callable[["Server"], bool] = lambda _: False
    requests: list[PageRequest] = field(default_factory=list)
    last_drop: int = -1000

    def serve(self, request: PageRequest) -> Page:
        number = len(self.requests)
        assert number < ENDLESS, "this walk does not end"
        self.requests.append(request)
        self.now += timedelta(seconds=1)
        start, end, top, skip = request.start, request.end, request.top, 0
        if request.link:
            filter_, _, skipped = request.link.partition(" skip ")
            start, end = map(datetime.fromisoformat, filter_.split(".."))
            skip = int(skipped)
        found = [
            item
            for item in sorted(self.items, key=lambda item: item.header.received_at)
            if start <= item.header.received_at < end
            and item.visible_from <= self.now
            and (item.gone_at_page is None or number < item.gone_at_page)
        ]
        link = None
        if skip + top < len(found):
            link = f"{start.isoformat()}..{end.isoformat()} skip {skip + top}"
            if self.drops(self):
                link, self.last_drop = None, number
        page = found[skip : skip + top]
        return Page(headers=tuple(item.header for item in page if not item.hidden), link=link, served_at=self.now)


def mails(*seconds: float) -> list[Item]:
    return [Item(header(received_at=at(second), id=f"m{index}")) for index, second in enumerate(seconds)]


def window(start: float = 0, end: float = 3600) -> Window:
    return Window(mailbox=RecordId("a0M000000000001AAA"), start=at(start), end=at(end), kind=WindowKind.LIVE)


def drive(pages: Walk, serve: Callable[[PageRequest], Page]) -> Walked:
    try:
        request = next(pages)
        while True:
            request = pages.send(serve(request))
    except StopIteration as done:
        walked: Walked = done.value
        return walked


def read(server: Server, asked: Window | None = None, *, top: int = 3, split_at: int = 2000) -> Walked:
    return drive(walk(asked or window(), top=top, settle=SETTLE, split_at=split_at), server.serve)


def ids(headers: Sequence[Header]) -> list[str]:
    return [each.id for each in headers]


# --- properties


def now_and_then(decisions: list[bool]) -> Callable[[Server], bool]:
    """Drop links as told, but not two before the list could have been read once in between."""
    told = iter(decisions)

    def drops(server: Server) -> bool:
        rest = len(server.items) // server.requests[-1].top + 2
        return len(server.requests) - 1 - server.last_drop > rest and next(told, False)

    return drops
