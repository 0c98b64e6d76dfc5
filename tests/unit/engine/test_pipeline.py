"""Deciding ahead of the writing: nothing is decided on while its mail is under way, and nothing is left behind."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from connector.codes import Outcome
from connector.core.deciding.exclude import compile_rules
from connector.engine.decider import Decider
from connector.engine.outcomes import OutcomeLedger
from connector.engine.pipeline import BATCH, Batch, Pipeline
from connector.engine.reader import Reader, WalkedWindow, WindowQueue
from connector.errors import ServiceError
from connector.model.mail import Header
from connector.model.values import GraphUserId
from tests.support.fakes import Calls
from tests.support.firm import Firm


class Chunks:
    """A reader that gives what it was told to, chunk by chunk."""

    def __init__(self, *chunks: list[WalkedWindow]) -> None:
        self._chunks = deque(chunks)
        self.on_take: Callable[[], object] = lambda: None
        self.stopped = threading.Event()

    @property
    def is_over(self) -> bool:
        return not self._chunks

    def take(self, at_least: int) -> list[WalkedWindow]:
        self.on_take()
        return self._chunks.popleft() if self._chunks else []

    def stop(self, *, abandon: bool = False) -> None:
        self.stopped.set()


class ScheduleStore:
    """A firm with one mailbox, and what decides on its mail."""

    def __init__(self) -> None:
        self.firm = Firm()
        self.firm.adviser("ada", 1)
        self.calls = self.firm.org.call = Calls()
        self.ledger = OutcomeLedger()
        self.queue = WindowQueue(self.firm.box("ada"), GraphUserId("ada"), deque())
        self.queue.tree = self.firm.tenant.folders(GraphUserId("ada"))

    def mails(self, number: int, **fields: Any) -> list[Header]:
        return [self.firm.mail("ada", **fields) for _ in range(number)]

    def reading(self, headers: list[Header]) -> list[WalkedWindow]:
        return [WalkedWindow(self.queue, None, tuple(headers))]

    @contextmanager
    def pipeline(self, *chunks: list[Header]) -> Iterator[Pipeline]:
        setup = self.firm.org.read()
        assert setup.settings is not None
        decider = Decider(
            setup,
            setup.settings,
            compile_rules(setup.exclusions),
            source=self.firm.tenant,
            directory=self.firm.org,
            linked={},
            ledger=self.ledger,
        )
        self.reader = Chunks(*(self.reading(headers) for headers in chunks))
        with Pipeline(cast(Reader, self.reader), decider, self.ledger) as pipeline:
            yield pipeline

    def write(self, pipeline: Pipeline, batch: Batch, outcome: Outcome = Outcome.MATCHED) -> None:
        for mail in batch.mails:
            for copy in mail.copies:
                self.ledger.settle(copy.header, outcome)
        pipeline.done(batch)


@pytest.fixture
def desk() -> ScheduleStore:
    return ScheduleStore()


def ids(batch: Batch | None) -> list[str]:
    assert batch is not None
    return [copy.header.id for mail in batch.mails for copy in mail.copies]


def test_what_may_be_a_copy_of_a_mail_under_way_is_decided_on_once_that_is_written(desk: ScheduleStore) -> None:
    first = desk.mails(BATCH)
    copy = desk.firm.mail("ada", id="copy", message_id=first[0].internet_message_id)
    other = desk.mails(BATCH)
    with desk.pipeline(first, [copy, *other]) as pipeline:
        one, two = pipeline.next(wait=True), pipeline.next(wait=True)
        assert one is not None
        assert two is not None
        assert "copy" not in ids(two)
        desk.write(pipeline, one)
        desk.write(pipeline, two)
        assert ids(pipeline.next(wait=True)) == ["copy"]


def test_what_was_written_is_no_longer_under_way_and_the_rest_is(desk: ScheduleStore) -> None:
    first = desk.mails(3 * BATCH)
    copies = {
        desk.firm.mail("ada", id=f"copy of {header.id}", message_id=header.internet_message_id): header.id
        for header in first
    }
    with desk.pipeline(first, [*copies]) as pipeline:
        written = pipeline.next(wait=True)
        assert written is not None
        desk.write(pipeline, written)
        for _ in range(2):
            pipeline.next(wait=True)
        assert sorted(ids(pipeline.next(wait=True))) == sorted(f"copy of {id_}" for id_ in ids(written))
        assert pipeline.next(wait=False) is None


def test_a_message_listed_again_while_it_is_under_way_has_one_outcome(desk: ScheduleStore) -> None:
    first = desk.mails(BATCH)
    with desk.pipeline(first, first[:3]) as pipeline:
        batch = pipeline.next(wait=True)
        assert batch is not None
        again = pipeline.next(wait=True)
        assert (again is not None, ids(again)) == (True, [])
        desk.write(pipeline, batch, Outcome.FAILED)
        while (rest := pipeline.next(wait=True)) is not None:
            assert ids(rest) == []
    assert desk.calls.names.count("look_up") == 1


def test_what_does_not_fill_a_batch_waits_and_is_not_looked_up_again(desk: ScheduleStore) -> None:
    first, second = desk.mails(30), desk.mails(BATCH - 30)
    with desk.pipeline(first, second) as pipeline:
        found: list[str] = []
        while (batch := pipeline.next(wait=True)) is not None:
            assert len(batch.mails) in (0, BATCH)
            found += ids(batch)
            desk.write(pipeline, batch)
    assert sorted(found) == sorted(header.id for header in (*first, *second))
    assert desk.calls.names.count("look_up") == 2


def test_a_copy_of_what_waits_joins_it(desk: ScheduleStore) -> None:
    first = desk.mails(1)
    copy = desk.firm.mail("ada", id="copy", message_id=first[0].internet_message_id)
    with desk.pipeline(first, [copy, first[0]]) as pipeline:
        found: list[list[str]] = []
        while (batch := pipeline.next(wait=True)) is not None:
            found += [sorted(candidate.header.id for candidate in mail.copies) for mail in batch.mails]
            desk.write(pipeline, batch)
    assert found == [sorted([first[0].id, "copy"])]


def test_the_last_chunk_may_hold_nothing_new(desk: ScheduleStore) -> None:
    first = desk.mails(3)
    with desk.pipeline(first, []) as pipeline:
        found = []
        while (batch := pipeline.next(wait=True)) is not None:
            found += ids(batch)
            desk.write(pipeline, batch)
    assert sorted(found) == sorted(header.id for header in first)


def test_windows_are_told_with_the_first_batch_of_their_chunk(desk: ScheduleStore) -> None:
    with desk.pipeline(desk.mails(2 * BATCH), desk.mails(1, from_="nobody@unknown.example")) as pipeline:
        told = []
        while (batch := pipeline.next(wait=True)) is not None:
            told.append((len(batch.mails), len(batch.readings)))
            desk.write(pipeline, batch)
    assert told == [(BATCH, 1), (BATCH, 0), (0, 1)]


def test_the_next_chunk_is_read_when_at_most_one_batch_waits_to_be_taken(desk: ScheduleStore) -> None:
    waiting = []
    with desk.pipeline(*(desk.mails(3 * BATCH) for _ in range(3))) as pipeline:
        desk.reader.on_take = lambda: waiting.append(len(pipeline._ready))
        while (batch := pipeline.next(wait=True)) is not None:
            desk.write(pipeline, batch)
    assert max(waiting) <= 1


def test_what_ends_the_deciding_is_raised_where_batches_are_taken(desk: ScheduleStore) -> None:
    desk.firm.org.down["look_up"] = ServiceError("Salesforce is away")
    with (
        pytest.raises(ServiceError, match="Salesforce is away"),
        desk.pipeline(desk.mails(1)) as pipeline,
    ):
        pipeline.next(wait=True)
    assert desk.reader.stopped.is_set()


def test_leaving_it_early_ends_its_thread(desk: ScheduleStore) -> None:
    with desk.pipeline(*(desk.mails(BATCH) for _ in range(9))) as pipeline:
        pipeline.next(wait=True)
    assert "decider" not in {thread.name for thread in threading.enumerate()}
