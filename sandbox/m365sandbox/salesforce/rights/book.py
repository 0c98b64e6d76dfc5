"""Looks up whose rights are which: from the rows of User, Profile, PermissionSet and their assignments."""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.org import OrgState
from m365sandbox.salesforce.rights import rows as rights_rows
from m365sandbox.salesforce.rights.user_rights import AuditSwitches, Rights
from m365sandbox.salesforce.standard import USER_PERMISSIONS

_COLUMNS = ", ".join(f'"Permissions{name}"' for name in USER_PERMISSIONS)

_PROFILE = f"""
SELECT "Name", {_COLUMNS} FROM "Profile"
WHERE "Id" = (SELECT "ProfileId" FROM "User" WHERE "Id" = ?)
"""

# A permission set counts once, whether it is held directly, is a component of a group that is, or is the profile's own.
_SETS = f"""
SELECT "Id", {_COLUMNS} FROM "PermissionSet" WHERE "Id" IN (
    SELECT "PermissionSetId" FROM "PermissionSetAssignment"
    WHERE "AssigneeId" = ?1 AND "IsActive" = 1 AND ("ExpirationDate" IS NULL OR "ExpirationDate" > ?2)
    UNION
    SELECT component."PermissionSetId" FROM "PermissionSetGroupComponent" component
    JOIN "PermissionSetAssignment" held ON held."PermissionSetGroupId" = component."PermissionSetGroupId"
    WHERE component."IsDeleted" = 0 AND held."AssigneeId" = ?1 AND held."IsActive" = 1
      AND (held."ExpirationDate" IS NULL OR held."ExpirationDate" > ?2)
    UNION
    SELECT own."Id" FROM "PermissionSet" own JOIN "User" ON "User"."ProfileId" = own."ProfileId"
    WHERE "User"."Id" = ?1
) ORDER BY "Id"
"""


class RightsBook:
    """Gives the rights of a user as they are now; equal rights are one object."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        state: OrgState,
        now: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._state = state
        self._now = now
        self._known: dict[tuple[object, ...], Rights] = {}
        rights_rows.watch(connection)

    def of(self, user_id: str) -> Rights:
        """The rights of that user."""
        profile = self._connection.execute(_PROFILE, (user_id,)).fetchone()
        held = self._connection.execute(_SETS, (user_id, format_datetime(self._now()))).fetchall()
        switches = AuditSwitches(self._state.audit_fields_enabled, self._state.audit_fields_need_modify_all)
        key = (profile, tuple(held), switches, rights_rows.mark(self._connection))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(profile, held, switches)
        return found

    def _make(
        self, profile: tuple[object, ...] | None, held: list[tuple[object, ...]], switches: AuditSwitches
    ) -> Rights:
        rows = [*([profile] if profile else []), *held]
        permissions = frozenset(
            name for row in rows for name, granted in zip(USER_PERMISSIONS, row[1:], strict=True) if granted
        )
        parents = [str(row[0]) for row in held]
        return Rights(
            str(profile[0]) if profile else "",
            permissions,
            rights_rows.objects_of(self._connection, parents),
            rights_rows.fields_of(self._connection, parents),
            switches,
        )
