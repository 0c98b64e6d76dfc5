"""CreatedDate and its siblings: who may set them, on what, and when not."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, code_of, integration, new_org, new_user

OLD = "2020-01-02T03:04:05.000+0000"
LATER = "2020-02-03T04:05:06.000+0000"
NEVER = "INVALID_FIELD_FOR_INSERT_UPDATE"


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def audit(org: SalesforceSandbox) -> dict[str, str]:
    user = org.admin.user_id
    return {"CreatedDate": OLD, "CreatedById": user, "LastModifiedDate": LATER, "LastModifiedById": user}


def test_an_insert_keeps_all_four(client: Client, org: SalesforceSandbox) -> None:
    record_id = client.made("Email__c", Subject__c="x", **audit(org))
    names = "CreatedDate,CreatedById,LastModifiedDate,LastModifiedById,SystemModstamp"
    row = client.row("Email__c", record_id, names)
    stamp = row.pop("SystemModstamp")
    assert row == audit(org)
    assert stamp.startswith("2026-03-10")


def test_without_the_permission_they_are_refused_by_name(org: SalesforceSandbox) -> None:
    answer = admin(org).create("Contact", LastName="Lee", CreatedDate=OLD, LastModifiedDate=LATER)
    assert (answer.status, answer.code) == (400, NEVER)
    assert answer.message == (
        "Unable to create/update fields: CreatedDate, LastModifiedDate. Please check the security settings of this "
        "field and verify that it is read/write for your profile or permission set."
    )
    assert answer.body[0]["fields"] == ["CreatedDate", "LastModifiedDate"]


def test_with_the_switch_off_nobody_may(client: Client, org: SalesforceSandbox) -> None:
    org.patch_org({"auditFieldsEnabled": False})
    assert client.create("Email__c", CreatedDate=OLD).code == NEVER
    org.patch_org({"auditFieldsEnabled": True})
    assert client.create("Email__c", CreatedDate=OLD).status == 201


def test_an_org_may_ask_for_modify_all_data_beside_it(org: SalesforceSandbox) -> None:
    user = _loader(org)
    assert user.create("Email__c", CreatedDate=OLD).status == 201
    org.patch_org({"auditFieldsNeedModifyAll": True})
    assert user.create("Email__c", CreatedDate=OLD).code == NEVER
    assert integration(org).create("Email__c", CreatedDate=OLD).status == 201


def _loader(org: SalesforceSandbox) -> Client:
    """A user with CreateAuditFields and without ModifyAllData."""
    made = admin(org).made("PermissionSet", Name="Loader", Label="Loader", PermissionsCreateAuditFields=True)
    user_id, user = new_user(org, "Loader", "Microsoft_365_Sync_Admin")
    admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=made)
    return user


def test_an_update_with_any_of_them_is_refused(client: Client, org: SalesforceSandbox) -> None:
    record_id = client.made("Email__c", Subject__c="x")
    for name, value in audit(org).items():
        answer = client.change("Email__c", record_id, Subject__c="y", **{name: value})
        assert (answer.status, answer.code) == (400, NEVER)
        assert name in answer.message
    assert client.row("Email__c", record_id, "Subject__c")["Subject__c"] == "x"
    rows = client.collection("PATCH", "Email__c", [{"id": record_id, "CreatedDate": OLD}])
    assert code_of(rows) == NEVER


def test_an_upsert_takes_them_where_it_inserts_only(client: Client, org: SalesforceSandbox) -> None:
    old = client.made("Email__c", Message_Key__c="old")
    rows = [{"Message_Key__c": "old", **audit(org)}, {"Message_Key__c": "new", **audit(org)}]
    answer = client.collection("PATCH", "Email__c", rows, key="Message_Key__c")
    assert [code_of(answer, place) for place in range(2)] == [NEVER, None]
    assert client.row("Email__c", answer.body[1]["id"], "CreatedDate")["CreatedDate"] == OLD
    assert client.row("Email__c", old, "CreatedDate")["CreatedDate"] != OLD


def test_modified_before_created_is_refused(client: Client) -> None:
    answer = client.create("Email__c", CreatedDate="2026-03-10T11:26:03Z", LastModifiedDate="2026-03-09T21:29:12Z")
    assert (answer.status, answer.code) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert answer.message == (
        "Last Modified Date (Mon Mar 09 21:29:12 GMT 2026) before Create Date (Tue Mar 10 11:26:03 GMT 2026)"
    )


def test_an_old_modification_alone_is_before_the_creation_now(client: Client) -> None:
    assert client.create("Email__c", LastModifiedDate=OLD).code == "FIELD_INTEGRITY_EXCEPTION"


def test_the_future_is_refused(client: Client) -> None:
    later = {"CreatedDate": "2027-01-01T00:00:00Z", "LastModifiedDate": "2027-01-01T00:00:00Z"}
    assert client.create("Email__c", **later).code == "FIELD_INTEGRITY_EXCEPTION"


def test_a_later_update_replaces_the_modification(client: Client, org: SalesforceSandbox) -> None:
    record_id = client.made("Email__c", Subject__c="x", **audit(org))
    client.change("Email__c", record_id, Subject__c="y")
    row = client.row("Email__c", record_id, "CreatedDate,LastModifiedDate,LastModifiedById")
    assert row["CreatedDate"] == OLD
    assert row["LastModifiedDate"].startswith("2026-03-10")
    assert row["LastModifiedById"] == org.integration.user_id


def test_a_related_task_does_not_keep_its_modification(client: Client, org: SalesforceSandbox) -> None:
    contact = admin(org).made("Contact", LastName="Lee")
    related = client.made("Task", Subject="x", WhoId=contact, **audit(org))
    alone = client.made("Task", Subject="x", **audit(org))
    names = "CreatedDate,CreatedById,LastModifiedDate,LastModifiedById"
    assert client.row("Task", alone, names) == audit(org)
    row = client.row("Task", related, names)
    assert (row["CreatedDate"], row["CreatedById"]) == (OLD, org.admin.user_id)
    assert row["LastModifiedDate"].startswith("2026-03-10")
    assert row["LastModifiedById"] == org.integration.user_id


def test_describe_shows_them_createable_to_those_who_may(client: Client, org: SalesforceSandbox) -> None:
    def shown(user: Client) -> dict[str, tuple[bool, bool]]:
        fields = user.send("GET", "sobjects/Email__c/describe").body["fields"]
        return {item["name"]: (item["createable"], item["updateable"]) for item in fields}

    for name in audit(org):
        assert shown(client)[name] == (True, False)
        assert shown(admin(org))[name] == (False, False)
    assert shown(client)["SystemModstamp"] == (False, False)
