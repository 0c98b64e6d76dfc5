"""Deciding ahead of the writing: nothing is decided on while its mail is under way, and nothing is left behind."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from connector.codes import Outcome
from connector.engine.decider import Decider, Mail
from connector.engine.outcomes import OutcomeLedger
from connector.engine.pipeline import (
    BATCH,
    CHUNK_LEAST,
    CHUNK_MOST,
    CHUNK_STORED,
    FIRST_CHUNK,
    OF_ONE_MAILBOX,
    WAITING,
    Batch,
    Pipeline,
)
from connector.engine.reader import Reader
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.errors import ServiceError
from connector.model.mail import Header
from connector.model.run import Failure, Window, WindowKind
from connector.model.values import GraphUserId
from tests.support.builders import at
from tests.support.fakes import Calls
from tests.support.firm import STRANGER, Firm
from tests.unit.engine.contexts import context_of

STUCK = 30


class Chunks:
    """A reader that gives what it was told to, chunk by chunk."""

    def __init__(self, *chunks: list[WalkedWindow]) -> None:
        self._chunks = deque(chunks)
        self.on_take: Callable[[], object] = lambda: None
        self.asked: list[int] = []
        self.stopped = threading.Event()

    def take(self, at_least: int) -> list[WalkedWindow]:
        self.asked.append(at_least)
        self.on_take()
        return self._chunks.popleft() if self._chunks else []

    def stop(self, *, abandon: bool = False) -> None:
        self.stopped.set()


class Desk:
    """A firm with one mailbox, and what decides on its mail."""

    def __init__(self) -> None:
        self.firm = Firm()
        self.firm.adviser("ada", 1)
        self.calls = self.firm.org.call = Calls()
        self.ledger = OutcomeLedger()
        self.queue = WindowQueue(self.firm.box("ada"), GraphUserId("ada"))
        self.queue.tree = self.firm.tenant.folders(GraphUserId("ada"))
        self.windows = 0
        #: called before the reader gives a chunk
        self.on_take: Callable[[], object] = lambda: None

    def mails(self, number: int, **fields: Any) -> list[Header]:
        return [self.firm.mail("ada", **fields) for _ in range(number)]

    def reading(self, headers: Sequence[Header]) -> WalkedWindow:
        """A window with these messages, a day of its own."""
        self.windows += 1
        start, end = at(days=self.windows), at(days=self.windows + 1)
        window = Window(mailbox=self.queue.mailbox.id, start=start, end=end, kind=WindowKind.BACKFILL)
        return WalkedWindow(self.queue, window, tuple(headers))

    @contextmanager
    def pipeline(self, *chunks: list[Header], **how: Any) -> Iterator[Pipeline]:
        context = context_of(self.firm.org.read(), source=self.firm.tenant, directory=self.firm.org, ledger=self.ledger)
        self.reader = Chunks(*([self.reading(headers)] for headers in chunks))
        self.reader.on_take = self.on_take
        with Pipeline(cast(Reader, self.reader), Decider(context), self.ledger, **how) as pipeline:
            yield pipeline

    def write(self, pipeline: Pipeline, batch: Batch, outcome: Outcome = Outcome.MATCHED) -> None:
        """As the stages behind it do: into the pool of the writers, and out of it."""
        pipeline.delivered(batch)
        for mail in batch:
            for copy in mail.copies:
                self.ledger.settle(copy.header, outcome)
        pipeline.done(batch)

    def closed(self) -> int:
        """Windows that were closed since this was asked last."""
        return len(self.ledger.take_closed())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def taken(pipeline: Pipeline) -> Sequence[Mail]:
    batch = pipeline.next()
    assert batch is not None
    return batch


def ids(batch: Batch) -> list[str]:
    return [copy.header.id for mail in batch for copy in mail.copies]


def test_what_may_be_a_copy_of_a_mail_under_way_is_decided_on_once_that_is_written(desk: Desk) -> None:
    first = desk.mails(OF_ONE_MAILBOX)
    copy = desk.firm.mail("ada", id="copy", message_id=first[0].internet_message_id)
    other = desk.mails(OF_ONE_MAILBOX - 1)  # so that the copy would be in the same batch
    with desk.pipeline(first, [copy, *other]) as pipeline:
        one, two = taken(pipeline), taken(pipeline)
        assert "copy" not in ids(two)
        assert sorted(ids(two)) == sorted(header.id for header in other)
        desk.write(pipeline, one)
        desk.write(pipeline, two)
        assert ids(taken(pipeline)) == ["copy"]


def test_after_the_last_window_a_copy_waits_for_its_own_mail_alone(desk: Desk) -> None:
    first = desk.mails(OF_ONE_MAILBOX)
    copy = desk.firm.mail("ada", id="copy", message_id=first[0].internet_message_id)
    with ThreadPoolExecutor(1) as threads, desk.pipeline(first, [copy, *desk.mails(OF_ONE_MAILBOX)]) as pipeline:
        one, two = taken(pipeline), taken(pipeline)
        desk.write(pipeline, one)
        third = threads.submit(taken, pipeline).result(STUCK)  # the second batch is still under way
        assert ids(third) == ["copy"]
        desk.write(pipeline, third)
        assert not threads.submit(pipeline.next).done()  # a mail of the second may come back yet
        desk.write(pipeline, two)


def test_what_was_written_is_no_longer_under_way_and_the_rest_is(desk: Desk) -> None:
    first = desk.mails(4 * OF_ONE_MAILBOX)
    copies = {
        desk.firm.mail("ada", id=f"copy of {header.id}", message_id=header.internet_message_id): header.id
        for header in first
    }
    go = threading.Event()
    desk.on_take = lambda: go.wait(STUCK) if len(desk.reader.asked) == 2 else None
    with desk.pipeline(first, [*copies]) as pipeline:
        written, *others = [taken(pipeline) for _ in range(4)]
        desk.write(pipeline, written)
        go.set()
        assert sorted(ids(taken(pipeline))) == sorted(f"copy of {id_}" for id_ in ids(written))
        for other in others:
            desk.write(pipeline, other)


def test_a_message_listed_again_while_it_is_under_way_has_one_outcome(desk: Desk) -> None:
    """The second road lists it too: whatever became of it meanwhile, it is not tried a second time."""
    first = desk.mails(OF_ONE_MAILBOX)
    with desk.pipeline(first, first[:3]) as pipeline:
        desk.write(pipeline, taken(pipeline), Outcome.FAILED)
        assert pipeline.next() is None
    assert desk.calls.names.count("look_up") == 1


def test_a_chunk_is_handed_out_whole_in_batches_and_looked_up_once(desk: Desk) -> None:
    """Full requests are the business of the writers' pool, so that nothing has to wait here."""
    first, second = desk.mails(2 * OF_ONE_MAILBOX + 3), desk.mails(5)
    with desk.pipeline(first, second) as pipeline:
        found, sizes = list[str](), list[int]()
        while (batch := pipeline.next()) is not None:
            sizes.append(len(batch))
            found += ids(batch)
            desk.write(pipeline, batch)
    assert max(sizes) == OF_ONE_MAILBOX
    assert sum(sizes) == 20
    assert sorted(found) == sorted(header.id for header in (*first, *second))
    assert desk.calls.names.count("look_up") == 2


