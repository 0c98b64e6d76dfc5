"""One run after the other on services in memory: outcomes, events, checkpoints."""

from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from connector.codes import MailboxStatus, Outcome
from connector.engine.report import RunReport
from connector.errors import BrokenListError, MailboxError, MailboxOutageError, MessageError, ServiceError, UsageError
from connector.model.records import Row, RowError
from connector.model.values import GraphUserId
from tests.support import builders
from tests.support.builders import at
from tests.support.fakes import JUNK, Calls, Gate
from tests.support.firm import CLIENT, COLLEAGUE, STRANGER, Firm


@pytest.fixture
def firm() -> Firm:
    return Firm()


def counted(report: RunReport) -> dict[str, int]:
    """The outcomes that occurred; they add up to what was listed."""
    found = report.outcomes
    assert sum(found.values()) == report.listed
    return {str(outcome): number for outcome, number in found.items() if number}


# -- what is stored -------------------------------------------------------------------------------


def test_every_message_has_one_outcome(firm: Firm) -> None:
    firm.mail("ada")
    firm.mail("ada", from_="ada@firm.example", to=(CLIENT, "spouse@client.example"))
    firm.mail("ada", from_=COLLEAGUE)
    firm.mail("ada", from_=STRANGER)
    firm.mail("ada", folder=JUNK)
    firm.mail("ada", is_draft=True)
    firm.mail("ada", categories=("Do Not Sync",))
    firm.mail("ada", to="bob@firm.example")
    both = firm.mail("ada", to=("ada@firm.example", "bob@firm.example"))
    firm.mail("bob", to=("ada@firm.example", "bob@firm.example"), message_id=both.internet_message_id)
    report = firm.sync()
    assert counted(report) == {
        "draft": 1,
        "folder": 1,
        "opted_out": 1,
        "bcc": 1,
        "internal": 1,
        "unmatched_dropped": 1,
        "duplicate": 1,
        "matched": 3,
    }
    assert (report.exit_code, report.listed) == (0, 10)
    assert (len(firm.org.rows("Email__c")), len(firm.org.rows("Email_Participant__c"))) == (3, 4)
    [event] = firm.events()
    assert (event["Status__c"], event["Emails_Synced__c"], event["Emails_Failed__c"]) == ("Succeeded", 3, 0)
    assert report.event == event["Run_Key__c"]


def test_a_second_run_stores_nothing_and_is_no_event(firm: Firm) -> None:
    for days in (1, 40, 100):
        firm.mail("ada", days=days)
    firm.sync()
    before = firm.stored()
    firm.wait(minutes=15)
    report = firm.sync()
    assert (report.event, report.stored, report.exit_code) == (None, 0, 0)
    assert len(firm.events()) == 1
    after = firm.stored()
    assert {**after, "Mailbox": None} == {**before, "Mailbox": None}
    assert firm.box("ada").live_through == firm.box("ada").last_success == firm.org.now


def test_mail_that_came_since_is_stored_by_the_next_run(firm: Firm) -> None:
    firm.mail("ada")
    firm.sync()
    firm.wait(minutes=15)
    firm.mail("ada", days=-5 / 1440)
    report = firm.sync()
    assert counted(report)["matched"] == 1
    assert [event["Emails_Synced__c"] for event in firm.events()] == [1, 1]


def test_a_run_may_be_for_one_mailbox_only(firm: Firm) -> None:
    firm.mail("ada")
    firm.mail("bob")
    report = firm.sync(only=["bob@firm.example"])
    assert [box.name for box in report.mailboxes] == ["bob@firm.example"]
    assert firm.box("ada").live_from is None
    with pytest.raises(UsageError):
        firm.sync(only=["cid@firm.example"])


def test_a_dry_run_writes_nothing(firm: Firm) -> None:
    firm.mail("ada")
    before = firm.stored()
    assert [line.outcome for line in firm.dry_run()] == [Outcome.MATCHED]
    assert firm.stored() == before
    assert firm.events() == []


@pytest.mark.parametrize("change", [None, {"active": False}, {"licensed_users": 0}])
def test_nothing_is_read_where_the_sync_is_off(firm: Firm, change: dict[str, Any] | None) -> None:
    firm.org.settings = None if change is None else builders.settings(**change)
    report = firm.sync()
    assert report.skipped
    assert (report.exit_code, firm.tenant.calls, firm.org.calls) == (0, 0, 1)


# -- failures -------------------------------------------------------------------------------------


