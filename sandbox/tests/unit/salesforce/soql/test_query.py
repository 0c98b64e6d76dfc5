"""What queries find and how their records look."""

from collections.abc import Iterator

import pytest
from m365sandbox.salesforce.soql import SoqlError

from tests.support.soql_org import Org


@pytest.fixture
def org() -> Iterator[Org]:
    org = Org()
    yield org
    org.close()


def contacts(org: Org, *addresses: str | None) -> list[str]:
    return [org.insert("Contact", LastName=f"Client {n}", Email=address) for n, address in enumerate(addresses)]


# --- records --------------------------------------------------------------------------------------------------------


def test_a_record_carries_its_type_its_url_and_the_selected_fields_in_order(org: Org) -> None:
    contact = org.insert("Contact", FirstName="Ada", LastName="Brook", Birthdate="1980-02-29", DoNotCall=True)
    found = org.query("select BIRTHDATE, name, donotcall, email from CONTACT")
    assert found.records == [
        {
            "attributes": {"type": "Contact", "url": f"/services/data/v64.0/sobjects/Contact/{contact}"},
            "Birthdate": "1980-02-29",
            "Name": "Ada Brook",
            "DoNotCall": True,
            "Email": None,
        }
    ]
    assert list(found.records[0]) == ["attributes", "Birthdate", "Name", "DoNotCall", "Email"]
    assert (found.total_size, found.sobject) == (1, "Contact")


def test_values_are_printed_as_the_platform_prints_them(org: Org) -> None:
    org.insert(
        "MS_Graph_Setting__c",
        Name="Default",
        Time_of_Day__c="06:00:00Z",
        Unmatched_Retention_Days__c=30,
        Last_Run_At__c="2026-11-22T12:00:00.987+02:00",
        Active__c=False,
    )
    fields = "Time_of_Day__c, Unmatched_Retention_Days__c, Last_Run_At__c, Active__c, Key__c"
    record = org.query(f"SELECT {fields} FROM MS_Graph_Setting__c").records[0]
    assert list(record.values())[1:] == ["06:00:00.000Z", 30.0, "2026-11-22T10:00:00.000+0000", False, None]


def test_parents_nest_and_a_missing_parent_is_null(org: Org) -> None:
    owner = org.insert("User", FirstName="Eve", LastName="Hale", Username="eve@firm.example")
    account = org.insert("Account", Name="Acme", OwnerId=owner)
    org.insert("Contact", LastName="With", AccountId=account)
    org.insert("Contact", LastName="Without")
    found = org.query("SELECT LastName, Account.Name, Account.Owner.Name FROM Contact ORDER BY LastName").records
    assert found[0]["Account"] == {
        "attributes": {"type": "Account", "url": f"/services/data/v64.0/sobjects/Account/{account}"},
        "Name": "Acme",
        "Owner": {
            "attributes": {"type": "User", "url": f"/services/data/v64.0/sobjects/User/{owner}"},
            "Name": "Eve Hale",
        },
    }
    assert found[1]["Account"] is None


def test_custom_relationships_end_in_r(org: Org) -> None:
    email = org.insert("Email__c", Name="Hello", Message_Key__c="k1")
    org.insert("Email_Participant__c", Email__c=email, Participant_Key__c="k1:a")
    record = org.query("SELECT Email__r.Message_Key__c, Email__c FROM Email_Participant__c").records[0]
    assert record["Email__r"]["Message_Key__c"] == "k1"
    assert record["Email__c"] == email


def test_a_polymorphic_parent_is_a_name(org: Org) -> None:
    contact = org.insert("Contact", FirstName="Ada", LastName="Brook", Email="ada@client.example")
    lead = org.insert("Lead", LastName="Moss", Company="Moss Ltd")
    account = org.insert("Account", Name="Acme")
    org.insert("Task", Subject="1", WhoId=contact, WhatId=account)
    org.insert("Task", Subject="2", WhoId=lead)
    org.insert("Task", Subject="3")
    found = org.query("SELECT Who.Name, Who.Type, Who.Email, What.Name FROM Task ORDER BY Subject").records
    assert found[0]["Who"] == {
        "attributes": {"type": "Name", "url": f"/services/data/v64.0/sobjects/Contact/{contact}"},
        "Name": "Ada Brook",
        "Type": "Contact",
        "Email": "ada@client.example",
    }
    assert found[0]["What"]["Name"] == "Acme"
    assert found[1]["Who"]["Type"] == "Lead"
    assert found[1]["What"] is None
    assert found[2]["Who"] is None
    assert org.values("SELECT Subject FROM Task WHERE Who.Type = 'lead'") == ["2"]
    assert org.values("SELECT Subject FROM Task WHERE Who.Name IN ('ADA brook', 'x')") == ["1"]


