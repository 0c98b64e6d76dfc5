"""Signing in: client credentials, JWT bearer, tokens, identity."""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from m365sandbox.salesforce.service import SalesforceSandbox
from m365sandbox.wire import Request

from tests.support.salesforce_org import (
    BASE_URL,
    CLIENT_ID,
    CLIENT_SECRET,
    Client,
    admin,
    integration,
    key_pair,
    new_org,
    new_user,
)

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


def sign_in(org: SalesforceSandbox, form: dict[str, str], headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
    path = "/services/oauth2/token"
    request = Request("POST", path, path, (), headers or {}, urlencode(form).encode(), BASE_URL)
    response = org.handle(request)
    assert isinstance(response.body, bytes)
    return response.status, json.loads(response.body)


def assertion(org: SalesforceSandbox, **changes: Any) -> dict[str, str]:
    claims = {
        "iss": CLIENT_ID,
        "sub": org.integration.username,
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
        **changes,
    }
    return {"grant_type": JWT_GRANT, "assertion": jwt.encode(claims, key_pair()[0], algorithm="RS256")}


def test_client_credentials_in_the_body_give_a_token_of_the_integration_user(org: SalesforceSandbox) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    status, body = sign_in(org, form)
    assert status == 200
    assert body["token_type"] == "Bearer"
    assert body["instance_url"] == BASE_URL
    assert body["id"] == f"{BASE_URL}/id/{org.org_id}/{org.integration.user_id}"
    assert body["access_token"].startswith(f"{org.org_id[:15]}!")
    userinfo = Client(org, body["access_token"]).send("GET", "/services/oauth2/userinfo")
    assert userinfo.body["preferred_username"] == org.integration.username


def test_the_answer_to_client_credentials_is_signed_and_that_to_an_assertion_is_not(org: SalesforceSandbox) -> None:
    """Help, "OAuth 2.0 Client Credentials Flow" and "OAuth 2.0 JWT Bearer Flow"; django-salesforce wants the former."""
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    _, body = sign_in(org, form)
    digest = hmac.digest(CLIENT_SECRET.encode(), f"{body['id']}{body['issued_at']}".encode(), "sha256")
    assert base64.b64decode(body["signature"]) == digest
    assert set(sign_in(org, assertion(org))[1]) == {"access_token", "scope", "instance_url", "id", "token_type"}


def test_client_credentials_may_stand_in_a_basic_header(org: SalesforceSandbox) -> None:
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    status, _ = sign_in(org, {"grant_type": "client_credentials"}, {"authorization": f"Basic {basic}"})
    assert status == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_id": "other", "client_secret": CLIENT_SECRET}, "invalid_client_id"),
        ({"client_id": CLIENT_ID, "client_secret": "wrong"}, "invalid_client"),
        ({}, "invalid_client_id"),
    ],
)
def test_wrong_client_credentials_are_an_oauth_error_object(
    org: SalesforceSandbox, form: dict[str, str], error: str
) -> None:
    status, body = sign_in(org, {"grant_type": "client_credentials", **form})
    assert status == 400
    assert body["error"] == error
    assert body["error_description"]


def test_other_grants_are_not_supported(org: SalesforceSandbox) -> None:
    assert sign_in(org, {"grant_type": "device"})[1]["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    ("grant", "description"),
    [
        ("password", "authentication failure"),
        ("refresh_token", "expired access/refresh token"),
        ("authorization_code", "invalid authorization code"),
    ],
)
def test_grants_that_nobody_here_can_have_are_refused(org: SalesforceSandbox, grant: str, description: str) -> None:
    form = {"grant_type": grant, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    refused = {"error": "invalid_grant", "error_description": description}
    assert sign_in(org, form) == (400, refused)
    assert sign_in(org, {**form, "client_id": "other"})[1]["error"] == "invalid_client_id"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": "https://test.salesforce.com"},
        {"aud": f"{BASE_URL}/"},
        {"exp": str(int(time.time()) + 3600)},
        {"exp": int(time.time() * 1000) + 3_600_000},
    ],
    ids=["seconds", "test", "own address", "text", "milliseconds"],
)
def test_a_signed_assertion_gives_a_token(org: SalesforceSandbox, changes: dict[str, Any]) -> None:
    status, body = sign_in(org, assertion(org, **changes))
    assert status == 200, body
    assert Client(org, body["access_token"]).send("GET", "limits").status == 200


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"iss": "other"}, "invalid_client_id", "client identifier invalid"),
        ({"sub": "nobody@firm.example"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"aud": "https://elsewhere.example"}, "invalid_grant", "audience is invalid"),
        ({"exp": int(time.time()) - 5}, "invalid_grant", "expired authorization code"),
        ({"exp": None}, "invalid_grant", "expired authorization code"),
    ],
)
def test_a_wrong_claim_is_refused(
    org: SalesforceSandbox, changes: dict[str, Any], error: str, description: str
) -> None:
    status, body = sign_in(org, assertion(org, **changes))
    assert (status, body["error"], body["error_description"]) == (400, error, description)


