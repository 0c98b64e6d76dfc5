"""Output for people: tables and sentences on standard output, notes and progress on standard error."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from connector.cli.output import print_error
from connector.codes import Outcome
from connector.core.reporting.printable import printable
from connector.engine.report import RunReport
from connector.model.run import DryRunLine

#: so many mailboxes still fit as columns of a narrow terminal
WIDE = 4
#: columns of a terminal that holds names of 14 letters beside the longest label
_ROOMY = 96
#: so many failed mailboxes get a line of their own
MOST_ERRORS = 20


class SafeConsole(Console):
    """A console on which text is text: no markup, no names of pictures, and what a terminal would obey is escaped.

    Much of what is printed comes from a mail, from Salesforce or from another's file.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, soft_wrap=True, **how)

    def print(self, *objects: Any, **how: Any) -> None:
        """As rich prints; a text is one line, but for line ends at its beginning."""
        super().print(*(_line(each) if isinstance(each, str) else each for each in objects), **how)

    def render_str(self, text: str, **how: Any) -> Text:
        """Escaped before it is laid out; the cell of a table may have lines."""
        return super().render_str(printable(text, keep="\n"), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Whatever came another way is escaped here."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text, keep="\n"), segment.style)


def _line(text: str) -> str:
    body = text.lstrip("\n")
    return "\n" * (len(text) - len(body)) + printable(body)


#: for people: tables, timelines. Progress and notes go to standard error.
out = SafeConsole()
err = SafeConsole(stderr=True)


def show_line(line: DryRunLine) -> None:
    """Print one line of a dry run: outcome, mailbox, message and rule."""
    where = line.internet_message_id or line.message
    if out.is_terminal:  # for the eyes of who typed it; a file or a log gets no subject
        received = f"{line.received_at:%Y-%m-%d %H:%M}" if line.received_at is not None else ""
        subject = line.subject or "(no subject)"
        out.print(f"{line.outcome.value:<17} {received}  {line.mailbox_name}  {subject}  {where}  {line.rule}")
        return
    out.print(f"{line.outcome.value:<17} {line.mailbox_name}  {where}  {line.rule}")


def counted(number: int, thing: str) -> str:
    """A number with its noun in singular or plural: `1 task`, `2 tasks`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def show_report(report: RunReport, *, dry_run: bool = False) -> None:
    """A table of mailboxes by outcome, what was written, and what failed, for people."""
    if report.skipped:
        err.print(f"Nothing to do: {report.skipped}.")
        return
    if report.failure is not None:  # a table would look like success
        if report.listed:
            stored = f"{counted(report.emails, 'email')} stored"
            err.print(f"Before it stopped: {counted(report.listed, 'message')} listed, {stored}.")
        _show_failures(report)
        return
    out.print(outcome_table(report))
    rows = ((report.emails, "email"), (report.participants, "participant"), (report.tasks, "task"))
    written = "nothing was written" if dry_run else "stored " + ", ".join(counted(*row) for row in rows)
    out.print(
        f"{counted(report.listed, 'message')} listed; {written}; "
        f"{counted(report.salesforce_calls, 'Salesforce call')}, {counted(report.graph_calls, 'Graph call')}, "
        f"{report.seconds:.1f} s"
    )
    _show_failures(report)


def _show_failures(report: RunReport) -> None:
    """A line for each failed message, with its mailbox, and what to do about all of them."""
    names = {box.id: box.name for box in report.mailboxes}
    for failure in report.failures:
        name = names.get(failure.mailbox, failure.mailbox)
        err.print(f"failed: {name}: {failure.subject or '(no subject)'}: {failure.code}: {failure.text}")
    if not report.failures:
        return
    more = report.outcomes[Outcome.FAILED] - len(report.failures)
    if more > 0:
        err.print(f"failed: {more} more; the MS Graph Sync Errors of the event name them.")
    first = report.failures[0]
    where = f" of the run {report.event}" if report.event is not None else ""
    again = (
        "They are tried again by themselves"
        if all(each.again for each in report.failures)
        else ("Correct what is named; what cannot pass by itself is not tried again")
    )
    event = f"m365sync retry --event {report.event}" if report.event is not None else "m365sync retry --all"
    err.print(
        f"{again}. {event} tries the failed messages{where} now; "
        f"m365sync explain {names.get(first.mailbox, 'UPN')} {first.message} says more of the first."
    )


def show_failed_mailboxes(report: RunReport) -> None:
    """A line for each mailbox that could not be read, in the form of an error, on standard error."""
    for text in report.failing[:MOST_ERRORS]:
        print_error(text)
    if len(report.failing) > MOST_ERRORS:
        print_error(f"{len(report.failing) - MOST_ERRORS} more mailboxes could not be read. See their Status Detail.")
    for text in report.notes:
        err.print(text)
    unlinked = list(report.unlinked.items())
    for name, text in unlinked[:MOST_ERRORS]:
        err.print(f"not read: {name}: {text}")
    if len(unlinked) > MOST_ERRORS:
        err.print(f"not read: {len(unlinked) - MOST_ERRORS} more mailboxes. See their Status Detail.")


def outcome_table(report: RunReport) -> Table:
    """Outcomes as rows, mailboxes as columns; or mailboxes as rows where they are too many for one line."""
    return _by_outcome(report) if len(report.mailboxes) <= WIDE else _by_mailbox(report)


def _by_outcome(report: RunReport) -> Table:
    table = Table(title="Messages by outcome and mailbox", title_justify="left")
    table.add_column("Outcome", no_wrap=True)
    most = 14 if out.width >= _ROOMY else 10
    for box in report.mailboxes:
        table.add_column(_short(box.name, most), justify="right", no_wrap=True)
    table.add_column("all", justify="right", no_wrap=True)
    counts = [box.outcomes for box in report.mailboxes]
    totals = report.outcomes
    for outcome in Outcome:
        if totals[outcome]:
            cells = [str(count[outcome] or "") for count in counts]
            table.add_row(outcome.replace("_", " "), *cells, str(totals[outcome]))
    table.add_section()
    table.add_row("listed", *(str(sum(count.values())) for count in counts), str(report.listed), style="bold")
    return table


def _by_mailbox(report: RunReport) -> Table:
    table = Table(title="Messages by mailbox", title_justify="left")
    table.add_column("Mailbox", no_wrap=True)
    for heading in ("listed", "stored", "duplicate", "left out", "failed"):
        table.add_column(heading, justify="right")
    boxes = [(box.name, box.outcomes) for box in report.mailboxes]
    for name, counts in [*boxes, ("all", report.outcomes)]:
        stored = counts[Outcome.MATCHED] + counts[Outcome.UNMATCHED_KEPT]
        known = stored + counts[Outcome.DUPLICATE] + counts[Outcome.FAILED]
        listed = sum(counts.values())
        cells = (listed, stored, counts[Outcome.DUPLICATE], listed - known, counts[Outcome.FAILED])
        table.add_row(name, *(str(cell) for cell in cells), style="bold" if name == "all" else "")
    return table


def _short(name: str, most: int) -> str:
    return name.split("@")[0][:most]
