"""$batch: up to twenty requests in one.

Graph, "Combine multiple requests in one HTTP call": ids are unique whatever the case, `dependsOn` makes a batch wholly
sequential or leaves it wholly parallel, a request whose predecessor failed gets 424. Each sub-request is throttled on
its own. Graph carries out four of them at a time, whatever their mailboxes (Microsoft's answer 1660054), which decides
how long a batch takes.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from m365sandbox.graph.errors import GraphError, bad_request, unreadable_payload
from m365sandbox.graph.models import compact
from m365sandbox.wire import Request, Response

MOST_REQUESTS = 20
AT_ONCE = 4
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Answer = Callable[[Request], Response]


def sub_requests(request: Request) -> list[dict[str, Any]]:
    """The checked sub-requests of a batch. Raises GraphError for a malformed one."""
    try:
        value = request.json()
    except ValueError as exc:
        raise unreadable_payload() from exc
    found = value.get("requests") if isinstance(value, dict) else None
    if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
        raise bad_request("Invalid batch payload format.")
    if len(found) > MOST_REQUESTS:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {MOST_REQUESTS}.")
    seen: set[str] = set()
    for item in found:
        _check(item, seen)
        seen.add(item["id"].lower())
    _check_dependencies(found)
    return found


def _check(item: Mapping[str, Any], seen: set[str]) -> None:
    identifier, method, url = item.get("id"), item.get("method"), item.get("url")
    if not isinstance(identifier, str) or not identifier:
        raise bad_request("Invalid batch request: each request needs an id.")
    if identifier.lower() in seen:
        raise bad_request(f"Request id '{identifier}' is not unique in the batch.")
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise bad_request(f"Invalid batch request: the method of request '{identifier}' is not valid.")
    # An absolute url leads nowhere, and only its own request fails (observed: msgraph-sdk-python issue 1015).
    if not isinstance(url, str) or not url:
        raise bad_request(f"Invalid batch request: the url of request '{identifier}' is missing.")
    headers = item.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise bad_request(f"Invalid batch request: the headers of request '{identifier}' must be strings.")
    if not isinstance(item.get("dependsOn") or [], list):
        raise bad_request(f"Invalid batch request: dependsOn of request '{identifier}' must be a list.")
    writes = method.upper() in ("POST", "PUT", "PATCH")
    has_body, has_type = item.get("body") is not None, "content-type" in {name.lower() for name in headers}
    if (writes or has_body) and not (has_body and has_type):
        raise bad_request(f"Write request id : {identifier} does not contain Content-Type header or body.")
    _sent(item.get("body"), next((value for name, value in headers.items() if name.lower() == "content-type"), ""))


def _check_dependencies(items: list[dict[str, Any]]) -> None:
    """All independent, or each on the one before it (or all on the first). The texts are as reported
    (msgraph-sdk-dotnet-core issue 891, microsoft-graph-docs issue 16280)."""
    named = [[str(name).lower() for name in item.get("dependsOn") or []] for item in items]
    known = {item["id"].lower(): position for position, item in enumerate(items)}
    if not any(named):
        return
    for position, names in enumerate(named):
        if any(known.get(name, position) >= position for name in names):
            raise bad_request(f"Invalid dependency for request Id : {items[position]['id']}.")
    if any(not names for names in named[1:]):
        raise bad_request("Batch should be either fully sequential or fully parallel.")


def is_sequential(items: list[dict[str, Any]]) -> bool:
    """Whether the requests run one after the other."""
    return any(item.get("dependsOn") for item in items)


def made_request(item: Mapping[str, Any], outer: Request) -> Request:
    """A sub-request as if it had come alone. It has its own headers and the outer request's authorization."""
    path, _, query = item["url"].partition("?")
    raw_path = f"/v1.0/{path.lstrip('/')}"
    headers = {name.lower(): value for name, value in (item.get("headers") or {}).items()}
    for name in ("authorization", "client-request-id"):
        if name in outer.headers:
            headers.setdefault(name, outer.headers[name])
    body = item.get("body")
    return Request(
        method=item["method"].upper(),
        path=unquote(raw_path),
        raw_path=raw_path,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        content=_sent(body, headers.get("content-type", "")),
        base_url=outer.base_url,
    )


def _sent(body: Any, kind: str) -> bytes:
    """A body as it would have come alone: what is no JSON stands in base64."""
    if body is None:
        return b""
    if not isinstance(body, str) or "json" in kind.lower():
        return json.dumps(body).encode()
    try:
        return b64decode(body.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError as exc:
        raise bad_request("Invalid batch request: a body that is not JSON must be base64.") from exc


def at_once(items: list[dict[str, Any]]) -> int:
    """How many of the requests are carried out at a time, whatever their mailboxes."""
    return 1 if is_sequential(items) else AT_ONCE


def run(
    items: list[dict[str, Any]], outer: Request, answer: Answer, failed: Callable[[GraphError], Response]
) -> tuple[str, tuple[int, ...]]:
    """The JSON of all answers, and how many messages and attachments each of them holds."""
    statuses: dict[str, int] = {}
    shown: list[str] = []
    held: list[int] = []
    for item in items:
        needed = [str(name).lower() for name in item.get("dependsOn") or []]
        if any(statuses[name] >= 400 for name in needed):
            response = _without_own_headers(failed(GraphError(424, "FailedDependency", "Failed Dependency")))
        else:
            response = _answered(item, outer, answer)
        statuses[item["id"].lower()] = response.status
        shown.append(_shown(item["id"], response))
        held.append(sum(response.items))
    if not is_sequential(items):
        # Answers come in any order; a client that takes them for the order it asked in shall notice.
        shown.reverse()
    return f'{{"responses":[{",".join(shown)}]}}', tuple(held)


def _answered(item: Mapping[str, Any], outer: Request, answer: Answer) -> Response:
    """The answer to one request; what a planted fault puts in its place is shown with all its headers."""
    inner = made_request(item, outer)
    query = item["url"].partition("?")[2]
    alone = f"{inner.raw_path}?{query}" if query else inner.raw_path
    planted = outer.sub_fault(inner.method, item["url"], alone)
    return planted if planted is not None else _without_own_headers(answer(inner))


def _without_own_headers(response: Response) -> Response:
    """Without what belongs to a whole answer only."""
    response.headers = {name: value for name, value in response.headers.items() if name in _KEPT}
    return response


def _shown(identifier: str, response: Response) -> str:
    """One answer. What is not JSON comes as base64."""
    content = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    kind = next((value for name, value in response.headers.items() if name.lower() == "content-type"), "")
    if not content:
        body = "null"
    elif "json" in kind:
        body = content.decode()
    else:
        body = compact(b64encode(content).decode())
    headers = compact(response.headers)
    return f'{{"id":{compact(identifier)},"status":{response.status},"headers":{headers},"body":{body}}}'


_KEPT = ("Content-Type", "Cache-Control", "OData-Version", "Preference-Applied", "Retry-After", "Allow", "Location")
