"""The cap on requests in flight for one mailbox: Graph answers a fifth with MailboxConcurrency (429)."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


class _Turn:
    """Someone's turn: what is wanted, and whether it was given."""

    __slots__ = ("given", "wanted")

    def __init__(self, wanted: Mapping[str, int]) -> None:
        self.wanted = wanted
        self.given = threading.Event()


class Slots:
    """`per_mailbox` places for each mailbox. First come, first served: a batch over many mailboxes is never starved."""

    def __init__(self, per_mailbox: int) -> None:
        self.per_mailbox = per_mailbox
        self._taken: Counter[str] = Counter()
        self._waiting: list[_Turn] = []
        self._lock = threading.Lock()
        self._tell: Callable[[], None] | None = None

    def when_free(self, tell: Callable[[], None]) -> None:
        """Call `tell` whenever a holder has let go."""
        self._tell = tell

    def claim(self, mailbox: str) -> bool:
        """Take one place if there is one now and nobody stands in the queue for it. `give_back` frees it."""
        with self._lock:
            if self._taken[mailbox] >= self.per_mailbox or any(mailbox in turn.wanted for turn in self._waiting):
                return False
            self._taken[mailbox] += 1
            return True

    def give_back(self, wanted: Mapping[str, int]) -> None:
        """Free places that were claimed."""
        with self._lock:
            self._give_back(wanted)

    @contextmanager
    def hold(self, wanted: Mapping[str, int]) -> Iterator[None]:
        """Hold so many places of each mailbox, all taken at once. More than there are is a ValueError."""
        if any(count > self.per_mailbox for count in wanted.values()):
            raise ValueError("more places of one mailbox than there are")
        self._take(_Turn(wanted))
        try:
            yield
        finally:
            with self._lock:
                self._give_back(wanted)
            if self._tell is not None:
                self._tell()

    def _take(self, turn: _Turn) -> None:
        try:
            with self._lock:
                self._waiting.append(turn)
                self._serve()
            turn.given.wait()
        except BaseException:
            # interrupted: those behind must not wait for one that has left
            with self._lock:
                if turn.given.is_set():
                    self._give_back(turn.wanted)
                else:
                    self._waiting = [other for other in self._waiting if other is not turn]
                    self._serve()
            raise

    def _give_back(self, wanted: Mapping[str, int]) -> None:
        for mailbox, count in wanted.items():
            self._taken[mailbox] -= count
            if not self._taken[mailbox]:
                del self._taken[mailbox]
        self._serve()

    def _serve(self) -> None:
        """Give places to all who can go now: in order, and nobody overtakes one who waits for the same mailbox."""
        still: list[_Turn] = []
        blocked: set[str] = set()
        for turn in self._waiting:
            if blocked.isdisjoint(turn.wanted) and self._fits(turn.wanted):
                self._taken.update(turn.wanted)
                turn.given.set()
            else:
                blocked.update(turn.wanted)
                still.append(turn)
        self._waiting = still

    def _fits(self, wanted: Mapping[str, int]) -> bool:
        return all(self._taken[mailbox] + count <= self.per_mailbox for mailbox, count in wanted.items())
