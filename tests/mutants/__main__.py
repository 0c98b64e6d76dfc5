"""`scripts/mutants [WORD…]`: apply each mutant to a copy of the checkout and run its test there, which must fail.

With words, only those whose topic (the module here), file, text or test contains one. Exit 1 where a mutant survives or
does not apply.
"""

import gc
import importlib
import multiprocessing
import os
import pkgutil
import py_compile
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import cache_from_source
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest

import tests.mutants
from tests.mutants import Mutant

ROOT = Path(__file__).parents[2]
WORKERS = int(os.environ.get("TEST_WORKERS", "2"))
#: seconds that one test may take
TIMEOUT = 300
#: passes wherever the checkout can be imported: a copy of a checkout that somebody is writing to proves nothing
SOUND = "tests/unit/core/test_match.py::test_an_unknown_address_matches_nothing"
#: how many of the longest are named at the end
SLOWEST = 10
#: noticed, as a test run would be stopped
HANGS = "it hangs"
FORK = multiprocessing.get_context("fork")
#: loaded once, before anything is forked: most of the time of a short test
LIBRARIES = (
    "requests", "responses", "msal", "simple_salesforce", "structlog", "tenacity", "pydantic", "typer",
    "rich.table", "rich.progress", "nh3", "jwt", "cryptography.x509", "uvicorn", "trustme", "yaml", "idna", "sqlite3",
    "hypothesis.strategies", "hypothesis.internal.conjecture.engine", "pydantic.main",
)  # fmt: skip


def mutants(words: list[str]) -> Iterator[Mutant]:
    """All of tests/mutants/*.py, in a fixed order."""
    for module in sorted(info.name for info in pkgutil.iter_modules(tests.mutants.__path__)):
        if module != "__main__":
            found: list[Mutant] = importlib.import_module(f"tests.mutants.{module}").MUTANTS
            yield from (
                mutant for mutant in found if not words or any(word in " ".join((module, *mutant)) for word in words)
            )


def copy_of_checkout(folder: Path) -> Path:
    """What git would commit, compiled, so that a run compiles one module only."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            _copy(ROOT / name, folder / name)
            # pytest takes longer to rewrite the assertions of a module than to run most tests in it
            for kept in (ROOT / name).parent.glob(f"__pycache__/{Path(name).stem}.*-pytest-*.pyc"):
                _copy(kept, folder / kept.relative_to(ROOT))
    packages = ROOT / "tests/node/node_modules"
    if packages.exists():
        (folder / "tests/node/node_modules").symlink_to(packages)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "connector", "tests"], cwd=folder, check=False)
    return folder


def _copy(source: Path, target: Path) -> None:
    """With its time, by which Python tells whether compiled code is of this source."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def verdict(mutant: Mutant, copy: Path) -> str | None:
    """What is wrong with a mutant; None where its test fails, as it must."""
    file = copy / mutant.file
    if not file.exists():
        return "there is no such file"
    original = file.read_text()
    if original.count(mutant.text) != 1:
        return f"its text occurs {original.count(mutant.text)} times"
    if mutant.replacement == mutant.text:
        return "it changes nothing"
    compiled = Path(cache_from_source(str(file)))
    compiled.unlink(missing_ok=True)
    try:
        file.write_text(original.replace(mutant.text, mutant.replacement))
        code, output = _run(mutant.test, copy)
    finally:
        file.write_text(original)
        if file.suffix == ".py":
            py_compile.compile(str(file), cfile=str(compiled))
    if code == 0:
        return "it survives: the test passes"
    # exit 1 alone proves nothing: pytest itself may have stumbled
    if output == HANGS or any(f"{how} {mutant.test}" in output for how in ("FAILED", "ERROR")):
        return None
    return f"pytest could not run the test (exit {code}):\n{output[-2000:]}"


def _run(test: str, copy: Path) -> tuple[int, str]:
    """pytest in a fork of this process, which has the libraries loaded but none of our own modules."""
    output = copy / ".mutant-output"
    process = FORK.Process(target=_pytest, args=(test, copy, output))
    process.start()
    process.join(TIMEOUT)
    if process.is_alive():
        process.kill()
        process.join()
        return 1, HANGS
    return process.exitcode or 0, output.read_text(errors="replace")


class Hasty:
    """A property that fails has failed: to look for the smallest example would take most of the time."""

    def pytest_collection(self) -> None:
        """Once tests/conftest.py has chosen its profile, and before a test is imported."""
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("hasty", hypothesis.settings.get_profile("ci"), phases=phases)
        hypothesis.settings.load_profile("hasty")


def _pytest(test: str, copy: Path, output: Path) -> None:
    os.chdir(copy)
    os.setsid()
    os.environ |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    # a plug-in that is loaded by itself may not be imported before, and none is needed
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(copy)]
    for name in [name for name in sys.modules if name.split(".")[0] in ("tests", "connector")]:
        del sys.modules[name]
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", test], plugins=[Hasty()])
    sys.stdout.flush()
    os._exit(int(code))


class Trial(NamedTuple):
    """One mutant, what is wrong with it (None: its test failed, as it must), and how long that took."""

    mutant: Mutant
    wrong: str | None
    seconds: float


def work(folder: str, number: int, share: list[Mutant]) -> list[Trial]:
    """The verdicts on one worker's share, in a copy of its own."""
    copy = copy_of_checkout(Path(folder) / str(number))
    code, output = _run(SOUND, copy)
    if code:
        raise RuntimeError(f"the checkout does not pass {SOUND} as it is:\n{output[-2000:]}")
    found = []
    for mutant in share:
        began = time.monotonic()
        wrong = verdict(mutant, copy)
        found.append(Trial(mutant, wrong, time.monotonic() - began))
        said = "noticed" if wrong is None else "WRONG  "
        print(f"{said} {found[-1].seconds:5.1f} s  {named(mutant)}", flush=True)
    return found


def named(mutant: Mutant) -> str:
    """A mutant in one short line."""
    return f"{mutant.file}: {' '.join(mutant.text.split())[:90]!r}"


def main(words: list[str]) -> int:
    """Try them all; print what is wrong."""
    wanted = list(mutants(words))
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()  # so that a child's collections do not copy all pages of its parent
    shares = [wanted[number::WORKERS] for number in range(WORKERS)]
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        # an executor's processes may have children of their own, a pool's may not
        ProcessPoolExecutor(max_workers=WORKERS, mp_context=FORK) as executor,
    ):
        trials = [trial for share in executor.map(work, [folder] * WORKERS, range(WORKERS), shares) for trial in share]
    print(f"\nThe slowest of {sum(trial.seconds for trial in trials):.0f} s:")
    for trial in sorted(trials, key=lambda trial: -trial.seconds)[:SLOWEST]:
        print(f"{trial.seconds:6.1f} s  {trial.mutant.test}  {named(trial.mutant)}")
    wrong = [trial for trial in trials if trial.wrong is not None]
    for mutant, text, _ in wrong:
        print(f"{mutant.file}: {mutant.text.strip()!r} -> {mutant.replacement.strip()!r}\n  {mutant.test}\n  {text}")
    print(f"{len(wanted) - len(wrong)} of {len(wanted)} mutants were noticed")
    return 1 if wrong or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
