"""`m365sync run`: the scheduler, in the foreground, until SIGTERM or SIGINT."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import structlog
import typer

from connector.cli.options import Invocation
from connector.codes import Action
from connector.engine.scheduler import LOOK_EVERY, StopToken
from connector.wiring.runs import scheduler

log = structlog.get_logger(__name__)

#: seconds that a run has to end after a request to stop; what is still under way then is done again by the next
GRACE = 7.0


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
    with _stopped_by_signals(stop_token), scheduler(settings, stop_token, look_every=look_every) as daemon:
        daemon.serve()
    return 0


@contextmanager
def _stopped_by_signals(stop_token: StopToken) -> Iterator[None]:
    """The first signal asks to stop, and the process exits `GRACE` seconds later at the latest.

    The handler only starts a thread: it runs between two steps of the main thread, which may hold the very lock that
    waking up those who wait needs.
    """
    ended = threading.Event()

    def stop() -> None:
        stop_token.ask()
        if not ended.wait(GRACE):
            log.warning("Stopped in the middle of a request", action=Action.RUN_FINISHED)
            logging.shutdown()
            sys.stderr.flush()
            os._exit(0)  # threads may wait for an answer for a minute, and all that matters is in Salesforce

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if not stop_token.is_asked:
            threading.Thread(target=stop, name="stop", daemon=True).start()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        ended.set()
        for number, handler in before.items():
            signal.signal(number, handler)
