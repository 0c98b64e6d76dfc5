"""Bundles GETs that many threads ask for at one time into $batch requests.

Half a year of one mailbox is 180 windows, each asked for twice: hundreds of small answers, whose cost is the request
and not the data. Up to `senders` requests go out as they come; what has to wait for one of them goes together, up to 20
in a $batch, mailboxes mixed. A lone mailbox is so read with plain requests, a hundred of them with few.
"""

import copy
import threading
from collections import Counter
from datetime import datetime

from connector.graph.batch import LIMIT, SubRequest, SubResponse
from connector.graph.client import GraphClient


class _Ticket:
    """One thread's request, and what became of it: without answer or error, its own thread asks again, alone.

    `bundle` is set on the ticket whose thread sends for all in it.
    """

    __slots__ = ("answer", "bundle", "error", "request", "woken")

    def __init__(self, request: SubRequest) -> None:
        self.request = request
        self.woken = threading.Event()
        self.bundle: list[_Ticket] = []
        self.answer: tuple[SubResponse, datetime] | None = None
        self.error: BaseException | None = None


class Coalescer:
    """Safe from many threads; each waits for its own answer. `senders` HTTP requests at a time."""

    def __init__(self, client: GraphClient, *, per_mailbox: int, senders: int = 4) -> None:
        self._client = client
        self._per_mailbox = per_mailbox
        self._senders = senders
        self._sending = 0
        self._queue: list[_Ticket] = []
        self._lock = threading.Lock()

    def ask(self, request: SubRequest) -> tuple[SubResponse, datetime]:
        """The answer and its Date. Raises ServiceError where Graph as a whole does not answer."""
        ticket = _Ticket(request)
        with self._lock:
            self._queue.append(ticket)
            self._appoint()
        self._wait(ticket)
        if ticket.bundle:
            try:
                self._send(ticket.bundle)
            finally:
                self._retire()
        if ticket.error is not None:
            # each thread raises an exception of its own: a shared one would collect the traces of all
            raise copy.copy(ticket.error) from ticket.error
        return ticket.answer or self._ask_alone(request)

    def _wait(self, ticket: _Ticket) -> None:
        try:
            ticket.woken.wait()
        except BaseException:
            # interrupted: nobody may wait for a sender that has left
            with self._lock:
                if ticket in self._queue:
                    self._queue.remove(ticket)
                self._queue[:0] = ticket.bundle[1:]
            if ticket.bundle:
                self._retire()
            raise

    def _appoint(self) -> None:
        """As long as there is room for a sender, make one of the oldest request that waits."""
        while self._queue and self._sending < self._senders:
            bundle = self._take()
            self._sending += 1
            bundle[0].bundle = bundle
            bundle[0].woken.set()

    def _retire(self) -> None:
        with self._lock:
            self._sending -= 1
            self._appoint()

    def _ask_alone(self, request: SubRequest) -> tuple[SubResponse, datetime]:
        return self._client.try_get_at(request.user, f"/v1.0{request.url}", prefer=request.prefer)

    def _take(self) -> list[_Ticket]:
        """The oldest requests that fit into one $batch."""
        taken: list[_Ticket] = []
        left: list[_Ticket] = []
        counts: Counter[str] = Counter()
        for ticket in self._queue:
            if len(taken) < LIMIT and counts[ticket.request.user] < self._per_mailbox:
                counts[ticket.request.user] += 1
                taken.append(ticket)
            else:
                left.append(ticket)
        self._queue = left
        return taken

    def _send(self, bundle: list[_Ticket]) -> None:
        try:
            if len(bundle) == 1:
                bundle[0].answer = self._ask_alone(bundle[0].request)
                return
            answers, served = self._client.try_batch([ticket.request for ticket in bundle])
            for ticket, answer in zip(bundle, answers, strict=True):
                ticket.answer = None if answer is None else (answer, served)
            self._close(bundle)
        except BaseException as error:  # handed to the threads that wait
            self._close(bundle, error)

    @staticmethod
    def _close(bundle: list[_Ticket], error: BaseException | None = None) -> None:
        for ticket in bundle:
            ticket.error = error
            ticket.woken.set()
