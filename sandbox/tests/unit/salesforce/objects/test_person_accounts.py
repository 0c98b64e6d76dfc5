"""Person Accounts: one person as an Account and a Contact that stay in step."""

from typing import Any

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import NOW, Client, admin, code_of, integration, new_org, new_user

REFUSED = "INVALID_FIELD_FOR_INSERT_UPDATE"
LEE = {"FirstName": "Ann", "LastName": "Lee", "PersonEmail": "lee@client.example"}


@pytest.fixture
def org() -> SalesforceSandbox:
    made = new_org()
    made.patch_org({"personAccounts": True})
    return made


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def kinds(client: Client) -> dict[str, str]:
    rows = client.query("SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = 'Account'")
    return {row["DeveloperName"]: row["Id"] for row in rows}


def contact_of(client: Client, account: str, names: str) -> dict[str, Any]:
    (row,) = client.query(f"SELECT {names} FROM Contact WHERE AccountId = '{account}'")
    return row


def test_without_the_switch_there_is_no_trace_of_them() -> None:
    client = admin(new_org())
    assert client.query("SELECT Id FROM RecordType") == []
    fields = {item["name"] for item in client.send("GET", "sobjects/Account/describe").body["fields"]}
    assert not fields & {"IsPersonAccount", "PersonEmail", "LastName", "RecordTypeId"}
    assert client.create("Account", **LEE).code == "INVALID_FIELD"
    assert client.send("GET", "query", q="SELECT IsPersonAccount FROM Contact").code == "INVALID_FIELD"


def test_a_person_is_an_account_and_a_contact(client: Client, org: SalesforceSandbox) -> None:
    used = org.org_state()["dataStorageUsedMB"]
    person = client.made("Account", **LEE, Phone="123", PersonMailingCity="Bern")
    names = "Name,IsPersonAccount,PersonContactId,RecordTypeId,PersonEmail"
    row = client.row("Account", person, names)
    contact = contact_of(client, person, "Id, Name, Email, Phone, MailingCity, IsPersonAccount, OwnerId, CreatedDate")
    assert row == {
        "Name": "Ann Lee",
        "IsPersonAccount": True,
        "PersonContactId": contact["Id"],
        "RecordTypeId": kinds(client)["PersonAccount"],
        "PersonEmail": "lee@client.example",
    }
    assert (contact["Name"], contact["Email"], contact["Phone"]) == ("Ann Lee", "lee@client.example", "123")
    assert (contact["MailingCity"], contact["IsPersonAccount"]) == ("Bern", True)
    assert contact["OwnerId"] == org.admin.user_id
    assert contact["CreatedDate"].startswith(f"{NOW:%Y-%m-%d}")
    # Two rows of storage.
    assert org.org_state()["dataStorageUsedMB"] - used == pytest.approx(4 / 1024)
    soql = "SELECT Id FROM Account WHERE PersonContactId != null AND PersonEmail = 'LEE@client.example'"
    assert client.query(soql) == [{"Id": person}]


def test_companies_stay_what_they_were(client: Client) -> None:
    company = client.made("Account", Name="Lee Ltd", Phone="1")
    assert client.row("Account", company, "IsPersonAccount,RecordTypeId,PersonContactId") == {
        "IsPersonAccount": False,
        "RecordTypeId": kinds(client)["Business_Account"],
        "PersonContactId": None,
    }
    assert client.query("SELECT Id FROM Contact") == []
    kim = client.made("Contact", LastName="Kim", AccountId=company)
    assert client.row("Contact", kim, "IsPersonAccount")["IsPersonAccount"] is False


def test_the_record_type_decides_where_it_is_named(client: Client) -> None:
    person, business = kinds(client)["PersonAccount"], kinds(client)["Business_Account"]
    assert client.create("Account", LastName="Lee", RecordTypeId=person).status == 201
    answer = client.create("Account", LastName="Lee", RecordTypeId=business)
    assert (answer.code, answer.message) == (REFUSED, "Account: bad field names on insert/update call: LastName")
    answer = client.create("Account", Name="Lee", PersonEmail="lee@client.example")
    assert (answer.code, answer.body[0]["fields"]) == (REFUSED, ["PersonEmail"])
    answer = client.create("Account", Name="Lee", LastName="Lee", RecordTypeId=person)
    assert answer.code == REFUSED
    assert answer.message.startswith("Unable to create/update fields: Name.")


