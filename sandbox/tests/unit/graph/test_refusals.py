"""What clients of all kinds send, and Graph's refusals of what is wrong in it."""

from typing import Any

import pytest
from testkit.graph_tenant import ADA, GraphTenant, content

BOB = "bob@firm.example"
ROOT = f"/v1.0/users/{ADA}"
MESSAGES = f"{ROOT}/messages"
ONE = f"{MESSAGES}/{{message}}"
FOLDER = f"{ROOT}/mailFolders/inbox"
FILE = "#microsoft.graph.fileAttachment"


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox(displayName="Ada Finch", proxyAddresses=["SMTP:ada@firm.example", "smtp:ada.finch@firm.example"])
    made.mailbox(BOB, displayName="Bob Alder")
    return made.may_write()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", MESSAGES),
        ("PATCH", ONE),
        ("DELETE", ONE),
        *(
            ("POST", f"{ONE}/{action}")
            for action in ("move", "copy", "permanentDelete", "createReply", "createReplyAll", "createForward")
        ),
        *(("POST", f"{ONE}/{action}") for action in ("send", "reply", "replyAll", "forward", "attachments")),
        ("DELETE", f"{ONE}/attachments/a"),
        ("POST", f"{ROOT}/sendMail"),
        ("POST", f"{ROOT}/mailFolders"),
        ("POST", f"{FOLDER}/childFolders"),
        ("POST", f"{FOLDER}/messages"),
        ("PATCH", FOLDER),
        ("DELETE", FOLDER),
        *(("POST", f"{FOLDER}/{action}") for action in ("move", "copy", "permanentDelete")),
    ],
)
def test_every_change_needs_its_right(method: str, path: str) -> None:
    tenant = GraphTenant()
    tenant.mailbox()
    (message,) = tenant.fill(1)
    assert tenant.code(path.format(message=message), 403, method=method, body={}) == "ErrorAccessDenied"
    assert tenant.value(f"{FOLDER}/messages")["value"][0]["id"] == message


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "{message}/$value"), ("POST", "{message}/attachments/createUploadSession")]
)
def test_changes_that_are_not_emulated(tenant: GraphTenant, method: str, path: str) -> None:
    (message,) = tenant.fill(1)
    url = f"{MESSAGES}/{path.format(message=message)}"
    assert tenant.code(url, 501, method=method, body={}) == "NotImplemented"


def person(address: str) -> dict[str, Any]:
    return {"emailAddress": {"name": address, "address": address}}


def test_types_are_named_in_any_case_and_within_structures(tenant: GraphTenant) -> None:
    # As Office365-REST-Python-Client writes a message.
    draft = tenant.made(
        MESSAGES,
        {
            "@odata.type": "#microsoft.graph.Message",
            "subject": "Plan",
            "body": {"@odata.type": "#microsoft.graph.ItemBody", "contentType": "text", "content": "Hello"},
            "toRecipients": [{"@odata.type": "microsoft.graph.recipient", **person("cleo@client.example")}],
            "attachments": [{"@odata.type": "Microsoft.Graph.FileAttachment", "name": "a.txt", "contentBytes": "aGk="}],
        },
    )
    assert draft["body"] == {"contentType": "text", "content": "Hello"}
    assert draft["toRecipients"] == [person("cleo@client.example")]
    (attachment,) = tenant.value(f"{MESSAGES}/{draft['id']}/attachments")["value"]
    assert attachment["@odata.type"] == FILE
    folder = {"@odata.type": "#microsoft.graph.MailFolder", "displayName": "Plans"}
    assert tenant.made(f"{ROOT}/mailFolders", folder)["displayName"] == "Plans"
    for kind in ("#microsoft.graph.messages", "#microsoft.graph.event", "message"):
        assert tenant.code(MESSAGES, 400, method="POST", body={"@odata.type": kind}) == "UnableToDeserializePostBody"


