"""A row on its way into the database, and what became of it."""

from dataclasses import dataclass, field
from typing import Any

from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.errors import RowError


@dataclass(slots=True)
class Reference:
    """A lookup still to be verified: to `value` in `key` of `target` (None: the object that the id says)."""

    field: Field
    target: SObject | None
    key: Field | None
    value: str


@dataclass(slots=True)
class Draft:
    """One row. `values` holds what columns will hold, by field name; `given` are the names the client sent.

    `record_id` and `old` (the stored values) are there for a row that exists.
    """

    values: dict[str, Any] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    references: list[Reference] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    record_id: str | None = None
    old: dict[str, Any] | None = None

    def refuse(self, code: str, message: str, *fields: str) -> None:
        """Add an error; a row with one is not written."""
        self.errors.append(RowError(code, message, fields))

    def current(self, name: str) -> Any:
        """The value the row will have: sent, else stored."""
        if name in self.values:
            return self.values[name]
        return None if self.old is None else self.old.get(name)


@dataclass(slots=True)
class Outcome:
    """The result of one row."""

    record_id: str | None = None
    created: bool = False
    errors: tuple[RowError, ...] = ()

    @property
    def success(self) -> bool:
        """Whether the row was written."""
        return not self.errors

    def as_json(self, with_created: bool = False) -> dict[str, Any]:
        """The row's result in an sObject Collections answer. `created` stands in those of an upsert."""
        result: dict[str, Any] = {}
        if self.record_id is not None:
            result["id"] = self.record_id
        result["success"] = self.success
        result["errors"] = [error.as_json() for error in self.errors]
        if with_created:
            result["created"] = self.created
        return result


def rolled_back(outcome: Outcome) -> Outcome:
    """What becomes of a good row when another one under all-or-none was refused."""
    if not outcome.success:
        return outcome
    message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    return Outcome(outcome.record_id, outcome.created, (RowError("ALL_OR_NONE_OPERATION_ROLLED_BACK", message),))
