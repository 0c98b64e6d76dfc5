"""`m365sync sync` and `m365sync retry`: one run now, also when none is due."""

import math
from collections.abc import Callable
from typing import Annotated, Any

import typer

from connector.cli.options import AsJson, Invocation
from connector.cli.output import show_error, show_json
from connector.cli.progress import Progress
from connector.cli.stop import INTERRUPTED, stopped_by_signals
from connector.cli.terminal import counted, err, out, show_failed_mailboxes, show_line, show_report
from connector.core.reporting.summary import DryRunSummary, RuleCount
from connector.engine.report import RunReport
from connector.engine.request import RunRequest
from connector.engine.scheduler import StopToken
from connector.errors import UsageError
from connector.model.run import DryRunLine
from connector.operations import retry as retry_operation
from connector.operations import sync as sync_operation
from connector.operations.run import Runs
from connector.wiring.runs import runner


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
    summary: Annotated[
        bool, typer.Option("--summary", help="With --dry-run: counts by rule, and twenty messages of each.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Run one sync now, whatever the frequency, until every window is read."""
    if minutes is not None and not math.isfinite(minutes):
        raise UsageError("--minutes is not a number", where="sync", remedy="Write a number of minutes.")
    if summary and not dry_run:
        raise UsageError("--summary says what a dry run foresees", where="sync", remedy="Give --dry-run with it.")
    tally = DryRunSummary()
    lines = tally.take if summary else _json_line if as_json else show_line
    stop_token = StopToken()
    runs = runs_here(context.obj, lines=lines if dry_run else None, stop_token=stop_token)
    report = sync_operation.sync(runs, only=mailbox or [], dry_run=dry_run, sweep=sweep, minutes=minutes)
    return show(
        report, as_json=as_json, dry_run=dry_run, stopped=stop_token.is_asked, summary=tally if summary else None
    )


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
    stop_token = StopToken()
    report = retry_operation.retry(runs_here(context.obj, stop_token=stop_token), event=event, every=every)
    return show(report, as_json=as_json, stopped=stop_token.is_asked)


def runs_here(
    invocation: Invocation,
    *,
    stop_token: StopToken,
    level: str | None = None,
    lines: Callable[[DryRunLine], None] | None = None,
) -> Runs:
    """Runs in this process, with a bar for each mailbox on a terminal. The configuration is loaded by the first.

    SIGTERM and Ctrl-C ask `stop_token` to stop. `level` overrules the configured level of the log. There is no bar
    where `lines` go to the same terminal.
    """

    def run(request: RunRequest) -> RunReport:
        settings = invocation.settings(level=level)
        with stopped_by_signals(stop_token), Progress(shown=lines is None or not out.is_terminal) as progress:
            return runner(settings, progress=progress, lines=lines, stop_token=stop_token).run(request)

    return run


def show(
    report: RunReport,
    *,
    as_json: bool,
    dry_run: bool = False,
    stopped: bool = False,
    summary: DryRunSummary | None = None,
) -> int:
    """Print what a run did; its exit code, or that of a command that was `stopped`."""
    if as_json:
        counts = {} if summary is None else {"summary": [_rule_object(one) for one in summary.rules()]}
        show_json({**report.to_json(), **({"dry_run": True} if dry_run else {}), **counts})
    else:
        for one in summary.rules() if summary is not None else ():
            about = f": {one.rule}" if one.rule else ""
            out.print(f"{one.outcome.value}{about} ({counted(one.count, 'message')})")
            for line in one.examples:
                out.print(f"  {line.mailbox_name}  {line.internet_message_id or line.message}")
        show_report(report, dry_run=dry_run)
    show_failed_mailboxes(report)
    if report.cut:
        err.print("Its minutes are over: the next run goes on where this one stopped.")
    if report.failure is not None:
        show_error(report.failure, as_json=False)
    return INTERRUPTED if stopped else report.exit_code


def _rule_object(one: RuleCount) -> dict[str, Any]:
    return {
        "outcome": one.outcome.value,
        "rule": one.rule,
        "rule_id": one.rule_id,
        "count": one.count,
        "examples": [line.to_json() for line in one.examples],
    }


def _json_line(line: DryRunLine) -> None:
    show_json(line.to_json())
