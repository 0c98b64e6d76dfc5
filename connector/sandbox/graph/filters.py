"""$filter and $orderby: OData text to SQL conditions with bound values.

`Fields` says which properties a resource can be filtered by and how they are compared; everything else is refused with
the error of the service's own OData parser.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from connector.sandbox.graph.errors import GraphError, bad_request, unparsable

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')"
    r"|(?P<date>\d{4}-\d{2}-\d{2}(?:T[\d:.]+)?(?:Z|[+-]\d{2}:\d{2})?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_@][\w.@]*(?:/[A-Za-z_][\w.]*)*)"
    r"|(?P<mark>[(),:]))"
)
_COMPARISONS = {"eq": "=", "ne": "IS NOT", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_KINDS = {"eq": "Equal", "ne": "NotEqual", "gt": "GreaterThan", "ge": "GreaterThanOrEqual", "lt": "LessThan"} | {
    "le": "LessThanOrEqual"
}
_EDM = {"string": "Edm.String", "time": "Edm.DateTimeOffset", "boolean": "Edm.Boolean", "number": "Edm.Int32"}
_MOST_NESTED = 100
_FUNCTIONS = ("startswith", "endswith", "contains")
# Functions that OData has and no resource here can be filtered by.
_OTHER_FUNCTIONS = [
    "ceiling",
    "concat",
    "date",
    "day",
    "floor",
    "hour",
    "indexof",
    "length",
    "minute",
    "month",
    "now",
    "round",
    "second",
    "substring",
    "time",
    "tolower",
    "toupper",
    "trim",
    "year",
]


@dataclass(frozen=True, slots=True)
class Field:
    """A property in SQL. A collection is compared through `any`: `sql` is then the JSON array."""

    sql: str
    kind: str = "string"
    collection: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """What a resource can be filtered by; `unknown` makes the error for any other name.

    `operators` are those it knows (operators, functions, `any`); `unsupported` makes the error for another one.
    """

    fields: Mapping[str, Field]
    unknown: Callable[[str], GraphError]
    operators: frozenset[str]
    unsupported: Callable[[str], GraphError]

    def find(self, name: str) -> Field:
        """The field of a property, as the property is written in the type (names are case-sensitive)."""
        found = self.fields.get(name)
        if found is None:
            raise self.unknown(name)
        return found


@dataclass(slots=True)
class Condition:
    """A planned filter: SQL, its values, and the properties in the order they were named."""

    sql: str = "1"
    values: list[Any] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    operators: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise bad_request(f"Invalid filter clause: Syntax error at position {at} in '{text}'.")
        tokens.append(_Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
        at = match.end()
    return tokens


def plan_filter(text: str, fields: Fields) -> Condition:
    """The condition that a $filter asks for. Raises GraphError as the service would."""
    return _Parser(text, fields).parse()


def plan_order(text: str, fields: Fields) -> list[tuple[str, str, str]]:
    """The (property, SQL, ASC or DESC) of each item of an $orderby."""
    items: list[tuple[str, str, str]] = []
    for part in text.split(","):
        words = part.split()
        if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise bad_request(f"Invalid orderby clause: Syntax error at position {len(part)} in '{text}'.")
        found = fields.find(words[0])
        if found.collection:
            raise bad_request(f"The property '{words[0]}' cannot be used in the $orderby query option.")
        items.append((words[0], found.sql, "DESC" if words[-1].lower() == "desc" else "ASC"))
    return items


@lru_cache(maxsize=4096)
def time_value(text: str) -> str:
    """An OData date or time as the database keeps it: UTC, without the zone letter, fractions kept."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == 10:
            moment = moment.replace(tzinfo=UTC)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise _bad_time(text) from exc
    if moment.tzinfo is None:
        raise _bad_time(text)
    return utc.replace(tzinfo=None).isoformat()


def _bad_time(text: str) -> GraphError:
    return unparsable(
        f"The DateTimeOffset text '{text}' should be in format 'yyyy-mm-ddThh:mm:ss('.'s+)?(zzzzzz)?' and each field "
        "value is within valid range."
    )


