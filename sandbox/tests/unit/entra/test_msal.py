"""Microsoft's own sign-in library, unpatched, against the sandbox over HTTPS."""

import re
import threading
import time
import webbrowser
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import msal
import pytest
import requests
from m365sandbox.up import UpOptions, started
from testkit.entra_tenant import certificate, sha1

from tests.support.sandbox_client import SandboxClient

ADA, BOB = "ada@firm.example", "bob@firm.example"
# What msal advises against and clients do all the same.
pytestmark = [
    pytest.mark.filterwarnings("ignore:response_mode='form_post'"),
    pytest.mark.filterwarnings("ignore:Change your get_authorization_request_url"),
    pytest.mark.filterwarnings("ignore:Use (initiate|obtain_token_by)_auth_code_flow"),
    pytest.mark.filterwarnings("ignore:Change your acquire_token_by_authorization_code"),
]
REDIRECT = "http://localhost:5000"
SCOPES = ["https://graph.microsoft.com/Mail.Read", "https://graph.microsoft.com/User.Read"]


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    with started(UpOptions()) as line:
        yield line


@pytest.fixture
def client(ready: dict[str, Any]) -> Iterator[SandboxClient]:
    made = SandboxClient(ready)
    made.control("POST", "reset")
    for upn in (ADA, BOB):
        assert made.control("POST", "mailboxes", json={"userPrincipalName": upn}).status_code == 201
    yield made
    made.close()


def application(client: SandboxClient, kind: Any = msal.ConfidentialClientApplication, **changed: Any) -> Any:
    graph = client.ready["graph"]
    given = {
        "client_id": graph["client_id"],
        "authority": f"{client.url}/{graph['tenant']}",
        "instance_discovery": False,
        "http_client": client.session,
        **changed,
    }
    if kind is msal.ConfidentialClientApplication:
        given.setdefault("client_credential", graph["client_secret"])
    return kind(**given)


def visited(session: requests.Session, address: str) -> tuple[str, dict[str, str]]:
    """Whereto a browser that opens the address is sent back, and with what: by a redirect, or by a form."""
    answer = session.get(address, allow_redirects=False, timeout=30)
    if answer.status_code == 302:
        target, _, query = answer.headers["Location"].partition("?")
        return target, dict(parse_qsl(query))
    (target,) = re.findall('action="([^"]*)"', answer.text)
    return target, dict(re.findall('name="([^"]*)" value="([^"]*)"', answer.text))


def read(client: SandboxClient, token: str, path: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return client.session.get(f"{client.url}/v1.0/{path}", headers=headers, timeout=30)


@pytest.mark.parametrize("form", ["public_certificate", "thumbprint"])
def test_client_credentials_with_a_certificate(client: SandboxClient, form: str) -> None:
    private, public = certificate()
    app_id = client.ready["graph"]["client_id"]
    assert client.control("PATCH", f"apps/{app_id}", json={"certificates": [public]}).status_code == 200
    given = public if form == "public_certificate" else sha1(public)
    app = application(client, client_credential={"private_key": private, form: given})
    value = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    assert value["token_source"] == "identity_provider", value
    assert read(client, value["access_token"], f"users/{ADA}/messages").status_code == 200


def test_an_unknown_certificate_is_told(client: SandboxClient) -> None:
    private, public = certificate()
    app = application(client, client_credential={"private_key": private, "public_certificate": public})
    assert app.acquire_token_for_client(["https://graph.microsoft.com/.default"])["error_codes"] == [700027]


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_person_signs_in_by_code_and_is_refreshed(client: SandboxClient, mode: str) -> None:
    cache = msal.SerializableTokenCache()
    app = application(client, token_cache=cache)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, login_hint=BOB, response_mode=mode)
    value = app.acquire_token_by_auth_code_flow(flow, visited(client.session, flow["auth_uri"])[1])
    assert value["id_token_claims"]["preferred_username"] == BOB
    assert value["token_source"] == "identity_provider"
    (account,) = app.get_accounts()
    assert account["username"] == BOB
    assert app.acquire_token_silent(SCOPES, account=account)["token_source"] == "cache"
    again = app.acquire_token_silent(SCOPES, account=account, force_refresh=True)
    assert again["token_source"] == "identity_provider"
    assert again["access_token"] != value["access_token"]
    kept = next(iter(cache.search(msal.TokenCache.CredentialType.REFRESH_TOKEN)))["secret"]
    other = application(client)
    assert "access_token" in other.acquire_token_by_refresh_token(kept, SCOPES)


