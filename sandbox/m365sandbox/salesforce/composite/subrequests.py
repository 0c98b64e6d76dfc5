"""Requests inside a request: their shape, their run, their result.

REST guide, "Composite Subrequest" and "Composite Subrequest Result".
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from m365sandbox.salesforce.call import Answer, Call, spelt
from m365sandbox.salesforce.errors import ApiError, bad_json, not_found
from m365sandbox.salesforce.rest import bodies, resources
from m365sandbox.wire import Response

#: Runs one call through the route table.
Dispatch = Callable[[Call], Answer]

_URL = re.compile(r"/services/data/v(\d{2}\.0)/(.+)", re.ASCII | re.DOTALL)
_REFERENCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*", re.ASCII)
_KEYS = frozenset({"method", "url", "referenceId", "body", "httpHeaders"})
#: Headers that sub-requests inherit; one that names them makes the whole request a bad one.
_INHERITED = frozenset({"accept", "authorization", "content-type"})
#: REST guide, "Send Multiple Requests Using Composite": it is supported for sObjects, queries and Collections only.
_NOT_HELD = frozenset({"limits", "parameterizedSearch", "recent", "search"})
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


def check_shape(item: Any, methods: frozenset[str], seen: set[str]) -> None:
    """Refuse the whole request for a sub-request that is none, or repeats one of the reference ids `seen`."""
    if not isinstance(item, dict):
        raise bad_json("A subrequest has to be an object")
    unknown = next((key for key in item if key not in _KEYS), None)
    if unknown is not None:
        raise bad_json(f'Unrecognized field "{unknown}" in a subrequest, not marked as ignorable')
    for name in ("method", "url", "referenceId"):
        if not isinstance(item.get(name), str):
            raise bad_json(f"{name} is required in every subrequest")
    if item["method"] not in methods:
        raise bad_json(f"Invalid method: {item['method']}")
    _check_reference_id(item["referenceId"], seen)
    _check_headers(item.get("httpHeaders", {}))


def _check_reference_id(reference_id: str, seen: set[str]) -> None:
    if _REFERENCE_ID.fullmatch(reference_id) is None:
        raise bad_json(
            f"Provided referenceId ('{reference_id}') must start with a letter or a number, "
            "and it can contain only letters, numbers and underscores ('_')."
        )
    if reference_id in seen:
        raise bad_json(f"Duplicate referenceId provided: {reference_id}")
    seen.add(reference_id)


def _check_headers(headers: Any) -> None:
    if not isinstance(headers, dict):
        raise bad_json("httpHeaders: an object expected")
    inherited = next((name for name in headers if str(name).lower() in _INHERITED), None)
    if inherited is not None:
        raise ApiError(400, "INVALID_REQUEST", f"The header {inherited} can't be specified in a subrequest")


def path_of(url: str) -> tuple[str, str] | None:
    """The version and what stands behind it in the address of a sub-request."""
    parts = _URL.fullmatch(url)
    return None if parts is None else (parts[1], parts[2])


def run(
    call: Call, item: Mapping[str, Any], bodies: Mapping[str, Any], dispatch: Dispatch, *, all_or_none: bool
) -> Answer:
    """Run one sub-request as a unit of its own; what refuses it is its answer."""
    try:
        url = fill_in(item["url"], bodies)
        body = fill_in(item.get("body"), bodies)
    except UnknownReferenceError as missing:
        return Answer(400, ApiError(400, "PROCESSING_HALTED", str(missing)).body())
    return answered(call, item["method"], url, lambda: _sub_call(call, item, url, body, all_or_none), dispatch)


def answered(call: Call, method: str, url: str, sub_call: Callable[[], Call], dispatch: Dispatch) -> Answer:
    """The answer of one sub-request, a unit of its own; what refuses it, or a planted fault, is its answer."""
    planted = call.sub_fault(method, url)
    if planted is not None:
        return _planted(planted)
    try:
        sub = sub_call()
        with call.org.unit_of_work():
            return dispatch(sub)
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
    parts = path_of(url)
    if parts is None:
        raise not_found()
    # A sub-request may use another version than the request that holds it.
    if not resources.OLDEST <= int(parts[0][:2]) <= resources.NEWEST:
        raise not_found()
    path, _, query = parts[1].partition("?")
    segments = spelt(tuple(unquote(part) for part in path.rstrip("/").split("/")))
    if segments[0] in _NOT_HELD or (segments[0] == "composite" and segments[1:2] != ("sobjects",)):
        raise ApiError(400, "INVALID_REQUEST", f"Resource not supported in a composite request: {path}")
    if segments[0] == "sobjects" and len(segments) == 4 and segments[3] == "VersionData":
        raise ApiError(400, "INVALID_REQUEST", f"Binary data is not supported in a composite request: {path}")
    headers = {str(name).lower(): str(value) for name, value in item.get("httpHeaders", {}).items()}
    if item["method"] != "GET":
        bodies.refuse_conditions(headers)
    return replace(
        call,
        method=item["method"],
        version=parts[0],
        segments=segments,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        body=body,
        force_all_or_none=all_or_none,
    )


def has_failed(answer: Answer, all_or_none: bool) -> bool:
    """Under all-or-none a collection with a refused row has failed, though its status is 200."""
    if answer.status >= 300:
        return True
    rows = answer.body if isinstance(answer.body, list) else []
    return all_or_none and any(isinstance(row, dict) and row.get("success") is False for row in rows)


def result(item: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    """The sub-request's part of the answer."""
    return {
        "body": answer.body,
        "httpHeaders": answer.headers,
        "httpStatusCode": answer.status,
        "referenceId": item["referenceId"],
    }


def halted(items: Sequence[Mapping[str, Any]], results: Sequence[dict[str, Any]], failed: int) -> list[dict[str, Any]]:
    """The failed sub-request keeps its own answer; all others say that they were undone or not run."""
    answer = Answer(400, ApiError(400, "PROCESSING_HALTED", _HALTED).body())
    return [results[place] if place == failed else result(item, answer) for place, item in enumerate(items)]


_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}", re.ASCII)
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]", re.ASCII)


class UnknownReferenceError(Exception):
    """A reference names a sub-request that has not run or failed, or a value that its answer does not have."""


def fill_in(value: Any, bodies: Mapping[str, Any]) -> Any:
    """The value with every reference in its texts replaced; what holds none is handed back itself.

    A text that is a reference as a whole becomes the referenced value, whatever its type.
    """
    if isinstance(value, str):
        return _fill_text(value, bodies) if "@{" in value else value
    if isinstance(value, list):
        return [fill_in(item, bodies) for item in value]
    if isinstance(value, dict):
        return {key: fill_in(item, bodies) for key, item in value.items()}
    return value


def _fill_text(text: str, bodies: Mapping[str, Any]) -> Any:
    whole = _REFERENCE.fullmatch(text)
    if whole is not None:
        return _value_of(whole, bodies)
    return _REFERENCE.sub(lambda match: str(_value_of(match, bodies)), text)


def _value_of(match: re.Match[str], bodies: Mapping[str, Any]) -> Any:
    name, path = match[1], match[2]
    current = bodies.get(name)
    for key, index in _STEP.findall(path):
        current = _step(current, key, index)
    if current is None:
        raise UnknownReferenceError(f"Invalid reference specified. No value for {name}{path} found in {name}")
    return current


def _step(current: Any, key: str, index: str) -> Any:
    if index:
        return current[int(index)] if isinstance(current, list) and int(index) < len(current) else None
    return current.get(key) if isinstance(current, dict) else None
