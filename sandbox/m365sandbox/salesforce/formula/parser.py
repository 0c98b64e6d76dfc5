"""Tokens to a tree, by the precedence of the platform's operators."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from m365sandbox.salesforce.formula.lexer import FormulaError, Token, tokens_of

#: Operators by how loosely they bind, loosest first.
_LEVELS = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"=", "==", "<>", "!="}),
    frozenset({"<", "<=", ">", ">="}),
    frozenset({"&"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
)
_SAME = {"==": "=", "!=": "<>"}
#: Calls and parentheses inside one another; deeper ones would exhaust the stack.
_MAX_DEPTH = 40
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number (as float), TRUE, FALSE or NULL."""

    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A field or a global variable such as `$User.Id`."""

    path: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; operators are calls too, by their sign."""

    function: str
    arguments: tuple["Node", ...]


Node = Literal | Name | Call

_WORDS = {"TRUE": Literal(True), "FALSE": Literal(False), "NULL": Literal(None)}


def parse(formula: str) -> Node:
    """The tree of a formula. Raises FormulaError."""
    parser = _Parser(tokens_of(formula))
    node = parser.expression()
    parser.expect("end", "")
    return node


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def expression(self, level: int = 0) -> Node:
        if level == len(_LEVELS):
            return self._power()
        left = self.expression(level + 1)
        while self._is_symbol(_LEVELS[level]):
            operator = self._next().value
            left = Call(_SAME.get(operator, operator), (left, self.expression(level + 1)))
        return left

    def _power(self) -> Node:
        left = self._unary()
        while self._is_symbol(frozenset({"^"})):
            self._next()
            left = Call("^", (left, self._unary()))
        return left

    def _unary(self) -> Node:
        if self._is_symbol(frozenset({"-", "+", "!"})):
            sign = self._next().value
            operand = self._nested(self._unary)
            if sign == "!":
                return Call("NOT", (operand,))
            return operand if sign == "+" else Call("-", (Literal(0.0), operand))
        return self._primary()

    def _primary(self) -> Node:
        token = self._next()
        if token.kind == "number":
            return Literal(float(token.value))
        if token.kind == "text":
            return Literal(token.value)
        if token.kind == "name":
            return self._named(token.value)
        if token == Token("symbol", "("):
            inner = self._nested(self.expression)
            self.expect("symbol", ")")
            return inner
        raise _unexpected(token)

    def _named(self, name: str) -> Node:
        if self._is_symbol(frozenset({"("})):
            return Call(name.upper(), self._nested(self._arguments))
        return _WORDS.get(name.upper()) or Name(name)

    def _arguments(self) -> tuple[Node, ...]:
        self.expect("symbol", "(")
        found: list[Node] = []
        while not self._is_symbol(frozenset({")"})):
            if found:
                self.expect("symbol", ",")
            found.append(self.expression())
        self.expect("symbol", ")")
        return tuple(found)

    def _nested(self, read: Callable[[], _T]) -> _T:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FormulaError("The formula is nested too deeply.")
        found = read()
        self._depth -= 1
        return found

    def expect(self, kind: str, value: str) -> None:
        token = self._next()
        if (token.kind, token.value) != (kind, value):
            raise _unexpected(token)

    def _is_symbol(self, values: frozenset[str]) -> bool:
        token = self._tokens[self._place]
        return token.kind == "symbol" and token.value in values

    def _next(self) -> Token:
        token = self._tokens[self._place]
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token


def _unexpected(token: Token) -> FormulaError:
    return FormulaError(
        "Syntax error. The formula ends too soon." if token.kind == "end" else f"Syntax error. Found '{token.value}'."
    )
