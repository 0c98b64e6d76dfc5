"""What the SOQL reference promises beyond plain queries, its examples put onto the objects of the sandbox."""

from collections.abc import Iterator
from typing import Any

import pytest
from m365sandbox.salesforce.soql import SoqlError

from tests.support.soql_org import Org


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    org = Org()
    profile = org.insert("Profile", Name="Adviser")
    eve = org.insert(
        "User", Username="eve@firm.example", FirstName="Eve", LastName="Hale", Alias="eh", ProfileId=profile
    )
    acme = org.insert("Account", Name="Acme", OwnerId=eve, Phone="1", NumberOfEmployees=7)
    org.insert("Account", Name="Bare")
    ada = org.insert("Contact", FirstName="Ada", LastName="Brook", AccountId=acme, OwnerId=eve, DoNotCall=True)
    org.insert("Contact", LastName="Young")
    lead = org.insert("Lead", LastName="Moss", Company="Moss Ltd", OwnerId=eve)
    org.insert("Task", Subject="1", WhoId=ada, WhatId=acme, OwnerId=eve)
    org.insert("Task", Subject="2", WhoId=lead)
    yield org
    org.close()


def plain(value: Any) -> Any:
    """A record without its attributes."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "attributes"}
    return [plain(item) for item in value] if isinstance(value, list) else value


def answer(org: Org, soql: str) -> list[Any]:
    return [plain(record) for record in org.query(soql).records]


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        # Alias Notation.
        ("SELECT c.LastName FROM Contact c, c.Account a WHERE a.Name = 'acme'", [{"LastName": "Brook"}]),
        ("SELECT LastName FROM Contact c, c.Account a, a.Owner o WHERE o.Alias = 'EH'", [{"LastName": "Brook"}]),
        ("SELECT a.Name FROM Contact c, c.Account a WHERE a.Name != null", [{"Account": {"Name": "Acme"}}]),
        ("SELECT LastName FROM Contact, Contact.Account a WHERE a.Phone = '1'", [{"LastName": "Brook"}]),
        # Using Relationship Queries.
        (
            "SELECT Account.Name, (SELECT Contact.LastName FROM Account.Contacts) FROM Account WHERE Name = 'Acme'",
            [{"Name": "Acme", "Contacts": {"totalSize": 1, "done": True, "records": [{"LastName": "Brook"}]}}],
        ),
        ("SELECT a.Name, (SELECT LastName FROM a.Contacts) FROM Account a WHERE a.Name = 'Bare'", [
            {"Name": "Bare", "Contacts": None}
        ]),
        # null Values in Lookup Relationships and Outer Joins.
        ("SELECT LastName FROM Contact WHERE Account.Name = null", [{"LastName": "Young"}]),
        (
            "SELECT LastName FROM Contact WHERE LastName = 'Young' OR Account.Name = 'Acme' ORDER BY LastName",
            [{"LastName": "Brook"}, {"LastName": "Young"}],
        ),
        # Filter on Boolean Fields; Use null in WHERE.
        ("SELECT LastName FROM Contact WHERE DoNotCall = null", [{"LastName": "Young"}]),
        ("SELECT LastName FROM Contact WHERE DoNotCall != null", [{"LastName": "Brook"}]),
        ("SELECT LastName FROM Contact WHERE DoNotCall IN (null)", [{"LastName": "Young"}]),
        ("SELECT LastName FROM Contact WHERE DoNotCall NOT IN (null)", [{"LastName": "Brook"}]),
        ("SELECT LastName FROM Contact WHERE Account.IsDeleted = false AND AccountId = null", [{"LastName": "Young"}]),
        # Polymorphic relationships.
        ("SELECT Subject FROM Task WHERE What.Type IN ('Account', 'Opportunity')", [{"Subject": "1"}]),
        (
            "SELECT Owner.Name, Owner.Profile.Name FROM Task WHERE Subject = '1'",
            [{"Owner": {"Name": "Eve Hale", "Profile": {"Name": "Adviser"}}}],
        ),
        ("SELECT Subject FROM Task WHERE Owner.Profile.Name = 'adviser'", [{"Subject": "1"}]),
        # TYPEOF.
        (
            "SELECT TYPEOF What WHEN Account THEN Phone, NumberOfEmployees ELSE Name, Email END FROM Task "
            "ORDER BY Subject",
            [{"What": {"Phone": "1", "NumberOfEmployees": 7}}, {"What": None}],
        ),
        (
            "SELECT TYPEOF Who WHEN Contact THEN Account.Name, Account.Owner.Name WHEN Lead THEN Company END FROM Task "
            "ORDER BY Subject",
            [
                {"Who": {"Account": {"Name": "Acme", "Owner": {"Name": "Eve Hale"}}}},
                {"Who": {"Company": "Moss Ltd"}},
            ],
        ),
        # Semi-joins and anti-joins.
        ("SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE LastName LIKE 'bro%')", [
            {"Name": "Acme"}
        ]),
        ("SELECT Name FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact)", [{"Name": "Bare"}]),
        ("SELECT Subject FROM Task WHERE WhoId IN (SELECT Id FROM Lead)", [{"Subject": "2"}]),
        # FIELDS().
        ("SELECT FIELDS(CUSTOM) FROM Task WHERE Subject = '1' LIMIT 1", [{"Email__c": None, "Task_Key__c": None}]),
    ],
)  # fmt: skip
def test_answers(org: Org, soql: str, expected: list[Any]) -> None:
    assert answer(org, soql) == expected


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Id FROM Contact c, c.Nope n", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT Id FROM Contact c, x.Account a", "INVALID_TYPE", "Didn't understand relationship 'x.Account'"),
        ("SELECT Id FROM Contact c, c.Account c", "INVALID_TYPE", "Didn't understand relationship 'c.Account'"),
        ("SELECT (SELECT Id FROM Account.Tasks) FROM Contact", "INVALID_TYPE", "relationship 'Account.Tasks'"),
        ("SELECT TYPEOF What WHEN Account THEN Phone ELSE Nope END FROM Task", "INVALID_FIELD", "on entity 'Name'"),
        ("SELECT Owner.Manager.Name FROM Task", "INVALID_FIELD", "Didn't understand relationship 'Manager'"),
        (
            "SELECT Id FROM Contact WHERE Account.Id IN (SELECT ParentId FROM Account)",
            "MALFORMED_QUERY",
            "left operand",
        ),
        (
            "SELECT Id FROM Contact WHERE Id IN (SELECT WhoId FROM Task)",
            "MALFORMED_QUERY",
            "Entity 'Task' is not supported for semi",
        ),
        (
            "SELECT Id FROM Contact WHERE Id NOT IN (SELECT WhoId FROM Event)",
            "MALFORMED_QUERY",
            "Entity 'Event' is not",
        ),
        ("SELECT Id FROM Contact WHERE Id IN (SELECT ToIds FROM EmailMessage)", "MALFORMED_QUERY", "IDs or references"),
        ("SELECT Id FROM EmailMessage WHERE ToIds = null", "INVALID_FIELD", "field 'ToIds' can not be filtered"),
        ("SELECT Id FROM EmailMessage ORDER BY ToIds", "INVALID_FIELD", "field 'ToIds' can not be sorted"),
        ("SELECT ToIds FROM EmailMessage GROUP BY ToIds", "MALFORMED_QUERY", "field 'ToIds' can not be grouped"),
        ("SELECT Id FROM Account WHERE AnnualRevenue > USD5000", "INVALID_FIELD", "must be of type double"),
        ("SELECT convertCurrency(AnnualRevenue) FROM Account", "INVALID_FIELD", "convertCurrency function is not"),
        (
            "SELECT Id FROM Account WHERE DISTANCE(BillingAddress, GEOLOCATION(1,2), 'mi') < 5",
            "INVALID_FIELD",
            "DISTANCE function is not supported",
        ),
        ("SELECT convertTimezone(CreatedDate) FROM Account", "MALFORMED_QUERY", "unexpected token: 'convertTimezone'"),
        ("SELECT CALENDAR_YEAR(CreatedDate) FROM Account", "MALFORMED_QUERY", "must be grouped or aggregated"),
        ("SELECT Id FROM Account WHERE CALENDAR_YEAR(CreatedDate) = THIS_YEAR", "INVALID_FIELD", "must be of type int"),
        ("SELECT Name FROM Account ORDER BY MAX(Name)", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT Id FROM Account USING SCOPE team", "MALFORMED_QUERY", "scope 'team' is not supported"),
        ("SELECT Id FROM Profile USING SCOPE mine", "MALFORMED_QUERY", "scope 'mine' is not supported for Profile"),
        (
            "SELECT Id FROM Account ORDER BY Name FOR UPDATE",
            "MALFORMED_QUERY",
            "FOR UPDATE cannot be used with ORDER BY",
        ),
        (f"SELECT Id FROM Account ORDER BY {', '.join(['Name'] * 33)}", "MALFORMED_QUERY", "limited to 32 fields"),
        ("SELECT AnnualRevenue, FORMAT(AnnualRevenue) FROM Account", "INVALID_FIELD", "duplicate field selected"),
        ("SELECT FORMAT(Name) FROM Account", "INVALID_FIELD", "FORMAT function is not supported for field Name"),
        ("SELECT Id FROM Account WHERE FORMAT(CreatedDate) = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Status, toLabel(Status) FROM Lead", "INVALID_FIELD", "duplicate field selected: Status"),
    ],
)
def test_refuses(org: Org, soql: str, code: str, words: str) -> None:
    with pytest.raises(SoqlError) as caught:
        org.query(soql)
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value.message


def test_using_scope_mine_keeps_the_users_own_records() -> None:
    org = Org()
    me, other = org.insert("User", Username="a@firm.example"), org.insert("User", Username="b@firm.example")
    org.insert("Account", Name="Mine", OwnerId=me)
    org.insert("Account", Name="Other", OwnerId=other)
    soql = "SELECT Name FROM Account USING SCOPE {} ORDER BY Name"
    assert org.values(soql.format("mine"), user_id=me) == ["Mine"]
    assert org.values(soql.format("everything"), user_id=me) == ["Mine", "Other"]
    assert org.query("SELECT COUNT() FROM Account USING SCOPE Mine", user_id=other).total_size == 1
    org.close()


def test_a_picklist_is_sorted_as_it_was_set_up(org: Org) -> None:
    values = [item.value for item in org.schema.objects["lead"].fields["status"].picklist]
    assert values != sorted(values)
    fresh = Org()
    for value in [*sorted(values), "Lost value"]:
        fresh.insert("Lead", LastName="x", Company="y", Status=value)
    fresh.insert("Lead", LastName="x", Company="y")
    soql = "SELECT Status FROM Lead ORDER BY Status"
    assert fresh.values(soql) == [None, *values, "Lost value"]
    assert fresh.values(f"{soql} DESC NULLS LAST") == ["Lost value", *reversed(values), None]
    grouped = fresh.query("SELECT Status FROM Lead GROUP BY Status ORDER BY Status NULLS LAST").records
    assert [record["Status"] for record in grouped] == [*values, "Lost value", None]
    fresh.close()


def test_children_are_sorted_by_picklists_too(org: Org) -> None:
    fresh = Org()
    account = fresh.insert("Account", Name="Acme")
    values = [item.value for item in org.schema.objects["task"].fields["status"].picklist]
    for value in sorted(values):
        fresh.insert("Task", Subject=value, Status=value, WhatId=account)
    record = fresh.query("SELECT (SELECT Status FROM Tasks ORDER BY Status) FROM Account").records[0]
    assert [child["Status"] for child in record["Tasks"]["records"]] == values
    fresh.close()


NESTED = (
    "SELECT Name, (SELECT LastName, (SELECT Subject, (SELECT Subject, (SELECT RelationType FROM EmailMessageRelations) "
    "FROM EmailMessages) FROM Tasks) FROM Contacts) FROM Account"
)


def test_five_levels_of_children(org: Org) -> None:
    assert org.query(NESTED).total_size == 2
    deeper = NESTED.replace("SELECT Name, (", "SELECT Name, (SELECT Name, (").replace(
        "FROM Contacts)", "FROM Contacts) FROM ChildAccounts)"
    )
    with pytest.raises(SoqlError, match="more than 4 levels away from the root entity object"):
        org.query(deeper)


def test_twenty_child_relationships_a_query(org: Org) -> None:
    names = ("Contacts", "Tasks", "Events", "EmailMessages", "Email_Participants__r", "ContentDocumentLinks")
    six = ", ".join(f"(SELECT Id FROM {name})" for name in names)
    soql = f"SELECT {six}, (SELECT {six}, (SELECT {six}{{}} FROM ChildAccounts) FROM ChildAccounts) FROM Account"
    assert org.query(soql.format("")).total_size == 2
    with pytest.raises(SoqlError, match="At most 20 subqueries"):
        org.query(soql.format(", (SELECT Id FROM ChildAccounts)"))


def test_fifty_five_parents_a_query(org: Org) -> None:
    steps = ("CreatedBy", "LastModifiedBy", "Manager")
    near = [("CreatedBy",), ("LastModifiedBy",), ("Owner",)]
    roads = [(*road, step) for road in near for step in steps]
    far = [(*road, step) for road in roads for step in steps]
    farthest = [(*road, step) for road in far for step in steps]
    paths = [".".join(road) for road in (*near, *roads, *far, *farthest)]
    soql = "SELECT {} FROM Account"
    assert org.query(soql.format(", ".join(f"{path}.Name" for path in paths[:55]))).total_size == 2
    with pytest.raises(SoqlError) as caught:
        org.query(soql.format(", ".join(f"{path}.Name" for path in paths[:56])))
    assert caught.value.code == "QUERY_TOO_COMPLICATED"
