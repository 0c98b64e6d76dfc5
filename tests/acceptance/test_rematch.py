"""Stored mail follows the clients: related when they appear or change, never taken from those it had."""

import pytest

from tests.support.world import World


@pytest.fixture
def firm(world: World) -> World:
    """An adviser; unmatched mail is kept."""
    world.settings(Keep_Unmatched__c=True)
    world.internal_domain()
    world.adviser("ada")
    return world


def inbound(world: World, sender: str, **members: object) -> dict[str, str]:
    """A mail to the adviser, a day old."""
    return world.message("ada", toRecipients=["ada@firm.example"], **{"from": sender, **members})


def emails(world: World) -> list[dict[str, object]]:
    return world.rows("SELECT Id, Match_Status__c, Expires_On__c, Sync_Event__c, OwnerId, CreatedDate FROM Email__c")


def participants(world: World) -> list[dict[str, object]]:
    return world.rows(
        "SELECT Id, Participant_Key__c, Address__c, Contact__c, Account__c, Role__c, CreatedDate, CreatedById, "
        "Email__r.Message_Key__c FROM Email_Participant__c ORDER BY Id"
    )


def test_a_new_contact_gets_the_mail_that_is_there(firm: World) -> None:
    inbound(firm, "rita@reed.example", subject="Hello")
    first = firm.sync()
    assert first["outcomes"]["unmatched_kept"] == 1
    [before], [row] = emails(firm), participants(firm)
    assert (before["Match_Status__c"], row["Contact__c"]) == ("Unmatched", None)
    assert before["Expires_On__c"] is not None
    account = firm.create("Account", Name="Reed Household")
    rita = firm.client("Rita", "Reed", "Rita@Reed.example", account=account)

    report = firm.sync()

    assert (report["emails"], report["participants"], report["tasks"], report["errors"]) == (0, 0, 1, 0)
    [after] = emails(firm)
    assert (after["Match_Status__c"], after["Expires_On__c"]) == ("Matched", None)
    assert [after[name] for name in ("Id", "Sync_Event__c", "OwnerId")] == [
        before[name] for name in ("Id", "Sync_Event__c", "OwnerId")
    ]
    [participant] = participants(firm)
    assert participant["Id"] == row["Id"]
    assert (participant["Contact__c"], participant["Account__c"]) == (rita, account)
    assert participant["Participant_Key__c"] == f"{participant['Email__r']['Message_Key__c']}:{rita}"
    [task] = firm.rows("SELECT WhoId, Subject, OwnerId, CreatedDate, CreatedById, Email__c, Status FROM Task")
    assert (task["WhoId"], task["Subject"], task["Email__c"]) == (rita, "Email: Hello", after["Id"])
    assert (task["OwnerId"], task["CreatedById"]) == (before["OwnerId"], before["OwnerId"])
    assert task["CreatedDate"] == before["CreatedDate"]
    [event] = firm.rows(
        "SELECT Status__c, Kind__c, Emails_Synced__c, Emails_Failed__c, (SELECT Id FROM Emails__r) "
        f"FROM MS_Graph_Sync_Event__c WHERE Run_Key__c = '{report['event']}'"
    )
    assert (event["Status__c"], event["Kind__c"]) == ("Succeeded", "Manual")
    assert (event["Emails_Synced__c"], event["Emails_Failed__c"]) == (0, 0)
    assert event["Emails__r"] is None

    firm.advance(minutes=2)
    again = firm.sync()
    assert again["event"] is None
    assert (again["participants"], again["tasks"]) == (0, 0)


def related(world: World) -> set[tuple[object, object, object]]:
    return {(row["Address__c"], row["Contact__c"], row["Account__c"]) for row in participants(world)}


def who(world: World) -> set[tuple[object, object]]:
    return {(row["WhoId"], row["WhatId"]) for row in world.rows("SELECT WhoId, WhatId FROM Task")}


def test_what_was_related_before_stays_and_further_records_get_rows_of_their_own(firm: World) -> None:
    rita = firm.client("Rita", "Reed", "reeds@reed.example")
    inbound(firm, "reeds@reed.example", ccRecipients=["firm@office.example"])
    firm.sync()
    roy = firm.client("Roy", "Reed", "reeds@reed.example")
    firm.org.Contact.update(rita, {"Email": "rita@new.example"})

    report = firm.sync()

    assert (report["participants"], report["tasks"]) == (1, 1)
    assert related(firm) == {
        ("reeds@reed.example", rita, None),
        ("reeds@reed.example", roy, None),
        ("firm@office.example", None, None),
    }
    assert who(firm) == {(rita, None), (roy, None)}


