"""Faults inside $batch and Composite, bodies that break off, and large bodies on their way in."""

import base64
import random
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from m365sandbox.server import IN_MEMORY_BYTES
from m365sandbox.traffic import Faults, SubFaults
from m365sandbox.up import UpOptions, started
from m365sandbox.wire import Request

from tests.support.sandbox_client import SandboxClient

ADA = "ada@firm.example"
BOB = "bob@firm.example"
DATA = "/services/data/v64.0"


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    with started(UpOptions()) as line:
        yield line


@pytest.fixture
def client(ready: dict[str, Any]) -> Iterator[SandboxClient]:
    made = SandboxClient(ready)
    made.control("POST", "reset")
    made.token()
    for upn in (ADA, BOB):
        made.control("POST", "mailboxes", json={"userPrincipalName": upn})
    yield made
    made.close()


def plant(client: SandboxClient, **fault: Any) -> None:
    assert client.control("POST", "faults", json=fault).status_code == 201


def hits(client: SandboxClient) -> list[int]:
    return [fault["hits"] for fault in client.control("GET", "faults").json()["faults"]]


def batch(client: SandboxClient, *urls: str, chain: bool = False) -> dict[str, dict[str, Any]]:
    items = [
        {"id": str(n), "method": "GET", "url": url} | ({"dependsOn": [str(n - 1)]} if chain and n else {})
        for n, url in enumerate(urls)
    ]
    answer = client.graph("$batch", "POST", json={"requests": items})
    assert answer.status_code == 200
    return {item["id"]: item for item in answer.json()["responses"]}


