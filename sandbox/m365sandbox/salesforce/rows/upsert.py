"""Upsert by a key field: rows that match a live record update it, the others are inserted.

Audit fields are accepted where the row is inserted and refuse the row where it updates (the strict reading of
Salesforce help 000176484: they are set on insert only).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import ids, tables
from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.errors import ApiError, RowError
from m365sandbox.salesforce.rows.insert import insert
from m365sandbox.salesforce.rows.lookups import fold_key
from m365sandbox.salesforce.rows.update import update
from m365sandbox.salesforce.values.draft import Outcome


@dataclass(slots=True)
class _Row:
    values: dict[str, Any]
    key: str | None
    outcome: Outcome | None = None
    existing: str | None = None


def key_field(call: Call, sobject: SObject, name: str) -> Field:
    """The field that rows may be upserted by. Raises ApiError where it cannot be one."""
    field = sobject.field(name)
    if field is None or not call.rights.can_read_field(sobject, field):
        raise ApiError(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
    if not (field.external_id or field.id_lookup or field.type == "id"):
        raise ApiError(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def upsert_key(call: Call, sobject: SObject, name: str) -> Field:
    """The field that rows are upserted by. Raises ApiError where the caller may not upsert by it.

    REST guide, "Upsert Records Using sObject Rows by External ID": with an external id that is not unique, the user
    must have View All Data, or records out of reach would be doubled unseen.
    """
    field = key_field(call, sobject, name)
    sees_all = call.rights.has("ViewAllData") or call.rights.has("ModifyAllData")
    if field.external_id and not field.unique and not sees_all:
        message = f"Upsert by an external ID field that is not unique needs View All Data: {field.name}"
        raise ApiError(403, "INSUFFICIENT_ACCESS", message)
    return field


def upsert(call: Call, sobject: SObject, key: Field, rows: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Upsert rows that carry their key among their values; one outcome per row, in order."""
    items = [_split(key, row) for row in rows]
    _refuse_repeated(items, key)
    _find_existing(call, sobject, key, items)
    waiting = [item for item in items if item.outcome is None]
    old = [item for item in waiting if item.existing]
    new = [item for item in waiting if not item.existing]
    _settle(old, update(call, sobject, [(str(item.existing), _without(item.values, key)) for item in old]))
    inserted = insert(call, sobject, [item.values for item in new])
    # what would have been inserted says so even where it was refused (seen by jsforce's own suite)
    _settle(new, [Outcome(item.record_id, True, item.errors) for item in inserted])
    return [item.outcome or Outcome() for item in items]


def existing_ids(call: Call, sobject: SObject, key: Field, values: Sequence[str]) -> dict[str, list[str]]:
    """The live records of each key value, by folded value."""
    found: dict[str, list[str]] = defaultdict(list)
    for value, record_id in tables.select(call.org.connection, sobject, [key.name, "Id"], key.name, values):
        found[fold_key(key, value)].append(record_id)
    return found


def _split(key: Field, row: Mapping[str, Any]) -> _Row:
    value = next((item for name, item in row.items() if name.lower() == key.name.lower()), None)
    if key.type == "id" and value is None and any(name.lower() == "id" for name in row):
        # an Id of null is no id: the row is a new one (recorded on real orgs)
        return _Row(_without(row, key), None)
    if value is None or value == "":
        error = RowError("MISSING_ARGUMENT", f"{key.name} not specified")
        return _Row(dict(row), None, Outcome(None, False, (error,)))
    if key.type == "id":
        return _by_id(key, row, value)
    return _Row(dict(row), str(value))


def _by_id(key: Field, row: Mapping[str, Any], value: Any) -> _Row:
    record_id = ids.normalise(value) if isinstance(value, str) else None
    if record_id is None:
        error = RowError("MALFORMED_ID", f"malformed id {value}", (key.name,))
        return _Row(dict(row), None, Outcome(None, False, (error,)))
    return _Row(_without(row, key), record_id)


def _without(row: Mapping[str, Any], key: Field) -> dict[str, Any]:
    """The key of a row that exists is what it was found by; it is not written again."""
    return {name: value for name, value in row.items() if name.lower() != key.name.lower()}


def _refuse_repeated(items: Sequence[_Row], key: Field) -> None:
    """A key that stands twice in one request fails on each of its rows."""
    counts = Counter(fold_key(key, item.key) for item in items if item.key is not None)
    for item in items:
        if item.key is not None and counts[fold_key(key, item.key)] > 1:
            error = RowError("DUPLICATE_VALUE", f"Duplicate external id specified: {item.key}", (key.name,))
            item.outcome = Outcome(None, False, (error,))


def _find_existing(call: Call, sobject: SObject, key: Field, items: Sequence[_Row]) -> None:
    waiting = [item for item in items if item.outcome is None]
    found = existing_ids(call, sobject, key, [item.key for item in waiting if item.key is not None])
    for item in waiting:
        if item.key is None:
            continue
        matches = found.get(fold_key(key, item.key), [])
        if len(matches) > 1:
            message = f"{key.name}: more than one record found for external id field: [{', '.join(matches)}]"
            item.outcome = Outcome(None, False, (RowError("DUPLICATE_EXTERNAL_ID", message, (key.name,)),))
        elif matches:
            item.existing = matches[0]
        elif key.type == "id":
            item.outcome = Outcome(
                None, False, (RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),)
            )


def _settle(items: Sequence[_Row], outcomes: Sequence[Outcome]) -> None:
    for item, outcome in zip(items, outcomes, strict=True):
        item.outcome = outcome
