"""Drafts, changes, moves, copies and deletions: the histories that a test can make through Graph itself."""

import base64
from typing import Any

import pytest
from testkit.graph_tenant import ADA, START, GraphTenant, content

MESSAGES = f"/v1.0/users/{ADA}/messages"
FOLDERS = f"/v1.0/users/{ADA}/mailFolders"


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox(displayName="Ada Finch")
    return made.may_write()


def listed(tenant: GraphTenant, folder: str) -> list[dict[str, Any]]:
    return list(tenant.value(f"{FOLDERS}/{folder}/messages?$top=100")["value"])


def test_a_draft_as_the_documentation_writes_it(tenant: GraphTenant) -> None:
    # Create message, example 1.
    given = {
        "subject": "Did you see last night's game?",
        "importance": "Low",
        "body": {"contentType": "HTML", "content": "They were <b>awesome</b>!"},
        "toRecipients": [{"emailAddress": {"address": "cleo@client.example"}}],
    }
    response = tenant.ask(MESSAGES, "POST", body=given)
    assert response.status == 201
    draft = content(response)
    assert (draft["isDraft"], draft["importance"], draft["body"]["contentType"]) == (True, "low", "html")
    address = "cleo@client.example"
    assert draft["toRecipients"] == [{"emailAddress": {"name": address, "address": address}}]
    assert "<body>They were <b>awesome</b>!</body>" in draft["body"]["content"]
    assert response.headers["Location"].endswith(f"/messages('{draft['id']}')")
    assert [item["id"] for item in listed(tenant, "drafts")] == [draft["id"]]


def test_a_draft_in_a_folder_and_one_as_mime(tenant: GraphTenant) -> None:
    draft = tenant.made(f"{FOLDERS}/archive/messages", {"subject": "Here"})
    assert draft["isDraft"] is True
    assert [item["id"] for item in listed(tenant, "archive")] == [draft["id"]]
    mime = base64.b64encode(b"From: ada@firm.example\r\nTo: cleo@client.example\r\nSubject: Plan\r\n\r\nHello\r\n")
    request = tenant.ask(MESSAGES, "POST", headers={"content-type": "text/plain"}, raw=mime)
    assert (request.status, content(request)["subject"]) == (201, "Plan")
    wrong = tenant.ask(MESSAGES, "POST", headers={"content-type": "text/plain"}, raw=b"%%%")
    assert content(wrong)["error"]["code"] == "ErrorMimeContentInvalidBase64String"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "BadRequest"),
        ([], "UnableToDeserializePostBody"),
        ({"colour": "red"}, "RequestBodyRead"),
        ({"isRead": "yes"}, "UnableToDeserializePostBody"),
        ({"importance": "urgent"}, "UnableToDeserializePostBody"),
        ({"toRecipients": ["a@b.example"]}, "UnableToDeserializePostBody"),
        ({"@odata.type": "#microsoft.graph.event"}, "UnableToDeserializePostBody"),
        ({"attachments": [{"@odata.type": "#microsoft.graph.fileAttachment"}]}, "ErrorInvalidArgument"),
    ],
)
def test_bodies_that_are_refused(tenant: GraphTenant, body: Any, code: str) -> None:
    assert tenant.code(MESSAGES, 400, method="POST", body=body) == code
    assert listed(tenant, "drafts") == []


def test_a_received_message_takes_some_changes_only(tenant: GraphTenant) -> None:
    (message,) = tenant.fill(1)
    before = tenant.value(f"{MESSAGES}/{message}")
    tenant.clock.advance(60)
    wanted = {"isRead": True, "categories": ["Do Not Sync"], "flag": {"flagStatus": "flagged"}}
    after = content(tenant.ask(f"{MESSAGES}/{message}", "PATCH", body=wanted))
    assert {name: after[name] for name in wanted} == wanted
    assert after["id"] == before["id"]
    assert after["changeKey"] != before["changeKey"]
    assert after["lastModifiedDateTime"] > before["lastModifiedDateTime"]
    body = {"contentType": "text", "content": "x"}
    for refused in ({"subject": "x"}, {"body": body}, {"receivedDateTime": START.isoformat()}, {"isDraft": True}):
        assert tenant.code(f"{MESSAGES}/{message}", 400, method="PATCH", body=refused) == "ErrorInvalidPropertySet"
    assert tenant.value(f"{MESSAGES}/{message}") == after


def test_a_draft_takes_more(tenant: GraphTenant) -> None:
    draft = tenant.made(MESSAGES, {"subject": "a"})["id"]
    body = {"contentType": "text", "content": "Dear Cleo"}
    changed = content(tenant.ask(f"{MESSAGES}/{draft}", "PATCH", body={"subject": "b", "body": body}))
    assert (changed["subject"], changed["body"], changed["bodyPreview"]) == ("b", body, "Dear Cleo")


def test_a_move_as_the_documentation_writes_it(tenant: GraphTenant) -> None:
    attachment = {"name": "a.txt", "contentBytes": "aGk="}
    made = tenant.graph.add_message(ADA, {"attachments": [attachment]}, START)
    (part,) = tenant.value(f"{MESSAGES}/{made['restId']}/attachments", prefer=None)["value"]
    moved = tenant.made(f"{MESSAGES}/{made['restId']}/move", {"destinationId": "deleteditems"}, prefer=None)
    assert moved["id"] != made["restId"]
    assert moved["parentFolderId"] == tenant.value(f"{FOLDERS}/deleteditems")["id"]
    assert tenant.value(f"{MESSAGES}/{made['id']}")["id"] == made["id"]
    assert tenant.code(f"{MESSAGES}/{made['restId']}", 404) == "ErrorItemNotFound"
    (kept,) = tenant.value(f"{MESSAGES}/{moved['id']}/attachments", prefer=None)["value"]
    assert kept["id"] != part["id"]
    assert kept["contentBytes"] == "aGk="


