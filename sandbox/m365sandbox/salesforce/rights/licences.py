"""Rows about licences: who holds one, how many are used, and whether a user may sign in."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from m365sandbox.salesforce.standard.licences import INTEGRATION_SET_LICENCE

_HOLDS = """
SELECT 1 FROM "PermissionSetLicenseAssign" held JOIN "PermissionSetLicense" licence
ON licence."Id" = held."PermissionSetLicenseId"
WHERE held."AssigneeId" = ? AND licence."DeveloperName" = ?
"""
_COUNTED = """
UPDATE "PermissionSetLicense" SET "UsedLicenses" = (
    SELECT count(*) FROM "PermissionSetLicenseAssign"
    WHERE "PermissionSetLicenseId" = "PermissionSetLicense"."Id"
)
"""


def holds_set_licence(connection: sqlite3.Connection, user_id: str) -> bool:
    """Whether the user holds the permission set licence that Salesforce Integration asks for."""
    return connection.execute(_HOLDS, (user_id, INTEGRATION_SET_LICENCE)).fetchone() is not None


def count(connection: sqlite3.Connection) -> None:
    """Bring UsedLicenses up to date."""
    connection.execute(_COUNTED)


def login_row(user_id: str, record_id: str, stamps: Mapping[str, Any]) -> dict[str, Any]:
    """A user who may sign in."""
    return {"Id": record_id, "UserId": user_id, "IsFrozen": 0, "IsPasswordLocked": 0, **stamps}
