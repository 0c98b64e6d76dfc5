"""Person Accounts: one person as two rows, an Account and its Contact, kept in step whichever of them is written.

API guide, "Person Account Record Types": the kind of an account follows from its record type, PersonAccount being the
default where a row names the person and no record type; the Contact made with it is the only one it may have.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.standard.people import person_fields, person_only_fields
from m365sandbox.salesforce.values.draft import Draft

_AUDIT = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
_NO_SECURITY = (
    "Unable to create/update fields: Name. Please check the security settings of this field "
    "and verify that it is read/write for your profile or permission set."
)
_REFUSED = "INVALID_FIELD_FOR_INSERT_UPDATE"


def are_on(call: Call) -> bool:
    """Whether the org has Person Accounts."""
    return call.org.schema.objects["account"].field("IsPersonAccount") is not None


def begin(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Tell persons from companies among new accounts, and refuse contacts of a person."""
    if not are_on(call):
        return
    good = [draft for draft in drafts if not draft.errors]
    if sobject.name == "Account":
        kinds, person_only = _kinds(call), person_only_fields(call.org.schema.objects["contact"])
        for draft in good:
            _begin_account(draft, kinds, person_only)
    elif sobject.name == "Contact":
        _refuse_contacts_of_persons(call, good)


def _kinds(call: Call) -> dict[bool, str]:
    sql = 'SELECT "IsPersonType", "Id" FROM "RecordType" WHERE "SobjectType" = \'Account\''
    return {bool(is_person): str(record_id) for is_person, record_id in call.org.connection.execute(sql)}


def _begin_account(draft: Draft, kinds: Mapping[bool, str], person_only: frozenset[str]) -> None:
    values = draft.values
    named = draft.given & person_only
    if values.get("RecordTypeId") is None:
        values["RecordTypeId"] = kinds[bool(named) and "Name" not in draft.given]
    values["IsPersonAccount"] = int(values["RecordTypeId"] == kinds[True])
    if not values["IsPersonAccount"]:
        _refuse_names(draft, named)
    elif "Name" in draft.given:
        # Observed on inserts that name a person's account.
        draft.refuse(_REFUSED, _NO_SECURITY, "Name")
    elif values.get("LastName") is None:
        draft.refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", "LastName")
    else:
        values["Name"] = _full_name(values.get("FirstName"), values["LastName"])


def _refuse_names(draft: Draft, names: frozenset[str] | set[str]) -> None:
    if names:
        listed = sorted(names)
        draft.refuse(_REFUSED, f"Account: bad field names on insert/update call: {', '.join(listed)}", *listed)


def _full_name(first: Any, last: Any) -> str:
    return " ".join(str(part) for part in (first, last) if part)


def _refuse_contacts_of_persons(call: Call, drafts: Sequence[Draft]) -> None:
    account = call.org.schema.objects["account"]
    wanted = {str(draft.values["AccountId"]) for draft in drafts if draft.values.get("AccountId")}
    rows = tables.select(call.org.connection, account, ["Id", "IsPersonAccount"], "Id", wanted)
    persons = {row[0] for row in rows if row[1]}
    for draft in drafts:
        if draft.values.get("AccountId") in persons:
            message = "Account ID: a person account has no contact but its own"
            draft.refuse("FIELD_INTEGRITY_EXCEPTION", message, "AccountId")


def change(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Check updates of accounts and contacts."""
    if sobject.name not in ("Account", "Contact") or not are_on(call):
        return
    good = [draft for draft in drafts if not draft.errors and draft.old is not None]
    if sobject.name == "Account":
        person_only = person_only_fields(call.org.schema.objects["contact"])
        for draft in good:
            _change_account(draft, person_only)
        return
    for draft in good:
        if (draft.old or {}).get("IsPersonAccount") and "AccountId" in draft.given:
            _refuse_names(draft, {"AccountId"})
    _refuse_contacts_of_persons(call, [draft for draft in good if "AccountId" in draft.given])


def _change_account(draft: Draft, person_only: frozenset[str]) -> None:
    old, values = draft.old or {}, draft.values
    if "RecordTypeId" in draft.given and values["RecordTypeId"] != old.get("RecordTypeId"):
        message = "Cannot specify any additional fields when marrying or separating a Person-Account"
        draft.refuse(_REFUSED, message, "RecordTypeId")
    elif not old.get("IsPersonAccount"):
        _refuse_names(draft, draft.given & person_only)
    elif "Name" in draft.given:
        _refuse_names(draft, {"Name"})
    elif draft.current("LastName") is None:
        draft.refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", "LastName")
    elif draft.given & {"FirstName", "LastName"}:
        values["Name"] = _full_name(draft.current("FirstName"), draft.current("LastName"))


def mirror(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """After the rows are written: make or follow the other half of each person."""
    if sobject.name not in ("Account", "Contact") or not are_on(call):
        return
    if sobject.name == "Contact":
        _follow_contacts(call, drafts)
        return
    new = [draft for draft in drafts if draft.old is None and draft.values.get("IsPersonAccount")]
    _make_contacts(call, new)
    _follow_accounts(call, [draft for draft in drafts if draft.old is not None and draft.old.get("IsPersonAccount")])


def _make_contacts(call: Call, drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    contact, account = call.org.schema.objects["contact"], call.org.schema.objects["account"]
    pairs = person_fields(contact)
    new_ids = call.org.counters.record_ids(contact.key_prefix, len(drafts))
    rows = []
    for new_id, draft in zip(new_ids, drafts, strict=True):
        mirrored = {name: draft.values.get(own) for own, name in pairs.items() if draft.values.get(own) is not None}
        stamps = {name: draft.values.get(name) for name in _AUDIT}
        rows.append({**mirrored, **stamps, "Id": new_id, "AccountId": draft.record_id, "IsPersonAccount": 1})
        draft.values["PersonContactId"] = new_id
    tables.insert(call.org.connection, contact, rows)
    links = [(str(draft.record_id), {"PersonContactId": draft.values["PersonContactId"]}) for draft in drafts]
    tables.update(call.org.connection, account, links)
    call.org.state.count_rows(len(rows))


def _follow_accounts(call: Call, drafts: Sequence[Draft]) -> None:
    contact = call.org.schema.objects["contact"]
    pairs = person_fields(contact)
    stamps = _stamps(call)
    changes = []
    for draft in drafts:
        mirrored = {name: draft.values[own] for own, name in pairs.items() if own in draft.given}
        if mirrored and draft.old is not None:
            changes.append((str(draft.old["PersonContactId"]), {**mirrored, **stamps}))
    tables.update(call.org.connection, contact, changes)


def _follow_contacts(call: Call, drafts: Sequence[Draft]) -> None:
    contact, account = call.org.schema.objects["contact"], call.org.schema.objects["account"]
    pairs = {name: own for own, name in person_fields(contact).items()}
    stamps = _stamps(call)
    changes = []
    for draft in drafts:
        if draft.old is None or not draft.old.get("IsPersonAccount"):
            continue
        mirrored = {pairs[name]: draft.values[name] for name in draft.given if name in pairs}
        if draft.given & {"FirstName", "LastName"}:
            mirrored["Name"] = _full_name(draft.current("FirstName"), draft.current("LastName"))
        if mirrored:
            changes.append((str(draft.old["AccountId"]), {**mirrored, **stamps}))
    tables.update(call.org.connection, account, changes)


def _stamps(call: Call) -> dict[str, str]:
    instant = format_datetime(call.now)
    return {"LastModifiedDate": instant, "LastModifiedById": call.user_id, "SystemModstamp": instant}
