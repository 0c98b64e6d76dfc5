"""Sign-in: discovery, keys and tokens for an application."""

import time

import jwt
import pytest
from m365sandbox.entra.clouds import accepts
from m365sandbox.wire import Response
from testkit.entra_tenant import BASE, SignIn, content, refusal, tenant

TENANT = tenant()
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPE = "https://graph.microsoft.com/.default"


@pytest.fixture
def service() -> SignIn:
    return SignIn()


def sign_in(service: SignIn, tenant_name: str | None = None, **changed: str | None) -> Response:
    return service.token(tenant_name, **{"grant_type": "client_credentials", "scope": SCOPE, **changed})


@pytest.mark.parametrize("name", [TENANT.id, TENANT.domain, TENANT.id.upper()], ids=["id", "domain", "upper case"])
def test_discovery_by_id_and_by_domain(service: SignIn, name: str) -> None:
    value = content(service.ask(f"/{name}/v2.0/.well-known/openid-configuration"))
    assert value["token_endpoint"] == f"{BASE}/{TENANT.id}/oauth2/v2.0/token"
    assert value["issuer"] == f"{BASE}/{TENANT.id}/v2.0"
    assert value["authorization_endpoint"].startswith(f"{BASE}/{TENANT.id}/")


def test_discovery_of_common_names_no_tenant(service: SignIn) -> None:
    value = content(service.ask("/common/v2.0/.well-known/openid-configuration"))
    assert value["issuer"] == f"{BASE}/{{tenantid}}/v2.0"


def test_discovery_of_another_tenant(service: SignIn) -> None:
    assert refusal(service.ask("/other.example/v2.0/.well-known/openid-configuration")) == (
        400,
        "invalid_tenant",
        90002,
    )


def test_discovery_tells_all_that_the_protocol_shows(service: SignIn) -> None:
    # Microsoft identity platform, "OpenID Connect": the sample of a configuration document.
    value = content(service.ask(f"/{TENANT.id}/v2.0/.well-known/openid-configuration"))
    assert value["userinfo_endpoint"] == "https://graph.microsoft.com/oidc/userinfo"
    assert value["device_authorization_endpoint"] == f"{BASE}/{TENANT.id}/oauth2/v2.0/devicecode"
    assert value["frontchannel_logout_supported"] is True
    assert {"sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "tid"} <= set(value["claims_supported"])


def test_instance_discovery_names_the_clouds(service: SignIn) -> None:
    path, query = "/common/discovery/instance", "api-version=1.1&authorization_endpoint="
    found = content(service.ask(path, query=f"{query}{BASE}/common/oauth2/v2.0/authorize"))
    aliases = [cloud["aliases"] for cloud in found["metadata"]]
    assert [names[0] for names in aliases[1:]] == [
        "login.microsoftonline.com",
        "login.partner.microsoftonline.cn",
        "login.microsoftonline.us",
    ]
    assert aliases[0] == [BASE.partition("://")[2]]
    assert found["tenant_discovery_endpoint"] == f"{BASE}/common/v2.0/.well-known/openid-configuration"
    for wrong in ("https://login.example/common/oauth2/v2.0/authorize", "http://localhost/common"):
        assert refusal(service.ask(path, query=f"{query}{wrong}")) == (400, "invalid_instance", 50049)


def test_the_token_is_signed_with_the_published_key(service: SignIn) -> None:
    value = content(sign_in(service))
    assert (value["token_type"], value["expires_in"]) == ("Bearer", 3599)
    (key,) = content(service.ask(f"/{TENANT.id}/discovery/v2.0/keys"))["keys"]
    public = jwt.PyJWK(key).key
    claims = jwt.decode(value["access_token"], public, algorithms=["RS256"], audience="https://graph.microsoft.com")
    assert (claims["tid"], claims["appid"]) == (TENANT.id, TENANT.client_id)
    assert set(claims["roles"]) == {"Mail.Read", "User.Read.All", "MailboxSettings.Read"}
    assert jwt.get_unverified_header(value["access_token"])["kid"] == key["kid"]


def test_a_token_for_the_sandbox_itself(service: SignIn) -> None:
    token = content(sign_in(service, scope=f"{BASE}/.default"))["access_token"]
    assert service.tokens.check(token, lambda audience: audience == BASE)["aud"] == BASE


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"tenant_name": "00000000-0000-0000-0000-000000000009"}, (400, "invalid_request", 90002)),
        ({"tenant_name": "common"}, (400, "invalid_request", 50059)),
        ({"grant_type": None}, (400, "invalid_request", 900144)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        ({"client_id": None}, (400, "invalid_request", 900144)),
        ({"client_id": "00000000-0000-0000-0000-000000000001"}, (400, "unauthorized_client", 700016)),
        ({"client_secret": None}, (401, "invalid_client", 7000216)),
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        (
            {"client_secret": None, "client_assertion": "a.b.c", "client_assertion_type": JWT_BEARER},
            (401, "invalid_client", 50027),
        ),
        ({"scope": None}, (400, "invalid_request", 900144)),
        ({"scope": "https://graph.microsoft.com/Mail.Read"}, (400, "invalid_scope", 1002012)),
        ({"scope": "openid"}, (400, "invalid_scope", 1002012)),
        ({"scope": "https://graph.microsoft.com/.default openid"}, (400, "invalid_scope", 70011)),
        ({"scope": "https://api.example/.default"}, (400, "invalid_resource", 500011)),
    ],
)
def test_what_sign_in_refuses(service: SignIn, changed: dict[str, str | None], expected: tuple[int, str, int]) -> None:
    assert refusal(sign_in(service, **changed)) == expected


