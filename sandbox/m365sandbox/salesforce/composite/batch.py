"""/composite/batch: up to 25 sub-requests in one call that know nothing of each other.

REST guide, "Composite Batch": they run one after the other, each on its own; what was written stays when a later one
fails. Each counts towards the daily limit. Files (`binaryPartName`) need a form, which is not emulated here.
"""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from m365sandbox.salesforce.call import Answer, Call, spelt
from m365sandbox.salesforce.composite import subrequests
from m365sandbox.salesforce.composite.subrequests import Dispatch
from m365sandbox.salesforce.errors import ApiError, bad_json, not_found

MAX_SUBREQUESTS = 25
#: The first API version that has the resource, and the oldest that a sub-request may ask for.
FIRST_VERSION = 34

_KEYS = frozenset({"batchRequests", "haltOnError"})
_SUBREQUEST_KEYS = frozenset({"binaryPartName", "binaryPartNameAlias", "method", "richInput", "url"})
_METHODS = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})
#: The documentation writes `v64.0/sobjects/…` and, below Connect, `/v64.0/…`; clients write the whole path too.
_URL = re.compile(r"(?:/services/data)?/?v(\d{2})\.0/(.+)", re.ASCII | re.DOTALL)
#: The resources that the guide lists for batches; the first three are not here in any case.
_HELD = frozenset({"actions", "chatter", "connect"} | {"limits", "query", "queryAll", "search", "sobjects"})
#: Observed at SalesforceMobileSDK-iOS, issue 2168.
_HALTED = ApiError(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request")


def run(call: Call, dispatch: Dispatch) -> Answer:
    """POST /composite/batch."""
    if float(call.version) < FIRST_VERSION:
        raise not_found()
    items, halt_on_error = _checked(call)
    call.org.state.daily_api_used += len(items) - 1  # the first is the call that was counted already
    answers: list[Answer] = []
    failed = False
    for item in items:
        answer = Answer(_HALTED.status, _HALTED.body()) if failed and halt_on_error else _run_one(call, item, dispatch)
        failed = failed or answer.status >= 400
        answers.append(answer)
    results = [{"statusCode": answer.status, "result": answer.body} for answer in answers]
    return Answer(200, {"hasErrors": failed, "results": results}, rows=sum(answer.rows for answer in answers))


def _run_one(call: Call, item: dict[str, Any], dispatch: Dispatch) -> Answer:
    version, path, query = _address(item["url"])
    method = item["method"].upper()

    def sub_call() -> Call:
        segments = spelt(tuple(unquote(part) for part in path.rstrip("/").split("/")))
        if segments[0] not in _HELD or segments[-1] == "VersionData":
            raise ApiError(400, "INVALID_REQUEST", f"Resource not supported in a batch request: {path}")
        parameters = tuple(parse_qsl(query, keep_blank_values=True))
        return replace(
            call,
            method=method,
            version=f"{version}.0",
            segments=segments,
            query=parameters,
            headers={},
            body=item.get("richInput"),
        )

    return subrequests.answered(call, method, item["url"], sub_call, dispatch)


def _address(url: str) -> tuple[int, str, str]:
    """The version, the path below it and the query of a sub-request's address."""
    parts = _URL.fullmatch(url)
    if parts is None:
        raise bad_json(f"Invalid url of a subrequest: {url}")
    path, _, query = parts[2].partition("?")
    return int(parts[1]), path, query


# --- checks before anything runs


def _checked(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = call.object_body()
    unknown = next((key for key in body if key not in _KEYS), None)
    if unknown is not None:
        raise bad_json(f'Unrecognized field "{unknown}" in a batch, not marked as ignorable')
    items = body.get("batchRequests")
    halt_on_error = False if body.get("haltOnError") is None else body["haltOnError"]
    if not isinstance(items, list) or not items:
        raise bad_json("batchRequests: a list of subrequests is required")
    if not isinstance(halt_on_error, bool):
        raise bad_json("Value for haltOnError must be of type Boolean")
    if len(items) > MAX_SUBREQUESTS:
        message = f"The request can\u2019t contain more than {MAX_SUBREQUESTS} operations."
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    for item in items:
        _check_item(call, item)
    return items, halt_on_error


def _check_item(call: Call, item: Any) -> None:
    """REST guide, "Batch Request Body": a wrong verb or address refuses the whole before anything runs."""
    if not isinstance(item, dict):
        raise bad_json("A subrequest has to be an object")
    unknown = next((key for key in item if key not in _SUBREQUEST_KEYS), None)
    if unknown is not None:
        raise bad_json(f'Unrecognized field "{unknown}" in a subrequest, not marked as ignorable')
    for name in ("method", "url"):
        if not isinstance(item.get(name), str):
            raise bad_json(f"{name} is required in every subrequest")
    if item["method"].upper() not in _METHODS:
        raise bad_json(f"Invalid method: {item['method']}")
    if item.get("binaryPartName") is not None or item.get("binaryPartNameAlias") is not None:
        raise ApiError(400, "INVALID_REQUEST", "Binary parts are available in a multipart request only")
    version, _, _ = _address(item["url"])
    if not FIRST_VERSION <= version <= float(call.version):
        message = f"The API version of a subrequest is at least {FIRST_VERSION}.0 and at most that of the batch"
        raise ApiError(400, "INVALID_REQUEST", f"{message}: {item['url']}")
