"""`explain` against `sync` and its dry run, message by message, on a generated firm whose mail has every outcome."""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from testkit.serving import WEATHER, serving

from connector.cli.app import run
from connector.cli.explain import explanation_object
from connector.model.org import Setup
from connector.operations.explain import explain
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.setup import SalesforceSetup
from connector.settings.model import load
from connector.wiring.logs import configure_logging
from connector.wiring.services import services
from tests.support.world import World, stamp

SIZE = {"mailboxes": 6, "messages": 284, "contacts": 60, "seed": 11}
#: with what is planted
SAMPLE = 300
OUTCOMES = {
    "draft", "folder", "opted_out", "bcc", "internal", "excluded", "unmatched_dropped", "removed", "duplicate",
    "unmatched_kept", "matched", "failed",
}  # fmt: skip
Place = tuple[str, str]
#: what the command says of what is planted, after the run
WORDS = {
    "draft": ["It is a draft, which was not sent yet.", "It is read once it is sent."],
    "a chat": ["It lies in a hidden folder", "chats never are"],
    "opted out": ["category Do Not Sync", "Opt Out Categories", "Take the category off"],
    "blind copy": ["none of From, Sender, To, Cc", "Sync Bcc", "Switch Sync Bcc on"],
    "colleague": ["the firm's own, by EXC-", "(Internal Domain granite-partners.example)", "Clear Active on EXC-"],
    "private": ["(Personal Address)", "mail received from then on"],
    "rule removed since": ["(External Address *@gone.example)", "was removed on", "mail received before that"],
    "private elsewhere": ["No Contact or Account has mum@private.example", "kept as unmatched until", "relates it"],
    "stranger, long ago": ["No Contact or Account has who@unknown.example", "was kept until", "empty Backfill Through"],
    "stranger": ["stored as Email ", "kept as unmatched until", "Give a Contact one of its addresses"],
    "removed": ["its record was removed", "is never stored again"],
    # the run has put a tombstone into its place by then
    "in the bin": ["its record was removed", "is never stored again"],
    "folder unread": ["It could not be stored: ", "tried once", "tried again by itself"],
    "body withheld": ["It could not be stored: ", "tried once", "tried again by itself from", "m365sync retry --all"],
}

#: what is said of the two copies of one mail, by what became of each
COPIES = {
    "matched": ["Contact has ", " is Contact 003", "stored as Email "],
    "duplicate": ["stored already, from another copy", "Look at the Email "],
}


