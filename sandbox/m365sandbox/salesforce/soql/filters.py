"""Conditions as SQL with bound parameters, with the platform's idea of null, case and which fields may be filtered."""

import json
from typing import Any, NamedTuple

from m365sandbox.salesforce.data.schema import PICKLIST_TYPES
from m365sandbox.salesforce.data.storage import fold
from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.context import Context
from m365sandbox.salesforce.soql.errors import SoqlError
from m365sandbox.salesforce.soql.functions import Expression, bind_operand
from m365sandbox.salesforce.soql.literals import Span, value_of
from m365sandbox.salesforce.soql.scope import Scope
from m365sandbox.salesforce.soql.semijoin import SemiJoins

#: Longer lists are bound as one JSON array, which keeps the statement short and uses the index all the same.
_SHORT_LIST = 20


class Sql(NamedTuple):
    """A piece of SQL and its parameters in order."""

    text: str
    parameters: list[Any]


class Filter:
    """Turns the conditions of one query level into SQL."""

    def __init__(self, scope: Scope, semi_joins: SemiJoins | None) -> None:
        self._scope = scope
        self._context: Context = scope.context
        self._semi_joins = semi_joins

    def sql(self, condition: ast.Condition, *, alone: bool = True) -> Sql:
        """The predicate. `alone` is false below OR and NOT, where semi-joins are refused."""
        if isinstance(condition, ast.Group):
            alone = alone and condition.operator == "AND"
            parts = [self.sql(item, alone=alone) for item in condition.conditions]
            return _balanced(condition.operator, parts)
        if isinstance(condition, ast.Not):
            # Two-valued: what is unknown for a null field is not true, so its negation holds.
            inner = self.sql(condition.condition, alone=False)
            return Sql(f"(({inner.text}) IS NOT TRUE)", inner.parameters)
        if isinstance(condition, ast.InQuery):
            return self._in_query(condition, alone)
        expression = self._operand(condition.operand)
        self._check_filterable(expression)
        if isinstance(condition, ast.InList):
            return self._in_list(condition, expression)
        return self._comparison(condition, expression)

    def _operand(self, operand: ast.Operand) -> Expression:
        """What an operand is in this place; HAVING has its own idea of it."""
        return bind_operand(self._scope, operand)

    # --- what may be compared -------------------------------------------------------------------------------------

    def _check_filterable(self, expression: Expression) -> None:
        field = expression.field
        labelled = expression.function == "toLabel" and field.type not in PICKLIST_TYPES
        if not field.filterable or field.parts or expression.formatted or labelled:
            problem = f"field '{field.name}' can not be filtered in a query call"
            raise self._context.refuse(expression.position, "INVALID_FIELD", problem)

    def _bad_operator(self, expression: Expression) -> SoqlError:
        kind = "id" if expression.field.is_id else expression.field.type
        return self._context.refuse(
            expression.position, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {kind} field"
        )

    # --- comparisons ----------------------------------------------------------------------------------------------

    def _comparison(self, condition: ast.Comparison, expression: Expression) -> Sql:
        field, operator = expression.field, condition.operator
        if operator == "LIKE":
            return self._like(condition, expression)
        if operator not in ("=", "!=") and field.type in ("boolean", "multipicklist"):
            raise self._bad_operator(expression)
        value = value_of(self._context, field, condition.literal, expression.position)
        if isinstance(value, Span):
            return _in_span(expression, operator, value)
        if field.type == "boolean":
            return _is_true(expression, bool(value) == (operator == "="))
        if value is None:
            return self._null(condition, expression)
        if operator == "=":
            return _equals(expression, [value])
        if operator == "!=":
            return _negated(_equals(expression, [value]))
        return Sql(f"{expression.sql} {operator} ?", [*expression.parameters, value])

    def _null(self, condition: ast.Comparison, expression: Expression) -> Sql:
        if condition.operator == "=":
            return Sql(f"{expression.sql} IS NULL", list(expression.parameters))
        if condition.operator == "!=":
            return Sql(f"{expression.sql} IS NOT NULL", list(expression.parameters))
        # Nothing is smaller or greater than null.
        return Sql("0", [])

    def _like(self, condition: ast.Comparison, expression: Expression) -> Sql:
        field, literal = expression.field, condition.literal
        if not field.is_text or field.type == "multipicklist":
            raise self._bad_operator(expression)
        if literal.kind is not ast.LiteralKind.STRING:
            value_of(self._context, field, literal, expression.position)
            raise self._bad_operator(expression)
        if not literal.text:
            return Sql(f"{expression.sql} IS NULL", list(expression.parameters))
        column, pattern = expression.sql, literal.text
        if not pattern.isascii():
            # SQLite's LIKE ignores the case of ASCII letters only.
            column, pattern = f"sf_fold({column})", fold(pattern)
        return Sql(f"{column} LIKE ? ESCAPE '\\'", [*expression.parameters, pattern])

    # --- lists ----------------------------------------------------------------------------------------------------

    def _in_list(self, condition: ast.InList, expression: Expression) -> Sql:
        if condition.multiple:
            return self._includes(condition, expression)
        if expression.field.type == "multipicklist":
            raise self._bad_operator(expression)
        field, place = expression.field, expression.position
        values = [value_of(self._context, field, literal, place) for literal in condition.literals]
        if field.type == "boolean":
            found = _balanced("OR", [_is_true(expression, bool(value)) for value in values])
            return _negated(found) if condition.negated else found
        plain = [value for value in values if value is not None and not isinstance(value, Span)]
        parts = [_equals(expression, plain)] if plain else []
        parts += [_in_span(expression, "=", value) for value in values if isinstance(value, Span)]
        if len(plain) < len(values) and None in values:
            parts.append(Sql(f"{expression.sql} IS NULL", list(expression.parameters)))
        found = _balanced("OR", parts)
        return _negated(found) if condition.negated else found

    def _includes(self, condition: ast.InList, expression: Expression) -> Sql:
        """Each literal is values joined by `;`, all of which must be selected; one literal must do."""
        field = expression.field
        if field.type != "multipicklist":
            raise self._bad_operator(expression)
        parts = []
        for literal in condition.literals:
            value = value_of(self._context, field, literal, expression.position)
            wanted = [item.strip() for item in str(value or "").split(";")]
            tests = " AND ".join(f"(';' || {expression.sql} || ';') LIKE ? ESCAPE '\\'" for _ in wanted)
            patterns = [f"%;{_escaped(item)};%" for item in wanted]
            given = [item for pattern in patterns for item in (*expression.parameters, pattern)]
            parts.append(Sql(f"({tests})", given))
        found = _balanced("OR", parts)
        return _negated(found) if condition.negated else found

    # --- semi-joins -----------------------------------------------------------------------------------------------

    def _in_query(self, condition: ast.InQuery, alone: bool) -> Sql:
        if self._semi_joins is None:
            raise self._context.malformed(condition.query.position, "Nesting of semi join sub-selects is not supported")
        if not alone:
            raise self._context.malformed(
                condition.query.position, "Semi join sub-selects are only allowed at the top level WHERE expressions "
                "and not in nested WHERE expressions or with the 'OR' and 'NOT' operators."
            )  # fmt: skip
        expression = bind_operand(self._scope, condition.operand)
        text, parameters = self._semi_joins.sql(self._scope, expression, condition.query)
        found = Sql(f"{expression.sql} IN ({text})", parameters)
        return _negated(found) if condition.negated else found


