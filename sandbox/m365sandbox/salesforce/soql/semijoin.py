"""Semi-joins and anti-joins: `Id IN (SELECT ContactId FROM …)`.

SOQL reference, "Semi-Joins with IN and Anti-Joins with NOT IN": at most two in a WHERE, only at its top level, not
nested, on ids and references that agree, and not on the object of the outer query.
"""

from collections.abc import Callable
from typing import Any

from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.context import Context
from m365sandbox.salesforce.soql.functions import Expression
from m365sandbox.salesforce.soql.scope import Bound, Scope

InnerFilter = Callable[[Scope, ast.Condition], tuple[str, list[Any]]]

_MOST = 2
#: SOQL reference, "Comparison Operators": "The following objects aren't supported in subqueries: … Event … Task".
_NOT_WITHIN = frozenset({"Event", "Task"})


class SemiJoins:
    """The semi-joins of one WHERE. `filter_inner` turns the WHERE of a subselect into SQL and its parameters."""

    def __init__(self, context: Context, filter_inner: InnerFilter) -> None:
        self._context = context
        self._filter_inner = filter_inner
        self._count = 0

    def sql(self, outer: Scope, left: Expression, query: ast.Query) -> tuple[str, list[Any]]:
        """The subselect as SQL. SoqlError where the platform's rules forbid it."""
        self._count += 1
        if self._count > _MOST:
            raise self._context.malformed(
                query.position, f"At most {_MOST} semi join sub-selects are allowed per query"
            )
        sobject = self._context.object(query.source)
        if sobject is None:
            raise self._context.no_object(query.source_position, query.source)
        if sobject.name in _NOT_WITHIN:
            problem = f"Entity '{sobject.name}' is not supported for semi join inner selects"
            raise self._context.malformed(query.source_position, problem)
        if sobject is outer.sobject:
            problem = "The inner and outer selects should not be on the same object type"
            raise self._context.malformed(query.position, problem)
        scope = Scope.of(self._context, sobject, query)
        selected = self._selected(scope, query)
        self._check(left, selected, query.position)
        conditions, parameters = scope.visible(all_rows=False)
        conditions.append(f"{selected.sql} IS NOT NULL")
        if query.where is not None:
            text, given = self._filter_inner(scope, query.where)
            conditions.append(text)
            parameters.extend(given)
        tables, joined = scope.tables()
        return f"SELECT {selected.sql} FROM {tables} WHERE {' AND '.join(conditions)}", [*joined, *parameters]

    def _selected(self, scope: Scope, query: ast.Query) -> Bound:
        item = query.select[0]
        assert isinstance(item, ast.SelectField)  # noqa: S101 - the parser makes nothing else
        # A field may be written behind the object's own name or alias: `SELECT Contact.AccountId FROM Contact`.
        bound = scope.bind(item.operand) if isinstance(item.operand, ast.Path) else None
        if bound is None or bound.parents:
            problem = "The selected field in a semi join sub-select must be a field of its own object"
            raise self._context.malformed(item.operand.position, problem)
        return bound

    def _check(self, left: Expression, selected: Bound, position: int) -> None:
        if left.bound is not None and left.bound.parents:
            problem = "The left operand of a semi join must be a field of its own object"
            raise self._context.malformed(left.position, problem)
        if left.function or left.bound is None or not (left.field.is_id and _is_one_id(selected.field)):
            problem = "The left operand and the selected field of a semi join must be IDs or references"
            raise self._context.malformed(position, problem)
        if not _targets(left.bound.sobject, left.field) & _targets(selected.sobject, selected.field):
            problem = (
                f"The selected field '{selected.field.name}' in the subquery and the left operand field in the where "
                f"expression in the outer query '{left.field.name}' should point to the same object type"
            )
            raise self._context.malformed(position, problem)


def _is_one_id(field: Field) -> bool:
    return field.is_id and field.junction is None


def _targets(sobject: SObject, field: Field) -> frozenset[str]:
    return frozenset(field.reference_to) if field.type == "reference" else frozenset({sobject.name})
