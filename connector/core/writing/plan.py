"""Step 7: what has to be written to make what is stored what is desired. Only adds; never overwrites, never deletes.

One function serves the sync, a second copy, a retry, the sweep, repair and re-matching. Its result must not
depend on the order in which copies come, nor on how often they do: the same rows are there in the end.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connector.core.writing.children import MOST_CONTACTS, MOST_PARTICIPANTS
from connector.model.records import (
    Consent,
    DesiredEmail,
    MatchStatus,
    Plan,
    Row,
    StoredEmail,
    StoredParticipant,
    StoredTask,
)
from connector.model.schema import MAIL, Use
from connector.model.values import RecordId

#: Fields of Email__c that a later copy may fill where they are empty. Event, mailbox, owner and ids are those of the
#: first write. A field that `StoredEmail.fields` does not have was not read, so it is left alone.
FILLABLE = MAIL.names(Use.FILLABLE)
_LOOKUPS = ("Contact__c", "Account__c")


def plan(
    desired: DesiredEmail, stored: StoredEmail | None, *, now: datetime | None = None, ask_owner: bool = False
) -> Plan:
    """The rows to insert, parents first, and the rows to update; nothing for a mail that was removed.

    `now`: when kept mail that matches by now becomes Matched. With `ask_owner` it waits for its owner's consent first.

    `desired` has to be built with the key of `stored`, or its children would name a parent that does not exist.
    Updates carry only fields that change, and never an audit field, which the platform refuses on an update.
    """
    if stored is None:
        return Plan(inserts=(desired.email, *desired.participants, *desired.tasks))
    if desired.email.key != stored.key:
        raise ValueError("built with another key than the stored mail has")
    if stored.is_deleted or stored.match_status == MatchStatus.REMOVED:
        return Plan()
    if ask_owner and desired.matched and _is_private(stored) and stored.consent != Consent.GIVEN:
        asked = {} if stored.consent else {"Consent__c": Consent.WAITING}
        return Plan(updates=(_update(desired.email, stored.id, asked),) if asked else ())
    inserts, updates = _participants(desired.participants, stored.participants)
    tasks = [*_new_tasks(desired.tasks, stored)]
    return Plan(
        inserts=(*inserts, *tasks), updates=(*_email(desired, stored, now), *updates, *_tasks(desired.tasks, stored))
    )


def _is_private(stored: StoredEmail) -> bool:
    """Whether it is kept mail that no person related to a client."""
    related = any(row.contact or row.account for row in stored.participants)
    return stored.match_status == MatchStatus.UNMATCHED and not related


def _email(desired: DesiredEmail, stored: StoredEmail, now: datetime | None) -> list[Row]:
    """The update of the mail itself, if it needs one."""
    fields: dict[str, Any] = {}
    for name in FILLABLE:
        value = desired.email.fields.get(name)
        if name in stored.fields and stored.fields[name] in (None, "") and value not in (None, ""):
            fields[name] = value
    if "Body__c" in fields:
        fields["Body_Truncated__c"] = desired.email.fields["Body_Truncated__c"]
    related = desired.matched or any(row.contact or row.account for row in stored.participants)
    if related and stored.match_status == MatchStatus.UNMATCHED:
        fields |= {"Match_Status__c": MatchStatus.MATCHED, "Expires_On__c": None}
        fields |= {"Consent__c": None} if stored.consent else {}
        fields |= {"Matched_At__c": now} if now is not None else {}
    return [_update(desired.email, stored.id, fields)] if fields else []


def _participants(desired: Sequence[Row], stored: Sequence[StoredParticipant]) -> tuple[list[Row], list[Row]]:
    """Inserts and updates of participants.

    A row without a record becomes that of a record which now has its address: key and lookup in one update, so that
    the address is not listed twice. Each further record gets a row of its own. No Account is listed a second time.
    """
    inserts: list[Row] = []
    updates: list[Row] = []
    by_key = {row.key: row for row in stored}
    wanted = {row.key for row in desired}
    free = [row for row in stored if not (row.contact or row.account or row.key in wanted)]
    listed = {row.account for row in stored if row.account}
    for row in desired:
        fields = _once(row.fields, listed)
        here = by_key.get(row.key)
        if here is not None:
            # The Contact has its Account only since; not a row that a person gave another Contact, or none.
            if fields.get("Account__c") and here.account is None and here.contact == fields.get("Contact__c"):
                updates.append(_update(row, here.id, {"Account__c": fields["Account__c"]}))
            else:
                continue
        elif _is_there(row, stored):
            continue
        elif (old := _take(free, row)) is not None:
            lookups = {name: fields[name] for name in _LOOKUPS if name in fields}
            updates.append(_update(row, old.id, {row.key_field: row.key, **lookups}))
        elif _has_record(row) or len(stored) + len(inserts) < MOST_PARTICIPANTS:
            inserts.append(replace(row, fields=fields))
        if account := fields.get("Account__c"):
            listed.add(account)
    return inserts, updates


def _new_tasks(desired: Sequence[Row], stored: StoredEmail) -> Iterator[Row]:
    """Tasks for whom no Task names yet. A merge of Contacts or Accounts moves Tasks, so that a key proves nothing."""
    for row in desired:
        fields, related = row.fields, stored.related
        if row.key in stored.task_keys or (fields.get("WhatId") or fields.get("WhoId")) in related:
            continue
        if people := fields.get("TaskWhoIds"):
            new = [contact for contact in people if contact not in related]
            others = {name: value for name, value in fields.items() if name != "TaskWhoIds"}
            row = replace(row, fields={**others, "TaskWhoIds": new} if new else others)
        yield row


def _tasks(desired: Sequence[Row], stored: StoredEmail) -> Iterator[Row]:
    """Updates of Tasks that several Contacts share: those that came since are named too, behind the others."""
    by_account: dict[str, StoredTask] = {
        task.account: task for task in stored.shared_tasks.values() if task.account is not None
    }
    for row in desired:
        there = stored.shared_tasks.get(row.key) or by_account.get(row.fields.get("WhatId", ""))
        if there is None:
            continue
        new = (contact for contact in row.fields.get("TaskWhoIds", ()) if contact not in stored.related)
        named = [*dict.fromkeys((*there.contacts, *new))][:MOST_CONTACTS]
        if len(named) > len(there.contacts):
            yield _update(row, there.id, {"TaskWhoIds": named})


def _once(fields: Mapping[str, Any], listed: Container[Any]) -> Mapping[str, Any]:
    """`fields` without an Account that another row of the mail lists already."""
    if fields.get("Account__c") not in listed:
        return fields
    return {name: value for name, value in fields.items() if name != "Account__c"}


def _is_there(row: Row, stored: Sequence[StoredParticipant]) -> bool:
    """Whether a row under another key says the same: a person related it, or the address was matched before."""
    contact, account = (row.fields.get(name) for name in _LOOKUPS)
    if contact:
        return any(other.contact == contact for other in stored)
    same = [other for other in stored if _same_address(other, row)]
    return any(other.account == account for other in same) if account else bool(same)


def _take(free: list[StoredParticipant], row: Row) -> StoredParticipant | None:
    """A stored row without a record for the address of `row`, if `row` has a record; it is no longer free then."""
    if not _has_record(row):
        return None
    for index, other in enumerate(free):
        if _same_address(other, row):
            return free.pop(index)
    return None


def _has_record(row: Row) -> bool:
    return any(name in row.fields for name in _LOOKUPS)


def _same_address(stored: StoredParticipant, row: Row) -> bool:
    return stored.address.casefold() == str(row.fields.get("Address__c", "")).casefold()


def _update(row: Row, record: RecordId, fields: Mapping[str, Any]) -> Row:
    return replace(row, id=record, fields=dict(fields))
