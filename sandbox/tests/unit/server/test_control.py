"""The control API over HTTPS, call by call."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from m365sandbox.up import UpOptions, started

from tests.support.sandbox_client import SandboxClient

ADA = "ada@firm.example"


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    with started(UpOptions()) as line:
        yield line


@pytest.fixture
def client(ready: dict[str, Any]) -> Iterator[SandboxClient]:
    made = SandboxClient(ready)
    made.control("POST", "reset")
    yield made
    made.close()


def test_a_mailbox_is_made_changed_and_deleted(client: SandboxClient) -> None:
    made = client.control("POST", "mailboxes", json={"userPrincipalName": ADA, "displayName": "Ada"})
    assert made.status_code == 201
    guid = made.json()["id"]
    assert client.graph(f"users/{guid}").json()["displayName"] == "Ada"
    changed = client.control("PATCH", f"mailboxes/{ADA}", json={"state": "unlicensed"})
    assert (changed.status_code, changed.json()) == (200, {"id": guid})
    assert client.graph(f"users/{ADA}/messages").status_code == 404
    assert client.control("DELETE", f"mailboxes/{ADA}").status_code == 200
    assert client.control("DELETE", f"mailboxes/{ADA}").status_code == 404


def test_mail_comes_as_mime(client: SandboxClient) -> None:
    client.control("POST", "mailboxes", json={"userPrincipalName": ADA})
    mail = b"From: Cleo <cleo@client.example>\r\nTo: ada@firm.example\r\nBcc: eve@client.example\r\n"
    mail += b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    mail += b"Message-ID: <1@client.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n\r\nHello\r\n"
    made = client.control(
        "POST",
        f"mailboxes/{ADA}/messages?received=2026-03-02T09:00:05Z&folder=Inbox/Clients",
        data=mail,
        headers={"Content-Type": "message/rfc822"},
    )
    assert made.status_code == 201
    ids = made.json()
    assert ids["internetMessageId"] == "<1@client.example>"
    shown = client.graph(f"users/{ADA}/messages/{ids['id']}").json()
    assert (shown["subject"], shown["sentDateTime"]) == ("Grüße", "2026-03-02T09:00:00Z")
    assert (shown["receivedDateTime"], shown["bccRecipients"]) == ("2026-03-02T09:00:05Z", [])
    assert shown["id"] == ids["restId"]
    assert b"eve@client.example" not in client.graph(f"users/{ADA}/messages/{ids['id']}/$value").content
    (folder,) = client.graph(f"users/{ADA}/mailFolders/inbox/childFolders").json()["value"]
    assert folder["displayName"] == "Clients"


def test_mail_comes_as_json(client: SandboxClient) -> None:
    client.control("POST", "mailboxes", json={"userPrincipalName": ADA})
    message = {"subject": "Plan", "attachments": [{"name": "a.txt", "contentBytes": "aGk="}]}
    made = client.control("POST", f"mailboxes/{ADA}/messages?folder=sentitems", json=message)
    assert made.status_code == 201
    shown = client.graph(f"users/{ADA}/mailFolders/sentitems/messages").json()["value"]
    assert [(item["subject"], item["hasAttachments"]) for item in shown] == [("Plan", True)]


def test_users_of_salesforce(client: SandboxClient) -> None:
    wanted = {
        "username": "bo@firm.example",
        "name": "Bo Finch",
        "email": "bo@firm.example",
        "active": True,
        "permissionSets": ["Microsoft_365_Sync_User"],
    }
    made = client.control("POST", "users", json=wanted)
    assert made.status_code == 201
    value = made.json()
    assert value["access_token"].startswith(client.ready["salesforce"]["org_id"][:15] + "!")
    headers = {"Authorization": f"Bearer {value['access_token']}"}
    url = f"{client.url}/services/data/v64.0/sobjects/User/{value['id']}?fields=Username"
    assert client.session.get(url, headers=headers, timeout=30).json()["Username"] == "bo@firm.example"


def test_the_clock_of_the_data(client: SandboxClient) -> None:
    assert (
        client.control("POST", "clock", json={"now": "2026-01-05T10:00:00+01:00"})
        .json()["now"]
        .startswith("2026-01-05T09:00:00")
    )
    moved = client.control("POST", "clock", json={"advance_seconds": 3600}).json()["now"]
    assert moved.startswith("2026-01-05T10:00:0")
    answer = client.graph("users")
    assert answer.status_code == 200  # tokens go by the machine's clock
    assert answer.headers["Date"].startswith("Mon, 05 Jan 2026 10:00:0")
    client.control("POST", "clock", json={"real": True})
    shown = parsedate_to_datetime(client.graph("users").headers["Date"])
    assert abs((datetime.now(UTC) - shown).total_seconds()) < 60


def test_settings_of_org_and_tenant_show_the_whole_state(client: SandboxClient) -> None:
    org = client.control("PATCH", "org", json={"timeZone": "America/New_York"}).json()
    assert org["timeZone"] == "America/New_York"
    assert "dailyApiRequests" in org
    tenant = client.control("PATCH", "tenant", json={"pages": "short", "perMailboxConcurrency": 4}).json()
    habits = {"count": "exact", "pages": "short", "perMailboxConcurrency": 4, "requestsPer10Min": None}
    assert {name: tenant[name] for name in habits} == habits
    assert (tenant["weather"], tenant["weatherSeed"]) == ("calm", 1)


def test_weather_brings_the_limits_of_outlook(client: SandboxClient) -> None:
    def patch(**wanted: Any) -> tuple[Any, ...]:
        value = client.control("PATCH", "tenant", json=wanted).json()
        return value["weather"], value["perMailboxConcurrency"], value["requestsPer10Min"]

    assert patch(weather="rough", weatherSeed=7) == ("rough", 4, 10_000)
    assert patch(perMailboxConcurrency=2) == ("rough", 2, 10_000)
    assert patch(weather="rough") == ("rough", 2, 10_000)
    assert patch(weather="normal", requestsPer10Min=50) == ("normal", 4, 50)
    assert patch(weather="calm") == ("calm", None, None)
    client.control("PATCH", "tenant", json={"weather": "rough"})
    client.control("POST", "reset")
    assert patch() == ("calm", None, None)


def test_a_rule_refuses_rows(client: SandboxClient) -> None:
    rule = {"object": "Contact", "when": "LastName = 'Nobody'", "message": "No nobodies", "field": "LastName"}
    assert client.control("POST", "rules", json=rule).status_code == 201
    headers = {"Authorization": f"Bearer {client.ready['salesforce']['admin']['access_token']}"}
    url = f"{client.url}/services/data/v64.0/sobjects/Contact"
    refused = client.session.post(url, json={"LastName": "Nobody"}, headers=headers, timeout=30)
    assert (refused.status_code, refused.json()[0]["message"]) == (400, "No nobodies")
    assert client.control("DELETE", "rules").status_code == 200
    assert client.session.post(url, json={"LastName": "Nobody"}, headers=headers, timeout=30).status_code == 201


def test_reset_goes_back_to_the_start(client: SandboxClient) -> None:
    client.control("POST", "mailboxes", json={"userPrincipalName": ADA})
    client.control("PATCH", "tenant", json={"count": "stale"})
    client.control("POST", "clock", json={"advance_seconds": 10_000_000})
    client.control("POST", "faults", json={"status": 503})
    assert client.control("POST", "reset").status_code == 200
    assert client.control("GET", "faults").json() == {"faults": []}
    assert client.control("GET", "requests").json() == {"requests": []}
    assert client.graph("users").json()["value"] == []
    assert client.control("PATCH", "tenant", json={}).json()["count"] == "exact"
    assert client.control("POST", "clock", json={"advance_seconds": 0}).json()["now"][:4] == str(datetime.now(UTC).year)


def test_requests_are_logged_by_service(client: SandboxClient) -> None:
    client.token()
    client.control("DELETE", "requests")
    client.graph("users?$filter=startswith(displayName,'A')")
    client.session.get(f"{client.url}/services/data/", timeout=30)
    client.session.post(f"{client.url}/services/oauth2/token", timeout=30)
    client.session.get(f"{client.url}/common/v2.0/.well-known/openid-configuration", timeout=30)
    logged = client.control("GET", "requests").json()["requests"]
    assert [item["service"] for item in logged] == ["graph", "salesforce", "salesforce-auth", "entra"]
    assert [item["n"] for item in logged] == [1, 2, 3, 4]
    first = logged[0]
    assert (first["method"], first["path"], first["status"]) == ("GET", "/v1.0/users", 200)
    assert first["query"] == "$filter=startswith(displayName,'A')"
    assert first["bytes_out"] > 0
    assert {"at", "ms", "bytes_in"} <= set(first)
    only = client.control("GET", "requests?service=entra").json()["requests"]
    assert [item["n"] for item in only] == [4]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "mailboxes", {"userPrincipalName": ADA, "nick": "a"}, 400),
        ("POST", "mailboxes", {}, 400),
        ("POST", "mailboxes", [], 400),
        ("PATCH", "mailboxes/nobody@firm.example", {}, 404),
        ("POST", "mailboxes/nobody@firm.example/messages", {}, 404),
        ("POST", "clock", {"now": "noon"}, 400),
        ("POST", "clock", {"now": "2026-01-01T00:00:00"}, 400),
        ("POST", "clock", {"real": True, "advance_seconds": 1}, 400),
        ("POST", "clock", {"later": 1}, 400),
        ("POST", "clock", {"advance_seconds": 1e15}, 400),
        ("POST", "clock", {"advance_seconds": True}, 400),
        ("POST", "clock", {"now": "9999-12-31T23:59:59Z"}, 400),
        ("POST", "users", {"username": "x@firm.example", "colour": "red"}, 400),
        ("POST", "users", {}, 400),
        ("POST", "users", {"username": "x@firm.example", "permissionSets": ["No_Such_Set"]}, 400),
        ("PATCH", "org", {"timeZone": "Mars/North"}, 400),
        ("PATCH", "org", {"colour": "red"}, 400),
        ("PATCH", "tenant", {"pages": "long"}, 400),
        ("PATCH", "tenant", {"perMailboxConcurrency": 0}, 400),
        ("PATCH", "tenant", {"colour": "red"}, 400),
        ("PATCH", "tenant", {"weather": "snow"}, 400),
        ("PATCH", "tenant", {"weather": "rough", "colour": "red"}, 400),
        ("PATCH", "tenant", {"weatherSeed": "7"}, 400),
        ("POST", "apps", {"colour": "red"}, 400),
        ("POST", "apps", {"name": ""}, 400),
        ("POST", "apps", {"roles": ["Mail.Everything"]}, 400),
        ("POST", "apps", {"scopes": ["Mail.Everything"]}, 400),
        ("POST", "apps", {"scoped_roles": ["User.Read.All"]}, 400),
        ("POST", "apps", {"roles": "Mail.Read"}, 400),
        ("POST", "apps", {"certificates": ["no certificate"]}, 400),
        ("POST", "apps", {"secret_expires": "soon"}, 400),
        ("POST", "apps", {"access_policy": {"right": "Allow", "mailboxes": []}}, 400),
        ("POST", "apps", {"access_policy": {"right": "DenyAccess"}}, 400),
        ("POST", "apps", {"public": 1}, 400),
        ("PATCH", "apps/00000000-0000-0000-0000-000000000001", {"name": "x"}, 404),
        ("GET", "apps", None, 405),
        ("POST", "mailboxes", {"userPrincipalName": "a@b.example", "fullAccess": "ada@firm.example"}, 400),
        ("POST", "mailboxes", {"userPrincipalName": "a@b.example", "signInSessionsValidFromDateTime": "noon"}, 400),
        ("POST", "rules", {"object": "Contact"}, 400),
        ("POST", "rules", {"object": "Contact", "when": "this is no SOQL", "message": "x"}, 400),
        ("POST", "faults", {"path": "("}, 400),
        ("POST", "faults", {"status": 200, "service": "mail"}, 400),
        ("POST", "faults", {"status": "200"}, 400),
        ("POST", "faults", {"drop": "sometimes"}, 400),
        ("POST", "faults", {"times": 1}, 400),
        ("POST", "faults", {"status": 500, "colour": "red"}, 400),
        ("GET", "requests?service=mail", None, 400),
        ("GET", "requests?sort=n", None, 400),
        ("POST", "nothing", {}, 404),
        ("GET", "", None, 404),
        ("GET", "mailboxes", None, 405),
        ("DELETE", "clock", None, 405),
    ],
)
def test_what_the_control_api_refuses(client: SandboxClient, method: str, path: str, body: Any, status: int) -> None:
    answer = client.control(method, path, json=body)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


@pytest.mark.parametrize(
    ("query", "kind", "data"),
    [
        ("?received=noon", "message/rfc822", b"Subject: x\r\n\r\n"),
        ("?folder=", "message/rfc822", b"Subject: x\r\n\r\n"),
        ("?received=0001-01-01T00:00:00%2B14:00", "message/rfc822", b"Subject: x\r\n\r\n"),
        ("?colour=red", "message/rfc822", b"Subject: x\r\n\r\n"),
        ("", "text/plain", b"Subject: x\r\n\r\n"),
        ("", "application/json", b"{"),
        ("", "application/json", b'{"nosuch": 1}'),
    ],
)
def test_what_a_mailbox_does_not_take(client: SandboxClient, query: str, kind: str, data: bytes) -> None:
    client.control("POST", "mailboxes", json={"userPrincipalName": ADA})
    answer = client.control("POST", f"mailboxes/{ADA}/messages{query}", data=data, headers={"Content-Type": kind})
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert client.graph(f"users/{ADA}/messages").json()["value"] == []
