"""/recent: the records a user saw last.

REST guide, "MRU Header": a write counts where it carries `Sforce-Mru: updateMru=true`. Reading through the API does
not count.
"""

import re
import sqlite3
from typing import Any

from connector.sandbox.salesforce import ids
from connector.sandbox.salesforce.call import Answer, Call
from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.queries import select

_TABLE = """
CREATE TABLE IF NOT EXISTS _recent (
    user_id TEXT NOT NULL, record_id TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (user_id, record_id)
) WITHOUT ROWID
"""
_SEE = """
INSERT OR REPLACE INTO _recent VALUES (?1, ?2, (SELECT COALESCE(MAX(seen), 0) + 1 FROM _recent WHERE user_id = ?1))
"""
MAX_ITEMS = 200
_HEADER = re.compile(r"\s*updateMru\s*=\s*true\s*", re.IGNORECASE)


def prepare(connection: sqlite3.Connection) -> None:
    """Make the table where it is missing."""
    connection.execute(_TABLE)


def touch(call: Call, answer: Answer) -> None:
    """Remember the record that a write of one row was about, where its header asks for that."""
    if answer.status >= 300 or _HEADER.fullmatch(call.headers.get("sforce-mru", "")) is None:
        return
    written = answer.body.get("id") if isinstance(answer.body, dict) else None
    named = call.segments[2] if call.segments[:1] == ("sobjects",) and len(call.segments) == 3 else None
    record_id = ids.normalise(written or named or "")
    if record_id is not None and call.org.schema.of_id(record_id) is not None:
        call.org.connection.execute(_SEE, (call.user_id, record_id))


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