def test_children_come_in_a_result_of_their_own_and_none_is_null(org: Org) -> None:
    acme = org.insert("Account", Name="Acme")
    org.insert("Account", Name="Bare")
    for name in ("C", "A", "B"):
        org.insert("Contact", LastName=name, AccountId=acme)
    inner = "SELECT LastName FROM Contacts WHERE LastName != 'B' ORDER BY LastName"
    soql = f"SELECT Name, ({inner}) FROM Account ORDER BY Name"
    found = org.query(soql).records
    assert found[0]["Contacts"]["totalSize"] == 2
    assert found[0]["Contacts"]["done"] is True
    assert [child["LastName"] for child in found[0]["Contacts"]["records"]] == ["A", "C"]
    assert found[0]["Contacts"]["records"][0]["attributes"]["type"] == "Contact"
    assert found[1]["Contacts"] is None


def test_the_limit_of_a_subquery_counts_for_each_parent(org: Org) -> None:
    for name in ("One", "Two"):
        account = org.insert("Account", Name=name)
        for number in range(3):
            org.insert("Contact", LastName=f"{name} {number}", AccountId=account)
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC LIMIT 1) FROM Account ORDER BY Name"
    found = org.query(soql).records
    assert [[child["LastName"] for child in record["Contacts"]["records"]] for record in found] == [
        ["One 2"],
        ["Two 2"],
    ]


def test_a_subquery_may_have_an_offset_where_its_parent_is_one(org: Org) -> None:
    account = org.insert("Account", Name="Acme")
    for number in range(3):
        org.insert("Contact", LastName=str(number), AccountId=account)
    soql = "SELECT (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 1 OFFSET 1) FROM Account"
    found = org.query(f"{soql} LIMIT 1").records[0]
    assert [child["LastName"] for child in found["Contacts"]["records"]] == ["1"]
    with pytest.raises(SoqlError, match="OFFSET is not allowed in a subquery"):
        org.query(soql)


def test_children_of_children_and_their_parents(org: Org) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Brook", AccountId=account)
    org.insert("Task", Subject="Call", WhoId=contact)
    soql = "SELECT Name, (SELECT LastName, Account.Name, (SELECT Subject FROM Tasks) FROM Contacts) FROM Account"
    child = org.query(soql).records[0]["Contacts"]["records"][0]
    assert child["Account"]["Name"] == "Acme"
    assert child["Tasks"]["records"][0]["Subject"] == "Call"


def test_compound_address(org: Org) -> None:
    org.insert("Contact", LastName="Brook", MailingCity="Ulm", MailingPostalCode="89073")
    address = org.query("SELECT MailingAddress, OtherAddress FROM Contact").records[0]
    assert address["MailingAddress"]["city"] == "Ulm"
    assert address["MailingAddress"]["postalCode"] == "89073"
    assert address["MailingAddress"]["street"] is None
    assert address["OtherAddress"] is None


def test_binary_content_is_answered_as_a_path(org: Org) -> None:
    version = org.insert("ContentVersion", Title="Report", VersionData="aGVsbG8=")
    assert org.values("SELECT VersionData FROM ContentVersion") == [
        f"/services/data/v64.0/sobjects/ContentVersion/{version}/VersionData"
    ]


def test_fields_function(org: Org) -> None:
    org.insert("Email__c", Name="Hello", Subject__c="Hello")
    custom = org.query("SELECT FIELDS(CUSTOM) FROM Email__c LIMIT 200").records[0]
    assert custom["Subject__c"] == "Hello"
    assert all(name.endswith("__c") for name in custom if name != "attributes")
    standard = org.query("SELECT FIELDS(STANDARD), Subject__c FROM Email__c").records[0]
    assert {"Id", "Name", "OwnerId", "IsDeleted", "CreatedDate", "Subject__c"} <= set(standard)
    assert "Body__c" not in standard
    everything = org.query("SELECT FIELDS(ALL) FROM Email__c LIMIT 1").records[0]
    assert set(everything) == set(custom) | set(standard)


