"""COVERAGE.md says of every emulated behaviour which test proves it; with CI=true the run checks that those passed."""

import re

import pytest

from tests.support.coverage_rows import FILE, NOT_EMULATED, missing, rows

#: Who may be the reason for a feature: the product, what tests do, and clients that are pointed at the sandbox.
USERS = frozenset(
    {"connector", "control API", "jsforce", "simple-salesforce", "sf CLI", "Data Loader", "CumulusCI"}
    | {"msal", "msgraph-sdk", "graph-client"}
)


def test_every_row_has_tests_that_exist_or_says_that_it_is_not_emulated() -> None:
    found = rows()
    assert len(found) > 100
    assert [row for row in found if row.how_far.startswith(NOT_EMULATED) == bool(row.tests)] == []
    assert [(row.what, test) for row in found for test in row.tests if missing(test)] == []


def test_no_row_is_there_twice() -> None:
    named = [(row.what, row.how_far) for row in rows()]
    assert len(named) == len(set(named))


def test_every_table_says_who_uses_it() -> None:
    tables = [part for part in FILE.read_text().split("\n## ")[1:] if "\n| What |" in part]
    assert len(tables) > 5
    for table in tables:
        said = re.search(r"^Used by: (.+)\.$", table, re.MULTILINE)
        assert said is not None, table.splitlines()[0]
        assert set(said[1].split(", ")) <= USERS


@pytest.mark.parametrize("test", ["tests/unit/test_nothing.py", "tests/unit/docs/test_coverage.py::test_nothing"])
def test_a_test_that_is_not_there_is_missed(test: str) -> None:
    assert missing(test)
