"""The objects behind Setup: the org, its users and what they may do."""

from typing import Any

from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.standard.fields import (
    address,
    area,
    audit_fields,
    check,
    define,
    derived,
    lookup,
    make,
    number,
    person_name,
    pick,
    seen,
    text,
)

_READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False, "undeletable": False}
_SETUP: dict[str, Any] = {"undeletable": False}


#: Columns of Organization that name an org-wide default, with its value here.
DEFAULT_ACCESS = {"DefaultAccountAccess": "Edit", "DefaultContactAccess": "Edit", "DefaultLeadAccess": "Edit"}


def organization() -> SObject:
    """The org itself: one row."""
    fields = [
        text("Name", 80, required=True, name_field=True),
        text("Division", 80),
        *address(""),
        make("phone", "Phone"),
        make("phone", "Fax"),
        text("PrimaryContact", 80),
        pick("DefaultLocaleSidKey", "", length=40, required=True),
        pick("TimeZoneSidKey", "", length=40, required=True),
        pick("LanguageLocaleKey", "", length=40, required=True),
        *(derived(pick(name, "None;Read;Edit;ControlledByParent", length=40)) for name in DEFAULT_ACCESS),
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
        *address(""),
        make("email", "Email", 128, required=True, id_lookup=True),
        make("phone", "Phone"),
        make("phone", "MobilePhone"),
        make("phone", "Fax"),
        text("Extension", 40),
        text("Signature", 1333),
        make("email", "SenderEmail"),
        text("SenderName", 80),
        area("AboutMe", 1000, filterable=False, sortable=False, groupable=False),
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
        lookup("UserRoleId", "UserRole", child="Users"),
        lookup("ManagerId", "User", child="ManagedUsers"),
        lookup("DelegatedApproverId", "Group", "User"),
        check("EmailPreferencesAutoBcc"),
        check("EmailPreferencesAutoBccStayInTouch"),
        check("EmailPreferencesStayInTouchReminder"),
        check("ReceivesInfoEmails"),
        check("ReceivesAdminInfoEmails"),
        derived(check("ForecastEnabled")),
        derived(make("datetime", "LastPasswordChangeDate")),
        derived(lookup("ContactId", "Contact")),
        derived(lookup("AccountId", "Account")),
        *seen(),
        derived(make("datetime", "LastLoginDate")),
        *audit_fields(deleted=False),
    ]
    return define("User", "005", fields, sharing="Read", **{**_SETUP, "deletable": False})


def user_role() -> SObject:
    """The role hierarchy: who stands above an owner has the owner's access."""
    fields = [
        text("Name", 80, required=True, name_field=True),
        text("DeveloperName", 80, required=True, unique=True),
        lookup("ParentRoleId", "UserRole"),
        text("RollupDescription", 80),
        make("datetime", "LastModifiedDate", createable=False, updateable=False, audit=True),
        lookup("LastModifiedById", "User", createable=False, updateable=False, audit=True),
        make("datetime", "SystemModstamp", createable=False, updateable=False, audit=True),
    ]
    return define("UserRole", "00E", fields, label="Role", sharing="Read", **_SETUP)


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


def record_type() -> SObject:
    """Kinds of records of one object; here only those of Account, with Person Accounts."""
    fields = [
        text("Name", 80, required=True, name_field=True),
        text("DeveloperName", 80, required=True, label="Record Type Name"),
        derived(text("NamespacePrefix", 15)),
        text("Description"),
        pick("SobjectType", "Account", label="SObject Type Name", length=40, required=True, restricted=True),
        check("IsActive", label="Active"),
        derived(check("IsPersonType", label="Is Person Type")),
        *audit_fields(deleted=False),
    ]
    return define("RecordType", "012", fields, sharing="Read", **_READ_ONLY)
