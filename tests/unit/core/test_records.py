import base64
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.deciding.match import Match
from connector.core.writing.records import conversation_key, direction_of, expires_on, org_date, owner_of
from connector.core.writing.text import units
from connector.model.mail import Direction, Party, Recipient, Role
from connector.model.org import Org
from connector.model.records import Row
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import NOW, header, settings
from tests.unit.core.recording import (
    ADA,
    AUDIT,
    BEN,
    CAS,
    KEY,
    OWNER,
    contact,
    desired,
    match,
)


def fields_of(**header_fields: Any) -> dict[str, Any]:
    return dict(desired(match("ann@client.example", contact(1)), copies=(header(**header_fields),)).email.fields)


def test_the_whole_row_of_a_mail() -> None:
    index = bytes(range(22)) + b"reply" * 2
    copy = header(
        id="AAkALgAA=",
        message_id=" <Mixed.Case@client.example> ",
        from_="Ann Ames <Ann@Client.example>",
        to=("Ada Adviser <adviser@firm.example>", "bob@client.example"),
        cc="cy@client.example",
        subject="Your\r\n portfolio",
        preview="Dear Ada,\n as agreed",
        importance="high",
        web_link="https://outlook.example/?ItemID=1",
        conversation_index=base64.b64encode(index).decode(),
        received_at=NOW + timedelta(seconds=5),
    )
    row = desired(match("ann@client.example", contact(1)), copies=(copy,)).email
    assert (row.object, row.key_field, row.key, row.id) == ("Email__c", "Message_Key__c", KEY, None)
    assert row.fields == {
        "Name": "Your portfolio",
        "Subject__c": "Your portfolio",
        "From_Address__c": "Ann@Client.example",
        "From_Name__c": "Ann Ames",
        "To__c": "Ada Adviser <adviser@firm.example>; bob@client.example",
        "Cc__c": "cy@client.example",
        "Sent_At__c": NOW,
        "Received_At__c": NOW + timedelta(seconds=5),
        "Direction__c": "Inbound",
        "Body__c": "<p>Hello</p>",
        "Body_Truncated__c": False,
        "Preview__c": "Dear Ada, as agreed",
        "Importance__c": "High",
        "Web_Link__c": "https://outlook.example/?ItemID=1",
        "Message_Key__c": KEY,
        "Internet_Message_Id__c": "Mixed.Case@client.example",
        "Conversation_Key__c": index[:22].hex(),
        "Graph_Message_Id__c": "AAkALgAA=",
        "Mailbox__c": "a0M000000000001AAA",
        "Sync_Event__r": {"Run_Key__c": "2026-03-02T12:00:00Z-1"},
        "Match_Status__c": "Matched",
        "OwnerId": OWNER,
        **AUDIT,
    }


def test_an_unmatched_mail_has_an_end_and_no_task() -> None:
    mail = desired(match("who@client.example"), match("else@client.example"))
    assert not mail.matched
    assert mail.tasks == ()
    assert mail.email.fields["Match_Status__c"] == "Unmatched"
    assert mail.email.fields["Expires_On__c"] == date(2026, 4, 1)
    assert mail.sort_key == KEY


@pytest.mark.parametrize(
    ("zone", "received", "expected"),
    [
        ("America/Los_Angeles", datetime(2026, 3, 2, 7, 59, tzinfo=UTC), date(2026, 3, 1)),
        ("America/Los_Angeles", datetime(2026, 3, 2, 8, 0, tzinfo=UTC), date(2026, 3, 2)),
        ("Pacific/Auckland", datetime(2026, 3, 1, 11, 0, tzinfo=UTC), date(2026, 3, 2)),
        ("GMT", datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC), date(2026, 3, 2)),
    ],
)
def test_dates_are_those_of_the_org(zone: str, received: datetime, expected: date) -> None:
    org = Org(id="00D", time_zone=zone)
    assert org_date(received, org) == expected
    assert expires_on(received, settings(unmatched_retention_days=0), org) == expected
    assert expires_on(received, settings(unmatched_retention_days=30), org) == expected + timedelta(days=30)
    (task,) = desired(match("a@client.example", contact(1)), org=org, sent_at=received).tasks
    assert task.fields["ActivityDate"] == expected


