"""The stream of one attachment: its whole length or an error, and no longer than its time."""

from io import BytesIO
from typing import Any, cast

import pytest
import requests
from urllib3 import HTTPResponse

from connector.errors import MessageError
from connector.graph import parse
from connector.graph.attachments import Stream, read_list
from connector.graph.client import GraphClient
from connector.http.subrequest import SubResponse
from connector.model.mail import AttachmentKind
from connector.model.values import GraphUserId


class Clock:
    """Each look at it is a second later."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def answer(body: bytes, length: int | None, **headers: str) -> requests.Response:
    """An open answer."""
    announced = {} if length is None else {"Content-Length": str(length)}
    found = requests.Response()
    found.status_code = 200
    found.headers.update({**announced, **headers})
    found.raw = HTTPResponse(body=BytesIO(body), headers=found.headers, preload_content=False)
    return found


def stream(found: requests.Response, *, deadline: float = 1000) -> Stream:
    return Stream(found, deadline=deadline, monotonic=Clock())


@pytest.mark.parametrize("size", [0, 1, 200_000])
@pytest.mark.parametrize("announced", [True, False])
def test_all_bytes_come_and_the_first_can_be_seen_before(size: int, announced: bool) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    opened = stream(answer(content, len(content) if announced else None))
    assert content.startswith(opened.head)
    assert opened.size == (len(content) if announced else None)
    assert b"".join(opened) == content


@pytest.mark.parametrize("length", [10, 1_000_000])
def test_an_early_end_is_an_error(length: int) -> None:
    def read() -> bytes:
        return b"".join(stream(answer(b"x" * (length - 1), length)))

    with pytest.raises(MessageError, match="broke off") as caught:
        read()
    assert (caught.value.code, caught.value.transient) == ("BROKEN_OFF", True)


def test_a_lost_connection_is_an_error_of_the_file() -> None:
    class Lost(BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    found = answer(b"", 10)
    found.raw = HTTPResponse(body=Lost(), headers=found.headers, preload_content=False)
    with pytest.raises(MessageError, match="broke off"):
        stream(found)


def test_the_time_is_for_the_whole_file() -> None:
    opened = stream(answer(b"x" * 1_000_000, None), deadline=3)
    with pytest.raises(MessageError, match="took too long") as caught:
        list(opened)
    assert caught.value.transient


def test_the_length_of_a_packed_body_is_not_that_of_the_file() -> None:
    found = answer(b"x", 1, **{"Content-Encoding": "br"})
    assert stream(found).size is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("#microsoft.graph.fileAttachment", AttachmentKind.FILE),
        ("microsoft.graph.itemAttachment", AttachmentKind.ITEM),
        ("#microsoft.graph.referenceAttachment", AttachmentKind.REFERENCE),
        (None, AttachmentKind.FILE),
    ],
)
def test_the_type_with_and_without_number_sign(kind: str | None, expected: AttachmentKind) -> None:
    item: dict[str, Any] = {"@odata.type": kind, "id": "a", "name": None, "contentType": None, "size": 3}
    found = parse.attachment(item)
    assert (found.kind, found.name, found.content_type, found.size) == (expected, "", "", 3)


@pytest.mark.parametrize("item", [{}, {"id": "a", "size": "large"}, {"id": "a", "size": [1]}])
def test_an_attachment_that_cannot_be_read_is_an_error(item: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        parse.attachment(item)


class EndlessList:
    """A client whose every page of a list leads to a new one."""

    def __init__(self, items: int) -> None:
        self.items = [{"id": "a", "name": "x.pdf", "size": 1}] * items
        self.pages = 0

    def get(self, _user: str, _url: str) -> tuple[dict[str, Any], None]:
        self.pages += 1
        return {"value": self.items, "@odata.nextLink": f"/more/{self.pages}"}, None


@pytest.mark.parametrize("items", [0, 1, 100])
def test_a_list_that_leads_on_for_ever_ends(items: int) -> None:
    client = EndlessList(items)
    first = SubResponse(status=200, body={"value": [], "@odata.nextLink": "/more/0"})
    read_list(client, GraphUserId("ada"), first)  # type: ignore[arg-type]
    assert client.pages <= 1_000
    assert client.pages * items <= 5_100


def test_a_list_that_repeats_itself_does_not_have_the_file_twice() -> None:
    item = {"id": "f1", "name": "a.pdf", "size": 5}
    body = {"value": [item, {**item, "id": "f2"}, item]}
    listed = read_list(cast(GraphClient, None), GraphUserId("ada"), SubResponse(status=200, body=body))
    assert not isinstance(listed, MessageError)
    assert [each.id for each in listed] == ["f1", "f2"]


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": [None]}, {"value": ["x"]}, {"value": [{"id": None}]}])
def test_a_list_that_cannot_be_read_is_not_an_empty_one(body: dict[str, Any]) -> None:
    found = read_list(cast(GraphClient, None), GraphUserId("ada"), SubResponse(status=200, body=body))
    assert isinstance(found, MessageError)
    assert found.transient
