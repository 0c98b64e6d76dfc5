"""/composite/graph: each graph is written as a whole or not at all."""

from typing import Any

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import ROOT, Answered, Client, admin, new_org


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture(scope="module")
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def post(name: str, reference_id: str, **values: Any) -> dict[str, Any]:
    return {"method": "POST", "url": f"{ROOT}/sobjects/{name}", "referenceId": reference_id, "body": values}


def household(name: str, **contact: Any) -> list[dict[str, Any]]:
    """An account and a contact in it."""
    return [
        post("Account", "account", Name=name),
        post("Contact", "contact", **{"LastName": name, "AccountId": "@{account.id}", **contact}),
    ]


def send(client: Client, *graphs: list[dict[str, Any]], root: str = ROOT) -> Answered:
    body = {"graphs": [{"graphId": f"g{n}", "compositeRequest": nodes} for n, nodes in enumerate(graphs)]}
    return client.send("POST", f"{root}/composite/graph", body)


def results(answer: Answered, place: int = 0) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    return list(answer.body["graphs"][place]["graphResponse"]["compositeResponse"])


def names(client: Client, name: str) -> list[str]:
    return [item["Name"] for item in client.query(f"SELECT Name FROM Account WHERE Name LIKE '{name}%' ORDER BY Name")]


def test_a_graph_writes_records_that_refer_to_each_other(client: Client) -> None:
    answer = send(client, household("One"))
    graph = answer.body["graphs"][0]
    assert (graph["graphId"], graph["isSuccessful"]) == ("g0", True)
    account, contact = results(answer)
    assert [account["httpStatusCode"], contact["httpStatusCode"]] == [201, 201]
    assert [account["referenceId"], contact["referenceId"]] == ["account", "contact"]
    assert account["httpHeaders"]["Location"] == f"{ROOT}/sobjects/Account/{account['body']['id']}"
    assert client.row("Contact", contact["body"]["id"], "AccountId")["AccountId"] == account["body"]["id"]
    assert answer.response.rows == 2


def test_a_graph_that_fails_is_undone_and_the_others_stand(client: Client) -> None:
    answer = send(client, household("Two A"), household("Two B", Email="nobody"), household("Two C"))
    assert [graph["isSuccessful"] for graph in answer.body["graphs"]] == [True, False, True]
    assert names(client, "Two") == ["Two A", "Two C"]
    account, contact = results(answer, 1)
    assert account["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert contact["body"][0]["errorCode"] == "INVALID_EMAIL_ADDRESS"
    assert [account["httpStatusCode"], contact["httpStatusCode"]] == [400, 400]


def test_rows_are_read_changed_and_deleted_in_a_graph(client: Client) -> None:
    known = client.made("Account", Name="Three")
    nodes = [
        {"method": "GET", "url": f"{ROOT}/sobjects/Account/{known}?fields=Name", "referenceId": "read"},
        {
            "method": "PATCH",
            "url": f"{ROOT}/sobjects/Account/{known}",
            "referenceId": "change",
            "body": {"Name": "@{read.Name} changed"},
        },
        {
            "method": "PATCH",
            "url": f"{ROOT}/sobjects/Email__c/Message_Key__c/three",
            "referenceId": "upsert",
            "body": {"Subject__c": "x"},
        },
        {"method": "DELETE", "url": f"{ROOT}/sobjects/Account/{known}", "referenceId": "gone"},
    ]
    assert [item["httpStatusCode"] for item in results(send(client, nodes[:3]))] == [200, 204, 201]
    assert names(client, "Three") == ["Three changed"]
    assert [item["httpStatusCode"] for item in results(send(client, nodes[3:]))] == [204]


def test_a_reference_to_what_is_not_in_the_graph_fails_it(client: Client) -> None:
    lone = post("Contact", "lone", LastName="Four", AccountId="@{account.id}")
    answer = send(client, [post("Account", "account", Name="Four")], [lone])
    assert [graph["isSuccessful"] for graph in answer.body["graphs"]] == [True, False]


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "sobjects/Account"),
        ("GET", "sobjects/Account/describe"),
        ("PATCH", "sobjects/Account"),
        ("POST", "sobjects/Account/001Hn0000000001IAA"),
        ("GET", "query?q=SELECT+Id+FROM+Account"),
        ("POST", "composite/sobjects"),
        ("PUT", "sobjects/Account/001Hn0000000001IAA"),
    ],
)
def test_a_graph_takes_rows_only(client: Client, method: str, url: str) -> None:
    node = {"method": method, "url": f"{ROOT}/{url}", "referenceId": "a", "body": {}}
    answer = send(client, [post("Account", "b", Name="Five"), node])
    assert answer.status == 400
    assert names(client, "Five") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"graphs": []},
        {"graphs": {}},
        {"graphs": [{"graphId": "a"}]},
        {"graphs": [{"compositeRequest": [post("Account", "a", Name="x")]}]},
        {"graphs": [{"graphId": "a", "compositeRequest": []}]},
        {"graphs": [{"graphId": "a", "compositeRequest": [post("Account", "a-b", Name="x")]}]},
        {"graphs": [{"graphId": "a", "compositeRequest": [post("Account", "a", Name="x")] * 2}]},
        {"graphs": [{"graphId": "a", "compositeRequest": [post("Account", "a", Name="x")]}] * 2},
        {"graphs": [{"graphId": "a", "compositeRequest": [post("Account", "a", Name="x")]}], "allOrNone": True},
        {"graphs": [{"graphId": "a", "compositeRequest": [post("Account", "a", Name="x")], "allOrNone": True}]},
    ],
)
def test_a_malformed_request_runs_nothing(client: Client, body: dict[str, Any]) -> None:
    answer = client.send("POST", "composite/graph", body)
    assert (answer.status, answer.code) == (400, "JSON_PARSER_ERROR")
    assert names(client, "x") == []


