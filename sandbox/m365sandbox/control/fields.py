"""Reading what a control call was given: JSON objects, instants, query parameters; and the refusal of what is wrong."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from m365sandbox.wire import Request, Response


class ControlError(Exception):
    """A refusal with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self) -> Response:
        """The JSON answer."""
        return Response.of_json({"error": self.message}, self.status)


def bad(message: str) -> ControlError:
    """An unknown key, or a value that cannot be."""
    return ControlError(400, message)


def not_found(message: str) -> ControlError:
    """An unknown mailbox or path."""
    return ControlError(404, message)


def json_object(request: Request, known: Collection[str] | None = None) -> dict[str, Any]:
    """The body as a JSON object with no other keys than `known`."""
    try:
        value = request.json()
    except ValueError as exc:
        raise bad(f"the body is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise bad("the body must be a JSON object")
    for name in value:
        if known is not None and name not in known:
            raise bad(f"unknown key {name}")
    return value


def instant(text: Any, name: str) -> datetime:
    """An ISO date and time with its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as exc:
        raise bad(f"{name} must be an ISO date and time") from exc
    if moment.tzinfo is None:
        raise bad(f"{name} must have a time zone, for example Z")
    return moment


def parameters(request: Request, known: Collection[str]) -> dict[str, str]:
    """The query, with no other names than `known`."""
    for name, _ in request.query:
        if name not in known:
            raise bad(f"unknown parameter {name}")
    return dict(request.query)


def of_type(value: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    """A member of the body, of one type."""
    found = value.get(name, default)
    if not isinstance(found, kind):
        raise bad(f"{name} has a value of the wrong type")
    return found


def texts(value: Mapping[str, Any], name: str) -> list[str]:
    """A member that is a list of strings."""
    found = value.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise bad(f"{name} must be a list of strings")
    return found
