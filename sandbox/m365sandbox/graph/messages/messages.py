"""Messages: the list of a mailbox and of a folder, the count, the single message and its MIME."""

import json
import zlib
from dataclasses import replace
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call, collection, entity
from m365sandbox.graph.data.files import STREAMED
from m365sandbox.graph.messages.as_json import Shape, message_text, message_texts, projection, shape_of
from m365sandbox.graph.messages.attachments import parts_of
from m365sandbox.graph.messages.fields import SELECTABLE, in_folder, narrow
from m365sandbox.graph.messages.mime import mime_of_message
from m365sandbox.graph.messages.search import RESULTS, found_numbers, search_page
from m365sandbox.graph.models import Folder, Mailbox
from m365sandbox.graph.odata.fields import Condition
from m365sandbox.graph.odata.options import Options, Preferences, page_size, read_options, selecting
from m365sandbox.wire import Response

DEFAULT_PAGE = 10
MOST_PER_PAGE = 1000
LIST_OPTIONS = ("select", "filter", "orderby", "top", "skip", "count", "search", "expand", "skiptoken")
STALE_EXTRA = 7


def list_of_mailbox(call: Call) -> Response:
    """GET /users/{id}/messages: all folders, but not Recoverable Items."""
    return _listed(call, _of_mailbox(call), f"users('{call.key(0)}')/messages")


def list_of_folder(call: Call) -> Response:
    """GET /users/{id}/mailFolders/{id}/messages: that folder alone."""
    where = _of_folder(call)
    context = f"users('{call.key(0)}')/mailFolders('{call.key(-1)}')/messages"
    return _listed(call, where, context)


def count_of_mailbox(call: Call) -> Response:
    """GET /users/{id}/messages/$count."""
    return _counted(call, _of_mailbox(call))


def count_of_folder(call: Call) -> Response:
    """GET /users/{id}/mailFolders/{id}/messages/$count."""
    return _counted(call, _of_folder(call))


def _of_mailbox(call: Call) -> Condition:
    return Condition("m.mailbox=? AND m.listed=1", [call.mailbox().number])


def _of_folder(call: Call) -> Condition:
    mailbox = call.mailbox()
    return in_folder(mailbox, call.folder(mailbox))


def _selecting(options: Options) -> Options:
    return selecting(options, SELECTABLE, "message", errors.unknown_to_outlook)


def _counted(call: Call, where: Condition) -> Response:
    narrow(where, read_options(call.request, ("filter",)))
    count = _count(call, where)
    return Response(200, {"Content-Type": "text/plain"}, str(count).encode())


def _listed(call: Call, where: Condition, context: str) -> Response:
    options = _selecting(read_options(call.request, LIST_OPTIONS, custom=("includeHiddenMessages",)))
    if options.others.get("includeHiddenMessages", "false").lower() not in ("true", "false"):
        raise errors.bad_request("includeHiddenMessages must be true or false.")
    shape = shape_of(options)
    size = page_size(options, call.preferences, DEFAULT_PAGE, MOST_PER_PAGE)
    if options.search is not None:
        return _searched(call, where, options, shape, size, context)
    if call.request.parameter("$skiptoken") is not None:
        raise errors.bad_request("Badly formed token.")
    order = narrow(where, options)
    page = call.pager.page(options.skip, size)
    # One more than the page holds tells whether another follows.
    columns = projection(shape.select, call.preferences.immutable_ids)
    rows = call.store.rows(
        f"SELECT {columns} FROM messages m WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?",
        (*where.values, page.limit + 1, page.offset),
    )
    extra: dict[str, Any] = {}
    if options.count:
        extra["@odata.count"] = _count(call, where)
    if len(rows) > page.limit:
        link = call.next_link({"skip": str(page.next_skip)})
        if not call.pager.leaves_link_out(link):
            extra["@odata.nextLink"] = link
    items = message_texts(call, shape, rows[: page.limit])
    return collection(call, context + shape.context, items, extra)


