"""Attachments of a message: list, single, and the raw content of a file.

Until Safe Attachments has scanned a file, a placeholder stands in its place (see `_placeholder`).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call, collection, entity, selected
from m365sandbox.graph.data import files
from m365sandbox.graph.data.ids import is_attachment_id, placeholder_id
from m365sandbox.graph.messages.mime import Attached, mime_of_item
from m365sandbox.graph.models import SELECTED_ONLY, compact
from m365sandbox.graph.odata.options import page_size, read_options, selecting
from m365sandbox.wire import Response

_COMMON = ("id", "lastModifiedDateTime", "name", "contentType", "size", "isInline")
_FILE = ("contentId", "contentLocation", "contentBytes")
SELECTABLE = {*_COMMON, *(f"microsoft.graph.fileAttachment/{name}" for name in _FILE)}
_ITEM = "microsoft.graph.itemattachment/item"
_ITEM_PATH = "microsoft.graph.itemAttachment/item"
MOST_PER_PAGE = 1000
#: Stands in the text of an answer where a file's content belongs. JSON text never holds it.
_CONTENT = "\0"
PLACEHOLDER_NAME = "Safe Attachments Scan In Progress"
_PLACEHOLDER = {
    "subject": PLACEHOLDER_NAME,
    "body": {"contentType": "text", "content": "The attachment of this message is being scanned."},
}


class Row(NamedTuple):
    """One row of the attachments' table."""

    number: int
    kind: str
    rest_id: str
    immutable_id: str
    name: str | None
    content_type: str | None
    size: int
    is_inline: int
    modified: str
    content_id: str | None
    length: int
    item: str | None
    scanned: str | None
    content_location: str | None


def list_of_message(call: Call) -> Response:
    """GET …/messages/{id}/attachments. $filter is ignored here, as reported of the real service."""
    mailbox = call.mailbox()
    options = read_options(call.request, ("select", "filter", "count", "expand", "top", "skip"))
    options = selecting(options, SELECTABLE, "attachment")
    item_of = call.key(-1) if _expands_item(options.expand) else None
    rows = _rows(call, call.message(mailbox))
    end = options.skip + page_size(options, call.preferences, MOST_PER_PAGE, MOST_PER_PAGE)
    shown = rows[options.skip : end]
    items = [_text(call, row, options.select, item_of=item_of) for row in shown]
    context = f"users('{call.key(0)}')/messages('{call.key(-1)}')/attachments{selected(options.select)}"
    extra: dict[str, Any] = {"@odata.count": len(rows)} if options.count else {}
    if end < len(rows):
        extra["@odata.nextLink"] = call.next_link({"skip": str(end)})
    return _with_contents(call, collection(call, context, items, extra), shown)


def count_of_message(call: Call) -> Response:
    """GET …/messages/{id}/attachments/$count."""
    read_options(call.request, ("filter",))
    count = len(_rows(call, call.message(call.mailbox())))
    return Response(200, {"Content-Type": "text/plain"}, str(count).encode())


def get_one(call: Call) -> Response:
    """GET …/attachments/{id}."""
    options = read_options(call.request, ("select", "expand"))
    options = selecting(options, SELECTABLE, "attachment")
    item_of = call.key(-2) if _expands_item(options.expand) else None
    row = _row(call)
    context = f"users('{call.key(0)}')/messages('{call.key(-2)}')/attachments{selected(options.select)}/$entity"
    text = _text(call, row, options.select, item_of=item_of)
    return _with_contents(call, entity(call, context, text), [row])


def text_of(call: Call, number: int, attachment: int) -> str:
    """The JSON of one attachment, with its content."""
    (row,) = [row for row in _rows(call, number) if row.number == attachment]
    text = _text(call, row, None)
    return b"".join(_filled(call, text.encode(), _files([row]))).decode()


def _expands_item(expand: str | None) -> bool:
    if expand is None:
        return False
    if expand.strip().lower() != _ITEM:
        raise errors.not_in_select(expand, "attachment")
    return True


def get_content(call: Call) -> Response:
    """GET …/attachments/{id}/$value: the file with its own content type, an item as MIME; 405 for a mere link."""
    read_options(call.request, ())
    row = _row(call)
    call.shown += 1
    if row.kind == "referenceAttachment":
        raise errors.not_an_outlook_request([])
    if row.kind == "itemAttachment":
        mime = b"".join(mime_of_item(json.loads(row.item or "{}")))
        return Response(200, {"Content-Type": "text/plain"}, mime)
    kind = row.content_type or "application/octet-stream"
    return streamed(Response(200, {"Content-Type": kind}), files.read(call.store, row.number, row.length), row.length)


def streamed(response: Response, pieces: Iterator[bytes], size: int) -> Response:
    """The answer with this body of `size` bytes, sent as it is read where it is large."""
    if size > files.STREAMED:
        response.headers["Content-Length"] = str(size)
        response.body = pieces
    else:
        response.body = b"".join(pieces)
    return response


