"""Mail that leaves a mailbox: sent drafts, sendMail, replies and forwards, and its arrival in the firm's own mailboxes.

Needs Mail.Send. A draft keeps its immutable id when it is sent (Graph, "Get immutable identifiers"); every recipient's
copy has the same Message-ID, and only the sender's tells of Bcc.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from m365sandbox.graph.call import Call
from m365sandbox.graph.data import changes
from m365sandbox.graph.delivery.delivery import NewMessage, deliver_into
from m365sandbox.graph.delivery.incoming import owner_of
from m365sandbox.graph.errors import GraphError, send_as_denied, unknown_parameter, unreadable_body
from m365sandbox.graph.messages import attachments
from m365sandbox.graph.messages.as_json import Shape, text_of
from m365sandbox.graph.messages.bodies import is_mime, message_body, message_members
from m365sandbox.graph.messages.writing import draft_in, shown, stamp
from m365sandbox.graph.models import Mailbox
from m365sandbox.graph.odata.bodies import needed_body, parameters
from m365sandbox.graph.odata.options import read_options
from m365sandbox.wire import Response

_PEOPLE = ("toRecipients", "ccRecipients", "bccRecipients")
_AUTHORS = ("from", "sender")
_PREFIXES = {"createReply": "RE: ", "createReplyAll": "RE: ", "createForward": "FW: "}


def send_draft(call: Call) -> Response:
    """POST …/messages/{id}/send."""
    mailbox = call.mailbox()
    parameters(call.request, "send", ())
    number = call.message(mailbox)
    ((is_draft,),) = call.store.rows("SELECT is_draft FROM messages WHERE number=?", (number,))
    if not is_draft:
        raise GraphError(
            400, "ErrorInvalidOperation", "The operation is not valid for this item: only a draft can be sent."
        )
    _send(call, mailbox, number)
    return Response(202)


def send_mail(call: Call) -> Response:
    """POST /users/{id}/sendMail: a message as JSON with its parameters, or as MIME."""
    mailbox = call.mailbox()
    read_options(call.request, ())
    keep = True
    mime: bytes | None = None
    if is_mime(call.request):
        message, mime = message_body(call.request)
    else:
        given = {name.lower(): value for name, value in needed_body(call.request).items()}
        for name in given:
            if not name.startswith("@") and name not in ("message", "savetosentitems"):
                raise unknown_parameter(name, "sendMail")
        wanted, saved = given.get("message"), given.get("savetosentitems", True)
        if not isinstance(wanted, dict) or str(saved).lower() not in ("true", "false"):
            raise unreadable_body()
        message, keep = message_members(wanted), str(saved).lower() == "true"
    number = draft_in(call, mailbox, call.store.well_known(mailbox, "drafts"), message, mime)
    _send(call, mailbox, number)
    if not keep:
        changes.remove(call.store, number)
    return Response(202)


def _send(call: Call, mailbox: Mailbox, number: int) -> None:
    """The draft becomes sent mail, and arrives where its recipients have mailboxes here."""
    message = _whole(call, mailbox, number)
    recipients = [_address(person) for name in _PEOPLE for person in message[name]]
    if not recipients or not all(recipients):
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    if any(message[name] and _address(message[name]).lower() not in _addresses(mailbox) for name in _AUTHORS):
        raise send_as_denied()
    now = stamp(call.now)
    call.store.execute(
        "UPDATE messages SET is_draft=0, sent=?, received=?, is_read=1, is_delivery_receipt_requested="
        "COALESCE(is_delivery_receipt_requested,0) WHERE number=?",
        (now, now, number),
    )
    changes.move(call.store, mailbox, number, call.store.well_known(mailbox, "sentitems"))
    copied = {name: value for name, value in message.items() if name in _CARRIED}
    copied |= {"sentDateTime": f"{now}Z", "attachments": _files(call, number)}
    for owner in call.store.mailboxes():
        if owner.state == "ok" and _addresses(owner) & {address.lower() for address in recipients}:
            new = NewMessage(owner.user_principal_name, copied, call.now)
            deliver_into(call.store, owner, call.store.well_known(owner, "inbox"), new, call.now)


_CARRIED = [
    "subject",
    "body",
    "importance",
    "internetMessageId",
    "conversationIndex",
    "sender",
    "from",
    "toRecipients",
    "ccRecipients",
    "replyTo",
    "isReadReceiptRequested",
]


def _whole(call: Call, mailbox: Mailbox, number: int) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text_of(call, mailbox, number, Shape()))
    return value


def _address(person: Mapping[str, Any]) -> str:
    email = person.get("emailAddress") or {}
    address = email.get("address") or ""
    return address if "@" in address else ""


def _addresses(mailbox: Mailbox) -> set[str]:
    """All addresses of a mailbox, in lower case."""
    proxies = mailbox.properties.get("proxyAddresses") or []
    found = {item.partition(":")[2] for item in proxies if item.lower().startswith("smtp:")}
    found |= {mailbox.user_principal_name, mailbox.properties.get("mail") or ""}
    return {item.lower() for item in found if item}


def _files(call: Call, number: int) -> list[dict[str, Any]]:
    """What is attached, to be attached again."""
    found = []
    for part in attachments.parts_of(call, number):
        shared: dict[str, Any] = {"name": part.name, "contentType": part.content_type, "isInline": part.is_inline}
        if part.item is not None:
            kind: dict[str, Any] = {"@odata.type": "#microsoft.graph.itemAttachment", "item": part.item}
        else:
            kind = {"contentBytes": b"".join(part.content), "contentId": part.content_id}
        found.append({**shared, **kind})
    return found


def create_reply(call: Call) -> Response:
    """POST …/messages/{id}/createReply."""
    return _drafted(call, "createReply")


def create_reply_all(call: Call) -> Response:
    """POST …/messages/{id}/createReplyAll."""
    return _drafted(call, "createReplyAll")


def create_forward(call: Call) -> Response:
    """POST …/messages/{id}/createForward."""
    return _drafted(call, "createForward")


def reply(call: Call) -> Response:
    """POST …/messages/{id}/reply: drafted and sent at once."""
    return _sent(call, "createReply")


def reply_all(call: Call) -> Response:
    """POST …/messages/{id}/replyAll."""
    return _sent(call, "createReplyAll")


def forward(call: Call) -> Response:
    """POST …/messages/{id}/forward."""
    return _sent(call, "createForward")


def _drafted(call: Call, action: str) -> Response:
    mailbox = call.mailbox()
    return shown(call, mailbox, _answer(call, mailbox, action), 201)


def _sent(call: Call, action: str) -> Response:
    mailbox = call.mailbox()
    _send(call, mailbox, _answer(call, mailbox, action))
    return Response(202)


def _answer(call: Call, mailbox: Mailbox, action: str) -> int:
    """The draft of a reply or forward; gives its row. A comment and a body exclude each other (message: reply)."""
    read_options(call.request, ())
    if is_mime(call.request):
        return _answer_in_mime(call, mailbox)
    given = parameters(call.request, action, ("comment", "message", "toRecipients"))
    if not isinstance(given.get("comment") or "", str) or not isinstance(given.get("message") or {}, dict):
        raise unreadable_body()
    number = call.message(mailbox)
    original = _whole(call, mailbox, number)
    wanted = message_members(given.get("message") or {})
    if given.get("comment") and "body" in wanted:
        raise GraphError(400, "ErrorInvalidArgument", "Comment and the body of the message cannot both be given.")
    if "toRecipients" in given:
        wanted |= message_members({"toRecipients": given["toRecipients"]})
    draft = {**_answered(mailbox, original, action, given.get("comment") or ""), **wanted}
    if action == "createForward":
        draft["attachments"] = [*_files(call, number), *(wanted.get("attachments") or [])]
    return draft_in(call, mailbox, call.store.well_known(mailbox, "drafts"), draft)


def _answer_in_mime(call: Call, mailbox: Mailbox) -> int:
    """A reply or forward that the client wrote itself; it belongs to the conversation all the same."""
    message, mime = message_body(call.request)
    original = _whole(call, mailbox, call.message(mailbox))
    message["conversationId"] = original["conversationId"]
    return draft_in(call, mailbox, call.store.well_known(mailbox, "drafts"), message, mime)


def _answered(mailbox: Mailbox, original: dict[str, Any], action: str, comment: str) -> dict[str, Any]:
    subject = original["subject"] or ""
    prefix = _PREFIXES[action]
    quoted = (original["body"] or {}).get("content") or ""
    index = base64.b64decode(original["conversationIndex"] or "")
    answered: dict[str, Any] = {
        "subject": subject if subject.lower().startswith(prefix.lower()) else f"{prefix}{subject}",
        "body": {"contentType": "html", "content": f"{comment}<hr>{quoted}" if comment else quoted},
        "conversationId": original["conversationId"],
        "toRecipients": [],
    }
    if index:
        answered["conversationIndex"] = base64.b64encode(index + b"\x10\x00\x00\x00\x00").decode()
    if action == "createForward":
        return answered
    author = [original["from"]] if original["from"] else []
    answered["toRecipients"] = original["replyTo"] or author
    if action == "createReplyAll":
        own = owner_of(mailbox)["emailAddress"]["address"].lower()
        known = {own, *(_address(person).lower() for person in answered["toRecipients"])}
        others = [person for person in original["toRecipients"] if _address(person).lower() not in known]
        answered["toRecipients"] = [*answered["toRecipients"], *others]
        answered["ccRecipients"] = [person for person in original["ccRecipients"] if _address(person).lower() != own]
    return answered
