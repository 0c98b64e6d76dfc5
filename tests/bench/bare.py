"""The bare loop: the requests of a run of this project sent once more by a plain loop, without waiting for anything.

The processor time of that is what no client that sends these requests could do without.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.bench.runs import SCRIPTS, ended, figures_of
from tests.bench.stage import Stage

_NO_LATENCY = "0,0,0"


def bare(stage: Stage, scratch: Path) -> dict[str, Any]:
    """Record a run, replay it in the same state, and say what both cost."""
    recorded = scratch / "recorded.jsonl"
    with stage.copy(scratch / "recorded", _NO_LATENCY) as sandbox:
        command = [sys.executable, str(SCRIPTS / "recorded.py"), str(recorded)]
        usage, _ = ended([*command, "--config", sandbox.ready["config"], "sync", "--json"], scratch)
        run = figures_of(stage, sandbox, 0, usage)
    with stage.copy(scratch / "replayed", _NO_LATENCY) as sandbox:
        job = scratch / "job.json"
        asked = {"ready": sandbox.ready, "token": sandbox.token(), "recorded": str(recorded)}
        job.write_text(json.dumps(asked), encoding="utf-8")
        usage, _ = ended([sys.executable, str(SCRIPTS / "replay.py"), str(job)], scratch)
        loop = figures_of(stage, sandbox, 0, usage)
    return {
        "requests": loop.graph_requests + loop.salesforce_calls,
        "requests_of_the_run": run.graph_requests + run.salesforce_calls,
        "cpu_seconds": loop.cpu_seconds,
        "cpu_seconds_of_the_run": run.cpu_seconds,
        "cpu_seconds_per_1000_stored": round(loop.cpu_seconds * 1000 / max(run.stored, 1), 3),
    }
