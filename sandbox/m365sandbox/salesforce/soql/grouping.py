"""GROUP BY and HAVING as SQL: one level for a plain one, several for ROLLUP and CUBE, which SQLite does not know.

SOQL reference, "GROUP BY ROLLUP", "GROUP BY CUBE": the groups, then subtotals with null for what is summed up.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.filters import Filter, Sql
from m365sandbox.salesforce.soql.functions import Expression
from m365sandbox.salesforce.soql.scope import Scope

GROUPING = "GROUPING"


def subtotal_levels(subtotals: str | None, groups: int) -> list[frozenset[int]]:
    """The places of the groups that each level keeps, the finest first."""
    every = range(groups)
    if subtotals == "CUBE":
        return [frozenset(kept) for size in reversed(range(groups + 1)) for kept in combinations(every, size)]
    if subtotals == "ROLLUP":
        return [frozenset(every[:size]) for size in reversed(range(groups + 1))]
    return [frozenset(every)]


def collation(expression: Expression) -> str:
    """How a column is sorted once it has left its table."""
    caseless = expression.field.is_text and not expression.field.case_sensitive
    return " COLLATE NOCASE" if caseless and not expression.formatted else ""


@dataclass(frozen=True, slots=True)
class Arm:
    """One level: its columns c0, c1 …, what it is sorted by as o0, o1 …, and the rest of its SELECT."""

    selected: list[Expression]
    keys: list[Sql]
    where: Sql
    grouped: list[Expression]
    having: Sql

    def sql(self, tables: str, joined: list[Any]) -> Sql:
        """The SELECT of this level."""
        columns = [f"{expression.sql} AS c{place}" for place, expression in enumerate(self.selected)]
        columns += [f"{key.text} AS o{place}" for place, key in enumerate(self.keys)]
        group = ", ".join(expression.sql for expression in self.grouped)
        text = f"SELECT {', '.join(columns)} FROM {tables}{self.where.text}"
        text += f" GROUP BY {group}" if group else ""
        text += f" HAVING {self.having.text}" if self.having.text else ""
        given = [*_parameters(self.selected), *(value for key in self.keys for value in key.parameters), *joined]
        return Sql(text, [*given, *self.where.parameters, *_parameters(self.grouped), *self.having.parameters])


def _parameters(expressions: Iterable[Expression]) -> list[Any]:
    return [value for expression in expressions for value in expression.parameters]


class Having(Filter):
    """A filter whose operands are aggregates or grouped fields. It knows no semi-joins."""

    def __init__(self, scope: Scope, expression: Callable[[ast.Operand], Expression]) -> None:
        super().__init__(scope, None)
        self._expression = expression

    def _operand(self, operand: ast.Operand) -> Expression:
        return self._expression(operand)
