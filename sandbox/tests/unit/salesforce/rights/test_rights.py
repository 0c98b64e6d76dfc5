"""Objects, fields and records as different users meet them."""

import pytest
from m365sandbox.clock import SandboxClock
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import NOW, Client, admin, code_of, integration, new_org, new_user

USER_SET = "Microsoft_365_Sync_User"


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


def shown_fields(client: Client, name: str) -> set[str]:
    return {item["name"] for item in client.send("GET", f"sobjects/{name}/describe").body["fields"]}


def test_an_object_without_rights_is_not_there(org: SalesforceSandbox) -> None:
    email = integration(org).made("Email__c", Subject__c="x")
    _, stranger = new_user(org, "Stranger")
    assert stranger.send("GET", "query", q="SELECT Id FROM Email__c").code == "INVALID_TYPE"
    assert stranger.send("GET", "sobjects/Email__c/describe").status == 404
    assert stranger.send("GET", f"sobjects/Email__c/{email}").status == 404
    assert stranger.create("Email__c", Subject__c="x").status == 404
    assert code_of(stranger.collection("POST", "Email__c", [{}])) == "INVALID_TYPE"
    listed = {item["name"] for item in stranger.send("GET", "sobjects").body["sobjects"]}
    assert "Contact" in listed
    assert "Email__c" not in listed


def test_reading_does_not_allow_writing(org: SalesforceSandbox) -> None:
    email = integration(org).made("Email__c", Subject__c="x", Match_Status__c="Matched")
    _, adviser = new_user(org, "Adviser", USER_SET)
    assert adviser.row("Email__c", email, "Subject__c")["Subject__c"] == "x"
    for answer in (
        adviser.create("Email__c", Subject__c="y"),
        adviser.change("Email__c", email, Consent__c="Given"),
        adviser.send("DELETE", f"sobjects/Email__c/{email}"),
    ):
        assert (answer.status, answer.code) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")
    described = adviser.send("GET", "sobjects/Email__c/describe").body
    # the owner of a mail may consent
    assert (described["createable"], described["updateable"], described["deletable"]) == (False, True, False)


def test_limits_of_the_org_need_view_setup(org: SalesforceSandbox) -> None:
    _, clerk = new_user(org, "Clerk")
    answer = clerk.send("GET", "limits")
    assert (answer.status, answer.code) == (403, "INSUFFICIENT_ACCESS")
    assert clerk.send("GET", "limits/recordCount", sObjects="Account").status == 200
    assert integration(org).send("GET", "limits").status == 200


def test_an_upsert_by_a_key_that_is_not_unique_needs_view_all_data(org: SalesforceSandbox) -> None:
    _, clerk = new_user(org, "Clerk", "Microsoft_365_Sync_Admin")
    path = "sobjects/Email__c/Conversation_Key__c/c1"
    for answer in (
        clerk.send("PATCH", path, {"Subject__c": "x"}),
        clerk.collection("PATCH", "Email__c", [{"Conversation_Key__c": "c1"}], key="Conversation_Key__c"),
    ):
        assert (answer.status, answer.code) == (403, "INSUFFICIENT_ACCESS")
    assert clerk.send("PATCH", "sobjects/Email__c/Message_Key__c/m1", {"Conversation_Key__c": "c1"}).status == 201
    assert clerk.send("GET", path).body["Message_Key__c"] == "m1"
    assert integration(org).send("PATCH", path, {"Subject__c": "x"}).status == 200


def test_the_administrators_profile_opens_no_custom_field(org: SalesforceSandbox) -> None:
    sql = f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{org.admin.user_id}'"
    for assignment in admin(org).query(sql):
        admin(org).send("DELETE", f"sobjects/PermissionSetAssignment/{assignment['Id']}")
    boss = admin(org)
    assert "Subject__c" not in shown_fields(boss, "Email__c")
    assert boss.send("GET", "query", q="SELECT Subject__c FROM Email__c").code == "INVALID_FIELD"
    assert boss.create("Email__c", Subject__c="x").code == "INVALID_FIELD"
    assert boss.create("Email__c", Name="ModifyAllData opens the object").status == 201
    assert "Email" in shown_fields(boss, "Contact")


def test_a_field_that_is_read_only_is_refused_by_name(org: SalesforceSandbox) -> None:
    contact = admin(org).made("Contact", LastName="Lee", Email="lee@client.example")
    answer = integration(org).change("Contact", contact, Email="new@client.example")
    assert (answer.status, answer.code) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert answer.message.startswith("Unable to create/update fields: Email. Please check the security settings")
    assert integration(org).row("Contact", contact, "Email")["Email"] == "lee@client.example"


