"""`retry`: one run now that reads messages that failed before, and nothing else."""

from dataclasses import replace

from connector.engine.report import RunReport
from connector.engine.request import RunRequest
from connector.operations.run import Runs


def retry(runs: Runs, *, event: str | None = None, every: bool = False) -> RunReport:
    """Try failed messages again: those that are due or were asked for; with `every` all of them.

    `event`: all failed messages of this sync event and no others, by its id, name or Run_Key__c; where none is left,
    the report says so in `skipped`. What stopped the run is in the report.
    """
    report = runs(RunRequest(retries_only=True, every_error=every, event=event))
    if event is not None and report.failure is None and report.skipped is None and not report.tried:
        return replace(
            report, skipped=f"no failed message is left of a sync event with the id, name or Run Key {event}"
        )
    return report
