"""What the options before the verb say."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_CONFIG = Path("config/connector.yaml")


@dataclass(frozen=True, slots=True)
class Invocation:
    """The global options of one call."""

    config: Path
    debug: bool
    environ: Mapping[str, str]
