"""Puts `sfdc_objects/`, the schema that the sandbox serves, into its wheel and its source distribution."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SchemaHook(BuildHookInterface):
    """Finds the folder beside this one (a checkout) or in it (a source distribution)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raise FileNotFoundError where neither has it: a sandbox without a schema serves nothing."""
        root = Path(self.root)
        for folder in (root / "sfdc_objects", root.parent / "sfdc_objects"):
            if (folder / "sfdx-project.json").is_file():
                break
        else:
            raise FileNotFoundError("sfdc_objects/sfdx-project.json")
        if self.target_name == "sdist":
            build_data["force_include"][str(folder)] = "sfdc_objects"
        elif version != "editable":
            build_data["force_include"][str(folder)] = "m365sandbox/sfdc_objects"
