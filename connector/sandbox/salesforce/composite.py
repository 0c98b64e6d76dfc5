"""/composite: up to 25 sub-requests in one call, later ones naming results of earlier ones.

REST guide, "Composite" and "allOrNone Parameters in Composite and Collections Requests": with `allOrNone: true` the
first failure undoes everything, also rows of collections that ask for the contrary. `collateSubrequests` is accepted
and changes nothing here, since sub-requests run one after the other in any case.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from connector.sandbox.salesforce.call import Answer, Call
from connector.sandbox.salesforce.errors import ApiError, bad_json, not_found
from connector.sandbox.salesforce.references import UnknownReferenceError, fill_in
from connector.sandbox.salesforce.transaction import RollBack
from connector.sandbox.wire import Response

#: Runs one call through the route table.
Dispatch = Callable[[Call], Answer]

MAX_SUBREQUESTS = 25
MAX_HEAVY_SUBREQUESTS = 5

_URL = re.compile(r"/services/data/v(\d{2}\.\d)/(.+)", re.ASCII)
_REFERENCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*", re.ASCII)
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_KEYS = frozenset({"allOrNone", "collateSubrequests", "compositeRequest"})
_SUBREQUEST_KEYS = frozenset({"method", "url", "referenceId", "body", "httpHeaders"})


def run(call: Call, dispatch: Dispatch) -> Answer:
    """POST /composite."""
    subrequests, all_or_none = _checked(call)
    results: list[dict[str, Any]] = []
    failed: list[int] = []
    rows = 0
    with call.org.unit_of_work():
        bodies: dict[str, Any] = {}
        for position, item in enumerate(subrequests):
            answer = _run_one(call, item, bodies, all_or_none, dispatch)
            rows += answer.rows
            bodies[item["referenceId"]] = answer.body if answer.status < 300 else None
            results.append(_result(item, answer))
            if _has_failed(answer, all_or_none):
                failed.append(position)
                if all_or_none:
                    break
        if failed and all_or_none:
            raise RollBack
    if failed and all_or_none:
        return Answer(200, {"compositeResponse": _halted(subrequests, results, failed[0])})
    return Answer(200, {"compositeResponse": results}, rows=rows)


def _checked(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = call.object_body()
    unknown = next((key for key in body if key not in _KEYS), None)
    if unknown is not None:
        raise bad_json(f'Unrecognized field "{unknown}" (Class common.api.CompositeRequest), not marked as ignorable')
    subrequests = body.get("compositeRequest")
    if not isinstance(subrequests, list) or not subrequests:
        raise bad_json("compositeRequest: a list of subrequests is required")
    for name in ("allOrNone", "collateSubrequests"):
        if not isinstance(body.get(name, False), bool):
            raise bad_json(f"Value for {name} must be of type Boolean")
    if len(subrequests) > MAX_SUBREQUESTS:
        raise _over_limit(f"Composite request with more than {MAX_SUBREQUESTS} subrequests: {len(subrequests)}")
    seen: set[str] = set()
    for item in subrequests:
        _check_shape(item, seen)
    heavy = sum(1 for item in subrequests if _is_heavy(item["url"]))
    if heavy > MAX_HEAVY_SUBREQUESTS:
        raise _over_limit(
            f"Only {MAX_HEAVY_SUBREQUESTS} query and sObject Collections subrequests are allowed: {heavy}"
        )
    return subrequests, bool(body.get("allOrNone", False))


def _over_limit(message: str) -> ApiError:
    return ApiError(400, "LIMIT_EXCEEDED", message)


def _check_shape(item: Any, seen: set[str]) -> None:
    if not isinstance(item, dict):
        raise bad_json("A subrequest has to be an object")
    unknown = next((key for key in item if key not in _SUBREQUEST_KEYS), None)
    if unknown is not None:
        raise bad_json(f'Unrecognized field "{unknown}" in a subrequest, not marked as ignorable')
    for name in ("method", "url", "referenceId"):
        if not isinstance(item.get(name), str):
            raise bad_json(f"{name} is required in every subrequest")
    reference_id = item["referenceId"]
    if _REFERENCE_ID.fullmatch(reference_id) is None:
        raise bad_json(
            f"Provided referenceId ('{reference_id}') must start with a letter or a number, "
            "and it can contain only letters, numbers and underscores ('_')."
        )
    if reference_id in seen:
        raise bad_json(f"Duplicate referenceId provided: {reference_id}")
    seen.add(reference_id)
    if item["method"] not in _METHODS:
        raise bad_json(f"Invalid method: {item['method']}")
    if not isinstance(item.get("httpHeaders", {}), dict):
        raise bad_json("httpHeaders: an object expected")


def _is_heavy(url: str) -> bool:
    """Queries and sObject Collections, of which a request holds five at most."""
    parts = _URL.fullmatch(url)
    first, second = ([*re.split(r"[/?]", parts[2]), ""] if parts else ["", ""])[:2]
    return first in ("query", "queryAll") or (first == "composite" and second == "sobjects")


def _run_one(
    call: Call, item: Mapping[str, Any], bodies: Mapping[str, Any], all_or_none: bool, dispatch: Dispatch
) -> Answer:
    try:
        url = fill_in(item["url"], bodies)
        body = fill_in(item.get("body"), bodies)
        planted = call.sub_fault(item["method"], url)
        if planted is not None:
            return _planted(planted)
        sub = _sub_call(call, item, url, body, all_or_none)
        with call.org.unit_of_work():
            return dispatch(sub)
    except UnknownReferenceError as missing:
        return Answer(400, ApiError(400, "PROCESSING_HALTED", str(missing)).body())
    except ApiError as refused:
        return Answer(refused.status, refused.body())


def _planted(response: Response) -> Answer:
    """The answer that a planted fault puts in the place of a sub-request's."""
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-type"}
    content = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    text = content.decode("utf-8", "replace")
    try:
        body = json.loads(text) if text else None
    except ValueError:  # a page instead of JSON
        body = text
    return Answer(response.status, body, headers)