@pytest.mark.parametrize(
    ("attachment", "status", "code"),
    [
        ({"@odata.type": FILE, "name": "a"}, 400, "ErrorRequiredPropertyMissing"),
        ({"@odata.type": FILE, "name": "a", "contentBytes": None}, 400, "ErrorRequiredPropertyMissing"),
        ({"name": "a", "contentBytes": "aGk="}, 400, "RequestBodyRead"),
        ({"name": "a", "isInline": False}, 422, "UnprocessableType"),
        ({"@odata.type": "#microsoft.graph.attachment", "name": "a"}, 400, "UnableToDeserializePostBody"),
    ],
)
def test_an_attachment_that_lacks_something(
    tenant: GraphTenant, attachment: dict[str, Any], status: int, code: str
) -> None:
    assert tenant.code(MESSAGES, status, method="POST", body={"attachments": [attachment]}) == code
    draft = tenant.made(MESSAGES, {"subject": "a"})
    assert tenant.code(f"{MESSAGES}/{draft['id']}/attachments", status, method="POST", body=attachment) == code


def test_a_file_may_be_empty(tenant: GraphTenant) -> None:
    draft = tenant.made(MESSAGES, {"attachments": [{"@odata.type": FILE, "name": "a", "contentBytes": ""}]})
    assert draft["hasAttachments"] is True


def test_a_change_of_another_version_is_refused(tenant: GraphTenant) -> None:
    draft = tenant.made(MESSAGES, {"subject": "a"})
    path, tag = f"{MESSAGES}/{draft['id']}", draft["@odata.etag"]
    changed = tenant.ask(path, "PATCH", body={"subject": "b"}, headers={"if-match": tag})
    assert changed.status == 200
    late = {"if-match": tag}
    assert tenant.code(path, 412, method="PATCH", body={"subject": "c"}, headers=late) == "ErrorIrresolvableConflict"
    assert tenant.value(path)["subject"] == "b"
    assert tenant.ask(path, "PATCH", body={"subject": "c"}, headers={"if-match": "*"}).status == 200


@pytest.mark.parametrize("given", [{"comment": 5}, {"message": "x"}, {"message": [1]}, {"toRecipients": "x"}])
def test_an_answer_of_a_wrong_type_is_not_sent(tenant: GraphTenant, given: dict[str, Any]) -> None:
    (message,) = tenant.fill(1)
    tenant.ask(f"{MESSAGES}/{message}", "PATCH", body={"from": person("cleo@client.example")})
    for action in ("forward", "createForward"):
        code = tenant.code(f"{MESSAGES}/{message}/{action}", 400, method="POST", body=given)
        assert code == "UnableToDeserializePostBody"


@pytest.mark.parametrize("member", ["from", "sender"])
def test_nobody_sends_in_the_name_of_another(tenant: GraphTenant, member: str) -> None:
    def mail(author: str) -> dict[str, Any]:
        return {"message": {"subject": "a", "toRecipients": [person(BOB)], member: person(author)}}

    refused = tenant.ask(f"{ROOT}/sendMail", "POST", body=mail(BOB))
    assert (refused.status, content(refused)["error"]["code"]) == (403, "ErrorSendAsDenied")
    draft = tenant.made(MESSAGES, mail(BOB)["message"])
    assert tenant.code(f"{MESSAGES}/{draft['id']}/send", 403, method="POST") == "ErrorSendAsDenied"
    assert tenant.value(f"/v1.0/users/{BOB}/messages")["value"] == []
    tenant.done(f"{ROOT}/sendMail", "POST", 202, mail("Ada.Finch@firm.example"))


def test_a_folder_takes_its_name_only(tenant: GraphTenant) -> None:
    folder = tenant.made(f"{ROOT}/mailFolders", {"displayName": "Plans"})["id"]
    for name, value in (("totalItemCount", 1), ("isHidden", True), ("parentFolderId", "inbox")):
        code = tenant.code(f"{ROOT}/mailFolders/{folder}", 400, method="PATCH", body={name: value})
        assert code == "ErrorInvalidPropertySet"


def test_a_request_has_four_megabytes_at_most(tenant: GraphTenant) -> None:
    most = 4 * 2**20

    def body(length: int) -> bytes:
        return b'{"subject":"' + b"a" * (length - 14) + b'"}'

    headers = {"content-type": "application/json"}
    refused = tenant.ask(MESSAGES, "POST", raw=body(most + 1), headers=headers)
    assert (refused.status, content(refused)["error"]["code"]) == (413, "BadRequest")
    assert tenant.ask(MESSAGES, "POST", raw=body(most), headers=headers).status == 201
