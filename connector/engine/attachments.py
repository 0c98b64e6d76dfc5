"""Step 7 b: the files of stored mails, each mail's beside the writing of others; nothing waits for them but the window.

    MailFiles ──take──► queue ──► [ threads: small files of many mails, side by side ] ──► pool of contents
                                              │                                                  │ full, or flushed
                                              └── large ones, one by one: streamed               ▼
                                                                       ──► Salesforce ◄── upload_together

A small file is read whole, gives its place in the mailbox back, and goes up with others in one request. A large one is
streamed from Microsoft 365 to Salesforce, so that nothing of it is held in memory. A mail's windows are released when
its last file is stored or noted as missing.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

import structlog

from connector.codes import Action
from connector.core.deciding import identity
from connector.core.writing.attachments import WantedFile, same_in, sort_out
from connector.engine.context import RunContext, frames_of
from connector.engine.decider import Candidate, failure_of
from connector.engine.filing import (
    MOST_BYTES,
    MOST_FILES,
    FileContent,
    Filing,
    is_small,
    parts_of,
    place_of,
    summary_of,
)
from connector.engine.mail_files import MailFiles, second_files
from connector.engine.seen_files import SeenFiles
from connector.engine.whole_file import PartFile, WholeFile, checked
from connector.errors import MessageError, MessageGoneError, ServiceError
from connector.model.records import NewFile
from connector.model.values import RecordId
from connector.ports import Download, FileSink

log = structlog.get_logger(__name__)

#: threads that fetch, stream and upload
THREADS = 3
#: mails whose files a thread takes at a time
TOGETHER = 8
#: mails that may wait: a case holds headers and names, no content
MOST_WAITING = 2_000
#: how often a file is read when it breaks off or does not begin
ATTEMPTS = 3
_AT_ONCE = frozenset({"BROKEN_OFF", "TIMEOUT"})
#: what became of a small file that is worth another try, by itself
_ALONE = _AT_ONCE | {"TOO_LARGE"}
#: mails with new files after which it is asked whether another connector stored the same
_LOOK_AFTER = 500


class AttachmentStore:
    """Stores the files of a run, in threads of its own. Use as a context manager; `finish` before leaving it."""

    def __init__(self, context: RunContext, sink: FileSink) -> None:
        self._source = context.source
        self._settings = context.settings
        self._now = context.setup.now
        self._ledger = context.ledger
        self._sink = sink
        self._changed = threading.Condition()
        self._queue: deque[MailFiles] = deque()
        self._seen = SeenFiles()
        self._contents: deque[FileContent] = deque()
        self._bytes = 0
        #: one request with the contents of many files at a time: while it is sent, no more is read than fills the next
        self._sending = False
        self._busy = 0
        self._flushing = False
        self._finishing = False
        self._over = False
        #: the run failed: what waits is dropped
        self._abandoned = False
        self._failure: BaseException | None = None
        self._surplus: list[RecordId] = []
        self._touched: dict[RecordId, str] = {}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._over = True
            self._abandoned = kind is not None
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def take(self, cases: Iterable[MailFiles]) -> None:
        """Begin with the files of these mails; waits while very many wait. Raises what stopped the threads."""
        for case in cases:
            if not (case.wanted or case.problem is not None or case.surplus):
                continue
            for candidate in case.copies:
                self._ledger.hold((candidate.header.mailbox, candidate.header.id))
            with self._changed:
                self._changed.wait_for(lambda: self._has_room or self._failure is not None)
                self._check()
                self._queue.append(case)
                if len(self._threads) < THREADS:
                    thread = threading.Thread(target=self._work, name=f"files-{len(self._threads)}", daemon=True)
                    self._threads.append(thread)
                    thread.start()
                self._changed.notify_all()

    def flush(self) -> None:
        """Upload the small files that wait to go up with others, without waiting for more: for a checkpoint."""
        with self._changed:
            self._flushing = bool(self._contents)
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait for all files begun so far, and remove what two connectors stored twice.

        Raises ServiceError for what stops the run.
        """
        with self._changed:
            self._finishing = True
            while self._queue or self._contents or self._busy:
                self._changed.notify_all()
                self._changed.wait(timeout=1)
                self._check()
            self._check()
        self._look_for_second_files()

    @property
    def _has_room(self) -> bool:
        return len(self._queue) + self._seen.waiting < MOST_WAITING

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    # -- threads ----------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while (job := self._next()) is not None:
                cases, contents = job
                if contents:
                    self._send(contents)
                else:
                    self._file(cases)
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()
        except BaseException as error:  # handed to the main thread, which decides
            with self._changed:
                self._failure = self._failure or error
                self._busy -= 1
                self._changed.notify_all()

    def _next(self) -> tuple[list[MailFiles], list[FileContent]] | None:
        """Contents that fill a request, else mails to fetch the files of; None at the end."""
        with self._changed:
            while self._failure is None and not self._abandoned:
                full = self._is_full
                none_follow = self._finishing and not self._queue and not self._busy
                if self._contents and not self._sending and (full or self._flushing or none_follow):
                    self._busy += 1
                    return [], self._take_contents()
                if self._queue and not (full and self._sending):
                    self._busy += 1
                    cases = [self._queue.popleft() for _ in range(min(TOGETHER, len(self._queue)))]
                    self._changed.notify_all()
                    return cases, []
                if self._over and not self._contents:
                    return None
                self._changed.wait()
            return None

    @property
    def _is_full(self) -> bool:
        return len(self._contents) >= MOST_FILES or self._bytes >= MOST_BYTES

    def _take_contents(self) -> list[FileContent]:
        """What goes up in the next request; no other is begun before it was sent. The lock is held."""
        self._sending = True
        taken: list[FileContent] = []
        size = 0
        while self._contents and len(taken) < MOST_FILES and (not taken or size < MOST_BYTES):
            taken.append(self._contents.popleft())
            size += len(taken[-1].content)
        self._bytes -= size
        self._flushing = self._flushing and bool(self._contents)
        return taken

    def _file(self, cases: Sequence[MailFiles]) -> None:
        """Fetch what these mails lack; each file fails alone. A case whose files are under way for another copy of its
        mail comes again after that."""
        unknown = [case.email for case in cases if case.present is None]
        found = self._sink.find(unknown) if unknown else {}
        lacking: list[tuple[Filing, WantedFile]] = []
        for case in cases:
            known = case if case.present is not None else replace(case, present=tuple(found.get(case.email, ())))
            with self._changed:
                files = self._seen.begin(known)
                if files is None:
                    continue
                self._surplus += known.surplus
            filing = Filing(known, waiting=len(files))
            lacking += ((filing, wanted) for wanted in files)
            if not files:
                self._filed(filing)
        for part, most in parts_of([(filing, wanted) for filing, wanted in lacking if is_small(wanted)]):
            self._read(part, most)
            self._upload_full()
        for filing, wanted in lacking:
            if not is_small(wanted):
                self._note(filing, wanted, self._stored_alone(filing.case, wanted))

    def _upload_full(self) -> None:
        """Upload what fills a request before more is read: a mail may have very many files."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._sending or not self._is_full)
                if not self._is_full:
                    return
                contents = self._take_contents()
            self._send(contents)

    def _read(self, small: Sequence[tuple[Filing, WantedFile]], most: int) -> None:
        """Read small files of at most `most` bytes each from the first copies of their mails, and put them where they
        wait to go up with others."""
        places = [place_of(filing.case, wanted) for filing, wanted in small]
        for number, answer in self._source.small_files(places, most=most):
            filing, wanted = small[number]
            answer = checked(wanted, answer)
            if not isinstance(answer, MessageError):
                with self._changed:
                    self._contents.append(FileContent(filing, wanted, answer))
                    self._bytes += len(answer)
                    self._changed.notify_all()
            elif isinstance(answer, MessageGoneError) or answer.code in _ALONE:
                self._note(filing, wanted, self._stored_alone(filing.case, wanted))
            else:
                self._note(filing, wanted, answer)

    def _send(self, contents: Sequence[FileContent]) -> None:
        """Store what `_take_contents` took."""
        try:
            self._upload(contents)
        finally:
            with self._changed:
                self._sending = False
                self._changed.notify_all()

    def _upload(self, contents: Sequence[FileContent]) -> None:
        """Store small files together."""
        files = [(self._new_file(each.filing.case, each.wanted), each.content) for each in contents]
        for each, error in zip(contents, self._sink.upload_together(files), strict=True):
            self._note(each.filing, each.wanted, error)

    def _note(self, filing: Filing, wanted: WantedFile, error: MessageError | None) -> None:
        """Note what became of one file of a mail; after the last one, `_filed` is called."""
        with self._changed:
            self._queue.extend(self._seen.end(filing.case.email, wanted.key, error))
            self._changed.notify_all()
            filing.waiting -= 1
            if error is None:
                filing.stored += 1
            else:
                filing.errors.append((wanted.name, error))
            done = filing.waiting == 0
        if done:
            self._filed(filing)

    # -- one file alone ---------------------------------------------------------------------------------------------

    def _stored_alone(self, case: MailFiles, wanted: WantedFile) -> MessageError | None:
        try:
            self._store(case, wanted)
        except MessageError as error:
            return error
        except ServiceError:
            raise
        except Exception as error:
            log.debug("Trace of a fault", action=Action.FAULT_TRACED, of="a file", trace=frames_of(error))
            text = f"it met an error of the connector ({type(error).__name__})"
            return MessageError(text, code="UNEXPECTED", remedy="Please report it.")
        return None

    def _store(self, case: MailFiles, wanted: WantedFile) -> None:
        """Store a file from the first copy that is still there and has it. Raises MessageError."""
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
        new = self._new_file(case, file)

        @contextmanager
        def opened() -> Iterator[Download]:
            with self._source.download(user, header.id, file.attachment) as download:
                whole = WholeFile(download, file)
                yield whole if file.part is None else PartFile(whole, file)

        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._sink.upload(new, opened)
            except MessageError as error:
                if attempt == ATTEMPTS or error.code not in _AT_ONCE:
                    raise
            else:
                log.debug("Stored a file", action=Action.ATTACHMENT_STORED, email=case.email)
                return

    def _new_file(self, case: MailFiles, file: WantedFile) -> NewFile:
        return NewFile(
            email=case.email,
            key=file.key,
            name=file.name,
            is_item=file.is_item,
            owner=case.owner,
            created_at=identity.created_time(case.copies[0].header, self._now),
        )

    # -- when a mail has its files ----------------------------------------------------------------------------------

    def _filed(self, filing: Filing) -> None:
        case = filing.case
        self._ledger.count_files(filing.stored)
        if filing.errors or case.problem is not None:
            self._note_failure(filing)
        if filing.stored:
            with self._changed:
                self._touched[case.email] = case.key
                look = len(self._touched) >= _LOOK_AFTER
            if look:
                self._look_for_second_files()
        for candidate in case.copies:
            self._ledger.release((candidate.header.mailbox, candidate.header.id))

    def _note_failure(self, filing: Filing) -> None:
        case, candidate = filing.case, filing.case.copies[0]
        error = summary_of(filing)
        log.warning(
            "Attachments are missing",
            action=Action.ATTACHMENT_FAILED,
            mailbox=candidate.queue.mailbox.user_principal_name,
            message=candidate.header.id,
            code=error.code,
        )
        failure = failure_of(candidate, error, is_client=case.is_client, email=case.email)
        self._ledger.lacks_files(candidate.header, failure)

    def _look_for_second_files(self) -> None:
        """Remove what another connector stored at the same time: of two files with one key the younger."""
        with self._changed:
            touched, self._touched = self._touched, {}
        found = self._sink.find(touched) if touched else {}
        with self._changed:
            surplus, self._surplus = self._surplus, []
        for email, files in found.items():
            surplus += second_files(files, touched[email])
        if surplus:
            self._sink.remove(list(dict.fromkeys(surplus)))
