"""Delete rows: into the recycle bin with everything below them, or for good where an object has none.

Details of a master go with it, lookups to a deleted row become null; the recycle bin remembers both.
"""

import json
from collections.abc import Mapping, Sequence

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import ChildRelationship, SObject
from m365sandbox.salesforce.data.storage import format_datetime, quote_name
from m365sandbox.salesforce.errors import RowError
from m365sandbox.salesforce.rights import licences
from m365sandbox.salesforce.rows import recycle_bin
from m365sandbox.salesforce.values.draft import Outcome


def delete(call: Call, sobject: SObject, record_ids: Sequence[str]) -> list[Outcome]:
    """Delete the rows with these ids (18 characters); one outcome per row, in order."""
    if not call.rights.can_delete(sobject):
        error = RowError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
        return [Outcome(record_id, False, (error,)) for record_id in record_ids]
    refusals = _refusals(call, sobject, record_ids)
    good = [record_id for record_id in dict.fromkeys(record_ids) if refusals.get(record_id) is None]
    _delete_below(call, sobject, {record_id: record_id for record_id in good})
    if sobject.name == "PermissionSetLicenseAssign":
        licences.count(call.org.connection)
    outcomes = []
    for record_id in record_ids:
        refusal = refusals.get(record_id)
        outcomes.append(Outcome(record_id, False, (refusal,) if refusal else ()))
    return outcomes


def _refusals(call: Call, sobject: SObject, record_ids: Sequence[str]) -> dict[str, RowError]:
    connection = call.org.connection
    flag = ["IsDeleted"] if sobject.has_recycle_bin else []
    rows = tables.select(connection, sobject, ["Id", *flag], "Id", record_ids, with_deleted=True)
    known = {row[0]: bool(flag and row[1]) for row in rows}
    condition = call.sharing.condition(sobject, "t", "delete")
    allowed = set(known)
    if condition is not None:
        allowed = {row[0] for row in tables.select(connection, sobject, ["Id"], "Id", record_ids, condition)}
    refusals = {}
    for record_id in record_ids:
        if record_id not in known:
            refusals[record_id] = RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        elif known[record_id]:
            refusals[record_id] = RowError("ENTITY_IS_DELETED", "entity is deleted")
        elif record_id not in allowed:
            message = "insufficient access rights on object id"
            refusals[record_id] = RowError("INSUFFICIENT_ACCESS_OR_READONLY", message)
    return refusals


def _delete_below(call: Call, sobject: SObject, roots: Mapping[str, str]) -> None:
    """Delete rows with what hangs on them. `roots` says for each the record that was asked to be deleted."""
    if not roots:
        return
    for relationship in sobject.child_relationships:
        _treat_children(call, relationship, roots)
    connection = call.org.connection
    record_ids = list(roots)
    if sobject.has_recycle_bin:
        recycle_bin.keep(call, sobject, roots)
        changes = {"IsDeleted": 1}
        stamp = {"SystemModstamp": format_datetime(call.now)} if sobject.field("SystemModstamp") else {}
        # who deleted it: what an export of deleted rows is asked for (Salesforce help, "Find out who deleted a record")
        modified = {"LastModifiedDate": format_datetime(call.now)} if sobject.field("LastModifiedDate") else {}
        modified |= {"LastModifiedById": call.user_id} if sobject.field("LastModifiedById") else {}
        tables.update(connection, sobject, [(item, {**changes, **stamp, **modified}) for item in record_ids])
    else:
        tables.delete(connection, sobject, record_ids)
    call.org.state.count_rows(-len(record_ids))


def _treat_children(call: Call, relationship: ChildRelationship, roots: Mapping[str, str]) -> None:
    child, field = relationship.child, relationship.field
    if not field.stored:
        return
    # A required lookup cannot become null: such a row (a file's link, a task's relation) goes too.
    if field.cascade_delete or (field.required and not field.audit):
        rows = tables.select(call.org.connection, child, ["Id", field.name], field.name, roots)
        if field.cascade_delete:
            _take_out_of_bin(call, child, field.name, list(roots))
        _delete_below(call, child, {row[0]: roots[row[1]] for row in rows})
    elif not field.audit and field.name != "OwnerId":
        _clear_lookup(call, child, field.name, list(roots))


def _take_out_of_bin(call: Call, child: SObject, field: str, masters: Sequence[str]) -> None:
    """Details deleted before their master cannot come back once it is deleted (Salesforce help 000386040)."""
    if not child.has_recycle_bin:
        return
    rows = tables.select(call.org.connection, child, ["Id"], field, masters, recycle_bin.DELETED, with_deleted=True)
    recycle_bin.forget(call.org.connection, [row[0] for row in rows])


def _clear_lookup(call: Call, child: SObject, field: str, targets: Sequence[str]) -> None:
    recycle_bin.keep_cleared(call, child, field, targets)
    column = quote_name(field)
    live = ' AND "IsDeleted" = 0' if child.has_recycle_bin else ""
    sql = f"UPDATE {quote_name(child.name)} SET {column} = NULL WHERE {column} IN (SELECT value FROM json_each(?))"
    call.org.connection.execute(sql + live, (json.dumps(list(targets)),))
