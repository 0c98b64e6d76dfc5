"""Messages: the list of a mailbox and of a folder, and the single message."""

import json
import zlib
from dataclasses import replace
from functools import lru_cache
from typing import Any

from connector.sandbox.graph import errors
from connector.sandbox.graph.attachments import expanded, parts_of
from connector.sandbox.graph.call import Call, collection, entity, selected
from connector.sandbox.graph.files import STREAMED
from connector.sandbox.graph.filters import Condition, Field, Fields, plan_filter, plan_order
from connector.sandbox.graph.mime import mime_of_message
from connector.sandbox.graph.models import (
    CONTENT_MEMBERS,
    DERIVED_MEMBERS,
    MEMBERS,
    SELECTED_ONLY,
    Folder,
    Mailbox,
    compact,
)
from connector.sandbox.graph.options import Options, Preferences, check_selected, page_size, read_options
from connector.sandbox.graph.store import unpack
from connector.sandbox.mail.text import html_of_text, text_of_html
from connector.sandbox.wire import Response

DEFAULT_PAGE = 10
MOST_PER_PAGE = 1000
LIST_OPTIONS = ("select", "filter", "orderby", "top", "skip", "count", "search", "expand")
STALE_EXTRA = 7

_CASTS = {f"{kind.removeprefix('#')}/{name}" for kind, names in DERIVED_MEMBERS.items() for name in names}
SELECTABLE = {*MEMBERS, *CONTENT_MEMBERS, *_CASTS}


def _filterable() -> dict[str, Field]:
    fields = {
        name: Field(member.value, member.kind)
        for name, member in MEMBERS.items()
        if member.value and member.kind != "structure"
    }
    for name in ("subject", "bodyPreview"):
        fields[name] = Field(f"{fields[name].sql} COLLATE NOCASE")
    for name, column in (("from", "from_json"), ("sender", "sender_json")):
        for part in ("address", "name"):
            path = f"json_extract(m.{column},'$.emailAddress.{part}') COLLATE NOCASE"
            fields[f"{name}/emailAddress/{part}"] = Field(path)
    fields["flag/flagStatus"] = Field("json_extract(m.flag_json,'$.flagStatus')")
    fields["categories"] = Field("m.categories_json", collection=True)
    return fields


FIELDS = Fields(_filterable(), lambda name: errors.unknown_property(name, "message"))


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
    return Condition("m.mailbox=? AND m.folder=?", [mailbox.number, call.folder(mailbox).number])


def _counted(call: Call, where: Condition) -> Response:
    _narrow(where, read_options(call.request, ("filter",)))
    count = _count(call, where)
    return Response(200, {"Content-Type": "text/plain"}, str(count).encode())


def _listed(call: Call, where: Condition, context: str) -> Response:
    options = read_options(call.request, LIST_OPTIONS, custom=("includeHiddenMessages",))
    if options.others.get("includeHiddenMessages", "false").lower() not in ("true", "false"):
        raise errors.bad_request("includeHiddenMessages must be true or false.")
    if options.search is not None:
        raise errors.not_emulated("$search on messages")
    check_selected(options.select, SELECTABLE, "message")
    size = page_size(options, call.preferences, DEFAULT_PAGE, MOST_PER_PAGE)
    order = _narrow(where, options)
    page = call.pager.page(options.skip, size)
    # One more than the page holds tells whether another follows.
    columns = _projection(options.select, call.preferences.immutable_ids)
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
    items = [_message_text(call, options, row) for row in rows[: page.limit]]
    return collection(call, context + selected(options.select), items, extra)


def _narrow(where: Condition, options: Options) -> str:
    """Apply $filter, and give the ORDER BY. $orderby must repeat $filter's properties first, in their order."""
    order = plan_order(options.orderby, FIELDS) if options.orderby else []
    if options.filter is not None:
        condition = plan_filter(options.filter, FIELDS)
        named = list(dict.fromkeys(condition.named))
        wanted = [name for name, _, _ in order]
        if wanted and named[: len(wanted)] != wanted:
            raise errors.inefficient_filter()
        where.sql = f"{where.sql} AND {condition.sql}"
        where.values.extend(condition.values)
    parts = [f"{sql} {direction}" for _, sql, direction in order] or ["m.received DESC"]
    last = parts[-1].rpartition(" ")[2]
    return ",".join([*parts, f"m.number {last}"])


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
    options = read_options(call.request, ("select", "expand"))
    check_selected(options.select, SELECTABLE, "message")
    number = call.store.message_number(mailbox, name)
    columns = _projection(options.select, call.preferences.immutable_ids)
    where, values = ("m.number=? AND m.folder=?", (number, folder.number)) if folder else ("m.number=?", (number,))
    rows = call.store.rows(f"SELECT {columns} FROM messages m WHERE {where}", values)
    if not rows:
        raise errors.item_not_found()
    return entity(call, f"{context}{selected(options.select)}/$entity", _message_text(call, options, rows[0]))


