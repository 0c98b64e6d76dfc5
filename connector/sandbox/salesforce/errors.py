"""The two ways Salesforce says no: an error answer to the whole request, and an error of one row under HTTP 200.

REST guide, "Status codes and error responses": the body of an error answer is an array of
`{"message", "errorCode", "fields"?}`; in sObject Collections a row carries `{"statusCode", "message", "fields"}`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connector.sandbox.wire import Response


class ApiError(Exception):
    """The whole request is refused with this status, code and message."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def body(self) -> list[dict[str, Any]]:
        """The error array of the answer."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]

    def response(self) -> Response:
        """The whole answer."""
        return Response.of_json(self.body(), self.status)


class OAuthError(Exception):
    """The token endpoint refuses: an object `{"error", "error_description"}` instead of an array."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status

    def response(self) -> Response:
        """The whole answer."""
        return Response.of_json({"error": self.error, "error_description": self.description}, self.status)


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row was refused."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The member of `errors` in a collection's result."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}


#: Codes that answer a single-row request with something else than 400, which also a missing right gives.
_SINGLE_ROW_STATUS = {
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "STORAGE_LIMIT_EXCEEDED": 403,
}


def single_row_status(error: RowError) -> int:
    """The HTTP status of a request for one row that was refused so."""
    return _SINGLE_ROW_STATUS.get(error.code, 400)


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """An unknown path, object or record."""
    return ApiError(404, "NOT_FOUND", message)


def method_not_allowed(method: str, allowed: Sequence[str]) -> ApiError:
    """A known path asked with a verb that it does not have."""
    return ApiError(
        405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are {','.join(sorted(allowed))}"
    )


def bad_json(message: str) -> ApiError:
    """The body is no JSON, or not of the shape the resource asks for."""
    return ApiError(400, "JSON_PARSER_ERROR", message)


def expired_session() -> ApiError:
    """No token, or one that this org did not issue."""
    return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
