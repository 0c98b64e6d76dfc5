"""Who is read: links, the permission set, seats, kinds of mailboxes; each status is reached, true, and left again."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.world import DOMAIN, SYNC_USER, World, stamp

RITA = "rita@reed.example"
NO_PERMISSION = "The linked user does not hold the permission set Microsoft 365 Sync User. Assign it."
NO_SEAT = "All licensed seats are taken by mailboxes that were linked before. Raise Licensed Users."


def box(world: World, name: str = "Ada") -> dict[str, Any]:
    fields = "Id, Status__c, Status_Detail__c, Mailbox_Type__c, Aliases__c, Graph_User_Id__c, User__c, Live_Through__c"
    [found] = world.rows(f"SELECT {fields} FROM MS_Graph_User__c WHERE Name = '{name}'")
    return found


def state(world: World, name: str = "Ada") -> tuple[str, str]:
    found = box(world, name)
    return found["Status__c"], found["Status_Detail__c"] or ""


def update(world: World, name: str = "Ada", **fields: Any) -> None:
    world.org.MS_Graph_User__c.update(box(world, name)["Id"], fields)


def mail(world: World, subject: str, *, to: str = f"ada@{DOMAIN}", **ago: float) -> None:
    world.message(to, subject=subject, received=world.ago(**ago), **{"from": RITA}, toRecipients=[to], folder="inbox")


def subjects(world: World) -> list[str]:
    return sorted(row["Subject__c"] for row in world.rows("SELECT Subject__c FROM Email__c"))


def permission_set(world: World) -> str:
    [row] = world.rows(f"SELECT Id FROM PermissionSet WHERE Name = '{SYNC_USER}'")
    return str(row["Id"])


def assignments(world: World, user: str) -> list[str]:
    asked = (
        f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{user}' AND PermissionSet.IsOwnedByProfile = false"
    )
    return [row["Id"] for row in world.rows(asked)]


def revoke(world: World, user: str) -> None:
    for row in assignments(world, user):
        world.org.PermissionSetAssignment.delete(row)


def test_a_right_that_is_lost_and_regained_leaves_no_gap(firm: World) -> None:
    mail(firm, "before", hours=3)
    firm.sync()
    assert state(firm) == ("Live", "")
    user = box(firm)["User__c"]
    revoke(firm, user)
    mail(firm, "while it was lost", minutes=0)
    firm.advance(days=3)
    report = firm.sync()
    assert report["mailboxes"] == {"read": 0, "failed": 0, "not_linked": 1}
    assert state(firm) == ("Not Linked", NO_PERMISSION)
    assert subjects(firm) == ["before"]
    firm.create("PermissionSetAssignment", AssigneeId=user, PermissionSetId=permission_set(firm))
    firm.advance(minutes=5)
    firm.sync()
    assert state(firm) == ("Live", "")
    assert subjects(firm) == ["before", "while it was lost"]


def test_a_permission_set_group_counts_as_long_as_it_lasts(firm: World) -> None:
    firm.mailbox("bob")
    user = firm.user("bob", permission_sets=(), permissionSets=[SYNC_USER], permissionSetGroups=["Advisers"])
    direct = (
        f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{user}' AND PermissionSet.Name = '{SYNC_USER}'"
    )
    for assigned in firm.rows(direct):
        firm.org.PermissionSetAssignment.delete(assigned["Id"])
    firm.create("MS_Graph_User__c", Name="Bob", User_Principal_Name__c=f"bob@{DOMAIN}", User__c=user)
    assert firm.sync()["mailboxes"] == {"read": 2, "failed": 0, "not_linked": 0}
    assert state(firm, "Bob") == ("Live", "")
    [group] = [
        row["Id"]
        for row in firm.rows(
            f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{user}' AND PermissionSetGroupId != null"
        )
    ]
    firm.org.PermissionSetAssignment.delete(group)
    firm.sync()
    assert state(firm, "Bob") == ("Not Linked", NO_PERMISSION)
    row = firm.create(
        "PermissionSetAssignment",
        AssigneeId=user,
        PermissionSetId=permission_set(firm),
        ExpirationDate=stamp(firm.now() + timedelta(hours=2)),
    )
    firm.sync()
    assert state(firm, "Bob") == ("Live", ""), row
    firm.advance(hours=3)
    firm.sync()
    assert state(firm, "Bob") == ("Not Linked", NO_PERMISSION)


def test_every_status_is_reached_and_left(firm: World) -> None:
    user = box(firm)["User__c"]
    for wrong, right, detail in (
        ({"Active__c": False}, {"Active__c": True}, "Active is off on this mailbox."),
        ({"User__c": None}, {"User__c": user}, "No Salesforce user is linked. Set User on this record."),
    ):
        update(firm, **wrong)
        firm.sync()
        assert state(firm) == ("Not Linked", detail)
        update(firm, **right)
        firm.sync()
        assert state(firm) == ("Live", "")
    upn = f"mailboxes/ada@{DOMAIN}"
    firm.control("PATCH", upn, {"state": "unlicensed"})
    firm.sync(code=1)
    assert state(firm)[0] == "Unavailable"
    assert "serves no such mailbox" in state(firm)[1]
    update(firm, Active__c=False)
    firm.sync()
    assert state(firm) == ("Not Linked", "Active is off on this mailbox.")
    update(firm, Active__c=True)
    firm.sync(code=1)
    assert state(firm)[0] == "Unavailable"
    firm.control("PATCH", upn, {"state": "ok"})
    firm.sync()
    assert state(firm) == ("Live", "")
    error = {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}
    for sub in (False, True):  # a request of its own, and one inside a $batch
        firm.fault(service="graph", path="/messages", times=0, status=403, body=error, sub=sub)
    firm.sync(code=1)
    assert state(firm)[0] == "Failing"
    assert "Access is denied" in state(firm)[1]
    firm.control("DELETE", "faults")
    firm.sync()
    assert state(firm) == ("Live", "")


def test_a_user_who_left_and_the_one_who_takes_over(firm: World) -> None:
    mail(firm, "for the first", hours=3)
    firm.sync()
    firm.org.User.update(box(firm)["User__c"], {"IsActive": False})
    mail(firm, "in between", minutes=0)
    firm.advance(days=1)
    firm.sync()
    assert state(firm)[0] == "Not Linked"
    assert "not active in Salesforce" in state(firm)[1]
    successor = firm.user("ben")
    update(firm, User__c=successor)
    firm.sync()
    assert state(firm) == ("Live", "")
    assert subjects(firm) == ["for the first", "in between"]
    [row] = firm.rows("SELECT OwnerId FROM Email__c WHERE Subject__c = 'in between'")
    assert row["OwnerId"] == successor


def test_the_links_that_were_first_keep_their_seats(firm: World) -> None:
    firm.advance(minutes=1)
    firm.adviser("bob")
    firm.mailbox("office", userPurpose="shared")
    firm.create(
        "MS_Graph_User__c", Name="Office", User_Principal_Name__c=f"office@{DOMAIN}", User__c=box(firm)["User__c"]
    )
    [setting] = firm.rows("SELECT Id FROM MS_Graph_Setting__c")
    firm.org.MS_Graph_Setting__c.update(setting["Id"], {"Licensed_Users__c": 1})
    assert firm.sync()["mailboxes"] == {"read": 2, "failed": 0, "not_linked": 1}
    assert (state(firm), state(firm, "Office")) == (("Live", ""), ("Live", ""))  # a seat is for a user, not a mailbox
    assert state(firm, "Bob") == ("Not Linked", NO_SEAT)
    update(firm, User__c=None)
    update(firm, "Office", User__c=None)
    firm.sync()
    assert state(firm, "Bob") == ("Live", "")
    firm.org.MS_Graph_Setting__c.update(setting["Id"], {"Licensed_Users__c": None})


@pytest.mark.parametrize(("purpose", "kind"), [("user", "Personal"), ("shared", "Shared")])
def test_three_columns_of_data_loader_are_completed(firm: World, purpose: str, kind: str) -> None:
    proxies = [f"SMTP:bob@{DOMAIN}", f"smtp:robert@{DOMAIN}"]
    identity = firm.mailbox("bob", userPurpose=purpose, proxyAddresses=proxies)
    firm.create(
        "MS_Graph_User__c",
        Name="Bob",
        Email_Address__c=f"bob@{DOMAIN}",
        User_Principal_Name__c=f"BOB@{DOMAIN}",
        User__c=firm.user("bob"),
    )
    firm.sync()
    found = box(firm, "Bob")
    assert (found["Graph_User_Id__c"], found["Mailbox_Type__c"], found["Status__c"]) == (identity, kind, "Live")
    assert found["Aliases__c"].split() == [f"bob@{DOMAIN}", f"robert@{DOMAIN}"]


def test_an_alias_is_refused_and_the_primary_address_named(firm: World) -> None:
    firm.mailbox("bob", proxyAddresses=[f"SMTP:bob@{DOMAIN}", f"smtp:robert@{DOMAIN}"])
    firm.create("MS_Graph_User__c", Name="Bob", User_Principal_Name__c=f"Robert@{DOMAIN}", User__c=firm.user("bob"))
    assert firm.sync(code=1)["mailboxes"] == {"read": 1, "failed": 1, "not_linked": 0}
    status, detail = state(firm, "Bob")
    assert status == "Unavailable"
    assert f"Robert@{DOMAIN} is an alias of bob@{DOMAIN}" in detail
    assert f"Set User Principal Name on the MS Graph User record to bob@{DOMAIN}." in detail
    assert box(firm, "Bob")["Graph_User_Id__c"] is None
    update(firm, "Bob", User_Principal_Name__c=f"bob@{DOMAIN}")
    firm.sync()
    assert state(firm, "Bob") == ("Live", "")


def test_a_primary_address_that_is_not_the_user_principal_name_will_do(firm: World) -> None:
    firm.mailbox("b123", mail=f"bob@{DOMAIN}", proxyAddresses=[f"SMTP:bob@{DOMAIN}"])
    firm.create("MS_Graph_User__c", Name="Bob", User_Principal_Name__c=f"bob@{DOMAIN}", User__c=firm.user("bob"))
    firm.sync()
    assert state(firm, "Bob") == ("Live", "")


def test_groups_and_mail_contacts_are_refused_by_name(firm: World) -> None:
    firm.create("MS_Graph_User__c", Name="Team", Email_Address__c=f"team@{DOMAIN}", User__c=firm.user("team"))
    firm.sync(code=1)
    status, detail = state(firm, "Team")
    assert status == "Unavailable"
    assert f"No user of the tenant is named team@{DOMAIN}" in detail
    assert "groups and mail contacts have no mailbox" in detail
    firm.mailbox("team")
    firm.sync()
    assert state(firm, "Team") == ("Live", "")
