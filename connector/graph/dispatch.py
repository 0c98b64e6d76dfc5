"""Sends the GETs of a run: one place that knows how much may be asked at a time, of a mailbox and in all.

    submit, run, place ──► queues by rank and mailbox ──► a free worker takes what has a free place ──► done(answer)

- A mailbox allows four requests at a time (Graph, "Outlook service limits"); `per_mailbox` of them are used. A
  sub-request of a $batch counts as one.
- Graph carries out at most four sub-requests of one $batch at a time, also of several mailboxes (JSON batching; answer
  1660054). So a bundle of four bodies costs the time of one request; a larger one costs more time and fewer requests,
  each of them 2 ms of processor time, and is made where so much could go that there is enough to do meanwhile.
- Turns go by rank: bodies, then lists of live mail, of a backfill, of a sweep, files last; within a rank to the mailbox
  that was served longest ago. Files never take a mailbox's last free place, so that they hold nothing else up.

`workers` threads send, and call `done` with what came; it must not block.
"""

import copy
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from connector.errors import MessageError, NoAnswerError, StoppedError, TooLargeError, UnreadableAnswerError
from connector.graph.batch import LIMIT, MailboxRequest
from connector.graph.client import GraphClient
from connector.graph.held import HeldBodies, Share
from connector.graph.tickets import LISTS, Answer, Done, Rank, Ticket, TicketQueue, Turn
from connector.http.subrequest import SubResponse

Result = TypeVar("Result")
#: sub-requests of one $batch that Graph carries out at a time
AT_ONCE = 4
#: bodies that could go now, for each further four that share a $batch
_FOR_FOUR_MORE = 32


