"""What licences do: who may hold which permission set; and the row of a new user that says whether it may sign in."""

import sqlite3
from collections.abc import Iterable, Sequence

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.rights import licences as licence_rows
from m365sandbox.salesforce.standard.licences import INTEGRATION_LICENCE
from m365sandbox.salesforce.standard.permissions import USER_PERMISSIONS
from m365sandbox.salesforce.values.draft import Draft

_LICENCE = """
SELECT "UserLicense"."Name", "User"."Name" FROM "User" JOIN "Profile" ON "Profile"."Id" = "User"."ProfileId"
JOIN "UserLicense" ON "UserLicense"."Id" = "Profile"."UserLicenseId" WHERE "User"."Id" = ?
"""
_OPENED = 'SELECT "SobjectType" FROM "ObjectPermissions" WHERE "ParentId" = ? ORDER BY "SobjectType" LIMIT 1'
#: What the licence Salesforce Integration allows by itself.
_FREE = frozenset({"ApiEnabled", "ApiUserOnly"})


def refuse_unlicensed(call: Call, drafts: Sequence[Draft]) -> None:
    """Observed: "The user license doesn't allow the permission". The licence Salesforce Integration allows nothing but
    signing in to the API until the user holds the permission set licence that comes with it.
    """
    connection = call.org.connection
    for draft in drafts:
        assignee, held = str(draft.values.get("AssigneeId")), str(draft.values.get("PermissionSetId"))
        licence, name = connection.execute(_LICENCE, (assignee,)).fetchone() or ("", "")
        if licence != INTEGRATION_LICENCE or licence_rows.holds_set_licence(connection, assignee):
            continue
        forbidden = _first_permission(call, held)
        if forbidden:
            label = _label(connection, held)
            message = f"Can't assign permission set {label} to user {name}. The user license doesn't allow the "
            draft.refuse("FIELD_INTEGRITY_EXCEPTION", f"{message}permission: {forbidden}", "PermissionSetId")


def _label(connection: sqlite3.Connection, set_id: str) -> str:
    row = connection.execute('SELECT "Label" FROM "PermissionSet" WHERE "Id" = ?', (set_id,)).fetchone()
    return str(row[0]) if row else set_id


def _first_permission(call: Call, set_id: str) -> str:
    """A permission that the set grants and that the licence alone does not allow, in the words of the message."""
    row = call.org.connection.execute(_OPENED, (set_id,)).fetchone()
    if row is not None:
        opened = call.org.schema.object(str(row[0]))
        return f"Read {opened.label_plural if opened else row[0]}"
    names = [name for name in USER_PERMISSIONS if name not in _FREE]
    columns = ", ".join(f'"Permissions{name}"' for name in names)
    sql = f'SELECT {columns} FROM "PermissionSet" WHERE "Id" = ?'
    granted = call.org.connection.execute(sql, (set_id,)).fetchone() or ()
    return next((name for name, given in zip(names, granted, strict=False) if given), "")


def new_logins(call: Call, users: Iterable[Draft]) -> None:
    """The UserLogin row of each new user."""
    sobject = call.org.schema.objects["userlogin"]
    made = [str(user.record_id) for user in users]
    record_ids = call.org.counters.record_ids(sobject.key_prefix, len(made))
    stamps = {"LastModifiedDate": format_datetime(call.now), "LastModifiedById": call.user_id}
    rows = [licence_rows.login_row(user, record_id, stamps) for user, record_id in zip(made, record_ids, strict=True)]
    tables.insert(call.org.connection, sobject, rows)
