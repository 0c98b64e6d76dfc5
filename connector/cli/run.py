"""`m365sync run`: the scheduler, in the foreground, until SIGTERM or SIGINT."""

from typing import Annotated

import typer

from connector.cli.options import Invocation
from connector.cli.stop import stopped_by_signals
from connector.engine.pulse import Pulse
from connector.engine.scheduler import LOOK_EVERY, StopToken
from connector.service.metrics import Metrics
from connector.service.server import serving
from connector.wiring.runs import scheduler


def run(
    context: typer.Context,
    look_every: Annotated[
        float, typer.Option("--look-every", metavar="SECONDS", min=0.05, max=3600, hidden=True)
    ] = LOOK_EVERY,
) -> int:
    """Run whenever the schedule in Salesforce says so, until stopped (SIGTERM, or Ctrl-C).

    Settings, Sync Now and requested retries are looked at once a minute; nothing needs a restart. With metrics.port in
    the configuration, /metrics, /healthz and /readyz are served.
    """
    invocation: Invocation = context.obj
    settings = invocation.settings(level=None)
    stop_token = StopToken()
    metrics = Metrics()
    pulse = Pulse(look_every=look_every, slice_seconds=60 * settings.sync.slice_minutes)
    with (
        serving(settings.metrics.host, settings.metrics.port, metrics, pulse),
        stopped_by_signals(stop_token, code=0),
        scheduler(settings, stop_token, look_every=look_every, watches=(pulse, metrics)) as daemon,
    ):
        daemon.serve()
    return 0
