"""What a run writes down of itself: which event, with which words and numbers, and what is said once only."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from connector.codes import ErrorStatus, EventKind, EventStatus
from connector.core.reading.progress import Progress
from connector.engine.context import RunServices
from connector.engine.mailboxes import ReadLimits
from connector.engine.recorder import CHECKPOINT_SECONDS, RunRecorder
from connector.engine.report import ReportBuilder
from connector.engine.request import RunRequest
from connector.engine.run import Run
from connector.errors import MailboxError, MessageError, ServiceError, StoppedError
from connector.model.org import LoggedError, SettledError, Setup
from connector.model.run import Checkpoint, EventRecord, Failure, MailboxUpdate
from connector.model.values import GraphUserId, MessageId, RecordId
from tests.support.builders import NOW, mailbox
from tests.support.firm import Firm

BOX = RecordId("a0M000000000001AAA")
READ = Progress(covered=1.0, planned=2.0, messages=3, expected=None, seconds=4.0)


class LogBook:
    """RunLog: everything that is saved, in order; `down` is raised instead."""

    calls = 4

    def __init__(self) -> None:
        self.saved: list[dict[str, Any]] = []
        self.down: ServiceError | None = None

    def save(
        self,
        *,
        event: EventRecord | None,
        failures: Sequence[Failure],
        mailboxes: Sequence[MailboxUpdate],
        settled: Sequence[SettledError] = (),
        answered: Sequence[RecordId] = (),
        matched_through: tuple[RecordId, datetime] | None = None,
    ) -> None:
        if self.down is not None:
            raise self.down
        self.saved.append(
            {
                "event": event,
                "failures": failures,
                "mailboxes": mailboxes,
                "settled": settled,
                "answered": answered,
                "matched_through": matched_through,
            }
        )

    @property
    def events(self) -> list[tuple[str, str]]:
        rows = [save["event"] for save in self.saved]
        return [(row.key, str(row.fields["Status__c"])) for row in rows if row is not None]


class Desk:
    """A recorder with its report, and a clock that stands still unless it is told to move."""

    def __init__(self) -> None:
        self.book, self.report, self.seconds = LogBook(), ReportBuilder(), 0.0
        self.recorder = RunRecorder(
            self.book, self.report, key="run", kind=EventKind.MANUAL, monotonic=lambda: self.seconds
        )
        self.settled: list[SettledError] = []
        self.turned = False

    def save(self, **how: Any) -> dict[str, Any]:
        """A checkpoint of all that failed and was settled so far, as a run composes it."""
        failures = tuple(self.report.ledger.failures_now().values())
        checkpoint = Checkpoint(failures=failures, settled=tuple(self.settled))
        self.recorder.save(checkpoint, NOW, read=READ, turned=self.turned, **how)
        return self.book.saved[-1]

    def fail(self, message: str = "m1", **fields: Any) -> Failure:
        """A message that failed."""
        known: dict[str, Any] = {"mailbox": BOX, "graph_user_id": GraphUserId("ada"), "message": MessageId(message)}
        known |= {"internet_message_id": None, "subject": "", "received_at": NOW, "code": "X", "text": "odd"}
        failure = Failure(**{**known, "transient": True, **fields})
        self.report.ledger.fail_unread(failure)
        return failure


class Admin:
    """SetupSource: what the firm's org says, with these error rows."""

    now = NOW

    def __init__(self, firm: Firm, *errors: LoggedError) -> None:
        self._firm, self._errors = firm, errors

    def read(self) -> Setup:
        return replace(self._firm.org.read(), errors=self._errors)


def saved_by_a_run(firm: Firm, *errors: LoggedError) -> list[dict[str, Any]]:
    """What a run of this firm saves, with a checkpoint whenever it may."""
    book, minutes = LogBook(), count(step=CHECKPOINT_SECONDS)
    services = RunServices(
        admin=Admin(firm, *errors), source=firm.tenant, directory=firm.org, sink=firm.org, log_book=book
    )
    limits = ReadLimits(workers=2, settle=timedelta(0), writers=1)
    report = Run(services, RunRequest(), key="run", limits=limits, monotonic=lambda: next(minutes)).run()
    assert report.failure is None
    return book.saved


