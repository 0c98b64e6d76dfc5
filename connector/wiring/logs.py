"""Log lines on standard error. Nothing is logged anywhere else."""

import logging
import sys

import structlog

from connector.settings.model import Settings


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
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