def test_an_address_that_moves_from_one_client_to_another_relates_both(firm: World) -> None:
    rita = firm.client("Rita", "Reed", "reeds@reed.example")
    roy = firm.client("Roy", "Reed", "roy@reed.example")
    inbound(firm, "reeds@reed.example")
    firm.sync()
    firm.advance(minutes=2)
    firm.org.Contact.update(rita, {"Email": "rita@new.example"})
    firm.org.Contact.update(roy, {"Email": "reeds@reed.example"})
    firm.sync()
    assert {contact for _, contact, _ in related(firm)} == {rita, roy}


@pytest.mark.parametrize(("ties", "expected"), [("All", {"Roy", "Rita"}), ("Oldest", {"Rita"})])
def test_ties(firm: World, ties: str, expected: set[str]) -> None:
    [setting] = firm.rows("SELECT Id FROM MS_Graph_Setting__c")
    firm.org.MS_Graph_Setting__c.update(setting["Id"], {"Match_Ties__c": ties})
    inbound(firm, "reeds@reed.example")
    firm.sync()
    firm.client("Rita", "Reed", "reeds@reed.example")
    firm.advance(seconds=5)
    firm.client("Roy", "Reed", "reeds@reed.example")
    firm.sync()
    rows = firm.rows("SELECT Contact__r.FirstName FROM Email_Participant__c")
    assert {row["Contact__r"]["FirstName"] for row in rows} == expected


def test_a_person_account_is_one_client_whose_address_may_come_later(firm: World) -> None:
    firm.control("PATCH", "org", {"personAccounts": True})
    inbound(firm, "pia@person.example")
    firm.sync()
    [kind] = firm.rows("SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND IsPersonType = true")
    account = firm.create("Account", FirstName="Pia", LastName="Person", RecordTypeId=kind["Id"])
    firm.sync()
    assert related(firm) == {("pia@person.example", None, None)}
    firm.advance(minutes=1)
    firm.org.Account.update(account, {"PersonEmail": "Pia@Person.example"})

    report = firm.sync()

    [contact] = firm.rows(f"SELECT PersonContactId FROM Account WHERE Id = '{account}'")
    assert related(firm) == {("pia@person.example", contact["PersonContactId"], account)}
    assert (report["participants"], report["tasks"]) == (0, 1)
    assert {row["WhoId"] for row in firm.rows("SELECT WhoId FROM Task")} == {contact["PersonContactId"]}


def test_a_person_account_matches_new_mail_once(firm: World) -> None:
    firm.control("PATCH", "org", {"personAccounts": True})
    [kind] = firm.rows("SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND IsPersonType = true")
    account = firm.create(
        "Account", FirstName="Pia", LastName="Person", PersonEmail="pia@person.example", RecordTypeId=kind["Id"]
    )
    inbound(firm, "pia@person.example")
    report = firm.sync()
    [contact] = firm.rows(f"SELECT PersonContactId FROM Account WHERE Id = '{account}'")
    assert related(firm) == {("pia@person.example", contact["PersonContactId"], account)}
    assert (report["participants"], report["tasks"]) == (1, 1)


def test_what_a_person_related_makes_the_mail_matched_and_is_kept(firm: World) -> None:
    omar = firm.client("Omar", "Odd", "omar@odd.example")
    inbound(firm, "private@omar.example")
    firm.sync()
    [row] = participants(firm)
    firm.advance(minutes=3)
    firm.org.Email_Participant__c.update(row["Id"], {"Contact__c": omar})

    report = firm.sync()

    [email] = emails(firm)
    assert (email["Match_Status__c"], email["Expires_On__c"]) == ("Matched", None)
    assert report["event"] is not None
    assert related(firm) == {("private@omar.example", omar, None)}
    firm.advance(minutes=3)
    other = firm.client("Olga", "Odd", "private@omar.example")
    firm.sync()
    assert related(firm) == {("private@omar.example", omar, None), ("private@omar.example", other, None)}


def test_users_mailboxes_colleagues_and_excluded_addresses_are_never_clients(firm: World) -> None:
    ada = firm.rows("SELECT User__c FROM MS_Graph_User__c")[0]["User__c"]
    addresses = ["global@excluded.example", "mine@private.example", "boss@second.example", "bob@outside.example"]
    for address in addresses:
        inbound(firm, address)
    assert firm.sync()["outcomes"]["unmatched_kept"] == 4
    firm.exclusion("External Address", "*@excluded.example")
    firm.exclusion("Personal Address", "mine@private.example", User__c=ada)
    firm.internal_domain("second.example")
    firm.adviser("bob", Aliases__c="bob@outside.example")
    for address in (*addresses, "rita@reed.example"):
        firm.client("Any", address.partition("@")[0], address)
    inbound(firm, "rita@reed.example", received=firm.ago(minutes=5))

    report = firm.sync()

    assert report["outcomes"]["matched"] == 1
    assert {row["Match_Status__c"] for row in emails(firm)} == {"Matched", "Unmatched"}
    assert {address for address, contact, _ in related(firm) if contact} == {"rita@reed.example"}


