"""ORDER BY as SQL: null first unless told otherwise, picklists in their own order, text without case."""

from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.context import Context
from m365sandbox.salesforce.soql.filters import Sql
from m365sandbox.salesforce.soql.functions import Expression, bind_operand, picklist_rank
from m365sandbox.salesforce.soql.scope import Scope

#: SOQL reference, "ORDER BY": at most 32 fields.
_MOST = 32


def order_of(scope: Scope, query: ast.Query) -> Sql:
    """` ORDER BY …`, or nothing."""
    check_count(scope.context, query)
    if not query.order:
        return Sql("", [])
    keys = [sort_key(scope.context, bind_operand(scope, order.operand)) for order in query.order]
    items = [order_item(order, key.text) for order, key in zip(query.order, keys, strict=True)]
    return Sql(f" ORDER BY {', '.join(items)}", [value for key in keys for value in key.parameters])


def check_count(context: Context, query: ast.Query) -> None:
    """SoqlError where a query is sorted by too many fields."""
    if len(query.order) > _MOST:
        raise context.malformed(query.position, f"ORDER BY is limited to {_MOST} fields")


def sort_key(context: Context, expression: Expression) -> Sql:
    """What an expression is sorted by. SoqlError for a field that cannot be sorted."""
    field = expression.field
    unsortable = not field.sortable or bool(field.parts) or field.type == "multipicklist"
    if unsortable and not expression.function:
        problem = f"field '{field.name}' can not be sorted in a query call"
        raise context.refuse(expression.position, "INVALID_FIELD", problem)
    if field.type != "picklist" or expression.function or not field.picklist:
        return Sql(expression.sql, list(expression.parameters))
    return _rank(expression)


def _rank(expression: Expression) -> Sql:
    """SOQL reference, "ORDER BY": a picklist has the order it was set up with. Values that it lost come last."""
    rank, parameters = picklist_rank(expression)
    text = f"CASE WHEN {expression.sql} IS NULL THEN NULL ELSE {rank} END"
    return Sql(text, [*expression.parameters, *parameters])


def order_item(order: ast.Order, sql: str) -> str:
    """One sorted expression."""
    return f"{sql} {'DESC' if order.descending else 'ASC'} NULLS {'FIRST' if order.nulls_first else 'LAST'}"
