"""Literals checked against the type of the field they are compared with, and turned into column values."""

from dataclasses import replace
from datetime import date
from typing import NamedTuple

from m365sandbox.salesforce.data.dates import days_of, midnight, today_in
from m365sandbox.salesforce.data.ids import normalise
from m365sandbox.salesforce.data.schema import Field
from m365sandbox.salesforce.data.storage import (
    EncodeError,
    SqlValue,
    encode,
    format_datetime,
    parse_date,
    parse_datetime,
    parse_time,
)
from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.ast import LiteralKind
from m365sandbox.salesforce.soql.context import Context
from m365sandbox.salesforce.soql.errors import SoqlError

_NUMBERS = (LiteralKind.INTEGER, LiteralKind.DECIMAL)
#: SQLite's whole numbers end at 64 bits; beyond 53 a double column cannot tell them apart anyway.
_EXACT = 2**53
#: What the error calls the type of a field.
_TYPE_WORDS = {"datetime": "dateTime", "currency": "double", "percent": "double"}


class Span(NamedTuple):
    """What a date literal stands for: from `start`, up to before `end`, as column values."""

    start: str
    end: str


def value_of(context: Context, field: Field, literal: ast.Literal, position: int) -> SqlValue | Span:
    """The column value a literal means for a field; null and empty text are None.

    SoqlError for the wrong type, at `position`: observed, the platform points at the field and not at its value.
    """
    literal = replace(literal, position=position)
    if literal.kind is LiteralKind.NULL:
        return None
    if field.is_id:
        return _id_value(context, field, literal)
    if field.is_text:
        if literal.kind is not LiteralKind.STRING:
            raise _wrong_type(context, field, literal, "string", quoted=True)
        return literal.text or None
    if field.type in ("date", "datetime"):
        return _date_value(context, field, literal)
    if field.type == "boolean":
        if literal.kind is not LiteralKind.BOOLEAN:
            raise _wrong_type(context, field, literal, "boolean")
        return int(literal.text == "true")
    if field.is_number:
        return _number_value(context, field, literal)
    if field.type == "time":
        if literal.kind is not LiteralKind.TIME:
            raise _wrong_type(context, field, literal, "time")
        return _time_value(context, literal)
    raise _wrong_type(context, field, literal, field.type)


def _wrong_type(context: Context, field: Field, literal: ast.Literal, word: str, *, quoted: bool = False) -> SoqlError:
    ending = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
    problem = f"value of filter criterion for field '{field.name}' must be of type {word} and {ending}"
    return context.refuse(literal.position, "INVALID_FIELD", problem)


def _id_value(context: Context, field: Field, literal: ast.Literal) -> str | None:
    if literal.kind is not LiteralKind.STRING:
        raise _wrong_type(context, field, literal, "string", quoted=True)
    if not literal.text:
        return None
    found = normalise(literal.text)
    if found is None:
        problem = f"invalid ID field: {literal.text}"
        raise context.refuse(literal.position, "INVALID_QUERY_FILTER_OPERATOR", problem)
    return found


def _number_value(context: Context, field: Field, literal: ast.Literal) -> int | float:
    if literal.kind not in _NUMBERS:
        raise _wrong_type(context, field, literal, _TYPE_WORDS.get(field.type, field.type))
    # Compared as written: 2.5 is never rounded to the scale of the field.
    number = float(literal.text)
    exact = literal.kind is LiteralKind.INTEGER and abs(number) < _EXACT
    return int(literal.text) if exact else number


def _date_value(context: Context, field: Field, literal: ast.Literal) -> str | Span:
    if literal.kind is LiteralKind.RANGE:
        return _span(context, field, literal)
    if literal.kind.value != field.type:
        raise _wrong_type(context, field, literal, _TYPE_WORDS.get(field.type, field.type))
    try:
        if field.type == "date":
            return parse_date(literal.text).isoformat()
        return format_datetime(parse_datetime(literal.text))
    except ValueError:
        raise context.malformed(literal.position, f"Invalid {field.type}: {literal.text}") from None


def _time_value(context: Context, literal: ast.Literal) -> SqlValue:
    try:
        return encode(Field(name="", label="", type="time"), parse_time(literal.text))
    except (ValueError, EncodeError):
        raise context.malformed(literal.position, f"Invalid time: {literal.text}") from None


def _span(context: Context, field: Field, literal: ast.Literal) -> Span:
    today = today_in(context.now, context.zone)
    try:
        first, after = days_of(literal.text, literal.count, today)
        if field.type == "date":
            return Span(first.isoformat(), after.isoformat())
        return Span(_begin(context, first), _begin(context, after))
    except (ValueError, OverflowError):
        raise context.malformed(literal.position, f"Invalid date literal: {literal.text}:{literal.count}") from None


def _begin(context: Context, day: date) -> str:
    return format_datetime(midnight(day, context.zone))
