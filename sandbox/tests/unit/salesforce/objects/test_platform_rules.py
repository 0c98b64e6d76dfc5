"""Rules of single standard objects: users, assignments, hierarchies, links of files."""

from typing import Any

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, new_org, new_user


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def person(client: Client, **values: Any) -> dict[str, Any]:
    """A user that the platform takes, with some values changed."""
    (profile,) = client.query("SELECT Id FROM Profile WHERE Name = 'Standard User'")
    row = {
        "Username": "eve@firm.example", "LastName": "Hale", "Email": "eve@firm.example", "Alias": "eh",
        "ProfileId": profile["Id"], "TimeZoneSidKey": "Europe/Paris", "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US", "EmailEncodingKey": "UTF-8",
    }  # fmt: skip
    return {**row, **values}


def test_a_user_name_is_an_address_and_stands_once(client: Client) -> None:
    assert client.create("User", **person(client, Username="eve")).code == "INVALID_EMAIL_ADDRESS"
    user = client.made("User", **person(client))
    taken = client.create("User", **person(client, Username="EVE@firm.example"))
    assert (taken.code, "Duplicate Username." in taken.message) == ("DUPLICATE_USERNAME", True)
    assert client.change("User", user, Username="no address").code == "INVALID_EMAIL_ADDRESS"
    assert client.change("User", user, Username="eve.hale@firm.example").status == 204


def test_a_user_lives_in_a_zone_that_there_is(client: Client) -> None:
    refused = client.create("User", **person(client, TimeZoneSidKey="Mars/Olympus"))
    assert refused.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    user = client.made("User", **person(client))
    assert client.change("User", user, TimeZoneSidKey="Mars/Olympus").body[0]["fields"] == ["TimeZoneSidKey"]


def test_what_a_profile_owns_is_not_assigned(org: SalesforceSandbox, client: Client) -> None:
    user_id, user = new_user(org, "Clerk")
    for row in client.query("SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true"):
        refused = client.create("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=row["Id"])
        assert refused.code == "FIELD_INTEGRITY_EXCEPTION"
    assert user.query("SELECT Id FROM PermissionSetAssignment") == []


@pytest.mark.parametrize(
    ("name", "reference", "values"),
    [("Account", "ParentId", {"Name": "x"}), ("Contact", "ReportsToId", {"LastName": "x"})],
)
def test_no_record_stands_above_itself(client: Client, name: str, reference: str, values: dict[str, str]) -> None:
    top = client.made(name, **values)
    middle = client.made(name, **values, **{reference: top})
    bottom = client.made(name, **values, **{reference: middle})
    for above in (top, middle, bottom):
        assert client.change(name, top, **{reference: above}).code == "CIRCULAR_DEPENDENCY"
    assert client.change(name, bottom, **{reference: top}).status == 204


def test_a_file_is_linked_with_a_record_once(client: Client) -> None:
    house = client.made("Account", Name="House")
    client.made("ContentVersion", PathOnClient="a.txt", VersionData="aGk=", FirstPublishLocationId=house)
    (version,) = client.query("SELECT ContentDocumentId FROM ContentVersion")
    link = {"ContentDocumentId": version["ContentDocumentId"], "ShareType": "V"}
    again = client.create("ContentDocumentLink", **link, LinkedEntityId=house)
    assert (again.code, "is already linked with the entity" in again.message) == ("DUPLICATE_VALUE", True)
    other = client.made("Account", Name="Other")
    rows = client.collection("POST", "ContentDocumentLink", [{**link, "LinkedEntityId": other}] * 2)
    assert [item["success"] for item in rows.body] == [True, False]
