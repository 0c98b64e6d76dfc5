"""An org whose admin has switched the validation rules off, as Setup allows: what they would refuse can be there."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]


@contextmanager
def lax_org(folder: Path) -> Iterator[dict[str, Any]]:
    """The ready line of a sandbox in a process of its own, from a copy of this tree with those rules inactive."""
    for name in ("connector", "sfdc_objects"):
        shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    rules = list((folder / "sfdc_objects").rglob("*.validationRule-meta.xml"))
    assert rules
    for file in rules:
        text = file.read_text(encoding="utf-8")
        assert "<active>true</active>" in text, file
        file.write_text(text.replace("<active>true</active>", "<active>false</active>"), encoding="utf-8")
    command = [sys.executable, "-m", "connector", "sandbox", "up", "--firm", "none", "--dir", str(folder / "sandbox")]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the sandbox did not start: see its error above"
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stdout is not None
        process.stdout.close()
