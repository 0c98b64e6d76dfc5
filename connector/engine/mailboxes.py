"""A mailbox in one run: whether it is read and why not, its windows, and how its row stands afterwards."""

import copy
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from connector.codes import Action, MailboxStatus
from connector.core.deciding.address import normalise
from connector.core.deciding.exclude import Rules
from connector.core.reading import windows
from connector.core.reading.sweep import sweep_range, swept_through
from connector.engine.windows import Sweep, WindowQueue
from connector.errors import MailboxError, MailboxUnavailableError, UsageError
from connector.model.org import DirectoryUser, Mailbox, Setup, SyncSettings
from connector.model.run import Window
from connector.model.values import GraphUserId, NormalAddress, RecordId
from connector.ports import MailSource

log = structlog.get_logger(__name__)

#: fields of MS_Graph_User__c by attribute of `Mailbox`
FIELDS = {
    "graph_user_id": "Graph_User_Id__c",
    "status": "Status__c",
    "status_detail": "Status_Detail__c",
    "backfill_from": "Backfill_From__c",
    "backfill_through": "Backfill_Through__c",
    "live_from": "Live_From__c",
    "live_through": "Live_Through__c",
    "swept_through": "Swept_Through__c",
    "last_success": "Last_Success__c",
}


_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """How a run reads and writes: requests at a time, in all and in one mailbox, the margins of its windows, its
    sweeps, and requests to Salesforce that write at a time.

    `sweep_now`: sweep the last `sweep_days`, due or not.
    """

    workers: int = 32
    requests_per_mailbox: int = 3
    overlap: timedelta = timedelta(minutes=60)
    settle: timedelta = timedelta(seconds=60)
    sweep_days: int = 35
    writers: int = 4
    sweep_now: bool = False


@dataclass(slots=True)
class MailboxRun:
    """A mailbox in this run: its row as it was and as it will be, its queue if it is read, and its closed windows."""

    mailbox: Mailbox
    before: Mailbox
    queue: WindowQueue | None = None
    error: MailboxError | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    closed: list[Window] = field(default_factory=list)
    #: why it is not read, where an admin meant it to be
    unlinked: str = ""
    #: whether the reason is another than at the last run
    newly_unlinked: bool = False
    #: what happened to it that an admin should know, though it is read
    note: str = ""

    @property
    def name(self) -> str:
        """What messages and log lines call it: the User Principal Name, else the address, else the name of the row."""
        return self.mailbox.user_principal_name or self.mailbox.email or self.mailbox.name

    @property
    def not_read(self) -> str:
        """Why it is not read, whether or not anybody meant it to be; empty where it is."""
        return self.mailbox.status_detail if self.mailbox.status is MailboxStatus.NOT_LINKED else ""

    def fail(self, error: MailboxError) -> None:
        """It could not be read: Failing, or Unavailable where Graph serves no such mailbox."""
        self.error = error
        unavailable = isinstance(error, MailboxUnavailableError)
        status = MailboxStatus.UNAVAILABLE if unavailable else MailboxStatus.FAILING
        self.mailbox = replace(self.mailbox, status=status, status_detail=str(error))

    def unlink(self, reason: str) -> None:
        """It is not read, and why. Logged once, until that changes."""
        self.mailbox = replace(self.mailbox, status=MailboxStatus.NOT_LINKED, status_detail=reason)
        meant = self.mailbox.active and self.mailbox.user is not None
        self.unlinked = reason if meant else ""
        if (self.before.status, self.before.status_detail) != (MailboxStatus.NOT_LINKED, reason):
            self.newly_unlinked = meant
            log.warning("Mailbox is not read", action=Action.MAILBOX_SKIPPED, mailbox=self.name, reason=reason)

    def advance(self, now: datetime, settle: timedelta, *, last: bool) -> None:
        """Move the timestamps over the committed windows; at the end of a run that read it all, it is Live."""
        if self.queue is None:
            return
        moved = windows.advance(self.mailbox, self.closed, now, settle=settle)
        self.mailbox = windows.with_fields(self.mailbox, moved)
        self._sweep(self.queue)
        if last and self.queue.error is None and not self.queue.live_left:
            self.mailbox = replace(self.mailbox, status=MailboxStatus.LIVE, status_detail=self.note, last_success=now)

    def _sweep(self, queue: WindowQueue) -> None:
        """Swept_Through moves as far as every folder was swept, though the sweep may not be over: the next goes on."""
        sweep = queue.sweep
        if sweep is None or sweep.folders is None:
            return
        through = swept_through(sweep.range, sweep.folders, self.closed)
        if through > max(sweep.range.start, self.mailbox.swept_through or sweep.range.start):
            self.mailbox = replace(self.mailbox, swept_through=through)

    def changes(self) -> dict[str, Any]:
        """The fields of the row that are to be written, by API name."""
        changed = {
            name: getattr(self.mailbox, attribute)
            for attribute, name in FIELDS.items()
            if getattr(self.mailbox, attribute) != getattr(self.before, attribute)
        }
        return {**self.extra, **changed}

    def saved(self) -> None:
        """The changes are in Salesforce."""
        self.before, self.extra, self.newly_unlinked = self.mailbox, {}, False

    @property
    def turned(self) -> bool:
        """Whether its failing begins or ends with this run, or it is no longer read: that is an event."""
        if self.newly_unlinked:
            return True
        failing = (MailboxStatus.FAILING, MailboxStatus.UNAVAILABLE)
        return (self.before.status in failing) != (self.mailbox.status in failing)


