"""Operands as SQL: fields, and the functions of one argument that SOQL has around them."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from m365sandbox.salesforce.data.schema import Field
from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.formats import can_format
from m365sandbox.salesforce.soql.scope import Bound, Scope

AGGREGATES = frozenset({"AVG", "COUNT", "COUNT_DISTINCT", "MAX", "MIN", "SUM"})

#: Date functions whose value is a number, and the part of `date_part` that computes it.
_DATE_NUMBERS = frozenset(
    {"CALENDAR_MONTH", "CALENDAR_QUARTER", "CALENDAR_YEAR", "DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_IN_YEAR"}
    | {"FISCAL_MONTH", "FISCAL_QUARTER", "FISCAL_YEAR", "WEEK_IN_MONTH", "WEEK_IN_YEAR", "HOUR_IN_DAY"}
)
#: What SELECT may hold only when the query is grouped by it.
DATE_FUNCTIONS = _DATE_NUMBERS | {"DAY_ONLY"}
INTEGER = Field(name="", label="", type="int", groupable=True)


@dataclass(frozen=True, slots=True)
class Expression:
    """An operand as SQL. `field` types it; `bound` is the path at its core, `function` what is applied to it.

    `formatted` says that FORMAT() makes text of the value once it is read.
    """

    sql: str
    field: Field
    position: int
    bound: Bound | None
    function: str = ""
    indexed: bool = False
    formatted: bool = False
    parameters: list[Any] = dataclasses.field(default_factory=list)


def bind_operand(scope: Scope, operand: ast.Operand) -> Expression:
    """A field or a row function of it. SoqlError for functions that are unknown or aggregate."""
    if isinstance(operand, ast.Path):
        bound = scope.bind(operand)
        return Expression(bound.sql, bound.field, operand.position, bound, indexed=bound.indexed)
    name = operand.function.upper()
    if name == "TOLABEL":
        return _to_label(scope, operand)
    if name == "FORMAT":
        return formatted(scope, operand, bind_operand)
    if name in DATE_FUNCTIONS:
        return _date_function(scope, operand, name)
    if name in AGGREGATES:
        raise scope.context.malformed(operand.position, "Aggregate functions are not allowed in a WHERE clause")
    if name in ("CONVERTCURRENCY", "DISTANCE"):
        # One currency, no geolocation fields: knowingly not emulated.
        problem = f"The {operand.function} function is not supported in this organization"
        raise scope.context.refuse(operand.position, "INVALID_FIELD", problem)
    raise scope.context.malformed(operand.position, f"unexpected token: '{operand.function}'")


def formatted(scope: Scope, call: ast.Call, bind: "Callable[[Scope, ast.Operand], Expression]") -> Expression:
    """FORMAT() of what `bind` makes of its argument."""
    inner = bind(scope, call.argument)
    if inner.formatted or not can_format(inner.field):
        problem = f"The FORMAT function is not supported for field {inner.field.name}"
        raise scope.context.refuse(call.position, "INVALID_FIELD", problem)
    return replace(inner, function="FORMAT", formatted=True, indexed=False)


def _to_label(scope: Scope, call: ast.Call) -> Expression:
    inner = _path_argument(scope, call)
    if inner.field.type not in ("picklist", "multipicklist", "combobox") and not _names_record_type(inner):
        problem = f"The toLabel function is not supported for field {inner.field.name}"
        raise scope.context.refuse(call.position, "INVALID_FIELD", problem)
    renamed = [item for item in inner.field.picklist if item.label != item.value]
    if not renamed:
        return replace(inner, function="toLabel", indexed=False)
    if inner.field.type == "multipicklist":
        sql = f"';' || {inner.sql} || ';'"
        for _ in renamed:
            sql = f"replace({sql}, ?, ?)"
        parameters = [text for item in renamed for text in (f";{item.value};", f";{item.label};")]
        sql = f"(trim({sql}, ';') COLLATE NOCASE)"
    else:
        cases = " ".join("WHEN ? THEN ?" for _ in renamed)
        parameters = [text for item in renamed for text in (item.value, item.label)]
        sql = f"(CASE {inner.sql} {cases} ELSE {inner.sql} END COLLATE NOCASE)"
    return replace(inner, sql=sql, parameters=parameters, function="toLabel", indexed=False)


def _names_record_type(inner: Expression) -> bool:
    """SOQL reference, "toLabel()": names of record types too, though nothing can be filtered by what they become."""
    return inner.bound is not None and inner.bound.sobject.name == "RecordType" and inner.field.name == "Name"


def _date_function(scope: Scope, call: ast.Call, name: str) -> Expression:
    """The part of a date in UTC, or in the user's zone where the argument is `convertTimezone(field)`."""
    zone = "UTC"
    argument = call.argument
    if isinstance(argument, ast.Call) and argument.function.upper() == "CONVERTTIMEZONE":
        call, zone = argument, scope.context.zone.key
    inner = _path_argument(scope, call)
    allowed = ("datetime",) if name in ("DAY_ONLY", "HOUR_IN_DAY") or zone != "UTC" else ("date", "datetime")
    if inner.field.type not in allowed:
        problem = f"The {name} function is not supported for field {inner.field.name}"
        raise scope.context.refuse(call.position, "INVALID_FIELD", problem)
    typed = replace(INTEGER, name=inner.field.name) if name != "DAY_ONLY" else Field(
        name=inner.field.name, label="", type="date"
    )  # fmt: skip
    return replace(
        inner,
        sql=f"sf_date_part('{name}', {inner.sql}, ?)",
        field=typed,
        function=name,
        parameters=[zone],
        indexed=False,
    )


