"""What a query selects, as columns of an SQL row and as the JSON record made from them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.data.storage import decode
from m365sandbox.salesforce.soql.context import Context
from m365sandbox.salesforce.soql.formats import format_value
from m365sandbox.salesforce.soql.functions import Expression
from m365sandbox.salesforce.soql.scope import Parent

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One selected value or child subquery, for the answer to `columns=true`.

    `name` is its key in the record, `field` types it, `parents` lead to it. `call` is an aggregate as it is shown,
    `avg(Amount)`. `children` are what a subquery selects, None where it is none.
    """

    name: str
    field: Field | None
    parents: tuple[Parent, ...] = ()
    call: str = ""
    children: "tuple[Column, ...] | None" = None


@dataclass(slots=True)
class _Leaf:
    """One value. `as_is` where the column already holds it as JSON has it."""

    field: Field
    place: int
    parts: tuple[tuple[str, Field, int], ...] = ()
    formatted: bool = False
    as_is: bool = False


@dataclass(slots=True)
class Record:
    """One object of the result: the row's own, or a parent's. Keys keep the order of the selection."""

    entity: str
    alternatives: tuple[SObject, ...]
    id_place: int
    members: "dict[str, _Leaf | Record | Children | _TypeOf]" = field(default_factory=dict)


@dataclass(slots=True)
class _TypeOf:
    """A TYPEOF: which record it is depends on the object the parent belongs to."""

    records: "tuple[Record | None, ...]"
    id_places: tuple[int, ...]


@dataclass(slots=True)
class Children:
    """A child subquery's place; `rows` are its records by parent id, filled page by page."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class Output:
    """Collects the columns of a select list and decodes rows of them."""

    def __init__(self, context: Context, sobject: SObject, id_sql: str) -> None:
        self._context = context
        self._places: dict[str, int] = {}
        self.columns: list[str] = []
        self.parameters: list[Any] = []
        self.root = Record(sobject.name, (sobject,), self._place(id_sql))

    def _place(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        if parameters:
            self.columns.append(sql)
            self.parameters.extend(parameters)
            return len(self.columns) - 1
        if sql not in self._places:
            self._places[sql] = len(self.columns)
            self.columns.append(sql)
        return self._places[sql]

    def add(self, expression: Expression, key: str) -> bool:
        """Select an expression under a key. False where the record has that key already."""
        record = self.root
        if expression.bound is not None:
            for parent in expression.bound.parents:
                found = self._parent(record, parent)
                if found is None:
                    return False
                record = found
        if key in record.members:
            return False
        record.members[key] = self._leaf(expression)
        return True

    def add_children(self, key: str) -> Children | None:
        """Select a child relationship. None where the record has that key already."""
        if key in self.root.members:
            return None
        children = Children()
        self.root.members[key] = children
        return children

    def add_type_of(self, parents: tuple[Parent, ...], selected: "dict[str, list[Expression]]") -> bool:
        """Select other fields for each object the last of the parents may be. False where it is selected already."""
        parent, holder = parents[-1], self.root
        for one in parents[:-1]:
            found = self._parent(holder, one)
            if found is None:
                return False
            holder = found
        if parent.relationship in holder.members:
            return False
        places = tuple(self._place(f'{alias}."Id"') for _, alias in parent.alternatives)
        records = []
        for (target, _), place in zip(parent.alternatives, places, strict=True):
            made = Record(target.name, (target,), place) if target.name in selected else None
            for expression in selected.get(target.name, []):
                if made is not None and expression.bound is not None:
                    self._add_below(made, expression.bound.parents, expression)
            records.append(made)
        holder.members[parent.relationship] = _TypeOf(tuple(records), places)
        return True

    def _add_below(self, record: Record, parents: tuple[Parent, ...], expression: Expression) -> None:
        for parent in parents:
            # A TYPEOF holds fields only, so nothing but records can stand in the way.
            record = self._parent(record, parent) or record
        record.members[expression.field.name] = self._leaf(expression)

    def _parent(self, record: Record, parent: Parent) -> Record | None:
        """The parent's place. None where a TYPEOF has it: SOQL reference, "TYPEOF": not one relationship twice."""
        found = record.members.get(parent.relationship)
        if found is not None:
            return found if isinstance(found, Record) else None
        targets = tuple(target for target, _ in parent.alternatives)
        made = Record(parent.entity, targets, self._place(parent.id_sql))
        record.members[parent.relationship] = made
        return made

    def _leaf(self, expression: Expression) -> _Leaf:
        item = expression.field
        if not item.parts or expression.bound is None:
            place = self._place(expression.sql, expression.parameters)
            return _Leaf(item, place, formatted=expression.formatted, as_is=_is_as_stored(item))
        alias, sobject = expression.bound.alias, expression.bound.sobject
        parts = tuple(
            (part[0].lower() + part[1:], sobject.fields[name.lower()], self._place(f'{alias}."{name}"'))
            for part, name in sorted(item.parts)
        )
        return _Leaf(item, 0, parts)

    # --- rows to JSON ---------------------------------------------------------------------------------------------

    def decode(self, row: Row) -> dict[str, Any]:
        """The record of one row, as the platform prints it."""
        found = self._record(self.root, row)
        return found if found is not None else {}

    def _record(self, record: Record, row: Row) -> dict[str, Any] | None:
        record_id = row[record.id_place]
        if record_id is None:
            return None
        target = record.alternatives[0]
        if len(record.alternatives) > 1:
            target = self._context.schema.of_id(record_id) or target
        url = self._context.record_url(target, record_id)
        found: dict[str, Any] = {"attributes": {"type": record.entity, "url": url}}
        for key, member in record.members.items():
            if isinstance(member, _Leaf) and member.as_is:
                found[key] = row[member.place]
            else:
                found[key] = self._value(member, row, record_id, url)
        return found

    def _value(self, member: "_Leaf | Record | Children | _TypeOf", row: Row, record_id: str, url: str) -> Any:
        if isinstance(member, _Leaf):
            if member.formatted:
                return format_value(member.field, row[member.place], self._context.zone)
            if member.field.type == "base64":
                # A query answers binary content with the path to fetch it from.
                return None if row[member.place] is None else f"{url}/{member.field.name}"
            if member.field.junction is not None:
                return json.loads(row[member.place]) if row[member.place] else None
            return _compound(member, row) if member.parts else decode(member.field, row[member.place])
        if isinstance(member, Record):
            return self._record(member, row)
        if isinstance(member, _TypeOf):
            return self._type_of(member, row)
        records = member.rows.get(record_id)
        return {"totalSize": len(records), "done": True, "records": records} if records else None

    def _type_of(self, member: _TypeOf, row: Row) -> dict[str, Any] | None:
        for record, place in zip(member.records, member.id_places, strict=True):
            if row[place] is not None:
                return self._record(record, row) if record is not None else None
        return None


def _is_as_stored(item: Field) -> bool:
    return item.junction is None and (item.is_text or item.is_id)


def _compound(leaf: _Leaf, row: Row) -> dict[str, Any] | None:
    parts = {name: decode(item, row[place]) for name, item, place in leaf.parts}
    return parts if any(value is not None for value in parts.values()) else None
