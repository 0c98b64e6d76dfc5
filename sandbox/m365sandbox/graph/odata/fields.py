"""What a resource can be filtered and ordered by, as SQL; and the moments that filters compare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from m365sandbox.graph.errors import GraphError, unparsable


@dataclass(frozen=True, slots=True)
class Field:
    """A property in SQL. A collection is compared through `any`: `sql` is then the JSON array.

    `values` are the members of an enum; a literal that is none of them is refused.
    """

    sql: str
    kind: str = "string"
    collection: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """What a resource can be filtered by; `unknown` makes the error for any other name.

    `operators` are those it knows (operators, functions, `any`); `unsupported` makes the error for another one.
    """

    fields: Mapping[str, Field]
    unknown: Callable[[str], GraphError]
    operators: frozenset[str]
    unsupported: Callable[[str], GraphError]

    def canonical(self, name: str) -> str:
        """The property as the type writes it. Graph's own samples write `Subject` and `ReceivedDateTime` too."""
        wanted = name.lower()
        found = next((known for known in self.fields if known.lower() == wanted), None)
        if found is None:
            raise self.unknown(name)
        return found

    def find(self, name: str) -> Field:
        """The field of a property, in any case."""
        return self.fields[self.canonical(name)]


@dataclass(slots=True)
class Condition:
    """A planned filter: SQL, its values, and the properties in the order they were named."""

    sql: str = "1"
    values: list[Any] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    operators: set[str] = field(default_factory=set)


@lru_cache(maxsize=4096)
def time_value(text: str) -> str:
    """An OData date or time as the database keeps it: UTC, without the zone letter, fractions kept."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == 10:
            moment = moment.replace(tzinfo=UTC)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise _bad_time(text) from exc
    if moment.tzinfo is None:
        raise _bad_time(text)
    return utc.replace(tzinfo=None).isoformat()


def _bad_time(text: str) -> GraphError:
    return unparsable(
        f"The DateTimeOffset text '{text}' should be in format 'yyyy-mm-ddThh:mm:ss('.'s+)?(zzzzzz)?' and each field "
        "value is within valid range."
    )
