"""Python reads this in every process that a test starts (its folder is on their PYTHONPATH): one that comes to serve
Graph is watched from the moment it imports the service. Nothing else is imported here, so that others start as fast."""

import importlib.util
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

SERVICE = "m365sandbox.graph.service"
ROOT = str(Path(__file__).resolve().parents[3])


class WhenServing(MetaPathFinder):
    """Lets the service be imported as usual, and then watches it."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Only the service, only once."""
        if fullname != SERVICE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                if ROOT not in sys.path:
                    sys.path.append(ROOT)  # at the end: a test may serve from another copy of this tree
                from testkit.csdl.watch import watch

                watch(module)

            spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


if "GRAPH_SCHEMA_FOLDER" in os.environ:
    sys.meta_path.insert(0, WhenServing())
