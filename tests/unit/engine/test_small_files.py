"""Small files go up many at a time, large ones one by one; what waits for them is their mail's window alone."""

import threading
from dataclasses import replace

import pytest

from connector.codes import Outcome
from connector.core.writing.attachments import whole_mail
from connector.engine import attachments
from connector.engine.attachments import MOST_WAITING, TOGETHER
from connector.engine.filing import MOST_BYTES, MOST_FILES, SMALL
from connector.engine.mail_files import MailFiles
from connector.engine.windows import WalkedWindow
from connector.errors import MessageError, MessageGoneError, ServiceError
from connector.model.mail import Header
from connector.model.records import StoredFile
from connector.model.run import Window, WindowKind
from connector.model.values import MessageId, RecordId
from tests.support.builders import at
from tests.unit.engine.filing import KEY, LISTED, Filing, attached, case

STUCK = 30


@pytest.fixture
def filing() -> Filing:
    return Filing()


def small(filing: Filing, *names: str, number: int = 1, content: bytes = b"%PDF-", **fields: object) -> MailFiles:
    """A mail whose files are small; the tenant has all of them."""
    known = case(*names, number=number, size=min(max(LISTED, len(content)), SMALL), **fields)
    filing.tenant.small |= {(known.copies[0].header.id, name): content for name in names}
    return known


def opened(filing: Filing, known: MailFiles, day: int = 1) -> Window:
    """The window in which the first copy of the mail was listed."""
    first = known.copies[0]
    window = Window(mailbox=first.header.mailbox, start=at(days=day), end=at(days=day + 1), kind=WindowKind.BACKFILL)
    filing.ledger.opened(WalkedWindow(first.queue, window, (first.header,)))
    return window


def settle(filing: Filing, header: Header) -> None:
    filing.ledger.settle(header, Outcome.MATCHED)


def closed(filing: Filing) -> list[Window]:
    return [window for _, window in filing.ledger.take_closed()]


# -- together, or alone -----------------------------------------------------------------------------------------------


def test_the_small_files_of_many_mails_go_up_in_one_request(filing: Filing) -> None:
    filing.file(*(small(filing, "offer.pdf", "annex.pdf", number=number) for number in range(1, 31)))
    assert [len(request) for request in filing.shelf.requests] == [60]
    assert filing.tenant.opened == []
    assert sum(len(asked) for asked in filing.tenant.together) == 60
    assert max(len(asked) for asked in filing.tenant.together) <= 2 * TOGETHER
    assert (filing.ledger.attachments, filing.ledger.failures) == (60, {})


def test_a_request_takes_so_many_files_and_no_more(filing: Filing) -> None:
    filing.file(*(small(filing, "a.pdf", number=number) for number in range(1, MOST_FILES + 31)))
    assert sorted(len(request) for request in filing.shelf.requests) == [30, MOST_FILES]


