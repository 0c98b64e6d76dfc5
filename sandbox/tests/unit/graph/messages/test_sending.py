"""Mail that is sent, answered and forwarded, and its arrival in other mailboxes of the firm."""

import base64
from typing import Any

import pytest
from testkit.graph_tenant import ADA, START, GraphTenant, content

BOB, EVE = "bob@firm.example", "eve@firm.example"


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox(displayName="Ada Finch")
    made.mailbox(BOB, displayName="Bob Alder", proxyAddresses=["SMTP:bob@firm.example", "smtp:b.alder@firm.example"])
    made.mailbox(EVE, displayName="Eve Marsh")
    return made.may_write()


def to(*addresses: str) -> list[dict[str, Any]]:
    return [{"emailAddress": {"name": address, "address": address}} for address in addresses]


def listed(tenant: GraphTenant, upn: str, folder: str) -> list[dict[str, Any]]:
    return list(tenant.value(f"/v1.0/users/{upn}/mailFolders/{folder}/messages?$top=100")["value"])


def test_send_mail_as_the_documentation_writes_it(tenant: GraphTenant) -> None:
    # sendMail, example 1 and 3.
    message = {
        "subject": "Meet for lunch?",
        "body": {"contentType": "Text", "content": "The new cafeteria is open."},
        "toRecipients": to("b.alder@firm.example", "cleo@client.example"),
        "bccRecipients": to(EVE),
        "attachments": [{"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": "aGk="}],
    }
    tenant.done(f"/v1.0/users/{ADA}/sendMail", "POST", 202, {"message": message, "saveToSentItems": "true"})
    (sent,) = listed(tenant, ADA, "sentitems")
    (first,) = listed(tenant, BOB, "inbox")
    (second,) = listed(tenant, EVE, "inbox")
    assert listed(tenant, ADA, "drafts") == []
    assert (sent["isDraft"], sent["isRead"], first["isRead"]) == (False, True, False)
    assert sent["internetMessageId"] == first["internetMessageId"] == second["internetMessageId"]
    assert len({sent["id"], first["id"], second["id"]}) == 3
    assert sent["bccRecipients"] == to(EVE)
    assert first["bccRecipients"] == second["bccRecipients"] == []
    assert first["from"]["emailAddress"]["address"] == ADA
    assert first["hasAttachments"] is True


def test_mail_that_is_not_kept_by_its_sender(tenant: GraphTenant) -> None:
    body = {"message": {"subject": "Note", "toRecipients": to(BOB)}, "saveToSentItems": False}
    tenant.done(f"/v1.0/users/{ADA}/sendMail", "POST", 202, body)
    assert listed(tenant, ADA, "sentitems") == []
    assert len(listed(tenant, BOB, "inbox")) == 1


def test_mail_sent_as_mime(tenant: GraphTenant) -> None:
    mime = base64.b64encode(b"From: ada@firm.example\r\nTo: bob@firm.example\r\nSubject: Plan\r\n\r\nHello\r\n")
    response = tenant.ask(f"/v1.0/users/{ADA}/sendMail", "POST", headers={"content-type": "text/plain"}, raw=mime)
    assert response.status == 202
    assert [item["subject"] for item in listed(tenant, BOB, "inbox")] == ["Plan"]


def test_a_sent_draft_keeps_its_immutable_id(tenant: GraphTenant) -> None:
    draft = tenant.made(f"/v1.0/users/{ADA}/messages", {"subject": "Plan", "toRecipients": to("cleo@client.example")})
    tenant.done(f"/v1.0/users/{ADA}/messages/{draft['id']}/send", "POST", 202)
    (sent,) = listed(tenant, ADA, "sentitems")
    assert sent["id"] == draft["id"]
    assert sent["internetMessageId"] == draft["internetMessageId"]
    assert tenant.code(f"/v1.0/users/{ADA}/messages/{draft['id']}/send", 400, method="POST") == "ErrorInvalidOperation"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "UnableToDeserializePostBody"),
        ({"message": {"subject": "a"}}, "ErrorInvalidRecipients"),
        ({"message": {"toRecipients": to("nobody")}}, "ErrorInvalidRecipients"),
        ({"message": {"toRecipients": to(BOB)}, "saveToSentItems": "perhaps"}, "UnableToDeserializePostBody"),
        ({"message": {"toRecipients": to(BOB)}, "colour": "red"}, "BadRequest"),
    ],
)
def test_mail_that_cannot_be_sent(tenant: GraphTenant, body: Any, code: str) -> None:
    assert tenant.code(f"/v1.0/users/{ADA}/sendMail", 400, method="POST", body=body or {"@x": 1}) == code
    assert listed(tenant, BOB, "inbox") == []


def received(tenant: GraphTenant) -> dict[str, Any]:
    given = {
        "subject": "Your plan",
        "from": to("cleo@client.example")[0],
        "toRecipients": to(ADA, BOB),
        "ccRecipients": to(EVE),
        "body": {"contentType": "html", "content": "<p>As agreed</p>"},
        "attachments": [{"name": "a.txt", "contentBytes": "aGk="}],
    }
    made = tenant.graph.add_message(ADA, given, START)
    return dict(tenant.value(f"/v1.0/users/{ADA}/messages/{made['id']}"))


@pytest.mark.parametrize(
    ("action", "subject", "recipients", "copied"),
    [
        ("createReply", "RE: Your plan", ["cleo@client.example"], []),
        ("createReplyAll", "RE: Your plan", ["cleo@client.example", BOB], [EVE]),
        ("createForward", "FW: Your plan", [], []),
    ],
)
def test_the_draft_of_an_answer(
    tenant: GraphTenant, action: str, subject: str, recipients: list[str], copied: list[str]
) -> None:
    original = received(tenant)
    draft = tenant.made(f"/v1.0/users/{ADA}/messages/{original['id']}/{action}", {"comment": "Thank you"})
    assert (draft["subject"], draft["isDraft"]) == (subject, True)
    assert [item["emailAddress"]["address"] for item in draft["toRecipients"]] == recipients
    assert [item["emailAddress"]["address"] for item in draft["ccRecipients"]] == copied
    assert "<body>Thank you<hr>" in draft["body"]["content"]
    assert "As agreed" in draft["body"]["content"]
    assert draft["conversationId"] == original["conversationId"]
    index = [base64.b64decode(item["conversationIndex"]) for item in (original, draft)]
    assert index[1][:-5] == index[0]
    assert draft["hasAttachments"] is (action == "createForward")


@pytest.mark.parametrize(("action", "reached"), [("reply", []), ("replyAll", [BOB, EVE]), ("forward", [EVE])])
def test_an_answer_that_is_sent_at_once(tenant: GraphTenant, action: str, reached: list[str]) -> None:
    original = received(tenant)
    body = {"comment": "Please see below"} | ({"toRecipients": to(EVE)} if action == "forward" else {})
    tenant.done(f"/v1.0/users/{ADA}/messages/{original['id']}/{action}", "POST", 202, body)
    (sent,) = listed(tenant, ADA, "sentitems")
    assert sent["conversationId"] == original["conversationId"]
    assert [upn for upn in (BOB, EVE) if listed(tenant, upn, "inbox")] == reached


def test_a_comment_and_a_body_exclude_each_other(tenant: GraphTenant) -> None:
    original = received(tenant)
    body = {"comment": "a", "message": {"body": {"contentType": "text", "content": "b"}}}
    response = tenant.ask(f"/v1.0/users/{ADA}/messages/{original['id']}/reply", "POST", body=body)
    assert (response.status, content(response)["error"]["code"]) == (400, "ErrorInvalidArgument")
