"""What is done to messages: drafts made and changed, messages moved, copied and deleted.

Each needs Mail.ReadWrite. Deleting moves to Deleted Items, from there to Recoverable Items, and from there for good.
"""

from datetime import datetime
from typing import Any

from m365sandbox.graph.call import Call, entity
from m365sandbox.graph.data import changes, files
from m365sandbox.graph.data.ids import attachment_id
from m365sandbox.graph.data.store import pack
from m365sandbox.graph.delivery.delivery import NewMessage, deliver_into
from m365sandbox.graph.delivery.incoming import INSERT_ATTACHMENT
from m365sandbox.graph.delivery.members import attachment_kind
from m365sandbox.graph.errors import changed_meanwhile, not_settable, unreadable_body
from m365sandbox.graph.messages import attachments
from m365sandbox.graph.messages.as_json import text_of
from m365sandbox.graph.messages.bodies import (
    OF_ALL,
    OF_DRAFTS,
    attachment_members,
    html_page,
    is_mime,
    message_body,
    message_members,
)
from m365sandbox.graph.models import Folder, Mailbox, compact
from m365sandbox.graph.odata.bodies import needed_body, parameters, text_parameter
from m365sandbox.graph.odata.options import read_options
from m365sandbox.mail.charset import clean
from m365sandbox.mail.text import preview_of, text_of_html
from m365sandbox.wire import Response

_USUAL_TYPE = {"fileAttachment": "application/octet-stream"}
_FLAGS = {
    "isRead": "is_read",
    "isReadReceiptRequested": "is_read_receipt_requested",
    "isDeliveryReceiptRequested": "is_delivery_receipt_requested",
}
_TEXTS = {
    "subject": "subject",
    "importance": "importance",
    "inferenceClassification": "inference_classification",
    "internetMessageId": "internet_message_id",
}
_PEOPLE = ("toRecipients", "ccRecipients", "bccRecipients", "replyTo")
_STRUCTURES = {
    "from": "from_json",
    "sender": "sender_json",
    "toRecipients": "to_json",
    "ccRecipients": "cc_json",
    "bccRecipients": "bcc_json",
    "replyTo": "reply_to_json",
    "categories": "categories_json",
    "flag": "flag_json",
}


def stamp(now: datetime) -> str:
    """A moment as the database keeps it."""
    return now.strftime("%Y-%m-%dT%H:%M:%S")


def shown(call: Call, mailbox: Mailbox, number: int, status: int = 200) -> Response:
    """The message as the answer to what has been done to it."""
    context = f"users('{call.key(0)}')/messages/$entity"
    response = entity(call, context, text_of(call, mailbox, number), status)
    if status == 201:
        name = "immutable_id" if call.preferences.immutable_ids else "rest_id"
        ((identifier,),) = call.store.rows(f"SELECT {name} FROM messages WHERE number=?", (number,))
        response.headers["Location"] = f"{call.root}/users('{call.key(0)}')/messages('{identifier}')"
    return response


def create(call: Call) -> Response:
    """POST /users/{id}/messages: a draft in Drafts."""
    mailbox = call.mailbox()
    return _created(call, mailbox, call.store.well_known(mailbox, "drafts"))


def create_in_folder(call: Call) -> Response:
    """POST …/mailFolders/{id}/messages: a draft in that folder."""
    mailbox = call.mailbox()
    folder = call.folder(mailbox)
    if is_mime(call.request):  # only /messages takes MIME (observed: microsoft-graph-docs issue 16368)
        raise unreadable_body()
    return _created(call, mailbox, folder)


def _created(call: Call, mailbox: Mailbox, folder: Folder) -> Response:
    read_options(call.request, ())
    message, mime = message_body(call.request)
    number = draft_in(call, mailbox, folder, message, mime)
    return shown(call, mailbox, number, 201)


def draft_in(call: Call, mailbox: Mailbox, folder: Folder, message: dict[str, Any], mime: bytes | None = None) -> int:
    """Write a draft; gives its row."""
    message = {name: _resolved(call, value) if name in _PEOPLE else value for name, value in message.items()}
    if isinstance(message.get("body"), dict):
        message["body"] = html_page(message["body"])
    new = NewMessage(mailbox.user_principal_name, {**message, "isDraft": True}, call.now, folder.well_known or "", mime)
    ids = deliver_into(call.store, mailbox, folder, new, call.now)
    return call.store.message_number(mailbox, ids["id"])


