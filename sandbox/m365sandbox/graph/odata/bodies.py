"""The parameters of an action, in a JSON body."""

from collections.abc import Collection
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.wire import Request


def parameters(request: Request, action: str, names: Collection[str]) -> dict[str, Any]:
    """The parameters of an action, whatever the case of their first letters. Raises GraphError for others.

    What is not said to be JSON is not read as such: "Please ensure Content-Type header is set".
    """
    known = {name.lower(): name for name in names}
    found: dict[str, Any] = {}
    for name, value in _json_object(request).items():
        if name.startswith("@"):
            continue
        if name.lower() not in known:
            raise errors.unknown_parameter(name, action)
        found[known[name.lower()]] = value
    return found


def _json_object(request: Request) -> dict[str, Any]:
    if not request.body.strip():
        return {}
    if "json" not in request.headers.get("content-type", "").partition(";")[0].lower():
        raise errors.unreadable_payload()
    try:
        value = request.json()
    except ValueError as exc:
        raise errors.unreadable_payload() from exc
    if not isinstance(value, dict):
        raise errors.unreadable_body()
    return value
