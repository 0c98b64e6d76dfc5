"""What runs need: the ports of one run for a request, and the scheduler."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from connector.engine.context import RunServices
from connector.engine.mailboxes import ReadLimits
from connector.engine.request import RunRequest
from connector.engine.scheduler import LOOK_EVERY, Scheduler, SchedulerWatch, StopToken
from connector.model.run import DryRunLine
from connector.operations.run import ProgressView, Runner
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.housekeeping import Housekeeping
from connector.salesforce.limits import Budget
from connector.salesforce.run_log import SalesforceRunLog
from connector.salesforce.schedule import SalesforceSchedule
from connector.salesforce.setup import SalesforceSetup
from connector.salesforce.stored_mail import SalesforceStoredMail
from connector.salesforce.writer import SalesforceWriter
from connector.settings.model import Settings
from connector.wiring.memory import give_memory_back
from connector.wiring.services import open_transport, salesforce_clients, services


def runner(
    settings: Settings,
    *,
    progress: ProgressView | None = None,
    lines: Callable[[DryRunLine], None] | None = None,
    stop_token: StopToken | None = None,
) -> Runner:
    """A Runner for these settings; the services of each run are opened and closed by it."""
    return Runner(
        lambda request: run_services(settings, request, stop_token),
        limits=read_limits(settings),
        progress=progress,
        lines=lines,
        stop_token=stop_token,
    )


def read_limits(settings: Settings) -> ReadLimits:
    """How a run reads and writes, by these settings."""
    pace = settings.sync
    return ReadLimits(
        workers=pace.workers,
        requests_per_mailbox=pace.requests_per_mailbox,
        overlap=timedelta(minutes=pace.overlap_minutes),
        settle=timedelta(seconds=pace.settle_seconds),
        sweep_days=pace.sweep_days,
        writers=settings.salesforce.writers,
    )


@contextmanager
def run_services(settings: Settings, request: RunRequest, stop_token: StopToken | None = None) -> Iterator[RunServices]:
    """The ports of one run, on sessions of its own."""
    give_memory_back()
    pace = settings.sync
    budget = Budget(settings.salesforce.daily_call_budget_percent)
    with services(settings, stop_token, budget=budget) as (mail, org):
        admin = SalesforceSetup(org, all_errors=request.every_error, event=request.event, sweep_days=pace.sweep_days)
        directory = SalesforceDirectory(org, lambda: admin.email_fields)
        housekeeping = Housekeeping(org, admin.rules, users=admin.sync_users)
        yield RunServices(
            admin=admin,
            source=mail,
            directory=directory,
            stored_mail=SalesforceStoredMail(org, directory),
            sink=SalesforceWriter(org, attachment_timeout=pace.attachment_timeout_seconds),
            log_book=SalesforceRunLog(org, admin.attempts, housekeeping=housekeeping),
            backfill_pause=budget.backfill_pause,
        )


@contextmanager
def scheduler(
    settings: Settings, stop_token: StopToken, *, look_every: float = LOOK_EVERY, watches: Sequence[SchedulerWatch] = ()
) -> Iterator[Scheduler]:
    """The scheduler, on a transport of its own; it ends when `stop_token` asks for it. `watches` see what it does."""
    with open_transport(settings, stop_token) as transport:
        yield Scheduler(
            store=SalesforceSchedule(salesforce_clients(settings, transport)),
            run=runner(settings, stop_token=stop_token).run,
            stop_token=stop_token,
            slice_minutes=settings.sync.slice_minutes,
            look_every=look_every,
            watches=watches,
        )
