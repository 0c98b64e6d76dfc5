"""What an admin does between runs: kinds of mailboxes, links, settings, timestamps; and the words that follow."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.world import DOMAIN, World, stamp

RITA = {"from": "rita@reed.example"}
BOX = (
    "Name, Status__c, Status_Detail__c, Mailbox_Type__c, Aliases__c, Graph_User_Id__c, Backfill_From__c, "
    "Backfill_Through__c, Live_From__c, Live_Through__c, Swept_Through__c, Last_Success__c"
)


def boxes(world: World) -> dict[str, dict[str, Any]]:
    return {row["Name"]: row for row in world.rows(f"SELECT Id, {BOX} FROM MS_Graph_User__c ORDER BY Name")}


def change(world: World, **fields: Any) -> None:
    """The settings record."""
    [row] = world.rows("SELECT Id FROM MS_Graph_Setting__c")
    world.org.MS_Graph_Setting__c.update(row["Id"], fields)


def mail(world: World, subject: str, *, to: str = "ada", **how: Any) -> dict[str, str]:
    return world.message(to, subject=subject, **{**RITA, "toRecipients": [f"{to}@{DOMAIN}"], **how})


def subjects(world: World) -> list[str]:
    return sorted(row["Subject__c"] for row in world.rows("SELECT Subject__c FROM Email__c"))


def events(world: World) -> list[tuple[str, int, int]]:
    rows = world.rows(
        "SELECT Status__c, Emails_Synced__c, Mailboxes_Failed__c FROM MS_Graph_Sync_Event__c ORDER BY CreatedDate, Id"
    )
    return [(row["Status__c"], int(row["Emails_Synced__c"]), int(row["Mailboxes_Failed__c"])) for row in rows]


def lines(err: str) -> list[str]:
    """Standard error without the log."""
    return [line for line in err.splitlines() if not line.startswith("{")]


# -- kinds of mailboxes -----------------------------------------------------------------------------------------------

NONE, UNSERVED = "Microsoft Graph serves no such mailbox", "is licensed and has its mailbox in Exchange Online"
#: the row's User Principal Name and Email Address; the mailbox in the tenant; status, kind, and words of the detail
KINDS: dict[str, tuple[str | None, str | None, dict[str, Any] | None, tuple[str, str | None, tuple[str, ...]]]] = {
    "upn": ("upn@firm.example", None, {}, ("Live", "Personal", ())),
    "mail": (None, "mail@firm.example", {}, ("Live", "Personal", ())),
    "shared": ("shared@firm.example", None, {"userPurpose": "shared", "accountEnabled": False}, ("Live", "Shared", ())),
    "room": ("room@firm.example", None, {"userPurpose": "room"}, ("Live", "Personal", ())),
    "left": ("left@firm.example", None, {"accountEnabled": False}, ("Live", "Personal", ())),
    "unpaid": ("unpaid@firm.example", None, {"state": "unlicensed"}, ("Unavailable", None, (NONE, UNSERVED))),
    "local": ("local@firm.example", None, {"state": "on_premises"}, ("Unavailable", None, (NONE, UNSERVED))),
    "gone": ("gone@firm.example", None, {"state": "soft_deleted"}, ("Unavailable", None, (NONE, UNSERVED))),
    "group": ("group@firm.example", None, None, ("Unavailable", None, ("named group@firm.example", "groups and mail"))),
    "nobody": (None, None, None, ("Unavailable", None, ("The record names no mailbox", "Fill in"))),
}


def test_every_kind_of_row_in_one_run(firm: World) -> None:
    """Those that can be read are read; each other one is refused in words that name it, on the terminal too."""
    for name, (upn, address, tenant, _) in KINDS.items():
        if tenant is not None:
            firm.mailbox(name, **tenant)
        fields = {"User_Principal_Name__c": upn, "Email_Address__c": address}
        firm.create("MS_Graph_User__c", Name=name, User__c=firm.user(name), **fields)
    code, report, err = firm.command("sync", "--json")
    assert report is not None
    live = [name for name, (_, _, _, (status, _, _)) in KINDS.items() if status == "Live"]
    assert (code, report["mailboxes"]) == (
        1,
        {"read": len(live) + 1, "failed": len(KINDS) - len(live), "not_linked": 0},
    )
    found = boxes(firm)
    for name, (upn, address, _, (status, kind, words)) in KINDS.items():
        row = found[name]
        assert (row["Status__c"], row["Mailbox_Type__c"]) == (status, kind), name
        assert all(word in (row["Status_Detail__c"] or "") for word in words), row
        if status == "Live":
            assert row["Aliases__c"], name
            assert row["Graph_User_Id__c"], name
        else:
            [line] = [line for line in lines(err) if (upn or address or name) in line]
            assert line.startswith("error: "), line
    assert events(firm) == [("Completed with Errors", 0, len(KINDS) - len(live))]
    firm.sync(code=1)
    assert len(events(firm)) == 1, "an event when it begins, and no other while it lasts"


def test_a_mailbox_that_is_not_linked_is_said_once(firm: World) -> None:
    firm.create("MS_Graph_User__c", Name="Bob", User_Principal_Name__c=f"bob@{DOMAIN}", User__c=None)
    said = '"event": "Mailbox is not read"'
    _, _, err = firm.command("sync", "--json")
    [line] = [line for line in err.splitlines() if said in line]
    assert "No Salesforce user is linked. Set User on this record." in line
    assert f"bob@{DOMAIN}" in line
    assert said not in firm.command("sync", "--json")[2]
    firm.org.MS_Graph_User__c.update(boxes(firm)["Bob"]["Id"], {"User__c": firm.user("bob", permission_sets=())})
    [line] = [line for line in firm.command("sync", "--json")[2].splitlines() if said in line]
    assert "does not hold the permission set Microsoft 365 Sync User" in line


def test_a_bad_rule_of_one_user_stops_that_user_and_says_so_everywhere(firm: World) -> None:
    user, row = firm.adviser("bob")
    # as it comes past the validation rule
    rule = firm.exclusion("Personal Address", "mum", User__c=user, Tombstone_Of__c="a0E000000000001AAA")
    mail(firm, "For Ada", received=firm.ago(minutes=5))
    mail(firm, "For Bob", to="bob", received=firm.ago(minutes=5))
    code, report, err = firm.command("sync", "--json")
    assert report is not None
    assert (code, report["mailboxes"]) == (1, {"read": 1, "failed": 1, "not_linked": 0})
    assert subjects(firm) == ["For Ada"]
    [line] = lines(err)
    [named] = firm.rows(f"SELECT Name FROM MS_Graph_Exclusion__c WHERE Id = '{rule}'")
    assert line.startswith(f"error: Exclusion {named['Name']} cannot be understood")
    assert boxes(firm)["Bob"]["Status__c"] == "Failing"
    assert boxes(firm)["Bob"]["Status_Detail__c"] == line.removeprefix("error: ")
    code, status, _ = firm.command("status", "--json")
    assert status is not None
    [bob] = [box for box in status["mailboxes"] if box["upn"] == f"bob@{DOMAIN}"]
    assert (code, bob["status"], bob["detail"]) == (1, "Failing", line.removeprefix("error: "))
    code, check, _ = firm.command("check", "--json")
    assert check is not None
    red = {(found["name"], found["subject"]) for found in check["checks"] if found["status"] == "red"}
    assert (code, red) == (1, {("exclusions", f"bob@{DOMAIN}"), ("mailbox", f"bob@{DOMAIN}")})
    firm.org.MS_Graph_Exclusion__c.update(rule, {"Active__c": False})
    firm.sync()
    assert (boxes(firm)["Bob"]["Status__c"], subjects(firm)) == ("Live", ["For Ada", "For Bob"])
    assert row == boxes(firm)["Bob"]["Id"]


# -- Graph's moods ----------------------------------------------------------------------------------------------------


def answer(world: World, status: int, code: str) -> None:
    """From now on so to every list of messages, inside $batch and alone."""
    for sub in (True, False):
        body = {"error": {"code": code, "message": "Flap."}}
        world.fault(service="graph", path="receivedDateTime", times=0, status=status, body=body, sub=sub)


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "told"),
    [
        (403, "ErrorAccessDenied", 1, "Failing"),
        (404, "ResourceNotFound", 1, "Unavailable"),
        (404, "MailboxNotEnabledForRESTAPI", 1, "Unavailable"),
        (410, "SyncStateNotFound", 1, "Failing"),
        (500, "InternalServerError", 3, "Live"),
    ],
)
def test_a_mailbox_that_flaps_loses_nothing(firm: World, status: int, code: str, exit_code: int, told: str) -> None:
    mail(firm, "before", received=firm.ago(days=3))
    firm.sync()
    before = boxes(firm)["Ada"]
    mail(firm, "meanwhile", received=firm.ago(minutes=1))
    firm.advance(minutes=3)
    answer(firm, status, code)
    firm.sync(code=exit_code)
    row = boxes(firm)["Ada"]
    assert row["Status__c"] == told
    assert row["Live_Through__c"] == before["Live_Through__c"]
    assert (status == 500) or (f"({status} {code}: Flap.)" in row["Status_Detail__c"])
    firm.control("DELETE", "faults")
    firm.advance(minutes=3)
    firm.sync()
    row = boxes(firm)["Ada"]
    assert (row["Status__c"], row["Status_Detail__c"]) == ("Live", None)
    assert subjects(firm) == ["before", "meanwhile"]
    bad = "Failed" if exit_code == 3 else "Completed with Errors"
    assert [event[0] for event in events(firm)] == ["Succeeded", bad, "Succeeded"]


# -- timestamps and settings ------------------------------------------------------------------------------------------


def test_switched_off_for_months_and_on_again(firm: World) -> None:
    mail(firm, "before", received=firm.ago(days=1))
    firm.sync()
    change(firm, Active__c=False)
    firm.advance(days=70)
    mail(firm, "long ago", received=firm.ago(days=60))
    mail(firm, "lately", received=firm.ago(days=2))
    mail(firm, "spam", received=firm.ago(days=20), folder="junkemail")
    report = firm.sync()
    assert (report["mailboxes"]["read"], subjects(firm)) == (0, ["before"])
    change(firm, Active__c=True)
    report = firm.sync()
    assert (report["outcomes"]["matched"], report["outcomes"]["folder"]) == (2, 1)
    assert subjects(firm) == ["before", "lately", "long ago"]
    row = boxes(firm)["Ada"]
    assert row["Live_Through__c"] == row["Swept_Through__c"] == row["Last_Success__c"]


def test_timestamps_that_an_admin_changes(firm: World) -> None:
    for days in (10, 50, 80):
        mail(firm, f"{days} days", received=firm.ago(days=days))
    firm.sync()
    assert subjects(firm) == ["10 days"]
    row = boxes(firm)["Ada"]

    def set_to(**fields: Any) -> dict[str, Any]:
        firm.org.MS_Graph_User__c.update(row["Id"], fields)
        firm.advance(minutes=1)
        return firm.sync()

    # earlier alone says nothing: what is read is told by Backfill Through
    assert set_to(Backfill_From__c=stamp(firm.ago(days=60)))["listed"] == 0
    report = set_to(Backfill_Through__c=None)
    assert (report["outcomes"]["matched"], report["outcomes"]["duplicate"]) == (1, 1)
    assert set_to(Backfill_Through__c=None)["emails"] == 0
    # later than Live From: nothing is left to read, and live mail goes on
    assert set_to(Backfill_From__c=stamp(firm.now() + timedelta(days=9)), Backfill_Through__c=None)["listed"] == 0
    mail(firm, "now", received=firm.now())
    firm.advance(minutes=2)
    assert firm.sync()["emails"] == 1
    # all emptied: it begins anew with the months of today's settings
    change(firm, Backfill_Months__c=3)
    empty = dict.fromkeys(("Backfill_From__c", "Backfill_Through__c", "Live_From__c", "Live_Through__c"))
    assert set_to(**empty)["emails"] == 1
    assert subjects(firm) == ["10 days", "50 days", "80 days", "now"]
    again = boxes(firm)["Ada"]
    assert again["Backfill_Through__c"] == again["Live_From__c"]
    assert datetime.fromisoformat(again["Live_From__c"]) > datetime.fromisoformat(row["Live_From__c"])


def test_a_seat_that_becomes_free_goes_to_the_next(firm: World) -> None:
    for name in ("bob", "cyd"):
        firm.advance(minutes=1)
        firm.adviser(name)
    change(firm, Licensed_Users__c=2)
    assert firm.sync()["mailboxes"] == {"read": 2, "failed": 0, "not_linked": 1}
    [bob] = firm.rows("SELECT User__c FROM MS_Graph_User__c WHERE Name = 'Bob'")
    firm.org.User.update(bob["User__c"], {"IsActive": False})
    firm.sync()
    assert {name: row["Status__c"] for name, row in boxes(firm).items()} == {
        "Ada": "Live",
        "Bob": "Not Linked",
        "Cyd": "Live",
    }


def test_a_field_of_contact_that_vanishes_while_a_run_is_under_way(firm: World) -> None:
    """What a run found described is gone when it is asked for: the run stops, names it, and moves nothing."""
    firm.sync()
    before = boxes(firm)["Ada"]
    mail(firm, "waits", received=firm.ago(minutes=1))
    firm.advance(minutes=3)
    body = [{"errorCode": "INVALID_FIELD", "message": "No such column 'Alt__c' on entity 'Contact'."}]
    firm.fault(service="salesforce", path="FROM Contact ", times=0, status=400, body=body, sub=True)
    code, report, err = firm.command("sync", "--json")
    assert report is not None
    assert code == 3
    [line] = lines(err)
    assert "Alt__c" in line
    assert line.endswith(report["error"]["remedy"])
    assert report["error"]["remedy"]
    [event] = firm.rows("SELECT Status__c, Emails_Synced__c, Error_Message__c FROM MS_Graph_Sync_Event__c")
    assert (event["Status__c"], event["Emails_Synced__c"]) == ("Failed", 0)
    assert event["Error_Message__c"] == line.removeprefix("error: ")
    assert boxes(firm)["Ada"]["Live_Through__c"] == before["Live_Through__c"]
    firm.control("DELETE", "faults")
    assert firm.sync()["emails"] == 1