def plan_mailboxes(
    setup: Setup, settings: SyncSettings, rules: Rules, *, only: Sequence[str], source: MailSource, pace: ReadLimits
) -> dict[RecordId, MailboxRun]:
    """Every mailbox row that this run looks at, by id. Rows without a Graph id are resolved, several at once.

    `only`: user principal names or addresses. Raises UsageError for one that no row has.
    """
    mailbox_runs = {box.id: MailboxRun(mailbox=box, before=box) for box in _chosen(setup.mailboxes, only)}
    linked = []
    seats = seated_users(setup)
    for mailbox_run in mailbox_runs.values():
        reason = not_linked_reason(mailbox_run.mailbox, setup, seats)
        broken = broken_rule(mailbox_run.mailbox, rules)
        if reason is not None:
            mailbox_run.unlink(reason)
        elif broken is not None:
            mailbox_run.fail(broken)
        else:
            linked.append(mailbox_run)

    def begin(mailbox_run: MailboxRun) -> None:
        try:
            _begin(mailbox_run, setup, settings, source, pace)
        except MailboxError as error:
            mailbox_run.fail(_told_of(error, mailbox_run.mailbox))

    with ThreadPoolExecutor(max_workers=pace.workers, thread_name_prefix="resolve") as pool:
        list(pool.map(begin, linked))
    _refuse_seconds(mailbox_runs.values(), setup.mailboxes)
    return mailbox_runs


def _refuse_seconds(mailbox_runs: Iterable[MailboxRun], rows: Iterable[Mailbox]) -> None:
    """Two rows that lead to one mailbox: the first keeps it. Graph_User_Id__c is unique, so that the save of the second
    would be refused, and every other mailbox's with it."""
    owners = {box.graph_user_id: box for box in rows if box.graph_user_id is not None}
    for mailbox_run in mailbox_runs:
        user = mailbox_run.mailbox.graph_user_id
        first = mailbox_run.mailbox if user is None else owners.setdefault(user, mailbox_run.mailbox)
        if first.id != mailbox_run.mailbox.id:
            mailbox_run.mailbox, mailbox_run.queue, mailbox_run.extra = mailbox_run.before, None, {}
            mailbox_run.fail(second_row(mailbox_run.mailbox, first))


def second_row(box: Mailbox, first: Mailbox) -> MailboxError:
    """Why a row is not read that leads to the mailbox of the `first`."""
    return MailboxError(
        f"This is the mailbox of another MS Graph User, {first.name}",
        where=box.name,
        remedy="Delete this record, or correct its User Principal Name and Email Address.",
        code="SECOND_ROW",
    )


def _chosen(rows: Sequence[Mailbox], only: Sequence[str]) -> list[Mailbox]:
    wanted = {normalise(name): name for name in only}
    names = {box.id: {normalise(box.user_principal_name), normalise(box.email)} for box in rows}
    for name, text in wanted.items():
        if not any(name in own for own in names.values()):
            raise UsageError(
                f"No mailbox is named {text}",
                where="--mailbox",
                remedy="Use the User Principal Name of an MS Graph User record, or add one.",
            )
    return [box for box in rows if not wanted or names[box.id] & wanted.keys()]


