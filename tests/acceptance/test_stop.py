"""Ctrl-C and SIGTERM end a command in a few seconds, whatever the services do, and the next run goes on from there.

The commands are processes of their own; nobody waits for them longer than ten seconds.
"""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.world import World

MAILS = 12
#: a service that asks for a minute's patience, one that says nothing for a minute, one that is down
THROTTLED = {"status": 429, "headers": {"Retry-After": "60"}, "body": {"error": {"code": "TooManyRequests"}}}
SILENT = {"delay_ms": 60_000}
DOWN = {"status": 503, "headers": {"Retry-After": "60"}, "body": []}


@pytest.fixture
def command(firm: World) -> Iterator[Any]:
    """Starts a command; its debug log is read line by line."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "connector", "--debug", "--config", firm.config, *arguments]
        started.append(subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=30)


def furnish(firm: World) -> None:
    for number in range(MAILS):
        firm.message(
            "ada",
            subject=f"Mail {number}",
            received=firm.ago(days=1 + number),
            toRecipients=["ada@firm.example"],
            **{"from": "rita@reed.example"},
        )


def meets(firm: World, fault: str) -> None:
    """Wait until the process has met the fault."""
    for _ in range(1200):
        [known] = [each for each in firm.control("GET", "faults")["faults"] if each["id"] == fault]
        if known["hits"]:
            return
        threading.Event().wait(0.05)
    raise AssertionError("nothing was asked for")


def stopped(process: subprocess.Popen[str], number: int) -> int:
    process.send_signal(number)
    process.communicate(timeout=10)
    return process.returncode


CASES = [
    ("graph", "/messages", THROTTLED, False),
    ("graph", r"\$batch", THROTTLED, False),
    ("graph", "/messages", SILENT, False),
    ("entra", "/token", THROTTLED, False),
    ("salesforce", "/composite", DOWN, True),
    ("salesforce", "/composite", SILENT, True),
]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize(("service", "path", "weather", "later"), CASES)
def test_a_stopped_sync_is_gone_at_once_and_the_next_goes_on(
    firm: World, command: Any, service: str, path: str, weather: dict[str, Any], later: bool, number: int
) -> None:
    furnish(firm)
    # `later`: when the set-up was read
    fault = firm.fault(service=service, path=path, times=0, skip=1 if later else 0, **weather)
    process = command("sync")
    meets(firm, fault)
    assert stopped(process, number) == 130
    firm.control("DELETE", "faults")
    assert firm.sync()["emails"] + len(firm.rows("SELECT Id FROM Email__c")) >= MAILS
    found = [row["Name"] for row in firm.rows("SELECT Name FROM Email__c")]
    assert sorted(found) == sorted(f"Mail {number}" for number in range(MAILS))
    assert len(firm.rows("SELECT Id FROM Task")) == MAILS
    assert firm.rows("SELECT Id FROM MS_Graph_Sync_Error__c") == []
    assert firm.sync()["emails"] == 0


def test_a_stopped_sync_says_so(firm: World, command: Any) -> None:
    furnish(firm)
    fault = firm.fault(service="graph", path=r"\$batch", times=0, **THROTTLED)
    process = command("sync", "--json")
    meets(firm, fault)
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=10)
    report = json.loads(told.splitlines()[-1])
    assert report["outcomes"]["failed"] == 0
    assert "A stop was requested" in errors
    [event] = firm.rows("SELECT Status__c FROM MS_Graph_Sync_Event__c") or [{"Status__c": "Interrupted"}]
    assert event["Status__c"] == "Interrupted"


@pytest.mark.parametrize("arguments", [["retry"], ["check"], ["status"], ["explain", "ada@firm.example", "<x>"]])
def test_other_commands_are_gone_at_once_too(firm: World, command: Any, arguments: list[str]) -> None:
    fault = firm.fault(service="any", path="/services/data|/v1.0", times=0, **DOWN)
    process = command(*arguments)
    meets(firm, fault)
    assert stopped(process, signal.SIGINT) == 130
