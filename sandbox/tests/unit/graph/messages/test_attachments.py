"""Attachments of the three types: lists, contents in pieces, placeholders, and the message as MIME."""

import base64
import random
from email import message_from_bytes, policy
from typing import Any

import pytest
from m365sandbox.graph.data.files import PIECE, STREAMED, is_content, pieces_of, size_of
from m365sandbox.wire import Response
from testkit.graph_tenant import ADA, START, GraphTenant, content

LIST = f"/v1.0/users/{ADA}/messages"
PDF = b"%PDF-1.4 \x00\xff"
LINK = {"@odata.type": "#microsoft.graph.referenceAttachment", "name": "Shared.docx"}
ITEM = {
    "@odata.type": "#microsoft.graph.itemAttachment",
    "name": "Old mail",
    "item": {
        "subject": "Old mail",
        "body": {"contentType": "text", "content": "as it was"},
        "attachments": [{"name": "inner.txt", "contentType": "text/csv", "contentBytes": "aGVsbG8="}],
    },
}


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox()
    return made


def file_of(data: bytes, **more: Any) -> dict[str, Any]:
    encoded = base64.b64encode(data).decode()
    return {"name": "plan.pdf", "contentType": "application/pdf", "contentBytes": encoded, **more}


def put(tenant: GraphTenant, *attachments: dict[str, Any]) -> str:
    """A message with these attachments: the address of their list."""
    return f"{LIST}/{tenant.graph.add_message(ADA, {'attachments': list(attachments)}, START)['id']}/attachments"