@dataclass
class Sample:
    """The firm, and what became of it step by step. A place is a mailbox's name and a message's id."""

    world: World
    #: messages that are planted, by what they are
    planted: dict[str, Place] = field(default_factory=dict)
    foreseen: dict[Place, dict[str, Any]] = field(default_factory=dict)
    before: dict[Place, dict[str, Any]] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    after: dict[Place, dict[str, Any]] = field(default_factory=dict)
    emails: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox of its own with a generated firm."""
    folder: Path = tmp_path_factory.mktemp("large")
    size = [part for name, value in SIZE.items() for part in (f"--{name}", str(value))]
    with serving(folder, "--firm", "large", *size, "--weather", WEATHER) as line, World(line) as world:
        yield world


class _Planting:
    """Puts into the firm what a generated one has not."""

    def __init__(self, sample: Sample) -> None:
        self.sample, self.world = sample, sample.world
        #: of all mail, and of its records: however long the planting takes, they are sent at one time
        self.received = self.world.ago(days=3)
        self.boxes = self.world.rows(
            "SELECT Id, User__c, User_Principal_Name__c, Graph_User_Id__c FROM MS_Graph_User__c ORDER BY Name"
        )
        [self.client, self.other] = self.world.rows("SELECT Id, Email FROM Contact ORDER BY Email LIMIT 2")

    def message(self, name: str, box: int = 0, **members: Any) -> dict[str, str]:
        upn = self.boxes[box]["User_Principal_Name__c"]
        usual = {"from": self.client["Email"], "toRecipients": [upn], "received": self.received}
        made = self.world.message(upn, **{**usual, "subject": name, **members})
        self.sample.planted[name] = (upn, made["id"])
        return made

    def record(self, name: str, made: dict[str, str], **fields: Any) -> str:
        """A record of the mail, as an earlier run left it."""
        return self.world.create(
            "Email__c",
            Name=name,
            Message_Key__c=random.Random(name).randbytes(16).hex(),
            Internet_Message_Id__c=made["internetMessageId"].strip("<>"),
            Sent_At__c=stamp(self.received),
            **fields,
        )

    def all(self) -> None:
        """Sixteen messages."""
        world, upn = self.world, self.boxes[0]["User_Principal_Name__c"]
        self.message("draft", folder="drafts", isDraft=True, **{"from": upn, "toRecipients": [self.client["Email"]]})
        self.message("a chat", folder="TeamsMessagesData", box=2)
        self.message("opted out", categories=["Do Not Sync"])
        self.message("blind copy", toRecipients=["list@elsewhere.example"])
        self.message("in the bin", internetMessageId="<bin@x.example>")
        self.message("colleague", **{"from": f"it@mail.{upn.partition('@')[2]}"})
        world.exclusion("Personal Address", "mum@private.example", User__c=self.boxes[0]["User__c"])
        self.message("private", **{"from": "mum@private.example"})
        self.message("private elsewhere", box=1, **{"from": "mum@private.example"})
        rule = world.exclusion("External Address", "*@gone.example")
        self.message("rule removed since", **{"from": "someone@gone.example"})
        world.org.MS_Graph_Exclusion__c.update(rule, {"Active__c": False})
        self.message("stranger, long ago", received=world.ago(days=90), **{"from": "who@unknown.example"})
        self.message("stranger", **{"from": "who@unknown.example"})
        tombstone = self.message("removed", internetMessageId="<removed@x.example>")
        self.record("(removed)", tombstone, Match_Status__c="Removed")
        both = {
            "toRecipients": [box["User_Principal_Name__c"] for box in self.boxes[:2]],
            "internetMessageId": "<both@x.example>",
            "sentDateTime": stamp(world.ago(days=3)),
        }
        self.message("one copy", box=0, **both)
        self.message("another copy", box=1, **both)
        self._fail()
        shown = {"Subject__c": "in the bin", "From_Address__c": self.client["Email"], "To__c": upn}
        bin_id = {"internetMessageId": "<bin@x.example>"}
        binned = self.record("in the bin", bin_id, Match_Status__c="Matched", **shown)
        # by a person: what the connector deletes itself may come back
        world.org.Email__c.delete(binned)

    def _fail(self) -> None:
        """One whose folder nobody can read, and one whose body is not given, which only the run finds out."""
        self.message("folder unread", box=3, folder="TeamsMessagesData")
        user = self.boxes[3]["Graph_User_Id__c"]
        denied = {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}
        path = rf"/users/{user}/mailFolders/[^/?]{{40,}}(\?|$)"
        self.world.fault(service="graph", method="GET", path=path, times=0, status=403, body=denied)
        bad = self.message("body withheld")
        body = {"error": {"code": "ErrorInternalServerError", "message": "Try later."}}
        for sub in (False, True):
            path = rf"/messages/{bad['id']}[^'\"]*body"
            self.world.fault(service="graph", path=path, times=0, status=500, body=body, sub=sub)


def lines(capture: pytest.CaptureFixture[str], world: World, *arguments: str) -> list[dict[str, Any]]:
    """A command with --json: each line that it prints."""
    capture.readouterr()
    run(["--config", world.config, *arguments, "--json"])
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


def place_of(line: dict[str, Any]) -> Place:
    return line["mailbox"], line["message_id"]


class _Read:
    """What admins set, read once: it does not change while three hundred messages are explained."""

    def __init__(self, admin: SalesforceSetup) -> None:
        self._admin, self._setup = admin, admin.read()

    @property
    def now(self) -> datetime | None:
        return self._admin.now

    def read(self) -> Setup:
        return self._setup


def explained(world: World, places: list[Place]) -> dict[Place, dict[str, Any]]:
    """What `explain --json` prints of each message, by the function behind the command, signed in once."""
    settings = load(Path(world.config), os.environ)
    configure_logging(settings, level="error")
    with services(settings) as (mail, org):
        admin = SalesforceSetup(org, all_errors=True)
        read, directory = _Read(admin), SalesforceDirectory(org, lambda: admin.email_fields)
        return {
            (upn, message): explanation_object(explain(read, mail, directory, upn=upn, message=message))
            for upn, message in places
        }


def tell(sample: Sample, capture: pytest.CaptureFixture[str]) -> None:
    """By the command itself, for people: a message of each kind, with the rule, the record and the remedy."""
    for name, (upn, message) in sample.planted.items():
        capture.readouterr()
        assert run(["--config", sample.world.config, "explain", upn, message]) == 0
        said, line = capture.readouterr().out, sample.after[upn, message]
        stands = line["stored"] or line["outcome"] not in ("matched", "unmatched_kept", "duplicate")
        assert stands or line["outcome"] in said.partition("not stored. ")[0]
        assert f"{line['outcome'] if stands else 'not stored'}. {line['sentence']}" in said
        assert line["rule_id"] is None or line["rule_id"] in said
        assert line["remedy"] in said
        assert f"■ {line['outcome']}" in said
        for text in WORDS[name] if name in WORDS else COPIES[line["outcome"]]:
            assert text in said, said


@pytest.fixture(scope="module")
def sample(large: World) -> Sample:
    """The firm with what is planted, before anything is read."""
    made = Sample(large)
    _Planting(made).all()
    return made


@pytest.mark.slow
def test_explain_agrees_with_sync_on_every_message(sample: Sample, capfd: pytest.CaptureFixture[str]) -> None:
    world = sample.world
    *foreseen, summary = lines(capfd, world, "sync", "--dry-run")
    sample.foreseen = {place_of(line): line for line in foreseen}
    assert len(foreseen) == len(sample.foreseen) == summary["listed"] == SAMPLE
    places = list(sample.foreseen)
    random.Random(SIZE["seed"]).shuffle(places)

    sample.before = explained(world, places)

    told = {place: {name: line[name] for name in sample.foreseen[place]} for place, line in sample.before.items()}
    assert told == sample.foreseen
    assert {line["outcome"] for line in told.values()} == OUTCOMES
    assert all(line["email_id"] is None for line in sample.before.values() if line["outcome"] != "removed")

    [sample.report] = lines(capfd, world, "sync")

    expected = {place: line["outcome"] for place, line in sample.before.items()}
    expected[sample.planted["body withheld"]] = "failed"
    assert sample.report["outcomes"] == {name: Counter(expected.values())[name] for name in OUTCOMES}
    query = "SELECT Id, Graph_Message_Id__c, Mailbox__r.User_Principal_Name__c, Match_Status__c FROM Email__c"
    stored = {
        (row["Mailbox__r"]["User_Principal_Name__c"], row["Graph_Message_Id__c"]): row
        for row in world.rows(f"{query} WHERE Match_Status__c != 'Removed'")
    }
    kinds = {place: f"{'un' * (row['Match_Status__c'] == 'Unmatched')}matched" for place, row in stored.items()}
    assert {place: kind.replace("unmatched", "unmatched_kept") for place, kind in kinds.items()} == {
        place: outcome for place, outcome in expected.items() if outcome in ("matched", "unmatched_kept")
    }
    failed = world.rows("SELECT Id, Graph_Message_Id__c, Mailbox__r.User_Principal_Name__c FROM MS_Graph_Sync_Error__c")
    rows = {(row["Mailbox__r"]["User_Principal_Name__c"], row["Graph_Message_Id__c"]): row["Id"] for row in failed}
    assert set(rows) == {place for place, outcome in expected.items() if outcome == "failed"}

    sample.after = explained(world, places)

    assert {place: line["outcome"] for place, line in sample.after.items()} == expected
    for place, line in sample.after.items():
        if place in stored:
            assert line["email_id"] == stored[place]["Id"]
            assert (line["rule"], line["rule_id"]) == (sample.before[place]["rule"], sample.before[place]["rule_id"])
        elif line["outcome"] == "duplicate":
            assert line["email_id"] == line["rule_id"] in {row["Id"] for row in stored.values()}
        assert (line["error"] or {}).get("id") == rows.get(place)
        assert line["matches"] == sample.before[place]["matches"]

    again = {place_of(line): line for line in lines(capfd, world, "sync", "--dry-run", "--sweep")[:-1]}
    assert len(again) > SAMPLE / 6
    for place, line in again.items():
        kept = line["outcome"] == "duplicate" and place in stored
        assert line["outcome"] == expected[place] or kept
        assert not kept or line["rule_id"] == sample.after[place]["email_id"]

    copies = [sample.planted["one copy"], sample.planted["another copy"]]
    assert sorted(expected[place] for place in copies) == sorted(COPIES)
    assert sample.planted.keys() == {*WORDS, "one copy", "another copy"}
    tell(sample, capfd)
