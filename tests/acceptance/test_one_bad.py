"""One bad item is not a bad mailbox, one bad mailbox is not a bad service, and the org's fault is not the mail's."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.world import World, stamp

RULE = {"object": "Email__c", "when": "Name != null", "message": "Aktennummer fehlt", "field": "Name"}
VALIDATION = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
BROKEN = {"error": {"code": "InternalServerError", "message": "Error while processing response."}}
ROWS = "MS_Graph_Sync_Error__c"
BOXES = "SELECT User_Principal_Name__c, Status__c, Live_From__c, Backfill_Through__c FROM MS_Graph_User__c"


def mail(world: World, subject: str, received: datetime, box: str = "ada", **fields: Any) -> dict[str, Any]:
    people = {"toRecipients": [f"{box}@firm.example"], "from": "rita@reed.example"}
    made: dict[str, Any] = world.message(box, subject=subject, received=received, **{**people, **fields})
    return made


def stored(world: World) -> list[str]:
    return sorted(row["Subject__c"] for row in world.rows("SELECT Subject__c FROM Email__c"))


def second_adviser(world: World) -> None:
    world.adviser("ben")
    mail(world, "of ben", world.ago(days=4), box="ben")


def lists_of_ada(world: World) -> str:
    """How the path of a list of her mailbox, or of a folder of it, begins."""
    where = "WHERE User_Principal_Name__c = 'ada@firm.example'"
    [user] = world.rows(f"SELECT Graph_User_Id__c FROM MS_Graph_User__c {where}")
    return rf"/users/{user['Graph_User_Id__c']}(?:/mailFolders/[^/?]+)?/messages\?"


def damage(world: World, received: datetime, *, also_ids: bool) -> None:
    """Every list of Ada's mailbox whose window holds that second fails, until it is mended."""
    at = stamp(received)
    window = f"receivedDateTime ge {upto(at)} and receivedDateTime lt {beyond(at)}"
    path = rf"{lists_of_ada(world)}.*{window}{'' if also_ids else '.*select=id,parent'}"
    for sub in (True, False):
        world.fault(service="graph", path=path, times=0, status=500, body=BROKEN, sub=sub)


def upto(text: str) -> str:
    """A regular expression for times of this form up to and with this one."""
    return f"(?:{'|'.join([text, *_differs(text, range(10), below=True)])})"


def beyond(text: str) -> str:
    """For times after it."""
    return f"(?:{'|'.join(_differs(text, range(10), below=False))})"


def _differs(text: str, digits: range, *, below: bool) -> list[str]:
    found = []
    for place, digit in enumerate(text):
        if digit.isdigit():
            chosen = [each for each in digits if (each < int(digit) if below else each > int(digit))]
            if chosen:
                rest = "".join("[0-9]" if each.isdigit() else each for each in text[place + 1 :])
                found.append(f"{text[:place]}[{''.join(map(str, chosen))}]{rest}")
    return found


# -- an item ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def readable(firm: World) -> World:
    """A firm whose mailboxes were found once."""
    firm.backfill_months(1)
    firm.sync()
    [box] = firm.rows("SELECT Id FROM MS_Graph_User__c")
    second_adviser(firm)
    empty = dict.fromkeys(("Backfill_Through__c", "Swept_Through__c", "Live_From__c", "Live_Through__c"))
    firm.org.MS_Graph_User__c.update(box["Id"], empty)
    return firm


@pytest.mark.parametrize("also_ids", [True, False])
def test_a_corrupt_item_holds_up_neither_its_mailbox_nor_what_lies_beside_it(
    readable: World, *, also_ids: bool
) -> None:
    firm, bad = readable, readable.ago(days=10)
    for subject, received in (("before", bad - timedelta(days=2)), ("after", bad + timedelta(days=5))):
        mail(firm, subject, received)
    mail(firm, "the odd one", bad)
    damage(firm, bad, also_ids=also_ids)
    report = firm.sync(code=1 if also_ids else 0)
    assert stored(firm) == ["after", "before", "of ben", *([] if also_ids else ["the odd one"])]
    boxes = firm.rows(BOXES)
    assert {box["Status__c"] for box in boxes} == {"Live"}
    assert all(box["Backfill_Through__c"] == box["Live_From__c"] for box in boxes)
    rows = firm.rows(f"SELECT Code__c, Status__c, Subject__c, Received_At__c, Graph_Message_Id__c FROM {ROWS}")
    assert [row["Code__c"] for row in rows] == (["UNREADABLE"] if also_ids else [])
    assert report["outcomes"]["failed"] == len(rows)

    # once the mailbox was mended, the second is read again, and its row is settled
    firm.control("DELETE", "faults")
    firm.advance(minutes=20)
    firm.sync()
    assert stored(firm) == ["after", "before", "of ben", "the odd one"]
    assert [row["Status__c"] for row in firm.rows(f"SELECT Status__c FROM {ROWS}")] == ["Resolved"] * len(rows)


@pytest.mark.parametrize("body", ["<html>busy</html>", "null", {"value": None}, {"value": [None]}, {"value": "x"}])
def test_a_list_of_one_mailbox_that_nobody_can_read_leaves_the_others_alone(readable: World, body: Any) -> None:
    path = lists_of_ada(readable)
    for sub in (True, False):
        readable.fault(service="graph", path=path, times=0, status=200, body=body, sub=sub)
    readable.sync(code=1)
    assert stored(readable) == ["of ben"]
    found = {box["User_Principal_Name__c"][:3]: box["Status__c"] for box in readable.rows(BOXES)}
    assert found == {"ada": "Failing", "ben": "Live"}


