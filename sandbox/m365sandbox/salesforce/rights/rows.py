"""ObjectPermissions and FieldPermissions: what permission sets grant, as rows that anybody may query and admins change.

Rights are read from these rows, so what a client changes counts from its next request on.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from m365sandbox.salesforce.data.schema import Schema
from m365sandbox.salesforce.metadata import FieldPermission, ObjectPermission, PermissionSet
from m365sandbox.salesforce.standard import OBJECT_PERMISSIONS

_TABLES = ("ObjectPermissions", "FieldPermissions")
_OBJECT_COLUMNS = ", ".join(f'"{name}"' for name in OBJECT_PERMISSIONS)
_OF_PARENTS = '"ParentId" IN (SELECT value FROM json_each(?))'


def object_rows(parent_id: str, item: PermissionSet) -> Iterator[dict[str, Any]]:
    """The ObjectPermissions rows of a deployed permission set."""
    for granted in item.objects.values():
        flags = (
            granted.read,
            granted.create,
            granted.edit,
            granted.delete,
            granted.view_all,
            granted.modify_all,
            granted.view_all_fields,
        )
        named = dict(zip(OBJECT_PERMISSIONS, map(int, flags), strict=True))
        yield {"ParentId": parent_id, "SobjectType": granted.object, **named}


def field_rows(schema: Schema, parent_id: str, item: PermissionSet) -> Iterator[dict[str, Any]]:
    """The FieldPermissions rows of a deployed permission set; a field of Activity has one for Task and for Event."""
    for (object_name, field_name), granted in item.fields.items():
        sobject = schema.object(object_name)
        field = sobject.field(field_name) if sobject else None
        if sobject is not None and field is not None:
            yield {
                "ParentId": parent_id,
                "SobjectType": sobject.name,
                "Field": f"{sobject.name}.{field.name}",
                "PermissionsRead": int(granted.readable or granted.editable),
                "PermissionsEdit": int(granted.editable),
            }


def watch(connection: sqlite3.Connection) -> None:
    """Have every change of the two tables leave a new mark, whoever writes it."""
    connection.execute("CREATE TABLE IF NOT EXISTS _rights_mark (mark INTEGER NOT NULL)")
    if connection.execute("SELECT count(*) FROM _rights_mark").fetchone()[0] == 0:
        connection.execute("INSERT INTO _rights_mark VALUES (?)", (secrets.randbits(62),))
    for table in _TABLES:
        for verb in ("INSERT", "UPDATE", "DELETE"):
            # A random mark: one that is rolled back never comes again for other rows.
            connection.execute(
                f'CREATE TRIGGER IF NOT EXISTS "{table}.{verb}" AFTER {verb} ON "{table}" '
                "BEGIN UPDATE _rights_mark SET mark = random(); END"
            )


def mark(connection: sqlite3.Connection) -> int:
    """Changes whenever a row of the two tables does."""
    return int(connection.execute("SELECT mark FROM _rights_mark").fetchone()[0])


def objects_of(connection: sqlite3.Connection, parents: Sequence[str]) -> dict[str, ObjectPermission]:
    """What these permission sets open together, by object in lower case."""
    sql = f'SELECT "SobjectType", {_OBJECT_COLUMNS} FROM "ObjectPermissions" WHERE {_OF_PARENTS}'
    flags: dict[str, list[bool]] = {}
    for name, *granted in connection.execute(sql, (json.dumps(list(parents)),)):
        known = flags.setdefault(name, [False] * len(OBJECT_PERMISSIONS))
        flags[name] = [old or bool(new) for old, new in zip(known, granted, strict=True)]
    return {
        name.lower(): ObjectPermission(
            object=name,
            read=read,
            create=create,
            edit=edit,
            delete=delete,
            view_all=view_all,
            modify_all=modify_all,
            view_all_fields=view_all_fields,
        )
        for name, (read, create, edit, delete, view_all, modify_all, view_all_fields) in flags.items()
    }


def fields_of(connection: sqlite3.Connection, parents: Sequence[str]) -> dict[tuple[str, str], FieldPermission]:
    """What these permission sets open together, by object and field in lower case."""
    sql = (
        'SELECT "SobjectType", "Field", max("PermissionsRead"), max("PermissionsEdit") FROM "FieldPermissions" '
        f'WHERE {_OF_PARENTS} GROUP BY "SobjectType", "Field"'
    )
    found = {}
    for name, full, readable, editable in connection.execute(sql, (json.dumps(list(parents)),)):
        field = str(full).partition(".")[2]
        granted = FieldPermission(object=name, field=field, readable=bool(readable), editable=bool(editable))
        found[name.lower(), field.lower()] = granted
    return found
