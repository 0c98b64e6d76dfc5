"""Sign-in through the real msal, over `responses`: one token for all, renewed in time, dropped when refused."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from responses import RequestsMock

from connector.errors import SignInError, UnreachableError
from connector.graph.auth import REMEDIES, ApplicationToken

TENANT = "https://login.firm.example/firm.example"
TOKEN_URL = f"{TENANT}/oauth2/v2.0/token"


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def wire() -> Iterator[RequestsMock]:
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.get(
            f"{TENANT}/v2.0/.well-known/openid-configuration",
            json={
                "token_endpoint": TOKEN_URL,
                "authorization_endpoint": f"{TENANT}/oauth2/v2.0/authorize",
                "issuer": f"{TENANT}/v2.0",
            },
        )
        yield wire


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Callable[[], ApplicationToken]:
    return lambda: ApplicationToken(
        client_id="11111111-0000-4000-8000-000000000001",
        credential="secret",
        authority=TENANT,
        graph_url="https://graph.firm.example/",
        session=requests.Session(),
        monotonic=clock,
    )


def grant(wire: RequestsMock, token: str, *, expires_in: int = 3599) -> None:
    wire.post(TOKEN_URL, json={"token_type": "Bearer", "expires_in": expires_in, "access_token": token})


def asked(wire: RequestsMock) -> int:
    return sum(call.request.url == TOKEN_URL for call in wire.calls)


def test_one_token_serves_many_threads(make: Callable[[], ApplicationToken], wire: RequestsMock) -> None:
    grant(wire, "t1")
    source = make()
    with ThreadPoolExecutor(max_workers=16) as pool:
        tokens = [future.result() for future in [pool.submit(source.token) for _ in range(64)]]
    assert set(tokens) == {"t1"}
    assert asked(wire) == 1
    body = str(next(call for call in wire.calls if call.request.url == TOKEN_URL).request.body)
    assert "scope=https%3A%2F%2Fgraph.firm.example%2F.default" in body
    assert "grant_type=client_credentials" in body


def test_a_refused_token_is_replaced_once(make: Callable[[], ApplicationToken], wire: RequestsMock) -> None:
    grant(wire, "t1")
    grant(wire, "t2")
    source = make()
    assert source.token() == "t1"
    source.drop("t1")
    assert source.token() == "t2"
    source.drop("t1")  # another thread met the old one too: the new one is kept
    assert source.token() == "t2"
    assert asked(wire) == 2


def test_a_token_that_was_never_ours_is_not_dropped(make: Callable[[], ApplicationToken], wire: RequestsMock) -> None:
    grant(wire, "t1")
    source = make()
    source.drop("t0")
    assert source.token() == "t1"
    source.drop("t0")
    assert source.token() == "t1"
    assert asked(wire) == 1


def test_a_short_token_is_renewed_before_it_runs_out(
    make: Callable[[], ApplicationToken], wire: RequestsMock, clock: Clock
) -> None:
    grant(wire, "t1", expires_in=200)
    grant(wire, "t2", expires_in=200)
    source = make()
    assert source.token() == "t1"
    clock.seconds += 99
    assert source.token() == "t1"
    clock.seconds += 2
    assert source.token() == "t2"


@pytest.mark.parametrize("code", [*REMEDIES, 99])
def test_a_refusal_names_the_remedy(make: Callable[[], ApplicationToken], wire: RequestsMock, code: int) -> None:
    text = f"AADSTS{code}: No.\r\nTrace ID: 1"
    wire.post(TOKEN_URL, status=401, json={"error": "x", "error_description": text, "error_codes": [code]})
    with pytest.raises(SignInError) as caught:
        make().token()
    assert caught.value.remedy == REMEDIES.get(code, caught.value.remedy)
    assert caught.value.remedy
    assert f"AADSTS{code}: No" in str(caught.value)
    assert "Trace" not in str(caught.value)


def test_entra_that_fails_is_not_a_refusal(make: Callable[[], ApplicationToken], wire: RequestsMock) -> None:
    wire.post(TOKEN_URL, status=503, body="<html>busy</html>")
    with pytest.raises(UnreachableError):
        make().token()


def test_after_a_failure_the_next_one_asks_again(make: Callable[[], ApplicationToken], wire: RequestsMock) -> None:
    failed: dict[str, Any] = {"error": "x", "error_description": "AADSTS7000215: No.", "error_codes": [7000215]}
    wire.post(TOKEN_URL, status=401, json=failed)
    grant(wire, "t1")
    source = make()
    with pytest.raises(SignInError):
        source.token()
    assert source.token() == "t1"


@pytest.mark.parametrize("status", [400, 404])
def test_a_tenant_without_metadata(make: Callable[[], ApplicationToken], status: int) -> None:
    with RequestsMock() as wire:
        wire.get(f"{TENANT}/v2.0/.well-known/openid-configuration", status=status, json={"error": "invalid_tenant"})
        with pytest.raises(SignInError, match="tenant"):
            make().token()


def test_a_login_page_in_the_place_of_a_tenant_is_an_error_of_ours(make: Callable[[], ApplicationToken]) -> None:
    """A captive network, or a proxy that wants to know who asks."""
    with RequestsMock() as wire:
        wire.get(f"{TENANT}/v2.0/.well-known/openid-configuration", status=302)
        with pytest.raises(UnreachableError, match="cannot be read"):
            make().token()
