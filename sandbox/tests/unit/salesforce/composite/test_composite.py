"""/composite: order, references, limits, and all-or-none that reaches into collections."""

from typing import Any

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import ROOT, Client, admin, integration, new_org

COLLECTION = "composite/sobjects"


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def post(url: str, body: Any, **more: Any) -> dict[str, Any]:
    return {"method": "POST", "url": url, "body": body, **more}


def get(url: str, **more: Any) -> dict[str, Any]:
    return {"method": "GET", "url": url, **more}


def rows(name: str, *values: dict[str, Any], all_or_none: bool = False) -> dict[str, Any]:
    records = [{"attributes": {"type": name}, **item} for item in values]
    return post(COLLECTION, {"allOrNone": all_or_none, "records": records})


def count(client: Client, name: str) -> int:
    return len(client.query(f"SELECT Id FROM {name}"))


def test_sub_requests_run_in_order_and_count_as_one_call(client: Client) -> None:
    before = client.send("GET", "limits").body["DailyApiRequests"]["Remaining"]
    answers = client.composite(
        rows("Email__c", {"Message_Key__c": "k"}),
        rows("Email_Participant__c", {"Participant_Key__c": "p", "Email__r": {"Message_Key__c": "k"}}),
        get("query?q=SELECT+Email__r.Message_Key__c+FROM+Email_Participant__c"),
    )
    assert [item["httpStatusCode"] for item in answers] == [200, 200, 200]
    assert [item["referenceId"] for item in answers] == ["r0", "r1", "r2"]
    assert answers[2]["body"]["records"][0]["Email__r"]["Message_Key__c"] == "k"
    assert client.send("GET", "limits").body["DailyApiRequests"]["Remaining"] == before - 2


@pytest.mark.parametrize(
    "url", ["limits", "limits/recordCount", "recent", "search?q=FIND+{Lee}", "parameterizedSearch?q=Lee"]
)
def test_resources_that_composite_does_not_hold_are_refused(client: Client, url: str) -> None:
    answer, described = client.composite(get(url), get("sobjects/Account/describe"))
    assert (answer["httpStatusCode"], answer["body"][0]["errorCode"]) == (400, "INVALID_REQUEST")
    assert described["httpStatusCode"] == 200


def test_a_failed_sub_request_has_its_error_array_and_the_others_stand(client: Client) -> None:
    answers = client.composite(
        post("sobjects/Email__c", {"Nonsense__c": 1}),
        post("sobjects/Email__c", {"Subject__c": "x"}),
        get("nonsense"),
    )
    assert [item["httpStatusCode"] for item in answers] == [400, 201, 404]
    assert answers[0]["body"][0]["errorCode"] == "INVALID_FIELD"
    assert answers[1]["httpHeaders"]["Location"].startswith(f"{ROOT}/sobjects/Email__c/")
    assert count(client, "Email__c") == 1


def test_all_or_none_undoes_everything(client: Client) -> None:
    answers = client.composite(
        post("sobjects/Email__c", {"Subject__c": "x"}),
        post("sobjects/Email__c", {"Nonsense__c": 1}),
        post("sobjects/Email__c", {"Subject__c": "y"}),
        all_or_none=True,
    )
    assert [item["httpStatusCode"] for item in answers] == [400, 400, 400]
    assert [item["body"][0]["errorCode"] for item in answers] == [
        "PROCESSING_HALTED",
        "INVALID_FIELD",
        "PROCESSING_HALTED",
    ]
    assert count(client, "Email__c") == 0


def test_all_or_none_at_the_top_overrides_the_collection(client: Client) -> None:
    mixed = ({"Subject__c": "good"}, {"Subject__c": "x" * 300})
    answers = client.composite(
        rows("Email__c", {"Subject__c": "first"}), rows("Email__c", *mixed, all_or_none=False), all_or_none=True
    )
    assert answers[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    codes = [item["errors"][0]["statusCode"] for item in answers[1]["body"]]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "STRING_TOO_LONG"]
    assert count(client, "Email__c") == 0


