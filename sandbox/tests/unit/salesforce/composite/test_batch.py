"""/composite/batch: sub-requests that know nothing of each other."""

from typing import Any

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Answered, Client, admin, new_org

READ = {"method": "GET", "url": "v64.0/limits"}


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def send(client: Client, *items: Any, **more: Any) -> Answered:
    return client.send("POST", "composite/batch", {"batchRequests": list(items), **more})


def account(name: str | None) -> dict[str, Any]:
    return {"method": "POST", "url": "v64.0/sobjects/Account", "richInput": {"Name": name}}


def named(client: Client, name: str) -> int:
    return len(client.query(f"SELECT Id FROM Account WHERE Name = '{name}'"))


def test_a_row_is_changed_and_read_in_one_call(client: Client) -> None:
    """The example of the REST guide, "Update a Record and Get Its Field Values in a Single Request"."""
    record_id = client.made("Account", Name="Old", BillingPostalCode="94105")
    answer = send(
        client,
        {"method": "PATCH", "url": f"v64.0/sobjects/account/{record_id}", "richInput": {"Name": "NewName"}},
        {"method": "GET", "url": f"v64.0/sobjects/account/{record_id}?fields=Name,BillingPostalCode"},
    )
    assert answer.status == 200
    changed, read = answer.body["results"]
    assert (answer.body["hasErrors"], changed) == (False, {"statusCode": 204, "result": None})
    assert read["statusCode"] == 200
    assert (read["result"]["Name"], read["result"]["BillingPostalCode"]) == ("NewName", "94105")


def test_what_was_written_stays_when_a_later_one_fails(client: Client) -> None:
    answer = send(client, account("Before"), account(None), account("After"))
    assert [item["statusCode"] for item in answer.body["results"]] == [201, 400, 201]
    assert answer.body["results"][1]["result"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert answer.body["hasErrors"] is True
    assert (named(client, "Before"), named(client, "After")) == (1, 1)


def test_the_rest_is_halted_where_that_is_asked_for(client: Client) -> None:
    answer = send(client, account("Kept"), account(None), account("Never"), READ, haltOnError=True)
    assert [item["statusCode"] for item in answer.body["results"]] == [201, 400, 412, 412]
    halted = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}]
    assert answer.body["results"][3]["result"] == halted
    assert (named(client, "Kept"), named(client, "Never")) == (1, 0)


@pytest.mark.parametrize("url", ["v64.0/limits", "/v64.0/limits", "/services/data/v64.0/limits"])
def test_addresses_begin_with_the_version_or_are_whole(client: Client, url: str) -> None:
    assert send(client, {"method": "Get", "url": url}).body["results"][0]["statusCode"] == 200


@pytest.mark.parametrize(
    "url",
    [
        "query?q=SELECT+Id+FROM+Account",
        "queryAll?q=SELECT+Id+FROM+Account",
        "search?q=FIND+{Lee}",
        "sobjects",
        "limits",
    ],
)
def test_resources_that_batches_hold(client: Client, url: str) -> None:
    assert send(client, {"method": "GET", "url": f"v64.0/{url}"}).body["results"][0]["statusCode"] == 200


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("composite", 400, "INVALID_REQUEST"),
        ("composite/sobjects/Account?ids=1&fields=Id", 400, "INVALID_REQUEST"),
        ("recent", 400, "INVALID_REQUEST"),
        ("sobjects/ContentVersion/068000000000001/VersionData", 400, "INVALID_REQUEST"),
        ("sobjects/contentversion/068000000000001/versiondata", 400, "INVALID_REQUEST"),
        ("connect/communities", 404, "NOT_FOUND"),
        ("sobjects/Nonsense__c", 404, "NOT_FOUND"),
        ("query?q=SELECT+Nonsense+FROM+Account", 400, "INVALID_FIELD"),
        ("query", 400, "MALFORMED_QUERY"),
    ],
)
def test_a_wrong_sub_request_fails_alone(client: Client, url: str, status: int, code: str) -> None:
    wrong, right = send(client, {"method": "GET", "url": f"v64.0/{url}"}, READ).body["results"]
    assert (wrong["statusCode"], wrong["result"][0]["errorCode"]) == (status, code)
    assert right["statusCode"] == 200