def _begin(mailbox_run: MailboxRun, setup: Setup, settings: SyncSettings, source: MailSource, pace: ReadLimits) -> None:
    resolved = mailbox_run.mailbox.graph_user_id is None
    if resolved:
        _resolve(mailbox_run, source)
    elif mailbox_run.mailbox.status is MailboxStatus.UNAVAILABLE:
        resolved = _found_again(mailbox_run, setup.now, source)
    if mailbox_run.mailbox.status in (None, MailboxStatus.NOT_LINKED):
        # so it stands until a run has read it to the end, which the first may take hours for
        mailbox_run.mailbox = replace(mailbox_run.mailbox, status=MailboxStatus.READY, status_detail="")
    first = windows.begin(mailbox_run.mailbox, setup.now, settings.backfill_months)
    box = mailbox_run.mailbox = windows.with_fields(mailbox_run.mailbox, first)
    live = windows.live_window(box, setup.now, overlap=pace.overlap, settle=pace.settle)
    backfill = windows.backfill_window(box, setup.now, settle=pace.settle)
    if (user := box.graph_user_id) is not None:
        zone = ZoneInfo(setup.org.time_zone)
        sweep = sweep_range(
            box, setup.now, settle=pace.settle, sweep_days=pace.sweep_days, zone=zone, asked=pace.sweep_now
        )
        if sweep is not None and not resolved:
            box = _as_of_today(mailbox_run, user, source)
        mailbox_run.queue = WindowQueue(
            box,
            user,
            tuple(window for window in (live, backfill) if window is not None),
            sweep=None if sweep is None else Sweep(sweep, ids_only=_reads_all_of(sweep, backfill)),
        )


def _reads_all_of(sweep: Window, backfill: Window | None) -> bool:
    """Whether this run reads on the first road all that it sweeps: its backfill begins where the sweep does."""
    return backfill is not None and backfill.start <= sweep.start


def _resolve(mailbox_run: MailboxRun, source: MailSource) -> None:
    """Data Loader brings three columns; the rest comes from the directory and is written back."""
    _take(mailbox_run, find_user(mailbox_run.mailbox, source))


def _found_again(mailbox_run: MailboxRun, now: datetime, source: MailSource) -> bool:
    """A user that was deleted and made anew, or came with a migration, has another id under the same name: True where
    the row has that id from now on. Asked only of a mailbox that the last run could not find."""
    box = mailbox_run.mailbox
    name = box.user_principal_name.strip() or box.email.strip()
    try:
        user = source.find_user([name]) if name else None
    except MailboxError:
        return False  # what is wrong with it is said when it is read
    if user is None or user.id == box.graph_user_id:
        return False
    if normalise(name) not in {normalise(user.user_principal_name), normalise(user.mail)}:
        return False  # the name is an alias of somebody else now
    _take(mailbox_run, replace(user, addresses=tuple(dict.fromkeys((*user.addresses, *box.aliases)))))
    mailbox_run.note = (
        f"Microsoft 365 has a new user named {name}: the mailbox is read under its new Graph User Id since "
        f"{now:%Y-%m-%d %H:%M} UTC. Check that it is the linked user's."
    )
    return True


def _take(mailbox_run: MailboxRun, user: DirectoryUser) -> None:
    """The row is about this user of the directory."""
    box = mailbox_run.mailbox
    log.info("Mailbox resolved", action=Action.MAILBOX_RESOLVED, mailbox=box.user_principal_name)
    shared = user.purpose == "shared" if user.purpose else box.shared
    mailbox_run.extra = {"Aliases__c": "\n".join(user.addresses)}
    if user.purpose:
        mailbox_run.extra["Mailbox_Type__c"] = "Shared" if shared else "Personal"
    mailbox_run.mailbox = replace(box, graph_user_id=user.id, shared=shared, aliases=user.addresses)


def _as_of_today(mailbox_run: MailboxRun, user: GraphUserId, source: MailSource) -> Mailbox:
    """A mailbox gets aliases and new names in its life, and may become a shared one. Looked up with each sweep, which
    reads again what came to an address before the connector knew it; addresses that it had stay, since older mail was
    sent to them."""
    box = mailbox_run.mailbox
    purpose = source.purpose(user)
    if purpose and (purpose == "shared") != box.shared:
        box = mailbox_run.mailbox = replace(box, shared=purpose == "shared")
        mailbox_run.extra = {**mailbox_run.extra, "Mailbox_Type__c": "Shared" if box.shared else "Personal"}
    known = {normalise(address) for address in box.aliases}
    new = tuple(address for address in source.addresses(user) or () if normalise(address) not in known)
    if new:
        mailbox_run.mailbox = replace(box, aliases=(*box.aliases, *new))
        mailbox_run.extra = {**mailbox_run.extra, "Aliases__c": "\n".join(mailbox_run.mailbox.aliases)}
    return mailbox_run.mailbox