def test_nobody_but_the_integration_deletes_mail(org: SalesforceSandbox) -> None:
    _, keeper = new_user(org, "Keeper", "Microsoft_365_Sync_Admin")
    email = keeper.made("Email__c", Subject__c="x")
    assert keeper.send("GET", "sobjects/Email__c").body["objectDescribe"]["deletable"] is False
    assert keeper.send("DELETE", f"sobjects/Email__c/{email}").code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert integration(org).send("DELETE", f"sobjects/Email__c/{email}").status == 204


def test_unmatched_mail_is_its_owners(org: SalesforceSandbox) -> None:
    ann_id, ann = new_user(org, "Ann", USER_SET)
    _, bob = new_user(org, "Bob", USER_SET)
    writer = integration(org)
    unmatched = writer.made("Email__c", Subject__c="private", Match_Status__c="Unmatched", OwnerId=ann_id)
    matched = writer.made("Email__c", Subject__c="client", Match_Status__c="Matched", OwnerId=ann_id)
    blank = writer.made("Email__c", Subject__c="blank")

    def seen(client: Client) -> set[str]:
        return {item["Id"] for item in client.query("SELECT Id FROM Email__c")}

    assert seen(ann) == {unmatched, matched}
    assert seen(bob) == {matched}
    assert seen(writer) == seen(admin(org)) == {unmatched, matched, blank}
    assert bob.send("GET", f"sobjects/Email__c/{unmatched}").status == 404
    writer.change("Email__c", unmatched, Match_Status__c="Matched")
    assert seen(bob) == {matched, unmatched}


def test_details_follow_their_master(org: SalesforceSandbox) -> None:
    _, bob = new_user(org, "Bob", USER_SET)
    writer = integration(org)
    for status in ("Matched", "Unmatched"):
        email = writer.made("Email__c", Match_Status__c=status)
        writer.made("Email_Participant__c", Participant_Key__c=status, Email__c=email)
    assert bob.query("SELECT Participant_Key__c FROM Email_Participant__c") == [{"Participant_Key__c": "Matched"}]
    assert len(writer.query("SELECT Id FROM Email_Participant__c")) == 2


def test_personal_exclusions_are_private_and_global_ones_are_not(org: SalesforceSandbox) -> None:
    _, ann = new_user(org, "Ann", USER_SET)
    _, bob = new_user(org, "Bob", USER_SET)
    mine = ann.made("MS_Graph_Exclusion__c", Type__c="Personal Address", Pattern__c="mum@home.example")
    everyones = admin(org).made("MS_Graph_Exclusion__c", Type__c="Internal Domain", Pattern__c="firm.example")
    assert {item["Id"] for item in ann.query("SELECT Id FROM MS_Graph_Exclusion__c")} == {mine, everyones}
    assert {item["Id"] for item in bob.query("SELECT Id FROM MS_Graph_Exclusion__c")} == {everyones}
    assert len(integration(org).query("SELECT Id FROM MS_Graph_Exclusion__c")) == 2
    assert ann.change("MS_Graph_Exclusion__c", mine, Active__c=False).status == 204
    assert ann.change("MS_Graph_Exclusion__c", everyones, Active__c=False).code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_record_out_of_reach_cannot_be_looked_up(org: SalesforceSandbox) -> None:
    ann_id, _ = new_user(org, "Ann", USER_SET)
    _, bob = new_user(org, "Bob", USER_SET)
    hidden = integration(org).made("Email__c", Match_Status__c="Unmatched", OwnerId=ann_id)
    answer = bob.create("Task", Subject="x", WhatId=hidden)
    assert answer.status == 400
    assert answer.code in ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "FIELD_INTEGRITY_EXCEPTION")


def test_assignments_are_shown_in_full_with_view_setup_only(org: SalesforceSandbox) -> None:
    ann_id, ann = new_user(org, "Ann", USER_SET)
    new_user(org, "Bob", USER_SET)
    soql = "SELECT AssigneeId FROM PermissionSetAssignment"
    assert ann.query(soql) == [{"AssigneeId": ann_id}]
    assert len(integration(org).query(soql)) == len(admin(org).query(soql)) > 3


