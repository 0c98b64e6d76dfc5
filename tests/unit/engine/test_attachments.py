"""The files of stored mails: what is fetched, from which copy, how often, and what is said of the missing ones.

How small files go up together, and what waits for whom: test_small_files.py.
"""

from dataclasses import replace

import pytest

from connector.codes import Outcome
from connector.core.writing.attachments import whole_mail
from connector.engine.attachments import ATTEMPTS
from connector.engine.decider import Mail
from connector.engine.mail_files import MailFiles, case_of, copy_to_list, second_files
from connector.errors import MessageError, MessageGoneError, ServiceError
from connector.model.records import StoredFile
from connector.model.values import MessageId, RecordId
from tests.support.builders import stored
from tests.unit.engine.filing import EMAIL, KEY, OWNER, SETTINGS, Filing, attached, case, copy_in


@pytest.fixture
def filing() -> Filing:
    return Filing()


def test_a_file_is_stored_for_its_mail_and_counted(filing: Filing) -> None:
    filing.file(case("offer.pdf", "annex.pdf"))
    assert filing.names == ["annex.pdf", "offer.pdf"]
    assert (filing.ledger.attachments, filing.ledger.failures) == (2, {})
    assert {(file.email, file.owner) for file in filing.shelf.files.values()} == {(EMAIL, OWNER)}


def test_each_file_fails_alone_and_one_row_tells_of_all(filing: Filing) -> None:
    filing.tenant.faults = {
        "copy1/a.pdf": [MessageError("It is refused.", code="FIRST")],
        "copy1/c.pdf": [MessageError("It is locked", code="SECOND", transient=True)],
    }
    filing.file(case("a.pdf", "b.pdf", "c.pdf"))
    assert (filing.names, filing.ledger.attachments) == (["b.pdf"], 1)
    [failure] = filing.ledger.failures.values()
    assert (failure.code, failure.transient, failure.email) == ("FIRST", True, EMAIL)
    assert "a.pdf: It is refused; c.pdf: It is locked" in failure.text
    assert filing.ledger.by_outcome()[Outcome.FAILED] == 0  # the mail is stored


def test_of_kept_mail_no_row_names_a_file(filing: Filing) -> None:
    filing.tenant.faults = {"copy1/divorce.pdf": [MessageError("It is refused.", code="FIRST")]}
    filing.file(case("divorce.pdf", is_client=False))
    [failure] = filing.ledger.failures.values()
    assert "A file: It is refused" in failure.text
    assert (failure.subject, failure.internet_message_id, failure.email) == ("", None, EMAIL)
    assert "divorce" not in repr(failure)


def test_where_no_failure_passes_by_itself_neither_does_the_whole(filing: Filing) -> None:
    filing.tenant.faults = {"copy1/a.pdf": [MessageError("It is refused.", code="FIRST")]}
    filing.file(case("a.pdf", "b.pdf"))
    assert [failure.transient for failure in filing.ledger.failures.values()] == [False]


def test_an_error_of_the_connector_fails_that_file_only_but_a_service_stops_the_run(filing: Filing) -> None:
    filing.tenant.faults = {"copy1/a.pdf": [ValueError("odd")]}
    filing.file(case("a.pdf", "b.pdf"))
    assert [failure.code for failure in filing.ledger.failures.values()] == ["UNEXPECTED"]
    assert filing.names == ["b.pdf"]
    filing.tenant.faults = {"copy1/c.pdf": [ServiceError("away")]}
    with pytest.raises(ServiceError):
        filing.file(case("c.pdf"))


@pytest.mark.parametrize("code", ["BROKEN_OFF", "TIMEOUT"])
def test_what_breaks_off_is_read_again_at_once_so_many_times(filing: Filing, code: str) -> None:
    fault = MessageError("It took too long", code=code, transient=True)
    filing.tenant.faults = {"copy1/a.pdf": [fault] * (ATTEMPTS - 1), "copy1/b.pdf": [fault] * ATTEMPTS}
    filing.file(case("a.pdf", "b.pdf"))
    assert filing.names == ["a.pdf"]
    assert filing.tenant.opened.count("copy1/b.pdf") == ATTEMPTS
    assert [failure.code for failure in filing.ledger.failures.values()] == [code]


