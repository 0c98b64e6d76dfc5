"""The files of stored mails: what is fetched, from which copy, how often, and what is said of the missing ones."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest

from connector.codes import Outcome
from connector.core.writing.attachments import sort_out, whole_mail
from connector.engine.attachments import ATTEMPTS, AttachmentStore, MailFiles, case_of, copy_to_list, second_files
from connector.engine.decider import Candidate, Mail
from connector.engine.outcomes import OutcomeLedger
from connector.engine.reader import WindowQueue
from connector.errors import MessageError, MessageGoneError, ServiceError
from connector.model.mail import Attachment, AttachmentKind, Decision, Header
from connector.model.records import NewFile, StoredFile
from connector.model.values import GraphUserId, MessageId, RecordId
from connector.ports import Download
from tests.support.builders import header, mailbox, settings, stored
from tests.support.fakes import FakeTenant

KEY, EMAIL, OWNER = "0" * 32, RecordId("a0E000000000001AAA"), RecordId("005000000000001AAA")
SETTINGS = settings()
BROKEN_OFF = MessageError("The file broke off", code="BROKEN_OFF", transient=True)


class Tenant(FakeTenant):
    """Attachments by message: the list of each, and what downloading each raises, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[MessageId, tuple[Attachment, ...] | MessageError] = {}
        self.faults: dict[str, list[Exception]] = {}
        self.opened: list[str] = []

    def attachments(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, tuple[Attachment, ...] | MessageError]]:
        yield from ((header, self.lists[header.id]) for header in wanted)

    def download(
        self, user: GraphUserId, message: MessageId, attachment: str | None
    ) -> AbstractContextManager[Download]:
        return self._open(f"{message}/{attachment}")

    @contextmanager
    def _open(self, place: str) -> Iterator[Download]:
        self.opened.append(place)
        if faults := self.faults.get(place):
            raise faults.pop(0)
        yield File()


class File:
    """What is downloaded."""

    head, size = b"%PDF", 4

    def __iter__(self) -> Iterator[bytes]:
        yield self.head


class Shelf:
    """FileSink: what was put there, and by whom else."""

    def __init__(self) -> None:
        self.files: dict[str, NewFile] = {}
        self.there: dict[RecordId, tuple[StoredFile, ...]] = {}
        self.found: list[list[RecordId]] = []
        self.removed: list[RecordId] = []

    def upload(self, file: NewFile, source: Callable[[], AbstractContextManager[Download]]) -> None:
        with source() as download:
            assert b"".join(download) == b"%PDF"
        assert file.key not in self.files
        self.files[file.key] = file
        document = RecordId(f"069{len(self.files):012d}AAA")
        self.there[file.email] = (*self.there.get(file.email, ()), StoredFile(key=file.key, document=document))

    def find(self, emails: Iterable[RecordId]) -> Mapping[RecordId, tuple[StoredFile, ...]]:
        self.found.append([*emails])
        return {email: self.there.get(email, ()) for email in self.found[-1]}

    def remove(self, documents: Sequence[RecordId]) -> None:
        assert len(set(documents)) == len(documents)
        self.removed += documents


def attached(name: str, place: str = "") -> Attachment:
    return Attachment(id=place or name, kind=AttachmentKind.FILE, name=name, content_type="application/pdf", size=900)


def copy_in(number: int) -> Candidate:
    """The copy of the mail in a mailbox of its own."""
    box = mailbox(id=RecordId(f"a0M{number:012d}AAA"), user_principal_name=f"adviser{number}@firm.example")
    queue = WindowQueue(box, GraphUserId(f"user-{number}"), deque())
    return Candidate(header(mailbox=box.id, id=f"copy{number}"), queue, Decision(outcome=None))


def case(*names: str, copies: int = 1, **fields: object) -> MailFiles:
    """A mail with these files, none of which is there yet."""
    wanted = sort_out([attached(name) for name in names], KEY, SETTINGS).files
    known = MailFiles(
        email=EMAIL, copies=tuple(copy_in(n) for n in range(1, copies + 1)), key=KEY, owner=OWNER, wanted=wanted
    )
    return replace(known, **fields)  # type: ignore[arg-type]


