"""/query?columns=true: what a query selects, instead of records; the Salesforce CLI lays out its tables by it.

The parameter is not documented. Members and values: observed in answers that salesforcecli/plugin-data keeps for its
tests, and in the `queryMetadata` of a heap dump of the Tooling API.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data.schema import Field
from m365sandbox.salesforce.soql import Column, QueryResult

_APEX_TYPES = {
    "base64": "Blob",
    "boolean": "Boolean",
    "currency": "Double",
    "date": "Date",
    "datetime": "Datetime",
    "double": "Double",
    "int": "Integer",
    "percent": "Double",
    "time": "Time",
}


def metadata(call: Call, found: QueryResult) -> dict[str, Any]:
    """The whole answer."""
    sobject = call.org.schema.object(found.sobject)
    return {
        "columnMetadata": _listed(found.columns, 0),
        "entityName": found.sobject,
        "groupBy": found.grouped,
        "idSelected": any(column.name == "Id" and not column.parents for column in found.columns),
        "keyPrefix": sobject.key_prefix if sobject is not None else None,
    }


def _listed(columns: Sequence[Column], depth: int) -> list[dict[str, Any]]:
    """The columns below `depth` parents; those of one parent are its `joinColumns`, where the first of them stood."""
    places: dict[str, int] = {}
    for column in columns:
        places.setdefault(_key(column, depth), len(places))
    ordered = sorted(columns, key=lambda column: places[_key(column, depth)])
    return [_one(list(group), depth) for _, group in groupby(ordered, lambda column: _key(column, depth))]


def _key(column: Column, depth: int) -> str:
    return column.parents[depth].relationship if len(column.parents) > depth else f"{column.name} itself"


def _one(columns: Sequence[Column], depth: int) -> dict[str, Any]:
    first = columns[0]
    if len(first.parents) > depth:
        parent = first.parents[depth]
        inner = _listed(columns, depth + 1)
        return _described(parent.relationship, custom=_is_custom(parent.relationship), key=parent.reference, join=inner)
    if first.children is not None:
        inner = _listed(first.children, 0)
        return _described(first.name, custom=_is_custom(first.name), aggregate=True, join=inner)
    if first.call:
        return _described(first.name, field=first.field, shown=first.call, aggregate=True)
    return _described(first.name, field=first.field)


def _is_custom(relationship: str) -> bool:
    return relationship.endswith("__r")


def _described(
    name: str,
    *,
    field: Field | None = None,
    shown: str = "",
    custom: bool = False,
    aggregate: bool = False,
    key: str | None = None,
    join: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    own = field if not aggregate else None
    return {
        "aggregate": aggregate,
        "apexType": _apex_type(own) if own is not None else None,
        "booleanType": field is not None and field.type == "boolean",
        "columnName": name,
        "custom": own.custom if own is not None else custom,
        "displayName": shown or (own.name if own is not None else name),
        "foreignKeyName": key,
        "insertable": own is not None and own.createable,
        "joinColumns": list(join),
        "numberType": field is not None and field.is_number,
        "textType": field is not None and field.is_text,
        "updatable": own is not None and own.updateable,
    }


def _apex_type(field: Field) -> str | None:
    if field.is_id:
        return "Id"
    return "String" if field.is_text else _APEX_TYPES.get(field.type)
