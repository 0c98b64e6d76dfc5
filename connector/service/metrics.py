"""What `m365sync run` counts, in Prometheus' text format. No label holds a mailbox, an address or an id."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary, generate_latest

from connector import __version__
from connector.codes import Outcome
from connector.core.scheduling.policy import Idle, Job
from connector.engine.report import RunReport
from connector.errors import ConnectorError

#: how a run ended, by its exit code
_RESULTS = {0: "done", 1: "with_errors", 3: "failed"}


class Metrics:
    """Counts what the scheduler tells. `clock` is the machine's, in seconds since 1970; times of runs are by it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._registry = registry = CollectorRegistry()
        info = Gauge("m365sync_build_info", "1; the label is the version.", ["version"], registry=registry)
        info.labels(__version__).set(1)
        self._runs = Counter(
            "m365sync_runs",
            "Runs that ended, by what asked for them and by result: done, with_errors, failed.",
            ["job", "result"],
            registry=registry,
        )
        self._messages = Counter(
            "m365sync_messages", "Messages that runs listed, by outcome.", ["outcome"], registry=registry
        )
        self._records = Counter("m365sync_records", "Rows inserted, by kind.", ["kind"], registry=registry)
        self._calls = Counter(
            "m365sync_requests", "HTTP requests of runs, sign-in apart, by service.", ["service"], registry=registry
        )
        self._seconds = Summary("m365sync_run_seconds", "How long runs took.", registry=registry)
        self._last_run = Gauge("m365sync_last_run_timestamp_seconds", "When the last run ended.", registry=registry)
        self._last_success = Gauge(
            "m365sync_last_success_timestamp_seconds",
            "When the last run ended that was done as a whole; messages or mailboxes of it may have failed.",
            registry=registry,
        )
        self._next_run = Gauge(
            "m365sync_next_run_timestamp_seconds",
            "When the schedule in Salesforce has the next run, by the org's clock; 0 where none is due.",
            registry=registry,
        )
        self._mailboxes = Gauge(
            "m365sync_mailboxes", "Mailboxes of the last run: read, failed, not_linked.", ["state"], registry=registry
        )
        self._reachable = Gauge(
            "m365sync_salesforce_reachable", "Whether the last look at Salesforce was answered.", registry=registry
        )
        self._active = Gauge(
            "m365sync_active", "Whether the settings in Salesforce let runs happen.", registry=registry
        )
        self._paused = Gauge(
            "m365sync_backfill_paused",
            "Whether backfills of the last run waited for the org's API calls.",
            registry=registry,
        )
        for outcome in Outcome:
            self._messages.labels(outcome.value)
        for kind in ("email", "participant", "task", "attachment", "error"):
            self._records.labels(kind)

    def looked(self, step: Job | Idle, /) -> None:
        """Salesforce was looked at, and this is to be done."""
        self._reachable.set(1)
        self._active.set(0 if isinstance(step, Idle) and (step.why or step.error) else 1)
        if isinstance(step, Idle):
            self._next_run.set(step.until.timestamp() if step.until is not None else 0)

    def unreachable(self, _error: ConnectorError, /) -> None:
        """Salesforce could not be looked at; the log and /readyz say why."""
        self._reachable.set(0)

    def began(self, _job: Job, /) -> None:
        """A run begins: nothing is counted yet."""

    def ended(self, job: Job, report: RunReport | None, /) -> None:
        """The run is over; without a report it could not begin."""
        now = self._clock()
        self._last_run.set(now)
        result = "failed" if report is None else _RESULTS[report.exit_code]
        self._runs.labels(job.value, result).inc()
        if report is None:
            return
        if result != "failed":
            self._last_success.set(now)
        for outcome, count in report.outcomes.items():
            self._messages.labels(outcome.value).inc(count)
        for kind, count in (
            ("email", report.emails),
            ("participant", report.participants),
            ("task", report.tasks),
            ("attachment", report.attachments),
            ("error", report.errors),
        ):
            self._records.labels(kind).inc(count)
        self._calls.labels("salesforce").inc(report.salesforce_calls)
        self._calls.labels("graph").inc(report.graph_calls)
        self._seconds.observe(report.seconds)
        if report.failure is None and job is not Job.RETRY:
            self._mailboxes.labels("read").set(report.mailboxes_read)
            self._mailboxes.labels("failed").set(report.mailboxes_failed)
            self._mailboxes.labels("not_linked").set(report.mailboxes_not_linked)
            self._paused.set(1 if report.paused else 0)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