def test_a_batch_is_of_many_mailboxes_by_turns_and_of_one_holds_few(desk: Desk) -> None:
    """A mailbox allows few requests at a time, and a batch waits for its last body."""
    names = [f"adviser{number}" for number in range(20)]
    for number, name in enumerate(names, start=2):
        desk.firm.adviser(name, number)
    many = [desk.firm.mail("ada") for _ in range(60)]
    few = [desk.firm.mail(name) for name in names for _ in range(2)]
    with desk.pipeline([*many, *few]) as pipeline:
        batches = []
        while (batch := pipeline.next()) is not None:
            batches.append([mail.chosen.mailbox for mail in batch])
            desk.write(pipeline, batch)
    assert sum(map(len, batches)) == 100
    assert len(batches[0]) <= BATCH
    assert len(set(batches[0])) == 21
    assert {max(map(batch.count, batch)) for batch in batches} == {OF_ONE_MAILBOX}


def test_copies_in_one_chunk_are_one_mail(desk: Desk) -> None:
    first = desk.mails(1)
    copy = desk.firm.mail("ada", id="copy", message_id=first[0].internet_message_id)
    with desk.pipeline([copy, *first, first[0]]) as pipeline:
        [mail] = batch = taken(pipeline)
        assert sorted(candidate.header.id for candidate in mail.copies) == sorted([first[0].id, "copy"])
        desk.write(pipeline, batch)
        assert pipeline.next() is None


