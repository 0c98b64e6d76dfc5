"""/search and /parameterizedSearch: SOSL over the text fields of the objects that can be searched.

REST guide, "Search" and "Parameterized Search". Long text areas and files are not searched, and ranking is not
emulated: records come in the order of their ids unless ORDER BY says otherwise.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from m365sandbox.salesforce.call import Answer, Call
from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.errors import ApiError, bad_json
from m365sandbox.salesforce.rest.queries import select
from m365sandbox.salesforce.sosl import (
    Expression,
    MalformedSearchError,
    Returning,
    Search,
    parse,
    parse_expression,
    words_of,
)
from m365sandbox.salesforce.sosl.statement import MOST, SCOPES

#: Standard objects that can be searched (Object Reference); of custom ones the metadata says it.
_STANDARD = frozenset({"Account", "Contact", "ContentVersion", "Event", "Lead", "Task", "User"})
_NAMES = frozenset({"Name", "FirstName", "LastName", "Subject"})
_TYPES = {"EMAIL": frozenset({"email"}), "PHONE": frozenset({"phone"})}
_KEYS = frozenset({"q", "in", "fields", "sobjects", "overallLimit", "defaultLimit"})


def is_searchable(sobject: SObject) -> bool:
    """Whether FIND looks into the object."""
    return sobject.searchable if sobject.custom else sobject.name in _STANDARD


def search(call: Call) -> Answer:
    """GET /search?q="""
    text = call.parameter("q")
    if text is None:
        raise _malformed("No search term found. The search term must be enclosed in braces.")
    try:
        return _answer(call, parse(text))
    except MalformedSearchError as wrong:
        raise _malformed(str(wrong)) from None


def parameterized(call: Call) -> Answer:
    """GET or POST /parameterizedSearch: a plain search text with what SOSL says around it as parameters."""
    asked = call.object_body() if call.method == "POST" else _of_query(call)
    unknown = next((key for key in asked if key not in _KEYS), None)
    if unknown is not None:
        raise bad_json(f'Unrecognized field "{unknown}", not marked as ignorable')
    term = asked.get("q")
    if not isinstance(term, str) or not term:
        raise ApiError(400, "MISSING_ARGUMENT", "The q parameter is required")
    scope = str(asked.get("in", "ALL")).upper()
    if scope not in SCOPES:
        raise _malformed(f"unexpected token: {scope}")
    limit = min(_number(asked.get("overallLimit", MOST)), MOST)
    try:
        found = Search(parse_expression(term), scope, tuple(_listed(asked)), limit)
    except MalformedSearchError as wrong:
        raise _malformed(str(wrong)) from None
    return _answer(call, found)


def _of_query(call: Call) -> dict[str, Any]:
    """The parameters of a GET in the form of a POST: `sobject=Account&Account.fields=Id,Name&Account.limit=5`."""
    asked: dict[str, Any] = {key: value for key, value in call.query if key in ("q", "in", "overallLimit")}
    default = call.parameter("defaultLimit")
    if default is not None:
        asked["defaultLimit"] = default
    if call.parameter("fields"):
        asked["fields"] = str(call.parameter("fields")).split(",")
    asked["sobjects"] = [_object_of_query(call, value) for key, value in call.query if key == "sobject"]
    return asked


def _object_of_query(call: Call, name: str) -> dict[str, Any]:
    item: dict[str, Any] = {"name": name}
    for key in ("where", "limit"):
        value = call.parameter(f"{name}.{key}")
        if value is not None:
            item[key] = value
    fields = call.parameter(f"{name}.fields")
    return {**item, "fields": fields.split(",")} if fields else item


def _listed(asked: Mapping[str, Any]) -> Iterable[Returning]:
    items = asked.get("sobjects", [])
    if not isinstance(items, list):
        raise bad_json("sobjects: a list is required")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise bad_json("sobjects: objects with a name are required")
        fields = item.get("fields", asked.get("fields", ["Id"]))
        if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
            raise bad_json("fields: a list of texts is required")
        limit = item.get("limit", asked.get("defaultLimit"))
        tail = "" if limit is None else f"LIMIT {_number(limit)}"
        yield Returning(item["name"], tuple(name.strip() for name in fields), str(item.get("where", "")), tail)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise bad_json(f"Cannot deserialize instance of int from value {value}")
    return int(value)


def _answer(call: Call, search: Search) -> Answer:
    records: list[dict[str, Any]] = []
    for item in search.returning or _everywhere(call):
        records += _found(call, search, item)
    records = records[: search.limit]
    return Answer(200, {"searchRecords": records})


def _everywhere(call: Call) -> list[Returning]:
    objects = [item for item in call.org.schema.objects.values() if is_searchable(item) and call.rights.can_read(item)]
    return [Returning(item.name) for item in sorted(objects, key=lambda item: item.name)]


def _found(call: Call, search: Search, returning: Returning) -> list[dict[str, Any]]:
    sobject = call.org.schema.object(returning.object)
    if sobject is None or not call.rights.can_read(sobject) or not is_searchable(sobject):
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{returning.object}' is not supported.")
    ids = _matching_ids(call, search.expression, sobject, search.scope)
    listed = ",".join(f"'{item}'" for item in ids) or "null"
    where = f" AND ({returning.where})" if returning.where else ""
    soql = f"SELECT {', '.join(returning.fields)} FROM {sobject.name} WHERE Id IN ({listed}){where} {returning.tail}"
    try:
        result = select(call, soql)
    except ApiError as refused:
        code = "MALFORMED_SEARCH" if refused.code == "MALFORMED_QUERY" else refused.code
        raise ApiError(400, code, refused.message.rpartition("ERROR at Row")[2].partition("\n")[2]) from None
    if result.aggregate:
        raise _malformed("Aggregate functions cannot be used in RETURNING")
    return list(result.records)


def _matching_ids(call: Call, expression: Expression, sobject: SObject, scope: str) -> list[str]:
    """The records whose words the expression matches; at most as many as a search finds."""
    names = [item.name for item in sobject.fields.values() if _is_searched(call, sobject, item, scope)]
    hints = [_quoted(hint) for hint in expression.hints()]
    if not names:
        return []
    tests = " OR ".join(f"{name} LIKE '%{hint}%'" for name in names for hint in hints)
    candidates = select(call, f"SELECT Id, {', '.join(names)} FROM {sobject.name} WHERE {tests} ORDER BY Id").records
    found = [
        record["Id"]
        for record in candidates
        if expression.holds([words_of(record[name]) for name in names if record[name]])
    ]
    return found[:MOST]


def _is_searched(call: Call, sobject: SObject, field: Field, scope: str) -> bool:
    if not field.is_text or not field.filterable or field.virtual or not call.rights.can_read_field(sobject, field):
        return False
    if scope == "NAME":
        return field.name_field or field.name in _NAMES
    return scope not in _TYPES or field.type in _TYPES[scope]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return escaped.replace("%", "\\%").replace("_", "\\_")


def _malformed(message: str) -> ApiError:
    return ApiError(400, "MALFORMED_SEARCH", message)
