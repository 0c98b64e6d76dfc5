"""Who may own a record: an active user who can read the object."""

from collections.abc import Sequence

from connector.sandbox.salesforce import tables
from connector.sandbox.salesforce.call import Call
from connector.sandbox.salesforce.draft import Draft
from connector.sandbox.salesforce.schema import SObject


def check(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Refuse rows whose OwnerId names an inactive user, or one without Read on the object."""
    if not sobject.has_owner:
        return
    named = [item for item in drafts if not item.errors and "OwnerId" in item.given]
    owners = {str(item.values["OwnerId"]) for item in named if item.values["OwnerId"] is not None}
    refusals = {owner: _refusal(call, sobject, owner) for owner in owners if owner.startswith("005")}
    for draft in named:
        refusal = refusals.get(str(draft.values["OwnerId"]))
        if refusal is not None:
            draft.refuse(*refusal)


def _refusal(call: Call, sobject: SObject, owner_id: str) -> tuple[str, str] | None:
    user = call.org.schema.object("User")
    rows = [] if user is None else tables.select(call.org.connection, user, ["IsActive"], "Id", [owner_id])
    if rows and not rows[0][0] and not call.rights.may_use_inactive_owner(sobject):
        message = f"operation performed with inactive user [{owner_id[:15]}] as owner of {sobject.label.lower()}"
        return "INACTIVE_OWNER_OR_USER", message
    if not call.org.rights.of(owner_id).can_read(sobject):
        return "TRANSFER_REQUIRES_READ", "The new owner must have read permission"
    return None
