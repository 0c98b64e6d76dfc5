"""`m365sync sync` and `m365sync retry`: one run now, whatever the frequency."""

from typing import Annotated

import typer

from connector.cli.options import Invocation
from connector.cli.output import (
    err,
    foreseen_object,
    report_object,
    show_error,
    show_failed_mailboxes,
    show_foreseen,
    show_json,
    show_report,
)
from connector.cli.progress import Progress
from connector.engine.report import Report
from connector.errors import UsageError
from connector.settings.model import load
from connector.wiring.logs import configure_logging
from connector.wiring.services import RunRequest, run_once

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only, one object on the last line.")]


def sync(
    context: typer.Context,
    mailbox: Annotated[
        list[str] | None, typer.Option("--mailbox", metavar="UPN", help="Only this mailbox; may be repeated.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decide on every message, say so, and write nothing at all.")
    ] = False,
    sweep: Annotated[
        bool,
        typer.Option("--sweep", help="Read the last sweep_days once more, folder by folder, due or not."),
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="N", min=0.01, help="Read so long at most; the next run goes on from there."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Run one sync now, whatever the frequency, until every window is read."""
    report = run_order(context.obj, RunRequest(only=mailbox or [], dry_run=dry_run, sweep=sweep, minutes=minutes))
    if not dry_run:
        return show(report, as_json=as_json)
    for foreseen in report.foreseen:
        if as_json:
            show_json(foreseen_object(foreseen))
        else:
            show_foreseen(foreseen)
    return show(report, as_json=as_json, dry_run=True)


def retry(
    context: typer.Context,
    event: Annotated[
        str | None,
        typer.Option(
            "--event",
            metavar="ID",
            help="All failed messages of a sync event: its id, name (RUN-000004) or Run Key.",
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All failed messages, due or not.")] = False,
    as_json: AsJson = False,
) -> int:
    """Try failed messages again: those that are due or were asked for, or those of an event, or all."""
    if event is not None and every:
        raise UsageError("--event and --all exclude each other", where="retry", remedy="Give one of them.")
    report = run_order(context.obj, RunRequest(retries_only=True, every_error=every, event=event))
    if event is not None and report.failure is None and report.skipped is None and not report.tried:
        report.skipped = f"no failed message is left of a sync event with the id, name or Run Key {event}"
    return show(report, as_json=as_json)


def run_order(invocation: Invocation, order: RunRequest, *, level: str | None = None) -> Report:
    """One run with a progress bar per mailbox on a terminal. `level` overrules the configured level of the log."""
    settings = load(invocation.config, invocation.environ)
    configure_logging(settings, level="debug" if invocation.debug else level)
    with Progress() as progress:
        return run_once(settings, order, progress=progress)


def show(report: Report, *, as_json: bool, dry_run: bool = False) -> int:
    """Print what a run did; its exit code."""
    if as_json:
        show_json({**report_object(report), **({"dry_run": True} if dry_run else {})})
    else:
        show_report(report, dry_run=dry_run)
    show_failed_mailboxes(report)
    if report.cut:
        err.print("Its minutes are over: the next run goes on where this one stopped.", markup=False)
    if report.failure is not None:
        show_error(report.failure, as_json=False)
    return report.exit_code
