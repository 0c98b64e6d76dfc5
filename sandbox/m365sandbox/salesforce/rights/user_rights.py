"""What a user may do: the union of a profile and the permission sets held directly or through a group.

Salesforce help, "User Permissions and Access": object permissions open objects, field permissions open fields, and
ViewAllData and ModifyAllData open objects and records but never fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.metadata import FieldPermission, ObjectPermission
from m365sandbox.salesforce.standard import USER_PERMISSIONS

RecordAccess = Literal["read", "edit", "delete"]

ADMINISTRATOR_PROFILE = "System Administrator"
STANDARD_PROFILE = "Standard User"
INTEGRATION_PROFILE = "Minimum Access - API Only Integrations"

#: User permissions that no standard profile holds, not even the administrator's.
NOT_IN_PROFILES = frozenset(
    {"ApiUserOnly", "BulkApiHardDelete", "CreateAuditFields", "QueryAllFiles", "UpdateWithInactiveOwner"}
)

#: Profiles of the org with the user permissions they hold; the administrator's is all but NOT_IN_PROFILES.
PROFILES: Mapping[str, frozenset[str] | None] = {
    ADMINISTRATOR_PROFILE: None,
    STANDARD_PROFILE: frozenset({"ApiEnabled", "EditTask", "EditEvent", "RunReports", "LightningExperienceUser"}),
    INTEGRATION_PROFILE: frozenset({"ApiEnabled", "ApiUserOnly"}),
}

#: What the Standard User profile opens; the administrator's ModifyAllData opens every object without rows.
STANDARD_USER_OBJECTS = ("Account", "Contact", "Lead")

#: Objects of Setup that every internal user reads, each with the user permission that opens the writing.
SETUP_OBJECTS: Mapping[str, str] = {
    "FieldPermissions": "ManageProfilesPermissionsets",
    "Group": "ManageUsers",
    "ObjectPermissions": "ManageProfilesPermissionsets",
    "Organization": "CustomizeApplication",
    "PermissionSet": "ManageProfilesPermissionsets",
    "PermissionSetAssignment": "AssignPermissionSets",
    "PermissionSetGroup": "ManageProfilesPermissionsets",
    "PermissionSetGroupComponent": "ManageProfilesPermissionsets",
    "PermissionSetLicense": "CustomizeApplication",
    "PermissionSetLicenseAssign": "AssignPermissionSets",
    "Profile": "ManageProfilesPermissionsets",
    "RecordType": "CustomizeApplication",
    "TaskStatus": "CustomizeApplication",
    "User": "ManageUsers",
    "UserLicense": "CustomizeApplication",
    "UserLogin": "ManageUsers",
    "UserRole": "ManageUsers",
}
#: Object Reference, "Special Access Rules": only users with one of these permissions can access the object.
_SHOWN_WITH: Mapping[str, tuple[str, ...]] = {
    "FieldPermissions": ("ViewSetup",),
    "ObjectPermissions": ("ViewSetup",),
    "PermissionSetLicenseAssign": ("ViewSetup", "AssignPermissionSets"),
    "UserLogin": ("ManageUsers",),
}
#: Activities have no object permissions: everyone reads them, EditTask and EditEvent open the writing.
_ACTIVITY_PERMISSION = {
    "Task": "EditTask",
    "TaskRelation": "EditTask",
    "Event": "EditEvent",
    "EmailMessage": "EditTask",
    "EmailMessageRelation": "EditTask",
}
FILE_OBJECTS = frozenset({"ContentVersion", "ContentDocument", "ContentDocumentLink"})

_AUDIT_NAMES = frozenset({"CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate"})
#: Standard objects that take audit fields on insert (Salesforce help 000176484); every custom object does.
_AUDIT_OBJECTS = frozenset(
    {"Account", "Attachment", "Case", "Contact", "ContentNote", "ContentVersion", "EmailMessage", "Event", "Lead"}
    | {"Opportunity", "Task"}
)
#: Standard objects whose records may belong to an inactive user with UpdateWithInactiveOwner; every custom one may.
_INACTIVE_OWNER_OBJECTS = frozenset({"Account", "Asset", "Case", "Contact", "Lead", "Note", "Opportunity", "Order"})


_NO_OBJECT_PERMISSION = ObjectPermission(object="")


@dataclass(frozen=True, slots=True)
class AuditSwitches:
    """The org's settings that CreateAuditFields and UpdateWithInactiveOwner depend on."""

    enabled: bool
    need_modify_all: bool


