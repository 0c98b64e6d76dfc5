"""The server over real TLS: sign-in with Microsoft's own library, faults, latency, and a folder that lasts."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE
from typing import Any

import msal
import pytest
import requests
import yaml
from m365sandbox.server import service_of
from m365sandbox.up import OptionError, UpOptions, started

from tests.support.sandbox_client import SandboxClient

ADA = "ada@firm.example"


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    with started(UpOptions(http=True)) as line:
        yield line


@pytest.fixture
def client(ready: dict[str, Any]) -> Iterator[SandboxClient]:
    made = SandboxClient(ready)
    made.control("POST", "reset")
    made.token()
    made.control("DELETE", "requests")
    yield made
    made.close()


def sign_in(client: SandboxClient, **changed: str) -> dict[str, Any]:
    graph = {**client.ready["graph"], **changed}
    application = msal.ConfidentialClientApplication(
        graph["client_id"],
        client_credential=graph["client_secret"],
        authority=f"{client.url}/{graph['tenant']}",
        instance_discovery=False,
        http_client=client.session,
    )
    return dict(application.acquire_token_for_client(["https://graph.microsoft.com/.default"]))


def test_msal_signs_in(client: SandboxClient) -> None:
    value = sign_in(client)
    assert value["token_source"] == "identity_provider"
    headers = {"Authorization": f"Bearer {value['access_token']}"}
    assert client.session.get(f"{client.url}/v1.0/users", headers=headers, timeout=30).json()["value"] == []


def test_msal_is_told_what_is_wrong(client: SandboxClient) -> None:
    assert sign_in(client, client_secret="wrong")["error_codes"] == [7000215]
    with pytest.raises(ValueError, match="authority configuration"):
        sign_in(client, tenant="other.example")


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1.0/users", "graph"),
        ("/beta/users", "graph"),
        ("/services/data/v64.0/query", "salesforce"),
        ("/services/Soap/u/64.0", "salesforce"),
        ("/services/oauth2/token", "salesforce-auth"),
        ("/id/00D/005", "salesforce-auth"),
        ("/firm.example/oauth2/v2.0/token", "entra"),
        ("/common/discovery/instance", "entra"),
        ("/sandbox/reset", "sandbox"),
    ],
)
def test_paths_belong_to_services(path: str, service: str) -> None:
    assert service_of(path) == service


def test_links_name_the_host_that_was_asked(client: SandboxClient) -> None:
    port = client.url.rpartition(":")[2]
    headers = {"Authorization": f"Bearer {client.token()}"}
    for base in (client.url, client.ready["http_url"], f"https://127.0.0.1:{port}"):
        answer = client.session.get(f"{base}/v1.0/users", timeout=30, headers=headers)
        assert answer.json()["@odata.context"] == f"{base}/v1.0/$metadata#users"
        url = f"{base}/common/v2.0/.well-known/openid-configuration"
        assert client.session.get(url, timeout=30).json()["token_endpoint"].startswith(f"{base}/common/")


def test_a_fault_replaces_an_answer_as_often_as_asked(client: SandboxClient) -> None:
    fault = {"service": "graph", "path": r"users\?\$top=5", "status": 429, "headers": {"Retry-After": "0.25"}}
    fault |= {"times": 2, "skip": 1, "body": {"error": {"code": "TooManyRequests"}}}
    made = client.control("POST", "faults", json=fault)
    statuses = [client.graph("users?%24top=5").status_code for _ in range(4)]
    assert statuses == [200, 429, 429, 200]
    assert client.graph("users").status_code == 200
    (listed,) = client.control("GET", "faults").json()["faults"]
    assert (listed["id"], listed["hits"], listed["times"]) == (made.json()["id"], 2, 2)
    client.control("DELETE", "faults")
    assert client.control("GET", "faults").json() == {"faults": []}


def test_a_fault_without_end_and_with_a_page_instead_of_json(client: SandboxClient) -> None:
    client.control("POST", "faults", json={"method": "get", "times": 0, "status": 503, "body": "<html>busy</html>"})
    for _ in range(3):
        answer = client.graph("users")
        assert (answer.status_code, answer.text, answer.headers["Content-Type"]) == (
            503,
            "<html>busy</html>",
            "text/html",
        )


def test_control_calls_meet_no_fault(client: SandboxClient) -> None:
    client.control("POST", "faults", json={"times": 0, "drop": "before"})
    assert client.control("GET", "faults").status_code == 200


def put_contact(client: SandboxClient) -> requests.Response:
    headers = {"Authorization": f"Bearer {client.ready['salesforce']['admin']['access_token']}"}
    url = f"{client.url}/services/data/v64.0/sobjects/Contact"
    return client.session.post(url, json={"LastName": "Garcia"}, headers=headers, timeout=30)


def count_contacts(client: SandboxClient) -> int:
    headers = {"Authorization": f"Bearer {client.ready['salesforce']['admin']['access_token']}"}
    url = f"{client.url}/services/data/v64.0/query?q=SELECT+COUNT()+FROM+Contact"
    return int(client.session.get(url, headers=headers, timeout=30).json()["totalSize"])


@pytest.mark.parametrize(("drop", "effect"), [("before", 0), ("after", 1), ("middle", 1)])
def test_a_connection_is_reset_before_or_after_the_effect(client: SandboxClient, drop: str, effect: int) -> None:
    client.control("POST", "faults", json={"service": "salesforce", "method": "POST", "drop": drop})
    with pytest.raises(requests.RequestException):
        put_contact(client)
    assert count_contacts(client) == effect
    logged = client.control("GET", "requests?service=salesforce").json()["requests"]
    assert logged[0]["status"] == 0


def test_a_delay_lets_the_request_through(client: SandboxClient) -> None:
    client.control("POST", "faults", json={"delay_ms": 50})
    assert client.graph("users").status_code == 200
    (logged,) = client.control("GET", "requests").json()["requests"]
    assert logged["ms"] >= 50


def test_requests_wait_side_by_side_and_keep_their_mailbox_busy() -> None:
    with started(UpOptions(latency=(1000, 0, 0))) as line:
        client = SandboxClient(line)
        client.control("POST", "mailboxes", json={"userPrincipalName": ADA})
        client.control("PATCH", "tenant", json={"perMailboxConcurrency": 1})
        client.token()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: client.graph(f"users/{ADA}/messages").status_code, range(4)))
        client.close()
    assert set(answers) == {200, 429}


def test_errors_of_options_come_before_anything_is_made(tmp_path: Path) -> None:
    target = tmp_path / "never"
    for options in (
        UpOptions(dir=target, firm="huge"),
        UpOptions(dir=target, weather="snow"),
        UpOptions(dir=target, mailboxes=3),
        UpOptions(dir=target, mail=tmp_path / "none"),
        UpOptions(dir=target, latency=(-1, 0, 0)),
        UpOptions(dir=target, latency=(0, 0, 0, 0, -1)),
    ):
        with pytest.raises(OptionError), started(options):
            pass
    assert not target.exists()


def test_mail_without_a_firm_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"Subject: x\r\n\r\n")
    with pytest.raises(OptionError, match="mailbox"), started(UpOptions(mail=tmp_path / "a.eml")):
        pass


def test_a_taken_port_is_named(ready: dict[str, Any]) -> None:
    port = int(ready["url"].rpartition(":")[2])
    with pytest.raises(OptionError, match=str(port)), started(UpOptions(port=port)):
        pass


def test_a_folder_serves_one_sandbox_at_a_time(tmp_path: Path) -> None:
    with started(UpOptions(dir=tmp_path)), pytest.raises(OptionError, match="in use"), started(UpOptions(dir=tmp_path)):
        pass


def test_a_folder_lasts(tmp_path: Path) -> None:
    folder = tmp_path / "box"
    with started(UpOptions(dir=folder)) as first:
        client = SandboxClient(first)
        client.control("POST", "mailboxes", json={"userPrincipalName": ADA})
        client.control("POST", f"mailboxes/{ADA}/messages", json={"subject": "Kept"})
        before = client.graph(f"users/{ADA}/messages").json()["value"][0]["id"]
        authority = Path(first["ca"]).read_bytes()
        client.close()
    with started(UpOptions(dir=folder)) as second:
        client = SandboxClient(second)
        assert client.graph(f"users/{ADA}/messages").json()["value"][0]["id"] == before
        client.close()
    assert Path(second["ca"]).read_bytes() == authority
    assert second["graph"] == first["graph"]
    assert second["salesforce"] == first["salesforce"]
    assert json.loads((folder / "ready.json").read_text()) == second
    for name in ("ca.key", "jwt.key", "m365-client-secret", "sandbox.json", "connector.yaml", "ready.json"):
        assert S_IMODE((folder / name).stat().st_mode) == 0o600


def test_the_configuration_leads_to_the_sandbox(ready: dict[str, Any]) -> None:
    config = yaml.safe_load(Path(ready["config"]).read_text())
    provider = config["auth_providers"]["Microsoft365Sync"]
    assert provider["tenant"] == ready["graph"]["tenant"]
    assert provider["token_endpoint_url"] == f"{ready['url']}/{{tenant}}/oauth2/v2.0/token"
    secret = Path(provider["consumer_secret"].removeprefix("file:"))
    assert secret.read_text() == ready["graph"]["client_secret"]
    salesforce = config["named_credentials"]["Salesforce"]
    assert salesforce["private_key"] == f"file:{ready['salesforce']['private_key']}"
    assert salesforce["username"] == ready["salesforce"]["integration"]["username"]
    assert config["tls"] == {"ca_file": ready["ca"]}
    assert config["sync"] == {"settle_seconds": 0}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_success(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "from pathlib import Path; import sys; from m365sandbox.up import UpOptions, serve; "
        "serve(UpOptions(dir=Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "box")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert line["ready"] is True
        assert line["pid"] == process.pid
        assert requests.get(f"{line['url']}/v1.0/users", verify=line["ca"], timeout=30).status_code == 401
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stdout.read() == ""
