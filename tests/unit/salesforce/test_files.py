"""An upload: its parts, what is sent again, and which refusals stop the run."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest
import requests
from responses import RequestsMock

from connector.errors import MessageError, OrgFaultError, SetupError
from connector.model.records import NewFile
from connector.model.values import RecordId
from connector.salesforce.files import SalesforceFiles, form
from tests.unit.salesforce.org import DATE, ROOT, URL, USER, Org

EMAIL = RecordId("a0E000000000001AAA")
KEY = "0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcde"
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Source:
    """A file that says how often it was opened."""

    def __init__(self, content: bytes = b"content", *, announced: bool = True, breaks: bool = False) -> None:
        self.content = content
        self.size = len(content) if announced else None
        self.head = content[:20]
        self.breaks = breaks
        self.opened = 0

    def __iter__(self) -> Iterator[bytes]:
        yield self.content
        if self.breaks:
            raise MessageError("The file broke off", code="BROKEN_OFF", transient=True)

    @contextmanager
    def __call__(self) -> Iterator["Source"]:
        self.opened += 1
        yield self


class Uploads:
    """Answers uploads one after the other, as the test lists them, and keeps what was sent."""

    def __init__(self, org: Org, *answers: Exception | tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.sent: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        org.wire.add_callback("POST", f"{ROOT}/sobjects/ContentVersion", callback=self._answer)

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.headers.append(dict(request.headers))
        self.sent.append(b"".join(request.body))  # type: ignore[arg-type]
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer[0], {"Date": DATE}, json.dumps(answer[1])

    def parts(self, number: int = 0) -> tuple[dict[str, Any], bytes]:
        """The JSON and the data of an upload, as a MIME reader that is not ours finds them."""
        head = f"Content-Type: {self.headers[number]['Content-Type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.sent[number])
        entity, data = message.iter_parts()
        assert entity.get_param("name", header="Content-Disposition") == "entity_content"
        assert entity.get_content_type() == "application/json"
        assert data.get_param("name", header="Content-Disposition") == "VersionData"
        assert data.get_filename()
        return json.loads(entity.get_content()), data.get_payload(decode=True)


CREATED = (201, {"id": "068000000000001AAA", "success": True, "errors": []})
REFUSED = (400, [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Not here", "fields": []}])


def new(name: str = "plan.pdf", **fields: Any) -> NewFile:
    return NewFile(email=EMAIL, key=KEY, name=name, owner=RecordId("005000000000009AAA"), created_at=AT, **fields)


def present(org: Org, *keys: str) -> None:
    """The files that a look finds on the Email."""
    records = [
        {
            "LinkedEntityId": EMAIL,
            "ContentDocumentId": f"069{number:012d}AAA",
            "ContentDocument": {"LatestPublishedVersion": {"Attachment_Key__c": key}},
        }
        for number, key in enumerate(keys)
    ]
    org.resources["FROM ContentDocumentLink"] = (200, {"done": True, "records": records})


def test_the_two_parts_of_an_upload(org: Org) -> None:
    uploads = Uploads(org, CREATED)
    SalesforceFiles(org.client).upload(new("Übersicht.v2.pdf"), Source(b"\r\n--content--\r\n"))
    entity, data = uploads.parts()
    assert data == b"\r\n--content--\r\n"
    assert entity == {
        "Title": "Übersicht.v2",
        "PathOnClient": "Übersicht.v2.pdf",
        "FirstPublishLocationId": EMAIL,
        "Attachment_Key__c": KEY,
        "OwnerId": "005000000000009AAA",
        "CreatedById": "005000000000009AAA",
        "LastModifiedById": "005000000000009AAA",
        "CreatedDate": "2026-03-02T12:00:00.000Z",
        "LastModifiedDate": "2026-03-02T12:00:00.000Z",
    }


@pytest.mark.parametrize("announced", [True, False])
def test_the_length_is_told_where_it_is_known(org: Org, announced: bool) -> None:
    uploads = Uploads(org, CREATED)
    SalesforceFiles(org.client).upload(new(), Source(b"x" * 1000, announced=announced))
    [headers] = uploads.headers
    assert (headers.get("Content-Length") == str(len(uploads.sent[0]))) is announced
    assert (headers.get("Transfer-Encoding") == "chunked") is not announced


def test_an_item_is_named_by_its_first_bytes(org: Org) -> None:
    uploads = Uploads(org, CREATED)
    SalesforceFiles(org.client).upload(new("Lunch", is_item=True), Source(b"BEGIN:VCALENDAR\r\n"))
    assert uploads.parts()[0]["PathOnClient"] == "Lunch.ics"


def test_a_namespace_stands_before_our_own_field_only() -> None:
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        named = Org(wire, namespace="firm")
        uploads = Uploads(named, CREATED)
        SalesforceFiles(named.client).upload(new(), Source())
        named.transport.close()
    entity, _ = uploads.parts()
    assert entity["firm__Attachment_Key__c"] == KEY
    assert "PathOnClient" in entity


def test_a_busy_org_is_asked_again_with_the_file_from_its_start(org: Org) -> None:
    uploads = Uploads(org, (503, None), (429, None), CREATED)
    source = Source()
    SalesforceFiles(org.client).upload(new(), source)
    assert source.opened == 3
    assert uploads.parts(2)[1] == b"content"


@pytest.mark.parametrize("lost", [requests.ConnectionError("reset"), (500, None)])
def test_after_a_lost_answer_the_file_is_looked_for_first(org: Org, lost: Any) -> None:
    uploads = Uploads(org, lost)
    present(org, KEY)
    source = Source()
    SalesforceFiles(org.client).upload(new(), source)
    assert (source.opened, len(uploads.sent)) == (1, 1)


@pytest.mark.parametrize("late", [requests.ReadTimeout("late"), (504, None)], ids=str)
def test_a_file_that_may_still_be_taken_in_is_not_sent_again(org: Org, late: Any) -> None:
    uploads = Uploads(org, late, CREATED)
    with pytest.raises(MessageError) as caught:
        SalesforceFiles(org.client).upload(new(), Source())
    assert (caught.value.code, caught.value.transient) == ("UPLOAD_TIMEOUT", True)
    assert len(uploads.sent) == 1


@pytest.mark.parametrize("late", [{"body": requests.ReadTimeout("late")}, {"status": 504}], ids=str)
def test_files_that_go_together_and_may_still_be_taken_in_are_not_sent_again(org: Org, late: dict[str, Any]) -> None:
    org.wire.add("POST", f"{ROOT}/composite/sobjects", **late)
    present(org)
    results = SalesforceFiles(org.client).upload_together([(new("a.txt"), b"a"), (new("b.txt"), b"b")])
    assert [(error.code, error.transient) for error in results if error is not None] == [("UPLOAD_TIMEOUT", True)] * 2
    assert org.wire.assert_call_count(f"{ROOT}/composite/sobjects", 1)


def test_after_a_lost_answer_a_file_that_is_not_there_is_sent_again(org: Org) -> None:
    uploads = Uploads(org, requests.ConnectionError("reset"), CREATED)
    present(org, "", "another")
    SalesforceFiles(org.client).upload(new(), Source())
    assert len(uploads.sent) == 2


def test_a_file_of_which_nobody_knows_in_the_end_failed_for_now(org: Org) -> None:
    Uploads(org, *[requests.ConnectionError("reset")] * 3)
    present(org)
    with pytest.raises(MessageError) as caught:
        SalesforceFiles(org.client).upload(new(), Source())
    assert caught.value.transient


def test_a_source_that_breaks_off_is_not_the_orgs_fault(org: Org) -> None:
    def send(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        list(request.body)  # type: ignore[arg-type]
        return 201, {}, "{}"

    org.wire.add_callback("POST", f"{ROOT}/sobjects/ContentVersion", callback=send)
    source = Source(breaks=True)
    with pytest.raises(MessageError, match="broke off"):
        SalesforceFiles(org.client).upload(new(), source)
    assert source.opened == 1


def test_a_refusal_is_the_orgs_own_message(org: Org) -> None:
    Uploads(org, REFUSED)
    with pytest.raises(MessageError, match="FIELD_CUSTOM_VALIDATION_EXCEPTION: Not here") as caught:
        SalesforceFiles(org.client).upload(new(), Source())
    assert not caught.value.transient


def test_an_owner_who_left_gives_way_to_the_integration_user(org: Org) -> None:
    inactive = (400, [{"errorCode": "INACTIVE_OWNER_OR_USER", "message": "inactive", "fields": ["OwnerId"]}])
    uploads = Uploads(org, inactive, CREATED)
    SalesforceFiles(org.client).upload(new(), Source())
    assert uploads.parts(1)[0]["OwnerId"] == USER


@pytest.mark.parametrize("code", ["UNABLE_TO_LOCK_ROW", "APEX_CPU_LIMIT", "SERVER_UNAVAILABLE"])
def test_a_file_that_was_too_much_at_once_is_tried_again_later(org: Org, code: str) -> None:
    row = {"success": False, "errors": [{"statusCode": code, "message": "Not now", "fields": []}]}
    org.wire.add("POST", f"{ROOT}/composite/sobjects", json=[row])
    [error] = SalesforceFiles(org.client).upload_together([(new(), b"a")])
    assert error is not None
    assert (error.code, error.transient) == (code, True)


def test_a_missing_field_stops_the_run(org: Org) -> None:
    message = "No such column 'Attachment_Key__c' on sobject of type ContentVersion"
    Uploads(org, (400, [{"errorCode": "INVALID_FIELD", "message": message, "fields": []}]))
    with pytest.raises(SetupError, match=r"ContentVersion.Attachment_Key__c is not deployed"):
        SalesforceFiles(org.client).upload(new(), Source())


def test_an_org_that_takes_no_file_at_all_stops_the_run(org: Org) -> None:
    Uploads(org, *[REFUSED] * 50)
    files = SalesforceFiles(org.client)
    for _ in range(49):
        with pytest.raises(MessageError):
            files.upload(new(), Source())
    with pytest.raises(OrgFaultError, match="Not here"):
        files.upload(new(), Source())


def test_an_org_that_begins_to_take_no_file_in_the_middle_of_a_run_is_at_fault(org: Org) -> None:
    Uploads(org, CREATED, *[REFUSED] * 49, CREATED, *[REFUSED] * 50)
    files = SalesforceFiles(org.client)
    for refused in (0, 49, 0, 49):
        for _ in range(refused):
            with pytest.raises(MessageError):
                files.upload(new(), Source())
        if not refused:
            files.upload(new(), Source())
    with pytest.raises(OrgFaultError, match="Not here"):
        files.upload(new(), Source())


def test_full_storage_stops_the_run_at_the_first_file(org: Org) -> None:
    Uploads(org, (400, [{"errorCode": "STORAGE_LIMIT_EXCEEDED", "message": "Speicher voll", "fields": []}]))
    with pytest.raises(OrgFaultError, match="Speicher voll"):
        SalesforceFiles(org.client).upload(new(), Source())


def test_a_file_that_a_rule_refuses_is_tried_once_a_day(org: Org) -> None:
    Uploads(org, (400, [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Not here", "fields": []}]))
    with pytest.raises(MessageError) as raised:
        SalesforceFiles(org.client).upload(new(), Source())
    assert (raised.value.by_rule, raised.value.transient) == (True, False)


def test_files_are_found_by_email_and_those_without_key_too(org: Org) -> None:
    present(org, KEY, "")
    found = SalesforceFiles(org.client).find([EMAIL, RecordId("a0E000000000002AAA")])
    assert [file.key for file in found[EMAIL]] == [KEY, ""]
    assert found[RecordId("a0E000000000002AAA")] == ()


def test_files_that_are_gone_need_not_be_removed(org: Org) -> None:
    org.resources["sobjects/ContentDocument/"] = (404, [{"errorCode": "ENTITY_IS_DELETED", "message": "gone"}])
    documents = [RecordId(f"069{number:012d}AAA") for number in range(30)]
    SalesforceFiles(org.client).remove(documents)
    assert [len(asks) for asks in org.requests] == [25, 5]
    assert {ask["method"] for asks in org.requests for ask in asks} == {"DELETE"}
    assert org.requests[0][0]["url"] == f"{ROOT.removeprefix(URL)}/sobjects/ContentDocument/{documents[0]}"


def test_a_form_reads_its_file_only_while_it_is_sent() -> None:
    source = Source()
    made = form("b", {"PathOnClient": "a"}, source)
    pieces = iter(made)
    assert next(pieces).startswith(b"--b\r\n")
    assert next(pieces) == b"content"
    assert next(pieces) == b"\r\n--b--\r\n"


@pytest.mark.parametrize("sizes", [[0], [1], [2, 3, 4], [5, 0, 70_000]], ids=str)
def test_files_that_go_together_are_a_collection_of_the_length_that_was_announced(org: Org, sizes: list[int]) -> None:
    sent: list[tuple[str, bytes]] = []

    def take(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        sent.append((request.headers["Content-Length"], b"".join(request.body)))  # type: ignore[arg-type]
        return 200, {}, json.dumps([{"success": True, "id": "068000000000001AAA", "errors": []} for _ in sizes])

    org.wire.add_callback("POST", f"{ROOT}/composite/sobjects", callback=take)
    contents = [bytes(range(256)) * (size // 256) + bytes(size % 256) for size in sizes]
    files = [(new(f'a "{number}".txt'), content) for number, content in enumerate(contents)]
    assert SalesforceFiles(org.client).upload_together(files) == [None] * len(sizes)
    [(length, body)] = sent
    assert int(length) == len(body)
    value = json.loads(body)
    assert value["allOrNone"] is False
    assert [b64decode(row["VersionData"]) for row in value["records"]] == contents
    assert [row["PathOnClient"] for row in value["records"]] == [file.name for file, _ in files]
