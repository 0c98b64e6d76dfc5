"""Sign-in of a person: codes with PKCE, refresh tokens, and what is refused."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from m365sandbox.entra import grants
from m365sandbox.entra.grants import Code, Grants, challenge_of
from m365sandbox.entra.sign_in_errors import EntraError
from testkit.entra_tenant import ADA, BASE, BOB, SignIn, content, refusal, returned, tenant

VERIFIER = "v" * 64


@pytest.fixture
def service() -> SignIn:
    return SignIn()


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_a_person_signs_in(service: SignIn) -> None:
    challenge = challenge_of(VERIFIER, "S256")
    answer = service.authorize(
        login_hint="BOB@firm.example",
        code_challenge=challenge,
        code_challenge_method="S256",
        nonce="n-1",
        client_info="1",
    )
    back = returned(answer)
    assert answer.headers["Location"].startswith("http://localhost:5000?")
    assert (back["state"], set(back)) == ("s-1", {"code", "state", "session_state", "client_info"})
    value = content(service.redeem(back["code"], code_verifier=VERIFIER, client_info="1"))
    assert set(value) == {
        "token_type", "scope", "expires_in", "ext_expires_in", "access_token", "refresh_token", "id_token",
        "client_info",
    }  # fmt: skip
    access, identity = claims_of(value["access_token"]), claims_of(value["id_token"])
    assert (access["scp"], access["oid"], access["upn"]) == ("Mail.Read", BOB.id, BOB.user_principal_name)
    assert (access["aud"], access["idtyp"], "roles" in access) == ("https://graph.microsoft.com", "user", False)
    assert (identity["aud"], identity["nonce"], identity["oid"]) == (service.first.client_id, "n-1", BOB.id)
    assert (identity["iss"], identity["preferred_username"]) == (f"{BASE}/{tenant().id}/v2.0", "bob@firm.example")
    assert "Mail.Read" in value["scope"].split()


def test_without_a_hint_the_first_person_signs_in(service: SignIn) -> None:
    value = content(service.redeem(service.code(scope="Mail.Read")))
    assert claims_of(value["access_token"])["oid"] == ADA.id
    assert {"refresh_token", "id_token", "client_info"}.isdisjoint(value)


@pytest.mark.parametrize(
    ("scope", "scp", "audience"),
    [
        ("https://graph.microsoft.com/.default", "Mail.Read Mail.Read.Shared User.Read", "https://graph.microsoft.com"),
        ("mail.read USER.READ", "Mail.Read User.Read", "https://graph.microsoft.com"),
        (f"{BASE}/Mail.Read {BASE}/Mail.Read.Shared", "Mail.Read Mail.Read.Shared", BASE),
    ],
)
def test_scopes(service: SignIn, scope: str, scp: str, audience: str) -> None:
    claims = claims_of(content(service.redeem(service.code(scope=scope)))["access_token"])
    assert (claims["scp"], claims["aud"]) == (scp, audience)


@pytest.mark.parametrize(
    ("query", "error", "code"),
    [
        ({"scope": "Mail.ReadWrite"}, "invalid_grant", 65001),
        ({"scope": "Mail.Everything"}, "invalid_client", 650053),
        ({"scope": f"Mail.Read {BASE}/User.Read"}, "invalid_scope", 70011),
        ({"scope": "https://api.example/Read"}, "invalid_resource", 500011),
        ({"scope": None}, "invalid_request", 900144),
        ({"response_type": "token"}, "unsupported_response_type", 700054),
        ({"response_type": None}, "invalid_request", 900144),
        ({"code_challenge": "x", "code_challenge_method": "S512"}, "invalid_request", 501491),
        ({"prompt": "none", "login_hint": "ada@firm.example"}, "login_required", 50058),
    ],
)
def test_what_goes_back_to_the_client(service: SignIn, query: dict[str, str | None], error: str, code: int) -> None:
    back = returned(service.authorize(**query))
    assert (back["error"], back["state"]) == (error, "s-1")
    assert back["error_description"].startswith(f"AADSTS{code}: ")
    assert "code" not in back


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"client_id": "00000000-0000-0000-0000-000000000001"}, 700016),
        ({"client_id": None}, 900144),
        ({"redirect_uri": None}, 900144),
        ({"redirect_uri": "https://elsewhere.example"}, 50011),
        ({"redirect_uri": "http://localhost:5000/other"}, 50011),
        ({"redirect_uri": "https://localhost:5000"}, 50011),
        ({"redirect_uri": "http://localhost.elsewhere.example"}, 50011),
        ({"login_hint": "nobody@firm.example"}, 50034),
        ({"login_hint": "bob@firm.example"}, 50057),
        ({"tenant_name": "common"}, 50194),
        ({"tenant_name": "other.example"}, 90002),
    ],
)
def test_what_a_browser_shows_instead(service: SignIn, query: dict[str, str | None], code: int) -> None:
    service.directory.people = [ADA, replace(BOB, enabled=False)]
    answer = service.authorize(**query)
    assert (answer.status, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert f"AADSTS{code}: ".encode() in bytes(answer.body)  # type: ignore[arg-type]


@pytest.mark.parametrize("uri", ["http://localhost", "http://localhost:1/", "http://127.0.0.1:65535"])
def test_any_port_of_a_loopback_address(service: SignIn, uri: str) -> None:
    code = service.code(redirect_uri=uri)
    assert service.redeem(code, redirect_uri=uri).status == 200


def test_other_addresses_are_compared_exactly(service: SignIn) -> None:
    app = service.tokens.apps.register({"redirect_uris": ["https://app.example/back", "http://intranet.example/back"]})
    service.tokens.apps.change(app.client_id, {"scopes": ["Mail.Read"]})
    assert service.authorize(client_id=app.client_id, redirect_uri="https://app.example/back").status == 302
    others = ("https://app.example/back/", "https://app.example:443/back", "http://intranet.example:8080/back")
    for uri in (*others, "http://localhost"):
        assert service.authorize(client_id=app.client_id, redirect_uri=uri).status == 400


@pytest.mark.parametrize(("mode", "mark"), [("query", "?"), ("fragment", "#")])
def test_response_modes(service: SignIn, mode: str, mark: str) -> None:
    location = service.authorize(response_mode=mode).headers["Location"]
    assert location.startswith(f"http://localhost:5000{mark}code=")


def test_a_form_that_posts_itself(service: SignIn) -> None:
    answer = service.authorize(response_mode="form_post", state='"><b>')
    assert isinstance(answer.body, bytes)
    page = answer.body.decode()
    assert answer.status == 200
    assert 'action="http://localhost:5000"' in page
    assert 'name="state" value="&quot;&gt;&lt;b&gt;"' in page
    assert 'name="code"' in page


def test_a_code_is_good_once_and_for_its_app_and_address_only(service: SignIn) -> None:
    code = service.code()
    other = service.tokens.apps.register({"scopes": ["Mail.Read"]})
    assert refusal(service.redeem(code, client_id=other.client_id, client_secret=other.secret))[2] == 700005
    assert refusal(service.redeem(code, redirect_uri="http://localhost:5001"))[2] == 70000
    assert refusal(service.redeem(code, client_secret=None)) == (401, "invalid_client", 7000218)
    assert refusal(service.redeem(code, client_secret="wrong")) == (401, "invalid_client", 7000215)
    assert service.redeem(code).status == 200
    assert refusal(service.redeem(code)) == (400, "invalid_grant", 54005)
    assert refusal(service.redeem("invented")) == (400, "invalid_grant", 70000)


@pytest.mark.parametrize(
    ("challenge", "verifier", "code"),
    [
        (challenge_of(VERIFIER, "S256"), "w" * 64, 501481),
        (challenge_of(VERIFIER, "S256"), challenge_of(VERIFIER, "S256"), 501481),
        (challenge_of(VERIFIER, "S256"), None, 50148),
        (None, VERIFIER, 501481),
    ],
)
def test_the_verifier_has_to_fit(service: SignIn, challenge: str | None, verifier: str | None, code: int) -> None:
    method = "S256" if challenge else None
    text = service.code(code_challenge=challenge, code_challenge_method=method)
    assert refusal(service.redeem(text, code_verifier=verifier)) == (400, "invalid_grant", code)


def test_a_code_runs_out() -> None:
    now = 1000.0
    book = Grants("key", lambda: now)
    text = book.new_code(
        Code(
            client_id="a",
            user_id="u",
            redirect_uri="",
            resource="",
            scopes=(),
            nonce=None,
            challenge=None,
            challenge_method="plain",
        )
    )
    now += grants.CODE_SECONDS
    assert book.redeem(text, "A").user_id == "u"
    now += 1
    with pytest.raises(EntraError) as refused:
        book.redeem(text, "a")
    assert refused.value.code == 70008


def test_refresh_tokens_rotate_and_the_old_one_stays_good(service: SignIn) -> None:
    first = content(service.redeem(service.code()))["refresh_token"]
    second = content(service.refresh(first))
    assert second["refresh_token"] != first
    assert claims_of(second["access_token"])["scp"] == "Mail.Read"
    assert "id_token" in second
    third = content(service.refresh(second["refresh_token"], scope="https://graph.microsoft.com/User.Read"))
    assert claims_of(third["access_token"])["scp"] == "User.Read"
    assert service.refresh(first).status == 200


def test_refresh_tokens_outlive_the_process(service: SignIn) -> None:
    token = content(service.redeem(service.code()))["refresh_token"]
    assert SignIn().refresh(token).status == 200


def test_refresh_tokens_that_do_not_hold(service: SignIn) -> None:
    token = content(service.redeem(service.code()))["refresh_token"]
    other = service.tokens.apps.register({"scopes": ["Mail.Read"]})
    assert refusal(service.refresh(token, client_id=other.client_id, client_secret=other.secret))[2] == 700005
    for broken in (f"{token[:-6]}AAAA==", "1.A####", "invented", token[3:]):
        assert refusal(service.refresh(broken)) == (400, "invalid_grant", 70000)
    assert refusal(service.refresh(token, scope="Mail.Send")) == (400, "invalid_grant", 65001)
    service.directory.people = [replace(ADA, valid_from=4_000_000_000)]
    assert refusal(service.refresh(token)) == (400, "invalid_grant", 50173)
    service.directory.people = [replace(ADA, enabled=False)]
    assert refusal(service.refresh(token)) == (400, "invalid_grant", 50057)
    service.directory.people = []
    assert refusal(service.refresh(token)) == (400, "invalid_grant", 50034)


def test_a_refresh_token_that_nobody_used() -> None:
    now = 1000.0
    book = Grants("key", lambda: now)
    text = book.new_refresh_token(client_id="a", user_id="u", resource="r", scopes=("Mail.Read",))
    now += grants.REFRESH_SECONDS
    assert book.refresh(text, "a").scopes == ("Mail.Read",)
    now += 1
    with pytest.raises(EntraError) as refused:
        book.refresh(text, "a")
    assert refused.value.code == 700082


def test_a_public_app_needs_no_secret_and_must_not_have_one(service: SignIn) -> None:
    app = service.tokens.apps.register({"public": True, "scopes": ["Mail.Read"]})
    assert app.secret == ""
    code = service.code(client_id=app.client_id)
    assert refusal(service.redeem(code, client_id=app.client_id))[2] == 700025
    assert service.redeem(code, client_id=app.client_id, client_secret=None).status == 200


def test_common_is_for_apps_of_many_tenants(service: SignIn) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    assert refusal(service.token("common", **form)) == (400, "invalid_request", 50194)


def test_a_request_can_be_posted(service: SignIn) -> None:
    form = {"client_id": service.first.client_id, "redirect_uri": "http://localhost", "scope": "Mail.Read"}
    path = f"/{tenant().id}/oauth2/v2.0/authorize"
    answer = service.ask(path, "POST", form={**form, "response_type": "code"})
    assert "code" in dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
