"""docs/threads.md names every thread, lock and condition that the connector makes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.names import CONNECTOR, ROOT, modules, quoted_paths

DOCUMENT = (ROOT / "docs" / "threads.md").read_text(encoding="utf-8")
LOCKS = frozenset({"Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore", "Barrier", "local"})
THREADS = {"Thread": "name", "ThreadPoolExecutor": "thread_name_prefix", "Timer": "name"}


def _called(node: ast.AST) -> str:
    """The last part of the name that is called, or handed to a dataclass field as its factory."""
    if not isinstance(node, ast.Call):
        return ""
    factory = next((each.value for each in node.keywords if each.arg == "default_factory"), node.func)
    return factory.attr if isinstance(factory, ast.Attribute) else factory.id if isinstance(factory, ast.Name) else ""


def _text(node: ast.expr) -> str:
    """A literal name; what changes from thread to thread as N."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "N" for part in node.values)
    raise TypeError(f"a thread's name that cannot be read: {ast.dump(node)}")


def threads() -> Iterator[tuple[str, Path]]:
    """The names of threads; a Timer has none, so its class stands for it."""
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (kind := _called(node)) in THREADS:
                named = next((each.value for each in node.keywords if each.arg == THREADS[kind]), None)
                yield (kind if named is None else _text(named)), path


def locks() -> Iterator[tuple[str, str, Path]]:
    """Attributes and variables that hold a lock, with the class or function that they are of."""
    for path, tree in modules():
        for owner in ast.walk(tree):
            if not isinstance(owner, ast.ClassDef | ast.FunctionDef):
                continue
            for node in ast.walk(owner):
                if isinstance(node, ast.Assign | ast.AnnAssign):
                    yield from ((owner.name, name, path) for name in _locks_of(node))


def _locks_of(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for name, value in zip(names, values, strict=len(names) == len(values)):
            if value is not None and _called(value) in LOCKS:
                yield name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""


def test_it_names_every_thread() -> None:
    found = list(threads())
    assert {"graph-N", "decider", "contents-N", "writer-N", "files-N", "resolve", "Timer"} <= {
        name for name, _ in found
    }
    assert [(name, path) for name, path in found if f"`{name}`" not in DOCUMENT] == []


def test_it_names_every_lock_in_the_file_that_makes_it() -> None:
    found = list(locks())
    assert len({(name, path) for _, name, path in found}) > 15
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("|")]
    missing = {
        (path, name)
        for _, name, path in found
        if not any(re.search(rf"[`.]{name}`", row) and f"`{path}`" in row for row in rows)
    }
    assert missing == set()


def test_its_files_exist() -> None:
    assert [each for each in quoted_paths(DOCUMENT) if not (CONNECTOR / each).exists()] == []


NUMBER = re.compile(r"`([A-Z_]+)` (?:\()?([\d,]+)(?: MB)?")


@pytest.mark.parametrize(("name", "stated"), sorted(set(NUMBER.findall(DOCUMENT))))
def test_its_numbers_are_those_of_the_code(name: str, stated: str) -> None:
    wanted = int(stated.replace(",", ""))
    values = {ast.literal_eval(value) for value in _constants(name)}
    assert wanted in values or wanted * 1_000_000 in values


def _constants(name: str) -> Iterator[ast.expr]:
    """What module constants of this name are set to, single or in a tuple."""
    for _, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.Assign):
                target = node.targets[0]
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                for each, value in zip(names, values, strict=len(names) == len(values)):
                    if isinstance(each, ast.Name) and each.id == name and isinstance(value, ast.Constant):
                        yield value