def test_what_is_refused_is_not_read_again(filing: Filing) -> None:
    filing.tenant.faults = {"copy1/a.pdf": [MessageError("It is refused", code="GRAPH_400", transient=True)]}
    filing.file(case("a.pdf"))
    assert (filing.tenant.opened, filing.names) == (["copy1/a.pdf"], [])


def test_where_a_copy_is_gone_the_next_that_has_the_same_file_gives_it(filing: Filing) -> None:
    filing.tenant.faults = {"copy1/a.pdf": [MessageGoneError("gone")]}
    filing.tenant.lists = {
        MessageId("copy2"): (attached("other.pdf"),),
        MessageId("copy3"): (attached("other.pdf"), attached("a.pdf", "a-in-3")),
    }
    filing.file(case("a.pdf", copies=3))
    assert filing.tenant.opened == ["copy1/a.pdf", "copy3/a-in-3"]
    assert (filing.names, filing.ledger.failures) == (["a.pdf"], {})


def test_a_file_that_is_in_no_copy_any_more_is_told_and_tried_again(filing: Filing) -> None:
    filing.tenant.faults = {"copy1/a.pdf": [MessageGoneError("gone")]}
    filing.tenant.lists = {MessageId("copy2"): ()}
    filing.file(case("a.pdf", copies=2))
    [failure] = filing.ledger.failures.values()
    assert (failure.code, failure.transient) == ("GONE", True)
    assert "in no copy of the mail any more" in failure.text
    filing.tenant.faults = {"copy1/a.pdf": [MessageGoneError("gone")]}
    filing.tenant.lists = {MessageId("copy2"): MessageError("denied", code="GRAPH_403")}
    filing.file(case("a.pdf", copies=2))
    assert [failure.code for failure in filing.ledger.failures.values()] == ["GRAPH_403"]


def test_the_whole_mail_comes_from_the_next_copy_without_a_list(filing: Filing) -> None:
    filing.tenant.faults = {"copy1/None": [MessageGoneError("gone")]}
    filing.file(case(copies=2, wanted=(whole_mail(KEY, "Long"),)))
    assert filing.tenant.opened == ["copy1/None", "copy2/None"]
    assert filing.names == ["Long.eml"]


def test_only_what_is_lacking_is_stored_and_where_nobody_knows_it_is_asked(filing: Filing) -> None:
    complete = case("a.pdf", "b.pdf")
    [a, b] = [StoredFile(key=file.key, document=RecordId(f"069{n}")) for n, file in enumerate(complete.wanted)]
    filing.file(replace(complete, present=(a, b)))
    assert (filing.shelf.found, filing.tenant.opened) == ([], [])
    filing.shelf.there[EMAIL] = (a,)
    filing.file(replace(complete, present=None))
    assert filing.tenant.opened == ["copy1/b.pdf"]
    assert filing.shelf.found[0] == [EMAIL]
    assert filing.names == ["b.pdf"]


def test_a_mail_without_files_costs_nothing_even_where_nobody_knows(filing: Filing) -> None:
    filing.file(case(present=None))
    assert (filing.shelf.found, filing.tenant.opened) == ([], [])


def test_what_two_connectors_stored_is_there_once_afterwards(filing: Filing) -> None:
    """A copy that was there before, and one that appeared while this run stored the same."""
    wanted = case("a.pdf")
    [file] = wanted.wanted
    twice = tuple(StoredFile(key=file.key, document=RecordId(f"069{name}")) for name in ("b", "a"))
    by_hand = tuple(StoredFile(key="", document=RecordId(f"069{name}")) for name in ("h", "i"))
    filing.file(replace(wanted, wanted=(), present=(*twice, *by_hand)))
    assert filing.shelf.removed == ["069b"]
    filing.shelf.removed.clear()
    filing.shelf.there[EMAIL] = (StoredFile(key=file.key, document=RecordId("069Z")),)  # since this run looked
    filing.file(wanted)
    assert filing.shelf.found == [[EMAIL]]
    assert filing.shelf.removed == ["069Z"]


