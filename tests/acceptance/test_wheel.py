"""The package as people install it: a wheel, without the checkout beside it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a Python that finds the wheel's contents before the checkout's."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, cwd=tmp_path)
    [wheel] = tmp_path.glob("*.whl")
    target = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return {**os.environ, "PYTHONPATH": str(target)}


@pytest.mark.slow
def test_a_sandbox_comes_up_from_the_wheel_alone(tmp_path: Path, installed: dict[str, str]) -> None:
    where = [sys.executable, "-c", "import connector; print(connector.__file__)"]
    found = subprocess.run(where, check=True, capture_output=True, text=True, cwd=tmp_path, env=installed)
    assert Path(found.stdout.strip()).is_relative_to(tmp_path / "installed")

    command = [sys.executable, "-m", "connector", "sandbox", "up", "--firm", "small", "--dir", str(tmp_path / "box")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=installed) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert json.loads(line)["ready"] is True