def test_other_paths_and_methods(service: SignIn) -> None:
    assert service.ask(f"/{TENANT.id}/oauth2/v2.0/devicecode").status == 405
    assert service.ask(f"/{TENANT.id}/oauth2/v2.0/devices").status == 404
    assert service.ask("/").status == 404
    assert service.ask(f"/{TENANT.id}/oauth2/v2.0/token").status == 405
    assert service.ask(f"/{TENANT.id}/discovery/v2.0/keys", "POST").status == 405


def test_a_secret_can_run_out(service: SignIn) -> None:
    service.tokens.apps.change(TENANT.client_id, {"secret_expires": time.time() - 1})
    assert refusal(sign_in(service)) == (401, "invalid_client", 7000222)
    assert refusal(sign_in(service, client_secret="wrong")) == (401, "invalid_client", 7000215)
    service.tokens.apps.change(TENANT.client_id, {"secret_expires": time.time() + 3600})
    assert sign_in(service).status == 200


def test_another_app_has_its_own_roles(service: SignIn) -> None:
    app = service.tokens.apps.register({"name": "Writer", "roles": ["Mail.ReadWrite", "Mail.Send"]})
    answer = sign_in(service, client_id=app.client_id.upper(), client_secret=app.secret)
    claims = jwt.decode(content(answer)["access_token"], options={"verify_signature": False})
    assert (claims["appid"], claims["roles"], claims["idtyp"]) == (
        app.client_id,
        ["Mail.ReadWrite", "Mail.Send"],
        "app",
    )
    assert refusal(sign_in(service, client_id=app.client_id)) == (401, "invalid_client", 7000215)


def test_an_app_without_roles_gets_a_token_without_the_claim(service: SignIn) -> None:
    app = service.tokens.apps.register({"scoped_roles": ["Mail.Read"], "mailboxes": ["ada@firm.example"]})
    answer = sign_in(service, client_id=app.client_id, client_secret=app.secret)
    claims = jwt.decode(content(answer)["access_token"], options={"verify_signature": False})
    assert "roles" not in claims


@pytest.mark.parametrize(
    ("login", "graph", "other"),
    [
        ("login.microsoftonline.us", "graph.microsoft.us", "graph.microsoft.com"),
        ("login.microsoftonline.us", "dod-graph.microsoft.us", "graph.microsoft.com"),
        ("login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", "graph.microsoft.us"),
        ("login.microsoftonline.com", "graph.microsoft.com", "graph.microsoft.us"),
    ],
)
def test_a_national_cloud_has_its_own_graph(service: SignIn, login: str, graph: str, other: str) -> None:
    base = f"https://{login}"
    found = content(service.ask(f"/{TENANT.id}/v2.0/.well-known/openid-configuration", base=base))
    assert found["token_endpoint"] == f"{base}/{TENANT.id}/oauth2/v2.0/token"
    token = content(sign_in(service, base=base, scope=f"https://{graph}/.default"))["access_token"]
    audience = jwt.decode(token, options={"verify_signature": False})["aud"]
    assert audience == f"https://{graph}"
    assert accepts(f"https://{graph}", audience)
    assert not accepts(f"https://{other}", audience)
    answer = sign_in(service, base=base, scope=f"https://{other}/.default")
    assert refusal(answer) == (400, "invalid_resource", 500011)
