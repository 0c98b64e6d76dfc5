"""/jobs/ingest: Bulk API 2.0 jobs that write rows.

Bulk API guide, "Bulk API 2.0 Ingest": a job is made, given its data once, told that the data is complete, and asked how
far it is until its results can be read.
"""

from typing import Any, BinaryIO

from m365sandbox.salesforce.bulk import v2_answers as answers
from m365sandbox.salesforce.bulk.ingest_work import csv_reader, ingest, key_of, sobject_of, tell_csv
from m365sandbox.salesforce.call import Answer, Call, job_call
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.jobs.dialect import BatchRefusedError
from m365sandbox.salesforce.jobs.registry import OPERATIONS, Job
from m365sandbox.salesforce.rest.multipart import JobForm

#: "Upload data that doesn't exceed 100 MB": as base64, which it is turned into, it may hold 150 MB.
MAX_BYTES = 150_000_000 * 3 // 4
#: Of data in the same request as the job, "Create a Job Using a Multipart Request".
MAX_MULTIPART_CHARACTERS = 100_000
_MEMBERS = frozenset(
    {"object", "operation", "externalIdFieldName", "contentType", "columnDelimiter", "lineEnding", "assignmentRuleId"}
)
_NO_HARD_DELETE = (
    "hardDelete operation requires special user profile permission, please contact your system administrator"
)


def create(call: Call) -> Answer:
    """POST /jobs/ingest, as JSON or as a form with the data."""
    if isinstance(call.body, JobForm):
        if len(call.body.content) > MAX_MULTIPART_CHARACTERS:
            raise ApiError(400, "CLIENTINPUTERROR", "ClientInputError : The data of the request is too large")
        job = _made(call, call.body.job)
        job.batch.data.write(call.body.content)
        _complete(call, job)
    else:
        job = _made(call, call.object_body())
    return Answer(200, answers.described(job))


def _made(call: Call, given: dict[str, Any]) -> Job:
    body = answers.members(given, _MEMBERS)
    operation, name = body.get("operation", ""), body.get("object", "")
    if not isinstance(operation, str) or operation not in OPERATIONS:
        raise answers.wrong_value(operation, "operation")
    dialect = answers.dialect_of(body)
    external_id = body.get("externalIdFieldName")
    try:
        sobject = sobject_of(call, str(name))
        key_of(call, sobject, operation, external_id)
        check_hard_delete(call, operation)
    except BatchRefusedError as error:
        raise answers.refused(error) from None
    job = call.org.jobs.add(
        kind="V2Ingest",
        user_id=call.user_id,
        version=call.version,
        operation=operation,
        object=sobject.name,
        external_id=external_id if operation == "upsert" else None,
        dialect=dialect,
        assignment_rule=body.get("assignmentRuleId"),
    )
    call.org.jobs.add_batch(job)
    return job


def check_hard_delete(call: Call, operation: str) -> None:
    """Refuse a hard deletion to who has not the permission that no profile brings."""
    if operation == "hardDelete" and not call.rights.has("BulkApiHardDelete"):
        raise BatchRefusedError("FeatureNotEnabled", _NO_HARD_DELETE)


def _job(call: Call, job_id: str) -> Job:
    return answers.find(call, job_id, "V2Ingest")


def upload(call: Call, job_id: str) -> Answer:
    """PUT /jobs/ingest/ID/batches: 201 without a body."""
    job = _job(call, job_id)
    if job.state != "Open":
        raise answers.wrong_state(f"Job is not in Open state: {answers.state_of(job)}")
    if job.batch.data.size:
        message = (
            f"Found multipe contents for job: <{job.id[:15]}>, please 'Close' / 'Abort' / 'Delete' the current Job "
            "then create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise ApiError(400, "BULK_API_ERROR", message)
    data: BinaryIO = call.body
    if not job.batch.data.fill(data, MAX_BYTES):
        call.org.jobs.forget(job)
        raise ApiError(413, "REQUEST_ENTITY_TOO_LARGE", f"The data of a job is limited to {MAX_BYTES} bytes")
    call.org.jobs.touch(job)
    return Answer(201)


def change(call: Call, job_id: str) -> Answer:
    """PATCH /jobs/ingest/ID with `{"state": "UploadComplete"}` or `"Aborted"`."""
    job = _job(call, job_id)
    state = answers.members(call.object_body(), frozenset({"state"})).get("state", "")
    if state not in ("UploadComplete", "Aborted"):
        raise answers.wrong_value(state, "state")
    if state == "Aborted":
        abort(call, job)
    elif job.state != "Open":
        raise answers.wrong_state(f"Job is not in Open state: {answers.state_of(job)}")
    else:
        _complete(call, job)
    return Answer(200, answers.described(job))


def abort(call: Call, job: Job) -> None:
    """Stop a job; what it has written stays."""
    if answers.is_finished(job):
        raise answers.wrong_state(f"Aborting already {_ENDED[answers.state_of(job)]} Job not allowed")
    call.org.jobs.abort(job)
    job.state = "Aborted"
    call.org.jobs.touch(job)


_ENDED = {"JobComplete": "Completed", "Failed": "Failed", "Aborted": "Aborted"}


def _complete(call: Call, job: Job) -> None:
    job.state = "UploadComplete"
    call.org.jobs.touch(job)
    call.org.jobs.queue(job, job.batch, ingest(job_call(call.org), csv_reader(job), tell_csv(job)))


def read(call: Call, job_id: str) -> Answer:
    """GET /jobs/ingest/ID."""
    return Answer(200, answers.progress(_job(call, job_id)))


def listed(call: Call) -> Answer:
    """GET /jobs/ingest."""
    return answers.listed(call, f"{call.root}/jobs/ingest")


def remove(call: Call, job_id: str) -> Answer:
    """DELETE /jobs/ingest/ID: 204. "The job must have a state of UploadComplete, JobComplete, Aborted, or Failed"."""
    job = _job(call, job_id)
    if answers.state_of(job) in ("Open", "InProgress"):
        raise answers.wrong_state("Job must be aborted, completed or failed before it can be deleted")
    call.org.jobs.forget(job)
    return Answer(204)


# --- results


def successful(call: Call, job_id: str) -> Answer:
    """GET /jobs/ingest/ID/successfulResults."""
    return _results(call, job_id, "sf__Created")


def failed(call: Call, job_id: str) -> Answer:
    """GET /jobs/ingest/ID/failedResults."""
    return _results(call, job_id, "sf__Error")


def _results(call: Call, job_id: str, column: str) -> Answer:
    job = _finished(call, job_id)
    head = job.dialect.line(["sf__Id", column, *job.batch.columns])
    spool = job.batch.results if column == "sf__Created" else job.batch.refused
    return answers.csv_answer([iter([head]), spool.chunks()], len(head) + spool.size)


def unprocessed(call: Call, job_id: str) -> Answer:
    """GET /jobs/ingest/ID/unprocessedrecords: the rows of a failed or aborted job that were not come to."""
    batch = _finished(call, job_id).batch
    data = batch.data
    size = batch.header + data.size - batch.passed
    return answers.csv_answer([data.chunks(0, batch.header), data.chunks(batch.passed)], size)


def _finished(call: Call, job_id: str) -> Job:
    job = _job(call, job_id)
    if not answers.is_finished(job):
        raise answers.wrong_state(f"Job is in state {answers.state_of(job)}; its results are not there yet")
    return job
