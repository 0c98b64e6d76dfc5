"""One run from a request to its report: what every operation that reads mail, the scheduler and a worker call."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from connector.engine.context import RunHooks, RunServices
from connector.engine.mailboxes import ReadLimits
from connector.engine.report import RunReport
from connector.engine.request import RunRequest
from connector.engine.run import Run
from connector.engine.scheduler import StopToken, TimeLimit
from connector.engine.windows import WindowQueue
from connector.model.run import DryRunLine

#: does a run, here or on another machine. Raises UsageError; what stopped the run is in the report
Runs = Callable[[RunRequest], RunReport]


class ProgressView(Protocol):
    """Shows how a run goes. Called from several threads."""

    def started(self, queues: Sequence[WindowQueue]) -> None:
        """Reading begins, of these mailboxes."""
        ...

    def walked(self, queue: WindowQueue, messages: int) -> None:
        """A window of this mailbox was read."""
        ...


class Runner:
    """Does runs, one at a time.

    `open_services` makes what a request needs. `progress` is shown how the run goes, `lines` takes each line of a dry
    run as it is decided. `stop_token` ends a run early.
    """

    def __init__(
        self,
        open_services: Callable[[RunRequest], AbstractContextManager[RunServices]],
        *,
        limits: ReadLimits,
        progress: ProgressView | None = None,
        lines: Callable[[DryRunLine], None] | None = None,
        stop_token: StopToken | None = None,
    ) -> None:
        self._open_services = open_services
        self._limits = limits
        self._progress = progress
        self._lines = lines
        self._stop_token = stop_token

    def run(self, request: RunRequest) -> RunReport:
        """Do one run to its end. Raises UsageError for a mailbox that no row names; all else is in the report."""
        limit = None
        if request.minutes is not None or self._stop_token is not None:
            seconds = None if request.minutes is None else 60 * request.minutes
            limit = TimeLimit(self._stop_token or StopToken(), seconds=seconds)
        with self._open_services(request) as services:
            hooks = RunHooks(
                started=self._progress.started if self._progress is not None else None,
                walked=self._progress.walked if self._progress is not None else None,
                line=self._lines,
                limit=limit,
            )
            report = Run(services, request, key=new_key(), limits=self._limits, hooks=hooks).run()
        return replace(report, cut=limit is not None and limit.cut)


def new_key(now: datetime | None = None) -> str:
    """A Run_Key__c: the time by this machine's clock, and random digits."""
    return f"{(now or datetime.now(UTC)):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
