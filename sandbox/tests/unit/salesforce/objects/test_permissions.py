"""Permission sets as rows: what was deployed can be queried, and what a client grants or takes counts at once."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, integration, new_org, new_user

USER_SET = "Microsoft_365_Sync_User"
READ = {"PermissionsRead": True}


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


def set_id(org: SalesforceSandbox, name: str) -> str:
    return str(admin(org).query(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'")[0]["Id"])


def new_set(org: SalesforceSandbox, name: str, **permissions: bool) -> str:
    return admin(org).made("PermissionSet", Name=name, Label=name, **permissions)


def see(client: Client, soql: str = "SELECT Id FROM Email__c") -> str | None:
    """The code of a query that is refused, None where it is answered."""
    answer = client.send("GET", "query", q=soql)
    return None if answer.status == 200 else answer.code


def test_what_was_deployed_can_be_queried(org: SalesforceSandbox) -> None:
    soql = (
        "SELECT SobjectType, PermissionsRead, PermissionsCreate, PermissionsEdit, PermissionsDelete, "
        f"PermissionsViewAllRecords FROM ObjectPermissions WHERE Parent.Name = '{USER_SET}'"
    )
    rows = {row["SobjectType"]: row for row in integration(org).query(soql)}
    assert set(rows) == {
        "Email__c",
        "Email_Participant__c",
        "MS_Graph_Request__c",
        "MS_Graph_User__c",
        "MS_Graph_Sync_Event__c",
        "MS_Graph_Exclusion__c",
    }
    exclusion, email = rows["MS_Graph_Exclusion__c"], rows["Email__c"]
    assert [exclusion[f"Permissions{verb}"] for verb in ("Read", "Create", "Edit", "Delete")] == [
        True,
        True,
        True,
        False,
    ]
    assert [email[f"Permissions{verb}"] for verb in ("Read", "Create", "ViewAllRecords")] == [True, False, False]
    soql = (
        "SELECT Field, PermissionsRead, PermissionsEdit FROM FieldPermissions "
        f"WHERE Parent.Name = '{USER_SET}' AND Field IN ('Email__c.Subject__c', 'Task.Email__c', 'Event.Email__c')"
    )
    found = {row["Field"]: (row["PermissionsRead"], row["PermissionsEdit"]) for row in integration(org).query(soql)}
    assert found == dict.fromkeys(("Email__c.Subject__c", "Task.Email__c", "Event.Email__c"), (True, False))
    # The relationship names of the Object Reference.
    soql = (
        f"SELECT (SELECT Id FROM ObjectPerms), (SELECT Id FROM FieldPerms) FROM PermissionSet WHERE Name = '{USER_SET}'"
    )
    (row,) = integration(org).query(soql)
    assert row["ObjectPerms"]["totalSize"] == len(rows)
    assert row["FieldPerms"]["totalSize"] > len(rows)


def test_permissions_are_shown_with_view_setup_only(org: SalesforceSandbox) -> None:
    _, user = new_user(org, "Ann", USER_SET)
    for name in ("ObjectPermissions", "FieldPermissions"):
        assert see(user, f"SELECT Id FROM {name}") == "INVALID_TYPE"
        assert user.send("GET", f"sobjects/{name}/describe").status == 404
        assert integration(org).query(f"SELECT Id FROM {name} LIMIT 1")


def test_an_object_is_opened_and_closed_by_a_row(org: SalesforceSandbox) -> None:
    user_id, user = new_user(org, "Ann")
    own = new_set(org, "Own")
    admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=own)
    assert see(user) == "INVALID_TYPE"
    grant = admin(org).made("ObjectPermissions", ParentId=own, SobjectType="Email__c", **READ)
    assert see(user) is None
    assert user.create("Email__c", Name="x").code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert admin(org).change("ObjectPermissions", grant, PermissionsCreate=True).status == 204
    assert user.create("Email__c", Name="x").status == 201
    assert admin(org).send("DELETE", f"sobjects/ObjectPermissions/{grant}").status == 204
    assert see(user) == "INVALID_TYPE"


def test_a_field_is_opened_for_reading_then_for_writing(org: SalesforceSandbox) -> None:
    user_id, user = new_user(org, "Ann")
    own = new_set(org, "Own")
    admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=own)
    verbs = {"PermissionsCreate": True, "PermissionsEdit": True}
    admin(org).made("ObjectPermissions", ParentId=own, SobjectType="Email__c", **READ, **verbs)
    email = user.made("Email__c", Name="x")
    soql = "SELECT Subject__c FROM Email__c WHERE Subject__c = null ORDER BY Subject__c"
    assert see(user, soql) == "INVALID_FIELD"
    assert user.create("Email__c", Subject__c="x").code == "INVALID_FIELD"
    assert "Subject__c" not in user.send("GET", f"sobjects/Email__c/{email}").body
    field = {"SobjectType": "Email__c", "Field": "Email__c.Subject__c"}
    grant = admin(org).made("FieldPermissions", ParentId=own, **field, **READ)
    assert see(user, soql) is None
    assert user.send("GET", f"sobjects/Email__c/{email}").body["Subject__c"] is None
    assert user.change("Email__c", email, Subject__c="y").code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    described = {item["name"]: item for item in user.send("GET", "sobjects/Email__c/describe").body["fields"]}
    assert (described["Subject__c"]["createable"], described["Subject__c"]["updateable"]) == (False, False)
    admin(org).change("FieldPermissions", grant, PermissionsEdit=True)
    assert user.change("Email__c", email, Subject__c="y").status == 204
    # A row that grants nothing goes.
    admin(org).change("FieldPermissions", grant, PermissionsEdit=False, PermissionsRead=False)
    assert admin(org).query(f"SELECT Id FROM FieldPermissions WHERE Id = '{grant}'") == []
    assert see(user, soql) == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("ObjectPermissions", {"SobjectType": "Email__c"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("ObjectPermissions", {"SobjectType": "Email__c", "PermissionsEdit": True}, "FIELD_INTEGRITY_EXCEPTION"),
        (
            "ObjectPermissions",
            {"SobjectType": "Email__c", **READ, "PermissionsModifyAllRecords": True},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        ("ObjectPermissions", {"SobjectType": "Nonsense__c", **READ}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        (
            "FieldPermissions",
            {"SobjectType": "Email__c", "Field": "Email__c.Nonsense__c", **READ},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
        (
            "FieldPermissions",
            {"SobjectType": "Email__c", "Field": "Email__c.Name", **READ},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
        (
            "FieldPermissions",
            {"SobjectType": "Email__c", "Field": "Email__c.Subject__c", "PermissionsEdit": True},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
    ],
)
def test_grants_that_cannot_be_are_refused(
    org: SalesforceSandbox, name: str, values: dict[str, object], code: str
) -> None:
    assert admin(org).create(name, ParentId=new_set(org, "Own"), **values).code == code


def test_a_grant_stands_once(org: SalesforceSandbox) -> None:
    held = {"ParentId": set_id(org, USER_SET), "SobjectType": "Email__c"}
    assert admin(org).create("ObjectPermissions", **held, **READ).code == "DUPLICATE_VALUE"


def test_a_grant_that_is_rolled_back_opens_nothing(org: SalesforceSandbox) -> None:
    user_id, user = new_user(org, "Ann")
    own = new_set(org, "Own")
    admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=own)
    grant = {"ParentId": own, "SobjectType": "Email__c", **READ}
    rows = [grant, {"ParentId": own, "SobjectType": "Nonsense__c", **READ}]
    answer = admin(org).collection("POST", "ObjectPermissions", rows, all_or_none=True)
    assert [row["success"] for row in answer.body] == [False, False]
    assert see(user) == "INVALID_TYPE"
    admin(org).made("ObjectPermissions", ParentId=own, SobjectType="MS_Graph_User__c", **READ)
    assert (see(user), see(user, "SELECT Id FROM MS_Graph_User__c")) == ("INVALID_TYPE", None)


def test_a_group_gives_what_all_its_sets_give(org: SalesforceSandbox) -> None:
    user_id, user = new_user(org, "Ann")
    writes, reads = new_set(org, "Writes", PermissionsViewSetup=True), new_set(org, "Reads")
    admin(org).made("ObjectPermissions", ParentId=writes, SobjectType="Email__c", **READ, PermissionsCreate=True)
    admin(org).made("ObjectPermissions", ParentId=reads, SobjectType="Email__c", **READ)
    group = admin(org).made("PermissionSetGroup", DeveloperName="Both", MasterLabel="Both")
    held = admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetGroupId=group)
    assert see(user) == "INVALID_TYPE"
    parts = [
        admin(org).made("PermissionSetGroupComponent", PermissionSetGroupId=group, PermissionSetId=item)
        for item in (reads, writes)
    ]
    assert user.create("Email__c", Name="x").status == 201
    assert see(user, "SELECT Id FROM ObjectPermissions LIMIT 1") is None
    admin(org).send("DELETE", f"sobjects/PermissionSetGroupComponent/{parts[1]}")
    assert user.create("Email__c", Name="x").code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert see(user) is None
    admin(org).send("DELETE", f"sobjects/PermissionSetAssignment/{held}")
    assert see(user) == "INVALID_TYPE"


def test_a_group_goes_with_what_hangs_on_it(org: SalesforceSandbox) -> None:
    made = org.create_user("eve@firm.example", "Eve Fox", "eve@firm.example", True, [USER_SET], ["Advisers"])
    eve = Client(org, made["access_token"])
    (group,) = admin(org).query("SELECT Id FROM PermissionSetGroup")
    assert see(eve) is None
    assert admin(org).send("DELETE", f"sobjects/PermissionSetGroup/{group['Id']}").status == 204
    assert see(eve) == "INVALID_TYPE"
    assert admin(org).query("SELECT Id FROM PermissionSet WHERE Type = 'Group'") == []
    assert admin(org).query("SELECT Id FROM PermissionSetGroupComponent") == []
    assert admin(org).query(f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{made['id']}'") == []


def test_a_set_held_twice_is_lost_with_the_second(org: SalesforceSandbox) -> None:
    made = org.create_user("eve@firm.example", "Eve Fox", "eve@firm.example", True, [USER_SET], ["Advisers"])
    eve = Client(org, made["access_token"])
    direct = {"AssigneeId": made["id"], "PermissionSetId": set_id(org, USER_SET)}
    held = admin(org).made("PermissionSetAssignment", **direct)
    soql = f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{made['id']}' AND PermissionSetGroupId != null"
    (through,) = admin(org).query(soql)
    admin(org).send("DELETE", f"sobjects/PermissionSetAssignment/{held}")
    assert see(eve) is None
    admin(org).send("DELETE", f"sobjects/PermissionSetAssignment/{through['Id']}")
    assert see(eve) == "INVALID_TYPE"


def test_profiles_have_permission_sets_of_their_own(org: SalesforceSandbox) -> None:
    soql = "SELECT Profile.Name, Name FROM PermissionSet WHERE IsOwnedByProfile = true ORDER BY Profile.Name"
    found = admin(org).query(soql)
    names = ["Minimum Access - API Only Integrations", "Standard User", "System Administrator"]
    assert [row["Profile"]["Name"] for row in found] == names
    assert all(row["Name"].startswith("X00e") for row in found)
    soql = "SELECT SobjectType FROM ObjectPermissions WHERE Parent.Profile.Name = 'Standard User'"
    assert {row["SobjectType"] for row in admin(org).query(soql)} == {"Account", "Contact", "Lead"}


@pytest.mark.parametrize(
    ("permission", "opened"),
    [
        ("AssignPermissionSets", {"PermissionSetAssignment"}),
        ("ManageProfilesPermissionsets", {"PermissionSet", "ObjectPermissions"}),
        ("ManageUsers", {"User"}),
    ],
)
def test_each_setup_object_has_its_permission(org: SalesforceSandbox, permission: str, opened: set[str]) -> None:
    user_id, user = new_user(org, "Ann")
    other_id, _ = new_user(org, "Bob")
    own = new_set(org, "Own", **{f"Permissions{permission}": True, "PermissionsViewSetup": True})
    admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=own)
    answers = {
        "PermissionSetAssignment": user.create("PermissionSetAssignment", AssigneeId=other_id, PermissionSetId=own),
        "PermissionSet": user.create("PermissionSet", Name="New", Label="New"),
        "ObjectPermissions": user.create("ObjectPermissions", ParentId=own, SobjectType="Email__c", **READ),
        "User": user.change("User", other_id, Title="Adviser"),
    }
    assert {name for name, answer in answers.items() if answer.status in (201, 204)} == opened
    refused = [answer for name, answer in answers.items() if name not in opened]
    assert {answer.code for answer in refused} == {"INSUFFICIENT_ACCESS_OR_READONLY"}


def test_view_all_fields_opens_every_field_of_its_object(org: SalesforceSandbox) -> None:
    user_id, user = new_user(org, "Ann")
    own = new_set(org, "Own")
    admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=own)
    grant = admin(org).made("ObjectPermissions", ParentId=own, SobjectType="Email__c", **READ)
    assert see(user, "SELECT Body__c FROM Email__c") == "INVALID_FIELD"
    admin(org).change("ObjectPermissions", grant, PermissionsViewAllFields=True)
    assert see(user, "SELECT Body__c, Subject__c FROM Email__c") is None
    assert see(user, "SELECT Email__c FROM Task") == "INVALID_FIELD"