def test_a_message_that_fails_is_logged_and_the_rest_goes_on(firm: Firm) -> None:
    lost, _ = firm.mail("ada", subject="Lost"), firm.mail("ada")
    firm.tenant.bodies_broken[lost.id] = MessageError("odd", code="GRAPH_400")
    report = firm.sync()
    assert counted(report) == {"failed": 1, "matched": 1}
    assert (report.exit_code, report.errors) == (1, 1)
    [error] = firm.org.rows("MS_Graph_Sync_Error__c")
    assert (error["Graph_Message_Id__c"], error["Code__c"], error["event"]) == (lost.id, "GRAPH_400", "run-1")
    [event] = firm.events()
    assert (event["Status__c"], event["Emails_Failed__c"]) == ("Completed with Errors", 1)
    firm.never_ahead()


def test_a_row_that_the_org_refuses_fails_its_mail_alone(firm: Firm) -> None:
    firm.mail("ada", subject="Refused")
    firm.mail("ada")

    def rule(row: Row) -> RowError | None:
        refused = row.object == "Task" and row.fields["Subject"] == "Email: Refused"
        return RowError(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No.") if refused else None

    firm.org.rule = rule
    report = firm.sync()
    assert counted(report) == {"failed": 1, "matched": 1}
    [error] = firm.org.rows("MS_Graph_Sync_Error__c")
    assert error["Email__c"] is not None  # the mail itself is stored
    firm.org.rule = lambda _: None
    report = firm.sync(every_error=True)
    assert report.tasks == 1
    [error] = firm.org.rows("MS_Graph_Sync_Error__c")
    assert error["Status__c"] == "Resolved"


def test_a_mailbox_that_cannot_be_read_is_an_event_when_that_begins_and_ends(firm: Firm) -> None:
    firm.mail("bob")
    firm.tenant.broken[GraphUserId("ada")] = MailboxError("denied", code="ACCESS_DENIED")
    report = firm.sync()
    assert (report.exit_code, counted(report)) == (1, {"matched": 1})
    assert report.failing == ("ada@firm.example: denied.",)
    assert firm.box("ada").status is MailboxStatus.FAILING
    assert firm.box("bob").status is MailboxStatus.LIVE
    assert [event["Mailboxes_Failed__c"] for event in firm.events()] == [1]
    firm.wait(minutes=15)
    assert firm.sync().event is None  # it still fails: no news
    del firm.tenant.broken[GraphUserId("ada")]
    firm.mail("ada", days=2)
    firm.wait(minutes=15)
    report = firm.sync()
    assert (report.event, report.exit_code) == ("run-3", 0)
    assert firm.box("ada").status is MailboxStatus.LIVE
    assert counted(report)["matched"] == 1


def test_a_mailbox_that_fails_again_without_mail_is_an_event_of_its_own(firm: Firm) -> None:
    firm.sync()
    assert firm.events() == []
    firm.tenant.broken[GraphUserId("ada")] = MailboxError("denied")
    firm.sync()
    del firm.tenant.broken[GraphUserId("ada")]
    firm.sync()
    statuses = [event["Status__c"] for event in firm.events()]
    assert statuses == ["Completed with Errors", "Succeeded"]


def test_one_mailbox_in_an_outage_is_its_own_affair_all_of_them_are_the_run_s(firm: Firm) -> None:
    outage = MailboxOutageError("busy")
    firm.tenant.broken[GraphUserId("ada")] = outage
    assert firm.sync().failure is None
    firm.tenant.broken[GraphUserId("bob")] = outage
    report = firm.sync()
    assert report.failure is not None
    assert report.exit_code == 3


def test_a_second_that_cannot_be_listed_is_an_error_row_and_the_mailbox_goes_on(firm: Firm) -> None:
    firm.mail("ada", days=1)
    lost = firm.mail("ada", days=2)

    def damaged(user: GraphUserId, start: datetime, end: datetime) -> None:
        if user == "ada" and start <= lost.received_at < end:
            raise BrokenListError("500")

    firm.tenant.at_list = damaged
    report = firm.sync()
    assert counted(report) == {"matched": 1, "failed": 1}
    assert firm.org.mailboxes[firm.row("ada")].status is MailboxStatus.LIVE
    [row] = firm.org.table("MS_Graph_Sync_Error__c").values()
    assert (row["Code__c"], row["Graph_Message_Id__c"]) == (
        "UNREADABLE",
        f"received:{lost.received_at:%Y-%m-%dT%H:%M:%SZ}",
    )
    firm.wait(hours=1)
    assert counted(firm.sync()) == {"failed": 1}  # its time has come, and it is still damaged
    firm.tenant.at_list = lambda *_: None
    firm.wait(hours=2)
    assert counted(firm.sync()) == {"matched": 1}
    [row] = firm.org.table("MS_Graph_Sync_Error__c").values()
    assert (row["Status__c"], row["Code__c"]) == ("Resolved", "UNREADABLE")


def test_mail_that_is_refused_last_fails_too(firm: Firm) -> None:
    firm.mail("ada")
    firm.org.rule = lambda _: RowError(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="no", by_rule=True)
    assert counted(firm.sync()) == {"failed": 1}


def test_mailboxes_none_of_which_can_even_be_looked_up_are_the_run_s(firm: Firm) -> None:
    for row in [*firm.org.mailboxes.values()]:
        firm.org.mailboxes[row.id] = replace(row, graph_user_id=None)

    class Busy(Calls):
        def __call__(self, name: str) -> None:
            if name == "find_user":
                raise MailboxOutageError("busy")

    assert firm.sync(Busy()).exit_code == 3


@pytest.mark.parametrize("place", ["graph", "look_up", "write", "save"])
def test_a_service_that_fails_is_one_event_of_nought_and_no_timestamp_moves(firm: Firm, place: str) -> None:
    firm.mail("ada")
    error = ServiceError("away", where=place, remedy="Wait.")
    if place == "graph":
        firm.tenant.outage = error
    else:
        firm.org.down[place] = error
    before = dict(firm.org.mailboxes)
    report = firm.sync()
    assert report.failure == error.detail
    assert report.exit_code == 3
    assert firm.org.mailboxes == before
    assert firm.org.rows("MS_Graph_Sync_Error__c") == []
    failed = [event for event in firm.events() if event["Status__c"] == "Failed"]
    if place == "save":
        assert failed == []  # it cannot be logged either
    else:
        [event] = failed
        assert (event["Emails_Synced__c"], event["Emails_Failed__c"]) == (0, 0)
        assert "away" in event["Error_Message__c"]
    firm.tenant.outage, firm.org.down = None, {}
    assert firm.sync().exit_code == 0
    assert len(firm.org.rows("Email__c")) == 1


def test_what_was_stored_before_a_failure_keeps_an_event_of_its_own(firm: Firm) -> None:
    for number in range(450):
        firm.mail("ada", days=1 + number / 24)
    seen: list[str] = []

    def rule(row: Row) -> None:
        seen.append(row.object)
        if seen.count("Email__c") == 250:  # the request after this one will not get through
            firm.org.down["write"] = ServiceError("away")

    firm.org.rule = rule
    report = firm.sync()
    assert report.exit_code == 3
    events = {event["Run_Key__c"]: event for event in firm.events()}
    assert [event["Status__c"] for event in events.values()] == ["Interrupted", "Failed"]
    assert events["run-1"]["Emails_Synced__c"] == report.emails == len(firm.org.rows("Email__c")) == 400
    assert events["run-1-failure"]["Emails_Synced__c"] == events["run-1-failure"]["Emails_Failed__c"] == 0
    assert firm.box("ada").backfill_through is None
    firm.org.down, firm.org.rule = {}, lambda _: None
    report = firm.sync()
    assert counted(report) == {"duplicate": 400, "matched": 50}
    assert report.exit_code == 0


def test_what_does_not_fill_a_request_goes_with_the_next_chunk(firm: Firm) -> None:
    """Two mailboxes, 700 mails in both and 1,800 in one of them only: copies that were carried find each other."""
    both = ("ada@firm.example", "bob@firm.example")
    for number in range(1600):
        days = 1 + number / 10  # two windows of each mailbox at least, so that one is read after the first look-up
        shared = {"message_id": f"<both{number}@x.example>", "to": both} if number < 700 else {}
        firm.mail("ada", days=days, **shared)
        firm.mail("bob", days=days - 0.3, sent_at=at(days=-days), **shared)
    gate = Gate()
    report = firm.sync(gate, progress=gate.walked)
    assert gate.names.count("look_up") > 1
    assert counted(report) == {"matched": 2500, "duplicate": 700}
    assert firm.box("ada").live_through == firm.box("bob").live_through == firm.org.now
    assert all(firm.box(name).backfill_through == firm.box(name).live_from for name in ("ada", "bob"))


def test_all_requests_but_the_last_are_full(firm: Firm) -> None:
    for number in range(3050):
        firm.mail("ada", days=1 + number / 72)
    gate = Gate()
    firm.sync(gate, progress=gate.walked)
    assert gate.names.count("look_up") > 1
    assert firm.org.sizes == [200] * 15 + [50]


def test_a_window_is_not_closed_before_the_mail_that_waits_for_the_next_chunk(firm: Firm) -> None:
    for number in range(3000):
        firm.mail("ada", days=1 + number / 50)
    firm.org.on_save = firm.never_ahead
    gate = Gate()
    report = firm.sync(gate, progress=gate.walked, monotonic=count(step=61).__next__)
    assert gate.names.count("save") > 1
    assert counted(report) == {"matched": 3000}


def test_without_an_internal_domain_unmatched_mail_is_not_kept_at_all(firm: Firm) -> None:
    firm.org.exclusions.clear()
    firm.org.settings = builders.settings(keep_unmatched=True)
    firm.mail("ada")
    report = firm.sync()
    assert report.exit_code == 3
    assert (firm.org.rows("Email__c"), firm.tenant.calls) == ([], 0)
