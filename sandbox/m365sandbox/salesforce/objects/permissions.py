"""What the platform checks of ObjectPermissions and FieldPermissions that a client writes.

Object Reference: a permission needs those it builds on, a field must be one that field-level security covers, and a row
that grants nothing is deleted.
"""

from collections.abc import Sequence

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.values.draft import Draft

_READ, _EDIT, _DELETE = "PermissionsRead", "PermissionsEdit", "PermissionsDelete"
_VIEW_ALL, _MODIFY_ALL = "PermissionsViewAllRecords", "PermissionsModifyAllRecords"
#: Each permission with those it depends on.
_NEEDS = {
    "PermissionsCreate": (_READ,),
    _EDIT: (_READ,),
    _DELETE: (_READ, _EDIT),
    _VIEW_ALL: (_READ,),
    _MODIFY_ALL: (_READ, _EDIT, _DELETE, _VIEW_ALL),
    "PermissionsViewAllFields": (_READ,),
}
OBJECTS = frozenset({"ObjectPermissions", "FieldPermissions"})


def check(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Refuse grants that cannot be."""
    if sobject.name not in OBJECTS:
        return
    good = [draft for draft in drafts if not draft.errors]
    for draft in good:
        if sobject.name == "FieldPermissions" and draft.old is None:
            _name_field(call, draft)
        _check_dependencies(draft)
    if good and good[0].old is None:
        _refuse_second(call, sobject, good)


def _name_field(call: Call, draft: Draft) -> None:
    named = str(draft.values.get("Field") or "")
    owner = call.org.schema.object(str(draft.values.get("SobjectType")))
    prefix, _, name = named.partition(".")
    field = owner.field(name) or owner.field(f"{name}Id") if owner is not None else None
    if owner is None or field is None or prefix.lower() != owner.name.lower() or not field.permissionable:
        message = f"Field Name: bad value for restricted picklist field: {named}"
        draft.refuse("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, "Field")
    else:
        draft.values["Field"] = f"{owner.name}.{field.name}"


def _check_dependencies(draft: Draft) -> None:
    if draft.errors:
        return
    name = str(draft.current("SobjectType"))
    if draft.old is None and not draft.current(_READ):
        draft.refuse("FIELD_INTEGRITY_EXCEPTION", f"Permission Read {name} is required", _READ)
        return
    for permission, needed in _NEEDS.items():
        missing = [item for item in needed if not draft.current(item)]
        if draft.current(permission) and missing:
            wanted = ", ".join(f"{item.removeprefix('Permissions')} {name}" for item in missing)
            message = f"Permission {permission.removeprefix('Permissions')} {name} depends on permission(s): {wanted}"
            draft.refuse("FIELD_INTEGRITY_EXCEPTION", message, permission)
            return


def _refuse_second(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """A permission set has one row for an object or field."""
    key = "SobjectType" if sobject.name == "ObjectPermissions" else "Field"
    parents = {str(draft.values.get("ParentId")) for draft in drafts}
    held = set(tables.select(call.org.connection, sobject, ["ParentId", key], "ParentId", parents))
    for draft in drafts:
        pair = (draft.values.get("ParentId"), draft.values.get(key))
        if pair in held and not draft.errors:
            draft.refuse("DUPLICATE_VALUE", f"Duplicate {sobject.name}: {pair[1]} of permission set {pair[0]}")
        held.add(pair)


def drop_empty(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """A row that grants nothing any more goes."""
    if sobject.name in OBJECTS:
        empty = [str(draft.record_id) for draft in drafts if not draft.current(_READ)]
        tables.delete(call.org.connection, sobject, empty)
