"""What an admin is told: a mailbox that is not read, an org that refuses all, a retry that finds nothing."""

from tests.acceptance.test_retry import mail, withhold
from tests.acceptance.test_scenarios_setup import boxes, lines
from tests.support.world import World

EVENTS = "SELECT Error_Message__c, Status__c, Mailboxes__c, Mailboxes_Failed__c FROM MS_Graph_Sync_Event__c"


def test_a_user_without_the_permission_is_told_in_the_event_once_and_on_the_terminal_always(firm: World) -> None:
    firm.mailbox("bob")
    bob = firm.user("bob", permission_sets=())
    firm.create(
        "MS_Graph_User__c",
        Name="Bob",
        Email_Address__c="bob@firm.example",
        User_Principal_Name__c="bob@firm.example",
        User__c=bob,
    )
    reason = "The linked user does not hold the permission set Microsoft 365 Sync User. Assign it."
    for _ in range(2):
        code, _, err = firm.command("sync", "--json")
        assert code == 0
        assert f"not read: bob@firm.example: {reason}" in lines(err)
        [event] = firm.rows(EVENTS)
        assert event["Error_Message__c"] == f"bob@firm.example is not read: {reason}"
        assert (event["Status__c"], event["Mailboxes__c"], event["Mailboxes_Failed__c"]) == ("Succeeded", 1, 0)
    assert boxes(firm)["Bob"]["Status__c"] == "Not Linked"


def test_a_mailbox_that_fails_is_told_in_the_event_and_counts_as_one_of_the_mailboxes(firm: World) -> None:
    firm.adviser("bob", User_Principal_Name__c="nobody@firm.example", Email_Address__c="nobody@firm.example")
    firm.sync(code=1)
    [event] = firm.rows(EVENTS)
    assert (event["Mailboxes__c"], event["Mailboxes_Failed__c"]) == (2, 1)
    assert "nobody@firm.example" in event["Error_Message__c"]


def test_an_event_that_has_nothing_to_retry_is_said(firm: World) -> None:
    for unknown in ("nope", "a05000000000001", "it's"):
        code, _, err = firm.command("retry", "--event", unknown)
        assert code == 0
        said = f"Nothing to do: no failed message is left of a sync event with the id, name or Run Key {unknown}."
        assert said in " ".join(err.split())


def test_an_event_is_named_by_its_id_too(firm: World) -> None:
    withhold(firm, mail(firm))
    firm.sync(code=1)
    firm.control("DELETE", "faults")
    [event] = firm.rows("SELECT Id FROM MS_Graph_Sync_Event__c")
    code, report, _ = firm.command("retry", "--event", event["Id"], "--json")
    assert (code, report and report["emails"]) == (0, 1)


def test_programs_are_told_why_nothing_was_read(firm: World) -> None:
    [setting] = firm.rows("SELECT Id FROM MS_Graph_Setting__c")
    firm.org.MS_Graph_Setting__c.update(setting["Id"], {"Active__c": False})
    assert "switched off" in firm.sync()["skipped"]


def test_what_was_stored_before_the_org_refused_all_is_counted_by_an_event_of_its_own(firm: World) -> None:
    code = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    firm.control("POST", "rules", {"object": "Task", "when": "Status != null", "message": "No tasks.", "code": code})
    for number in range(60):
        mail(firm, subject=f"mail {number}")
    firm.sync(code=3)
    events = firm.rows(
        "SELECT Id, Status__c, Emails_Synced__c, Emails_Failed__c FROM MS_Graph_Sync_Event__c ORDER BY Run_Key__c"
    )
    counts = [(event["Status__c"], event["Emails_Synced__c"], event["Emails_Failed__c"]) for event in events]
    assert counts == [("Interrupted", 60, 0), ("Failed", 0, 0)]
    assert len(firm.rows(f"SELECT Id FROM Email__c WHERE Sync_Event__c = '{events[0]['Id']}'")) == 60
    firm.control("DELETE", "rules")
    assert firm.sync()["tasks"] == 60