def _path_argument(scope: Scope, call: ast.Call) -> Expression:
    if not isinstance(call.argument, ast.Path):
        raise scope.context.malformed(call.position, f"unexpected token: '{call.argument.function}'")
    return bind_operand(scope, call.argument)


def bind_aggregate(scope: Scope, call: ast.Call) -> Expression:
    """COUNT, COUNT_DISTINCT, SUM, AVG, MIN or MAX of a field."""
    name = call.function.upper()
    inner = _path_argument(scope, call)
    if not inner.field.filterable or inner.field.parts or not _suits(name, inner.field):
        problem = f"field {inner.field.name} does not support aggregate operator {name}"
        raise scope.context.malformed(call.position, problem)
    if name == "COUNT":
        return replace(inner, sql=f"count({inner.sql})", field=INTEGER, function=name, indexed=False)
    if name == "COUNT_DISTINCT":
        return replace(inner, sql=f"count(DISTINCT {inner.sql})", field=INTEGER, function=name, indexed=False)
    if inner.field.type == "picklist" and inner.field.picklist:
        return _outermost(inner, name)
    typed = replace(inner.field, name="") if name != "AVG" else Field(name="", label="", type="double", scale=2)
    return replace(
        inner, sql=_caseless(f"{name.lower()}({inner.sql})", inner.field), field=typed, function=name, indexed=False
    )


def _outermost(inner: Expression, name: str) -> Expression:
    """SOQL reference, "Aggregate Functions": MIN() and MAX() of a picklist go by the order of its values."""
    rank, parameters = picklist_rank(inner)
    sql = _caseless(f"substr({name.lower()}(printf('%05d', {rank}) || {inner.sql}), 6)", inner.field)
    given = [*parameters, *inner.parameters]
    return replace(inner, sql=sql, field=replace(inner.field, name=""), function=name, parameters=given, indexed=False)


def _caseless(sql: str, field: Field) -> str:
    """What is aggregated loses the collation of its column, which HAVING compares by."""
    return f"({sql} COLLATE NOCASE)" if field.is_text and not field.case_sensitive else sql


def picklist_rank(expression: Expression) -> tuple[str, list[Any]]:
    """The place of a picklist's value in the order it was set up with; values that it lost come last."""
    values = [item.value for item in expression.field.picklist]
    cases = " ".join(f"WHEN ? THEN {place}" for place in range(len(values)))
    return f"CASE {expression.sql} {cases} ELSE {len(values)} END", [*expression.parameters, *values]


def _suits(name: str, field: Field) -> bool:
    """SOQL reference, "Support for Field Types in Aggregate Functions"."""
    if name in ("SUM", "AVG"):
        return field.is_number
    return field.type not in ("boolean", "base64", "multipicklist", "time")
