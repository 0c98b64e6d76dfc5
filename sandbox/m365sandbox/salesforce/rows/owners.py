"""Who may own a record: an active user who can read the object."""

from collections.abc import Mapping, Sequence
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.values.draft import Draft


def check(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Refuse rows whose OwnerId names an inactive user, or one without Read on the object; and who may not transfer."""
    if not sobject.has_owner:
        return
    named = [item for item in drafts if not item.errors and "OwnerId" in item.given and _is_new(item)]
    owners = {str(item.values["OwnerId"]) for item in named if item.values["OwnerId"] is not None}
    refusals = {owner: _refusal(call, sobject, owner) for owner in owners if owner.startswith("005")}
    for draft in named:
        refusal = refusals.get(str(draft.values["OwnerId"]))
        if refusal is not None:
            draft.refuse(*refusal)
        elif draft.old is not None and not _may_transfer(call, sobject, draft.old):
            draft.refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def _is_new(draft: Draft) -> bool:
    """An update that names the owner it finds transfers nothing."""
    return draft.old is None or draft.old.get("OwnerId") != draft.values["OwnerId"]


def _may_transfer(call: Call, sobject: SObject, old: Mapping[str, Any]) -> bool:
    """Salesforce help, "Transfer Records": who does not own a record needs Transfer Record, or Modify All."""
    if old.get("OwnerId") == call.user_id or call.rights.has("TransferAnyEntity"):
        return True
    return call.rights.modifies_all(sobject)


def _refusal(call: Call, sobject: SObject, owner_id: str) -> tuple[str, str] | None:
    user = call.org.schema.object("User")
    rows = [] if user is None else tables.select(call.org.connection, user, ["IsActive"], "Id", [owner_id])
    if rows and not rows[0][0] and not call.rights.may_use_inactive_owner(sobject):
        message = f"operation performed with inactive user [{owner_id[:15]}] as owner of {sobject.label.lower()}"
        return "INACTIVE_OWNER_OR_USER", message
    if not call.org.rights.of(owner_id).can_read(sobject):
        return "TRANSFER_REQUIRES_READ", "The new owner must have read permission"
    return None