def test_a_mail_without_subject_says_so_everywhere() -> None:
    mail = desired(match("ann@client.example", contact(1)), copies=(header(subject=" \r\n\x00"),))
    assert mail.email.fields["Name"] == "(no subject)"
    assert mail.participants[0].fields["Subject__c"] == "(no subject)"
    assert mail.tasks[0].fields["Subject"] == "Email: (no subject)"


def test_what_leads_nowhere_when_cut_is_left_out() -> None:
    link = "https://outlook.example/?ItemID=" + "a" * 230
    fields = fields_of(web_link=link, id="A" * 256)
    assert "Web_Link__c" not in fields
    assert "Graph_Message_Id__c" not in fields
    assert fields_of(web_link=link[:255], id="A" * 255)["Web_Link__c"] == link[:255]


@pytest.mark.parametrize(
    ("importance", "expected"),
    [("low", "Low"), ("normal", "Normal"), ("HIGH", "High"), ("urgent", "Normal"), ("", "Normal")],
)
def test_importance_is_one_of_three(importance: str, expected: str) -> None:
    assert fields_of(importance=importance)["Importance__c"] == expected


@pytest.mark.parametrize("index", [None, "", "AAAA", "no base64!", base64.b64encode(b"x" * 21).decode()])
def test_no_conversation_key_without_a_whole_thread_header(index: str | None) -> None:
    assert conversation_key(header(conversation_index=index)) is None


def test_a_reply_has_the_conversation_key_of_its_thread() -> None:
    thread = bytes(range(100, 122))
    keys = {
        conversation_key(header(conversation_index=base64.b64encode(thread + b"12345" * replies).decode()))
        for replies in range(3)
    }
    assert keys == {thread.hex()}


def test_bcc_comes_from_whichever_copy_knows_it() -> None:
    plain = header(bcc=())
    own = header(bcc=("Bea <bea@client.example>", "BEA@client.example", "cy@client.example"), mailbox="a0M2")
    for copies in ((plain, own), (own, plain)):
        assert desired(copies=copies).email.fields["Bcc__c"] == "Bea <bea@client.example>; cy@client.example"


def test_a_sender_without_an_address_is_shown_by_name() -> None:
    """As of some bounces. One with an address comes first, whichever field and copy it is in."""
    nobody = header(from_=Recipient(name="Mail Delivery System", address=""))
    fields = desired(copies=(nobody,)).email.fields
    assert fields["From_Name__c"] == "Mail Delivery System"
    assert not fields.get("From_Address__c")
    known = header(from_=Recipient(name="Ann", address="ann@client.example"))
    for copies in ((nobody, known), (known, nobody)):
        fields = desired(copies=copies).email.fields
        assert (fields["From_Name__c"], fields["From_Address__c"]) == ("Ann", "ann@client.example")


def test_the_sender_is_shown_by_the_copy_that_has_an_smtp_address() -> None:
    legacy = header(from_="Ada <//O=FIRM/CN=ADA>".replace("//", "/"), to=())
    smtp = header(from_="Ada Adviser <ada@firm.example>", to="ann@client.example")
    fields = desired(copies=(legacy, smtp)).email.fields
    assert fields["From_Address__c"] == "ada@firm.example"
    assert fields["To__c"] == "ann@client.example"
    alone = desired(copies=(header(from_=None, sender="Bot <bot@client.example>"),)).email.fields
    assert (alone["From_Address__c"], alone["From_Name__c"]) == ("bot@client.example", "Bot")
    assert "From_Address__c" not in desired(copies=(header(from_=None),)).email.fields


LINKED = {
    NormalAddress("ada@firm.example"): ADA,
    NormalAddress("a.adviser@firm.example"): ADA,
    NormalAddress("ben@firm.example"): BEN,
}


