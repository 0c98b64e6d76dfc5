"""The report of a run: plain data that other processes can read, and the JSON object that the commands print."""

import json
from dataclasses import FrozenInstanceError

import pytest

from connector.codes import Outcome
from connector.engine.report import MOST_FAILURES, RunReport
from connector.errors import MailboxError, MessageError, ServiceError
from connector.model.values import GraphUserId
from tests.support.firm import Firm


@pytest.fixture
def eventful() -> Firm:
    """A firm with a message to store, one that fails, and a mailbox that cannot be read."""
    firm = Firm()
    firm.adviser("carl", 3)
    firm.mail("ada")
    firm.tenant.bodies_broken[firm.mail("ada", subject="Lost").id] = MessageError("odd", code="GRAPH_400")
    firm.tenant.broken[GraphUserId("bob")] = MailboxError("denied", code="ACCESS_DENIED")
    firm.org.sync_users.discard(firm.box("carl").user)
    return firm


def test_the_object_that_commands_print(eventful: Firm) -> None:
    report = eventful.sync()
    assert report.to_json() == {
        "event": "run-1",
        "listed": 2,
        "outcomes": {**dict.fromkeys(map(str, Outcome), 0), "matched": 1, "failed": 1},
        "emails": 1,
        "participants": 1,
        "tasks": 1,
        "attachments": 0,
        "errors": 1,
        "mailboxes": {"read": 1, "failed": 1, "not_linked": 1},
        "salesforce_calls": report.salesforce_calls,
        "graph_calls": report.graph_calls,
        "seconds": 0.0,
    }


def test_what_stopped_the_run_is_in_the_object(eventful: Firm) -> None:
    eventful.org.down["save"] = ServiceError("away", where="the org", remedy="Wait.", code="AWAY")
    report = eventful.sync()
    assert report.to_json()["error"] == {
        "code": "AWAY",
        "message": "away",
        "where": "the org",
        "remedy": "Wait.",
    }
    assert str(report.failure) == "away (the org). Wait."
    assert report.exit_code == 3


def test_why_nothing_was_read_is_in_the_object(eventful: Firm) -> None:
    eventful.org.settings = None
    report = eventful.sync()
    assert "no Microsoft 365 Sync Setting record" in report.to_json()["skipped"]
    assert report.exit_code == 0


@pytest.mark.parametrize("down", [False, True])
def test_a_report_comes_back_from_another_process_as_it_was(eventful: Firm, down: bool) -> None:
    if down:
        eventful.org.down["save"] = ServiceError("away")
    report = eventful.sync()
    again = RunReport.load(json.loads(json.dumps(report.dump())))
    assert again == report
    assert (again.to_json(), again.exit_code) == (report.to_json(), report.exit_code)


def test_counts_by_mailbox_and_the_messages_that_failed(eventful: Firm) -> None:
    report = eventful.sync()
    # a mailbox that was begun counts among those read, and again among those that failed
    assert [box.name for box in report.mailboxes] == ["ada@firm.example", "bob@firm.example"]
    assert [sum(box.outcomes.values()) for box in report.mailboxes] == [2, 0]
    [failure] = report.failures
    assert (failure.subject, failure.code, failure.mailbox) == ("Lost", "GRAPH_400", eventful.row("ada"))
    assert report.failing == ("bob@firm.example: denied.",)
    assert (report.mailboxes_not_linked, list(report.unlinked)) == (1, ["carl@firm.example"])


def test_the_failures_that_are_named_are_no_more_than_people_read() -> None:
    firm = Firm()
    for number in range(MOST_FAILURES + 5):
        firm.tenant.bodies_broken[firm.mail("ada", subject=str(number)).id] = MessageError("odd", code="GRAPH_400")
    report = firm.sync()
    assert report.outcomes[Outcome.FAILED] == report.errors == MOST_FAILURES + 5
    assert len(report.failures) == MOST_FAILURES


def test_a_report_cannot_be_changed(eventful: Firm) -> None:
    with pytest.raises(FrozenInstanceError):
        eventful.sync().errors = 0  # type: ignore[misc]
