"""Statements over the rows of one object: read by key, insert, update. Values are always bound.

Units of work nest: the outermost is a transaction, those inside it are savepoints.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.data.storage import quote_name

_IN_LIST = "IN (SELECT value FROM json_each(?))"


def select(
    connection: sqlite3.Connection,
    sobject: SObject,
    names: Sequence[str],
    key: str,
    values: Iterable[str],
    condition: tuple[str, list[Any]] | None = None,
    with_deleted: bool = False,
) -> list[tuple[Any, ...]]:
    """The named columns of the rows whose `key` is one of the values, and which meet a condition on alias `t`."""
    wanted = [*dict.fromkeys(values)]
    if not wanted:
        return []
    columns = ", ".join(f"t.{quote_name(name)}" for name in names)
    sql = f"SELECT {columns} FROM {quote_name(sobject.name)} t WHERE t.{quote_name(key)} {_IN_LIST}"
    bound: list[Any] = [json.dumps(wanted)]
    if sobject.has_recycle_bin and not with_deleted:
        sql += ' AND t."IsDeleted" = 0'
    if condition is not None:
        sql += f" AND {condition[0]}"
        bound += condition[1]
    return connection.execute(sql, bound).fetchall()


def insert(connection: sqlite3.Connection, sobject: SObject, rows: Sequence[dict[str, Any]]) -> None:
    """Write new rows; columns that a row does not name become null (a checkbox false)."""
    names, sql = _insert_statement(sobject)
    connection.executemany(sql, [[row.get(name, missing) for name, missing in names] for row in rows])


@lru_cache(maxsize=256)
def _insert_statement(sobject: SObject) -> tuple[tuple[tuple[str, Any], ...], str]:
    stored = stored_fields(sobject)
    columns = ", ".join(quote_name(item.name) for item in stored)
    marks = ", ".join("?" * len(stored))
    names = tuple((item.name, 0 if item.type == "boolean" else None) for item in stored)
    return names, f"INSERT INTO {quote_name(sobject.name)} ({columns}) VALUES ({marks})"


@lru_cache(maxsize=256)
def stored_fields(sobject: SObject) -> tuple[Field, ...]:
    """The fields that rows are written with."""
    return tuple(item for item in sobject.fields.values() if item.stored)


def update(connection: sqlite3.Connection, sobject: SObject, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Set columns of existing rows: pairs of id and values. Rows that set the same columns go together."""
    groups: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for record_id, values in rows:
        if values:
            groups[tuple(values)].append([*values.values(), record_id])
    for names, bound in groups.items():
        assignments = ", ".join(f"{quote_name(name)} = ?" for name in names)
        connection.executemany(f'UPDATE {quote_name(sobject.name)} SET {assignments} WHERE "Id" = ?', bound)


def delete(connection: sqlite3.Connection, sobject: SObject, record_ids: Sequence[str]) -> None:
    """Take rows out of the table for good."""
    sql = f'DELETE FROM {quote_name(sobject.name)} WHERE "Id" {_IN_LIST}'
    connection.execute(sql, (json.dumps(list(record_ids)),))


class RollBack(Exception):  # noqa: N818 - control flow, not an error
    """Raised inside `unit_of_work` to undo it and go on after the block."""


@contextmanager
def unit_of_work(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything in the block is written, or nothing. `RollBack` undoes it in silence."""
    begin, commit, undo = _statements(connection)
    connection.execute(begin)
    try:
        yield
    except RollBack:
        _run(connection, undo)
    except BaseException:
        _run(connection, undo)
        raise
    else:
        connection.execute(commit)


def _statements(connection: sqlite3.Connection) -> tuple[str, str, tuple[str, ...]]:
    if not connection.in_transaction:
        return "BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",)
    return "SAVEPOINT unit", "RELEASE unit", ("ROLLBACK TO unit", "RELEASE unit")


def _run(connection: sqlite3.Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.execute(statement)
