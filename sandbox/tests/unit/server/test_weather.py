"""Weather: what is drawn from a seed, what is spared, and how it reaches a client."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import pytest
import requests
from m365sandbox.server import SLOW_PIECES, in_pieces
from m365sandbox.up import UpOptions, started
from m365sandbox.weather import PROFILES, WEATHERS, Gust, Weather
from m365sandbox.wire import Response

from tests.support.sandbox_client import SandboxClient

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ADA = "ada@firm.example"


def weather(name: str = "rough", seed: int = 1) -> Weather:
    made = Weather()
    made.change({"weather": name, "weatherSeed": seed})
    return made


def drawn(made: Weather, count: int = 2000, service: str = "graph", top: int = 10) -> list[Gust | None]:
    """What so many different requests of different mailboxes meet."""
    return [made.over(service, "GET", f"/v1.0/users/u{n}/messages?$top={top}", 0, NOW) for n in range(count)]


def told(gust: Gust | None) -> Any:
    return None if gust is None else (gust.status, dict(gust.headers), gust.body, gust.drop, gust.slow_ms)


@pytest.mark.parametrize("service", ["graph", "salesforce"])
@pytest.mark.parametrize("name", WEATHERS)
def test_how_often_something_happens(name: str, service: str) -> None:
    profile = PROFILES[name]
    shares = {**(profile.graph if service == "graph" else profile.salesforce)}
    shares.pop("large page", None)
    made = weather(name)
    met = sum(gust is not None for gust in drawn(made, 4000, service, top=0))
    expected = sum(shares.values()) / 1000
    assert met == pytest.approx(4000 * expected, rel=0.3)
    assert (met == 0) is (name == "calm")


def test_the_same_seed_draws_the_same_weather() -> None:
    first = [told(gust) for gust in drawn(weather(seed=5))]
    assert first == [told(gust) for gust in drawn(weather(seed=5))]
    assert first != [told(gust) for gust in drawn(weather(seed=6))]
    made = weather(seed=5)
    drawn(made)
    made.change({"weather": "rough"})
    assert first == [told(gust) for gust in drawn(made)]


def test_a_service_has_a_sequence_of_its_own() -> None:
    made = weather()
    drawn(made, 500, "salesforce")
    assert [told(gust) for gust in drawn(made)] == [told(gust) for gust in drawn(weather())]


def test_every_form_of_throttling_and_failure_comes() -> None:
    met = [gust for gust in drawn(weather(), 20_000) if gust is not None]
    assert {gust.status for gust in met if gust.replaces} == {429, 502, 503, 504}
    assert {gust.drop for gust in met} == {None, "before", "middle", "after"}
    assert any(gust.slow_ms for gust in met)
    assert any(isinstance(gust.body, str) and "<html>" in gust.body for gust in met)
    forms = Counter(tuple(gust.headers.items())[:1] for gust in met if gust.status == 429)
    values = {form[0] if form else None for form in forms}
    date = next(value for name, value in (form for form in values if form) if ":" in value)
    assert values == {
        ("Retry-After", "1"), ("Retry-After", "0.249"), ("Retry-After", date), ("retry-after", "1"), None
    }  # fmt: skip
    assert (parsedate_to_datetime(date) - NOW).total_seconds() == 1


def test_no_wait_is_longer_than_a_second() -> None:
    for gust in drawn(weather(), 20_000):
        if gust is None:
            continue
        asked = next((v for k, v in gust.headers.items() if k.lower() == "retry-after"), "0")
        seconds = (parsedate_to_datetime(asked) - NOW).total_seconds() if ":" in asked else float(asked)
        assert seconds <= 1
        assert gust.slow_ms <= 1000
        assert gust.delay_ms == 0


def test_what_was_refused_is_let_through_when_it_comes_again() -> None:
    made = weather()
    refused = 0
    for number in range(2000):
        request = ("graph", "GET", f"/v1.0/users/u{number}/messages", 0, NOW)
        if made.over(*request) is not None:
            refused += 1
            for other in range(PROFILES["rough"].rest):  # its mailbox has rested by then
                made.over("graph", "GET", f"/v1.0/users/u{number}/mailFolders?n={other}", 0, NOW)
            assert made.over(*request) is None
    assert refused > 100


def test_what_met_a_planted_fault_is_let_through_when_it_comes_again() -> None:
    made = weather()
    for number in range(500):
        request = ("graph", "GET", f"/v1.0/users/u{number}/messages", 0)
        made.spare(*request)
        assert made.over(*request, NOW) is None


def test_a_body_makes_another_request() -> None:
    made = weather()
    first = next(n for n in range(5000) if made.over("graph", "POST", "/v1.0/$batch", n, NOW) is not None)
    following = [made.over("graph", "POST", "/v1.0/$batch", n, NOW) for n in range(first + 1, first + 2000)]
    assert any(gust is not None for gust in following)


@pytest.mark.parametrize("path", ["/v1.0/users/ada/messages", "/v1.0/users('ada')/mailFolders", "/users/ada?$top=2"])
def test_a_mailbox_that_had_bad_luck_rests(path: str) -> None:
    made = weather()
    rest = PROFILES["rough"].rest
    met = [made.over("graph", "GET", f"{path}#{n}", 0, NOW) is not None for n in range(3000)]
    hits = [n for n, hit in enumerate(met) if hit]
    assert len(hits) > 50
    assert min(b - a for a, b in pairwise(hits)) > rest


def test_large_pages_run_into_more_timeouts() -> None:
    def timeouts(top: int) -> int:
        return sum(gust is not None and gust.status == 504 for gust in drawn(weather(), 20_000, top=top))

    small, large = timeouts(1), timeouts(1000)
    assert large > 3 * small > 0


def test_requests_inside_a_batch_have_weather_of_their_own() -> None:
    made = weather()
    met = [made.inside("graph", "GET", f"/users/u{n}/messages", NOW) for n in range(5000)]
    assert {gust.status for gust in met if gust} == {429, 503, 504}
    assert all(made.inside("salesforce", "POST", f"/services/data/{n}", NOW) is None for n in range(500))


def test_a_slow_body_is_whole() -> None:
    for body in (b"", b"a", b"abcdefghij" * 7):
        answer = in_pieces(Response(200, {"X": "y"}, body), body)
        assert not isinstance(answer.body, bytes)
        pieces = list(answer.body)
        assert b"".join(pieces) == body
        assert len(pieces) <= SLOW_PIECES
        assert answer.headers == {"X": "y", "Content-Length": str(len(body))}


@pytest.fixture(scope="module")
def rough() -> Iterator[SandboxClient]:
    with started(UpOptions(weather="rough")) as line:
        made = SandboxClient(line)
        made.control("POST", "mailboxes", json={"userPrincipalName": ADA})
        made.token()
        yield made
        made.close()


def statuses(client: SandboxClient, ask: Any, count: int) -> Counter[int]:
    """What so many requests end with; 0 for a connection that was reset."""
    found: Counter[int] = Counter()
    for number in range(count):
        try:
            found[ask(number).status_code] += 1
        except requests.RequestException:
            found[0] += 1
    return found


@pytest.mark.slow
def test_rough_weather_reaches_the_clients_of_graph_and_salesforce(rough: SandboxClient) -> None:
    rough.control("POST", "reset")
    rough.control("POST", "mailboxes", json={"userPrincipalName": ADA})
    graph = statuses(rough, lambda n: rough.graph(f"users/{ADA}/messages?$top=5&$skip={n}"), 400)
    assert {200, 429, 503, 0} <= set(graph)
    assert graph[200] > 300
    headers = {"Authorization": f"Bearer {rough.ready['salesforce']['integration']['access_token']}"}

    def query(number: int) -> requests.Response:
        url = f"{rough.url}/services/data/v64.0/query?q=SELECT+Id+FROM+Contact+LIMIT+{number + 1}"
        return rough.session.get(url, headers=headers, timeout=30)

    salesforce = statuses(rough, query, 300)
    assert {200, 503, 0} <= set(salesforce)
    logged = rough.control("GET", "requests").json()["requests"]
    assert {429, 503, 0} <= {entry["status"] for entry in logged}


def test_sign_in_control_and_the_administrator_have_fine_weather(rough: SandboxClient) -> None:
    graph = rough.ready["graph"]
    form = {
        "grant_type": "client_credentials",
        "client_id": graph["client_id"],
        "client_secret": graph["client_secret"],
        "scope": f"{rough.url}/.default",
    }
    admin = {"Authorization": f"Bearer {rough.ready['salesforce']['admin']['access_token']}"}
    for number in range(60):
        assert rough.session.post(f"{rough.url}/{graph['tenant']}/oauth2/v2.0/token", data=form, timeout=30).ok
        assert rough.control("GET", "faults").ok
        url = f"{rough.url}/services/data/v64.0/query?q=SELECT+Id+FROM+Contact+LIMIT+{number + 1}"
        assert rough.session.get(url, headers=admin, timeout=30).ok


def test_a_planted_fault_comes_before_the_weather(rough: SandboxClient) -> None:
    rough.control("POST", "faults", json={"service": "graph", "status": 418, "times": 40})
    found = statuses(rough, lambda n: rough.graph(f"users?$top={n + 1}"), 40)
    assert found == {418: 40}
    # it took the place of the weather, and is not followed by it: what failed once gets through when it comes again
    found = statuses(rough, lambda n: rough.graph(f"users?$top={n + 1}"), 40)
    assert found == {200: 40}


def test_weather_can_be_changed_while_it_runs(rough: SandboxClient) -> None:
    rough.control("PATCH", "tenant", json={"weather": "calm"})
    assert statuses(rough, lambda n: rough.graph(f"users?$top={n + 1}"), 100) == {200: 100}
    rough.control("POST", "reset")
    assert rough.control("PATCH", "tenant", json={}).json()["weather"] == "rough"
