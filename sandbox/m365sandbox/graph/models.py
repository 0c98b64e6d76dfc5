"""The vocabulary of a mailbox: its members in Graph and their columns here, its folders, its settings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAILBOX_STATES = ("ok", "unlicensed", "on_premises", "soft_deleted")
USER_PURPOSES = ("user", "linked", "shared", "room", "equipment", "others")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A user and the mailbox that belongs to it. `properties` is the user resource with its full member names."""

    number: int
    id: str
    user_principal_name: str
    state: str
    user_purpose: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A mail folder. `counter` is its part in the ids of its messages."""

    number: int
    mailbox: int
    id: str
    parent: int | None
    display_name: str
    well_known: str | None
    is_hidden: bool
    listed: bool
    counter: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardFolder:
    """A folder that every mailbox has. `parent` is the key of another, None for the root of the mailbox."""

    key: str
    display_name: str
    parent: str | None = "msgfolderroot"
    is_hidden: bool = False
    listed: bool = True
    addressable: bool = True


# Names with which a folder can be addressed, whatever the language: mailFolder resource, "Well-known folder names".
STANDARD_FOLDERS = (
    StandardFolder(key="root", display_name="Root", parent=None, addressable=False),
    StandardFolder(key="msgfolderroot", display_name="Top of Information Store", parent="root"),
    StandardFolder(key="archive", display_name="Archive"),
    StandardFolder(key="conversationhistory", display_name="Conversation History"),
    StandardFolder(
        key="teamchat", display_name="Team Chat", parent="conversationhistory", is_hidden=True, addressable=False
    ),
    StandardFolder(key="deleteditems", display_name="Deleted Items"),
    StandardFolder(key="drafts", display_name="Drafts"),
    StandardFolder(key="inbox", display_name="Inbox"),
    StandardFolder(key="junkemail", display_name="Junk Email"),
    StandardFolder(key="outbox", display_name="Outbox"),
    StandardFolder(key="sentitems", display_name="Sent Items"),
    StandardFolder(key="clutter", display_name="Clutter", is_hidden=True),
    StandardFolder(key="scheduled", display_name="Scheduled", is_hidden=True),
    StandardFolder(key="syncissues", display_name="Sync Issues"),
    StandardFolder(key="conflicts", display_name="Conflicts", parent="syncissues"),
    StandardFolder(key="localfailures", display_name="Local Failures", parent="syncissues"),
    StandardFolder(key="serverfailures", display_name="Server Failures", parent="syncissues"),
    StandardFolder(key="searchfolders", display_name="Finder", parent="root"),
    # Teams keeps copies of chats here; they show up in the mailbox's list (List messages, known issue).
    StandardFolder(
        key="teamsmessagesdata", display_name="TeamsMessagesData", parent="root", is_hidden=True, addressable=False
    ),
    StandardFolder(
        key="recoverableitemsroot", display_name="Recoverable Items", parent="root", listed=False, addressable=False
    ),
    StandardFolder(
        key="recoverableitemsdeletions", display_name="Deletions", parent="recoverableitemsroot", listed=False
    ),
)
ADDRESSABLE = frozenset(folder.key for folder in STANDARD_FOLDERS if folder.addressable)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of message. `sql` yields its JSON text; `value` the plain value that filters and orders compare."""

    sql: str
    value: str = ""
    kind: str = "string"


def _text(column: str) -> Member:
    return Member(f"json_quote(m.{column})", f"m.{column}")


def _time(column: str) -> Member:
    return Member(f"CASE WHEN m.{column} IS NULL THEN 'null' ELSE '\"'||m.{column}||'Z\"' END", f"m.{column}", "time")


def _flag(column: str) -> Member:
    sql = f"CASE m.{column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END"
    return Member(sql, f"m.{column}", "boolean")


def _structure(column: str) -> Member:
    return Member(f"m.{column}", "", "structure")


_FOLDER_ID = "(SELECT f.id FROM folders f WHERE f.number=m.folder)"
_WEB_LINK = "'\"https://outlook.office365.com/owa/?ItemID='||replace(m.rest_id,'=','%3D')||'&exvsurl=1&viewmodel=ReadMessageItem\"'"

