"""`m365sync check`: everything that has to be right before mail is synced, each line with the remedy."""

from collections.abc import Sequence
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from connector.cli.options import AsJson, Invocation
from connector.cli.output import show_json
from connector.cli.terminal import out
from connector.core.reporting.checks import Check, Light
from connector.operations import check as operation
from connector.wiring.inspection import check_services, connection_facts

_COLOURS = {Light.GREEN: "green", Light.AMBER: "yellow", Light.RED: "red"}


def check(context: typer.Context, as_json: AsJson = False) -> int:
    """Check sign-in, clocks, settings, rights, mailboxes, limits and credentials; each line says what to do.

    Nothing is changed. Exit code 1 where a line is red.
    """
    invocation: Invocation = context.obj
    settings = invocation.settings()
    with check_services(settings) as services:
        result = operation.check(services, connection_facts(settings))
    if as_json:
        show_json({"ok": result.ok, "checks": [check_object(line) for line in result.checks]})
    else:
        show(result.checks)
    return 0 if result.ok else 1


def check_object(line: Check) -> dict[str, Any]:
    """The JSON object of `check --json`."""
    return {
        "name": line.name,
        "subject": line.subject,
        "status": line.status.value,
        "detail": line.detail,
        "remedy": line.remedy,
    }


def show(checks: Sequence[Check]) -> None:
    """Print a line for each check, with the remedy below it; what is wrong comes last, where people look."""
    table = Table(title="Checks", title_justify="left")
    for heading in ("", "Check", "Found, and what to do"):
        table.add_column(heading, overflow="fold")
    for line in sorted(checks, key=lambda line: [*Light].index(line.status)):
        text = Text(line.detail)
        if line.remedy:
            text.append(f"\n{line.remedy}", style="dim" if line.status is Light.GREEN else "bold")
        subject = Text.assemble(line.name, "\n", (line.subject, "dim"))
        table.add_row(Text(line.status, _COLOURS[line.status]), subject, text)
    out.print(table)
    counted = [f"{sum(line.status is light for line in checks)} {light}" for light in Light]
    out.print(", ".join(counted))
