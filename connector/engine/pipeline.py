"""Steps 3 to 5 ahead of the writing: chunks of walked windows are decided on in a thread of their own.

    Reader ──take──► [ thread: decide, look up, match ] ──Batch──► main thread: fetch ahead, write ──done──┐
                              ▲                                                                             │
                              └────── copies of mails that were under way then ◄── what is under way ◄──────┘

What is stored is looked up while the chunk before is being written, so a mail that is under way would not be found. A
message that may be a copy of one is put off until that one is written: it is decided on with a later chunk.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from connector.core.deciding import identity
from connector.engine.decider import Candidate, Decider, Mail
from connector.engine.outcomes import OutcomeLedger
from connector.engine.reader import Reader, WalkedWindow
from connector.model.mail import Header
from connector.model.values import Place

_T = TypeVar("_T")

#: messages of the first chunk: few, so that writing begins while most is still being read
FIRST_CHUNK = 1000
#: of the later ones: enough for some full batches of mail to be stored, so that look-ups are few beside them
CHUNK_STORED, CHUNK_LEAST, CHUNK_MOST = 1000, 2500, 5000
#: mails fetched and written together: with two participants and 1.2 Tasks each they fill one Composite request
BATCH = 200
#: batches that wait to be taken while the next chunk is decided on: those taken last time hold out until it is there
WAITING = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Mails to be stored together, and the windows whose messages were all decided on by then. Either may be empty."""

    mails: Sequence[Mail]
    readings: Sequence[WalkedWindow]


class Pipeline:
    """Batches of one run, the same that a run in one thread would make.

    Use as a context manager, and from one thread. `early` is decided on first; `sift` is given each window before
    anything is decided.
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
        #: decided on, but not enough for a batch; and maybe copies of what is under way
        self._waiting: list[Mail] = []
        self._put_off: list[Candidate] = []
        self._listed = 0
        self._to_store = 0
        self._changed = threading.Condition()
        self._ready: deque[Batch] = deque()
        #: what the mails that were decided on and not written yet go by
        self._under_way: Counter[str] = Counter()
        self._over = False
        self._closed = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="decider", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._reader.stop(abandon=kind is not None)
        self._thread.join()

    def next(self, *, wait: bool) -> Batch | None:
        """The next batch; None at the end, and without `wait` also while there is none. Raises what ended the deciding.

        Each is told `done` once written, or the end is never reached.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._ready or self._over)
            if self._failure is not None:
                raise self._failure
            if not self._ready:
                return None
            self._changed.notify_all()
            return self._ready.popleft()

    def done(self, batch: Batch) -> None:
        """Its mails have their outcome: what is looked up from now on finds them."""
        with self._changed:
            self._under_way.subtract(_known_by(mail.chosen) for mail in batch.mails)
            self._under_way = +self._under_way
            self._changed.notify_all()

    # -- in the thread ----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self._decide_all()
        except BaseException as error:  # handed to the main thread, which decides
            self._failure = error
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _decide_all(self) -> None:
        early = self._early
        while self._has_room():
            taken = [*early, *map(self._sift, self._reader.take(self._chunk_size()))]
            early = []
            if not taken and (not (self._waiting or self._put_off) or not self._all_written()):
                return
            self._listed += sum(len(reading.headers) for reading in taken)
            mails = self._decide(taken)
            last = self._reader.is_over and not self._put_off
            whole = len(mails) if last else len(mails) - len(mails) % BATCH
            mails, self._waiting = mails[:whole], mails[whole:]
            self._to_store += whole
            self._hand_over(mails, taken)

    def _decide(self, taken: Sequence[WalkedWindow]) -> list[Mail]:
        """What is to be stored of these windows, after what did not fill a batch the time before."""
        under_way = self._under_way_now()
        self._put_off, candidates = _parted(
            self._candidates(taken), lambda candidate: _known_by(candidate.header) in under_way
        )
        # what waits is matched anew where there are further copies of it, maybe
        known = {_known_by(candidate.header) for candidate in candidates}
        joined, waiting = _parted(self._waiting, lambda mail: _known_by(mail.chosen) in known)
        copies = (copy for mail in joined for copy in mail.copies)
        return [*waiting, *self._decider.match(_each_once([*candidates, *copies]))]

    def _candidates(self, taken: Sequence[WalkedWindow]) -> Iterator[Candidate]:
        # listed twice, and failed meanwhile: it is not tried a second time
        still = [candidate for candidate in self._put_off if not self._ledger.has_outcome(_place(candidate))]
        again = [WalkedWindow(candidate.queue, None, (candidate.header,)) for candidate in still]
        return self._decider.candidates([*again, *taken])

    def _chunk_size(self) -> int:
        """How many messages the next chunk should have."""
        if not self._listed:
            return FIRST_CHUNK
        return min(CHUNK_MOST, max(CHUNK_LEAST, CHUNK_STORED * self._listed // max(self._to_store, 1)))

    def _hand_over(self, mails: Sequence[Mail], readings: Sequence[WalkedWindow]) -> None:
        with self._changed:
            self._under_way.update(_known_by(mail.chosen) for mail in mails)
            for at in range(0, max(len(mails), 1), BATCH):
                self._ready.append(Batch(mails[at : at + BATCH], readings if at == 0 else ()))
            self._changed.notify_all()

    def _has_room(self) -> bool:
        """Wait until little is waiting to be taken; False where nobody will take it."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._ready) <= WAITING)
            return not self._closed

    def _all_written(self) -> bool:
        """Wait until nothing is under way; False where nobody will write it."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._under_way)
            return not self._closed

    def _under_way_now(self) -> frozenset[str]:
        with self._changed:
            return frozenset(self._under_way)


def _known_by(header: Header) -> str:
    """What all copies of a mail have in common, and maybe other mails too."""
    return identity.message_id(header) or identity.message_key(header)


def _each_once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Both roads may list the same message."""
    return [*{_place(candidate): candidate for candidate in candidates}.values()]


def _place(candidate: Candidate) -> Place:
    return candidate.header.mailbox, candidate.header.id


def _parted(items: Iterable[_T], is_first: Callable[[_T], bool]) -> tuple[list[_T], list[_T]]:
    """Those of the first kind, and the others."""
    parts: tuple[list[_T], list[_T]] = ([], [])
    for item in items:
        parts[0 if is_first(item) else 1].append(item)
    return parts
