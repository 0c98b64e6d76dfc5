"""`m365sync status`: whether mail is read when it should be."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from connector.cli.options import AsJson, Invocation
from connector.cli.output import iso, show_json
from connector.cli.terminal import err, out
from connector.codes import MailboxStatus
from connector.core.reporting.health import MailboxHealth
from connector.operations import status as operation
from connector.operations.status import Status
from connector.wiring.services import org_services

_COLOURS = {MailboxStatus.LIVE: "green", MailboxStatus.READY: "yellow", MailboxStatus.NOT_LINKED: "dim"}


def status(context: typer.Context, as_json: AsJson = False) -> int:
    """Show each mailbox, when it was read last, how far its backfill is, the next run, and the org's API calls.

    Exit code 1 where a mailbox fails, or was not read for twice its frequency and an hour, or where messages that
    failed wait.
    """
    invocation: Invocation = context.obj
    with org_services(invocation.settings()) as (setup, schedule):
        found = operation.status(setup, schedule)
    for problem in found.problems:
        err.print(f"problem: {problem}")
    if found.idle_reason is not None:
        err.print(f"Nothing runs now: {found.idle_reason}.")
    if as_json:
        show_json(status_object(found))
    else:
        show(found)
    return 0 if found.ok else 1


def status_object(found: Status) -> dict[str, Any]:
    """The JSON object of `status --json`."""
    used, limit = found.calls
    return {
        "ok": found.ok,
        "active": found.idle_reason is None,
        "frequency": found.frequency,
        "next_run": iso(found.next_run) if found.next_run is not None else None,
        "mailboxes": [
            {
                "upn": box.name,
                "status": box.status.value,
                "last_success": iso(box.last_success) if box.last_success is not None else None,
                "age_seconds": round(box.age.total_seconds()) if box.age is not None else None,
                "backfill_percent": box.backfill_percent,
                "detail": box.detail,
            }
            for box in found.mailboxes
        ],
        "errors": {"failed": found.errors.failed, "gave_up": found.errors.gave_up, "due": found.errors.due},
        "api": {"used": used, "limit": limit},
    }


def show(found: Status) -> None:
    """Print the next run, a table of mailboxes with what is wrong below it, and the org's API calls."""
    zone = ZoneInfo(found.zone)
    if found.frequency is not None and found.next_run is not None:
        due = found.next_run <= found.now
        when = "now" if due else f"{found.next_run.astimezone(zone):%a %Y-%m-%d %H:%M} ({found.zone})"
        out.print(f"{found.frequency}; the next run is due {when}")
    out.print(mailbox_table(found.mailboxes))
    for box in found.mailboxes:
        if box.detail:
            out.print(f"{box.name}: {box.detail}")
    if found.errors.open:
        out.print(f"{found.errors.told}. {found.errors.remedy}".rstrip(), style="red")
    used, limit = found.calls
    out.print(f"{used} of {limit} API calls of the org used in 24 hours")


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
