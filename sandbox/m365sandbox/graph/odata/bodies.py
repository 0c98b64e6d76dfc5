"""Bodies of requests: JSON objects, the types that they name, the parameters of actions."""

from collections.abc import Collection, Mapping
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.errors import GraphError
from m365sandbox.wire import Request


def json_body(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty one. Raises GraphError.

    What is not said to be JSON is not read as such: "Please ensure Content-Type header is set".
    """
    if not request.body.strip():
        return {}
    if "json" not in media_type(request):
        raise errors.unreadable_payload()
    try:
        value = request.json()
    except ValueError as exc:
        raise errors.unreadable_payload() from exc
    if not isinstance(value, dict):
        raise errors.unreadable_body()
    return value


def needed_body(request: Request) -> dict[str, Any]:
    """The same where there must be one."""
    if not request.body.strip():
        raise errors.bad_request("Empty Payload. JSON content expected.")
    return json_body(request)


def parameters(request: Request, action: str, names: Collection[str]) -> dict[str, Any]:
    """The parameters of an action, whatever the case of their first letters. Raises GraphError for others."""
    known = {name.lower(): name for name in names}
    found: dict[str, Any] = {}
    for name, value in json_body(request).items():
        if name.startswith("@"):
            continue
        if name.lower() not in known:
            raise errors.unknown_parameter(name, action)
        found[known[name.lower()]] = value
    return found


def text_parameter(found: Mapping[str, Any], name: str, action: str) -> str:
    """A parameter that is needed and is a text."""
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise GraphError(400, "ErrorInvalidParameter", f"The parameter '{name}' of '{action}' is missing or not valid.")
    return value


def media_type(request: Request) -> str:
    """What a body is said to be, in lower case and without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_type(stated: Any, name: str) -> bool:
    """Whether `@odata.type` names the type: clients write it with and without the #, and in any case
    (Office365-REST-Python-Client sends `#microsoft.graph.Message`)."""
    return str(stated).removeprefix("#").lower() == f"microsoft.graph.{name}".lower()