def test_a_dry_run_relates_nothing(firm: World) -> None:
    inbound(firm, "rita@reed.example")
    firm.sync()
    firm.client("Rita", "Reed", "rita@reed.example")
    [before] = firm.rows("SELECT Matched_Through__c, SystemModstamp FROM MS_Graph_Setting__c")
    firm.advance(minutes=1)
    firm.sync("--dry-run")
    assert emails(firm)[0]["Match_Status__c"] == "Unmatched"
    assert firm.rows("SELECT Matched_Through__c, SystemModstamp FROM MS_Graph_Setting__c") == [before]


def test_a_row_that_the_org_refuses_is_an_error_row_and_a_retry_relates_it(firm: World) -> None:
    inbound(firm, "rita@reed.example")
    inbound(firm, "omar@odd.example")
    firm.sync()
    firm.client("Rita", "Reed", "rita@reed.example")
    firm.client("Omar", "Odd", "omar@odd.example")
    firm.control(
        "POST",
        "rules",
        {"object": "Task", "when": "Subject = 'Email: Refused'", "message": "Not this one", "field": "Subject"},
    )
    [row] = firm.rows("SELECT Id FROM Email__c WHERE From_Address__c = 'rita@reed.example'")
    firm.org.Email__c.update(row["Id"], {"Subject__c": "Refused"})

    report = firm.sync(code=1)

    assert (report["errors"], report["tasks"]) == (1, 1)
    [error] = firm.rows(
        "SELECT Id, Email__c, Code__c, Message__c, Sync_Event__r.Run_Key__c, Status__c FROM MS_Graph_Sync_Error__c"
    )
    assert (error["Email__c"], error["Status__c"]) == (row["Id"], "Failed")
    assert "Not this one" in error["Message__c"]
    assert error["Sync_Event__r"]["Run_Key__c"] == report["event"]
    [event] = firm.rows(
        "SELECT Status__c, Emails_Synced__c, Emails_Failed__c FROM MS_Graph_Sync_Event__c "
        f"WHERE Run_Key__c = '{report['event']}'"
    )
    assert (event["Status__c"], event["Emails_Synced__c"], event["Emails_Failed__c"]) == ("Completed with Errors", 0, 1)

    firm.control("DELETE", "rules")
    firm.org.MS_Graph_Sync_Error__c.update(error["Id"], {"Status__c": "Retry Requested"})
    firm.sync()
    assert len(firm.rows("SELECT Id FROM Task")) == 2
    assert firm.rows("SELECT Status__c FROM MS_Graph_Sync_Error__c")[0]["Status__c"] == "Resolved"


def test_matched_through_stays_when_the_run_fails(firm: World) -> None:
    inbound(firm, "rita@reed.example")
    firm.sync()
    [before] = firm.rows("SELECT Matched_Through__c FROM MS_Graph_Setting__c")
    firm.advance(minutes=5)
    firm.client("Rita", "Reed", "rita@reed.example")
    firm.fault(
        service="salesforce", method="POST", path="composite$", skip=2, times=0, status=500, body=[{"errorCode": "X"}]
    )
    firm.sync(code=3)
    assert firm.rows("SELECT Matched_Through__c FROM MS_Graph_Setting__c") == [before]
    firm.control("DELETE", "faults")
    firm.sync()
    assert emails(firm)[0]["Match_Status__c"] == "Matched"


@pytest.mark.calls
def test_many_changes_cost_few_calls(firm: World) -> None:
    for number in range(120):
        inbound(firm, f"client{number}@many.example")
    firm.sync()
    firm.advance(minutes=90)
    records = [{"LastName": str(n), "Email": f"client{n}@many.example"} for n in range(150)]
    for start in range(0, len(records), 25):
        firm.org.restful(
            "composite/sobjects",
            method="POST",
            json={"records": [{"attributes": {"type": "Contact"}, **record} for record in records[start : start + 25]]},
        )
    firm.control("DELETE", "requests")

    report = firm.sync()

    assert report["tasks"] == 120
    assert {row["Match_Status__c"] for row in emails(firm)} == {"Matched"}
    # the reads, what changed, mails concerned, the mails, clients of their addresses, the rows, the checkpoint
    assert report["salesforce_calls"] <= 8
