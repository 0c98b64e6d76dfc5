"""Update rows of one object, whole collections at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.errors import RowError
from m365sandbox.salesforce.objects import activities
from m365sandbox.salesforce.rows import audit, lookups, owners, rules, uniqueness, validation
from m365sandbox.salesforce.values.draft import Draft, Outcome


def update(call: Call, sobject: SObject, items: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Outcome]:
    """Update the rows with these ids (18 characters); one outcome per row, in order."""
    refusal = _refused(call, sobject)
    if refusal is not None:
        return [Outcome(None, False, (refusal,)) for _ in items]
    plan = call.org.plans.plan(sobject, call.rights, "update")
    drafts = []
    for record_id, row in items:
        draft = plan.read(row)
        draft.record_id = record_id
        drafts.append(draft)
    _read_old(call, sobject, drafts)
    _check(call, sobject, drafts)
    _write(call, sobject, [draft for draft in drafts if not draft.errors])
    return [Outcome(draft.record_id, False, tuple(draft.errors)) for draft in drafts]


def _refused(call: Call, sobject: SObject) -> RowError | None:
    if not sobject.updateable:
        return RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be updated: {sobject.label}")
    if not call.rights.can_edit(sobject):
        return RowError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    return None


def _read_old(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """The stored values (long text only where it is about to change), and whether the row is in the user's reach."""
    given = {name for draft in drafts for name in draft.given} | validation.fields_read(sobject)
    names = ["Id"]
    names += [
        item.name
        for item in tables.stored_fields(sobject)
        if item.type != "id" and (item.name in given or not (item.long_text or item.type == "base64"))
    ]
    wanted = [str(draft.record_id) for draft in drafts]
    rows = tables.select(call.org.connection, sobject, names, "Id", wanted, with_deleted=True)
    old = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
    condition = call.sharing.condition(sobject, "t", "edit")
    editable = set(old)
    if condition is not None:
        editable = {row[0] for row in tables.select(call.org.connection, sobject, ["Id"], "Id", wanted, condition)}
    for draft in drafts:
        draft.old = old.get(str(draft.record_id))
        if draft.old is None:
            draft.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        elif draft.old.get("IsDeleted"):
            draft.refuse("ENTITY_IS_DELETED", "entity is deleted")
        elif draft.record_id not in editable:
            draft.refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def _check(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    lookups.resolve(call, sobject, drafts)
    owners.check(call, sobject, drafts)
    required = {item.name for item in tables.stored_fields(sobject) if item.required or item.name == "OwnerId"}
    for draft in drafts:
        missing = sorted(name for name in draft.given & required if draft.values[name] is None)
        if missing and not draft.errors:
            draft.refuse("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", *missing)
        if not draft.errors:
            audit.stamp_update(sobject, draft, call.user_id, call.now)
    activities.derive(call, sobject, drafts)
    validation.check(call, sobject, drafts)
    uniqueness.refuse_duplicates(call, sobject, drafts)


def _write(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    connection = call.org.connection
    stored = {item.name for item in tables.stored_fields(sobject)}
    written = [(str(draft.record_id), _only(draft.values, stored)) for draft in drafts]
    tables.update(connection, sobject, written)
    refused = rules.violations(call, sobject, [str(draft.record_id) for draft in drafts])
    for draft in drafts:
        if draft.record_id in refused:
            draft.errors.append(refused[str(draft.record_id)])
    undone = [draft for draft in drafts if draft.errors]
    tables.update(connection, sobject, [(str(draft.record_id), _restored(draft, stored)) for draft in undone])
    activities.relate(call, sobject, [draft for draft in drafts if not draft.errors])


def _only(values: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names and name != "Id"}


def _restored(draft: Draft, stored: set[str]) -> dict[str, Any]:
    old = draft.old or {}
    return {name: old.get(name) for name in _only(draft.values, stored)}
