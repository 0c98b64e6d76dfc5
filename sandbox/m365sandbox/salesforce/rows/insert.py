"""Insert rows of one object: all checks for the whole collection first, then one statement for the rows that passed."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.errors import RowError
from m365sandbox.salesforce.objects import activities, files
from m365sandbox.salesforce.objects import setup as setup_rows
from m365sandbox.salesforce.rows import audit, lookups, owners, rules, uniqueness, validation
from m365sandbox.salesforce.values.draft import Draft, Outcome

_OWNER_DEFAULT = "$User"


def insert(call: Call, sobject: SObject, rows: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Insert rows as a client sent them; one outcome per row, in order."""
    refusal = refused_create(call, sobject)
    if refusal is not None:
        return [Outcome(None, False, (refusal,)) for _ in rows]
    plan = call.org.plans.plan(sobject, call.rights, "insert")
    drafts = [plan.read(row) for row in rows]
    return insert_drafts(call, sobject, drafts)


def refused_create(call: Call, sobject: SObject) -> RowError | None:
    """Why the user cannot insert into the object at all."""
    if not sobject.createable:
        return RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {sobject.label}")
    if not call.rights.can_create(sobject):
        return RowError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    return None


def insert_drafts(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> list[Outcome]:
    """Insert rows that were read already; those with errors are refused."""
    _fill_in(call, sobject, drafts)
    lookups.resolve(call, sobject, drafts)
    owners.check(call, sobject, drafts)
    setup_rows.derive(call, sobject, drafts)
    files.derive(call, sobject, drafts)
    for draft in drafts:
        audit.stamp_insert(sobject, draft, call.user_id, call.now)
        _check_required(sobject, draft)
    activities.derive(call, sobject, drafts)
    validation.check(call, sobject, drafts)
    _name(call, sobject, drafts)
    uniqueness.refuse_duplicates(call, sobject, drafts)
    _check_storage(call, drafts)
    _write(call, sobject, [draft for draft in drafts if not draft.errors])
    return [_outcome(draft) for draft in drafts]


def _outcome(draft: Draft) -> Outcome:
    return Outcome(None, False, tuple(draft.errors)) if draft.errors else Outcome(draft.record_id, True)


def _fill_in(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Defaults of what the row does not name; a null that is sent stays null, but for the owner."""
    defaults = _defaults(sobject)
    for draft in drafts:
        for name, value in defaults:
            draft.values.setdefault(name, value)
        if sobject.has_owner and draft.values.get("OwnerId") is None:
            draft.values["OwnerId"] = call.user_id
            draft.given.discard("OwnerId")


@lru_cache(maxsize=256)
def _defaults(sobject: SObject) -> tuple[tuple[str, Any], ...]:
    found = []
    for field in tables.stored_fields(sobject):
        value = _default(field)
        if value is not None and value != _OWNER_DEFAULT:
            found.append((field.name, value))
    return tuple(found)


def _default(field: Field) -> Any:
    if isinstance(field.default, bool):
        return int(field.default)
    return field.default if field.default is not None else field.default_picklist_value()


@lru_cache(maxsize=256)
def _required(sobject: SObject) -> tuple[str, ...]:
    return tuple(
        item.name for item in tables.stored_fields(sobject) if item.required and not _named_by_id(sobject, item)
    )


def _named_by_id(sobject: SObject, field: Field) -> bool:
    """A custom object's text Name that is left empty becomes the record's id."""
    return sobject.custom and field.name_field and field.auto_number is None


def _check_required(sobject: SObject, draft: Draft) -> None:
    if draft.errors:
        return
    missing = [name for name in _required(sobject) if draft.values.get(name) is None]
    if missing:
        draft.refuse("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", *missing)


def _name(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Give ids, auto-numbers, and the id as the name of a row without one."""
    good = [draft for draft in drafts if not draft.errors]
    if not good:
        return
    record_ids = call.org.counters.record_ids(sobject.key_prefix, len(good))
    numbered = [item for item in tables.stored_fields(sobject) if item.auto_number]
    numbers = {item.name: call.org.counters.take(f"{sobject.name}.{item.name}", len(good)) for item in numbered}
    name = sobject.name_field
    for place, draft in enumerate(good):
        draft.record_id = draft.values["Id"] = record_ids[place]
        for field in numbered:
            draft.values[field.name] = _auto_number(field.auto_number or "", numbers[field.name][place])
        if name is not None and _named_by_id(sobject, name) and draft.values.get(name.name) is None:
            draft.values[name.name] = draft.record_id


def _auto_number(pattern: str, number: int) -> str:
    """`EX-{0000}` and 17 give `EX-0017`."""
    head, brace, rest = pattern.partition("{")
    zeros, _, tail = rest.partition("}")
    return f"{head}{number:0{len(zeros)}d}{tail}" if brace else f"{pattern}{number}"


def _check_storage(call: Call, drafts: Sequence[Draft]) -> None:
    if call.org.state.storage_is_full():
        for draft in drafts:
            if not draft.errors:
                draft.refuse("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")


def _write(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    connection = call.org.connection
    tables.insert(connection, sobject, [draft.values for draft in drafts])
    refused = rules.violations(call, sobject, [str(draft.record_id) for draft in drafts])
    if refused:
        tables.delete(connection, sobject, list(refused))
        for draft in drafts:
            if draft.record_id in refused:
                draft.errors.append(refused[draft.record_id])
    written = [draft for draft in drafts if not draft.errors]
    activities.relate(call, sobject, written)
    setup_rows.after_insert(call, sobject, written)
    files.publish(call, sobject, written)
    call.org.state.count_rows(len(written))
