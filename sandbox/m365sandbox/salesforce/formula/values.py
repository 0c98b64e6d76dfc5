"""Kinds of values in a formula, and what a stored value is there.

Text that is blank is the empty text; every other blank value is None. Ids have 15 characters (Salesforce help,
CASESAFEID). Dates and times stay text in an order that compares.
"""

from typing import Any, Literal

from m365sandbox.salesforce.data.schema import Field

Kind = Literal["text", "number", "boolean", "date", "datetime", "time", "picklist", "multipicklist", "null"]

#: What the platform calls each kind in its messages.
LABELS: dict[Kind, str] = {
    "text": "Text",
    "number": "Number",
    "boolean": "Boolean",
    "date": "Date",
    "datetime": "Date/Time",
    "time": "Time",
    "picklist": "Picklist",
    "multipicklist": "Multi-Select Picklist",
    "null": "Null",
}
#: Kinds whose blank value is the empty text.
TEXTUAL = frozenset({"text", "picklist", "multipicklist"})

_KINDS: dict[str, Kind] = {
    "boolean": "boolean",
    "int": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "picklist": "picklist",
    "multipicklist": "multipicklist",
    "id": "text",
    "reference": "text",
    "string": "text",
    "textarea": "text",
    "email": "text",
    "phone": "text",
    "url": "text",
    "combobox": "text",
}


def kind_of(field: Field) -> Kind | None:
    """The kind of a field's value; None for what no formula can read."""
    return _KINDS.get(field.type)


def from_column(field: Field, value: Any) -> Any:
    """A value as the row holds it, as the formula sees it."""
    if field.type == "boolean":
        return bool(value)
    if value is None:
        return "" if _KINDS.get(field.type) in TEXTUAL else None
    if field.is_id:
        return str(value)[:15]
    return float(value) if field.is_number else value
