"""Several things that change together: addresses, links, clients and rights between the runs, while something waits."""

from typing import Any

import pytest

from tests.support.world import DOMAIN, World

ADA, BOB, RITA, OMAR = f"ada@{DOMAIN}", f"bob@{DOMAIN}", "rita@reed.example", "omar@odd.example"


def change(world: World, **fields: Any) -> None:
    """The settings record."""
    [row] = world.rows("SELECT Id FROM MS_Graph_Setting__c")
    world.org.MS_Graph_Setting__c.update(row["Id"], fields)


def mail(world: World, subject: str, *, to: str = "ada", **how: Any) -> dict[str, str]:
    return world.message(to, subject=subject, **{"from": RITA, "toRecipients": [f"{to}@{DOMAIN}"], **how})


def outcomes(report: dict[str, Any]) -> dict[str, int]:
    """Those that there were."""
    return {name: count for name, count in report["outcomes"].items() if count}


def foreseen(world: World) -> dict[str, Any]:
    """A run that has the outcomes, the mailboxes and the exit code of the dry run before it."""
    dry, report = world.sync("--dry-run"), world.sync()
    assert (dry["outcomes"], dry["mailboxes"]) == (report["outcomes"], report["mailboxes"])
    return report


def stored(world: World) -> dict[str, str]:
    """Subjects of stored mail, and whether it is related."""
    return {
        row["Subject__c"]: row["Match_Status__c"]
        for row in world.rows("SELECT Subject__c, Match_Status__c FROM Email__c")
    }


def box(world: World) -> dict[str, Any]:
    [row] = world.rows("SELECT Id, User__c, Aliases__c, Status__c FROM MS_Graph_User__c WHERE Name = 'Ada'")
    return row


def update(world: World, **fields: Any) -> None:
    """Ada's row."""
    world.org.MS_Graph_User__c.update(box(world)["Id"], fields)


# -- addresses that a mailbox is given later --------------------------------------------------------------------------


@pytest.mark.parametrize("alias", [f"a.da@{DOMAIN}", "ada@brand.example"])
def test_mail_to_an_alias_that_came_later_is_no_bcc(firm: World, alias: str) -> None:
    firm.sync()
    proxies = [f"SMTP:{ADA}", f"smtp:{alias}"]
    firm.control("PATCH", f"mailboxes/{ADA}", {"proxyAddresses": proxies})
    message = mail(firm, "by the alias", received=firm.now(), toRecipients=[alias])
    mail(firm, "as a bcc", received=firm.now(), toRecipients=["someone@else.example"])
    firm.advance(minutes=2)
    code, told, _ = firm.command("explain", "--json", ADA, message["id"])
    assert told is not None
    assert (code, told["outcome"]) == (0, "matched")
    assert outcomes(foreseen(firm)) == {"bcc": 1, "matched": 1}
    firm.advance(days=1)
    firm.sync()
    assert box(firm)["Aliases__c"].split() == [ADA, alias]


def test_a_person_with_another_name_goes_on_receiving_and_sending(firm: World) -> None:
    mail(firm, "before", received=firm.ago(days=1))
    firm.sync()
    name = f"ada.married@{DOMAIN}"
    renamed = {"userPrincipalName": name, "mail": name, "proxyAddresses": [f"SMTP:{name}", f"smtp:{ADA}"]}
    firm.control("PATCH", f"mailboxes/{ADA}", renamed)
    mail(firm, "to her", to="ada.married", received=firm.now())
    sent = {"from": name, "toRecipients": [RITA], "folder": "sentitems"}
    mail(firm, "from her", to="ada.married", received=firm.now(), **sent)
    firm.advance(minutes=2)
    assert outcomes(foreseen(firm)) == {"matched": 2}
    rows = firm.rows("SELECT Subject__c, Direction__c, OwnerId FROM Email__c")
    assert {row["Subject__c"]: row["Direction__c"] for row in rows} == {
        "before": "Inbound",
        "to her": "Inbound",
        "from her": "Outbound",
    }
    assert {row["OwnerId"] for row in rows} == {box(firm)["User__c"]}


