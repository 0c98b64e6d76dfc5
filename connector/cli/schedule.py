"""`m365sync schedule`: when the next runs are due."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from connector.cli.options import AsJson, Invocation
from connector.cli.output import iso, show_json
from connector.cli.terminal import err, out
from connector.errors import UsageError
from connector.operations import schedule as operation
from connector.wiring.services import org_services

#: the grid is that of this era: zone data know of no later changes
LAST_YEAR = 2200


def schedule(
    context: typer.Context,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=1000, help="How many.")] = 10,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="ISO", help="From then on; now by default. Without a zone: the org's."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show when the next runs are due: the grid of the frequency, in the org's time zone. Reads only."""
    invocation: Invocation = context.obj
    start = _instant(after) if after is not None else None
    with org_services(invocation.settings()) as (_, schedules):
        found = operation.schedule(schedules, count=count, after=start)
    if found.idle_reason is not None:
        err.print(f"Nothing runs now: {found.idle_reason}.")
    if as_json:
        show_json({"next": [iso(instant) for instant in found.times]})
        return 0
    if found.frequency is not None:
        out.print(f"{found.frequency}, in {found.zone}", style="bold")
    for instant in found.times:
        local = instant.astimezone(ZoneInfo(found.zone))
        out.print(f"  {local:%a %Y-%m-%d %H:%M %z}   {iso(instant)}")
    return 0


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or not 1970 < instant.year < LAST_YEAR:
        raise UsageError(
            f"{text} is not a date and time", where="--after", remedy="Write it such as 2026-03-29T00:00:00Z."
        )
    return instant
