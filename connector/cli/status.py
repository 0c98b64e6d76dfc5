"""`m365sync status`: whether mail is read when it should be. Reads Salesforce only, and writes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from connector.cli.options import Invocation
from connector.cli.output import err, out, show_json
from connector.cli.schedule import iso
from connector.cli.sync import AsJson
from connector.codes import MailboxStatus
from connector.core.deciding.exclude import compile_rules
from connector.core.reporting.health import LastEvent, MailboxHealth, failed_since, longest_silence, mailbox_health
from connector.core.scheduling.policy import Snapshot
from connector.engine.mailboxes import not_linked_reason, seated_users
from connector.errors import SetupError
from connector.model.org import Setup
from connector.model.values import RecordId
from connector.settings.model import load
from connector.wiring.logs import configure_logging
from connector.wiring.services import admin_desk

#: how the frequency is taken where it cannot be understood
_UNKNOWN = timedelta(days=1)
_COLOURS = {MailboxStatus.LIVE: "green", MailboxStatus.READY: "yellow", MailboxStatus.NOT_LINKED: "dim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that is shown. `problems` concern the sync as a whole."""

    look: Snapshot
    next_run: datetime | None
    mailboxes: tuple[MailboxHealth, ...]
    problems: tuple[str, ...]
    used: int
    limit: int

    @property
    def ok(self) -> bool:
        """Whether nothing needs anybody's hand."""
        return not self.problems and all(box.well for box in self.mailboxes)


def status(context: typer.Context, as_json: AsJson = False) -> int:
    """Show each mailbox, when it was read last, how far its backfill is, the next run, and the org's API calls.

    Exit code 1 where a mailbox fails, or was not read for twice its frequency and an hour.
    """
    invocation: Invocation = context.obj
    settings = load(invocation.config, invocation.environ)
    configure_logging(settings, level="debug" if invocation.debug else "warning")
    with admin_desk(settings) as desk:
        look = desk.timetable.look()
        setup = desk.admin.read()
        last = desk.timetable.last_event()
        used, limit = desk.timetable.calls()
    state = state_of(look, setup, last, used=used, limit=limit)
    for problem in state.problems:
        err.print(f"problem: {problem}", markup=False)
    if look.resting is not None:
        err.print(f"Nothing runs now: {look.resting}.", markup=False)
    if as_json:
        show_json(state_object(state))
    else:
        show(state)
    return 0 if state.ok else 1


def state_of(look: Snapshot, setup: Setup, last: LastEvent | None, *, used: int, limit: int) -> State:
    """What all this says about the sync."""
    active = look.resting is None
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
    return State(look=look, next_run=next_run, mailboxes=mailboxes, problems=tuple(problems), used=used, limit=limit)


def state_object(state: State) -> dict[str, Any]:
    """For programs."""
    timing = state.look.timing
    return {
        "ok": state.ok,
        "active": state.look.resting is None,
        "frequency": timing.frequency if timing is not None else None,
        "next_run": iso(state.next_run) if state.next_run is not None else None,
        "mailboxes": [
            {
                "upn": box.name,
                "status": box.status.value,
                "last_success": iso(box.last_success) if box.last_success is not None else None,
                "age_seconds": round(box.age.total_seconds()) if box.age is not None else None,
                "backfill_percent": box.backfill_percent,
                "detail": box.detail,
            }
            for box in state.mailboxes
        ],
        "api": {"used": state.used, "limit": state.limit},
    }


def show(state: State) -> None:
    """For people."""
    zone = ZoneInfo(state.look.zone)
    timing = state.look.timing
    if timing is not None and state.next_run is not None:
        due = state.next_run <= state.look.now
        when = "now" if due else f"{state.next_run.astimezone(zone):%a %Y-%m-%d %H:%M} ({state.look.zone})"
        out.print(f"{timing.frequency}; the next run is due {when}", markup=False)
    out.print(mailbox_table(state.mailboxes))
    for box in state.mailboxes:
        if box.detail:
            out.print(f"{box.name}: {box.detail}", markup=False)
    out.print(f"{state.used} of {state.limit} API calls of the org used in 24 hours")


def mailbox_table(mailboxes: Iterable[MailboxHealth]) -> Table:
    """A row for each mailbox. What is wrong with one is a sentence, which no column of a terminal holds."""
    table = Table(title="Mailboxes", title_justify="left")
    for heading in ("Mailbox", "Status", "Last read", "Backfill"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "Backfill" else "left")
    for box in mailboxes:
        percent = "" if box.backfill_percent is None else f"{box.backfill_percent} %"
        colour = _COLOURS.get(box.status, "red") if box.well else "red"
        table.add_row(Text(box.name), Text(box.status, colour), _ago(box.age), percent)
    return table


def _ago(age: timedelta | None) -> str:
    if age is None:
        return "never"
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"
