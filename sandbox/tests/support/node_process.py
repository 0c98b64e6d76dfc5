"""Node for tests: the interpreter of `scripts/node` and the packages of tests/node."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "node"


def node(script: str, *arguments: str, stdin: Any = None, **environment: str) -> Any:
    """Run sandbox/tests/node/`script`; `stdin` goes in as JSON. Returns what it printed, read as JSON.

    NODE_EXTRA_CA_CERTS in `environment` makes it trust a sandbox's CA.
    """
    program = Path(sys.executable).parent / "node"
    assert program.exists(), "Node is not installed: run scripts/node"
    done = subprocess.run(
        [str(program), str(FOLDER / script), *arguments],
        input=None if stdin is None else json.dumps(stdin),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, f"{script} failed: {done.stderr}"
    return json.loads(done.stdout)
