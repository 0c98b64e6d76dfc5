"""Turns settings into sessions, clients, a run and logging. Nothing else reads the settings."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from connector.codes import EventKind
from connector.core.scheduling.policy import Done, Job
from connector.engine.mailboxes import ReadLimits
from connector.engine.reader import WindowQueue
from connector.engine.report import Report
from connector.engine.run import Run
from connector.engine.scheduler import LOOK_EVERY, Scheduler, StopToken, TimeLimit
from connector.graph.client import GraphClient
from connector.graph.inspection import GraphInspection
from connector.graph.mail import GraphMail
from connector.graph.slots import Slots
from connector.http.transport import TokenSource, Transport
from connector.operations.explain import Explanation, explain
from connector.salesforce.auth import SalesforceToken
from connector.salesforce.client import SalesforceClient
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.housekeeping import Housekeeping
from connector.salesforce.inspection import SalesforceInspection
from connector.salesforce.limits import Budget
from connector.salesforce.run_log import SalesforceRunLog
from connector.salesforce.schedule import SalesforceSchedule
from connector.salesforce.setup import SalesforceSetup
from connector.salesforce.stored_mail import SalesforceStoredMail
from connector.salesforce.wire import Names
from connector.salesforce.writer import SalesforceWriter
from connector.settings.model import Settings
from connector.wiring.credentials import grant, graph_token, named_principal


class ProgressView(Protocol):
    """Who wants to see how a run goes."""

    def started(self, queues: Sequence[WindowQueue]) -> None:
        """The mailboxes that are read."""
        ...

    def walked(self, queue: WindowQueue, messages: int) -> None:
        """A window was read."""
        ...


class _UntilHalt:
    """Gives no token once somebody asked to stop, so that nothing more is asked of Graph."""

    def __init__(self, tokens: TokenSource, stop_token: StopToken) -> None:
        self._tokens = tokens
        self._stop_token = stop_token

    def token(self) -> str:
        """A token. Raises StoppedError."""
        self._stop_token.check()
        return self._tokens.token()

    def drop(self, token: str) -> None:
        """Forget this token."""
        self._tokens.drop(token)


def graph_client(settings: Settings, transport: Transport, stop_token: StopToken | None = None) -> GraphClient:
    """The tenant."""
    credential = settings.named_credentials.MicrosoftGraphAPI
    token = graph_token(settings, transport)
    if stop_token is not None:
        token = _UntilHalt(token, stop_token)
    graph = transport.service(
        "Microsoft Graph", credential.url, counted="/v1.0", token=token, setting="named_credentials.MicrosoftGraphAPI"
    )
    return GraphClient(graph, slots=Slots(settings.sync.requests_per_mailbox))


@contextmanager
def graph_mail(
    settings: Settings, transport: Transport, stop_token: StopToken | None = None, *, client: GraphClient | None = None
) -> Iterator[GraphMail]:
    """The mail source, on a client of its own unless one is given."""
    by_person = settings.named_credentials.MicrosoftGraphAPI.identity == "named_principal"
    with ThreadPoolExecutor(max_workers=settings.sync.workers, thread_name_prefix="batches") as pool:
        yield GraphMail(
            client or graph_client(settings, transport, stop_token),
            pool=pool,
            requests=settings.sync.workers,
            attachment_timeout=settings.sync.attachment_timeout_seconds,
            person=named_principal(settings, transport).person if by_person else None,
        )


def salesforce_clients(
    settings: Settings, transport: Transport, *, budget: Budget | None = None
) -> Callable[[], SalesforceClient]:
    """Makes clients of the org that share one sign-in, each with a clock of its own."""
    credential = settings.named_credentials.Salesforce
    setting = "named_credentials.Salesforce"
    token = SalesforceToken(transport.service("Salesforce", credential.url, setting=setting), grant(credential))
    service = transport.service("Salesforce", credential.url, counted="/services/data", token=token, setting=setting)
    names = Names(settings.salesforce.namespace)
    version = settings.salesforce.api_version
    return lambda: SalesforceClient(service, token, version=version, names=names, budget=budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a command asks of a run. `event`: its Run_Key__c or name, whose errors are retried; `kind`: of its own.

    `sweep`: the last sweep_days are swept, due or not. `minutes`: so long it reads at most.
    """

    only: Sequence[str] = ()
    dry_run: bool = False
    retries_only: bool = False
    every_error: bool = False
    event: str | None = None
    kind: EventKind | None = None
    sweep: bool = False
    minutes: float | None = None

    @property
    def event_kind(self) -> EventKind:
        """What its event is called."""
        if self.kind is not None:
            return self.kind
        return EventKind.RETRY if self.retries_only else EventKind.SWEEP if self.sweep else EventKind.MANUAL


def open_door(settings: Settings, stop_token: StopToken | None = None) -> Transport:
    """The door to both services. Waiting for another attempt ends when somebody asks to stop."""
    http = settings.http
    return Transport(
        ca_file=settings.tls.ca_file,
        timeout=http.timeout_seconds,
        max_attempts=http.max_attempts,
        max_wait=http.max_wait_seconds,
        workers=settings.sync.workers,
        sleep=time.sleep if stop_token is None else stop_token.pause,
    )


