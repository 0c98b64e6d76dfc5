"""A Graph client over `responses`: nothing is patched, nothing leaves the machine."""

from collections.abc import Iterator

import pytest
from responses import RequestsMock

from connector.graph.client import GraphClient
from connector.graph.dispatch import RequestDispatcher
from connector.http.transport import Transport

URL = "https://graph.firm.example"


@pytest.fixture
def wire() -> Iterator[RequestsMock]:
    with RequestsMock() as wire:
        yield wire


@pytest.fixture
def client() -> Iterator[GraphClient]:
    with Transport(sleep=lambda _: None, jitter=lambda: 0.0, max_attempts=2) as transport:
        yield GraphClient(transport.service("Microsoft Graph", URL, counted="/v1.0"))


@pytest.fixture
def dispatcher(client: GraphClient) -> Iterator[RequestDispatcher]:
    with RequestDispatcher(client, workers=2) as dispatcher:
        yield dispatcher