def _resolved(call: Call, people: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Recipients with their names: those of the directory, or else the address for a name."""
    found = []
    for person in people or []:
        email = dict(person.get("emailAddress") or {})
        if email.get("address") and not email.get("name"):
            known = call.store.mailbox(email["address"])
            email["name"] = known.properties["displayName"] if known else email["address"]
        found.append({**person, "emailAddress": {key: email[key] for key in ("name", "address") if key in email}})
    return found if people is not None else None


def update(call: Call) -> Response:
    """PATCH …/messages/{id}: what only a draft takes is refused of any other message."""
    mailbox = call.mailbox()
    read_options(call.request, ())
    number = call.message(mailbox)
    given = needed_body(call.request)
    members = message_members(given)
    ((is_draft, key),) = call.store.rows("SELECT is_draft, change_key FROM messages WHERE number=?", (number,))
    if call.request.headers.get("if-match", "*") not in ("*", f'W/"{key}"'):
        raise changed_meanwhile()
    for name in given:
        if not name.startswith("@") and name not in OF_ALL and not (is_draft and name in OF_DRAFTS):
            raise not_settable(name)
    change(call, mailbox, number, members)
    return shown(call, mailbox, number)


def change(call: Call, mailbox: Mailbox, number: int, members: dict[str, Any]) -> None:
    """Write members into a message's row."""
    values: dict[str, Any] = {}
    for name, value in members.items():
        if name in _FLAGS:
            values[_FLAGS[name]] = value
        elif name in _TEXTS:
            values[_TEXTS[name]] = None if value is None else clean(value)
        elif name in _STRUCTURES:
            value = _resolved(call, value) if name in _PEOPLE else value
            empty: Any = {"flagStatus": "notFlagged"} if name == "flag" else None
            values[_STRUCTURES[name]] = clean(compact(value or (empty if name in ("flag", "from", "sender") else [])))
        elif name == "body":
            values["body_preview"] = _write_body(call, number, html_page(value or {"contentType": "html"}))
        elif name == "internetMessageHeaders":
            blob = pack(value) if value else None
            call.store.execute("UPDATE contents SET headers=? WHERE message=?", (blob, number))
    if values:
        columns = ", ".join(f"{column}=?" for column in values)
        call.store.execute(f"UPDATE messages SET {columns} WHERE number=?", (*values.values(), number))
    if members.keys() - {"isRead"}:
        call.store.execute("UPDATE contents SET mime=NULL WHERE message=?", (number,))
    changes.touch(call.store, mailbox, number, stamp(call.now))


def _write_body(call: Call, number: int, body: dict[str, Any]) -> str:
    content = clean(body["content"])
    kept = {**body, "content": content}
    call.store.execute("UPDATE contents SET body=?, unique_body=NULL WHERE message=?", (pack(kept), number))
    return preview_of(content if kept["contentType"] == "text" else text_of_html(content))


def delete(call: Call) -> Response:
    """DELETE …/messages/{id}: one step nearer to being gone."""
    mailbox = call.mailbox()
    read_options(call.request, ())
    number = call.message(mailbox)
    discard(call, mailbox, number)
    return Response(204)


def discard(call: Call, mailbox: Mailbox, number: int) -> None:
    """Put a message one step nearer to being gone."""
    ((folder_number,),) = call.store.rows("SELECT folder FROM messages WHERE number=?", (number,))
    folder = next(item for item in call.store.folders(mailbox) if item.number == folder_number)
    if not folder.listed:
        changes.remove(call.store, number)
        return
    by_number = {item.number: item for item in call.store.folders(mailbox)}
    above: Folder | None = folder
    while above is not None and above.well_known != "deleteditems":
        above = by_number[above.parent] if above.parent else None
    bin_name = "deleteditems" if above is None else "recoverableitemsdeletions"
    changes.move(call.store, mailbox, number, call.store.well_known(mailbox, bin_name), changes.DELETED)


def delete_for_good(call: Call) -> Response:
    """POST …/messages/{id}/permanentDelete."""
    mailbox = call.mailbox()
    parameters(call.request, "permanentDelete", ())
    changes.remove(call.store, call.message(mailbox))
    return Response(204)


def move(call: Call) -> Response:
    """POST …/messages/{id}/move."""
    mailbox = call.mailbox()
    number = call.message(mailbox)
    changes.move(call.store, mailbox, number, _destination(call, mailbox, "move"))
    return shown(call, mailbox, number, 201)


def copy(call: Call) -> Response:
    """POST …/messages/{id}/copy: another item with the same content."""
    mailbox = call.mailbox()
    number = call.message(mailbox)
    folder = _destination(call, mailbox, "copy")
    return shown(call, mailbox, copy_of(call, mailbox, number, folder), 201)


def _destination(call: Call, mailbox: Mailbox, action: str) -> Folder:
    read_options(call.request, ())
    given = parameters(call.request, action, ("destinationId",))
    return call.store.folder(mailbox, text_parameter(given, "destinationId", action))


def copy_of(call: Call, mailbox: Mailbox, number: int, folder: Folder) -> int:
    """Copy a message with its attachments into a folder; gives the copy's row."""
    store, mint = call.store, call.store.mint(mailbox)
    new = store.counter()
    own: dict[str, Any] = {
        "number": new,
        "folder": folder.number,
        "listed": folder.listed,
        "rest_id": mint.message(folder.counter, new),
        "immutable_id": mint.immutable(new),
        "change_key": mint.change_key(new),
        "modified": stamp(call.now),
        "entered": None,
        "changed": None,
    }
    _copy_rows(call, "messages", own, "number", number)
    _copy_rows(call, "contents", {"message": new}, "message", number)
    for (attachment,) in store.rows("SELECT number FROM attachments WHERE message=? ORDER BY number", (number,)):
        part = store.counter()
        ids = {"rest_id": attachment_id(own["rest_id"], part), "immutable_id": attachment_id(own["immutable_id"], part)}
        made = _copy_rows(call, "attachments", {"number": None, "message": new, **ids}, "number", attachment)
        _copy_rows(call, "files", {"attachment": made}, "attachment", attachment)
    return new


def _copy_rows(call: Call, table: str, own: dict[str, Any], column: str, value: int) -> int:
    """Copy the rows of a table that have `value` in `column`, with some columns of their own."""
    names = [row[1] for row in call.store.rows(f"PRAGMA table_info({table})")]
    selected = ",".join("?" if name in own else name for name in names)
    values = [own[name] for name in names if name in own]
    made = call.store.execute(
        f"INSERT INTO {table} ({','.join(names)}) SELECT {selected} FROM {table} WHERE {column}=?", (*values, value)
    )
    return int(made.lastrowid or 0)


def attach(call: Call) -> Response:
    """POST …/messages/{id}/attachments."""
    mailbox = call.mailbox()
    read_options(call.request, ())
    number = call.message(mailbox)
    given = attachment_members(needed_body(call.request))
    kind = attachment_kind(given)
    ((rest_id, immutable_id),) = call.store.rows("SELECT rest_id, immutable_id FROM messages WHERE number=?", (number,))
    content = given.get("contentBytes") or "" if kind == "fileAttachment" else ""
    item = clean(compact(given["item"])) if given.get("item") else None
    part, length = call.store.counter(), files.size_of(content)
    row: list[Any] = [number, kind, attachment_id(rest_id, part), attachment_id(immutable_id, part)]
    row += [clean(given["name"]), given.get("contentType") or _USUAL_TYPE.get(kind)]
    row += [len(item) if item else length, bool(given.get("isInline")), stamp(call.now), given.get("contentId")]
    made = call.store.execute(INSERT_ATTACHMENT, (*row, length, item, None, given.get("contentLocation"))).lastrowid
    files.save(call.store, int(made or 0), content)
    _count_attachments(call, mailbox, number)
    context = f"users('{call.key(0)}')/messages('{call.key(-1)}')/attachments/$entity"
    return entity(call, context, attachments.text_of(call, number, int(made or 0)), 201)


def detach(call: Call) -> Response:
    """DELETE …/messages/{id}/attachments/{id}."""
    mailbox = call.mailbox()
    read_options(call.request, ())
    number = call.message(mailbox, -2)
    found = attachments.find(call, number)
    call.store.execute("DELETE FROM files WHERE attachment=?", (found.number,))
    call.store.execute("DELETE FROM attachments WHERE number=?", (found.number,))
    _count_attachments(call, mailbox, number)
    return Response(204)


def _count_attachments(call: Call, mailbox: Mailbox, number: int) -> None:
    call.store.execute(
        "UPDATE messages SET has_attachments=EXISTS (SELECT 1 FROM attachments a WHERE a.message=messages.number AND "
        "a.is_inline=0) WHERE number=?",
        (number,),
    )
    call.store.execute("UPDATE contents SET mime=NULL WHERE message=?", (number,))
    changes.touch(call.store, mailbox, number, stamp(call.now))
