"""Verifies what rows point at, for a whole collection at once: one statement per object and key field."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.values.draft import Draft, Reference

#: One look-up that several rows share: object, key field, and whether the row must be editable (a master).
_Group = tuple[SObject, Field, bool]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look-up brought: ids by folded key (several where a key is not unique), and those out of reach."""

    ids: dict[str, list[str]]
    reachable: set[str]
    deleted: frozenset[str] = frozenset()


def resolve(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Turn references by external id into ids and refuse what points nowhere, at the wrong object or out of reach."""
    waiting: dict[_Group, list[tuple[Draft, Reference]]] = defaultdict(list)
    for draft in drafts:
        if draft.errors:
            continue
        for reference in draft.references:
            target = reference.target or _target_of_id(call, draft, reference)
            if target is not None:
                key = reference.key or target.fields["id"]
                waiting[target, key, _is_master(sobject, reference.field)].append((draft, reference))
    for (target, key, editable), items in waiting.items():
        found = _look_up(call, target, key, editable, [reference.value for _, reference in items])
        for draft, reference in items:
            _settle(draft, reference, target, key, found)


def _is_master(sobject: SObject, field: Field) -> bool:
    return field.cascade_delete and sobject.sharing == "ControlledByParent"


def _target_of_id(call: Call, draft: Draft, reference: Reference) -> SObject | None:
    field = reference.field
    target = call.org.schema.of_id(reference.value)
    if target is None or target.name not in field.reference_to:
        message = f"{field.label}: id value of incorrect type: {reference.value}"
        draft.refuse("FIELD_INTEGRITY_EXCEPTION", message, field.name)
        return None
    return target


def _look_up(call: Call, target: SObject, key: Field, editable: bool, values: list[str]) -> _Found:
    connection = call.org.connection
    ids: dict[str, list[str]] = defaultdict(list)
    for value, record_id in tables.select(connection, target, [key.name, "Id"], key.name, values):
        ids[fold_key(key, value)].append(record_id)
    every = [record_id for group in ids.values() for record_id in group]
    deleted = _deleted(call, target, set(values) - set(every)) if key.type == "id" else frozenset()
    condition = call.sharing.condition(target, "t", "edit" if editable else "read")
    if condition is None:
        return _Found(ids, set(every), deleted)
    rows = tables.select(connection, target, ["Id"], "Id", every, condition)
    return _Found(ids, {row[0] for row in rows}, deleted)


def _deleted(call: Call, target: SObject, missing: set[str]) -> frozenset[str]:
    """Those of the missing records that lie in the recycle bin."""
    if not target.has_recycle_bin:
        return frozenset()
    return frozenset(
        row[0] for row in tables.select(call.org.connection, target, ["Id"], "Id", missing, with_deleted=True)
    )


def _settle(draft: Draft, reference: Reference, target: SObject, key: Field, found: _Found) -> None:
    matches = found.ids.get(fold_key(key, reference.value), [])
    field = reference.field
    if not matches:
        if reference.value in found.deleted:
            # SOAP API guide, ENTITY_IS_DELETED: "You can't reference an object that has been deleted".
            draft.refuse("ENTITY_IS_DELETED", "entity is deleted")
        elif reference.key is None:
            draft.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        else:
            message = (
                f"Foreign key external ID: {reference.value} not found for field {key.name} in entity {target.name}"
            )
            draft.refuse("INVALID_FIELD", message)
    elif len(matches) > 1:
        message = f"{key.name}: more than one record found for external id field: [{', '.join(matches)}]"
        draft.refuse("DUPLICATE_EXTERNAL_ID", message, field.name)
    elif matches[0] not in found.reachable:
        message = f"insufficient access rights on cross-reference id: {matches[0][:15]}"
        draft.refuse("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message)
    else:
        draft.values[field.name] = matches[0]


def fold_key(key: Field, value: Any) -> str:
    """The value as the database compares it: text without case, unless the field is case-sensitive."""
    text = str(value)
    if key.case_sensitive or key.is_id:
        return text
    # SQLite's NOCASE folds ASCII letters only.
    return text.lower() if text.isascii() else "".join(char.lower() if char.isascii() else char for char in text)
