"""What a run counts: every message once, with one outcome; and when a window is done."""

import sys

import pytest

from connector.codes import Outcome
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.model.mail import Decision, Header
from connector.model.records import Row, RowError, RowResult
from connector.model.run import Failure, Window, WindowKind
from connector.model.values import GraphUserId, Place, RecordId
from tests.support.builders import at, header, mailbox

BOX, OTHER_BOX = "a0M000000000001AAA", "a0M000000000002AAA"
QUEUE = WindowQueue(mailbox(id=RecordId(BOX)), GraphUserId("u"))


def failure(of: Header, code: str = "X") -> Failure:
    return Failure(
        mailbox=of.mailbox,
        graph_user_id=GraphUserId("u"),
        message=of.id,
        internet_message_id=of.internet_message_id,
        subject=of.subject,
        received_at=of.received_at,
        code=code,
        text="Why.",
        transient=True,
    )


def test_nothing_has_every_outcome_with_nought() -> None:
    ledger = OutcomeLedger()
    assert ledger.by_outcome() == dict.fromkeys(Outcome, 0)
    assert (ledger.listed, ledger.stored, ledger.failed) == (0, 0, 0)


def test_outcomes_add_up_to_what_was_listed_in_all_and_by_mailbox() -> None:
    ledger = OutcomeLedger()
    mine = [header(id=f"m{number}") for number in range(5)]
    theirs = [header(id=f"m{number}", mailbox=OTHER_BOX) for number in range(3)]
    for one in mine:
        ledger.settle(one, Outcome.MATCHED)
    for one in theirs:
        ledger.settle(one, Outcome.DUPLICATE)
    assert ledger.listed == sum(ledger.by_outcome().values()) == 8
    assert ledger.by_outcome(mine[0].mailbox)[Outcome.MATCHED] == 5
    assert ledger.by_outcome(theirs[0].mailbox) == {**dict.fromkeys(Outcome, 0), Outcome.DUPLICATE: 3}


def test_a_message_is_new_until_it_is_settled_and_again_when_it_failed() -> None:
    ledger, one = OutcomeLedger(), header(id="m")
    assert ledger.is_new(one)
    ledger.fail(one, failure(one))
    assert ledger.is_new(one)
    ledger.settle(one, Outcome.MATCHED)
    assert not ledger.is_new(one)
    assert ledger.is_new(header(id="m", mailbox=OTHER_BOX))


def test_what_failed_and_then_succeeded_did_not_fail() -> None:
    ledger, one = OutcomeLedger(), header()
    ledger.fail(one, failure(one))
    assert (ledger.failed, ledger.by_outcome()[Outcome.FAILED]) == (1, 1)
    ledger.settle(one, Outcome.DUPLICATE)
    assert (ledger.failed, ledger.by_outcome()[Outcome.FAILED], ledger.listed) == (0, 0, 1)


def test_a_second_failure_takes_the_place_of_the_first() -> None:
    ledger, one = OutcomeLedger(), header()
    ledger.fail(one, failure(one, "A"))
    ledger.fail(one, failure(one, "B"))
    assert [found.code for found in ledger.failures.values()] == ["B"]
    assert ledger.listed == 1


def test_a_mail_that_lacks_files_keeps_its_outcome_and_counts_as_failed() -> None:
    ledger, one = OutcomeLedger(), header()
    ledger.settle(one, Outcome.MATCHED)
    ledger.lacks_files(one, failure(one))
    assert ledger.by_outcome()[Outcome.MATCHED] == 1
    assert ledger.by_outcome()[Outcome.FAILED] == 0
    assert ledger.failed == 1


@pytest.mark.parametrize("failed_before", [False, True])
def test_a_file_that_fails_before_its_mail_has_an_outcome_keeps_its_row(failed_before: bool) -> None:
    """Writers hand files on, which may fail at once, and give the message its outcome then."""
    ledger, one = OutcomeLedger(), header(id="m")
    if failed_before:
        ledger.fail(one, failure(one, "FIRST"))
    ledger.lacks_files(one, failure(one, "FILE"))
    ledger.settle(one, Outcome.MATCHED)
    assert [row.code for row in ledger.failures_now().values()] == ["FILE"]
    assert ledger.by_outcome()[Outcome.MATCHED] == 1


def test_rows_of_any_kind_are_something_stored() -> None:
    for name in ("emails", "participants", "tasks", "attachments", "additions"):
        assert OutcomeLedger(**{name: 1}).stored == 1