class Rights:
    """The rights of everyone with the same profile, user permissions and permission sets."""

    def __init__(
        self,
        profile: str,
        permissions: frozenset[str],
        objects: Mapping[str, ObjectPermission],
        fields: Mapping[tuple[str, str], FieldPermission],
        switches: AuditSwitches,
    ) -> None:
        self.profile = profile
        self.permissions = permissions
        self._objects = objects
        self._fields = fields
        self._switches = switches

    def has(self, permission: str) -> bool:
        """Whether the user holds a user permission such as ViewSetup."""
        return permission in self.permissions

    # --- objects

    def can_read(self, sobject: SObject) -> bool:
        """Whether the object is there at all for the user."""
        if sobject.name in _SHOWN_WITH:
            return any(self.has(permission) for permission in _SHOWN_WITH[sobject.name])
        always = sobject.name in SETUP_OBJECTS or sobject.name in _ACTIVITY_PERMISSION or sobject.name in FILE_OBJECTS
        return always or self.sees_all(sobject) or self._on(sobject).read

    def can_create(self, sobject: SObject) -> bool:
        """Whether the user may insert rows."""
        return sobject.createable and self._may(sobject, "create")

    def can_edit(self, sobject: SObject) -> bool:
        """Whether the user may update rows (those that sharing opens)."""
        return sobject.updateable and self._may(sobject, "edit")

    def can_delete(self, sobject: SObject) -> bool:
        """Whether the user may delete rows (those that sharing opens)."""
        return sobject.deletable and self._may(sobject, "delete")

    def sees_all(self, sobject: SObject) -> bool:
        """Whether sharing does not hide rows from the user."""
        if self.has("ViewAllData") or self.has("ModifyAllData"):
            return True
        found = self._on(sobject)
        return found.view_all or found.modify_all

    def modifies_all(self, sobject: SObject) -> bool:
        """Whether sharing does not keep the user from editing and deleting rows."""
        return self.has("ModifyAllData") or self._on(sobject).modify_all

    def _may(self, sobject: SObject, verb: str) -> bool:
        needed = SETUP_OBJECTS.get(sobject.name)
        if needed is not None:
            return self.has(needed)
        activity = _ACTIVITY_PERMISSION.get(sobject.name)
        if activity is not None:
            return self.has(activity) or self.has("ModifyAllData")
        if sobject.name in FILE_OBJECTS or self.modifies_all(sobject):
            return True
        return bool(getattr(self._on(sobject), verb))

    def _on(self, sobject: SObject) -> ObjectPermission:
        return self._objects.get(sobject.name.lower(), _NO_OBJECT_PERMISSION)

    # --- fields

    def can_read_field(self, sobject: SObject, field: Field) -> bool:
        """Whether field-level security shows the field; ModifyAllData is no reason to."""
        if not field.permissionable or self._on(sobject).view_all_fields:
            return True
        return self._profile_opens(sobject, field) or self._granted(sobject, field, edit=False)

    def can_edit_field(self, sobject: SObject, field: Field) -> bool:
        """Whether an update may name the field."""
        return field.updateable and self._is_writable(sobject, field)

    def can_create_field(self, sobject: SObject, field: Field) -> bool:
        """Whether an insert may name the field; audit fields need a permission of their own."""
        if field.audit:
            return field.name in _AUDIT_NAMES and self.may_set_audit_fields(sobject)
        return field.createable and self._is_writable(sobject, field)

    def _is_writable(self, sobject: SObject, field: Field) -> bool:
        if not field.permissionable:
            return True
        return self._profile_opens(sobject, field) or self._granted(sobject, field, edit=True)

    def _profile_opens(self, sobject: SObject, field: Field) -> bool:
        """Profiles open standard fields; custom ones are deployed with no profile, so none opens them."""
        if field.custom:
            return False
        if self.profile == INTEGRATION_PROFILE:
            return sobject.name in _ACTIVITY_PERMISSION or sobject.name in FILE_OBJECTS
        return True

    def _granted(self, sobject: SObject, field: Field, *, edit: bool) -> bool:
        found = self._fields.get((sobject.name.lower(), field.name.lower()))
        return found is not None and (found.editable or (found.readable and not edit))

    # --- audit fields and inactive owners

    def may_set_audit_fields(self, sobject: SObject) -> bool:
        """CreateAuditFields, and whether the object is one that takes audit fields."""
        return self._has_switched("CreateAuditFields") and (sobject.custom or sobject.name in _AUDIT_OBJECTS)

    def may_use_inactive_owner(self, sobject: SObject) -> bool:
        """UpdateWithInactiveOwner; Task is not among the objects it covers."""
        covered = sobject.custom or sobject.name in _INACTIVE_OWNER_OBJECTS
        return covered and self._has_switched("UpdateWithInactiveOwner")

    def _has_switched(self, permission: str) -> bool:
        """A permission behind the org's audit switch; some orgs ask for ModifyAllData beside it."""
        if self._switches.need_modify_all and not self.has("ModifyAllData"):
            return False
        return self._switches.enabled and self.has(permission)


class AllRights(Rights):
    """May do whatever the schema allows: the org's own hand, when it is seeded."""

    def __init__(self) -> None:
        super().__init__(ADMINISTRATOR_PROFILE, frozenset(USER_PERMISSIONS), {}, {}, AuditSwitches(True, False))

    def can_read_field(self, sobject: SObject, field: Field) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def can_edit_field(self, sobject: SObject, field: Field) -> bool:  # noqa: ARG002
        """Whatever can be changed at all."""
        return field.updateable

    def can_create_field(self, sobject: SObject, field: Field) -> bool:  # noqa: ARG002
        """Whatever can be written at all, and audit fields on every object."""
        return field.createable or field.name in _AUDIT_NAMES

    def may_use_inactive_owner(self, sobject: SObject) -> bool:  # noqa: ARG002
        """Always."""
        return True
