"""The part of the parser that both WHERE and HAVING need: tokens, operands, literals, conditions."""

import re
from collections.abc import Callable
from typing import TypeVar

from m365sandbox.salesforce.data.dates import is_range
from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.errors import SoqlError, malformed
from m365sandbox.salesforce.soql.lexer import Kind, Token, tokenize, unescape, unescape_like

Item = TypeVar("Item")

#: Words that cannot name a field, an object or an alias. Other keywords (Order, Group, End …) can.
_RESERVED = frozenset(
    {"AND", "AS", "ASC", "BIND", "BY", "CUBE", "DESC", "ELSE", "EXCLUDES", "FALSE", "FIRST", "FOR", "FROM", "HAVING"}
    | {"IN", "INCLUDES", "LAST", "LIKE", "LIMIT", "LOOKUP", "NOT", "NULL", "NULLS", "OR", "ROLLUP", "SELECT", "TRUE"}
    | {"UPDATE", "USING", "WHERE", "WITH"}
)
#: After an object or a field these begin the next part, though they could be names.
_NO_ALIAS = _RESERVED | {"ALL", "END", "GROUP", "OFFSET", "ORDER", "THEN", "WHEN"}
_CURRENCY = re.compile(r"[A-Z]{3}\d+(?:\.\d+)?", re.ASCII)
_COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_LITERALS = {
    Kind.DATE: ast.LiteralKind.DATE,
    Kind.DATETIME: ast.LiteralKind.DATETIME,
    Kind.TIME: ast.LiteralKind.TIME,
    Kind.INTEGER: ast.LiteralKind.INTEGER,
    Kind.DECIMAL: ast.LiteralKind.DECIMAL,
}
_NESTING = 100
#: SOQL reference, "SOQL SELECT Functions" and "Date Functions".
_FUNCTIONS = frozenset(
    {"AVG", "COUNT", "COUNT_DISTINCT", "MAX", "MIN", "SUM", "GROUPING", "FORMAT", "TOLABEL", "CONVERTCURRENCY"}
    | {"CONVERTTIMEZONE", "DISTANCE", "CALENDAR_MONTH", "CALENDAR_QUARTER", "CALENDAR_YEAR", "DAY_IN_MONTH"}
    | {"DAY_IN_WEEK", "DAY_IN_YEAR", "DAY_ONLY", "FISCAL_MONTH", "FISCAL_QUARTER", "FISCAL_YEAR", "HOUR_IN_DAY"}
    | {"WEEK_IN_MONTH", "WEEK_IN_YEAR"}
)