def test_without_it_each_collection_follows_its_own_flag(client: Client) -> None:
    mixed = ({"Subject__c": "good"}, {"Subject__c": "x" * 300})
    answers = client.composite(rows("Email__c", *mixed, all_or_none=True), rows("Email__c", *mixed))
    assert [[item["success"] for item in answer["body"]] for answer in answers] == [[False, False], [True, False]]
    assert count(client, "Email__c") == 1


def test_results_can_be_named_by_later_sub_requests(org: SalesforceSandbox) -> None:
    answers = admin(org).composite(
        post("sobjects/Account", {"Name": "Lee Household"}, referenceId="house"),
        post("sobjects/Contact", {"LastName": "Lee", "AccountId": "@{house.id}"}, referenceId="lee"),
        get("sobjects/Contact/@{lee.id}?fields=AccountId", referenceId="read"),
        get("query?q=SELECT Id FROM Account", referenceId="all"),
        post("sobjects/Contact", {"LastName": "Second", "AccountId": "@{all.records[0].Id}"}),
    )
    assert [item["httpStatusCode"] for item in answers] == [201, 201, 200, 200, 201]
    assert answers[2]["body"]["AccountId"] == answers[0]["body"]["id"]


def test_a_reference_to_nothing_halts_that_sub_request(org: SalesforceSandbox) -> None:
    answers = admin(org).composite(
        post("sobjects/Account", {}, referenceId="house"),
        post("sobjects/Contact", {"LastName": "Lee", "AccountId": "@{house.id}"}),
        post("sobjects/Contact", {"LastName": "Other"}),
    )
    assert [item["httpStatusCode"] for item in answers] == [400, 400, 201]
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert "No value for house.id found in house" in answers[1]["body"][0]["message"]


def test_null_is_no_word_on_flags(client: Client) -> None:
    sub = {"method": "GET", "url": f"{ROOT}/sobjects/Account", "referenceId": "a"}
    flags = {"allOrNone": None, "collateSubrequests": None}
    assert client.send("POST", "composite", {**flags, "compositeRequest": [sub]}).status == 200


def test_more_than_25_sub_requests_are_refused(client: Client) -> None:
    subs = [{"method": "GET", "url": f"{ROOT}/limits", "referenceId": f"r{n}"} for n in range(26)]
    answer = client.send("POST", "composite", {"compositeRequest": subs})
    assert answer.status == 400
    assert client.send("POST", "composite", {"compositeRequest": subs[:25]}).status == 200


def test_more_than_five_queries_and_collections_are_refused(client: Client) -> None:
    query = {"method": "GET", "url": f"{ROOT}/query?q=SELECT+Id+FROM+Email__c"}
    insert = {
        "method": "POST",
        "url": f"{ROOT}/{COLLECTION}",
        "body": {"records": [{"attributes": {"type": "Email__c"}}]},
    }
    subs = [{**item, "referenceId": f"r{n}"} for n, item in enumerate([query, query, query, insert, insert, insert])]
    assert client.send("POST", "composite", {"compositeRequest": subs}).status == 400
    spelt = [{**item, "url": item["url"].replace("/query", "/%71uery")} for item in subs]
    assert client.send("POST", "composite", {"compositeRequest": spelt}).status == 400
    assert count(client, "Email__c") == 0
    assert client.send("POST", "composite", {"compositeRequest": subs[:5]}).status == 200
    assert count(client, "Email__c") == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"compositeRequest": []},
        {"compositeRequest": [{}]},
        {"compositeRequest": [{"method": "GET", "url": f"{ROOT}/limits"}]},
        {"compositeRequest": [{"method": "GET", "url": f"{ROOT}/limits", "referenceId": "a-b"}]},
        {"compositeRequest": [{"method": "GET", "url": f"{ROOT}/limits", "referenceId": "a"}] * 2},
        {"compositeRequest": [{"method": "BREW", "url": f"{ROOT}/limits", "referenceId": "a"}]},
        {"compositeRequest": [{"method": "GET", "url": f"{ROOT}/limits", "referenceId": "a", "richInput": {}}]},
        {"compositeRequest": [{"method": "GET", "url": f"{ROOT}/limits", "referenceId": "a"}], "nonsense": 1},
        {"compositeRequest": [{"method": "GET", "url": f"{ROOT}/limits", "referenceId": "a"}], "allOrNone": "yes"},
    ],
)
def test_a_malformed_request_runs_nothing(client: Client, body: dict[str, Any]) -> None:
    answer = client.send("POST", "composite", body)
    assert (answer.status, answer.code) == (400, "JSON_PARSER_ERROR")


