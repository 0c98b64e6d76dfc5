"""Why a query is refused, worded and placed as the platform does."""

import re

#: How much of the line is quoted on either side of the place.
_CONTEXT = 40


class SoqlError(Exception):
    """The query is refused as a whole: HTTP 400 with this code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def refusal(soql: str, position: int, code: str, problem: str) -> SoqlError:
    """An error at a place of the query.

    Observed shape: the line around the place, a caret below it, `ERROR at Row:1:Column:8`, then the problem.
    """
    start = soql.rfind("\n", 0, position) + 1
    end = soql.find("\n", position)
    line = soql[start : len(soql) if end < 0 else end]
    column = position - start
    first = max(0, column - _CONTEXT)
    excerpt = line[first : column + _CONTEXT]
    row = soql.count("\n", 0, position) + 1
    caret = " " * (column - first) + "^"
    return SoqlError(code, f"\n{excerpt}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{problem}")


def lexical(soql: str, position: int, problem: str) -> SoqlError:
    """MALFORMED_QUERY for a character that begins no token.

    Observed: such errors count columns from nought, so the caret stands one place before the character, and the
    problem begins with `line 1:58`.
    """
    row = soql.count("\n", 0, position) + 1
    column = position - soql.rfind("\n", 0, position) - 1
    found = malformed(soql, max(position - 1, position - column), f"line {row}:{column} {problem}")
    return SoqlError(found.code, re.sub(r"Column:\d+\n", f"Column:{column}\n", found.message, count=1))


def malformed(soql: str, position: int, problem: str) -> SoqlError:
    """MALFORMED_QUERY at a place."""
    return refusal(soql, position, "MALFORMED_QUERY", problem)
