"""A mailbox in which every member of every mail type has a value, and the requests that show them all."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from m365sandbox.entra.apps import App
from m365sandbox.mail.mime import message_of

from testkit.graph_tenant import ADA, START, GraphTenant, tokens

RIGHTS = ("Mail.Read", "User.Read.All", "MailboxSettings.Read")
INVITATION = b"""From: Ada Client <ada@client.example>
To: ada@firm.example
Subject: Yearly review
Message-ID: <invitation@client.example>
Content-Type: text/calendar; charset=utf-8; method=REQUEST

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
DTSTART:20260310T090000Z
DTEND:20260310T100000Z
LOCATION:Room 4
RRULE:FREQ=WEEKLY;COUNT=4
ATTENDEE;RSVP=TRUE:mailto:ada@firm.example
DESCRIPTION:Agenda
END:VEVENT
END:VCALENDAR
"""


def _person(name: str) -> dict[str, Any]:
    return {"emailAddress": {"name": name.title(), "address": f"{name}@client.example"}}


def _moment(day: int) -> dict[str, str]:
    return {"dateTime": f"2026-03-{day:02d}T09:00:00.0000000", "timeZone": "UTC"}


LOCATION = {
    "displayName": "Room 4",
    "locationType": "conferenceRoom",
    "uniqueId": "room4@firm.example",
    "uniqueIdType": "directory",
    "locationUri": "https://firm.example/rooms/4",
    "locationEmailAddress": "room4@firm.example",
    "address": {
        "street": "1 High Street",
        "city": "Bath",
        "state": "Somerset",
        "countryOrRegion": "United Kingdom",
        "postalCode": "BA1 5AW",
    },
    "coordinates": {"accuracy": 1, "altitude": 20.5, "altitudeAccuracy": 2, "latitude": 51.38, "longitude": -2.36},
}
FILE = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "name": "logo.png",
    "contentType": "image/png",
    "isInline": True,
    "contentId": "logo@client.example",
    "contentLocation": "https://client.example/logo.png",
    "contentBytes": b64encode(b"\x89PNG").decode(),
}
ITEM = {
    "@odata.type": "#microsoft.graph.itemAttachment",
    "name": "What was agreed",
    "contentType": "message/rfc822",
    "item": {
        **message_of(b"From: tom@client.example\nSubject: What was agreed\nMessage-ID: <inner@client.example>\n\nAll."),
        "@odata.type": "#microsoft.graph.message",
    },
}
LINK = {
    "@odata.type": "#microsoft.graph.referenceAttachment",
    "name": "Plan.docx",
    "contentType": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "size": 40_000,
}
FULL: dict[str, Any] = {
    "subject": "Everything",
    "body": {"contentType": "html", "content": '<p>Yes.</p><blockquote type="cite">Shall we?</blockquote>'},
    "categories": ["Clients"],
    "importance": "high",
    "internetMessageId": "<everything@firm.example>",
    "sentDateTime": "2026-03-01T08:00:00Z",
    "from": _person("ada"),
    "sender": _person("office"),
    "toRecipients": [_person("tom")],
    "ccRecipients": [_person("joan")],
    "bccRecipients": [_person("secret")],
    "replyTo": [_person("desk")],
    "isReadReceiptRequested": True,
    "isDeliveryReceiptRequested": True,
    "internetMessageHeaders": [{"name": "X-Origin", "value": "branch"}],
    "flag": {
        "flagStatus": "complete",
        "completedDateTime": _moment(3),
        "dueDateTime": _moment(2),
        "startDateTime": _moment(1),
    },
    "attachments": [FILE, ITEM, LINK],
}
REQUEST: dict[str, Any] = {
    **FULL,
    "@odata.type": "#microsoft.graph.eventMessageRequest",
    "subject": "A meeting that moved",
    "internetMessageId": "<meeting@firm.example>",
    "startDateTime": _moment(10),
    "endDateTime": _moment(11),
    "isAllDay": False,
    "isDelegated": True,
    "isOutOfDate": False,
    "location": LOCATION,
    "meetingMessageType": "meetingRequest",
    "type": "seriesMaster",
    "recurrence": {
        "pattern": {
            "type": "weekly",
            "interval": 1,
            "month": 0,
            "dayOfMonth": 0,
            "daysOfWeek": ["tuesday"],
            "firstDayOfWeek": "sunday",
            "index": "first",
        },
        "range": {
            "type": "endDate",
            "startDate": "2026-03-10",
            "endDate": "2026-12-31",
            "recurrenceTimeZone": "UTC",
            "numberOfOccurrences": 0,
        },
    },
    "allowNewTimeProposals": True,
    "meetingRequestType": "fullUpdate",
    "previousStartDateTime": _moment(8),
    "previousEndDateTime": _moment(9),
    "previousLocation": LOCATION,
    "responseRequested": True,
}
SHARING: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.calendarSharingMessage",
    "subject": "A shared calendar",
    "canAccept": True,
    "suggestedCalendarName": "Tom's calendar",
    "sharingMessageAction": {"action": "accept", "actionType": "accept", "importance": "primary"},
    "sharingMessageActions": [{"action": "viewCalendar", "actionType": "accept", "importance": "secondary"}],
}
RESPONSE: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.eventMessageResponse",
    "subject": "Tentative: a meeting",
    "responseType": "tentativelyAccepted",
    "meetingMessageType": "meetingTenativelyAccepted",
    "proposedNewTime": {"start": _moment(12), "end": _moment(13)},
}
SELECTED = "subject,uniqueBody,internetMessageHeaders"


def furnished() -> GraphTenant:
    """A tenant that holds one of everything, with an application that may read it."""
    tenant = GraphTenant()
    tenant.mailbox(displayName="Ada Archer", mail=ADA, proxyAddresses=[f"SMTP:{ADA}"])
    tenant.token = tokens().issue(
        "https://graph.microsoft.com", app=App(client_id=tokens().tenant.client_id, roles=RIGHTS)
    )
    for message in (FULL, REQUEST, SHARING, RESPONSE, message_of(INVITATION)):
        tenant.graph.add_message(ADA, message, START, "sentitems")
    tenant.graph.add_message(ADA, {"subject": "In a folder"}, START, "Inbox/Clients")
    return tenant


def shown(tenant: GraphTenant) -> Iterator[tuple[str, Any]]:
    """The answers that show every member, with their addresses."""
    root = f"/v1.0/users/{ADA}"

    def ask(address: str) -> tuple[str, Any]:
        return address, tenant.value(address)

    yield ask(f"{root}/messages?$expand=attachments")
    yield ask(f"{root}/messages?$select={SELECTED}")
    yield ask(f"{root}/mailFolders?$top=50&$expand=childFolders,messages")
    yield ask(f"{root}/mailFolders/sentitems/messages/delta?$select=subject,from")
    yield ask(f"{root}/mailFolders/delta")
    yield ask(root)
    yield ask(f"{root}?$select=id,proxyAddresses,accountEnabled,userType")
    yield ask(f"{root}/mailboxSettings")
    for message in tenant.value(f"{root}/messages?$select=id&$top=50")["value"]:
        one = f"{root}/messages/{message['id']}"
        yield ask(one)
        yield ask(f"{one}/attachments")
        for attachment in tenant.value(f"{one}/attachments?$select=id")["value"]:
            if attachment["@odata.type"].endswith("itemAttachment"):
                yield ask(f"{one}/attachments/{attachment['id']}?$expand=microsoft.graph.itemattachment/item")
