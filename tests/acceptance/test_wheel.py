"""Both distributions as people install them: wheels, without the checkout beside them."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
#: finds what is in the folders of PYTHONPATH, and of the checkout neither distribution
ELSEWHERE = """
import os, sys

for place in os.environ["CHECKOUT"].split(os.pathsep):
    while place in sys.path:
        sys.path.remove(place)
"""


@dataclass(frozen=True, slots=True)
class Wheels:
    """The two wheels. `folder` is outside the checkout."""

    folder: Path
    connector: Path
    sandbox: Path

    def installed(self, *wheels: Path) -> dict[str, str]:
        """The environment of a Python that finds these wheels, what they depend on, and nothing of the checkout."""
        target = self.folder / "-".join(["installed", *(wheel.name.partition("-")[0] for wheel in wheels)])
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target)]
        subprocess.run([*pip, *map(str, wheels)], check=True, capture_output=True)
        site = self.folder / "site"
        site.mkdir(exist_ok=True)
        (site / "sitecustomize.py").write_text(ELSEWHERE, encoding="utf-8")
        checkout = os.pathsep.join((str(ROOT), str(ROOT / "sandbox")))
        return {**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(target))), "CHECKOUT": checkout}

    def run(self, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python` with these arguments, outside the checkout."""
        command = [sys.executable, *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.folder, env=environ)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    """Both wheels, built once."""
    folder = tmp_path_factory.mktemp("wheels")
    made = []
    for source in (ROOT, ROOT / "sandbox"):
        out = folder / f"dist-{source.name}"
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
        subprocess.run(build, check=True, capture_output=True, cwd=folder)
        made += out.glob("*.whl")
    connector, sandbox = made
    return Wheels(folder, connector, sandbox)


@pytest.mark.slow
def test_the_connector_s_wheel_holds_nothing_of_the_sandbox(wheels: Wheels) -> None:
    names = ZipFile(wheels.connector).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"connector"}
    assert "connector/operations/sync.py" in names
    assert not [name for name in names if "sfdc_objects" in name or "test" in name]


@pytest.mark.slow
def test_the_connector_alone_works_and_says_how_to_get_the_sandbox(wheels: Wheels) -> None:
    alone = wheels.installed(wheels.connector)
    where = wheels.run(alone, "-c", "import connector; print(connector.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(wheels.folder)
    version = wheels.run(alone, "-m", "connector", "--version")
    assert (version.returncode, version.stdout.split()[0], version.stderr) == (0, "m365sync", "")
    for verb in ("demo", "sandbox"):
        done = wheels.run(alone, "-m", "connector", verb)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "error: The sandbox is not installed (m365sync). Install it from the checkout: pip install ./sandbox.\n"
        )


@pytest.mark.slow
def test_a_sandbox_comes_up_from_both_wheels(wheels: Wheels) -> None:
    both = wheels.installed(wheels.connector, wheels.sandbox)
    where = wheels.run(both, "-c", "import connector, m365sandbox; print(connector.__file__, m365sandbox.__file__)")
    assert all(Path(file).is_relative_to(wheels.folder) for file in where.stdout.split())

    box = wheels.folder / "box"
    command = [sys.executable, "-m", "connector", "sandbox", "up", "--firm", "small", "--dir", str(box)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=wheels.folder, env=both) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert json.loads(line)["ready"] is True
