"""`scripts/promises [WORD…]`: break each promise in a copy of the checkout and run its test there, which must fail.

With words, only those whose topic, sentence, object or test contains one. Exit 1 where a promise survives, does not
apply, or its test does not pass as it is.
"""

import gc
import importlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import cache_from_source
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest
from testkit.promise import Promise

from tests.promises.catalogue import ROOT, promises

WORKERS = int(os.environ.get("TEST_WORKERS", "2"))
#: seconds that one test may take; a test that hangs has noticed, since a run of the suite would be stopped
TIMEOUT = 60
#: how many of the longest are named at the end
SLOWEST = 5
FORK = multiprocessing.get_context("fork")
#: loaded once, before anything is forked: most of the time of a short test
LIBRARIES = (
    "requests", "responses", "msal", "simple_salesforce", "structlog", "tenacity", "pydantic", "typer",
    "rich.table", "rich.progress", "nh3", "jwt", "cryptography.x509", "uvicorn", "trustme", "yaml", "idna", "sqlite3",
    "hypothesis.strategies", "hypothesis.internal.conjecture.engine", "pydantic.main", "tinycss2",
)  # fmt: skip
#: ours, which each test imports anew from its copy
OURS = ("tests", "connector", "m365sandbox", "testkit")


class Outcome(NamedTuple):
    """What pytest did: whether it hung, and how each test that was called ended."""

    hung: bool
    called: dict[str, str]
    output: str


class Trial(NamedTuple):
    """One promise, what is wrong with it (None: its test failed, as it must), and how long that took."""

    topic: str
    promise: Promise
    wrong: str | None
    seconds: float


class Watch:
    """How each test ended; a property that fails has failed, so that the smallest example is not looked for."""

    def __init__(self) -> None:
        self.called: dict[str, str] = {}

    def pytest_collection(self) -> None:
        """Once the suite has chosen its profile, and before a test is imported."""
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        usual = hypothesis.settings.get_profile("ci")
        hypothesis.settings.register_profile("promises", usual, phases=phases, derandomize=True, database=None)
        hypothesis.settings.load_profile("promises")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """An error in a fixture is no failure of the test."""
        if report.when == "call" or report.skipped:
            self.called[report.nodeid] = report.outcome


def copy_of_checkout(folder: Path) -> Path:
    """What git would commit, with compiled code, so that a run compiles one module only."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            for source in (ROOT / name, *(ROOT / name).parent.glob(f"__pycache__/{Path(name).stem}.*.pyc")):
                target = folder / source.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)  # with its time, by which Python tells whether compiled code is of it
    return folder


def verdict(promise: Promise, copy: Path) -> str | None:
    """What is wrong with a promise; None where its test fails, as it must."""
    file = copy / promise.file
    try:
        original = file.read_text()
        changed = promise.broken(original)
    except (FileNotFoundError, LookupError) as error:
        return str(error)
    before = file.stat()
    compiled = Path(cache_from_source(str(file)))
    kept = compiled.read_bytes() if compiled.exists() else None
    compiled.unlink(missing_ok=True)
    try:
        file.write_text(changed)
        outcome = run([promise.caught_by], copy, promise.folder)
    finally:
        file.write_text(original)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        if kept is not None:
            compiled.write_bytes(kept)
    if outcome.hung or "failed" in outcome.called.values():
        return None
    if not outcome.called:
        return f"pytest could not call the test:\n{outcome.output[-2000:]}"
    return "it survives: the test passes"


def run(tests: Sequence[str], copy: Path, folder: str) -> Outcome:
    """pytest in a fork of this process, which has the libraries loaded but none of our own modules."""
    output = copy / ".promise-output"
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_pytest, args=(tests, copy, folder, output, sender))
    process.start()
    sender.close()
    heard = receiver.poll(TIMEOUT + len(tests))
    try:
        called: dict[str, str] = receiver.recv() if heard else {}
    except EOFError:
        called = {}
    if not heard:
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return Outcome(not heard, called, output.read_text(errors="replace"))


def _pytest(tests: Sequence[str], copy: Path, folder: str, output: Path, sender: Connection) -> None:
    os.setsid()
    home = (copy / folder).resolve()
    paths = list(dict.fromkeys(map(str, (home, copy, copy / "sandbox"))))
    os.chdir(home)
    os.environ |= {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    os.environ.pop("CI", None)  # with it a suite wants more than the one test
    # a plug-in that is loaded by itself may not be imported before, and none is needed
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.dont_write_bytecode = True
    sys.path[:0] = paths
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    watch: Any = Watch()
    pytest.main(["-q", "-p", "no:cacheprovider", *tests], plugins=[watch])
    sys.stdout.flush()
    sender.send(watch.called)
    os._exit(0)


def unsound(share: Sequence[tuple[str, Promise]], copy: Path) -> dict[str, str]:
    """The tests that do not pass in a copy of the checkout as it is: they prove nothing."""
    found: dict[str, str] = {}
    for folder in sorted({promise.folder for _, promise in share}):
        tests = sorted({promise.caught_by for _, promise in share if promise.folder == folder})
        called = run(tests, copy, folder).called
        if not called:  # one file that cannot be imported keeps pytest from calling any
            for file in sorted({test.partition("::")[0] for test in tests}):
                called |= run([test for test in tests if test.startswith(f"{file}::")], copy, folder).called
        for test in tests:
            ends = {how for name, how in called.items() if name == test or name.startswith(f"{test}[")}
            if ends != {"passed"}:
                found[test] = f"its test does not pass as it is ({', '.join(sorted(ends)) or 'it was not called'})"
    return found


def work(folder: str, number: int, share: Sequence[tuple[str, Promise]]) -> list[Trial]:
    """The verdicts on one worker's share, in a copy of its own."""
    copy = copy_of_checkout(Path(folder) / str(number))
    wrong_before = unsound(share, copy)
    trials = []
    for topic, promise in share:
        began = time.monotonic()
        wrong = wrong_before.get(promise.caught_by) or verdict(promise, copy)
        trials.append(Trial(topic, promise, wrong, time.monotonic() - began))
        said = "kept  " if wrong is None else "BROKEN"
        print(f"{said} {trials[-1].seconds:5.1f} s  {topic:12} {promise.says}", flush=True)
    return trials


def main(words: list[str]) -> int:
    """Try them all; print what is wrong."""
    began = time.monotonic()
    wanted = list(promises(words))
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()  # so that a child's collections do not copy all pages of its parent
    shares = [wanted[number::WORKERS] for number in range(WORKERS)]
    with (
        tempfile.TemporaryDirectory(prefix="promises-") as folder,
        # an executor's processes may have children of their own, a pool's may not
        ProcessPoolExecutor(max_workers=WORKERS, mp_context=FORK) as executor,
    ):
        trials = [trial for share in executor.map(work, [folder] * WORKERS, range(WORKERS), shares) for trial in share]
    print("\nThe slowest:")
    for trial in sorted(trials, key=lambda trial: -trial.seconds)[:SLOWEST]:
        print(f"{trial.seconds:6.1f} s  {trial.promise.caught_by}")
    wrong = [trial for trial in trials if trial.wrong is not None]
    for trial in wrong:
        print(f"\n{trial.promise.says}\n  {trial.promise.where}\n  {trial.promise.caught_by}\n  {trial.wrong}")
    kept = len(wanted) - len(wrong)
    print(f"{kept} of {len(wanted)} promises are kept by their tests, {time.monotonic() - began:.0f} s")
    return 1 if wrong or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
