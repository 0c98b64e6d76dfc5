"""Files on stored mail: streamed into ContentVersion as they come, so that nothing of them is held in memory.

REST guide, "Insert or Update Blob Data": multipart/form-data of a JSON part `entity_content` and a part `VersionData`.
A ContentVersion with FirstPublishLocationId makes the document and its link to that record (Object Reference).
Attachment_Key__c is not unique, as the platform does not offer that there, so after an answer that got lost we look.
"""

import json
import threading
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import PurePosixPath
from typing import Any

import structlog

from connector.codes import Action
from connector.core.writing.attachments import item_name
from connector.errors import TRIED_AGAIN, TRIED_DAILY, MessageError, NoAnswerError, UnreachableError
from connector.http.subrequest import SubResponse
from connector.model.records import NewFile, Row, RowError, RowResult, StoredFile
from connector.model.schema import FILE
from connector.model.values import RecordId
from connector.ports import Download
from connector.salesforce import parse, soql
from connector.salesforce.client import MAX_SUBREQUESTS, CompositeRequest, SalesforceClient
from connector.salesforce.door import reads_answers
from connector.salesforce.errors import code_and_message, error_for
from connector.salesforce.limits import OrgFaultWatch
from connector.salesforce.results import row_results, whole_error
from connector.salesforce.wire import as_json, wire_fields

_LOG = structlog.get_logger(__name__)

VERSION = FILE.name
#: How often a file is sent when it is not known what became of it, or when its owner was refused.
_ATTEMPTS = 3
#: Refusals that concern all files alike: the run cannot go on.
_OF_THE_ORG = frozenset(
    {
        "INVALID_SESSION_ID",
        "INVALID_AUTH_HEADER",
        "REQUEST_LIMIT_EXCEEDED",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
        "FUNCTIONALITY_NOT_ENABLED",
        "INVALID_TYPE",
        "INVALID_FIELD",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "UNSUPPORTED_API_VERSION",
    }
)
#: The mail's user is inactive: the connector's own user owns the file then.
_OWNER_REFUSED = frozenset({"INACTIVE_OWNER_OR_USER", "TRANSFER_REQUIRES_READ"})
#: Statuses after which the file may be there all the same.
_UNSURE = frozenset({500, 502})
_FILES = f"SELECT LinkedEntityId, {parse.FILE_FIELDS} FROM ContentDocumentLink WHERE LinkedEntityId IN "  # noqa: S608
_ROOM = soql.MAX_LENGTH - 1_000


