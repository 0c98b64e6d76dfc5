"""A test run ends badly where any answer of the Graph sandbox broke Graph's schema; its summary tells what was seen."""

import json
import os
import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from testkit.csdl.schema import graph_schema
from testkit.csdl.values import Seen
from testkit.csdl.watch import FOLDER, save

SITE = Path(__file__).with_name("site")
#: Of these the summary tells which members never had a value.
TOLD = (
    "message", "eventMessageRequest", "recipient", "emailAddress", "fileAttachment", "itemAttachment",
    "referenceAttachment", "mailFolder",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the run makes its folder; workers, commands and sandboxes find it in their environment.

    They are Python processes, and each reads `site/sitecustomize.py` when it starts; this one has started before.
    """
    if hasattr(config, "workerinput"):
        return
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="graph-schema-")
    paths = [str(SITE), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    runpy.run_path(str(SITE / "sitecustomize.py"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Each process writes down what it saw; the one that started the run counts it together."""
    save()
    if not hasattr(session.config, "workerinput") and problems(Path(os.environ[FOLDER])):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was seen, and what was wrong."""
    folder = Path(os.environ[FOLDER])
    found = problems(folder)
    answers, seen = _counted(folder)
    if answers:
        terminalreporter.section("Graph's schema")
        for line in table(answers, seen):
            terminalreporter.write_line(line)
    if found:
        terminalreporter.section("Graph answers that break the schema", red=True)
        for problem in found:
            terminalreporter.write_line(problem)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Clear away."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)


def problems(folder: Path) -> list[str]:
    """All that was wrong, in all processes."""
    files = sorted(folder.glob("problems-*.txt"))
    return sorted({line for file in files for line in file.read_text("utf-8").splitlines()})


def _counted(folder: Path) -> tuple[int, Seen]:
    answers, seen = 0, Seen()
    for file in folder.glob("seen-*.json"):
        saved = json.loads(file.read_text("utf-8"))
        answers += saved["answers"]
        seen.types.update(saved["types"])
        seen.members.update((kind, name) for kind, name in saved["members"])
    return answers, seen


def table(answers: int, seen: Seen) -> list[str]:
    """A line for each type, with the members that never had a value where those matter."""
    lines = [f"{answers} answers checked"]
    for kind, count in sorted(seen.types.items()):
        members = graph_schema().structures[kind].members
        valued = {name for owner, name in seen.members if owner == kind} & members.keys()
        never = sorted(members.keys() - valued) if kind in TOLD else []
        told = f", never a value: {', '.join(never)}" if never else ""
        lines.append(f"  {kind}: {count}, {len(valued)} of {len(members)} members{told}")
    return lines


def never_valued(seen: Seen, kind: str) -> set[str]:
    """The members of a type that no answer has shown with a value."""
    return set(graph_schema().structures[kind].members) - {name for owner, name in seen.members if owner == kind}