def expanded(call: Call, number: int, names: tuple[str, ...] | None = None) -> str:
    """The JSON list of a message's attachments, as $expand shows it: with their contents, unless `names` are chosen."""
    rows = _rows(call, number)
    text = ",".join(_text(call, row, names) for row in rows)
    if _CONTENT not in text:
        return f"[{text}]"
    return f"[{b''.join(_filled(call, text.encode(), _files(rows))).decode()}]"


def parts_of(call: Call, number: int) -> list[Attached]:
    """A message's attachments as MIME needs them; links are no part of it."""
    return [
        Attached(
            name=row.name,
            content_type=row.content_type,
            is_inline=bool(row.is_inline),
            content_id=row.content_id,
            content=files.read(call.store, row.number, row.length),
            item=json.loads(row.item) if row.item else None,
        )
        for row in _rows(call, number)
        if row.kind != "referenceAttachment"
    ]


def _rows(call: Call, number: int) -> list[Row]:
    columns = ",".join(Row._fields)
    rows = call.store.rows(f"SELECT {columns} FROM attachments WHERE message=? ORDER BY number", (number,))
    now = call.now.strftime("%Y-%m-%dT%H:%M:%S.%f")
    found = (Row(*row) for row in rows)
    return [row if row.scanned is None or row.scanned <= now else _placeholder(row) for row in found]


def _placeholder(row: Row) -> Row:
    """What stands in the place of a file that is still being scanned.

    Dynamic Delivery puts "a placeholder for each attachment" there (Safe Attachments guide); that it is a message of
    this name with an id of its own is our emulation, after what people report to see.
    """
    item = compact(_PLACEHOLDER)
    return row._replace(
        kind="itemAttachment",
        rest_id=placeholder_id(row.rest_id),
        immutable_id=placeholder_id(row.immutable_id),
        name=PLACEHOLDER_NAME,
        content_type=None,
        size=len(item),
        is_inline=0,
        content_id=None,
        content_location=None,
        length=0,
        item=item,
    )


def _row(call: Call) -> Row:
    return find(call, call.message(call.mailbox(), -2))


def find(call: Call, number: int) -> Row:
    """The attachment of a message that the path names, by either id."""
    name = call.keys[-1]
    for row in _rows(call, number):
        if name in (row.rest_id, row.immutable_id):
            return row
    raise errors.item_not_found() if is_attachment_id(name) else errors.malformed_id()


def _text(call: Call, row: Row, names: tuple[str, ...] | None, item_of: str | None = None) -> str:
    """The JSON of an attachment, with a mark in the place of a file's content. `item_of` is the message, as links name
    it, where an attached item is to be shown."""
    call.shown += 1
    is_file = row.kind == "fileAttachment"
    shown: dict[str, Any] = {"@odata.type": f"#microsoft.graph.{row.kind}"}
    if is_file:
        shown["@odata.mediaContentType"] = row.content_type
    members: dict[str, Any] = {
        "id": row.immutable_id if call.preferences.immutable_ids else row.rest_id,
        "lastModifiedDateTime": f"{row.modified}Z",
        "name": row.name,
        "contentType": row.content_type,
        "size": row.size,
        "isInline": bool(row.is_inline),
    }
    wanted = None if names is None or "*" in names else {part.rpartition("/")[2] for part in names} | {"id"}
    if is_file:
        members |= {"contentId": row.content_id, "contentLocation": row.content_location}
    shown |= {key: value for key, value in members.items() if wanted is None or key in wanted}
    if item_of is not None and row.kind == "itemAttachment":
        path = f"users('{call.key(0)}')/messages('{item_of}')/attachments('{quote(members['id'], safe='')}')"
        shown["item@odata.context"] = call.context(f"{path}/{_ITEM_PATH}/$entity")
        shown["item"] = _item(json.loads(row.item or "{}"))
    text = compact(shown)
    if is_file and (wanted is None or "contentBytes" in wanted):
        return f'{text[:-1]},"contentBytes":"{_CONTENT}"}}'
    return text


def _files(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.kind == "fileAttachment"]


def _with_contents(call: Call, response: Response, rows: Sequence[Row]) -> Response:
    """The answer with the contents of the files in their places, if they were asked for."""
    text = response.body
    if not isinstance(text, bytes) or _CONTENT.encode() not in text:
        return response
    found = _files(rows)
    size = len(text) - len(found) + sum(files.encoded_size(row.length) for row in found)
    return streamed(response, _filled(call, text, found), size)


def _filled(call: Call, text: bytes, found: Sequence[Row]) -> Iterator[bytes]:
    first, *others = text.split(_CONTENT.encode())
    yield first
    for row, following in zip(found, others, strict=bool(others)):
        yield from files.encoded(files.read(call.store, row.number, row.length))
        yield following


def _item(given: dict[str, Any]) -> dict[str, Any]:
    """The attached message; its id is empty. What is attached to it in turn is not shown, nor what is only selected."""
    left_out = ("attachments", "id", *SELECTED_ONLY)
    kept = {name: value for name, value in given.items() if name not in left_out}
    return {"@odata.type": kept.pop("@odata.type", "#microsoft.graph.message"), "id": "", **kept}
