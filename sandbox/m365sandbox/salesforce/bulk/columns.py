"""The columns of a CSV header: which field each is, and what its texts mean as the values of a row.

Bulk API guide, "Relationship Fields in a Header Row" (`Owner.Email`, `Lead:Who.Email`) and "Valid CSV Record Rows":
an empty value is no value, `#N/A` is null, and a checkbox takes several words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.errors import RowError
from m365sandbox.salesforce.jobs.dialect import BatchRefusedError
from m365sandbox.salesforce.values.checks import WRONG_TYPE

NULL = "#N/A"
_BOOLEANS = dict.fromkeys(("yes", "y", "true", "on", "1"), True) | dict.fromkeys(
    ("no", "n", "false", "off", "0"), False
)
_PATH = re.compile(r"(?:(?P<type>\w+):)?(?P<relationship>\w+)\.(?P<key>\w+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Column:
    """One column. `parent` is the name of a relationship, `key` the parent's field, `target` the parent's object."""

    name: str
    boolean: bool = False
    parent: str = ""
    key: str = ""
    target: str = ""


class Columns:
    """The columns of one batch. Raises BatchRefusedError for a name that the caller has no field of."""

    def __init__(self, call: Call, sobject: SObject, names: Sequence[str]) -> None:
        self._columns = [_column(call, sobject, name) for name in names]
        folded = [name.lower() for name in names]
        twice = next((name for name in names if folded.count(name.lower()) > 1), None)
        if twice is not None:
            raise BatchRefusedError("InvalidBatch", f"Duplicate field name in the header : {twice}")

    def row(self, values: Sequence[str]) -> dict[str, Any]:
        """The row of a record, as sObject Collections would be sent it."""
        if len(values) > len(self._columns):
            reason = f"A record has {len(values)} values where the header has {len(self._columns)}"
            raise BatchRefusedError("InvalidBatch", f"Failed to parse CSV. {reason}")
        row: dict[str, Any] = {}
        for column, text in zip(self._columns, values, strict=False):
            if text == "":
                continue
            if column.parent and text != NULL:
                parent = row.setdefault(column.parent, {"attributes": {"type": column.target}})
                parent[column.key] = text
            else:
                row[column.name] = _value(column, text)
        return row


def _value(column: _Column, text: str) -> Any:
    if text == NULL:
        return None
    return _BOOLEANS.get(text.lower(), text) if column.boolean else text


def _column(call: Call, sobject: SObject, name: str) -> _Column:
    field = sobject.field(name)
    if field is not None and call.rights.can_read_field(sobject, field):
        return _Column(field.name, boolean=field.type == "boolean")
    path = _PATH.fullmatch(name)
    reference = sobject.relationship(path["relationship"]) if path is not None else None
    if path is None or reference is None or not call.rights.can_read_field(sobject, reference):
        raise _unknown(name)
    target = call.org.schema.object(path["type"] or (reference.reference_to[0] if not reference.polymorphic else ""))
    key = target.field(path["key"]) if target is not None and target.name in reference.reference_to else None
    if target is None or key is None or not call.rights.can_read_field(target, key):
        raise _unknown(name)
    return _Column(reference.name, parent=str(reference.relationship_name), key=key.name, target=target.name)


def _unknown(name: str) -> BatchRefusedError:
    return BatchRefusedError("InvalidBatch", f"Field name not found : {name}")


def check_names(call: Call, sobject: SObject, row: dict[str, Any]) -> None:
    """Refuse a row of XML or JSON with a name that the caller has no field of."""
    for name in row:
        field = sobject.field(name) or sobject.relationship(name)
        if name not in ("attributes", "type") and (field is None or not call.rights.can_read_field(sobject, field)):
            raise _unknown(name)


def said(sobject: SObject, error: RowError, row: dict[str, Any]) -> RowError:
    """The error of a row in the words of the Bulk APIs, whose values are texts of no type."""
    if error.code != WRONG_TYPE or not error.fields:
        return error
    field = sobject.field(error.fields[0])
    value = row.get(error.fields[0])
    shown = NULL if value is None else str(value)
    label = error.fields[0] if field is None else field.label
    return RowError(error.code, f"{label}: value not of required type: {shown}", error.fields)


def as_text(error: RowError) -> str:
    """An error in a result: `CODE:message:fields --`."""
    return f"{error.code}:{error.message}:{' '.join([*error.fields, '--'])}"
