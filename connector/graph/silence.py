"""Mailboxes that do not answer: after a few requests that no answer came to, the rest of a run does without them.

Each such request takes its full time and all its attempts. A mailbox that hangs after its mail was listed would cost
that for each message; a Graph that never answers, for each message of every mailbox.
"""

import threading
from collections import Counter

from connector.errors import MailboxOutageError, UnreachableError

#: requests without an answer, with all their attempts, after which a mailbox is not asked again
ENOUGH = 3


class SilenceWatch:
    """Counts the requests of a run to which no answer came, by mailbox. Safe from several threads."""

    def __init__(self) -> None:
        self._unanswered: Counter[str] = Counter()
        self._ever_answered = False
        self._lock = threading.Lock()

    def answered(self, user: str | None = None) -> None:
        """An answer came, whatever it says; of this mailbox, where it is one's alone."""
        with self._lock:
            self._ever_answered = True
            if user is not None:
                self._unanswered.pop(user, None)

    def unanswered(self, user: str) -> None:
        """No answer came to a request of this mailbox, after all attempts.

        Raises UnreachableError where none ever came to any: it is the service.
        """
        with self._lock:
            self._unanswered[user] += 1
            if not self._ever_answered and self._unanswered.total() >= ENOUGH:
                raise UnreachableError(
                    f"Microsoft Graph answered none of {self._unanswered.total()} requests",
                    where="Microsoft Graph",
                    remedy="Try again later; the next run resumes where this one stopped.",
                )

    def is_silent(self, user: str) -> bool:
        """Whether this mailbox is not to be asked again."""
        with self._lock:
            return self._unanswered[user] >= ENOUGH

    def require_voice(self, user: str) -> None:
        """Raise MailboxOutageError where this mailbox is not to be asked again."""
        if self.is_silent(user):
            raise MailboxOutageError(
                f"Microsoft Graph did not answer {ENOUGH} requests in time, and is sent no more of them in this run",
                where=f"user {user}",
                remedy="The next run asks it again.",
            )
