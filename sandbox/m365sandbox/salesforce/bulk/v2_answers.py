"""What Bulk API 2.0 says of a job, which jobs a caller may ask for, and how it refuses."""

from collections.abc import Iterator
from typing import Any

from m365sandbox.salesforce.call import Answer, Call
from m365sandbox.salesforce.errors import ApiError, bad_json, not_found
from m365sandbox.salesforce.jobs.dialect import DELIMITERS, LINE_ENDINGS, BatchRefusedError, Dialect
from m365sandbox.salesforce.jobs.registry import FINISHED, Job, Kind, stamp

MAX_LISTED = 1_000
_CODES = {"InvalidEntity": "INVALIDENTITY", "FeatureNotEnabled": "FEATURENOTENABLED", "InvalidJob": "INVALIDJOB"}


def refused(error: BatchRefusedError) -> ApiError:
    """A job that cannot be made: the code in capitals, and once more before the message (observed)."""
    return ApiError(400, _CODES.get(error.code, error.code.upper()), str(error))


def wrong_value(value: Any, name: str) -> ApiError:
    """A member of the job with a value that it cannot have (observed)."""
    return ApiError(400, "API_ERROR", f"Invalid value: '{value}' supplied for property: '{name}'")


def wrong_state(message: str) -> ApiError:
    """The job is in no state for that."""
    return ApiError(400, "INVALIDJOBSTATE", f"InvalidJobState : {message}")


def find(call: Call, job_id: str, kind: Kind) -> Job:
    """The job of that id. Bulk API guide, "Errors": InvalidUser where another user made it."""
    job = call.org.jobs.find(job_id)
    if job is None or job.kind != kind:
        raise not_found()
    if job.user_id != call.user_id and not call.rights.has("ModifyAllData"):
        raise ApiError(400, "INVALIDUSER", "InvalidUser : The job was created by another user")
    return job


def members(body: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The members of a request. Raises ApiError for one that there is not."""
    unknown = next((name for name in body if name not in known), None)
    if unknown is not None:
        raise bad_json(f'Unrecognized field "{unknown}" (Class Job), not marked as ignorable')
    return {name: value for name, value in body.items() if value is not None}


def dialect_of(body: dict[str, Any]) -> Dialect:
    """How the data of a job is written."""
    if body.get("contentType", "CSV") != "CSV":
        raise wrong_value(body["contentType"], "contentType")
    delimiter, ending = body.get("columnDelimiter", "COMMA"), body.get("lineEnding", "LF")
    if not isinstance(delimiter, str) or delimiter not in DELIMITERS:
        raise wrong_value(delimiter, "columnDelimiter")
    if not isinstance(ending, str) or ending not in LINE_ENDINGS:
        raise wrong_value(ending, "lineEnding")
    return Dialect(delimiter, ending)


def state_of(job: Job) -> str:
    """The state of a job: what the caller made of it until its data is worked off."""
    if job.state != "UploadComplete":
        return job.state
    words = {"InProgress": "InProgress", "Completed": "JobComplete", "Failed": "Failed"}
    return words.get(job.batch.state, "UploadComplete")


def is_finished(job: Job) -> bool:
    """Whether nothing will happen to it any more."""
    return state_of(job) in FINISHED


def described(job: Job) -> dict[str, Any]:
    """A job as the answer to a request that makes or changes it."""
    state = state_of(job)
    found = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": stamp(job.created),
        "systemModstamp": stamp(job.modified),
        "state": state,
        **({"assignmentRuleId": job.assignment_rule} if job.assignment_rule else {}),
        **({"externalIdFieldName": job.external_id} if job.external_id else {}),
        "concurrencyMode": job.concurrency,
        "contentType": job.content,
        "apiVersion": float(job.version),
    }
    if not job.is_query and state == "Open":
        found["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    return {**found, "lineEnding": job.dialect.line_ending, "columnDelimiter": job.dialect.delimiter}


def progress(job: Job) -> dict[str, Any]:
    """A job as the answer to a question for it: with its counts and times."""
    batch = job.batch
    counts: dict[str, Any] = {"jobType": job.kind, "numberRecordsProcessed": batch.processed}
    if not job.is_query:
        counts["numberRecordsFailed"] = batch.failed
    counts |= {"retries": 0, "totalProcessingTime": batch.milliseconds}
    if job.is_query:
        counts["isPkChunkingSupported"] = True
    else:
        counts |= {"apiActiveProcessingTime": batch.milliseconds, "apexProcessingTime": 0}
    if batch.message:
        counts["errorMessage"] = batch.message
    return {**described(job), **counts}


def listed(call: Call, root: str) -> Answer:
    """GET of all jobs of both kinds, newest first, in pages."""
    jobs = [job for job in call.org.jobs.all() if job.user_id == call.user_id or call.rights.has("ModifyAllData")]
    wanted = call.parameter("jobType")
    if wanted is not None and wanted not in ("V2Ingest", "V2Query", "Classic", "BigObjectIngest"):
        raise wrong_value(wanted, "jobType")
    mode = call.parameter("concurrencyMode")
    found = [job for job in jobs if wanted in (None, job.kind) and mode in (None, job.concurrency)]
    start = call.parameter("queryLocator") or "0"
    if not start.isdecimal() or int(start) > len(found):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    end = int(start) + MAX_LISTED
    more = end < len(found)
    body = {
        "done": not more,
        "nextRecordsUrl": f"{root}?queryLocator={end}" if more else None,
        "records": [_short(job) for job in found[int(start) : end]],
    }
    return Answer(200, body)


def _short(job: Job) -> dict[str, Any]:
    left_out = {"contentUrl", "externalIdFieldName", "assignmentRuleId"}
    if job.kind == "Classic":
        return {
            "id": job.id,
            "operation": job.operation,
            "object": job.object,
            "createdById": job.user_id,
            "createdDate": stamp(job.created),
            "systemModstamp": stamp(job.modified),
            "state": job.state,
            "concurrencyMode": job.concurrency,
            "contentType": job.content,
            "apiVersion": float(job.version),
            "jobType": job.kind,
        }
    return {**{name: value for name, value in described(job).items() if name not in left_out}, "jobType": job.kind}


def csv_answer(parts: list[Iterator[bytes]], size: int, headers: dict[str, str] | None = None) -> Answer:
    """CSV, in one piece unless it is large."""
    together = (piece for part in parts for piece in part)
    named = {"Content-Type": "text/csv;charset=UTF-8", **(headers or {})}
    if size <= _IN_ONE_PIECE:
        return Answer(200, b"".join(together), named)
    return Answer(200, together, {**named, "Content-Length": str(size)})


_IN_ONE_PIECE = 4 * 2**20
