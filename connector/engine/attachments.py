"""The files of stored mails: fetched and put beside their Email once its rows are committed, in a few threads.

A mail is stored whatever becomes of its files. A file that fails leaves an error row with Email__c; the number in
Attachment_Count__c tells every later run that something is missing. No file is stored twice: what is there is known
before, and looked at once more afterwards, since two connectors may have stored the same one at the same time.
"""

import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import structlog

from connector.codes import Action
from connector.core.deciding import identity
from connector.core.writing.attachments import (
    WantedFile,
    duplicates,
    missing,
    needs_list,
    same_in,
    sort_out,
    whole_mail,
)
from connector.core.writing.records import subject_of
from connector.engine.decider import Candidate, Mail, failure_of
from connector.engine.outcomes import OutcomeLedger
from connector.errors import TRIED_AGAIN, MessageError, MessageGoneError, ServiceError
from connector.model.org import SyncSettings
from connector.model.records import NewFile, StoredFile
from connector.model.values import RecordId
from connector.ports import FileSink, MailSource

log = structlog.get_logger(__name__)

#: files on their way at a time: each holds a place of its mailbox and one of the requests in flight
THREADS = 6
#: how often a file is read when it breaks off or does not begin
ATTEMPTS = 3
_AT_ONCE = frozenset({"BROKEN_OFF", "TIMEOUT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFiles:
    """A stored mail and the files it should have, as its first copy shows them.

    `present` is None where it is not known what is there. `problem`: why more may be wanted than could be seen.
    """

    email: RecordId
    copies: tuple[Candidate, ...]
    key: str
    owner: RecordId
    wanted: tuple[WantedFile, ...] = ()
    present: tuple[StoredFile, ...] | None = ()
    problem: MessageError | None = None

    @property
    def lacking(self) -> tuple[WantedFile, ...]:
        """What has to be stored yet."""
        return missing(self.wanted, (file.key for file in self.present or ()))

    @property
    def surplus(self) -> tuple[RecordId, ...]:
        """Documents that are there a second time."""
        return second_files(self.present or (), self.key)


@dataclass(frozen=True, slots=True)
class _Filed:
    case: MailFiles
    stored: int
    errors: tuple[tuple[str, MessageError], ...]


class AttachmentStore:
    """Stores the files of a run. One thread uses it; `finish` before leaving it, which ends its threads."""

    def __init__(self, *, source: MailSource, sink: FileSink, settings: SyncSettings, ledger: OutcomeLedger) -> None:
        self._source = source
        self._sink = sink
        self._settings = settings
        self._ledger = ledger
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="files")
        self._running: list[Future[_Filed]] = []
        self._surplus: list[RecordId] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def take(self, cases: Iterable[MailFiles]) -> None:
        """Begin with the files of these mails. What is there already is asked for where nobody knows."""
        taken = [case for case in cases if case.wanted or case.problem is not None or case.surplus]
        unknown = [case.email for case in taken if case.present is None]
        found = self._sink.find(unknown) if unknown else {}
        for case in taken:
            known = case if case.present is not None else replace(case, present=tuple(found.get(case.email, ())))
            self._surplus += known.surplus
            if known.lacking or known.problem is not None:
                self._running.append(self._pool.submit(self._file, known))

    def finish(self) -> None:
        """Wait for all files begun so far, count them, note failures, and remove what two connectors stored twice.

        Raises ServiceError for what stops the run.
        """
        running, self._running = self._running, []
        filed = [future.result() for future in running]
        for done in filed:
            self._ledger.attachments += done.stored
            if done.errors or done.case.problem is not None:
                self._note(done)
        touched = {done.case.email: done.case.key for done in filed if done.stored}
        if touched:
            for email, files in self._sink.find(touched).items():
                self._surplus += second_files(files, touched[email])
        surplus, self._surplus = self._surplus, []
        if surplus:
            self._sink.remove(list(dict.fromkeys(surplus)))

    # -- in a thread ------------------------------------------------------------------------------------------------

    def _file(self, case: MailFiles) -> _Filed:
        """Store what is lacking; each file fails alone."""
        stored, errors = 0, []
        for wanted in case.lacking:
            try:
                self._store(case, wanted)
            except MessageError as error:
                errors.append((wanted.name, error))
            except ServiceError:
                raise
            except Exception as error:
                log.debug("Could not store a file", action=Action.ATTACHMENT_FAILED, trace=traceback.format_exc())
                text = f"it met an error of the connector ({type(error).__name__})"
                errors.append((wanted.name, MessageError(text, code="UNEXPECTED", remedy="Please report it.")))
            else:
                stored += 1
        return _Filed(case, stored, tuple(errors))

    def _store(self, case: MailFiles, wanted: WantedFile) -> None:
        """From the first copy, or, where that went away, from the next that has the same file."""
        for candidate in case.copies:
            try:
                file = wanted if candidate is case.copies[0] else self._found_in(candidate, case, wanted)
                self._transfer(case, candidate, file)
            except MessageGoneError:
                if candidate is case.copies[-1]:
                    raise
            else:
                return

    def _found_in(self, candidate: Candidate, case: MailFiles, wanted: WantedFile) -> WantedFile:
        if wanted.attachment is None:
            return wanted
        header = candidate.header
        [(_, listed)] = self._source.attachments([header], {header.mailbox: candidate.queue.user})
        if isinstance(listed, MessageError):
            raise listed
        found = same_in(sort_out(listed, case.key, self._settings).files, wanted)
        if found is None:
            raise MessageGoneError("The attachment is in no copy of the mail any more", transient=True)
        return found

    def _transfer(self, case: MailFiles, candidate: Candidate, file: WantedFile) -> None:
        header, user = candidate.header, candidate.queue.user
        new = NewFile(
            email=case.email,
            key=file.key,
            name=file.name,
            is_item=file.is_item,
            owner=case.owner,
            created_at=identity.created_time(header),
        )
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._sink.upload(new, lambda: self._source.download(user, header.id, file.attachment))
            except MessageError as error:
                if attempt == ATTEMPTS or error.code not in _AT_ONCE:
                    raise
            else:
                log.debug("Stored a file", action=Action.ATTACHMENT_STORED, email=case.email)
                return

    # -- failures ---------------------------------------------------------------------------------------------------

    def _note(self, done: _Filed) -> None:
        case, candidate = done.case, done.case.copies[0]
        error = _summary(done)
        log.warning(
            "Attachments are missing",
            action=Action.ATTACHMENT_FAILED,
            mailbox=candidate.queue.mailbox.user_principal_name,
            message=candidate.header.id,
            code=error.code,
        )
        self._ledger.lacks_files(candidate.header, failure_of(candidate, error, email=case.email))


def case_of(mail: Mail, email: RecordId, settings: SyncSettings, *, existed: bool, truncated: bool) -> MailFiles:
    """What a mail that was just written, or found stored, should have. `existed`: another run wrote it meanwhile."""
    first = mail.listed_in or mail.copies[0]
    wanted: tuple[WantedFile, ...] = ()
    problem: MessageError | None = None
    if isinstance(mail.listed, MessageError):
        error = mail.listed
        problem = MessageError(
            f"Its attachments could not be listed: {error.what}", code=error.code, remedy=error.remedy, transient=True
        )
    elif mail.listed is not None:
        found = sort_out(mail.listed, mail.key, settings)
        wanted = found.files
        if found.scanning:
            problem = MessageError(
                "Microsoft 365 is still scanning its attachments",
                code="ATTACHMENT_SCAN",
                remedy=TRIED_AGAIN,
                transient=True,
            )
    if truncated:
        wanted = (*wanted, whole_mail(mail.key, subject_of(mail.copies[0].header)))
    stored = mail.stored.files if mail.stored is not None else ()
    return MailFiles(
        email=email,
        copies=(first, *(copy for copy in mail.copies if copy is not first)),
        key=mail.key,
        owner=mail.stored.owner if mail.stored is not None else mail.owner,
        wanted=wanted,
        present=None if existed else stored,
        problem=problem,
    )


def copy_to_list(mail: Mail, settings: SyncSettings) -> Candidate | None:
    """The copy of a stored mail whose attachments are to be listed, or None where none are missing."""
    copies = [copy for copy in mail.copies if copy.header.has_attachments]
    if mail.stored is None or not needs_list(mail.stored, bool(copies), settings):
        return None
    return copies[0] if copies else mail.copies[0]


def second_files(files: Sequence[StoredFile], message_key: str) -> tuple[RecordId, ...]:
    """The documents among the files of a mail that stand for an attachment which another one stands for too."""
    own = [(file.key, file.document) for file in files if file.key.startswith(f"{message_key}:")]
    return tuple(RecordId(document) for document in duplicates(own))


def _summary(done: _Filed) -> MessageError:
    """All that went wrong with a mail's files, in one error: the code of the first, transient if any is."""
    errors = [error for _, error in done.errors]
    parts = [f"{name}: {error.what.rstrip('.')}" for name, error in done.errors]
    if done.case.problem is not None:
        errors.insert(0, done.case.problem)
        parts.insert(0, done.case.problem.what)
    first = errors[0]
    return MessageError(
        f"The mail is stored, but not all its attachments. {'; '.join(parts)}",
        code=first.code,
        remedy=first.remedy,
        transient=any(error.transient for error in errors),
    )
