"""`m365sync demo`: a sandbox with a small firm, one sync, and what came of it."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from connector.cli.installed import require_sandbox
from connector.cli.options import Invocation
from connector.cli.output import show_error, show_json
from connector.cli.sync import runs_here
from connector.cli.terminal import counted, out, show_failed_mailboxes, show_report
from connector.cli.timeline import show_timeline
from connector.engine.scheduler import StopToken
from connector.errors import ServiceError, UsageError
from connector.operations.sync import sync


def demo(
    context: typer.Context,
    mail: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Your own mail instead of the bundled: a folder, an mbox, a Maildir or one message.",
        ),
    ] = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(metavar="D", help="A domain of yours in that mail: its people become the firm. May be repeated."),
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="D", help="Keep the sandbox's data here.", file_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Start a sandbox with a small firm, run one sync, and show a client's mail as the adviser sees it."""
    require_sandbox()
    invocation: Invocation = context.obj
    if mail is not None and not mail.exists():
        raise UsageError(f"There is no {mail}", where="--mail", remedy="Name a folder of mail, an mbox or a message.")
    if domain and mail is None:
        raise UsageError("--domain says who of your mail is the firm", where="--domain", remedy="Add --mail PATH.")
    with _folder(directory) as folder, _sandbox(folder, mail, domain or ()) as ready:
        stop_token = StopToken()
        # both services are on this machine, which no proxy of the firm can reach
        here = replace(invocation, config=Path(ready["config"]), environ={**invocation.environ, "no_proxy": "*"})
        report = sync(runs_here(here, stop_token=stop_token, level="warning"))
        if stop_token.is_asked:
            raise KeyboardInterrupt  # the sandbox is ended too, and nothing is shown
        imported = json.loads((folder / "mail.json").read_text(encoding="utf-8"))
        if as_json:
            told = {name: imported.get(name, 0) for name in ("files", "left_alone")}
            show_json({**report.to_json(), **told, "refused": imported["refused"]})
        else:
            show_report(report)
            for item in imported["refused"]:
                out.print(f"refused: {item['file']}: {item['reason']}")
            if left_alone := imported.get("left_alone", 0):
                named = ", ".join(imported["left_alone_names"])
                more = "" if left_alone == len(imported["left_alone_names"]) else ", …"
                out.print(f"left alone, no mail: {counted(left_alone, 'file')} ({named}{more})")
            show_timeline(ready)
            _show_next(directory)
    show_failed_mailboxes(report)
    if report.failure is not None:
        show_error(report.failure, as_json=False)
    return report.exit_code


@contextmanager
def _folder(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="m365sync-demo-") as folder:
        yield Path(folder)


@contextmanager
def _sandbox(folder: Path, mail: Path | None, domains: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A sandbox in a process of its own, so that it does not share our interpreter lock; ended at the end.

    Raises UsageError for mail, a domain or a folder that it does not take.
    """
    command = [sys.executable, "-m", "m365sandbox", "up", "--firm", "small", "--dir", str(folder)]
    if mail is not None:
        command += ["--mail", str(mail)]
    command += [part for domain in domains for part in ("--domain", domain)]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as process,
    ):
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            if not line:
                raise _not_started(process.wait(timeout=30), said, folder)
            yield json.loads(line)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _not_started(exit_code: int, said: IO[bytes], folder: Path) -> ServiceError | UsageError:
    """What kept the sandbox from starting, in its own words."""
    said.seek(0)
    text = said.read().decode(errors="replace").strip()
    line = text.splitlines()[-1].removeprefix("error: ") if text else "nothing was said"
    if exit_code == 2:
        return UsageError(line.partition(" (m365sandbox up)")[0], where="demo", remedy="See m365sync demo --help.")
    return ServiceError(
        f"The sandbox did not start: {line}",
        where="sandbox up",
        remedy=f"Type: m365sync sandbox up --firm small --dir {folder}",
    )


def _show_next(directory: Path | None) -> None:
    place = directory or Path("demo")
    steps = [
        (f"scripts/demo --dir {place}", "keep this firm in a folder"),
        ("source .venv/bin/activate", "have m365sync at hand"),
        (f"m365sync sandbox up --dir {place}", "serve it, in a terminal of its own"),
        (f"m365sync --config {place}/connector.yaml sync", "run again: nothing new, nothing written"),
        ("scripts/demo --mail YOUR_MAIL_FOLDER", "the same with mail of your own"),
    ]
    out.print("\nNext, type:", style="bold")
    for command, purpose in steps[directory is not None :]:
        # a line of its own for each: side by side they are cut on a narrow terminal
        out.print(f"  # {purpose}", style="dim")
        out.print(f"  {command}")
