r"""Java's regular expressions, which REGEX takes, as Python's.

Both share most of their syntax. Translated are `\p{L}` and its like, `.` (no line end of any script), and `\s`, `\d`,
`\w`, which mean ASCII. What Python would read otherwise is refused.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

from m365sandbox.salesforce.formula.lexer import FormulaError

_LINE_ENDS = "\\n\\r\\x85\\u2028\\u2029"
_PROPERTY = re.compile(r"([pP])(?:\{(?:Is)?([A-Za-z]{1,2})\}|([A-Z]))", re.ASCII)
#: Beyond it lie no letters or digits.
_LAST_CODE_POINT = 0x33480
#: Escapes that mean the same in both.
_KNOWN_ESCAPES = frozenset("\\^$.|?*+()[]{}-/tnrfsSdDwWbB'\"@:;,<>&#%!=~` _")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, to be used with fullmatch. Raises FormulaError where it cannot be played."""
    try:
        return re.compile(_translated(pattern), re.ASCII)
    except (re.error, RecursionError, OverflowError) as wrong:
        raise FormulaError(f"The regular expression {pattern} cannot be understood: {wrong}.") from wrong


def _translated(pattern: str) -> str:
    parts: list[str] = []
    position, in_class = 0, False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            part, position = _escape(pattern, position + 1, in_class)
            parts.append(part)
            continue
        if in_class and (char == "[" or pattern.startswith("&&", position)):
            raise FormulaError(f"The regular expression {pattern} has a class inside a class, which is not emulated.")
        if char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        parts.append(f"[^{_LINE_ENDS}]" if char == "." and not in_class else char)
        position += 1
    return "".join(parts)


def _escape(pattern: str, position: int, in_class: bool) -> tuple[str, int]:
    """The translation of an escape whose backslash stands before `position`, and where it ends."""
    match = _PROPERTY.match(pattern, position)
    if match is not None:
        return _property(match, pattern, in_class), match.end()
    char = pattern[position : position + 1]
    if char not in _KNOWN_ESCAPES:
        raise FormulaError(f"The escape \\{char} of the regular expression {pattern} is not emulated.")
    return f"\\{char}", position + 1


def _property(match: re.Match[str], pattern: str, in_class: bool) -> str:
    ranges = _ranges(match[2] or match[3])
    if not ranges:
        raise FormulaError(f"Unknown character property in the regular expression {pattern}.")
    if match[1] == "p":
        return ranges if in_class else f"[{ranges}]"
    if in_class:
        raise FormulaError(f"A negated property inside a class is not emulated: {pattern}.")
    return f"[^{ranges}]"


@lru_cache(maxsize=32)
def _ranges(category: str) -> str:
    """All characters of a general category (`L`, `Nd`), as the inside of a class."""
    found: list[str] = []
    for inside, group in groupby(_runs(), key=lambda run: run[2].startswith(category)):
        runs = list(group)
        if inside:
            found.append(f"\\U{runs[0][0]:08x}-\\U{runs[-1][1]:08x}")
    return "".join(found)


@lru_cache(maxsize=1)
def _runs() -> list[tuple[int, int, str]]:
    """Characters of one general category that follow each other: the first, the last, the category."""
    found: list[tuple[int, int, str]] = []
    first = 0
    for name, run in groupby(map(unicodedata.category, map(chr, range(_LAST_CODE_POINT)))):
        end = first + sum(1 for _ in run)
        found.append((first, end - 1, name))
        first = end
    return found