class SalesforceFiles:
    """The port FileSink, for one run. `timeout`: the longest silence of Salesforce while a file is taken in."""

    def __init__(self, client: SalesforceClient, *, timeout: float = 120) -> None:
        self._client = client
        self._timeout = timeout
        self._watch = OrgFaultWatch()
        self._lock = threading.Lock()

    def upload(self, file: NewFile, source: Callable[[], AbstractContextManager[Download]]) -> None:
        """Store a file once, also after attempts that may have succeeded. Raises MessageError, ServiceError."""
        owner = file.owner
        for _ in range(_ATTEMPTS):
            try:
                answer = self._send(file, owner, source)
            except NoAnswerError as error:
                raise _not_in_time() from error
            except UnreachableError:
                answer = None
            if answer is not None and answer.status < 300:
                self._saw(None)
                return
            if answer is None or answer.status in _UNSURE:
                # a query: where Salesforce as a whole does not answer, it raises, and the run stops
                if self._is_there(file):
                    self._saw(None)
                    return
            elif code_and_message(answer.body)[0] in _OWNER_REFUSED and owner != self._client.identity.user:
                owner = self._client.identity.user
            else:
                raise self._refused(answer)
        raise self._refused(SubResponse(status=503, body=None))

    @reads_answers
    def upload_together(self, files: Sequence[tuple[NewFile, bytes]]) -> list[MessageError | None]:
        """Store small files in one request; what became of each, in order.

        `VersionData` is base64 inside the JSON of a Collection (REST guide, blob data: up to 37.5 MB of it). Where it
        is not known what became of them, those that are there are looked for, and the others sent once more.
        """
        results: list[MessageError | None] = [None] * len(files)
        waiting, owners = dict(enumerate(files)), {number: file.owner for number, (file, _) in enumerate(files)}
        lost = SubResponse(status=503, body=None)
        for _ in range(_ATTEMPTS):
            if not waiting:
                break
            try:
                answers = self._sent_together(waiting, owners)
            except NoAnswerError:
                for number in waiting:
                    results[number] = _not_in_time()
                return results
            there = self._there([file for file, _ in waiting.values()]) if answers is None else frozenset[str]()
            left: dict[int, tuple[NewFile, bytes]] = {}
            for number, (file, content) in waiting.items():
                answer = answers[number] if answers is not None else None
                if file.key in there or (answer is not None and answer.status < 300):
                    self._saw(None)
                elif answer is None:
                    left[number], results[number] = (file, content), None
                elif (
                    code_and_message(answer.body)[0] in _OWNER_REFUSED and owners[number] != self._client.identity.user
                ):
                    owners[number] = self._client.identity.user
                    left[number] = (file, content)
                else:
                    results[number] = self._refused(answer)
            waiting = left
        for number in waiting:
            results[number] = self._refused(lost)
        return results

    def _sent_together(
        self, files: Mapping[int, tuple[NewFile, bytes]], owners: Mapping[int, RecordId]
    ) -> dict[int, SubResponse] | None:
        """Send one Collection: each row's answer as if sent alone, or None where it is not known what was stored.

        Raises NoAnswerError where it may still be carried out.
        """
        rows_of = FileRows(
            [(self._head(file, content, owners[number]), content) for number, (file, content) in files.items()]
        )
        try:
            answer = self._client.insert(
                lambda: nullcontext(rows_of), asked=f"rows of {VERSION}", timeout=self._timeout
            )
        except NoAnswerError:
            raise
        except UnreachableError:
            return None
        if answer.status in _UNSURE:
            return None
        rows = row_results(answer)
        if rows is not None and not all(row.get("success") is True or row.get("errors") for row in rows):
            return None
        if rows is None or len(rows) != len(files):
            return dict.fromkeys(files, answer if answer.status >= 300 else SubResponse(status=503, body=None))
        return {
            number: SubResponse(status=201 if row.get("success") is True else 400, body=row.get("errors"))
            for number, row in zip(files, rows, strict=True)
        }

    def _head(self, file: NewFile, content: bytes, owner: RecordId) -> bytes:
        """The row of a file as JSON, but for its content and the end."""
        name = item_name(file.name, content) if file.is_item else file.name
        return as_json({"attributes": {"type": VERSION}, **self._fields(file, name, owner)})[:-1]

    def _there(self, files: Sequence[NewFile]) -> frozenset[str]:
        """The keys of those files that are stored."""
        found = self.find({file.email for file in files})
        return frozenset(stored.key for each in found.values() for stored in each)

    @reads_answers
    def find(self, emails: Iterable[RecordId]) -> dict[RecordId, tuple[StoredFile, ...]]:
        """The files on these Emails; those of people too, with an empty key."""
        found: dict[RecordId, tuple[StoredFile, ...]] = dict.fromkeys(emails, ())
        wire = self._client.names.wire
        requests = [
            self._client.query(wire(_FILES) + soql.in_list(part), "the files of stored mail")
            for part in soql.chunks(sorted(found), room=_ROOM)
        ]
        for _, answer in self._client.each(requests):
            for record in self._client.records(answer.body):
                email = RecordId(str(record["LinkedEntityId"]))
                found[email] = (*found.get(email, ()), parse.stored_file(record))
        return found

    @reads_answers
    def remove(self, documents: Sequence[RecordId]) -> None:
        """Delete files; those that are gone already are no matter, and those that stay do no harm."""
        requests = [
            CompositeRequest(method="DELETE", url=f"sobjects/ContentDocument/{document}", asked="a file", raw=True)
            for document in documents
        ]
        for _, answer in self._client.each(requests, at_once=MAX_SUBREQUESTS):
            if answer.status >= 300 and answer.status != 404:
                code, message = code_and_message(answer.body)
                _LOG.warning("Second file not removed", action=Action.ATTACHMENT_NOT_REMOVED, code=code, error=message)

    # -- one attempt ------------------------------------------------------------------------------------------------

    def _send(
        self, file: NewFile, owner: RecordId, source: Callable[[], AbstractContextManager[Download]]
    ) -> SubResponse:
        boundary = uuid.uuid4().hex

        @contextmanager
        def body() -> Iterator[Iterable[bytes]]:
            with source() as download:
                name = item_name(file.name, download.head) if file.is_item else file.name
                yield form(boundary, self._fields(file, name, owner), download)

        content_type = f'multipart/form-data; boundary="{boundary}"'
        return self._client.create(VERSION, body, content_type=content_type, timeout=self._timeout)

    def _fields(self, file: NewFile, name: str, owner: RecordId) -> dict[str, Any]:
        fields = {
            "Title": PurePosixPath(name).stem,
            "PathOnClient": name,
            "FirstPublishLocationId": file.email,
            "Attachment_Key__c": file.key,
            "OwnerId": owner,
            "CreatedDate": file.created_at,
            "CreatedById": owner,
            "LastModifiedDate": file.created_at,
            "LastModifiedById": owner,
        }
        return self._client.names.to_wire(wire_fields(fields))

    def _is_there(self, file: NewFile) -> bool:
        return any(stored.key == file.key for stored in self.find([file.email])[file.email])

    # -- refusals ---------------------------------------------------------------------------------------------------

    def _refused(self, answer: SubResponse) -> MessageError:
        """Why a file was not taken. Raises ServiceError for what concerns every file, or the run as a whole."""
        code, message = code_and_message(answer.body)
        if code in _OF_THE_ORG or answer.status in (401, 404):
            raise error_for(answer.status, answer.body, asked=f"the object {VERSION}", where=self._client.host)
        said = whole_error(answer)
        transient = said.transient or answer.status >= 500 or answer.status in (408, 429)
        code = code or f"SALESFORCE_{answer.status}"
        self._saw(RowError(code=code, message=message, transient=transient))
        text = f"{code}: {message}" if message else code
        return MessageError(
            f"Salesforce did not take the file ({text})",
            code=code,
            remedy=TRIED_AGAIN if transient else TRIED_DAILY if said.by_rule else "Correct it, then retry.",
            transient=transient,
            by_rule=said.by_rule and not transient,
        )

    def _saw(self, error: RowError | None) -> None:
        """Count a file; raises OrgFaultError when the org takes none at all."""
        row = Row(object=VERSION, key_field="Attachment_Key__c", key="", fields={})
        with self._lock:
            self._watch.see([RowResult(row=row, error=error)])


