"""How the org's rows lie in SQLite: one table per object, one column per field, and values to and from JSON.

Instants are text in UTC (`YYYY-MM-DDTHH:MM:SS.mmmZ`), so that they compare as text. Text compares without case
(NOCASE) unless the field is unique and case-sensitive; ids are 18 characters and compare exactly.
Only this module and the SOQL planner know the layout; whoever writes rows binds `encode(field, value)`.
"""

import base64
import binascii
import math
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from m365sandbox.salesforce.data.ids import normalise
from m365sandbox.salesforce.data.schema import Field, Schema, SObject

LAYOUT_VERSION = "1"

# What lies in the recycle bin, by the record whose deletion took it there, and the lookups cleared for deleted records;
# what each user saw, in order; the values of `personal` fields, by user.
_BESIDE = """
CREATE TABLE IF NOT EXISTS _bin (record_id TEXT PRIMARY KEY, object TEXT NOT NULL, root_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS "_bin.root" ON _bin (root_id);
CREATE TABLE IF NOT EXISTS _cleared (
    target_id TEXT NOT NULL, object TEXT NOT NULL, field TEXT NOT NULL, record_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS "_cleared.target" ON _cleared (target_id);
CREATE TABLE IF NOT EXISTS _recent (
    user_id TEXT NOT NULL, record_id TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (user_id, record_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _viewed (
    user_id TEXT NOT NULL, record_id TEXT NOT NULL, "LastViewedDate" TEXT, "LastReferencedDate" TEXT,
    PRIMARY KEY (user_id, record_id)
) WITHOUT ROWID;
"""

SqlValue = str | int | float | bytes | None

_SQL_TYPES = {"boolean": "INTEGER", "int": "INTEGER", "double": "REAL", "currency": "REAL", "percent": "REAL"}
_DATETIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)", re.IGNORECASE | re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FIRST, _LAST = datetime(1700, 1, 1, tzinfo=UTC), datetime(4000, 12, 31, 23, 59, 59, tzinfo=UTC)


class LayoutError(Exception):
    """The database was made by another version of the sandbox. Use a fresh folder."""


class EncodeError(ValueError):
    """A JSON value that the field's type cannot hold; the message is the value as the platform quotes it."""


# --- tables ---------------------------------------------------------------------------------------------------------


def open_database(path: Path | None, schema: Schema) -> sqlite3.Connection:
    """Open (or make) the org's database; None keeps it in memory. Missing tables, columns and indexes are added.

    The connection commits each statement by itself: who writes several rows says BEGIN and COMMIT.
    It may be used from several threads, one at a time.
    """
    # Imported here: the planner imports this module for the layout.
    from m365sandbox.salesforce.data.dates import date_part

    connection = sqlite3.connect(
        path or ":memory:", check_same_thread=False, isolation_level=None, cached_statements=512
    )
    try:
        connection.create_function("sf_fold", 1, fold, deterministic=True)
        connection.create_function("sf_date_part", 3, date_part, deterministic=True)
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -65536")
        if path is not None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        prepare(connection, schema)
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection, schema: Schema) -> None:
    """Make every table, column and index of the schema that is not there yet (again after the org was switched)."""
    with transaction(connection):
        connection.execute("CREATE TABLE IF NOT EXISTS _layout (version TEXT NOT NULL)")
        row = connection.execute("SELECT version FROM _layout").fetchone()
        if row is None:
            connection.execute("INSERT INTO _layout VALUES (?)", (LAYOUT_VERSION,))
        elif row[0] != LAYOUT_VERSION:
            raise LayoutError(f"The database has layout {row[0]}, this sandbox writes {LAYOUT_VERSION}.")
        for statement in filter(str.strip, _BESIDE.split(";")):
            connection.execute(statement)
        for sobject in schema.objects.values():
            _prepare_table(connection, sobject)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK where an exception leaves the block."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def quote_name(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _prepare_table(connection: sqlite3.Connection, sobject: SObject) -> None:
    # table_xinfo, not table_info, lists generated columns too.
    known = {str(row[1]).lower() for row in connection.execute(f"PRAGMA table_xinfo({quote_name(sobject.name)})")}
    # Long values last: SQLite reads past them only when asked for what stands behind.
    columns = sorted((f for f in sobject.fields.values() if f.has_column), key=_is_bulky)
    if not known:
        definitions = ", ".join(_column(item) for item in columns)
        connection.execute(f"CREATE TABLE {quote_name(sobject.name)} ({definitions})")
    else:
        for item in columns:
            if item.name.lower() not in known:
                connection.execute(f"ALTER TABLE {quote_name(sobject.name)} ADD COLUMN {_column(item)}")
    for item in columns:
        _prepare_index(connection, sobject, item)


def _is_bulky(item: Field) -> int:
    return 2 if item.type == "base64" else int(item.long_text)


