"""The words of a $filter, and the errors of OData's parser where they make no sense.

Texts and positions are those of Microsoft's OData library (UriQueryExpressionParser, ExpressionLexer), which Graph
shows behind "Invalid filter clause: ".
"""

import re
from dataclasses import dataclass

from m365sandbox.graph.errors import GraphError, bad_request

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')"
    r"|(?P<date>\d{4}-\d{2}-\d{2}(?:T[\d:.]+)?(?:Z|[+-]\d{2}:\d{2})?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_@][\w.@]*(?:/[A-Za-z_$][\w.]*)*)"
    r"|(?P<mark>[(),:]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: a string, date, number, name or mark, and where it begins and ends."""

    kind: str
    text: str
    at: int
    end: int


def refused(message: str) -> GraphError:
    """A $filter that is no OData."""
    return bad_request(f"Invalid filter clause: {message}")


def tokens(text: str) -> list[Token]:
    """The words of a filter. Raises GraphError for a sign that none begins with, or a string without an end."""
    found: list[Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _wrong_sign(text, at + len(text[at:]) - len(text[at:].lstrip()))
        group = match.lastgroup
        found.append(Token(group, match.group(group), match.start(group), match.end(group)))
        at = match.end()
    return found


def _wrong_sign(text: str, at: int) -> GraphError:
    if text[at] == "'":
        return refused(f"There is an unterminated string literal at position {len(text)} in '{text}'.")
    return refused(f"Syntax error: character '{text[at]}' is not valid at position {at} in '{text}'.")
