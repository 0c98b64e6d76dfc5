"""A sandbox in a process of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: of a sandbox that nothing asks otherwise; with any but calm: -m "not calls"
WEATHER = os.environ.get("M365SYNC_TEST_WEATHER", "calm")


@contextmanager
def serving(folder: Path, *options: str, **process: Any) -> Iterator[dict[str, Any]]:
    """`sandbox up --dir FOLDER OPTIONS…` while the block runs: its ready line. `process` goes to Popen."""
    command = [sys.executable, "-m", "m365sandbox", "up", "--dir", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **process) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            assert line, "the sandbox did not start: see its error above"
            yield json.loads(line)
        finally:
            running.send_signal(signal.SIGTERM)
            assert running.wait(timeout=30) == 0


def copied(tree: Path) -> Path:
    """Copy the sandbox and its schema below `tree`, to be changed and served: returns the folder to serve from."""
    root = Path(__file__).parents[2]
    for name in ("sandbox/m365sandbox", "sfdc_objects"):
        shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tree / "sandbox"
