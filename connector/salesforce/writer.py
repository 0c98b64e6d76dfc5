"""Step 7 of a run: rows of many mails, packed into Composite requests; each row succeeds or fails by itself.

Every row has a unique key, so sending one again is harmless and DUPLICATE_VALUE of that key means that it is there.
What was too much for the org is sent again in halves; a row that was refused for a reason that we can correct is
corrected and sent once more.
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import structlog

from connector.codes import Action
from connector.core.writing.pack import MAX_ROWS, PackedRequest, PackRow, halves, pack
from connector.errors import NoAnswerError, OrgFaultError
from connector.http.subrequest import SubResponse
from connector.model.records import Row, RowResult
from connector.model.run import EventRecord
from connector.model.values import RecordId
from connector.salesforce import soql
from connector.salesforce.client import SalesforceClient
from connector.salesforce.collections import as_collection, as_record, event_request
from connector.salesforce.door import reads_answers
from connector.salesforce.errors import error_for
from connector.salesforce.files import SalesforceFiles
from connector.salesforce.limits import OrgFaultWatch
from connector.salesforce.results import (
    Parents,
    is_locked,
    is_overload,
    may_be_there,
    mended,
    read_results,
    row_results,
    settled_duplicate,
    whole_error,
)
from connector.salesforce.wire import RawJson, as_json

_LOG = structlog.get_logger(__name__)

#: How often a row is sent in all: as it is, then corrected or after a lock.
_ROUNDS = 3
#: requests that may write at a time, at most (`salesforce.writers` may ask for fewer), and smooth ones after which one
#: more is tried
MOST_LANES, SMOOTH = 4, 20
#: Left for keys of a query that looks rows up
_ROOM = soql.MAX_LENGTH - 1_000
#: Where a row stands in what `write` was given: the mail, and the row in it.
Place = tuple[int, int]


class _Lanes:
    """How many requests may write at a time: fewer once one met a lock or took too long, one more after a while."""

    def __init__(self) -> None:
        self._most = MOST_LANES
        self._used = 0
        self._smooth = 0
        self._changed = threading.Condition()

    @contextmanager
    def lane(self) -> Iterator[None]:
        """Wait for a free one and hold it."""
        with self._changed:
            self._changed.wait_for(lambda: self._used < self._most)
            self._used += 1
        try:
            yield
        finally:
            with self._changed:
                self._used -= 1
                self._changed.notify_all()

    def narrow(self, cause: str) -> None:
        """Allow one lane less, after a lock or a time-out; at least one stays."""
        with self._changed:
            self._smooth = 0
            if self._most > 1:
                self._most -= 1
                _LOG.info("Fewer writers", action=Action.WRITERS_REDUCED, cause=cause, writers=self._most)

    def widen(self) -> None:
        """Count a request without a lock; after `SMOOTH` of them allow one lane more."""
        with self._changed:
            self._smooth += 1
            if self._smooth >= SMOOTH and self._most < MOST_LANES:
                self._most, self._smooth = self._most + 1, 0
                self._changed.notify_all()


class SalesforceWriter:
    """The port RecordSink, for one run. Safe from several threads: each writes mails of its own."""

    def __init__(self, client: SalesforceClient, *, attachment_timeout: float = 120) -> None:
        self.files = SalesforceFiles(client, timeout=attachment_timeout)
        self._client = client
        self._watch = OrgFaultWatch()
        self._lanes = _Lanes()
        #: rows of a Collection, halved where they are too much; and the lock of it and of the watch
        self._limit = MAX_ROWS
        self._lock = threading.Lock()

    @reads_answers
    def write(self, mails: Sequence[Sequence[Row]], *, event: EventRecord) -> list[list[RowResult]]:
        """Write the rows of each mail; results in the same shape. Raises OrgFaultError where the org takes none."""
        found: dict[Place, RowResult] = {}
        waiting = {(mail, index): row for mail, rows in enumerate(mails) for index, row in enumerate(rows)}
        mended_before: set[Place] = set()
        unsure: set[int] = set()
        for _ in range(_ROUNDS):
            found |= self._round(waiting, event, unsure)
            waiting = self._again(found, mended_before)
            if not waiting:
                break
        parents = Parents(found)
        results = [
            [parents.settled(found[mail, index]) for index in range(len(rows))] for mail, rows in enumerate(mails)
        ]
        try:
            with self._lock:
                self._watch.see(result for _, result in sorted(found.items()) if not parents.is_missing(result))
        except OrgFaultError as fault:
            fault.written = tuple(result for each in results for result in each)
            raise
        return results

    # -- one round --------------------------------------------------------------------------------------------------

    def _round(self, waiting: Mapping[Place, Row], event: EventRecord, unsure: set[int]) -> dict[Place, RowResult]:
        """Send everything that waits, in halves where it has to be. `unsure` holds the rows that were in a request
        which timed out, by identity: they may be there since."""
        places: dict[int, Place] = {}
        mails: dict[int, list[PackRow]] = {}
        for place, row in waiting.items():
            text = as_json(self._record(row))
            item = PackRow(mail=place[0], row=row, size=len(text), json=text)
            places[id(item)] = place
            mails.setdefault(place[0], []).append(item)
        results: dict[Place, RowResult] = {}
        queue = deque(pack(list(mails.values())))
        while queue:
            request = queue.popleft()
            if _widest(request) > self._limit and self._split(request, queue):
                continue
            for item, result in self._sent(request, queue, event, unsure):
                results[places[id(item)]] = result
        return results

    def _sent(
        self, request: PackedRequest, queue: deque[PackedRequest], event: EventRecord, unsure: set[int]
    ) -> list[tuple[PackRow, RowResult]]:
        """The results of a request; what was too much stands in front of the queue again, in halves."""
        try:
            with self._lanes.lane():
                found = self._send(request, event, unsure)
        except NoAnswerError:
            unsure.update(id(item.row) for item in request.rows)
            self._lanes.narrow("timeout")
            if not self._halve(request, queue, "timeout"):
                raise
            return []
        if any(is_locked(result) for _, result in found):
            self._lanes.narrow("lock")
        else:
            self._lanes.widen()
        overloaded = {id(item) for item, result in found if is_overload(result)}
        if not any(all(id(item) in overloaded for item in collection.rows) for collection in request.collections):
            with self._lock:
                self._limit = min(MAX_ROWS, self._limit * 2)
            return found
        rest = _only(request, {id(item) for item, result in found if not result.done})
        if not self._halve(rest, queue, "overload"):
            return found
        return [(item, result) for item, result in found if result.done]

    def _send(self, request: PackedRequest, event: EventRecord, unsure: set[int]) -> list[tuple[PackRow, RowResult]]:
        """One Composite: the event is touched, then the Collections in order."""
        requests = [event_request(self._client, event)]
        for part in request.collections:
            method = "PATCH" if part.is_update else "POST"
            requests.append(as_collection(part.object, [RawJson((item.json,)) for item in part.rows], method=method))
        answers = self._client.composite(requests, patient=False)
        found: list[tuple[PackRow, RowResult]] = []
        again = self._client.sent_again or any(id(item.row) in unsure for item in request.rows)
        for part, answer in zip(request.collections, answers[1:], strict=True):
            results = self._results([item.row for item in part.rows], answer, again)
            found += zip(part.rows, self._looked_for(results, again), strict=True)
        _LOG.info("Wrote records", action=Action.RECORDS_WRITTEN, rows=len(found))
        return found

    def _results(self, rows: Sequence[Row], answer: SubResponse, again: bool) -> list[RowResult]:
        """The results of a Collection; raises for one refused as a whole, unless it was too much at once."""
        found = row_results(answer)
        if found is not None and len(found) == len(rows):
            return read_results(rows, found, sent_again=again, wire=self._client.names.wire)
        error = whole_error(answer)
        if error.transient:
            return [RowResult(row=row, error=error) for row in rows]
        raise error_for(answer.status, answer.body, asked=f"rows of {rows[0].object}", where=self._client.host)

    def _looked_for(self, results: list[RowResult], again: bool) -> list[RowResult]:
        """The results, once it was looked up whether rows refused as duplicates are there under their own key.

        A message that names our key needs no look. Any other may mean a unique field of the org: then the row is not
        there, or it is there all the same, made by a sending whose answer was lost.
        """
        unknown = [result.row for result in results if may_be_there(result)]
        if not unknown:
            return results
        ids = self._ids_of(unknown)
        return [
            settled_duplicate(result, ids.get(result.row.key), sent_again=again) if may_be_there(result) else result
            for result in results
        ]

    def _ids_of(self, rows: Sequence[Row]) -> dict[str, RecordId]:
        """The ids of rows of one object by their keys, as far as they are there; archived Tasks too."""
        wire, name, field = self._client.names.wire, rows[0].object, rows[0].key_field
        text = wire(soql.select(("Id", field), name)) + f" WHERE IsDeleted = false AND {wire(field)} IN "
        requests = [
            self._client.query(text + soql.in_list(part), f"rows of {name}", deleted=True)
            for part in soql.chunks(sorted({row.key for row in rows}), room=_ROOM)
        ]
        return {
            str(record[field]): RecordId(str(record["Id"]))
            for _, answer in self._client.each(requests)
            for record in self._client.records(answer.body)
        }

    def _record(self, row: Row) -> dict[str, Any]:
        """A row as a Collection carries it. An update is found by id and leaves its key alone."""
        own: dict[str, object] = {"id": row.id} if row.id is not None else {row.key_field: row.key}
        return as_record(self._client.names, row.object, {**own, **row.fields})

    # -- too much at once -------------------------------------------------------------------------------------------

    def _halve(self, request: PackedRequest, queue: deque[PackedRequest], cause: str) -> bool:
        """Put both halves in front, and let what follows be no larger. False where there is nothing to halve."""
        with self._lock:
            self._limit = max(1, _widest(request) // 2)
        if not self._split(request, queue):
            return False
        _LOG.warning("Request is sent in halves", action=Action.REQUEST_HALVED, cause=cause, rows=len(request.rows))
        return True

    @staticmethod
    def _split(request: PackedRequest, queue: deque[PackedRequest]) -> bool:
        first, second = halves(request)
        if not second:
            return False
        queue.extendleft((second, first))
        return True

    # -- results ----------------------------------------------------------------------------------------------------

    def _again(self, results: Mapping[Place, RowResult], mended_before: set[Place]) -> dict[Place, Row]:
        """The rows worth another round: corrected ones (once), those behind a lock, and the children of both."""
        again: dict[Place, Row] = {}
        for place, result in results.items():
            row = None if place in mended_before else mended(result, self._client.identity.user)
            if row is not None:
                mended_before.add(place)
                again[place] = row
            elif is_locked(result):
                again[place] = result.row
        parents = {row.key for row in again.values() if row.object == "Email__c"}
        for place, result in results.items():
            if result.error is not None and Parents.key_of(result) in parents:
                again[place] = result.row
        return dict(sorted(again.items()))


def _widest(request: PackedRequest) -> int:
    return max((len(collection.rows) for collection in request.collections), default=0)


def _only(request: PackedRequest, wanted: set[int]) -> PackedRequest:
    """The request without the rows that are done."""
    collections = (
        replace(collection, rows=tuple(item for item in collection.rows if id(item) in wanted))
        for collection in request.collections
    )
    return PackedRequest(collections=tuple(collection for collection in collections if collection.rows))
