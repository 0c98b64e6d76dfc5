"""Cuts a formula into tokens."""

import re
from dataclasses import dataclass
from typing import Literal


class FormulaError(ValueError):
    """The formula cannot be deployed; the message is a sentence in the words of Setup where they are known."""


TokenKind = Literal["name", "number", "text", "symbol", "end"]

_TOKEN = re.compile(
    r"""(?P<space>\s+|/\*.*?\*/)
    |(?P<number>\d+(?:\.\d+)?|\.\d+)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<name>\$?[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*)
    |(?P<symbol><>|!=|<=|>=|==|&&|\|\||[-+*/^&=<>!(),])""",
    re.ASCII | re.DOTALL | re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `value` is what a literal means, else the token as it stands."""

    kind: TokenKind
    value: str


def tokens_of(formula: str) -> list[Token]:
    """The tokens, with one of kind `end` behind them. Raises FormulaError."""
    found: list[Token] = []
    position = 0
    while position < len(formula):
        match = _TOKEN.match(formula, position)
        if match is None:
            raise FormulaError(f"Syntax error. Found '{formula[position]}'.")
        position = match.end()
        if match["number"]:
            found.append(Token("number", match["number"]))
        elif match["text"]:
            found.append(Token("text", _unescaped(match["text"][1:-1])))
        elif match["name"]:
            found.append(Token("name", match["name"]))
        elif match["symbol"]:
            found.append(Token("symbol", match["symbol"]))
    return [*found, Token("end", "")]


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text, flags=re.DOTALL)
