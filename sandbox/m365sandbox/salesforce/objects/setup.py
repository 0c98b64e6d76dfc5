"""What the platform adds to new rows: the permission set behind a group, users' derived fields, the kind of account."""

from collections.abc import Sequence
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.objects import licences, person_accounts
from m365sandbox.salesforce.objects import permissions as permissions_written
from m365sandbox.salesforce.rights import licences as licence_rows
from m365sandbox.salesforce.values.draft import Draft


def derive(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Complete rows before they are checked for required values."""
    permissions_written.check(call, sobject, drafts)
    person_accounts.begin(call, sobject, drafts)
    good = [draft for draft in drafts if not draft.errors]
    if sobject.name == "PermissionSetAssignment":
        _name_group_sets(call, good)
    elif sobject.name == "User":
        for draft in good:
            draft.values["UserType"] = "Standard"
            if draft.values.get("CommunityNickname") is None:
                draft.values["CommunityNickname"] = str(draft.values.get("Username") or "").partition("@")[0][:40]


def _name_group_sets(call: Call, drafts: Sequence[Draft]) -> None:
    """Object Reference: an assignment of a group names the group, and as its permission set the group's own."""
    sets = _permission_sets(call)
    groups = [str(draft.values["PermissionSetGroupId"]) for draft in drafts if draft.values.get("PermissionSetGroupId")]
    rows = tables.select(call.org.connection, sets, ["PermissionSetGroupId", "Id"], "PermissionSetGroupId", groups)
    own = {row[0]: row[1] for row in rows}
    held = _held(call, [str(draft.values.get("AssigneeId")) for draft in drafts])
    for draft in drafts:
        group = draft.values.get("PermissionSetGroupId")
        if group:
            draft.values["PermissionSetId"] = own.get(group)
        elif draft.values.get("PermissionSetId") is None:
            draft.refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [PermissionSetId]", "PermissionSetId")
        pair = (draft.values.get("AssigneeId"), draft.values.get("PermissionSetId"))
        if pair in held:
            draft.refuse(
                "DUPLICATE_VALUE", f"Duplicate PermissionSetAssignment. Assignee: {pair[0]}; Permission Set: {pair[1]}"
            )
        held.add(pair)


def _held(call: Call, assignees: list[str]) -> set[tuple[Any, Any]]:
    assignments = call.org.schema.object("PermissionSetAssignment")
    if assignments is None:
        return set()
    names = ["AssigneeId", "PermissionSetId"]
    return {(row[0], row[1]) for row in tables.select(call.org.connection, assignments, names, "AssigneeId", assignees)}


def _permission_sets(call: Call) -> SObject:
    found = call.org.schema.object("PermissionSet")
    if found is None:
        raise LookupError("PermissionSet")
    return found


def after_insert(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """A new user may sign in; a new permission set group gets a permission set of its own, of type Group."""
    if sobject.name == "User" and drafts:
        licences.new_logins(call, drafts)
    elif sobject.name == "PermissionSetLicenseAssign" and drafts:
        licence_rows.count(call.org.connection)
    if sobject.name != "PermissionSetGroup" or not drafts:
        return
    sets = _permission_sets(call)
    new_ids = call.org.counters.record_ids(sets.key_prefix, len(drafts))
    instant = format_datetime(call.now)
    rows = [
        {
            "Id": new_id,
            "Name": f"00e{str(draft.record_id)[3:15]}",
            "Label": draft.values["MasterLabel"],
            "Type": "Group",
            "IsCustom": 1,
            "PermissionSetGroupId": draft.record_id,
            **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), instant),
            **dict.fromkeys(("CreatedById", "LastModifiedById"), call.user_id),
        }
        for new_id, draft in zip(new_ids, drafts, strict=True)
    ]
    tables.insert(call.org.connection, sets, rows)