@pytest.mark.parametrize("body", ["null", "", {}, {"id": "x"}, {"id": "x", "body": None}])
def test_an_answer_that_is_no_message_is_a_failure_of_that_message_and_no_empty_mail(firm: World, body: Any) -> None:
    mail(firm, "good", firm.ago(days=2))
    odd = mail(firm, "odd", firm.ago(days=3))
    for sub in (True, False):
        path = rf"/messages/{odd['id']}\?\$select=id,body"
        firm.fault(service="graph", path=path, times=0, status=200, body=body, sub=sub)
    assert firm.sync(code=1)["outcomes"]["failed"] == 1
    assert stored(firm) == ["good"]
    firm.control("DELETE", "faults")
    firm.advance(minutes=20)
    firm.sync()
    assert stored(firm) == ["good", "odd"]


# -- the org ----------------------------------------------------------------------------------------------------------


def test_an_org_that_begins_to_refuse_every_row_in_mid_run_parks_the_run_and_heals(firm: World) -> None:
    """The rule lets the mail of the first Account pass, which is written first, as if it had come alive behind it."""
    for name in ("early", "late"):
        firm.client(name, "Miller", f"{name}@miller.example", account=firm.create("Account", Name=name))
    for number in range(200):
        sender = "early" if number % 2 else "late"
        mail(firm, f"{sender} {number}", firm.ago(days=20, minutes=-number), **{"from": f"{sender}@miller.example"})
    rule = {**RULE, "when": "From_Address__c = 'late@miller.example'", "code": VALIDATION}
    firm.control("POST", "rules", rule)
    code, report, _ = firm.command("sync", "--json")
    assert report is not None
    assert (code, "Aktennummer fehlt" in report["error"]["message"]) == (3, True)
    assert firm.rows(f"SELECT Id FROM {ROWS}") == []
    [box] = firm.rows(BOXES)
    assert box["Backfill_Through__c"] is None
    assert len(stored(firm)) == 100

    firm.control("DELETE", "rules")
    firm.sync()
    assert len(stored(firm)) == 200


def test_a_rule_that_refuses_five_mails_a_run_heals_within_a_day_of_its_end(firm: World) -> None:
    firm.sync()
    firm.control("POST", "rules", {**RULE, "code": VALIDATION})
    for run in range(3):
        firm.advance(hours=1)
        for number in range(5):
            mail(firm, f"Mail {run}.{number}", firm.ago(minutes=5 + number))
        firm.sync(code=1)
    assert len(firm.rows(f"SELECT Id FROM {ROWS}")) == 15
    for _ in range(9):  # longer than any retry of a passing cause
        firm.advance(days=1, minutes=1)
        firm.command("sync", "--json")
    assert {row["Status__c"] for row in firm.rows(f"SELECT Status__c FROM {ROWS}")} == {"Failed"}

    firm.control("DELETE", "rules")
    firm.advance(days=1, minutes=1)
    assert firm.sync()["emails"] == 15
    assert {row["Status__c"] for row in firm.rows(f"SELECT Status__c FROM {ROWS}")} == {"Resolved"}


def test_full_file_storage_parks_the_run_at_the_first_file_and_heals(firm: World) -> None:
    file = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": "aGVsbG8="}
    for number in range(3):
        mail(firm, f"Mail {number}", firm.ago(days=2 + number), hasAttachments=True, attachments=[file])
    full = {"object": "ContentVersion", "when": "PathOnClient != null", "message": "Speicher voll", "field": "Title"}
    firm.control("POST", "rules", {**full, "code": "STORAGE_LIMIT_EXCEEDED"})
    code, report, _ = firm.command("sync", "--json")
    assert report is not None
    assert (code, "Speicher voll" in report["error"]["message"]) == (3, True)
    assert firm.rows(f"SELECT Id FROM {ROWS}") == []

    firm.control("DELETE", "rules")
    firm.sync()
    assert (len(stored(firm)), len(firm.rows("SELECT Id FROM ContentVersion"))) == (3, 3)


def test_mail_whose_sender_has_a_fast_clock_is_stored_at_once(firm: World) -> None:
    received = firm.ago(minutes=5)
    mail(firm, "fast", received, sentDateTime=stamp(received + timedelta(hours=3)))
    report = firm.sync()
    assert (report["emails"], report["participants"], report["tasks"]) == (1, 1, 1)
    [row] = firm.rows("SELECT Sent_At__c, Received_At__c FROM Email__c")
    assert row["Sent_At__c"] == row["Received_At__c"]


@pytest.mark.parametrize("name", ["Email__c", "Email_Participant__c", "Task"])
def test_a_unique_field_of_the_org_is_not_taken_for_our_own_key(firm: World, name: str) -> None:
    for number in range(3):
        mail(firm, f"Mail {number}", firm.ago(days=2 + number))
    text = "Doppelter Wert gefunden: Matter_Number__c dupliziert Wert im Datensatz mit ID: a00Hn0000000001"
    when = "Subject = 'Email: Mail 1'" if name == "Task" else "Subject__c = 'Mail 1'"
    firm.control("POST", "rules", {"object": name, "when": when, "message": text, "code": "DUPLICATE_VALUE"})
    report = firm.sync(code=1)
    assert (report["outcomes"]["matched"], report["outcomes"]["failed"], report["errors"]) == (2, 1, 1)
    assert len(firm.rows(f"SELECT Id FROM {name}")) == 2