def logged(message: str, **fields: Any) -> LoggedError:
    """A row of an earlier run."""
    known: dict[str, Any] = {"id": RecordId("a0R000000000001AAA"), "key": "k", "mailbox": BOX, "attempts": 1}
    known |= {"message": MessageId(message), "internet_message_id": "", "received_at": NOW}
    return LoggedError(**{**known, "next_attempt_at": NOW, "requested": False, **fields})


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def firm() -> Firm:
    return Firm()


# -- checkpoints ----------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_due_once_the_last_is_long_enough_ago(desk: Desk) -> None:
    assert not desk.recorder.is_due
    desk.seconds = CHECKPOINT_SECONDS
    assert desk.recorder.is_due
    desk.save()
    assert not desk.recorder.is_due
    assert desk.recorder.seconds == CHECKPOINT_SECONDS


def test_a_failure_is_logged_once_and_counted_once(desk: Desk) -> None:
    desk.fail("m1")
    assert [failure.message for failure in desk.save()["failures"]] == ["m1"]
    desk.fail("m2")
    assert [failure.message for failure in desk.save()["failures"]] == ["m2"]
    assert desk.save(last=True)["failures"] == []
    assert desk.report.errors == 2


def test_what_is_settled_is_said_once(desk: Desk) -> None:
    desk.settled = [SettledError(id=RecordId("a0R000000000001AAA"), status=ErrorStatus.GAVE_UP)]
    assert len(desk.save()["settled"]) == 1
    assert desk.save(last=True)["settled"] == []


def test_a_checkpoint_is_saved_as_the_run_composed_it(desk: Desk) -> None:
    update, event = MailboxUpdate(id=BOX, fields={"Status__c": "Live"}), RecordId("a0V000000000001AAA")
    checkpoint = Checkpoint(mailboxes=(update,), answered=(event,), matched_through=(RecordId("a0S"), NOW))
    desk.recorder.save(checkpoint, NOW, read=READ, turned=False)
    [saved] = desk.book.saved
    assert (saved["mailboxes"], saved["answered"]) == ((update,), (event,))
    assert saved["matched_through"] == ("a0S", NOW)


# -- what a run composes ---------------------------------------------------------------------------------------------


def test_a_failure_belongs_to_the_row_that_its_message_has(firm: Firm) -> None:
    """Found again under another id, it fails again: its row says so, and there is no second one."""
    moved = firm.mail("ada", id="new-id", message_id="<moved@client.example>")
    firm.tenant.bodies_broken[moved.id] = MessageError("odd", code="GRAPH_400")
    row = logged("old-id", key="the row", mailbox=moved.mailbox, internet_message_id="<moved@client.example>")
    saved = saved_by_a_run(firm, row)
    assert [failure.error_key for each in saved for failure in each["failures"]] == ["the row"]


def test_a_request_to_retry_is_answered_by_the_end_only(firm: Firm) -> None:
    event, mail = RecordId("a0V000000000001AAA"), firm.mail("ada")
    saved = saved_by_a_run(firm, logged(mail.id, mailbox=mail.mailbox, event=event, event_requested=True))
    *before, last = saved
    assert any(each["settled"] for each in before)  # it was done with at a checkpoint already
    assert [each["answered"] for each in before] == [()] * len(before)
    assert last["answered"] == (event,)


def test_what_was_saved_of_a_mailbox_is_not_saved_again(firm: Firm) -> None:
    firm.mail("ada")
    firm.tenant.broken[GraphUserId("bob")] = MailboxError("denied")
    saved = saved_by_a_run(firm)
    assert len(saved) > 1
    written = [(update.id, name) for each in saved for update in each["mailboxes"] for name in update.fields]
    assert (firm.row("bob"), "Status_Detail__c") in written
    assert written.count((firm.row("ada"), "Live_From__c")) == written.count((firm.row("bob"), "Live_From__c")) == 1


