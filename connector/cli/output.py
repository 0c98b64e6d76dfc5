"""Standard output for programs, and errors: with --json standard output is JSON only, one object on the last line."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

from connector.core.reporting.printable import printable, printable_json
from connector.errors import ErrorDetail


def show_json(value: dict[str, Any]) -> None:
    """Print one JSON object on one line of standard output."""
    print(printable_json(json.dumps(value, ensure_ascii=False)), flush=True)


def iso(instant: datetime) -> str:
    """A time in UTC, as JSON objects have it."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def print_error(text: str) -> None:
    """Print one line on standard error; its white space is one space each, other controls are escaped."""
    print(f"error: {printable(' '.join(text.split()))}", file=sys.stderr, flush=True)


def show_trace(text: str) -> None:
    """Print a traceback on standard error; the message of an error may hold text of a mail."""
    print(printable(text, keep="\n"), file=sys.stderr, flush=True)


def show_error(error: ErrorDetail, *, as_json: bool) -> None:
    """`error: WHAT (WHERE). REMEDY` on standard error; with --json also an object on standard output."""
    print_error(str(error))
    if as_json:
        show_json({"error": error.to_json()})
