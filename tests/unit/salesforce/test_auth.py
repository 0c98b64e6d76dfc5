"""Signing in: what is sent, what a refusal means, and one sign-in for all threads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from responses import RequestsMock

from connector.errors import SignInError, UnreachableError, UsageError
from connector.http.transport import Transport
from connector.salesforce.auth import ClientCredentials, Identity, JwtBearer, SalesforceToken, audience

URL = "https://firm.my.salesforce.com"
GRANTED = {"access_token": "tok", "id": f"{URL}/id/00D000000000001AAA/005000000000001AAA", "instance_url": URL}


@pytest.fixture
def wire() -> Iterator[RequestsMock]:
    with RequestsMock() as wire:
        yield wire


@pytest.fixture
def token() -> Iterator[SalesforceToken]:
    with Transport(sleep=lambda _: None) as transport:
        yield SalesforceToken(transport.service("Salesforce", URL), ClientCredentials("key", "secret"))


def answer(wire: RequestsMock, status: int = 200, **body: Any) -> None:
    wire.post(f"{URL}/services/oauth2/token", status=status, json=body)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://firm.my.salesforce.com", "https://login.salesforce.com"),
        ("https://FIRM.my.salesforce.com/", "https://login.salesforce.com"),
        ("https://firm--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://localhost:8443", "https://localhost:8443"),
    ],
)
def test_audience(url: str, expected: str) -> None:
    assert audience(url) == expected


def test_an_assertion_is_signed_and_short_lived() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    pem = private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    grant = JwtBearer(URL, "key", "sync@firm.example", pem, clock=lambda: 1_000_000.7)
    form_sent = grant.form()
    assert form_sent["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(
        form_sent["assertion"],
        private.public_key(),
        algorithms=["RS256"],
        audience="https://login.salesforce.com",
        options={"verify_exp": False},
    )
    assert claims["iss"] == "key"
    assert claims["sub"] == "sync@firm.example"
    assert 1_000_000 < claims["exp"] <= 1_000_180
    assert pem[30:60] not in repr(grant)


def test_a_key_that_cannot_sign_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="cannot sign"):
        JwtBearer(URL, "key", "u", "no key").form()


def test_client_credentials_are_posted_and_the_identity_is_kept(wire: RequestsMock, token: SalesforceToken) -> None:
    answer(wire, **GRANTED)
    assert token.token() == "tok"
    assert token.identity() == Identity(org="00D000000000001AAA", user="005000000000001AAA")  # type: ignore[arg-type]
    [call] = wire.calls
    assert parse_qs(str(call.request.body)) == {
        "grant_type": ["client_credentials"],
        "client_id": ["key"],
        "client_secret": ["secret"],
    }


def test_many_threads_sign_in_once(wire: RequestsMock, token: SalesforceToken) -> None:
    answer(wire, **GRANTED)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: token.token(), range(40))) == {"tok"}
    assert len(wire.calls) == 1


def test_only_the_token_that_was_refused_is_dropped(wire: RequestsMock, token: SalesforceToken) -> None:
    answer(wire, **GRANTED)
    answer(wire, **{**GRANTED, "access_token": "tok2"})
    token.token()
    token.drop("another")
    assert token.token() == "tok"
    token.drop("tok")
    assert token.token() == "tok2"


@pytest.mark.parametrize(
    ("error", "description", "remedy"),
    [
        ("invalid_client_id", "client identifier invalid", "named_credentials.Salesforce.consumer_key"),
        ("invalid_client", "invalid client credentials", "named_credentials.Salesforce.consumer_secret"),
        ("invalid_grant", "inactive user", "unfreeze it"),
        ("invalid_grant", "user is frozen", "unfreeze it"),
        ("invalid_grant", "user is locked", "Unlock the integration user"),
        ("invalid_grant", "user hasn't approved this consumer", "named_credentials.Salesforce.username"),
        ("invalid_grant", "audience is invalid", "named_credentials.Salesforce.url"),
        ("invalid_grant", "expired authorization code", "clock"),
        ("invalid_grant", "invalid assertion", "named_credentials.Salesforce.private_key"),
        ("inactive_user", "user is inactive", "Activate the integration user"),
        ("invalid_request", "something new", "named_credentials.Salesforce"),
    ],
)
def test_a_refusal_says_what_to_do(
    wire: RequestsMock, token: SalesforceToken, error: str, description: str, remedy: str
) -> None:
    answer(wire, 400, error=error, error_description=description)
    with pytest.raises(SignInError) as caught:
        token.token()
    assert description in caught.value.what
    assert remedy in caught.value.remedy
    assert caught.value.where == "firm.my.salesforce.com"
    assert "secret" not in str(caught.value).replace("consumer_secret", "")


def test_an_org_that_is_down_is_not_a_refusal(wire: RequestsMock, token: SalesforceToken) -> None:
    wire.post(f"{URL}/services/oauth2/token", status=503, body="<html>maintenance</html>")
    with pytest.raises(UnreachableError, match="HTTP 503"):
        token.token()


@pytest.mark.parametrize("body", [{"access_token": "tok"}, {"id": GRANTED["id"]}, {**GRANTED, "id": "https://x/1/2"}])
def test_half_an_answer_is_refused(wire: RequestsMock, token: SalesforceToken, body: dict[str, Any]) -> None:
    answer(wire, **body)
    with pytest.raises(SignInError, match="without a token and an identity"):
        token.token()
