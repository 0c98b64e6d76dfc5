"""Everything a running sandbox consists of: the services with their data, the clock, the faults and the log."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from m365sandbox.clock import SandboxClock
from m365sandbox.entra.urls import EntraSandbox
from m365sandbox.graph.service import GraphSandbox
from m365sandbox.salesforce.service import SalesforceSandbox
from m365sandbox.traffic import Faults, RequestLog
from m365sandbox.weather import Weather


@dataclass(slots=True, kw_only=True)
class World:
    """The services of one sandbox. `scratch` is a folder for the copy that `reset` goes back to, `keep_apps` stores the
    app registrations where the next `up` finds them."""

    clock: SandboxClock
    graph: GraphSandbox
    entra: EntraSandbox
    salesforce: SalesforceSandbox
    scratch: Path
    keep_apps: Callable[[list[dict[str, Any]]], None]
    weather: Weather = field(default_factory=Weather)
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    _apps: list[dict[str, Any]] = field(default_factory=list, init=False, repr=False)
    _season: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def remember(self) -> None:
        """Take the copy that `reset` goes back to."""
        copy = sqlite3.connect(self.scratch / "graph.copy")
        self.graph.snapshot(copy)
        copy.close()
        self.salesforce.snapshot()
        self._apps = self.entra.tokens.apps.state()
        self._season = self.weather.as_json()

    def reset(self) -> None:
        """Back to the state when `remember` was called: data, settings, clock; no faults, an empty log."""
        copy = sqlite3.connect(self.scratch / "graph.copy")
        self.graph.restore(copy)
        copy.close()
        self.salesforce.restore()
        self.entra.tokens.apps.restore(self._apps)
        self.keep_apps(self._apps)
        self.weather.change(self._season)
        self.clock.use_real_time()
        self.faults.clear()
        self.log.clear()

    def close(self) -> None:
        """Close the databases."""
        self.graph.close()
        self.salesforce.close()
