"""SOQL text as tokens. A dotted path is one token, as in Salesforce's own grammar; there are no comments."""

import re
from enum import Enum
from typing import NamedTuple

from m365sandbox.salesforce.soql.errors import SoqlError, lexical, malformed

MAX_QUERY = 100_000
MAX_STRING = 4_000


class Kind(Enum):
    """What a token is."""

    NAME = "name"
    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    SYMBOL = "symbol"
    END = "end"


class Token(NamedTuple):
    """One token. `text` is as written; for a string what stands between the quotes, escapes and all."""

    kind: Kind
    text: str
    position: int

    @property
    def word(self) -> str:
        """The keyword it could be, in upper case; empty for everything but plain names."""
        return self.text.upper() if self.kind is Kind.NAME else ""

    def shown(self) -> str:
        """How an error names it."""
        if self.kind is Kind.END:
            return "'<EOF>'"
        return f"'{self.text}'"


_TIME = r"\d\d:\d\d:\d\d(?:\.\d+)?"
_OFFSET = r"(?:[zZ]|[+-]\d\d:?\d\d)"
_TOKENS = re.compile(
    rf"""
    [ \t\r\n]*(?:
      (?P<NAME>[A-Za-z_$][A-Za-z0-9_$.\u0080-\ufffe]*)
    | '(?P<STRING>(?:[^'\\\n]|\\.)*)'
    | (?P<DATETIME>\d{{4}}-\d\d-\d\d[tT]{_TIME}{_OFFSET})
    | (?P<DATE>\d{{4}}-\d\d-\d\d)(?![\dTt])
    | (?P<TIME>{_TIME}{_OFFSET})
    | (?P<DECIMAL>\d*\.\d+)
    | (?P<INTEGER>\d++)(?![A-Za-z_]|-\d\d-\d\d)
    | (?P<SYMBOL><=|>=|<>|!=|[()=<>,:+-])
    | (?P<END>\Z)
    )
    """,
    re.VERBOSE,
)
_UNZONED = re.compile(rf"\d{{4}}-\d\d-\d\d[tT]{_TIME}")
_KINDS = {kind.name: kind for kind in Kind}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)


def tokenize(soql: str) -> list[Token]:
    """All tokens, the last of kind END. SoqlError for what is no token, too long a query or too long a literal."""
    if len(soql) > MAX_QUERY:
        raise SoqlError("MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_QUERY} characters.")
    if not _is_text(soql):
        raise SoqlError("MALFORMED_QUERY", "unexpected token: half of a surrogate pair")
    tokens: list[Token] = []
    position = 0
    while not tokens or tokens[-1].kind is not Kind.END:
        match = _TOKENS.match(soql, position)
        if match is None or match.lastgroup is None:
            raise _illegal(soql, position)
        name = match.lastgroup
        place = len(soql) if name == "END" else match.start(name) - (name == "STRING")
        tokens.append(Token(_KINDS[name], match[name], place))
        position = match.end()
    return tokens


def _illegal(soql: str, position: int) -> SoqlError:
    while soql[position] in " \t\r\n":
        position += 1
    if soql[position] == "'":
        return _unclosed(soql, position)
    unzoned = _UNZONED.match(soql, position)
    if unzoned:
        # Observed where the + of an offset came as a blank.
        found = soql[unzoned.end()] if unzoned.end() < len(soql) else "<EOF>"
        return lexical(soql, unzoned.end(), f"no viable alternative at character '{found}'")
    if soql[position].isdigit() or soql[position] == ".":
        word = re.match(r"[^\s()=,<>!']+", soql[position:])
        return malformed(soql, position, f"unexpected token: '{word[0] if word else soql[position]}'")
    return lexical(soql, position, f"no viable alternative at character '{soql[position]}'")


def _unclosed(soql: str, position: int) -> SoqlError:
    """A string ends on its own line, with a quote."""
    end = soql.find("\n", position)
    found = "<EOF>" if end < 0 else "\\n"
    return lexical(soql, len(soql) if end < 0 else end, f"mismatched character '{found}' expecting '''")


def unescape(soql: str, token: Token) -> str:
    """The value of a string literal. `\\_` and `\\%` belong to LIKE only and are refused here."""

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        found = _ESCAPES.get(match[2].lower() if match[2] != "U" else "U")
        if found is None:
            raise _bad_escape(soql, token, match[0])
        return found

    return _checked(soql, token, _ESCAPE.sub(replace, token.text) if "\\" in token.text else token.text)


def unescape_like(soql: str, token: Token) -> str:
    """The pattern of a LIKE literal for SQL `LIKE … ESCAPE '\\'`: `%` and `_` are wild unless a backslash precedes."""

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        if match[2] in "%_\\":
            return match[0]
        found = _ESCAPES.get(match[2].lower() if match[2] != "U" else "U")
        if found is None:
            raise _bad_escape(soql, token, match[0])
        return found

    return _checked(soql, token, _ESCAPE.sub(replace, token.text))


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked(soql: str, token: Token, value: str) -> str:
    if not _is_text(value):
        # Two escapes may make one character beyond the basic plane; half of one is none.
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if "\ufffd" in value:
            raise malformed(soql, token.position, f"Invalid string literal '{token.text}'. Illegal character in it.")
    if len(value) > MAX_STRING:
        raise malformed(soql, token.position, f"string literal is longer than {MAX_STRING} characters")
    return value


def _bad_escape(soql: str, token: Token, sequence: str) -> SoqlError:
    problem = f"Invalid string literal '{token.text}'. Illegal character sequence '{sequence}' in string literal."
    return malformed(soql, token.position, problem)
