"""What the platform derives for tasks: the account, whether they are closed, and their relations.

Updates of accounts, mail, users and permissions pass here too, on their way to the modules that know them.

Object Reference, "Task" and "TaskRelation". With Shared Activities `TaskWhoIds` names up to 50 contacts, the first of
which is WhoId, and every relation is a TaskRelation row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.objects import events, mail, person_accounts, platform_rules
from m365sandbox.salesforce.objects import permissions as permissions_written
from m365sandbox.salesforce.values.draft import Draft

MAX_WHO_IDS = 50


def derive(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Fill in what the platform derives, and refuse updates that it does not allow."""
    mail.derive(call, sobject, drafts)
    platform_rules.check(call, sobject, drafts)
    if any(draft.old is not None for draft in drafts):
        person_accounts.change(call, sobject, drafts)
        permissions_written.check(call, sobject, drafts)
    good = [draft for draft in drafts if not draft.errors]
    if sobject.name == "Event":
        events.derive(good)
    if sobject.name not in ("Task", "Event"):
        return
    if sobject.name == "Task":
        for draft in good:
            _take_first_who(call, draft)
    accounts = _accounts_of_contacts(call, [draft.current("WhoId") for draft in good])
    for draft in good:
        what = draft.current("WhatId")
        draft.values["AccountId"] = what if str(what).startswith("001") else accounts.get(str(draft.current("WhoId")))
    if sobject.name == "Task":
        _close(call, sobject, good)


def _take_first_who(call: Call, draft: Draft) -> None:
    """`TaskWhoIds` names one lead or up to 50 contacts; the first is WhoId."""
    who_ids = draft.values.get("TaskWhoIds")
    if who_ids is None:
        return
    kinds = [_kind_of_person(call, str(item)) for item in who_ids]
    if None in kinds:
        draft.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "TaskWhoIds")
    elif len(who_ids) > MAX_WHO_IDS:
        draft.refuse("LIMIT_EXCEEDED", f"A task relates to {MAX_WHO_IDS} contacts at most", "TaskWhoIds")
    elif "Lead" in kinds and len(who_ids) > 1:
        message = "A task relates to one lead or to contacts, not to both"
        draft.refuse("FIELD_INTEGRITY_EXCEPTION", message, "TaskWhoIds")
    else:
        draft.values["WhoId"] = who_ids[0] if who_ids else None
        draft.given.add("WhoId")


def _kind_of_person(call: Call, record_id: str) -> str | None:
    target = call.org.schema.of_id(record_id)
    if target is None or target.name not in ("Contact", "Lead"):
        return None
    return target.name if tables.select(call.org.connection, target, ["Id"], "Id", [record_id]) else None


def _accounts_of_contacts(call: Call, who_ids: Sequence[Any]) -> dict[str, str]:
    contact = call.org.schema.object("Contact")
    if contact is None:
        return {}
    wanted = [item for item in who_ids if isinstance(item, str)]
    return {row[0]: row[1] for row in tables.select(call.org.connection, contact, ["Id", "AccountId"], "Id", wanted)}


def _close(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    closed = {row[0] for row in call.org.connection.execute('SELECT "MasterLabel" FROM "TaskStatus" WHERE "IsClosed"')}
    shared = sobject.field("WhoCount") is not None
    for draft in drafts:
        values = draft.values
        values["IsHighPriority"] = int(draft.current("Priority") == "High")
        was_closed = bool(draft.old and draft.old.get("IsClosed"))
        is_closed = draft.current("Status") in closed
        values["IsClosed"] = int(is_closed)
        if is_closed != was_closed:
            values["CompletedDateTime"] = _instant(call.now) if is_closed else None
        if shared and (draft.old is None or draft.given & {"WhoId", "WhatId", "TaskWhoIds"}):
            related = _relations(draft)
            values["WhoCount"] = sum(not is_what for _, is_what in related)
            values["WhatCount"] = sum(is_what for _, is_what in related)


def _instant(now: datetime) -> str:
    return format_datetime(now)


def relate(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """After the rows are written: what follows from them in other tables.

    With Shared Activities: the TaskRelation rows of tasks whose people or record were set.
    """
    mail.relate(call, sobject, drafts)
    person_accounts.mirror(call, sobject, drafts)
    permissions_written.drop_empty(call, sobject, drafts)
    relation = call.org.schema.object("TaskRelation")
    if sobject.name != "Task" or relation is None or not call.org.state.shared_activities:
        return
    changed = [draft for draft in drafts if draft.given & {"WhoId", "WhatId", "TaskWhoIds"}]
    pairs = [(draft, record_id, is_what) for draft in changed for record_id, is_what in _relations(draft)]
    accounts = _accounts_of_contacts(call, [record_id for _, record_id, _ in pairs])
    old = tables.select(call.org.connection, relation, ["Id"], "TaskId", [str(d.record_id) for d in changed])
    tables.delete(call.org.connection, relation, [row[0] for row in old])
    new_ids = call.org.counters.record_ids(relation.key_prefix, len(pairs)) if pairs else []
    instant, user = _instant(call.now), call.user_id
    rows = [
        {
            "Id": new_id,
            "TaskId": draft.record_id,
            "RelationId": record_id,
            "IsWhat": int(is_what),
            "AccountId": record_id if is_what and record_id.startswith("001") else accounts.get(record_id),
            **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), instant),
            **dict.fromkeys(("CreatedById", "LastModifiedById"), user),
        }
        for new_id, (draft, record_id, is_what) in zip(new_ids, pairs, strict=True)
    ]
    tables.insert(call.org.connection, relation, rows)


def _relations(draft: Draft) -> list[tuple[str, bool]]:
    who = draft.values.get("TaskWhoIds")
    people = who if who is not None else [draft.current("WhoId")]
    found = [(str(item), False) for item in dict.fromkeys(people) if item]
    what = draft.current("WhatId")
    return [*found, (str(what), True)] if what else found