def filter_inner(scope: Scope, condition: ast.Condition) -> Sql:
    """The WHERE of a semi-join's subselect, in which no further semi-join may stand."""
    return Filter(scope, None).sql(condition)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _negated(found: Sql) -> Sql:
    """Rows for which it does not hold, those with null included."""
    return Sql(f"(({found.text}) IS NOT TRUE)", found.parameters)


def _balanced(operator: str, parts: list[Sql]) -> Sql:
    """Many conditions as a shallow tree: SQLite refuses expressions more than 1,000 deep."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = _balanced(operator, parts[:middle]), _balanced(operator, parts[middle:])
    return Sql(f"({left.text} {operator} {right.text})", [*left.parameters, *right.parameters])


def _in_span(expression: Expression, operator: str, span: Span) -> Sql:
    """A date literal covers its whole range: `> TODAY` begins tomorrow."""
    column, given = expression.sql, expression.parameters
    if operator == "=":
        return Sql(f"({column} >= ? AND {column} < ?)", [*given, span.start, *given, span.end])
    if operator == "!=":
        return _negated(_in_span(expression, "=", span))
    bound = span.start if operator in ("<", ">=") else span.end
    return Sql(f"{column} {'<' if operator in ('<', '<=') else '>='} ?", [*given, bound])


def _is_true(expression: Expression, wanted: bool) -> Sql:
    """SOQL reference, "Filter on Boolean Fields": null is false, that of a parent who is missing included."""
    return Sql(f"{expression.sql} IS {'' if wanted else 'NOT '}TRUE", list(expression.parameters))


def _equals(expression: Expression, values: list[Any]) -> Sql:
    """The column is one of the values, without case for text that has none."""
    field = expression.field
    if not field.is_text or field.case_sensitive or all(value.isascii() for value in values):
        return _is_one_of(expression.sql, expression.parameters, values)
    if not expression.indexed:
        return _is_one_of(f"sf_fold({expression.sql})", expression.parameters, [fold(value) for value in values])
    # NOCASE knows ASCII only. Asking for each usual casing keeps the index in use.
    casings = {form for value in values for form in _casings(value)}
    return _is_one_of(expression.sql, expression.parameters, sorted(casings))


def _casings(value: str) -> set[str]:
    if value.isascii():
        return {value}
    forms = {value, value.lower(), value.upper(), value.title(), value.capitalize()}
    return {form for form in forms if len(form) == len(value)}


def _is_one_of(column: str, parameters: list[Any], values: list[Any]) -> Sql:
    if len(values) == 1:
        return Sql(f"{column} = ?", [*parameters, values[0]])
    if len(values) <= _SHORT_LIST:
        return Sql(f"{column} IN ({', '.join('?' * len(values))})", [*parameters, *values])
    return Sql(f"{column} IN (SELECT value FROM json_each(?))", [*parameters, json.dumps(values)])


def is_filtered_by(condition: ast.Condition | None, names: frozenset[str]) -> bool:
    """Whether a top-level condition asks for given values of one of these fields (`=` or IN)."""
    if isinstance(condition, ast.Group) and condition.operator == "AND":
        return any(is_filtered_by(item, names) for item in condition.conditions)
    if isinstance(condition, ast.Comparison):
        return condition.operator == "=" and _names(condition.operand, names)
    if isinstance(condition, ast.InList):
        return not condition.negated and _names(condition.operand, names)
    return isinstance(condition, ast.InQuery) and not condition.negated and _names(condition.operand, names)


def _names(operand: ast.Operand, names: frozenset[str]) -> bool:
    return isinstance(operand, ast.Path) and operand.names[-1].lower() in names
