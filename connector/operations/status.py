"""`status`: whether mail is read when it should be. Reads Salesforce only, and writes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from connector.codes import IdleReason
from connector.core.deciding.exclude import compile_rules
from connector.core.reporting.health import (
    ErrorCounts,
    LastEvent,
    MailboxHealth,
    failed_since,
    longest_silence,
    mailbox_health,
)
from connector.core.scheduling.policy import Snapshot
from connector.engine.mailboxes import not_linked_reason, seated_users
from connector.errors import SetupError
from connector.model.org import Setup
from connector.model.values import RecordId
from connector.operations.schedule import ScheduleSource
from connector.ports import SetupSource

#: how the frequency is taken where it cannot be understood
_UNKNOWN = timedelta(days=1)


class RunHistory(ScheduleSource, Protocol):
    """When runs are due, how the last one went, and the org's API calls. All methods may raise ServiceError."""

    def aftermath(self) -> tuple[LastEvent | None, ErrorCounts]:
        """The event of the latest run that left one, and what of all runs failed and waits."""
        ...

    def calls(self) -> tuple[int, int]:
        """The org's API calls of the last 24 hours, and how many it may make."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The sync at `now`, by the org's clock. `problems` concern the sync as a whole.

    `frequency`: as the settings name it; None where there is no settings record. `idle_reason`: why nothing runs at
    all, or None. `next_run`: None where nothing runs.
    """

    now: datetime
    zone: str
    frequency: str | None
    idle_reason: IdleReason | None
    next_run: datetime | None
    mailboxes: tuple[MailboxHealth, ...]
    problems: tuple[str, ...]
    errors: ErrorCounts
    #: the org's API calls of the last 24 hours, and how many it may make
    calls: tuple[int, int]

    @property
    def ok(self) -> bool:
        """Whether nothing needs correcting."""
        return not self.problems and not self.errors.open and all(box.well for box in self.mailboxes)


def status(setup: SetupSource, history: RunHistory) -> Status:
    """Each mailbox, when it was read last, how far its backfill is, the next run, what failed and waits, and the org's
    API calls. Raises ServiceError.
    """
    look = history.look()
    last, errors = history.aftermath()
    return _status(look, setup.read(), last, errors, history.calls())


def _status(
    look: Snapshot, setup: Setup, last: LastEvent | None, errors: ErrorCounts, calls: tuple[int, int]
) -> Status:
    active = look.idle_reason is None
    problems: list[str] = []
    interval, next_run = _UNKNOWN, None
    if active and look.timing is not None:
        try:
            grid = look.grid()
            interval, next_run = grid.interval, grid.next_run(look.timing.last_run_at, look.now)
        except SetupError as error:
            problems.append(str(error))
        failure = failed_since(last, setup.mailboxes)
        if failure is not None:
            problems.append(f"The last run failed: {failure}")
    broken: dict[RecordId, str] = {}
    try:
        broken.update(compile_rules(setup.exclusions).broken)
    except SetupError as error:
        problems.append(str(error))
    longest = longest_silence(interval, last, look.now) if active else None
    seats = seated_users(setup)
    mailboxes = tuple(
        mailbox_health(
            box,
            not_linked=not_linked_reason(box, setup, seats),
            now=look.now,
            longest=longest,
            broken=broken.get(box.user or RecordId("")),
        )
        for box in setup.mailboxes
    )
    return Status(
        now=look.now,
        zone=look.zone,
        frequency=look.timing.frequency if look.timing is not None else None,
        idle_reason=look.idle_reason,
        next_run=next_run,
        mailboxes=mailboxes,
        problems=tuple(problems),
        errors=errors,
        calls=calls,
    )
