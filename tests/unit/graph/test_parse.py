"""Graph's JSON to models: what may be missing, what must not be."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import MailboxError
from connector.graph import parse
from connector.model.mail import AttachmentKind, Recipient
from connector.model.values import RecordId

BOX = RecordId("a0M000000000001AAA")


def item(**more: Any) -> dict[str, Any]:
    return {"id": "AAkA1", "parentFolderId": "F1", "receivedDateTime": "2026-03-02T12:00:00Z", **more}


def test_a_header_with_all_its_members() -> None:
    header = parse.header(
        BOX,
        item(
            sentDateTime="2026-03-02T11:59:58Z",
            internetMessageId="<1@client.example>",
            conversationIndex="AQ==",
            subject="Review",
            sender={"emailAddress": {"name": "Office", "address": "office@client.example"}},
            toRecipients=[{"emailAddress": {"name": "Ada", "address": "ada@firm.example"}}],
            ccRecipients=[{"emailAddress": {"address": "bob@firm.example"}}],
            bccRecipients=[{"emailAddress": {"name": "Undisclosed"}}],
            importance="high",
            categories=["Do Not Sync"],
            webLink="https://outlook.example/1",
            isDraft=False,
            hasAttachments=True,
            **{"from": {"emailAddress": {"name": "Client", "address": "client@client.example"}}},
        ),
    )
    assert header.received_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert header.sent_at == datetime(2026, 3, 2, 11, 59, 58, tzinfo=UTC)
    assert header.from_ == Recipient(name="Client", address="client@client.example")
    assert header.sender == Recipient(name="Office", address="office@client.example")
    assert header.to == (Recipient(name="Ada", address="ada@firm.example"),)
    assert header.cc == (Recipient(address="bob@firm.example"),)
    assert header.bcc == (Recipient(name="Undisclosed"),)
    assert (header.importance, header.categories, header.has_attachments) == ("high", ("Do Not Sync",), True)


@pytest.mark.parametrize("absent", [{}, dict.fromkeys(("sentDateTime", "subject", "from", "toRecipients", "webLink"))])
def test_what_graph_leaves_out_or_gives_as_null_is_empty(absent: dict[str, None]) -> None:
    header = parse.header(BOX, item(**absent))
    assert (header.sent_at, header.internet_message_id, header.subject, header.from_, header.to) == (
        None,
        None,
        "",
        None,
        (),
    )
    assert (header.importance, header.categories, header.is_draft) == ("normal", (), False)


@pytest.mark.parametrize("value", [{}, {"emailAddress": None}, {"emailAddress": {}}])
def test_a_recipient_without_address_is_none(value: dict[str, Any]) -> None:
    assert parse.header(BOX, item(toRecipients=[value], **{"from": value})).to == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T12:00:00Z", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("2026-03-02T12:00:00.9999999Z", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("2026-03-02T14:00:00+02:00", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_instants_are_whole_seconds_in_utc(text: str, expected: datetime) -> None:
    assert parse.instant(text) == expected


@pytest.mark.parametrize(
    "broken",
    [
        {"receivedDateTime": None},
        {"receivedDateTime": "yesterday"},
        {"receivedDateTime": "2026-03-02T12:00:00"},
        {"receivedDateTime": "0001-01-01T00:00:00+14:00"},
        {"toRecipients": ["ada@firm.example"]},
        {"sentDateTime": 5},
    ],
)
def test_a_message_that_cannot_be_read_is_named_and_its_content_is_not(broken: dict[str, Any]) -> None:
    with pytest.raises(MailboxError) as caught:
        parse.header(BOX, item(subject="Secret", **broken))
    assert caught.value.code == "BAD_ITEM"
    assert "AAkA1" in str(caught.value)
    assert "Secret" not in str(caught.value)
    assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize("value", [None, "text", {}, {"receivedDateTime": "2026-03-02T12:00:00Z"}])
def test_an_item_without_id_is_reported_too(value: Any) -> None:
    with pytest.raises(MailboxError, match="without id"):
        parse.header(BOX, value)


def test_a_body_may_be_text() -> None:
    html = parse.content({"id": "m", "body": {"contentType": "HTML", "content": "<p>x</p>"}, "bodyPreview": "x"})
    assert (html.html, html.is_html, html.preview) == ("<p>x</p>", True, "x")
    assert not parse.content({"id": "m", "body": {"contentType": "text", "content": "x"}}).is_html
    assert parse.content({"id": "m", "body": {"contentType": "text", "content": ""}}).html == ""


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"id": "m"},
        {"id": "m", "body": None},
        {"id": "m", "body": {}},
        {"id": "m", "body": {"content": None}},
        {"id": "m", "body": "x"},
        {"id": 3, "body": {"content": "x"}},
        {"body": {"content": "x"}},
        {"id": "m", "body": {"content": "x"}, "bodyPreview": 4},
    ],
)
def test_what_is_not_a_message_with_a_body_is_no_empty_mail(answer: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        parse.content(answer)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("#microsoft.graph.fileAttachment", AttachmentKind.FILE),
        ("microsoft.graph.itemAttachment", AttachmentKind.ITEM),
        ("#microsoft.graph.referenceAttachment", AttachmentKind.REFERENCE),
        (None, AttachmentKind.FILE),
    ],
)
def test_attachments_are_of_three_kinds(kind: str | None, expected: AttachmentKind) -> None:
    assert parse.attachment({"@odata.type": kind, "id": "1", "name": None, "size": None}).kind is expected


def test_a_folder_at_the_root_has_no_parent() -> None:
    assert parse.folder({"id": "F", "parentFolderId": ""}, "inbox").parent is None
    assert parse.folder({"id": "F", "parentFolderId": "R", "isHidden": True}).hidden


def test_addresses_of_a_user_are_smtp_only_the_primary_first_each_once() -> None:
    user = parse.directory_user(
        {
            "id": "U",
            "userPrincipalName": "ada@firm.onmicrosoft.example",
            "mail": "Ada@firm.example",
            "proxyAddresses": ["smtp:a@firm.example", "SMTP:ada@firm.example", "X500:/o=x", "sip:ada@firm.example"],
        },
        "user",
    )
    assert user.addresses == ("ada@firm.example", "a@firm.example", "ada@firm.onmicrosoft.example")
    assert parse.directory_user({"id": "U"}, "shared").addresses == ()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [({"value": "shared"}, "shared"), ({"value": {"value": "room"}}, "room"), ({}, "user"), ({"value": None}, "user")],
)
def test_the_purpose_of_a_mailbox(answer: dict[str, Any], expected: str) -> None:
    assert parse.purpose(answer) == expected
