"""`scripts/bench`: one sync of a generated load through a sandbox with latency, and its figures."""

import json
import resource
import subprocess
import sys
import tempfile
import time

from tests.support.load import furnish
from tests.support.world import World


def main(messages: int = 10_000, mailboxes: int = 20, days: float = 175, latency: str = "80,120,0.4") -> None:
    """Load, sync, print."""
    with tempfile.TemporaryDirectory() as folder:
        base = [sys.executable, "-m", "m365sandbox", "up", "--dir", folder]
        with _sandbox(base) as process, World(_ready(process)) as world:
            print(f"loading {messages} messages into {mailboxes} mailboxes over {days} days", file=sys.stderr)
            wanted = furnish(world, mailboxes=mailboxes, messages=messages, stored=0.4, days=days)
            process.terminate()
        with _sandbox([*base, "--latency", latency]) as process:
            ready = _ready(process)
            command = [sys.executable, "-m", "connector", "--config", ready["config"], "sync", "--json"]
            begun, before = time.monotonic(), _children()
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds = time.monotonic() - begun
            used = _children() - before
            process.terminate()
    report = json.loads(answer.stdout.splitlines()[-1])
    per_thousand = report["salesforce_calls"] / max(report["emails"], 1) * 1000
    print(f"{report['listed']} listed, {report['emails']} stored of {wanted} expected, exit {answer.returncode}")
    print(f"{report['participants']} participants, {report['tasks']} tasks, {report['errors']} errors")
    print(f"{seconds:.1f} s as a whole process, {report['seconds']:.1f} s the run")
    print(f"{used:.1f} s of processor time in the connector")
    print(f"{report['salesforce_calls']} Salesforce calls, {per_thousand:.1f} per 1,000 stored")
    print(f"{report['graph_calls']} Graph calls")


def _children() -> float:
    """Processor seconds of the child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _sandbox(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _ready(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


if __name__ == "__main__":
    kinds = (int, int, float, str)
    main(*(kind(value) for kind, value in zip(kinds, sys.argv[1:], strict=False)))
