"""A mail that talks to the operator's terminal: no command, no error and no log line hands its controls on."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.support.world import World

#: sets the title, clears the screen, the same as one byte, turns the writing round, ends a line; markup of rich
HOSTILE = "\x1b]0;PWNED\x07\x1b[2J\x9b31m\u202egpj.\u2066\u2028\x7f[bold red]x[/nope][link=http://e.example]:smile:"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
OWN = re.compile(r"\x1b\[[0-9;]*m")


def mail(firm: World, **fields: object) -> dict[str, str]:
    plain = {
        "subject": f"sub{HOSTILE}ject\nerror: forged",
        "received": firm.ago(hours=2),
        "internetMessageId": f"<a{HOSTILE}@x>",
        "toRecipients": ["ada@firm.example"],
        "from": {"emailAddress": {"name": f"Rita{HOSTILE}", "address": "rita@reed.example"}},
    }
    return firm.message("ada", **{**plain, **fields})  # type: ignore[arg-type]


@pytest.fixture
def hostile(firm: World) -> tuple[World, str, str]:
    """A firm with a mail that is stored, and one that the org refuses in words that hold more of the same."""
    firm.create("Contact", LastName=f"Lee{HOSTILE}", Email="rita2@reed.example")
    stored = mail(firm, folder=f"Inbox/fold{HOSTILE}er".replace("/nope", "nope").replace("//e", "e"))
    failing = mail(firm, subject=f"bad{HOSTILE}", internetMessageId=f"<b{HOSTILE}@x>", received=firm.ago(hours=3))
    firm.control(
        "POST",
        "rules",
        {
            "object": "Email__c",
            "when": "Subject__c LIKE 'bad%'",
            "message": f"no {HOSTILE}",
            "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        },
    )
    return firm, stored["id"], failing["id"]


def run(firm: World, *arguments: str, config: str = "") -> str:
    line = [sys.executable, "-m", "connector", *(("--debug",) if config else ()), "--config", config or firm.config]
    done = subprocess.run([*line, *arguments], capture_output=True, timeout=120, check=False)
    return (done.stdout + done.stderr).decode()


def check(texts: Sequence[str]) -> None:
    for text in texts:
        assert "PWNED" not in text or "\\x1b]0;PWNED\\x07" in text or "\\u001b]0;PWNED\\u0007" in text
        found = OBEYED.search(OWN.sub("", text))
        assert found is None, (found, text[max(found.start() - 80, 0) : found.start() + 40])
        assert "Traceback" not in text
        assert "\nerror: forged" not in text


def test_no_command_hands_them_on(hostile: tuple[World, str, str]) -> None:
    firm, stored, failing = hostile
    texts = [
        run(firm, *arguments)
        for arguments in (
            ("sync", "--dry-run"),
            ("sync", "--dry-run", "--json"),
            ("sync",),
            ("sync", "--json"),
            ("retry", "--all"),
            ("retry", "--all", "--json"),
            ("explain", "ada@firm.example", stored),
            ("explain", "ada@firm.example", stored, "--json"),
            ("explain", "ada@firm.example", failing),
            ("explain", "ada@firm.example", f"<a{HOSTILE}@x>"),
            ("explain", "ada@firm.example", f"<nosuch{HOSTILE}>"),
            ("status",),
            ("status", "--json"),
            ("check",),
            ("check", "--json"),
            ("sync", "--mailbox", f"x{HOSTILE}@y"),
            ("retry", "--event", f"x{HOSTILE}"),
            (f"no{HOSTILE}verb",),
        )
    ]
    check(texts)
    assert sum("PWNED" in text for text in texts) >= 8  # it was met


@pytest.mark.parametrize("format", ["json", "text"])
def test_no_log_line_hands_them_on(hostile: tuple[World, str, str], tmp_path: Path, format: str) -> None:
    firm, _, _ = hostile
    config = yaml.safe_load(Path(firm.config).read_text(encoding="utf-8"))
    config["logging"] = {"level": "debug", "format": format}
    file = tmp_path / "connector.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    fault = {"error": {"code": f"Odd{HOSTILE}", "message": f"no {HOSTILE}"}}
    firm.fault(service="graph", path="/messages/", times=2, status=400, body=fault)
    firm.fault(
        service="salesforce",
        path="/composite",
        skip=2,
        times=1,
        status=400,
        body=[{"errorCode": "X", "message": HOSTILE}],
    )
    check([run(firm, "sync", config=str(file))])
