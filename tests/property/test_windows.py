"""Windows by count: they partition the range whatever the walks return, and cost few requests whatever Graph says."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.reading.cutter import TARGET, WindowCutter
from connector.core.reading.walk import PageRequest, Walked, walk
from connector.model.mail import Listed, Page
from connector.model.run import Window, WindowKind
from connector.model.values import MessageId, RecordId
from tests.support.builders import at

SECOND, PAGE = timedelta(seconds=1), 250
LONG_AFTER = at(days=400)
COUNTS = st.one_of(st.none(), st.sampled_from([-1, 0, 1]), st.integers(0, 10**6))


def window(start: float, end: float) -> Window:
    return Window(mailbox=RecordId("a0M000000000001AAA"), start=at(start), end=at(end), kind=WindowKind.BACKFILL)


def is_partition(pieces: Sequence[Window], whole: Window) -> bool:
    """Whether they are all of `whole`, without a hole and without overlap."""
    ordered = sorted(pieces, key=lambda piece: piece.start)
    ends = ordered[0].start == whole.start and ordered[-1].end == whole.end
    return ends and all(one.end == other.start for one, other in pairwise(ordered))


# -- whatever the walks return ----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(
    length=st.integers(1, 600),
    first_span=st.integers(1, 800),
    count=COUNTS,
    walks=st.lists(st.tuples(st.integers(0, 5_000), st.none() | st.floats(0, 1)), max_size=30),
    at_once=st.integers(1, 6),
    order=st.randoms(use_true_random=False),
)
def test_windows_partition_the_range_whatever_the_walks_return(
    length: int,
    first_span: int,
    count: int | None,
    walks: list[tuple[int, float | None]],
    at_once: int,
    order: Random,
) -> None:
    """Several windows are under way at a time and end in any order; some are closed early, so that a rest is left."""
    whole = window(0, length)
    cutter = WindowCutter(whole, first_span=timedelta(seconds=first_span))
    cutter.hint(count)
    under_way: list[Window] = []
    closed: list[Window] = []
    told = iter(walks)
    while cutter.left or under_way:
        while cutter.left and len(under_way) < at_once:
            oldest = cutter.left[0].start
            handed = cutter.next()
            assert handed is not None
            assert handed.start == oldest == min(each.start for each in (handed, *cutter.left))
            under_way.append(handed)
        walked = under_way.pop(order.randrange(len(under_way)))
        found, part = next(told, (TARGET, None))
        whole_seconds = (walked.end - walked.start) // SECOND
        cut = int(whole_seconds * part) if part is not None else 0
        rest = replace(walked, start=walked.start + cut * SECOND) if 0 < cut < whole_seconds else None
        walked = walked if rest is None else replace(walked, end=rest.start)
        closed.append(walked)
        cutter.learn(walked, found, rest)
        assert cutter.span >= SECOND
        assert cutter.span % SECOND == timedelta(0)
        assert is_partition([*closed, *under_way, *cutter.left], whole)
    assert is_partition(closed, whole)
    assert cutter.next() is None


# -- with simulated pages ---------------------------------------------------------------------------------------------


@dataclass
class Messages:
    """A list by received time. Hidden items are counted and not shown; `drops` says when a link is left out."""

    seconds: list[int]
    hidden: frozenset[int] = frozenset()
    drops: Callable[[int], bool] = lambda _: False
    requests: int = 0
    times: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seconds.sort()
        self.times = [at(second) for second in self.seconds]

    def serve(self, asked: PageRequest) -> Page:
        self.requests += 1
        assert self.requests < 20_000, "this reading does not end"
        first, last = bisect_left(self.times, asked.start), bisect_left(self.times, asked.end)
        begin = int(asked.link) if asked.link is not None else first
        end = min(begin + asked.top, last)
        shown = (number for number in range(begin, end) if number not in self.hidden)
        headers = tuple(Listed(id=MessageId(f"m{number}"), received_at=self.times[number]) for number in shown)
        link = str(end) if end < last and not self.drops(self.requests) else None
        return Page(headers=headers, link=link, served_at=LONG_AFTER)


def walked_to_its_end(messages: Messages, asked: Window) -> Walked:
    steps = walk(asked, top=PAGE, settle=timedelta(0))
    request = next(steps)
    while True:
        try:
            request = steps.send(messages.serve(request))
        except StopIteration as finished:
            walked: Walked = finished.value
            return walked


def read(messages: Messages, whole: Window, count: int | None) -> list[tuple[Window, int]]:
    """Read all of a range: its closed windows, and how many messages each held. Every message is found once."""
    cutter = WindowCutter(whole)
    cutter.hint(count)
    closed: list[tuple[Window, int]] = []
    found: list[str] = []
    while (asked := cutter.next()) is not None:
        walked = walked_to_its_end(messages, asked)
        assert walked.window is not None
        closed.append((walked.window, len(walked.headers)))
        found += [header.id for header in walked.headers]
        cutter.learn(walked.window, len(walked.headers), walked.rest)
    assert is_partition([each for each, _ in closed], whole)
    assert sorted(found) == sorted(f"m{n}" for n in range(len(messages.seconds)) if n not in messages.hidden)
    return closed


DAY = 86_400
RANGE = window(0, 180 * DAY)
#: messages of a mailbox by second: some bursts of any density below a page a second, and a thin rest
BURSTS = st.lists(
    st.tuples(st.integers(0, 179 * DAY), st.integers(0, 3_000), st.integers(10, 20 * DAY)), min_size=1, max_size=4
)


def spread(bursts: list[tuple[int, int, int]]) -> list[int]:
    return [
        min(start + number * length // max(many, 1), 180 * DAY - 1)
        for start, many, length in bursts
        for number in range(many)
    ]


@settings(deadline=None, max_examples=40)
@given(bursts=BURSTS, count=st.sampled_from([None, -1, 0, "right", "double", "half", "tenfold", "a tenth"]))
def test_a_full_mailbox_costs_a_request_for_250_messages_and_three_more_a_window(
    bursts: list[tuple[int, int, int]], count: int | str | None
) -> None:
    messages = Messages(spread(bursts))
    times = {"right": 1.0, "double": 2.0, "half": 0.5, "tenfold": 10.0, "a tenth": 0.1}
    hint = int(len(messages.seconds) * times[count]) if isinstance(count, str) else count
    closed = read(messages, RANGE, hint)
    assert messages.requests <= sum(found for _, found in closed) / PAGE + 3 * len(closed)


@settings(deadline=None, max_examples=40)
@given(
    seconds=st.lists(st.integers(0, 180 * DAY - 1), max_size=600),
    count=st.sampled_from([None, -1, 0, 1, 600, 1000]),
)
def test_a_quiet_mailbox_costs_at_most_eight_list_requests(seconds: list[int], count: int | None) -> None:
    """Whatever Graph's count says, as long as it is not far too high: the count and the tree make ten of it."""
    messages = Messages(seconds)
    read(messages, RANGE, count)
    assert messages.requests <= 8


@settings(deadline=None, max_examples=30)
@given(
    bursts=BURSTS,
    count=COUNTS.filter(lambda count: count is None or count < 50_000),
    hidden=st.sets(st.integers(0, 12_000), max_size=400),
    empty=st.integers(0, 10_000),
    every=st.integers(7, 40),
)
def test_short_empty_and_linkless_pages_lose_nothing(
    bursts: list[tuple[int, int, int]], count: int | None, hidden: set[int], empty: int, every: int
) -> None:
    """A run of hidden items as long as a page makes an empty one; each so many requests a link is missing."""
    gone = frozenset((*hidden, *range(empty, empty + 600)))
    # a walk is right as long as it could read its window once between two links that are missing
    messages = Messages(spread(bursts), hidden=gone, drops=lambda number: number % (every + 40) == 0)
    read(messages, RANGE, count)
