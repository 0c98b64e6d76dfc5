"""The bulk jobs of an org: what each is, the batches in it, and the work that is still to do.

The server does a slice of work between requests, 200 rows at a time, so that a job of any size keeps nobody waiting;
batches are worked off one after the other. Jobs live as long as the sandbox runs.
"""

import time
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.jobs.dialect import BatchRefusedError, Dialect
from m365sandbox.salesforce.jobs.spool import Spool

QUERIES = frozenset({"query", "queryAll"})
OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
FINISHED = frozenset({"JobComplete", "Failed", "Aborted"})
#: The platform keeps jobs for seven days; this bounds what a sandbox that runs for days holds.
_KEPT = 1_000

Kind = Literal["V2Ingest", "V2Query", "Classic"]
BatchState = Literal["Queued", "InProgress", "Completed", "Failed", "Not Processed"]


@dataclass(slots=True, kw_only=True)
class Batch:
    """Data of a job that is processed by itself. `passed` is how far in the data the processed rows reach, `header` how
    far the names of the columns do. `results` holds an answer per row; of a query `starts` are the places where each
    record begins.
    """

    id: str
    created: datetime
    modified: datetime
    data: Spool = field(default_factory=Spool)
    content: str = "CSV"
    state: BatchState = "Queued"
    message: str = ""
    processed: int = 0
    failed: int = 0
    milliseconds: int = 0
    header: int = 0
    passed: int = 0
    columns: list[str] = field(default_factory=list)
    results: Spool = field(default_factory=Spool)
    refused: Spool = field(default_factory=Spool)
    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    result_id: str = ""

    def close(self) -> None:
        """Let go of the data."""
        for spool in (self.data, self.results, self.refused):
            spool.close()


@dataclass(slots=True, kw_only=True)
class Job:
    """One job of any of the Bulk APIs. `state` is a word of the API that made it."""

    id: str
    kind: Kind
    user_id: str
    version: str
    operation: str
    object: str
    created: datetime
    modified: datetime
    state: str = "Open"
    external_id: str | None = None
    concurrency: str = "Parallel"
    content: str = "CSV"
    query: str = ""
    dialect: Dialect = field(default_factory=Dialect)
    assignment_rule: str | None = None
    batches: list[Batch] = field(default_factory=list)

    @property
    def batch(self) -> Batch:
        """The one batch of a job of Bulk API 2.0."""
        return self.batches[0]

    @property
    def is_query(self) -> bool:
        """Whether it reads rows."""
        return self.operation in QUERIES


#: Works a batch off, a slice at each step. Raises BatchRefusedError where the data cannot be processed.
Worker = Callable[[Job, Batch], Iterator[None]]


class Jobs:
    """The jobs of one org."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[tuple[Job, Batch, Worker]] = deque()
        self._running: Iterator[None] | None = None
        self._last = 0

    def add(self, **values: Any) -> Job:
        """A new job."""
        now = self._now()
        job = Job(id=self._id("750"), created=now, modified=now, **values)
        self._jobs[job.id] = job
        for old in list(self._jobs.values())[: max(0, len(self._jobs) - _KEPT)]:
            if all(item.state not in ("Queued", "InProgress") for item in old.batches):
                self.forget(old)
        return job

    def add_batch(self, job: Job, content: str = "CSV") -> Batch:
        """A new batch of a job; it waits for nothing until it is queued."""
        now = self._now()
        batch = Batch(id=self._id("751"), created=now, modified=now, content=content, result_id=self._id("752"))
        job.batches.append(batch)
        return batch

    def _id(self, prefix: str) -> str:
        self._last += 1
        return ids.make(prefix, self._last)

    def find(self, job_id: str) -> Job | None:
        """The job of an id in either of its forms."""
        return self._jobs.get(ids.normalise(job_id) or "")

    def all(self) -> list[Job]:
        """Every job, newest first."""
        return list(reversed(self._jobs.values()))

    def forget(self, job: Job) -> None:
        """Drop a job with its data."""
        self.abort(job)
        self._jobs.pop(job.id, None)
        for batch in job.batches:
            batch.close()

    def forget_all(self) -> None:
        """Drop every job, as after a reset."""
        for job in list(self._jobs.values()):
            self.forget(job)

    def touch(self, job: Job, batch: Batch | None = None) -> None:
        """Something about the job has changed."""
        job.modified = self._now()
        if batch is not None:
            batch.modified = job.modified

    # --- the work

    def queue(self, job: Job, batch: Batch, worker: Worker) -> None:
        """Have a batch worked off after those that wait already."""
        self._waiting.append((job, batch, worker))

    def abort(self, job: Job) -> None:
        """Take the job's batches out of the queue; rows that were written stay."""
        for waiting in list(self._waiting):
            if waiting[0] is job:
                self._drop(waiting)

    def _drop(self, waiting: tuple[Job, Batch, Worker]) -> None:
        if waiting is self._waiting[0]:
            self._running = None
        self._waiting.remove(waiting)
        waiting[1].state = "Not Processed"

    def work(self) -> bool:
        """Do a slice of what is to do. False where nothing is left."""
        if not self._waiting:
            return False
        job, batch, worker = self._waiting[0]
        started = time.perf_counter()
        try:
            if self._running is None:
                batch.state = "InProgress"
                self._running = worker(job, batch)
            next(self._running)
        except StopIteration:
            self._finish(batch, "Completed")
        except BatchRefusedError as refused:
            batch.message = str(refused)
            self._finish(batch, "Failed")
        except BaseException:
            # a fault of ours: the job must not seem to be complete, nor stand before the others for ever
            batch.message = "InternalServerError : The sandbox failed, see its log"
            self._finish(batch, "Failed")
            raise
        batch.milliseconds += round((time.perf_counter() - started) * 1000)
        self.touch(job, batch)
        return bool(self._waiting)

    def _finish(self, batch: Batch, state: BatchState) -> None:
        batch.state = state
        self._running = None
        self._waiting.popleft()


def stamp(instant: datetime) -> str:
    """An instant as Bulk API 2.0 writes it, with its zone in digits."""
    return format_datetime(instant).replace("Z", "+0000")