class RequestDispatcher:
    """Sends requests and runs jobs in `workers` threads, on at most `per_mailbox` places of a mailbox.

    Safe from many threads. Use as a context manager: leaving it ends the workers and stops what still waits.
    """

    def __init__(self, client: GraphClient, *, workers: int = 32, per_mailbox: int = 3) -> None:
        self.client = client
        self._workers = workers
        self._per_mailbox = per_mailbox
        self._queues = {rank: TicketQueue() for rank in Rank}
        self._turns: list[Turn] = []
        self._taken: Counter[str] = Counter()
        self._held = HeldBodies()
        #: bundles of bodies that are being sent
        self._bundles = 0
        self._threads: list[threading.Thread] = []
        self._idle = 0
        #: workers with a bundle in hand; one that was only just begun is none of them
        self._busy = 0
        self._closed = False
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers after the requests they are at; StoppedError goes to what was not sent."""
        with self._changed:
            self._closed = True
            waiting = [each for queue in self._queues.values() for user in queue.by_user.values() for each in user]
            for queue in self._queues.values():
                queue.by_user.clear()
            for turn in self._turns:
                turn.given.set()
            self._changed.notify_all()
        for ticket in waiting:
            ticket.done(StoppedError("The reading was ended"))
        for thread in self._threads:
            thread.join()

    # -- asking -----------------------------------------------------------------------------------------------------

    def submit(self, request: MailboxRequest, rank: Rank, done: Done) -> None:
        """Send a request when its turn comes: `done` gets an `Answer`, or the error that stopped it."""
        self._put([Ticket(request.user, rank, done, request=request)])

    def run(self, user: str, rank: Rank, job: Callable[[], Any], done: Done) -> None:
        """Run a job in a worker, on one place of this mailbox: what it sends, it sends one after the other."""
        self._put([Ticket(user, rank, done, job=job)])

    def ask(self, request: MailboxRequest, rank: Rank) -> Answer:
        """The answer to one request. Raises ServiceError where Graph as a whole does not answer."""
        told: SimpleQueue[Any] = SimpleQueue()
        self.submit(request, rank, told.put)
        answer: Answer = _raised(told.get())
        return answer

    def ask_many(self, requests: Sequence[MailboxRequest], rank: Rank) -> Iterator[tuple[int, SubResponse]]:
        """The answers to many requests with their number, in any order. Raises as `ask` does."""
        told: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        share = Share() if rank is Rank.CONTENT else None
        tickets = [
            Ticket(request.user, rank, _numbered(told, number), request=request, share=share)
            for number, request in enumerate(requests)
        ]
        self._put(tickets)
        for number, answer in self._answers(tickets, told, share):
            yield number, answer[0]

    def run_many(
        self, jobs: Iterable[tuple[str, Callable[[], Result]]], rank: Rank
    ) -> Iterator[tuple[int, Result | MessageError]]:
        """What jobs return, each on one place of its mailbox, with their number, in any order; a MessageError is
        given as the result of its job. Raises any other error of a job."""
        told: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        tickets = [Ticket(user, rank, _numbered(told, number), job=job) for number, (user, job) in enumerate(jobs)]
        self._put(tickets)
        yield from ((number, each) for number, each in self._answers(tickets, told))

    def _answers(
        self, tickets: Sequence[Ticket], told: SimpleQueue[tuple[int, Any]], share: Share | None = None
    ) -> Iterator[tuple[int, Any]]:
        """What comes for these tickets; tickets left over when the caller stops iterating are not sent."""
        missing = len(tickets)
        try:
            while missing:
                number, answer = told.get()
                missing -= 1
                yield number, answer if isinstance(answer, MessageError) else _raised(answer)
                if share is not None:
                    with self._changed:
                        full = not self._held.room
                        self._held.taken(share, answer)
                        if full:  # else nothing waited for this
                            self._wake()
        finally:
            if missing or share is not None:
                with self._changed:
                    if missing:
                        self._queues[tickets[0].rank].drop(set(tickets))
                    if share is not None:
                        self._held.leave(share)
                    self._serve_turns()
                    self._wake()

    @contextmanager
    def place(self, user: str, *, for_file: bool = False) -> Iterator[None]:
        """Hold one place of a mailbox while the block sends from the caller's own thread.

        It is given once nothing but files waits for that mailbox; `for_file` it is not the last free one. Raises
        StoppedError where the dispatcher was closed.
        """
        turn = Turn(user, for_file)
        with self._changed:
            if self._closed:
                raise StoppedError("The reading was ended")
            self._turns.append(turn)
            self._serve_turns()
        try:
            turn.given.wait()
            if not turn.claimed:
                raise StoppedError("The reading was ended")
            yield
        finally:
            with self._changed:
                if turn.claimed:
                    self._give_back([user])
                else:
                    self._turns.remove(turn)

    # -- whose turn it is --------------------------------------------------------------------------------------------

    def _put(self, tickets: Sequence[Ticket], *, first: bool = False) -> None:
        """Queue them; `first`: before what waits for the same mailbox, so that it is known soon whether it answers."""
        with self._changed:
            closed = self._closed
            for ticket in () if closed else tickets:
                self._queues[ticket.rank].put(ticket, first=first)
            self._wake()
        for ticket in tickets if closed else ():  # else the caller would wait for ever
            ticket.done(StoppedError("The reading was ended"))

    def _wake(self) -> None:
        """One more worker, where there may be something for it. The lock is held."""
        if self._idle:
            self._changed.notify()
        elif len(self._threads) < self._workers and not self._closed:
            thread = threading.Thread(target=self._work, name=f"graph-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _free(self, user: str) -> int:
        return self._per_mailbox - self._taken[user]

    def _claim(self, user: str) -> bool:
        if self._taken[user] >= self._per_mailbox:
            return False
        self._taken[user] += 1
        return True

    def _claim_for_file(self, user: str) -> bool:
        """A place that is not the last free one; the only one of a mailbox that has one in all."""
        return self._taken[user] + 1 < max(self._per_mailbox, 2) and self._claim(user)

    def _waits(self, user: str) -> bool:
        """Whether something of a rank before FILE waits for this mailbox."""
        full = not self._held.room  # bodies wait then for what is held, maybe by the very thread that waits here
        return any(
            user in queue.by_user
            for rank, queue in self._queues.items()
            if rank is not Rank.FILE and not (full and rank is Rank.CONTENT)
        )

    def _give_back(self, users: Iterable[str]) -> None:
        """Free places that were claimed. The lock is held."""
        for user in users:
            self._taken[user] -= 1
            if not self._taken[user]:
                del self._taken[user]
        self._serve_turns()
        self._wake()

    def _serve_turns(self) -> None:
        """Give places to threads that send themselves, where nothing else waits for the mailbox. The lock is held."""
        still: list[Turn] = []
        for turn in self._turns:
            claim = self._claim_for_file if turn.is_file else self._claim
            turn.claimed = not self._waits(turn.user) and claim(turn.user)
            if turn.claimed:
                turn.given.set()
            else:
                still.append(turn)
        self._turns = still

    def _next(self) -> list[Ticket]:
        """What one worker takes at a time; nothing where nothing has a free place. The lock is held."""
        for rank in Rank:
            queue = self._queues[rank]
            if not queue.by_user:
                continue
            if rank is Rank.CONTENT and (self._bundles >= self._most_bundles() or not self._held.room):
                continue
            claim = self._claim_for_file if rank is Rank.FILE else self._claim
            most = min(self._bundle_size(rank), self._held.room) if rank is Rank.CONTENT else self._bundle_size(rank)
            taken = queue.take(1, claim, bundled=False)
            if not taken:
                continue
            if taken[0].request is not None and most > 1:
                for other in LISTS if rank in LISTS else (rank,):
                    taken += self._queues[other].take(most - len(taken), claim, bundled=True)
            self._bundles += rank is Rank.CONTENT
            self._held.asked(sum(ticket.share is not None for ticket in taken))
            return taken
        return []

    def _most_bundles(self) -> int:
        """Bundles of bodies that are sent at a time: as many of four as fill the places of the mailboxes in use. More
        would be smaller ones."""
        users = len(self._taken.keys() | self._queues[Rank.CONTENT].by_user.keys())
        return -(-users * self._per_mailbox // AT_ONCE)

    def _bundle_size(self, rank: Rank) -> int:
        """How many requests share a $batch: of lists so many that the free workers carry all that could go now."""
        ranks = LISTS if rank in LISTS else (rank,)
        ready = sum(self._queues[each].ready(self._free) for each in ranks)
        if rank is Rank.CONTENT:
            return min(LIMIT, AT_ONCE * (1 + ready // _FOR_FOUR_MORE))
        return min(LIMIT, -(-ready // (self._workers - self._busy)))

    # -- workers ----------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while bundle := self._take():
            answers = self._send(bundle)
            with self._changed:
                self._busy -= 1
                self._bundles -= bundle[0].rank is Rank.CONTENT
                for ticket, answer in zip(bundle, answers, strict=True):
                    if ticket.share is not None:
                        self._held.came(ticket.share, answer.value if isinstance(answer, _Result) else answer)
                self._give_back(ticket.user for ticket in bundle)
            for ticket, answer in zip(bundle, answers, strict=True):
                if answer is None:  # it has to be asked again, alone
                    alone = Ticket(ticket.user, ticket.rank, ticket.done, job=self._alone(ticket), share=ticket.share)
                    self._put([alone], first=True)
                else:
                    ticket.done(answer if ticket.job is None or not isinstance(answer, _Result) else answer.value)

    def _take(self) -> list[Ticket]:
        with self._changed:
            while not self._closed:
                if bundle := self._next():
                    self._busy += 1
                    self._wake()  # there may be more than one can carry
                    return bundle
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return []

    def _send(self, bundle: Sequence[Ticket]) -> Sequence[Any]:
        """What came for each: an answer, an error, or None for one that has to be asked alone."""
        first = bundle[0]
        requests = [ticket.request for ticket in bundle if ticket.request is not None]
        try:
            if first.job is not None:
                return [_Result(first.job())]
            if len(bundle) == 1 and first.rank is not Rank.CONTENT:
                return [self.client.send_get(requests[0])]
            return self._sent_together(requests)
        except BaseException as error:  # handed to those who wait
            return [error] * len(bundle)

    def _sent_together(self, requests: Sequence[MailboxRequest]) -> Sequence[Answer | None]:
        """The answers of a $batch. Where none came in time, none that can be read, or more than one answer may hold,
        each is asked again alone, that of a $batch of one too: one mailbox is no fault of the others, and alone it is
        told of that one."""
        silent = [self.client.silence.is_silent(request.user) for request in requests]
        if any(silent):  # each is told alone, at once; the others travel together
            asked = iter(self._sent_together([each for each, mute in zip(requests, silent, strict=True) if not mute]))
            return [None if mute else next(asked) for mute in silent]
        if not requests:
            return []
        try:
            found, served = self.client.send_batch(requests)
        except (NoAnswerError, TooLargeError, UnreadableAnswerError):
            return [None] * len(requests)
        return [None if answer is None else (answer, served) for answer in found]

    def _alone(self, ticket: Ticket) -> Callable[[], Answer]:
        request = ticket.request
        if request is None:
            raise ValueError("a job is not sent twice")
        return lambda: self.client.send_get(request)


@dataclass(frozen=True, slots=True)
class _Result:
    """What a job returned, which may be None."""

    value: Any


def _numbered(told: SimpleQueue[tuple[int, Any]], number: int) -> Done:
    return lambda answer: told.put((number, answer))


def _raised(answer: Any) -> Any:
    """The answer; an error is raised, a copy for each thread: a shared one would collect the traces of all."""
    if isinstance(answer, BaseException):
        raise copy.copy(answer) from answer
    return answer
