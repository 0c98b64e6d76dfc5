"""Step 7: rows into Composite requests, as few as the platform's limits allow.

The order of mails is the caller's (by Account, so that one Account is locked by one request). Inserts go first, in
that order; updates, which never depend on an insert, fill what is left of the last request and follow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from connector.model.records import Row
from connector.model.values import batched

#: Rows of a Collection, Collections of a Composite request (REST guide), and bytes of JSON that we put into one.
MAX_ROWS, MAX_COLLECTIONS, MAX_BYTES = 200, 5, 8_000_000
#: Parents before children. Collections of a request are carried out one after the other.
_ORDER = ("Email__c", "Email_Participant__c", "Task")
#: the kind of a Collection: is it an update, then its object. One Collection is one method and here one object.
_Kind = tuple[bool, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRow:
    """A row to send: `mail` says whose it is, `json` is the row as it is sent, `size` its bytes."""

    mail: int
    row: Row
    size: int
    json: bytes = field(default=b"", compare=False)

    @property
    def is_update(self) -> bool:
        """Whether the row exists: it has an id and is sent with PATCH."""
        return self.row.id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One sub-request: up to 200 rows of one object, all inserts or all updates."""

    object: str
    is_update: bool
    rows: tuple[PackRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedRequest:
    """One Composite request. False when it has no rows."""

    collections: tuple[Collection, ...] = ()

    @property
    def rows(self) -> tuple[PackRow, ...]:
        """All rows in the order in which they are written."""
        return tuple(row for collection in self.collections for row in collection.rows)

    @property
    def size(self) -> int:
        """Bytes of JSON, as the rows estimate them."""
        return sum(row.size for row in self.rows)

    def __bool__(self) -> bool:
        return bool(self.collections)


@dataclass(slots=True, kw_only=True)
class RequestFill:
    """How full one request is: what more it takes."""

    max_collections: int = MAX_COLLECTIONS
    max_rows: int = MAX_ROWS
    max_bytes: int = MAX_BYTES
    counts: dict[_Kind, int] = field(default_factory=dict)
    size: int = 0

    def fits(self, rows: Iterable[Row], size: int) -> bool:
        """Whether these rows fit, which take `size` bytes of JSON."""
        if self.size + size > self.max_bytes:
            return False
        counts = dict(self.counts)
        for row in rows:
            kind = _kind(row)
            counts[kind] = counts.get(kind, 0) + 1
        return self._collections(counts) <= self.max_collections

    def take(self, rows: Iterable[Row], size: int) -> None:
        """Put them in, whether they fit or not."""
        for row in rows:
            kind = _kind(row)
            self.counts[kind] = self.counts.get(kind, 0) + 1
        self.size += size

    @property
    def is_over(self) -> bool:
        """Whether more is in it than one request takes."""
        return self.size > self.max_bytes or self._collections(self.counts) > self.max_collections

    def _collections(self, counts: Mapping[_Kind, int]) -> int:
        return sum(-(-count // self.max_rows) for count in counts.values())


def pack(
    mails: Sequence[Sequence[PackRow]],
    *,
    max_collections: int = MAX_COLLECTIONS,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
) -> list[PackedRequest]:
    """The requests that carry the rows of `mails`, each row once and a parent never after its child.

    The rows of a mail that fit into one request stay together, inserts and updates apart; the rows of a larger one
    go on in the next. A row that is larger than `max_bytes` alone gets a request to itself.
    """
    if max_collections < 1 or max_rows < 1:
        raise ValueError("a request needs room for a row")
    packer = _Packer(max_collections=max_collections, max_rows=max_rows, max_bytes=max_bytes)
    for update in (False, True):
        for mail in mails:
            packer.add(sorted((row for row in mail if row.is_update is update), key=_kind_of))
    return packer.close()


def halves(request: PackedRequest) -> tuple[PackedRequest, PackedRequest]:
    """`request` in two, for one that was too much for the service; to be sent in this order.

    Mails stay whole where there are several; the rows of a single one are split behind its parent. The second is
    empty when there is nothing to split.
    """
    rows = sorted(request.rows, key=lambda row: (row.mail, _kind_of(row)))
    middle = _middle(rows)
    widest = max((len(collection.rows) for collection in request.collections), default=1)
    return _request(rows[:middle], widest), _request(rows[middle:], widest)


def _middle(rows: Sequence[PackRow]) -> int:
    """The end of a mail nearest to the middle; the middle itself where there is only one mail."""
    ends = [index for index, (one, other) in enumerate(pairwise(rows), start=1) if one.mail != other.mail]
    return min(ends, key=lambda end: abs(2 * end - len(rows)), default=(len(rows) + 1) // 2)


def _kind(row: Row) -> _Kind:
    name = row.object
    return row.id is not None, _ORDER.index(name) if name in _ORDER else len(_ORDER), name


def _kind_of(row: PackRow) -> _Kind:
    return _kind(row.row)


def _request(rows: Iterable[PackRow], max_rows: int) -> PackedRequest:
    kinds: dict[_Kind, list[PackRow]] = {}
    for row in rows:
        kinds.setdefault(_kind_of(row), []).append(row)
    return PackedRequest(
        collections=tuple(
            Collection(object=kind[2], is_update=kind[0], rows=tuple(part))
            for kind in sorted(kinds)
            for part in batched(kinds[kind], max_rows)
        )
    )


class _Packer:
    """Fills one request after the other."""

    def __init__(self, *, max_collections: int, max_rows: int, max_bytes: int) -> None:
        self._empty = RequestFill(max_collections=max_collections, max_rows=max_rows, max_bytes=max_bytes)
        self._done: list[PackedRequest] = []
        self._rows: list[PackRow] = []
        self._fill = replace(self._empty, counts={})

    def add(self, rows: Sequence[PackRow]) -> None:
        """Take the rows of one mail: into this request, or the next, or as many as it needs."""
        if not self._fits(rows):
            self._flush()
        if self._fits(rows):
            self._take(rows)
            return
        for row in rows:
            if not self._fits([row]):
                self._flush()
            self._take([row])

    def close(self) -> list[PackedRequest]:
        self._flush()
        return self._done

    def _fits(self, rows: Sequence[PackRow]) -> bool:
        return self._fill.fits((row.row for row in rows), sum(row.size for row in rows))

    def _take(self, rows: Sequence[PackRow]) -> None:
        self._fill.take((row.row for row in rows), sum(row.size for row in rows))
        self._rows.extend(rows)

    def _flush(self) -> None:
        if self._rows:
            self._done.append(_request(self._rows, self._empty.max_rows))
        self._rows, self._fill = [], replace(self._empty, counts={})
