"""Tables, and values on their way in and out of them."""

import sqlite3
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365sandbox.salesforce.data.schema import Field
from m365sandbox.salesforce.data.storage import (
    EncodeError,
    LayoutError,
    decode,
    encode,
    format_datetime,
    open_database,
    parse_datetime,
    prepare,
    transaction,
)
from m365sandbox.salesforce.metadata import locate, org_schema, read_metadata

METADATA = read_metadata(locate())
SCHEMA = org_schema(METADATA)
ACCOUNT = "001000000000001AAA"


def a(kind: str, **more: Any) -> Field:
    return Field(name="F", label="F", type=kind, **more)


@pytest.mark.parametrize(
    ("kind", "value", "stored", "printed"),
    [
        ("string", "x", "x", "x"),
        ("string", "", None, None),
        ("string", None, None, None),
        ("string", 12, "12", "12"),
        ("boolean", True, 1, True),
        ("boolean", "FALSE", 0, False),
        ("boolean", None, 0, False),
        ("int", "7", 7, 7),
        ("int", 7.0, 7, 7),
        ("double", 7, 7.0, 7.0),
        ("double", "-1.5", -2.0, -2.0),
        ("date", "2026-02-28", "2026-02-28", "2026-02-28"),
        ("date", date(2026, 2, 28), "2026-02-28", "2026-02-28"),
        ("datetime", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000Z", "2026-11-22T10:00:00.000+0000"),
        ("datetime", "2026-11-22T12:00:00.987+0200", "2026-11-22T10:00:00.000Z", "2026-11-22T10:00:00.000+0000"),
        (
            "datetime",
            datetime(2026, 11, 22, 10, tzinfo=UTC),
            "2026-11-22T10:00:00.000Z",
            "2026-11-22T10:00:00.000+0000",
        ),
        ("time", "06:00:00", "06:00:00.000Z", "06:00:00.000Z"),
        ("time", time(6, 0, 0, 5000), "06:00:00.005Z", "06:00:00.005Z"),
        ("reference", "001000000000001", ACCOUNT, ACCOUNT),
        ("reference", ACCOUNT.lower(), ACCOUNT, ACCOUNT),
        ("base64", "aGk=", b"hi", "aGk="),
    ],
)
def test_values(kind: str, value: Any, stored: Any, printed: Any) -> None:
    assert encode(a(kind), value) == stored
    assert decode(a(kind), stored) == printed
    assert type(decode(a(kind), stored)) is type(printed)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", ["x"]),
        ("string", {"a": 1}),
        ("boolean", "yes"),
        ("boolean", 1),
        ("int", "seven"),
        ("int", True),
        ("double", "NaN"),
        ("double", "1e999"),
        ("double", "1,5"),
        ("date", "2026-02-30"),
        ("date", "22.11.2026"),
        ("date", "20261122"),
        ("date", "2026-W47-1"),
        ("date", 20261122),
        ("datetime", "2026-11-22"),
        ("datetime", "2026-11-22T10:00:00"),
        ("datetime", "2026-11-22 10:00:00Z"),
        ("datetime", "2026-11-22T25:00:00Z"),
        ("datetime", "1600-01-01T00:00:00Z"),
        ("datetime", 1),
        ("time", "25:00:00"),
        ("time", "6:00"),
        ("reference", "abc"),
        ("reference", "001000000000001AAB"),
        ("reference", 1),
        ("base64", "###"),
    ],
)
def test_values_of_the_wrong_type_are_refused(kind: str, value: Any) -> None:
    with pytest.raises(EncodeError):
        encode(a(kind), value)


def test_numbers_are_rounded_to_their_scale_half_up() -> None:
    assert encode(a("double", scale=2), "0.125") == 0.13
    assert encode(a("double", scale=2), -0.125) == -0.13


@given(st.datetimes(datetime(1700, 1, 2), datetime(3999, 12, 30), timezones=st.timezones()))
def test_an_instant_comes_back_to_the_second(instant: datetime) -> None:
    text = format_datetime(instant)
    assert parse_datetime(text) == instant.astimezone(UTC).replace(microsecond=0)


def test_every_object_has_a_table_with_its_fields() -> None:
    connection = open_database(None, SCHEMA)
    for sobject in SCHEMA.objects.values():
        columns = {row[1] for row in connection.execute(f'PRAGMA table_xinfo("{sobject.name}")')}
        assert columns == {item.name for item in sobject.fields.values() if item.has_column}
    connection.close()


def test_a_live_row_guards_its_unique_value_and_a_deleted_one_does_not() -> None:
    connection = open_database(None, SCHEMA)
    insert = 'INSERT INTO "Email__c" ("Id", "Message_Key__c", "IsDeleted") VALUES (?, ?, ?)'
    connection.execute(insert, ("a1", "k", 1))
    connection.execute(insert, ("a2", "k", 0))
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(insert, ("a3", "k", 0))
    connection.close()


def test_a_file_is_opened_again_with_its_rows_and_gains_what_a_switch_adds(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    first = open_database(path, SCHEMA)
    first.execute('INSERT INTO "Account" ("Id", "Name") VALUES (?, ?)', (ACCOUNT, "Acme"))
    first.close()
    switched = org_schema(METADATA, person_accounts=True, shared_activities=True)
    second = open_database(path, switched)
    assert second.execute('SELECT "Name", "PersonEmail" FROM "Account"').fetchall() == [("Acme", None)]
    assert second.execute('SELECT count(*) FROM "TaskRelation"').fetchone() == (0,)
    prepare(second, switched)
    second.close()


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    connection = open_database(path, SCHEMA)
    connection.execute("UPDATE _layout SET version = 'older'")
    connection.close()
    with pytest.raises(LayoutError, match="older"):
        open_database(path, SCHEMA)


def test_a_failed_transaction_leaves_nothing() -> None:
    connection = open_database(None, SCHEMA)

    def fail() -> None:
        with transaction(connection):
            connection.execute('INSERT INTO "Account" ("Id", "Name") VALUES (?, ?)', (ACCOUNT, "Acme"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert connection.execute('SELECT count(*) FROM "Account"').fetchone() == (0,)
    connection.close()


def test_names_made_of_parts_follow_the_parts() -> None:
    connection = open_database(None, SCHEMA)
    connection.execute('INSERT INTO "Contact" ("Id", "FirstName", "LastName") VALUES (?, ?, ?)', ("c1", "Ada", "Brook"))
    connection.execute('INSERT INTO "Contact" ("Id", "LastName") VALUES (?, ?)', ("c2", "Brook"))
    assert connection.execute('SELECT "Name" FROM "Contact"').fetchall() == [("Ada Brook",), ("Brook",)]
    connection.close()
