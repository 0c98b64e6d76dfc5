"""Steps 6 and 7 for batches of decided mails: fetch, build, plan, write; each message gets its outcome.

The main thread writes, one batch at a time. Meanwhile the next ones are fetched, and the files of those written follow
in threads of their own; all are there, or noted as missing, when they are waited for.
"""

import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Self

import structlog

from connector.codes import Action, Outcome
from connector.core.deciding import identity
from connector.core.writing import records
from connector.core.writing.attachments import Sorted, sort_out
from connector.core.writing.body import Body, sanitise
from connector.core.writing.plan import plan
from connector.engine.attachments import AttachmentStore, MailFiles, case_of, copy_to_list
from connector.engine.decider import Decider, Mail, note_failure
from connector.engine.outcomes import OutcomeLedger
from connector.engine.pipeline import Batch, Pipeline
from connector.errors import MessageError, OrgFaultError
from connector.model.mail import Content
from connector.model.org import Setup, SyncSettings
from connector.model.records import RowError, RowResult
from connector.model.run import EventRecord
from connector.model.values import Place
from connector.ports import MailSource, RecordSink

log = structlog.get_logger(__name__)

#: batches prepared at a time: while one waits for bodies, another's rows are built
AHEAD = 3


class Store:
    """Stores the mail of one run, whose row in Salesforce is named `event_key`. One thread uses it."""

    def __init__(
        self,
        setup: Setup,
        settings: SyncSettings,
        *,
        decider: Decider,
        source: MailSource,
        sink: RecordSink,
        ledger: OutcomeLedger,
        event_key: str,
    ) -> None:
        self._setup = setup
        self._settings = settings
        self._decider = decider
        self._source = source
        self._sink = sink
        self._ledger = ledger
        self._event_key = event_key
        self._attachment_store = AttachmentStore(source=source, sink=sink.files, settings=settings, ledger=ledger)
        self._fetcher = ThreadPoolExecutor(max_workers=AHEAD, thread_name_prefix="contents")

    def __enter__(self) -> Self:
        self._attachment_store.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fetcher.shutdown(cancel_futures=True)
        self._attachment_store.__exit__(kind, error, trace)

    def prepared(self, pipeline: Pipeline) -> Iterator[Batch]:
        """The batches, each when its rows are built: its successors are being fetched meanwhile."""
        ahead: deque[tuple[Batch, Future[None]]] = deque()
        while True:
            while len(ahead) <= AHEAD and (batch := pipeline.next(wait=not ahead)) is not None:
                ahead.append((batch, self._fetcher.submit(self._prepare, batch.mails)))
            if not ahead:
                return
            batch, preparation = ahead.popleft()
            preparation.result()
            yield batch

    def write(self, batch: Batch, event: EventRecord) -> None:
        """Bring the mails of a prepared batch to their outcome. Raises ServiceError when the run cannot go on."""
        self._attachment_store.take(self._write(batch.mails, event))

    def finish_files(self) -> None:
        """Wait for the files of all mails written so far; what could not be had of them is a failure from then on."""
        self._attachment_store.finish()

    # -- fetching ---------------------------------------------------------------------------------------------------

    def _prepare(self, batch: Sequence[Mail]) -> None:
        """Fetch a batch and build its rows, in a thread beside the writing of the batch before."""
        self._fetch_contents(batch)
        self._list_attachments(batch)
        for mail in batch:
            if mail.error is None:
                self._plan(mail)

    def _fetch_contents(self, batch: Sequence[Mail]) -> None:
        """Bodies with the lists of attachments; when a copy is gone, from the next copy."""
        missing = {(mail.chosen.mailbox, mail.chosen.id): (mail, 0) for mail in batch if mail.stored is None}
        while missing:
            wanted = [mail.copies[number].header for mail, number in missing.values()]
            users = {
                candidate.header.mailbox: candidate.queue.user
                for mail, _ in missing.values()
                for candidate in mail.copies
            }
            again: dict[Place, tuple[Mail, int]] = {}
            inline = self._settings.inline_images
            for header, answer in self._source.contents(wanted, users, inline_images=inline):
                mail, number = missing[header.mailbox, header.id]
                if isinstance(answer, Content):
                    mail.content, mail.error = answer, None
                    mail.copies.insert(0, mail.copies.pop(number))
                    mail.listed, mail.listed_in = answer.attachments, mail.copies[0]
                else:
                    mail.error = answer
                    if number + 1 < len(mail.copies):
                        following = mail.copies[number + 1].header
                        again[following.mailbox, following.id] = (mail, number + 1)
            missing = again

    def _list_attachments(self, batch: Sequence[Mail]) -> None:
        """Attachments of stored mails that may lack some."""
        asked: dict[Place, Mail] = {}
        for mail in batch:
            mail.listed_in = mail.listed_in or copy_to_list(mail, self._settings)
            if mail.stored is not None and mail.listed_in is not None:
                asked[mail.listed_in.header.mailbox, mail.listed_in.header.id] = mail
        copies = [mail.listed_in for mail in asked.values() if mail.listed_in is not None]
        users = {copy.header.mailbox: copy.queue.user for copy in copies}
        for header, answer in self._source.attachments([copy.header for copy in copies], users):
            asked[header.mailbox, header.id].listed = answer

    # -- writing ----------------------------------------------------------------------------------------------------

    def _write(self, batch: Sequence[Mail], event: EventRecord) -> list[MailFiles]:
        """Write the rows of these mails; what files those that are stored then should have."""
        ready: list[Mail] = []
        cases: list[MailFiles] = []
        for mail in batch:
            if mail.error is not None:
                for candidate in mail.copies:
                    note_failure(self._ledger, candidate, mail.error)
            elif mail.rows:
                ready.append(mail)
            else:
                self._settle(mail, existed=True)
                cases += self._case(mail, ())
        if ready:
            try:
                written = self._sink.write([mail.rows for mail in ready], event=event)
            except OrgFaultError as fault:
                for result in fault.written:
                    self._ledger.count(result)
                raise
            for mail, results in zip(ready, written, strict=True):
                for result in results:
                    self._ledger.count(result)
                refused = next(((r.row.object, r.error) for r in results if r.error is not None), None)
                if refused is not None:
                    self._refuse(mail, *refused, results)
                else:
                    self._settle(mail, existed=mail.stored is not None or any(r.existed for r in results[:1]))
                    cases += self._case(mail, results)
                mail.content, mail.rows = None, ()
        return cases

    def _case(self, mail: Mail, results: Sequence[RowResult]) -> Iterator[MailFiles]:
        """The files of a mail whose rows are committed; nothing for one whose id the org did not tell."""
        own = next((result for result in results if result.row.object == "Email__c"), None)
        email = mail.stored.id if mail.stored is not None else own.id if own is not None else None
        truncated = mail.stored is not None and mail.stored.body_truncated
        if own is not None:
            # as it was written: the org may have refused the whole body
            truncated = truncated or bool(own.row.fields.get("Body_Truncated__c"))
        if email is not None:
            existed = mail.stored is None and own is not None and own.existed
            yield case_of(mail, email, self._settings, existed=existed, truncated=truncated)

    def _plan(self, mail: Mail) -> None:
        headers = [candidate.header for candidate in mail.copies]
        preview = mail.content.preview if mail.content is not None else ""
        if mail.stored is not None:
            preview = str(mail.stored.fields.get("Preview__c") or "")
        try:
            desired = records.build(
                copies=headers,
                key=mail.key,
                chosen=replace(mail.chosen, preview=preview),
                body=self._body(mail),
                matches=mail.matches,
                settings=self._settings,
                org=self._setup.org,
                # the mailbox may be another user's since it was stored
                owner=mail.stored.owner if mail.stored is not None else mail.owner,
                event_key=self._event_key,
                sent_at=mail.stored.sent_at if mail.stored is not None else identity.sent_time(mail.chosen),
                created_at=identity.created_time(mail.chosen),
                direction=records.direction_of(mail.chosen, self._decider.is_ours),
                attachments=self._sorted(mail),
            )
            planned = plan(desired, mail.stored)
        except Exception as error:
            # A mail that our own code cannot build fails alone, with a row that names the fault.
            log.debug("Could not build a record", action=Action.MESSAGE_FAILED, trace=traceback.format_exc())
            mail.error = MessageError(
                f"This message could not be turned into a record: {type(error).__name__}",
                code="UNEXPECTED",
                remedy="Please report it with its Message-ID.",
            )
            return
        mail.rows = (*planned.inserts, *planned.updates)

    def _body(self, mail: Mail) -> Body | None:
        if mail.content is None:
            return None
        return sanitise(mail.content, remote_images=self._settings.remote_images)

    def _sorted(self, mail: Mail) -> Sorted | None:
        """What is known of a mail's attachments: none for one that was fetched and shows none."""
        if mail.listed is None:
            return Sorted() if mail.content is not None else None
        return None if isinstance(mail.listed, MessageError) else sort_out(mail.listed, mail.key, self._settings)

    def _settle(self, mail: Mail, *, existed: bool) -> None:
        first = Outcome.MATCHED if mail.matched else Outcome.UNMATCHED_KEPT
        for number, candidate in enumerate(mail.copies):
            outcome = Outcome.DUPLICATE if existed or number else first
            self._ledger.settle(candidate.header, outcome)

    def _refuse(self, mail: Mail, object_: str, refused: RowError, results: Sequence[RowResult]) -> None:
        email = (
            mail.stored.id
            if mail.stored is not None
            else next((r.id for r in results if r.row.object == "Email__c" and r.id is not None), None)
        )
        error = MessageError(f"{object_}: {refused.message}", code=refused.code, transient=refused.transient)
        for candidate in mail.copies:
            note_failure(self._ledger, candidate, error, email=email)
