"""/query?columns=true, by the answers that salesforcecli/plugin-data keeps for its tests."""

from typing import Any

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, new_org

#: What a column is where nothing else is said.
PLAIN: dict[str, Any] = {
    "aggregate": False,
    "apexType": None,
    "booleanType": False,
    "custom": False,
    "foreignKeyName": None,
    "insertable": False,
    "joinColumns": [],
    "numberType": False,
    "textType": False,
    "updatable": False,
}
TEXT = {**PLAIN, "apexType": "String", "textType": True}
WRITTEN = {"insertable": True, "updatable": True}


def column(name: str, shown: str = "", **kind: Any) -> dict[str, Any]:
    return {**kind, "columnName": name, "displayName": shown or name}


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def asked(client: Client, soql: str, resource: str = "query") -> dict[str, Any]:
    answer = client.send("GET", resource, q=soql, columns="true")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body
    return found


def test_fields(client: Client) -> None:
    found = asked(client, "SELECT id, name FROM Contact")
    assert found == {
        "columnMetadata": [column("Id", **{**PLAIN, "apexType": "Id"}), column("Name", **TEXT)],
        "entityName": "Contact",
        "groupBy": False,
        "idSelected": True,
        "keyPrefix": "003",
    }


def test_a_child_subquery_is_an_aggregate_with_join_columns(client: Client) -> None:
    found = asked(client, "SELECT Name, ( SELECT LastName FROM Contacts ) FROM Account")
    inner = column("LastName", **{**TEXT, **WRITTEN})
    assert found["columnMetadata"][1] == column("Contacts", **{**PLAIN, "aggregate": True, "joinColumns": [inner]})
    assert found["idSelected"] is False


def test_groups_and_aggregates(client: Client) -> None:
    found = asked(
        client, "SELECT AccountId, AVG(Account.NumberOfEmployees), COUNT(Id) n FROM Contact GROUP BY AccountId"
    )
    number = {**PLAIN, "aggregate": True, "numberType": True}
    assert found["columnMetadata"] == [
        column("AccountId", **{**PLAIN, **WRITTEN, "apexType": "Id"}),
        column("expr0", "avg(Account.NumberOfEmployees)", **number),
        column("n", "count(Id)", **number),
    ]
    assert found["groupBy"] is True


def test_parents_are_join_columns_of_one_column(client: Client) -> None:
    found = asked(client, "SELECT Name, Owner.Name, Phone, Owner.Profile.Name, Owner.Email FROM Account")
    name, owner, phone = found["columnMetadata"]
    assert (name["columnName"], phone["columnName"]) == ("Name", "Phone")
    profile = column(
        "Profile", **{**PLAIN, "foreignKeyName": "ProfileId", "joinColumns": owner["joinColumns"][1]["joinColumns"]}
    )
    assert owner == column("Owner", **{**PLAIN, "foreignKeyName": "OwnerId", "joinColumns": owner["joinColumns"]})
    assert [item["columnName"] for item in owner["joinColumns"]] == ["Name", "Profile", "Email"]
    assert owner["joinColumns"][1] == profile
    assert [item["columnName"] for item in profile["joinColumns"]] == ["Name"]


def test_custom_fields_and_relationships_say_so(client: Client) -> None:
    found = asked(client, "SELECT Email__r.Subject__c, Role__c, CreatedDate FROM Email_Participant__c")
    mail, role, created = found["columnMetadata"]
    assert (mail["custom"], mail["foreignKeyName"]) == (True, "Email__c")
    assert (mail["joinColumns"][0]["custom"], role["custom"], created["custom"]) == (True, True, False)
    described = client.send("GET", "sobjects/Email_Participant__c/describe").body
    assert found["keyPrefix"] == described["keyPrefix"]


def test_flags_and_counts(client: Client) -> None:
    [flag] = asked(client, "SELECT DoNotCall FROM Contact")["columnMetadata"]
    assert (flag["booleanType"], flag["apexType"], flag["textType"]) == (True, "Boolean", False)
    assert asked(client, "SELECT COUNT() FROM Contact", "queryAll")["columnMetadata"] == []


def test_a_wrong_query_is_refused_all_the_same(client: Client) -> None:
    wrong = client.send("GET", "query", q="SELECT Nonsense FROM Contact", columns="true")
    assert (wrong.status, wrong.code) == (400, "INVALID_FIELD")
    assert client.send("GET", "query", columns="true").code == "MALFORMED_QUERY"
