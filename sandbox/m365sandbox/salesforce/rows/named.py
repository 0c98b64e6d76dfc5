"""Rows that name the record they are about by its id: updates and deletions, one outcome per row, in order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.errors import RowError
from m365sandbox.salesforce.rows import recycle_bin
from m365sandbox.salesforce.rows.delete import delete
from m365sandbox.salesforce.rows.insert import insert
from m365sandbox.salesforce.rows.update import update
from m365sandbox.salesforce.rows.upsert import upsert
from m365sandbox.salesforce.values.draft import Outcome

Row = Mapping[str, Any]


def row_id(sobject: SObject, row: Row, verb: str = "an update") -> str | RowError:
    """The id of the record that a row names, or why it names none of the object."""
    given = next((value for key, value in row.items() if key.lower() == "id"), None)
    if given is None or given == "":
        return RowError("MISSING_ARGUMENT", f"Id not specified in {verb} call")
    record_id = ids.normalise(given) if isinstance(given, str) else None
    if record_id is None or record_id[:3] != sobject.key_prefix:
        return RowError("MALFORMED_ID", f"{sobject.label} ID: id value of incorrect type: {given}", ("Id",))
    return record_id


def update_named(call: Call, sobject: SObject, rows: Sequence[Row]) -> list[Outcome]:
    """Update the records that the rows name."""
    named = [row_id(sobject, row) for row in rows]
    good = [(record_id, row) for record_id, row in zip(named, rows, strict=True) if isinstance(record_id, str)]
    return _merged(named, update(call, sobject, good))


def delete_named(call: Call, sobject: SObject, rows: Sequence[Row], *, hard: bool = False) -> list[Outcome]:
    """Delete the records that the rows name; `hard` takes them past the recycle bin."""
    named = [row_id(sobject, row, "a delete") for row in rows]
    outcomes = delete(call, sobject, [item for item in named if isinstance(item, str)])
    if hard and sobject.has_recycle_bin:
        recycle_bin.remove(call, sobject, [str(item.record_id) for item in outcomes if item.success])
    return _merged(named, outcomes)


def _merged(named: Sequence[str | RowError], outcomes: Sequence[Outcome]) -> list[Outcome]:
    done = iter(outcomes)
    return [next(done) if isinstance(item, str) else Outcome(None, False, (item,)) for item in named]


def writer(operation: str, key: Field | None) -> Callable[[Call, SObject, Sequence[Row]], list[Outcome]]:
    """What carries out an operation on up to 200 rows of one object; an upsert has a key."""
    if operation == "upsert" and key is not None:
        return lambda call, sobject, rows: upsert(call, sobject, key, rows)
    if operation == "insert":
        return insert
    if operation == "update":
        return update_named
    if operation in ("delete", "hardDelete"):
        return lambda call, sobject, rows: delete_named(call, sobject, rows, hard=operation == "hardDelete")
    raise ValueError(f"no such operation, or an upsert without a key: {operation}")
