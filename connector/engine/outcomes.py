"""What a run did, counted: every message once, whatever the number of times it was seen."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from connector.codes import Outcome
from connector.model.mail import Decision, Header
from connector.model.records import RowResult
from connector.model.run import Failure
from connector.model.values import Place, RecordId


@dataclass(slots=True)
class OutcomeLedger:
    """Outcomes by (mailbox, message) and rows inserted, over a run.

    The first outcome of a message stands, except that a failure may still become something better in the same run.
    One thread decides while another writes: an outcome and its failure come and go together.
    """

    outcomes: dict[Place, Outcome] = field(default_factory=dict)
    emails: int = 0
    participants: int = 0
    tasks: int = 0
    attachments: int = 0
    additions: int = 0
    failures: dict[Place, Failure] = field(default_factory=dict)
    reasons: dict[Place, Decision] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def is_new(self, header: Header) -> bool:
        """Whether this run has not settled the message yet."""
        return self.outcomes.get((header.mailbox, header.id), Outcome.FAILED) is Outcome.FAILED

    def settle(self, header: Header, outcome: Outcome) -> None:
        """Give a message its outcome."""
        place = (header.mailbox, header.id)
        with self._lock:
            self.outcomes[place] = outcome
            if outcome is not Outcome.FAILED:
                self.failures.pop(place, None)

    def fail(self, header: Header, failure: Failure) -> None:
        """Note a message as failed, with the row that will say so."""
        with self._lock:
            self.settle(header, Outcome.FAILED)
            self.failures[(header.mailbox, header.id)] = failure

    def fail_unread(self, failure: Failure) -> None:
        """Note a message that failed before, and could not even be read this time."""
        with self._lock:
            self.outcomes[failure.mailbox, failure.message] = Outcome.FAILED
            self.failures[failure.mailbox, failure.message] = failure

    def lacks_files(self, header: Header, failure: Failure) -> None:
        """Note a message that is stored, but not all its attachments: its outcome stays."""
        with self._lock:
            self.failures[(header.mailbox, header.id)] = failure

    def failures_now(self) -> dict[Place, Failure]:
        """The failures, as they are now."""
        with self._lock:
            return dict(self.failures)

    def has_outcome(self, place: Place) -> bool:
        """Whether the message there has its outcome, a failure being one."""
        return place in self.outcomes

    def count(self, result: RowResult) -> None:
        """Count a row that was written: what was there already, or was refused, is none."""
        if result.error is not None or result.existed:
            return
        if result.row.id is not None:
            self.additions += 1
        elif result.row.object == "Email__c":
            self.emails += 1
        elif result.row.object == "Email_Participant__c":
            self.participants += 1
        elif result.row.object == "Task":
            self.tasks += 1

    @property
    def failed(self) -> int:
        """Messages that failed, or of which an attachment did."""
        return len(self.failures)

    def by_outcome(self, mailbox: RecordId | None = None) -> dict[Outcome, int]:
        """Every outcome with its count, of one mailbox or of all; they add up to the messages listed."""
        counts = Counter(outcome for (owner, _), outcome in self.outcomes.items() if mailbox in (None, owner))
        return {outcome: counts[outcome] for outcome in Outcome}

    @property
    def listed(self) -> int:
        """Messages seen in this run."""
        return len(self.outcomes)

    @property
    def stored(self) -> int:
        """Rows of any kind written, or filled in, for mail."""
        return self.emails + self.participants + self.tasks + self.attachments + self.additions
