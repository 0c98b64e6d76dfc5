"""The adapters as `wiring` makes them, against the sandbox."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from connector.http import Door
from connector.salesforce.admin import SalesforceAdmin
from connector.salesforce.client import SalesforceClient
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.state import SalesforceRunLog
from connector.salesforce.writer import SalesforceWriter
from connector.settings import load
from connector.wiring import salesforce_clients
from tests.world import World


@dataclass(frozen=True, slots=True)
class Salesforce:
    """All adapters on one client."""

    client: SalesforceClient
    admin: SalesforceAdmin
    directory: SalesforceDirectory
    writer: SalesforceWriter
    log: SalesforceRunLog


@pytest.fixture
def salesforce(world: World) -> Iterator[Salesforce]:
    settings = load(world.config, os.environ)
    with Door(ca_file=settings.tls.ca_file, timeout=5, sleep=lambda _: None) as door:
        client = salesforce_clients(settings, door)()
        admin = SalesforceAdmin(client)
        yield Salesforce(
            client=client,
            admin=admin,
            directory=SalesforceDirectory(client, lambda: admin.email_fields),
            writer=SalesforceWriter(client),
            log=SalesforceRunLog(client, admin.attempts),
        )
