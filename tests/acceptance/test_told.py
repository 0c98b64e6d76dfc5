"""What an admin is told: a mailbox that is not read, an org that refuses all, a retry that finds nothing."""

import pytest

from connector.cli.app import run
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


def test_an_event_that_nobody_knows_is_a_slip_of_the_finger(firm: World) -> None:
    for unknown in ("nope", "a05000000000001", "it's"):
        code, report, err = firm.command("retry", "--event", unknown, "--json")
        assert code == 2
        assert f"error: There is no sync event {unknown} (--event)." in " ".join(err.split())
        assert report is not None
        assert report["error"]["code"] == "USAGE"


def test_an_event_that_has_nothing_to_retry_is_said(firm: World) -> None:
    mail(firm)
    firm.sync()
    [event] = firm.rows("SELECT Id, Name, Run_Key__c FROM MS_Graph_Sync_Event__c")
    for known in (event["Id"], event["Name"], event["Run_Key__c"]):
        code, _, err = firm.command("retry", "--event", known)
        assert code == 0
        said = f"Nothing to do: no failed message is left of a sync event with the id, name or Run Key {known}."
        assert said in " ".join(err.split())


VERBS = (
    ("sync", "--mailbox", ""),
    ("sync", "--mailbox="),
    ("sync", "--mailbox", "  "),
    ("retry", "--event", ""),
    ("explain", "", "<x>"),
    ("explain", "ada@firm.example", ""),
    ("schedule", "--after", ""),
    ("schedule", "--count", ""),
    ("login", "--user", ""),
    ("demo", "--mail", ""),
    ("demo", "--dir", ""),
    ("sandbox", "up", "--dir", ""),
)


@pytest.mark.parametrize("typed", VERBS)
def test_an_empty_argument_is_named_and_nobody_is_asked(firm: World, typed: tuple[str, ...]) -> None:
    firm.control("DELETE", "requests")
    code, _, err = firm.command(*typed)
    assert code == 2
    assert " is empty (m365sync). Write a value, or leave it out." in err
    assert firm.requests() == []


def test_a_mailbox_that_is_named_and_not_read_is_said(firm: World) -> None:
    firm.create("MS_Graph_User__c", Name="Bob", User_Principal_Name__c="bob@firm.example")
    code, _, err = firm.command("sync", "--mailbox", "bob@firm.example", "--json")
    assert code == 0
    assert "not read: bob@firm.example: No Salesforce user is linked. Set User on this record." in lines(err)


def test_a_firm_without_a_linked_mailbox_is_told(world: World) -> None:
    world.settings()
    world.internal_domain()
    assert "There is no mailbox, so nothing is read." in world.command("sync", "--json")[2]
    world.create("MS_Graph_User__c", Name="Bob", User_Principal_Name__c="bob@firm.example")
    assert "No mailbox is linked, so nothing is read." in world.command("sync", "--json")[2]


def test_a_failed_run_prints_no_table_and_failed_messages_say_where_and_what_to_do(
    firm: World, capfd: pytest.CaptureFixture[str]
) -> None:
    fault = firm.fault(service="salesforce", path="/composite", times=0, status=503)
    capfd.readouterr()
    assert run(["--config", firm.config, "sync"]) == 3
    said = capfd.readouterr()
    assert said.out == ""
    assert "listed" not in said.err
    firm.control("DELETE", "faults")
    assert fault
    message = mail(firm)
    withhold(firm, message)
    capfd.readouterr()
    assert run(["--config", firm.config, "sync"]) == 1
    told = capfd.readouterr().err
    assert "failed: ada@firm.example: " in told
    [event] = firm.rows("SELECT Run_Key__c FROM MS_Graph_Sync_Event__c WHERE Emails_Failed__c = 1")
    assert f"m365sync retry --event {event['Run_Key__c']} tries the failed messages" in told
    firm.control("DELETE", "faults")
    code, report, _ = firm.command("retry", "--event", event["Run_Key__c"], "--json")
    assert (code, report and report["emails"]) == (0, 1)


@pytest.mark.parametrize("path", ["/services/oauth2/token", "/services/data"])
def test_an_org_that_moved_is_named(firm: World, path: str) -> None:
    there = {"Location": "https://newname.my.salesforce.com/services/x?y=z"}
    firm.fault(service="any", path=path, times=0, status=302, headers=there, body={})
    for verb in ("sync", "status"):
        code, report, _ = firm.command(verb, "--json")
        assert code == 3
        assert report is not None
        error = report["error"]
        assert f"redirects {firm.url} to https://newname.my.salesforce.com (HTTP 302)" in error["message"]
        assert "named_credentials.Salesforce.url" in error["remedy"]


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