def _not_in_time() -> MessageError:
    """The file may still be taken in, and nothing keeps a second one out: so it is looked for once that is settled."""
    return MessageError(
        "Salesforce did not say in time whether it took the file",
        code="UPLOAD_TIMEOUT",
        remedy="It is looked for, and tried again, by itself; to wait longer, raise sync.attachment_timeout_seconds.",
        transient=True,
    )


class FileRows:
    """The JSON of a Collection of small files, row by row: a content becomes base64 when its row is sent, so that only
    one at a time is in memory twice."""

    _OPENING, _CONTENT, _END, _CLOSING = b'{"allOrNone":false,"records":[', b',"VersionData":"', b'"}', b"]}"

    def __init__(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[bytes]:
        """All bytes."""
        yield self._OPENING
        for number, (head, content) in enumerate(self._rows):
            yield b"".join((b"," if number else b"", head, self._CONTENT, b64encode(content), self._END))
        yield self._CLOSING

    def __len__(self) -> int:
        around = len(self._OPENING) + len(self._CLOSING) + max(len(self._rows) - 1, 0)
        each = len(self._CONTENT) + len(self._END)
        return around + sum(len(head) + each + (len(content) + 2) // 3 * 4 for head, content in self._rows)


class Form:
    """The body of an upload, piece by piece."""

    def __init__(self, opening: bytes, download: Download, closing: bytes) -> None:
        self._opening = opening
        self._download = download
        self._closing = closing

    def __iter__(self) -> Iterator[bytes]:
        """All bytes. What the download raises breaks the request off, so that nothing is stored."""
        yield self._opening
        yield from self._download
        yield self._closing


class SizedForm(Form):
    """A Form of known length, where the source announced the size of the file."""

    def __init__(self, opening: bytes, download: Download, closing: bytes, *, size: int) -> None:
        super().__init__(opening, download, closing)
        self._length = len(opening) + size + len(closing)

    def __len__(self) -> int:
        return self._length


def form(boundary: str, fields: Mapping[str, Any], download: Download) -> Form:
    """Two parts. The file's own name stands in the JSON, where it can be in any script."""
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="entity_content"\r\n'
        "Content-Type: application/json; charset=UTF-8\r\n\r\n"
        f"{json.dumps(fields)}\r\n"
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="VersionData"; filename="attachment"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    closing = f"\r\n--{boundary}--\r\n".encode()
    if download.size is None:
        return Form(head.encode(), download, closing)
    return SizedForm(head.encode(), download, closing, size=download.size)