# In the order in which Graph writes them. body, uniqueBody and internetMessageHeaders come from another table.
MEMBERS: Mapping[str, Member] = {
    "id": Member(""),
    "createdDateTime": _time("created"),
    "lastModifiedDateTime": _time("modified"),
    "changeKey": _text("change_key"),
    "categories": _structure("categories_json"),
    "receivedDateTime": _time("received"),
    "sentDateTime": _time("sent"),
    "hasAttachments": _flag("has_attachments"),
    "internetMessageId": _text("internet_message_id"),
    "subject": _text("subject"),
    "bodyPreview": _text("body_preview"),
    "importance": _text("importance"),
    "parentFolderId": Member(f"json_quote({_FOLDER_ID})", _FOLDER_ID),
    "conversationId": _text("conversation_id"),
    "conversationIndex": Member("json_quote(m.conversation_index)"),
    "isDeliveryReceiptRequested": _flag("is_delivery_receipt_requested"),
    "isReadReceiptRequested": _flag("is_read_receipt_requested"),
    "isRead": _flag("is_read"),
    "isDraft": _flag("is_draft"),
    "webLink": Member(_WEB_LINK),
    "inferenceClassification": _text("inference_classification"),
    "sender": _structure("sender_json"),
    "from": _structure("from_json"),
    "toRecipients": _structure("to_json"),
    "ccRecipients": _structure("cc_json"),
    "bccRecipients": _structure("bcc_json"),
    "replyTo": _structure("reply_to_json"),
    "flag": _structure("flag_json"),
}
CONTENT_MEMBERS = ("body", "uniqueBody", "internetMessageHeaders")
# Never returned unless selected (message resource).
SELECTED_ONLY = ("uniqueBody", "internetMessageHeaders")

# Members that derived types add (v1.0 metadata), by type.
_EVENT = (
    "endDateTime",
    "isAllDay",
    "isDelegated",
    "isOutOfDate",
    "location",
    "meetingMessageType",
    "recurrence",
    "startDateTime",
    "type",
)
_REQUEST = (
    "allowNewTimeProposals",
    "meetingRequestType",
    "previousEndDateTime",
    "previousLocation",
    "previousStartDateTime",
    "responseRequested",
)
DERIVED_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "#microsoft.graph.eventMessage": (*_EVENT,),
    "#microsoft.graph.eventMessageRequest": (*_EVENT, *_REQUEST),
    "#microsoft.graph.eventMessageResponse": (*_EVENT, "proposedNewTime", "responseType"),
    "#microsoft.graph.calendarSharingMessage": (
        "canAccept",
        "sharingMessageAction",
        "sharingMessageActions",
        "suggestedCalendarName",
    ),
}
# What Exchange sets on meeting mail that says nothing else.
_MEETING = {"isAllDay": False, "isDelegated": False, "isOutOfDate": False, "type": "singleInstance"}
DERIVED_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "#microsoft.graph.eventMessage": {**_MEETING, "meetingMessageType": "none"},
    "#microsoft.graph.eventMessageRequest": {
        **_MEETING,
        "meetingMessageType": "meetingRequest",
        "meetingRequestType": "newMeetingRequest",
        "responseRequested": True,
        "allowNewTimeProposals": True,
    },
    "#microsoft.graph.eventMessageResponse": {**_MEETING, "meetingMessageType": "meetingAccepted"},
    "#microsoft.graph.calendarSharingMessage": {"sharingMessageActions": []},
}


@dataclass(slots=True, kw_only=True)
class TenantSettings:
    """The habits of the service that PATCH /sandbox/tenant sets."""

    count: str = "exact"
    pages: str = "full"
    perMailboxConcurrency: int | None = None  # noqa: N815 - the names of the control API
    requestsPer10Min: int | None = None  # noqa: N815

    CHOICES: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"count": ("exact", "unknown", "stale"), "pages": ("full", "short", "linkless")},
        init=False,
        repr=False,
    )

    def as_json(self) -> dict[str, Any]:
        """The whole state."""
        return {name: getattr(self, name) for name in ("count", "pages", "perMailboxConcurrency", "requestsPer10Min")}

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Set some of them; raises ValueError for what is unknown, and then changes nothing."""
        for name, value in wanted.items():
            if name in self.CHOICES:
                if value not in self.CHOICES[name]:
                    raise ValueError(f"{name} must be one of {', '.join(self.CHOICES[name])}")
            elif name not in ("perMailboxConcurrency", "requestsPer10Min"):
                raise ValueError(f"unknown key {name}")
            elif value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"{name} must be a whole number from 1, or null")
        for name, value in wanted.items():
            setattr(self, name, value)


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def compact(value: Any) -> str:
    """JSON as the service writes it."""
    return _ENCODER.encode(value)
