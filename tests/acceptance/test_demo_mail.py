"""`m365sync demo --mail`: one's own mail through both services, and what is said of files that are no mail."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LETTER = "From: {}\nTo: {}\nSubject: {}\nDate: Mon, 3 Feb 2014 10:00:00 +0000\nMessage-ID: <{}@x>\n\ntext\n"


def demo(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the object on the last line, and standard error."""
    command = [sys.executable, "-m", "connector", "demo", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=dict(os.environ))
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_the_people_of_ones_own_domain_are_the_firm(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_text(LETTER.format("c@client.example", "Ann <ann@own.example>", "one", 1))
    (tmp_path / "2.eml").write_text("\n" + LETTER.format("bo@own.example", "c@client.example", "two", 2))
    (tmp_path / "3.mbox").write_text(
        "From \n" + LETTER.format("taro..y@client.example", "ann@own.example", "three", 3)
        + "From - \n" + LETTER.format("ann@own.example", "bo@own.example", "four", 4)
    )  # fmt: skip
    (tmp_path / "old.pst").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.eml")
    code, report, error = demo("--mail", str(tmp_path), "--domain", "@OWN.example")
    assert (code, error) == (0, "")
    assert (report["files"], report["left_alone"], report["refused"]) == (3, 2, [])
    assert report["mailboxes"]["read"] == 2
    assert {name: count for name, count in report["outcomes"].items() if count} == {
        "matched": 2, "unmatched_kept": 1, "internal": 2
    }  # fmt: skip


def test_a_folder_without_mail_is_a_mistake_of_usage(tmp_path: Path) -> None:
    (tmp_path / "a.msg").write_bytes(b"x")
    code, answer, error = demo("--mail", str(tmp_path))
    assert code == 2
    assert answer["error"]["code"] == "USAGE"
    assert "left alone: a.msg" in answer["error"]["message"]
    assert "Traceback" not in error


def test_a_domain_without_mail_is_a_mistake_of_usage(tmp_path: Path) -> None:
    code, answer, _ = demo("--domain", "own.example")
    assert (code, answer["error"]["where"]) == (2, "--domain")