def test_a_request_is_closed_by_its_bytes(filing: Filing) -> None:
    half = b"A" * (MOST_BYTES // 2)
    filing.file(*(small(filing, "a.pdf", number=number, content=half) for number in range(1, 6)))
    assert sorted(len(request) for request in filing.shelf.requests) == [1, 2, 2]


def test_files_that_are_not_small_are_streamed_one_by_one(filing: Filing) -> None:
    filing.file(case("a.pdf", "b.pdf", size=SMALL + 1))
    assert (filing.tenant.together, filing.shelf.requests) == ([], [])
    assert filing.tenant.opened == ["copy1/a.pdf", "copy1/b.pdf"]
    assert filing.names == ["a.pdf", "b.pdf"]


def test_a_mail_that_lacks_nothing_small_is_not_asked_for_its_small_files(filing: Filing) -> None:
    """The mail as a whole is no attachment of it."""
    filing.file(case(wanted=(whole_mail(KEY, "Long"),)))
    assert filing.tenant.together == []
    assert filing.names == ["Long.eml"]


@pytest.mark.parametrize("code", ["TOO_LARGE", "BROKEN_OFF"])
def test_what_could_not_be_read_whole_is_streamed_alone(filing: Filing, code: str) -> None:
    known = small(filing, "a.pdf", "b.pdf")
    filing.tenant.small[known.copies[0].header.id, "b.pdf"] = MessageError("not whole", code=code)
    filing.file(known)
    assert [[file.name for file in request] for request in filing.shelf.requests] == [["a.pdf"]]
    assert filing.tenant.opened == ["copy1/b.pdf"]
    assert filing.names == ["a.pdf", "b.pdf"]


def test_a_refusal_of_a_small_file_is_not_asked_for_again(filing: Filing) -> None:
    known = small(filing, "a.pdf", "b.pdf")
    filing.tenant.small[known.copies[0].header.id, "b.pdf"] = MessageError("busy", code="GRAPH_503", transient=True)
    filing.file(known)
    assert filing.tenant.opened == []
    assert [failure.code for failure in filing.ledger.failures.values()] == ["GRAPH_503"]


def test_a_small_file_that_is_gone_comes_from_the_next_copy(filing: Filing) -> None:
    known = small(filing, "a.pdf", copies=2)
    filing.tenant.small[MessageId("copy1"), "a.pdf"] = MessageGoneError("gone")
    filing.tenant.faults = {"copy1/a.pdf": [MessageGoneError("gone")]}
    filing.tenant.lists = {MessageId("copy2"): (attached("a.pdf", "a-in-2"),)}
    filing.file(known, small(filing, "b.pdf", number=5))
    assert filing.tenant.opened == ["copy1/a.pdf", "copy2/a-in-2"]
    assert (filing.names, filing.ledger.failures) == (["a.pdf", "b.pdf"], {})


def test_only_what_is_lacking_goes_up(filing: Filing) -> None:
    known = small(filing, "a.pdf", "b.pdf")
    there = StoredFile(key=known.wanted[0].key, document=RecordId("0691"))
    filing.file(replace(known, present=(there,)))
    assert [[file.name for file in request] for request in filing.shelf.requests] == [["b.pdf"]]


def test_each_file_of_a_request_fails_alone(filing: Filing) -> None:
    filing.shelf.refused = {"b.pdf": MessageError("It is refused", code="STORAGE", transient=True)}
    filing.file(small(filing, "a.pdf", "b.pdf"), small(filing, "c.pdf", number=2))
    assert (filing.names, filing.ledger.attachments) == (["a.pdf", "c.pdf"], 2)
    [failure] = filing.ledger.failures.values()
    assert (failure.message, failure.code, failure.transient) == ("copy1", "STORAGE", True)
    assert "b.pdf: It is refused" in failure.text


def test_an_org_that_is_away_stops_the_run(filing: Filing) -> None:
    filing.shelf.outage = ServiceError("away")
    with pytest.raises(ServiceError, match="away"):
        filing.file(small(filing, "a.pdf"))


# -- second files -----------------------------------------------------------------------------------------------------


def test_a_small_file_that_another_connector_stored_at_the_same_time_is_there_once_afterwards(filing: Filing) -> None:
    known = small(filing, "a.pdf")
    filing.shelf.there[known.email] = (StoredFile(key=known.wanted[0].key, document=RecordId("069Z")),)
    filing.file(known)
    assert filing.shelf.removed == ["069Z"]  # of two with one key the younger


def test_second_files_are_looked_for_now_and_then_not_at_the_end_alone(filing: Filing) -> None:
    """So that what has to be remembered stays little."""
    look_after = attachments._LOOK_AFTER
    filing.file(*(small(filing, "a.pdf", number=number) for number in range(1, look_after + 11)))
    assert len(filing.shelf.found) == 2
    assert sum(len(emails) for emails in filing.shelf.found) == look_after + 10


# -- windows ----------------------------------------------------------------------------------------------------------


def test_a_window_waits_for_the_files_of_its_mails_and_for_no_others(filing: Filing) -> None:
    slow, other = small(filing, "a.pdf"), small(filing, "b.pdf", number=2)
    first, second = opened(filing, slow), opened(filing, other, day=2)
    asked, go = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        assert go.wait(STUCK)

    filing.tenant.at_small = wait
    with filing.store() as store:
        store.take([slow])
        assert asked.wait(STUCK)
        for known in (slow, other):
            settle(filing, known.copies[0].header)
        assert closed(filing) == [second]
        go.set()
        store.finish()
        assert closed(filing) == [first]
        assert filing.ledger.all_closed


def test_a_window_is_released_where_a_file_could_not_be_stored_too(filing: Filing) -> None:
    known = small(filing, "a.pdf", "b.pdf")
    window = opened(filing, known)
    filing.shelf.refused = {"a.pdf": MessageError("no", code="X"), "b.pdf": MessageError("no", code="X")}
    with filing.store() as store:
        store.take([known])
        settle(filing, known.copies[0].header)
        store.finish()
    assert closed(filing) == [window]
    assert [failure.code for failure in filing.ledger.failures_now().values()] == ["X"]


def test_a_mail_without_files_holds_no_window(filing: Filing) -> None:
    known = case()
    window = opened(filing, known)
    with filing.store() as store:
        store.take([known])
        settle(filing, known.copies[0].header)
        assert closed(filing) == [window]


def test_files_of_all_copies_hold_the_windows_of_all_copies(filing: Filing) -> None:
    known = small(filing, "a.pdf", copies=2)
    first = opened(filing, known)
    other = opened(filing, replace(known, copies=known.copies[1:]), day=2)
    go = threading.Event()
    filing.tenant.at_small = lambda: go.wait(STUCK)
    with filing.store() as store:
        store.take([known])
        for candidate in known.copies:
            settle(filing, candidate.header)
        too_early = closed(filing)
        go.set()  # before anything is asserted: leaving the store would wait for it
        store.finish()
    assert too_early == []
    assert sorted(closed(filing), key=lambda window: window.start) == [first, other]


# -- flush, back-pressure, ends ---------------------------------------------------------------------------------------


def test_what_waits_to_go_up_with_others_goes_when_it_is_flushed(filing: Filing) -> None:
    """A checkpoint must not wait for two hundred files."""
    known = small(filing, "a.pdf")
    window = opened(filing, known)
    with filing.store() as store:
        store.take([known])
        settle(filing, known.copies[0].header)
        with store._changed:
            assert store._changed.wait_for(lambda: bool(store._contents) and not store._busy, timeout=STUCK)
        assert (filing.shelf.requests, closed(filing)) == ([], [])
        store.flush()
        with store._changed:
            assert store._changed.wait_for(lambda: not store._contents and not store._busy, timeout=STUCK)
        assert closed(filing) == [window]
        store.flush()  # nothing to do
        store.finish()
    assert [len(request) for request in filing.shelf.requests] == [1]


def test_a_flush_does_not_wait_for_files_that_are_still_fetched(filing: Filing) -> None:
    known, slow = small(filing, "a.pdf"), small(filing, "b.pdf")
    go = threading.Event()
    with filing.store() as store:
        store.take([known])
        settle(filing, known.copies[0].header)
        with store._changed:
            assert store._changed.wait_for(lambda: bool(store._contents) and not store._busy, timeout=STUCK)
        filing.tenant.at_small = lambda: go.wait(STUCK)
        store.take([slow])
        store.flush()
        with store._changed:
            is_sent = store._changed.wait_for(lambda: not store._contents, timeout=5)
        go.set()  # before anything is asserted: leaving the store would wait for it
        store.finish()
    assert is_sent
    assert [len(request) for request in filing.shelf.requests] == [1, 1]


def test_taking_waits_while_very_many_mails_wait(filing: Filing) -> None:
    go, sizes = threading.Event(), list[int]()
    filing.tenant.at_small = lambda: go.wait(STUCK)
    cases = [small(filing, "a.pdf", number=number) for number in range(1, MOST_WAITING + 5 * TOGETHER)]
    with filing.store() as store:

        def feed() -> None:
            for each in cases:
                store.take([each])
                sizes.append(len(store._queue))

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        with store._changed:
            assert store._changed.wait_for(lambda: len(store._queue) >= MOST_WAITING, timeout=STUCK)
        go.set()
        feeder.join(STUCK)
        store.finish()
    assert len(sizes) == len(cases)
    assert max(sizes) <= MOST_WAITING
    assert filing.ledger.attachments == len(cases)


def test_leaving_with_an_error_waits_for_no_file_that_is_not_under_way(filing: Filing) -> None:
    """What was fetched meanwhile goes nowhere, and no thread waits for more to go with it."""
    asked, left = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        assert left.wait(STUCK)

    filing.tenant.at_small = wait

    def leave() -> None:
        with filing.store() as store:
            store.take([small(filing, "a.pdf")])
            assert asked.wait(STUCK)
            # only while the store is being left may the answer come
            threading.Thread(target=_set_once_over, args=(store, left), daemon=True).start()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leave()
    assert filing.shelf.requests == []


def _set_once_over(store: "attachments.AttachmentStore", left: threading.Event) -> None:
    with store._changed:
        assert store._changed.wait_for(lambda: store._over, timeout=STUCK)
    left.set()


def test_what_stopped_the_threads_is_raised_where_mails_are_handed_in(filing: Filing) -> None:
    filing.shelf.outage = ServiceError("away")

    def use() -> None:
        with filing.store() as store:
            store.take([small(filing, "a.pdf")])
            store.flush()
            with store._changed:
                assert store._changed.wait_for(lambda: store._failure is not None or store._contents, timeout=STUCK)
            store.flush()
            with store._changed:
                assert store._changed.wait_for(lambda: store._failure is not None, timeout=STUCK)
            store.take([small(filing, "b.pdf", number=2)])

    with pytest.raises(ServiceError, match="away"):
        use()


# -- bytes, not numbers -----------------------------------------------------------------------------------------------


def test_a_thousand_files_of_one_mail_go_up_in_five_requests(filing: Filing) -> None:
    filing.file(small(filing, *(f"scan{number}.pdf" for number in range(1000))))
    assert sorted(len(request) for request in filing.shelf.requests) == [MOST_FILES] * 5
    assert len(filing.names) == 1000


def test_what_is_read_ahead_of_the_uploads_is_bounded_by_bytes(filing: Filing) -> None:
    """Of a mail with hundreds of megabytes of small files, one request's worth waits, and the part that is read."""
    content = b"A" * SMALL
    sent: list[int] = []
    known = small(filing, *(f"{number}.pdf" for number in range(100)), content=content)
    filing.tenant.at_small = lambda: sent.append(sum(len(request) for request in filing.shelf.requests))
    filing.file(known)
    read = [len(asked) for asked in filing.tenant.together]
    assert sum(read) == 100
    assert max(read) * SMALL <= MOST_BYTES
    ahead = [sum(read[: number + 1]) - sent[number] for number in range(len(read))]
    assert max(ahead) * SMALL <= 2 * MOST_BYTES + SMALL


def test_a_file_that_is_much_larger_than_listed_is_streamed(filing: Filing) -> None:
    most: list[int] = []
    known = case("a.pdf", "b.pdf", size=100)
    filing.tenant.small |= {(known.copies[0].header.id, name): b"%PDF" for name in ("a.pdf", "b.pdf")}
    filing.tenant.small[known.copies[0].header.id, "a.pdf"] = MessageError("larger than listed", code="TOO_LARGE")
    filing.tenant.limits = most
    filing.file(known)
    assert most == [2 * 32 * 1024]
    assert filing.tenant.opened == ["copy1/a.pdf"]


@pytest.mark.parametrize("content", [b"", b"null", b"%PDF-1.7"])
def test_a_small_file_that_comes_in_part_is_read_alone_and_never_stored_short(filing: Filing, content: bytes) -> None:
    known = case("a.pdf", size=100_000)
    filing.tenant.small[known.copies[0].header.id, "a.pdf"] = content
    filing.file(known)
    assert (filing.shelf.requests, filing.names) == ([], ["a.pdf"])
    assert len(filing.tenant.opened) == 1


def test_a_large_file_that_comes_in_part_is_noted_as_missing(filing: Filing) -> None:
    known = case("a.pdf", size=4 * SMALL)
    filing.file(known)
    assert filing.names == []
    [failure] = filing.ledger.failures_now().values()
    assert (failure.code, failure.transient) == ("BROKEN_OFF", True)