def test_only_rows_that_this_run_has_written_are_counted() -> None:
    ledger = OutcomeLedger()
    new = {name: Row(object=name, key_field="K", key="k", fields={}) for name in ("Email__c", "Task")}
    old = Row(object="Email__c", key_field="K", key="k", fields={}, id=RecordId("a0E000000000001AAA"))
    for row in (*new.values(), old):
        ledger.count(RowResult(row=row, existed=True))
        ledger.count(RowResult(row=row, error=RowError(code="X", message="no")))
    assert ledger.stored == 0
    for row in (*new.values(), old):
        ledger.count(RowResult(row=row))
    assert (ledger.emails, ledger.tasks, ledger.additions) == (1, 1, 1)


def test_a_message_has_been_seen_once_it_has_an_outcome_a_failure_being_one() -> None:
    ledger, one, other = OutcomeLedger(), header(), header()
    assert not ledger.has_seen(one.mailbox, one.id)
    ledger.fail(one, failure(one))
    ledger.settle(other, Outcome.INTERNAL)
    assert ledger.has_seen(one.mailbox, one.id)
    assert ledger.has_seen(other.mailbox, other.id)
    assert not ledger.has_seen(RecordId(OTHER_BOX), one.id)


def test_the_first_outcome_stands() -> None:
    ledger, one = OutcomeLedger(), header()
    ledger.settle(one, Outcome.MATCHED)
    ledger.settle(one, Outcome.DUPLICATE)
    ledger.fail(one, failure(one))
    assert (ledger.listed, ledger.by_outcome()[Outcome.MATCHED]) == (1, 1)
    assert {outcome for outcome, number in ledger.by_outcome().items() if number} == {Outcome.MATCHED}


def test_a_failure_of_what_was_never_read_and_one_beside_a_stored_mail() -> None:
    ledger, unread, stored = OutcomeLedger(), header(), header()
    ledger.fail_unread(failure(unread))
    ledger.note_stored(failure(stored))
    assert (ledger.failed, ledger.listed) == (2, 1)
    assert ledger.by_outcome()[Outcome.FAILED] == 1
    assert not ledger.has_seen(stored.mailbox, stored.id)


def test_failures_are_handed_out_as_they_are_then() -> None:
    ledger, one = OutcomeLedger(), header()
    ledger.fail(one, failure(one))
    now = ledger.failures_now()
    ledger.settle(one, Outcome.MATCHED)
    assert (len(now), ledger.failures_now()) == (1, {})


# -- who watches ------------------------------------------------------------------------------------------------------


def test_what_is_watched_tells_its_latest_outcome_and_nothing_else_is_kept() -> None:
    ledger, one, other, never = OutcomeLedger(), header(), header(), header()
    for each in (one, never):
        ledger.watch(place(each))
    ledger.fail(one, failure(one))
    assert ledger.watched == {place(one): Outcome.FAILED, place(never): None}
    ledger.watch(place(one))
    ledger.settle(one, Outcome.MATCHED)
    ledger.settle(other, Outcome.MATCHED)
    assert ledger.watched == {place(one): Outcome.MATCHED, place(never): None}


def test_a_trace_keeps_each_outcome_with_its_decision_until_it_is_cleared() -> None:
    ledger, one, other = OutcomeLedger(trace={}), header(), header()
    why = Decision(outcome=Outcome.EXCLUDED, rule="EX-1")
    ledger.settle(one, Outcome.EXCLUDED, why)
    ledger.fail(other, failure(other))
    assert ledger.trace == {place(one): (Outcome.EXCLUDED, why), place(other): (Outcome.FAILED, None)}
    assert ledger.trace is not None
    ledger.trace.clear()
    assert ledger.listed == 2
    assert not ledger.is_new(one)
    untraced = OutcomeLedger()
    untraced.settle(one, Outcome.EXCLUDED, why)
    assert untraced.trace is None


# -- windows ----------------------------------------------------------------------------------------------------------


def place(of: Header) -> Place:
    return of.mailbox, of.id


def window(day: int) -> Window:
    return Window(mailbox=RecordId(BOX), start=at(days=day), end=at(days=day + 1), kind=WindowKind.BACKFILL)


def opened(ledger: OutcomeLedger, day: int, *headers: Header) -> Window:
    whole = window(day)
    ledger.opened(WalkedWindow(QUEUE, whole, headers))
    return whole


def closed(ledger: OutcomeLedger) -> list[Window]:
    taken = ledger.take_closed()
    assert {owner for owner, _ in taken} <= {BOX}
    return [each for _, each in taken]


