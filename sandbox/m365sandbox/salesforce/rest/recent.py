"""/recent: the records a user saw last.

REST guide, "MRU Header": a write counts where it carries `Sforce-Mru: updateMru=true`. Of what is read only the
queries that say so count (viewed.py).
"""

import re
from typing import Any

from m365sandbox.salesforce.call import Answer, Call
from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.rest import viewed
from m365sandbox.salesforce.rest.queries import select

MAX_ITEMS = 200
_HEADER = re.compile(r"\s*updateMru\s*=\s*true\s*", re.IGNORECASE)


def touch(call: Call, answer: Answer) -> None:
    """Remember the record that a write of one row was about, where its header asks for that."""
    if answer.status >= 300 or _HEADER.fullmatch(call.headers.get("sforce-mru", "")) is None:
        return
    written = answer.body.get("id") if isinstance(answer.body, dict) else None
    named = call.segments[2] if call.segments[:1] == ("sobjects",) and len(call.segments) == 3 else None
    record_id = ids.normalise(written or named or "")
    if record_id is not None and call.org.schema.of_id(record_id) is not None:
        viewed.see(call, [record_id])


def listed(call: Call) -> Answer:
    """GET /recent?limit="""
    asked = call.parameter("limit")
    if asked is not None and not asked.isdecimal():
        raise ApiError(400, "INVALID_QUERY_OPTIONS", f"limit: a number expected, not {asked}")
    return Answer(200, items(call)[: min(MAX_ITEMS, int(asked or MAX_ITEMS))])


def items(call: Call, prefix: str = "") -> list[dict[str, Any]]:
    """The records seen last that are still there for the caller, newest first; those of one object by its prefix."""
    sql = "SELECT record_id FROM _recent WHERE user_id = ? AND substr(record_id, 1, ?) = ? ORDER BY seen DESC LIMIT ?"
    rows = call.org.connection.execute(sql, (call.user_id, len(prefix), prefix, MAX_ITEMS))
    found = (_item(call, row[0]) for row in rows.fetchall())
    return [item for item in found if item is not None]


def _item(call: Call, record_id: str) -> dict[str, Any] | None:
    sobject = call.org.schema.of_id(record_id)
    if sobject is None or not call.rights.can_read(sobject):
        return None
    named = sobject.name_field
    fields = ["Id"] if named is None else ["Id", named.name]
    records = select(call, f"SELECT {', '.join(fields)} FROM {sobject.name} WHERE Id = '{record_id}'").records
    return records[0] if records else None