@contextmanager
def services(
    settings: Settings, stop_token: StopToken | None = None, *, budget: Budget | None = None
) -> Iterator[tuple[GraphMail, SalesforceClient]]:
    """Both services behind one door."""
    with open_door(settings, stop_token) as transport, graph_mail(settings, transport, stop_token) as mail:
        yield mail, salesforce_clients(settings, transport, budget=budget)()


def run_once(
    settings: Settings,
    order: RunRequest,
    *,
    progress: ProgressView | None = None,
    stop_token: StopToken | None = None,
    share: TimeLimit | None = None,
) -> Report:
    """One run with everything it needs. Raises UsageError; what stops the run is in the report.

    `stop_token` ends it early, and `share` when its time is over.
    """
    pace = settings.sync
    if share is None and order.minutes is not None:
        share = TimeLimit(stop_token or StopToken(), seconds=60 * order.minutes)
    budget = Budget(settings.salesforce.daily_call_budget_percent)
    with services(settings, stop_token, budget=budget) as (mail, org):
        admin = SalesforceSetup(org, all_errors=order.every_error, event=order.event, sweep_days=pace.sweep_days)
        directory = SalesforceDirectory(org, lambda: admin.email_fields)
        run = Run(
            admin=admin,
            source=mail,
            directory=directory,
            stored_mail=SalesforceStoredMail(org, directory),
            sink=SalesforceWriter(org, attachment_timeout=pace.attachment_timeout_seconds),
            log_book=SalesforceRunLog(org, admin.attempts, housekeeping=Housekeeping(org, admin.rules)),
            key=new_key(),
            kind=order.event_kind,
            pace=ReadLimits(
                workers=pace.workers,
                requests_per_mailbox=pace.requests_per_mailbox,
                overlap=timedelta(minutes=pace.overlap_minutes),
                settle=timedelta(seconds=pace.settle_seconds),
                sweep_days=pace.sweep_days,
                sweep_now=order.sweep,
            ),
            only=order.only,
            dry_run=order.dry_run,
            retries_only=order.retries_only,
            every_error=order.every_error or order.event is not None,
            progress=progress.walked if progress is not None else None,
            started=progress.started if progress is not None else None,
            limit=share,
        )
        report = run.run()
        report.cut = share is not None and share.cut
        return report


@contextmanager
def scheduler(settings: Settings, stop_token: StopToken, *, look_every: float = LOOK_EVERY) -> Iterator[Scheduler]:
    """What runs when it is due, until somebody asks to stop."""

    def run(job: Job) -> Done:
        share = TimeLimit(stop_token, seconds=60 * settings.sync.slice_minutes)
        kind = EventKind.MANUAL if job is Job.MANUAL else EventKind.RETRY if job is Job.RETRY else EventKind.SCHEDULED
        report = run_once(
            settings, RunRequest(retries_only=job is Job.RETRY, kind=kind), stop_token=stop_token, share=share
        )
        return Done(cut=share.cut, failure=report.failure, logged=report.failure_logged)

    with open_door(settings, stop_token) as transport:
        desk = SalesforceSchedule(salesforce_clients(settings, transport))
        yield Scheduler(desk=desk, run=run, stop_token=stop_token, look_every=look_every)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminDesk:
    """For what only reads Salesforce: all that admins set, when runs are due, and the org."""

    admin: SalesforceSetup
    timetable: SalesforceSchedule
    org: SalesforceClient


@contextmanager
def admin_desk(settings: Settings) -> Iterator[AdminDesk]:
    """The desk, without Microsoft 365."""
    with open_door(settings) as transport:
        clients = salesforce_clients(settings, transport)
        org = clients()
        yield AdminDesk(admin=SalesforceSetup(org), timetable=SalesforceSchedule(clients), org=org)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDesk(AdminDesk):
    """For `check`: both services, and what only it asks of them."""

    mail: GraphMail
    tenant: GraphInspection
    inspection: SalesforceInspection


@contextmanager
def check_desk(settings: Settings) -> Iterator[CheckDesk]:
    """The desk, with Microsoft 365. Nobody has signed in yet."""
    with open_door(settings) as transport:
        graph = graph_client(settings, transport)
        clients = salesforce_clients(settings, transport)
        org = clients()
        with graph_mail(settings, transport, client=graph) as mail:
            yield CheckDesk(
                admin=SalesforceSetup(org),
                timetable=SalesforceSchedule(clients),
                org=org,
                mail=mail,
                tenant=GraphInspection(graph),
                inspection=SalesforceInspection(org),
            )


def explain_once(settings: Settings, *, upn: str, message: str) -> Explanation:
    """Explain one message. Raises UsageError, ServiceError, MailboxError."""
    with services(settings) as (mail, org):
        admin = SalesforceSetup(org, all_errors=True)
        directory = SalesforceDirectory(org, lambda: admin.email_fields)
        return explain(admin, mail, directory, upn=upn, message=message)


def new_key(now: datetime | None = None) -> str:
    """A Run_Key__c: when the run started by this machine's clock, and chance."""
    return f"{(now or datetime.now(UTC)):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
