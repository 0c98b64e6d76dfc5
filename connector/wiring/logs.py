"""Log lines on standard error. Nothing is logged anywhere else."""

import logging
import sys
from typing import Any, TextIO, cast

import structlog

from connector.core.reporting.printable import printable, printable_json
from connector.settings.model import Settings


def _escaped(_logger: Any, _method: str, line: Any) -> str:
    """A line as it may stand on a terminal. Of JSON it is the same JSON; a trace in text has lines."""
    return printable_json(line) if line.startswith("{") else printable(line, keep="\n")


class _StandardError:
    """Standard error as it is when a line is written: while a progress bar is shown, lines go above it."""

    def write(self, text: str) -> int:
        """Write to it."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Flush it."""
        sys.stderr.flush()


_STDERR = _StandardError()


def configure_logging(settings: Settings, *, level: str | None = None) -> None:
    """Log lines on standard error, as JSON or text: as configured, else text on a terminal and JSON elsewhere. `level`
    overrules the configured one."""
    format_ = settings.logging.format or ("text" if sys.stderr.isatty() else "json")
    threshold = logging.getLevelNamesMapping()[(level or settings.logging.level).upper()]
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if format_ == "json"
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
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _STDERR)),
        cache_logger_on_first_use=False,
    )