@pytest.mark.parametrize(
    ("fields", "owner"),
    [
        ({"from_": "A.Adviser@FIRM.example", "to": "ben@firm.example"}, ADA),
        ({"from_": "list@firm.example", "sender": "ben@firm.example", "to": "ada@firm.example"}, BEN),
        ({"to": ("ann@client.example", "ben@firm.example", "ada@firm.example")}, BEN),
        ({"to": "ann@client.example", "cc": "ada@firm.example"}, ADA),
        ({"to": "ada@firm.example", "cc": "ben@firm.example"}, ADA),
        ({"to": "ann@client.example", "bcc": "ben@firm.example"}, CAS),
        ({"from_": None, "to": ()}, CAS),
    ],
)
def test_the_owner_is_the_first_linked_user(fields: dict[str, Any], owner: RecordId) -> None:
    assert owner_of([header(**fields)], LINKED, CAS) == owner


def test_the_owner_does_not_depend_on_the_order_of_copies() -> None:
    copies = [
        header(mailbox="a0M1", from_="/O=FIRM/CN=ADA", to="ben@firm.example"),
        header(mailbox="a0M2", from_="ada@firm.example", to="ben@firm.example"),
        header(mailbox="a0M3", from_="/O=FIRM/CN=ADA", to=("cas@firm.example", "ben@firm.example")),
    ]
    assert {owner_of(order, LINKED, CAS) for order in permutations(copies)} == {ADA}
    # nor where the copies name different people first
    copies = [header(mailbox="a0M1", to="ben@firm.example"), header(mailbox="a0M2", to="ada@firm.example")]
    assert {owner_of(order, LINKED, CAS) for order in permutations(copies)} == {BEN}


@pytest.mark.parametrize(
    ("fields", "direction"),
    [
        ({"from_": "Ada@Firm.example"}, Direction.OUTBOUND),
        ({"from_": "ann@client.example", "sender": "ada@firm.example"}, Direction.INBOUND),
        ({"from_": None, "sender": "ada@firm.example"}, Direction.OUTBOUND),
        ({"from_": "/O=FIRM/CN=ADA"}, Direction.OUTBOUND),
        ({"from_": None}, Direction.INBOUND),
    ],
)
def test_outbound_is_what_one_of_us_sent(fields: dict[str, Any], direction: Direction) -> None:
    assert direction_of(header(**fields), lambda address: address.endswith("@firm.example")) is direction


# -- every field fits -------------------------------------------------------------------------------------------------

LIMITS = {
    "Name": 80,
    "To__c": 32_768,
    "Cc__c": 32_768,
    "Bcc__c": 32_768,
    "Description": 32_000,
    "Message_Key__c": 32,
    "Participant_Key__c": 64,
    "Task_Key__c": 64,
    "Conversation_Key__c": 64,
    "Body__c": 131_072,
}
wild = st.text(alphabet=st.characters(exclude_categories=()), max_size=30)
long = st.builds(lambda text, times: text * times, wild, st.sampled_from([1, 1, 40, 800]))


def texts(row: Row) -> dict[str, str]:
    return {name: value for name, value in row.fields.items() if isinstance(value, str)}


@given(st.fixed_dictionaries(dict.fromkeys(("subject", "preview", "web_link", "conversation_index"), long)), long, long)
def test_every_text_fits_its_field_and_can_be_sent(fields: dict[str, str], name: str, address: str) -> None:
    people = tuple(Recipient(name=name, address=f"{number}{address}") for number in range(3))
    copy = header(from_=people[0], to=people, cc=people, bcc=people, message_id=f"<{address}>", **fields)
    parties = [
        match("ann@client.example", contact(1), name=name),
        Match(party=Party(address=NormalAddress(address), name=name, role=Role.CC)),
    ]
    mail = desired(*parties, copies=(copy,))
    for row in (mail.email, *mail.participants, *mail.tasks):
        for field, value in texts(row).items():
            value.encode("utf-8")
            assert "\x00" not in value
            assert 0 < units(value) <= LIMITS.get(field, 255), field
