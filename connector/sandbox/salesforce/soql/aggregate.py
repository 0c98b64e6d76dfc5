"""Aggregates, GROUP BY and HAVING."""

import sqlite3
from typing import Any

from connector.sandbox.salesforce.schema import SObject
from connector.sandbox.salesforce.soql import ast
from connector.sandbox.salesforce.soql.context import Context
from connector.sandbox.salesforce.soql.filters import Sql
from connector.sandbox.salesforce.soql.functions import AGGREGATES, Expression, bind_aggregate, bind_operand
from connector.sandbox.salesforce.soql.having import Having
from connector.sandbox.salesforce.soql.output import Column
from connector.sandbox.salesforce.soql.plan import conditions_of, order_item, source_object
from connector.sandbox.salesforce.soql.scope import Scope
from connector.sandbox.salesforce.storage import decode

_MOST_GROUPS = 2_000


def is_aggregate(query: ast.Query) -> bool:
    """Whether the query answers groups instead of records."""
    return bool(query.group) or any(
        isinstance(item, ast.SelectField) and is_aggregate_call(item.operand) for item in query.select
    )


def is_aggregate_call(operand: ast.Operand) -> bool:
    """Whether an operand is COUNT(x), SUM(x) …"""
    return isinstance(operand, ast.Call) and operand.function.upper() in AGGREGATES


def run_aggregate(
    connection: sqlite3.Connection, context: Context, query: ast.Query
) -> tuple[SObject, tuple[Column, ...], list[dict[str, Any]]]:
    """The groups of an aggregate query, each as an AggregateResult."""
    plan = _AggregatePlan(context, query)
    statement = plan.statement()
    groups = [plan.decode(row) for row in connection.execute(statement.text, statement.parameters)]
    if len(groups) > _MOST_GROUPS:
        raise context.refuse(
            query.position,
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
        )
    return plan.sobject, tuple(plan.columns), groups


class _AggregatePlan:
    def __init__(self, context: Context, query: ast.Query) -> None:
        self._context = context
        self._query = query
        self.sobject = source_object(context, query)
        self._scope = Scope.of(context, self.sobject, query.alias)
        self._groups = [self._group(operand) for operand in query.group]
        self._selected: dict[str, Expression] = {}
        self.columns: list[Column] = []
        self._check_limit()
        for item in query.select:
            self._select(item)

    def _check_limit(self) -> None:
        if not self._groups and self._query.limit is not None:
            raise self._context.malformed(
                self._query.position, "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
            )

    def _group(self, operand: ast.Operand) -> Expression:
        expression = bind_operand(self._scope, operand)
        if not expression.field.groupable or expression.field.parts:
            problem = f"field '{expression.field.name}' can not be grouped in a query call"
            raise self._context.malformed(operand.position, problem)
        return expression

    # --- select ---------------------------------------------------------------------------------------------------

    def _select(self, item: ast.SelectItem) -> None:
        if not isinstance(item, ast.SelectField):
            raise self._context.malformed(
                self._query.position, "only fields and aggregates can be selected with GROUP BY"
            )
        expression = self._expression(item.operand)
        plain = not expression.function
        key = item.alias or (expression.field.name if plain else f"expr{self._unnamed()}")
        if key.lower() in {name.lower() for name in self._selected}:
            raise self._context.malformed(item.operand.position, f"duplicate alias: {key}")
        self._selected[key] = expression
        sobject = expression.bound.sobject if expression.bound else None
        self.columns.append(Column(key, expression.field, sobject, aggregate=is_aggregate_call(item.operand)))

    def _unnamed(self) -> int:
        return sum(name.startswith("expr") for name in self._selected)

    def _expression(self, operand: ast.Operand) -> Expression:
        """An aggregate, or something that the query is grouped by."""
        if isinstance(operand, ast.Call) and is_aggregate_call(operand):
            return bind_aggregate(self._scope, operand)
        expression = bind_operand(self._scope, operand)
        if not any(_same(expression, group) for group in self._groups):
            name = operand.text if isinstance(operand, ast.Path) else operand.function
            raise self._context.malformed(operand.position, f"Field must be grouped or aggregated: {name}")
        return expression

    def _ordered(self, operand: ast.Operand) -> Expression:
        if isinstance(operand, ast.Path) and operand.text in self._selected:
            return self._selected[operand.text]
        return self._expression(operand)

    # --- SQL ------------------------------------------------------------------------------------------------------

    def statement(self) -> Sql:
        """The whole statement; one group more than may be answered, to see that there are too many."""
        where = conditions_of(self._scope, self._query)
        having = self._having()
        orders = [(order, self._ordered(order.operand)) for order in self._query.order]
        tables, joined = self._scope.tables()
        select = ", ".join(expression.sql for expression in self._selected.values())
        group = ", ".join(expression.sql for expression in self._groups)
        order = ", ".join(order_item(order, expression.sql) for order, expression in orders)
        limit = _MOST_GROUPS + 1 if self._query.limit is None else self._query.limit
        text = (
            f"SELECT {select} FROM {tables}{where.text}{f' GROUP BY {group}' if group else ''}{having.text}"
            f"{f' ORDER BY {order}' if order else ''} LIMIT {limit} OFFSET {self._query.offset or 0}"
        )
        parameters = [
            *_parameters(self._selected.values()),
            *joined,
            *where.parameters,
            *_parameters(self._groups),
            *having.parameters,
            *_parameters(expression for _, expression in orders),
        ]
        return Sql(text, parameters)

    def _having(self) -> Sql:
        if self._query.having is None:
            return Sql("", [])
        found = Having(self._scope, self._expression).sql(self._query.having)
        return Sql(f" HAVING {found.text}", found.parameters)

    def decode(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """One group."""
        found: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        for (key, expression), value in zip(self._selected.items(), row, strict=True):
            found[key] = decode(expression.field, value)
        return found


def _parameters(expressions: Any) -> list[Any]:
    return [value for expression in expressions for value in expression.parameters]


def _same(one: Expression, other: Expression) -> bool:
    return one.sql == other.sql and one.parameters == other.parameters
