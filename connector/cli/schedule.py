"""`m365sync schedule`: when the next runs are due."""

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from connector.cli.options import Invocation
from connector.cli.output import err, out, show_json
from connector.cli.sync import AsJson
from connector.errors import UsageError
from connector.settings.model import load
from connector.wiring.logs import configure_logging
from connector.wiring.services import admin_desk

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
    settings = load(invocation.config, invocation.environ)
    configure_logging(settings, level="debug" if invocation.debug else "warning")
    with admin_desk(settings) as desk:
        look = desk.timetable.look()
    zone = ZoneInfo(look.zone)
    if look.resting is not None:
        err.print(f"Nothing runs now: {look.resting}.", markup=False)
    moment = start or look.now
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    found = list(islice(look.grid().after(moment), count)) if look.timing is not None else []
    if as_json:
        show_json({"next": [iso(instant) for instant in found]})
        return 0
    if look.timing is not None:
        out.print(f"{look.timing.frequency}, in {look.zone}", style="bold")
    for instant in found:
        out.print(f"  {instant.astimezone(zone):%a %Y-%m-%d %H:%M %z}   {iso(instant)}", markup=False)
    return 0


def iso(instant: datetime) -> str:
    """A time in UTC, for programs."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


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
