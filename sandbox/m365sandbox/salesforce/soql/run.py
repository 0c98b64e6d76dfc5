"""Runs a query and hands back its records, decoded when they are asked for."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload
from zoneinfo import ZoneInfo

from m365sandbox.salesforce.data.schema import Schema
from m365sandbox.salesforce.soql.aggregate import is_aggregate, run_aggregate
from m365sandbox.salesforce.soql.context import Access, Context
from m365sandbox.salesforce.soql.output import Column
from m365sandbox.salesforce.soql.parser import parse
from m365sandbox.salesforce.soql.plan import ChildPlan, RowPlan, plan_count, plan_rows

#: A page is read at once; longer results are read page by page.
_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What a query found. `records` is a list up to a page of rows; beyond that a sequence that reads rows when
    it is sliced (rows deleted since are left out). `COUNT()` has a total and no records.
    `ids` are the records' own, and `purpose` is what the query is FOR: VIEW, REFERENCE or UPDATE.
    """

    sobject: str
    total_size: int
    records: Sequence[dict[str, Any]]
    columns: tuple[Column, ...] = ()
    aggregate: bool = False
    grouped: bool = False
    ids: Sequence[str] = ()
    purpose: str | None = None


def run_query(
    connection: sqlite3.Connection,
    schema: Schema,
    access: Access,
    soql: str,
    *,
    include_deleted: bool,
    now: datetime,
    time_zone: str,
    user_id: str,
    api_version: str,
) -> QueryResult:
    """Run SOQL as a user (`user_id`, for USING SCOPE mine; rights and sharing come through `access`).

    `time_zone` is the user's, for date literals and FORMAT(). SoqlError where the platform refuses it."""
    query = parse(soql)
    context = Context(soql, schema, access, now, ZoneInfo(time_zone), include_deleted, api_version, user_id)
    if query.count:
        sobject, statement = plan_count(context, query)
        total = int(connection.execute(statement.text, statement.parameters).fetchone()[0])
        return QueryResult(sobject.name, total, [], aggregate=True)
    if is_aggregate(query):
        sobject, columns, groups = run_aggregate(connection, context, query)
        return QueryResult(sobject.name, len(groups), groups, columns, aggregate=True, grouped=bool(query.group))
    plan = plan_rows(context, query)
    ids = [row[0] for row in connection.execute(plan.find.text, plan.find.parameters)]
    records = _Records(connection, plan, ids)
    found = records if len(ids) > _PAGE else records[:]
    return QueryResult(plan.sobject.name, len(ids), found, plan.columns, ids=ids, purpose=query.purpose)


class _Records(Sequence[dict[str, Any]]):
    """The records of the ids a query found."""

    def __init__(self, connection: sqlite3.Connection, plan: RowPlan, ids: list[str]) -> None:
        self._connection = connection
        self._plan = plan
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return self._read(self._ids[index])
        return self._read([self._ids[index]])[0]

    def _read(self, ids: list[str]) -> list[dict[str, Any]]:
        plan = self._plan
        found = json.dumps(ids)
        rows = {row[0]: row for row in self._connection.execute(plan.read.text, [*plan.read.parameters, found])}
        for child in plan.children:
            _read_children(self._connection, child, list(rows))
        return [plan.output.decode(rows[record_id]) for record_id in ids if record_id in rows]


def _read_children(connection: sqlite3.Connection, plan: ChildPlan, parents: list[str]) -> None:
    """Fill in the children of these parents, and theirs."""
    parameters = [*plan.statement.parameters, json.dumps(parents), *plan.tail]
    by_parent: dict[str, list[Any]] = {}
    for row in connection.execute(plan.statement.text, parameters):
        by_parent.setdefault(row[-1], []).append(row)
    end = None if plan.limit is None else plan.offset + plan.limit
    kept = {parent: rows[plan.offset : end] for parent, rows in by_parent.items()}
    for grandchild in plan.children:
        _read_children(connection, grandchild, [row[0] for rows in kept.values() for row in rows])
    plan.target.rows = {parent: [plan.output.decode(row) for row in rows] for parent, rows in kept.items()}
