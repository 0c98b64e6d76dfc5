"""What a run counts: every message once, with one outcome."""

from connector.codes import Outcome
from connector.engine.outcomes import OutcomeLedger
from connector.model.mail import Header
from connector.model.records import Row, RowError, RowResult
from connector.model.run import Failure
from connector.model.values import GraphUserId, RecordId
from tests.support.builders import header

OTHER_BOX = "a0M000000000002AAA"


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
