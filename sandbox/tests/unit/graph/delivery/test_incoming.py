"""What a mailbox makes of a message that is put into it."""

import base64
from pathlib import Path

import pytest
from m365sandbox.graph.data.ids import Mint, is_folder_id, is_item_id
from m365sandbox.graph.delivery.delivery import NewMessage
from m365sandbox.graph.service import UnknownMailboxError
from testkit.graph_tenant import ADA, START, GraphTenant

LIST = f"/v1.0/users/{ADA}/messages"
BCC = [{"emailAddress": {"name": "Eve", "address": "eve@client.example"}}]


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox(displayName="Ada Finch")
    return made


def put(tenant: GraphTenant, message: dict, folder: str = "inbox") -> dict:
    made = tenant.graph.add_message(ADA, message, START, folder)
    return dict(tenant.value(f"{LIST}/{made['id']}?$select=*,internetMessageHeaders"))


def test_given_members_are_kept(tenant: GraphTenant) -> None:
    given = {
        "subject": "Your \"plan\" 😀 \\ 'x'",
        "from": {"emailAddress": {"name": "Cleo", "address": "cleo@client.example"}},
        "ccRecipients": BCC,
        "body": {"contentType": "text", "content": "a\r\nb"},
        "importance": "high",
        "internetMessageId": None,
        "categories": ["Do Not Sync"],
        "isRead": True,
        "sentDateTime": "2001-02-03T04:05:06Z",
        "conversationId": "own",
        "isDeliveryReceiptRequested": None,
    }
    shown = put(tenant, given)
    assert {name: shown[name] for name in given} == given


def test_the_rest_is_filled_in(tenant: GraphTenant) -> None:
    shown = put(tenant, {"from": {"emailAddress": {"name": "Cleo", "address": "cleo@client.example"}}})
    assert shown["toRecipients"] == [{"emailAddress": {"name": "Ada Finch", "address": ADA}}]
    assert shown["sender"] == shown["from"]
    assert shown["internetMessageId"].endswith("@client.example>")
    assert shown["receivedDateTime"] == shown["sentDateTime"] == "2026-03-01T08:00:00Z"
    assert (shown["isDraft"], shown["isRead"], shown["importance"]) == (False, False, "normal")
    assert (shown["bccRecipients"], shown["flag"]) == ([], {"flagStatus": "notFlagged"})


@pytest.mark.parametrize(
    ("folder", "kept"),
    [("inbox", False), ("deleteditems", False), ("sentitems", True), ("drafts", True), ("SentItems/2026", True)],
)
def test_bcc_is_known_to_the_sender_only(tenant: GraphTenant, folder: str, kept: bool) -> None:
    assert put(tenant, {"bccRecipients": BCC}, folder)["bccRecipients"] == (BCC if kept else [])


def test_drafts_are_drafts_and_sent_mail_is_the_owners(tenant: GraphTenant) -> None:
    assert put(tenant, {}, "drafts")["isDraft"] is True
    assert put(tenant, {}, "sentitems")["from"]["emailAddress"]["address"] == ADA


def test_the_preview_is_the_first_255_characters_of_the_text(tenant: GraphTenant) -> None:
    body = {"contentType": "html", "content": "<style>p{}</style><p>Dear&nbsp;Ada</p>" + "x" * 400}
    preview = put(tenant, {"body": body})["bodyPreview"]
    assert preview.startswith("Dear Ada\r\nxxx")
    assert len(preview) == 255


def test_a_thread_is_one_in_every_mailbox(tenant: GraphTenant) -> None:
    tenant.mailbox("bob@firm.example")
    first = put(tenant, {"internetMessageId": "<root@client.example>"})
    reply = {"internetMessageHeaders": [{"name": "References", "value": "<root@client.example> <x@client.example>"}]}
    answered = put(tenant, reply)
    made = tenant.graph.add_message("bob@firm.example", reply, START)
    other = tenant.value(f"/v1.0/users/bob@firm.example/messages/{made['id']}")
    assert answered["conversationId"] == first["conversationId"] != other["conversationId"]
    index = [base64.b64decode(item["conversationIndex"]) for item in (first, answered, other)]
    assert index[0][:22] == index[1][:22] == index[2][:22]
    assert [len(part) for part in index] == [22, 32, 32]


