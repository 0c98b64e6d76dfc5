"""Profiles, permission sets, their groups, and what they open."""

from typing import Any

from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.standard.fields import (
    audit_fields,
    check,
    create_only,
    define,
    derived,
    lookup,
    make,
    pick,
    text,
)

#: User permissions that the emulated org knows, as metadata spells them; each is a column `Permissions…`.
USER_PERMISSIONS = (
    "ApiEnabled",
    "ApiUserOnly",
    "AssignPermissionSets",
    "AuthorApex",
    "BulkApiHardDelete",
    "CreateAuditFields",
    "CreateCustomizeDashboards",
    "CreateCustomizeReports",
    "CustomizeApplication",
    "DistributeFromPersWksp",
    "EditEvent",
    "EditPublicDocuments",
    "EditReadonlyFields",
    "EditTask",
    "ExportReport",
    "LightningExperienceUser",
    "ManageDashboardsInPublicFolders",
    "ManageProfilesPermissionsets",
    "ManageReportsInPublicFolders",
    "ManageUsers",
    "ModifyAllData",
    "ModifyMetadata",
    "QueryAllFiles",
    "RunReports",
    "TransferAnyEntity",
    "UpdateWithInactiveOwner",
    "ViewAllData",
    "ViewAllUsers",
    "ViewEventLogFiles",
    "ViewPublicDashboards",
    "ViewPublicReports",
    "ViewRoles",
    "ViewSetup",
)

#: What an ObjectPermissions row may grant, in the order of the platform's checks: each builds on those before it.
OBJECT_PERMISSIONS = (
    "PermissionsRead",
    "PermissionsCreate",
    "PermissionsEdit",
    "PermissionsDelete",
    "PermissionsViewAllRecords",
    "PermissionsModifyAllRecords",
    "PermissionsViewAllFields",
)

_READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False, "undeletable": False}
_SETUP: dict[str, Any] = {"undeletable": False}


def _permissions() -> list[Field]:
    return [check(f"Permissions{name}") for name in USER_PERMISSIONS]


def profile() -> SObject:
    """Profiles."""
    fields = [
        text("Name", required=True, name_field=True),
        text("Description", 255),
        derived(pick("UserType", "Standard;Guest;PowerPartner;CSPLitePortal")),
        derived(lookup("UserLicenseId", "UserLicense")),
        *_permissions(),
        *audit_fields(deleted=False),
    ]
    return define("Profile", "00e", fields, sharing="Read", **_READ_ONLY)


def permission_set() -> SObject:
    """Permission sets; each group has one of its own with Type Group, which its assignments name."""
    fields = [
        text("Name", 80, required=True, name_field=True),
        text("Label", 80, required=True),
        text("Description", 255),
        derived(check("IsOwnedByProfile")),
        derived(lookup("ProfileId", "Profile", child="PermissionSets")),
        derived(check("IsCustom", default=True)),
        derived(text("NamespacePrefix", 15)),
        check("HasActivationRequired"),
        derived(lookup("PermissionSetGroupId", "PermissionSetGroup", cascade_delete=True)),
        derived(pick("Type", "Regular*;Standard;Session;Profile;Group")),
        *_permissions(),
        *audit_fields(deleted=False),
    ]
    return define("PermissionSet", "0PS", fields, sharing="Read", **_SETUP)


def permission_set_assignment() -> SObject:
    """Who holds a permission set, directly or through a group. It has no audit field but SystemModstamp."""
    fields = [
        create_only(lookup("AssigneeId", "User", child="PermissionSetAssignments", required=True)),
        create_only(lookup("PermissionSetId", "PermissionSet", child="Assignments", cascade_delete=True)),
        create_only(lookup("PermissionSetGroupId", "PermissionSetGroup", child="Assignments", cascade_delete=True)),
        make("datetime", "ExpirationDate"),
        derived(check("IsActive", default=True)),
        make("datetime", "SystemModstamp", createable=False, updateable=False, audit=True),
    ]
    return define("PermissionSetAssignment", "0Pa", fields, sharing="Read", **_SETUP)


def permission_set_group() -> SObject:
    """Bundles of permission sets."""
    fields = [
        text("DeveloperName", 80, required=True, name_field=True),
        text("MasterLabel", 80, required=True),
        pick("Language", "en_US*;de;fr"),
        derived(text("NamespacePrefix", 15)),
        text("Description", 255),
        derived(pick("Status", "Updated*;Outdated;Updating;Failed")),
        check("HasActivationRequired"),
        *audit_fields(),
    ]
    return define("PermissionSetGroup", "0PG", fields, sharing="Read", **_SETUP)


def object_permissions(objects: tuple[str, ...]) -> SObject:
    """What a permission set opens on an object; a row exists only where it grants something."""
    labels = {"PermissionsViewAllRecords": "Read All Records", "PermissionsModifyAllRecords": "Edit All Records"}
    fields = [
        create_only(lookup("ParentId", "PermissionSet", child="ObjectPerms", required=True, cascade_delete=True)),
        create_only(
            pick("SobjectType", ";".join(objects), label="SObject Type Name", length=40, required=True, restricted=True)
        ),
        *(
            check(name, label=labels.get(name, f"{name.removeprefix('Permissions')} Records"))
            for name in OBJECT_PERMISSIONS
        ),
        *audit_fields(deleted=False),
    ]
    return define("ObjectPermissions", "110", fields, plural="Object Permissions", sharing="Read", **_SETUP)


def field_permissions(objects: tuple[str, ...]) -> SObject:
    """What a permission set opens on a field. It has no audit field but SystemModstamp."""
    fields = [
        create_only(lookup("ParentId", "PermissionSet", child="FieldPerms", required=True, cascade_delete=True)),
        create_only(
            pick("SobjectType", ";".join(objects), label="SObject Type Name", length=40, required=True, restricted=True)
        ),
        create_only(pick("Field", "", label="Field Name", length=255, required=True)),
        check("PermissionsRead", label="Read Field"),
        check("PermissionsEdit", label="Edit Field"),
        make("datetime", "SystemModstamp", createable=False, updateable=False, audit=True),
    ]
    return define("FieldPermissions", "01k", fields, plural="Field Permissions", sharing="Read", **_SETUP)


def permission_set_group_component() -> SObject:
    """What a permission set group contains."""
    fields = [
        create_only(
            lookup(
                "PermissionSetGroupId",
                "PermissionSetGroup",
                child="PermissionSetGroupComponents",
                required=True,
                cascade_delete=True,
            )
        ),
        create_only(
            lookup(
                "PermissionSetId",
                "PermissionSet",
                child="PermissionSetGroupComponents",
                required=True,
                cascade_delete=True,
            )
        ),
        *audit_fields(),
    ]
    return define("PermissionSetGroupComponent", "0PM", fields, sharing="Read", **_SETUP)
