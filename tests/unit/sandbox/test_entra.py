"""Sign-in: discovery, keys and tokens for an application."""

from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from connector.sandbox.entra.urls import EntraSandbox
from connector.sandbox.wire import Request, Response
from tests.unit.sandbox.graph_tenant import content, tokens

BASE = "https://localhost:8443"
TENANT = tokens().tenant


def ask(path: str, method: str = "GET", form: dict[str, str] | None = None) -> Response:
    body = urlencode(form or {}).encode()
    return EntraSandbox(tokens()).handle(Request(method=method, path=path, raw_path=path, content=body, base_url=BASE))


def sign_in(tenant: str = TENANT.id, **changed: str | None) -> Response:
    form = {
        "client_id": TENANT.client_id,
        "client_secret": TENANT.client_secret,
        "grant_type": "client_credentials",
        "scope": "https://graph.microsoft.com/.default",
        **changed,
    }
    return ask(f"/{tenant}/oauth2/v2.0/token", "POST", {k: v for k, v in form.items() if v is not None})


def refusal(response: Response) -> tuple[int, str, int]:
    value: dict[str, Any] = content(response)
    (code,) = value["error_codes"]
    assert value["error_description"].startswith(f"AADSTS{code}: ")
    assert {"timestamp", "trace_id", "correlation_id"} <= set(value)
    return response.status, value["error"], code


@pytest.mark.parametrize("name", [TENANT.id, TENANT.domain, TENANT.id.upper()], ids=["id", "domain", "upper case"])
def test_discovery_by_id_and_by_domain(name: str) -> None:
    value = content(ask(f"/{name}/v2.0/.well-known/openid-configuration"))
    assert value["token_endpoint"] == f"{BASE}/{TENANT.id}/oauth2/v2.0/token"
    assert value["issuer"] == f"{BASE}/{TENANT.id}/v2.0"
    assert value["authorization_endpoint"].startswith(f"{BASE}/{TENANT.id}/")


def test_discovery_of_common_names_no_tenant() -> None:
    value = content(ask("/common/v2.0/.well-known/openid-configuration"))
    assert value["issuer"] == f"{BASE}/{{tenantid}}/v2.0"


def test_discovery_of_another_tenant() -> None:
    assert refusal(ask("/other.example/v2.0/.well-known/openid-configuration")) == (400, "invalid_tenant", 90002)


def test_the_token_is_signed_with_the_published_key() -> None:
    value = content(sign_in())
    assert (value["token_type"], value["expires_in"]) == ("Bearer", 3599)
    (key,) = content(ask(f"/{TENANT.id}/discovery/v2.0/keys"))["keys"]
    public = jwt.PyJWK(key).key
    claims = jwt.decode(value["access_token"], public, algorithms=["RS256"], audience="https://graph.microsoft.com")
    assert (claims["tid"], claims["appid"]) == (TENANT.id, TENANT.client_id)
    assert set(claims["roles"]) == {"Mail.Read", "User.Read.All", "MailboxSettings.Read"}
    assert jwt.get_unverified_header(value["access_token"])["kid"] == key["kid"]


def test_a_token_for_the_sandbox_itself() -> None:
    token = content(sign_in(scope=f"{BASE}/.default"))["access_token"]
    assert tokens().check(token, lambda audience: audience == BASE)["aud"] == BASE


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"tenant": "00000000-0000-0000-0000-000000000009"}, (400, "invalid_request", 90002)),
        ({"tenant": "common"}, (400, "invalid_request", 50059)),
        ({"grant_type": None}, (400, "invalid_request", 900144)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        ({"client_id": None}, (400, "invalid_request", 900144)),
        ({"client_id": "00000000-0000-0000-0000-000000000001"}, (400, "unauthorized_client", 700016)),
        ({"client_secret": None}, (401, "invalid_client", 7000216)),
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"client_secret": None, "client_assertion": "a.b.c"}, (401, "invalid_client", 700027)),
        ({"scope": None}, (400, "invalid_request", 900144)),
        ({"scope": "https://graph.microsoft.com/Mail.Read"}, (400, "invalid_scope", 1002012)),
        ({"scope": "openid"}, (400, "invalid_scope", 1002012)),
        ({"scope": "https://graph.microsoft.com/.default openid"}, (400, "invalid_scope", 70011)),
        ({"scope": "https://api.example/.default"}, (400, "invalid_resource", 500011)),
    ],
)
def test_what_sign_in_refuses(changed: dict[str, str | None], expected: tuple[int, str, int]) -> None:
    assert refusal(sign_in(**changed)) == expected  # type: ignore[arg-type]


def test_other_paths_and_methods() -> None:
    assert ask(f"/{TENANT.id}/oauth2/v2.0/devicecode").status == 404
    assert ask("/").status == 404
    assert ask(f"/{TENANT.id}/oauth2/v2.0/token").status == 405
    assert ask(f"/{TENANT.id}/discovery/v2.0/keys", "POST").status == 405
