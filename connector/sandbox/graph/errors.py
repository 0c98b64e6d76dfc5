"""Graph's errors: code, message and status as clients meet them.

Clients branch on the code (Graph error guide); where Microsoft does not document a text, ours is the one that public
reports quote.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from connector.sandbox.wire import Response


class GraphError(Exception):
    """A refusal. `inner` is False for the throttling errors, which have been seen without innerError."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, inner: bool = True
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.inner = inner

    def response(self, now: datetime, request_id: str, client_request_id: str) -> Response:
        """The JSON answer. The inner date has no zone (seen on the wire)."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.inner:
            error["innerError"] = {
                "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
                "request-id": request_id,
                "client-request-id": client_request_id,
            }
        body = json.dumps({"error": error}, separators=(",", ":"), ensure_ascii=False).encode()
        return Response(self.status, {"Content-Type": "application/json", **self.headers}, body)


def bad_request(message: str) -> GraphError:
    """A request that makes no sense as OData."""
    return GraphError(400, "BadRequest", message)


def unparsable(message: str) -> GraphError:
    """A query option that names what is not there, or is no OData."""
    return GraphError(400, "RequestBroker--ParseUri", message)


def unknown_segment(segment: str) -> GraphError:
    """A path that leads nowhere."""
    return bad_request(f"Resource not found for the segment '{segment}'.")


def unknown_property(name: str, kind: str) -> GraphError:
    """$select, $filter or $orderby of a property that the type has not."""
    return unparsable(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.")


def unsupported_option(name: str) -> GraphError:
    """A query option that does not apply here."""
    return bad_request(f"The query parameter '{name}' is not supported.")


def inefficient_filter() -> GraphError:
    """$orderby names what $filter does not name first (List messages, "Using filter and orderby")."""
    return GraphError(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.")


def malformed_id() -> GraphError:
    """Something that cannot be an id of this kind."""
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def method_not_allowed(allowed: list[str]) -> GraphError:
    """The path is there, the method is not."""
    return GraphError(
        405,
        "Request_BadRequest",
        "Specified HTTP method is not allowed for the request target.",
        headers={"Allow": ", ".join(sorted(allowed))} if allowed else None,
    )


def item_not_found() -> GraphError:
    """No such message, folder or attachment in this mailbox."""
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def invalid_user(name: str) -> GraphError:
    """A mailbox path with a user that does not exist."""
    return GraphError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")


def unknown_user(name: str) -> GraphError:
    """A directory path with a user that does not exist."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{name}' does not exist or one of its queried reference-property objects are not present.",
    )


def no_mailbox() -> GraphError:
    """The user has no mailbox that Graph serves."""
    return GraphError(
        404,
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    )


def invalid_token(message: str) -> GraphError:
    """No bearer token, or one that does not hold."""
    return GraphError(
        401,
        "InvalidAuthenticationToken",
        message,
        headers={
            "WWW-Authenticate": 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/'
            'oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"'
        },
    )


def access_denied() -> GraphError:
    """The app has no permission for this on mailboxes."""
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def request_denied() -> GraphError:
    """The app has no permission for this in the directory."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def mailbox_concurrency(retry_after: int) -> GraphError:
    """More requests of one mailbox at once than allowed (seen on the wire, without innerError)."""
    return GraphError(
        429,
        "ApplicationThrottled",
        "Application is over its MailboxConcurrency limit.",
        headers={"Retry-After": str(retry_after)},
        inner=False,
    )


def too_many_requests(retry_after: int) -> GraphError:
    """More requests of one mailbox in ten minutes than allowed."""
    return GraphError(
        429,
        "ApplicationThrottled",
        "Application is over its Request limit.",
        headers={"Retry-After": str(retry_after)},
        inner=False,
    )


def not_emulated(what: str) -> GraphError:
    """What Graph offers and this sandbox does not: said plainly, never answered with something invented."""
    return GraphError(501, "NotImplemented", f"This operation target is not yet supported. ({what})")
