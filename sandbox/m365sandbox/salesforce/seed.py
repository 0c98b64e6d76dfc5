"""What a new org holds before anybody works in it: itself, its profiles, permission sets, users and task statuses.

These rows are written straight into the tables: there is nobody yet who could insert them.
"""

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from m365sandbox.salesforce import org
from m365sandbox.salesforce.data import ids, tables
from m365sandbox.salesforce.data.ids import Counters
from m365sandbox.salesforce.data.schema import Schema, SObject
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.metadata import Metadata
from m365sandbox.salesforce.rights import licences
from m365sandbox.salesforce.rights import rows as rights_rows
from m365sandbox.salesforce.rights.user_rights import (
    ADMINISTRATOR_PROFILE,
    INTEGRATION_PROFILE,
    NOT_IN_PROFILES,
    PROFILES,
    STANDARD_PROFILE,
    STANDARD_USER_OBJECTS,
)
from m365sandbox.salesforce.standard import DEFAULT_ACCESS, USER_PERMISSIONS
from m365sandbox.salesforce.standard.licences import INTEGRATION_LICENCE, SET_LICENCES, USER_LICENCES

ADMIN_USERNAME = "admin@sandbox.example.com"
INTEGRATION_USERNAME = "m365sync@sandbox.example.com"
ADMIN_SETS = ("Microsoft_365_Sync_Admin",)
INTEGRATION_SETS = ("Microsoft_365_Sync_Integration", "Microsoft_365_Sync_Audit_Fields")

_STATUSES = (
    ("Not Started", True, False),
    ("In Progress", False, False),
    ("Completed", False, True),
    ("Waiting on someone else", False, False),
    ("Deferred", False, False),
)
#: What Setup asks for beside the name of a user.
LOCALE = {"LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US"}


@dataclass(frozen=True, slots=True)
class Identities:
    """The ids that the sandbox itself needs."""

    org_id: str
    admin_id: str
    integration_id: str


def identities(connection: sqlite3.Connection) -> Identities | None:
    """The identities of an org that was seeded before; None in a new database."""
    found = [org.load_fact(connection, name) for name in ("org_id", "admin_id", "integration_id")]
    return Identities(*[str(item) for item in found]) if all(found) else None


