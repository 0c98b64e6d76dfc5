"""Works a query off: what Bulk queries refuse, and the result as CSV, JSON or XML.

Bulk API guide, "SOQL Considerations": no GROUP BY, OFFSET, TYPEOF, aggregates, child subqueries or compound fields.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from m365sandbox.salesforce.bulk.ingest_work import CallOf
from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.jobs.dialect import BatchRefusedError, Dialect
from m365sandbox.salesforce.jobs.registry import Batch, Job, Worker
from m365sandbox.salesforce.rest.queries import select
from m365sandbox.salesforce.soql import Column, QueryResult, parse

#: Records that are read together.
CHUNK = 2_000
_AGGREGATES = "Aggregate Relationships not supported in Bulk Query"
_COMPOUND = "Selecting compound data not supported in Bulk Query"
_TYPEOF = re.compile(r"\bTYPEOF\b", re.IGNORECASE)
_STRINGS = re.compile(r"'(?:\\.|[^'\\])*'")


def run(call: Call, operation: str, soql: str) -> QueryResult:
    """The result of a Bulk query. Raises ApiError 400 where it is wrong, or one that Bulk refuses."""
    result = select(call, soql, include_deleted=operation == "queryAll")
    if result.aggregate or any(column.children is not None for column in result.columns):
        raise ApiError(400, "API_ERROR", _AGGREGATES)
    if any(column.field is not None and column.field.parts for column in result.columns):
        raise ApiError(400, "API_ERROR", _COMPOUND)
    # the words of these two are ours
    if _TYPEOF.search(_STRINGS.sub("''", soql)):
        raise ApiError(400, "API_ERROR", "TYPEOF not supported in Bulk Query")
    if parse(soql).offset:
        raise ApiError(400, "API_ERROR", "OFFSET not supported in Bulk Query")
    return result


#: Writes the first bytes of a result, and a record after that.
Writer = Callable[[tuple[Column, ...]], tuple[bytes, Callable[[Mapping[str, Any]], bytes]]]


def query(
    call_of: CallOf, write: Writer, soql_of: Callable[[Job, Batch], str], refuse: Callable[[ApiError], Exception]
) -> Worker:
    """What works a query off: a page of its records at each step."""

    def work(job: Job, batch: Batch) -> Iterator[None]:
        try:
            result = run(call_of(job), job.operation, soql_of(job, batch))
        except ApiError as refused:
            raise refuse(refused) from None
        if result.sobject != job.object:
            message = f"Failed to process query: it is about {result.sobject}, the job about {job.object}"
            raise BatchRefusedError("InvalidBatch", message)
        head, line = write(result.columns)
        batch.results.write(head)
        batch.header = len(head)
        for start in range(0, len(result.records), CHUNK):
            place = batch.results.size
            lines = [line(record) for record in result.records[start : start + CHUNK]]
            for text in lines:
                batch.starts.append(place)
                place += len(text)
            batch.results.write(b"".join(lines))
            batch.processed += len(lines)
            yield

    return work


def csv_writer(dialect: Dialect) -> Writer:
    """A column for each selected field, named by its path."""

    def write(columns: tuple[Column, ...]) -> tuple[bytes, Callable[[Mapping[str, Any]], bytes]]:
        paths = [(path_of(column), is_instant(column)) for column in columns]
        head = dialect.line([".".join(path) for path, _ in paths])
        return head, lambda record: dialect.line([as_text(value_at(record, path), instant) for path, instant in paths])

    return write


def path_of(column: Column) -> tuple[str, ...]:
    """The names that lead from a record to a selected value."""
    return (*(parent.relationship for parent in column.parents), column.name)


def value_at(record: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The value at the end of a path; None where a parent is missing."""
    value: Any = record
    for name in path:
        if value is None:
            return None
        value = value[name]
    return value


def is_instant(column: Column) -> bool:
    """Whether the column holds dates with times."""
    return column.field is not None and column.field.type == "datetime"


def as_text(value: Any, instant: bool) -> str:
    """A value as CSV and XML have it. Instants end in Z there."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if instant:
        return str(value).replace("+0000", "Z")
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)
