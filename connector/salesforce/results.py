"""What an sObject Collection said about each row, what can be mended, and which refusals are another row's. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector.core.writing.body import Body, halve
from connector.model.records import Row, RowError
from connector.model.values import RecordId
from connector.salesforce.errors import one_line
from connector.salesforce.wire import full_id

_RECORD_ID = re.compile(r"record with id: ([A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)")
_MISSING_PARENT = re.compile(r"Foreign key external ID: (.*?) not found for field (\w+) in entity (\w+)", re.DOTALL)
_EXISTS = "duplicate value found"
_LOCKED = "UNABLE_TO_LOCK_ROW"
#: Codes by which the org says that it was too much at once. _TRIGGER stands for any failing trigger: its text counts.
_OVERLOAD = frozenset({_LOCKED, "QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "APEX_CPU_LIMIT"})
_TRIGGER = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
_LIMITS = ("limitexception", "cpu time limit", "heap size", "too many soql", "too many dml")
_INACTIVE = "INACTIVE_OWNER_OR_USER"
_TOO_LONG = "STRING_TOO_LONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a row as it was last sent."""

    row: Row
    id: RecordId | None = None
    existed: bool = False
    error: RowError | None = None

    @property
    def done(self) -> bool:
        """Whether the row is there."""
        return self.error is None


def read_outcomes(rows: Sequence[Row], results: Sequence[Mapping[str, Any]], *, sent_again: bool) -> list[Outcome]:
    """The outcomes of a Collection. `sent_again`: an earlier sending of the request may have made the rows."""
    return [_outcome(row, result, sent_again) for row, result in zip(rows, results, strict=True)]


def _outcome(row: Row, result: Mapping[str, Any], sent_again: bool) -> Outcome:
    if result.get("success"):
        return Outcome(row=row, id=_id(result.get("id")) or row.id)
    errors = result.get("errors") or [{}]
    first = errors[0]
    code, message = str(first.get("statusCode") or "UNKNOWN"), one_line(str(first.get("message") or ""))
    if code == "DUPLICATE_VALUE" and _EXISTS in message:
        found = _RECORD_ID.search(message)
        return Outcome(row=row, id=full_id(found[1]) if found else None, existed=not sent_again)
    fields = tuple(str(name) for name in first.get("fields") or ())
    return Outcome(
        row=row, error=RowError(code=code, message=message, fields=fields, transient=_is_passing(code, message))
    )


def _id(value: Any) -> RecordId | None:
    return RecordId(str(value)) if value else None


def _is_passing(code: str, message: str) -> bool:
    text = message.lower()
    return code in _OVERLOAD or (code == _TRIGGER and any(limit in text for limit in _LIMITS))


def is_overload(outcome: Outcome) -> bool:
    """Whether fewer rows at once might have passed."""
    return outcome.error is not None and outcome.error.transient


def waits_for_parent(outcome: Outcome) -> bool:
    """Whether the row was refused only because its parent is not there."""
    error = outcome.error
    return error is not None and error.code == "INVALID_FIELD" and _MISSING_PARENT.search(error.message) is not None


def is_locked(outcome: Outcome) -> bool:
    """Whether another transaction held the row's parent: the same row may pass the next time."""
    return outcome.error is not None and outcome.error.code == _LOCKED


def mended(outcome: Outcome, integration_user: RecordId) -> Row | None:
    """The row as the org may take it after all, or None where nothing we know would help."""
    error, row = outcome.error, outcome.row
    if error is None:
        return None
    if error.code == _INACTIVE and row.object == "Task" and row.fields.get("OwnerId") != integration_user:
        return replace(row, fields={**row.fields, "OwnerId": integration_user})
    html = row.fields.get("Body__c")
    if error.code == _TOO_LONG and isinstance(html, str) and any("Body__c" in name for name in error.fields):
        half = halve(Body(html, truncated=True))
        return replace(row, fields={**row.fields, "Body__c": half.html, "Body_Truncated__c": half.truncated})
    return None


def refused_whole(rows: Sequence[Row], code: str, message: str) -> list[Outcome]:
    """The outcomes of a Collection that was refused in one piece."""
    error = RowError(code=code, message=message, transient=_is_passing(code, message))
    return [Outcome(row=row, error=error) for row in rows]


class Parents:
    """Finds the parent of a row among the rows that were sent, by external id."""

    def __init__(self, outcomes: Mapping[tuple[int, int], Outcome]) -> None:
        self._by_key = {(outcome.row.object, outcome.row.key): outcome for outcome in outcomes.values()}

    @staticmethod
    def key_of(outcome: Outcome) -> str:
        """The external id by which the row names its Email__c; empty where it names none."""
        parent = outcome.row.fields.get("Email__r")
        return str(parent.get("Message_Key__c") or "") if isinstance(parent, Mapping) else ""

    def settled(self, outcome: Outcome) -> Outcome:
        """The outcome, or that of the parent where the row failed only with it."""
        if not waits_for_parent(outcome):
            return outcome
        parent = self._by_key.get(("Email__c", self.key_of(outcome)))
        return outcome if parent is None or parent.done else replace(outcome, error=parent.error)
