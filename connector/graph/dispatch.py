"""Bundles GETs that many threads ask for at one time into $batch requests, and keeps each mailbox at its places.

Half a year of one mailbox is 180 windows, each asked for twice: hundreds of small answers, whose cost is the request
and not the data. So lists go together, up to 20 in a $batch, mailboxes mixed, where many mailboxes are read; those of
a few mailboxes are plain requests. Messages always go by $batch. No more requests are on their way at a time than it
takes to fill the places of all mailboxes: more would only make smaller bundles.

All stands in one queue, and only what has a free place in its mailbox is taken from it: nothing that could go waits
behind something that can not. Messages go before lists, so that writing begins while reading goes on.
"""

import copy
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import datetime
from queue import SimpleQueue

from connector.graph.batch import LIMIT, MailboxRequest
from connector.graph.client import GraphClient
from connector.http.subrequest import SubResponse

Answer = tuple[SubResponse, datetime]
#: places of all mailboxes up to which lists are plain requests
FEW = 12


class _Ticket:
    """A request, and who is told what became of it: None where it has to be asked again, alone."""

    __slots__ = ("request", "tell")

    def __init__(self, request: MailboxRequest, tell: Callable[[Answer | BaseException | None], None]) -> None:
        self.request = request
        self.tell = tell


class _Queue:
    """Tickets by mailbox; those of the mailbox that was served longest ago come first."""

    def __init__(self) -> None:
        self._by_user: dict[str, deque[_Ticket]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_user)

    def put(self, ticket: _Ticket) -> None:
        self._by_user.setdefault(ticket.request.user, deque()).append(ticket)

    def drop(self, tickets: set[_Ticket]) -> None:
        left = {
            user: deque(ticket for ticket in queue if ticket not in tickets) for user, queue in self._by_user.items()
        }
        self._by_user = {user: queue for user, queue in left.items() if queue}

    def take(self, most: int, claim: Callable[[str], bool]) -> list[_Ticket]:
        """Up to `most` tickets for which `claim` gives a place in their mailbox."""
        taken: list[_Ticket] = []
        for user in list(self._by_user):
            queue, before = self._by_user[user], len(taken)
            while queue and len(taken) < most and claim(user):
                taken.append(queue.popleft())
            if len(taken) > before:
                del self._by_user[user]
                if queue:
                    self._by_user[user] = queue
            if len(taken) == most:
                break
        return taken


class _Bundle:
    """What one sender takes at a time."""

    __slots__ = ("lists", "tickets")

    def __init__(self, messages: list[_Ticket], lists: list[_Ticket]) -> None:
        self.tickets = messages + lists
        self.lists = lists


class Coalescer:
    """Safe from many threads. At most `most` HTTP requests at a time, sent by threads of `pool`."""

    def __init__(self, client: GraphClient, pool: Executor, *, most: int) -> None:
        self._client = client
        self._slots = client.slots
        self._pool = pool
        self._most = most
        self._sending = 0
        self._users: set[str] = set()
        self._messages = _Queue()
        self._lists = _Queue()
        self._lock = threading.Lock()
        self._slots.when_free(self._wake)

    def ask(self, request: MailboxRequest) -> Answer:
        """The answer and its Date. Raises ServiceError where Graph as a whole does not answer."""
        told: SimpleQueue[Answer | BaseException | None] = SimpleQueue()
        with self._lock:
            self._users.add(request.user)
            self._lists.put(_Ticket(request, told.put))
            self._appoint()
        answer = told.get()
        if isinstance(answer, BaseException):
            # each thread raises an exception of its own: a shared one would collect the traces of all
            raise copy.copy(answer) from answer
        return answer or self._ask_alone(request)

    def ask_many(self, requests: Sequence[MailboxRequest]) -> Iterator[tuple[int, SubResponse]]:
        """The answers to many requests with their number, in any order. Raises as `ask` does."""
        told: SimpleQueue[tuple[int, Answer | BaseException | None]] = SimpleQueue()

        def teller(number: int) -> Callable[[Answer | BaseException | None], None]:
            return lambda answer: told.put((number, answer))

        tickets = [_Ticket(request, teller(number)) for number, request in enumerate(requests)]
        with self._lock:
            self._users.update(request.user for request in requests)
            for ticket in tickets:
                self._messages.put(ticket)
            self._appoint()
        missing = len(tickets)
        try:
            while missing:
                number, answer = told.get()
                if answer is None:
                    self._pool.submit(self._tell_alone, tickets[number])
                    continue
                if isinstance(answer, BaseException):
                    raise copy.copy(answer) from answer
                missing -= 1
                yield number, answer[0]
        finally:
            if missing:
                with self._lock:
                    self._messages.drop(set(tickets))

    def _ask_alone(self, request: MailboxRequest) -> Answer:
        return self._client.try_get_at(request.user, f"/v1.0{request.url}", prefer=request.prefer)

    def _tell_alone(self, ticket: _Ticket) -> None:
        try:
            ticket.tell(self._ask_alone(ticket.request))
        except BaseException as error:  # handed to the thread that waits
            ticket.tell(error)

    # -- senders ----------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """A place became free that no sender held: a download has ended, say."""
        with self._lock:
            self._appoint()

    def _appoint(self) -> None:
        """One more sender, where something waits and there is room. The lock is held."""
        if (self._messages or self._lists) and self._sending < self._senders():
            self._sending += 1
            self._pool.submit(self._work)

    def _few(self) -> bool:
        return self._slots.per_mailbox * len(self._users) <= FEW

    def _senders(self) -> int:
        """As many as fill all places, with single lists or with full bundles."""
        places = self._slots.per_mailbox * len(self._users)
        return min(self._most, places if self._few() else max(self._slots.per_mailbox, 1 + -(-places // LIMIT)))

    def _work(self) -> None:
        """Send as long as there is something that can go."""
        while (bundle := self._next()).tickets:
            try:
                self._send(bundle)
            finally:
                self._slots.give_back(Counter(ticket.request.user for ticket in bundle.tickets))

    def _next(self) -> _Bundle:
        with self._lock:
            if self._sending > self._senders():  # plain requests have become bundles, which fewer carry
                self._sending -= 1
                return _Bundle([], [])
            messages = self._messages.take(LIMIT, self._slots.claim)
            room = LIMIT - len(messages)
            if self._few():
                room = 0 if messages else 1
            lists = self._lists.take(room, self._slots.claim) if room else []
            if not messages and not lists:
                self._sending -= 1
            else:
                self._appoint()  # there may be more than one can carry
            return _Bundle(messages, lists)

    def _send(self, bundle: _Bundle) -> None:
        """Send, and tell all of them."""
        tickets = bundle.tickets
        requests = [ticket.request for ticket in tickets]
        answers: Sequence[Answer | BaseException | None]
        try:
            if len(tickets) == 1 and bundle.lists:
                answers = [self._client.send_get(requests[0])]
            else:
                found, served = self._client.send_batch(requests)
                answers = [None if answer is None else (answer, served) for answer in found]
        except BaseException as error:  # handed to the threads that wait
            answers = [error] * len(tickets)
        for ticket, answer in zip(tickets, answers, strict=True):
            ticket.tell(answer)
