"""Messages that failed before: which are due, where they are found again, and what becomes of their rows."""

from dataclasses import replace
from typing import Any

import pytest

from connector.codes import ErrorStatus, Outcome
from connector.engine.mailboxes import MailboxRun
from connector.engine.outcomes import OutcomeLedger
from connector.engine.retries import Retries, readings
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.errors import MailboxError, MailboxOutageError
from connector.model.mail import Header
from connector.model.org import LoggedError, Mailbox
from connector.model.run import Failure
from connector.model.values import GraphUserId, MessageId, RecordId
from tests.support.builders import NOW, at, header, mailbox
from tests.support.fakes import INBOX, FakeTenant

BOX = mailbox(graph_user_id=GraphUserId("ada"))
EVENT = RecordId("a0V000000000001AAA")


def error(number: int = 1, **fields: Any) -> LoggedError:
    defaults: dict[str, Any] = {
        "id": RecordId(f"a0R{number:012d}AAA"),
        "key": f"key-{number}",
        "mailbox": BOX.id,
        "message": MessageId(f"m{number}"),
        "internet_message_id": "<one@client.example>",
        "received_at": NOW,
        "attempts": 1,
        "next_attempt_at": None,
        "requested": False,
        "email": None,
        "event": None,
        "event_requested": False,
    }
    return LoggedError(**{**defaults, **fields})


def message(id_: str, **fields: Any) -> Header:
    return header(mailbox=BOX.id, id=id_, folder=INBOX, message_id="<one@client.example>", **fields)


def failure(number: int = 1) -> Failure:
    return Failure(
        mailbox=BOX.id,
        graph_user_id=GraphUserId("ada"),
        message=MessageId(f"m{number}"),
        internet_message_id=None,
        subject="",
        received_at=NOW,
        code="X",
        text="x",
        transient=True,
    )


class Retrying:
    """A mailbox, its open error rows, and what a run reads of them."""

    def __init__(self, *errors: LoggedError, box: Mailbox = BOX) -> None:
        self.tenant = FakeTenant()
        self.tenant.boxes[GraphUserId("ada")] = {}
        self.errors = errors
        self.retries = Retries.of(errors)
        self.mailbox_run = MailboxRun(mailbox=box, before=box, queue=WindowQueue(box, GraphUserId("ada")))
        self.ledger = OutcomeLedger()

    def watch(self) -> None:
        """As a run does, once it has read them."""
        for place in (*self.retries.open, *self.retries.tried):
            self.ledger.watch(place)

    def put(self, *headers: Header) -> None:
        for each in headers:
            self.tenant.put("ada", each)

    def read(self) -> list[WalkedWindow]:
        return readings(self.retries, self.errors, {BOX.id: self.mailbox_run}, self.tenant)

    def found(self) -> list[str]:
        return [header.id for reading in self.read() for header in reading.headers]


# -- which are due -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({"next_attempt_at": at(-1)}, True),
        ({"next_attempt_at": NOW}, True),
        ({"next_attempt_at": at(1)}, False),
        ({"next_attempt_at": at(1), "requested": True}, True),
        ({"requested": True}, True),
        ({}, False),
    ],
)
def test_a_row_is_due_when_its_time_has_come_or_a_person_asks(fields: dict[str, Any], due: bool) -> None:
    assert error(**fields).is_due(NOW) is due


def test_what_waits_and_what_a_sweep_leaves_out() -> None:
    rows = (
        error(1, next_attempt_at=at(1)),
        error(2, next_attempt_at=at(-1)),
        error(3),
        error(4, next_attempt_at=at(1)),
        error(5, next_attempt_at=at(1), mailbox=None),
    )
    retries = Retries.of(rows)
    retries.tried[BOX.id, MessageId("m4")] = rows[3]
    assert retries.waiting(NOW) == {(BOX.id, "m1")}
    # one that was given up has no next time: the list of the mailbox may bring it again, a sweep may not
    assert retries.logged(NOW) == {(BOX.id, "m1"), (BOX.id, "m3")}


# -- where they are found ----------------------------------------------------------------------------------------------


def test_a_message_is_read_by_its_id() -> None:
    retrying = Retrying(error(1))
    retrying.put(message("m1"), message("m2"))
    assert retrying.found() == ["m1"]
    assert retrying.mailbox_run.queue is not None
    assert retrying.mailbox_run.queue.tree is not None


def test_one_that_is_gone_is_found_by_its_message_id_the_one_received_then_first() -> None:
    retrying = Retrying(error(1))
    retrying.put(message("other", received_at=at(-60)), message("moved"))
    assert retrying.found() == ["moved"]
    assert retrying.retries.tried == {(BOX.id, "moved"): retrying.errors[0]}
    assert not retrying.retries.gone