def test_a_verb_that_a_resource_has_not_fails_alone(client: Client) -> None:
    """As observed at SalesforceMobileSDK-iOS, issue 2168."""
    [answer] = send(client, {"method": "PATCH", "url": "v64.0/sobjects/Account", "richInput": {}}).body["results"]
    assert (answer["statusCode"], answer["result"][0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer["result"][0]["message"] == "HTTP Method 'PATCH' not allowed. Allowed are HEAD,GET,POST"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"batchRequests": []},
        {"batchRequests": {}},
        {"batchRequests": ["v64.0/limits"]},
        {"batchRequests": [READ], "haltOnError": "true"},
        {"batchRequests": [READ], "haltOnError": 0},
        {"batchRequests": [READ], "allOrNone": True},
        {"batchRequests": [{"method": "GET"}]},
        {"batchRequests": [{"url": "v64.0/limits"}]},
        {"batchRequests": [{**READ, "referenceId": "a"}]},
        {"batchRequests": [{**READ, "httpHeaders": {}}]},
        {"batchRequests": [{**READ, "body": {}}]},
        {"batchRequests": [{**READ, "method": "FETCH"}]},
        {"batchRequests": [{**READ, "url": "limits"}]},
        {"batchRequests": [{**READ, "url": "https://localhost:8443/services/data/v64.0/limits"}]},
        {"batchRequests": [{**READ, "url": "v64.0"}]},
    ],
)
def test_a_malformed_batch_is_refused_before_anything_runs(client: Client, body: Any) -> None:
    items = body.get("batchRequests") if isinstance(body, dict) else None
    if isinstance(items, list) and items:
        body = {**body, "batchRequests": [account("Not written"), *items]}
    answer = client.send("POST", "composite/batch", body)
    assert (answer.status, answer.code) == (400, "JSON_PARSER_ERROR")
    assert named(client, "Not written") == 0


@pytest.mark.parametrize(
    "item",
    [
        {**READ, "url": "v65.0/limits"},
        {**READ, "url": "v33.0/limits"},
        {**READ, "binaryPartName": "file", "binaryPartNameAlias": "VersionData"},
        {**READ, "binaryPartName": "file"},
        {**READ, "binaryPartNameAlias": "VersionData"},
    ],
)
def test_other_versions_and_binary_parts_are_refused(client: Client, item: dict[str, Any]) -> None:
    answer = send(client, READ, item)
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")


def test_null_is_no_word_on_halting(client: Client) -> None:
    assert send(client, READ, haltOnError=None).status == 200


def test_25_sub_requests_are_the_most(client: Client) -> None:
    assert send(client, *[READ] * 26).code == "LIMIT_EXCEEDED"
    assert send(client, *[READ] * 25).status == 200


def test_each_sub_request_counts_as_a_call(client: Client) -> None:
    before = client.send("GET", "limits").body["DailyApiRequests"]["Remaining"]
    send(client, READ, READ, READ)
    assert client.send("GET", "limits").body["DailyApiRequests"]["Remaining"] == before - 4


def test_it_came_with_version_34(client: Client) -> None:
    body = {"batchRequests": [{"method": "GET", "url": "v34.0/limits"}]}
    assert client.send("POST", "/services/data/v34.0/composite/batch", body).status == 200
    assert client.send("POST", "/services/data/v33.0/composite/batch", body).code == "NOT_FOUND"
    assert client.send("GET", "composite").body["batch"] == "/services/data/v64.0/composite/batch"


def test_rights_are_the_callers(org: SalesforceSandbox) -> None:
    user = org.create_user("eve@firm.example", "Eve", "eve@firm.example")
    url = "v64.0/sobjects/MS_Graph_Setting__c/describe"
    assert (
        send(Client(org, user["access_token"]), {"method": "GET", "url": url}).body["results"][0]["statusCode"] == 404
    )
    assert send(admin(org), {"method": "GET", "url": url}).body["results"][0]["statusCode"] == 200