def get_mime(call: Call) -> Response:
    """GET …/messages/{id}/$value: the message as MIME."""
    read_options(call.request, ())
    mailbox = call.mailbox()
    number = call.store.message_number(mailbox, call.keys[-1])
    ((kept,),) = call.store.rows("SELECT mime FROM contents WHERE message=?", (number,))
    if kept is not None:
        return Response(200, {"Content-Type": "text/plain"}, zlib.decompress(kept))
    options = Options(select=("*", "internetMessageHeaders"))
    columns = _projection(options.select, False)
    (row,) = call.store.rows(f"SELECT {columns} FROM messages m WHERE m.number=?", (number,))
    text = _message_text(replace(call, preferences=Preferences()), options, row)
    parts = parts_of(call, number)
    pieces = mime_of_message(_object(text), parts)
    return Response(200, {"Content-Type": "text/plain"}, pieces if _is_large(call, number) else b"".join(pieces))


def _is_large(call: Call, number: int) -> bool:
    """Whether a message's files are too much to be put together in memory."""
    ((size,),) = call.store.rows("SELECT COALESCE(SUM(length),0) FROM attachments WHERE message=?", (number,))
    return bool(size > STREAMED)


# From a row to its JSON. The header's members are put together by the database, as text.


@lru_cache(maxsize=256)
def _projection(names: tuple[str, ...] | None, immutable: bool) -> str:
    """The SELECT list: number, JSON text without its closing brace, members of a derived type."""
    wanted = set(names or MEMBERS) if "*" not in (names or ()) else set(MEMBERS)
    id_column = "m.immutable_id" if immutable else "m.rest_id"
    parts = [
        "'{'",
        "CASE WHEN m.odata_type IS NULL THEN '' ELSE '\"@odata.type\":\"'||m.odata_type||'\",' END",
        '\'"@odata.etag":"W/\\"\'||m.change_key||\'\\"","id":"\'||' + id_column + "||'\"'",
    ]
    parts += [f"',\"{name}\":'||{MEMBERS[name].sql}" for name in MEMBERS if name in wanted and name != "id"]
    return f"m.number,{'||'.join(parts)},m.extra_json"


def _message_text(call: Call, options: Options, row: tuple[Any, ...]) -> str:
    number, head, extra = row
    parts = [head]
    if extra != "{}":
        parts.append(_derived(extra, options.select))
    parts.extend(_contents(call, options, number))
    if options.expand is not None:
        parts.append(f',"attachments":{_expanded(call, options.expand, number)}')
    return f"{''.join(parts)}}}"


def _derived(extra: str, names: tuple[str, ...] | None) -> str:
    """The members of a derived type: all without $select, else those named with their type."""
    if names is None:
        return f",{extra[1:-1]}"
    wanted = [name.partition("/")[2] for name in names if name.startswith("microsoft.graph.")]
    known = _object(extra)
    return "".join(f",{compact(name)}:{compact(known[name])}" for name in wanted if name in known)


def _object(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value


def _contents(call: Call, options: Options, number: int) -> list[str]:
    names = options.select
    wanted = [
        name
        for name in CONTENT_MEMBERS
        if (names and name in names) or (name not in SELECTED_ONLY and (names is None or "*" in names))
    ]
    if not wanted:
        return []
    ((body, unique, headers),) = call.store.rows(
        "SELECT body, unique_body, headers FROM contents WHERE message=?", (number,)
    )
    shown = []
    for name in wanted:
        if name == "internetMessageHeaders":
            value = unpack(headers) if headers else None
        else:
            value = _shown_body(call, unpack(unique or body if name == "uniqueBody" else body))
        # Graph leaves the headers out where there are none, instead of sending null.
        if value is not None or name not in SELECTED_ONLY:
            shown.append(f',"{name}":{compact(value)}')
    return shown


def _shown_body(call: Call, body: dict[str, Any] | None) -> dict[str, Any] | None:
    """The body in the form asked for; without a preference as it is kept."""
    wanted = call.preferences.body_type
    if body is None or wanted is None or body.get("contentType") == wanted:
        return body
    text = body.get("content") or ""
    return {"contentType": wanted, "content": text_of_html(text) if wanted == "text" else html_of_text(text)}


def _expanded(call: Call, expand: str, number: int) -> str:
    if expand.strip().lower() != "attachments":
        raise errors.unparsable(
            f"Parsing OData Select and Expand failed: Could not find a property named '{expand}' on type "
            "'microsoft.graph.message'."
        )
    return expanded(call, number)
