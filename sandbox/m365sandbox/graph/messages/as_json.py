"""From a message's row to its JSON. The header's members are put together by the database, as text."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call
from m365sandbox.graph.data.store import packed_text
from m365sandbox.graph.messages.attachments import SELECTABLE as OF_ATTACHMENT
from m365sandbox.graph.messages.attachments import expanded
from m365sandbox.graph.models import CONTENT_MEMBERS, MEMBERS, SELECTED_ONLY, Mailbox, compact
from m365sandbox.graph.odata.options import Options, members_of
from m365sandbox.mail.text import html_of_text, text_of_html
from m365sandbox.mail.unique import unique_body

_EXPANDED = re.compile(r"([A-Za-z.]+(?:/[A-Za-z]+)?)(?:\((.*)\))?", re.DOTALL)
_ELSEWHERE = ("extensions", "singlevalueextendedproperties", "multivalueextendedproperties", "event")


@dataclass(frozen=True, slots=True)
class Shape:
    """Which part of a message is shown: the selected members, and those of its attachments where they are expanded."""

    select: tuple[str, ...] | None = None
    with_attachments: bool = False
    of_attachments: tuple[str, ...] | None = None

    @property
    def context(self) -> str:
        """The part of an @odata.context that tells the shape."""
        names = [*(self.select or ())]
        if self.with_attachments:
            names.append(f"attachments({','.join(self.of_attachments or ())})")
        return f"({','.join(names)})" if names else ""


def shape_of(options: Options) -> Shape:
    """What $select and $expand ask for; refused before anything is looked up."""
    if options.expand is None:
        return Shape(options.select)
    found = [_expansion(part) for part in _parts(options.expand)]
    return Shape(options.select, with_attachments=True, of_attachments=found[-1])


def _parts(text: str) -> list[str]:
    """The items of a list whose commas inside parentheses separate nothing."""
    found, depth = [""], 0
    for sign in text:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    if depth:
        raise errors.bad_request("Parsing OData Select and Expand failed: Found an unbalanced bracket expression.")
    return [part.strip() for part in found]


def _expansion(item: str) -> tuple[str, ...] | None:
    """The members of attachments that one item of an $expand asks for. Raises for anything but attachments."""
    match = _EXPANDED.fullmatch(item)
    name = match.group(1) if match else item
    if name.rpartition("/")[2].lower() in _ELSEWHERE:
        raise errors.not_emulated(f"$expand={name}")
    if match is None or name.lower() != "attachments":
        raise errors.not_in_select(item, "message")
    inner = (match.group(2) or "").strip()
    if not inner:
        return None
    option, equals, value = inner.partition("=")
    if not equals or option.strip().lower().removeprefix("$") != "select":
        raise errors.not_emulated(f"$expand=attachments({inner})")
    names = [part.strip() for part in value.split(",")]
    return members_of(names, OF_ATTACHMENT, "attachment")


@lru_cache(maxsize=256)
def projection(names: tuple[str, ...] | None, immutable: bool) -> str:
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


def message_texts(call: Call, shape: Shape, rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """The JSON of messages from their rows, selected by `projection`."""
    call.shown += len(rows)
    contents = _contents(call, shape.select, [row[0] for row in rows])
    return [_joined(call, shape, row, contents.get(row[0], "")) for row in rows]


def message_text(call: Call, shape: Shape, row: tuple[Any, ...]) -> str:
    """The JSON of one message from its row."""
    return message_texts(call, shape, [row])[0]


def _joined(call: Call, shape: Shape, row: tuple[Any, ...], contents: str) -> str:
    number, head, extra = row
    parts = [head]
    if extra != "{}":
        parts.append(_derived(extra, shape.select))
    parts.append(contents)
    if shape.with_attachments:
        parts.append(f',"attachments":{expanded(call, number, shape.of_attachments)}')
    return f"{''.join(parts)}}}"


def text_of(call: Call, mailbox: Mailbox, number: int, shape: Shape | None = None) -> str:
    """The JSON of one message, as it stands."""
    shown = shape or Shape()
    columns = projection(shown.select, call.preferences.immutable_ids)
    (row,) = call.store.rows(
        f"SELECT {columns} FROM messages m WHERE m.mailbox=? AND m.number=?", (mailbox.number, number)
    )
    return message_text(call, shown, row)


def _derived(extra: str, names: tuple[str, ...] | None) -> str:
    """The members of a derived type: all without $select, else those named with their type."""
    if names is None or "*" in names:
        return f",{extra[1:-1]}"
    wanted = [name.partition("/")[2] for name in names if name.startswith("microsoft.graph.")]
    known: dict[str, Any] = json.loads(extra)
    return "".join(f",{compact(name)}:{compact(known[name])}" for name in wanted if name in known)


def _contents(call: Call, names: tuple[str, ...] | None, numbers: Sequence[int]) -> dict[int, str]:
    """The JSON of the members that stand in a table of their own, by message; each begins with a comma."""
    wanted = [
        name
        for name in CONTENT_MEMBERS
        if (names and name in names) or (name not in SELECTED_ONLY and (names is None or "*" in names))
    ]
    if not wanted:
        return {}
    rows = call.store.rows(
        f"SELECT message, body, unique_body, headers FROM contents WHERE message IN ({','.join('?' * len(numbers))})",
        numbers,
    )
    return {number: "".join(_shown(call, wanted, *blobs)) for number, *blobs in rows}


def _shown(
    call: Call, wanted: Sequence[str], body: bytes, unique: bytes | None, headers: bytes | None
) -> Iterator[str]:
    for name in wanted:
        blob = {"body": body, "uniqueBody": unique or body, "internetMessageHeaders": headers}[name]
        text = "null" if blob is None else packed_text(blob)
        if name == "uniqueBody" and unique is None:
            text = compact(_shown_body(call, unique_body(json.loads(text))))
        elif name != "internetMessageHeaders" and call.preferences.body_type:
            text = compact(_shown_body(call, json.loads(text)))
        # Graph leaves the headers out where there are none, instead of sending null.
        if text != "null" or name not in SELECTED_ONLY:
            yield f',"{name}":{text}'


def _shown_body(call: Call, body: dict[str, Any] | None) -> dict[str, Any] | None:
    """The body in the form asked for; without a preference as it is kept."""
    wanted = call.preferences.body_type
    if body is None or wanted is None or body.get("contentType") == wanted:
        return body
    text = body.get("content") or ""
    return {"contentType": wanted, "content": text_of_html(text) if wanted == "text" else html_of_text(text)}
