"""Turns settings into clients of both services. Nothing but `wiring/` reads the settings."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connector.engine.scheduler import StopToken
from connector.graph.client import GraphClient
from connector.graph.dispatch import RequestDispatcher
from connector.graph.mail import GraphMail
from connector.http.bounds import TOKEN_BYTES
from connector.http.transport import TokenSource, Transport
from connector.ports import Directory, MailSource, SetupSource
from connector.salesforce.auth import SalesforceToken
from connector.salesforce.client import SalesforceClient
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.limits import Budget
from connector.salesforce.schedule import SalesforceSchedule
from connector.salesforce.setup import SalesforceSetup
from connector.salesforce.wire import Names
from connector.settings.model import Settings
from connector.wiring.credentials import grant, graph_token, named_principal


class _UntilHalt:
    """A TokenSource that raises StoppedError once a stop was requested, so that no further request is sent."""

    def __init__(self, tokens: TokenSource, stop_token: StopToken) -> None:
        self._tokens = tokens
        self._stop_token = stop_token

    def token(self) -> str:
        """A token. Raises StoppedError."""
        self._stop_token.check()
        return self._tokens.token()

    def drop(self, token: str) -> None:
        """Hand the refused token on to the source of tokens."""
        self._tokens.drop(token)


def graph_client(settings: Settings, transport: Transport, stop_token: StopToken | None = None) -> GraphClient:
    """A client of the tenant; it gets no token once `stop_token` asks to stop."""
    credential = settings.named_credentials.MicrosoftGraphAPI
    token = graph_token(settings, transport)
    if stop_token is not None:
        token = _UntilHalt(token, stop_token)
    graph = transport.service(
        "Microsoft Graph", credential.url, counted="/v1.0", token=token, setting="named_credentials.MicrosoftGraphAPI"
    )
    return GraphClient(graph)


@contextmanager
def graph_mail(
    settings: Settings, transport: Transport, stop_token: StopToken | None = None, *, client: GraphClient | None = None
) -> Iterator[GraphMail]:
    """The mail source, on a client of its own unless one is given."""
    by_person = settings.named_credentials.MicrosoftGraphAPI.identity == "named_principal"
    with RequestDispatcher(
        client or graph_client(settings, transport, stop_token),
        workers=settings.sync.workers,
        per_mailbox=settings.sync.requests_per_mailbox,
    ) as dispatcher:
        yield GraphMail(
            dispatcher,
            attachment_timeout=settings.sync.attachment_timeout_seconds,
            person=named_principal(settings, transport).person if by_person else None,
        )


def salesforce_clients(
    settings: Settings, transport: Transport, *, budget: Budget | None = None
) -> Callable[[], SalesforceClient]:
    """Makes clients of the org that share one sign-in, each of which keeps the org's clock for itself."""
    credential = settings.named_credentials.Salesforce
    setting = "named_credentials.Salesforce"
    sign_in = transport.service("Salesforce", credential.url, setting=setting, most=TOKEN_BYTES)
    token = SalesforceToken(sign_in, grant(credential))
    service = transport.service("Salesforce", credential.url, counted="/services/data", token=token, setting=setting)
    names = Names(settings.salesforce.namespace)
    version = settings.salesforce.api_version
    return lambda: SalesforceClient(service, token, version=version, names=names, budget=budget)


def open_transport(settings: Settings, stop_token: StopToken | None = None) -> Transport:
    """The transport to both services. The pause before another attempt ends when a stop is requested."""
    http = settings.http
    return Transport(
        ca_file=settings.tls.ca_file,
        timeout=http.timeout_seconds,
        max_attempts=http.max_attempts,
        max_wait=http.max_wait_seconds,
        workers=settings.sync.workers,
        proxies=settings.proxies,
        sleep=time.sleep if stop_token is None else stop_token.pause,
    )


@contextmanager
def services(
    settings: Settings, stop_token: StopToken | None = None, *, budget: Budget | None = None
) -> Iterator[tuple[GraphMail, SalesforceClient]]:
    """Both services over one transport."""
    with open_transport(settings, stop_token) as transport, graph_mail(settings, transport, stop_token) as mail:
        yield mail, salesforce_clients(settings, transport, budget=budget)()


@contextmanager
def org_services(settings: Settings) -> Iterator[tuple[SalesforceSetup, SalesforceSchedule]]:
    """What admins set and when runs are due, for what reads Salesforce alone."""
    with open_transport(settings) as transport:
        clients = salesforce_clients(settings, transport)
        yield SalesforceSetup(clients()), SalesforceSchedule(clients)


@contextmanager
def explain_services(settings: Settings) -> Iterator[tuple[SetupSource, MailSource, Directory]]:
    """What admins set with all open error rows, mail, and the look-up of clients and stored mail."""
    with services(settings) as (mail, org):
        setup = SalesforceSetup(org, all_errors=True)
        yield setup, mail, SalesforceDirectory(org, lambda: setup.email_fields)
