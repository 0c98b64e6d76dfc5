"""How long answers take under `--latency`: arithmetic on counts, no clock."""

import asyncio
from typing import Any

import pytest
from m365sandbox.clock import SandboxClock
from m365sandbox.latency import Latency, Line
from m365sandbox.options import OptionError, parse_latency
from m365sandbox.server import SandboxApp
from m365sandbox.traffic import Faults, RequestLog
from m365sandbox.weather import Weather
from m365sandbox.wire import Request, Response


class Answering:
    """A service with one answer: bytes for a path that ends in `whole`, else the same in pieces."""

    def handle(self, request: Request) -> Response:
        return Response(body=b"x" * 30 if request.path.endswith("whole") else iter([b"x" * 10, b"y" * 20]))

    def work(self) -> bool:
        return False


class Watched(Line):
    """Notes what is sent over it, and lets all pass."""

    def __init__(self) -> None:
        super().__init__(0)
        self.sizes: list[int] = []

    def seconds(self, size: int, now: float) -> float:
        self.sizes.append(size)
        return super().seconds(size, now)


def asked(*paths: str) -> list[int]:
    """What went over the line of Graph when these were asked."""
    line, clock, service = Watched(), SandboxClock(), Answering()
    app = SandboxApp(
        graph=service, entra=service, salesforce=service, control=service, clock=clock, faults=Faults(),
        log=RequestLog(), latency=Latency(), line=line, weather=Weather(), calm_token="",
    )  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"body": b""}

    async def send(_message: dict[str, Any]) -> None: ...

    for path in paths:
        scope = {"method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": []}
        asyncio.run(app({**scope, "scheme": "https", "server": ("localhost", 1)}, receive, send))
    return line.sizes


def test_every_byte_of_graph_goes_over_the_line_and_no_other() -> None:
    assert asked("/v1.0/whole", "/v1.0/pieces") == [30, 10, 20, 0]
    assert asked("/services/data/whole", "/common/whole", "/sandbox/whole", "/services/oauth2/whole") == []


def test_salesforce_takes_its_base_and_its_rows() -> None:
    latency = Latency(80, 120, 0.5, 7, 100)
    assert latency.seconds("salesforce", Response(rows=200)) == pytest.approx(0.22)
    assert latency.seconds("entra", Response()) == latency.seconds("salesforce-auth", Response()) == 0


def test_graph_takes_its_base_and_each_item() -> None:
    assert Latency(80, 120, 0.5, 2).seconds("graph", Response(items=(250,))) == pytest.approx(0.58)
    assert Latency(80, 120, 0.5).seconds("graph", Response(items=(250,))) == pytest.approx(0.08)
    assert Latency(80).seconds("graph", Response()) == pytest.approx(0.08)


@pytest.mark.parametrize(
    ("items", "at_once", "ms"),
    [
        ((0,) * 20, 4, 500),
        ((0,) * 5, 4, 200),
        ((0,) * 5, 1, 500),
        # the long one occupies a place, while the three others carry out the rest
        ((30, 0, 0, 0, 0, 0, 0), 4, 400),
        ((0, 0, 0, 0, 30), 4, 500),
        ((1, 1, 1, 1, 1), 4, 220),
    ],
)
def test_each_request_of_a_batch_waits_for_a_place(items: tuple[int, ...], at_once: int, ms: float) -> None:
    response = Response(items=items, at_once=at_once)
    assert Latency(100, graph_item_ms=10).seconds("graph", response) == pytest.approx(ms / 1000)


def test_bytes_wait_for_those_before_them() -> None:
    line = Line(8)
    assert line.seconds(500_000, now=10) == pytest.approx(0.5)
    assert line.seconds(250_000, now=10) == pytest.approx(0.75)
    assert line.seconds(250_000, now=10.5) == pytest.approx(0.5)
    assert line.seconds(1_000_000, now=20) == pytest.approx(1)


def test_a_line_without_limit_holds_nothing_up() -> None:
    line = Line(0)
    assert line.seconds(10**9, now=1) == line.seconds(10**9, now=1) == 0


@pytest.mark.parametrize("text", ["80,120,0.4", "80,120,0.4,1", "80,120,0.4,1,100"])
def test_latency_has_three_to_five_numbers(text: str) -> None:
    assert parse_latency(text) == tuple(float(part) for part in text.split(","))


@pytest.mark.parametrize("text", ["", "80", "80,120", "80,120,x", "1,2,3,4,5,6", "80,120,nan", "80,120,inf"])
def test_any_other_latency_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="three to five numbers"):
        parse_latency(text)
