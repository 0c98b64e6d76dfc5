"""Everything a running sandbox consists of: the services with their data, the clock, the faults and the log."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from connector.sandbox.clock import SandboxClock
from connector.sandbox.entra.urls import EntraSandbox
from connector.sandbox.graph.service import GraphSandbox
from connector.sandbox.salesforce.service import SalesforceSandbox
from connector.sandbox.traffic import Faults, RequestLog


@dataclass(slots=True, kw_only=True)
class World:
    """The services of one sandbox. `scratch` is a folder for the copy that `reset` goes back to."""

    clock: SandboxClock
    graph: GraphSandbox
    entra: EntraSandbox
    salesforce: SalesforceSandbox
    scratch: Path
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)

    def remember(self) -> None:
        """Take the copy that `reset` goes back to."""
        copy = sqlite3.connect(self.scratch / "graph.copy")
        self.graph.snapshot(copy)
        copy.close()
        self.salesforce.snapshot()

    def reset(self) -> None:
        """Back to the state when `remember` was called: data, settings, clock; no faults, an empty log."""
        copy = sqlite3.connect(self.scratch / "graph.copy")
        self.graph.restore(copy)
        copy.close()
        self.salesforce.restore()
        self.clock.use_real_time()
        self.faults.clear()
        self.log.clear()

    def close(self) -> None:
        """Close the databases."""
        self.graph.close()
        self.salesforce.close()
