"""sObject Collections: up to 200 rows of one object in one sub-request, each of which is taken or refused by itself.

REST guide, "sObject Collections". Every Collection is made here; `results` reads what the org said of its rows. The
run's own row, which is written along with others, is no Collection: it is found by its key.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.core.writing.pack import MAX_ROWS
from connector.model import schema
from connector.model.run import EventRecord
from connector.model.values import batched
from connector.salesforce.client import CompositeRequest, SalesforceClient
from connector.salesforce.wire import Names, RawJson, as_json, json_pieces, wire_fields

EVENT = schema.EVENT.name
_URL = "composite/sobjects"


def event_request(client: SalesforceClient, event: EventRecord) -> CompositeRequest:
    """Make the run's row, or bring it up to date. The key stands in the address and may not be repeated in the body."""
    fields = {name: value for name, value in event.fields.items() if name != "Run_Key__c"}
    return CompositeRequest(
        method="PATCH",
        url=client.row(EVENT, "Run_Key__c", event.key),
        asked=f"the object {EVENT}",
        body=client.names.to_wire(wire_fields(fields)),
    )


def as_record(names: Names, object_name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a Collection carries it. `fields` has its `id` on an update."""
    return {"attributes": {"type": names.wire(object_name)}, **names.to_wire(wire_fields(fields))}


def as_collection(
    object_name: str,
    records: Sequence[Mapping[str, Any] | RawJson],
    *,
    method: str,
    key: str = "",
    all_or_none: bool = False,
) -> CompositeRequest:
    """One Collection of at most 200 records, which may be JSON already.

    `key`: the external id of an upsert, as "object/field" on the wire.
    """
    return CompositeRequest(
        method=method,
        url=f"{_URL}/{key}" if key else _URL,
        asked=f"rows of {object_name}",
        body=collection_body(records, all_or_none=all_or_none),
        raw=True,
    )


def collection_body(records: Sequence[Mapping[str, Any] | RawJson], *, all_or_none: bool = False) -> Any:
    """What a Collection sends; JSON where its records are."""
    if not records or not isinstance(records[0], RawJson):
        return {"allOrNone": all_or_none, "records": records}
    head = as_json({"allOrNone": all_or_none})[:-1]
    pieces = [head, b',"records":[']
    for number, record in enumerate(records):
        pieces += [b"," if number else b"", *json_pieces(record)]
    return RawJson((*pieces, b"]}"))


def updates(
    names: Names, object_name: str, rows: Sequence[Mapping[str, Any]], *, key: str = "", all_or_none: bool = False
) -> Iterator[CompositeRequest]:
    """Updates of rows by their `id`; with `key`, upserts by that external id. 200 rows in each."""
    upsert = names.wire(f"{object_name}/{key}") if key else ""
    for part in batched(rows, MAX_ROWS):
        records = [as_record(names, object_name, row) for row in part]
        yield as_collection(object_name, records, method="PATCH", key=upsert, all_or_none=all_or_none)


def deletions(object_name: str, ids: Sequence[str]) -> Iterator[CompositeRequest]:
    """Deletions of rows by their ids, 200 in each sub-request."""
    for part in batched(ids, MAX_ROWS):
        yield CompositeRequest(
            method="DELETE",
            url=f"{_URL}?ids={','.join(part)}&allOrNone=false",
            asked=f"rows of {object_name}",
            raw=True,
        )


def is_collection(request: CompositeRequest) -> bool:
    """Whether the answer has a result for each row."""
    return request.url.startswith(_URL)
