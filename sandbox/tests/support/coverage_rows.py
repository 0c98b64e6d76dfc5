"""sandbox/COVERAGE.md: its rows, and whether the tests that they name exist and ran."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "COVERAGE.md"
NOT_EMULATED = "not emulated"


class Row(NamedTuple):
    """One line of a table: what, how far, and the node ids of its tests."""

    what: str
    how_far: str
    tests: tuple[str, ...]


def rows(text: str | None = None) -> list[Row]:
    """All rows of all tables."""
    found = []
    for line in (FILE.read_text() if text is None else text).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if len(cells) == 3 and cells[0] != "What" and not set(cells[0]) <= {"-"}:
            tests = () if cells[2] == "-" else tuple(cells[2].split("<br>"))
            found.append(Row(cells[0], cells[1], tests))
    return found


def missing(test: str) -> bool:
    """Whether there is no such test: a file, or a function of a file."""
    name, _, function = test.partition("::")
    return not (ROOT / name).is_file() or bool(function and function not in _functions(name))


@cache
def _functions(name: str) -> frozenset[str]:
    tree = ast.parse((ROOT / name).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


class Ran:
    """A plugin: with CI=true a run of the whole suite fails where a test of COVERAGE.md did not pass in it."""

    def __init__(self, config: pytest.Config) -> None:
        self._whole = not config.args or [Path(arg).resolve() for arg in config.args] == [ROOT / "tests"]
        self._whole &= not config.option.keyword and not config.option.markexpr and not config.option.collectonly
        self._passed: set[str] = set()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note what passed; workers' reports come to the process that started the run."""
        if report.when == "call" and report.passed:
            test = report.nodeid.partition("[")[0]
            self._passed |= {test, test.partition("::")[0]}

    def unproven(self) -> Iterator[str]:
        """Tests of COVERAGE.md that did not run, or did not pass."""
        if self._whole:
            for row in rows():
                yield from (f"{row.what}: {test}" for test in row.tests if test not in self._passed)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run."""
        if session.exitstatus == 0 and any(self.unproven()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say which."""
        if found := sorted(self.unproven()):
            terminalreporter.section("Rows of COVERAGE.md whose test did not pass in this run", red=True)
            for line in found:
                terminalreporter.write_line(line)
