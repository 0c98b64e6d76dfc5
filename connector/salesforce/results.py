"""What an sObject Collection said about each row, what can be corrected, and which refusals are another row's. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.core.writing.body import Body, halve
from connector.http.subrequest import SubResponse
from connector.model.records import Row, RowError, RowResult
from connector.model.values import RecordId
from connector.salesforce.errors import code_and_message
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


def row_results(answer: SubResponse) -> Sequence[Mapping[str, Any]] | None:
    """What the org said of each row of a Collection, in order; None where it refused the Collection in one piece."""
    return answer.body if answer.status < 300 and isinstance(answer.body, list) else None


def row_error(result: Mapping[str, Any]) -> RowError | None:
    """Why a row was refused; None for one that was taken."""
    if result.get("success"):
        return None
    errors = result.get("errors") or [{}]
    return _refusal(*code_and_message(errors), fields=tuple(str(name) for name in errors[0].get("fields") or ()))


def whole_error(answer: SubResponse) -> RowError:
    """Why a Collection was refused in one piece, as the error of each of its rows."""
    return _refusal(*code_and_message(answer.body))


def read_results(rows: Sequence[Row], results: Sequence[Mapping[str, Any]], *, sent_again: bool) -> list[RowResult]:
    """What became of new rows. `sent_again`: an earlier sending of the request may have made them."""
    return [_read(row, result, sent_again) for row, result in zip(rows, results, strict=True)]


def _read(row: Row, result: Mapping[str, Any], sent_again: bool) -> RowResult:
    error = row_error(result)
    if error is None:
        return RowResult(row=row, id=_id(result.get("id")) or row.id)
    if error.code == "DUPLICATE_VALUE" and _EXISTS in error.message:
        found = _RECORD_ID.search(error.message)
        return RowResult(row=row, id=full_id(found[1]) if found else None, existed=not sent_again)
    return RowResult(row=row, error=error)


def _refusal(code: str, message: str, *, fields: tuple[str, ...] = ()) -> RowError:
    """The error of a row; `transient` where fewer rows at once, or a later attempt, may succeed."""
    text = message.lower()
    transient = code in _OVERLOAD or (code == _TRIGGER and any(limit in text for limit in _LIMITS))
    return RowError(code=code or "REFUSED", message=message, fields=fields, transient=transient)


def _id(value: Any) -> RecordId | None:
    return RecordId(str(value)) if value else None


def is_overload(result: RowResult) -> bool:
    """Whether fewer rows at once might have passed."""
    return result.error is not None and result.error.transient


def waits_for_parent(result: RowResult) -> bool:
    """Whether the row was refused only because its parent is not there."""
    error = result.error
    return error is not None and error.code == "INVALID_FIELD" and _MISSING_PARENT.search(error.message) is not None


def is_locked(result: RowResult) -> bool:
    """Whether another transaction held the row's parent: the same row may pass the next time."""
    return result.error is not None and result.error.code == _LOCKED


def mended(result: RowResult, integration_user: RecordId) -> Row | None:
    """A refused row, corrected: another owner, or half the body. None where the refusal is of another kind."""
    error, row = result.error, result.row
    if error is None:
        return None
    if error.code == _INACTIVE and row.object == "Task" and row.fields.get("OwnerId") != integration_user:
        return replace(row, fields={**row.fields, "OwnerId": integration_user})
    html = row.fields.get("Body__c")
    if error.code == _TOO_LONG and isinstance(html, str) and any("Body__c" in name for name in error.fields):
        half = halve(Body(html, truncated=True))
        return replace(row, fields={**row.fields, "Body__c": half.html, "Body_Truncated__c": half.truncated})
    return None


class Parents:
    """Finds the parent of a row among the rows that were sent, by external id."""

    def __init__(self, results: Mapping[tuple[int, int], RowResult]) -> None:
        self._by_key = {(result.row.object, result.row.key): result for result in results.values()}

    @staticmethod
    def key_of(result: RowResult) -> str:
        """The external id by which the row names its Email__c; empty where it names none."""
        parent = result.row.fields.get("Email__r")
        return str(parent.get("Message_Key__c") or "") if isinstance(parent, Mapping) else ""

    def settled(self, result: RowResult) -> RowResult:
        """The result, or that of its parent where the row failed only with it."""
        if not waits_for_parent(result):
            return result
        parent = self._by_key.get(("Email__c", self.key_of(result)))
        return result if parent is None or parent.done else replace(result, error=parent.error)
