"""What a run did, counted: every message once, however often it was listed; and which windows are done.

Nothing of a message outlives its window here but eight bytes of its id:

    opened(window) ──► messages that wait ──settle──► none waits, no file waits ──► closed ──► the next checkpoint
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.codes import Outcome
from connector.engine.seen import SeenIds
from connector.engine.windows import WalkedWindow
from connector.model.mail import Decision, Header
from connector.model.records import MatchStatus, RowResult
from connector.model.run import Failure, Window
from connector.model.values import MessageId, NormalAddress, Place, RecordId


@dataclass(slots=True, eq=False)
class _OpenWindow:
    """A walked window and how many of its messages have no outcome yet, or files on their way."""

    mailbox: RecordId
    window: Window | None
    waiting: int = 0


@dataclass(slots=True)
class OutcomeLedger:
    """Outcomes by mailbox and rows inserted, over a run. Safe from several threads.

    The first outcome of a message stands, except that a failure may still become something better in the same run.
    `trace`, where it is given, keeps the outcome of every message and the decision behind it, until it is cleared: for
    a dry run and for `explain`.
    """

    counts: Counter[tuple[RecordId, Outcome]] = field(default_factory=Counter)
    emails: int = 0
    participants: int = 0
    tasks: int = 0
    attachments: int = 0
    additions: int = 0
    #: kept mails that became Matched
    matched: int = 0
    failures: dict[Place, Failure] = field(default_factory=dict)
    #: mails that were inserted though a Task of theirs was there: its key, by the mail
    returned: dict[RecordId, str] = field(default_factory=dict)
    #: addresses that match nobody because so many records have them
    placeholders: dict[NormalAddress, int] = field(default_factory=dict)
    #: outcomes of the messages for which `watch` was called, by place
    watched: dict[Place, Outcome | None] = field(default_factory=dict)
    trace: dict[Place, tuple[Outcome, Decision | None]] | None = None
    _seen: dict[RecordId, SeenIds] = field(default_factory=dict)
    #: messages that have no better outcome yet, with the row that says so
    _failed: dict[Place, Failure | None] = field(default_factory=dict)
    _waiting: dict[Place, list[_OpenWindow]] = field(default_factory=dict)
    _held: dict[Place, list[_OpenWindow]] = field(default_factory=dict)
    _closed: list[tuple[RecordId, Window]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    # -- outcomes ---------------------------------------------------------------------------------------------------

    def is_new(self, header: Header) -> bool:
        """Whether this run has not settled the message yet, or it failed."""
        with self._lock:
            place = (header.mailbox, header.id)
            return place in self._failed or not self.has_seen(*place)

    def has_seen(self, mailbox: RecordId, message: MessageId) -> bool:
        """Whether the message has an outcome in this run."""
        with self._lock:
            seen = self._seen.get(mailbox)
            return seen is not None and message in seen

    def awaits(self, mailbox: RecordId, message: MessageId) -> bool:
        """Whether a window waits for an outcome of this message: a first one, or another after it failed."""
        with self._lock:
            return (mailbox, message) in self._waiting or not self.has_seen(mailbox, message)

    def settle(self, header: Header, outcome: Outcome, reason: Decision | None = None) -> None:
        """Give a message its outcome."""
        self._settle((header.mailbox, header.id), outcome, reason)

    def fail(self, header: Header, failure: Failure) -> None:
        """Note a message as failed, with the row that will say so."""
        self._note_failure((header.mailbox, header.id), failure)

    def fail_unread(self, failure: Failure) -> None:
        """Note a message that failed before, and could not even be read this time."""
        self._note_failure((failure.mailbox, failure.message), failure)

    def lacks_files(self, header: Header, failure: Failure) -> None:
        """Note a message that is stored, but not all its attachments: its outcome stays."""
        with self._lock:
            self.failures[(header.mailbox, header.id)] = failure

    def note_stored(self, failure: Failure) -> None:
        """Note that something of a stored mail could not be written; this run may not have read its message."""
        with self._lock:
            self.failures[(failure.mailbox, failure.message)] = failure

    def note_placeholders(self, found: Mapping[NormalAddress, int]) -> None:
        """Note addresses that too many records share."""
        with self._lock:
            self.placeholders |= found

    def note_returned(self, email: RecordId, task_key: str) -> None:
        """Note a mail that may have been stored and deleted before."""
        with self._lock:
            self.returned[email] = task_key

    def failures_now(self) -> dict[Place, Failure]:
        """The failures, as they are now."""
        with self._lock:
            return dict(self.failures)

    def watch(self, place: Place) -> None:
        """Keep the outcome that this message gets."""
        with self._lock:
            self.watched.setdefault(place, None)

    def _note_failure(self, place: Place, failure: Failure) -> None:
        with self._lock:
            self.failures[place] = failure
            self._settle(place, Outcome.FAILED, None, failure)

    def _settle(self, place: Place, outcome: Outcome, reason: Decision | None, failure: Failure | None = None) -> None:
        mailbox, message = place
        with self._lock:
            failed_before = place in self._failed
            noted = self._failed.pop(place, None)
            if failed_before:
                self.counts[mailbox, Outcome.FAILED] -= 1
            elif self.has_seen(mailbox, message):
                return
            self._seen.setdefault(mailbox, SeenIds()).add(message)
            self.counts[mailbox, outcome] += 1
            if outcome is Outcome.FAILED:
                self._failed[place] = failure
            elif noted is not None and self.failures.get(place) is noted:
                # a row that says what the mail lacks stays: files may fail before the mail has its outcome
                del self.failures[place]
            if place in self.watched:
                self.watched[place] = outcome
            if self.trace is not None:
                self.trace[place] = (outcome, reason)
            self._release(place)

    # -- windows ----------------------------------------------------------------------------------------------------

    def opened(self, walked: WalkedWindow) -> None:
        """A window was walked: it is closed once each of its messages has its outcome, and its files."""
        with self._lock:
            window = _OpenWindow(walked.queue.mailbox.id, walked.closed)
            for header in walked.headers:
                place = (header.mailbox, header.id)
                if place in self._waiting or self.is_new(header):
                    self._waiting.setdefault(place, []).append(window)
                    window.waiting += 1
            self._close(window)

    def hold(self, place: Place) -> None:
        """Files of this message are on their way: its windows wait for them, though it gets its outcome."""
        with self._lock:
            for window in self._waiting.get(place, ()):
                window.waiting += 1
                self._held.setdefault(place, []).append(window)

    def release(self, place: Place) -> None:
        """The files of this message are stored, or noted as missing."""
        with self._lock:
            for window in self._held.pop(place, ()):
                window.waiting -= 1
                self._close(window)

    def take_closed(self) -> list[tuple[RecordId, Window]]:
        """The windows that were closed since this was asked last, with their mailboxes.

        What failed in them is among `failures_now()` from then on.
        """
        with self._lock:
            closed, self._closed = self._closed, []
            return closed

    @property
    def all_closed(self) -> bool:
        """Whether no window waits for a message or a file."""
        with self._lock:
            return not self._waiting and not self._held

    def _release(self, place: Place) -> None:
        for window in self._waiting.pop(place, ()):
            window.waiting -= 1
            self._close(window)

    def _close(self, window: _OpenWindow) -> None:
        if window.waiting == 0 and window.window is not None:
            self._closed.append((window.mailbox, window.window))

    # -- rows -------------------------------------------------------------------------------------------------------

    def count(self, result: RowResult) -> None:
        """Count a row that was written: what was there already, or was refused, is none."""
        if result.error is not None or result.existed:
            return
        with self._lock:
            if result.row.id is not None:
                self.additions += 1
                self.matched += result.row.fields.get("Match_Status__c") == MatchStatus.MATCHED
            elif result.row.object == "Email__c":
                self.emails += 1
            elif result.row.object == "Email_Participant__c":
                self.participants += 1
            elif result.row.object == "Task":
                self.tasks += 1

    def count_files(self, stored: int) -> None:
        """Count files that were stored."""
        with self._lock:
            self.attachments += stored

    @property
    def failed(self) -> int:
        """Messages that failed, or of which an attachment did."""
        return len(self.failures)

    def by_outcome(self, mailbox: RecordId | None = None) -> dict[Outcome, int]:
        """Every outcome with its count, of one mailbox or of all; they add up to the messages listed."""
        found = dict.fromkeys(Outcome, 0)
        with self._lock:
            for (owner, outcome), count in self.counts.items():
                if mailbox in (None, owner):
                    found[outcome] += count
        return found

    @property
    def listed(self) -> int:
        """The number of messages with an outcome; one that was listed several times counts once."""
        with self._lock:
            return sum(self.counts.values())

    @property
    def stored(self) -> int:
        """Rows of any kind written, or filled in, for mail."""
        return self.emails + self.participants + self.tasks + self.attachments + self.additions
