"""What a run did, for those who started it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.codes import Outcome
from connector.engine.dry_run import DryRunLine
from connector.engine.outcomes import OutcomeLedger
from connector.errors import MailboxError, ServiceError
from connector.model.org import Mailbox
from connector.model.values import RecordId


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run did. `skipped` says why nothing was read; `failure` what stopped the run.

    `failure_logged`: whether an event in Salesforce says so.
    """

    event: str | None = None
    ledger: OutcomeLedger = field(default_factory=OutcomeLedger)
    errors: int = 0
    mailboxes: tuple[Mailbox, ...] = ()
    failed_mailboxes: Mapping[RecordId, MailboxError] = field(default_factory=dict)
    not_linked: int = 0
    #: messages that failed before and were tried again, or found to be gone
    tried: int = 0
    #: mailboxes that somebody meant to be read, by name, and why they are not
    unlinked: Mapping[str, str] = field(default_factory=dict)
    #: a sentence for each mailbox that could not be read
    failing: tuple[str, ...] = ()
    salesforce_calls: int = 0
    graph_calls: int = 0
    seconds: float = 0.0
    skipped: str | None = None
    #: whether its time was over before all was read
    cut: bool = False
    failure: ServiceError | None = None
    failure_logged: bool = False
    #: what could not be done to stored mail, where no error row says so
    remarks: Sequence[str] = ()
    foreseen: list[DryRunLine] = field(default_factory=list)

    @property
    def looked_at(self) -> int:
        """Mailboxes that were read, or could not be."""
        return len({box.id for box in self.mailboxes} | self.failed_mailboxes.keys())

    @property
    def messages(self) -> str:
        """What an admin should know, a line for each thing; empty where all is well."""
        return "\n".join(
            (
                *self.remarks,
                *self.failing,
                *(f"{name} is not read: {text}" for name, text in self.unlinked.items()),
            )
        )

    @property
    def exit_code(self) -> int:
        """0 done, 1 something failed, 3 the run could not be done."""
        if self.failure is not None:
            return self.failure.exit_code
        return (
            1 if self.errors or self.failed_mailboxes or self.remarks or self.ledger.by_outcome()[Outcome.FAILED] else 0
        )