def _sub_call(call: Call, item: Mapping[str, Any], url: str, body: Any, all_or_none: bool) -> Call:
    parts = _URL.fullmatch(url)
    if parts is None:
        raise not_found()
    if parts[1] != call.version:
        raise ApiError(400, "INVALID_REQUEST", f"Subrequests must use API version {call.version}, not {parts[1]}")
    path, _, query = parts[2].partition("?")
    segments = tuple(unquote(part) for part in path.split("/"))
    if segments[0] == "composite" and segments[1:2] != ("sobjects",):
        raise ApiError(400, "INVALID_REQUEST", f"Resource not supported in a composite request: {path}")
    headers = {str(name).lower(): str(value) for name, value in item.get("httpHeaders", {}).items()}
    return replace(
        call,
        method=item["method"],
        segments=segments,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        body=body,
        force_all_or_none=all_or_none,
    )


def _has_failed(answer: Answer, all_or_none: bool) -> bool:
    """Under all-or-none a collection with a refused row has failed, though its status is 200."""
    if answer.status >= 300:
        return True
    rows = answer.body if isinstance(answer.body, list) else []
    return all_or_none and any(isinstance(row, dict) and row.get("success") is False for row in rows)


def _result(item: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    return {
        "body": answer.body,
        "httpHeaders": answer.headers,
        "httpStatusCode": answer.status,
        "referenceId": item["referenceId"],
    }


def _halted(subrequests: list[dict[str, Any]], results: list[dict[str, Any]], failed: int) -> list[dict[str, Any]]:
    """The failed sub-request keeps its own answer; all others say that they were undone or not run."""
    message = "The transaction was rolled back since another operation in the same transaction failed."
    halted = Answer(400, ApiError(400, "PROCESSING_HALTED", message).body())
    return [
        results[position] if position == failed else _result(item, halted) for position, item in enumerate(subrequests)
    ]
