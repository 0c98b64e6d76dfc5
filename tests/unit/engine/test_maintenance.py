"""What a run does to stored mail, and what it says where that is refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from connector.codes import ErrorStatus
from connector.core.writing.rematch import Changes, FiledMail
from connector.engine.rematch import SLICE
from connector.model.org import ClientObject, Hit
from connector.model.records import Row, RowError
from connector.model.values import NormalAddress, RecordId
from tests.support import builders
from tests.support.fake_org import FakeOrg
from tests.support.fake_stock import FakeStock
from tests.support.fakes import Calls
from tests.support.firm import COLLEAGUE, STRANGER, Firm

NEW = RecordId("003000000000005AAA")
LOCKED = RowError(code="ENTITY_IS_LOCKED", message="No.")


class StoredMail(FakeStock):
    """Refuses to clear what is `locked`, keeps what it was asked, and knows of no mail what message it is from."""

    locked = False

    def __init__(self, org: FakeOrg) -> None:
        super().__init__(org)
        self.asked: list[tuple[str, list[str]]] = []
        self.related: set[RecordId] = set()

    def changes(self) -> Changes:
        found = super().changes()
        found.related |= self.related
        return found

    def blank(self, emails: Sequence[RecordId]) -> Mapping[RecordId, RowError]:
        self.asked.append(("blank", [*emails]))
        return dict.fromkeys(emails, LOCKED) if self.locked else super().blank(emails)

    def delete(self, emails: Sequence[RecordId], *, today: date) -> Mapping[RecordId, RowError]:
        self.asked.append(("delete", [*emails]))
        return dict.fromkeys(emails, LOCKED) if self.locked else super().delete(emails, today=today)

    def mails_with(self, clients: Mapping[NormalAddress, Iterable[RecordId]]) -> Sequence[RecordId]:
        self.asked.append(("clients", [*clients]))
        return super().mails_with(clients)

    def read(self, emails: Sequence[RecordId]) -> Sequence[FiledMail]:
        self.asked.append(("read", [*emails]))
        found = super().read(emails)
        return [replace(mail, stored=replace(mail.stored, graph_message_id=None)) for mail in found]


@pytest.fixture
def firm() -> Firm:
    """One unmatched mail is stored, and the run of then is over."""
    firm = Firm()
    firm.stored_mail = StoredMail(firm.org)
    firm.org.settings = builders.settings(keep_unmatched=True, unmatched_retention_days=30, backfill_months=2)
    firm.mail("ada", days=5, from_=STRANGER)
    assert firm.sync().exit_code == 0
    firm.wait(days=1)
    stored_mail(firm).asked.clear()
    return firm


def stored_mail(firm: Firm) -> StoredMail:
    assert isinstance(firm.stored_mail, StoredMail)
    return firm.stored_mail


def only(firm: Firm) -> RecordId:
    [email] = firm.org.table("Email__c")
    return email


def error_row(firm: Firm) -> dict[str, Any]:
    """A row of MS_Graph_Sync_Error__c that waits for its time, about the mail."""
    row: dict[str, Any] = {"Error_Key__c": "k", "Mailbox__c": firm.row("ada"), "Graph_Message_Id__c": "m"}
    row |= {"Internet_Message_Id__c": None, "Received_At__c": None, "Attempts__c": 1}
    row |= {"Code__c": "X", "Message__c": "odd", "Status__c": "Failed", "Email__c": only(firm)}
    row["Next_Attempt_At__c"] = firm.org.now + timedelta(days=1)
    firm.org.table("MS_Graph_Sync_Error__c")[RecordId("a0R000000000001AAA")] = row
    return row


# -- up to when -------------------------------------------------------------------------------------------------------


def test_what_changes_is_dealt_with_up_to_the_run_s_own_begin(firm: Firm) -> None:
    firm.sync()
    assert firm.org.settings is not None
    assert firm.org.settings.matched_through == firm.org.now


def test_the_time_never_goes_back(firm: Firm) -> None:
    """The clock of another server of the org may be behind."""
    assert firm.org.settings is not None
    later = firm.org.now + timedelta(seconds=5)
    firm.org.settings = replace(firm.org.settings, matched_through=later)
    firm.sync()
    assert firm.org.settings.matched_through == later


# -- cleared ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "verb"), [("Removed", "blanked"), ("Unmatched", "deleted")])
def test_what_the_org_will_not_clear_is_told_by_name_and_reason(firm: Firm, status: str, verb: str) -> None:
    stored_mail(firm).locked = True
    firm.org.edit("Email__c", only(firm), Match_Status__c=status, Expires_On__c=date(2026, 1, 1))
    report = firm.sync()
    assert report.remarks == (f"The email {only(firm)} could not be {verb} (ENTITY_IS_LOCKED: No.)",)
    assert (report.exit_code, report.event) == (1, "run-2")
    [event] = [event for event in firm.events() if event["Run_Key__c"] == "run-2"]
    assert (event["Status__c"], event["Error_Message__c"]) == ("Completed with Errors", report.remarks[0])


@pytest.mark.parametrize("status", ["Removed", "Unmatched"])
def test_of_what_is_cleared_nothing_is_tried_again(firm: Firm, status: str) -> None:
    row = error_row(firm)
    firm.org.edit("Email__c", only(firm), Match_Status__c=status, Expires_On__c=date(2026, 1, 1))
    firm.sync()
    assert row["Status__c"] == ErrorStatus.RESOLVED.value


def test_rows_of_other_mail_stay_as_they_are(firm: Firm) -> None:
    row = error_row(firm)
    firm.mail("ada", days=1, from_=STRANGER, id="gone", message_id="<gone@x.example>")
    firm.sync()
    [gone] = [id_ for id_ in firm.org.table("Email__c") if id_ != row["Email__c"]]
    firm.org.edit("Email__c", gone, Match_Status__c="Removed")
    firm.sync()
    assert row["Status__c"] == "Failed"


def test_where_nothing_is_to_be_cleared_nothing_is_asked(firm: Firm) -> None:
    firm.sync()
    assert stored_mail(firm).asked == []


# -- related anew ------------------------------------------------------------------------------------------------------


def test_a_colleague_who_is_a_contact_too_is_no_client(firm: Firm) -> None:
    firm.org.client(Hit(object=ClientObject.CONTACT, id=NEW), COLLEAGUE, "ada@firm.example")
    firm.sync()
    assert stored_mail(firm).asked == []  # no look-up either
    firm.org.client(Hit(object=ClientObject.CONTACT, id=NEW), STRANGER, COLLEAGUE)
    firm.sync()
    assert stored_mail(firm).asked[0] == ("clients", [STRANGER])


def test_a_mailbox_outside_the_internal_domains_is_no_client_either(firm: Firm) -> None:
    firm.org.mailboxes[firm.row("bob")] = replace(firm.box("bob"), email="bob@partner.example")
    firm.org.client(Hit(object=ClientObject.CONTACT, id=NEW), "bob@partner.example")
    firm.sync()
    assert stored_mail(firm).asked == []


def test_what_a_person_removed_is_not_related(firm: Firm) -> None:
    """Though it is found as related too: it was, until a moment ago."""
    firm.org.client(Hit(object=ClientObject.CONTACT, id=NEW), STRANGER)
    firm.org.edit("Email__c", only(firm), Match_Status__c="Removed")
    stored_mail(firm).related = {only(firm)}
    firm.sync()
    assert stored_mail(firm).asked == [("clients", [STRANGER]), ("blank", [only(firm)])]


def test_where_nothing_is_lacking_nothing_is_written(firm: Firm) -> None:
    firm.org.client(Hit(object=ClientObject.CONTACT, id=NEW), STRANGER)
    calls = Calls()
    firm.sync(calls)
    assert "write" in calls.names
    stored_mail(firm).related = {only(firm)}
    firm.wait(minutes=5)
    calls = Calls()
    report = firm.sync(calls)
    assert "read mails" in calls.names
    assert "write" not in calls.names
    assert report.event is None


def test_rows_that_were_written_are_counted(firm: Firm) -> None:
    firm.org.client(Hit(object=ClientObject.CONTACT, id=NEW), STRANGER)
    report = firm.sync()
    assert (report.additions, report.tasks) == (2, 1)  # the mail and its participant; its activity
    assert report.event == "run-2"


def test_a_refusal_of_a_mail_whose_message_nobody_knows_is_a_remark(firm: Firm) -> None:
    def rule(row: Row) -> RowError | None:
        return RowError(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No.") if row.object == "Task" else None

    firm.org.client(Hit(object=ClientObject.CONTACT, id=NEW), STRANGER)
    firm.org.rule = rule
    report = firm.sync()
    told = "could not be related anew (FIELD_CUSTOM_VALIDATION_EXCEPTION: Task: No.)"
    assert report.remarks == (f"The email {only(firm)} {told}",)
    assert firm.org.rows("MS_Graph_Sync_Error__c") == []
    assert report.exit_code == 1


def test_much_mail_is_read_and_written_in_slices(firm: Firm) -> None:
    template = firm.org.rows("Email__c")[0]
    child = firm.org.rows("Email_Participant__c")[0]
    for number in range(SLICE):
        key, email = f"{number:032x}", RecordId(f"a0E{number:012d}AAA")
        firm.org.table("Email__c")[email] = {**template, "Message_Key__c": key, "Internet_Message_Id__c": key}
        row = {**child, "Email__c": email, "Participant_Key__c": f"{key}:p", "Contact__c": NEW}
        firm.org.table("Email_Participant__c")[RecordId(f"a0P{number:012d}AAA")] = row
    firm.org.client(Hit(object=ClientObject.CONTACT, id=NEW), STRANGER)
    firm.sync()
    reads = [emails for what, emails in stored_mail(firm).asked if what == "read"]
    assert [len(emails) for emails in reads] == [SLICE, 1]
    assert [*reads[0], *reads[1]] == sorted(firm.org.table("Email__c"))