def test_a_chunk_may_hold_nothing_new(desk: Desk) -> None:
    first = desk.mails(3)
    with desk.pipeline([], first, desk.mails(4, from_=STRANGER), []) as pipeline:
        found = []
        while (batch := pipeline.next()) is not None:
            found += ids(batch)
            desk.write(pipeline, batch)
    assert sorted(found) == sorted(header.id for header in first)
    assert desk.ledger.by_outcome()[Outcome.UNMATCHED_DROPPED] == 4


def test_what_failed_before_is_decided_on_first_and_every_window_is_sifted(desk: Desk) -> None:
    again, one, left_out = desk.mails(3)
    sifted: list[int] = []

    def sift(window: WalkedWindow) -> WalkedWindow:
        sifted.append(len(window.headers))
        return replace(window, headers=tuple(each for each in window.headers if each is not left_out))

    with desk.pipeline([one, left_out], early=[desk.reading([again])], sift=sift) as pipeline:
        batch = taken(pipeline)
        assert sorted(ids(batch)) == sorted([again.id, one.id])
        desk.write(pipeline, batch)
        assert pipeline.next() is None
    assert sifted == [2]  # what failed before was chosen by its row


# -- windows ----------------------------------------------------------------------------------------------------------


def test_a_window_is_closed_when_all_its_mails_are_written_and_not_with_its_last_batch_alone(desk: Desk) -> None:
    with desk.pipeline(desk.mails(2 * OF_ONE_MAILBOX), desk.mails(1, from_=STRANGER)) as pipeline:
        one, two = taken(pipeline), taken(pipeline)
        pipeline.delivered(one)
        desk.write(pipeline, two)
        with pipeline.changed:  # all was decided on
            assert pipeline.changed.wait_for(lambda: pipeline._waits_for_writing, timeout=STUCK)
        assert desk.closed() == 1  # that of the stranger, who needs no row
        for mail in one:
            desk.ledger.settle(mail.chosen, Outcome.MATCHED)
        pipeline.done(one)
        assert desk.closed() == 1
        assert pipeline.next() is None
    assert desk.ledger.all_closed


def test_a_window_waits_for_a_copy_that_was_put_off(desk: Desk) -> None:
    first = desk.mails(1)
    copy = desk.firm.mail("ada", id="copy", message_id=first[0].internet_message_id)
    with desk.pipeline(first, [copy]) as pipeline:
        desk.write(pipeline, taken(pipeline))
        last = taken(pipeline)
        assert ids(last) == ["copy"]
        assert desk.closed() == 1
        desk.write(pipeline, last, Outcome.DUPLICATE)
        assert desk.closed() == 1


def test_a_mail_whose_client_is_gone_is_decided_on_again_with_clients_looked_up_anew(desk: Desk) -> None:
    with desk.pipeline(desk.mails(1)) as pipeline:
        batch = taken(pipeline)
        pipeline.delivered(batch)
        desk.firm.org.clients.clear()
        pipeline.again(batch[0])
        pipeline.done(batch)
        assert pipeline.next() is None
    assert desk.firm.org.forgotten
    assert desk.ledger.by_outcome()[Outcome.UNMATCHED_DROPPED] == 1
    assert desk.ledger.all_closed


def failed(desk: Desk, header: Header) -> None:
    failure = Failure(
        mailbox=header.mailbox, graph_user_id=GraphUserId("ada"), message=header.id, internet_message_id=None,
        subject="", received_at=header.received_at, code="X", text="x", transient=True,
    )  # fmt: skip
    desk.ledger.fail(header, failure)


def test_what_failed_and_was_listed_again_while_it_was_under_way_has_another_outcome(desk: Desk) -> None:
    [mail] = desk.mails(1)
    again = threading.Event()
    desk.on_take = lambda: again.wait(STUCK) if len(desk.reader.asked) == 2 else None
    with desk.pipeline([mail], [mail]) as pipeline:
        first = taken(pipeline)
        pipeline.delivered(first)
        failed(desk, mail)
        again.set()
        while len(desk.reader.asked) < 3:
            again.wait(0.01)
        pipeline.done(first)
        while (batch := pipeline.next()) is not None:
            desk.write(pipeline, batch)
    assert desk.ledger.all_closed


