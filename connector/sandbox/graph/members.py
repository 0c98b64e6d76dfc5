"""Which values the members of a message may have (v1.0 metadata), checked when a message is put into a mailbox.

What is stored is sent again as it is, so a wrong type let in here would be a wrong answer there.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from connector.sandbox.graph.errors import GraphError
from connector.sandbox.graph.files import is_content
from connector.sandbox.graph.filters import time_value
from connector.sandbox.graph.models import DERIVED_MEMBERS

Check = Callable[[Any], bool]
#: On an attachment that is put in, and no member of Graph's: how long after its arrival Safe Attachments holds it back.
SCAN_SECONDS = "@sandbox.scanSeconds"
LONGEST_SCAN_SECONDS = 366 * 86_400


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_time(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        time_value(value)
    except GraphError:
        return False
    return True


def _is_binary(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_wait(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_SCAN_SECONDS


def _one_of(*choices: str) -> Check:
    return lambda value: value in choices


def _structure(**members: Check) -> Check:
    def fits(value: Any) -> bool:
        return isinstance(value, dict) and all(
            name in members and (part is None or members[name](part)) for name, part in value.items()
        )

    return fits


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


is_recipient = _structure(emailAddress=_structure(name=_is_text, address=_is_text))
_is_moment = _structure(dateTime=_is_text, timeZone=_is_text)
_is_body = _structure(content=_is_text, contentType=_one_of("text", "html"))

MESSAGE_CHECKS: Mapping[str, Check] = {
    "categories": _list_of(_is_text),
    "createdDateTime": _is_time,
    "lastModifiedDateTime": _is_time,
    "receivedDateTime": _is_time,
    "sentDateTime": _is_time,
    "hasAttachments": _is_flag,
    "internetMessageId": _is_text,
    "subject": _is_text,
    "body": _is_body,
    "uniqueBody": _is_body,
    "bodyPreview": _is_text,
    "importance": _one_of("low", "normal", "high"),
    "conversationId": _is_text,
    "conversationIndex": _is_binary,
    "isDeliveryReceiptRequested": _is_flag,
    "isReadReceiptRequested": _is_flag,
    "isRead": _is_flag,
    "isDraft": _is_flag,
    "inferenceClassification": _one_of("focused", "other"),
    "sender": is_recipient,
    "from": is_recipient,
    "toRecipients": _list_of(is_recipient),
    "ccRecipients": _list_of(is_recipient),
    "bccRecipients": _list_of(is_recipient),
    "replyTo": _list_of(is_recipient),
    "internetMessageHeaders": _list_of(_structure(name=_is_text, value=_is_text)),
    "flag": _structure(
        flagStatus=_one_of("notFlagged", "complete", "flagged"),
        completedDateTime=_is_moment,
        dueDateTime=_is_moment,
        startDateTime=_is_moment,
    ),
}
ATTACHMENT_CHECKS: Mapping[str, Check] = {
    "name": _is_text,
    "contentType": _is_text,
    "size": lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    "isInline": _is_flag,
    "lastModifiedDateTime": _is_time,
    "contentId": _is_text,
    "contentLocation": _is_text,
    "contentBytes": is_content,
    SCAN_SECONDS: _is_wait,
}
ATTACHMENT_KINDS = ("fileAttachment", "itemAttachment", "referenceAttachment")
# A mailbox gives these itself; a message that was downloaded brings them along, and they are made anew.
GIVEN_BY_MAILBOX = ("id", "changeKey", "parentFolderId", "webLink")
ODATA = "@odata."


def check_message(message: Mapping[str, Any]) -> None:
    """Raise ValueError that names the first member Graph would not have, or would not have so."""
    kind = message.get("@odata.type", "#microsoft.graph.message")
    if kind != "#microsoft.graph.message" and kind not in DERIVED_MEMBERS:
        raise ValueError(f"@odata.type {kind} is no message")
    derived = DERIVED_MEMBERS.get(kind, ())
    for name, value in message.items():
        if name.startswith(ODATA) or name in GIVEN_BY_MAILBOX or name in derived:
            continue
        if name == "attachments":
            _check_attachments(value)
        elif name not in MESSAGE_CHECKS:
            raise ValueError(f"unknown key {name}")
        elif value is not None and not MESSAGE_CHECKS[name](value):
            raise ValueError(f"{name} has a value that a message cannot have")


def attachment_kind(attachment: Mapping[str, Any]) -> str:
    """fileAttachment, itemAttachment or referenceAttachment; without a type it is a file."""
    kind = str(attachment.get("@odata.type", "#microsoft.graph.fileAttachment"))
    return kind.removeprefix("#microsoft.graph.")


def _check_attachments(value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("attachments must be a list of objects")
    for attachment in value:
        kind = attachment_kind(attachment)
        if kind not in ATTACHMENT_KINDS:
            raise ValueError(f"attachments: {kind} is no attachment")
        for name, part in attachment.items():
            if name.startswith(ODATA) or name == "id" or (name == "item" and kind == "itemAttachment"):
                continue
            if name not in ATTACHMENT_CHECKS:
                raise ValueError(f"attachments: unknown key {name}")
            if part is not None and not ATTACHMENT_CHECKS[name](part):
                raise ValueError(f"attachments: {name} has a value that an attachment cannot have")
        if isinstance(attachment.get("item"), dict):
            check_message(attachment["item"])
