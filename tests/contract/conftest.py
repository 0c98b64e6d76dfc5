"""The adapters as `wiring` makes them, against the sandbox."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from connector.http.transport import Transport
from connector.salesforce.client import SalesforceClient
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.run_log import SalesforceRunLog
from connector.salesforce.setup import SalesforceSetup
from connector.salesforce.writer import SalesforceWriter
from connector.settings.model import load
from connector.wiring.services import salesforce_clients
from tests.support.world import World


@dataclass(frozen=True, slots=True)
class Salesforce:
    """All adapters on one client."""

    client: SalesforceClient
    admin: SalesforceSetup
    directory: SalesforceDirectory
    writer: SalesforceWriter
    log: SalesforceRunLog


@pytest.fixture
def salesforce(world: World) -> Iterator[Salesforce]:
    settings = load(world.config, os.environ)
    with Transport(ca_file=settings.tls.ca_file, timeout=5, sleep=lambda _: None) as transport:
        client = salesforce_clients(settings, transport)()
        admin = SalesforceSetup(client)
        yield Salesforce(
            client=client,
            admin=admin,
            directory=SalesforceDirectory(client, lambda: admin.email_fields),
            writer=SalesforceWriter(client),
            log=SalesforceRunLog(client, admin.attempts),
        )
