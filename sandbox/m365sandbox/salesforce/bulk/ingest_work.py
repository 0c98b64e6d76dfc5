"""Works an ingest batch off: 200 rows at a time through the row service that every other API writes by.

Bulk API guide, "How Requests Are Processed": rows succeed or fail one by one, and what was written before a failure of
the batch stays written.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from m365sandbox.salesforce.bulk.columns import Columns, as_text, check_names, said
from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.jobs.dialect import BatchRefusedError, check_header
from m365sandbox.salesforce.jobs.registry import Batch, Job, Worker
from m365sandbox.salesforce.rows.named import writer
from m365sandbox.salesforce.rows.upsert import upsert_key
from m365sandbox.salesforce.values.draft import Outcome

#: Rows that are written together.
CHUNK = 200


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a batch: the values as they were sent, the row that they mean, and where in the data they end."""

    values: list[str]
    row: dict[str, Any]
    end: int


#: The call under which the next slice of a job is done: rights and clock are those of that moment.
CallOf = Callable[[Job], Call]
#: Gives the rows of a batch. Raises BatchRefusedError.
Reader = Callable[[Call, SObject, Batch], Iterator[Record]]
#: Writes the results of a slice.
Teller = Callable[[Batch, list[Record], list[Outcome]], None]


def sobject_of(call: Call, job_object: str, *, to_read: bool = False) -> SObject:
    """The object of a job. Raises BatchRefusedError where the caller has none of that name, or Bulk has it not."""
    sobject = call.org.schema.object(job_object)
    if sobject is None or not call.rights.can_read(sobject):
        raise BatchRefusedError("InvalidJob", f"Unable to find object: {job_object}")
    if not to_read and not (sobject.createable or sobject.updateable or sobject.deletable):
        raise BatchRefusedError("InvalidEntity", f"Entity '{sobject.name}' is not supported by the Bulk API.")
    return sobject


def key_of(call: Call, sobject: SObject, operation: str, name: str | None) -> Field | None:
    """The key of an upsert. Raises BatchRefusedError where a job cannot have it."""
    if operation != "upsert":
        return None
    try:
        return upsert_key(call, sobject, name or "")
    except ApiError as refused:
        if refused.status == 403:
            raise BatchRefusedError("InvalidJob", refused.message) from None
        message = f"Field name provided, {name or ''} does not match an External ID for {sobject.name}"
        raise BatchRefusedError("InvalidJob", message) from None


def ingest(call_of: CallOf, read: Reader, tell: Teller) -> Worker:
    """What works off the batches of a job."""

    def work(job: Job, batch: Batch) -> Iterator[None]:
        call = call_of(job)
        sobject = sobject_of(call, job.object)
        records = read(call, sobject, batch)
        while chunk := list(islice(records, CHUNK)):
            call = call_of(job)
            write = writer(job.operation, key_of(call, sobject, job.operation, job.external_id))
            with call.org.unit_of_work():
                outcomes = write(call, sobject, [item.row for item in chunk])
            told = [_told(sobject, item, outcome) for item, outcome in zip(chunk, outcomes, strict=True)]
            tell(batch, chunk, told)
            batch.processed += len(chunk)
            batch.failed += sum(1 for item in told if not item.success)
            batch.passed = chunk[-1].end
            yield

    return work


def _told(sobject: SObject, record: Record, outcome: Outcome) -> Outcome:
    errors = tuple(said(sobject, error, record.row) for error in outcome.errors)
    return Outcome(outcome.record_id if outcome.success else None, outcome.created and outcome.success, errors)


# --- rows of CSV


def csv_reader(job: Job) -> Reader:
    """The rows of a CSV batch, each made when it is asked for."""

    def read(call: Call, sobject: SObject, batch: Batch) -> Iterator[Record]:
        records = job.dialect.records(batch.data.lines())
        first = next(records, None)
        if first is None:
            raise BatchRefusedError("InvalidBatch", "Records not found")
        names, batch.header = first
        batch.passed = batch.header
        check_header(names)
        columns = Columns(call, sobject, names)
        if job.operation in ("delete", "hardDelete") and [name.lower() for name in names] != ["id"]:
            # the words are ours
            raise BatchRefusedError("InvalidBatch", f"A {job.operation} batch has the column Id and no other")
        batch.columns = names
        for values, end in records:
            yield Record(values, columns.row(values), end)

    return read


def tell_csv(job: Job) -> Teller:
    """Results of Bulk API 2.0: the rows that were written and those that were not, each with its values."""

    def tell(batch: Batch, records: list[Record], outcomes: list[Outcome]) -> None:
        written, refused = [], []
        for record, outcome in zip(records, outcomes, strict=True):
            values = record.values + [""] * (len(batch.columns) - len(record.values))
            if outcome.success:
                created = "true" if outcome.created else "false"
                written.append(job.dialect.line([outcome.record_id or "", created, *values]))
            else:
                named = next(
                    (text for name, text in zip(batch.columns, values, strict=True) if name.lower() == "id"), ""
                )
                error = "|".join(as_text(item) for item in outcome.errors)
                refused.append(job.dialect.line([named, error, *values]))
        batch.results.write(b"".join(written))
        batch.refused.write(b"".join(refused))

    return tell


# --- rows of JSON and XML


def list_reader(rows_of: Callable[[bytes], list[dict[str, Any]]]) -> Reader:
    """The rows of a batch that is read as a whole: Bulk API 1 limits it to 10 MB."""

    def read(call: Call, sobject: SObject, batch: Batch) -> Iterator[Record]:
        rows = rows_of(batch.data.read())
        if not rows:
            raise BatchRefusedError("InvalidBatch", "Records not found")
        for row in rows:
            check_names(call, sobject, row)
        for row in rows:
            yield Record([], row, 0)

    return read


def tell_list(batch: Batch, _records: list[Record], outcomes: list[Outcome]) -> None:
    """Results of Bulk API 1: one line of JSON for each row, from which each content type makes its own."""
    lines = [
        json.dumps([item.record_id, item.success, item.created, [error.as_json() for error in item.errors]])
        for item in outcomes
    ]
    batch.results.write("".join(f"{line}\n" for line in lines).encode())
