"""Standard fields as the platform's Object Reference has them."""

from typing import Any

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import admin, new_org

CREATE, UPDATE, NILLABLE = "createable", "updateable", "nillable"
WRITABLE = {CREATE, UPDATE, NILLABLE}
REQUIRED = {CREATE, UPDATE}
DERIVED = {NILLABLE}

#: Object, field, type, length, label, and which of createable, updateable and nillable are true.
FIELDS = [
    ("Account", "Name", "string", 255, "Account Name", REQUIRED),
    ("Account", "Phone", "phone", 40, "Account Phone", WRITABLE),
    ("Account", "BillingState", "string", 80, "Billing State/Province", WRITABLE),
    ("Account", "BillingPostalCode", "string", 20, "Billing Zip/Postal Code", WRITABLE),
    ("Account", "NumberOfEmployees", "int", 0, "Employees", WRITABLE),
    ("Account", "ParentId", "reference", 18, "Parent Account ID", WRITABLE),
    ("Account", "MasterRecordId", "reference", 18, "Master Record ID", DERIVED),
    ("Account", "LastViewedDate", "datetime", 0, "Last Viewed Date", DERIVED),
    ("Account", "IsDeleted", "boolean", 0, "Deleted", set()),
    ("Contact", "LastName", "string", 80, "Last Name", REQUIRED),
    ("Contact", "FirstName", "string", 40, "First Name", WRITABLE),
    ("Contact", "Name", "string", 121, "Full Name", set()),
    ("Contact", "Email", "email", 80, "Email", WRITABLE),
    ("Contact", "Phone", "phone", 40, "Business Phone", WRITABLE),
    ("Contact", "HasOptedOutOfEmail", "boolean", 0, "Email Opt Out", REQUIRED),
    ("Contact", "AssistantName", "string", 40, "Assistant's Name", WRITABLE),
    ("Lead", "Company", "string", 255, "Company", REQUIRED),
    ("Lead", "Status", "picklist", 255, "Status", REQUIRED),
    ("Lead", "IsConverted", "boolean", 0, "Converted", set()),
    ("User", "Username", "string", 80, "Username", REQUIRED),
    ("User", "Email", "email", 128, "Email", REQUIRED),
    ("User", "Alias", "string", 8, "Alias", REQUIRED),
    ("User", "IsActive", "boolean", 0, "Active", REQUIRED),
    ("User", "TimeZoneSidKey", "picklist", 40, "Time Zone", REQUIRED),
    ("User", "UserRoleId", "reference", 18, "User Role ID", WRITABLE),
    ("Task", "Subject", "combobox", 255, "Subject", WRITABLE),
    ("Task", "WhoId", "reference", 18, "Name ID", WRITABLE),
    ("Task", "WhatId", "reference", 18, "Related To ID", WRITABLE),
    ("Task", "OwnerId", "reference", 18, "Assigned To ID", REQUIRED),
    ("Task", "Description", "textarea", 32_000, "Description", WRITABLE),
    ("Task", "IsClosed", "boolean", 0, "Closed", set()),
    ("Task", "AccountId", "reference", 18, "Account ID", DERIVED),
    ("Task", "TaskSubtype", "picklist", 40, "Task Subtype", {CREATE, NILLABLE}),
    ("Task", "CompletedDateTime", "datetime", 0, "Completed Date", DERIVED),
    ("Event", "ActivityDateTime", "datetime", 0, "Due Date Time", WRITABLE),
    ("EmailMessage", "HtmlBody", "textarea", 131_072, "HTML Body", WRITABLE),
    ("EmailMessage", "MessageIdentifier", "string", 765, "Message ID", WRITABLE),
    ("EmailMessage", "ActivityId", "reference", 18, "Activity ID", {CREATE, NILLABLE}),
    ("EmailMessageRelation", "RelationType", "picklist", 255, "Relation Type", {CREATE}),
    ("ContentVersion", "PathOnClient", "string", 500, "Path On Client", {CREATE}),
    ("ContentVersion", "ContentSize", "int", 0, "Size", DERIVED),
    ("PermissionSet", "Label", "string", 80, "Label", REQUIRED),
    ("PermissionSetAssignment", "AssigneeId", "reference", 18, "Assignee ID", {CREATE}),
    ("ObjectPermissions", "SobjectType", "picklist", 40, "SObject Type Name", {CREATE}),
    ("ObjectPermissions", "PermissionsViewAllRecords", "boolean", 0, "Read All Records", REQUIRED),
    ("FieldPermissions", "Field", "picklist", 255, "Field Name", {CREATE}),
    ("RecordType", "DeveloperName", "string", 80, "Record Type Name", set()),
    ("Organization", "DefaultAccountAccess", "picklist", 40, "Default Account Access", DERIVED),
]


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture(scope="module")
def described(org: SalesforceSandbox) -> dict[str, dict[str, Any]]:
    client = admin(org)
    found = {}
    for name in {item[0] for item in FIELDS}:
        fields = client.send("GET", f"sobjects/{name}/describe").body["fields"]
        found[name] = {item["name"]: item for item in fields}
    return found


@pytest.mark.parametrize(
    ("name", "field", "kind", "length", "label", "flags"), FIELDS, ids=[f"{item[0]}.{item[1]}" for item in FIELDS]
)
def test_a_field_is_what_the_reference_says(
    described: dict[str, dict[str, Any]], name: str, field: str, kind: str, length: int, label: str, flags: set[str]
) -> None:
    found = described[name][field]
    assert (found["type"], found["length"], found["label"]) == (kind, length, label)
    assert {flag for flag in (CREATE, UPDATE, NILLABLE) if found[flag]} == flags


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("Account", "001"),
        ("Contact", "003"),
        ("Lead", "00Q"),
        ("User", "005"),
        ("Task", "00T"),
        ("Event", "00U"),
        ("EmailMessage", "02s"),
        ("ContentVersion", "068"),
        ("ContentDocument", "069"),
        ("ContentDocumentLink", "06A"),
        ("Profile", "00e"),
        ("UserRole", "00E"),
        ("PermissionSet", "0PS"),
        ("PermissionSetAssignment", "0Pa"),
        ("PermissionSetGroup", "0PG"),
        ("ObjectPermissions", "110"),
        ("FieldPermissions", "01k"),
        ("RecordType", "012"),
        ("Organization", "00D"),
    ],
)
def test_an_object_has_the_platforms_key_prefix(org: SalesforceSandbox, name: str, prefix: str) -> None:
    assert admin(org).send("GET", f"sobjects/{name}").body["objectDescribe"]["keyPrefix"] == prefix


def test_an_account_takes_its_contacts_with_it(org: SalesforceSandbox) -> None:
    client = admin(org)
    account = client.made("Account", Name="Lee")
    contact = client.made("Contact", LastName="Lee", AccountId=account)
    client.send("DELETE", f"sobjects/Account/{account}")
    assert client.query(f"SELECT Id FROM Contact WHERE Id = '{contact}'") == []


def test_a_user_gets_a_nickname(org: SalesforceSandbox) -> None:
    user = org.create_user("kim@firm.example", "Kim Fox", "kim@firm.example")["id"]
    assert admin(org).row("User", user, "CommunityNickname,UserType") == {
        "CommunityNickname": "kim",
        "UserType": "Standard",
    }
