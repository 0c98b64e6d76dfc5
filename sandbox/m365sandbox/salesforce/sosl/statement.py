"""FIND … IN … FIELDS RETURNING … LIMIT …: the clauses of a SOSL statement."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from m365sandbox.salesforce.sosl.expression import Expression, MalformedSearchError, parse_expression

SCOPES = ("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR")
#: The most rows that a search finds (SOSL reference, "LIMIT").
MOST = 2_000

_FIND = re.compile(r"\s*FIND\s*", re.IGNORECASE)
_BRACES = re.compile(r"\{((?:\\.|[^{}\\])*)\}\s*")
_IN = re.compile(r"IN\s+(\w+)\s+FIELDS\b\s*", re.IGNORECASE)
_RETURNING = re.compile(r"RETURNING\b\s*", re.IGNORECASE)
_OBJECT = re.compile(r"(\w+)\s*")
_LIMIT = re.compile(r"LIMIT\s+(\d+)\s*", re.IGNORECASE)
#: A string, a parenthesis or anything else, to find the end of an object's list.
_PIECE = re.compile(r"'(?:\\.|[^'\\])*'|[()]|[^'()]+")
_OFFSET = re.compile(r"\bOFFSET\s+\d+$", re.IGNORECASE)
_CLAUSE = re.compile(r"'(?:\\.|[^'\\])*'|\b(WHERE|ORDER\s+BY|LIMIT|OFFSET|USING)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Returning:
    """One object of RETURNING: its field list (empty: the id only) and the clauses for its query, as text."""

    object: str
    fields: tuple[str, ...] = ("Id",)
    where: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """A whole statement. Without `returning` all searchable objects are searched."""

    expression: Expression
    scope: str = "ALL"
    returning: tuple[Returning, ...] = ()
    limit: int = MOST


def parse(text: str) -> Search:
    """The statement. Raises MalformedSearchError."""
    find = _FIND.match(text)
    if find is None:
        word = text.split()[0] if text.split() else "<EOF>"
        raise MalformedSearchError(f"unexpected token: {word}")
    braces = _BRACES.match(text, find.end())
    if braces is None:
        raise MalformedSearchError("No search term found. The search term must be enclosed in braces.")
    expression = parse_expression(braces[1])
    scope, place = _scope(text, braces.end())
    returning, place = _returning(text, place)
    if len(returning) > 1 and any(_OFFSET.search(item.tail) for item in returning):
        # SOSL reference, "OFFSET n".
        raise MalformedSearchError("OFFSET can be used only when querying a single object")
    limit = _LIMIT.match(text, place)
    place = limit.end() if limit else place
    if text[place:].strip():
        raise MalformedSearchError(f"unexpected token: {text[place:].split()[0]}")
    return Search(expression, scope, tuple(returning), min(int(limit[1]), MOST) if limit else MOST)


def _scope(text: str, place: int) -> tuple[str, int]:
    match = _IN.match(text, place)
    if match is None:
        return "ALL", place
    if match[1].upper() not in SCOPES:
        raise MalformedSearchError(f"unexpected token: {match[1]}")
    return match[1].upper(), match.end()


def _returning(text: str, place: int) -> tuple[list[Returning], int]:
    match = _RETURNING.match(text, place)
    if match is None:
        return [], place
    place = match.end()
    found: list[Returning] = []
    while True:
        item, place = _object(text, place)
        found.append(item)
        if text[place : place + 1] != ",":
            return found, place
        place += 1 + len(text[place + 1 :]) - len(text[place + 1 :].lstrip())


def _object(text: str, place: int) -> tuple[Returning, int]:
    name = _OBJECT.match(text, place)
    if name is None:
        raise MalformedSearchError(f"unexpected token: {text[place : place + 1] or '<EOF>'}")
    place = name.end()
    if text[place : place + 1] != "(":
        return Returning(name[1]), place
    inner = _balanced(text, place)
    end = place + len(inner) + 2
    rest = text[end:]
    return _specification(name[1], inner), end + len(rest) - len(rest.lstrip())


def _balanced(text: str, place: int) -> str:
    """What stands between the parenthesis at `place` and its partner."""
    depth = 0
    for match in _PIECE.finditer(text, place):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return text[place + 1 : match.start()]
    raise MalformedSearchError("expecting a right parentheses, found '<EOF>'")


def _specification(name: str, inner: str) -> Returning:
    clauses = [match for match in _CLAUSE.finditer(inner) if match[1] and not _is_nested(inner, match.start())]
    starts = [match.start() for match in clauses]
    fields = tuple(item.strip() for item in inner[: starts[0] if starts else None].split(","))
    if not all(fields):
        raise MalformedSearchError(f"unexpected token: {inner.strip() or ')'}")
    where, tail = "", []
    for match, text in zip(clauses, _cut(inner, starts), strict=True):
        keyword = match[1].upper()
        if keyword == "USING":
            raise MalformedSearchError("unexpected token: USING")
        if keyword == "WHERE":
            where = text.removeprefix(match[0]).strip()
            if not where:
                raise MalformedSearchError("unexpected token: )")
        else:
            tail.append(text)
    return Returning(name, fields, where, " ".join(tail))


def _cut(text: str, starts: list[int]) -> Iterator[str]:
    for start, end in pairwise([*starts, len(text)]):
        yield text[start:end].strip()


def _is_nested(text: str, end: int) -> bool:
    """Whether a place lies inside parentheses, as in a semi-join."""
    depth = 0
    for match in _PIECE.finditer(text[:end]):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
    return depth > 0