def test_an_alias_that_came_later_is_a_colleague_once_it_is_swept(firm: World) -> None:
    """Even where every Bcc is stored, and so nobody asks whose address it is before."""
    change(firm, Sync_Bcc__c=True)
    firm.adviser("bob")
    firm.sync()
    firm.control("PATCH", f"mailboxes/{BOB}", {"proxyAddresses": [f"SMTP:{BOB}", "smtp:bob@brand.example"]})
    firm.client("Bob", "Himself", "bob@brand.example")
    firm.advance(days=1, minutes=5)
    mail(firm, "lunch?", received=firm.ago(minutes=2), **{"from": ADA, "toRecipients": ["bob@brand.example"]})
    assert outcomes(foreseen(firm)) == {"internal": 1}


# -- links ------------------------------------------------------------------------------------------------------------


def test_a_mailbox_of_another_user_adds_to_its_mail_as_the_first(firm: World) -> None:
    """What is added to a stored mail has the owner of the mail, by whatever road it comes."""
    first = box(firm)["User__c"]
    mail(firm, "about", received=firm.ago(days=1))
    firm.sync()
    second = firm.user("ben")
    firm.client("Roy", "Reed", RITA)
    update(firm, User__c=second, Backfill_Through__c=None)
    firm.advance(minutes=1)
    mail(firm, "since", received=firm.ago(seconds=30))
    firm.sync()
    owners = {
        (row["Email__r"]["Subject__c"], row["OwnerId"], row["CreatedById"])
        for row in firm.rows("SELECT Email__r.Subject__c, OwnerId, CreatedById FROM Task")
    }
    assert owners == {("about", first, first), ("since", second, second)}


def test_a_retry_waits_for_its_mailbox_and_counts_the_attempt_that_settles_it(firm: World) -> None:
    rule = {"object": "Email__c", "when": "Subject__c = 'locked'", "message": "busy", "code": "UNABLE_TO_LOCK_ROW"}
    firm.control("POST", "rules", {**rule, "field": "Subject__c"})
    mail(firm, "locked", received=firm.ago(minutes=5))
    assert outcomes(firm.sync(code=1)) == {"failed": 1}
    firm.control("DELETE", "rules")
    user = box(firm)["User__c"]
    update(firm, User__c=None)
    firm.advance(minutes=16)
    assert outcomes(foreseen(firm)) == {}
    errors = "SELECT Status__c, Attempts__c FROM MS_Graph_Sync_Error__c"
    [row] = firm.rows(errors)
    assert (row["Status__c"], row["Attempts__c"]) == ("Failed", 1)
    update(firm, User__c=user)
    assert outcomes(foreseen(firm)) == {"matched": 1}
    [row] = firm.rows(errors)
    assert (row["Status__c"], row["Attempts__c"]) == ("Resolved", 2)


def test_an_exclusion_that_is_removed_while_a_retry_waits_still_counts_for_it(firm: World) -> None:
    rule = {"object": "Email__c", "when": "Subject__c = 'locked'", "message": "busy", "code": "UNABLE_TO_LOCK_ROW"}
    firm.control("POST", "rules", {**rule, "field": "Subject__c"})
    excluded = firm.exclusion("External Address", RITA)
    firm.client("Omar", "Odd", OMAR)
    mail(firm, "locked", received=firm.ago(minutes=5), **{"from": OMAR, "toRecipients": [ADA, RITA]})
    firm.sync(code=1)
    firm.control("DELETE", "rules")
    firm.org.MS_Graph_Exclusion__c.update(excluded, {"Active__c": False})
    firm.advance(minutes=16)
    assert outcomes(foreseen(firm)) == {"matched": 1}
    assert [row["Address__c"] for row in firm.rows("SELECT Address__c FROM Email_Participant__c")] == [OMAR]


# -- clients ----------------------------------------------------------------------------------------------------------


def named(world: World) -> set[str]:
    """Whom the Task of the only mail names; the first is its WhoId."""
    [task] = world.rows("SELECT Id, WhoId FROM Task")
    relations = world.rows("SELECT RelationId FROM TaskRelation WHERE IsWhat = false")
    found = {row["RelationId"] for row in relations}
    assert task["WhoId"] in found
    return found


