"""messages/delta: the changes in one folder, round after round.

Graph, "Get incremental changes to messages in a folder": options go with the first call and live on in the tokens;
only `receivedDateTime ge` or `gt` can be filtered by, and then no more than 5,000 messages come, without a word; the
order is that of the changes, or newest first. Removed messages come as `@removed`: here "deleted" where somebody
deleted them, "changed" where they are in another folder now.
"""

import re
from dataclasses import replace
from typing import Any, NamedTuple

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call, collection
from m365sandbox.graph.data import sync_state
from m365sandbox.graph.data.sync_state import Round
from m365sandbox.graph.messages.as_json import message_texts, projection, shape_of
from m365sandbox.graph.messages.fields import SELECTABLE
from m365sandbox.graph.models import Folder, Mailbox, compact
from m365sandbox.graph.odata.fields import time_value
from m365sandbox.graph.odata.options import Options, read_options, selecting
from m365sandbox.wire import Response

DEFAULT_PAGE = 10
# No maximum is documented.
MOST_PER_PAGE = 10_000
MOST_WITH_FILTER = 5000
_FILTER = re.compile(r"receivedDateTime\s+(ge|gt)\s+(\S+)", re.IGNORECASE)
_TYPE = "#microsoft.graph.message"
_CHANGES = ("created", "updated", "deleted")
_REFUSED = ("search", "skip", "count")


class Entry(NamedTuple):
    """One change. `reason` is that of a removal, empty for a message that is there; the ids are those of a removal."""

    counter: int
    number: int
    received: str
    reason: str
    rest_id: str
    immutable_id: str


def delta(call: Call) -> Response:
    """GET …/mailFolders/{id}/messages/delta, in any of its spellings."""
    mailbox = call.mailbox()
    folder = call.folder(mailbox)
    state, asked = _state(call, mailbox, folder)
    return _page(call, folder, state, asked)


def _state(call: Call, mailbox: Mailbox, folder: Folder) -> tuple[Round, dict[str, Any]]:
    """Where the client stands, and what it asked for at first."""
    skip, done = (_token(call, name) for name in ("skiptoken", "deltatoken"))
    if skip is None and done is None:
        asked = _first_options(call)
        return sync_state.begin(call.store, mailbox.number, folder.number, asked), asked
    _nothing_else(call)
    if skip is not None:
        state = sync_state.going_on(call.store, skip, call.now)
    else:
        state = sync_state.following(call.store, done or "", call.now)
    return state, sync_state.options_of(call.store, state.sync, mailbox.number, folder.number)


def _token(call: Call, name: str) -> str | None:
    return next((value for key, value in call.request.query if key.lower().removeprefix("$") == name), None)


def _nothing_else(call: Call) -> None:
    """A link is used as it was given."""
    for name, _ in call.request.query:
        if name.lower().removeprefix("$") not in ("skiptoken", "deltatoken"):
            raise errors.invalid_query(f"The parameter '{name}' cannot be used together with a state token.")


def _first_options(call: Call) -> dict[str, Any]:
    allowed = ("select", "filter", "orderby", "top", "expand", *_REFUSED)
    options = read_options(call.request, allowed, custom=("changeType",))
    for name in _REFUSED:
        if any(key.lower().removeprefix("$") == name for key, _ in call.request.query):
            raise errors.invalid_query(
                "The following parameters are not supported with change tracking over the 'Messages' resource: "
                f"'${name}'."
            )
    options = selecting(options, SELECTABLE, "message", errors.unknown_to_outlook)
    shape_of(options)
    change = options.others.get("changeType")
    if change is not None and change not in _CHANGES:
        raise errors.invalid_query(f"The value '{change}' of the parameter 'changeType' is not valid.")
    return {
        "select": options.select,
        "expand": options.expand,
        "top": options.top,
        "since": _since(options),
        "newest_first": _newest_first(options),
        "change": change,
    }


def _since(options: Options) -> list[str] | None:
    """The operator and the time of the only filter there is (text observed: docs-contrib issue 1771)."""
    if options.filter is None:
        return None
    match = _FILTER.fullmatch(options.filter.strip())
    if match is None:
        raise errors.invalid_query(
            "The '$filter' parameter value is not supported for 'Messages' resource; only a value of 'receivedDateTime "
            "ge value' is supported."
        )
    return [">=" if match.group(1).lower() == "ge" else ">", time_value(match.group(2))]


def _newest_first(options: Options) -> bool:
    if options.orderby is None:
        return False
    if options.orderby.split() != ["receivedDateTime", "desc"]:
        raise errors.invalid_query(
            "The '$orderby' parameter value is not supported for 'Messages' resource; only a value of "
            "'receivedDateTime desc' is supported."
        )
    return True