def test_a_composite_holds_no_composite(client: Client) -> None:
    inner = post("composite", {"compositeRequest": []})
    assert client.composite(inner)[0]["httpStatusCode"] == 400


def test_headers_of_a_sub_request_reach_it(client: Client) -> None:
    for _ in range(2):
        client.collection("POST", "Email__c", [{}] * 200)
    url = "query?q=SELECT+Id+FROM+Email__c"
    answer = client.composite(get(url, httpHeaders={"Sforce-Query-Options": "batchSize=200"}))[0]["body"]
    assert (answer["totalSize"], len(answer["records"]), answer["done"]) == (400, 200, False)


def test_a_long_query_goes_into_the_body(client: Client) -> None:
    client.made("Email__c", Message_Key__c="k7")
    keys = ",".join(f"'k{n}'" for n in range(4000))
    answer = client.composite(get(f"query?q=SELECT Id FROM Email__c WHERE Message_Key__c IN ({keys})"))[0]
    assert (answer["httpStatusCode"], answer["body"]["totalSize"]) == (200, 1)


@pytest.mark.parametrize("name", ["Accept", "authorization", "Content-Type"])
def test_headers_that_sub_requests_inherit_are_not_named_in_them(client: Client, name: str) -> None:
    item = {"method": "POST", "url": f"{ROOT}/sobjects/Email__c", "referenceId": "a", "body": {"Subject__c": "x"}}
    body = {"compositeRequest": [{**item, "httpHeaders": {name: "x"}}]}
    assert client.send("POST", "composite", body).status == 400
    assert count(client, "Email__c") == 0


def test_a_sub_request_may_use_another_version(client: Client) -> None:
    item = {"method": "POST", "url": "/services/data/v60.0/sobjects/Email__c", "referenceId": "a", "body": {}}
    answers = client.send("POST", "composite", {"compositeRequest": [item]}).body["compositeResponse"]
    assert answers[0]["httpStatusCode"] == 201
    assert answers[0]["httpHeaders"]["Location"].startswith("/services/data/v60.0/sobjects/Email__c/")
    for version in ("58.0", "69.0"):
        item["url"] = f"/services/data/v{version}/sobjects/Email__c"
        answers = client.send("POST", "composite", {"compositeRequest": [item]}).body["compositeResponse"]
        assert answers[0]["httpStatusCode"] == 404


def test_files_are_not_read_in_a_composite(client: Client) -> None:
    version = client.made("ContentVersion", PathOnClient="a.txt", VersionData="eA==")
    [answer] = client.composite(get(f"sobjects/ContentVersion/{version}/VersionData"))
    assert answer["httpStatusCode"] == 400


def test_collate_subrequests_is_a_flag(client: Client) -> None:
    item = {"method": "GET", "url": f"{ROOT}/limits", "referenceId": "a"}
    for flag, status in ((True, 200), (False, 200), ("no", 400)):
        body = {"compositeRequest": [item], "collateSubrequests": flag}
        assert client.send("POST", "composite", body).status == status