def salesforce(client: SandboxClient, method: str, path: str, **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {client.ready['salesforce']['admin']['access_token']}"}
    return client.session.request(method, f"{client.url}{DATA}/{path}", headers=headers, timeout=30, **more)


def composite(client: SandboxClient, *items: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    body = {"allOrNone": all_or_none, "compositeRequest": [{**item, "url": f"{DATA}/{item['url']}"} for item in items]}
    answer = salesforce(client, "POST", "composite", json=body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["compositeResponse"])


def contact(name: str) -> dict[str, Any]:
    return {"method": "POST", "url": "sobjects/Contact", "referenceId": name, "body": {"LastName": name}}


def last_names(client: SandboxClient) -> list[str]:
    found = salesforce(client, "GET", "query?q=SELECT+LastName+FROM+Contact+ORDER+BY+LastName").json()["records"]
    return [row["LastName"] for row in found]


def test_one_request_of_a_batch_is_replaced(client: SandboxClient) -> None:
    error = {"error": {"code": "TooManyRequests", "message": "Wait."}}
    wait = {"retry-after": "0.25", "x-note": "planted"}
    plant(
        client,
        service="graph",
        path=rf"^/users/{BOB}/messages\?\$top=3$",
        status=429,
        headers=wait,
        body=error,
        sub=True,
    )
    answers = batch(client, f"/users/{ADA}/messages?$top=3", "/users/bob%40firm.example/messages?%24top=3", "/users")
    assert [answers[name]["status"] for name in "012"] == [200, 429, 200]
    assert answers["1"]["body"] == error
    assert {**answers["1"]["headers"], **wait} == answers["1"]["headers"]
    assert hits(client) == [1]


def test_the_address_of_a_request_may_be_named_as_if_it_came_alone(client: SandboxClient) -> None:
    plant(client, path="^/v1.0/users$", status=503, sub=True)
    assert batch(client, "users", "/users?$top=5")["0"]["status"] == 503
    assert hits(client) == [1]


def test_times_and_skip_count_the_requests_inside(client: SandboxClient) -> None:
    plant(client, path="/messages", status=503, times=2, skip=1, sub=True)
    first = batch(client, *([f"/users/{ADA}/messages"] * 2))
    second = batch(client, *([f"/users/{ADA}/messages"] * 2))
    assert [first[name]["status"] for name in "01"] == [200, 503]
    assert [second[name]["status"] for name in "01"] == [503, 200]
    assert hits(client) == [2]


def test_inside_and_outside_are_different_faults(client: SandboxClient) -> None:
    plant(client, path="/users", status=500, times=0)
    assert batch(client, "/users")["0"]["status"] == 200
    client.control("DELETE", "faults")
    plant(client, path="/users", status=500, times=0, sub=True)
    assert client.graph("users").status_code == 200
    assert batch(client, "/users")["0"]["status"] == 500
    (fault,) = client.control("GET", "faults").json()["faults"]
    assert (fault["sub"], fault["hits"]) == (True, 1)


def test_what_depends_on_a_replaced_request_fails(client: SandboxClient) -> None:
    plant(client, method="GET", path=f"{BOB}$", status=504, sub=True)
    answers = batch(client, f"/users/{ADA}", f"/users/{BOB}", f"/users/{ADA}", f"/users/{ADA}", chain=True)
    assert [answers[name]["status"] for name in "0123"] == [200, 504, 424, 424]


def test_a_page_in_a_batch_is_base64_as_all_that_is_no_json(client: SandboxClient) -> None:
    plant(client, path="/users", status=502, body="<html>busy</html>", sub=True)
    answer = batch(client, "/users")["0"]
    assert (answer["status"], base64.b64decode(answer["body"])) == (502, b"<html>busy</html>")


def test_a_replaced_request_is_none_of_its_mailbox(client: SandboxClient) -> None:
    client.control("PATCH", "tenant", json={"requestsPer10Min": 1})
    plant(client, path="/messages", status=503, sub=True)
    answers = batch(client, *([f"/users/{ADA}/messages"] * 3))
    assert [answers[name]["status"] for name in "012"] == [503, 200, 429]
    assert 590 <= int(answers["2"]["headers"]["Retry-After"]) <= 600


def test_a_wait_inside_is_waited_once() -> None:
    faults = Faults()
    faults.plant({"delay_ms": 200, "times": 0, "path": "a", "sub": True})
    faults.plant({"delay_ms": 300, "status": 503, "path": "b", "sub": True})
    inside = SubFaults(faults, "graph")
    assert [inside("GET", url) for url in ("/a", "/a", "/c")] == [None] * 3
    assert inside.delay_ms == 200
    replaced = inside("GET", "/b")
    assert replaced is not None
    assert (replaced.status, inside.delay_ms) == (503, 300)


def test_a_wait_inside_lets_the_request_through(client: SandboxClient) -> None:
    plant(client, path="/users", delay_ms=50, sub=True)
    client.control("DELETE", "requests")
    assert batch(client, "/users")["0"]["status"] == 200
    (logged,) = client.control("GET", "requests").json()["requests"]
    assert logged["ms"] >= 50


def test_one_request_of_a_composite_is_replaced(client: SandboxClient) -> None:
    error = [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access"}]
    plant(
        client,
        service="salesforce",
        method="POST",
        path="Contact",
        skip=1,
        status=400,
        body=error,
        headers={"X-A": "b"},
        sub=True,
    )
    results = composite(client, contact("One"), contact("Two"), contact("Three"))
    assert [result["httpStatusCode"] for result in results] == [201, 400, 201]
    assert results[1] == {"body": error, "httpHeaders": {"X-A": "b"}, "httpStatusCode": 400, "referenceId": "Two"}
    assert last_names(client) == ["One", "Three"]


def test_a_query_in_a_composite_is_matched_decoded(client: SandboxClient) -> None:
    plant(client, path=r"query/?\?q=SELECT Id FROM Contact", status=503, body="<html>busy</html>", sub=True)
    query = {"method": "GET", "url": "query?q=SELECT+Id%20FROM+Contact", "referenceId": "q"}
    (result,) = composite(client, query)
    assert (result["httpStatusCode"], result["body"]) == (503, "<html>busy</html>")


def test_a_replaced_request_undoes_a_composite_of_all_or_none(client: SandboxClient) -> None:
    plant(client, path="Contact", skip=1, status=500, sub=True)
    results = composite(client, contact("One"), contact("Two"), all_or_none=True)
    assert [result["httpStatusCode"] for result in results] == [400, 500]
    assert last_names(client) == []


def test_a_fault_of_another_service_is_not_met_inside(client: SandboxClient) -> None:
    plant(client, service="graph", path="Contact", status=500, sub=True)
    assert composite(client, contact("One"))[0]["httpStatusCode"] == 201


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"status": 500, "drop": "middle"}, {"status": 500, "sub": 1}])
def test_what_cannot_be_planted_inside(client: SandboxClient, fault: dict[str, Any]) -> None:
    answer = client.control("POST", "faults", json={"sub": True, **fault})
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def attach(client: SandboxClient, data: bytes) -> str:
    """A message with one file: the path of its content."""
    message = {"attachments": [{"name": "a.bin", "contentBytes": base64.b64encode(data).decode()}]}
    made = client.control("POST", f"mailboxes/{ADA}/messages", json=message).json()
    path = f"users/{ADA}/messages/{made['restId']}/attachments"
    return f"{path}/{client.graph(f'{path}?$select=id').json()['value'][0]['id']}/$value"