def test_type_of_selects_by_the_object_of_the_parent(org: Org) -> None:
    contact = org.insert("Contact", LastName="Brook", Email="ada@client.example")
    lead = org.insert("Lead", LastName="Moss", Company="Moss Ltd")
    for subject, who in (("1", contact), ("2", lead), ("3", None)):
        org.insert("Task", Subject=subject, WhoId=who)
    soql = "SELECT TYPEOF Who WHEN Contact THEN Email{} END FROM Task ORDER BY Subject"
    found = org.query(soql.format(" ELSE LastName")).records
    assert found[0]["Who"] == {
        "attributes": {"type": "Contact", "url": f"/services/data/v64.0/sobjects/Contact/{contact}"},
        "Email": "ada@client.example",
    }
    assert (found[1]["Who"]["attributes"]["type"], found[1]["Who"]["LastName"]) == ("Lead", "Moss")
    assert found[2]["Who"] is None
    assert [record["Who"] is None for record in org.query(soql.format("")).records] == [False, True, True]


# --- count, order, limits -------------------------------------------------------------------------------------------


def test_count_has_a_total_and_no_records(org: Org) -> None:
    contacts(org, "a@client.example", "b@client.example", None)
    found = org.query("SELECT COUNT() FROM Contact WHERE Email != null")
    assert (found.total_size, list(found.records)) == (2, [])


def test_order_puts_null_first_unless_told_otherwise(org: Org) -> None:
    contacts(org, "b@client.example", None, "A@client.example")
    assert org.values("SELECT Email FROM Contact ORDER BY Email") == [None, "A@client.example", "b@client.example"]
    assert org.values("SELECT Email FROM Contact ORDER BY Email DESC") == [None, "b@client.example", "A@client.example"]
    assert org.values("SELECT Email FROM Contact ORDER BY Email DESC NULLS LAST")[-1] is None


def test_order_by_a_parent_and_several_fields(org: Org) -> None:
    for name in ("B", "A"):
        account = org.insert("Account", Name=name)
        for last in ("Y", "X"):
            org.insert("Contact", LastName=name + last, AccountId=account)
    soql = "SELECT LastName FROM Contact ORDER BY Account.Name DESC, LastName ASC"
    assert org.values(soql) == ["BX", "BY", "AX", "AY"]


def test_limit_and_offset(org: Org) -> None:
    for number in range(5):
        org.insert("Contact", LastName=str(number))
    assert org.values("SELECT LastName FROM Contact ORDER BY LastName LIMIT 2 OFFSET 1") == ["1", "2"]
    assert org.query("SELECT Id FROM Contact LIMIT 0").total_size == 0
    assert org.values("SELECT LastName FROM Contact ORDER BY LastName OFFSET 3") == ["3", "4"]


def test_long_results_are_read_when_they_are_sliced(org: Org) -> None:
    for number in range(2_100):
        org.insert("Contact", LastName=f"{number:05}")
    found = org.query("SELECT LastName FROM Contact ORDER BY LastName DESC")
    assert found.total_size == len(found.records) == 2_100
    assert [record["LastName"] for record in found.records[2_098:]] == ["00001", "00000"]
    assert found.records[0]["LastName"] == "02099"
    org.connection.execute("DELETE FROM Contact WHERE LastName = '00001'")
    assert [record["LastName"] for record in found.records[2_098:]] == ["00000"]


# --- deleted rows and the user's sight ------------------------------------------------------------------------------


def test_deleted_rows_appear_only_when_asked_for(org: Org) -> None:
    org.insert("Contact", LastName="Here")
    org.insert("Contact", LastName="Gone", IsDeleted=True)
    assert org.values("SELECT LastName FROM Contact") == ["Here"]
    assert org.total("IsDeleted = true") == 0
    assert org.values("SELECT LastName FROM Contact WHERE IsDeleted = true", include_deleted=True) == ["Gone"]
    assert org.query("SELECT Id FROM Contact ALL ROWS", include_deleted=True).total_size == 2
    with pytest.raises(SoqlError, match="Column:24\nALL ROWS not allowed in this context"):
        org.query("SELECT Id FROM Contact ALL ROWS")


