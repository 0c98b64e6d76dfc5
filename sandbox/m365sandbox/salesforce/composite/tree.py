"""/composite/tree/T: records with their details in one request, written as a whole or not at all.

REST guide, "sObject Tree", its request body and its response body: up to 200 records of up to five types and five
levels; all records of one type on one level are written together, the roots first.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from m365sandbox.salesforce.call import Answer, Call, visible_object
from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.data.tables import RollBack
from m365sandbox.salesforce.errors import ApiError, RowError, bad_json
from m365sandbox.salesforce.rows.insert import insert
from m365sandbox.salesforce.values.draft import Outcome

MAX_RECORDS = 200
MAX_LEVELS = 5
MAX_TYPES = 5


@dataclass(slots=True)
class _Node:
    """One record of the tree. `reference` is the field that names its parent."""

    sobject: SObject
    values: dict[str, Any]
    reference_id: str
    parent: "_Node | None" = None
    reference: Field | None = None
    outcome: Outcome = field(default_factory=Outcome)

    def row(self) -> dict[str, Any]:
        """The record as it is inserted, once its parent is."""
        if self.parent is None or self.reference is None:
            return self.values
        return {**self.values, self.reference.name: self.parent.outcome.record_id}


def create(call: Call, name: str) -> Answer:
    """POST /composite/tree/T."""
    levels = _Reader(call).read(visible_object(call, name))
    nodes = [node for level in levels for node in level]
    repeated = _repeated(nodes)
    if repeated:
        return Answer(400, {"hasErrors": True, "results": repeated})
    failed: list[dict[str, Any]] = []
    with call.org.unit_of_work():
        failed = _insert(call, levels)
        if failed:
            raise RollBack
    if failed:
        return Answer(400, {"hasErrors": True, "results": failed})
    results = [{"referenceId": node.reference_id, "id": node.outcome.record_id} for node in nodes]
    return Answer(201, {"hasErrors": False, "results": results}, rows=len(nodes))


def _insert(call: Call, levels: list[list[_Node]]) -> list[dict[str, Any]]:
    """Insert level by level and type by type, until one is refused; the results of what was."""
    for level in levels:
        for sobject in dict.fromkeys(node.sobject for node in level):
            nodes = [node for node in level if node.sobject is sobject]
            for node, outcome in zip(nodes, insert(call, sobject, [node.row() for node in nodes]), strict=True):
                node.outcome = outcome
            refused = [_refused(node.reference_id, node.outcome.errors) for node in nodes if node.outcome.errors]
            if refused:
                return refused
    return []


def _refused(reference_id: str, errors: tuple[RowError, ...]) -> dict[str, Any]:
    return {"referenceId": reference_id, "errors": [error.as_json() for error in errors]}


def _repeated(nodes: list[_Node]) -> list[dict[str, Any]]:
    """A result for each instance of a reference id that stands more than once."""
    counts = Counter(node.reference_id for node in nodes)
    error = RowError("INVALID_INPUT", "Duplicate ReferenceId provided in the request.")
    return [_refused(node.reference_id, (error,)) for node in nodes if counts[node.reference_id] > 1]


class _Reader:
    """Takes the body apart into levels. ApiError for what is no tree or too large a one."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._levels: list[list[_Node]] = []
        self._types: set[str] = set()
        self._count = 0

    def read(self, root: SObject) -> list[list[_Node]]:
        """The records of the body, which are of type `root`."""
        self._records(self._call.body, root, 0, None, None)
        return self._levels

    def _records(
        self, holder: Any, sobject: SObject, level: int, parent: _Node | None, reference: Field | None
    ) -> None:
        records = holder.get("records") if isinstance(holder, dict) else None
        if not isinstance(records, list) or not records or not all(isinstance(item, dict) for item in records):
            raise bad_json("records: a list of objects is required")
        self._types.add(sobject.name)
        self._count += len(records)
        if self._count > MAX_RECORDS:
            message = f"record limit reached. cannot submit more than {MAX_RECORDS} records into this call"
            raise ApiError(400, "EXCEEDED_ID_LIMIT", message)
        if level >= MAX_LEVELS or len(self._types) > MAX_TYPES:
            message = f"A request has up to {MAX_LEVELS} levels and {MAX_TYPES} types of records"
            raise ApiError(400, "INVALID_INPUT", message)
        if len(self._levels) == level:
            self._levels.append([])
        for record in records:
            self._record(record, sobject, level, _Node(sobject, {}, "", parent, reference))

    def _record(self, record: Mapping[str, Any], sobject: SObject, level: int, node: _Node) -> None:
        attributes = record.get("attributes")
        attributes = attributes if isinstance(attributes, dict) else {}
        kind, reference_id = attributes.get("type"), attributes.get("referenceId")
        if not isinstance(reference_id, str) or not reference_id:
            raise ApiError(400, "INVALID_INPUT", "Include a reference ID for each record in the request.")
        if not isinstance(kind, str) or kind.lower() != sobject.name.lower():
            raise ApiError(400, "INVALID_TYPE", f"Record {reference_id}: the type has to be {sobject.name}, not {kind}")
        node.reference_id = reference_id
        self._levels[level].append(node)
        for key, value in record.items():
            child = sobject.child(key) if isinstance(value, dict) and "records" in value else None
            if child is None or not self._call.rights.can_read(child[0]):
                node.values[key] = value
            else:
                self._records(value, child[0], level + 1, node, child[1])
