"""Nested units of work: the outermost is a transaction, those inside it are savepoints."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


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
