"""The two ways Salesforce says no: an error answer to the whole request, and an error of one row under HTTP 200.

REST guide, "Status codes and error responses": the body of an error answer is an array of
`{"message", "errorCode", "fields"?}`; in sObject Collections a row carries `{"statusCode", "message", "fields"}`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from m365sandbox.wire import Response


class ApiError(Exception):
    """The whole request is refused with this status, code and message."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        self.headers = dict(headers or {})

    def body(self) -> list[dict[str, Any]]:
        """The error array of the answer."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]

    def response(self) -> Response:
        """The whole answer."""
        return Response.of_json(self.body(), self.status, self.headers)


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


#: The order in which the platform lists what a path allows.
_VERBS = ("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE")


def not_emulated(what: str) -> ApiError:
    """What the platform has and this sandbox has not, where its 404 would mislead."""
    return ApiError(501, "NOT_IMPLEMENTED", f"The sandbox does not emulate {what}")


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """An unknown path, object or record."""
    return ApiError(404, "NOT_FOUND", message)


def method_not_allowed(method: str, allowed: Sequence[str]) -> ApiError:
    """A known path asked with a verb that it does not have. Observed: "Allowed are HEAD,GET,PATCH,DELETE"."""
    verbs = [verb for verb in _VERBS if verb in allowed or (verb == "HEAD" and "GET" in allowed)]
    listed = ",".join(verbs)
    message = f"HTTP Method '{method}' not allowed. Allowed are {listed}"
    return ApiError(405, "METHOD_NOT_ALLOWED", message, headers={"Allow": listed})


def bad_json(message: str) -> ApiError:
    """The body is no JSON, or not of the shape the resource asks for."""
    return ApiError(400, "JSON_PARSER_ERROR", message)


def unsupported_media_type(kind: str) -> ApiError:
    """The body is of a type that the resource does not take (observed)."""
    return ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"MediaType of '{kind}' is not supported by this resource")


def expired_session() -> ApiError:
    """No token, or one that this org did not issue."""
    return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid", headers=_CHALLENGE)


def bad_authorization() -> ApiError:
    """An Authorization header that is not `Bearer TOKEN` (observed)."""
    return ApiError(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", headers=_CHALLENGE)


_CHALLENGE = {"WWW-Authenticate": "Token"}
