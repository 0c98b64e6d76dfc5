"""What an sObject Collection said about each row, what can be corrected, and which refusals are another row's. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.core.writing.body import Body, halve
from connector.http.subrequest import SubResponse
from connector.model.records import Row, RowError, RowResult
from connector.model.values import RecordId
from connector.salesforce.errors import code_and_message
from connector.salesforce.wire import full_id

#: A name of a field, and a record id, among the words of a message, which are in the user's language.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RECORD_ID = re.compile(
    r"(?<![A-Za-z0-9_])([A-Za-z0-9]{5}(?=[A-Za-z0-9]*[0-9])[A-Za-z0-9]{10}(?:[A-Za-z0-9]{3})?)(?![A-Za-z0-9_])"
)
DUPLICATE = "DUPLICATE_VALUE"
_LOCKED = "UNABLE_TO_LOCK_ROW"
#: Codes by which the org says that it was too much at once. A trigger or flow says it by the name of an Apex class.
_OVERLOAD = frozenset({_LOCKED, "QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "APEX_CPU_LIMIT"})
_AUTOMATION = frozenset({"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER"})
_LIMIT_CLASS = "LimitException"
#: Codes for what an administrator can change: a rule, a required field, a right, an automation, a picklist.
_OF_A_RULE = _AUTOMATION | {
    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "FIELD_FILTER_VALIDATION_EXCEPTION",
    "FIELD_INTEGRITY_EXCEPTION",
    "REQUIRED_FIELD_MISSING",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "DUPLICATES_DETECTED",
    "INSUFFICIENT_ACCESS",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "INVALID_FIELD",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "INVALID_TYPE",
    "INVALID_CROSS_REFERENCE_KEY",
    "ENTITY_IS_DELETED",
    "INACTIVE_OWNER_OR_USER",
    "CIRCULAR_DEPENDENCY",
    "DELETE_FAILED",
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
    "TRANSFER_REQUIRES_READ",
    DUPLICATE,
    "STORAGE_LIMIT_EXCEEDED",
    "LIMIT_EXCEEDED",
}
#: Codes for a record that the row names and that is there no more: a client who was deleted or merged meanwhile.
_NAMED_IS_GONE = frozenset(
    {"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"}
)
_INACTIVE = "INACTIVE_OWNER_OR_USER"
_TOO_LONG = "STRING_TOO_LONG"


def row_results(answer: SubResponse) -> Sequence[Mapping[str, Any]] | None:
    """What the org said of each row of a Collection, in order; None where it refused the Collection in one piece."""
    body = answer.body
    if answer.status >= 300 or not isinstance(body, list) or not all(isinstance(row, Mapping) for row in body):
        return None
    return body


def row_error(result: Mapping[str, Any]) -> RowError | None:
    """Why a row was refused; None for one that was taken."""
    if result.get("success") is True:
        return None
    errors = result.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    code, message = code_and_message(first)
    if not code:
        return RowError(code="UNREADABLE", message="what became of the row cannot be read", transient=True)
    fields = first.get("fields")
    return refusal_of(code, message, fields=tuple(map(str, fields)) if isinstance(fields, list) else ())


def whole_error(answer: SubResponse) -> RowError:
    """Why a Collection was refused in one piece, as the error of each of its rows."""
    return refusal_of(*code_and_message(answer.body))


def read_results(
    rows: Sequence[Row], results: Sequence[Mapping[str, Any]], *, sent_again: bool, wire: Callable[[str], str] = str
) -> list[RowResult]:
    """What became of new rows. `sent_again`: an earlier sending of the request may have made them. `wire`: the names of
    fields in the org."""
    return [_read(row, result, sent_again, wire) for row, result in zip(rows, results, strict=True)]


def _read(row: Row, result: Mapping[str, Any], sent_again: bool, wire: Callable[[str], str]) -> RowResult:
    error = row_error(result)
    if error is None:
        id_ = _id(result.get("id")) or row.id
        if id_ is None:
            return RowResult(row=row, error=RowError(code="NO_ID", message="no id came for the row", transient=True))
        return RowResult(row=row, id=id_)
    found = _RECORD_ID.findall(error.message)
    if error.code == DUPLICATE and len(found) == 1 and _names(error) & {row.key_field, wire(row.key_field)}:
        return RowResult(row=row, id=full_id(found[0]), existed=not sent_again)
    return RowResult(row=row, error=error)


def _names(error: RowError) -> set[str]:
    """The fields that a refusal may name, by itself or in its message, whatever the language of that."""
    return {*error.fields, *_NAME.findall(error.message)}


def may_be_there(result: RowResult) -> bool:
    """Whether the row was refused for a value that another one has, and it is not said which: its own key, or a unique
    field of the org. Only a look at the key can tell."""
    return result.error is not None and result.error.code == DUPLICATE


def settled_duplicate(result: RowResult, found: RecordId | None, *, sent_again: bool) -> RowResult:
    """The result of such a row once its key was looked up: it is there under `found`, or was refused for good."""
    if found is None or found == result.row.id:
        return result
    return RowResult(row=result.row, id=found, existed=not sent_again)


def refusal_of(code: str, message: str, *, fields: tuple[str, ...] = ()) -> RowError:
    """The error of a row; `transient` where fewer rows at once, or a later attempt, may succeed."""
    transient = code in _OVERLOAD or (code in _AUTOMATION and _LIMIT_CLASS in message)
    return RowError(
        code=code or "REFUSED",
        message=message,
        fields=fields,
        transient=transient,
        by_rule=code in _OF_A_RULE and not transient,
        named_is_gone=code in _NAMED_IS_GONE,
    )


def _id(value: Any) -> RecordId | None:
    return RecordId(value) if isinstance(value, str) and value else None


def is_overload(result: RowResult) -> bool:
    """Whether fewer rows at once might have passed."""
    return result.error is not None and result.error.transient


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

    def is_missing(self, result: RowResult) -> bool:
        """Whether the row was refused, and its parent before it: what names a row that is not there is no other row's
        fault, whatever the org says of it."""
        parent = self._by_key.get(("Email__c", self.key_of(result)))
        return result.error is not None and parent is not None and not parent.done

    def settled(self, result: RowResult) -> RowResult:
        """The result, or that of its parent where the row failed only with it."""
        parent = self._by_key.get(("Email__c", self.key_of(result)))
        return result if parent is None or not self.is_missing(result) else replace(result, error=parent.error)