def test_a_shared_task_names_the_contacts_that_come_later(firm: World) -> None:
    """By a copy that knows more, and by clients that are new: as if all had been there when the mail was stored."""
    firm.control("PATCH", "org", {"sharedActivities": True})
    firm.adviser("bob")
    household = firm.create("Account", Name="Reed Household")
    [rita] = (row["Id"] for row in firm.rows("SELECT Id FROM Contact"))
    firm.org.Contact.update(rita, {"AccountId": household})
    roy = firm.client("Roy", "Reed", "roy@reed.example", account=household)
    both = {"from": ADA, "toRecipients": [BOB, "roy@reed.example"], "internetMessageId": "<both@firm.example>"}
    sent = firm.ago(minutes=30)
    mail(firm, "about", to="bob", received=sent, **both)
    firm.sync()
    assert named(firm) == {roy}
    mail(firm, "about", received=sent, folder="sentitems", bccRecipients=[RITA], **both)
    firm.advance(minutes=2)
    report = foreseen(firm)
    assert (outcomes(report), report["participants"], report["tasks"]) == ({"duplicate": 2}, 1, 0)
    assert named(firm) == {roy, rita}
    firm.advance(hours=3)
    firm.sync()
    ron = firm.client("Ron", "Reed", "roy@reed.example", account=household)
    firm.advance(minutes=1)
    report = firm.sync()
    assert (report["listed"], report["tasks"]) == (0, 0)
    assert named(firm) == {roy, rita, ron}
    firm.advance(minutes=1)
    assert firm.sync("--sweep")["event"] is None


@pytest.mark.slow
def test_a_contact_that_changes_household_between_two_copies(firm: World) -> None:
    firm.adviser("bob")
    households = [firm.create("Account", Name=name) for name in ("Reed", "Dee")]
    [rita] = (row["Id"] for row in firm.rows("SELECT Id FROM Contact"))
    firm.org.Contact.update(rita, {"AccountId": households[0]})
    both = {"received": firm.ago(minutes=30), "internetMessageId": "<b@reed.example>", "toRecipients": [ADA, BOB]}
    mail(firm, "both", **both)
    firm.sync()
    firm.org.Contact.update(rita, {"AccountId": households[1]})
    mail(firm, "both", to="bob", **both)
    firm.advance(minutes=2)
    assert outcomes(foreseen(firm)) == {"duplicate": 2}
    rows = firm.rows("SELECT Contact__c, Account__c FROM Email_Participant__c")
    assert {row["Account__c"] for row in rows} == set(households)
    assert [row["Contact__c"] for row in rows if row["Contact__c"]] == [rita]
    assert len(firm.rows("SELECT Id FROM Task")) == 1


@pytest.mark.slow
def test_a_client_that_comes_once_unmatched_mail_is_no_longer_kept(firm: World) -> None:
    change(firm, Keep_Unmatched__c=True)
    message = mail(firm, "unknown", received=firm.ago(days=1), **{"from": OMAR})
    assert outcomes(foreseen(firm)) == {"unmatched_kept": 1}
    change(firm, Keep_Unmatched__c=False)
    omar = firm.client("Omar", "Odd", OMAR)
    firm.advance(minutes=1)
    assert firm.sync()["tasks"] == 1
    assert stored(firm) == {"unknown": "Matched"}
    [row] = firm.rows("SELECT Expires_On__c, (SELECT Contact__c FROM Participants__r) FROM Email__c")
    assert row["Expires_On__c"] is None
    assert [child["Contact__c"] for child in row["Participants__r"]["records"]] == [omar]
    _, told, _ = firm.command("explain", "--json", ADA, message["id"])
    assert told is not None
    assert (told["outcome"], [match["id"] for match in told["matches"]]) == ("matched", [omar])


@pytest.mark.slow
def test_what_was_removed_stays_so_for_a_new_client_and_another_mailbox(firm: World) -> None:
    firm.adviser("bob")
    both = {"received": firm.ago(minutes=30), "internetMessageId": "<b@reed.example>", "toRecipients": [ADA, BOB]}
    first = mail(firm, "both", **both)
    firm.sync()
    [row] = firm.rows("SELECT Id FROM Email__c")
    firm.org.Email__c.update(row["Id"], {"Match_Status__c": "Removed"})
    second = mail(firm, "both", to="bob", **both)
    firm.client("Roy", "Reed", RITA)
    firm.advance(minutes=2)
    assert outcomes(foreseen(firm)) == {"removed": 2}
    [email] = firm.rows("SELECT Id, Name, Subject__c, Match_Status__c FROM Email__c")
    assert (email["Name"], email["Subject__c"], email["Match_Status__c"]) == ("(removed)", None, "Removed")
    assert firm.rows("SELECT Id FROM Email_Participant__c") == firm.rows("SELECT Id FROM Task") == []
    for upn, message in ((ADA, first), (BOB, second)):
        _, told, _ = firm.command("explain", "--json", upn, message["id"])
        assert told is not None
        assert (told["outcome"], told["email_id"]) == ("removed", row["Id"])