@pytest.mark.parametrize("size", [40_000, 3_000_000])
def test_a_body_breaks_off_in_its_middle(client: SandboxClient, size: int) -> None:
    data = random.Random(size).randbytes(size)
    path = attach(client, data)
    plant(client, path=r"/\$value", drop="middle")
    pieces: list[bytes] = []
    with client.graph(path, stream=True) as answer:
        assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(size))
        with pytest.raises(requests.RequestException):
            pieces.extend(answer.iter_content(1024))
    got = b"".join(pieces)
    assert len(got) <= size // 2
    assert data.startswith(got)
    assert client.graph(path).content == data


def test_a_planted_body_breaks_off_too(client: SandboxClient) -> None:
    plant(client, path="/users", status=500, body={"error": "x" * 10_000}, drop="middle")
    with pytest.raises(requests.RequestException):
        client.graph("users")
    assert client.graph("users").status_code == 200


def test_an_answer_without_body_is_not_half_sent(client: SandboxClient) -> None:
    made = salesforce(client, "POST", "sobjects/Contact", json={"LastName": "Garcia"}).json()["id"]
    plant(client, method="PATCH", drop="middle")
    with pytest.raises(requests.RequestException):
        salesforce(client, "PATCH", f"sobjects/Contact/{made}", json={"LastName": "Moss"})
    assert last_names(client) == ["Moss"]


def test_a_large_upload_arrives_whole(client: SandboxClient) -> None:
    data = random.Random(3).randbytes(IN_MEMORY_BYTES)
    client.control("DELETE", "requests")
    assert client.graph(attach(client, data)).content == data
    head = b"Subject: x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    kind = {"Content-Type": "message/rfc822"}
    mail = head + base64.encodebytes(data)
    made = client.control("POST", f"mailboxes/{ADA}/messages", data=mail, headers=kind).json()
    (file,) = client.graph(f"users/{ADA}/messages/{made['id']}/attachments").json()["value"]
    assert (file["name"], base64.b64decode(file["contentBytes"])) == ("a.pdf", data)


def test_a_request_can_be_read_at_once_and_in_parts() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"abcdef")
        for request in (Request("POST", "/", content=file), Request("POST", "/", content=b"abcdef")):
            assert request.size == 6
            assert request.open().read(2) == b"ab"
            assert request.body == b"abcdef"
            assert request.open().read() == b"abcdef"


def test_tokens_outlive_a_reset_as_long_as_their_users(client: SandboxClient) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": client.ready["salesforce"]["client_id"],
        "client_secret": client.ready["salesforce"]["client_secret"],
    }
    issued = client.session.post(f"{client.url}/services/oauth2/token", data=form, timeout=30).json()["access_token"]
    added = client.control("POST", "users", json={"username": "bo@firm.example"}).json()["access_token"]
    graph = client.token()

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return client.session.get(f"{client.url}{DATA}/sobjects", headers=headers, timeout=30).status_code

    assert (status(issued), status(added)) == (200, 200)
    client.control("POST", "reset")
    # Another user now has the id that the first one had: the old token must not be that user's.
    client.control("POST", "users", json={"username": "cy@firm.example"})
    assert (status(issued), status(added)) == (200, 401)
    assert status(client.ready["salesforce"]["integration"]["access_token"]) == 200
    headers = {"Authorization": f"Bearer {graph}"}
    assert client.session.get(f"{client.url}/v1.0/users", headers=headers, timeout=30).status_code == 200


def test_a_reset_takes_back_what_the_org_was_switched_to(client: SandboxClient) -> None:
    def fields() -> set[str]:
        found = salesforce(client, "GET", "sobjects/Task/describe").json()["fields"]
        return {field["name"] for field in found}

    before = fields()
    client.control("PATCH", "org", json={"sharedActivities": True, "personAccounts": True})
    assert fields() != before
    client.control("POST", "reset")
    assert fields() == before
    assert salesforce(client, "POST", "sobjects/Contact", json={"LastName": "Garcia"}).status_code == 201
    client.control("PATCH", "org", json={"sharedActivities": True})
    assert fields() != before