def test_a_copy_is_another_item_with_the_same_content(tenant: GraphTenant) -> None:
    attachment = {"name": "a.txt", "contentBytes": "aGk="}
    made = tenant.graph.add_message(ADA, {"subject": "Plan", "attachments": [attachment]}, START)
    copied = tenant.made(f"{FOLDERS}/inbox/messages/{made['id']}/copy", {"DestinationId": "archive"})
    assert copied["id"] != made["id"]
    assert (copied["subject"], copied["internetMessageId"]) == ("Plan", made["internetMessageId"])
    (first,) = tenant.value(f"{MESSAGES}/{made['id']}/attachments")["value"]
    (second,) = tenant.value(f"{MESSAGES}/{copied['id']}/attachments")["value"]
    assert second["contentBytes"] == first["contentBytes"] == "aGk="
    assert second["id"] != first["id"]
    tenant.done(f"{MESSAGES}/{made['id']}/permanentDelete", "POST", 204)
    assert tenant.value(f"{MESSAGES}/{copied['id']}/attachments")["value"] == [second]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "ErrorInvalidParameter"),
        ({"destinationId": "nowhere"}, 400, "ErrorInvalidIdMalformed"),
        ({"destinationId": "inbox", "colour": "red"}, 400, "BadRequest"),
    ],
)
@pytest.mark.parametrize("action", ["move", "copy"])
def test_destinations_that_are_refused(tenant: GraphTenant, action: str, body: Any, status: int, code: str) -> None:
    (message,) = tenant.fill(1)
    assert tenant.code(f"{MESSAGES}/{message}/{action}", status, method="POST", body=body) == code


def test_deleting_goes_by_way_of_deleted_and_recoverable_items(tenant: GraphTenant) -> None:
    (message,) = tenant.fill(1)
    for folder in ("deleteditems", "recoverableitemsdeletions"):
        tenant.done(f"{MESSAGES}/{message}", "DELETE", 204)
        assert [item["id"] for item in listed(tenant, folder)] == [message]
    assert tenant.value(MESSAGES)["value"] == []
    tenant.done(f"{MESSAGES}/{message}", "DELETE", 204)
    assert tenant.code(f"{MESSAGES}/{message}", 404) == "ErrorItemNotFound"
    assert tenant.code(f"{MESSAGES}/{message}", 404, method="DELETE") == "ErrorItemNotFound"


def test_attachments_come_and_go(tenant: GraphTenant) -> None:
    draft = tenant.made(MESSAGES, {"subject": "a"})["id"]
    # Add attachment, example 1.
    given = {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": "menu.txt",
        "contentBytes": "bWFjIGFuZCBjaGVlc2U=",
    }
    made = tenant.made(f"{MESSAGES}/{draft}/attachments", given)
    assert (made["name"], made["contentBytes"], made["isInline"]) == ("menu.txt", given["contentBytes"], False)
    item = {"@odata.type": "microsoft.graph.itemAttachment", "name": "Old", "item": {"subject": "Old mail"}}
    second = tenant.made(f"{MESSAGES}/{draft}/attachments", item)
    assert tenant.ask(f"{MESSAGES}/{draft}/attachments/$count").body == b"2"
    assert tenant.value(f"{MESSAGES}/{draft}")["hasAttachments"] is True
    for part in (made, second):
        tenant.done(f"{MESSAGES}/{draft}/attachments/{part['id']}", "DELETE", 204)
    assert tenant.value(f"{MESSAGES}/{draft}")["hasAttachments"] is False


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "messages"),
        ("POST", "mailFolders/inbox/messages"),
        ("PATCH", "messages/{}"),
        ("DELETE", "messages/{}"),
        ("POST", "messages/{}/move"),
        ("POST", "messages/{}/copy"),
        ("POST", "messages/{}/permanentDelete"),
        ("POST", "messages/{}/send"),
        ("POST", "messages/{}/reply"),
        ("POST", "messages/{}/createReply"),
        ("POST", "messages/{}/attachments"),
        ("POST", "sendMail"),
        ("POST", "mailFolders"),
        ("POST", "mailFolders/inbox/childFolders"),
        ("PATCH", "mailFolders/inbox"),
        ("DELETE", "mailFolders/archive"),
    ],
)
def test_an_app_that_only_reads_changes_nothing(method: str, path: str) -> None:
    tenant = GraphTenant()
    tenant.mailbox()
    (message,) = tenant.fill(1)
    url = f"/v1.0/users/{ADA}/{path.format(message)}"
    assert tenant.code(url, 403, method=method, body={}) == "ErrorAccessDenied"
    assert [item["id"] for item in tenant.value(MESSAGES)["value"]] == [message]


def test_a_change_that_fails_leaves_nothing_behind(tenant: GraphTenant) -> None:
    given = {"message": {"subject": "to nobody"}}
    assert tenant.code(f"/v1.0/users/{ADA}/sendMail", 400, method="POST", body=given) == "ErrorInvalidRecipients"
    assert listed(tenant, "drafts") == []
    assert listed(tenant, "sentitems") == []
