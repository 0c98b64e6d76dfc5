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

from connector.sandbox.salesforce import ids
from connector.sandbox.salesforce.errors import ApiError

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


class Cursors:
    """The open cursors of an org."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Cursor] = OrderedDict()
        self._last = 0

    def first_page(
        self, records: Sequence[dict[str, Any]], total: int, size: int, user_id: str, now: datetime, root: str
    ) -> dict[str, Any]:
        """The answer to a query; opens a cursor where there are more records than fit on a page."""
        if len(records) <= size:
            return {"totalSize": total, "done": True, "records": list(records)}
        self._last += 1
        cursor_id = ids.make("01g", self._last)
        self._open[cursor_id] = _Cursor(user_id, now, records, size)
        while len(self._open) > _KEPT:
            self._open.popitem(last=False)
        return self._page(cursor_id, 0, root)

    def next_page(self, locator: str, user_id: str, now: datetime, root: str) -> dict[str, Any]:
        """The page that a nextRecordsUrl names; it may be asked for again."""
        match = _LOCATOR.fullmatch(locator)
        cursor = self._open.get(match[1]) if match else None
        if match is None or cursor is None or cursor.user_id != user_id or now - cursor.opened_at > _LIFETIME:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        start = int(match[2])
        if start >= len(cursor.records):
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(match[1], start, root)

    def forget_all(self) -> None:
        """Close every cursor, as after a reset."""
        self._open.clear()

    def _page(self, cursor_id: str, start: int, root: str) -> dict[str, Any]:
        cursor = self._open[cursor_id]
        end = start + cursor.size
        page: dict[str, Any] = {"totalSize": len(cursor.records), "done": end >= len(cursor.records)}
        if not page["done"]:
            page["nextRecordsUrl"] = f"{root}/query/{cursor_id}-{end}"
        page["records"] = list(cursor.records[start:end])
        return page
