"""/composite/sobjects: up to 200 rows in one request, each with its own result.

REST guide, "sObject Collections": 200 with a list in the order of the request, `allOrNone` false unless it is said.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from m365sandbox.salesforce.call import Answer, Call, visible_object
from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.tables import RollBack
from m365sandbox.salesforce.errors import ApiError, RowError, bad_json
from m365sandbox.salesforce.rest.queries import select
from m365sandbox.salesforce.rest.records import field_names
from m365sandbox.salesforce.rows.delete import delete
from m365sandbox.salesforce.rows.insert import insert
from m365sandbox.salesforce.rows.named import update_named
from m365sandbox.salesforce.rows.upsert import upsert, upsert_key
from m365sandbox.salesforce.values.draft import Outcome, rolled_back

MAX_ROWS = 200
MAX_RETRIEVED = 2000
MAX_CHUNKS = 10

_KEYS = frozenset({"records", "allOrNone"})


def create(call: Call) -> Answer:
    """POST /composite/sobjects."""
    records, all_or_none = _records(call)
    return _answer(call, all_or_none, lambda: _by_type(records, lambda name, rows: _insert_type(call, name, rows)))


def change(call: Call) -> Answer:
    """PATCH /composite/sobjects: each record names its id."""
    records, all_or_none = _records(call)
    return _answer(call, all_or_none, lambda: _by_type(records, lambda name, rows: _update_type(call, name, rows)))


def remove(call: Call) -> Answer:
    """DELETE /composite/sobjects?ids=…&allOrNone=…"""
    listed = call.parameter("ids")
    if not listed:
        raise ApiError(400, "MISSING_ARGUMENT", "The ids parameter is required")
    given = [item.strip() for item in listed.split(",")]
    _check_count(given, MAX_ROWS)
    return _answer(call, call.flag("allOrNone"), lambda: _delete_all(call, given))


def upsert_all(call: Call, name: str, field: str) -> Answer:
    """PATCH /composite/sobjects/T/ExtField."""
    sobject = visible_object(call, name)
    key = upsert_key(call, sobject, field)
    records, all_or_none = _records(call)
    for record in records:
        if _type_of(record).lower() != sobject.name.lower():
            raise ApiError(400, "INVALID_TYPE", f"Record type {_type_of(record)} does not match {sobject.name}")
        if key.type != "id" and any(item.lower() == "id" for item in record):
            raise ApiError(400, "INVALID_FIELD", f"The Id field should not be specified beside {key.name}", ["Id"])
    return _answer(call, all_or_none, lambda: upsert(call, sobject, key, records), with_created=True)


def retrieve(call: Call, name: str) -> Answer:
    """POST /composite/sobjects/T with `{"ids", "fields"}`; null stands for a record that is not there, or for no id."""
    body = call.object_body()
    record_ids, fields = body.get("ids"), body.get("fields")
    if not (_all_text(record_ids) and _all_text(fields)):
        raise bad_json("ids and fields: lists of texts are required")
    return _retrieve(call, name, list(record_ids or []), list(fields or []))


def retrieve_by_query(call: Call, name: str) -> Answer:
    """GET /composite/sobjects/T?ids=…&fields=…"""
    record_ids, fields = call.parameter("ids"), call.parameter("fields")
    if not record_ids or not fields:
        raise ApiError(400, "MISSING_ARGUMENT", "The ids and fields parameters are required")
    return _retrieve(call, name, record_ids.split(","), fields.split(","))


def _all_text(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _retrieve(call: Call, name: str, listed: list[str], fields: list[str]) -> Answer:
    sobject = visible_object(call, name)
    _check_count(listed, MAX_RETRIEVED)
    wanted = [ids.normalise(item.strip()) for item in listed]
    names = list(dict.fromkeys(["Id", *field_names(sobject, fields)]))
    quoted = ",".join(f"'{item}'" for item in [*filter(None, wanted), ids.make(sobject.key_prefix, 0)])
    result = select(call, f"SELECT {', '.join(names)} FROM {sobject.name} WHERE Id IN ({quoted})")
    found = {record["Id"]: record for record in result.records}
    return Answer(200, [found.get(item) for item in wanted])


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    """The rows of the body, of which each names its type, and whether one refusal undoes all."""
    body = call.object_body()
    unknown = next((key for key in body if key not in _KEYS), None)
    if unknown is not None:
        raise bad_json(f'Unrecognized field "{unknown}" (Class SObjectCollectionRequest), not marked as ignorable')
    records = body.get("records")
    # Null is no word on it: django-salesforce sends that to the platform.
    all_or_none = False if body.get("allOrNone") is None else body["allOrNone"]
    if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
        raise bad_json("records: a list of objects is required")
    if not isinstance(all_or_none, bool):
        raise bad_json(f"Cannot deserialize instance of boolean from value {all_or_none}")
    if not records:
        raise ApiError(400, "INVALID_REQUEST", "At least one record is required")
    _check_count(records, MAX_ROWS)
    for record in records:
        if not _type_of(record):
            message = "The type attribute is required for each record: attributes.type"
            raise ApiError(400, "INVALID_TYPE", message)
    return records, all_or_none


def _check_count(items: Sequence[Any], limit: int) -> None:
    if len(items) > limit:
        message = f"record limit reached. cannot submit more than {limit} records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)


def _type_of(record: Mapping[str, Any]) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    return name if isinstance(name, str) else ""


def _answer(call: Call, all_or_none: bool, work: Callable[[], list[Outcome]], with_created: bool = False) -> Answer:
    outcomes: list[Outcome] = []
    together = all_or_none or call.force_all_or_none
    with call.org.unit_of_work():
        outcomes = work()
        if together and not all(item.success for item in outcomes):
            outcomes = [rolled_back(item) for item in outcomes]
            raise RollBack
    rows = sum(1 for item in outcomes if item.success)
    return Answer(200, [item.as_json(with_created) for item in outcomes], rows=rows)


def _by_type(
    records: list[dict[str, Any]], work: Callable[[str, list[dict[str, Any]]], list[Outcome]]
) -> list[Outcome]:
    """Rows of one type that stand together are one chunk; a request has ten chunks at most (observed)."""
    chunks = list(_chunks(records))
    if len(chunks) > MAX_CHUNKS:
        message = (
            f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. "
            "Please rearrange the data to reduce chunking."
        )
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    return [outcome for name, rows in chunks for outcome in work(name, rows)]


def _chunks(records: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name, group in groupby(records, key=_type_of):
        yield name, list(group)


def _object_or_errors(call: Call, name: str, rows: Sequence[Any]) -> SObject | list[Outcome]:
    sobject = call.org.schema.object(name)
    if sobject is not None and call.rights.can_read(sobject):
        return sobject
    error = RowError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return [Outcome(None, False, (error,)) for _ in rows]


def _insert_type(call: Call, name: str, rows: list[dict[str, Any]]) -> list[Outcome]:
    found = _object_or_errors(call, name, rows)
    return insert(call, found, rows) if isinstance(found, SObject) else found


def _update_type(call: Call, name: str, rows: list[dict[str, Any]]) -> list[Outcome]:
    found = _object_or_errors(call, name, rows)
    return update_named(call, found, rows) if isinstance(found, SObject) else found


def _delete_all(call: Call, given: list[str]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for prefix, group in groupby(given, key=lambda item: item[:3]):
        outcomes += _delete_type(call, call.org.schema.of_id(prefix), list(group))
    return outcomes


def _delete_type(call: Call, sobject: SObject | None, given: list[str]) -> list[Outcome]:
    named = [ids.normalise(item) for item in given]
    good = [item for item in named if item is not None]
    done = iter(delete(call, sobject, good) if sobject is not None else [])
    outcomes = []
    for text, record_id in zip(given, named, strict=True):
        if record_id is None or sobject is None:
            outcomes.append(Outcome(None, False, (RowError("MALFORMED_ID", f"malformed id {text}", ("Id",)),)))
        else:
            outcomes.append(next(done))
    return outcomes
