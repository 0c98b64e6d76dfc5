"""Who may own a record: an active user who can read the object, and the exception for inactive ones."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, code_of, integration, new_org, new_user

USER_SET = "Microsoft_365_Sync_User"
INACTIVE = "INACTIVE_OWNER_OR_USER"
NO_READ = "TRANSFER_REQUIRES_READ"


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


def loader(org: SalesforceSandbox, *permissions: str) -> Client:
    """A user who writes mail, with these user permissions."""
    named = {f"Permissions{name}": True for name in permissions}
    made = admin(org).made("PermissionSet", Name="Loader", Label="Loader", **named)
    user_id, user = new_user(org, "Loader", "Microsoft_365_Sync_Admin")
    admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=made)
    return user


def test_an_inactive_owner_needs_the_permission(org: SalesforceSandbox) -> None:
    leaver, _ = new_user(org, "Leaver", USER_SET, active=False)
    user = loader(org, "UpdateWithInactiveOwner")
    answer = admin(org).create("Email__c", Name="x", OwnerId=leaver)
    assert (answer.status, answer.code) == (400, INACTIVE)
    assert answer.message == f"operation performed with inactive user [{leaver[:15]}] as owner of email"
    assert user.create("Email__c", Name="x", OwnerId=leaver).status == 201
    # Task is not among the objects that the permission covers.
    assert user.create("Task", Subject="x", OwnerId=leaver).code == INACTIVE


def test_the_permission_needs_the_orgs_switch_and_may_need_modify_all_data(org: SalesforceSandbox) -> None:
    leaver, _ = new_user(org, "Leaver", USER_SET, active=False)
    user = loader(org, "UpdateWithInactiveOwner")
    org.patch_org({"auditFieldsEnabled": False})
    assert user.create("Email__c", Name="x", OwnerId=leaver).code == INACTIVE
    org.patch_org({"auditFieldsEnabled": True, "auditFieldsNeedModifyAll": True})
    assert user.create("Email__c", Name="x", OwnerId=leaver).code == INACTIVE
    assert integration(org).create("Email__c", Name="x", OwnerId=leaver).status == 201


def test_a_record_whose_owner_left_is_edited_but_not_given_to_one_who_left(org: SalesforceSandbox) -> None:
    ann, _ = new_user(org, "Ann", USER_SET)
    bob, _ = new_user(org, "Bob", USER_SET, active=False)
    user = loader(org, "ModifyAllData")
    email = user.made("Email__c", Name="x", OwnerId=ann)
    admin(org).change("User", ann, IsActive=False)
    assert user.change("Email__c", email, Name="y").status == 204
    assert user.change("Email__c", email, Name="z", OwnerId=ann).status == 204
    assert user.change("Email__c", email, OwnerId=bob).code == INACTIVE


def test_an_owner_can_read_the_object(org: SalesforceSandbox) -> None:
    ann, _ = new_user(org, "Ann", USER_SET)
    stranger, _ = new_user(org, "Stranger")
    writer = integration(org)
    rows = [{"Name": "x", "OwnerId": owner} for owner in (ann, stranger)]
    answer = writer.collection("POST", "Email__c", rows)
    assert [code_of(answer, place) for place in range(2)] == [None, NO_READ]
    email = answer.body[0]["id"]
    assert writer.change("Email__c", email, OwnerId=stranger).code == NO_READ
    # Everybody reads tasks and accounts.
    assert writer.create("Task", Subject="x", OwnerId=stranger).status == 201


def test_an_owner_who_lost_the_permission_keeps_records_and_sees_none(org: SalesforceSandbox) -> None:
    ann_id, ann = new_user(org, "Ann", USER_SET)
    email = integration(org).made("Email__c", Name="x", OwnerId=ann_id)
    assert ann.query("SELECT Id FROM Email__c") == [{"Id": email}]
    for held in admin(org).query(f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{ann_id}'"):
        admin(org).send("DELETE", f"sobjects/PermissionSetAssignment/{held['Id']}")
    assert ann.send("GET", "query", q="SELECT Id FROM Email__c").code == "INVALID_TYPE"
    assert integration(org).row("Email__c", email, "OwnerId")["OwnerId"] == ann_id
    assert integration(org).change("Email__c", email, Name="y").status == 204