def _column(item: Field) -> str:
    if item.type == "id":
        return f"{quote_name(item.name)} TEXT PRIMARY KEY NOT NULL"
    kind = "BLOB" if item.type == "base64" else _SQL_TYPES.get(item.type, "TEXT")
    collate = " COLLATE NOCASE" if item.is_text and not item.case_sensitive else ""
    generated = f" GENERATED ALWAYS AS ({item.generated}) VIRTUAL" if item.generated else ""
    constraint = " NOT NULL DEFAULT 0" if item.type == "boolean" and not item.generated else ""
    return f"{quote_name(item.name)} {kind}{collate}{generated}{constraint}"


def _prepare_index(connection: sqlite3.Connection, sobject: SObject, item: Field) -> None:
    table, column = quote_name(sobject.name), quote_name(item.name)
    if _is_indexed(item):
        name = quote_name(f"{sobject.name}.{item.name}")
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({column})")
    if item.unique and not item.virtual:
        # A row in the recycle bin does not hold its unique values, so only live rows guard them.
        name = quote_name(f"{sobject.name}.{item.name}.unique")
        live = ' WHERE "IsDeleted" = 0' if sobject.has_recycle_bin else ""
        connection.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {table} ({column}){live}")


def _is_indexed(item: Field) -> bool:
    if item.type == "id" or item.generated:
        return False
    looked_up = item.external_id or item.unique or item.id_lookup or item.type in ("reference", "email")
    return looked_up or item.name in ("CreatedDate", "SystemModstamp")


# --- text -----------------------------------------------------------------------------------------------------------


def fold(text: Any) -> Any:
    """Text as it is compared without case (the SQL function `sf_fold`); other values pass."""
    return text.lower() if isinstance(text, str) else text


# --- instants -------------------------------------------------------------------------------------------------------


def parse_datetime(text: str) -> datetime:
    """An instant with an offset (`Z`, `+0000`, `+00:00`), to the second (the platform keeps no more)."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    # fromisoformat takes a colon or none in the offset, and refuses days and hours that do not exist.
    offset = "+00:00" if match[8] in "Zz" else match[8]
    instant = datetime.fromisoformat(f"{text[:19].upper()}{offset}").astimezone(UTC)
    if not _FIRST <= instant <= _LAST:
        raise ValueError(text)
    return instant


def format_datetime(instant: datetime) -> str:
    """An aware instant as the database holds it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def parse_date(text: str) -> date:
    """A calendar date `YYYY-MM-DD`. ValueError if it is none."""
    # fromisoformat takes weeks and dates without hyphens as well.
    if _DATE.fullmatch(text) is None:
        raise ValueError(text)
    return date.fromisoformat(text)


def parse_time(text: str) -> time:
    """A time of day; a trailing Z means nothing. ValueError if it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    micro = int((match[4] or "0").ljust(6, "0")[:3]) * 1000
    return time(int(match[1]), int(match[2]), int(match[3]), micro)


# --- values ---------------------------------------------------------------------------------------------------------


def encode(field: Field, value: Any) -> SqlValue:
    """A JSON (or CSV, or Python) value as its column holds it. EncodeError where the type cannot hold it.

    Lengths, picklists and required values are not checked here. Empty text is null, as on the platform.
    """
    if value is None:
        return False if field.type == "boolean" else None
    if isinstance(value, str) and not value and field.type != "base64":
        return 0 if field.type == "boolean" else None
    try:
        return _encode(field, value)
    except (ValueError, OverflowError, ArithmeticError) as exc:
        raise EncodeError(str(value)) from exc


def _encode(field: Field, value: Any) -> SqlValue:
    if field.type == "boolean":
        return _encode_boolean(value)
    if field.is_number:
        return _encode_number(field, value)
    if field.is_id:
        return normalise(_text(value)) or _refuse(value)
    if field.type == "datetime":
        return format_datetime(value if isinstance(value, datetime) else parse_datetime(_text(value)))
    if field.type == "date":
        return (value if isinstance(value, date) else parse_date(_text(value))).isoformat()
    if field.type == "time":
        return _format_time(value if isinstance(value, time) else parse_time(_text(value)))
    if field.type == "base64":
        return value if isinstance(value, bytes) else _encode_base64(_text(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json_number(value)
    return _text(value)


def _refuse(value: Any) -> SqlValue:
    raise ValueError(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 - encode() turns ValueError into EncodeError
    return value


def _encode_boolean(value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return int(value.lower() == "true")
    raise ValueError(value)


def _encode_number(field: Field, value: Any) -> int | float:
    text = "" if isinstance(value, bool) else str(value).strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError(value)
    rounded = Decimal(text).quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)
    number = int(rounded) if field.type == "int" else float(rounded)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _encode_base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as exc:
        raise ValueError(text[:40]) from exc


def json_number(value: float) -> str:
    """A number sent for a text field, as the platform turns it into text."""
    return repr(value)


def _format_time(value: time) -> str:
    return value.strftime("%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def decode(field: Field, value: SqlValue) -> Any:
    """A column's value as Salesforce prints it in JSON: `2026-11-22T10:00:00.000+0000`, `06:00:00.000Z`, 3 or 3.0."""
    if value is None:
        return None
    if field.type == "boolean":
        return bool(value)
    if field.type == "datetime":
        return f"{str(value)[:-1]}+0000"
    if field.is_number:
        return int(value) if field.type == "int" else float(value)
    if field.type == "base64":
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value
    return value
