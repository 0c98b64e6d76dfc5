"""Record ids: 15 characters in base 62 that start with the object's key prefix, plus a checksum of their case.

Salesforce help, "15 vs 18 character ids": each of three groups of five characters gives one character of the suffix,
bit n set where character n is an upper-case letter. The API accepts both forms and answers with 18 characters.
"""

import re
import sqlite3

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?", re.ASCII)

#: The two characters after the prefix name the server instance; the next one is reserved and zero.
_INSTANCE = "Hn0"


def with_checksum(id15: str) -> str:
    """The 18-character form of a 15-character id."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, char in enumerate(id15[start : start + 5]) if "A" <= char <= "Z")
        suffix += _SUFFIX[bits]
    return id15 + suffix


def normalise(value: str) -> str | None:
    """The 18-character form of an id as a client sent it, or None where it is no id.

    An 18-character id survives a change of case: the suffix says which letters are upper case.
    """
    if _SHAPE.fullmatch(value) is None:
        return None
    if len(value) == 15:
        return with_checksum(value)
    if with_checksum(value[:15]) == value:
        return value
    return _repair_case(value)


def _repair_case(value: str) -> str | None:
    repaired = ""
    for group in range(3):
        place = _SUFFIX.find(value[15 + group].upper())
        if place < 0:
            return None
        for offset, char in enumerate(value[group * 5 : group * 5 + 5]):
            repaired += char.upper() if place >> offset & 1 else char.lower()
    full = with_checksum(repaired)
    return full if full[15:] == value[15:].upper() else None


def make(prefix: str, number: int) -> str:
    """The id of the `number`-th record of the object with this key prefix; ids of one object ascend."""
    tail = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        tail = _DIGITS[digit] + tail
    return with_checksum(prefix + _INSTANCE + tail)


_TABLE = "CREATE TABLE IF NOT EXISTS _counter (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID"


class Counters:
    """Hands out numbers; a number that a rolled-back transaction took may come again."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_TABLE)

    def take(self, name: str, count: int) -> range:
        """The next `count` numbers of that name."""
        last = self._connection.execute(
            "INSERT INTO _counter VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET last = last + ?2 RETURNING last",
            (name, count),
        ).fetchone()[0]
        return range(last - count + 1, last + 1)

    def record_ids(self, key_prefix: str, count: int) -> list[str]:
        """That many new ids of an object, ascending."""
        return [make(key_prefix, number) for number in self.take(key_prefix, count)]
