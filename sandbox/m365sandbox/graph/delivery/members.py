"""Which values the members of a message may have (v1.0 metadata), checked when a message is put into a mailbox.

What is stored is sent again as it is, so a wrong type let in here would be a wrong answer there.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from m365sandbox.graph.data.files import is_content
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.models import DERIVED_MEMBERS
from m365sandbox.graph.odata.fields import time_value
from m365sandbox.mail.recipe import BodyRecipe, FileRecipe

Check = Callable[[Any], bool]
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
#: On an attachment that is put in, and no member of Graph's: how long after its arrival Safe Attachments holds it back.
SCAN_SECONDS = "@sandbox.scanSeconds"
#: Stands for the body of a message or the content of a file that is made when it is asked for.
RECIPE = "@sandbox.recipe"
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


def _never_null(check: Check, *names: str) -> Check:
    """A structure some of whose members are never null (metadata: Nullable="false")."""
    return lambda value: check(value) and all(value.get(name, 0) is not None for name in names)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


is_recipient = _structure(emailAddress=_structure(name=_is_text, address=_is_text))
_is_moment = _never_null(_structure(dateTime=_is_text, timeZone=_is_text), "dateTime")
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
    RECIPE: lambda value: isinstance(value, BodyRecipe),
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
_is_day = _one_of("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_is_location = _structure(
    displayName=_is_text,
    locationType=_one_of(
        "default", "conferenceRoom", "homeAddress", "businessAddress", "geoCoordinates", "streetAddress", "hotel",
        "restaurant", "localBusiness", "postalAddress",
    ),
    uniqueId=_is_text,
    uniqueIdType=_one_of("unknown", "locationStore", "directory", "private", "bing"),
    locationUri=_is_text,
    locationEmailAddress=_is_text,
    address=_structure(
        street=_is_text, city=_is_text, state=_is_text, countryOrRegion=_is_text, postalCode=_is_text
    ),
    coordinates=_structure(
        accuracy=_is_number, altitude=_is_number, altitudeAccuracy=_is_number, latitude=_is_number, longitude=_is_number
    ),
)  # fmt: skip
_is_pattern = _never_null(
    _structure(
        type=_one_of("daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"),
        interval=_is_whole,
        month=_is_whole,
        dayOfMonth=_is_whole,
        daysOfWeek=_list_of(_is_day),
        firstDayOfWeek=_is_day,
        index=_one_of("first", "second", "third", "fourth", "last"),
    ),
    "interval",
    "month",
    "dayOfMonth",
)
_is_range = _never_null(
    _structure(
        type=_one_of("endDate", "noEnd", "numbered"),
        startDate=_is_date,
        endDate=_is_date,
        recurrenceTimeZone=_is_text,
        numberOfOccurrences=_is_whole,
    ),
    "numberOfOccurrences",
)
_is_sharing_action = _structure(
    action=_one_of("accept", "acceptAndViewCalendar", "viewCalendar", "addThisCalendar"),
    actionType=_one_of("accept"),
    importance=_one_of("primary", "secondary"),
)
DERIVED_CHECKS: Mapping[str, Check] = {
    "startDateTime": _is_moment,
    "endDateTime": _is_moment,
    "isAllDay": _is_flag,
    "isDelegated": _is_flag,
    "isOutOfDate": _is_flag,
    "location": _is_location,
    "meetingMessageType": _one_of(
        "none", "meetingRequest", "meetingCancelled", "meetingAccepted", "meetingTenativelyAccepted", "meetingDeclined"
    ),
    "recurrence": _structure(pattern=_is_pattern, range=_is_range),
    "type": _one_of("singleInstance", "occurrence", "exception", "seriesMaster"),
    "allowNewTimeProposals": _is_flag,
    "meetingRequestType": _one_of(
        "none", "newMeetingRequest", "fullUpdate", "informationalUpdate", "silentUpdate", "outdated",
        "principalWantsCopy",
    ),
    "previousStartDateTime": _is_moment,
    "previousEndDateTime": _is_moment,
    "previousLocation": _is_location,
    "responseRequested": _is_flag,
    "proposedNewTime": _never_null(_structure(start=_is_moment, end=_is_moment), "start", "end"),
    "responseType": _one_of("none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"),
    "canAccept": _is_flag,
    "sharingMessageAction": _is_sharing_action,
    "sharingMessageActions": _list_of(_is_sharing_action),
    "suggestedCalendarName": _is_text,
}  # fmt: skip
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
    RECIPE: lambda value: isinstance(value, FileRecipe),
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
        if name.startswith(ODATA) or name in GIVEN_BY_MAILBOX:
            continue
        check = DERIVED_CHECKS[name] if name in derived else MESSAGE_CHECKS.get(name)
        if name == "attachments":
            _check_attachments(value)
        elif check is None:
            raise ValueError(f"unknown key {name}")
        elif value is not None and not check(value):
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
