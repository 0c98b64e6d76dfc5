"""Which rows of an object a user may read, edit or delete, as an SQL condition.

Salesforce help, "Organization-Wide Sharing Defaults": a Private object shows its owner's rows and those that a sharing
rule opens; a detail follows its master; a task and a file are also seen by who sees the record they are about.
"""

from typing import Any

from m365sandbox.salesforce.data.schema import Field, Schema, SObject
from m365sandbox.salesforce.data.storage import encode, quote_name
from m365sandbox.salesforce.metadata import Criterion, SharingRule
from m365sandbox.salesforce.rights.user_rights import FILE_OBJECTS, SETUP_OBJECTS, RecordAccess, Rights

#: A condition and the values it binds.
Condition = tuple[str, list[Any]]

_NOTHING: Condition = ("0", [])
_EVERYONE = frozenset({"allInternalUsers", "allUsers"})

#: Salesforce help, "Organization-Wide Sharing Defaults": a private activity is seen by its owner and by who sees the
#: person or the record it is about; mail follows its activity (Object Reference, "EmailMessage").
_SEEN_WITH = {
    "Task": ("WhoId", "WhatId"),
    "Event": ("WhoId", "WhatId"),
    "EmailMessage": ("RelatedToId", "ActivityId"),
}
#: The users whose role stands below a user's.
_BELOW = """
WITH RECURSIVE below(role) AS (
    SELECT "Id" FROM "UserRole" WHERE "ParentRoleId" = (SELECT "UserRoleId" FROM "User" WHERE "Id" = ?)
    UNION SELECT "UserRole"."Id" FROM "UserRole" JOIN below ON "UserRole"."ParentRoleId" = below.role
) SELECT "User"."Id" FROM "User" WHERE "User"."UserRoleId" IN (SELECT role FROM below)
"""
#: A file linked to these is shared with that user or group, not with all who may read the row.
_NOBODYS_PLACE = frozenset({"User", "Group", "Organization"})


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
        if access == "read" and sobject.name in FILE_OBJECTS:
            # View All Data opens no file of others (Salesforce help, "Set Up Users to Query Salesforce Files").
            return None if rights.has("QueryAllFiles") else self._visible_files(sobject, alias)
        if sobject.name in SETUP_OBJECTS:
            return self._setup_rows(sobject, alias, access)
        if rights.sees_all(sobject) if access == "read" else rights.modifies_all(sobject):
            return None
        special = self._special(sobject, alias, access)
        if special is not None:
            return special
        if sobject.sharing == "ControlledByParent":
            return self._by_parent(sobject, alias, access)
        if sobject.sharing == "ReadWrite" and access != "delete":
            return None
        if sobject.sharing == "Read" and access == "read":
            return None
        return self._owned_or_shared(sobject, alias, access)

    def _special(self, sobject: SObject, alias: str, access: RecordAccess) -> Condition | None:
        """Objects whose rows are also open to those who see what they are about."""
        if access == "read" and sobject.name in _SEEN_WITH:
            own = self._mine(sobject, alias)
            return _any([own, *(self._reaches(sobject, name, alias) for name in _SEEN_WITH[sobject.name])])
        return None

    def _mine(self, sobject: SObject, alias: str) -> Condition:
        """Rows of the user, or of somebody below in the role hierarchy."""
        owner = sobject.field("OwnerId") or sobject.field("CreatedById")
        if owner is None:
            return _NOTHING
        column = f"{alias}.{quote_name(owner.name)}"
        if owner.name != "OwnerId" or sobject.name in FILE_OBJECTS:
            return f"{column} = ?", [self._user_id]
        return f"({column} = ? OR {column} IN ({_BELOW}))", [self._user_id, self._user_id]

    def _reaches(self, sobject: SObject, name: str, alias: str) -> Condition:
        """Rows whose reference `name` leads to a row that the user may read."""
        reference = sobject.field(name)
        if reference is None:
            return _NOTHING
        column = f"{alias}.{quote_name(reference.name)}"
        targets = [found for found in map(self._schema.object, reference.reference_to) if found is not None]
        readable = [item for item in targets if self._rights.can_read(item) and item.name not in _NOBODYS_PLACE]
        conditions = {item: self.condition(item, f"{alias}_{item.key_prefix}") for item in readable}
        free = [item.key_prefix for item, shared in conditions.items() if shared is None]
        parts: list[Condition] = []
        if free:
            parts.append((f"substr({column}, 1, 3) IN ({', '.join('?' * len(free))})", list(free)))
        for item, shared in conditions.items():
            if shared is not None:
                parts.append(_exists(item, f"{alias}_{item.key_prefix}", column, shared))
        return _any(parts)

    def _setup_rows(self, sobject: SObject, alias: str, access: RecordAccess) -> Condition | None:
        """Object rights decide; but own assignments are shown to everybody, those of others with View Setup."""
        if access == "read" and sobject.name == "PermissionSetAssignment" and not self._rights.has("ViewSetup"):
            return f'{alias}."AssigneeId" = ?', [self._user_id]
        if sobject.name == "RecordType" and self._schema.objects["account"].field("RecordTypeId") is None:
            return _NOTHING
        return None

    def _visible_files(self, sobject: SObject, alias: str) -> Condition:
        """Object Reference, "ContentDocument": the files that a user owns, or that are shared with the user or with a
        record the user may read.
        """
        links = self._schema.objects["contentdocumentlink"]
        column = f"{alias}.{quote_name('Id' if sobject.name == 'ContentDocument' else 'ContentDocumentId')}"
        link = f"{alias}_link"
        places = _any(
            [
                (f'{link}."LinkedEntityId" = ?', [self._user_id]),
                (f"substr({link}.\"LinkedEntityId\", 1, 3) = '00D'", []),
                self._reaches(links, "LinkedEntityId", link),
            ]
        )
        linked = (
            f'EXISTS (SELECT 1 FROM "ContentDocumentLink" {link} WHERE {link}."ContentDocumentId" = {column} '
            f'AND {link}."IsDeleted" = 0 AND {places[0]})'
        )
        owned = [self._mine(sobject, alias)] if sobject.has_owner else []
        return _any([*owned, (linked, places[1])])

    def _owned_or_shared(self, sobject: SObject, alias: str, access: RecordAccess) -> Condition:
        parts = [self._mine(sobject, alias)]
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
        above = f"{alias}_{parent.key_prefix}"
        inner = self.condition(parent, above, "read" if access == "read" else "edit")
        if inner is None:
            return None
        return _exists(parent, above, f"{alias}.{quote_name(reference.name)}", inner)


def _exists(sobject: SObject, alias: str, column: str, inner: Condition) -> Condition:
    sql = f'EXISTS (SELECT 1 FROM {quote_name(sobject.name)} {alias} WHERE {alias}."Id" = {column} AND {inner[0]})'
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
