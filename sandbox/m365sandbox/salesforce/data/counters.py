"""Numbers that only go up, kept in the database: record ids per object, and auto-numbers per field."""

import sqlite3

from m365sandbox.salesforce.data import ids

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
        return [ids.make(key_prefix, number) for number in self.take(key_prefix, count)]
