"""One run of one contender: its process, what it stored, and what it cost."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.stage import Sandbox, Stage

_ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).with_name("contenders")
_BENCH_PYTHON = _ROOT / ".venv-bench" / "bin" / "python"
SAMPLE = 300
#: Requests of O365's own example: batches of a hundred.
_TUTORIAL_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Who is measured, and what it cannot do."""

    name: str
    title: str
    cannot: tuple[str, ...] = ()
    script: str | None = None
    limit: int | None = None
    has_attachments: bool = True

    def command(self, sandbox: Sandbox, job: Path) -> list[str]:
        """What is started."""
        if self.script is None:
            return [sys.executable, "-m", "connector", "--config", sandbox.ready["config"], "sync", "--json"]
        return [str(_BENCH_PYTHON), str(SCRIPTS / self.script), str(job)]


_NOT = (
    "leaving the bodies of other mail in Microsoft 365",
    "rules of exclusion, opt-outs, retention, removal",
    "two mails under one Message-ID; what a later copy knows more",
    "finding late or skipped mail (second road); an audit",
    "retries by message; a log for the admin; clean HTML",
)
_NO_STATE = "going on where it was killed"
CONTENDERS = (
    Contender(name="m365sync", title="this project"),
    Contender(
        name="pipeline",
        title="asyncio: bodies in the list, Contacts preloaded, 4 writers",
        script="pipeline.py",
        cannot=(*_NOT, _NO_STATE),
    ),
    Contender(
        name="dlt",
        title="dlt's rest_api source, Collections of 200 as destination",
        script="dlt_rest.py",
        has_attachments=False,
        cannot=("attachments", *_NOT),
    ),
    Contender(
        name="tutorial",
        title=f"O365 and simple-salesforce, one mail at a time ({SAMPLE} messages)",
        script="tutorial.py",
        limit=SAMPLE,
        cannot=("several mailboxes at a time", *_NOT, _NO_STATE),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run cost. `ok` says that exactly the right mails are stored; `wrong` tells what is not."""

    ok: bool
    wrong: str
    listed: int
    stored: int
    participants: int
    tasks: int
    files: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    graph_requests: int
    graph_bytes: int
    salesforce_calls: int
    sandbox_cpu_seconds: float

    @property
    def rates(self) -> dict[str, float]:
        """The figures that are compared."""
        return {
            "mails_per_second": self.stored / self.seconds if self.seconds else 0,
            "salesforce_calls_per_1000_stored": self.salesforce_calls * 1000 / max(self.stored, 1),
            "graph_requests_per_1000_listed": self.graph_requests * 1000 / max(self.listed, 1),
            "graph_mb_per_1000_listed": self.graph_bytes / 1000 / max(self.listed, 1),
            "cpu_seconds_per_1000_stored": self.cpu_seconds * 1000 / max(self.stored, 1),
            "peak_mb": self.peak_mb,
        }

    def as_json(self) -> dict[str, Any]:
        """All of them."""
        return {**asdict(self), "rates": self.rates}


def measured(
    contender: Contender, stage: Stage, latency: str, *, attachments: bool, page_size: int, watch: Callable[[str], None]
) -> Figures:
    """Start a contender on a copy of the stage, wait for its end, and look at what is there."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, stage.copy(Path(name) / "org", latency) as sandbox:
        job = Path(name) / "job.json"
        asked = {"ready": sandbox.ready, "mailboxes": stage.mailboxes, "since": stage.since}
        asked |= {"limit": contender.limit, "attachments": attachments}
        asked |= {"page_size": _TUTORIAL_PAGE if contender.limit else page_size}
        job.write_text(json.dumps(asked), encoding="utf-8")
        sandbox.control("DELETE", "requests")
        spent = _cpu(sandbox.ready["pid"])
        begun = time.monotonic()
        usage, said = ended(contender.command(sandbox, job), Path(name))
        seconds = time.monotonic() - begun
        watch(f"{contender.name}: {seconds:.1f} s {said}")
        spent = _cpu(sandbox.ready["pid"]) - spent
        return figures_of(stage, sandbox, seconds, usage, limit=contender.limit, sandbox_cpu=spent)


def ended(command: list[str], scratch: Path) -> tuple[Any, str]:
    """Run to the end: the process's own use of the machine, and the end of what it said."""
    with (scratch / "said").open("w+", encoding="utf-8") as out, (scratch / "errors").open("w+") as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, cwd=scratch)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            raise RuntimeError(f"{command[1]} ended with {process.returncode}: {errors.read()[-2000:]}")
        said = out.read().strip().splitlines()
        return usage, (said[-1][:400] if said else errors.read()[-300:])


def figures_of(
    stage: Stage, sandbox: Sandbox, seconds: float, usage: Any, *, limit: int | None = None, sandbox_cpu: float = 0
) -> Figures:
    """What a process cost that has ended, by its own use of the machine and by the sandbox's log and rows."""
    log = sandbox.control("GET", "requests")["requests"]
    graph = [one for one in log if one["service"] == "graph"]
    calls = sum(one["service"] == "salesforce" for one in log)
    stored = [row["Internet_Message_Id__c"] for row in sandbox.rows("SELECT Internet_Message_Id__c FROM Email__c")]
    told = wrong(stored, stage.expected(limit))
    return Figures(
        ok=not told,
        wrong=told,
        listed=stage.count(limit),
        stored=len(stored),
        participants=sandbox.count("Email_Participant__c"),
        tasks=sandbox.count("Task"),
        files=sandbox.count("ContentVersion"),
        seconds=round(seconds, 3),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 3),
        peak_mb=round(usage.ru_maxrss / 1024, 1),
        graph_requests=len(graph),
        graph_bytes=sum(one["bytes_out"] for one in graph),
        salesforce_calls=calls,
        sandbox_cpu_seconds=round(sandbox_cpu, 3),
    )


def bare(message_id: str) -> str:
    """A Message-ID without its brackets, which this project leaves out."""
    return message_id.strip().removeprefix("<").removesuffix(">")


def wrong(stored: list[str], wanted: set[str]) -> str:
    """What is missing, not wanted, or there twice; empty where all is right."""
    found, expected = set(map(bare, stored)), set(map(bare, wanted))
    told = {"missing": len(expected - found), "not wanted": len(found - expected), "twice": len(stored) - len(found)}
    return ", ".join(f"{count} {what}" for what, count in told.items() if count)


def _cpu(pid: int) -> float:
    """Processor seconds of a running process; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
