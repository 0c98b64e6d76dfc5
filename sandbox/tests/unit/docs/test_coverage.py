"""COVERAGE.md says of every emulated behaviour which test proves it; with CI=true the run checks that those passed."""

import pytest

from tests.support.coverage_rows import NOT_EMULATED, missing, rows


def test_every_row_has_tests_that_exist_or_says_that_it_is_not_emulated() -> None:
    found = rows()
    assert len(found) > 100
    assert [row for row in found if row.how_far.startswith(NOT_EMULATED) == bool(row.tests)] == []
    assert [(row.what, test) for row in found for test in row.tests if missing(test)] == []


def test_no_row_is_there_twice() -> None:
    named = [(row.what, row.how_far) for row in rows()]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("test", ["tests/unit/test_nothing.py", "tests/unit/docs/test_coverage.py::test_nothing"])
def test_a_test_that_is_not_there_is_missed(test: str) -> None:
    assert missing(test)
