"""Messages that failed: one row each, tried again on the ladder or when a person asks, settled or given up."""

from typing import Any

import pytest

from tests.support.world import World


def mail(world: World, **members: Any) -> dict[str, str]:
    """A mail from the client, received well before the hour that each run reads again."""
    usual = {"from": "rita@reed.example", "toRecipients": ["ada@firm.example"], "received": world.ago(days=2)}
    return world.message("ada", **{**usual, **members})


def withhold(world: World, message: dict[str, str], status: int = 500) -> None:
    """Graph does not give this message until faults are deleted, alone or inside a $batch."""
    path = f"/messages/{message['id']}"
    body = {"error": {"code": "ErrorInternalServerError", "message": "Try later."}}
    for sub in (False, True):
        world.fault(service="graph", path=path, times=0, status=status, body=body, sub=sub)


def error_row(world: World) -> dict[str, Any]:
    """The one error row."""
    [row] = world.rows(
        "SELECT Id, Status__c, Attempts__c, Code__c, Message__c, Next_Attempt_At__c, Sync_Event__r.Run_Key__c, "
        "Internet_Message_Id__c, Mailbox__c FROM MS_Graph_Sync_Error__c"
    )
    return row


def test_a_message_that_fails_is_one_row_and_the_window_moves_on(firm: World) -> None:
    withhold(firm, mail(firm, subject="Bad", internetMessageId="<bad@reed.example>"))
    mail(firm, subject="Good")
    report = firm.sync(code=1)
    assert (report["outcomes"]["matched"], report["outcomes"]["failed"], report["errors"]) == (1, 1, 1)
    row = error_row(firm)
    assert (row["Status__c"], row["Attempts__c"]) == ("Failed", 1)
    assert row["Internet_Message_Id__c"] == "<bad@reed.example>"
    assert row["Next_Attempt_At__c"] is not None
    assert row["Sync_Event__r"]["Run_Key__c"] == report["event"]
    [event] = firm.rows("SELECT Status__c, Emails_Synced__c, Emails_Failed__c FROM MS_Graph_Sync_Event__c")
    assert (event["Status__c"], event["Emails_Synced__c"], event["Emails_Failed__c"]) == ("Completed with Errors", 1, 1)
    [box] = firm.rows("SELECT Backfill_Through__c, Live_From__c FROM MS_Graph_User__c")
    assert box["Backfill_Through__c"] == box["Live_From__c"]


def test_it_is_tried_again_by_the_run_after_its_time(firm: World) -> None:
    withhold(firm, mail(firm))
    firm.sync(code=1)
    firm.control("DELETE", "faults")
    assert firm.sync()["emails"] == 0
    firm.advance(minutes=16)
    report = firm.sync()
    assert (report["emails"], report["outcomes"]["matched"]) == (1, 1)
    row = error_row(firm)
    assert (row["Status__c"], row["Next_Attempt_At__c"]) == ("Resolved", None)


