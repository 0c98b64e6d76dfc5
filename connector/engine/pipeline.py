"""Steps 4 and 5 ahead of the writing: chunks of walked windows are decided on in a thread of their own.

    Reader ──take──► [ thread: decide, look up, match ] ──Batch──► contents ──► writers ──done──┐
                              ▲                                                                  │
                              └──── copies of mails that were under way then ◄── under way ◄─────┘

What is stored is looked up while earlier mail is being written, so a mail that is under way would not be found. A
message that may be a copy of one is put off until that one is written: it is decided on with a later chunk.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeVar

from connector.core.deciding import identity
from connector.engine.decider import Candidate, Decider, Mail
from connector.engine.outcomes import OutcomeLedger
from connector.engine.reader import Reader
from connector.engine.windows import WalkedWindow
from connector.model.mail import Header
from connector.model.values import Place

_T = TypeVar("_T")

#: messages of the first chunk: few, so that writing begins while most is still being read
FIRST_CHUNK = 1000
#: of the later ones: enough for some full batches of mail to be stored, so that look-ups are few beside them
CHUNK_STORED, CHUNK_LEAST, CHUNK_MOST = 1000, 2500, 5000
#: mails whose bodies are fetched together, and how many of one mailbox: it allows few requests at a time, and the whole
#: batch waits for its last
BATCH, OF_ONE_MAILBOX = 50, 6
#: mails that wait to be taken while the next chunk is decided on, so that it adds its mailboxes to theirs
WAITING = 2500

Batch = Sequence[Mail]


class Pipeline:
    """Batches of mails to be stored, of one run.

    Use as a context manager. `early` is decided on first; `sift` is given each window before anything is decided.
    `next` and `done` may be called from several threads.
    """

    def __init__(
        self,
        reader: Reader,
        decider: Decider,
        ledger: OutcomeLedger,
        *,
        early: Iterable[WalkedWindow] = (),
        sift: Callable[[WalkedWindow], WalkedWindow] = lambda reading: reading,
    ) -> None:
        self._reader = reader
        self._decider = decider
        self._ledger = ledger
        self._sift = sift
        self._early = [*early]
        #: maybe copies of what is under way
        self._put_off: list[Candidate] = []
        #: messages of mails whose clients changed while they were written
        self._returned: list[Candidate] = []
        self._listed = 0
        self._to_store = 0
        #: the one condition of decider, fetchers, writers and main thread
        self.changed = threading.Condition()
        #: batches that were taken and are not in the pool of the writers yet
        self._taken = 0
        #: mails to be taken, by mailbox, the one first that was served longest ago; and how many they are
        self._ready: dict[str, deque[Mail]] = {}
        self._count = 0
        #: `_known_by` of the mails that were decided on and not written yet
        self._under_way: Counter[str] = Counter()
        self._over = False
        self._waits_for_writing = False
        self._closed = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="decider", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(abandon=kind is not None)
        self._thread.join()

    def close(self, *, abandon: bool) -> None:
        """Give out nothing further; with `abandon` what is being read is not waited for."""
        with self.changed:
            self._closed = True
            self.changed.notify_all()
        self._reader.stop(abandon=abandon)

    def next(self) -> Batch | None:
        """The next batch; waits for it, None at the end. Raises what ended the deciding.

        The caller must call `done` with the mails of each batch once they are written, or the end is never reached.
        """
        with self.changed:
            self.changed.wait_for(lambda: self._ready or self._over or self._closed)
            if self._failure is not None:
                raise self._failure
            if not self._ready or self._closed:
                return None
            self._taken += 1
            batch = self._next_batch()
            self._count -= len(batch)
            self.changed.notify_all()
            return batch

    def _next_batch(self) -> list[Mail]:
        """Mails of the mailboxes that were served longest ago, by turns. The lock is held."""
        batch: list[Mail] = []
        for _ in range(OF_ONE_MAILBOX):
            for mailbox in [*self._ready][: BATCH - len(batch)]:
                mails = self._ready.pop(mailbox)
                batch.append(mails.popleft())
                if mails:
                    self._ready[mailbox] = mails
        return batch

    def delivered(self, batch: Batch) -> None:
        """Note that the mails of this batch that need rows were put into the write pool."""
        with self.changed:
            self._taken -= 1 if batch else 0
            self.changed.notify_all()

    def done(self, mails: Iterable[Mail]) -> None:
        """Note that these mails have their outcome, so that look-ups find them from now on."""
        with self.changed:
            self._under_way.subtract(_known_by(mail.chosen) for mail in mails)
            self._under_way = +self._under_way
            self.changed.notify_all()

    def again(self, mail: Mail) -> None:
        """Decide once more on this mail, with its clients looked up anew. Called before `done`."""
        with self.changed:
            self._returned.extend(mail.copies)

    @property
    def is_dry(self) -> bool:
        """Whether nothing comes until what was handed over is written: the rest is read, or waits for that."""
        with self.changed:
            return not self._ready and not self._taken and (self._over or self._waits_for_writing)

    # -- in the thread ----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self._decide_all()
        except BaseException as error:  # handed to the threads that take, which pass it on
            self._failure = error
        with self.changed:
            self._over = True
            self.changed.notify_all()

    def _decide_all(self) -> None:
        early = self._early
        while self._has_room():
            taken = [*early, *map(self._sift, self._reader.take(self._chunk_size()))]
            early = []
            if not taken and not self._more_to_decide():
                return
            for reading in taken:
                self._ledger.opened(reading)
            self._listed += sum(len(reading.headers) for reading in taken)
            mails = self._decide(taken)
            self._to_store += len(mails)
            self._hand_over(mails)

    def _decide(self, taken: Sequence[WalkedWindow]) -> list[Mail]:
        """What is to be stored of these windows."""
        under_way = self._under_way_now()
        self._put_off, candidates = _parted(
            self._candidates(taken), lambda candidate: _known_by(candidate.header) in under_way
        )
        return self._decider.match(_each_once(candidates))

    def _candidates(self, taken: Sequence[WalkedWindow]) -> Iterator[Candidate]:
        # listed twice, and settled meanwhile: it is not tried a second time
        still = [candidate for candidate in self._put_off if self._ledger.awaits(*_place(candidate))]
        with self.changed:
            returned, self._returned = self._returned, []
        self._decider.forget(returned)
        again = [WalkedWindow(candidate.queue, None, (candidate.header,)) for candidate in (*still, *returned)]
        return self._decider.candidates([*again, *taken])

    def _chunk_size(self) -> int:
        """How many messages the next chunk should have."""
        if not self._listed:
            return FIRST_CHUNK
        return min(CHUNK_MOST, max(CHUNK_LEAST, CHUNK_STORED * self._listed // max(self._to_store, 1)))

    def _hand_over(self, mails: Sequence[Mail]) -> None:
        with self.changed:
            self._under_way.update(_known_by(mail.chosen) for mail in mails)
            for mail in mails:
                self._ready.setdefault(mail.chosen.mailbox, deque()).append(mail)
            self._count += len(mails)
            self.changed.notify_all()

    def _has_room(self) -> bool:
        """Wait until few mails wait to be taken; False where the pipeline was closed."""
        with self.changed:
            self.changed.wait_for(lambda: self._closed or self._count <= WAITING)
            return not self._closed

    def _more_to_decide(self) -> bool:
        """After the last window: wait until nothing is under way that what was put off may be a copy of, and until
        all is written where nothing was put off. False where nothing is left, or the pipeline was closed."""
        waits_for = {_known_by(candidate.header) for candidate in self._put_off}
        with self.changed:
            self._waits_for_writing = True
            self.changed.notify_all()
            self.changed.wait_for(
                lambda: (
                    self._closed or not self._under_way or (bool(waits_for) and waits_for.isdisjoint(self._under_way))
                )
            )
            self._waits_for_writing = False
            return not self._closed and bool(self._put_off or self._returned)

    def _under_way_now(self) -> frozenset[str]:
        with self.changed:
            return frozenset(self._under_way)


def _known_by(header: Header) -> str:
    """What all copies of a mail have in common, and maybe other mails too."""
    return identity.message_id(header) or identity.message_key(header)


def _each_once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates without repetition: both roads may list the same message."""
    return [*{_place(candidate): candidate for candidate in candidates}.values()]


def _place(candidate: Candidate) -> Place:
    return candidate.header.mailbox, candidate.header.id


def _parted(items: Iterable[_T], is_first: Callable[[_T], bool]) -> tuple[list[_T], list[_T]]:
    """Those of the first kind, and the others."""
    parts: tuple[list[_T], list[_T]] = ([], [])
    for item in items:
        parts[0 if is_first(item) else 1].append(item)
    return parts
