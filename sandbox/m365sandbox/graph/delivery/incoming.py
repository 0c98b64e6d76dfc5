"""A message put into a mailbox: members given are kept, the rest is filled in as Exchange would; as rows."""

import base64
import re
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from m365sandbox.graph.data.files import size_of
from m365sandbox.graph.data.ids import attachment_id, thread_root
from m365sandbox.graph.data.store import Store, pack
from m365sandbox.graph.delivery.members import ODATA, RECIPE, SCAN_SECONDS, attachment_kind
from m365sandbox.graph.models import DERIVED_DEFAULTS, DERIVED_MEMBERS, Folder, Mailbox, compact
from m365sandbox.graph.odata.fields import time_value
from m365sandbox.mail.charset import clean
from m365sandbox.mail.recipe import BodyRecipe, FileRecipe
from m365sandbox.mail.text import preview_of, text_of_html

_BCC = re.compile(rb"^bcc:", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
# FILETIME counts 100 ns from 1601; conversationIndex holds its upper bytes.
_THREAD_BYTES = 22
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
# Enough of a body to find its first words behind the styles that stand before them.
_PREVIEWED = 30_000
# A larger mail is made anew when it is asked for, from parts that are kept in any case.
_LARGEST_MIME = 2_000_000
_NOBODY = {"emailAddress": {"name": "Someone", "address": "someone@example.com"}}

_COLUMNS = (
    "number,mailbox,folder,listed,received,sent,created,modified,is_read,is_draft,has_attachments,"
    "is_read_receipt_requested,is_delivery_receipt_requested,importance,inference_classification,rest_id,immutable_id,"
    "change_key,internet_message_id,conversation_id,conversation_index,odata_type,subject,body_preview,from_json,"
    "sender_json,to_json,cc_json,bcc_json,reply_to_json,categories_json,flag_json,extra_json"
)
INSERT_MESSAGE = f"INSERT INTO messages ({_COLUMNS}) VALUES ({','.join('?' * (_COLUMNS.count(',') + 1))})"
INSERT_CONTENT = "INSERT INTO contents (message,body,unique_body,headers,mime) VALUES (?,?,?,?,?)"
INSERT_ATTACHMENT = (
    "INSERT INTO attachments (message,kind,rest_id,immutable_id,name,content_type,size,is_inline,modified,content_id,"
    "length,item,scanned,content_location) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message on its way into a folder. `message` has been checked; `received` outranks the message's own time."""

    mailbox: Mailbox
    folder: Folder
    is_sent: bool
    message: Mapping[str, Any]
    received: datetime | None
    mime: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One message as rows, and the ids it got. `files` are the contents of the attachments, in their order."""

    message: tuple[Any, ...]
    content: tuple[Any, ...]
    attachments: list[tuple[Any, ...]]
    files: list[str | bytes | FileRecipe]
    ids: dict[str, Any]


def rows_of(store: Store, delivery: Delivery, now: datetime) -> Rows:
    """What to insert for one message."""
    number = store.counter()
    given = delivery.message
    mint = store.mint(delivery.mailbox)
    ids = {"rest": mint.message(delivery.folder.counter, number), "immutable": mint.immutable(number)}
    moment = time_value(given["receivedDateTime"]) if given.get("receivedDateTime") else _stored(now)
    received = (_stored(delivery.received) if delivery.received else moment)[:19]
    message = _filled(delivery, received)
    given_attachments = given.get("attachments") or []
    attachments = [
        _attachment_row(attachment, number, position, ids, received)
        for position, attachment in enumerate(given_attachments, start=1)
    ]
    message.setdefault("hasAttachments", any(not row[7] for row in attachments))
    root, index = _thread(store, message, received)
    message.setdefault("conversationId", mint.conversation(root))
    message.setdefault("conversationIndex", index)
    row = _message_row(number, delivery, message, received, (ids["rest"], ids["immutable"], mint.change_key(number)))
    return Rows(
        message=row,
        content=_content_row(number, message, _kept_mime(delivery)),
        attachments=attachments,
        files=[_file(attachment) for attachment in given_attachments],
        ids={
            "id": ids["immutable"],
            "restId": ids["rest"],
            "internetMessageId": message["internetMessageId"],
        },
    )


def _filled(delivery: Delivery, received: str) -> dict[str, Any]:
    """The message with every member that Exchange would set by itself."""
    message = {name: value for name, value in delivery.message.items() if name != "attachments"}
    owner = owner_of(delivery.mailbox)
    is_draft = delivery.folder.well_known == "drafts"
    author = message.get("from") or message.get("sender") or (owner if delivery.is_sent else _NOBODY)
    message.setdefault("from", author)
    message.setdefault("sender", message["from"])
    message.setdefault("toRecipients", [] if delivery.is_sent else [owner])
    for name in ("toRecipients", "ccRecipients", "bccRecipients", "replyTo", "categories"):
        message[name] = message.get(name) or []
    if not delivery.is_sent:  # neither the list nor the header of it leaves the sender's mailbox
        message["bccRecipients"] = []
        headers = message.get("internetMessageHeaders") or []
        message["internetMessageHeaders"] = [one for one in headers if str(one.get("name")).lower() != "bcc"]
    body = message.setdefault("body", {"contentType": "html", "content": ""}) or {}
    if "bodyPreview" not in message:
        text = (body.get("content") or "")[:_PREVIEWED]
        message["bodyPreview"] = preview_of(text if body.get("contentType") == "text" else text_of_html(text))
    defaults = {
        "subject": "",
        "sentDateTime": f"{received}Z",
        "createdDateTime": f"{received}Z",
        "lastModifiedDateTime": f"{received}Z",
        "isRead": delivery.is_sent,
        "isDraft": is_draft,
        "isReadReceiptRequested": False,
        "isDeliveryReceiptRequested": None if is_draft else False,
        "importance": "normal",
        "inferenceClassification": "focused",
        "flag": {"flagStatus": "notFlagged"},
    }
    for name, value in defaults.items():
        message.setdefault(name, value)
    if "internetMessageId" not in message:
        message["internetMessageId"] = f"<{uuid.uuid4()}@{_domain(message['from'])}>"
    return message


def owner_of(mailbox: Mailbox) -> dict[str, Any]:
    """The mailbox's owner as a recipient."""
    address = mailbox.properties.get("mail") or mailbox.user_principal_name
    return {"emailAddress": {"name": mailbox.properties.get("displayName"), "address": address}}


def _domain(author: Mapping[str, Any] | None) -> str:
    address = ((author or {}).get("emailAddress") or {}).get("address") or ""
    return address.rpartition("@")[2] or "mail.example.com"


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _thread(store: Store, message: Mapping[str, Any], received: str) -> tuple[bytes, str]:
    """The thread's 16 bytes and the message's conversationIndex: 22 bytes of the thread, 5 for each reply before."""
    headers = {
        str(item.get("name", "")).lower(): str(item.get("value", ""))
        for item in message.get("internetMessageHeaders") or []
    }
    references = _MESSAGE_ID.findall(headers.get("references", "")) or _MESSAGE_ID.findall(
        headers.get("in-reply-to", "")
    )
    first = thread_root(references[0] if references else message["internetMessageId"] or str(uuid.uuid4()))
    given = message.get("conversationIndex")
    if given:
        raw = base64.b64decode(given)
        if len(raw) < _THREAD_BYTES:
            return thread_root(given), given
        # answers of programs that write no index are found by what they refer to
        store.execute("INSERT OR IGNORE INTO threads VALUES (?,?)", (first, raw[:_THREAD_BYTES]))
        return raw[6:_THREAD_BYTES], given
    known = store.rows("SELECT header FROM threads WHERE root=?", (first,))
    if known:
        header: bytes = known[0][0]
    else:
        since = datetime.fromisoformat(received).replace(tzinfo=UTC) - _FILETIME_EPOCH
        ticks = int(since.total_seconds()) * 10_000_000
        header = ticks.to_bytes(8, "big")[:6] + first
        store.execute("INSERT INTO threads VALUES (?,?)", (first, header))
    return header[6:], base64.b64encode(header + b"\x10\x00\x00\x00\x00" * len(references)).decode()


def _message_row(
    number: int, delivery: Delivery, message: Mapping[str, Any], received: str, ids: tuple[str, str, str]
) -> tuple[Any, ...]:
    kind = message.get("@odata.type")
    derived = DERIVED_MEMBERS.get(kind or "", ())
    usual = DERIVED_DEFAULTS.get(kind or "", {})
    extra = {name: message.get(name, usual.get(name)) for name in derived}

    def moment(name: str) -> str | None:
        return time_value(message[name])[:19] if message[name] else None

    def text(name: str) -> str | None:
        return None if message[name] is None else clean(message[name])

    return (
        number,
        delivery.mailbox.number,
        delivery.folder.number,
        delivery.folder.listed,
        received,
        moment("sentDateTime"),
        moment("createdDateTime") or received,
        moment("lastModifiedDateTime") or received,
        message["isRead"],
        message["isDraft"],
        message["hasAttachments"],
        message["isReadReceiptRequested"],
        message["isDeliveryReceiptRequested"],
        message["importance"],
        message["inferenceClassification"],
        *ids,
        text("internetMessageId"),
        message["conversationId"],
        message["conversationIndex"],
        kind if derived else None,
        text("subject"),
        text("bodyPreview"),
        *(
            _json(message[name])
            for name in ("from", "sender", "toRecipients", "ccRecipients", "bccRecipients", "replyTo", "categories")
        ),
        _json(message["flag"]),
        _json(extra),
    )


def _json(value: Any) -> str:
    """JSON that SQLite can hold: no half of a surrogate pair."""
    return clean(compact(value))


def _content_row(number: int, message: Mapping[str, Any], mime: bytes | None) -> tuple[Any, ...]:
    headers = message.get("internetMessageHeaders")
    unique = message.get("uniqueBody")
    recipe: BodyRecipe | None = message.get(RECIPE)
    return (
        number,
        recipe.packed() if recipe else pack(_cleaned(message["body"])),
        pack(_cleaned(unique)) if unique else None,
        pack([_cleaned(header) for header in headers]) if headers else None,
        zlib.compress(mime, 1) if mime else None,
    )


def _kept_mime(delivery: Delivery) -> bytes | None:
    """The mail as it came, unless it tells recipients that this copy must not know of."""
    if (
        delivery.mime is None
        or len(delivery.mime) > _LARGEST_MIME
        or (not delivery.is_sent and _BCC.search(delivery.mime))
    ):
        return None
    return delivery.mime


def _cleaned(value: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if value is None:
        return None
    return {name: clean(part) if isinstance(part, str) else part for name, part in value.items()}


def _file(attachment: Mapping[str, Any]) -> str | bytes | FileRecipe:
    """The content of a file, none of anything else."""
    content: str | bytes | FileRecipe = attachment.get(RECIPE) or attachment.get("contentBytes") or ""
    return content if attachment_kind(attachment) == "fileAttachment" else b""


def _attachment_row(
    attachment: Mapping[str, Any], number: int, position: int, ids: Mapping[str, str], received: str
) -> tuple[Any, ...]:
    length = size_of(_file(attachment))
    kind = attachment_kind(attachment)
    item = attachment.get("item")
    shown = None if not isinstance(item, dict) else _json(_item(item, received))
    size = attachment.get("size")
    modified = attachment.get("lastModifiedDateTime")
    wait = attachment.get(SCAN_SECONDS)
    return (
        number,
        kind,
        attachment_id(ids["rest"], position),
        attachment_id(ids["immutable"], position),
        clean(attachment.get("name") or "") or None,
        attachment.get("contentType") or (None if kind != "fileAttachment" else "application/octet-stream"),
        (len(shown) if shown else length) if size is None else size,
        bool(attachment.get("isInline")),
        time_value(modified)[:19] if modified else received,
        attachment.get("contentId"),
        length,
        shown,
        None if wait is None else (datetime.fromisoformat(received) + timedelta(seconds=wait)).isoformat(),
        attachment.get("contentLocation"),
    )


def _item(item: Mapping[str, Any], received: str) -> dict[str, Any]:
    """A message that is attached to another one, with the members that Exchange would set by itself."""
    given = {key: value for key, value in item.items() if not key.startswith(ODATA + "con")}
    sent = given.get("sentDateTime")
    defaults: dict[str, Any] = {
        "createdDateTime": f"{received}Z",
        "lastModifiedDateTime": f"{received}Z",
        "categories": [],
        "receivedDateTime": sent or f"{received}Z",
        "sentDateTime": sent,
        "isRead": True,
        "isDraft": False,
        "flag": {"flagStatus": "notFlagged"},
    }
    return {"@odata.type": "#microsoft.graph.message", **defaults, **given}