def test_one_received_at_another_time_is_better_than_none() -> None:
    retrying = Retrying(error(1))
    retrying.put(message("other", received_at=at(-60)))
    assert retrying.found() == ["other"]


@pytest.mark.parametrize("known", ["<two@client.example>", ""])
def test_one_that_is_nowhere_is_given_up(known: str) -> None:
    retrying = Retrying(error(1, internet_message_id=known))
    retrying.put(header(mailbox=BOX.id, id="x", folder=INBOX, message_id="<three@client.example>" if known else None))
    assert retrying.found() == []
    [gone] = retrying.retries.gone
    assert (gone.status, gone.code, gone.attempts) == (ErrorStatus.GAVE_UP, "GONE", error(1).attempts + 1)
    # the tenant is asked for the message, and once more only where there is something to look for
    assert retrying.tenant.calls == (2 if known else 1)


def test_rows_of_a_mailbox_that_is_not_read_stay_as_they_are() -> None:
    retrying = Retrying(error(1), error(2, mailbox=RecordId("a0M000000000009AAA")))
    retrying.put(message("m1"))
    retrying.mailbox_run.queue = None
    assert retrying.found() == []
    assert not retrying.retries.gone
    assert not retrying.retries.failed


@pytest.mark.parametrize(
    ("problem", "transient"), [(MailboxOutageError("busy"), True), (MailboxError("denied"), False)]
)
def test_where_the_message_id_cannot_be_asked_the_attempt_failed(problem: MailboxError, transient: bool) -> None:
    class Tenant(FakeTenant):
        def find_by_message_id(self, mailbox: Any, user: Any, internet_message_id: str) -> tuple[Header, ...]:
            raise problem

    retrying = Retrying(error(1))
    retrying.tenant = Tenant()
    retrying.tenant.boxes[GraphUserId("ada")] = {}
    assert retrying.found() == []
    [failed] = retrying.retries.failed
    assert (failed.error_key, failed.transient) == ("key-1", transient)


# -- what becomes of their rows ----------------------------------------------------------------------------------------


def test_a_row_whose_message_got_its_outcome_is_resolved() -> None:
    retrying = Retrying(error(1), error(2), error(3))
    retrying.watch()
    ledger = retrying.ledger
    ledger.settle(message("m1"), Outcome.MATCHED)
    ledger.fail(message("m2"), failure(2))
    [settled] = retrying.retries.settled(ledger)
    assert (settled.id, settled.status) == (retrying.errors[0].id, ErrorStatus.RESOLVED)


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.FAILED])
def test_a_row_goes_on_naming_its_mail_only_where_that_is_client_mail(outcome: Outcome) -> None:
    retrying = Retrying(error(1))
    ledger = retrying.ledger
    ledger.watch((BOX.id, MessageId("m1")))
    ledger.settle(message("m1"), outcome)
    [settled] = retrying.retries.settled(ledger)
    assert settled.forget is (outcome not in (Outcome.MATCHED, Outcome.DUPLICATE))


def test_a_mail_that_still_lacks_files_is_not_resolved() -> None:
    retrying = Retrying(error(1))
    retrying.watch()
    retrying.ledger.settle(message("m1"), Outcome.DUPLICATE)
    retrying.ledger.lacks_files(message("m1"), failure())
    assert retrying.retries.settled(retrying.ledger) == []


def test_a_request_for_an_event_is_answered_once_all_its_rows_were_tried() -> None:
    asked = {"event": EVENT, "event_requested": True}
    retrying = Retrying(error(1, **asked), error(2, **asked))
    retrying.put(message("m1"), message("m2"))
    retrying.read()
    retrying.watch()
    retrying.ledger.settle(message("m1"), Outcome.MATCHED)
    assert retrying.retries.answered(retrying.ledger) == []
    retrying.ledger.settle(message("m2"), Outcome.MATCHED)
    assert retrying.retries.answered(retrying.ledger) == [EVENT]


def test_an_event_that_nobody_asked_for_is_not_answered() -> None:
    retrying = Retrying(error(1, event=EVENT))
    retrying.put(message("m1"))
    retrying.read()
    retrying.watch()
    retrying.ledger.settle(message("m1"), Outcome.MATCHED)
    assert retrying.retries.answered(retrying.ledger) == []


def test_a_failure_under_another_id_belongs_to_its_row() -> None:
    retrying = Retrying(error(1))
    retrying.put(message("moved"))
    retrying.read()
    assert retrying.retries.named(replace(failure(), message=MessageId("moved"))) == "key-1"
    assert retrying.retries.named(replace(failure(2), error_key="own")) == "own"
    assert len(retrying.retries.named(failure(2))) == 64
