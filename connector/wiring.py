"""Turns settings into sessions, clients, a run and logging. Nothing else reads the settings."""

import logging
import secrets
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from connector.courses import Pace
from connector.errors import UsageError
from connector.events import EventKind
from connector.explaining import Explanation, explain
from connector.graph.auth import ApplicationToken
from connector.graph.client import GraphClient
from connector.graph.mail import GraphMail
from connector.graph.slots import Slots
from connector.http import Door
from connector.reading import Lane
from connector.salesforce.admin import SalesforceAdmin
from connector.salesforce.auth import ClientCredentials, Grant, JwtBearer, SalesforceToken
from connector.salesforce.client import SalesforceClient
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.names import Names
from connector.salesforce.state import SalesforceRunLog
from connector.salesforce.writer import SalesforceWriter
from connector.settings import AuthProvider, SalesforceCredential, Settings
from connector.sync import Report, Run


class ProgressView(Protocol):
    """Who wants to see how a run goes."""

    def started(self, lanes: Sequence[Lane]) -> None:
        """The mailboxes that are read."""
        ...

    def walked(self, lane: Lane, messages: int) -> None:
        """A window was read."""
        ...


def configure_logging(settings: Settings, *, level: str | None = None) -> None:
    """Log lines on standard error, as JSON or text. `level` overrules the configured one."""
    threshold = logging.getLevelNamesMapping()[(level or settings.logging.level).upper()]
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.logging.format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


@contextmanager
def graph_mail(settings: Settings, door: Door) -> Iterator[GraphMail]:
    """The mail source."""
    credential = settings.named_credentials.MicrosoftGraphAPI
    provider = settings.graph_provider
    entra = door.service("Microsoft Entra", provider.authority, setting="auth_providers")
    token = ApplicationToken(
        client_id=provider.consumer_key,
        credential=_entra_credential(provider, credential.identity),
        authority=provider.authority,
        graph_url=credential.url,
        session=entra.session(idempotent=True),
    )
    graph = door.service(
        "Microsoft Graph", credential.url, counted="/v1.0", token=token, setting="named_credentials.MicrosoftGraphAPI"
    )
    per_mailbox = settings.sync.requests_per_mailbox
    with ThreadPoolExecutor(max_workers=settings.sync.workers, thread_name_prefix="batches") as pool:
        yield GraphMail(
            GraphClient(graph, slots=Slots(per_mailbox)),
            pool=pool,
            per_mailbox=per_mailbox,
            batches=settings.sync.workers,
            attachment_timeout=settings.sync.attachment_timeout_seconds,
        )


def salesforce_client(settings: Settings, door: Door) -> SalesforceClient:
    """The org."""
    credential = settings.named_credentials.Salesforce
    setting = "named_credentials.Salesforce"
    token = SalesforceToken(door.service("Salesforce", credential.url, setting=setting), _grant(credential))
    service = door.service("Salesforce", credential.url, counted="/services/data", token=token, setting=setting)
    names = Names(settings.salesforce.namespace)
    return SalesforceClient(service, token, version=settings.salesforce.api_version, names=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a command asks of a run. `event`: its Run_Key__c or name, whose errors are retried."""

    only: Sequence[str] = ()
    dry_run: bool = False
    retries_only: bool = False
    every_error: bool = False
    event: str | None = None


@contextmanager
def services(settings: Settings) -> Iterator[tuple[GraphMail, SalesforceClient]]:
    """Both services behind one door."""
    http = settings.http
    with (
        Door(
            ca_file=settings.tls.ca_file,
            timeout=http.timeout_seconds,
            max_attempts=http.max_attempts,
            max_wait=http.max_wait_seconds,
            workers=settings.sync.workers,
        ) as door,
        graph_mail(settings, door) as mail,
    ):
        yield mail, salesforce_client(settings, door)


def run_once(settings: Settings, order: Order, *, progress: ProgressView | None = None) -> Report:
    """One run with everything it needs. Raises UsageError; what stops the run is in the report."""
    pace = settings.sync
    with services(settings) as (mail, org):
        admin = SalesforceAdmin(org, all_errors=order.every_error, event=order.event)
        run = Run(
            admin=admin,
            source=mail,
            directory=SalesforceDirectory(org, lambda: admin.email_fields),
            sink=SalesforceWriter(org, attachment_timeout=pace.attachment_timeout_seconds),
            log_book=SalesforceRunLog(org, admin.attempts),
            key=new_key(),
            kind=EventKind.RETRY if order.retries_only else EventKind.MANUAL,
            pace=Pace(
                workers=pace.workers,
                requests_per_mailbox=pace.requests_per_mailbox,
                overlap=timedelta(minutes=pace.overlap_minutes),
                settle=timedelta(seconds=pace.settle_seconds),
            ),
            only=order.only,
            dry_run=order.dry_run,
            retries_only=order.retries_only,
            every_error=order.every_error or order.event is not None,
            progress=progress.walked if progress is not None else None,
            started=progress.started if progress is not None else None,
        )
        return run.run()


def explain_once(settings: Settings, *, upn: str, message: str) -> Explanation:
    """Explain one message. Raises UsageError, ServiceError, MailboxError."""
    with services(settings) as (mail, org):
        admin = SalesforceAdmin(org, all_errors=True)
        directory = SalesforceDirectory(org, lambda: admin.email_fields)
        return explain(admin, mail, directory, upn=upn, message=message)


def _entra_credential(provider: AuthProvider, identity: str) -> str | dict[str, str]:
    """What msal calls the client credential. Raises UsageError for what this version cannot do."""
    if identity != "application":
        raise UsageError(
            "Signing in as a named principal is not possible yet",
            where="named_credentials.MicrosoftGraphAPI.identity",
            remedy="Use identity: application with the application permissions named in the example configuration.",
        )
    if provider.certificate is not None:
        key = provider.certificate.private_key.get_secret_value()
        return {"private_key": key, "thumbprint": provider.certificate.thumbprint.replace(":", "")}
    if provider.consumer_secret is None:
        raise UsageError("There is neither consumer_secret nor certificate", where="auth_providers")
    return provider.consumer_secret.get_secret_value()


def _grant(credential: SalesforceCredential) -> Grant:
    if credential.flow == "jwt" and credential.private_key is not None and credential.username is not None:
        return JwtBearer(
            url=credential.url,
            consumer_key=credential.consumer_key,
            username=credential.username,
            private_key=credential.private_key.get_secret_value(),
        )
    if credential.consumer_secret is None:
        raise UsageError(f"The flow {credential.flow} lacks a credential", where="named_credentials.Salesforce")
    return ClientCredentials(credential.consumer_key, credential.consumer_secret.get_secret_value())


def new_key(now: datetime | None = None) -> str:
    """A Run_Key__c: when the run started by this machine's clock, and chance."""
    return f"{(now or datetime.now(UTC)):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