class _Parser:
    """Recursive descent over one filter."""

    def __init__(self, text: str, fields: Fields) -> None:
        self._text = text
        self._fields = fields
        self._tokens = _tokens(text)
        self._next = 0
        self._found = Condition()
        self._variable: tuple[str, Field] | None = None
        self._depth = 0

    def parse(self) -> Condition:
        if not self._tokens:
            raise bad_request("Invalid filter clause: the filter is empty.")
        self._found.sql = self._either()
        if self._next < len(self._tokens):
            raise self._syntax()
        return self._found

    def _syntax(self) -> GraphError:
        at = self._tokens[self._next].at if self._next < len(self._tokens) else len(self._text)
        return bad_request(f"Invalid filter clause: Syntax error at position {at} in '{self._text}'.")

    def _word(self, *words: str) -> str | None:
        """Take the next token if it is one of these keywords or marks."""
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            if token.kind in ("name", "mark") and token.text in words:
                self._next += 1
                return token.text
        return None

    def _need(self, word: str) -> None:
        if self._word(word) is None:
            raise self._syntax()

    def _take(self) -> _Token:
        if self._next >= len(self._tokens):
            raise self._syntax()
        self._next += 1
        return self._tokens[self._next - 1]

    def _either(self) -> str:
        sql = self._both()
        while self._word("or"):
            self._uses("or")
            sql = f"({sql} OR {self._both()})"
        return sql

    def _both(self) -> str:
        sql = self._negated()
        while self._word("and"):
            sql = f"({sql} AND {self._negated()})"
        return sql

    def _negated(self) -> str:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise bad_request("Invalid filter clause: Recursion depth exceeded allowed limit.")
        try:
            return self._single()
        finally:
            self._depth -= 1

    def _single(self) -> str:
        if self._word("not"):
            self._uses("not")
            return f"NOT ({self._negated()})"
        if self._word("("):
            sql = self._either()
            self._need(")")
            return sql
        return self._test()

    def _test(self) -> str:
        token = self._take()
        if token.kind != "name":
            self._next -= 1
            raise self._syntax()
        name = token.text.lower()
        if self._next < len(self._tokens) and self._tokens[self._next].text == "(" and "/" not in name:
            return self._function(name)
        for lambda_operator in ("any", "all"):
            if name.endswith(f"/{lambda_operator}"):
                return self._lambda(token.text[: -len("/any")], lambda_operator)
        found = self._field(token.text)
        if self._word("in"):
            self._uses("in")
            return self._among(found)
        operator = self._take()
        if operator.text not in _COMPARISONS:
            self._next -= 1
            if found.kind == "boolean":
                return f"{found.sql}=1"
            raise self._syntax()
        self._uses(operator.text)
        return self._compared(found, operator.text)

    def _field(self, name: str) -> Field:
        if self._variable is not None and name == self._variable[0]:
            return self._variable[1]
        found = self._fields.find(name)
        if found.collection:
            raise bad_request(
                f"Invalid filter clause: The property '{name}' is a collection and can be filtered with any() only."
            )
        self._found.named.append(name)
        return found

    def _compared(self, found: Field, operator: str) -> str:
        kind, value = self._literal()
        if kind == "null":
            if operator not in ("eq", "ne"):
                raise self._incompatible(found, "null", operator)
            return f"{found.sql} IS {'NOT ' if operator == 'ne' else ''}NULL"
        if kind != found.kind:
            raise self._incompatible(found, _EDM[kind], operator)
        self._found.values.append(value)
        return f"{found.sql} {_COMPARISONS[operator]} ?"

    def _incompatible(self, found: Field, other: str, operator: str) -> GraphError:
        return bad_request(
            "Invalid filter clause: A binary operator with incompatible types was detected. Found operand types "
            f"'{_EDM[found.kind]}' and '{other}' for operator kind '{_KINDS[operator]}'."
        )

    def _literal(self) -> tuple[str, Any]:
        token = self._take()
        if token.kind == "string":
            return "string", token.text[1:-1].replace("''", "'")
        if token.kind == "date":
            return "time", time_value(token.text)
        if token.kind == "number":
            return "number", float(token.text)
        if token.kind == "name" and token.text in ("true", "false"):
            return "boolean", int(token.text == "true")
        if token.kind == "name" and token.text == "null":
            return "null", None
        self._next -= 1
        if token.kind == "name":
            raise self._fields.unknown(token.text)
        raise self._syntax()

    def _among(self, found: Field) -> str:
        self._need("(")
        values: list[Any] = []
        while True:
            kind, value = self._literal()
            if kind != found.kind:
                raise self._incompatible(found, _EDM.get(kind, kind), "eq")
            values.append(value)
            if self._word(",") is None:
                break
        self._need(")")
        self._found.values.extend(values)
        return f"{found.sql} IN ({','.join('?' * len(values))})"

    def _uses(self, operator: str) -> None:
        if operator not in self._fields.operators:
            raise self._fields.unsupported(operator)
        self._found.operators.add(operator)

    def _function(self, name: str) -> str:
        if name not in _FUNCTIONS and name not in _OTHER_FUNCTIONS:
            raise bad_request(
                f"Invalid filter clause: An unknown function with name '{name}' was found. This may also be a function "
                "import or a key lookup on a navigation property, which is not allowed."
            )
        self._uses(name)
        self._need("(")
        token = self._take()
        found = self._field(token.text)
        self._need(",")
        kind, value = self._literal()
        if kind != "string" or found.kind != "string":
            raise bad_request(
                f"Invalid filter clause: No function signature for the function with name '{name}' matches the "
                "specified arguments."
            )
        self._need(")")
        escaped = re.sub(r"([\\%_])", r"\\\1", value)
        before = "" if name == "startswith" else "%"
        after = "" if name == "endswith" else "%"
        self._found.values.append(f"{before}{escaped}{after}")
        return f"{found.sql} LIKE ? ESCAPE '\\'"

    def _lambda(self, name: str, operator: str) -> str:
        found = self._fields.find(name)
        if not found.collection:
            raise bad_request(f"Invalid filter clause: Any/All may only be used following a collection: '{name}'.")
        self._uses(operator)
        self._found.named.append(name)
        self._need("(")
        variable = self._take()
        self._need(":")
        self._variable = (variable.text, Field("item.value COLLATE NOCASE"))
        inner = self._either()
        self._variable = None
        self._need(")")
        return f"EXISTS (SELECT 1 FROM json_each({found.sql}) item WHERE {inner})"