def test_rows_that_the_user_may_not_see_are_missing_everywhere(org: Org) -> None:
    acme = org.insert("Account", Name="Acme")
    secret = org.insert("Account", Name="Secret")
    org.insert("Contact", LastName="A", AccountId=acme)
    org.insert("Contact", LastName="B", AccountId=secret)
    org.sight.rows["Account"] = ('{0}."Name" <> ?', ["Secret"])
    assert org.values("SELECT Name FROM Account") == ["Acme"]
    assert org.query("SELECT COUNT() FROM Account").total_size == 1
    found = org.query("SELECT LastName, Account.Name FROM Contact ORDER BY LastName").records
    assert [record["Account"] and record["Account"]["Name"] for record in found] == ["Acme", None]
    assert org.total("Account.Name = 'Secret'") == 0
    org.sight.rows["Contact"] = ("{0}.\"LastName\" <> 'A'", [])
    assert org.query("SELECT (SELECT Id FROM Contacts) FROM Account").records[0]["Contacts"] is None
    assert org.query("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)").total_size == 0


# --- aggregates -----------------------------------------------------------------------------------------------------


def test_groups(org: Org) -> None:
    for kind, revenue in (("Household", 1), ("household", 3), ("Other", 5), (None, 7)):
        org.insert("Account", Name="x", Type=kind, AnnualRevenue=revenue)
    soql = "SELECT Type, COUNT(Id), SUM(AnnualRevenue) total FROM Account GROUP BY Type ORDER BY Type NULLS LAST"
    found = org.query(soql).records
    assert [(record["Type"], record["expr0"], record["total"]) for record in found] == [
        ("Household", 2, 4.0),
        ("Other", 1, 5.0),
        (None, 1, 7.0),
    ]
    assert found[0]["attributes"] == {"type": "AggregateResult"}


def test_aggregates_without_groups_answer_one_row(org: Org) -> None:
    contacts(org, "a@client.example", "b@client.example", None)
    record = org.query("SELECT COUNT(Id), COUNT(Email) mails, MIN(Email), MAX(CreatedDate) FROM Contact").records
    assert list(record[0].values())[1:] == [3, 2, "a@client.example", None]
    assert list(record[0]) == ["attributes", "expr0", "mails", "expr1", "expr2"]


def test_having(org: Org) -> None:
    for name in ("a", "a", "b", "c", "c", "c"):
        org.insert("Contact", LastName=name)
    soql = "SELECT LastName, COUNT(Id) n FROM Contact GROUP BY LastName HAVING COUNT(Id) > 1 AND LastName != 'c'"
    assert [(record["LastName"], record["n"]) for record in org.query(soql).records] == [("a", 2)]


def test_group_by_a_parent_and_by_a_part_of_a_date(org: Org) -> None:
    acme = org.insert("Account", Name="Acme")
    for instant in ("2025-12-31T23:30:00Z", "2026-01-01T00:30:00Z", "2026-06-01T00:00:00Z"):
        org.insert("Contact", LastName="x", AccountId=acme)
        org.connection.execute(
            "UPDATE Contact SET CreatedDate = ? WHERE CreatedDate IS NULL", (instant[:-1] + ".000Z",)
        )
    assert org.query("SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name").records[0]["Name"] == "Acme"
    by_year = "SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) n FROM Contact GROUP BY CALENDAR_YEAR(CreatedDate)"
    assert [(record["y"], record["n"]) for record in org.query(by_year).records] == [(2025, 1), (2026, 2)]
    local = by_year.replace("CreatedDate", "convertTimezone(CreatedDate)")
    assert [(record["y"], record["n"]) for record in org.query(local, zone="Europe/Berlin").records] == [(2026, 3)]


def test_columns_describe_the_selection(org: Org) -> None:
    found = org.query("SELECT Id, Account.Name FROM Contact")
    named = [(column.name, [parent.reference for parent in column.parents]) for column in found.columns]
    assert named == [("Id", []), ("Name", ["AccountId"])]
    grouped = org.query("SELECT LastName, COUNT(Id) n FROM Contact GROUP BY LastName")
    assert [(column.name, column.call) for column in grouped.columns] == [("LastName", ""), ("n", "count(Id)")]