class Seeder:
    """Writes the first rows of an org."""

    def __init__(
        self, connection: sqlite3.Connection, schema: Schema, metadata: Metadata, counters: Counters, now: datetime
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._metadata = metadata
        self._counters = counters
        self._now = format_datetime(now)
        self._admin_id = ""

    def seed(self) -> Identities:
        """Everything; the caller holds the transaction."""
        org_id = ids.make("00D", secrets.randbelow(62**6))
        # The administrator stands in every audit field, so its id comes before its row.
        self._admin_id = self._counters.record_ids("005", 1)[0]
        self._organization(org_id)
        profiles = self._profiles()
        sets = self._permission_sets()
        self._user(self._admin_id, ADMIN_USERNAME, ("System", "Administrator"), profiles[ADMINISTRATOR_PROFILE])
        integration_id = self._counters.record_ids("005", 1)[0]
        self._user(integration_id, INTEGRATION_USERNAME, ("M365", "Integration"), profiles[INTEGRATION_PROFILE])
        self._set_licences(integration_id)
        self._assign(self._admin_id, ADMIN_SETS, sets)
        self._assign(integration_id, INTEGRATION_SETS, sets)
        self._task_statuses()
        self._record_types()
        found = Identities(org_id, self._admin_id, integration_id)
        for name in Identities.__slots__:
            org.save_fact(self._connection, name, getattr(found, name))
        return found

    def _insert(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        sobject = self._object(name)
        unnamed = sum("Id" not in row for row in rows)
        new_ids = iter(self._counters.record_ids(sobject.key_prefix, unnamed))
        stamps = {key: value for key, value in self._stamps().items() if sobject.field(key) is not None}
        complete = [{"Id": row["Id"] if "Id" in row else next(new_ids), **stamps, **row} for row in rows]
        tables.insert(self._connection, sobject, complete)
        return [row["Id"] for row in complete]

    def _object(self, name: str) -> SObject:
        found = self._schema.object(name)
        if found is None:
            raise LookupError(name)
        return found

    def _stamps(self) -> dict[str, str]:
        return {
            **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), self._now),
            **dict.fromkeys(("CreatedById", "LastModifiedById"), self._admin_id),
        }

    def _organization(self, org_id: str) -> None:
        row = {
            "Id": org_id,
            "Name": "Sandbox",
            "TimeZoneSidKey": "GMT",
            "DefaultLocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
            "FiscalYearStartMonth": 1,
            "OrganizationType": "Enterprise Edition",
            "InstanceName": "LOCAL",
            "IsSandbox": 1,
            **DEFAULT_ACCESS,
        }
        self._insert("Organization", [row])

    def _profiles(self) -> dict[str, str]:
        named = [{"Name": name, "LicenseDefinitionKey": key, "MasterLabel": name} for name, key, _ in USER_LICENCES]
        counts = [{"Status": "Active", "TotalLicenses": total, "UsedLicenses": 1} for _, _, total in USER_LICENCES]
        made = self._insert("UserLicense", [{**row, **more} for row, more in zip(named, counts, strict=True)])
        licence = dict(zip([name for name, _, _ in USER_LICENCES], made, strict=True))
        rows = []
        for name, permissions in PROFILES.items():
            granted = frozenset(USER_PERMISSIONS) - NOT_IN_PROFILES if permissions is None else permissions
            of = licence[INTEGRATION_LICENCE if name == INTEGRATION_PROFILE else "Salesforce"]
            opened = {f"Permissions{item}": 1 for item in granted}
            rows.append({"Name": name, "UserType": "Standard", "UserLicenseId": of, **opened})
        profiles = dict(zip(PROFILES, self._insert("Profile", rows), strict=True))
        self._profiles_own_sets(profiles, rows)
        return profiles

    def _profiles_own_sets(self, profiles: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Object Reference, "PermissionSet": every profile has one, which holds what the profile opens."""
        own = [
            {
                "Name": f"X{profiles[row['Name']][:15]}",
                "Label": f"{profiles[row['Name']][:15]}",
                "IsOwnedByProfile": 1,
                "ProfileId": profiles[row["Name"]],
                "Type": "Profile",
                **{key: value for key, value in row.items() if key.startswith("Permissions")},
            }
            for row in rows
        ]
        found = dict(zip([row["Name"] for row in rows], self._insert("PermissionSet", own), strict=True))
        granted = ("PermissionsRead", "PermissionsCreate", "PermissionsEdit", "PermissionsDelete")
        opened = [
            {"ParentId": found[STANDARD_PROFILE], "SobjectType": name, **dict.fromkeys(granted, 1)}
            for name in STANDARD_USER_OBJECTS
        ]
        self._insert("ObjectPermissions", opened)

    def _permission_sets(self) -> dict[str, str]:
        sets = self._metadata.permission_sets
        rows = [
            {
                "Name": item.name,
                "Label": item.label,
                "Description": item.description[:255] or None,
                "HasActivationRequired": int(item.has_activation_required),
                "IsCustom": 1,
                "Type": "Regular",
                **{f"Permissions{name}": 1 for name in item.user_permissions},
            }
            for item in sets
        ]
        found = dict(zip([item.name for item in sets], self._insert("PermissionSet", rows), strict=True))
        objects = [row for item in sets for row in rights_rows.object_rows(found[item.name], item)]
        fields = [row for item in sets for row in rights_rows.field_rows(self._schema, found[item.name], item)]
        self._insert("ObjectPermissions", objects)
        self._insert("FieldPermissions", fields)
        return found

    def _user(self, user_id: str, username: str, name: tuple[str, str], profile_id: str) -> None:
        row = {
            "Id": user_id,
            "Username": username,
            "FirstName": name[0],
            "LastName": name[1],
            "Email": username,
            "Alias": username[:8],
            "CommunityNickname": username.partition("@")[0][:40],
            "IsActive": 1,
            "TimeZoneSidKey": "GMT",
            "ProfileId": profile_id,
            "UserType": "Standard",
            **LOCALE,
        }
        self._insert("User", [row])
        login = licences.login_row(user_id, self._counters.record_ids("0Yw", 1)[0], {})
        self._insert("UserLogin", [login])

    def _set_licences(self, integration_id: str) -> None:
        """The permission set licences of the org; the connector's user holds the one that its licence needs."""
        rows = [
            {
                "DeveloperName": name,
                "MasterLabel": label,
                "Language": "en_US",
                "PermissionSetLicenseKey": name,
                "Status": "Active",
                "TotalLicenses": total,
            }
            for name, label, total in SET_LICENCES
        ]
        made = self._insert("PermissionSetLicense", rows)
        held = [{"AssigneeId": integration_id, "PermissionSetLicenseId": record_id} for record_id in made]
        self._insert("PermissionSetLicenseAssign", held)
        licences.count(self._connection)

    def _assign(self, user_id: str, names: Sequence[str], sets: Mapping[str, str]) -> None:
        rows = [{"AssigneeId": user_id, "PermissionSetId": sets[name], "IsActive": 1} for name in names if name in sets]
        self._insert("PermissionSetAssignment", rows)

    def _task_statuses(self) -> None:
        rows = [
            {
                "MasterLabel": label,
                "ApiName": label,
                "SortOrder": place,
                "IsDefault": int(is_default),
                "IsClosed": int(is_closed),
            }
            for place, (label, is_default, is_closed) in enumerate(_STATUSES, 1)
        ]
        self._insert("TaskStatus", rows)

    def _record_types(self) -> None:
        """They come to light with Person Accounts."""
        kinds = (("Business Account", "Business_Account", 0), ("Person Account", "PersonAccount", 1))
        rows = [
            {"Name": label, "DeveloperName": name, "SobjectType": "Account", "IsActive": 1, "IsPersonType": person}
            for label, name, person in kinds
        ]
        self._insert("RecordType", rows)