def _searched(call: Call, where: Condition, options: Options, shape: Shape, size: int, context: str) -> Response:
    """$search: newest sent first, at most a thousand, no other order, filter or position."""
    numbers = found_numbers(call.store, where, options)[:RESULTS]
    start = search_page(call.request.parameter("$skiptoken"))
    columns = projection(shape.select, call.preferences.immutable_ids)
    shown = numbers[start : start + size]
    rows = call.store.rows(f"SELECT {columns} FROM messages m WHERE number IN ({','.join('?' * len(shown))})", shown)
    by_number = dict(zip((row[0] for row in rows), message_texts(call, shape, rows), strict=True))
    extra: dict[str, Any] = {}
    if start + size < len(numbers):
        extra["@odata.nextLink"] = call.next_link({"skiptoken": f"czE{start + size:06d}"})
    items = [by_number[number] for number in shown]
    return collection(call, context + shape.context, items, extra)


def _count(call: Call, where: Condition) -> int:
    """The count, with the habits that have been reported where the tenant has them: -1, or too high by a constant."""
    if call.tenant.count == "unknown":
        return -1
    ((exact,),) = call.store.rows(f"SELECT COUNT(*) FROM messages m WHERE {where.sql}", where.values)
    return int(exact) + (STALE_EXTRA if call.tenant.count == "stale" else 0)


def get_of_mailbox(call: Call) -> Response:
    """GET /users/{id}/messages/{id}."""
    mailbox = call.mailbox()
    return _single(call, mailbox, None, call.keys[1], f"users('{call.key(0)}')/messages")


def get_of_folder(call: Call) -> Response:
    """GET /users/{id}/mailFolders/{id}/messages/{id}: found only in that folder."""
    mailbox = call.mailbox()
    folder = call.folder(mailbox, -2)
    context = f"users('{call.key(0)}')/mailFolders('{call.key(-2)}')/messages"
    return _single(call, mailbox, folder, call.keys[-1], context)


def _single(call: Call, mailbox: Mailbox, folder: Folder | None, name: str, context: str) -> Response:
    options = _selecting(read_options(call.request, ("select", "expand")))
    shape = shape_of(options)
    number = call.store.message_number(mailbox, name)
    columns = projection(shape.select, call.preferences.immutable_ids)
    within = in_folder(mailbox, folder) if folder else Condition()
    rows = call.store.rows(
        f"SELECT {columns} FROM messages m WHERE m.number=? AND {within.sql}", (number, *within.values)
    )
    if not rows:
        raise errors.item_not_found()
    return entity(call, f"{context}{shape.context}/$entity", message_text(call, shape, rows[0]))


def get_mime(call: Call) -> Response:
    """GET …/messages/{id}/$value: the message as MIME."""
    read_options(call.request, ())
    mailbox = call.mailbox()
    number = call.message(mailbox)
    call.shown += 1
    ((kept,),) = call.store.rows("SELECT mime FROM contents WHERE message=?", (number,))
    if kept is not None:
        return Response(200, {"Content-Type": "text/plain"}, zlib.decompress(kept))
    shape = Shape(select=("*", "internetMessageHeaders"))
    columns = projection(shape.select, False)
    (row,) = call.store.rows(f"SELECT {columns} FROM messages m WHERE m.number=?", (number,))
    message = json.loads(message_text(replace(call, preferences=Preferences()), shape, row))
    pieces = mime_of_message(message, parts_of(call, number))
    return Response(200, {"Content-Type": "text/plain"}, pieces if _is_large(call, number) else b"".join(pieces))


def _is_large(call: Call, number: int) -> bool:
    """Whether a message's files are too much to be put together in memory."""
    ((size,),) = call.store.rows("SELECT COALESCE(SUM(length),0) FROM attachments WHERE message=?", (number,))
    return bool(size > STREAMED)
