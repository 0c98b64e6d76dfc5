"""/services/async: Bulk API 1, as Data Loader, CumulusCI and simple-salesforce speak it.

Bulk API guide, "Bulk API": a job is opened, batches are added and worked off at once, one after the other, and the job
is closed. Requests carry their session in X-SFDC-Session; what is said in JSON is answered in JSON, all else in XML.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable
from typing import Any

from m365sandbox.salesforce import org as org_state
from m365sandbox.salesforce.auth.sessions import Sessions
from m365sandbox.salesforce.bulk import async_answers as answers
from m365sandbox.salesforce.bulk import async_contents
from m365sandbox.salesforce.bulk.async_answers import AsyncRefusedError
from m365sandbox.salesforce.bulk.ingest import check_hard_delete
from m365sandbox.salesforce.bulk.ingest_work import ingest, key_of, sobject_of, tell_list
from m365sandbox.salesforce.bulk.query_work import query
from m365sandbox.salesforce.call import Call, Org, job_call
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.jobs.dialect import BatchRefusedError
from m365sandbox.salesforce.jobs.registry import OPERATIONS, QUERIES, Batch, Job, Worker
from m365sandbox.salesforce.rest import resources, xml_bodies
from m365sandbox.salesforce.rest.bodies import packed
from m365sandbox.wire import Request, Response

_PATH = re.compile(r"/services/async/(\d{1,3})\.0(?:/(.*?))?/?", re.ASCII)
#: "The maximum file size of a batch is 10 MB."
MAX_BYTES = 10_000_000
_MODES: dict[Any, str] = {"Parallel": "Parallel", "Serial": "Serial", 0: "Parallel", 1: "Serial"}
_MEMBERS = frozenset(
    {"id", "operation", "object", "externalIdFieldName", "concurrencyMode", "contentType", "assignmentRuleId", "state"}
)


def is_async_path(path: str) -> bool:
    """Whether a path is one of Bulk API 1."""
    return path.startswith("/services/async/")


class AsyncEndpoint:
    """Bulk API 1 of one org."""

    def __init__(self, org: Org, sessions: Sessions, is_active: Callable[[str], bool]) -> None:
        self._org = org
        self._sessions = sessions
        self._is_active = is_active

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            response = self._answer(request)
        except AsyncRefusedError as refused:
            response = refused.response(_speaks_json(request))
        except BatchRefusedError as refused:
            response = AsyncRefusedError(refused.code, refused.message).response(_speaks_json(request))
        return packed(request, response)

    def _answer(self, request: Request) -> Response:
        match = _PATH.fullmatch(request.path)
        version = int(match[1]) if match else 0
        if not resources.OLDEST <= version <= resources.NEWEST:
            raise AsyncRefusedError("InvalidVersion", f"Api version {version}.0 is not available")
        call = self._call(request, f"{version}.0")
        self._count()
        parts = tuple((match[2] or "").split("/")) if match else ()
        response = self._routed(request, call, parts)
        org_state.save(self._org.connection, self._org.state)
        return response

    def _call(self, request: Request, version: str) -> Call:
        token = request.headers.get("x-sfdc-session", "").strip()
        if not token:
            raise AsyncRefusedError("InvalidSessionId", "Unable to find session id")
        user_id = self._sessions.user_of(token)
        if user_id is None or not self._is_active(user_id):
            raise AsyncRefusedError("InvalidSessionId", "Invalid session id")
        rights = self._org.rights.of(user_id)
        if not rights.has("ApiEnabled"):
            raise AsyncRefusedError("FeatureNotEnabled", "API is not enabled for this Organization or Partner")
        return Call(
            org=self._org,
            user_id=user_id,
            rights=rights,
            version=version,
            now=self._org.now(),
            base_url=request.base_url,
            method=request.method,
            headers=request.headers,
        )

    def _count(self) -> None:
        state = self._org.state
        if state.daily_api_used >= state.daily_api_requests:
            raise AsyncRefusedError("ExceededQuota", "TotalRequests Limit exceeded.")
        state.daily_api_used += 1

    def _routed(self, request: Request, call: Call, parts: tuple[str, ...]) -> Response:
        if parts == ("job",):
            _allow(request, "POST")
            return self._open(request, call)
        if parts[:1] != ("job",) or len(parts) > 6:
            raise AsyncRefusedError("InvalidUrl", f"Destination URL not found: {request.path}", 404)
        job = self._job(call, parts[1])
        as_json = _speaks_json(request) or job.content == "JSON"
        if len(parts) == 2:
            _allow(request, "GET", "POST")
            return answers.job_answer(self._changed(request, job), as_json)
        if parts[2] != "batch":
            raise AsyncRefusedError("InvalidUrl", f"Destination URL not found: {request.path}", 404)
        if len(parts) == 3:
            _allow(request, "GET", "POST")
            if request.method == "GET":
                return answers.batches_answer(job, as_json)
            return answers.batch_answer(job, self._add(request, job), as_json, 201)
        _allow(request, "GET")
        return self._batch_answer(job, parts[3], parts[4:], as_json)

    def _job(self, call: Call, job_id: str) -> Job:
        job = self._org.jobs.find(job_id)
        if job is None or job.kind != "Classic":
            raise AsyncRefusedError("InvalidJob", f"Invalid job id: {job_id}")
        if job.user_id != call.user_id and not call.rights.has("ModifyAllData"):
            raise AsyncRefusedError("InvalidUser", "The job was created by another user")
        return job

    # --- jobs

    def _open(self, request: Request, call: Call) -> Response:
        body = _members(request)
        operation = body.get("operation", "")
        if not isinstance(operation, str) or operation not in OPERATIONS | QUERIES:
            raise AsyncRefusedError("InvalidJob", f"Invalid operation: {operation}")
        content = body.get("contentType") or "XML"
        if not isinstance(content, str) or content not in async_contents.MEDIA:
            raise AsyncRefusedError("InvalidJob", f"The content type {content} is not available here")
        mode = body.get("concurrencyMode", "Parallel")
        if isinstance(mode, bool) or not isinstance(mode, int | str) or mode not in _MODES:
            raise AsyncRefusedError("InvalidJob", f"Invalid concurrencyMode: {mode}")
        if request.headers.get("sforce-enable-pkchunking", "false").strip().lower() != "false":
            raise AsyncRefusedError("FeatureNotEnabled", "PK chunking is not available here")
        sobject = sobject_of(call, str(body.get("object", "")), to_read=operation in QUERIES)
        key_of(call, sobject, operation, body.get("externalIdFieldName"))
        check_hard_delete(call, operation)
        job = self._org.jobs.add(
            kind="Classic",
            user_id=call.user_id,
            version=call.version,
            operation=operation,
            object=sobject.name,
            external_id=body.get("externalIdFieldName") if operation == "upsert" else None,
            concurrency=_MODES[mode],
            content=content,
            assignment_rule=body.get("assignmentRuleId"),
        )
        return answers.job_answer(job, _speaks_json(request), 201)

    def _changed(self, request: Request, job: Job) -> Job:
        """POST closes or aborts a job; GET only asks."""
        if request.method == "GET":
            return job
        state = _members(request).get("state")
        if state not in ("Closed", "Aborted"):
            raise AsyncRefusedError("InvalidJobState", f"Invalid job state: {state}")
        if job.state != "Open" and (state, job.state) != ("Aborted", "Closed"):
            verb = "Closing" if state == "Closed" else "Aborting"
            raise AsyncRefusedError("InvalidJobState", f"{verb} already {job.state} Job not allowed")
        if state == "Aborted":
            if job.state == "Closed" and all(batch.state in ("Completed", "Failed") for batch in job.batches):
                raise AsyncRefusedError("InvalidJobState", "Aborting already Completed Job not allowed")
            self._org.jobs.abort(job)
        job.state = state
        self._org.jobs.touch(job)
        return job

    # --- batches

    def _add(self, request: Request, job: Job) -> Batch:
        if job.state != "Open":
            raise AsyncRefusedError("InvalidJobState", f"Job is not in Open state: {job.state}")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in async_contents.MEDIA[job.content]:
            raise AsyncRefusedError("InvalidBatch", f"Content type {kind} does not match the job's: {job.content}")
        data = _unpacked(request)
        if len(data) > MAX_BYTES:
            message = f"Failed to read request. Exceeded max size limit of {MAX_BYTES}"
            raise AsyncRefusedError("ClientInputError", message)
        batch = self._org.jobs.add_batch(job)
        batch.data.write(data)
        self._org.jobs.touch(job)
        self._org.jobs.queue(job, batch, self._worker(job))
        return batch

    def _worker(self, job: Job) -> Worker:
        call_of = job_call(self._org)
        if job.is_query:
            return query(call_of, async_contents.writer(job, job.object), _statement, _failed)
        return ingest(call_of, async_contents.reader(job), tell_list)

    def _batch_answer(self, job: Job, batch_id: str, rest: tuple[str, ...], as_json: bool) -> Response:
        batch = next((item for item in job.batches if batch_id in (item.id, item.id[:15])), None)
        if batch is None:
            raise AsyncRefusedError("InvalidBatch", f"Invalid batch id: {batch_id}")
        if not rest:
            return answers.batch_answer(job, batch, as_json)
        if rest == ("request",):
            return answers.request_answer(batch, async_contents.MEDIA[job.content][0])
        if rest[0] != "result" or len(rest) > (2 if job.is_query else 1):
            raise AsyncRefusedError("InvalidUrl", "Destination URL not found", 404)
        if batch.state != "Completed":
            raise AsyncRefusedError("InvalidBatch", f"Batch not completed: {batch.state}")
        if not job.is_query:
            return answers.results_answer(job, batch)
        if len(rest) == 1:
            return answers.result_list_answer(batch, as_json)
        if rest[1] not in (batch.result_id, batch.result_id[:15]):
            raise AsyncRefusedError("InvalidBatch", f"Invalid result id: {rest[1]}")
        return answers.query_answer(job, batch)


def _statement(job: Job, batch: Batch) -> str:
    """The SOQL of a batch."""
    try:
        return batch.data.read().decode().strip()
    except UnicodeDecodeError:
        raise BatchRefusedError("InvalidBatch", f"The query of {job.id} is not in UTF-8") from None


def _failed(refused: ApiError) -> BatchRefusedError:
    code = "FUNCTIONALITY_NOT_ENABLED" if refused.code == "API_ERROR" else refused.code
    return BatchRefusedError("InvalidBatch", f"Failed to process query: {code}: {refused.message}")


def _speaks_json(request: Request) -> bool:
    kinds = f"{request.headers.get('content-type', '')},{request.headers.get('accept', '')}"
    return "application/json" in kinds.lower()


def _allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        allowed = ",".join(methods)
        message = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
        raise AsyncRefusedError("MethodNotAllowed", message, 405)


def _unpacked(request: Request) -> bytes:
    data = request.body
    if request.headers.get("content-encoding", "").lower() != "gzip":
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        raise AsyncRefusedError("ClientInputError", "The body is no gzip stream") from None


def _members(request: Request) -> dict[str, Any]:
    """What a request says about a job."""
    data = _unpacked(request)
    if "application/json" in request.headers.get("content-type", "").lower():
        try:
            body = json.loads(data)
        except (ValueError, RecursionError) as wrong:
            raise AsyncRefusedError("ClientInputError", str(wrong)) from None
        if not isinstance(body, dict):
            raise AsyncRefusedError("ClientInputError", "An object is expected")
    else:
        try:
            root = xml_bodies.parse(data)
        except ValueError as wrong:
            raise AsyncRefusedError("InvalidXML", str(wrong)) from None
        if root.tag != f"{{{answers.NAMESPACE}}}jobInfo":
            raise AsyncRefusedError("InvalidXML", f"jobInfo of {answers.NAMESPACE} is expected")
        body = xml_bodies.members(root)
    unknown = next((name for name in body if name not in _MEMBERS), None)
    if unknown is not None:
        raise AsyncRefusedError("InvalidJob", f"Unrecognized field: {unknown}")
    return {name: value for name, value in body.items() if value is not None}
