"""Unique fields: no two live rows with one value, counted for a whole collection with one statement per field."""

from collections.abc import Sequence

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.rows.lookups import fold_key
from m365sandbox.salesforce.values.draft import Draft


def refuse_duplicates(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Refuse rows that repeat a value of a live row, or of a row before them in the same collection."""
    for field in unique_fields(sobject):
        _check_field(call, sobject, field, drafts)


def unique_fields(sobject: SObject) -> list[Field]:
    """The fields of which no two live rows hold one value."""
    return [item for item in tables.stored_fields(sobject) if item.unique and item.type != "id"]


def message(field: Field, holder: str) -> str:
    """The words of the refusal, which name the record that has the value."""
    return f"duplicate value found: {field.name} duplicates value on record with id: {holder[:15]}"


def _check_field(call: Call, sobject: SObject, field: Field, drafts: Sequence[Draft]) -> None:
    good = [draft for draft in drafts if not draft.errors and draft.values.get(field.name) is not None]
    values = [str(draft.values[field.name]) for draft in good]
    rows = tables.select(call.org.connection, sobject, [field.name, "Id"], field.name, values)
    holders = {fold_key(field, value): str(record_id) for value, record_id in rows}
    for draft in good:
        value = fold_key(field, draft.values[field.name])
        holder = holders.setdefault(value, draft.record_id or "")
        if holder != draft.record_id:
            draft.refuse(*_refusal(sobject, field, holder))


def _refusal(sobject: SObject, field: Field, holder: str) -> tuple[str, str]:
    """The code and the words; usernames have their own (SOAP API guide, DUPLICATE_USERNAME)."""
    if sobject.name == "User" and field.name == "Username":
        return "DUPLICATE_USERNAME", "Duplicate Username. The username already exists in this or another organization."
    return "DUPLICATE_VALUE", message(field, holder)