def _page(call: Call, folder: Folder, state: Round, asked: dict[str, Any]) -> Response:
    size = min(call.preferences.page_size or DEFAULT_PAGE, MOST_PER_PAGE)
    most = MOST_WITH_FILTER if asked["since"] else None
    if asked["top"] is not None:
        # A cap on the whole round, and not a page size (observed: microsoft-graph-docs issue 2232).
        most = min(asked["top"], most or asked["top"])
    if most is not None:
        size = min(size, most - state.told)
    entries = _entries(call, folder, state, asked, size + 1) if size else []
    shown = entries[:size]
    state = replace(state, told=state.told + len(shown))
    is_over = len(entries) <= size
    extra: dict[str, Any]
    path = f"{call.root}/users('{call.key(0)}')/mailFolders('{call.key(-1)}')/messages/delta"
    # A round that $top has ended says so on an empty page.
    is_capped = most is not None and state.told >= most and (asked["top"] is None or not shown)
    if is_over or is_capped:
        extra = {"@odata.deltaLink": f"{path}?$deltatoken={_end(call, folder, state)}"}
    else:
        last = shown[-1]
        cursor = [last.received, last.counter] if asked["newest_first"] else [last.counter]
        extra = {"@odata.nextLink": f"{path}?$skiptoken={sync_state.next_token(replace(state, cursor=cursor))}"}
    items = _items(call, shown, asked)
    return collection(call, "Collection(message)", items, extra, links_first=True)


def _end(call: Call, folder: Folder, state: Round) -> str:
    """The token to begin the next round with. Without a change in this folder it is the token before."""
    ((changed,),) = call.store.rows(
        "SELECT MAX(COALESCE((SELECT MAX(COALESCE(changed,number)) FROM messages WHERE mailbox=? AND folder=? AND "
        "COALESCE(changed,number)<=?),0), COALESCE((SELECT MAX(counter) FROM removals WHERE folder=? AND "
        "counter<=?),0))",
        (folder.mailbox, folder.number, state.until, folder.number, state.until),
    )
    return sync_state.delta_token(call.store, replace(state, until=max(int(changed), 1)), call.now)


def _entries(call: Call, folder: Folder, state: Round, asked: dict[str, Any], limit: int) -> list[Entry]:
    """What is to be told next."""
    present = "m.mailbox=? AND m.folder=? AND COALESCE(m.changed,m.number)>? AND COALESCE(m.changed,m.number)<=?"
    values: list[Any] = [folder.mailbox, folder.number, state.base, state.until]
    gone = "r.folder=? AND r.counter>? AND r.counter<=? AND r.entered<=?"
    of_gone: list[Any] = [folder.number, state.base, state.until, state.base]
    if call.preferences.immutable_ids:  # whoever came back has still the same id
        gone += " AND NOT EXISTS (SELECT 1 FROM messages b WHERE b.number=r.message AND b.folder=r.folder)"
    if asked["since"]:
        operator, since = asked["since"]
        present += f" AND m.received{operator}?"
        gone += f" AND r.received{operator}?"
        values.append(since)
        of_gone.append(since)
    if asked["change"] and state.base:
        present += {
            "created": " AND COALESCE(m.entered,m.number)>?",
            "updated": " AND COALESCE(m.entered,m.number)<=?",
            "deleted": " AND m.number<0 AND ?",
        }[asked["change"]]
        values.append(state.base)
        gone += "" if asked["change"] == "deleted" else " AND 0"
    order, after, of_after = "1", "", list(state.cursor)
    if asked["newest_first"]:
        order, after = "3 DESC, 1 DESC", "WHERE (received, counter) < (?, ?)"
    elif state.cursor:
        present += " AND COALESCE(m.changed,m.number)>?"
        gone += " AND r.counter>?"
        values.append(state.cursor[0])
        of_gone.append(state.cursor[0])
        of_after = []
    union = (
        f"SELECT COALESCE(m.changed,m.number) counter, m.number, m.received received, '', '', '' FROM messages m "
        f"WHERE {present} UNION ALL SELECT r.counter, r.message, r.received, r.reason, r.rest_id, r.immutable_id "
        f"FROM removals r WHERE {gone}"
    )
    rows = call.store.rows(
        f"SELECT * FROM ({union}) {after if of_after else ''} ORDER BY {order} LIMIT ?",
        (*values, *of_gone, *of_after, limit),
    )
    return [Entry._make(row) for row in rows]


def _items(call: Call, entries: list[Entry], asked: dict[str, Any]) -> list[str]:
    """The JSON of what is told. Messages say their type here, unlike in other lists."""
    select = tuple(asked["select"]) if asked["select"] else None
    shape = shape_of(Options(select=select, expand=asked["expand"]))
    numbers = [entry.number for entry in entries if not entry.reason]
    columns = projection(shape.select, call.preferences.immutable_ids)
    rows = call.store.rows(
        f"SELECT {columns} FROM messages m WHERE m.number IN ({','.join('?' * len(numbers))})", numbers
    )
    texts = {row[0]: _typed(text) for row, text in zip(rows, message_texts(call, shape, rows), strict=True)}
    return [_removed(call, entry) if entry.reason else texts[entry.number] for entry in entries]


def _typed(text: str) -> str:
    return text if text.startswith('{"@odata.type"') else f'{{"@odata.type":"{_TYPE}",{text[1:]}'


def _removed(call: Call, entry: Entry) -> str:
    identifier = entry.immutable_id if call.preferences.immutable_ids else entry.rest_id
    return compact({"@odata.type": _TYPE, "id": identifier, "@removed": {"reason": entry.reason}})