class ScheduleStore:
    """A run's filing."""

    def __init__(self) -> None:
        self.tenant, self.shelf, self.ledger = Tenant(), Shelf(), OutcomeLedger()

    def file(self, *cases: MailFiles) -> None:
        with AttachmentStore(
            source=self.tenant, sink=self.shelf, settings=SETTINGS, ledger=self.ledger
        ) as attachment_store:
            attachment_store.take(cases)
            attachment_store.finish()

    @property
    def names(self) -> list[str]:
        return sorted(file.name for file in self.shelf.files.values())


@pytest.fixture
def desk() -> ScheduleStore:
    return ScheduleStore()


def test_a_file_is_stored_for_its_mail_and_counted(desk: ScheduleStore) -> None:
    desk.file(case("offer.pdf", "annex.pdf"))
    assert desk.names == ["annex.pdf", "offer.pdf"]
    assert (desk.ledger.attachments, desk.ledger.failures) == (2, {})
    assert {(file.email, file.owner) for file in desk.shelf.files.values()} == {(EMAIL, OWNER)}


def test_each_file_fails_alone_and_one_row_tells_of_all(desk: ScheduleStore) -> None:
    desk.tenant.faults = {
        "copy1/a.pdf": [MessageError("It is refused.", code="FIRST")],
        "copy1/c.pdf": [MessageError("It is locked", code="SECOND", transient=True)],
    }
    desk.file(case("a.pdf", "b.pdf", "c.pdf"))
    assert (desk.names, desk.ledger.attachments) == (["b.pdf"], 1)
    [failure] = desk.ledger.failures.values()
    assert (failure.code, failure.transient, failure.email) == ("FIRST", True, EMAIL)
    assert "a.pdf: It is refused; c.pdf: It is locked" in failure.text
    assert desk.ledger.by_outcome()[Outcome.FAILED] == 0  # the mail is stored


def test_where_no_failure_passes_by_itself_neither_does_the_whole(desk: ScheduleStore) -> None:
    desk.tenant.faults = {"copy1/a.pdf": [MessageError("It is refused.", code="FIRST")]}
    desk.file(case("a.pdf", "b.pdf"))
    assert [failure.transient for failure in desk.ledger.failures.values()] == [False]


def test_an_error_of_the_connector_fails_that_file_only_but_a_service_stops_the_run(desk: ScheduleStore) -> None:
    desk.tenant.faults = {"copy1/a.pdf": [ValueError("odd")]}
    desk.file(case("a.pdf", "b.pdf"))
    assert [failure.code for failure in desk.ledger.failures.values()] == ["UNEXPECTED"]
    assert desk.names == ["b.pdf"]
    desk.tenant.faults = {"copy1/c.pdf": [ServiceError("away")]}
    with pytest.raises(ServiceError):
        desk.file(case("c.pdf"))


@pytest.mark.parametrize("code", ["BROKEN_OFF", "TIMEOUT"])
def test_what_breaks_off_is_read_again_at_once_so_many_times(desk: ScheduleStore, code: str) -> None:
    fault = MessageError("It took too long", code=code, transient=True)
    desk.tenant.faults = {"copy1/a.pdf": [fault] * (ATTEMPTS - 1), "copy1/b.pdf": [fault] * ATTEMPTS}
    desk.file(case("a.pdf", "b.pdf"))
    assert desk.names == ["a.pdf"]
    assert desk.tenant.opened.count("copy1/b.pdf") == ATTEMPTS
    assert [failure.code for failure in desk.ledger.failures.values()] == [code]


def test_what_is_refused_is_not_read_again(desk: ScheduleStore) -> None:
    desk.tenant.faults = {"copy1/a.pdf": [MessageError("It is refused", code="GRAPH_400", transient=True)]}
    desk.file(case("a.pdf"))
    assert (desk.tenant.opened, desk.names) == (["copy1/a.pdf"], [])


def test_where_a_copy_is_gone_the_next_that_has_the_same_file_gives_it(desk: ScheduleStore) -> None:
    desk.tenant.faults = {"copy1/a.pdf": [MessageGoneError("gone")]}
    desk.tenant.lists = {
        MessageId("copy2"): (attached("other.pdf"),),
        MessageId("copy3"): (attached("other.pdf"), attached("a.pdf", "a-in-3")),
    }
    desk.file(case("a.pdf", copies=3))
    assert desk.tenant.opened == ["copy1/a.pdf", "copy3/a-in-3"]
    assert (desk.names, desk.ledger.failures) == (["a.pdf"], {})


