"""Aggregates, GROUP BY and HAVING."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import decode
from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.context import Context
from m365sandbox.salesforce.soql.filters import Sql
from m365sandbox.salesforce.soql.formats import format_value
from m365sandbox.salesforce.soql.functions import (
    AGGREGATES,
    INTEGER,
    Expression,
    bind_aggregate,
    bind_operand,
    formatted,
)
from m365sandbox.salesforce.soql.grouping import GROUPING, Arm, Having, collation, subtotal_levels
from m365sandbox.salesforce.soql.ordering import check_count, order_item, sort_key
from m365sandbox.salesforce.soql.output import Column
from m365sandbox.salesforce.soql.plan import conditions_of, source_object
from m365sandbox.salesforce.soql.scope import Scope

_MOST_GROUPS = 2_000
#: SOQL reference, "GROUP BY ROLLUP": up to three fields.
_MOST_SUBTOTALS = 3


def is_aggregate(query: ast.Query) -> bool:
    """Whether the query answers groups instead of records."""
    selected = [item.operand for item in query.select if isinstance(item, ast.SelectField)]
    ordered = [order.operand for order in query.order]
    return bool(query.group) or any(map(is_aggregate_call, [*selected, *ordered]))


def is_aggregate_call(operand: ast.Operand) -> bool:
    """Whether an operand is COUNT(x), SUM(x) …, perhaps within FORMAT()."""
    if not isinstance(operand, ast.Call):
        return False
    name = operand.function.upper()
    return name in AGGREGATES or (name == "FORMAT" and is_aggregate_call(operand.argument))


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
        self._scope = Scope.of(context, self.sobject, query)
        self._groups: list[Expression] = []
        for operand in query.group:
            self._groups.append(self._group(operand))
        self._selected: dict[str, Expression] = {}
        self._unnamed = 0
        self.columns: list[Column] = []
        self._check_limits()
        for item in query.select:
            self._select(item)
        self._check_ungrouped()

    def _check_limits(self) -> None:
        check_count(self._context, self._query)
        if self._query.subtotals and len(self._groups) > _MOST_SUBTOTALS:
            problem = f"GROUP BY {self._query.subtotals} takes up to {_MOST_SUBTOTALS} fields"
            raise self._context.malformed(self._query.position, problem)

    def _check_ungrouped(self) -> None:
        """One row is all there is. SOQL reference, "Considerations for GROUP BY"; GraphQL guide, "Order By"."""
        query = self._query
        clauses = {"LIMIT": query.limit is not None, "OFFSET": query.offset is not None, "ORDER BY": bool(query.order)}
        used = next((clause for clause, given in clauses.items() if given), None)
        if used and not self._groups:
            problem = f"Non-grouped query that uses overall aggregate functions cannot also use {used}"
            raise self._context.malformed(query.position, problem)

    def _group(self, operand: ast.Operand) -> Expression:
        expression = bind_operand(self._scope, operand)
        field = expression.field
        if not field.groupable or field.parts or field.type == "multipicklist" or expression.formatted:
            problem = f"field '{field.name}' can not be grouped in a query call"
            raise self._context.malformed(operand.position, problem)
        if any(_same(expression, group) for group in self._groups):
            raise self._context.malformed(operand.position, f"duplicate grouping expression: {_named(operand)}")
        return expression

    # --- select ---------------------------------------------------------------------------------------------------

    def _select(self, item: ast.SelectItem) -> None:
        if not isinstance(item, ast.SelectField):
            raise self._context.malformed(
                self._query.position, "only fields and aggregates can be selected with GROUP BY"
            )
        self._check_not_grouped(item.operand)
        expression = self._expression(item.operand)
        key = item.alias or expression.field.name
        if item.alias is None and expression.function:
            key = f"expr{self._unnamed}"
            self._unnamed += 1
        if key.lower() in {name.lower() for name in self._selected}:
            raise self._context.malformed(item.operand.position, f"duplicate alias: {key}")
        self._selected[key] = expression
        call = _shown(item.operand) if is_aggregate_call(item.operand) else ""
        self.columns.append(Column(key, expression.field, call=call))

    def _check_not_grouped(self, operand: ast.Operand) -> None:
        """Observed: what is grouped by cannot be selected as an aggregate as well. HAVING and subtotals may."""
        if not is_aggregate_call(operand) or self._query.subtotals:
            return
        while isinstance(operand, ast.Call):
            operand = operand.argument
        inner = bind_operand(self._scope, operand)
        if any(_same(inner, group) for group in self._groups):
            problem = f"Grouped field should not be aggregated: {operand.text}"
            raise self._context.malformed(operand.position, problem)

    def _expression(self, operand: ast.Operand, problem: str = "Field must be grouped or aggregated") -> Expression:
        """An aggregate, something that the query is grouped by, or GROUPING() of it."""
        if isinstance(operand, ast.Call):
            name = operand.function.upper()
            if name in AGGREGATES:
                return bind_aggregate(self._scope, operand)
            if name == "FORMAT":
                return formatted(self._scope, operand, lambda _, inner: self._expression(inner, problem))
            if name == GROUPING:
                return self._grouping(operand)
        expression = bind_operand(self._scope, operand)
        if not any(_same(expression, group) for group in self._groups):
            raise self._context.malformed(operand.position, f"{problem}: {_named(operand)}")
        return expression

    def _grouping(self, call: ast.Call) -> Expression:
        """GROUPING(field): which field it is; the value differs from one level of subtotals to the next."""
        inner = bind_operand(self._scope, call.argument)
        if self._query.subtotals is None or not any(_same(inner, group) for group in self._groups):
            problem = "GROUPING() takes a field of GROUP BY ROLLUP or GROUP BY CUBE"
            raise self._context.malformed(call.position, problem)
        return replace(inner, function=GROUPING, field=INTEGER)

    def _ordered(self, operand: ast.Operand) -> Expression:
        if isinstance(operand, ast.Path):
            for key, expression in self._selected.items():
                if operand.text.lower() == key.lower():
                    return expression
        return self._expression(operand, "Ordered field must be grouped or aggregated")

    # --- SQL ------------------------------------------------------------------------------------------------------

    def statement(self) -> Sql:
        """The whole statement; one group more than may be answered, to see that there are too many."""
        where = conditions_of(self._scope, self._query)
        ordered = [self._ordered(order.operand) for order in self._query.order]
        levels = subtotal_levels(self._query.subtotals, len(self._groups))
        levelled = [self._level(level, where, ordered) for level in levels]
        tables, joined = self._scope.tables()
        arms = [arm.sql(tables, joined) for arm in levelled]
        names = ", ".join(f"c{place}" for place in range(len(self._selected)))
        keys = [
            order_item(order, f"o{place}{collation(expression)}")
            for place, (order, expression) in enumerate(zip(self._query.order, ordered, strict=True))
        ]
        limit = _MOST_GROUPS + 1 if self._query.limit is None else self._query.limit
        text = (
            f"SELECT {names} FROM ({' UNION ALL '.join(arm.text for arm in arms)})"
            f"{' ORDER BY ' + ', '.join(keys) if keys else ''} LIMIT {limit} OFFSET {self._query.offset or 0}"
        )
        return Sql(text, [value for arm in arms for value in arm.parameters])

    def _level(self, level: frozenset[int], where: Sql, ordered: list[Expression]) -> Arm:
        """One level of subtotals: grouped by the groups of these places; the others are null."""

        def at(expression: Expression) -> Expression:
            for place, group in enumerate(self._groups):
                if _same(expression, group) and expression.function == GROUPING:
                    return replace(expression, sql=str(int(place not in level)), parameters=[])
                if _same(expression, group) and place not in level:
                    return replace(expression, sql="NULL", parameters=[], indexed=False)
            return expression

        keys = [sort_key(self._context, at(expression)) for expression in ordered]
        selected = [at(expression) for expression in self._selected.values()]
        grouped = [group for place, group in enumerate(self._groups) if place in level]
        having = self._having(lambda operand: at(self._expression(operand)))
        return Arm(selected, keys, where, grouped, having)

    def _having(self, expression: Callable[[ast.Operand], Expression]) -> Sql:
        if self._query.having is None:
            return Sql("", [])
        return Having(self._scope, expression).sql(self._query.having)

    def decode(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """One group."""
        found: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        for (key, expression), value in zip(self._selected.items(), row, strict=True):
            formatting = expression.formatted
            field = expression.field
            found[key] = format_value(field, value, self._context.zone) if formatting else decode(field, value)
        return found


def _same(one: Expression, other: Expression) -> bool:
    return one.sql == other.sql and one.parameters == other.parameters


def _shown(operand: ast.Operand) -> str:
    """`avg(Amount)`, as column metadata writes a call."""
    return operand.text if isinstance(operand, ast.Path) else f"{operand.function.lower()}({_shown(operand.argument)})"


def _named(operand: ast.Operand) -> str:
    """How an error names an operand."""
    return operand.text if isinstance(operand, ast.Path) else operand.function
