"""Whether all goes well, from what stands in Salesforce: each mailbox, and the sync as a whole. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.codes import EventStatus, MailboxStatus
from connector.core.reading import windows as checkpoint
from connector.model.org import Mailbox

#: a mailbox that was not read for twice its frequency and this long is forgotten
MARGIN = timedelta(hours=1)
#: a run touches its event with each write; one that did so lately is still at work
AT_WORK = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastEvent:
    """The latest row of MS_Graph_Sync_Event__c."""

    status: str
    started_at: datetime | None
    touched_at: datetime | None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCounts:
    """Open rows of MS_Graph_Sync_Error__c. `failed`: Failed, of which `waiting` are tried again by themselves; `due`: a
    retry was requested, or its time has come."""

    failed: int = 0
    gave_up: int = 0
    waiting: int = 0
    due: int = 0
    requested: int = 0

    @property
    def open(self) -> int:
        """Messages, or files of them, that are not in Salesforce."""
        return self.failed + self.gave_up + self.requested

    @property
    def told(self) -> str:
        """What has failed and what becomes of it, in a sentence; empty where nothing has."""
        if not self.open:
            return ""
        again, stay = self.waiting + self.requested, self.failed - self.waiting
        parts = [
            (again, "is tried again by itself", "are tried again by themselves"),
            (stay, "is not tried again by itself", "are not tried again by themselves"),
            (self.gave_up, "was given up", "were given up"),
        ]
        named = "; ".join(f"{count} {one if count == 1 else many}" for count, one, many in parts if count)
        return f"{self.open} {'message' if self.open == 1 else 'messages'} failed: {named}"

    @property
    def remedy(self) -> str:
        """What to do about them; empty where they are tried again by themselves."""
        if self.open == self.waiting + self.requested:
            return ""
        return (
            "Correct what their MS Graph Sync Errors name, then run m365sync retry --all; set the Status of those that "
            "are not wanted to Resolved."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxHealth:
    """A mailbox as it stands. `well` is False for one that should be read and is not."""

    name: str
    status: MailboxStatus
    last_success: datetime | None
    age: timedelta | None
    backfill_percent: int | None
    detail: str
    well: bool


def mailbox_health(
    box: Mailbox, *, not_linked: str | None, now: datetime, longest: timedelta | None, broken: str | None = None
) -> MailboxHealth:
    """`not_linked`: why it is not read, if it is not. `longest`: how old its last reading may be; None for any age.

    `broken`: what is wrong with an exclusion of its user.
    """
    status, detail = _status(box, not_linked, broken)
    since = box.last_success or box.live_from or box.created_at
    stale = (
        longest is not None and status is not MailboxStatus.NOT_LINKED and since is not None and now - since > longest
    )
    if stale and not detail:
        detail = "It was not read for too long." if box.last_success else "It was never read to its end."
    return MailboxHealth(
        name=box.user_principal_name or box.email or box.name,
        status=status,
        last_success=box.last_success,
        age=None if box.last_success is None else max(now - box.last_success, timedelta(0)),
        backfill_percent=backfill_percent(box, linked=status is not MailboxStatus.NOT_LINKED),
        detail=detail,
        well=not stale and status not in (MailboxStatus.FAILING, MailboxStatus.UNAVAILABLE),
    )


def backfill_percent(box: Mailbox, *, linked: bool = True) -> int | None:
    """How much of its time the backfill has read, rounded down: 100 is done. None for one that will not begin."""
    if box.backfill_from is None or box.live_from is None:
        return 0 if linked else None
    if checkpoint.backfill_done(box):
        return 100
    read = (box.backfill_through or box.backfill_from) - box.backfill_from
    whole = box.live_from - box.backfill_from
    return max(0, 100 * read // whole)


def longest_silence(interval: timedelta, last: LastEvent | None, now: datetime) -> timedelta | None:
    """How old a mailbox's last reading may be while the sync is on; None while a run is at work."""
    if last is not None and last.status == EventStatus.RUNNING:
        touched = last.touched_at or last.started_at
        if touched is not None and now - touched <= AT_WORK:
            return None
    return 2 * interval + MARGIN


def failed_since(last: LastEvent | None, mailboxes: Iterable[Mailbox]) -> str | None:
    """Why the last run failed as a whole, or None: one that reads all and finds nothing new leaves no event."""
    if last is None or last.status != EventStatus.FAILED or last.started_at is None:
        return None
    if any(box.last_success is not None and box.last_success > last.started_at for box in mailboxes):
        return None
    return last.error or "no reason is given"


def _status(box: Mailbox, not_linked: str | None, broken: str | None) -> tuple[MailboxStatus, str]:
    """As the next run would find it: links, rights and exclusions may have changed since the last."""
    if not_linked is not None:
        return MailboxStatus.NOT_LINKED, not_linked
    if broken is not None:
        return MailboxStatus.FAILING, broken
    if box.status in (None, MailboxStatus.NOT_LINKED):
        return MailboxStatus.READY, ""
    return box.status, box.status_detail
