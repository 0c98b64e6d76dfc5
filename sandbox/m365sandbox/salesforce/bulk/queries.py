"""/jobs/query: Bulk API 2.0 jobs that read rows.

Bulk API guide, "Bulk API 2.0 Query": the statement is checked at once, the result comes as CSV, page by page with
`Sforce-Locator` for the next page (`null` on the last).
"""

import base64
import binascii

from m365sandbox.salesforce.bulk import v2_answers as answers
from m365sandbox.salesforce.bulk.ingest import abort
from m365sandbox.salesforce.bulk.query_work import csv_writer, query, run
from m365sandbox.salesforce.call import Answer, Call, job_call
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.jobs.dialect import BatchRefusedError
from m365sandbox.salesforce.jobs.registry import QUERIES, Job

#: Without maxRecords the platform chooses a number: this one.
DEFAULT_PAGE = 250_000
_MEMBERS = frozenset({"operation", "query", "contentType", "columnDelimiter", "lineEnding"})


def create(call: Call) -> Answer:
    """POST /jobs/query."""
    body = answers.members(call.object_body(), _MEMBERS)
    operation, soql = body.get("operation", ""), body.get("query", "")
    if not isinstance(operation, str) or operation not in QUERIES:
        raise answers.wrong_value(operation, "operation")
    if not isinstance(soql, str) or not soql.strip():
        raise answers.wrong_value(soql, "query")
    dialect = answers.dialect_of(body)
    found = run(call, operation, soql)
    job = call.org.jobs.add(
        kind="V2Query",
        user_id=call.user_id,
        version=call.version,
        operation=operation,
        object=found.sobject,
        query=soql,
        dialect=dialect,
        state="UploadComplete",
    )
    batch = call.org.jobs.add_batch(job)
    worker = query(job_call(call.org), csv_writer(dialect), lambda item, _: item.query, _failed)
    call.org.jobs.queue(job, batch, worker)
    return Answer(200, answers.described(job))


def _failed(refused: ApiError) -> BatchRefusedError:
    return BatchRefusedError(refused.code, refused.message)


def _job(call: Call, job_id: str) -> Job:
    return answers.find(call, job_id, "V2Query")


def read(call: Call, job_id: str) -> Answer:
    """GET /jobs/query/ID."""
    return Answer(200, answers.progress(_job(call, job_id)))


def listed(call: Call) -> Answer:
    """GET /jobs/query."""
    return answers.listed(call, f"{call.root}/jobs/query")


def change(call: Call, job_id: str) -> Answer:
    """PATCH /jobs/query/ID with `{"state": "Aborted"}`."""
    job = _job(call, job_id)
    state = answers.members(call.object_body(), frozenset({"state"})).get("state", "")
    if state != "Aborted":
        raise answers.wrong_value(state, "state")
    abort(call, job)
    return Answer(200, answers.described(job))


def remove(call: Call, job_id: str) -> Answer:
    """DELETE /jobs/query/ID: 204."""
    job = _job(call, job_id)
    if not answers.is_finished(job):
        raise answers.wrong_state("Job must be aborted, completed or failed before it can be deleted")
    call.org.jobs.forget(job)
    return Answer(204)


def results(call: Call, job_id: str) -> Answer:
    """GET /jobs/query/ID/results?locator=&maxRecords="""
    job = _job(call, job_id)
    if answers.state_of(job) != "JobComplete":
        raise answers.wrong_state(f"Job is in state {answers.state_of(job)}; its results are not there")
    batch = job.batch
    total = len(batch.starts)
    start, most = _start(call, total), _most(call)
    end = min(start + most, total)
    first = batch.starts[start] if start < total else batch.results.size
    last = batch.starts[end] if end < total else batch.results.size
    locator = base64.b64encode(str(end).encode()).decode() if end < total else "null"
    headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(end - start)}
    parts = [batch.results.chunks(0, batch.header), batch.results.chunks(first, last)]
    return answers.csv_answer(parts, batch.header + last - first, headers)


def _start(call: Call, total: int) -> int:
    locator = call.parameter("locator")
    if not locator or locator == "null":
        return 0
    try:
        place = int(base64.b64decode(locator, validate=True))
    except (binascii.Error, ValueError):
        place = -1
    if not 0 < place < total:
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return place


def _most(call: Call) -> int:
    given = call.parameter("maxRecords")
    if given is None:
        return DEFAULT_PAGE
    if not given.isdecimal() or int(given) < 1:
        raise answers.wrong_value(given, "maxRecords")
    return int(given)
