"""Standard output and standard error: with --json standard output is JSON only, one object on the last line."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from connector.codes import Outcome
from connector.engine.dry_run import DryRunLine
from connector.engine.report import Report
from connector.errors import ConnectorError
from connector.model.org import Mailbox

#: so many mailboxes still fit as columns of a narrow terminal
WIDE = 4
#: so many failed mailboxes get a line of their own
MOST_ERRORS = 20
#: for people: tables, timelines. Progress and notes go to standard error.
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def show_json(value: dict[str, Any]) -> None:
    """One object on one line."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def error_object(error: ConnectorError) -> dict[str, str]:
    """An error for programs."""
    return {"code": error.code, "message": error.what, "where": error.where, "remedy": error.remedy}


def print_error(text: str) -> None:
    """One line on standard error, whatever the text holds."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    print(f"error: {' '.join(plain.split())}", file=sys.stderr, flush=True)


def show_error(error: ConnectorError, *, as_json: bool) -> None:
    """`error: WHAT (WHERE). REMEDY` on standard error; with --json also an object on standard output."""
    print_error(str(error))
    if as_json:
        show_json({"error": error_object(error)})


def report_object(report: Report) -> dict[str, Any]:
    """What a run did, for programs."""
    value: dict[str, Any] = {
        "event": report.event,
        "listed": report.ledger.listed,
        "outcomes": {str(outcome): count for outcome, count in report.ledger.by_outcome().items()},
        "emails": report.ledger.emails,
        "participants": report.ledger.participants,
        "tasks": report.ledger.tasks,
        "attachments": report.ledger.attachments,
        "errors": report.errors,
        "mailboxes": {
            "read": report.looked_at - len(report.failed_mailboxes),
            "failed": len(report.failed_mailboxes),
            "not_linked": report.not_linked,
        },
        "salesforce_calls": report.salesforce_calls,
        "graph_calls": report.graph_calls,
        "seconds": round(report.seconds, 3),
    }
    if report.skipped:
        value["skipped"] = report.skipped
    if report.failure is not None:
        value["error"] = error_object(report.failure)
    return value


def foreseen_object(foreseen: DryRunLine) -> dict[str, Any]:
    """What would become of one message, for programs."""
    box = foreseen.queue.mailbox
    return {
        "mailbox": box.user_principal_name or box.email,
        "message_id": foreseen.header.id,
        "internet_message_id": foreseen.header.internet_message_id,
        "outcome": foreseen.outcome.value,
        "rule": foreseen.rule,
        "rule_id": foreseen.rule_id,
    }


def show_foreseen(foreseen: DryRunLine) -> None:
    """The same for people."""
    line = foreseen_object(foreseen)
    where = line["internet_message_id"] or line["message_id"]
    out.print(f"{line['outcome']:<18} {line['mailbox']}  {where}  {line['rule']}", markup=False)


def counted(number: int, thing: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def show_report(report: Report, *, dry_run: bool = False) -> None:
    """A table of mailboxes by outcome, what was written, and what failed, for people."""
    if report.skipped:
        err.print(f"Nothing to do: {report.skipped}.", markup=False)
        return
    out.print(outcome_table(report))
    ledger = report.ledger
    rows = ((ledger.emails, "email"), (ledger.participants, "participant"), (ledger.tasks, "task"))
    written = "nothing was written" if dry_run else "stored " + ", ".join(counted(*row) for row in rows)
    out.print(
        f"{counted(ledger.listed, 'message')} listed; {written}; "
        f"{counted(report.salesforce_calls, 'Salesforce call')}, {counted(report.graph_calls, 'Graph call')}, "
        f"{report.seconds:.1f} s"
    )
    for failure in list(ledger.failures.values())[:20]:
        err.print(f"failed: {failure.subject or '(no subject)'}: {failure.code}: {failure.text}", markup=False)


def show_failed_mailboxes(report: Report) -> None:
    """A line for each mailbox that could not be read, in the form of an error, on standard error."""
    for text in report.failing[:MOST_ERRORS]:
        print_error(text)
    if len(report.failing) > MOST_ERRORS:
        print_error(f"{len(report.failing) - MOST_ERRORS} more mailboxes could not be read. See their Status Detail.")
    unlinked = list(report.unlinked.items())
    for name, text in unlinked[:MOST_ERRORS]:
        err.print(f"not read: {name}: {text}", markup=False)
    if len(unlinked) > MOST_ERRORS:
        err.print(f"not read: {len(unlinked) - MOST_ERRORS} more mailboxes. See their Status Detail.")


def outcome_table(report: Report) -> Table:
    """Outcomes as rows, mailboxes as columns; or mailboxes as rows where they are too many for one line."""
    return _by_outcome(report) if len(report.mailboxes) <= WIDE else _by_mailbox(report)


def _by_outcome(report: Report) -> Table:
    table = Table(title="Messages by outcome and mailbox", title_justify="left")
    table.add_column("Outcome")
    for box in report.mailboxes:
        table.add_column(_short(box), justify="right")
    table.add_column("all", justify="right")
    counts = [report.ledger.by_outcome(box.id) for box in report.mailboxes]
    totals = report.ledger.by_outcome()
    for outcome in Outcome:
        if totals[outcome]:
            cells = [str(count[outcome] or "") for count in counts]
            table.add_row(outcome.replace("_", " "), *cells, str(totals[outcome]))
    table.add_section()
    table.add_row("listed", *(str(sum(count.values())) for count in counts), str(report.ledger.listed), style="bold")
    return table


def _by_mailbox(report: Report) -> Table:
    table = Table(title="Messages by mailbox", title_justify="left")
    table.add_column("Mailbox", no_wrap=True)
    for heading in ("listed", "stored", "duplicate", "left out", "failed"):
        table.add_column(heading, justify="right")
    boxes = [(box.user_principal_name or box.email, report.ledger.by_outcome(box.id)) for box in report.mailboxes]
    for name, counts in [*boxes, ("all", report.ledger.by_outcome())]:
        stored = counts[Outcome.MATCHED] + counts[Outcome.UNMATCHED_KEPT]
        known = stored + counts[Outcome.DUPLICATE] + counts[Outcome.FAILED]
        listed = sum(counts.values())
        cells = (listed, stored, counts[Outcome.DUPLICATE], listed - known, counts[Outcome.FAILED])
        table.add_row(name, *(str(cell) for cell in cells), style="bold" if name == "all" else "")
    return table


def _short(box: Mailbox) -> str:
    return (box.user_principal_name or box.email).split("@")[0][:14]
