"""`m365sync run`: the scheduler, in the foreground, until SIGTERM or SIGINT."""

from typing import Annotated

import typer

from connector.cli.options import Invocation
from connector.cli.stop import stopped_by_signals
from connector.engine.scheduler import LOOK_EVERY, StopToken
from connector.wiring.runs import scheduler


def run(
    context: typer.Context,
    look_every: Annotated[
        float, typer.Option("--look-every", metavar="SECONDS", min=0.05, max=3600, hidden=True)
    ] = LOOK_EVERY,
) -> int:
    """Run whenever the schedule in Salesforce says so, until stopped (SIGTERM, or Ctrl-C).

    Settings, Sync Now and requested retries are looked at once a minute; nothing needs a restart.
    """
    invocation: Invocation = context.obj
    settings = invocation.settings(level=None)
    stop_token = StopToken()
    with stopped_by_signals(stop_token, code=0), scheduler(settings, stop_token, look_every=look_every) as daemon:
        daemon.serve()
    return 0
