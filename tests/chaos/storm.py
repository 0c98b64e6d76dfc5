"""One round: connectors are begun, killed, begun again in bad weather; then all is calm, and records are compared."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testkit.serving import serving

from tests.support.ledger import differences, ledger, without_duplicates
from tests.support.world import World

Ledger = dict[str, list[dict[str, Any]]]
#: connectors that are begun in a round before the last, which is left alone
MOST_STARTS = 8
#: one run in bad weather may take so long
LONGEST_RUN = 900
#: what the copy of a mail says that was read first
OF_THE_FIRST_COPY = ("Received_At__c",)
#: lines about differences in one round
_MOST_LINES = 10


@dataclass(frozen=True, kw_only=True)
class Firm:
    """How large a generated firm is. `messages` lie in each mailbox, about."""

    mailboxes: int
    messages: int
    contacts: int
    seed: int

    @property
    def options(self) -> list[str]:
        """What `sandbox up` is asked."""
        size = {"mailboxes": self.mailboxes, "messages": self.mailboxes * self.messages}
        size |= {"contacts": self.contacts, "seed": self.seed}
        return ["--firm", "large", *(part for name, value in size.items() for part in (f"--{name}", str(value)))]


@dataclass(kw_only=True)
class Result:
    """What became of a round."""

    number: int
    started: int
    killed: int
    calls: int
    seconds: float
    stored: int
    missing: int = 0
    unexpected: int = 0
    changed: int = 0
    is_twice: bool = False
    ends_badly: str = ""
    differences: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing was lost, and nothing stands twice."""
        return not (self.missing or self.unexpected or self.changed or self.is_twice or self.ends_badly)


class Columns:
    """The table on the screen."""

    _NAMES = ("round", "started", "killed", "calls", "seconds", "stored", "missing", "unexpected", "changed", "twice")

    def header(self) -> str:
        """The names."""
        return "  ".join(f"{name:>10}" for name in self._NAMES) + "  result"

    def line(self, result: Result) -> str:
        """The figures of one round."""
        values = (
            result.number, result.started, result.killed, result.calls, f"{result.seconds:.0f}", result.stored,
            result.missing, result.unexpected, result.changed, "yes" if result.is_twice else "no",
        )  # fmt: skip
        told = "equal" if result.is_well else result.ends_badly or "DIFFERENT"
        return "  ".join(f"{value:>10}" for value in values) + f"  {told}"


COLUMNS = Columns()


@contextmanager
def sandbox(folder: Path, *options: str) -> Iterator[World]:
    """A sandbox on this folder, stopped in the end."""
    with serving(folder, *options) as line, World(line) as world:
        yield world


def begin(world: World, *arguments: str) -> subprocess.Popen[bytes]:
    """A command in a process of its own."""
    command = [sys.executable, "-m", "connector", "--config", world.config, *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def settled(world: World) -> str:
    """A day later, with nothing in the way, what failed is tried again, and all is read on both roads. Empty where that
    went well, or what it ended with."""
    world.control("PATCH", "tenant", {"weather": "calm"})
    world.control("DELETE", "faults")
    world.advance(days=1)  # the first run of a day mends what two connectors at once may have done
    for arguments in (("retry", "--all"), ("sync", "--sweep"), ("sync",)):
        code = begin(world, *arguments).wait(timeout=LONGEST_RUN)
    return "" if code == 0 else f"the last run ends with {code}"


def undisturbed(firm: Firm, stage: Path) -> tuple[Ledger, str, float]:
    """Fill a folder. What its mail becomes where nobody disturbs, the instant that rounds begin at, and the seconds."""
    with sandbox(stage, *firm.options) as world:
        now = world.now().isoformat()
    folder = stage.with_name("undisturbed")
    shutil.copytree(stage, folder)
    with sandbox(folder) as world:
        world.control("POST", "clock", {"now": now})
        begun = time.monotonic()
        code = begin(world, "sync").wait(timeout=LONGEST_RUN)
        seconds = time.monotonic() - begun
        said = settled(world)
        assert code in (0, 1), f"the undisturbed run ends with {code}"
        assert not said, said
        found = ledger(world)
    shutil.rmtree(folder)
    return found, now, seconds


class Storm:
    """A round in a folder of its own. All that happens is drawn from `chance`, but for the speed of the machine."""

    def __init__(self, folder: Path, chance: random.Random, *, now: str, seconds: float, weather: str) -> None:
        self._folder = folder
        self._chance = chance
        self._now = now
        self._seconds = seconds
        self._weather = weather
        self._started = 0
        self._killed = 0

    def run(self, number: int, expected: Ledger) -> Result:
        """The storm, the calm after it, and the comparison."""
        begun = time.monotonic()
        with sandbox(self._folder, "--weather", self._weather) as world:
            world.control("POST", "clock", {"now": self._now})
            world.control("PATCH", "tenant", {"weather": self._weather, "weatherSeed": self._chance.randrange(10**6)})
            for _ in range(self._chance.randint(2, MOST_STARTS)):
                self._disturbed(world)
            calls = len(world.requests())
            said = settled(world)
            found = ledger(world)
        result = Result(
            number=number,
            started=self._started,
            killed=self._killed,
            calls=calls,
            seconds=time.monotonic() - begun,
            stored=len(found["emails"]),
            is_twice=not without_duplicates(found),
            ends_badly=said,
        )
        lines = differences(expected, found, apart=OF_THE_FIRST_COPY)
        for line in lines:
            if line.endswith(" is missing"):
                result.missing += 1
            elif line.endswith(" is unexpected"):
                result.unexpected += 1
            else:
                result.changed += 1
        result.differences += lines[:_MOST_LINES]
        return result

    def _disturbed(self, world: World) -> None:
        """One connector or two at once, killed at some time, or at some request, unless they end before."""
        processes = [begin(world, "sync") for _ in range(self._chance.choice((1, 1, 1, 2)))]
        self._started += len(processes)
        if self._chance.random() < 0.5:
            skip = self._chance.randrange(1, 120)
            world.control("DELETE", "faults")
            world.fault(service="any", path=".", times=1, skip=skip, delay_ms=4000, drop="before")
            self._wait(processes, lambda: bool(world.control("GET", "faults")["faults"][0]["hits"]))
        else:
            end = time.monotonic() + self._chance.uniform(0.3, 2.0) * self._seconds
            self._wait(processes, lambda: time.monotonic() > end)
        for process in processes:
            if process.poll() is None:
                process.kill()
                self._killed += 1
            process.wait(timeout=60)

    @staticmethod
    def _wait(processes: Sequence[subprocess.Popen[bytes]], until: Callable[[], bool]) -> None:
        while any(process.poll() is None for process in processes) and not until():
            time.sleep(0.02)
