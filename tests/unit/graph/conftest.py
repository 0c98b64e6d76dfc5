"""A Graph client over `responses`: nothing is patched, nothing leaves the machine."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from responses import RequestsMock

from connector.graph.client import GraphClient
from connector.graph.dispatch import RequestDispatcher
from connector.http.transport import Transport
from tests.unit.graph.dispatching import Desk, Graph, Make

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


@pytest.fixture
def make() -> Iterator[Make]:
    """Desks by workers and places of a mailbox; closed at the end."""
    made: list[RequestDispatcher] = []

    def desk(graph: Graph | None = None, **how: int) -> Desk:
        graph = graph or Graph()
        made.append(RequestDispatcher(graph, **how))  # type: ignore[arg-type]
        return Desk(graph, made[-1])

    yield desk
    for dispatcher in made:
        dispatcher.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=64) as pool:
        yield pool
