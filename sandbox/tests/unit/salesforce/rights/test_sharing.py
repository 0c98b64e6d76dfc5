"""Record sharing: which rows a user meets in every kind of query, and what happens to those out of reach."""

import base64

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, integration, new_org, new_user

USER_SET = "Microsoft_365_Sync_User"


@pytest.fixture(scope="module")
def shared() -> SalesforceSandbox:
    """Ann's and nobody's mail, matched and not; for tests that only read."""
    return new_org()


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


def ids(client: Client, soql: str) -> set[str]:
    return {item["Id"] for item in client.query(soql)}


def mail_of(org: SalesforceSandbox, owner: str, status: str, **values: object) -> str:
    return integration(org).made("Email__c", Subject__c=status, Match_Status__c=status, OwnerId=owner, **values)


def document_of(org: SalesforceSandbox, place: str | None, client: Client | None = None) -> tuple[str, str]:
    """A file of the integration user (or the client): the ids of its version and document."""
    owner = client or integration(org)
    data = base64.b64encode(b"hello").decode()
    more = {} if place is None else {"FirstPublishLocationId": place}
    version = owner.made("ContentVersion", PathOnClient="plan.pdf", VersionData=data, **more)
    return version, owner.row("ContentVersion", version, "ContentDocumentId")["ContentDocumentId"]


def give(org: SalesforceSandbox, user_id: str, **permissions: bool) -> str:
    """A permission set of its own for a user; its id."""
    named = {f"Permissions{name}": value for name, value in permissions.items()}
    count = len(admin(org).query("SELECT Id FROM PermissionSet"))
    made = admin(org).made("PermissionSet", Name=f"Own_{count}", Label="Own", **named)
    admin(org).made("PermissionSetAssignment", AssigneeId=user_id, PermissionSetId=made)
    return made


def test_counts_groups_and_semi_joins_see_what_the_user_sees(shared: SalesforceSandbox) -> None:
    ann_id, ann = new_user(shared, "Ann", USER_SET)
    _, bob = new_user(shared, "Bob", USER_SET)
    for status in ("Matched", "Unmatched"):
        email = mail_of(shared, ann_id, status)
        integration(shared).made("Email_Participant__c", Participant_Key__c=status, Email__c=email)
    for client, seen in ((ann, 2), (bob, 1), (integration(shared), 2)):
        assert client.send("GET", "query", q="SELECT COUNT() FROM Email__c").body["totalSize"] == seen
        groups = client.query("SELECT Match_Status__c, COUNT(Id) n FROM Email__c GROUP BY Match_Status__c")
        assert sum(item["n"] for item in groups) == seen
        semi = "SELECT Id FROM Email__c WHERE Id IN (SELECT Email__c FROM Email_Participant__c)"
        assert len(client.query(semi)) == seen
        anti = "SELECT Id FROM Email_Participant__c WHERE Email__c NOT IN (SELECT Id FROM Email__c)"
        assert client.query(anti) == []
        assert len(client.query("SELECT Id FROM Email_Participant__c")) == seen


def test_a_child_subquery_leaves_out_hidden_children(org: SalesforceSandbox) -> None:
    ann_id, ann = new_user(org, "Ann", USER_SET)
    _, bob = new_user(org, "Bob", USER_SET)
    mailbox = admin(org).made("MS_Graph_User__c", Name="Ann", OwnerId=org.admin.user_id)
    for status in ("Matched", "Unmatched"):
        mail_of(org, ann_id, status, Mailbox__c=mailbox)
    relation = next(
        item["relationshipName"]
        for item in admin(org).send("GET", "sobjects/MS_Graph_User__c/describe").body["childRelationships"]
        if item["field"] == "Mailbox__c" and item["childSObject"] == "Email__c"
    )
    for client, seen in ((admin(org), 2), (ann, 2), (bob, 1)):
        (row,) = client.query(f"SELECT (SELECT Id FROM {relation}) FROM MS_Graph_User__c")
        assert row[relation]["totalSize"] == len(row[relation]["records"]) == seen


def test_the_fields_of_a_hidden_parent_are_null(org: SalesforceSandbox) -> None:
    ann_id, ann = new_user(org, "Ann", USER_SET)
    bob_id, bob = new_user(org, "Bob", USER_SET)
    email = mail_of(org, ann_id, "Unmatched")
    task = integration(org).made("Task", Subject="x", OwnerId=bob_id, Email__c=email)
    soql = f"SELECT Email__c, Email__r.Subject__c FROM Task WHERE Id = '{task}'"
    assert bob.query(soql) == [{"Email__c": email, "Email__r": None}]
    assert bob.query("SELECT Id FROM Task WHERE Email__r.Subject__c = 'Unmatched'") == []
    integration(org).change("Email__c", email, Match_Status__c="Matched")
    assert bob.query(soql)[0]["Email__r"]["Subject__c"] == "Unmatched"
    assert ann.query("SELECT Email__r.Subject__c FROM Task") == []


