"""The content types of Bulk API 1: how rows are read from a batch, and records of a query are written."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from m365sandbox.salesforce.bulk.ingest_work import Reader, Record, csv_reader, list_reader
from m365sandbox.salesforce.bulk.query_work import Writer, as_text, csv_writer, is_instant, path_of, value_at
from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.jobs.dialect import BatchRefusedError, Dialect
from m365sandbox.salesforce.jobs.registry import Batch, Job
from m365sandbox.salesforce.rest import xml_bodies
from m365sandbox.salesforce.rest.xml_bodies import escaped, written
from m365sandbox.salesforce.soql import Column

#: The media types that a batch of each content type may be sent as.
MEDIA = {"CSV": ("text/csv",), "JSON": ("application/json",), "XML": ("application/xml", "text/xml")}
MAX_RECORDS = 10_000


def reader(job: Job) -> Reader:
    """What reads the rows of a batch."""
    if job.content == "JSON":
        return list_reader(_rows_of_json)
    if job.content == "XML":
        return list_reader(_rows_of_xml)
    return _limited(job, csv_reader(job))


def _limited(job: Job, read: Reader) -> Reader:
    """A batch of CSV is read to its end before its first row is written: one that is too long is not processed."""

    def limited(call: Call, sobject: SObject, batch: Batch) -> Iterator[Record]:
        _check_count(sum(1 for _ in job.dialect.records(batch.data.lines())) - 1, "Failed to parse CSV. ")
        yield from read(call, sobject, batch)

    return limited


def _check_count(count: int, prefix: str = "") -> None:
    if count > MAX_RECORDS:
        # Salesforce's reader counts the header
        limit = f"Number of records should be less than or equal to {MAX_RECORDS + 1}"
        raise BatchRefusedError("InvalidBatch", f"{prefix}Exceeded number of records : {count + 1}. {limit}")


def _rows_of_json(data: bytes) -> list[dict[str, Any]]:
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError) as wrong:
        raise BatchRefusedError("InvalidBatch", f"Failed to parse JSON. {wrong}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BatchRefusedError("InvalidBatch", "Failed to parse JSON. A list of records is expected")
    _check_count(len(rows))
    return rows


def _rows_of_xml(data: bytes) -> list[dict[str, Any]]:
    try:
        root = xml_bodies.parse(data)
    except ValueError as wrong:
        raise BatchRefusedError("InvalidBatch", f"Failed to parse XML. {wrong}") from None
    if xml_bodies.local(root) != "sObjects" or any(xml_bodies.local(item) != "sObject" for item in root):
        raise BatchRefusedError("InvalidBatch", "Failed to parse XML. sObjects with elements sObject are expected")
    _check_count(len(root))
    return [_row_of_xml(item) for item in root]


def _row_of_xml(element: ET.Element) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for item in element:
        name = xml_bodies.local(item)
        if name == "type":
            row["attributes"] = {"type": xml_bodies.text(item)}
        elif xml_bodies.is_nil(item):
            row[name] = None
        elif len(item):
            row[name] = _row_of_xml(item[0])
        elif xml_bodies.text(item):
            row[name] = xml_bodies.text(item)
    return row


# --- records of queries


def writer(job: Job, sobject: str) -> Writer:
    """What writes the records of a query."""
    if job.content == "JSON":
        return _json_writer
    return _xml_writer(sobject) if job.content == "XML" else csv_writer(Dialect())


def _json_writer(columns: tuple[Column, ...]) -> tuple[bytes, Callable[[Mapping[str, Any]], bytes]]:
    """A line for each record. Dates are milliseconds there (observed by users of simple-salesforce)."""
    typed = [(path_of(column), "" if column.field is None else column.field.type) for column in columns]
    dates = [path for path, kind in typed if kind in ("date", "datetime")]

    def line(record: Mapping[str, Any]) -> bytes:
        for *parents, name in dates:
            holder = value_at(record, tuple(parents))
            if holder is not None and holder[name] is not None:
                holder[name] = _milliseconds(holder[name])
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    return b"", line


def _milliseconds(value: str) -> int:
    instant = datetime.fromisoformat(value)
    return round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1000)


def _xml_writer(sobject: str) -> Writer:
    def write(columns: tuple[Column, ...]) -> tuple[bytes, Callable[[Mapping[str, Any]], bytes]]:
        paths = [(path_of(column), is_instant(column)) for column in columns]

        def line(record: Mapping[str, Any]) -> bytes:
            parts = [_nested(record, path, instant) for path, instant in paths]
            return f'<records xsi:type="sObject"><type>{escaped(sobject)}</type>{"".join(parts)}</records>'.encode()

        return b"", line

    return write


def _nested(record: Mapping[str, Any], path: tuple[str, ...], instant: bool) -> str:
    value = value_at(record, path)
    inner = f'<{path[-1]} xsi:nil="true"/>' if value is None else written(path[-1], as_text(value, instant))
    for name in reversed(path[:-1]):
        inner = f'<{name} xsi:type="sObject">{inner}</{name}>'
    return inner
