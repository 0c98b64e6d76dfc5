"""Messages and attachments as clients send them, in JSON or MIME: checked, and reduced to what a client may set."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.delivery.members import ATTACHMENT_CHECKS, ATTACHMENT_KINDS, MESSAGE_CHECKS
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.odata.bodies import is_type, media_type, needed_body
from m365sandbox.mail.mime import message_of
from m365sandbox.wire import Request

#: Only a draft takes these (Update message, "Updatable only if isDraft = true").
OF_DRAFTS = ("body", "internetMessageHeaders", "internetMessageId", "replyTo", "subject")
#: Any message takes these (Update message).
OF_ALL = (
    "bccRecipients",
    "categories",
    "ccRecipients",
    "flag",
    "from",
    "importance",
    "inferenceClassification",
    "isDeliveryReceiptRequested",
    "isRead",
    "isReadReceiptRequested",
    "sender",
    "toRecipients",
)
#: What a message has and nobody can set; a new one that brings them along gets its own.
_GIVEN = [
    "id",
    "changeKey",
    "parentFolderId",
    "webLink",
    "createdDateTime",
    "lastModifiedDateTime",
    "receivedDateTime",
    "sentDateTime",
    "hasAttachments",
    "bodyPreview",
    "uniqueBody",
    "conversationId",
    "conversationIndex",
    "isDraft",
]
_EXTENDED = ("extensions", "singleValueExtendedProperties", "multiValueExtendedProperties")
#: Observed: Exchange takes five headers of one's own.
_MOST_HEADERS = 5
_PAGE = (
    '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>{}</body></html>'
)
_OF_ANY_ATTACHMENT = ("id", "name", "contentType", "size", "isInline", "lastModifiedDateTime")
_ENUMS = ("importance", "inferenceClassification")
_VALUES = {
    value.lower(): value for value in ("low", "normal", "high", "focused", "other", "notFlagged", "complete", "flagged")
}


def message_body(request: Request) -> tuple[dict[str, Any], bytes | None]:
    """A new message as a client sends it: JSON, or MIME in base64 (text/plain). Gives it with its MIME."""
    if not is_mime(request):
        return message_members(needed_body(request)), None
    try:
        mime = base64.b64decode(request.body, validate=True)
    except binascii.Error as exc:
        raise GraphError(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.") from exc
    return message_of(mime, encode=False), mime


def is_mime(request: Request) -> bool:
    """Whether a message is sent as MIME and not as JSON (Graph, "Send Outlook messages using MIME format")."""
    return media_type(request) == "text/plain" and bool(request.body.strip())


def message_members(given: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a message that a client may set, checked; those only the mailbox sets are left out."""
    if not is_type(given.get("@odata.type", "#microsoft.graph.message"), "message"):
        raise errors.unreadable_body()
    members: dict[str, Any] = {}
    for name, value in given.items():
        if name.startswith("@"):
            continue
        if name in _GIVEN:
            _check_given(name, value)
        elif name == "attachments":
            members[name] = [attachment_members(item) for item in _objects(value)]
        elif name in _EXTENDED:
            raise errors.not_emulated(f"{name} of messages")
        elif name not in MESSAGE_CHECKS:
            raise errors.unknown_in_body(name, "message")
        else:
            members[name] = _checked(name, value)
    _check_headers(members.get("internetMessageHeaders") or [])
    return members


def _check_given(name: str, value: Any) -> None:
    """What a client may not set must be of its type all the same, or the body cannot be read."""
    check = MESSAGE_CHECKS.get(name, _is_text)
    if value is not None and not check(value):
        raise errors.unreadable_body()


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _check_headers(headers: list[dict[str, Any]]) -> None:
    """Only headers of one's own, and not many (message resource: "starting with 'x-'")."""
    for header in headers:
        if not str(header.get("name") or "").lower().startswith("x-"):
            raise errors.reserved_header(str(header.get("name") or ""))
    if len(headers) > _MOST_HEADERS:
        raise errors.too_many_headers(_MOST_HEADERS)


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise errors.unreadable_body()
    return value


def html_page(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a draft: Exchange makes a page of HTML that is none."""
    content = body.get("content") or ""
    if body.get("contentType") == "html" and "<html" not in content.lower():
        content = _PAGE.format(content)
    return {"contentType": body.get("contentType") or "text", "content": content}


def _checked(name: str, value: Any) -> Any:
    """A value of the right type; names of enums are understood whatever the case, as the samples write them."""
    value = _unannotated(value)
    if name in _ENUMS and isinstance(value, str):
        value = _VALUES.get(value.lower(), value)
    if name == "body" and isinstance(value, dict) and isinstance(value.get("contentType"), str):
        value = {**value, "contentType": value["contentType"].lower()}
    if name == "flag" and isinstance(value, dict) and isinstance(value.get("flagStatus"), str):
        value = {**value, "flagStatus": _VALUES.get(value["flagStatus"].lower(), value["flagStatus"])}
    if value is not None and not MESSAGE_CHECKS[name](value):
        raise errors.unreadable_body()
    return value


def _unannotated(value: Any) -> Any:
    """A value without the annotations that some clients send with each structure in it."""
    if isinstance(value, list):
        return [_unannotated(item) for item in value]
    if isinstance(value, dict):
        return {name: _unannotated(part) for name, part in value.items() if not name.startswith("@odata.")}
    return value


def _attachment_kind(given: Mapping[str, Any]) -> str:
    """The type that an attachment must name (observed: docs-contrib issue 310, msgraph-sdk-java issue 195)."""
    stated = given.get("@odata.type")
    if not stated:
        for name in given:
            if not name.startswith("@") and name not in _OF_ANY_ATTACHMENT:
                raise errors.unknown_in_body(name, "attachment")
        raise errors.abstract_type("Attachment")
    kind = next((kind for kind in ATTACHMENT_KINDS if is_type(stated, kind)), None)
    if kind is None:
        raise errors.unreadable_body()
    return kind


def attachment_members(given: Mapping[str, Any]) -> dict[str, Any]:
    """An attachment as a client sends it, checked."""
    kind = _attachment_kind(given)
    members: dict[str, Any] = {"@odata.type": f"#microsoft.graph.{kind}"}
    for name, value in given.items():
        if name.startswith("@") or name in ("id", "size", "lastModifiedDateTime"):
            continue
        if name == "item" and kind == "itemAttachment":
            if not isinstance(value, dict):
                raise errors.unreadable_body()
            members[name] = {"@odata.type": "#microsoft.graph.message", **message_members(value)}
        elif name not in ATTACHMENT_CHECKS:
            raise errors.unknown_in_body(name, kind)
        elif value is not None and not ATTACHMENT_CHECKS[name](value):
            raise errors.unreadable_body()
        else:
            members[name] = value
    if not members.get("name"):
        raise errors.required("name")
    if kind == "fileAttachment" and members.get("contentBytes") is None:
        raise errors.content_missing()
    return members
