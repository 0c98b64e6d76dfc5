"""The recycle bin: what a deletion took along, its way back, and its end.

SOAP API guide, "undelete()" and "emptyRecycleBin()", and Salesforce help 000386040: a record that was deleted brings
back on undelete what went with it and the lookups that were cleared for it; what went with another record is not in the
bin itself, and a detail that was deleted before its master is out of the bin once the master is deleted.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import ids, tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import format_datetime, quote_name
from m365sandbox.salesforce.errors import RowError
from m365sandbox.salesforce.rows import uniqueness
from m365sandbox.salesforce.values.draft import Outcome

#: The condition on rows that were deleted.
DELETED: tuple[str, list[Any]] = ('t."IsDeleted" = 1', [])

_IN_LIST = "IN (SELECT value FROM json_each(?))"
_NO_RIGHT = RowError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


# --- what a deletion leaves behind


def keep(call: Call, sobject: SObject, roots: Mapping[str, str]) -> None:
    """Note rows that go into the bin, each with the record whose deletion took it there."""
    rows = [(record_id, sobject.name, root) for record_id, root in roots.items()]
    call.org.connection.executemany("INSERT OR REPLACE INTO _bin VALUES (?, ?, ?)", rows)


def forget(connection: sqlite3.Connection, record_ids: Iterable[str]) -> None:
    """Rows that are in the bin no longer, and what was known of the lookups cleared for them."""
    listed = json.dumps(list(record_ids))
    connection.execute(f"DELETE FROM _bin WHERE record_id {_IN_LIST}", (listed,))
    connection.execute(f"DELETE FROM _cleared WHERE target_id {_IN_LIST}", (listed,))


def keep_cleared(call: Call, sobject: SObject, field: str, target_ids: Sequence[str]) -> None:
    """Note the live rows whose lookup to one of these records is about to be cleared."""
    live = ' AND "IsDeleted" = 0' if sobject.has_recycle_bin else ""
    column = quote_name(field)
    rows = f'SELECT {column}, ?, ?, "Id" FROM {quote_name(sobject.name)} WHERE {column} {_IN_LIST}{live}'
    call.org.connection.execute(f"INSERT INTO _cleared {rows}", (sobject.name, field, json.dumps(list(target_ids))))


# --- the way back


def undelete(call: Call, given: Sequence[str]) -> list[Outcome]:
    """Bring records back, each with what went with it; one outcome per id, in order."""
    return [_each(call, text, _restore) for text in given]


def purge(call: Call, given: Sequence[str]) -> list[Outcome]:
    """Delete records of the bin for good, each with what went with it; one outcome per id, in order."""
    return [_each(call, text, _remove) for text in given]


class _RefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.error = RowError(code, message)


def _each(call: Call, text: str, work: Callable[[Call, SObject, str], None]) -> Outcome:
    record_id = ids.normalise(text)
    if record_id is None:
        return Outcome(None, False, (RowError("MALFORMED_ID", f"malformed id {text}", ("Id",)),))
    try:
        with call.org.unit_of_work():
            work(call, _checked_object(call, record_id), record_id)
    except _RefusedError as refused:
        return Outcome(record_id, False, (refused.error,))
    return Outcome(record_id)


def _checked_object(call: Call, record_id: str) -> SObject:
    """The object of an id whose rows the caller may delete and bring back."""
    sobject = call.org.schema.of_id(record_id)
    if sobject is None or not call.rights.can_read(sobject):
        raise _RefusedError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if not (sobject.has_recycle_bin and sobject.undeletable):
        raise _RefusedError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Entity type is not undeletable")
    if not call.rights.can_delete(sobject):
        raise _RefusedError(_NO_RIGHT.code, _NO_RIGHT.message)
    return sobject


def _members(call: Call, sobject: SObject, record_id: str, code: str) -> dict[SObject, list[str]]:
    """What the deletion of this record took along, by object, itself first."""
    rows = call.org.connection.execute(
        "SELECT record_id, object FROM _bin WHERE root_id = ? ORDER BY record_id <> root_id, rowid", (record_id,)
    ).fetchall()
    if not rows:
        raise _RefusedError(code, "Entity is not in the recycle bin")
    condition = call.sharing.condition(sobject, "t", "delete")
    if condition is not None:
        seen = tables.select(call.org.connection, sobject, ["Id"], "Id", [record_id], condition, with_deleted=True)
        if not seen:
            raise _RefusedError(_NO_RIGHT.code, _NO_RIGHT.message)
    found: dict[SObject, list[str]] = defaultdict(list)
    for member, name in rows:
        kind = call.org.schema.object(name)
        if kind is not None:
            found[kind].append(member)
    return found


def _restore(call: Call, sobject: SObject, record_id: str) -> None:
    members = _members(call, sobject, record_id, "UNDELETE_FAILED")
    for kind, record_ids in members.items():
        _refuse_taken(call, kind, record_ids)
    connection = call.org.connection
    for kind, record_ids in members.items():
        _drop_dead_lookups(call, kind, record_ids, {item for group in members.values() for item in group})
        tables.update(connection, kind, [(item, _stamps(call, kind)) for item in record_ids])
        call.org.state.count_rows(len(record_ids))
    for record_ids in members.values():
        _restore_lookups(call, record_ids)
        forget(connection, record_ids)


def _stamps(call: Call, sobject: SObject) -> dict[str, Any]:
    instant = format_datetime(call.now)
    stamps = {"LastModifiedDate": instant, "LastModifiedById": call.user_id, "SystemModstamp": instant}
    return {"IsDeleted": 0, **{name: value for name, value in stamps.items() if sobject.field(name) is not None}}


def _refuse_taken(call: Call, sobject: SObject, record_ids: Sequence[str]) -> None:
    """A unique value that another record has taken meanwhile keeps the row in the bin."""
    for field in uniqueness.unique_fields(sobject):
        rows = tables.select(call.org.connection, sobject, [field.name], "Id", record_ids, with_deleted=True)
        values = [str(row[0]) for row in rows if row[0] is not None]
        holders = tables.select(call.org.connection, sobject, ["Id"], field.name, values)
        if holders:
            raise _RefusedError("DUPLICATE_VALUE", uniqueness.message(field, holders[0][0]))


def _drop_dead_lookups(call: Call, sobject: SObject, record_ids: Sequence[str], returning: set[str]) -> None:
    """A lookup to a record that was deleted while its row lay in the bin comes back empty."""
    connection = call.org.connection
    for field in tables.stored_fields(sobject):
        if field.type != "reference" or field.audit or field.required or field.name == "OwnerId":
            continue
        rows = tables.select(connection, sobject, ["Id", field.name], "Id", record_ids, with_deleted=True)
        dead = [(row[0], {field.name: None}) for row in rows if row[1] and not _is_live(call, row[1], returning)]
        tables.update(connection, sobject, dead)


def _is_live(call: Call, record_id: str, returning: set[str]) -> bool:
    target = call.org.schema.of_id(record_id)
    if record_id in returning:
        return True
    return target is not None and bool(tables.select(call.org.connection, target, ["Id"], "Id", [record_id]))


def _restore_lookups(call: Call, target_ids: Sequence[str]) -> None:
    """Lookups that were cleared for these records, where nothing else stands in them by now."""
    connection = call.org.connection
    rows = connection.execute(
        f"SELECT object, field, target_id, record_id FROM _cleared WHERE target_id {_IN_LIST}",
        (json.dumps(list(target_ids)),),
    ).fetchall()
    for name, field, target_id, record_id in rows:
        column = quote_name(field)
        connection.execute(
            f'UPDATE {quote_name(name)} SET {column} = ? WHERE "Id" = ? AND {column} IS NULL', (target_id, record_id)
        )


# --- the end


def _remove(call: Call, sobject: SObject, record_id: str) -> None:
    for kind, record_ids in _members(call, sobject, record_id, "DELETE_FAILED").items():
        _remove_rows(call, kind, record_ids)


def remove(call: Call, sobject: SObject, record_ids: Sequence[str]) -> None:
    """Take records that were just deleted out of the bin for good, with what went with them."""
    for record_id in record_ids:
        _remove(call, sobject, record_id)


def _remove_rows(call: Call, sobject: SObject, record_ids: Sequence[str]) -> None:
    """Rows of the bin go, and with them the deleted details that are in no bin any more."""
    for relationship in sobject.child_relationships:
        child, field = relationship.child, relationship.field
        if field.cascade_delete and field.stored and child.has_recycle_bin:
            rows = tables.select(call.org.connection, child, ["Id"], field.name, record_ids, DELETED, with_deleted=True)
            _remove_rows(call, child, [row[0] for row in rows])
    if record_ids:
        tables.delete(call.org.connection, sobject, record_ids)
        forget(call.org.connection, record_ids)
