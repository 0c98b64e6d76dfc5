"""/search and /parameterizedSearch over the rows of an org."""

from typing import Any

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, new_org, new_user


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    org = new_org()
    org.seed("Account", [{"Name": "Lee Household", "Phone": "555 0100"}])
    org.seed(
        "Contact",
        [
            {"FirstName": "Ann", "LastName": "Lee", "Email": "ann@lee.example"},
            {"FirstName": "Bo", "LastName": "Lee", "Title": "Ann's brother"},
            {"FirstName": "Cy", "LastName": "100%_sure"},
        ],
    )
    org.seed("Email__c", [{"Subject__c": "About Lee"}])
    org.seed("MS_Graph_Setting__c", [{"Name": "Default Lee"}])
    return org


@pytest.fixture(scope="module")
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def records(client: Client, sosl: str) -> list[dict[str, Any]]:
    answer = client.send("GET", "search", q=sosl)
    assert answer.status == 200, answer.body
    return list(answer.body["searchRecords"])


def names(client: Client, sosl: str) -> list[str]:
    return [item["Name"] for item in records(client, sosl)]


@pytest.mark.parametrize(
    ("sosl", "found"),
    [
        ("FIND {lee} RETURNING Contact(Name)", ["Ann Lee", "Bo Lee"]),
        ("FIND {ann} RETURNING Contact(Name)", ["Ann Lee", "Bo Lee"]),
        ("FIND {ann} IN NAME FIELDS RETURNING Contact(Name)", ["Ann Lee"]),
        ("FIND {lee} IN EMAIL FIELDS RETURNING Contact(Name)", ["Ann Lee"]),
        ("FIND {0100} IN PHONE FIELDS RETURNING Account(Name), Contact(Name)", ["Lee Household"]),
        ("FIND {lee} RETURNING Contact(Name WHERE Email = null)", ["Bo Lee"]),
        ("FIND {lee} RETURNING Contact(Name ORDER BY FirstName DESC LIMIT 1)", ["Bo Lee"]),
        ("FIND {lee} RETURNING Account(Name), Contact(Name) LIMIT 2", ["Lee Household", "Ann Lee"]),
        ("FIND {nobody} RETURNING Contact(Name)", []),
        ("FIND {le} RETURNING Contact(Name)", []),
        ("FIND {100%_sure} RETURNING Contact(Name)", ["Cy 100%_sure"]),
        ("FIND {O'Neil} RETURNING Contact(Name)", []),
    ],
)
def test_records_are_found_by_their_words(client: Client, sosl: str, found: list[str]) -> None:
    assert names(client, sosl) == found


def test_without_returning_every_searchable_object_answers_with_ids(client: Client) -> None:
    found = records(client, "FIND {lee}")
    assert [item["attributes"]["type"] for item in found] == ["Account", "Contact", "Contact", "Email__c"]
    assert all(set(item) == {"attributes", "Id"} for item in found)


@pytest.mark.parametrize(
    ("sosl", "code"),
    [
        ("lee", "MALFORMED_SEARCH"),
        ("FIND {lee} RETURNING Nonsense", "INVALID_TYPE"),
        ("FIND {lee} RETURNING MS_Graph_Setting__c", "INVALID_TYPE"),
        ("FIND {lee} RETURNING Contact(Nonsense)", "INVALID_FIELD"),
        ("FIND {lee} RETURNING Contact(Id WHERE)", "MALFORMED_SEARCH"),
        ("FIND {lee} RETURNING Contact(COUNT())", "MALFORMED_SEARCH"),
    ],
)
def test_a_wrong_search_is_refused(client: Client, sosl: str, code: str) -> None:
    answer = client.send("GET", "search", q=sosl)
    assert (answer.status, answer.code) == (400, code)
    assert answer.message
    assert "Row:" not in answer.message


def test_a_search_without_a_text_is_refused(client: Client) -> None:
    assert client.send("GET", "search").code == "MALFORMED_SEARCH"
    assert client.send("GET", "parameterizedSearch").code == "MISSING_ARGUMENT"


def test_only_what_the_caller_may_see_is_found(org: SalesforceSandbox) -> None:
    _, stranger = new_user(org, "Stranger")
    answer = stranger.send("GET", "search", q="FIND {lee} RETURNING Email__c(Id)")
    assert (answer.code, answer.message) == ("INVALID_TYPE", "sObject type 'Email__c' is not supported.")
    assert "Email__c" not in {item["attributes"]["type"] for item in records(stranger, "FIND {lee}")}


def test_describe_says_what_is_searched(client: Client) -> None:
    listed = {item["name"]: item["searchable"] for item in client.send("GET", "sobjects").body["sobjects"]}
    assert (listed["Email__c"], listed["Contact"]) == (True, True)
    assert (listed["MS_Graph_Setting__c"], listed["PermissionSet"]) == (False, False)


def test_parameters_say_what_sosl_would(client: Client) -> None:
    query = {"q": "lee", "sobject": "Contact", "Contact.fields": "Name,Email", "Contact.limit": "1"}
    [found] = client.send("GET", "parameterizedSearch", **query).body["searchRecords"]
    assert (found["Name"], found["Email"]) == ("Ann Lee", "ann@lee.example")
    where = {"q": "lee", "sobject": "Contact", "fields": "Name", "Contact.where": "Email = null"}
    assert [item["Name"] for item in client.send("GET", "parameterizedSearch", **where).body["searchRecords"]] == [
        "Bo Lee"
    ]
    body = {"q": "lee", "fields": ["Name"], "sobjects": [{"name": "Account"}, {"name": "Contact"}], "overallLimit": 2}
    found = client.send("POST", "parameterizedSearch", body).body["searchRecords"]
    assert [item["Name"] for item in found] == ["Lee Household", "Ann Lee"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"q": "lee", "nonsense": 1}, "JSON_PARSER_ERROR"),
        ({"q": 5}, "MISSING_ARGUMENT"),
        ({"q": "a"}, "MALFORMED_SEARCH"),
        ({"q": "lee", "in": "EVERYTHING"}, "MALFORMED_SEARCH"),
        ({"q": "lee", "sobjects": "Contact"}, "JSON_PARSER_ERROR"),
        ({"q": "lee", "sobjects": [{}]}, "JSON_PARSER_ERROR"),
        ({"q": "lee", "sobjects": [{"name": "Contact", "fields": "Id"}]}, "JSON_PARSER_ERROR"),
        ({"q": "lee", "overallLimit": "many"}, "JSON_PARSER_ERROR"),
    ],
)
def test_wrong_parameters_are_refused(client: Client, body: dict[str, Any], code: str) -> None:
    answer = client.send("POST", "parameterizedSearch", body)
    assert (answer.status, answer.code) == (400, code)
