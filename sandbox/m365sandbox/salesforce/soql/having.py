"""HAVING: conditions on groups."""

from collections.abc import Callable

from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.filters import Filter
from m365sandbox.salesforce.soql.functions import Expression
from m365sandbox.salesforce.soql.scope import Scope


class Having(Filter):
    """A filter whose operands are aggregates or grouped fields. It knows no semi-joins."""

    def __init__(self, scope: Scope, expression: Callable[[ast.Operand], Expression]) -> None:
        super().__init__(scope, None)
        self._expression = expression

    def _operand(self, operand: ast.Operand) -> Expression:
        return self._expression(operand)
