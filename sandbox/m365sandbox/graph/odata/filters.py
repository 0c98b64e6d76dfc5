"""$filter and $orderby: OData text to SQL conditions with bound values.

`Fields` says which properties a resource can be filtered by and how they are compared; everything else is refused with
the error of the service's own OData parser.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from m365sandbox.graph.errors import GraphError, bad_request
from m365sandbox.graph.odata.fields import Condition, Field, Fields, time_value
from m365sandbox.graph.odata.tokens import Token, refused, tokens

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


def plan_filter(text: str, fields: Fields) -> Condition:
    """The condition that a $filter asks for. Raises GraphError as the service would."""
    return _Parser(text, fields).parse()


def plan_order(text: str, fields: Fields, unknown: Callable[[str], GraphError]) -> list[tuple[str, str, str]]:
    """The (property, SQL, ASC or DESC) of each item of an $orderby; `unknown` makes the error for what is not there."""
    items: list[tuple[str, str, str]] = []
    for part in text.split(","):
        words = part.split()
        if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise bad_request(f"Invalid orderby clause: Syntax error at position {len(part)} in '{text}'.")
        name = replace(fields, unknown=unknown).canonical(words[0])
        found = fields.fields[name]
        if found.collection:
            raise bad_request(f"The property '{words[0]}' cannot be used in the $orderby query option.")
        items.append((name, found.sql, "DESC" if words[-1].lower() == "desc" else "ASC"))
    return items


class _Parser:
    """Recursive descent over one filter. Operators are understood in any case: Graph's samples write `NOT(…)`."""

    def __init__(self, text: str, fields: Fields) -> None:
        self._text = text
        self._fields = fields
        self._tokens = tokens(text)
        self._next = 0
        self._found = Condition()
        self._variable: tuple[str, Field] | None = None
        self._depth = 0

    def parse(self) -> Condition:
        self._found.sql = self._either()
        if self._next < len(self._tokens):
            raise self._syntax()
        return self._found

    def _peek(self, ahead: int = 0) -> Token:
        """A token still to come; at the end an empty one."""
        if self._next + ahead < len(self._tokens):
            return self._tokens[self._next + ahead]
        return Token("end", "", len(self._text), len(self._text))

    def _syntax(self) -> GraphError:
        return refused(f"Syntax error at position {self._peek().end} in '{self._text}'.")

    def _expected(self, what: str) -> GraphError:
        return refused(f"{what} expected at position {self._peek().at} in '{self._text}'.")

    def _word(self, *words: str) -> str | None:
        """Take the next token if it is one of these keywords or marks."""
        token = self._peek()
        if token.kind in ("name", "mark") and token.text.lower() in words:
            self._next += 1
            return token.text.lower()
        return None

    def _need(self, word: str, expected: str) -> None:
        if self._word(word) is None:
            raise self._expected(expected)

    def _take(self, *kinds: str) -> Token:
        token = self._peek()
        if token.kind not in kinds:
            raise self._expected("Expression") if token.kind in ("end", "mark") else self._syntax()
        self._next += 1
        return token

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
            raise refused("Recursion depth exceeded allowed limit.")
        try:
            return self._single()
        finally:
            self._depth -= 1

    def _single(self) -> str:
        if self._peek().text.lower() == "not":
            self._next += 1
            self._uses("not")
            return f"NOT ({self._negated()})"
        if self._peek().text == "(" and self._peek(1).kind == "name" and self._peek(2).text == ")":
            return self._test()  # a property in parentheses: (from/emailAddress/address) eq '…'
        if self._word("("):
            sql = self._either()
            self._need(")", "')' or operator")
            return sql
        return self._test()

    def _test(self) -> str:
        in_parentheses = self._word("(") is not None
        token = self._take("name")
        name = token.text.lower()
        if in_parentheses:
            self._need(")", "')' or operator")
        elif self._peek().text == "(" and "/" not in name:
            return self._function(name)
        for lambda_operator in ("any", "all"):
            if name.endswith(f"/{lambda_operator}"):
                return self._lambda(token.text[: -len("/any")], lambda_operator)
        found = self._counted(token.text) if name.endswith("/$count") else self._field(token.text)
        if self._word("in"):
            self._uses("in")
            return self._among(found)
        operator = self._word(*_COMPARISONS)
        if operator is None:
            if found.kind == "boolean":
                return f"{found.sql}=1"
            raise self._syntax()
        self._uses(operator)
        return self._compared(found, operator)

    def _counted(self, path: str) -> Field:
        """How many items a collection has."""
        name = path.rpartition("/")[0]
        self._uses("$count")
        found = self._fields.find(name)
        if not found.collection:
            raise refused(f"Any/All/$count may only be used following a collection: '{name}'.")
        return Field(f"COALESCE(json_array_length({found.sql}),0)", "number")

    def _field(self, name: str) -> Field:
        if self._variable is not None and name.lower() == self._variable[0].lower():
            return self._variable[1]
        canonical = self._fields.canonical(name)
        found = self._fields.fields[canonical]
        if found.collection:
            raise refused(f"The property '{name}' is a collection and can be filtered with any() only.")
        self._found.named.append(canonical)
        return found

    def _compared(self, found: Field, operator: str) -> str:
        kind, value = self._literal(found)
        if kind == "null":
            if operator not in ("eq", "ne"):
                raise self._incompatible(found, "null", operator)
            return f"{found.sql} IS {'NOT ' if operator == 'ne' else ''}NULL"
        if kind != found.kind:
            raise self._incompatible(found, _EDM[kind], operator)
        self._found.values.append(value)
        return f"{found.sql} {_COMPARISONS[operator]} ?"

    def _incompatible(self, found: Field, other: str, operator: str) -> GraphError:
        return refused(
            "A binary operator with incompatible types was detected. Found operand types "
            f"'{_EDM[found.kind]}' and '{other}' for operator kind '{_KINDS[operator]}'."
        )

    def _literal(self, found: Field) -> tuple[str, Any]:
        token = self._take("string", "date", "number", "name")
        if token.kind == "string":
            return "string", _one_of(token.text[1:-1].replace("''", "'"), found)
        if token.kind == "date":
            return "time", time_value(token.text)
        if token.kind == "number":
            return "number", float(token.text)
        word = token.text.lower()
        if word in ("true", "false"):
            return "boolean", int(word == "true")
        if word == "null":
            return "null", None
        if found.values and word.startswith("microsoft.graph.") and self._peek().kind == "string":
            return "string", _one_of(self._take("string").text[1:-1], found)
        self._next -= 1
        if self._peek(1).kind == "string":  # datetime'2026-01-01', as OData 3 wrote it
            self._next += 1
            raise self._syntax()
        raise self._fields.unknown(token.text)

    def _among(self, found: Field) -> str:
        self._need("(", "'('")
        values: list[Any] = []
        or_null = ""
        while True:
            kind, value = self._literal(found)
            if kind == "null":
                or_null = f" OR {found.sql} IS NULL"
            elif kind != found.kind:
                raise self._incompatible(found, _EDM[kind], "eq")
            else:
                values.append(value)
            if self._word(",") is None:
                break
        self._need(")", "')' or ','")
        self._found.values.extend(values)
        return f"({found.sql} IN ({','.join('?' * len(values))}){or_null})"

    def _uses(self, operator: str) -> None:
        if operator not in self._fields.operators:
            raise self._fields.unsupported(operator)
        self._found.operators.add(operator)

    def _function(self, name: str) -> str:
        if name not in _FUNCTIONS and name not in _OTHER_FUNCTIONS:
            raise refused(
                f"An unknown function with name '{name}' was found. This may also be a function import or a key lookup "
                "on a navigation property, which is not allowed."
            )
        self._uses(name)
        self._need("(", "'('")
        found = self._field(self._take("name").text)
        self._need(",", "')' or ','")
        kind, value = self._literal(Field(""))
        if kind != "string" or found.kind != "string" or found.values:
            raise refused(f"No function signature for the function with name '{name}' matches the specified arguments.")
        self._need(")", "')' or ','")
        escaped = re.sub(r"([\\%_])", r"\\\1", value)
        before = "" if name == "startswith" else "%"
        after = "" if name == "endswith" else "%"
        self._found.values.append(f"{before}{escaped}{after}")
        return f"{found.sql} LIKE ? ESCAPE '\\'"

    def _lambda(self, name: str, operator: str) -> str:
        found = self._fields.find(name)
        if not found.collection:
            raise refused(f"Any/All may only be used following a collection: '{name}'.")
        self._uses(operator)
        self._found.named.append(self._fields.canonical(name))
        self._need("(", "'('")
        if operator == "any" and self._word(")"):
            return f"COALESCE(json_array_length({found.sql}),0)>0"
        variable = self._take("name")
        self._need(":", "':'")
        self._variable = (variable.text, Field("item.value COLLATE NOCASE"))
        inner = self._either()
        self._variable = None
        self._need(")", "')' or operator")
        return f"EXISTS (SELECT 1 FROM json_each({found.sql}) item WHERE {inner})"


def _one_of(value: str, found: Field) -> str:
    """A literal; of an enum the member it names, whatever its case."""
    if not found.values:
        return value
    for known in found.values:
        if known.lower() == value.lower():
            return known
    raise refused(f"The string '{value}' is not a valid enumeration type constant.")
