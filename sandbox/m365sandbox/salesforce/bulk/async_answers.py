"""What Bulk API 1 says: jobs, batches, results and refusals, as XML or JSON, and results as CSV."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from m365sandbox.salesforce.bulk.columns import as_text
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.errors import RowError
from m365sandbox.salesforce.jobs.dialect import Dialect
from m365sandbox.salesforce.jobs.registry import Batch, Job, stamp
from m365sandbox.salesforce.rest.xml_bodies import HEAD, SCHEMA_INSTANCE, all_written, written
from m365sandbox.wire import Response

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_XML = {"Content-Type": "application/xml"}
_IN_ONE_PIECE = 4 * 2**20
_CSV = Dialect()


class AsyncRefusedError(Exception):
    """The whole request is refused, with a code of the Bulk API."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def response(self, as_json: bool) -> Response:
        """The answer."""
        if as_json:
            body = {"exceptionCode": self.code, "exceptionMessage": self.message}
            return Response.of_json(body, self.status)
        pairs = (("exceptionCode", self.code), ("exceptionMessage", self.message))
        return _xml("error", all_written(pairs), self.status)


def _xml(name: str, content: str, status: int = 200) -> Response:
    body = f'{HEAD}<{name} xmlns="{NAMESPACE}">{content}</{name}>'
    return Response(status, dict(_XML), body.encode())


def job_answer(job: Job, as_json: bool, status: int = 200) -> Response:
    """A job with the counts of its batches."""
    pairs = _job_pairs(job, as_json)
    if as_json:
        return Response.of_json(dict(pairs), status)
    return _xml("jobInfo", all_written(pairs), status)


def _job_pairs(job: Job, as_json: bool) -> list[tuple[str, Any]]:
    states = [batch.state for batch in job.batches]
    spent = sum(batch.milliseconds for batch in job.batches)
    return [
        ("id", job.id),
        ("operation", job.operation),
        ("object", job.object),
        ("createdById", job.user_id),
        ("createdDate", _instant(job.created, as_json)),
        ("systemModstamp", _instant(job.modified, as_json)),
        ("state", job.state),
        ("externalIdFieldName", job.external_id),
        ("concurrencyMode", job.concurrency),
        ("contentType", job.content),
        ("numberBatchesQueued", states.count("Queued")),
        ("numberBatchesInProgress", states.count("InProgress")),
        ("numberBatchesCompleted", states.count("Completed")),
        ("numberBatchesFailed", states.count("Failed")),
        ("numberBatchesTotal", len(states)),
        ("numberRecordsProcessed", sum(batch.processed for batch in job.batches)),
        ("numberRetries", 0),
        ("apiVersion", float(job.version)),
        ("assignmentRuleId", job.assignment_rule),
        ("numberRecordsFailed", sum(batch.failed for batch in job.batches)),
        ("totalProcessingTime", spent),
        ("apiActiveProcessingTime", spent),
        ("apexProcessingTime", 0),
    ]


def batch_answer(job: Job, batch: Batch, as_json: bool, status: int = 200) -> Response:
    """A batch."""
    pairs = _batch_pairs(job, batch, as_json)
    if as_json:
        return Response.of_json(dict(pairs), status)
    return _xml("batchInfo", all_written(pairs), status)


def batches_answer(job: Job, as_json: bool) -> Response:
    """All batches of a job."""
    found = [_batch_pairs(job, batch, as_json) for batch in job.batches]
    if as_json:
        return Response.of_json({"batchInfo": [dict(pairs) for pairs in found]})
    return _xml("batchInfoList", "".join(f"<batchInfo>{all_written(pairs)}</batchInfo>" for pairs in found))


def _batch_pairs(job: Job, batch: Batch, as_json: bool) -> list[tuple[str, Any]]:
    return [
        ("id", batch.id),
        ("jobId", job.id),
        ("state", "NotProcessed" if batch.state == "Not Processed" else batch.state),
        ("stateMessage", batch.message or None),
        ("createdDate", _instant(batch.created, as_json)),
        ("systemModstamp", _instant(batch.modified, as_json)),
        ("numberRecordsProcessed", batch.processed),
        ("numberRecordsFailed", batch.failed),
        ("totalProcessingTime", batch.milliseconds),
        ("apiActiveProcessingTime", batch.milliseconds),
        ("apexProcessingTime", 0),
    ]


def _instant(instant: datetime, as_json: bool) -> str:
    return stamp(instant) if as_json else format_datetime(instant)


# --- results of rows


def results_answer(job: Job, batch: Batch) -> Response:
    """What became of each row, in the order of the batch, in the job's content type."""
    rows = (json.loads(line) for line in batch.results.lines())
    if job.content == "JSON":
        return Response.of_json([_row_json(*row) for row in rows])
    if job.content == "XML":
        return _xml("results", "".join(_row_xml(*row) for row in rows))
    lines = [_CSV.line(["Id", "Success", "Created", "Error"]), *(_row_csv(*row) for row in rows)]
    return Response(200, {"Content-Type": "text/csv"}, b"".join(lines))


def _errors(errors: list[dict[str, Any]]) -> list[RowError]:
    return [RowError(item["statusCode"], item["message"], tuple(item["fields"])) for item in errors]


def _row_csv(record_id: str | None, success: bool, created: bool, errors: list[dict[str, Any]]) -> bytes:
    told = "|".join(as_text(error) for error in _errors(errors))
    return _CSV.line([record_id or "", str(success).lower(), str(created).lower(), told])


def _row_json(record_id: str | None, success: bool, created: bool, errors: list[dict[str, Any]]) -> dict[str, Any]:
    told = [{**error, "extendedErrorDetails": None} for error in errors]
    return {"success": success, "created": created, "id": record_id, "errors": told}


def _row_xml(record_id: str | None, success: bool, created: bool, errors: list[dict[str, Any]]) -> str:
    told = "".join(
        "<errors>"
        + "".join(written("fields", name) for name in error.fields)
        + all_written((("message", error.message), ("statusCode", error.code)))
        + "</errors>"
        for error in _errors(errors)
    )
    return f"<result>{told}{all_written((('id', record_id), ('success', success), ('created', created)))}</result>"


# --- results of queries


def result_list_answer(batch: Batch, as_json: bool) -> Response:
    """The ids of a query's results."""
    if as_json:
        return Response.of_json([batch.result_id])
    return _xml("result-list", written("result", batch.result_id))


def query_answer(job: Job, batch: Batch) -> Response:
    """The records of a query in the job's content type."""
    if job.content == "CSV":
        return _large(batch.results.chunks(), batch.results.size, "text/csv")
    if job.content == "JSON":
        inner = b",".join(line.rstrip(b"\n") for line in batch.results.lines())
        return Response(200, {"Content-Type": "application/json"}, b"[" + inner + b"]")
    head = f'{HEAD}<queryResult xmlns="{NAMESPACE}" xmlns:xsi="{SCHEMA_INSTANCE}">'.encode()
    tail = b"</queryResult>"
    size = len(head) + batch.results.size + len(tail)
    return _large(_around(head, batch.results.chunks(), tail), size, "application/xml")


def request_answer(batch: Batch, kind: str) -> Response:
    """A batch as it was sent."""
    return _large(batch.data.chunks(), batch.data.size, kind)


def _around(head: bytes, parts: Iterable[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from parts
    yield tail


def _large(parts: Iterator[bytes], size: int, kind: str) -> Response:
    if size <= _IN_ONE_PIECE:
        return Response(200, {"Content-Type": kind}, b"".join(parts))
    return Response(200, {"Content-Type": kind, "Content-Length": str(size)}, parts)
