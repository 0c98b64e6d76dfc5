"""From the JSON of a row to a draft: which key means which column, whether it may be written, what its value is.

A plan is made once per object, operation and set of rights, and remembers each key it has met.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from m365sandbox.salesforce.data.schema import Field, Schema, SObject
from m365sandbox.salesforce.rights.user_rights import Rights
from m365sandbox.salesforce.values.checks import Checker, ValueRefusedError, checker, id_list_checker
from m365sandbox.salesforce.values.draft import Draft, Reference

Operation = Literal["insert", "update"]


@dataclass(frozen=True, slots=True)
class _Column:
    field: Field
    check: Checker
    writable: bool
    relationship: bool = False


class _Special:
    """Keys that are no column: `attributes` and `Id`."""


_IGNORED = _Special()
_RECORD_ID = _Special()


class RowPlan:
    """Reads the rows of one object for one operation by one user."""

    def __init__(self, schema: Schema, sobject: SObject, rights: Rights, operation: Operation) -> None:
        self._schema = schema
        self._sobject = sobject
        self._rights = rights
        self._operation = operation
        self._columns: dict[str, _Column | _Special | None] = {"attributes": _IGNORED}

    def read(self, row: Mapping[str, Any]) -> Draft:
        """The draft of a row; what cannot be is among its errors."""
        draft = Draft()
        unwritable: list[str] = []
        columns = self._columns
        for key, value in row.items():
            try:
                column = columns[key]
            except KeyError:
                column = columns[key] = self._resolve(key)
            if isinstance(column, _Column):
                if not column.writable:
                    unwritable.append(column.field.name)
                elif column.relationship:
                    self._read_reference(draft, column.field, value)
                else:
                    _read_value(draft, column, value)
            elif column is None:
                message = f"No such column '{key}' on sobject of type {self._sobject.name}"
                draft.errors.clear()
                draft.refuse("INVALID_FIELD", message)
                return draft
            elif column is _RECORD_ID and self._operation == "insert":
                draft.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", "Id")
        if unwritable:
            draft.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", _unwritable(unwritable), *unwritable)
        return draft

    def _resolve(self, key: str) -> "_Column | _Special | None":
        field = self._sobject.field(key)
        relationship = field is None
        if field is None:
            field = self._sobject.relationship(key)
        if field is None or not self._rights.can_read_field(self._sobject, field):
            return None
        if field.type == "id":
            return _RECORD_ID
        if field.virtual and field.createable and not relationship:
            return _Column(field, id_list_checker(field), self._opens(field))
        return _Column(field, checker(field), self._is_writable(field), relationship)

    def _is_writable(self, field: Field) -> bool:
        return field.stored and self._opens(field)

    def _opens(self, field: Field) -> bool:
        if self._operation == "insert":
            return self._rights.can_create_field(self._sobject, field)
        return self._rights.can_edit_field(self._sobject, field)

    def _read_reference(self, draft: Draft, field: Field, value: Any) -> None:
        """`"Email__r": {"Message_Key__c": "…"}`: the parent is named by an external id."""
        if not isinstance(value, dict):
            draft.refuse("INVALID_FIELD", f"{field.relationship_name}: an object with an external id expected")
            return
        target = self._target(draft, field, value)
        keys = [(name, key) for name, key in value.items() if name != "attributes"]
        if target is None:
            return
        if len(keys) != 1:
            message = f"{field.relationship_name}: exactly one external id field expected, {len(keys)} given"
            draft.refuse("INVALID_FIELD", message)
            return
        name, key_value = keys[0]
        key = target.field(name)
        if key is None:
            draft.refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {target.name}")
        elif not (key.external_id or key.id_lookup):
            draft.refuse("INVALID_FIELD", f"Field name provided, {key.name} is not an External ID for {target.name}")
        elif not isinstance(key_value, str) or not key_value:
            where = f"for field {key.name} in entity {target.name}"
            draft.refuse("INVALID_FIELD", f"Foreign key external ID: {key_value} not found {where}")
        elif any(reference.field is field for reference in draft.references):
            draft.refuse("INVALID_FIELD", _named_twice(field))
        else:
            draft.given.add(field.name)
            draft.values[field.name] = None
            draft.references.append(Reference(field, target, key, key_value))

    def _target(self, draft: Draft, field: Field, value: Mapping[str, Any]) -> SObject | None:
        """The object that a nested reference means; a polymorphic one has to say it in `attributes`."""
        attributes = value.get("attributes")
        named = attributes.get("type") if isinstance(attributes, dict) else None
        if named is None and not field.polymorphic:
            named = field.reference_to[0]
        target = self._schema.object(named) if isinstance(named, str) else None
        if target is None or target.name not in field.reference_to:
            draft.refuse("INVALID_FIELD", f"{field.relationship_name}: type of the related record is missing or wrong")
            return None
        return target


def _read_value(draft: Draft, column: _Column, value: Any) -> None:
    field = column.field
    try:
        checked = column.check(value)
    except ValueRefusedError as refused:
        draft.errors.append(refused.error)
        return
    draft.values[field.name] = checked
    draft.given.add(field.name)
    if field.type == "reference" and isinstance(checked, str):
        if any(reference.field is field for reference in draft.references):
            draft.refuse("INVALID_FIELD", _named_twice(field))
            return
        draft.references.append(Reference(field, None, None, checked))


def _named_twice(field: Field) -> str:
    """A parent named by its external id and by its id as well (recorded on real orgs)."""
    names = f"{field.relationship_name} and a salesforce id, {field.name}"
    return f"Cannot specify both an external ID reference {names}"


def _unwritable(names: list[str]) -> str:
    return (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field "
        "and verify that it is read/write for your profile or permission set."
    )


class Plans:
    """The plans of an org, made when first needed."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._plans: dict[tuple[str, Rights, Operation], RowPlan] = {}

    def plan(self, sobject: SObject, rights: Rights, operation: Operation) -> RowPlan:
        """The plan for that object, user and operation."""
        key = (sobject.name, rights, operation)
        found = self._plans.get(key)
        if found is None:
            found = self._plans[key] = RowPlan(self._schema, sobject, rights, operation)
        return found

    def forget(self) -> None:
        """Rights or switches have changed."""
        self._plans.clear()