def test_a_code_is_redeemed_by_hand(client: SandboxClient) -> None:
    app = application(client)
    address = app.get_authorization_request_url(SCOPES, redirect_uri=REDIRECT, login_hint=ADA)
    code = visited(client.session, address)[1]["code"]
    value = app.acquire_token_by_authorization_code(code, SCOPES, redirect_uri=REDIRECT)
    assert value["id_token_claims"]["preferred_username"] == ADA
    refused = application(client).acquire_token_by_authorization_code(code, SCOPES, redirect_uri=REDIRECT)
    assert refused["error_codes"] == [54005]


class Browser(webbrowser.BaseBrowser):
    """Opens addresses as a browser would, beside msal, which listens for what comes back."""

    def __init__(self, session: requests.Session) -> None:
        super().__init__("sandbox")
        self._session = session
        self.threads: list[threading.Thread] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        thread = threading.Thread(target=self._sign_in, args=(url,))
        thread.start()
        self.threads.append(thread)
        return True

    def _sign_in(self, url: str) -> None:
        target, values = visited(self._session, url)
        self._session.post(target, data=values, timeout=30)


def test_a_public_app_opens_a_browser(client: SandboxClient) -> None:
    made = client.control("POST", "apps", json={"name": "Login", "public": True, "scopes": ["Mail.Read"]}).json()
    assert made["client_secret"] is None
    browser = Browser(client.session)
    webbrowser.register("sandbox", None, browser, preferred=True)
    app = application(client, msal.PublicClientApplication, client_id=made["client_id"])
    value = app.acquire_token_interactive(["https://graph.microsoft.com/Mail.Read"], login_hint=ADA, timeout=30)
    assert value["id_token_claims"]["preferred_username"] == ADA, value
    for thread in browser.threads:
        thread.join(30)


def test_no_app_signs_in_by_device_code(client: SandboxClient) -> None:
    public = client.control("POST", "apps", json={"name": "Device", "public": True, "scopes": ["Mail.Read"]}).json()
    known = client.ready["graph"]["client_id"]
    unknown = "00000000-0000-0000-0000-000000000001"
    for client_id, code in ((public["client_id"], 70003), (known, 7000218), (unknown, 700016)):
        flow = application(client, msal.PublicClientApplication, client_id=client_id).initiate_device_flow(SCOPES)
        assert "user_code" not in flow
        assert flow["error_codes"] == [code]


def test_sessions_that_were_revoked(client: SandboxClient) -> None:
    app = application(client)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, login_hint=ADA, response_mode="form_post")
    app.acquire_token_by_auth_code_flow(flow, visited(client.session, flow["auth_uri"])[1])
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    assert client.control("PATCH", f"mailboxes/{ADA}", json={"signInSessionsValidFromDateTime": later}).ok
    (account,) = app.get_accounts()
    refused = app.acquire_token_silent_with_error(SCOPES, account=account, force_refresh=True)
    assert refused["error_codes"] == [50173]


def test_a_tenant_with_apps_lasts(tmp_path: Any) -> None:
    with started(UpOptions(dir=tmp_path)) as first:
        client = SandboxClient(first)
        made = client.control("POST", "apps", json={"name": "Kept", "roles": ["User.Read.All"]}).json()
        client.close()
    with started(UpOptions(dir=tmp_path)) as second:
        client = SandboxClient(second)
        app = application(client, client_id=made["client_id"], client_credential=made["client_secret"])
        value = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        assert read(client, value["access_token"], "users").status_code == 200
        client.close()
