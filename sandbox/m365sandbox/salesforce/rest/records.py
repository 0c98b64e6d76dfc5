"""/sobjects/T and below: one row by id or by external id."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from m365sandbox.salesforce.call import Answer, Call, visible_object
from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.data.tables import select as select_rows
from m365sandbox.salesforce.errors import ApiError, RowError, not_found, single_row_status
from m365sandbox.salesforce.rest.queries import select
from m365sandbox.salesforce.rows.delete import delete
from m365sandbox.salesforce.rows.insert import insert
from m365sandbox.salesforce.rows.update import update
from m365sandbox.salesforce.rows.upsert import existing_ids, key_field, upsert, upsert_key
from m365sandbox.salesforce.values.checks import WRONG_TYPE
from m365sandbox.salesforce.values.draft import Outcome

#: A field, perhaps through parents.
_FIELD = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)*", re.ASCII)


def create(call: Call, name: str) -> Answer:
    """POST /sobjects/T."""
    sobject = visible_object(call, name)
    outcome = _one(insert(call, sobject, [call.object_body()]), is_new=True)
    return _created(call, sobject, outcome, None)


def read(call: Call, name: str, record_id: str) -> Answer:
    """GET /sobjects/T/ID, all fields or `?fields=`."""
    sobject = visible_object(call, name)
    return Answer(200, _read(call, sobject, _id_of(sobject, record_id)))


def read_file(call: Call, record_id: str) -> Answer:
    """GET /sobjects/ContentVersion/ID/VersionData: the file itself."""
    sobject = visible_object(call, "ContentVersion")
    found = _id_of(sobject, record_id)
    _read(call, sobject, found)  # refused like the row itself where the caller may not see it
    [(data,)] = select_rows(call.org.connection, sobject, ["VersionData"], "Id", [found])
    return Answer(200, bytes(data or b""), {"Content-Type": "application/octet-stream"})


def change(call: Call, name: str, record_id: str) -> Answer:
    """PATCH /sobjects/T/ID: 204 without a body."""
    sobject = visible_object(call, name)
    body = call.object_body()
    if any(key.lower() == "id" for key in body):
        message = "The Id field should not be specified in the sobject data."
        raise ApiError(400, "INVALID_FIELD", message, ["Id"])
    _one(update(call, sobject, [(_id_of(sobject, record_id), body)]))
    return Answer(204, rows=1)


def remove(call: Call, name: str, record_id: str) -> Answer:
    """DELETE /sobjects/T/ID: 204 without a body."""
    sobject = visible_object(call, name)
    _one(delete(call, sobject, [_id_of(sobject, record_id)]))
    return Answer(204, rows=1)


def read_by_key(call: Call, name: str, field: str, value: str) -> Answer:
    """GET /sobjects/T/ExtField/VALUE."""
    sobject = visible_object(call, name)
    return Answer(200, _read(call, sobject, _single_match(call, sobject, key_field(call, sobject, field), value)))


def upsert_by_key(call: Call, name: str, field: str, value: str) -> Answer:
    """PATCH /sobjects/T/ExtField/VALUE: 201 where it inserted, 200 where it updated.

    `?updateOnly=true` inserts nothing. REST guide, "Upsert Records Using sObject Rows by External ID":
    neither the id nor the key stands in the body.
    """
    sobject = visible_object(call, name)
    key = upsert_key(call, sobject, field)
    body = call.object_body()
    for named in (key.name, "Id"):
        if any(name.lower() == named.lower() for name in body):
            message = f"The {named} field should not be specified in the sobject data."
            raise ApiError(400, "INVALID_FIELD", message, [named])
    if key.type == "id" and ids.normalise(value) is None:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {value}")
    _refuse_many(call, sobject, key, value)
    if call.flag("updateOnly"):
        _single_match(call, sobject, key, value)
    outcome = _one(upsert(call, sobject, key, [{**body, key.name: value}]))
    if outcome.created:
        return _created(call, sobject, outcome, True)
    body_of_update: dict[str, Any] = {"id": outcome.record_id, "success": True, "errors": [], "created": False}
    return Answer(200, body_of_update, rows=1)


def remove_by_key(call: Call, name: str, field: str, value: str) -> Answer:
    """DELETE /sobjects/T/ExtField/VALUE."""
    sobject = visible_object(call, name)
    record_id = _single_match(call, sobject, key_field(call, sobject, field), value)
    _one(delete(call, sobject, [record_id]))
    return Answer(204, rows=1)


def _created(call: Call, sobject: SObject, outcome: Outcome, created: bool | None) -> Answer:
    body: dict[str, Any] = {"id": outcome.record_id, "success": True, "errors": []}
    if created is not None:
        body["created"] = created
    location = f"{call.root}/sobjects/{sobject.name}/{outcome.record_id}"
    return Answer(201, body, {"Location": location}, rows=1)


def _one(outcomes: list[Outcome], *, is_new: bool = False) -> Outcome:
    """The outcome of a request for one row; a refusal is the whole answer."""
    outcome = outcomes[0]
    if outcome.errors:
        raise _as_api_error(outcome.errors, is_new)
    return outcome


class RowsRefusedError(ApiError):
    """A request for one row with several reasons against it: all stand in the error array."""

    def __init__(self, first: ApiError, others: list[ApiError]) -> None:
        super().__init__(first.status, first.code, first.message, first.fields)
        self._others = others

    def body(self) -> list[dict[str, Any]]:
        """Every reason."""
        return [*super().body(), *(item for error in self._others for item in error.body())]


def _as_api_error(errors: tuple[RowError, ...], is_new: bool) -> ApiError:
    first, *others = [_single(error, is_new) for error in errors]
    return RowsRefusedError(first, others) if others else first


def _single(error: RowError, is_new: bool) -> ApiError:
    if error.code == WRONG_TYPE:
        return ApiError(400, "JSON_PARSER_ERROR", error.message)
    # A new row that refers to a deleted one is a bad request; only the row of the path itself can be gone.
    status = 400 if is_new and error.code == "ENTITY_IS_DELETED" else single_row_status(error)
    return ApiError(status, error.code, error.message, error.fields)


def _id_of(sobject: SObject, text: str) -> str:
    record_id = ids.normalise(text)
    if record_id is None or record_id[:3] != sobject.key_prefix:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {text}")
    return record_id


def _read(call: Call, sobject: SObject, record_id: str) -> Mapping[str, Any]:
    requested = call.parameter("fields")
    names = field_names(sobject, requested.split(",")) if requested else readable_names(call, sobject)
    soql = f"SELECT {', '.join(names)} FROM {sobject.name} WHERE Id = '{record_id}'"
    records = select(call, soql).records
    if not records:
        raise _missing(call, sobject, record_id)
    found: Mapping[str, Any] = records[0]
    return found


def _missing(call: Call, sobject: SObject, record_id: str) -> ApiError:
    if sobject.has_recycle_bin:
        rows = select_rows(call.org.connection, sobject, ["IsDeleted"], "Id", [record_id], with_deleted=True)
        if rows and rows[0][0]:
            return ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
    return not_found()


def field_names(sobject: SObject, listed: Iterable[str]) -> list[str]:
    """What a request lists as the fields it wants: fields of the record and of its parents, nothing else of SOQL."""
    names = [name.strip() for name in listed]
    for name in names:
        if _FIELD.fullmatch(name) is None:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
    return names


def readable_names(call: Call, sobject: SObject) -> list[str]:
    """The fields that a row GET without `?fields=` shows."""
    fields = sobject.fields.values()
    return [item.name for item in fields if not item.virtual and call.rights.can_read_field(sobject, item)]


def _single_match(call: Call, sobject: SObject, key: Field, value: str) -> str:
    _refuse_many(call, sobject, key, value)
    found = [item for group in existing_ids(call, sobject, key, [value]).values() for item in group]
    if not found:
        raise not_found()
    return found[0]


def _refuse_many(call: Call, sobject: SObject, key: Field, value: str) -> None:
    """300 Multiple Choices: the body lists the records (REST guide, "sObject Rows by External ID")."""
    found = [item for group in existing_ids(call, sobject, key, [value]).values() for item in group]
    if len(found) > 1:
        raise MultipleChoicesError([f"{call.root}/sobjects/{sobject.name}/{item}" for item in found])


class MultipleChoicesError(ApiError):
    """Several records match; the body is the list of their paths."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(300, "DUPLICATE_EXTERNAL_ID", "several records match")
        self._paths = paths

    def body(self) -> Any:
        """The paths."""
        return self._paths
