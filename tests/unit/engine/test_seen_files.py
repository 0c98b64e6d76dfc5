"""Copies of one mail, decided on one after the other in a run: its files are stored once, whichever comes first."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.codes import Outcome
from connector.engine.attachments import AttachmentStore
from connector.engine.filing import SMALL
from connector.engine.mail_files import MailFiles
from connector.engine.windows import WalkedWindow
from connector.errors import MessageError
from connector.model.run import Window, WindowKind
from connector.model.values import MessageId
from tests.support.builders import at
from tests.unit.engine.filing import EMAIL, LISTED, Filing, case

STUCK = 30
FIRST, SECOND = MessageId("copy1"), MessageId("copy2")
LATE = MessageError("not said in time", code="UPLOAD_TIMEOUT", transient=True)


@pytest.fixture
def filing() -> Filing:
    filing = Filing()
    filing.tenant.small = {(copy, name): b"%PDF" for copy in (FIRST, SECOND) for name in ("a.pdf", "b.pdf")}
    return filing


def copies(*names: str, size: int = LISTED) -> tuple[MailFiles, MailFiles]:
    """Two cases of one mail, of a copy each; both were looked up before anything of it was stored."""
    first, second = (case(*names, number=number, size=size) for number in (1, 2))
    return first, replace(second, email=first.email)


def wait(store: AttachmentStore, until: Callable[[], bool]) -> None:
    """Until this holds of the store; what it holds of small files is uploaded."""
    store.flush()
    with store._changed:
        assert store._changed.wait_for(until, timeout=STUCK)


@pytest.mark.parametrize("size", [LISTED, SMALL + 1])
def test_files_of_two_copies_that_come_together_are_stored_once(filing: Filing, size: int) -> None:
    filing.file(*copies("a.pdf", "b.pdf", size=size))
    assert filing.names == ["a.pdf", "b.pdf"]
    assert (filing.ledger.attachments, filing.ledger.failures, filing.shelf.removed) == (2, {}, [])


def test_files_that_are_under_way_are_not_read_for_a_second_copy_whose_window_waits_for_them(filing: Filing) -> None:
    first, second = copies("a.pdf")
    header = second.copies[0].header
    window = Window(mailbox=header.mailbox, start=at(days=1), end=at(days=2), kind=WindowKind.BACKFILL)
    filing.ledger.opened(WalkedWindow(second.copies[0].queue, window, (header,)))
    asked, go = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        assert go.wait(STUCK)

    filing.tenant.at_small = hold
    with filing.store() as store:
        store.take([first])
        assert asked.wait(STUCK)
        store.take([second])
        filing.ledger.settle(header, Outcome.DUPLICATE)
        with store._changed:
            waits = store._changed.wait_for(lambda: not store._queue and store._busy == 1, timeout=STUCK)
        too_early = filing.ledger.take_closed()
        go.set()  # before anything is asserted: leaving the store would wait for it
        store.finish()
    assert (waits, too_early) == (True, [])
    assert filing.ledger.take_closed() == [(header.mailbox, window)]
    assert filing.tenant.together == [[(FIRST, "a.pdf")]]
    assert (filing.ledger.attachments, filing.ledger.failures, filing.shelf.removed) == (1, {}, [])


def test_files_that_were_stored_since_the_second_copy_was_looked_up_are_not_stored_again(filing: Filing) -> None:
    first, second = copies("a.pdf")
    with filing.store() as store:
        store.take([first])
        with store._changed:
            assert store._changed.wait_for(lambda: bool(store._contents) and not store._busy, timeout=STUCK)
        wait(store, lambda: not store._contents and not store._busy)
        store.take([second])
        store.finish()
    assert [len(request) for request in filing.shelf.requests] == [1]
    assert (filing.ledger.attachments, filing.ledger.failures) == (1, {})


def test_a_file_that_may_still_be_taken_in_is_not_sent_again_by_this_run(filing: Filing) -> None:
    """The row of the first copy asks for another look; a second row would ask for the same."""
    filing.shelf.refused = {"a.pdf": LATE}
    filing.file(*copies("a.pdf"))
    assert [len(request) for request in filing.shelf.requests] == [1]
    [failure] = filing.ledger.failures.values()
    assert (failure.code, failure.email, failure.transient) == ("UPLOAD_TIMEOUT", EMAIL, True)


def test_a_file_that_failed_is_tried_again_from_the_second_copy(filing: Filing) -> None:
    """Nothing tries it again where its failure is for good, and the other mailbox may give what this one does not."""
    first, second = copies("a.pdf", "b.pdf")
    refused = MessageError("refused", code="GRAPH_403")
    filing.tenant.small[FIRST, "a.pdf"] = filing.tenant.small[FIRST, "b.pdf"] = refused
    filing.file(first, second)
    assert filing.names == ["a.pdf", "b.pdf"]
    assert [failure.message for failure in filing.ledger.failures.values()] == [FIRST]
