"""Turns settings into sessions, clients, a run and logging. Nothing else reads the settings."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from connector.core.agenda import Done, Job
from connector.courses import Pace
from connector.credentials import grant, graph_token, named_principal
from connector.daemon import LOOK_EVERY, Daemon, Halt, Slice
from connector.events import EventKind
from connector.explaining import Explanation, explain
from connector.graph.client import GraphClient
from connector.graph.inspection import GraphInspection
from connector.graph.mail import GraphMail
from connector.graph.slots import Slots
from connector.http import Door, TokenSource
from connector.reading import Lane
from connector.report import Report
from connector.salesforce.admin import SalesforceAdmin
from connector.salesforce.auth import SalesforceToken
from connector.salesforce.budget import Budget
from connector.salesforce.chores import Chores
from connector.salesforce.client import SalesforceClient
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.inspection import SalesforceInspection
from connector.salesforce.names import Names
from connector.salesforce.state import SalesforceRunLog
from connector.salesforce.stock import SalesforceStock
from connector.salesforce.timetable import SalesforceTimetable
from connector.salesforce.writer import SalesforceWriter
from connector.settings import Settings
from connector.sync import Run


class ProgressView(Protocol):
    """Who wants to see how a run goes."""

    def started(self, lanes: Sequence[Lane]) -> None:
        """The mailboxes that are read."""
        ...

    def walked(self, lane: Lane, messages: int) -> None:
        """A window was read."""
        ...


class _UntilHalt:
    """Gives no token once somebody asked to stop, so that nothing more is asked of Graph."""

    def __init__(self, tokens: TokenSource, halt: Halt) -> None:
        self._tokens = tokens
        self._halt = halt

    def token(self) -> str:
        """A token. Raises StoppedError."""
        self._halt.check()
        return self._tokens.token()

    def drop(self, token: str) -> None:
        """Forget this token."""
        self._tokens.drop(token)


def graph_client(settings: Settings, door: Door, halt: Halt | None = None) -> GraphClient:
    """The tenant."""
    credential = settings.named_credentials.MicrosoftGraphAPI
    token = graph_token(settings, door)
    if halt is not None:
        token = _UntilHalt(token, halt)
    graph = door.service(
        "Microsoft Graph", credential.url, counted="/v1.0", token=token, setting="named_credentials.MicrosoftGraphAPI"
    )
    return GraphClient(graph, slots=Slots(settings.sync.requests_per_mailbox))


@contextmanager
def graph_mail(
    settings: Settings, door: Door, halt: Halt | None = None, *, client: GraphClient | None = None
) -> Iterator[GraphMail]:
    """The mail source, on a client of its own unless one is given."""
    by_person = settings.named_credentials.MicrosoftGraphAPI.identity == "named_principal"
    with ThreadPoolExecutor(max_workers=settings.sync.workers, thread_name_prefix="batches") as pool:
        yield GraphMail(
            client or graph_client(settings, door, halt),
            pool=pool,
            requests=settings.sync.workers,
            attachment_timeout=settings.sync.attachment_timeout_seconds,
            person=named_principal(settings, door).person if by_person else None,
        )


def salesforce_clients(
    settings: Settings, door: Door, *, budget: Budget | None = None
) -> Callable[[], SalesforceClient]:
    """Makes clients of the org that share one sign-in, each with a clock of its own."""
    credential = settings.named_credentials.Salesforce
    setting = "named_credentials.Salesforce"
    token = SalesforceToken(door.service("Salesforce", credential.url, setting=setting), grant(credential))
    service = door.service("Salesforce", credential.url, counted="/services/data", token=token, setting=setting)
    names = Names(settings.salesforce.namespace)
    version = settings.salesforce.api_version
    return lambda: SalesforceClient(service, token, version=version, names=names, budget=budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
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


def open_door(settings: Settings, halt: Halt | None = None) -> Door:
    """The door to both services. Waiting for another attempt ends when somebody asks to stop."""
    http = settings.http
    return Door(
        ca_file=settings.tls.ca_file,
        timeout=http.timeout_seconds,
        max_attempts=http.max_attempts,
        max_wait=http.max_wait_seconds,
        workers=settings.sync.workers,
        sleep=time.sleep if halt is None else halt.pause,
    )


@contextmanager
def services(
    settings: Settings, halt: Halt | None = None, *, budget: Budget | None = None
) -> Iterator[tuple[GraphMail, SalesforceClient]]:
    """Both services behind one door."""
    with open_door(settings, halt) as door, graph_mail(settings, door, halt) as mail:
        yield mail, salesforce_clients(settings, door, budget=budget)()


def run_once(
    settings: Settings,
    order: Order,
    *,
    progress: ProgressView | None = None,
    halt: Halt | None = None,
    share: Slice | None = None,
) -> Report:
    """One run with everything it needs. Raises UsageError; what stops the run is in the report.

    `halt` ends it early, and `share` when its time is over.
    """
    pace = settings.sync
    if share is None and order.minutes is not None:
        share = Slice(halt or Halt(), seconds=60 * order.minutes)
    budget = Budget(settings.salesforce.daily_call_budget_percent)
    with services(settings, halt, budget=budget) as (mail, org):
        admin = SalesforceAdmin(org, all_errors=order.every_error, event=order.event, sweep_days=pace.sweep_days)
        directory = SalesforceDirectory(org, lambda: admin.email_fields)
        run = Run(
            admin=admin,
            source=mail,
            directory=directory,
            stock=SalesforceStock(org, directory),
            sink=SalesforceWriter(org, attachment_timeout=pace.attachment_timeout_seconds),
            log_book=SalesforceRunLog(org, admin.attempts, chores=Chores(org, admin.rules)),
            key=new_key(),
            kind=order.event_kind,
            pace=Pace(
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
def scheduler(settings: Settings, halt: Halt, *, look_every: float = LOOK_EVERY) -> Iterator[Daemon]:
    """What runs when it is due, until somebody asks to stop."""

    def run(job: Job) -> Done:
        share = Slice(halt, seconds=60 * settings.sync.slice_minutes)
        kind = EventKind.MANUAL if job is Job.MANUAL else EventKind.RETRY if job is Job.RETRY else EventKind.SCHEDULED
        report = run_once(settings, Order(retries_only=job is Job.RETRY, kind=kind), halt=halt, share=share)
        return Done(cut=share.cut, failure=report.failure, logged=report.failure_logged)

    with open_door(settings, halt) as door:
        desk = SalesforceTimetable(salesforce_clients(settings, door))
        yield Daemon(desk=desk, run=run, halt=halt, look_every=look_every)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminDesk:
    """For what only reads Salesforce: all that admins set, when runs are due, and the org."""

    admin: SalesforceAdmin
    timetable: SalesforceTimetable
    org: SalesforceClient


@contextmanager
def admin_desk(settings: Settings) -> Iterator[AdminDesk]:
    """The desk, without Microsoft 365."""
    with open_door(settings) as door:
        clients = salesforce_clients(settings, door)
        org = clients()
        yield AdminDesk(admin=SalesforceAdmin(org), timetable=SalesforceTimetable(clients), org=org)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDesk(AdminDesk):
    """For `check`: both services, and what only it asks of them."""

    mail: GraphMail
    tenant: GraphInspection
    inspection: SalesforceInspection


@contextmanager
def check_desk(settings: Settings) -> Iterator[CheckDesk]:
    """The desk, with Microsoft 365. Nobody has signed in yet."""
    with open_door(settings) as door:
        graph = graph_client(settings, door)
        clients = salesforce_clients(settings, door)
        org = clients()
        with graph_mail(settings, door, client=graph) as mail:
            yield CheckDesk(
                admin=SalesforceAdmin(org),
                timetable=SalesforceTimetable(clients),
                org=org,
                mail=mail,
                tenant=GraphInspection(graph),
                inspection=SalesforceInspection(org),
            )


def explain_once(settings: Settings, *, upn: str, message: str) -> Explanation:
    """Explain one message. Raises UsageError, ServiceError, MailboxError."""
    with services(settings) as (mail, org):
        admin = SalesforceAdmin(org, all_errors=True)
        directory = SalesforceDirectory(org, lambda: admin.email_fields)
        return explain(admin, mail, directory, upn=upn, message=message)


def new_key(now: datetime | None = None) -> str:
    """A Run_Key__c: when the run started by this machine's clock, and chance."""
    return f"{(now or datetime.now(UTC)):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