def test_rights_come_through_a_group_too(org: SalesforceSandbox) -> None:
    made = org.create_user("eve@firm.example", "Eve Fox", "eve@firm.example", True, [USER_SET], ["Advisers"])
    eve = Client(org, made["access_token"])
    assert eve.query("SELECT Id FROM Email__c") == []
    soql = (
        "SELECT PermissionSet.Type, PermissionSetGroup.DeveloperName FROM PermissionSetAssignment "
        f"WHERE AssigneeId = '{made['id']}'"
    )
    (held,) = integration(org).query(soql)
    assert held["PermissionSet"]["Type"] == "Group"
    assert held["PermissionSetGroup"]["DeveloperName"] == "Advisers"
    soql = "SELECT PermissionSet.Name FROM PermissionSetGroupComponent"
    assert integration(org).query(soql)[0]["PermissionSet"]["Name"] == USER_SET
    org.create_user("fay@firm.example", "Fay Fox", "fay@firm.example", True, [], ["Advisers"])
    assert len(integration(org).query("SELECT Id FROM PermissionSetGroup")) == 1


def test_rights_end_with_the_assignment(org: SalesforceSandbox) -> None:
    user_id, user = new_user(org, "Ann", USER_SET)
    soql = f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{user_id}'"
    (held,) = admin(org).query(soql)
    assert user.query("SELECT Id FROM Email__c") == []
    assert admin(org).send("DELETE", f"sobjects/PermissionSetAssignment/{held['Id']}").status == 204
    assert user.send("GET", "query", q="SELECT Id FROM Email__c").code == "INVALID_TYPE"


def test_an_expired_assignment_gives_nothing() -> None:
    clock = SandboxClock()
    clock.set(NOW)
    org = new_org(clock=clock)
    user_id, user = new_user(org, "Ann")
    (found,) = admin(org).query(f"SELECT Id FROM PermissionSet WHERE Name = '{USER_SET}'")
    expiry = {"ExpirationDate": "2026-03-10T13:00:00Z"}
    admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=found["Id"], **expiry)
    assert user.query("SELECT Id FROM Email__c") == []
    clock.advance(3700)
    assert user.send("GET", "query", q="SELECT Id FROM Email__c").code == "INVALID_TYPE"


def test_an_assignment_stands_once(org: SalesforceSandbox) -> None:
    user_id, _ = new_user(org, "Ann", USER_SET)
    (found,) = admin(org).query(f"SELECT Id FROM PermissionSet WHERE Name = '{USER_SET}'")
    again = admin(org).create("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=found["Id"])
    assert again.code == "DUPLICATE_VALUE"


def test_only_who_manages_users_changes_setup(org: SalesforceSandbox) -> None:
    user_id, user = new_user(org, "Ann", USER_SET)
    assert user.change("User", user_id, IsActive=False).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert admin(org).change("User", user_id, Title="Adviser").status == 204


def test_activities_need_their_permission(org: SalesforceSandbox) -> None:
    _, user = new_user(org, "Ann")
    assert user.create("Task", Subject="x").status == 201
    made = admin(org)
    profile = made.query("SELECT Id FROM Profile WHERE Name = 'Minimum Access - API Only Integrations'")[0]["Id"]
    other_id, other = new_user(org, "Bot")
    made.change("User", other_id, ProfileId=profile)
    assert other.create("Task", Subject="x").code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_tasks_are_seen_by_owner_and_with_their_client(org: SalesforceSandbox) -> None:
    _, ann = new_user(org, "Ann")
    _, bob = new_user(org, "Bob")
    contact = admin(org).made("Contact", LastName="Lee")
    private = ann.made("Task", Subject="private")
    related = ann.made("Task", Subject="client", WhoId=contact)
    assert {item["Id"] for item in ann.query("SELECT Id FROM Task")} == {private, related}
    assert {item["Id"] for item in bob.query("SELECT Id FROM Task")} == {related}
    assert bob.change("Task", related, Subject="y").code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_contacts_and_accounts_are_everybodys(org: SalesforceSandbox) -> None:
    contact = admin(org).made("Contact", LastName="Lee")
    _, user = new_user(org, "Ann")
    assert user.query("SELECT LastName FROM Contact") == [{"LastName": "Lee"}]
    assert user.change("Contact", contact, LastName="Li").status == 204
    assert user.send("DELETE", f"sobjects/Contact/{contact}").code == "INSUFFICIENT_ACCESS_OR_READONLY"