def test_mail_about_a_hidden_task_is_hidden(org: SalesforceSandbox) -> None:
    ann_id, ann = new_user(org, "Ann")
    _, bob = new_user(org, "Bob")
    task = integration(org).made("Task", Subject="private", OwnerId=ann_id)
    mail = integration(org).made("EmailMessage", Status="3", ActivityId=task)
    soql = "SELECT Id FROM EmailMessage"
    assert (ids(ann, soql), ids(bob, soql)) == ({mail}, set())
    account = admin(org).made("Account", Name="Lee")
    integration(org).change("Task", task, WhatId=account)
    assert ids(bob, soql) == {mail}
    (row,) = bob.query("SELECT What.Type, What.Name FROM Task")
    assert (row["What"]["Type"], row["What"]["Name"]) == ("Account", "Lee")


def test_a_record_out_of_reach_cannot_be_pointed_at(org: SalesforceSandbox) -> None:
    ann_id, _ = new_user(org, "Ann", USER_SET)
    bob_id, bob = new_user(org, "Bob", USER_SET)
    own = give(org, bob_id)
    field = {"SobjectType": "Task", "Field": "Task.Email__c", "PermissionsRead": True, "PermissionsEdit": True}
    admin(org).made("FieldPermissions", ParentId=own, **field)
    hidden, shown = (mail_of(org, ann_id, status) for status in ("Unmatched", "Matched"))
    answer = bob.create("Task", Subject="x", Email__c=hidden)
    assert (answer.status, answer.code) == (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")
    assert answer.message == f"insufficient access rights on cross-reference id: {hidden[:15]}"
    task = bob.made("Task", Subject="x", Email__c=shown)
    assert bob.change("Task", task, Email__c=hidden).code == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"


def test_a_task_s_person_shows_it_to_who_reads_persons(org: SalesforceSandbox) -> None:
    contact = admin(org).made("Contact", LastName="Lee")
    task = admin(org).made("Task", Subject="x", WhoId=contact)
    bot_id, bot = new_user(org, "Bot")
    assert ids(bot, "SELECT Id FROM Task") == {task}
    profile = admin(org).query("SELECT Id FROM Profile WHERE Name = 'Minimum Access - API Only Integrations'")[0]
    admin(org).change("User", bot_id, ProfileId=profile["Id"])
    assert ids(bot, "SELECT Id FROM Task") == set()
    own = give(org, bot_id)
    admin(org).made("ObjectPermissions", ParentId=own, SobjectType="Contact", PermissionsRead=True)
    assert ids(bot, "SELECT Id FROM Task") == {task}


def test_events_and_mail_are_shared_like_tasks(org: SalesforceSandbox) -> None:
    _, bob = new_user(org, "Bob")
    account = admin(org).made("Account", Name="Lee")
    times = {"ActivityDateTime": "2026-03-11T09:00:00Z", "DurationInMinutes": 30}
    admin(org).made("Event", Subject="private", **times)
    meeting = admin(org).made("Event", Subject="client", WhatId=account, **times)
    assert ids(bob, "SELECT Id FROM Event") == {meeting}
    admin(org).made("EmailMessage", Status="3", Subject="private")
    mail = admin(org).made("EmailMessage", Status="3", Subject="client", RelatedToId=account)
    assert ids(bob, "SELECT Id FROM EmailMessage") == {mail}


def test_a_file_is_seen_by_who_sees_the_record_it_is_on(org: SalesforceSandbox) -> None:
    ann_id, ann = new_user(org, "Ann", USER_SET)
    _, bob = new_user(org, "Bob", USER_SET)
    _, stranger = new_user(org, "Stranger")
    email = mail_of(org, ann_id, "Unmatched")
    version, document = document_of(org, email)
    soql = f"SELECT Id FROM ContentVersion WHERE Id = '{version}'"
    links = f"SELECT Id FROM ContentDocumentLink WHERE ContentDocumentId = '{document}'"
    assert ids(ann, soql) == {version}
    assert len(ann.query(links)) == 2
    for client in (bob, stranger):
        assert client.query(soql) == []
        assert client.query(links) == []
        assert client.send("GET", f"sobjects/ContentVersion/{version}/VersionData").status == 404
    integration(org).change("Email__c", email, Match_Status__c="Matched")
    assert bob.send("GET", f"sobjects/ContentVersion/{version}/VersionData").response.body == b"hello"
    assert ids(bob, "SELECT Id FROM ContentDocument") == {document}
    assert stranger.query(soql) == []


def test_a_file_is_shared_with_a_user_by_a_link(org: SalesforceSandbox) -> None:
    bob_id, bob = new_user(org, "Bob", USER_SET)
    _, document = document_of(org, None)
    assert ids(bob, "SELECT Id FROM ContentDocument") == set()
    link = {"ContentDocumentId": document, "LinkedEntityId": bob_id, "ShareType": "V"}
    integration(org).made("ContentDocumentLink", **link)
    assert ids(bob, "SELECT Id FROM ContentDocument") == {document}


def test_view_all_data_opens_no_file_and_query_all_files_does(org: SalesforceSandbox) -> None:
    version, _ = document_of(org, None)
    boss_id, boss = new_user(org, "Boss")
    give(org, boss_id, ViewAllData=True)
    assert boss.query("SELECT Id FROM ContentVersion") == []
    give(org, boss_id, QueryAllFiles=True)
    assert ids(boss, "SELECT Id FROM ContentVersion") == {version}


def test_view_all_data_opens_records_and_no_fields(org: SalesforceSandbox) -> None:
    ann_id, _ = new_user(org, "Ann", USER_SET)
    boss_id, boss = new_user(org, "Boss")
    email = mail_of(org, ann_id, "Unmatched")
    assert boss.send("GET", "query", q="SELECT Id FROM Email__c").code == "INVALID_TYPE"
    give(org, boss_id, ViewAllData=True)
    assert ids(boss, "SELECT Id FROM Email__c") == {email}
    assert boss.send("GET", "query", q="SELECT Subject__c FROM Email__c").code == "INVALID_FIELD"
    assert boss.change("Email__c", email, Name="x").code == "INSUFFICIENT_ACCESS_OR_READONLY"
    give(org, boss_id, ModifyAllData=True)
    # the row is open then: it is a validation rule that speaks
    assert boss.change("Email__c", email, Name="x").code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def test_all_records_of_one_object_can_be_opened(org: SalesforceSandbox) -> None:
    ann_id, _ = new_user(org, "Ann", USER_SET)
    bob_id, bob = new_user(org, "Bob", USER_SET)
    email = mail_of(org, ann_id, "Unmatched")
    own = give(org, bob_id)
    grant = admin(org).made(
        "ObjectPermissions",
        ParentId=own,
        SobjectType="Email__c",
        PermissionsRead=True,
        PermissionsViewAllRecords=True,
    )
    assert ids(bob, "SELECT Id FROM Email__c") == {email}
    assert bob.change("Email__c", email, Name="x").code == "INSUFFICIENT_ACCESS_OR_READONLY"
    verbs = {"PermissionsEdit": True, "PermissionsDelete": True}
    assert admin(org).change("ObjectPermissions", grant, **verbs).status == 204
    # Edit on the object is not yet edit on a row of somebody else.
    assert bob.change("Email__c", email, Name="x").code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert admin(org).change("ObjectPermissions", grant, PermissionsModifyAllRecords=True).status == 204
    assert bob.change("Email__c", email, Name="x").code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert bob.send("DELETE", f"sobjects/Email__c/{email}").status == 204


def test_who_stands_above_the_owner_has_the_owner_s_access(org: SalesforceSandbox) -> None:
    ann_id, ann = new_user(org, "Ann", USER_SET)
    boss_id, boss = new_user(org, "Boss", USER_SET)
    head_id, head = new_user(org, "Head", USER_SET)
    roles: list[str] = []
    for name in ("Head", "Boss", "Adviser"):
        parent = {"ParentRoleId": roles[-1]} if roles else {}
        roles.append(admin(org).made("UserRole", Name=name, DeveloperName=name, **parent))
    for user_id, role in zip((head_id, boss_id, ann_id), roles, strict=True):
        admin(org).change("User", user_id, UserRoleId=role)
    mine = ann.made("MS_Graph_Exclusion__c", Type__c="Personal Address", Pattern__c="mum@home.example")
    theirs = boss.made("MS_Graph_Exclusion__c", Type__c="Personal Address", Pattern__c="dad@home.example")
    soql = "SELECT Id FROM MS_Graph_Exclusion__c"
    assert (ids(ann, soql), ids(boss, soql), ids(head, soql)) == ({mine}, {mine, theirs}, {mine, theirs})
    assert head.change("MS_Graph_Exclusion__c", mine, Active__c=False).status == 204


def test_a_record_of_ones_own_may_be_given_away_and_no_other(org: SalesforceSandbox) -> None:
    bob_id, bob = new_user(org, "Bob")
    ann_id, ann = new_user(org, "Ann")
    account = ann.made("Account", Name="Ann's")
    answer = bob.change("Account", account, OwnerId=bob_id)
    assert (answer.status, answer.code) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert bob.change("Account", account, OwnerId=ann_id, Phone="1").status == 204
    assert ann.change("Account", account, OwnerId=bob_id).status == 204
    give(org, ann_id, TransferAnyEntity=True)
    assert ann.change("Account", account, OwnerId=ann_id).status == 204


def test_deleting_is_for_owners_on_public_objects_too(org: SalesforceSandbox) -> None:
    _, ann = new_user(org, "Ann")
    _, bob = new_user(org, "Bob")
    contact = ann.made("Contact", LastName="Lee")
    assert bob.change("Contact", contact, LastName="Li").status == 204
    assert bob.send("DELETE", f"sobjects/Contact/{contact}").code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert ann.send("DELETE", f"sobjects/Contact/{contact}").status == 204
