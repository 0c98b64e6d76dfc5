"""What the dispatcher sends, by rank and mailbox: tickets in queues, and threads that wait for a turn of their own."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from connector.graph.batch import MailboxRequest
from connector.graph.held import Share
from connector.http.subrequest import SubResponse

Answer = tuple[SubResponse, datetime]
Done = Callable[[Any], None]


class Rank(IntEnum):
    """The order in which requests are sent: the lowest first."""

    CONTENT = 0
    LIVE = 1
    BACKFILL = 2
    SWEEP = 3
    FILE = 4


#: the ranks of lists, which may share a $batch
LISTS = (Rank.LIVE, Rank.BACKFILL, Rank.SWEEP)


@dataclass(slots=True, eq=False)
class Ticket:
    """One thing to be sent: a request, which may share a $batch; or a job, which holds one place while it runs."""

    user: str
    rank: Rank
    done: Done
    request: MailboxRequest | None = None
    job: Callable[[], Any] | None = None
    #: of the caller who takes the answer, where it may be large
    share: Share | None = None


@dataclass(slots=True, eq=False)
class Turn:
    """A thread that sends itself and waits for a place: `claimed` once it has it."""

    user: str
    is_file: bool = False
    given: threading.Event = field(default_factory=threading.Event)
    claimed: bool = False


@dataclass(slots=True)
class TicketQueue:
    """Tickets of one rank by mailbox; the mailbox that was served longest ago comes first."""

    by_user: dict[str, deque[Ticket]] = field(default_factory=dict)

    def put(self, ticket: Ticket, *, first: bool) -> None:
        """Add a ticket behind those of its mailbox; `first` before them."""
        queue = self.by_user.setdefault(ticket.user, deque())
        (queue.appendleft if first else queue.append)(ticket)

    def take(self, most: int, claim: Callable[[str], bool], *, bundled: bool) -> list[Ticket]:
        """Up to `most` tickets for which `claim` gives a place; with `bundled` only those that may share a $batch."""
        taken: list[Ticket] = []
        for user in list(self.by_user):
            queue, before = self.by_user[user], len(taken)
            while queue and len(taken) < most and not (bundled and queue[0].request is None) and claim(user):
                taken.append(queue.popleft())
            if len(taken) > before:
                del self.by_user[user]
                if queue:
                    self.by_user[user] = queue
            if len(taken) == most:
                break
        return taken

    def drop(self, tickets: set[Ticket]) -> None:
        """Take these out, where they are still here."""
        left = {user: deque(each for each in queue if each not in tickets) for user, queue in self.by_user.items()}
        self.by_user = {user: queue for user, queue in left.items() if queue}

    def ready(self, free: Callable[[str], int]) -> int:
        """How many tickets have a free place now."""
        return sum(min(len(queue), free(user)) for user, queue in self.by_user.items())
