"""Two connectors at once, over HTTPS: what they stored twice is one mail after the first run of a day."""

import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from connector.engine.mailboxes import ReadLimits
from connector.engine.request import RunRequest
from connector.model.records import Row, RowResult
from connector.model.run import EventRecord
from connector.operations.run import Runner
from connector.ports import FileSink, RecordSink
from connector.settings.model import load
from connector.wiring.runs import run_services
from tests.acceptance.test_removed import files
from tests.support.ledger import ledger, without_duplicates
from tests.support.world import World, stamp

LEGACY = "/O=EXCHANGELABS/OU=EXCHANGE ADMINISTRATIVE GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/CN=ADA"
FILE = {"@odata.type": "#microsoft.graph.fileAttachment", "contentType": "text/plain", "contentBytes": "c2VjcmV0"}


class LateSink:
    """A RecordSink of a connector that has looked everything up when another one does a run of its own."""

    def __init__(self, sink: RecordSink, other: Any) -> None:
        self._sink, self._other = sink, other

    @property
    def files(self) -> FileSink:
        return self._sink.files

    def write(self, mails: Sequence[Sequence[Row]], *, event: EventRecord) -> list[list[RowResult]]:
        other, self._other = self._other, None
        if other is not None:
            other()
        return self._sink.write(mails, event=event)


def at_once(world: World, first: str, second: str) -> None:
    """Two connectors: that of `first` writes first, though that of `second` looked up before."""
    settings = load(world.config, {})

    @contextmanager
    def late(request: RunRequest) -> Any:
        with run_services(settings, request) as services:
            other = lambda: world.sync("--mailbox", f"{first}@firm.example")  # noqa: E731
            yield replace(services, sink=LateSink(services.sink, other))

    report = Runner(late, limits=ReadLimits()).run(RunRequest(only=(f"{second}@firm.example",)))
    assert report.exit_code == 0


@pytest.fixture
def office(firm: World) -> World:
    """Ada and Bob, two clients; the first run of this day is over."""
    firm.advance_to_noon()
    firm.adviser("bob")
    firm.client("Omar", "Odd", "omar@odd.example")
    firm.sync()
    firm.advance(minutes=30)
    return firm


def proposal(world: World, **theirs: Any) -> None:
    """A mail of Ada's to a client, with Bob in Cc, as each of them has it."""
    sent = world.ago(minutes=5)
    mail: dict[str, Any] = {
        "internetMessageId": "<prop@firm.example>",
        "subject": "Proposal",
        "from": "ada@firm.example",
        "toRecipients": ["rita@reed.example"],
        "ccRecipients": ["bob@firm.example"],
        "attachments": [{**FILE, "name": "a.txt"}],
    }
    world.message("ada", received=sent, folder="sentitems", bccRecipients=["omar@odd.example"], **mail)
    shown = {"from": LEGACY, "attachments": [{**FILE, "name": "a.txt"}, {**FILE, "name": "b.txt"}], **theirs}
    world.message("bob", received=sent, **{**mail, **shown})


def stored(world: World) -> dict[str, Any]:
    return {
        "emails": world.rows("SELECT Id, Bcc__c, Match_Status__c, Expires_On__c FROM Email__c ORDER BY Id"),
        "people": sorted(row["Address__c"] for row in world.rows("SELECT Address__c FROM Email_Participant__c")),
        "tasks": sorted(row["Who"]["Name"] for row in world.rows("SELECT Who.Name FROM Task WHERE Email__c != null")),
        "files": len(files(world)),
    }


@pytest.mark.parametrize("first", ["ada", "bob"])
@pytest.mark.parametrize(
    "theirs", [{}, {"from": "ada@firm.example", "subject": "[EXTERNAL] Proposal"}], ids=["legacy", "tagged"]
)
def test_what_they_stored_twice_is_merged_by_the_first_run_of_the_next_day(
    office: World, first: str, theirs: dict[str, Any]
) -> None:
    proposal(office, **theirs)
    at_once(office, first, "bob" if first == "ada" else "ada")
    twice = stored(office)
    assert len(twice["emails"]) == 2
    office.sync()
    assert len(stored(office)["emails"]) == 2  # not the first run of the day
    office.advance(days=1)
    report = office.sync()
    assert report["errors"] == 0
    once = stored(office)
    [mail] = once["emails"]
    assert mail["Id"] == twice["emails"][0]["Id"]
    assert (mail["Match_Status__c"], mail["Expires_On__c"]) == ("Matched", None)
    assert "omar@odd.example" in mail["Bcc__c"]
    assert once["people"] == ["omar@odd.example", "rita@reed.example"]
    assert once["tasks"] == ["Omar Odd", "Rita Reed"]
    assert once["files"] == 2
    for days in (0, 1, 1):
        office.advance(days=days)
        report = office.sync("--sweep")
        assert (report["emails"], report["tasks"], report["attachments"], report["errors"]) == (0, 0, 0, 0)
        assert report["outcomes"]["removed"] == 0
        assert stored(office) == once


