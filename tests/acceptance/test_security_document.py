"""The table in docs/security.md says who may do what; the sandbox, which enforces rights and sharing, is asked."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from tests.support.people import Person, adviser
from tests.support.world import World

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
VERBS = ("see", "create", "edit", "delete")
#: makes a record of a row of the table, and says what may be changed of it: object, fields of a new one, a change
Record = Callable[["Org", "Person"], tuple[str, dict[str, Any], dict[str, Any]]]


class Org:
    """An org with one of each: mail and mailboxes of an adviser, `owner`."""

    def __init__(self, world: World) -> None:
        self.world = world
        token = world.ready["salesforce"]["integration"]["access_token"]
        self.connector = Salesforce(instance_url=world.url, session_id=token, session=world.org.session, version="66.0")
        world.settings()
        self.owner = adviser(world, "owner")
        self.number = 0

    def unique(self) -> str:
        """A text that no record has yet."""
        self.number += 1
        return f"unique-{self.number}"

    def make(self, sobject: str, fields: Mapping[str, Any]) -> str:
        """A record, as the connector makes it."""
        made: dict[str, Any] = getattr(self.connector, sobject).create(dict(fields))
        return str(made["id"])

    def mail(self, status: str, person: Person | None = None) -> dict[str, Any]:
        owner = (person or self.owner).id
        return {"Name": "A subject", "Message_Key__c": self.unique(), "Match_Status__c": status, "OwnerId": owner}

    def participant(self, status: str) -> dict[str, Any]:
        return {"Email__c": self.make("Email__c", self.mail(status)), "Participant_Key__c": self.unique()}

    def rule(self, kind: str, person: Person | None = None) -> dict[str, Any]:
        personal = kind == "Personal Address"
        pattern = f"{self.unique()}.example" if kind == "Internal Domain" else f"*@{self.unique()}.example"
        whose = {"OwnerId": person.id, "User__c": person.id} if personal and person else {}
        return {"Type__c": kind, "Pattern__c": pattern, **whose}

    def request(self, person: Person) -> dict[str, Any]:
        return {"Type__c": "Check", "OwnerId": person.id}


#: rows of the table: for the asking person, an object, the fields of a record of it, a change to it
ROWS: dict[str, Record] = {
    "Matched mail": lambda org, _: ("Email__c", org.mail("Matched"), {"Preview__c": "x"}),
    "Participants of matched mail": lambda org, _: (
        "Email_Participant__c",
        org.participant("Matched"),
        {"Display_Name__c": "x"},
    ),
    "Own kept mail": lambda org, who: ("Email__c", org.mail("Unmatched", who), {"Preview__c": "x"}),
    "Others' kept mail": lambda org, _: ("Email__c", org.mail("Unmatched"), {"Preview__c": "x"}),
    "Participants of others' kept mail": lambda org, _: (
        "Email_Participant__c",
        org.participant("Unmatched"),
        {"Display_Name__c": "x"},
    ),
    "Others' removed mail": lambda org, _: ("Email__c", org.mail("Removed"), {"Preview__c": "x"}),
    "Own personal exclusions": lambda org, who: (
        "MS_Graph_Exclusion__c",
        org.rule("Personal Address", who),
        {"Active__c": False},
    ),
    "Others' personal exclusions": lambda org, _: (
        "MS_Graph_Exclusion__c",
        org.rule("Personal Address", org.owner),
        {"Active__c": False},
    ),
    "External addresses": lambda org, _: (
        "MS_Graph_Exclusion__c",
        org.rule("External Address"),
        {"Active__c": False},
    ),
    "Internal domains": lambda org, _: ("MS_Graph_Exclusion__c", org.rule("Internal Domain"), {"Active__c": False}),
    "Mailboxes": lambda org, _: ("MS_Graph_User__c", {"Name": org.unique()}, {"Active__c": False}),
    "Sync events": lambda org, _: ("MS_Graph_Sync_Event__c", {"Run_Key__c": org.unique()}, {"Error_Message__c": "x"}),
    "Error rows": lambda org, _: ("MS_Graph_Sync_Error__c", {"Error_Key__c": org.unique()}, {"Message__c": "x"}),
    "Own requests": lambda org, who: ("MS_Graph_Request__c", org.request(who), {"Term__c": "x"}),
    "Others' requests": lambda org, _: ("MS_Graph_Request__c", org.request(org.owner), {"Term__c": "x"}),
}


def table() -> dict[str, dict[str, str]]:
    """The table of the document: row to column to cell."""
    text = DOCUMENT.read_text(encoding="utf-8")
    lines = text[text.index("<!-- who may do what -->") :].splitlines()[1:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    head, _, *body = rows[: next((n for n, line in enumerate(lines[1:], 1) if not line.startswith("|")), len(rows))]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


def verbs(org: Org, person: Person, record: Record, *, creates: bool) -> str:
    """What this person may do, as a cell of the table."""
    sobject, fields, change = record(org, person)
    try:
        record_id = org.make(sobject, fields)
    except SalesforceError as error:
        if "TRANSFER_REQUIRES_READ" in str(error.content):
            return "nothing"  # who may not read such records cannot own one
        raise
    seen = {"see"} if _finds(person, sobject, record_id) else set()
    new = {name: value for name, value in record(org, person)[1].items() if name != "OwnerId"}
    may = {
        *seen,
        *(["create"] if creates and person.may("create", sobject, new) else []),
        *(["edit"] if person.may("update", sobject, record_id, change) else []),
        *(["delete"] if person.may("delete", sobject, record_id) else []),
    }
    return ", ".join(verb for verb in VERBS if verb in may) or "nothing"


def _finds(person: Person, sobject: str, record_id: str) -> bool:
    try:
        return bool(person.rows(f"SELECT Id FROM {sobject} WHERE Id = '{record_id}'"))
    except SalesforceError as error:
        if "INVALID_TYPE" in str(error.content):
            return False  # the object is not there for this person
        raise


@pytest.fixture
def org(world: World) -> Org:
    return Org(world)


def test_the_document_s_table_is_what_the_org_enforces(org: Org) -> None:
    people = {
        "Anybody": Person(org.world, "plain", permission_sets=()),
        "Adviser": Person(org.world, "adviser"),
        "Sync admin": Person(org.world, "admin", permission_sets=("Microsoft_365_Sync_Admin",)),
    }
    found = {
        row: {column: verbs(org, who, record, creates="thers'" not in row) for column, who in people.items()}
        for row, record in ROWS.items()
    }
    assert table() == found


def test_nothing_of_settings_is_seen_but_by_an_admin(org: Org) -> None:
    plain, user = Person(org.world, "plain", permission_sets=()), Person(org.world, "adviser")
    [row] = org.world.rows("SELECT Id FROM MS_Graph_Setting__c")
    assert not any(_finds(person, "MS_Graph_Setting__c", row["Id"]) for person in (plain, user))
    admin = Person(org.world, "admin", permission_sets=("Microsoft_365_Sync_Admin",))
    assert admin.may("update", "MS_Graph_Setting__c", row["Id"], {"Sync_Bcc__c": True})
    assert re.search(r"settings record.*Sync admin", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


FILE = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "name": "statement.txt",
    "contentType": "text/plain",
    "contentBytes": "c2VjcmV0",
}


def test_files_and_mail_are_seen_by_the_same_people_and_by_who_stands_above_the_owner(org: Org) -> None:
    world, adviser_, boss = org.world, Person(org.world, "adviser"), Person(org.world, "boss")
    above = world.create("UserRole", Name="Head", DeveloperName="Head")
    below = world.create("UserRole", Name="Adviser", DeveloperName="Adviser", ParentRoleId=above)
    for person, role in ((boss, above), (org.owner, below)):
        world.org.User.update(person.id, {"UserRoleId": role})
    [setting] = world.rows("SELECT Id FROM MS_Graph_Setting__c")
    world.org.MS_Graph_Setting__c.update(setting["Id"], {"Keep_Unmatched__c": True})
    world.internal_domain()
    world.client("Rita", "Reed", "rita@reed.example")
    for subject, sender in (("Client", "rita@reed.example"), ("Private", "friend@home.example")):
        parts = {"from": sender, "toRecipients": ["owner@firm.example"], "attachments": [FILE]}
        world.message("owner", subject=subject, **parts)
    assert world.sync()["attachments"] == 2
    seen = {name: person.sees("Subject__c", "Email__c") for name, person in (("a", adviser_), ("b", boss))}
    assert seen == {"a": {"Client"}, "b": {"Client", "Private"}}
    mails = {row["Subject__c"]: row["Id"] for row in world.rows("SELECT Id, Subject__c FROM Email__c")}
    for subject, count in (("Client", 1), ("Private", 0)):
        links = f"SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '{mails[subject]}'"
        assert len(adviser_.rows(links)) == count, subject
