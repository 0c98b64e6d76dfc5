"""Killed at every request of a run: the next run leaves the records of an undisturbed one.

The request is held, the process is killed while it waits, and the service does nothing for it: what the services hold
is then just what the requests before it have done, whether or not their answers arrived.
"""

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.acceptance.mail_with_files import file
from tests.support.ledger import differences, ledger, without_duplicates
from tests.support.world import World, stamp

pytestmark = [pytest.mark.slow, pytest.mark.calls]
#: the requests are dealt out to so many tests, so that they can run side by side
SHARDS = 6
#: a request is held for so long, and then dropped; in that time its process is killed
HELD_MS = 4000
MAILS = 24
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def prepare(world: World) -> None:
    """Two advisers, mail in both, some of it the same, kept, internal or excluded; a small file in every third mail and
    one that is streamed."""
    world.reset()
    world.control("POST", "clock", {"now": stamp(NOW)})
    world.settings(Keep_Unmatched__c=True, Unmatched_Retention_Days__c=365)
    world.internal_domain()
    world.exclusion("External Address", "*@private.example")
    start = stamp(NOW - timedelta(days=2))
    for name in ("ada", "bob"):
        world.adviser(name, Backfill_From__c=start)
    world.client("Rita", "Reed", "rita@reed.example")
    received = NOW - timedelta(days=1)
    senders = ("rita@reed.example", "rita@reed.example", "new@unknown.example", "mum@private.example")
    for number in range(MAILS):
        attached = [file(f"plan-{number}.pdf", b"%PDF " + b"figures " * number)] if number % 3 == 0 else []
        if number == 0:
            attached.append(file("large.pdf", b"%PDF " + b"0" * 4_000_000))
        for owner in ("ada", "bob") if number % 6 == 0 else ("ada" if number % 2 else "bob",):
            world.message(
                owner,
                received=received,
                subject=f"Matter {number}",
                internetMessageId=f"<{number}@mail.example>",
                toRecipients=["ada@firm.example", "bob@firm.example"],
                attachments=attached,
                **{"from": "colleague@firm.example" if number % 8 == 7 else senders[number % 4]},
            )
    world.control("DELETE", "requests")


def killed_at(world: World, number: int) -> bool:
    """Kill a sync at its request with this number (from 1). False where it has fewer, and so has ended well."""
    world.fault(service="any", path=".", times=1, skip=number - 1, delay_ms=HELD_MS, drop="before")
    command = [sys.executable, "-m", "connector", "--config", world.config, "sync"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            if world.control("GET", "faults")["faults"][0]["hits"]:
                process.kill()
                assert process.wait(timeout=30) == -signal.SIGKILL
                break
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait(timeout=30)
    if process.returncode == 0:
        return False
    assert process.returncode == -signal.SIGKILL
    # the log is written when a request is over: this one never had an effect, those before it had theirs
    for _ in range(200):
        over = {request["n"] for request in world.requests()}
        if over >= {*range(1, number)}:
            break
        time.sleep(0.05)
    assert over >= {*range(1, number)}
    assert number not in over
    world.control("DELETE", "faults")
    return True


@pytest.fixture(scope="module")
def seen() -> dict[str, list[dict[str, Any]]]:
    """What is found out once for all."""
    return {}


@pytest.mark.parametrize("first", range(1, SHARDS + 1))
def test_the_next_run_completes_the_work(first: int, world: World, seen: dict[str, list[dict[str, Any]]]) -> None:
    if not seen:
        prepare(world)
        world.sync()
        seen |= ledger(world)
        assert len(world.rows("SELECT Id FROM Email__c")) == 18
        assert len(seen["files"]) > 6
    for number in count(first, SHARDS):
        prepare(world)
        if not killed_at(world, number):
            assert number > 15
            break
        world.sync()
        found = ledger(world)
        assert without_duplicates(found), f"killed at request {number}"
        assert not differences(seen, found), f"killed at request {number}"