@pytest.mark.parametrize("values", [{}, {"PersonEmail": "lee@client.example"}, {"FirstName": "Ann"}])
def test_a_name_is_required_either_way(client: Client, values: dict[str, str]) -> None:
    answer = client.create("Account", **values)
    assert answer.code == "REQUIRED_FIELD_MISSING"
    assert answer.body[0]["fields"] == (["LastName"] if values else ["Name"])
    assert client.query("SELECT Id FROM Account") == client.query("SELECT Id FROM Contact") == []


def test_the_contact_follows_the_account(client: Client) -> None:
    person = client.made("Account", **LEE)
    changed = {"LastName": "Kim", "PersonEmail": "kim@client.example", "Phone": "5", "BillingCity": "Bern"}
    assert client.change("Account", person, **changed).status == 204
    found = contact_of(client, person, "Name, Email, Phone")
    assert found == {"Name": "Ann Kim", "Email": "kim@client.example", "Phone": "5"}
    assert client.row("Account", person, "Name")["Name"] == "Ann Kim"
    assert client.change("Account", person, Name="Kim").message.endswith("insert/update call: Name")
    assert client.change("Account", person, LastName=None).code == "REQUIRED_FIELD_MISSING"
    company = client.made("Account", Name="Lee Ltd")
    assert client.change("Account", company, PersonEmail="x@client.example").code == REFUSED
    business = kinds(client)["Business_Account"]
    assert client.change("Account", person, RecordTypeId=business).code == REFUSED


def test_the_account_follows_the_contact(client: Client) -> None:
    person = client.made("Account", **LEE)
    contact = client.row("Account", person, "PersonContactId")["PersonContactId"]
    changed = {"FirstName": "Eve", "Email": "eve@client.example", "Title": "Dr"}
    assert client.change("Contact", contact, **changed).status == 204
    row = client.row("Account", person, "Name,PersonEmail,PersonTitle")
    assert row == {"Name": "Eve Lee", "PersonEmail": "eve@client.example", "PersonTitle": "Dr"}
    company = client.made("Account", Name="Lee Ltd")
    answer = client.change("Contact", contact, AccountId=company)
    assert answer.message == "Account: bad field names on insert/update call: AccountId"


def test_a_person_has_one_contact(client: Client) -> None:
    person = client.made("Account", **LEE)
    company = client.made("Account", Name="Lee Ltd")
    assert client.create("Contact", LastName="Kim", AccountId=person).code == "FIELD_INTEGRITY_EXCEPTION"
    other = client.made("Contact", LastName="Kim", AccountId=company)
    assert client.change("Contact", other, AccountId=person).code == "FIELD_INTEGRITY_EXCEPTION"
    assert client.change("Contact", other, AccountId=None).status == 204


def test_both_are_deleted_together(client: Client) -> None:
    person = client.made("Account", **LEE)
    assert client.send("DELETE", f"sobjects/Account/{person}").status == 204
    assert client.query("SELECT Id FROM Contact") == []
    found = client.send("GET", "queryAll", q="SELECT IsDeleted, Account.Name FROM Contact").body["records"]
    assert [row["IsDeleted"] for row in found] == [True]


def test_tasks_are_about_the_person_s_contact(client: Client) -> None:
    person = client.made("Account", **LEE)
    contact = client.row("Account", person, "PersonContactId")["PersonContactId"]
    task = client.made("Task", Subject="x", WhoId=contact)
    assert client.row("Task", task, "AccountId")["AccountId"] == person


def test_many_at_once_and_in_bulk(client: Client) -> None:
    rows: list[dict[str, Any]] = [{"LastName": f"P{n}"} for n in range(3)]
    answer = client.collection("POST", "Account", [*rows, {"Name": "Ltd"}, {"FirstName": "x"}])
    assert [code_of(answer, place) for place in range(5)] == [None, None, None, None, "REQUIRED_FIELD_MISSING"]
    pairs = client.query("SELECT PersonContactId, Name FROM Account WHERE IsPersonAccount = true")
    contacts = client.query("SELECT Id, Name FROM Contact")
    assert {(row["PersonContactId"], row["Name"]) for row in pairs} == {(row["Id"], row["Name"]) for row in contacts}


def test_the_integration_reads_persons_on_both(org: SalesforceSandbox, client: Client) -> None:
    person = client.made("Account", **LEE)
    reader = integration(org)
    assert reader.query("SELECT Account.Id, Email FROM Contact")[0]["Account"]["Id"] == person
    assert reader.query("SELECT PersonEmail, IsPersonAccount FROM Account")[0]["PersonEmail"] == LEE["PersonEmail"]
    _, user = new_user(org, "Ann")
    assert user.made("Account", LastName="Own")