def test_what_failed_and_was_listed_again_while_its_copy_was_under_way_has_another_outcome(desk: Desk) -> None:
    [mail] = desk.mails(1)
    copy = desk.firm.mail("ada", id="copy", message_id=mail.internet_message_id)
    again = threading.Event()
    desk.on_take = lambda: again.wait(STUCK) if len(desk.reader.asked) == 2 else None
    with desk.pipeline([mail], [copy], [mail]) as pipeline:
        first = taken(pipeline)
        pipeline.delivered(first)
        failed(desk, mail)
        pipeline.done(first)
        again.set()
        second = taken(pipeline)
        while len(desk.reader.asked) < 4:
            threading.Event().wait(0.01)
        desk.write(pipeline, second)
        while (batch := pipeline.next()) is not None:
            desk.write(pipeline, batch)
    assert desk.ledger.all_closed


# -- how far ahead ----------------------------------------------------------------------------------------------------


def test_the_next_chunk_is_read_when_few_mails_wait_to_be_taken(desk: Desk) -> None:
    waiting: list[int] = []
    with desk.pipeline(*(desk.mails(WAITING // 2 + 100) for _ in range(4))) as pipeline:
        desk.reader.on_take = lambda: waiting.append(pipeline._count)
        while (batch := pipeline.next()) is not None:
            desk.write(pipeline, batch)
    assert len(waiting) >= 2
    assert max(waiting) <= WAITING


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        (30, CHUNK_LEAST),  # all are: as many as are looked up at least
        (1, CHUNK_MOST),  # few are: many have to be read for full requests
        (10, CHUNK_STORED * 3),
    ],
)
def test_a_chunk_is_as_large_as_fills_some_requests(desk: Desk, stored: int, asked: int) -> None:
    chunk = [*desk.mails(stored), *desk.mails(30 - stored, from_=STRANGER)]
    with desk.pipeline(chunk) as pipeline:
        while (batch := pipeline.next()) is not None:
            desk.write(pipeline, batch)
    assert desk.reader.asked == [FIRST_CHUNK, asked]


def test_it_is_dry_only_when_nothing_comes_before_what_was_handed_over_is_written(desk: Desk) -> None:
    """Then the writers send what does not fill a request; before, it would waste one."""
    first = desk.mails(1)
    copy = desk.firm.mail("ada", id="copy", message_id=first[0].internet_message_id)
    go = threading.Event()
    desk.on_take = lambda: go.wait(STUCK) if len(desk.reader.asked) == 2 else None
    with desk.pipeline(first, [copy]) as pipeline:
        with pipeline.changed:
            assert pipeline.changed.wait_for(lambda: pipeline._ready, timeout=STUCK)
        assert not pipeline.is_dry  # a batch waits to be taken
        batch = taken(pipeline)
        assert not pipeline.is_dry  # it is with those who fetch its bodies
        pipeline.delivered(batch)
        assert not pipeline.is_dry  # more may be read
        go.set()
        with pipeline.changed:
            assert pipeline.changed.wait_for(lambda: pipeline._waits_for_writing, timeout=STUCK)
        assert pipeline.is_dry  # the copy waits for the first to be written
        desk.write(pipeline, [])
        for mail in batch:
            desk.ledger.settle(mail.chosen, Outcome.MATCHED)
        pipeline.done(batch)
        last = taken(pipeline)
        assert not pipeline.is_dry
        desk.write(pipeline, last)
        assert pipeline.next() is None
        assert pipeline.is_dry  # all was read


# -- ends -------------------------------------------------------------------------------------------------------------


def test_what_ends_the_deciding_is_raised_wherever_batches_are_taken(desk: Desk) -> None:
    desk.firm.org.down["look_up"] = ServiceError("Salesforce is away")

    def use() -> None:
        with desk.pipeline(desk.mails(1)) as pipeline:
            with pytest.raises(ServiceError, match="Salesforce is away"):
                pipeline.next()
            pipeline.next()  # by another thread

    with pytest.raises(ServiceError, match="Salesforce is away"):
        use()
    assert desk.reader.stopped.is_set()


def test_leaving_it_early_ends_its_thread(desk: Desk) -> None:
    with desk.pipeline(*(desk.mails(BATCH) for _ in range(9))) as pipeline:
        pipeline.next()
    assert "decider" not in {thread.name for thread in threading.enumerate()}


def test_once_it_is_closed_nothing_is_given_out(desk: Desk) -> None:
    with desk.pipeline(desk.mails(3)) as pipeline:
        with pipeline.changed:
            assert pipeline.changed.wait_for(lambda: pipeline._ready, timeout=STUCK)
        pipeline.close(abandon=True)
        assert pipeline.next() is None
