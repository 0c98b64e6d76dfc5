"""$batch: its rules, and what each request in it gets."""

from base64 import b64encode

import pytest
from m365sandbox.latency import Latency
from testkit.graph_tenant import ADA, GraphTenant, content

URL = "/v1.0/$batch"
JSON_BODY = {"headers": {"Content-Type": "application/json"}, "body": {}}
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox()
    made.mailbox("bob@firm.example")
    return made


def item(number: int, url: str, **more: object) -> dict:
    return {"id": str(number), "method": "GET", "url": url, **more}


def run(tenant: GraphTenant, *items: dict) -> dict[str, dict]:
    value = tenant.value(URL, method="POST", body={"requests": list(items)})
    return {answer["id"]: answer for answer in value["responses"]}


def test_each_request_has_its_own_status_headers_and_body(tenant: GraphTenant) -> None:
    ids = tenant.fill(1)
    answers = run(
        tenant,
        item(1, f"/users/{ADA}/messages/{ids[0]}?$select=subject", headers=IMMUTABLE),
        item(2, f"users/{ADA}/messages/{ids[0]}?$select=subject"),
        item(3, "/users/nobody@firm.example/messages"),
    )
    assert {name: answer["status"] for name, answer in answers.items()} == {"1": 200, "2": 200, "3": 404}
    assert answers["1"]["body"]["id"] == ids[0]
    assert answers["1"]["headers"]["Preference-Applied"] == "IdType=ImmutableId"
    # The header of the batch does not count for what is in it.
    assert answers["2"]["body"]["id"].startswith("AAMk")
    assert answers["3"]["body"]["error"]["code"] == "ErrorInvalidUser"


def test_answers_do_not_come_in_order(tenant: GraphTenant) -> None:
    body = {"requests": [item(number, f"/users/{ADA}") for number in range(3)]}
    value = tenant.value(URL, method="POST", body=body)
    assert [answer["id"] for answer in value["responses"]] == ["2", "1", "0"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": "all"},
        {"requests": [item(number, "/users") for number in range(21)]},
        {"requests": [{"id": "a", "method": "GET", "url": "/users"}, {"id": "A", "method": "GET", "url": "/users"}]},
        {"requests": [{"method": "GET", "url": "/users"}]},
        {"requests": [{"id": "1", "method": "FETCH", "url": "/users"}]},
        {"requests": [{"id": "1", "method": "GET"}]},
        {"requests": [{"id": "1", "method": "GET", "url": ""}]},
        {"requests": [{"id": "1", "method": "POST", "url": "/users", "body": {}}]},
        {"requests": [{"id": "1", "method": "POST", "url": "/users", "headers": {"Content-Type": "application/json"}}]},
        {"requests": [{"id": "1", "method": "PATCH", "url": "/users/a"}]},
        {"requests": [{"id": 1, "method": "GET", "url": "/users"}]},
        {"requests": [{"id": "1", "method": "GET", "url": "/users", "headers": {"Prefer": 5}}]},
        {"requests": [item(1, "/users", dependsOn=["9"])]},
        {"requests": [item(1, "/users", dependsOn=["2"]), item(2, "/users")]},
        {"requests": [item(1, "/users"), item(2, "/users", dependsOn="1")]},
        {"requests": [item(1, "/users"), item(2, "/users", dependsOn=["1"]), item(3, "/users")]},
    ],
)
def test_a_malformed_batch_is_refused_as_a_whole(tenant: GraphTenant, body: dict) -> None:
    assert tenant.code(URL, 400, method="POST", body=body) == "BadRequest"


def test_a_batch_that_is_no_json(tenant: GraphTenant) -> None:
    assert tenant.code(URL, 400, method="POST") == "BadRequest"
    assert tenant.ask(URL).status == 405


def test_twenty_requests_are_allowed(tenant: GraphTenant) -> None:
    assert len(run(tenant, *(item(number, "/users") for number in range(20)))) == 20


def test_what_depends_on_a_failure_fails(tenant: GraphTenant) -> None:
    answers = run(
        tenant, item(1, "/users/nobody"), item(2, "/users", dependsOn=["1"]), item(3, "/users", dependsOn=["2"])
    )
    assert [answers[name]["status"] for name in "123"] == [404, 424, 424]


def test_an_absolute_url_leads_nowhere(tenant: GraphTenant) -> None:
    answers = run(tenant, item(1, "https://graph.microsoft.com/v1.0/users"), item(2, "/users"))
    assert {name: answer["status"] for name, answer in answers.items()} == {"1": 400, "2": 200}
    assert answers["1"]["body"]["error"]["message"] == "Resource not found for the segment 'https:'."


def test_no_batch_in_a_batch(tenant: GraphTenant) -> None:
    answers = run(tenant, {**item(1, "/$batch", **JSON_BODY), "method": "POST"})
    assert answers["1"]["status"] == 400


def test_urls_are_relative_to_the_version(tenant: GraphTenant) -> None:
    answers = run(tenant, item(1, "/v1.0/users"), item(2, "users?$top=1"))
    assert {name: answer["status"] for name, answer in answers.items()} == {"1": 400, "2": 200}