# -- which events there are ------------------------------------------------------------------------------------------


def test_a_run_without_news_has_no_event_and_once_it_has_one_it_keeps_it(desk: Desk) -> None:
    assert desk.save()["event"] is None
    desk.report.ledger.participants = 1
    assert desk.save()["event"] is not None
    desk.report.ledger.participants = 0
    assert desk.save(last=True)["event"] is not None
    assert desk.book.events == [("run", "Running"), ("run", "Succeeded")]
    assert desk.report.event == "run"


@pytest.mark.parametrize("news", ["failed", "remarks", "turned", "unlinked"])
def test_news_are_what_failed_what_was_refused_and_a_mailbox_that_turned(desk: Desk, news: str) -> None:
    desk.turned = news in ("turned", "unlinked")
    if news == "failed":
        desk.fail()
    elif news == "remarks":
        desk.report.remarks = ["It could not be deleted."]
    elif news == "turned":
        desk.report.failed_mailboxes = {BOX: MailboxError("denied")}
    desk.save(last=True)
    status = "Succeeded" if news == "unlinked" else "Completed with Errors"
    assert desk.book.events == [("run", status)]


def test_the_end_has_its_time_and_its_calls_with_the_one_that_says_so(desk: Desk) -> None:
    desk.report.ledger.emails = 1
    desk.seconds = 90.4
    running = desk.save()["event"].fields
    assert running["Touched_At__c"] == NOW + timedelta(seconds=90)
    assert running.keys().isdisjoint({"Finished_At__c", "Salesforce_Calls__c"})
    finished = desk.save(last=True)["event"].fields
    assert (finished["Finished_At__c"], finished["Salesforce_Calls__c"]) == (NOW + timedelta(seconds=90), 5)


# -- what stopped the run --------------------------------------------------------------------------------------------


def test_a_failure_before_anything_was_stored_is_the_run_s_own_row(desk: Desk) -> None:
    desk.recorder.save_failure(ServiceError("away"), NOW)
    assert desk.book.events == [("run", "Failed")]
    fields = desk.book.saved[0]["event"].fields
    assert (fields["Emails_Synced__c"], fields["Emails_Failed__c"]) == (0, 0)
    assert "away" in fields["Error_Message__c"]
    assert (desk.report.event, desk.report.failure_logged) == ("run", True)


def test_what_was_stored_keeps_its_row_as_interrupted_beside_that_of_the_failure(desk: Desk) -> None:
    desk.report.ledger.emails, desk.report.remarks = 7, ["It could not be deleted."]
    desk.fail()
    desk.recorder.save_failure(ServiceError("away"), NOW)
    assert desk.book.events == [("run", "Interrupted"), ("run-failure", "Failed")]
    stored, failed = (save["event"].fields for save in desk.book.saved)
    assert (stored["Emails_Synced__c"], stored["Emails_Failed__c"]) == (7, 1)
    assert (failed["Emails_Synced__c"], failed["Emails_Failed__c"]) == (0, 0)
    assert "could not be deleted" in stored["Error_Message__c"]
    assert "away" in failed["Error_Message__c"]
    assert desk.report.event == "run"


def test_a_run_that_was_asked_to_stop_has_not_failed(desk: Desk) -> None:
    desk.recorder.save_failure(StoppedError("stopped"), NOW)
    assert desk.book.saved == []
    desk.fail()
    desk.save()  # there is an event that would go on for ever
    desk.report.ledger.failures.clear()
    desk.recorder.save_failure(StoppedError("stopped"), NOW)
    assert desk.book.events == [("run", "Running"), ("run", "Interrupted")]
    assert not desk.report.failure_logged


