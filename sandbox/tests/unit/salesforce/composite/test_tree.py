"""/composite/tree/T: records with their details, written as a whole or not at all."""

from typing import Any

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Answered, Client, admin, new_org


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture(scope="module")
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def record(kind: str, reference_id: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind, "referenceId": reference_id}, **values}


def account(reference_id: str, *contacts: dict[str, Any], **values: Any) -> dict[str, Any]:
    more = {"Contacts": {"records": list(contacts)}} if contacts else {}
    return record("Account", reference_id, **{"Name": reference_id, **more, **values})


def send(client: Client, *records: Any, name: str = "Account") -> Answered:
    return client.send("POST", f"composite/tree/{name}", {"records": list(records)})


def count(client: Client, name: str) -> int:
    return len(client.query(f"SELECT Id FROM Account WHERE Name = '{name}'"))


def test_a_tree_is_written_level_by_level(client: Client) -> None:
    ann, bob = (record("Contact", f"c{n}", LastName=f"Tree {n}") for n in "ab")
    answer = send(client, account("one", ann, bob), account("two", record("Contact", "cc", LastName="Tree c")))
    assert answer.status == 201
    assert answer.body["hasErrors"] is False
    found = {item["referenceId"]: item["id"] for item in answer.body["results"]}
    assert list(found) == ["one", "two", "ca", "cb", "cc"]
    rows = client.query("SELECT Id, AccountId FROM Contact WHERE LastName LIKE 'Tree %' ORDER BY LastName")
    expected = [(found["ca"], found["one"]), (found["cb"], found["one"]), (found["cc"], found["two"])]
    assert [(item["Id"], item["AccountId"]) for item in rows] == expected
    assert answer.response.rows == 5


def test_one_bad_record_undoes_all_and_is_the_only_one_named(client: Client) -> None:
    bad = record("Contact", "bad", LastName="x", Email="123")
    answer = send(client, account("three"), account("four", bad, record("Contact", "good", LastName="y")))
    assert (answer.status, answer.body["hasErrors"]) == (400, True)
    error = {"statusCode": "INVALID_EMAIL_ADDRESS", "message": "Email: invalid email address: 123", "fields": ["Email"]}
    assert answer.body["results"] == [{"referenceId": "bad", "errors": [error]}]
    assert count(client, "three") == count(client, "four") == 0


def test_reference_ids_stand_once(client: Client) -> None:
    answer = send(client, account("five"), account("same"), account("same"))
    assert answer.status == 400
    found = [(item["referenceId"], item["errors"][0]["statusCode"]) for item in answer.body["results"]]
    assert found == [("same", "INVALID_INPUT")] * 2
    assert count(client, "five") == 0


def test_two_hundred_records_are_the_most(client: Client) -> None:
    contacts = [record("Contact", f"c{n}", LastName="Many") for n in range(200)]
    assert send(client, account("six", *contacts)).code == "EXCEEDED_ID_LIMIT"
    assert len(send(client, account("six", *contacts[:199])).body["results"]) == 200


def nested(levels: int) -> dict[str, Any]:
    root = account(f"level{levels}")
    return root if levels == 1 else {**root, "ChildAccounts": {"records": [nested(levels - 1)]}}


def test_five_levels_are_the_most(client: Client) -> None:
    assert send(client, nested(5)).status == 201
    assert send(client, nested(6)).code == "INVALID_INPUT"


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], "JSON_PARSER_ERROR"),
        (["x"], "JSON_PARSER_ERROR"),
        ([{"Name": "x"}], "INVALID_INPUT"),
        ([{"attributes": {"type": "Account"}, "Name": "x"}], "INVALID_INPUT"),
        ([record("Contact", "a", LastName="x")], "INVALID_TYPE"),
        ([account("a", record("Account", "b", Name="x"))], "INVALID_TYPE"),
        ([record("Account", "a", Name="x", Contacts={"records": []})], "JSON_PARSER_ERROR"),
    ],
)
def test_what_is_no_tree_is_refused(client: Client, records: list[Any], code: str) -> None:
    answer = send(client, *records)
    assert (answer.status, answer.code) == (400, code)


def test_an_unknown_relationship_is_an_unknown_field(client: Client) -> None:
    answer = send(client, record("Account", "a", Name="seven", Nonsense={"records": [{}]}))
    assert answer.body["results"][0]["errors"][0]["statusCode"] == "INVALID_FIELD"
    assert count(client, "seven") == 0
    assert client.send("POST", "composite/tree/Nonsense__c", {"records": [{}]}).status == 404


def test_a_custom_relationship_is_walked(client: Client) -> None:
    detail = record("Email_Participant__c", "p", Participant_Key__c="tree")
    mail = record("Email__c", "m", Message_Key__c="tree", Participants__r={"records": [detail]})
    answer = send(client, mail, name="Email__c")
    assert answer.status == 201, answer.body
    assert client.query("SELECT Email__r.Message_Key__c FROM Email_Participant__c")[0]["Email__r"]["Message_Key__c"]