def test_a_history_can_be_made_in_a_sequence(tenant: GraphTenant) -> None:
    tenant.may_write()
    messages = f"/users/{ADA}/messages"
    draft = {**item(1, messages, headers={"Content-Type": "application/json"}), "method": "POST"}
    mime = {**item(2, messages, headers={"Content-Type": "text/plain"}, dependsOn=["1"]), "method": "POST"}
    encoded = b64encode(b64encode(b"Subject: As MIME\r\n\r\nHello")).decode()
    answers = run(tenant, {**draft, "body": {"subject": "As JSON"}}, {**mime, "body": encoded})
    assert [answers[name]["status"] for name in "12"] == [201, 201]
    assert [answers[name]["body"]["subject"] for name in "12"] == ["As JSON", "As MIME"]
    assert "Location" in answers["1"]["headers"]
    wrong = {"requests": [{**mime, "dependsOn": [], "body": "%%%"}]}
    assert tenant.code(URL, 400, method="POST", body=wrong) == "BadRequest"


def test_content_that_is_no_json_comes_as_base64(tenant: GraphTenant) -> None:
    attachment = {"name": "a.txt", "contentType": "text/csv", "contentBytes": "aGk="}
    made = tenant.graph.add_message(ADA, {"attachments": [attachment]})
    base = f"/users/{ADA}/messages/{made['id']}/attachments"
    (found,) = tenant.value(f"/v1.0{base}")["value"]
    answers = run(tenant, item(1, f"{base}/{found['id']}/$value"))
    assert answers["1"]["body"] == "aGk="


def test_more_of_one_mailbox_than_allowed_at_once(tenant: GraphTenant) -> None:
    tenant.graph.patch_tenant({"perMailboxConcurrency": 4})
    own = [item(number, f"/users/{ADA}/messages") for number in range(6)]
    others = [item(number, "/users/bob@firm.example/messages") for number in range(6, 9)]
    answers = run(tenant, *own, *others)
    refused = [name for name, answer in answers.items() if answer["status"] == 429]
    assert sorted(refused) == ["4", "5"]
    assert answers["4"]["body"] == {
        "error": {
            "code": "ApplicationThrottled",
            "message": "Application is over its MailboxConcurrency limit.",
        }
    }
    assert answers["4"]["headers"]["Retry-After"] == "1"


def test_a_sequence_has_one_request_at_a_time(tenant: GraphTenant) -> None:
    tenant.graph.patch_tenant({"perMailboxConcurrency": 1})
    url = f"/users/{ADA}/messages"
    chain = [item(0, url), *(item(number, url, dependsOn=[str(number - 1)]) for number in range(1, 4))]
    assert {answer["status"] for answer in run(tenant, *chain).values()} == {200}


def test_a_mailbox_is_free_again_when_the_answer_has_left(tenant: GraphTenant) -> None:
    tenant.graph.patch_tenant({"perMailboxConcurrency": 1})
    url = f"/v1.0/users/{ADA}/messages"
    first = tenant.ask(url)
    assert tenant.ask(url).status == 429
    assert tenant.ask("/v1.0/users/bob@firm.example/messages").status == 200
    assert first.done is not None
    first.done()
    assert tenant.ask(url).status == 200


def test_requests_of_ten_minutes_are_counted(tenant: GraphTenant) -> None:
    tenant.graph.patch_tenant({"requestsPer10Min": 2})
    url = f"/v1.0/users/{ADA}/messages"
    assert [tenant.ask(url).status for _ in range(3)] == [200, 200, 429]
    wait = int(tenant.ask(url).headers["Retry-After"])
    assert 590 <= wait <= 600
    tenant.clock.advance(wait + 1)
    assert tenant.ask(url).status == 200


@pytest.mark.parametrize(("count", "rounds"), [(1, 1), (4, 1), (5, 2), (20, 5)])
def test_four_of_a_batch_are_carried_out_at_a_time_whatever_their_mailboxes(
    tenant: GraphTenant, count: int, rounds: int
) -> None:
    names = [ADA, "bob@firm.example"]
    body = {"requests": [item(number, f"/users/{names[number % 2]}/messages") for number in range(count)]}
    assert Latency(100).seconds("graph", tenant.ask(URL, "POST", body=body)) == pytest.approx(rounds / 10)


def test_a_sequence_is_carried_out_one_by_one(tenant: GraphTenant) -> None:
    chain = [item(0, "/users"), *(item(number, "/users", dependsOn=["0"]) for number in range(1, 5))]
    assert Latency(100).seconds("graph", tenant.ask(URL, "POST", body={"requests": chain})) == pytest.approx(0.5)


def test_a_batch_tells_what_each_answer_in_it_holds(tenant: GraphTenant) -> None:
    files = [{"name": f"{number}.txt", "contentBytes": "aGk="} for number in range(2)]
    made = tenant.graph.add_message(ADA, {"attachments": files})
    tenant.fill(3)
    one = f"/users/{ADA}/messages/{made['id']}"
    (first, _) = tenant.value(f"/v1.0{one}/attachments")["value"]
    urls = [
        f"/users/{ADA}/messages?$top=2", f"/users/{ADA}/messages?$expand=attachments", one,
        f"{one}?$expand=attachments",
        f"{one}/attachments", f"{one}/attachments/{first['id']}/$value", f"{one}/$value", "/users",
        f"/users/{ADA}/mailFolders", f"/users/{ADA}/messages/$count", "/users/nobody/messages",
    ]  # fmt: skip
    body = {"requests": [item(number, url) for number, url in enumerate(urls)]}
    response = tenant.ask(URL, "POST", body=body)
    assert response.items == (2, 6, 1, 3, 2, 1, 1, 0, 0, 0, 0)
    assert response.at_once == 4
    assert tenant.ask(f"/v1.0{urls[1]}").items == (6,)


def test_a_batch_needs_a_token(tenant: GraphTenant) -> None:
    response = tenant.ask(URL, "POST", body={"requests": [item(1, "/users")]}, headers={"authorization": ""})
    assert response.status == 401
    assert content(response)["error"]["code"] == "InvalidAuthenticationToken"
