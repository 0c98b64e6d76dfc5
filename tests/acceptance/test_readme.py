"""What the README shows of `demo` is what it prints."""

import re

import pytest

from connector.cli.app import run
from tests.support.names import ROOT


def test_the_sample_of_the_readme_is_what_the_demo_prints(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert run(["demo"]) == 0
    printed = [line.rstrip() for line in capfd.readouterr().out.splitlines()]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```\n(Messages by outcome and mailbox\n.*?)```", readme, re.DOTALL)
    *table, total = block.strip().splitlines()
    assert table == printed[: len(table)]
    numbers = r"\d+ Salesforce calls?, \d+ Graph calls, \d+\.\d s"
    assert re.sub(numbers, "…", total) == re.sub(numbers, "…", printed[len(table)])
