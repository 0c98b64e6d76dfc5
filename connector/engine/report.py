"""What a run did: filled in while it runs, and handed out at its end as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from connector.codes import Outcome
from connector.engine.outcomes import OutcomeLedger
from connector.errors import ErrorDetail, MailboxError, ServiceError
from connector.model.org import Mailbox
from connector.model.values import MessageId, RecordId

#: so many failed messages stand in a report by name; all of them have error rows in Salesforce
MOST_FAILURES = 20
#: so many placeholder addresses are named
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxOutcomes:
    """A mailbox that was read, and how many of its messages had each outcome."""

    id: RecordId
    name: str
    outcomes: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailure:
    """A message that failed, or of which an attachment did: where it is, and the code and text of its error row.

    `again`: whether it is tried again by itself.
    """

    mailbox: RecordId
    message: MessageId
    subject: str
    code: str
    text: str
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did: plain data, so that a worker on another machine can hand it back.

    `event`: the Run_Key__c of its sync event; None where it left none. `skipped` says why nothing was read, `failure`
    what stopped the run, and `failure_logged` whether an event in Salesforce says so.
    """

    event: str | None = None
    #: every outcome with its count; they add up to the messages listed
    outcomes: Mapping[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    #: the mailboxes that were read
    mailboxes: tuple[MailboxOutcomes, ...] = ()
    #: the first MOST_FAILURES messages that failed
    failures: tuple[MessageFailure, ...] = ()
    #: rows inserted
    emails: int = 0
    participants: int = 0
    tasks: int = 0
    attachments: int = 0
    #: rows that were there already, and got something that they lacked
    additions: int = 0
    #: error rows written
    errors: int = 0
    mailboxes_read: int = 0
    mailboxes_failed: int = 0
    mailboxes_not_linked: int = 0
    #: a sentence for each mailbox that could not be read
    failing: tuple[str, ...] = ()
    #: mailboxes that an admin meant to be read, by name, and why they are not
    unlinked: Mapping[str, str] = field(default_factory=dict)
    #: what could not be done to stored mail, where no error row says so
    remarks: tuple[str, ...] = ()
    #: what an admin should know, though nothing failed
    notes: tuple[str, ...] = ()
    #: messages that failed before and were tried again, or found to be gone
    tried: int = 0
    salesforce_calls: int = 0
    graph_calls: int = 0
    seconds: float = 0.0
    skipped: str | None = None
    #: whether its time was over before all was read
    cut: bool = False
    #: whether backfills were left to a later run, so that the org's other clients keep their share of API calls
    paused: bool = False
    failure: ErrorDetail | None = None
    failure_logged: bool = False

    @property
    def listed(self) -> int:
        """The number of messages with an outcome; one that was listed several times counts once."""
        return sum(self.outcomes.values())

    @property
    def stored(self) -> int:
        """Rows of any kind inserted, or filled in, for mail."""
        return self.emails + self.participants + self.tasks + self.attachments + self.additions

    @property
    def exit_code(self) -> int:
        """0 done, 1 something failed, 3 the run could not be done."""
        if self.failure is not None:
            return ServiceError.exit_code
        return 1 if self.errors or self.mailboxes_failed or self.remarks or self.outcomes[Outcome.FAILED] else 0

    def to_json(self) -> dict[str, Any]:
        """The JSON object of `sync`, `retry` and `demo`."""
        value: dict[str, Any] = {
            "event": self.event,
            "listed": self.listed,
            "outcomes": {str(outcome): count for outcome, count in self.outcomes.items()},
            "emails": self.emails,
            "participants": self.participants,
            "tasks": self.tasks,
            "attachments": self.attachments,
            "errors": self.errors,
            "mailboxes": {
                "read": self.mailboxes_read,
                "failed": self.mailboxes_failed,
                "not_linked": self.mailboxes_not_linked,
            },
            "salesforce_calls": self.salesforce_calls,
            "graph_calls": self.graph_calls,
            "seconds": round(self.seconds, 3),
        }
        if self.skipped:
            value["skipped"] = self.skipped
        if self.failure is not None:
            value["error"] = self.failure.to_json()
        return value

    def dump(self) -> dict[str, Any]:
        """All fields in types that JSON has, so that another process can make the report again with `load`."""
        return asdict(self)

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """The report that `dump` wrote, also after a way through JSON. Raises TypeError, KeyError, ValueError."""
        failure = dumped["failure"]
        return cls(
            **{
                **dumped,
                "outcomes": _counts(dumped["outcomes"]),
                "mailboxes": tuple(
                    MailboxOutcomes(**{**box, "outcomes": _counts(box["outcomes"])}) for box in dumped["mailboxes"]
                ),
                "failures": tuple(MessageFailure(**one) for one in dumped["failures"]),
                "failing": tuple(dumped["failing"]),
                "remarks": tuple(dumped["remarks"]),
                "notes": tuple(dumped["notes"]),
                "failure": None if failure is None else ErrorDetail(**failure),
            }
        )


@dataclass(slots=True, kw_only=True)
class ReportBuilder:
    """What the run has done so far. `build` makes the report of it."""

    event: str | None = None
    ledger: OutcomeLedger = field(default_factory=OutcomeLedger)
    errors: int = 0
    mailboxes: tuple[Mailbox, ...] = ()
    failed_mailboxes: Mapping[RecordId, MailboxError] = field(default_factory=dict)
    not_linked: int = 0
    tried: int = 0
    unlinked: Mapping[str, str] = field(default_factory=dict)
    failing: tuple[str, ...] = ()
    salesforce_calls: int = 0
    graph_calls: int = 0
    seconds: float = 0.0
    skipped: str | None = None
    failure: ServiceError | None = None
    failure_logged: bool = False
    remarks: Sequence[str] = ()
    #: what an admin should know, though nothing failed
    notes: tuple[str, ...] = ()
    paused: bool = False

    @property
    def looked_at(self) -> int:
        """Mailboxes that were read, or could not be."""
        return len({box.id for box in self.mailboxes} | self.failed_mailboxes.keys())

    @property
    def all_notes(self) -> tuple[str, ...]:
        """What an admin should know, though nothing failed; an address that many records share is named once."""
        shared = sorted(self.ledger.placeholders.items())
        return (
            *self.notes,
            *(
                f"{count} Contacts and Accounts have the address {address}: it is taken for a placeholder, and "
                "its mail is related to none of them. Give each its own address, or none."
                for address, count in shared[:_MOST_NAMED]
            ),
            *([f"{len(shared) - _MOST_NAMED} more addresses are placeholders."] if len(shared) > _MOST_NAMED else []),
        )

    @property
    def messages(self) -> str:
        """What an admin should know, a line for each thing; empty where all is well."""
        return "\n".join(
            (
                *self.remarks,
                *self.failing,
                *self.all_notes,
                *(f"{name} is not read: {text}" for name, text in self.unlinked.items()),
            )
        )

    def build(self) -> RunReport:
        """The report of the run as it is now."""
        ledger = self.ledger
        failed = list(ledger.failures_now().values())[:MOST_FAILURES]
        return RunReport(
            event=self.event,
            outcomes=ledger.by_outcome(),
            mailboxes=tuple(
                MailboxOutcomes(
                    id=box.id, name=box.user_principal_name or box.email, outcomes=ledger.by_outcome(box.id)
                )
                for box in self.mailboxes
            ),
            failures=tuple(
                MessageFailure(
                    mailbox=failure.mailbox,
                    message=failure.message,
                    subject=failure.subject,
                    code=failure.code,
                    text=failure.text,
                    again=failure.transient or failure.by_rule,
                )
                for failure in failed
            ),
            emails=ledger.emails,
            participants=ledger.participants,
            tasks=ledger.tasks,
            attachments=ledger.attachments,
            additions=ledger.additions,
            errors=self.errors,
            mailboxes_read=self.looked_at - len(self.failed_mailboxes),
            mailboxes_failed=len(self.failed_mailboxes),
            mailboxes_not_linked=self.not_linked,
            failing=self.failing,
            unlinked=dict(self.unlinked),
            remarks=tuple(self.remarks),
            notes=self.all_notes,
            paused=self.paused,
            tried=self.tried,
            salesforce_calls=self.salesforce_calls,
            graph_calls=self.graph_calls,
            seconds=self.seconds,
            skipped=self.skipped,
            failure=None if self.failure is None else self.failure.detail,
            failure_logged=self.failure_logged,
        )


def _counts(counts: Mapping[str, int]) -> dict[Outcome, int]:
    return {Outcome(name): count for name, count in counts.items()}
