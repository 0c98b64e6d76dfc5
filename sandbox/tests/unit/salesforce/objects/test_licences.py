"""Licences bound what permission sets may give, and a frozen user cannot sign in."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, code_of, integration, new_org, new_user

API_SET = "SalesforceAPIIntegrationPsl"
SET = "Microsoft_365_Sync_Integration"


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


def id_of(client: Client, name: str, key: str, value: str) -> str:
    return str(client.query(f"SELECT Id FROM {name} WHERE {key} = '{value}'")[0]["Id"])


def api_user(org: SalesforceSandbox) -> str:
    """A user of the licence Salesforce Integration, without anything else."""
    user_id, _ = new_user(org, "Robot")
    profile = id_of(admin(org), "Profile", "Name", "Minimum Access - API Only Integrations")
    assert admin(org).change("User", user_id, ProfileId=profile).status == 204
    return user_id


def test_the_org_says_which_licence_a_profile_is_of(org: SalesforceSandbox) -> None:
    soql = "SELECT Name, UserLicense.Name FROM Profile WHERE Name != 'System Administrator' ORDER BY Name"
    found = {row["Name"]: row["UserLicense"]["Name"] for row in admin(org).query(soql)}
    assert found == {"Minimum Access - API Only Integrations": "Salesforce Integration", "Standard User": "Salesforce"}


def test_the_connectors_user_holds_the_licence_that_its_own_asks_for(org: SalesforceSandbox) -> None:
    soql = (
        "SELECT PermissionSetLicense.DeveloperName FROM PermissionSetLicenseAssign "
        f"WHERE AssigneeId = '{org.integration.user_id}'"
    )
    [row] = integration(org).query(soql)
    assert row["PermissionSetLicense"]["DeveloperName"] == API_SET


def test_no_permission_set_without_the_permission_set_licence(org: SalesforceSandbox) -> None:
    user_id, client = api_user(org), admin(org)
    wanted = {"AssigneeId": user_id, "PermissionSetId": id_of(client, "PermissionSet", "Name", SET)}
    refused = client.create("PermissionSetAssignment", **wanted)
    assert (refused.status, refused.code) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert refused.message == (
        "Can't assign permission set Microsoft 365 Sync Integration to user Ann Robot. "
        "The user license doesn't allow the permission: Read Accounts"
    )
    licence = id_of(client, "PermissionSetLicense", "DeveloperName", API_SET)
    client.made("PermissionSetLicenseAssign", AssigneeId=user_id, PermissionSetLicenseId=licence)
    client.made("PermissionSetAssignment", **wanted)


def test_a_set_of_user_permissions_needs_it_too_and_one_for_the_api_alone_does_not(org: SalesforceSandbox) -> None:
    user_id, client = api_user(org), admin(org)
    plain = client.made("PermissionSet", Name="Plain", Label="Plain", PermissionsApiEnabled=True)
    seeing = client.made("PermissionSet", Name="Seeing", Label="Seeing", PermissionsViewSetup=True)
    rows = [{"AssigneeId": user_id, "PermissionSetId": item} for item in (plain, seeing)]
    answer = client.collection("POST", "PermissionSetAssignment", rows)
    assert [code_of(answer, place) for place in (0, 1)] == [None, "FIELD_INTEGRITY_EXCEPTION"]
    assert answer.body[1]["errors"][0]["message"].endswith("doesn't allow the permission: ViewSetup")


def test_used_licences_are_counted(org: SalesforceSandbox) -> None:
    client = admin(org)
    soql = f"SELECT TotalLicenses, UsedLicenses FROM PermissionSetLicense WHERE DeveloperName = '{API_SET}'"
    assert client.query(soql) == [{"TotalLicenses": 5, "UsedLicenses": 1}]
    licence = id_of(client, "PermissionSetLicense", "DeveloperName", API_SET)
    held = client.made("PermissionSetLicenseAssign", AssigneeId=api_user(org), PermissionSetLicenseId=licence)
    assert client.query(soql)[0]["UsedLicenses"] == 2
    assert client.send("DELETE", f"sobjects/PermissionSetLicenseAssign/{held}").status == 204
    assert client.query(soql)[0]["UsedLicenses"] == 1


def test_who_may_look(org: SalesforceSandbox) -> None:
    _, plain = new_user(org, "Plain")
    tried = {
        name: plain.send("GET", "query", q=f"SELECT Id FROM {name}").status
        for name in ("UserLicense", "PermissionSetLicense", "PermissionSetLicenseAssign", "UserLogin")
    }
    assert tried == {
        "UserLicense": 200,
        "PermissionSetLicense": 200,
        "PermissionSetLicenseAssign": 400,  # View Setup, or Assign Permission Sets
        "UserLogin": 400,  # Manage Users
    }
    assert integration(org).send("GET", "query", q="SELECT Id FROM UserLogin").code == "INVALID_TYPE"


def test_every_user_has_one_row_that_says_whether_it_is_frozen(org: SalesforceSandbox) -> None:
    new_user(org, "Somebody")
    users = {row["Id"] for row in admin(org).query("SELECT Id FROM User")}
    rows = admin(org).query("SELECT UserId, IsFrozen, IsPasswordLocked FROM UserLogin")
    assert {row["UserId"] for row in rows} == users
    assert len(rows) == len(users) == 3
    assert all(row["IsFrozen"] is False is row["IsPasswordLocked"] for row in rows)


def test_freezing_ends_sessions_until_the_user_is_unfrozen(org: SalesforceSandbox) -> None:
    user_id, client = new_user(org, "Cold")
    login = id_of(admin(org), "UserLogin", "UserId", user_id)
    assert admin(org).change("UserLogin", login, IsFrozen=True).status == 204
    assert client.send("GET", "recent").code == "INVALID_SESSION_ID"
    assert admin(org).row("User", user_id, "IsActive") == {"IsActive": True}
    assert admin(org).change("UserLogin", login, IsFrozen=False).status == 204
    assert client.send("GET", "recent").status == 200


def test_rows_of_user_login_come_and_go_with_users_only(org: SalesforceSandbox) -> None:
    assert admin(org).create("UserLogin", UserId=org.admin.user_id).status == 400
    login = id_of(admin(org), "UserLogin", "UserId", org.admin.user_id)
    assert admin(org).send("DELETE", f"sobjects/UserLogin/{login}").status >= 400