def test_a_failure_that_cannot_be_logged_is_not_said_to_be(desk: Desk) -> None:
    desk.book.down = ServiceError("the org is away too")
    desk.recorder.save_failure(ServiceError("away"), NOW)
    assert (desk.report.event, desk.report.failure_logged) == (None, False)


def test_after_a_failure_no_error_row_and_no_timestamp_is_written(desk: Desk) -> None:
    desk.fail()
    desk.recorder.save_failure(ServiceError("away"), NOW)
    assert [(save["failures"], save["mailboxes"]) for save in desk.book.saved] == [([], [])]


# -- the words and numbers -------------------------------------------------------------------------------------------


def test_a_mailbox_counts_once_whether_it_was_read_or_could_not_be() -> None:
    boxes = tuple(mailbox(id=RecordId(f"a0M{n:012d}AAA")) for n in (1, 2))
    failed = {RecordId(f"a0M{n:012d}AAA"): MailboxError("denied") for n in (2, 3)}
    assert ReportBuilder(mailboxes=boxes, failed_mailboxes=failed).looked_at == 3


def test_a_line_for_each_thing_that_an_admin_should_know() -> None:
    report = ReportBuilder(remarks=["One."], failing=("Two.",), unlinked={"ada@firm.example": "Three."})
    assert report.messages.splitlines() == ["One.", "Two.", "ada@firm.example is not read: Three."]
    assert ReportBuilder().messages == ""


def test_a_long_message_is_cut(desk: Desk) -> None:
    desk.report.remarks = ["x" * 40_000]
    assert len(desk.recorder.event(NOW, EventStatus.RUNNING).fields["Error_Message__c"]) <= 30_000
    desk.report.remarks = []
    assert "Error_Message__c" not in desk.recorder.event(NOW).fields


@pytest.mark.parametrize(
    ("what", "code"),
    [("remarks", 1), ("failed_mailboxes", 1), ("errors", 1), ("failure", 3), ("unlinked", 0)],
)
def test_the_exit_code(what: str, code: int) -> None:
    found: dict[str, Any] = {
        "remarks": ["It could not be deleted."],
        "failed_mailboxes": {BOX: MailboxError("denied")},
        "errors": 1,
        "failure": ServiceError("away"),
        "unlinked": {"ada@firm.example": "No permission."},
    }
    assert ReportBuilder(**{what: found[what]}).build().exit_code == code


def test_a_message_that_failed_without_a_row_is_an_exit_code_too(firm: Firm) -> None:
    lost = firm.mail("ada")
    firm.tenant.bodies_broken[lost.id] = MessageError("odd", code="GRAPH_400")
    assert firm.sync(dry_run=True).exit_code == 0  # bodies are not fetched
    assert firm.sync().exit_code == 1


def test_the_event_names_the_mailboxes_that_failed_or_are_not_read(firm: Firm) -> None:
    for number, name in enumerate(("carl", "dave"), start=3):
        firm.adviser(name, number)
    firm.org.mailboxes[firm.row("dave")] = replace(firm.box("dave"), graph_user_id=None)
    firm.mail("bob")
    firm.org.sync_users.discard(firm.box("carl").user)
    firm.tenant.broken[GraphUserId("ada")] = MailboxError("denied", code="ACCESS_DENIED")
    firm.sync()
    [event] = firm.events()
    assert (event["Mailboxes__c"], event["Mailboxes_Failed__c"]) == (3, 2)
    unknown, failing, unlinked = event["Error_Message__c"].splitlines()
    assert unknown.startswith("No user of the tenant is named dave@firm.example")
    assert failing.startswith("ada@firm.example: denied")
    assert unlinked.startswith("carl@firm.example is not read: The linked user does not hold the permission set")


def test_that_a_mailbox_is_not_read_any_more_is_an_event_once(firm: Firm) -> None:
    firm.sync()
    firm.org.sync_users.discard(firm.box("ada").user)
    assert [firm.sync().event, firm.sync().event] == ["run-2", None]
    firm.org.sync_users.add(firm.box("ada").user)
    assert firm.sync().event is None
