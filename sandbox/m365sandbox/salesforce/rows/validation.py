"""Plays the validation rules of `sfdc_objects/` on rows being saved.

Apex guide, "Triggers and Order of Execution": custom rules run after formats, lengths, references and required values
were found right, and before the row is saved, which is when a unique value is found to be taken. Every rule that
applies is told, each with its message and field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.rights.user_rights import AllRights
from m365sandbox.salesforce.values.draft import Draft

#: The platform's code for a validation rule's refusal.
VALIDATION_CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"

# Permission sets that a user holds now, directly or as a component of a group.
_HELD = """
WITH held AS (
    SELECT "PermissionSetId", "PermissionSetGroupId" FROM "PermissionSetAssignment"
    WHERE "AssigneeId" = ?1 AND "IsActive" = 1 AND ("ExpirationDate" IS NULL OR "ExpirationDate" > ?2)
)
SELECT "Name" FROM "PermissionSet" WHERE "Id" IN (
    SELECT "PermissionSetId" FROM held
    UNION
    SELECT component."PermissionSetId" FROM "PermissionSetGroupComponent" component
    JOIN held USING ("PermissionSetGroupId") WHERE component."IsDeleted" = 0
)
"""


def check(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Refuse the rows to which a validation rule applies. Rows refused before are not looked at."""
    if not sobject.rules:
        return
    saver = _Saver(call)
    for draft in drafts:
        if draft.errors:
            continue
        row = _SavedRow(draft, saver)
        for rule in sobject.rules:
            if rule.holds(row):
                draft.refuse(VALIDATION_CODE, rule.message, *([rule.field] if rule.field else []))


def fields_read(sobject: SObject) -> frozenset[str]:
    """The fields that the object's rules look at."""
    return frozenset(name for rule in sobject.rules for name in rule.reads)


@dataclass
class _Saver:
    """Who saves the rows, asked for only where a rule wants to know."""

    call: Call

    @cached_property
    def permissions(self) -> frozenset[str]:
        """The custom permissions held; the org's own hand holds all."""
        metadata, call = self.call.org.metadata, self.call
        if isinstance(call.rights, AllRights):
            return metadata.custom_permissions
        rows = call.org.connection.execute(_HELD, (call.user_id, format_datetime(call.now)))
        held = {str(row[0]) for row in rows}
        return frozenset(
            name for item in metadata.permission_sets if item.name in held for name in item.custom_permissions
        )

    def field(self, name: str) -> Any:
        """A field of the user."""
        users = self.call.org.schema.object("User")
        rows = (
            [] if users is None else tables.select(self.call.org.connection, users, [name], "Id", [self.call.user_id])
        )
        return rows[0][0] if rows else None


@dataclass(slots=True)
class _SavedRow:
    """A draft as a formula asks about it."""

    draft: Draft
    saver: _Saver

    @property
    def is_new(self) -> bool:
        """Whether the row is inserted."""
        return self.draft.old is None

    def value(self, name: str) -> Any:
        """What the field will hold."""
        return self.draft.current(name)

    def prior(self, name: str) -> Any:
        """What the field held; of a new row what it will hold."""
        return self.draft.current(name) if self.draft.old is None else self.draft.old.get(name)

    def user(self, name: str) -> Any:
        """A field of who saves the row."""
        return self.saver.field(name)

    def has_permission(self, name: str) -> bool:
        """Whether who saves the row holds a custom permission."""
        return name in self.saver.permissions

    def today(self) -> str:
        """The date in the org's zone."""
        call = self.saver.call
        return call.now.astimezone(ZoneInfo(call.org.state.time_zone)).date().isoformat()

    def now(self) -> str:
        """The instant."""
        return format_datetime(self.saver.call.now)
