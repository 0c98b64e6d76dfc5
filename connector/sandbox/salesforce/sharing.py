"""Which rows of an object a user may read, edit or delete, as an SQL condition.

Salesforce help, "Organization-Wide Sharing Defaults": a Private object shows its owner's rows and those that a sharing
rule opens; a detail follows its master; a task is also seen by who sees the record it is about.
"""

from collections.abc import Callable
from typing import Any

from connector.sandbox.salesforce.metadata import Criterion, SharingRule
from connector.sandbox.salesforce.rights import RecordAccess, Rights
from connector.sandbox.salesforce.schema import Field, Schema, SObject
from connector.sandbox.salesforce.storage import encode, quote_name

#: A condition and the values it binds.
Condition = tuple[str, list[Any]]

_NOTHING: Condition = ("0", [])
_EVERYONE = frozenset({"allInternalUsers", "allUsers"})


class RecordSharing:
    """Sharing as one user meets it."""

    def __init__(self, schema: Schema, rules: tuple[SharingRule, ...], rights: Rights, user_id: str) -> None:
        self._schema = schema
        self._rules = rules
        self._rights = rights
        self._user_id = user_id

    def condition(self, sobject: SObject, alias: str, access: RecordAccess = "read") -> Condition | None:
        """The condition on rows called `alias` in the statement; None where no row is hidden."""
        rights = self._rights
        if rights.sees_all(sobject) if access == "read" else rights.modifies_all(sobject):
            return None
        special = _SPECIAL.get(sobject.name)
        if special is not None:
            return special(self._user_id, rights, alias, access)
        if sobject.sharing == "ControlledByParent":
            return self._by_parent(sobject, alias, access)
        if sobject.sharing == "ReadWrite" and access != "delete":
            return None
        if sobject.sharing == "Read" and access == "read":
            return None
        return self._owned_or_shared(sobject, alias, access)

    def _owned_or_shared(self, sobject: SObject, alias: str, access: RecordAccess) -> Condition:
        owner = sobject.field("OwnerId") or sobject.field("CreatedById")
        parts: list[Condition] = []
        if owner is not None:
            parts.append((f"{alias}.{quote_name(owner.name)} = ?", [self._user_id]))
        for rule in self._rules:
            opens = access == "read" or (access == "edit" and rule.access == "Edit")
            if rule.object.lower() == sobject.name.lower() and rule.shared_to in _EVERYONE and opens:
                parts.append(_criteria(rule, sobject, alias))
        return _any(parts)

    def _by_parent(self, sobject: SObject, alias: str, access: RecordAccess) -> Condition | None:
        """A detail row is read and written by who may read and write its master."""
        reference = next((item for item in sobject.fields.values() if item.cascade_delete), None)
        parent = self._schema.object(reference.reference_to[0]) if reference is not None else None
        if reference is None or parent is None:
            return _NOTHING
        inner = self.condition(parent, "parent", "read" if access == "read" else "edit")
        if inner is None:
            return None
        column = f"{alias}.{quote_name(reference.name)}"
        sql = f'{column} IN (SELECT parent."Id" FROM {quote_name(parent.name)} parent WHERE {inner[0]})'
        return sql, inner[1]


def _any(parts: list[Condition]) -> Condition:
    if not parts:
        return _NOTHING
    return "(" + " OR ".join(sql for sql, _ in parts) + ")", [value for _, values in parts for value in values]


# --- criteria sharing rules


def _criteria(rule: SharingRule, sobject: SObject, alias: str) -> Condition:
    """All criteria joined by AND; a rule with a filter logic of its own is not emulated and shares nothing."""
    if rule.boolean_filter:
        return _NOTHING
    parts = [_criterion(item, sobject, alias) for item in rule.criteria]
    if not parts:
        return _NOTHING
    return "(" + " AND ".join(sql for sql, _ in parts) + ")", [value for _, values in parts for value in values]


_OPERATORS = {"lessThan": "<", "greaterThan": ">", "lessOrEqual": "<=", "greaterOrEqual": ">="}


def _criterion(item: Criterion, sobject: SObject, alias: str) -> Condition:
    field = sobject.field(item.field)
    if field is None:
        return _NOTHING
    column = f"{alias}.{quote_name(field.name)}"
    values = [encode(field, value.strip()) for value in item.value.split(",")] if item.value else [None]
    if item.operation in ("equals", "notEqual"):
        marks = ", ".join("?" * len(values))
        sql = f"{column} IS ?" if len(values) == 1 else f"coalesce({column} IN ({marks}), 0)"
        return (sql if item.operation == "equals" else f"NOT ({sql})"), values
    if item.operation in _OPERATORS:
        return f"coalesce({column} {_OPERATORS[item.operation]} ?, 0)", values[:1]
    if item.operation in ("contains", "startsWith"):
        position = "> 0" if item.operation == "contains" else "= 1"
        return f"coalesce(instr(lower({column}), lower(?)) {position}, 0)", values[:1]
    return _NOTHING


# --- objects with rules of their own


def _assignments(user_id: str, rights: Rights, alias: str, access: RecordAccess) -> Condition | None:
    """Object Reference: without View Setup and Configuration a user sees the own assignments only."""
    if access == "read" and not rights.has("ViewSetup"):
        return f'{alias}."AssigneeId" = ?', [user_id]
    return None


def _tasks(user_id: str, _rights: Rights, alias: str, access: RecordAccess) -> Condition:
    """A private activity is read by its owner and by who reads the person or the record it is about."""
    if access != "read":
        return f'{alias}."OwnerId" = ?', [user_id]
    return f'({alias}."OwnerId" = ? OR {alias}."WhoId" IS NOT NULL OR {alias}."WhatId" IS NOT NULL)', [user_id]


def _open(_user_id: str, _rights: Rights, _alias: str, _access: RecordAccess) -> None:
    return None


def _files(user_id: str, rights: Rights, alias: str, access: RecordAccess) -> Condition | None:
    """Object Reference, ContentVersion: a query sees the user's own files unless Query All Files is granted."""
    if access == "read" and rights.has("QueryAllFiles"):
        return None
    return f'{alias}."OwnerId" = ?', [user_id]


_SPECIAL: dict[str, Callable[[str, Rights, str, RecordAccess], Condition | None]] = {
    "PermissionSetAssignment": _assignments,
    "Task": _tasks,
    "Event": _tasks,
    "ContentVersion": _files,
    "ContentDocument": _files,
    "User": _open,
    "PermissionSet": _open,
    "PermissionSetGroup": _open,
    "PermissionSetGroupComponent": _open,
    "Organization": _open,
}


class UserAccess:
    """What a query of one user is answered from (the protocol of the SOQL package)."""

    def __init__(self, rights: Rights, sharing: RecordSharing) -> None:
        self._rights = rights
        self._sharing = sharing

    def can_read(self, sobject: SObject) -> bool:
        """Whether the object exists for the user."""
        return self._rights.can_read(sobject)

    def can_read_field(self, sobject: SObject, field: Field) -> bool:
        """Whether the field exists for the user."""
        return self._rights.can_read_field(sobject, field)

    def record_filter(self, sobject: SObject, alias: str) -> Condition | None:
        """The rows the user may see."""
        return self._sharing.condition(sobject, alias)


class SystemAccess:
    """Everything is visible: for the org's own look-ups."""

    def can_read(self, sobject: SObject) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def can_read_field(self, sobject: SObject, field: Field) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def record_filter(self, sobject: SObject, alias: str) -> Condition | None:  # noqa: ARG002
        """No row is hidden."""
        return None
