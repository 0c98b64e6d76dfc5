"""What `explain` tells people to do, done: the mail is stored then, whatever its age."""

from collections.abc import Callable
from typing import Any

import pytest

from connector.cli.app import run
from tests.acceptance.test_remade import bin_call
from tests.acceptance.test_scenarios_mail import Outlook
from tests.support.remedies import follow_reading
from tests.support.world import DOMAIN, World

ADA = f"ada@{DOMAIN}"
#: within a sweep, behind it, and before the backfill
AGES = (10, 108, 300)


@pytest.fixture
def firm(firm: World) -> World:
    firm.backfill_months(6)
    return firm


def told(world: World, message: dict[str, str]) -> dict[str, Any]:
    code, answer, err = world.command("explain", ADA, message["id"], "--json")
    assert code == 0, err
    assert answer is not None
    return answer


def set_settings(world: World, **fields: Any) -> None:
    [setting] = world.rows("SELECT Id FROM MS_Graph_Setting__c")
    world.org.MS_Graph_Setting__c.update(setting["Id"], fields)


def take_category_off(world: World, message: dict[str, str]) -> None:
    Outlook(world).do("PATCH", f"messages/{message['id']}", {"categories": []})


def move(world: World, message: dict[str, str]) -> None:
    Outlook(world).move(message["id"], "inbox")


def give_a_contact(world: World, _message: dict[str, str]) -> None:
    world.client("Olga", "Other", "olga@other.example")


def switch_bcc_on(world: World, _message: dict[str, str]) -> None:
    set_settings(world, Sync_Bcc__c=True)


def nothing(_world: World, _message: dict[str, str]) -> None:
    """It came late, and runs had passed."""


Act = Callable[[World, dict[str, str]], None]
CASES: dict[str, tuple[dict[str, Any], str, Act]] = {
    "opted_out": ({"categories": ["Do Not Sync"]}, "Take the category off the message, then ", take_category_off),
    "folder": ({"folder": "junkemail"}, "Move it to another folder, then ", move),
    "bcc": ({"toRecipients": ["list@reed.example"]}, "Switch Sync Bcc on, then ", switch_bcc_on),
    "unmatched_dropped": ({"from": "olga@other.example"}, "Give a Contact one of its addresses, then ", give_a_contact),
    "matched": ({}, "", nothing),
}


@pytest.mark.calls  # asks Graph itself, once
@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("outcome", CASES)
def test_a_remedy_of_explain_stores_the_mail(firm: World, outcome: str, age: int) -> None:
    members, words, act = CASES[outcome]
    if outcome == "matched":
        firm.sync()
    known: dict[str, Any] = {"toRecipients": [ADA], "from": "rita@reed.example", "received": firm.ago(days=age)}
    message = firm.message("ada", **{**known, **members})
    if outcome != "matched":
        firm.sync()
        firm.advance(days=1)
        firm.sync()
    found = told(firm, message)
    assert (found["outcome"], found["stored"], found["email_id"]) == (outcome, False, None)
    assert found["remedy"].startswith(words)
    act(firm, message)
    if outcome != "matched":
        meanwhile = told(firm, message)
        assert (meanwhile["outcome"], meanwhile["stored"]) == ("matched", False)
    assert follow_reading(firm, found["remedy"]) == 0
    after = told(firm, message)
    assert (after["outcome"], after["stored"]) == ("matched", True), found["remedy"]
    assert firm.rows("SELECT Match_Status__c FROM Email__c")[0]["Match_Status__c"] == "Matched"
    assert after["remedy"] == ""


def test_what_is_not_stored_is_never_called_matched(firm: World, capfd: pytest.CaptureFixture[str]) -> None:
    firm.sync()
    message = firm.message("ada", toRecipients=[ADA], received=firm.ago(days=108), **{"from": "rita@reed.example"})
    capfd.readouterr()
    assert run(["--config", firm.config, "explain", ADA, message["id"]]) == 0
    said = capfd.readouterr().out
    assert "Outcome: would be matched; not stored." in said
    assert follow_reading(firm, said) == 0
    assert run(["--config", firm.config, "explain", ADA, message["id"]]) == 0
    assert "Outcome: matched." in capfd.readouterr().out


def test_a_failed_message_is_tried_again_by_the_command_that_is_named(firm: World) -> None:
    message = firm.message("ada", toRecipients=[ADA], **{"from": "rita@reed.example"})
    body = {"error": {"code": "ErrorInternalServerError", "message": "Try later."}}
    for sub in (False, True):
        path = rf"/messages/{message['id']}[^'\"]*body"
        firm.fault(service="graph", path=path, times=0, status=500, body=body, sub=sub)
    firm.sync(code=1)
    found = told(firm, message)
    assert found["outcome"] == "failed"
    firm.control("DELETE", "faults")
    assert follow_reading(firm, found["remedy"]) == 0
    assert told(firm, message)["stored"] is True


def test_a_mail_in_the_recycle_bin_is_restored(firm: World) -> None:
    message = firm.message("ada", toRecipients=[ADA], **{"from": "rita@reed.example"})
    firm.sync()
    [email] = firm.rows("SELECT Id FROM Email__c")
    firm.org.Email__c.delete(email["Id"])
    found = told(firm, message)
    assert found["outcome"] == "removed"
    assert found["remedy"] == "Restore the Email from the recycle bin if it should not have been deleted."
    bin_call(firm, "undelete", email["Id"])
    firm.sync()
    assert told(firm, message)["stored"] is True
