"""`sync`: one run now, also when none is due."""

from collections.abc import Sequence

from connector.engine.report import RunReport
from connector.engine.request import RunRequest
from connector.operations.run import Runs


def sync(
    runs: Runs,
    *,
    only: Sequence[str] = (),
    dry_run: bool = False,
    sweep: bool = False,
    minutes: float | None = None,
) -> RunReport:
    """Read every linked mailbox, or `only` those of these User Principal Names, until every window is read.

    `dry_run`: decide on every message, and write nothing. `sweep`: also sweep the last sweep_days, due or not.
    `minutes`: read for so long at most; the next run goes on from there. Raises UsageError for a mailbox that no
    MS Graph User record names; what stopped the run is in the report.
    """
    return runs(RunRequest(only=tuple(only), dry_run=dry_run, sweep=sweep, minutes=minutes))