def _told_of(error: MailboxError, box: Mailbox) -> MailboxError:
    """The same error, with the name of the mailbox, which Graph's words may lack."""
    name = box.user_principal_name.strip() or box.email.strip()
    if not name or name in str(error):
        return error
    told = copy.copy(error)
    told.where = f"{error.where}, {name}" if error.where else name
    return told


def find_user(box: Mailbox, source: MailSource) -> DirectoryUser:
    """Whose mailbox a row without Graph id names. Raises MailboxUnavailableError where it names none, or an alias."""
    names = [name for name in (box.user_principal_name.strip(), box.email.strip()) if name]
    if not names:
        raise MailboxUnavailableError(
            "The record names no mailbox",
            where=box.name,
            remedy="Fill in User Principal Name or Email Address on the MS Graph User record.",
        )
    user = source.find_user(names)
    if user is None:
        raise MailboxUnavailableError(
            f"No user of the tenant is named {' or '.join(names)}",
            where=box.name,
            remedy="Correct User Principal Name or Email Address on the MS Graph User record; "
            "groups and mail contacts have no mailbox.",
        )
    named, own = normalise(box.user_principal_name), {normalise(user.user_principal_name), normalise(user.mail)}
    if named and named not in own and named in {normalise(address) for address in user.addresses}:
        # the name is what exports and imports go by: with an alias there, the next import makes a second row
        raise MailboxUnavailableError(
            f"{names[0]} is an alias of {user.mail or user.user_principal_name}",
            where=box.name,
            remedy=f"Set User Principal Name on the MS Graph User record to {user.user_principal_name}.",
        )
    return user


def not_linked_reason(box: Mailbox, setup: Setup, seats: Container[RecordId] | None) -> str | None:
    """Why a mailbox is not read, or None. `seats` are those of `seated_users`."""
    if not box.active:
        return "Active is off on this mailbox."
    if box.user is None:
        return "No Salesforce user is linked. Set User on this record."
    if not box.user_active:
        return "The linked user is not active in Salesforce. Link the user who has the mailbox now, or clear Active."
    if box.user not in setup.sync_users:
        return "The linked user does not hold the permission set Microsoft 365 Sync User. Assign it."
    if seats is not None and box.user not in seats:
        return "All licensed seats are taken by mailboxes that were linked before. Raise Licensed Users."
    return None


def broken_rule(box: Mailbox, rules: Rules) -> MailboxError | None:
    """The personal exclusion of its user that cannot be understood, or None; mail that it rules out would be stored."""
    text = rules.broken.get(box.user or RecordId(""))
    return None if text is None else MailboxError(text, code="EXCLUSION")


def seated_users(setup: Setup) -> frozenset[RecordId] | None:
    """The users that have a licensed seat (Licensed_Users__c); None where there is no limit.

    A user needs one seat for all mailboxes. Those whose first row was created first keep theirs.
    """
    limit = setup.settings.licensed_users if setup.settings is not None else None
    if limit is None:
        return None
    first: dict[RecordId, tuple[datetime, str]] = {}
    for box in setup.mailboxes:
        if box.active and box.user is not None and box.user in setup.sync_users:
            place = (box.created_at or _NEVER, box.id)
            first[box.user] = min(first.get(box.user, place), place)
    return frozenset(sorted(first, key=lambda user: first[user])[:limit])


def linked_addresses(*rows: Iterable[Mailbox]) -> dict[NormalAddress, RecordId]:
    """Address -> user, of every mailbox that a user is linked to, whether it is read or not."""
    return {address: box.user for address, box in _linked(rows) if box.user is not None}


def linked_boxes(*rows: Iterable[Mailbox]) -> dict[NormalAddress, RecordId]:
    """Address -> mailbox, of the same."""
    return {address: box.id for address, box in _linked(rows)}


def _linked(rows: Iterable[Iterable[Mailbox]]) -> Iterator[tuple[NormalAddress, Mailbox]]:
    for box in (box for group in rows for box in group):
        if box.user is not None:
            for address in (box.email, box.user_principal_name, *box.aliases):
                if address:
                    yield normalise(address), box