def test_limits_on_graphs_and_nodes(client: Client) -> None:
    one = [post("Account", "a", Name="Six")]
    assert send(client, *[one] * 76).code == "LIMIT_EXCEEDED"
    nodes = [post("Account", f"r{n}", Name="Six") for n in range(501)]
    assert send(client, nodes).code == "LIMIT_EXCEEDED"
    assert send(client, nodes[:250], nodes[:251]).code == "LIMIT_EXCEEDED"
    assert names(client, "Six") == []
    assert len(results(send(client, nodes[:500]))) == 500
    assert len(send(client, *[one] * 75).body["graphs"]) == 75


def test_versions_verbs_and_objects_make_fifteen_different_nodes_at_most(client: Client) -> None:
    record_id = client.made("Account", Name="Seven")
    versions = [f"{number}.0" for number in range(50, 58)]
    asked = [
        {"method": method, "url": f"/services/data/v{version}/sobjects/Account/{record_id}", "referenceId": f"r{place}"}
        for place, (version, method) in enumerate(
            (version, method) for version in versions for method in ("GET", "PATCH")
        )
    ]
    nodes = [{**node, "body": {"Name": "Seven"}} if node["method"] == "PATCH" else node for node in asked]
    assert send(client, nodes).code == "LIMIT_EXCEEDED"
    assert send(client, nodes[:15]).body["graphs"][0]["isSuccessful"] is True


def test_a_chain_of_references_has_fifteen_nodes_at_most(client: Client) -> None:
    chain = [post("Account", "r0", Name="Seven")]
    chain += [post("Account", f"r{n}", Name=f"Seven @{{r{n - 1}.id}}") for n in range(1, 16)]
    assert send(client, chain).code == "LIMIT_EXCEEDED"
    assert send(client, chain[:15]).body["graphs"][0]["isSuccessful"] is True


def test_after_more_than_fourteen_failures_the_rest_is_halted(client: Client) -> None:
    bad = [post("Account", "a", Nonsense="x")]
    answer = send(client, *[bad] * 15, [post("Account", "a", Name="Eight")])
    codes = [results(answer, place)[0]["body"][0]["errorCode"] for place in range(16)]
    assert codes == ["INVALID_FIELD"] * 15 + ["PROCESSING_HALTED"]
    assert names(client, "Eight") == []
    assert send(client, *[bad] * 14, [post("Account", "a", Name="Eight")]).body["graphs"][14]["isSuccessful"] is True


def test_the_resource_came_with_version_50(client: Client) -> None:
    assert send(client, household("Nine"), root="/services/data/v49.0").status == 404
    assert send(client, household("Nine"), root="/services/data/v50.0").status == 200
