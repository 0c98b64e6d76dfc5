"""Query cursors: the records of a result, kept for its further pages.

REST guide, "Query": a page holds 2,000 records unless `Sforce-Query-Options: batchSize=n` (200 to 2,000) asks for
fewer; a cursor belongs to its user and lives two days.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.errors import ApiError

MAX_PAGE = 2000
MIN_PAGE = 200
_LIFETIME = timedelta(days=2)
#: The platform keeps any number; this bounds the memory of a sandbox that runs for days.
_KEPT = 500

_OPTION = re.compile(r"\s*batchSize\s*=\s*(\d+)\s*", re.IGNORECASE | re.ASCII)
_LOCATOR = re.compile(r"([0-9A-Za-z]{18})-(\d{1,9})", re.ASCII)


def page_size(option: str | None) -> int:
    """The page size that a Sforce-Query-Options header asks for."""
    if not option:
        return MAX_PAGE
    match = _OPTION.fullmatch(option)
    if match is None:
        raise ApiError(400, "INVALID_QUERY_OPTIONS", f"Invalid Sforce-Query-Options header: {option}")
    return min(MAX_PAGE, max(MIN_PAGE, int(match[1])))


@dataclass(frozen=True, slots=True)
class _Cursor:
    user_id: str
    opened_at: datetime
    records: Sequence[dict[str, Any]]
    size: int
    nested: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, when, and the path that links start with."""

    user_id: str
    now: datetime
    root: str


class Cursors:
    """The open cursors of an org."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Cursor] = OrderedDict()
        self._last = 0

    def first_page(
        self, records: Sequence[dict[str, Any]], total: int, size: int, reader: Reader, *, nested: bool = False
    ) -> dict[str, Any]:
        """The answer to a query; opens a cursor where there are more records than fit on a page.

        `nested` says that records may hold child records, which count as well (REST guide, "Query Options Header").
        """
        if len(records) <= size and not nested:
            return {"totalSize": total, "done": True, "records": list(records)}
        cursor = _Cursor(reader.user_id, reader.now, records, size, nested)
        return {**self._page(cursor, None, 0, reader), "totalSize": total}

    def next_page(self, locator: str, reader: Reader) -> dict[str, Any]:
        """The page that a nextRecordsUrl names; it may be asked for again."""
        match = _LOCATOR.fullmatch(locator)
        cursor = self._open.get(match[1]) if match else None
        if match is None or cursor is None or cursor.user_id != reader.user_id:
            raise _unknown()
        start = int(match[2])
        if start >= len(cursor.records) or reader.now - cursor.opened_at > _LIFETIME:
            raise _unknown()
        return self._page(cursor, match[1], start, reader)

    def forget_all(self) -> None:
        """Close every cursor, as after a reset."""
        self._open.clear()

    def _page(self, cursor: _Cursor, cursor_id: str | None, start: int, reader: Reader) -> dict[str, Any]:
        records = list(cursor.records[start : start + cursor.size])
        if cursor.nested:
            records = self._fitting(records, cursor.size, reader)
        end = start + len(records) if records else start + cursor.size
        page: dict[str, Any] = {"totalSize": len(cursor.records), "done": end >= len(cursor.records)}
        if not page["done"]:
            page["nextRecordsUrl"] = f"{reader.root}/query/{cursor_id or self._keep(cursor)}-{end}"
        page["records"] = records
        return page

    def _keep(self, cursor: _Cursor) -> str:
        self._last += 1
        cursor_id = ids.make("01g", self._last)
        self._open[cursor_id] = cursor
        while len(self._open) > _KEPT:
            self._open.popitem(last=False)
        return cursor_id

    def _fitting(self, records: list[dict[str, Any]], size: int, reader: Reader) -> list[dict[str, Any]]:
        """As many of the records as fill a page with their children, but one at least."""
        kept: list[dict[str, Any]] = []
        room = size
        for record in records:
            cut = {name: self._cut(value, size, reader) for name, value in record.items()}
            room -= _weight(cut)
            if kept and room < 0:
                break
            kept.append(cut)
        return kept

    def _cut(self, value: Any, size: int, reader: Reader) -> Any:
        """Child records beyond a page's size get a cursor of their own."""
        if not _is_children(value):
            return value
        cursor = _Cursor(reader.user_id, reader.now, value["records"], size, nested=True)
        return self._page(cursor, None, 0, reader)


def _is_children(value: Any) -> bool:
    return isinstance(value, dict) and "records" in value


def _weight(record: dict[str, Any]) -> int:
    """A record and all below it."""
    below = (child for value in record.values() if _is_children(value) for child in value["records"])
    return 1 + sum(_weight(child) for child in below)


def _unknown() -> ApiError:
    return ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