def test_a_task_that_contacts_share_names_those_of_both_and_a_persons_own_task_goes_over(office: World) -> None:
    office.control("PATCH", "org", {"sharedActivities": True})
    account = office.create("Account", Name="The Reeds")
    for row in office.rows("SELECT Id FROM Contact"):
        office.org.Contact.update(row["Id"], {"AccountId": account})
    proposal(office)
    at_once(office, "bob", "ada")
    older, younger = (row["Id"] for row in office.rows("SELECT Id FROM Email__c ORDER BY Id"))
    hand = office.create("Task", Subject="Call her", Email__c=younger, Status="Not Started")
    office.advance(days=1)
    office.sync()
    named = "(SELECT RelationId FROM TaskRelations WHERE IsWhat = false)"
    tasks = {row["Id"]: row for row in office.rows(f"SELECT Id, Email__c, WhatId, {named} FROM Task")}
    assert {row["Email__c"] for row in tasks.values()} == {older}
    assert tasks.pop(hand)
    [shared] = tasks.values()
    assert shared["WhatId"] == account
    assert len(shared["TaskRelations"]["records"]) == 2


def test_an_address_that_a_personal_exclusion_held_back_comes_from_the_other(office: World) -> None:
    office.adviser("cy")
    office.sync()
    sent = office.ago(minutes=5)
    [bob] = office.rows("SELECT Id FROM User WHERE Username = 'bob@firm.example.org'")
    office.exclusion("Personal Address", "omar@odd.example", User__c=bob["Id"])
    mail = {
        "internetMessageId": "<three@reed.example>",
        "from": "rita@reed.example",
        "toRecipients": ["bob@firm.example", "cy@firm.example", "omar@odd.example"],
    }
    office.message("bob", received=sent, subject="Proposal", **mail)
    office.message("cy", received=sent, subject="[EXTERNAL] Proposal", **mail)
    at_once(office, "bob", "cy")
    assert len(stored(office)["emails"]) == 2
    office.advance(days=1)
    office.sync()
    once = stored(office)
    assert len(once["emails"]) == 1
    assert once["people"] == ["omar@odd.example", "rita@reed.example"]
    assert once["tasks"] == ["Omar Odd", "Rita Reed"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_storms_of_two_connectors_leave_one_of_each_after_a_day(office: World, seed: int) -> None:
    """Copies under all kinds of names, two connectors in processes of their own, one of them killed in between."""
    dice = random.Random(seed)
    office.adviser("cy")
    for number in range(40):
        sent = office.ago(minutes=2 + number)
        names = ["ada", "bob", "cy"]
        mail: dict[str, Any] = {
            # a program that gives all its mails one id writes to each client
            "internetMessageId": f"<{number // 2 if number % 4 < 2 else number}@firm.example>",
            "subject": f"Proposal {number}",
            "toRecipients": ["rita@reed.example", *(f"{name}@firm.example" for name in names[1:])],
        }
        for name in names:
            shown = (
                {"from": dice.choice(["ada@firm.example", LEGACY])} if name != "ada" else {"from": "ada@firm.example"}
            )
            tag = "[EXTERNAL] " if name == "cy" else ""
            office.message(name, received=sent, **{**mail, **shown, "subject": f"{tag}{mail['subject']}"})
    for kill in (True, False):
        command = [sys.executable, "-m", "connector", "--config", office.config, "sync", "--mailbox"]
        running = [
            subprocess.Popen([*command, f"{name}@firm.example"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for name in ("ada", "bob", "cy")
        ]
        if kill:
            dice.choice(running).kill()
        for process in running:
            process.wait(timeout=120)
    office.sync()
    office.advance(days=1)
    office.sync("--sweep")
    found = ledger(office)
    assert without_duplicates(found)
    subjects = [row["Subject__c"].removeprefix("[EXTERNAL] ") for row in office.rows("SELECT Subject__c FROM Email__c")]
    assert sorted(subjects) == sorted(f"Proposal {number}" for number in range(40))
    assert len(office.rows("SELECT Id FROM Task")) == 40
    assert stamp(office.now())