def test_a_window_without_messages_is_closed_at_once_and_told_once() -> None:
    ledger = OutcomeLedger()
    whole = opened(ledger, 1)
    assert closed(ledger) == [whole]
    assert closed(ledger) == []
    assert ledger.all_closed


def test_a_window_is_closed_when_the_last_of_its_messages_has_its_outcome_a_failure_being_one() -> None:
    ledger, one, two = OutcomeLedger(), header(), header()
    whole = opened(ledger, 1, one, two)
    assert not ledger.all_closed
    ledger.settle(one, Outcome.MATCHED)
    assert closed(ledger) == []
    ledger.fail(two, failure(two))
    assert closed(ledger) == [whole]
    assert place(two) in ledger.failures_now()
    assert ledger.all_closed


def test_windows_close_one_by_one_in_any_order() -> None:
    ledger, one, two = OutcomeLedger(), header(), header()
    first, second = opened(ledger, 1, one), opened(ledger, 2, two)
    ledger.settle(two, Outcome.MATCHED)
    assert closed(ledger) == [second]
    ledger.settle(one, Outcome.MATCHED)
    assert closed(ledger) == [first]


def test_both_windows_of_a_message_that_both_roads_list_wait_for_it() -> None:
    ledger, one = OutcomeLedger(), header()
    first, second = opened(ledger, 1, one), opened(ledger, 2, one)
    assert closed(ledger) == []
    ledger.settle(one, Outcome.MATCHED)
    assert closed(ledger) == [first, second]


def test_a_window_does_not_wait_for_what_was_settled_before_but_for_what_failed() -> None:
    ledger, done, failed = OutcomeLedger(), header(), header()
    ledger.settle(done, Outcome.MATCHED)
    ledger.fail(failed, failure(failed))
    whole = opened(ledger, 1, done)
    assert closed(ledger) == [whole]
    again = opened(ledger, 2, done, failed)
    assert closed(ledger) == []
    ledger.fail(failed, failure(failed))
    assert closed(ledger) == [again]


def test_a_window_that_held_no_closed_second_moves_nothing_but_is_waited_for() -> None:
    ledger, one = OutcomeLedger(), header()
    ledger.opened(WalkedWindow(QUEUE, None, (one,)))
    assert not ledger.all_closed
    ledger.settle(one, Outcome.MATCHED)
    assert ledger.all_closed
    assert closed(ledger) == []


@pytest.mark.parametrize("settled_first", [True, False])
def test_files_on_their_way_hold_the_windows_of_their_mail_until_they_are_released(settled_first: bool) -> None:
    ledger, one = OutcomeLedger(), header()
    first, second = opened(ledger, 1, one), opened(ledger, 2, one)
    ledger.hold(place(one))
    steps = [lambda: ledger.settle(one, Outcome.MATCHED), lambda: ledger.release(place(one))]
    (steps[0] if settled_first else steps[1])()
    assert closed(ledger) == []
    assert not ledger.all_closed
    (steps[1] if settled_first else steps[0])()
    assert closed(ledger) == [first, second]
    assert ledger.all_closed


def test_files_hold_no_window_of_another_message() -> None:
    ledger, one, other = OutcomeLedger(), header(), header()
    first, second = opened(ledger, 1, one), opened(ledger, 2, other)
    ledger.hold(place(one))
    ledger.settle(one, Outcome.MATCHED)
    ledger.settle(other, Outcome.MATCHED)
    assert closed(ledger) == [second]
    ledger.release(place(one))
    assert closed(ledger) == [first]


def test_files_of_what_no_window_waits_for_hold_nothing() -> None:
    ledger, one = OutcomeLedger(), header()
    ledger.hold(place(one))
    ledger.release(place(one))
    assert ledger.all_closed


def test_nothing_of_a_message_outlives_its_window_but_eight_bytes_or_so() -> None:
    """A run of a million messages needs no more than one of ten thousand: only the ids are kept, as numbers."""
    ledger = OutcomeLedger()
    for day in range(30):
        headers = [header() for _ in range(1_000)]
        opened(ledger, day, *headers)
        for each in headers:
            ledger.hold(place(each))
            ledger.settle(each, Outcome.MATCHED)
            ledger.release(place(each))
        assert len(closed(ledger)) == 1
    [ids] = ledger._seen.values()
    kept = [ledger.failures, ledger.watched, ledger._failed, ledger._waiting, ledger._held, ledger._closed]
    assert [len(each) for each in kept] == [0] * len(kept)  # type: ignore[arg-type]
    assert sys.getsizeof(ids._sorted) + 8 * len(ids._new) < 10 * ledger.listed