def bytes_of(response: Response) -> bytes:
    assert response.status == 200
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def large(seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(2 * STREAMED + 7)


def test_the_three_types_are_listed_with_contents_of_files_alone(tenant: GraphTenant) -> None:
    files = tenant.value(put(tenant, file_of(PDF), ITEM, LINK))["value"]
    kinds = [item["@odata.type"].removeprefix("#microsoft.graph.") for item in files]
    assert kinds == ["fileAttachment", "itemAttachment", "referenceAttachment"]
    assert base64.b64decode(files[0]["contentBytes"]) == PDF
    assert files[0]["size"] == len(PDF)
    assert files[1]["contentType"] is None
    assert all(isinstance(item["size"], int) and "contentBytes" not in item for item in files[1:])


def test_attachments_are_counted_and_paged(tenant: GraphTenant) -> None:
    base = put(tenant, *(file_of(PDF, name=f"{number}.pdf") for number in range(3)))
    assert tenant.ask(f"{base}/$count").body == b"3"
    pages = tenant.pages(f"{base}?$top=2&$select=name")
    assert [[item["name"] for item in page] for page in pages] == [["0.pdf", "1.pdf"], ["2.pdf"]]
    assert tenant.value(f"{base}?$count=true&$top=1")["@odata.count"] == 3


def test_an_expansion_may_leave_the_contents_out(tenant: GraphTenant) -> None:
    base = put(tenant, file_of(PDF))
    message = tenant.value(f"{base.removesuffix('/attachments')}?$select=subject&$expand=attachments($select=id,name)")
    assert message["@odata.context"].endswith("/messages(subject,attachments(id,name))/$entity")
    (part,) = message["attachments"]
    assert set(part) == {"@odata.type", "@odata.mediaContentType", "id", "name"}
    (listed,) = tenant.value(f"{LIST}?$expand=attachments")["value"]
    assert base64.b64decode(listed["attachments"][0]["contentBytes"]) == PDF


def test_an_attachment_is_reached_through_the_folder_of_its_message_only(tenant: GraphTenant) -> None:
    base = put(tenant, file_of(PDF))
    (part,) = tenant.value(base)["value"]
    for path in ("", "/$count", f"/{part['id']}", f"/{part['id']}/$value"):
        assert tenant.ask(base.replace("/messages", "/mailFolders/inbox/messages") + path).status == 200
        assert (
            tenant.code(base.replace("/messages", "/mailFolders/archive/messages") + path, 404) == "ErrorItemNotFound"
        )


def test_a_selection_leaves_the_contents_out(tenant: GraphTenant) -> None:
    base = put(tenant, file_of(PDF), file_of(large()))
    for item in tenant.value(f"{base}?$select=id,name,contentType,size,isInline,lastModifiedDateTime")["value"]:
        assert set(item) == {
            "@odata.type",
            "@odata.mediaContentType",
            "id",
            "name",
            "contentType",
            "size",
            "isInline",
            "lastModifiedDateTime",
        }
    text = bytes_of(tenant.ask(f"{base}?$select=microsoft.graph.fileAttachment/contentBytes"))
    chosen, _ = content(Response(200, {}, text))["value"]
    assert set(chosen) == {"@odata.type", "@odata.mediaContentType", "id", "contentBytes"}
    assert tenant.code(f"{base}?$select=contentBytes", 400) == "BadRequest"


def test_the_content_of_a_file_has_its_own_type(tenant: GraphTenant) -> None:
    base = put(tenant, file_of(PDF), file_of(PDF, contentType=None))
    first, second = tenant.value(f"{base}?$select=id")["value"]
    answer = tenant.ask(f"{base}/{first['id']}/$value")
    assert (answer.body, answer.headers["Content-Type"]) == (PDF, "application/pdf")
    assert tenant.ask(f"{base}/{second['id']}/$value").headers["Content-Type"] == "application/octet-stream"


def test_a_large_file_comes_in_pieces_with_its_length(tenant: GraphTenant) -> None:
    data = large()
    base = put(tenant, file_of(PDF), file_of(data))
    ids = [item["id"] for item in tenant.value(f"{base}?$select=id")["value"]]
    answer = tenant.ask(f"{base}/{ids[1]}/$value")
    assert not isinstance(answer.body, bytes)
    assert answer.headers["Content-Length"] == str(len(data))
    pieces = list(answer.body)
    assert max(map(len, pieces)) == PIECE
    assert b"".join(pieces) == data


def test_a_large_list_comes_in_pieces_with_its_length(tenant: GraphTenant) -> None:
    first, second = large(1), large(2)
    base = put(tenant, file_of(first), LINK, file_of(second))
    answer = tenant.ask(base)
    text = bytes_of(answer)
    assert answer.headers["Content-Length"] == str(len(text))
    files = content(Response(200, {}, text))["value"]
    assert base64.b64decode(files[0]["contentBytes"]) == first
    assert base64.b64decode(files[2]["contentBytes"]) == second
    single = content(Response(200, {}, bytes_of(tenant.ask(f"{base}/{files[2]['id']}"))))
    assert base64.b64decode(single["contentBytes"]) == second
    expanded = tenant.value(f"{base.removesuffix('/attachments')}?$expand=attachments")["attachments"]
    assert [item.get("contentBytes") for item in expanded] == [item.get("contentBytes") for item in files]


def test_a_file_that_vanishes_while_it_is_sent_breaks_off(tenant: GraphTenant) -> None:
    base = put(tenant, file_of(large()))
    ((item),) = tenant.value(f"{base}?$select=id")["value"]
    pieces = tenant.ask(f"{base}/{item['id']}/$value").body
    assert not isinstance(pieces, bytes)
    assert len(next(pieces)) == PIECE
    tenant.graph.delete_mailbox(ADA)
    with pytest.raises(LookupError):
        next(pieces)


def test_an_item_as_member_and_as_mime(tenant: GraphTenant) -> None:
    base = put(tenant, ITEM)
    (shown,) = tenant.value(f"{base}?$expand=microsoft.graph.itemattachment/item")["value"]
    assert shown["item@odata.context"].endswith("/microsoft.graph.itemAttachment/item/$entity")
    assert (shown["item"]["id"], shown["item"]["subject"]) == ("", "Old mail")
    assert "attachments" not in shown["item"]
    mime = message_from_bytes(bytes_of(tenant.ask(f"{base}/{shown['id']}/$value")), policy=policy.default)
    assert mime["Subject"] == "Old mail"
    (inner,) = mime.iter_attachments()
    assert (inner.get_filename(), inner.get_content_type()) == ("inner.txt", "text/csv")
    assert inner.get_payload(decode=True) == b"hello"


def test_a_link_has_no_content(tenant: GraphTenant) -> None:
    base = put(tenant, LINK)
    (shown,) = tenant.value(base)["value"]
    assert tenant.code(f"{base}/{shown['id']}/$value", 405) == "ErrorInvalidRequest"


def test_ids_are_as_asked_for_and_both_lead_to_the_file(tenant: GraphTenant) -> None:
    base = put(tenant, file_of(PDF))
    immutable = tenant.value(base)["value"][0]["id"]
    other = tenant.value(base, prefer=None)["value"][0]["id"]
    assert immutable != other
    for name in (immutable, other):
        assert tenant.ask(f"{base}/{name}/$value").body == PDF
    assert tenant.code(f"{base}/{immutable[:-4]}AAAA/$value", 404) == "ErrorItemNotFound"


def test_inline_attachments_alone_are_not_counted(tenant: GraphTenant) -> None:
    base = put(tenant, file_of(PDF, name="logo.png", isInline=True, contentId="l"))
    assert tenant.value(base.removesuffix("/attachments"))["hasAttachments"] is False
    assert tenant.value(base)["value"][0]["contentId"] == "l"
    assert tenant.value(put(tenant, file_of(PDF)).removesuffix("/attachments"))["hasAttachments"] is True


def test_a_placeholder_stands_until_the_scan_is_over(tenant: GraphTenant) -> None:
    tenant.clock.set(START)
    base = put(tenant, file_of(PDF, **{"@sandbox.scanSeconds": 120}), file_of(PDF, name="other.pdf"))
    waiting, there = tenant.value(base)["value"]
    assert (waiting["name"], waiting["@odata.type"]) == (
        "Safe Attachments Scan In Progress",
        "#microsoft.graph.itemAttachment",
    )
    assert "contentBytes" not in waiting
    assert there["name"] == "other.pdf"
    assert b"being scanned" in base64.b64decode(
        message_from_bytes(bytes_of(tenant.ask(f"{base}/{waiting['id']}/$value"))).get_payload()
    )
    tenant.clock.advance(100)
    assert tenant.value(base)["value"][0]["id"] == waiting["id"]
    tenant.clock.advance(21)
    scanned, _ = tenant.value(base)["value"]
    assert (scanned["name"], base64.b64decode(scanned["contentBytes"])) == ("plan.pdf", PDF)
    assert not [name for name in scanned if name.startswith("@sandbox")]
    assert tenant.code(f"{base}/{waiting['id']}", 404) == "ErrorItemNotFound"


@pytest.mark.parametrize("wait", [-1, "60", True, 10**9])
def test_how_long_a_scan_cannot_take(tenant: GraphTenant, wait: Any) -> None:
    with pytest.raises(ValueError, match="scanSeconds"):
        put(tenant, file_of(PDF, **{"@sandbox.scanSeconds": wait}))


def test_a_message_as_mime_holds_its_attachments(tenant: GraphTenant) -> None:
    data = large()
    base = put(tenant, file_of(data), ITEM, LINK, file_of(PDF, name="logo.png", isInline=True, contentId="l"))
    answer = tenant.ask(f"{base.removesuffix('/attachments')}/$value")
    assert not isinstance(answer.body, bytes)
    mime = message_from_bytes(bytes_of(answer), policy=policy.default)
    first, second, third = mime.iter_attachments()
    assert first.get_payload(decode=True) == data
    assert second.get_content()["Subject"] == "Old mail"
    assert (third["Content-ID"], third.get_content_disposition()) == ("<l>", "inline")


def test_contents_in_base64_and_in_bytes_are_the_same() -> None:
    for size in (0, 1, 2, 3, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 2):
        data = random.Random(size).randbytes(size)
        text = base64.b64encode(data).decode()
        assert b"".join(pieces_of(text)) == b"".join(pieces_of(data)) == data
        assert size_of(text) == size_of(data) == size
        assert is_content(text)
    for wrong in ("QQ", "QQ==QQ==", "Q===", "%%%%", "QQ=A", "ääää", "QUJD\n", 7, None):
        assert not is_content(wrong)
