"""/sobjects/T/updated and /sobjects/T/deleted: what changed in a span of time.

REST guide, "sObject Get Updated" and "sObject Get Deleted": seconds are ignored, updates reach 30 days back and
deletions 15, and only what the caller may see is named.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from m365sandbox.salesforce.call import Answer, Call, visible_object
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.rest.queries import select

_UPDATES_REACH = timedelta(days=30)
_DELETIONS_REACH = timedelta(days=15)


def is_replicated(sobject: SObject) -> bool:
    """Whether the two resources know the object: its rows say when they changed."""
    return sobject.queryable and bool(_stamp(sobject))


def updated(call: Call, name: str) -> Answer:
    """GET /sobjects/T/updated?start=…&end=…"""
    sobject = _replicated(call, name)
    start, end = _span(call, _UPDATES_REACH)
    stamp = _stamp(sobject)
    soql = f"SELECT Id FROM {sobject.name} WHERE {stamp} >= {_soql(start)} AND {stamp} < {_soql(end)}"
    found = [record["Id"] for record in select(call, soql).records]
    return Answer(200, {"ids": found, "latestDateCovered": _covered(call, end)})


def deleted(call: Call, name: str) -> Answer:
    """GET /sobjects/T/deleted?start=…&end=…: rows that lie in the recycle bin."""
    sobject = _replicated(call, name)
    start, end = _span(call, _UPDATES_REACH)
    floor = _minute(call.now - _DELETIONS_REACH)
    found: list[dict[str, Any]] = []
    if sobject.has_recycle_bin:
        stamp = _stamp(sobject)
        soql = (
            f"SELECT Id, {stamp} FROM {sobject.name} WHERE IsDeleted = true "
            f"AND {stamp} >= {_soql(max(start, floor))} AND {stamp} < {_soql(end)}"
        )
        found = [
            {"id": record["Id"], "deletedDate": record[stamp]}
            for record in select(call, soql, include_deleted=True).records
        ]
    body = {
        "deletedRecords": found,
        "earliestDateAvailable": _written(floor),
        "latestDateCovered": _covered(call, end),
    }
    return Answer(200, body)


def _replicated(call: Call, name: str) -> SObject:
    sobject = visible_object(call, name)
    if not is_replicated(sobject):
        raise ApiError(400, "INVALID_TYPE_FOR_OPERATION", f"object type {sobject.name} is not replicateable")
    return sobject


def _stamp(sobject: SObject) -> str:
    """The field that says when a row changed last; empty where there is none."""
    found = sobject.field("SystemModstamp") or sobject.field("LastModifiedDate")
    return found.name if found is not None else ""


def _span(call: Call, reach: timedelta) -> tuple[datetime, datetime]:
    start, end = _instant(call, "start"), _instant(call, "end")
    if start >= end:
        raise _wrong("The start date must precede the end date by more than one minute")
    if start < _minute(call.now - reach):
        raise _wrong("startDate before org replication enabled date")
    return start, end


def _instant(call: Call, name: str) -> datetime:
    text = call.parameter(name)
    if text is None:
        raise ApiError(400, "MISSING_ARGUMENT", f"The {name} parameter is required")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(f"Invalid datetime: {text}") from None
    if found.tzinfo is None:
        raise _wrong(f"Invalid datetime, a zone is missing: {text}")
    return _minute(found.astimezone(UTC))


def _minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)


def _soql(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _covered(call: Call, end: datetime) -> str:
    return _written(min(end, _minute(call.now)))


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _wrong(message: str) -> ApiError:
    return ApiError(400, "INVALID_REPLICATION_DATE", message)
