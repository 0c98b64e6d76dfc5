"""Log lines on standard error. Nothing is logged anywhere else."""

import logging
import sys
from typing import Any

import structlog

from connector.core.reporting.printable import printable, printable_json
from connector.settings.model import Settings


def _escaped(_logger: Any, _method: str, line: Any) -> str:
    """A line as it may stand on a terminal. Of JSON it is the same JSON; a trace in text has lines."""
    return printable_json(line) if line.startswith("{") else printable(line, keep="\n")


def configure_logging(settings: Settings, *, level: str | None = None) -> None:
    """Log lines on standard error, as JSON or text. `level` overrules the configured one."""
    threshold = logging.getLevelNamesMapping()[(level or settings.logging.level).upper()]
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.logging.format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
            _escaped,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
