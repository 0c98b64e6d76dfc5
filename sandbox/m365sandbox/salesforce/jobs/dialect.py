"""CSV as the Bulk APIs read and write it.

Bulk API guide, "Prepare CSV Files"; the words of refusals, and what is counted for the limits, are those of the
platform's own reader (com.sforce.async.CSVReader in forcedotcom/wsc). Records are read one by one, so a file of any
size takes the memory of one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
MAX_RECORD_CHARACTERS = 400_000
MAX_HEADER_CHARACTERS = 32_000
MAX_COLUMNS = 5_000
#: A record of this many bytes holds too many characters whatever they are, so no more of it is read.
_MAX_RECORD_BYTES = 8 * MAX_RECORD_CHARACTERS

_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')


class BatchRefusedError(Exception):
    """The data as a whole cannot be processed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} : {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a job's data is written. Without a line ending (Bulk API 1), either one is taken."""

    delimiter: str = "COMMA"
    line_ending: str | None = None

    def line(self, values: Iterable[str]) -> bytes:
        """One record of an answer: every value in quotes."""
        quoted = ('"' + value.replace('"', '""') + '"' for value in values)
        return (DELIMITERS[self.delimiter].join(quoted) + LINE_ENDINGS[self.line_ending or "LF"]).encode()

    def records(self, lines: Iterable[bytes]) -> Iterator[tuple[list[str], int]]:
        """The records of a file by its lines, each with the place where it ends. Raises BatchRefusedError."""
        separator = DELIMITERS[self.delimiter]
        place = 0
        for raw in self._joined(lines):
            place += len(raw)
            try:
                text = raw.decode().rstrip("\r\n")
            except UnicodeDecodeError:
                raise _unreadable("The data is not in UTF-8") from None
            if text:
                yield _checked(_split(text, separator)), place

    def _joined(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines of the file, those within quotes joined to one record."""
        waiting: list[bytes] = []
        quotes = size = 0
        for line in lines:
            self._check_ending(line)
            quotes += line.count(b'"')
            if not waiting and not quotes % 2:
                quotes = 0
                yield line
                continue
            waiting.append(line)
            size += len(line)
            if not quotes % 2:
                yield b"".join(waiting)
                waiting, quotes, size = [], 0, 0
            elif size > _MAX_RECORD_BYTES:
                raise _too_long(size)
        if waiting:
            raise _unreadable("EOF reached before closing an opened quote")

    def _check_ending(self, line: bytes) -> None:
        """The line ending of the job holds for all of the data, values in quotes included (observed)."""
        if self.line_ending is None or not line.endswith(b"\n"):
            return
        if line.endswith(b"\r\n") is not (self.line_ending == "CRLF"):
            message = f"LineEnding is invalid on user data. Current LineEnding setting is {self.line_ending}"
            raise BatchRefusedError("ClientInputError", message)


def _unreadable(reason: str) -> BatchRefusedError:
    return BatchRefusedError("InvalidBatch", f"Failed to parse CSV. {reason}")


def _too_long(length: int) -> BatchRefusedError:
    limit = f"Max length for one record should be less than or equal to {MAX_RECORD_CHARACTERS}"
    return _unreadable(f"Exceeded max length for one record: {length}. {limit}")


def _checked(values: list[str]) -> list[str]:
    length = sum(map(len, values))
    if length > MAX_RECORD_CHARACTERS:
        raise _too_long(length)
    if len(values) > MAX_COLUMNS:
        limit = f"Number of columns per record should be less than or equal to {MAX_COLUMNS}"
        raise _unreadable(f"Exceeded max number of columns per record: {len(values)}. {limit}")
    return values


def _split(text: str, separator: str) -> list[str]:
    if '"' not in text:
        return text.split(separator)
    values: list[str] = []
    place = 0
    while True:
        value, place = _quoted(text, place) if text.startswith('"', place) else _plain(text, place, separator)
        values.append(value)
        if place == len(text):
            return values
        if text[place] != separator:
            raise _unreadable("Not expecting more text after end quote")
        place += 1


def _quoted(text: str, place: int) -> tuple[str, int]:
    found = _QUOTED.match(text, place)
    if found is None:
        raise _unreadable("EOF reached before closing an opened quote")
    return found[1].replace('""', '"'), found.end()


def _plain(text: str, place: int, separator: str) -> tuple[str, int]:
    end = text.find(separator, place)
    end = len(text) if end < 0 else end
    value = text[place:end]
    if '"' in value:
        raise _unreadable("Found unescaped quote. A value with quote should be within a quote")
    return value, end


def check_header(names: Sequence[str]) -> None:
    """Refuse a header that is too long (the guide has no words for it: they are ours)."""
    if sum(map(len, names)) > MAX_HEADER_CHARACTERS:
        raise _unreadable(f"The header row holds more than {MAX_HEADER_CHARACTERS} characters")
