"""How a window is read whose list keeps failing: one bad item must not hold up its mailbox. Pure, as `walk`.

    walk ──fails──► does the mailbox answer beside this window? ──no──► it is the mailbox: the error stands
                                     │ yes
                                     ▼
    smaller pages ──fails──► halves of the window, down to one second ──fails──► ids alone ──fails──► the second is
                                                                                                     named, and passed

A second is passed only while the mailbox answers beside the window, so that an outage in the middle is not taken for
damage. Beside the second itself other damage may lie: what makes one message unreadable makes its neighbours so.
What is passed is in `Walked.unread`, from which error rows are made; reading goes on behind it.
"""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.core.reading.walk import PageRequest, Walk, Walked, walk
from connector.errors import BrokenListError, MessageError
from connector.model.mail import Header, Listed, Page, Unread
from connector.model.run import Window
from connector.model.values import MessageId, whole_second

_SECOND = timedelta(seconds=1)
#: messages of a page once a larger one has failed
SMALL_PAGE = 25
#: so many unreadable seconds in one window are damage of the mailbox, not of items
MOST_SECONDS = 20
#: Code__c of the row of such a second
UNREADABLE = "UNREADABLE"
_PREFIX = "received:"


def second_name(second: datetime) -> MessageId:
    """What stands for the messages of one received second, where not even their ids can be had."""
    return MessageId(f"{_PREFIX}{second.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")


def named_second(message: str) -> datetime | None:
    """The second that such a name stands for; None for the id of a message."""
    if not message.startswith(_PREFIX):
        return None
    try:
        return datetime.strptime(message.removeprefix(_PREFIX), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def climb(window: Window, *, top: int = 250, settle: timedelta, split_at: int = 2000) -> Walk:
    """`walk`, and where its list cannot be read, what can be read of it. Raises as `walk`, and BrokenListError where
    the mailbox does not answer at all."""
    try:
        return (yield from walk(window, top=top, settle=settle, split_at=split_at))
    except BrokenListError as error:
        first = error
    return (yield from _Ladder(window, top, settle, split_at, first).run())


class _Ladder:
    """One window that could not be read as it is, and what was read of it."""

    def __init__(self, window: Window, top: int, settle: timedelta, split_at: int, error: BrokenListError) -> None:
        self._window = window
        self._top = min(top, SMALL_PAGE)
        self._settle = settle
        self._split_at = split_at
        self._error = error
        self._headers: dict[MessageId, Header | Listed] = {}
        self._unread: list[Unread] = []
        self._rounds = 0
        #: what lies before it was read, or is named
        self._reached = window.start
        #: parts of the window that wait, the oldest last
        self._waiting = [window]

    def run(self) -> Walk:
        yield from self._require_answers()
        while self._waiting and len(self._headers) <= self._split_at:
            part = self._waiting.pop()
            try:
                walked = yield from self._walked(part)
            except BrokenListError as error:
                if part.end - part.start > _SECOND:
                    self._halve(part)
                    continue
                walked = yield from self._second(part, error)
            if not self._take(part, walked):
                break
        return self._result()

    def _walked(self, part: Window, *, ids_only: bool = False) -> Walk:
        return (
            yield from walk(
                part, top=self._top, settle=self._settle, split_at=self._split_at, once=True, ids_only=ids_only
            )
        )

    def _halve(self, part: Window) -> None:
        middle = part.start + timedelta(seconds=int((part.end - part.start).total_seconds()) // 2)
        self._waiting += [replace(part, start=middle), replace(part, end=middle)]

    def _second(self, part: Window, error: BrokenListError) -> Walk:
        """One second that cannot be read: by ids alone, or not at all."""
        try:
            return (yield from self._walked(part, ids_only=True))
        except BrokenListError:
            yield from self._require_answers()
        if len(self._unread) >= MOST_SECONDS:
            raise error
        why = MessageError(
            f"What was received in this second cannot be listed: {error.what}", code=UNREADABLE, transient=True
        )
        self._unread.append(Unread(id=second_name(part.start), received_at=part.start, error=why))
        return Walked(window=part, headers=(), rounds=0)

    def _take(self, part: Window, walked: Walked) -> bool:
        """Add what a part held; False where it ends before its time, for want of settling."""
        self._rounds += walked.rounds
        self._headers |= {header.id: header for header in walked.headers}
        if walked.window is not None:
            self._reached = walked.window.end
        if walked.rest is not None:
            self._waiting.append(walked.rest)
            return True
        return self._reached >= part.end

    def _require_answers(self) -> Generator[PageRequest, Page, None]:
        """Ask for the seconds beside the window. Raises the error where neither is answered: it is the mailbox."""
        for start in (self._window.start - _SECOND, self._window.end):
            try:
                yield PageRequest(start=start, end=start + _SECOND, top=1, link=None, first_round=True, once=True)
            except BrokenListError:
                continue
            return
        raise self._error

    def _result(self) -> Walked:
        if self._reached <= self._window.start:
            return Walked(window=None, headers=(), rounds=self._rounds)
        rest = replace(self._window, start=self._reached) if self._waiting else None
        inside = (header for header in self._headers.values() if whole_second(header.received_at) < self._reached)
        return Walked(
            window=replace(self._window, end=self._reached),
            headers=tuple(sorted(inside, key=lambda header: header.received_at)),
            rounds=self._rounds,
            rest=rest,
            unread=tuple(self._unread),
        )
