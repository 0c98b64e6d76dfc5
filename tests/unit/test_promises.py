"""Each promise names an object of the code, a change that fits it, and a test that is there (`scripts/promises`)."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from testkit.promise import Promise, span

from tests.promises.catalogue import ROOT, promises

ALL = [promise for _, promise in promises()]


@cache
def _source(file: Path) -> str:
    return (ROOT / file).read_text()


@cache
def _is_there(file: Path, name: str) -> bool:
    try:
        span(_source(file), name)
    except LookupError:
        return False
    return True


def test_there_are_enough_and_not_too_many() -> None:
    """A table that grows beyond what can be run is run by nobody."""
    assert 100 <= len(ALL) <= 200


def test_each_change_fits_its_object_and_leaves_python() -> None:
    wrong = []
    for promise in ALL:
        try:
            ast.parse(promise.broken(_source(promise.file)))
        except (LookupError, FileNotFoundError, SyntaxError) as error:
            wrong.append(f"{promise.says}: {error}")
    assert not wrong, "\n".join(wrong)


def test_each_test_is_there() -> None:
    wrong = []
    for promise in ALL:
        path, _, name = promise.caught_by.partition("::")
        file = Path(promise.folder, path)
        if not (ROOT / file).is_file() or not _is_there(file, name.partition("[")[0].replace("::", ".")):
            wrong.append(promise.caught_by)
    assert not wrong, "\n".join(wrong)


def test_each_says_another_thing_and_where_it_is_promised() -> None:
    told = Counter(promise.says for promise in ALL)
    assert [says for says, count in told.items() if count > 1] == []
    assert [promise.says for promise in ALL if "DESIGN §" not in promise.says and "issue " not in promise.says] == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("nobody wrote this", "x"), "its text occurs 0 times"),
        (("e", "x"), "its text occurs"),
        (("def span(", "def span("), "it changes nothing"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(change: tuple[str, str], problem: str) -> None:
    promise = Promise(says="", where="connector.testkit:span", change=change, caught_by="")
    with pytest.raises(LookupError, match=problem):
        promise.broken((ROOT / "sandbox/testkit/promise.py").read_text())


def test_only_the_named_object_is_touched() -> None:
    source = "\n\n".join(f"class {name}:\n    def is_it(self):\n        return 1\n" for name in ("One", "Two"))
    promise = Promise(says="", where="connector.x:Two.is_it", change=("return 1", "return 2"), caught_by="")
    first, second = source.split("class Two")
    assert promise.broken(source) == first + "class Two" + second.replace("return 1", "return 2")


def test_an_object_that_is_not_there_is_named() -> None:
    with pytest.raises(LookupError, match="there is no One"):
        span("A = 1\n", "One")