@pytest.mark.slow
def test_the_ladder_ends_with_the_fifth_failure(firm: World) -> None:
    withhold(firm, mail(firm), status=503)
    firm.sync(code=1)
    rows = [error_row(firm)]
    for hours in (0.3, 1.1, 6.1, 24.1):
        firm.advance(hours=hours)
        firm.sync(code=1)
        rows.append(error_row(firm))
    assert [row["Attempts__c"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["Status__c"] for row in rows] == [*["Failed"] * 4, "Gave Up"]
    # a row that is given up promises no further attempt
    assert ["It is tried again by itself." in row["Message__c"] for row in rows] == [*[True] * 4, False]
    assert "set Status to Retry Requested" in rows[-1]["Message__c"]
    firm.advance(hours=100)
    assert firm.sync()["outcomes"]["failed"] == 0


def test_a_person_asks_on_the_row(firm: World) -> None:
    withhold(firm, mail(firm))
    firm.sync(code=1)
    firm.control("DELETE", "faults")
    firm.org.MS_Graph_Sync_Error__c.update(error_row(firm)["Id"], {"Status__c": "Retry Requested"})
    assert firm.sync()["emails"] == 1
    assert error_row(firm)["Status__c"] == "Resolved"


def test_a_person_asks_on_the_event(firm: World) -> None:
    for number in range(2):
        withhold(firm, mail(firm, subject=f"Bad {number}"), status=400)
    firm.sync(code=1)
    assert {
        row["Next_Attempt_At__c"] for row in firm.rows("SELECT Next_Attempt_At__c FROM MS_Graph_Sync_Error__c")
    } == {None}
    firm.control("DELETE", "faults")
    [event] = firm.rows("SELECT Id FROM MS_Graph_Sync_Event__c")
    firm.org.MS_Graph_Sync_Event__c.update(event["Id"], {"Retry_Requested__c": True})
    assert firm.sync()["emails"] == 2
    [event] = firm.rows(
        "SELECT Retry_Requested__c, Emails_Failed__c FROM MS_Graph_Sync_Event__c WHERE Emails_Failed__c > 0"
    )
    assert event["Retry_Requested__c"] is False
    assert {row["Status__c"] for row in firm.rows("SELECT Status__c FROM MS_Graph_Sync_Error__c")} == {"Resolved"}


@pytest.mark.parametrize("option", ["--all", "--event"])
def test_the_retry_command(firm: World, option: str) -> None:
    withhold(firm, mail(firm), status=400)
    event = firm.sync(code=1)["event"]
    firm.control("DELETE", "faults")
    mail(firm, subject="Only a sync reads this", received=firm.ago(minutes=5))
    assert firm.command("retry", "--json")[1]["emails"] == 0
    arguments = ["--all"] if option == "--all" else ["--event", event]
    code, report, _ = firm.command("retry", "--json", *arguments)
    assert code == 0
    assert (report["emails"], report["listed"]) == (1, 1)
    kinds = {row["Kind__c"] for row in firm.rows("SELECT Kind__c FROM MS_Graph_Sync_Event__c")}
    assert kinds == {"Manual", "Retry"}


def lose(world: World, message: dict[str, str], times: int = 0) -> None:
    """Graph does not know the id of this message (any more, or once)."""
    body = {"error": {"code": "ErrorItemNotFound", "message": "The specified object was not found in the store."}}
    world.fault(service="graph", path=f"/messages/{message['id']}", times=times, status=404, body=body, sub=True)


def test_a_message_that_is_gone_is_given_up(firm: World) -> None:
    message = mail(firm)
    withhold(firm, message, status=400)
    firm.sync(code=1)
    firm.control("DELETE", "faults")
    lose(firm, message)
    firm.fault(service="graph", path="internetMessageId eq", times=0, status=200, body={"value": []})
    code, report, _ = firm.command("retry", "--json", "--all")
    assert (code, report["listed"], report["event"]) == (0, 0, None)
    row = error_row(firm)
    assert (row["Status__c"], row["Code__c"]) == ("Gave Up", "GONE")


def test_a_message_whose_id_is_gone_is_looked_for_by_its_message_id(firm: World) -> None:
    message = mail(firm, internetMessageId="<moved@reed.example>")
    withhold(firm, message, status=400)
    firm.sync(code=1)
    firm.control("DELETE", "faults")
    lose(firm, message, times=1)
    assert firm.command("retry", "--json", "--all")[1]["emails"] == 1
    assert error_row(firm)["Status__c"] == "Resolved"
    assert any("internetMessageId" in request["query"] for request in firm.requests("graph"))


def test_a_dry_run_says_the_same_and_writes_nothing(firm: World) -> None:
    mail(firm)
    firm.message("ada", folder="junkemail", toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"})
    firm.message("ada", toRecipients=["ada@firm.example"], **{"from": "stranger@unknown.example"})
    before = firm.rows("SELECT Id, SystemModstamp FROM MS_Graph_User__c")
    foreseen = firm.sync("--dry-run")
    assert foreseen["dry_run"] is True
    assert (foreseen["emails"], foreseen["event"], foreseen["errors"]) == (0, None, 0)
    assert firm.rows("SELECT Id FROM Email__c") == []
    assert firm.rows("SELECT Id FROM MS_Graph_Sync_Event__c") == []
    assert firm.rows("SELECT Id, SystemModstamp FROM MS_Graph_User__c") == before
    assert all(request["method"] != "PATCH" for request in firm.requests("salesforce") if "MS_Graph" in request["path"])
    assert firm.sync()["outcomes"] == foreseen["outcomes"]


def test_a_dry_run_prints_a_line_a_message(firm: World, capfd: pytest.CaptureFixture[str]) -> None:
    message = mail(firm, internetMessageId="<one@reed.example>")
    import json

    from connector.cli.app import run

    assert run(["--config", firm.config, "sync", "--dry-run", "--json"]) == 0
    first, last = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    [contact] = firm.rows("SELECT Id FROM Contact")
    assert first == {
        "mailbox": "ada@firm.example",
        "message_id": message["id"],
        "internet_message_id": "<one@reed.example>",
        "outcome": "matched",
        "rule": "Contact has rita@reed.example",
        "rule_id": contact["Id"],
    }
    assert last["listed"] == 1


@pytest.mark.parametrize("synced", [False, True])
@pytest.mark.parametrize("by", ["id", "message id"])
def test_explain_a_stored_mail(firm: World, synced: bool, by: str) -> None:
    message = mail(firm, internetMessageId="<one@reed.example>")
    if synced:
        firm.sync()
    name = message["id"] if by == "id" else "<one@reed.example>"
    code, explained, _ = firm.command("explain", "--json", "ada@firm.example", name)
    assert code == 0
    assert explained is not None
    [contact] = firm.rows("SELECT Id FROM Contact")
    emails = firm.rows("SELECT Id FROM Email__c")
    assert explained["outcome"] == "matched"
    assert explained["matches"] == [{"address": "rita@reed.example", "object": "Contact", "id": contact["Id"]}]
    assert explained["email_id"] == (emails[0]["Id"] if synced else None)
    assert [step["rule"] for step in explained["steps"] if step["applies"]][-1] == "matched"
    assert [step["rule"] for step in explained["steps"]][:3] == ["draft", "folder", "opted_out"]
    assert explained["error"] is None


def test_explain_a_no(firm: World) -> None:
    rule = firm.exclusion("External Address", "*@reed.example")
    message = mail(firm)
    code, explained, _ = firm.command("explain", "--json", "ada@firm.example", message["id"])
    assert code == 0
    assert explained is not None
    assert (explained["outcome"], explained["rule_id"]) == ("excluded", rule)
    assert explained["steps"][-1]["rule"] == "excluded"
    code, _, _err = firm.command("explain", "ada@firm.example", message["id"])
    assert code == 0


def test_explain_an_error(firm: World) -> None:
    message = mail(firm)
    withhold(firm, message, status=400)
    firm.sync(code=1)
    firm.control("DELETE", "faults")
    _, explained, _ = firm.command("explain", "--json", "ada@firm.example", message["id"])
    assert explained is not None
    assert explained["error"]["attempts"] == 1


@pytest.mark.parametrize(("upn", "message"), [("nobody@firm.example", "x"), ("ada@firm.example", "<no@such.example>")])
def test_explain_what_is_not_there(firm: World, upn: str, message: str) -> None:
    code, explained, _err = firm.command("explain", "--json", upn, message)
    assert code == 2
    assert explained is not None
    assert explained["error"]["code"] == "USAGE"
