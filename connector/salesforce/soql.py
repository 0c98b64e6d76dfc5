"""SOQL is made here only: literals quoted, lists cut so that no query exceeds the platform's length.

SOQL reference, "Quoted String Escape Sequences"; limits: 100,000 characters a statement.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

#: Characters of one SOQL statement.
MAX_LENGTH = 100_000
#: Characters of one string in a WHERE clause.
MAX_LITERAL = 4_000

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"})


def quote(text: str) -> str:
    """A string literal that means exactly `text`."""
    return f"'{text.translate(_ESCAPES)}'"


def select(fields: Iterable[str], object_name: str) -> str:
    """`SELECT … FROM …`; the caller adds the conditions. `object_name` may be a relationship, for child rows."""
    return f"SELECT {', '.join(fields)} FROM {object_name}"  # noqa: S608 - names of ours


def instant(moment: datetime) -> str:
    """A datetime literal in UTC, whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def in_list(values: Iterable[str]) -> str:
    """`('a','b')` for IN. Empty lists are no SOQL: the caller asks nothing then."""
    literals = ",".join(quote(value) for value in values)
    if not literals:
        raise ValueError("IN needs a value")
    return f"({literals})"


def any_of(conditions: Iterable[tuple[str, Sequence[str]]]) -> str:
    """`A IN (…) OR B IN (…)`, conditions with an empty list left out."""
    return " OR ".join(f"{field} IN {in_list(values)}" for field, values in conditions if values)


def chunks(values: Iterable[str], *, room: int, times: int = 1) -> Iterator[list[str]]:
    """Cut `values` so that a list of each part, written `times` times, fits into `room` characters.

    A value that is longer than a literal may be cannot be compared, so it raises ValueError: the caller leaves it out.
    """
    part: list[str] = []
    length = 0
    for value in values:
        size = (len(quote(value)) + 1) * times
        if len(value) > MAX_LITERAL or size > room:
            raise ValueError("a value is too long for a query")
        if part and length + size > room:
            yield part
            part, length = [], 0
        part.append(value)
        length += size
    if part:
        yield part