class ConditionParser:
    """Tokens with a place in them, and the rules up to conditions. `parser` adds the clauses."""

    def __init__(self, soql: str) -> None:
        self._soql = soql
        self._tokens = tokenize(soql)
        self._index = 0
        self._depth = 0

    # --- tokens ---------------------------------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    def _ahead(self, places: int) -> Token:
        return self._tokens[min(self._index + places, len(self._tokens) - 1)]

    def _advance(self) -> Token:
        token = self._token
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def _take(self, symbol: str) -> bool:
        found = self._token.kind is Kind.SYMBOL and self._token.text == symbol
        self._index += found
        return found

    def _take_word(self, word: str) -> bool:
        found = self._token.word == word
        self._index += found
        return found

    def _take_words(self, first: str, second: str) -> bool:
        if self._token.word != first:
            return False
        self._advance()
        self._expect_word(second)
        return True

    def _expect(self, symbol: str) -> None:
        if self._take(symbol):
            return
        if symbol == ")":
            problem = f"expecting a right parentheses, found {self._token.shown()}"
            raise malformed(self._soql, self._token.position, problem)
        raise self._unexpected()

    def _expect_word(self, word: str) -> None:
        if not self._take_word(word):
            raise self._unexpected()

    def _unexpected(self) -> SoqlError:
        return malformed(self._soql, self._token.position, f"unexpected token: {self._token.shown()}")

    def _no_bind(self) -> SoqlError:
        # Observed for a colon, and for whatever stands after IN without its parenthesis.
        return malformed(self._soql, self._token.position, "Bind variables only allowed in Apex code")

    def _listed(self, rule: Callable[[], Item]) -> tuple[Item, ...]:
        items = [rule()]
        while self._take(","):
            items.append(rule())
        return tuple(items)

    # --- operands -------------------------------------------------------------------------------------------------

    def _path(self) -> ast.Path:
        token = self._token
        if token.kind is not Kind.NAME or token.word in _RESERVED:
            raise self._unexpected()
        names = tuple(token.text.split("."))
        if not all(names):
            raise self._unexpected()
        self._advance()
        return ast.Path(names, token.position)

    def _operand(self) -> ast.Operand:
        path = self._path()
        if not self._take("("):
            return path
        if path.text.upper() not in _FUNCTIONS:
            raise malformed(self._soql, path.position, f"unexpected token: '{path.text}'")
        argument = self._operand()
        if path.text.upper() == "DISTANCE":
            self._place_and_unit()
        self._expect(")")
        return ast.Call(path.text, argument, path.position)

    def _place_and_unit(self) -> None:
        """`, GEOLOCATION(37.7,-122.4), 'mi'`, or a field in the place of GEOLOCATION()."""
        self._expect(",")
        if self._token.word == "GEOLOCATION":
            self._advance()
            self._expect("(")
            self._literal()
            self._expect(",")
            self._literal()
            self._expect(")")
        else:
            self._path()
        self._expect(",")
        unit = self._token
        if unit.kind is not Kind.STRING or unit.text not in ("mi", "km"):
            raise self._unexpected()
        self._advance()

    def _alias(self) -> str | None:
        token = self._token
        if token.kind is not Kind.NAME or token.word in _NO_ALIAS:
            return None
        if "." in token.text:
            raise self._unexpected()
        return self._advance().text

    # --- conditions -----------------------------------------------------------------------------------------------

    def _conditions(self) -> ast.Condition:
        """One level: `NOT x` alone, or conditions joined by AND, or by OR; never both."""
        self._depth += 1
        if self._depth > _NESTING:
            raise SoqlError(
                "QUERY_TOO_COMPLICATED",
                "Query is either selecting too many fields or the filter conditions are too complicated.",
            )
        if self._take_word("NOT"):
            found: ast.Condition = ast.Not(self._condition())
        else:
            found = self._joined()
        self._depth -= 1
        return found

    def _joined(self) -> ast.Condition:
        first = self._condition()
        operator = self._token.word
        if operator not in ("AND", "OR"):
            return first
        conditions = [first]
        while self._take_word(operator):
            conditions.append(self._condition())
        return ast.Group(operator, tuple(conditions))

    def _condition(self) -> ast.Condition:
        if self._take("("):
            found = self._conditions()
            self._expect(")")
            return found
        operand = self._operand()
        word = self._token.word
        if word in ("IN", "NOT"):
            return self._in(operand)
        if word in ("INCLUDES", "EXCLUDES"):
            self._advance()
            return ast.InList(operand, self._literals(), negated=word == "EXCLUDES", multiple=True)
        if self._take_word("LIKE"):
            return ast.Comparison(operand, "LIKE", self._literal(like=True))
        operator = _COMPARISONS.get(self._token.text) if self._token.kind is Kind.SYMBOL else None
        if operator is None:
            raise self._unexpected()
        self._advance()
        return ast.Comparison(operand, operator, self._literal())

    def _in(self, operand: ast.Operand) -> ast.Condition:
        negated = self._take_word("NOT")
        self._expect_word("IN")
        if self._token.kind is not Kind.END and self._token.text != "(":
            raise self._no_bind()
        if self._token.text == "(" and self._ahead(1).word == "SELECT":
            self._advance()
            query = self._semi_join()
            self._expect(")")
            return ast.InQuery(operand, query, negated)
        return ast.InList(operand, self._literals(), negated)

    def _semi_join(self) -> ast.Query:
        raise NotImplementedError

    # --- literals -------------------------------------------------------------------------------------------------

    def _literals(self) -> tuple[ast.Literal, ...]:
        self._expect("(")
        found = self._listed(self._literal)
        self._expect(")")
        return found

    def _literal(self, like: bool = False) -> ast.Literal:
        token = self._token
        if token.kind is Kind.STRING:
            self._advance()
            value = unescape_like(self._soql, token) if like else unescape(self._soql, token)
            return ast.Literal(ast.LiteralKind.STRING, value, token.position)
        if token.kind is Kind.SYMBOL and token.text in "+-":
            return self._signed(token)
        if token.kind is Kind.SYMBOL and token.text == ":":
            raise self._no_bind()
        if token.kind in _LITERALS:
            self._advance()
            return ast.Literal(_LITERALS[token.kind], token.text, token.position)
        return self._word_literal(token)

    def _no_literal(self, token: Token) -> SoqlError:
        if token.kind is not Kind.NAME or token.word in _RESERVED:
            return self._unexpected()
        # Observed: what is no literal could only be a bind variable.
        return malformed(self._soql, token.position, f"expecting a colon, found {token.shown()}")

    def _signed(self, sign: Token) -> ast.Literal:
        self._advance()
        number = self._token
        if number.kind not in (Kind.INTEGER, Kind.DECIMAL):
            raise self._unexpected()
        self._advance()
        return ast.Literal(_LITERALS[number.kind], sign.text + number.text, sign.position)

    def _word_literal(self, token: Token) -> ast.Literal:
        if token.word == "NULL":
            self._advance()
            return ast.Literal(ast.LiteralKind.NULL, "null", token.position)
        if token.word in ("TRUE", "FALSE"):
            self._advance()
            return ast.Literal(ast.LiteralKind.BOOLEAN, token.text.lower(), token.position)
        if token.kind is Kind.NAME and _CURRENCY.fullmatch(token.text):
            self._advance()
            return ast.Literal(ast.LiteralKind.CURRENCY, token.text, token.position)
        counted = self._ahead(1).text == ":" and self._ahead(2).kind is Kind.INTEGER
        if not is_range(token.word, counted):
            # Another field, a misspelt date literal, a word without quotes: the platform takes literals only.
            raise self._no_literal(token)
        self._advance()
        count = None
        if counted:
            self._advance()
            count = int(self._advance().text)
        return ast.Literal(ast.LiteralKind.RANGE, token.word, token.position, count)
