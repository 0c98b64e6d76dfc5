"""EmailMessage: what the platform derives, who is related to a mail, and that a mail which was sent does not change.

Object Reference, "EmailMessage": update() is for drafts; of any other mail only IsExternallyVisible and custom fields
change (RelatedToId too where IsClientManaged), and its Status goes from New to Read.
"""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.values.draft import Draft

_NEW, _READ, _DRAFT = "0", "1", "5"
#: The junction lists with the kind of relation that each makes.
_LISTS = {"ToIds": "ToAddress", "CcIds": "CcAddress", "BccIds": "BccAddress"}
_TAG = re.compile(r"<[^>]*>")


def derive(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Complete new mails and relations; refuse changes of what was sent."""
    good = [draft for draft in drafts if not draft.errors]
    if sobject.name == "EmailMessageRelation":
        for draft in good:
            _name_object(call, draft)
    elif sobject.name == "EmailMessage":
        for draft in good:
            _check_people(call, draft)
            if draft.old is None:
                _complete(draft.values)
            else:
                _refuse_changes(sobject, draft)


def _complete(values: dict[str, Any]) -> None:
    if values.get("TextBody") is None and values.get("HtmlBody") is not None:
        values["TextBody"] = html.unescape(_TAG.sub("", str(values["HtmlBody"]))).strip() or None


def _check_people(call: Call, draft: Draft) -> None:
    for name in _LISTS:
        for record_id in draft.values.get(name) or ():
            target = call.org.schema.of_id(str(record_id))
            known = target is not None and target.name in ("Contact", "Lead", "User")
            rows = tables.select(call.org.connection, target, ["Id"], "Id", [record_id]) if known and target else []
            if not rows:
                draft.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", name)
                return


def _refuse_changes(sobject: SObject, draft: Draft) -> None:
    old = draft.old or {}
    if old.get("Status") == _DRAFT:
        return
    allowed = {"IsExternallyVisible"} | ({"RelatedToId"} if old.get("IsClientManaged") else set())
    if old.get("Status") == _NEW and draft.values.get("Status") == _READ:
        allowed.add("Status")
    fields = {name: sobject.field(name) for name in draft.given}
    refused = sorted(name for name, field in fields.items() if name not in allowed and not (field and field.custom))
    if refused:
        message = "Only drafts can be edited: of other email messages external visibility and custom fields only"
        draft.refuse("INSUFFICIENT_ACCESS_OR_READONLY", message, *refused)


def _name_object(call: Call, draft: Draft) -> None:
    related = draft.current("RelationId")
    target = call.org.schema.of_id(str(related)) if related else None
    draft.values["RelationObjectType"] = target.name if target else None


def relate(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Write the relations that the junction lists of a mail name; a list that is sent replaces those of its kind."""
    if sobject.name != "EmailMessage":
        return
    relation = call.org.schema.objects["emailmessagerelation"]
    wanted = [row for draft in drafts for row in _relations(call, draft)]
    for draft in drafts:
        for name, kind in _LISTS.items():
            if name in draft.given and draft.old is not None:
                call.org.connection.execute(
                    'DELETE FROM "EmailMessageRelation" WHERE "EmailMessageId" = ? AND "RelationType" = ?',
                    (draft.record_id, kind),
                )
    new_ids = call.org.counters.record_ids(relation.key_prefix, len(wanted)) if wanted else []
    instant = format_datetime(call.now)
    stamps: dict[str, Any] = {
        **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), instant),
        **dict.fromkeys(("CreatedById", "LastModifiedById"), call.user_id),
    }
    rows = [{"Id": new_id, **stamps, **row} for new_id, row in zip(new_ids, wanted, strict=True)]
    tables.insert(call.org.connection, relation, rows)


def _relations(call: Call, draft: Draft) -> Iterator[dict[str, Any]]:
    for name, kind in _LISTS.items():
        for record_id in draft.values.get(name) or ():
            target = call.org.schema.of_id(str(record_id))
            if target is None:
                continue
            found = tables.select(call.org.connection, target, ["Email"], "Id", [record_id])
            yield {
                "EmailMessageId": draft.record_id,
                "RelationId": record_id,
                "RelationType": kind,
                "RelationAddress": found[0][0] if found else None,
                "RelationObjectType": target.name,
            }
