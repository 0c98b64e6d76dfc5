"""Rules of single standard objects that no property of a field tells: users, assignments, hierarchies, links of files.

Each is what the Object Reference or the list of status codes of the SOAP API guide says of the object.
"""

import re
from collections.abc import Sequence
from zoneinfo import available_timezones

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.objects import licences
from m365sandbox.salesforce.rights.user_rights import AllRights
from m365sandbox.salesforce.values.draft import Draft

#: Lookups of an object to itself that make a hierarchy.
_HIERARCHIES = {"Account": "ParentId", "Contact": "ReportsToId", "User": "ManagerId"}
_USERNAME = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def check(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Refuse rows that the platform's own rules for the object forbid."""
    good = [draft for draft in drafts if not draft.errors]
    if sobject.name == "User":
        for draft in good:
            _check_user(call, draft)
    elif sobject.name == "PermissionSetAssignment":
        _check_assigned_sets(call, good)
        licences.refuse_unlicensed(call, [draft for draft in good if draft.old is None and not draft.errors])
    elif sobject.name == "ContentDocumentLink":
        _refuse_second_links(call, sobject, good)
    if sobject.name in _HIERARCHIES:
        for draft in good:
            _check_hierarchy(call, sobject, _HIERARCHIES[sobject.name], draft)


def _check_user(call: Call, draft: Draft) -> None:
    """Object Reference, "User": a username has the form of an email address; the time zone is a restricted picklist.

    Whoever fills the org by the sandbox's own control may call users as they like.
    """
    username, zone = draft.values.get("Username"), draft.values.get("TimeZoneSidKey")
    if username and not isinstance(call.rights, AllRights) and _USERNAME.fullmatch(str(username)) is None:
        message = "Username must be in the form of an email address (for example, john@acme.com)"
        draft.refuse("INVALID_EMAIL_ADDRESS", message, "Username")
    if zone and zone not in available_timezones():
        message = f"Time Zone: bad value for restricted picklist field: {zone}"
        draft.refuse("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, "TimeZoneSidKey")


def _check_assigned_sets(call: Call, drafts: Sequence[Draft]) -> None:
    """Object Reference, "PermissionSet": one that a profile owns comes with the profile and is not assigned."""
    new = {str(draft.values.get("PermissionSetId")) for draft in drafts if draft.old is None}
    sets = call.org.schema.objects["permissionset"]
    rows = tables.select(call.org.connection, sets, ["Id", "IsOwnedByProfile"], "Id", new)
    owned = {row[0] for row in rows if row[1]}
    for draft in drafts:
        if draft.values.get("PermissionSetId") in owned:
            message = "A permission set that is owned by a profile can't be assigned"
            draft.refuse("FIELD_INTEGRITY_EXCEPTION", message, "PermissionSetId")


def _refuse_second_links(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Observed: a document is linked with an entity once."""
    new = [draft for draft in drafts if draft.old is None]
    documents = {str(draft.values.get("ContentDocumentId")) for draft in new}
    names = ["ContentDocumentId", "LinkedEntityId"]
    linked = set(tables.select(call.org.connection, sobject, names, "ContentDocumentId", documents))
    for draft in new:
        document, entity = pair = (draft.values.get("ContentDocumentId"), draft.values.get("LinkedEntityId"))
        if pair in linked:
            message = f"Document with ID: {document} is already linked with the entity with ID: {entity}"
            draft.refuse("DUPLICATE_VALUE", message)
        linked.add(pair)


def _check_hierarchy(call: Call, sobject: SObject, name: str, draft: Draft) -> None:
    """SOAP API guide, CIRCULAR_DEPENDENCY: no record stands above itself."""
    above = draft.values.get(name) if draft.old is not None else None
    seen: set[object] = set()
    while above is not None and above not in seen:
        if above == draft.record_id:
            draft.refuse("CIRCULAR_DEPENDENCY", "attempting to violate hierarchy constraints", name)
            return
        seen.add(above)
        rows = tables.select(call.org.connection, sobject, [name], "Id", [str(above)])
        above = rows[0][0] if rows else None
