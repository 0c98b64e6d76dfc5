"""What the decider asks for, how often, and what becomes of a message that cannot be decided on."""

from typing import Any

import pytest

from connector.codes import Outcome
from connector.engine.context import frames_of
from connector.engine.decider import Decider
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.errors import MailboxError, MailboxOutageError, ServiceError
from connector.model.mail import Folder, Header
from connector.model.values import FolderId, GraphUserId
from tests.support.fakes import INBOX, ROOT, FakeTenant
from tests.support.firm import CLIENT, Firm, outcomes_of
from tests.unit.engine.contexts import context_of


class Folders(FakeTenant):
    """Answers for single folders as it is told, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.known: dict[str, Folder] = {}
        self.error: Exception | None = None

    def folder(self, user: GraphUserId, folder: FolderId) -> Folder | None:
        self.asked.append(folder)
        if self.error is not None:
            raise self.error
        return self.known.get(folder)


class Deciding:
    """One chunk after the other of one mailbox."""

    def __init__(self) -> None:
        self.firm = Firm()
        self.firm.tenant = self.tenant = Folders()
        self.firm.adviser("ada", 1)
        self.ledger = OutcomeLedger(trace={})
        self.queue = WindowQueue(self.firm.box("ada"), GraphUserId("ada"))
        self.queue.tree = self.tenant.folders(GraphUserId("ada"))
        context = context_of(self.firm.org.read(), source=self.tenant, directory=self.firm.org, ledger=self.ledger)
        self.decider = Decider(context)

    def decide(self, *headers: Header) -> list[list[str]]:
        """The ids of the copies of each mail that goes on."""
        mails = self.decider.mails([WalkedWindow(self.queue, None, headers)])
        return [[candidate.header.id for candidate in mail.copies] for mail in mails]

    def mail(self, **fields: Any) -> Header:
        return self.firm.mail("ada", **fields)


@pytest.fixture
def deciding() -> Deciding:
    return Deciding()


def test_a_folder_that_the_tree_does_not_show_is_asked_for_once(deciding: Deciding) -> None:
    deciding.tenant.known = {"new": Folder(id=FolderId("new"), parent=INBOX)}
    mails = [deciding.mail(folder="new") for _ in range(3)]
    assert len(deciding.decide(*mails[:2])) == 2
    assert len(deciding.decide(mails[2])) == 1
    assert deciding.tenant.asked == ["new"]


def test_what_is_above_such_a_folder_is_asked_for_too(deciding: Deciding) -> None:
    deciding.tenant.known = {
        "new": Folder(id=FolderId("new"), parent=FolderId("newer")),
        "newer": Folder(id=FolderId("newer"), parent=ROOT, hidden=True),
    }
    mail = deciding.mail(folder="new")
    assert deciding.decide(mail) == []
    assert outcomes_of(deciding.ledger) == {(mail.mailbox, mail.id): Outcome.FOLDER}
    assert deciding.tenant.asked == ["new", "newer"]


def test_a_folder_that_answers_under_another_id_does_not_go_round_for_ever(deciding: Deciding) -> None:
    deciding.tenant.known = {"alias": Folder(id=FolderId("real"), parent=INBOX)}
    assert len(deciding.decide(deciding.mail(folder="alias"))) == 1


@pytest.mark.parametrize("error", [None, MailboxError("denied", code="ACCESS_DENIED"), MailboxOutageError("busy")])
def test_a_folder_that_cannot_be_had_fails_its_mail_alone_and_is_asked_for_once(
    deciding: Deciding, error: MailboxError | None
) -> None:
    deciding.tenant.error = error
    lost, also = deciding.mail(folder="new"), deciding.mail(folder="new")
    good = deciding.mail(folder=INBOX)
    assert deciding.decide(lost, good) == [[good.id]]
    assert deciding.decide(also) == []
    assert deciding.tenant.asked == ["new"]
    failures = [*deciding.ledger.failures.values()]
    assert [failure.message for failure in failures] == [lost.id, also.id]
    assert {failure.code for failure in failures} == {error.code if error else "FOLDER_GONE"}
    assert all(failure.transient for failure in failures)


def test_what_fails_before_it_is_decided_on_is_told_by_its_ids_alone(deciding: Deciding) -> None:
    deciding.tenant.error = MailboxOutageError("busy")
    deciding.decide(
        deciding.mail(folder="new", subject="Diagnosis", message_id="<1@doctor.example>"),
        deciding.mail(categories=(None,), subject="Diagnosis", message_id="<2@doctor.example>"),
    )
    failures = [*deciding.ledger.failures.values()]
    assert [(failure.subject, failure.internet_message_id) for failure in failures] == [("", None)] * 2
    assert all(failure.message and failure.received_at for failure in failures)
    assert not any(word in repr(failures) for word in ("Diagnosis", "doctor.example", CLIENT))


def test_a_service_that_fails_stops_the_run(deciding: Deciding) -> None:
    deciding.tenant.error = ServiceError("away")
    with pytest.raises(ServiceError):
        deciding.decide(deciding.mail(folder="new"))


def test_headers_that_our_own_code_stumbles_over_fail_alone(deciding: Deciding) -> None:
    odd = deciding.mail(categories=(None,))
    good = deciding.mail(categories=("Blue",))
    assert deciding.decide(odd, good) == [[good.id]]
    [failure] = deciding.ledger.failures.values()
    assert (failure.message, failure.code, failure.transient) == (odd.id, "UNEXPECTED", False)


def test_a_draft_needs_no_folder(deciding: Deciding) -> None:
    deciding.decide(deciding.mail(folder="new", is_draft=True))
    assert deciding.tenant.asked == []


def test_a_message_that_is_settled_is_not_decided_again(deciding: Deciding) -> None:
    mail = deciding.mail(from_="who@unknown.example")
    assert deciding.decide(mail, mail) == []
    assert deciding.decide(mail) == []
    assert deciding.ledger.listed == 1
    assert deciding.firm.org.calls == 2  # the setup, and one look-up


def test_copies_of_a_mail_are_one(deciding: Deciding) -> None:
    first = deciding.mail(from_="someone@firm.example", to=(CLIENT, "ada@firm.example"), message_id="<1@x.example>")
    own = deciding.mail(from_="someone@firm.example", to=(CLIENT, "ada@firm.example"), message_id="<1@x.example>")
    assert [sorted(copies) for copies in deciding.decide(first, own)] == [sorted([first.id, own.id])]


def test_the_log_of_an_error_of_ours_says_where_and_nothing_of_the_mail() -> None:
    quoted = "Diagnosis"
    try:
        int(quoted)
    except ValueError as error:
        told = frames_of(error)
    assert __file__ in told
    assert "ValueError" not in told  # the words of an error may quote what it stumbled over
    assert "'Diagnosis'" not in told
