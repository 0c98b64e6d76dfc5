"""Killed at any instant and started again, or run twice at once: the records are those of one undisturbed run."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from testkit.serving import serving

from tests.support.ledger import ledger, without_duplicates
from tests.support.load import furnish
from tests.support.world import World

pytestmark = pytest.mark.slow
MESSAGES = 500
TRIALS = 12


@contextmanager
def sandbox(folder: Path) -> Iterator[World]:
    """A sandbox on this folder, stopped in the end."""
    with serving(folder, "--latency", "5,10,0.2") as line, World(line) as world:
        yield world


def start(world: World) -> subprocess.Popen[bytes]:
    """A sync in a process of its own."""
    command = [sys.executable, "-m", "connector", "--config", world.config, "sync"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(world: World) -> int:
    """An undisturbed sync."""
    return start(world).wait(timeout=300)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sandbox folder with a firm and its mail, attachments among it."""
    folder = tmp_path_factory.mktemp("furnished")
    with sandbox(folder) as world:
        furnish(world, mailboxes=5, messages=MESSAGES, stored=0.8, days=30, attachments=0.1)
    return folder


@pytest.fixture(scope="module")
def undisturbed(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, float]:
    """The ledger of a run that nobody disturbed, and its seconds."""
    folder = tmp_path_factory.mktemp("undisturbed") / "d"
    shutil.copytree(furnished, folder)
    with sandbox(folder) as world:
        begun = time.monotonic()
        assert finish(world) == 0
        seconds = time.monotonic() - begun
        found = ledger(world)
    assert len(found["emails"]) == MESSAGES * 0.8
    assert found["files"]
    assert without_duplicates(found)
    return found, seconds


@pytest.mark.parametrize("trial", range(TRIALS))
def test_killed_and_started_again(trial: int, furnished: Path, undisturbed: tuple[dict, float], tmp_path: Path) -> None:
    expected, seconds = undisturbed
    folder = tmp_path / "d"
    shutil.copytree(furnished, folder)
    with sandbox(folder) as world:
        process = start(world)
        time.sleep(random.Random(trial).uniform(0.2, 1.0) * seconds)
        process.kill()
        process.wait(timeout=30)
        boxes = world.rows("SELECT Backfill_Through__c FROM MS_Graph_User__c")
        stored = len(world.rows("SELECT Id FROM Email__c"))
        assert stored == MESSAGES * 0.8 or not all(box["Backfill_Through__c"] for box in boxes)
        assert finish(world) == 0
        found = ledger(world)
    assert without_duplicates(found)
    assert found == expected


def test_two_at_once(furnished: Path, undisturbed: tuple[dict, float], tmp_path: Path) -> None:
    folder = tmp_path / "d"
    shutil.copytree(furnished, folder)
    with sandbox(folder) as world:
        processes = [start(world), start(world)]
        assert [process.wait(timeout=300) for process in processes] == [0, 0]
        assert finish(world) == 0
        found = ledger(world)
    assert without_duplicates(found)
    assert found == undisturbed[0]
