"""The options before the verb, and the option that every verb shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connector.settings.model import Settings

DEFAULT_CONFIG = Path("config/connector.yaml")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only, one object on the last line.")]


@dataclass(frozen=True, slots=True)
class Invocation:
    """The global options of one call."""

    config: Path
    debug: bool
    environ: Mapping[str, str]

    def settings(self, *, level: str | None = "warning") -> Settings:
        """Load the configuration, and log as it says; `level` overrules its level, and --debug both.

        Raises UsageError that names every problem of the file.
        """
        # imported here: --version and --help come without pydantic, YAML and structlog
        from connector.settings.model import load
        from connector.wiring.logs import configure_logging

        settings = load(self.config, self.environ)
        configure_logging(settings, level="debug" if self.debug else level)
        return settings