def test_what_is_refused_is_not_looked_at_afterwards(filing: Filing) -> None:
    filing.tenant.faults = {"copy1/a.pdf": [MessageError("It is refused", code="FIRST")]}
    filing.file(case("a.pdf"))
    assert filing.shelf.found == []


def test_documents_are_removed_by_the_key_of_their_own_mail_only() -> None:
    other = [StoredFile(key=f"{'1' * 32}:x", document=RecordId(f"069{n}")) for n in range(2)]
    own = [StoredFile(key=f"{KEY}:x", document=RecordId(f"069{n}")) for n in (4, 5)]
    assert second_files([*other, *own], KEY) == ("0695",)


def test_a_problem_without_files_is_told_too(filing: Filing) -> None:
    problem = MessageError("They could not be listed", code="LIST", transient=True)
    filing.file(case(problem=problem))
    assert [failure.code for failure in filing.ledger.failures.values()] == ["LIST"]
    filing.tenant.faults = {"copy1/a.pdf": [MessageError("It is refused", code="FIRST")]}
    filing.file(case("a.pdf", problem=problem))
    [failure] = filing.ledger.failures.values()  # one message: one row
    assert (failure.code, failure.transient) == ("LIST", True)
    assert "They could not be listed; a.pdf: It is refused" in failure.text


# -- what a mail should have --------------------------------------------------------------------------------------


def mail(copies: int = 1, **fields: object) -> Mail:
    known = Mail([copy_in(n) for n in range(1, copies + 1)], KEY, None, (), OWNER)
    return replace(known, **fields)  # type: ignore[arg-type]


def case_for(of: Mail, *, existed: bool = False, truncated: bool = False) -> MailFiles:
    return case_of(of, EMAIL, SETTINGS, existed=existed, truncated=truncated)


def test_the_copy_that_was_listed_comes_first() -> None:
    two = mail(2)
    assert [copy.header.id for copy in case_for(two).copies] == ["copy1", "copy2"]
    two.listed_in = two.copies[1]
    assert [copy.header.id for copy in case_for(two).copies] == ["copy2", "copy1"]


def test_a_list_that_failed_is_tried_again_whatever_the_reason() -> None:
    found = case_for(mail(listed=MessageError("denied", code="GRAPH_403")))
    assert found.problem is not None
    assert (found.problem.code, found.problem.transient, found.wanted) == ("GRAPH_403", True, ())


def test_what_is_being_scanned_is_waited_for() -> None:
    found = case_for(mail(listed=(attached("ATP Scan In Progress"), attached("a.pdf"))))
    assert found.problem is not None
    assert (found.problem.code, found.problem.transient) == ("ATTACHMENT_SCAN", True)
    assert [file.name for file in found.wanted] == ["a.pdf"]
    assert case_for(mail(listed=(attached("a.pdf"),))).problem is None


def test_a_body_that_was_cut_brings_the_whole_mail_beside_its_files() -> None:
    subject = mail(listed=(attached("a.pdf"),))
    assert [file.name for file in case_for(subject).wanted] == ["a.pdf"]
    assert [file.name[-4:] for file in case_for(subject, truncated=True).wanted] == [".pdf", ".eml"]


def test_what_is_there_is_known_of_a_stored_mail_and_asked_for_where_another_run_wrote_it() -> None:
    other = RecordId("005000000000002AAA")
    files = (StoredFile(key=f"{KEY}:x", document=RecordId("0691")),)
    known = mail(stored=stored(files=files, owner=other))
    assert (case_for(known).present, case_for(known).owner) == (files, other)
    assert (case_for(mail()).present, case_for(mail()).owner) == ((), OWNER)
    assert case_for(mail(), existed=True).present is None


def test_the_copy_that_shows_attachments_is_listed() -> None:
    plain, full = copy_in(1), copy_in(2)
    full = replace(full, header=replace(full.header, has_attachments=True))
    lacking = stored(attachment_count=1)
    both = mail(copies=1, stored=lacking)
    both.copies = [plain, full]
    assert copy_to_list(both) is full
    both.copies = [plain]
    assert copy_to_list(both) is plain
    assert copy_to_list(replace(both, stored=stored(attachment_count=0))) is None
    assert copy_to_list(replace(both, stored=None)) is None
