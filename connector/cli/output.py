"""Standard output for programs, and errors: with --json standard output is JSON only, one object on the last line."""

import io
import json
import sys
import threading
from datetime import UTC, datetime
from typing import Any, TextIO

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


class PatientErrors(io.TextIOBase):
    """Standard error for a process that has to go on where its log cannot be written, as on a full disk.

    What cannot be written is counted, and said by the first line that can be.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lock = threading.Lock()
        self._lost = 0

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only; typeshed has an attribute
        """As the stream's, by which rich decides what it may draw."""
        return self._stream.encoding

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Whether a person is looking."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's."""
        return self._stream.fileno()

    def write(self, text: str, /) -> int:
        """Write, or count it as lost."""
        with self._lock:
            try:
                if self._lost:
                    lost = {"event": "Lines of the log could not be written", "lines": self._lost, "level": "warning"}
                    self._stream.write(json.dumps(lost) + "\n")
                    self._stream.flush()
                    self._lost = 0
                self._stream.write(text)
                self._stream.flush()
            except OSError:
                self._lost += text.count("\n")
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""
