"""Graph's errors: code, message and status as clients meet them.

Clients branch on the code (Graph error guide); where Microsoft does not document a text, ours is the one that public
reports quote.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from m365sandbox.wire import Response


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
    """$orderby of a property that the type has not."""
    return bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.")


def unknown_to_outlook(name: str, kind: str) -> GraphError:
    """$select or $orderby of a property that the type has not, where Outlook lists items (observed: paperweight issue
    1)."""
    return unparsable(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.")


def unknown_below_outlook(segment: str) -> GraphError:
    """A path that leads nowhere below messages and folders, for instance for a `/` in an id that was not encoded
    (observed: the code differs from the directory's)."""
    return unparsable(f"Resource not found for the segment '{segment}'.")


def not_in_select(name: str, kind: str) -> GraphError:
    """$select or $expand of a property that the type has not (observed: msgraph-sdk-java issue 958)."""
    return bad_request(
        f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
        f"'microsoft.graph.{kind}'."
    )


def unknown_in_filter(name: str, kind: str) -> GraphError:
    """$filter of a property that the type has not."""
    return bad_request(
        f"Invalid filter clause: Could not find a property named '{name}' on type 'microsoft.graph.{kind}'."
    )


def invalid_nodes() -> GraphError:
    """A $filter that is OData, but more of it than Outlook understands (observed: microsoft-graph-docs issue 4331)."""
    return GraphError(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")


def invalid_query(message: str) -> GraphError:
    """An option that Outlook takes elsewhere, but not here."""
    return GraphError(400, "ErrorInvalidUrlQuery", message)


def unsupported_query(message: str = "Unsupported Query.") -> GraphError:
    """What the directory does not look for, or not so (observed: microsoft-graph-docs issue 10324)."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def not_with_search(option: str, code: str) -> GraphError:
    """$search on messages goes with no other order or filter (observed for $orderBy: visionik/mogcli issue 11)."""
    return GraphError(400, code, f"The query parameter '{option}' is not supported with '$search'.")


def change_tracking_unsupported(kind: str) -> GraphError:
    """delta of something that keeps no changes (observed: msgraph-metadata issue 607)."""
    return bad_request(f"Unsupported request: Change tracking is not supported against 'microsoft.graph.{kind}'.")


def sync_state_not_found(asked: int, known: list[int]) -> GraphError:
    """A link of change tracking that is too old (observed: microsoft-graph-docs issue 2877)."""
    shown = "".join(f"[{generation}]" for generation in known)
    return GraphError(
        410,
        "SyncStateNotFound",
        f"The sync state generation is not found; generation={asked};[highest={max(known, default=0)}]{shown}.",
    )


def required(name: str) -> GraphError:
    """A new thing without what it must have."""
    return GraphError(400, "ErrorInvalidArgument", f"The property '{name}' is required when creating the entity.")


def content_missing() -> GraphError:
    """A file without its content (observed: msgraph-sdk-python issue 667)."""
    return GraphError(400, "ErrorRequiredPropertyMissing", "Required property is missing.")


def abstract_type(kind: str) -> GraphError:
    """A body that does not say which of several types it is (observed: msgraph-sdk-java issue 195)."""
    return GraphError(
        422, "UnprocessableType", f"Cannot process input of abstract type 'Microsoft.OutlookServices.{kind}'"
    )


def not_settable(name: str) -> GraphError:
    """A change of what only the mailbox sets."""
    return GraphError(400, "ErrorInvalidPropertySet", f"Set action is invalid for property. ({name})")


def changed_meanwhile() -> GraphError:
    """A change of an item that is not as the caller knows it (observed: msgraph-sdk-dotnet issue 1201)."""
    return GraphError(
        412,
        "ErrorIrresolvableConflict",
        "The send or update operation could not be performed because the change key passed in the request does not "
        "match the current change key for the item.",
    )


def send_as_denied() -> GraphError:
    """Mail in the name of a mailbox that the sender may not send for (Graph, "Send Outlook messages from another
    user")."""
    return GraphError(
        403,
        "ErrorSendAsDenied",
        "The user account which was used to submit this request does not have the right to send mail on behalf of the "
        "specified sending account., Cannot submit message.",
    )


def too_long() -> GraphError:
    """A request of more than 4 MB (observed: python-o365 issue 472)."""
    return GraphError(413, "BadRequest", "The maximum request length supported is 4MB.")


def unreadable_payload() -> GraphError:
    """A body that is no JSON, or is not said to be."""
    return bad_request(
        "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON "
        "format."
    )


def unreadable_body() -> GraphError:
    """A body that is no JSON, or whose values are of another type (observed: docs-contrib issue 189)."""
    return GraphError(400, "UnableToDeserializePostBody", "were unable to deserialize ")


def unknown_in_body(name: str, kind: str) -> GraphError:
    """A body with a property that the type has not (observed: msgraph-sdk-python issue 440)."""
    return GraphError(
        400,
        "RequestBodyRead",
        f"The property '{name}' does not exist on type 'microsoft.graph.{kind}'. Make sure to only use property names "
        "that are defined by the type or mark the type as open type.",
    )


def unknown_parameter(name: str, action: str) -> GraphError:
    """A body with a parameter that the action has not."""
    return bad_request(
        f"The parameter '{name}' in the request payload is not a valid parameter for the operation '{action}'."
    )


def unsupported_option(name: str) -> GraphError:
    """A query option that does not apply here."""
    return bad_request(f"The query parameter '{name}' is not supported.")


def not_of_the_directory(option: str) -> GraphError:
    """$skip and the like on users (observed: msgraph-sdk-dotnet issue 348, msgraph-sdk-powershell issue 1771)."""
    return GraphError(400, "Request_BadRequest", f"'{option}' is not supported by the service.")


def unsupported_format(wanted: str) -> GraphError:
    """A $format that is not JSON (OData 4, part 2: a service that cannot give a format answers 415)."""
    return GraphError(415, "UnsupportedMediaType", f"A supported MIME type could not be found that matches '{wanted}'.")


def reserved_header(name: str) -> GraphError:
    """A header that Exchange writes itself (observed: code and text, by several clients)."""
    return GraphError(
        400,
        "InvalidInternetMessageHeader",
        f"The internet message header name '{name}' should start with 'x-' or 'X-'.",
    )


def too_many_headers(most: int) -> GraphError:
    """More headers of one's own than Exchange takes (observed for the code)."""
    return GraphError(
        400,
        "InvalidInternetMessageHeaderCollection",
        f"Maximum number of headers in one message should be less than or equal to {most}.",
    )


def inefficient_filter() -> GraphError:
    """$orderby names what $filter does not name first (List messages, "Using filter and orderby")."""
    return GraphError(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.")


def malformed_id() -> GraphError:
    """Something that cannot be an id of this kind."""
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def not_an_outlook_request(allowed: list[str]) -> GraphError:
    """A method that a mail path has not, or the content of a mere link (observed: microsoft-graph-docs issues 6282 and
    10936, docs-contrib issue 776)."""
    return GraphError(
        405,
        "ErrorInvalidRequest",
        "The OData request is not supported.",
        headers={"Allow": ", ".join(sorted(allowed))} if allowed else None,
    )


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