def test_a_file_that_is_in_no_copy_any_more_is_told_and_tried_again(desk: ScheduleStore) -> None:
    desk.tenant.faults = {"copy1/a.pdf": [MessageGoneError("gone")]}
    desk.tenant.lists = {MessageId("copy2"): ()}
    desk.file(case("a.pdf", copies=2))
    [failure] = desk.ledger.failures.values()
    assert (failure.code, failure.transient) == ("GONE", True)
    assert "in no copy of the mail any more" in failure.text
    desk.tenant.faults = {"copy1/a.pdf": [MessageGoneError("gone")]}
    desk.tenant.lists = {MessageId("copy2"): MessageError("denied", code="GRAPH_403")}
    desk.file(case("a.pdf", copies=2))
    assert [failure.code for failure in desk.ledger.failures.values()] == ["GRAPH_403"]


def test_the_whole_mail_comes_from_the_next_copy_without_a_list(desk: ScheduleStore) -> None:
    desk.tenant.faults = {"copy1/None": [MessageGoneError("gone")]}
    desk.file(case(copies=2, wanted=(whole_mail(KEY, "Long"),)))
    assert desk.tenant.opened == ["copy1/None", "copy2/None"]
    assert desk.names == ["Long.eml"]


def test_only_what_is_lacking_is_stored_and_where_nobody_knows_it_is_asked(desk: ScheduleStore) -> None:
    complete = case("a.pdf", "b.pdf")
    [a, b] = [StoredFile(key=file.key, document=RecordId(f"069{n}")) for n, file in enumerate(complete.wanted)]
    desk.file(replace(complete, present=(a, b)))
    assert (desk.shelf.found, desk.tenant.opened) == ([], [])
    desk.shelf.there[EMAIL] = (a,)
    desk.file(replace(complete, present=None))
    assert desk.tenant.opened == ["copy1/b.pdf"]
    assert desk.shelf.found[0] == [EMAIL]
    assert desk.names == ["b.pdf"]


def test_a_mail_without_files_costs_nothing_even_where_nobody_knows(desk: ScheduleStore) -> None:
    desk.file(case(present=None))
    assert (desk.shelf.found, desk.tenant.opened) == ([], [])


def test_what_two_connectors_stored_is_there_once_afterwards(desk: ScheduleStore) -> None:
    """A copy that was there before, and one that appeared while this run stored the same."""
    wanted = case("a.pdf")
    [file] = wanted.wanted
    twice = tuple(StoredFile(key=file.key, document=RecordId(f"069{name}")) for name in ("b", "a"))
    by_hand = tuple(StoredFile(key="", document=RecordId(f"069{name}")) for name in ("h", "i"))
    desk.file(replace(wanted, wanted=(), present=(*twice, *by_hand)))
    assert desk.shelf.removed == ["069b"]
    desk.shelf.removed.clear()
    desk.shelf.there[EMAIL] = (StoredFile(key=file.key, document=RecordId("069Z")),)  # since this run looked
    desk.file(wanted)
    assert desk.shelf.found == [[EMAIL]]
    assert desk.shelf.removed == ["069Z"]


def test_what_is_refused_is_not_looked_at_afterwards(desk: ScheduleStore) -> None:
    desk.tenant.faults = {"copy1/a.pdf": [MessageError("It is refused", code="FIRST")]}
    desk.file(case("a.pdf"))
    assert desk.shelf.found == []


def test_documents_are_removed_by_the_key_of_their_own_mail_only() -> None:
    other = [StoredFile(key=f"{'1' * 32}:x", document=RecordId(f"069{n}")) for n in range(2)]
    own = [StoredFile(key=f"{KEY}:x", document=RecordId(f"069{n}")) for n in (4, 5)]
    assert second_files([*other, *own], KEY) == ("0695",)


def test_a_problem_without_files_is_told_too(desk: ScheduleStore) -> None:
    problem = MessageError("They could not be listed", code="LIST", transient=True)
    desk.file(case(problem=problem))
    assert [failure.code for failure in desk.ledger.failures.values()] == ["LIST"]
    desk.tenant.faults = {"copy1/a.pdf": [MessageError("It is refused", code="FIRST")]}
    desk.file(case("a.pdf", problem=problem))
    [failure] = desk.ledger.failures.values()  # one message: one row
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
    assert copy_to_list(both, SETTINGS) is full
    both.copies = [plain]
    assert copy_to_list(both, SETTINGS) is plain
    assert copy_to_list(replace(both, stored=stored(attachment_count=0)), SETTINGS) is None
    assert copy_to_list(replace(both, stored=None), SETTINGS) is None