def test_another_key_and_another_algorithm_are_refused(org: SalesforceSandbox) -> None:
    claims = {"iss": CLIENT_ID, "sub": org.integration.username, "aud": BASE_URL, "exp": int(time.time()) + 60}
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for signed in (
        jwt.encode(claims, stranger, algorithm="RS256"),
        jwt.encode(claims, "x" * 32, algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
        "nonsense",
    ):
        status, body = sign_in(org, {"grant_type": JWT_GRANT, "assertion": signed})
        assert (status, body["error"]) == (400, "invalid_grant")


def test_an_inactive_user_cannot_sign_in_and_loses_the_session(org: SalesforceSandbox) -> None:
    user_id, client = new_user(org, "Leaver")
    assert client.send("GET", "recent").status == 200
    assert admin(org).change("User", user_id, IsActive=False).status == 204
    assert client.send("GET", "recent").code == "INVALID_SESSION_ID"
    status, body = sign_in(org, assertion(org, sub="leaver@firm.example"))
    assert (status, body) == (400, {"error": "invalid_grant", "error_description": "inactive user"})


def freeze(org: SalesforceSandbox, user_id: str) -> None:
    [row] = admin(org).query(f"SELECT Id FROM UserLogin WHERE UserId = '{user_id}'")
    assert admin(org).change("UserLogin", row["Id"], IsFrozen=True).status == 204


def test_a_frozen_user_cannot_sign_in(org: SalesforceSandbox) -> None:
    user_id, _ = new_user(org, "Cold")
    freeze(org, user_id)
    status, body = sign_in(org, assertion(org, sub="cold@firm.example"))
    assert (status, body) == (400, {"error": "invalid_grant", "error_description": "inactive user"})


def test_client_credentials_of_a_frozen_user_give_nothing(org: SalesforceSandbox) -> None:
    freeze(org, org.integration.user_id)
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    status, body = sign_in(org, form)
    assert (status, body["error_description"]) == (400, "inactive user")


@pytest.mark.parametrize("token", ["x", "00Dxx!unknown"])
def test_without_a_known_token_the_session_is_invalid(org: SalesforceSandbox, token: str) -> None:
    answer = Client(org, token).send("GET", "recent")
    assert (answer.status, answer.code, answer.message) == (401, "INVALID_SESSION_ID", "Session expired or invalid")


def test_a_revoked_token_is_unknown(org: SalesforceSandbox) -> None:
    _, client = new_user(org, "Guest")
    body = urlencode({"token": client.token}).encode()
    assert client.send("POST", "/services/oauth2/revoke", body).status == 200
    assert client.send("GET", "recent").status == 401


def test_identity_says_who_is_signed_in(org: SalesforceSandbox) -> None:
    client = integration(org)
    link = client.send("GET", "").body["identity"]
    assert link.startswith(f"{BASE_URL}/id/")
    answer = client.send("GET", link.removeprefix(BASE_URL))
    assert answer.body["user_id"] == org.integration.user_id
    assert answer.body["organization_id"] == org.org_id
    assert client.send("GET", f"/id/{org.org_id}/{org.admin.user_id}").status == 403


def test_a_database_goes_on_with_its_rows_ids_and_tokens(tmp_path: Path) -> None:
    first = new_org(tmp_path / "org.db")
    contact = admin(first).made("Contact", LastName="Stays")
    token, org_id = first.admin.access_token, first.org_id
    first.close()
    second = new_org(tmp_path / "org.db")
    assert (second.org_id, second.admin.access_token) == (org_id, token)
    assert admin(second).row("Contact", contact, "LastName")["LastName"] == "Stays"
    assert admin(second).made("Contact", LastName="New") > contact
    second.close()
