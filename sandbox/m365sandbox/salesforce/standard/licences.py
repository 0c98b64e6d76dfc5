"""Licences of users, permission set licences, who holds one, and whether a user may sign in."""

from typing import Any

from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.standard.fields import (
    audit_fields,
    check,
    create_only,
    define,
    derived,
    lookup,
    make,
    number,
    pick,
    text,
)

_READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False, "undeletable": False}
_STATUS = "Active*;Disabled"

INTEGRATION_LICENCE = "Salesforce Integration"
#: Licences of users: name, key and how many the org has. Five of the second come with an Enterprise org.
USER_LICENCES = (("Salesforce", "SFDC", 1_000), (INTEGRATION_LICENCE, "SALESFORCE_INTEGRATION", 5))
#: Permission set licences: name, label and how many the org has.
INTEGRATION_SET_LICENCE = "SalesforceAPIIntegrationPsl"
SET_LICENCES = ((INTEGRATION_SET_LICENCE, "Salesforce API Integration", 5),)


def user_license() -> SObject:
    """What a profile is made for; it bounds what permission sets may give."""
    fields = [
        text("LicenseDefinitionKey", 40),
        text("Name", 40, required=True, name_field=True),
        text("MasterLabel", 80),
        pick("Status", _STATUS),
        number("TotalLicenses"),
        number("UsedLicenses"),
        make("datetime", "CreatedDate", createable=False, updateable=False, audit=True),
        make("datetime", "LastModifiedDate", createable=False, updateable=False, audit=True),
        make("datetime", "SystemModstamp", createable=False, updateable=False, audit=True),
    ]
    return define("UserLicense", "100", fields, sharing="Read", **_READ_ONLY)


def permission_set_license() -> SObject:
    """A licence that users get one by one, beside that of their profile."""
    fields = [
        text("DeveloperName", 80, required=True, name_field=True),
        text("MasterLabel", 80, required=True),
        pick("Language", "en_US*;de;fr"),
        text("PermissionSetLicenseKey", 81),
        pick("Status", _STATUS),
        make("date", "ExpirationDate"),
        number("TotalLicenses"),
        number("UsedLicenses"),
        *audit_fields(deleted=False),
    ]
    return define("PermissionSetLicense", "0PL", fields, sharing="Read", **_READ_ONLY)


def permission_set_license_assign() -> SObject:
    """Who holds a permission set licence."""
    holder = lookup("AssigneeId", "User", child="PermissionSetLicenseAssignments", required=True)
    licence = lookup("PermissionSetLicenseId", "PermissionSetLicense", child="PermissionSetLicenseAssignments")
    fields = [create_only(holder), create_only(licence), *audit_fields(deleted=False)]
    return define("PermissionSetLicenseAssign", "2LA", fields, sharing="Read", updateable=False, undeletable=False)


def user_login() -> SObject:
    """Whether a user may sign in: one row for each user, made with the user."""
    fields = [
        derived(lookup("UserId", "User")),
        check("IsFrozen"),
        check("IsPasswordLocked"),
        make("datetime", "LastModifiedDate", createable=False, updateable=False, audit=True),
        lookup("LastModifiedById", "User", createable=False, updateable=False, audit=True),
    ]
    read_only = {**_READ_ONLY, "updateable": True}
    return define("UserLogin", "0Yw", fields, sharing="Read", **read_only)
