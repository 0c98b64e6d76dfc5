"""An org in memory for the SOQL tests: rows go in as plain values, queries run as a user whose sight can be limited."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from m365sandbox.salesforce.data.ids import make
from m365sandbox.salesforce.data.schema import Field, Schema, SObject
from m365sandbox.salesforce.data.storage import encode, open_database, quote_name
from m365sandbox.salesforce.metadata import locate, org_schema, read_metadata
from m365sandbox.salesforce.soql import QueryResult, run_query

NOW = datetime(2026, 11, 18, 12, 30, tzinfo=UTC)  # a Wednesday
SCHEMA: Schema = org_schema(read_metadata(locate()))


@dataclass
class Sight:
    """What the querying user sees; everything unless told otherwise. `rows` hides rows by object: (SQL, values)."""

    hidden_objects: set[str] = field(default_factory=set)
    hidden_fields: set[str] = field(default_factory=set)
    rows: dict[str, tuple[str, list[Any]]] = field(default_factory=dict)

    def can_read(self, sobject: SObject) -> bool:
        return sobject.name not in self.hidden_objects

    def can_read_field(self, sobject: SObject, item: Field) -> bool:
        return f"{sobject.name}.{item.name}" not in self.hidden_fields

    def record_filter(self, sobject: SObject, alias: str) -> tuple[str, list[Any]] | None:
        found = self.rows.get(sobject.name)
        return None if found is None else (found[0].format(alias), found[1])


class Org:
    """A database with nothing in it, and the ways to fill and ask it."""

    def __init__(self, schema: Schema = SCHEMA) -> None:
        self.schema = schema
        self.connection = open_database(None, schema)
        self.sight = Sight()
        self._number = count(1)

    def close(self) -> None:
        self.connection.close()

    def insert(self, object_name: str, **values: Any) -> str:
        """A row; returns its id."""
        sobject = self.schema.object(object_name)
        assert sobject is not None
        record_id = make(sobject.key_prefix, next(self._number))
        row: dict[str, Any] = {"Id": record_id}
        for name, value in values.items():
            item = sobject.field(name)
            assert item is not None, name
            assert item.stored, name
            row[item.name] = encode(item, value)
        columns = ", ".join(quote_name(name) for name in row)
        statement = f"INSERT INTO {quote_name(sobject.name)} ({columns}) VALUES ({', '.join('?' * len(row))})"
        self.connection.execute(statement, list(row.values()))
        return record_id

    def query(
        self,
        soql: str,
        *,
        include_deleted: bool = False,
        zone: str = "GMT",
        now: datetime = NOW,
        user_id: str = "005000000000001AAA",
        version: str = "64.0",
    ) -> QueryResult:
        return run_query(
            self.connection,
            self.schema,
            self.sight,
            soql,
            include_deleted=include_deleted,
            now=now,
            time_zone=zone,
            user_id=user_id,
            api_version=version,
        )

    def values(self, soql: str, **options: Any) -> list[Any]:
        """The first selected value of each record."""
        return [list(record.values())[1] for record in self.query(soql, **options).records]

    def total(self, condition: str, source: str = "Contact") -> int:
        return self.query(f"SELECT COUNT() FROM {source} WHERE {condition}").total_size
