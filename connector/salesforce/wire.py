"""Names and values as the org knows them: our own objects and fields with the namespace's prefix, values in JSON.

Only here a namespace is known: every name that goes out or comes in passes through `Names`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from connector.core.writing.text import unreferenced
from connector.model.values import RecordId

#: Custom objects and fields (`__c`), and the relationships along them (`__r`).
_CUSTOM = re.compile(r"\b([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*__[cr])\b")


class Names:
    """Adds the namespace to our names, and takes it off again. Without a namespace nothing changes."""

    def __init__(self, namespace: str = "") -> None:
        self._prefix = f"{namespace}__" if namespace else ""

    def wire(self, text: str) -> str:
        """Our names in a path, a field list or a query template as the org knows them. Never for text of others."""
        return _CUSTOM.sub(rf"{self._prefix}\1", text) if self._prefix else text

    def to_wire(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A row to send, parents named by external id included."""
        if not self._prefix:
            return dict(fields)
        return {
            self.wire(name): self.to_wire(value) if isinstance(value, Mapping) else value
            for name, value in fields.items()
        }

    def plain(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record that was read, with our own names, in its parents and child rows too."""
        return {name.removeprefix(self._prefix): self._plain(value) for name, value in record.items()}

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.plain(value)
        return [self._plain(item) for item in value] if isinstance(value, list) else value


def wire_value(value: Any) -> Any:
    """A field's value for a request: datetimes in UTC with milliseconds, dates in ISO form, parents recursively."""
    if isinstance(value, str):
        return unreferenced(value)
    if isinstance(value, datetime):
        return _wire_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return wire_fields(value) if isinstance(value, dict) else value


@lru_cache(maxsize=4096)  # the rows of a mail have the same times
def _wire_instant(value: datetime) -> str:
    if value.utcoffset() is None:
        raise ValueError("a datetime needs a time zone")
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def wire_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of a row for a request."""
    return {name: wire_value(value) for name, value in fields.items()}


@dataclass(frozen=True, slots=True)
class RawJson:
    """JSON that was written already, in pieces: rows are serialised once, when they are sized, and joined once, when
    the whole request is sent."""

    pieces: tuple[bytes, ...]


def as_json(value: Any) -> bytes:
    """A value of a request as JSON, in ASCII."""
    if isinstance(value, RawJson):
        return b"".join(value.pieces)
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")


def json_pieces(value: Any) -> tuple[bytes, ...]:
    """The same in pieces that are to be joined."""
    return value.pieces if isinstance(value, RawJson) else (as_json(value),)


def read_instant(text: str) -> datetime:
    """A DateTime field of an answer (`2026-01-31T08:00:00.000+0000`), in UTC. Raises ValueError without a zone."""
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError(f"no time zone: {text}")
    return moment.astimezone(UTC)


def full_id(short: str) -> RecordId:
    """A record id with its three check characters: error messages give the first 15 only.

    Salesforce help, "18-character IDs": one character for each group of five, by which letters of it are capitals.
    """
    if len(short) != 15:
        return RecordId(short)
    groups = (short[0:5], short[5:10], short[10:15])
    return RecordId(short + "".join(_CHECK[sum(c.isupper() << i for i, c in enumerate(group))] for group in groups))


_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