def test_an_answer_without_an_index_joins_the_thread_of_what_it_refers_to(tenant: GraphTenant) -> None:
    given = base64.b64encode(bytes(range(22))).decode()
    first = put(tenant, {"internetMessageId": "<root@client.example>", "conversationIndex": given})
    headers = [{"name": "In-Reply-To", "value": "<root@client.example>"}]
    reply = put(tenant, {"internetMessageHeaders": headers})
    assert base64.b64decode(reply["conversationIndex"])[:22] == bytes(range(22))
    assert reply["conversationId"] == first["conversationId"]
    short = put(tenant, {"conversationIndex": base64.b64encode(b"short").decode()})
    assert short["conversationId"] != first["conversationId"]


def test_text_that_no_mailbox_can_hold_is_cleaned(tenant: GraphTenant) -> None:
    shown = put(tenant, {"subject": "a\ud800b\0c", "categories": ["x\udfff"]})
    assert (shown["subject"], shown["categories"]) == ("a\ufffdbc", ["x\ufffd"])


@pytest.mark.parametrize(
    "message",
    [
        {"nosuch": 1},
        {"subject": 5},
        {"importance": "HIGH"},
        {"isRead": "yes"},
        {"receivedDateTime": "yesterday"},
        {"toRecipients": [{"address": "a@b.example"}]},
        {"body": {"contentType": "HTML", "content": ""}},
        {"conversationIndex": "not base64!"},
        {"attachments": [{"file": "x"}]},
        {"attachments": [{"@odata.type": "#microsoft.graph.pigeon"}]},
        {"attachments": [{"name": "a", "contentBytes": "%%%"}]},
        {"@odata.type": "#microsoft.graph.event"},
    ],
)
def test_a_message_that_cannot_be_is_refused(tenant: GraphTenant, message: dict) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        tenant.graph.add_message(ADA, message, START)
    assert tenant.value(LIST)["value"] == []


def test_of_many_messages_all_or_none_go_in(tenant: GraphTenant) -> None:
    with pytest.raises(UnknownMailboxError):
        tenant.graph.add_messages([NewMessage(ADA, {}), NewMessage("nobody@firm.example", {})])
    assert tenant.value(LIST)["value"] == []


def test_ids_have_the_forms_of_exchange() -> None:
    mint = Mint("48d31887-5fad-4d73-a9f5-3c356e68a038")
    assert [
        len(mint.message(1, 2)),
        len(mint.folder(1)),
        len(mint.immutable(2)),
        len(mint.conversation(bytes(16))),
    ] == [
        152,
        120,
        68,
        80,
    ]
    assert mint.immutable(2).startswith("AAkALgAA")
    assert mint.message(1, 2).startswith("AAMk")
    assert is_item_id(mint.message(1, 2))
    assert is_item_id(mint.immutable(2))
    assert is_folder_id(mint.folder(1))
    assert not is_item_id(mint.folder(1))


def test_ids_may_differ_in_case_only() -> None:
    mint = Mint("48d31887-5fad-4d73-a9f5-3c356e68a038")
    ids = [mint.immutable(counter) for counter in range(256, 600)]
    assert len(set(ids)) == len(ids)
    assert len({identifier.lower() for identifier in ids}) < len(ids)


def test_a_database_file_goes_on_with_its_ids(tmp_path: Path) -> None:
    path = str(tmp_path / "graph.db")
    first = GraphTenant(path)
    guid = first.mailbox()
    ids = first.fill(2)
    first.graph.patch_tenant({"count": "stale"})
    first.graph.close()
    second = GraphTenant(path)
    listed = second.value(f"/v1.0/users/{guid}/messages?$orderby=receivedDateTime")["value"]
    assert [item["id"] for item in listed] == ids
    assert second.graph.tenant_state()["count"] == "stale"
    second.graph.close()
