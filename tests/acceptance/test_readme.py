"""What the README shows of `demo` is what it prints."""

import os
import re
import subprocess
import sys

from tests.support.names import ROOT


def test_the_sample_of_the_readme_is_what_the_demo_prints() -> None:
    # a process of its own: how wide the terminal is, is looked at once
    command = [sys.executable, "-m", "connector", "demo"]
    done = subprocess.run(command, env={**os.environ, "COLUMNS": "100"}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```\n(Messages by outcome and mailbox\n.*?)```", readme, re.DOTALL)
    *table, total = block.strip().splitlines()
    assert table == printed[: len(table)]
    numbers = r"\d+ Salesforce calls?, \d+ Graph calls, \d+\.\d s"
    assert re.sub(numbers, "…", total) == re.sub(numbers, "…", printed[len(table)])
