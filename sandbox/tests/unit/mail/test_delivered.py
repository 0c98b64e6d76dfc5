"""Mail from files as clients of Graph read it out of a mailbox."""

import json
from pathlib import Path
from typing import Any

import pytest
from m365sandbox.mail.mime import message_of
from testkit.csdl.answers import Asked, check_answer
from testkit.csdl.values import Checker
from testkit.graph_tenant import ADA, START, GraphTenant

from tests.unit.mail.test_meetings import calendar

MAIL = Path(__file__).parents[2] / "fixtures" / "mail"
MESSAGES = f"/v1.0/users/{ADA}/messages"


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox()
    return made


def delivered(tenant: GraphTenant, raw: bytes, folder: str = "inbox") -> str:
    """Put a mail into the mailbox; gives its address."""
    return f"{MESSAGES}/{tenant.graph.add_message(ADA, message_of(raw), START, folder)['id']}"


def read(tenant: GraphTenant, url: str) -> Any:
    """An answer that fits the schema."""
    value = tenant.value(url)
    checker = Checker()
    kind = {"Content-Type": "application/json"}
    check_answer(checker, Asked.of("GET", url), 200, kind, json.dumps(value).encode())
    assert checker.problems == []
    return value


@pytest.mark.parametrize("file", sorted(MAIL.iterdir()), ids=lambda file: file.name)
def test_every_fixture_is_served_as_the_schema_says(file: Path, tenant: GraphTenant) -> None:
    raw = file.read_bytes()
    mail = delivered(tenant, raw)
    shown = read(tenant, mail)
    assert shown["subject"] == message_of(raw)["subject"]
    selected = read(tenant, f"{mail}?$select=uniqueBody,internetMessageHeaders")
    headers = message_of(raw)["internetMessageHeaders"]
    assert selected.get("internetMessageHeaders", []) == [one for one in headers if one["name"].lower() != "bcc"]
    for attachment in read(tenant, f"{mail}/attachments")["value"]:
        one = f"{mail}/attachments/{attachment['id']}"
        read(tenant, f"{one}?$expand=microsoft.graph.itemattachment/item")
        assert tenant.ask(f"{one}/$value").status == 200
    assert tenant.ask(f"{mail}/$value").status == 200


INVITATION = (
    b"From: tom@client.example\nSubject: Review\nContent-Type: text/calendar; method=REQUEST\n\n"
    + calendar("DTSTART:20260701T090000Z", "LOCATION:Room 4").encode()
)


def test_an_invitation_is_listed_with_its_type(tenant: GraphTenant) -> None:
    delivered(tenant, INVITATION)
    (message,) = read(tenant, MESSAGES)["value"]
    assert message["@odata.type"] == "#microsoft.graph.eventMessageRequest"
    assert message["location"]["displayName"] == "Room 4"
    (chosen,) = read(tenant, f"{MESSAGES}?$select=subject,microsoft.graph.eventMessage/location")["value"]
    assert (chosen["subject"], chosen["location"]["displayName"]) == ("Review", "Room 4")


def test_an_invitation_inside_a_mail_keeps_its_type(tenant: GraphTenant) -> None:
    mail = delivered(tenant, b"Subject: Fw: Review\nContent-Type: message/rfc822\n\n" + INVITATION)
    (attachment,) = read(tenant, f"{mail}/attachments")["value"]
    item = read(tenant, f"{mail}/attachments/{attachment['id']}?$expand=microsoft.graph.itemattachment/item")["item"]
    assert item["@odata.type"] == "#microsoft.graph.eventMessageRequest"
    assert (item["id"], item["subject"], item["isDraft"]) == ("", "Review", False)
    assert "internetMessageHeaders" not in item


@pytest.mark.parametrize(("folder", "names"), [("inbox", []), ("sentitems", ["Bcc"])])
def test_bcc_stays_with_the_sender(folder: str, names: list[str], tenant: GraphTenant) -> None:
    raw = b"From: tom@client.example\nTo: ada@firm.example\nBcc: secret@client.example\n\nx"
    found = read(tenant, f"{delivered(tenant, raw, folder)}?$select=bccRecipients,internetMessageHeaders")
    assert [one["name"] for one in found["internetMessageHeaders"] if one["name"] == "Bcc"] == names
    assert len(found["bccRecipients"]) == len(names)


def test_the_unique_body_leaves_the_quote_out(tenant: GraphTenant) -> None:
    raw = b'Content-Type: text/html\n\n<p>Yes.</p><blockquote type="cite">Shall we?</blockquote>'
    mail = delivered(tenant, raw)
    found = read(tenant, f"{mail}?$select=body,uniqueBody")
    assert "Shall we?" in found["body"]["content"]
    assert "Shall we?" not in found["uniqueBody"]["content"]
    assert "uniqueBody" not in read(tenant, mail)


def test_a_derived_member_of_a_wrong_type_is_refused(tenant: GraphTenant) -> None:
    message = {"@odata.type": "#microsoft.graph.eventMessageRequest", "subject": "x"}
    for name, value in (
        ("isAllDay", "no"),
        ("startDateTime", {"dateTime": None}),
        ("location", {"displayName": 5}),
        ("recurrence", {"pattern": {"interval": None}}),
        ("recurrence", {"range": {"startDate": "2026-02-30"}}),
        ("meetingRequestType", "New"),
    ):
        with pytest.raises(ValueError, match=name):
            tenant.graph.add_message(ADA, {**message, name: value})
    tenant.graph.add_message(ADA, message)
    (shown,) = read(tenant, MESSAGES)["value"]
    assert (shown["meetingRequestType"], shown["previousLocation"]) == ("newMeetingRequest", None)
