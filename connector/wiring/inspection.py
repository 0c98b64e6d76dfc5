"""What `check` needs: both services with what only a check asks of them, and what the configuration says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from cryptography import x509

from connector.graph.delegated import UNUSED, TokenFile
from connector.graph.inspection import GraphInspection
from connector.operations.check import GRAPH, SALESFORCE, CheckServices, ConnectionFacts, Credential
from connector.salesforce.inspection import SalesforceInspection
from connector.salesforce.schedule import SalesforceSchedule
from connector.salesforce.setup import SalesforceSetup
from connector.settings.model import Settings
from connector.wiring.services import graph_client, graph_mail, open_transport, salesforce_clients

_BEGIN_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


@contextmanager
def check_services(settings: Settings) -> Iterator[CheckServices]:
    """The services of a check; no sign-in has been tried when they are handed out."""
    with open_transport(settings) as transport:
        graph = graph_client(settings, transport)
        clients = salesforce_clients(settings, transport)
        org = clients()
        with graph_mail(settings, transport, client=graph) as mail:
            yield CheckServices(
                setup=SalesforceSetup(org),
                schedule=SalesforceSchedule(clients),
                org=SalesforceInspection(org),
                tenant=GraphInspection(graph),
                mail=mail,
            )


def connection_facts(settings: Settings) -> ConnectionFacts:
    """What the configuration says of the connection, without a secret. Raises UsageError for the token file."""
    graph = settings.named_credentials.MicrosoftGraphAPI
    used = TokenFile(graph.token_file).written_at if graph.token_file is not None else None
    return ConnectionFacts(
        tenant=settings.graph_provider.tenant,
        as_application=graph.identity == "application",
        credentials=tuple(_credentials(settings)),
        sign_in_ends=None if used is None else used + UNUSED,
        call_budget_percent=settings.salesforce.daily_call_budget_percent,
    )


def _credentials(settings: Settings) -> Iterator[Credential]:
    provider = settings.graph_provider
    if provider.certificate is not None:
        ends = _certificate_end(provider.certificate.private_key.get_secret_value())
        yield Credential(service=GRAPH, kind="certificate", expires=ends)
    elif provider.consumer_secret is not None:
        yield Credential(service=GRAPH, kind="secret", expires=None)
    org = settings.named_credentials.Salesforce
    if org.private_key is not None:
        ends = _certificate_end(org.private_key.get_secret_value())
        yield Credential(service=SALESFORCE, kind="certificate", expires=ends)
    else:
        yield Credential(service=SALESFORCE, kind="secret", expires=None)


def _certificate_end(pem: str) -> datetime | None:
    """When the certificate ends that stands beside a private key in its file; None where there is none."""
    start = pem.find(_BEGIN_CERTIFICATE)
    if start < 0:
        return None
    try:
        return x509.load_pem_x509_certificate(pem[start:].encode()).not_valid_after_utc
    except ValueError:
        return None
