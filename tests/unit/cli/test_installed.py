"""The connector without the sandbox, as in production: two commands say how to install it, the others work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: the sandbox is on no path
HIDDEN = """
import sys
from importlib.machinery import PathFinder

class WithoutSandbox(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == "m365sandbox" else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutSandbox
"""
LINE = "error: The sandbox is not installed (m365sync). Install it from the checkout: pip install ./sandbox.\n"


@pytest.fixture
def without_sandbox(tmp_path: Path) -> dict[str, str]:
    """The environment of a Python that cannot find the sandbox."""
    (tmp_path / "sitecustomize.py").write_text(HIDDEN, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def m365sync(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "connector", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environ)


@pytest.mark.parametrize("arguments", [("demo",), ("sandbox", "up"), ("sandbox", "--help"), ("demo", "--json")])
def test_what_needs_the_sandbox_says_how_to_install_it(
    without_sandbox: dict[str, str], arguments: tuple[str, ...]
) -> None:
    done = m365sync(without_sandbox, *arguments)
    assert (done.returncode, done.stderr) == (2, LINE)
    assert ('"code": "USAGE"' in done.stdout) is ("--json" in arguments)


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("demo", "--help"), ("sync", "--help")])
def test_everything_else_works(without_sandbox: dict[str, str], arguments: tuple[str, ...]) -> None:
    done = m365sync(without_sandbox, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
