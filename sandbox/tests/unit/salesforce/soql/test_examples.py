"""Examples and remarks of the SOQL reference on aggregates, TYPEOF and parents, put onto the objects of the sandbox."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from m365sandbox.salesforce.soql import SoqlError

from tests.support.soql_org import Org


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    org = Org()
    made = datetime(2026, 11, 1, tzinfo=UTC)
    acme = org.insert("Account", Name="Acme", Rating="Hot", BillingCountry="USA", CreatedDate=made)
    org.insert("Account", Name="Bolt", Rating="Cold", BillingCountry="USA", CreatedDate=made)
    org.insert("Account", Name="Cole", Rating="Warm", BillingCountry="Peru", CreatedDate=made)
    org.insert("Account", Name="Dune", BillingCountry="Chad", CreatedDate=made)
    org.insert("Contact", LastName="Young", AccountId=acme)
    org.insert("Contact", LastName="Zed")
    org.insert("Task", Subject="1", WhatId=acme)
    org.insert("RecordType", Name="Person", DeveloperName="Person", SobjectType="Account")
    yield org
    org.close()


def answer(org: Org, soql: str) -> list[Any]:
    return [{key: value for key, value in record.items() if key != "attributes"} for record in org.query(soql).records]


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        # Aggregate Functions: "the function uses the sort order of the picklist values instead of alphabetical order".
        ("SELECT MIN(Rating), MAX(Rating) FROM Account", [{"expr0": "Hot", "expr1": "Cold"}]),
        ("SELECT MIN(Rating) least FROM Account WHERE Rating = null", [{"least": None}]),
        ("SELECT MAX(Rating) m FROM Account WHERE BillingCountry IN ('Peru', 'Chad')", [{"m": "Warm"}]),
        (
            "SELECT BillingCountry, MIN(Rating) best FROM Account GROUP BY BillingCountry HAVING MIN(Rating) = 'hot'",
            [{"BillingCountry": "USA", "best": "Hot"}],
        ),
        (
            "SELECT BillingCountry, COUNT(Id) FROM Account GROUP BY BillingCountry HAVING MIN(Name) = 'cole'",
            [{"BillingCountry": "Peru", "expr0": 1}],
        ),
        # What is grouped by may be counted in HAVING and in subtotals.
        ("SELECT BillingCountry FROM Account GROUP BY BillingCountry HAVING COUNT(BillingCountry) > 1", [
            {"BillingCountry": "USA"}
        ]),
        (
            "SELECT COUNT(Rating) n FROM Account GROUP BY ROLLUP(Rating) ORDER BY COUNT(Rating) DESC LIMIT 1",
            [{"n": 3}],
        ),
        # toLabel(): "Recordtype names".
        ("SELECT toLabel(Name) FROM RecordType", [{"Name": "Person"}]),
    ],
)  # fmt: skip
def test_answers(org: Org, soql: str, expected: list[Any]) -> None:
    assert answer(org, soql) == expected


@pytest.mark.parametrize(
    ("source", "condition", "total"),
    [
        # COUNT() and COUNT(fieldName).
        ("Contact, Contact.Account", "Account.Name = 'acme'", 1),
        ("Contact c, c.Account", "c.Account.Name = 'acme'", 1),
        ("Contact, Contact.Account, Contact.Owner o", "o.Name = null", 2),
    ],
)
def test_a_parent_in_from_needs_no_alias(org: Org, source: str, condition: str, total: int) -> None:
    assert org.total(condition, source) == total


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Id FROM Contact, Contact.Nope", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT Id FROM Contact, Account", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        # Support for Field Types in Aggregate Functions.
        ("SELECT COUNT(DoNotCall) FROM Contact", "MALFORMED_QUERY", "does not support aggregate operator COUNT"),
        (
            "SELECT COUNT_DISTINCT(Time_of_Day__c) FROM MS_Graph_Setting__c",
            "MALFORMED_QUERY",
            "field Time_of_Day__c does not support aggregate operator COUNT_DISTINCT",
        ),
        # Groups.
        (
            "SELECT Id, COUNT(Id) FROM Contact GROUP BY Id",
            "MALFORMED_QUERY",
            "ERROR at Row:1:Column:18\nGrouped field should not be aggregated: Id",
        ),
        (
            "SELECT FORMAT(MAX(NumberOfEmployees)) FROM Account GROUP BY NumberOfEmployees",
            "MALFORMED_QUERY",
            "Grouped field should not be aggregated: NumberOfEmployees",
        ),
        ("SELECT Name FROM Account GROUP BY Name, name", "MALFORMED_QUERY", "duplicate grouping expression: name"),
        ("SELECT COUNT(Id) FROM Account OFFSET 1", "MALFORMED_QUERY", "cannot also use OFFSET"),
        ("SELECT COUNT(Id) FROM Account ORDER BY COUNT(Id)", "MALFORMED_QUERY", "cannot also use ORDER BY"),
        # TYPEOF.
        (
            "SELECT TYPEOF What WHEN Account THEN Phone END, What.Name FROM Task",
            "INVALID_FIELD",
            "duplicate field selected: Name",
        ),
        (
            "SELECT What.Name, TYPEOF What WHEN Account THEN Phone END FROM Task",
            "INVALID_FIELD",
            "duplicate relationship selected: What",
        ),
        (
            "SELECT TYPEOF What WHEN Account THEN Phone WHEN account THEN Name END FROM Task",
            "MALFORMED_QUERY",
            "duplicate type in TYPEOF: account",
        ),
        (
            "SELECT TYPEOF What WHEN Account THEN Phone, phone END FROM Task",
            "INVALID_FIELD",
            "duplicate field selected: phone",
        ),
        (
            "SELECT TYPEOF What WHEN Account THEN Phone ELSE Name, name END FROM Task",
            "INVALID_FIELD",
            "duplicate field selected: name",
        ),
        # toLabel(): "You can't filter on the translated name value from a record type".
        ("SELECT Id FROM RecordType WHERE toLabel(Name) = 'Person'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT toLabel(DeveloperName) FROM RecordType", "INVALID_FIELD", "toLabel function is not supported"),
        # Understanding Relationship Query Limitations.
        (
            "SELECT (SELECT Id FROM Contacts USING SCOPE mine) FROM Account",
            "MALFORMED_QUERY",
            "USING SCOPE is not allowed in a subquery",
        ),
    ],
)
def test_refuses(org: Org, soql: str, code: str, words: str) -> None:
    with pytest.raises(SoqlError) as caught:
        org.query(soql)
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value.message
