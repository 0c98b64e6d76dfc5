"""The objects behind Setup: the org, its users and what they may do."""

from typing import Any

from connector.sandbox.salesforce.schema import Field, SObject
from connector.sandbox.salesforce.standard.fields import (
    area,
    audit_fields,
    check,
    create_only,
    define,
    derived,
    lookup,
    make,
    number,
    person_name,
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

_READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False, "undeletable": False}
_SETUP: dict[str, Any] = {"undeletable": False}


def _permissions() -> list[Field]:
    return [check(f"Permissions{name}") for name in USER_PERMISSIONS]


def organization() -> SObject:
    """The org itself: one row."""
    fields = [
        text("Name", 80, required=True, name_field=True),
        text("Division", 80),
        area("Street", 255),
        text("City", 40),
        text("State", 80),
        text("PostalCode", 20),
        text("Country", 80),
        make("phone", "Phone"),
        make("phone", "Fax"),
        text("PrimaryContact", 80),
        pick("DefaultLocaleSidKey", "", length=40),
        pick("TimeZoneSidKey", "", length=40),
        pick("LanguageLocaleKey", "", length=40),
        number("FiscalYearStartMonth", default=1),
        pick(
            "OrganizationType",
            "Team Edition;Professional Edition;Enterprise Edition;Developer Edition;Unlimited Edition",
        ),
        text("NamespacePrefix", 15),
        text("InstanceName", 5),
        check("IsSandbox"),
        check("IsReadOnly"),
        make("datetime", "TrialExpirationDate"),
        text("SignupCountryIsoCode", 2),
        *audit_fields(deleted=False),
    ]
    return define("Organization", "00D", fields, sharing="Read", **{**_READ_ONLY, "updateable": True})


def user() -> SObject:
    """People and the connector's own account. Users are never deleted, only made inactive."""
    fields = [
        text("Username", 80, required=True, unique=True, id_lookup=True),
        text("LastName", 80, required=True),
        text("FirstName", 40),
        person_name(),
        text("CompanyName", 80),
        text("Division", 80),
        text("Department", 80),
        text("Title", 80),
        area("Street", 255),
        text("City", 40),
        text("State", 80),
        text("PostalCode", 20),
        text("Country", 80),
        make("email", "Email", 128, required=True, id_lookup=True),
        make("phone", "Phone"),
        make("phone", "MobilePhone"),
        text("Alias", 8, required=True),
        text("CommunityNickname", 40),
        text("EmployeeNumber", 20),
        text("FederationIdentifier", 512),
        check("IsActive", default=True),
        pick("TimeZoneSidKey", "", length=40, required=True),
        pick("LocaleSidKey", "", length=40, required=True),
        pick("EmailEncodingKey", "", length=40, required=True),
        pick("LanguageLocaleKey", "", length=40, required=True),
        lookup("ProfileId", "Profile", child="Users", required=True),
        derived(
            pick(
                "UserType",
                "Standard;PowerPartner;CSPLitePortal;CustomerSuccess;PowerCustomerSuccess;"
                "CsnOnly;Guest;AutomatedProcess",
            )
        ),
        lookup("ManagerId", "User", child="ManagedUsers"),
        derived(make("datetime", "LastLoginDate")),
        *audit_fields(deleted=False),
    ]
    return define("User", "005", fields, sharing="Read", **{**_SETUP, "deletable": False})


def group() -> SObject:
    """Public groups and queues, which may own records."""
    fields = [
        text("Name", 40, required=True, name_field=True),
        text("DeveloperName", 80),
        pick("Type", "Regular;Organization;Queue;AllCustomerPortal"),
        make("email", "Email", 255),
        check("DoesIncludeBosses"),
        *audit_fields(deleted=False),
    ]
    return define("Group", "00G", fields, sharing="Read", **_SETUP)


def profile() -> SObject:
    """Profiles."""
    fields = [
        text("Name", required=True, name_field=True),
        text("Description", 255),
        derived(pick("UserType", "Standard;Guest;PowerPartner;CSPLitePortal")),
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
        derived(lookup("PermissionSetGroupId", "PermissionSetGroup")),
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
