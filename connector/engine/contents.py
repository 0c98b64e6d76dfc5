"""Step 6: bodies and lists of attachments of decided mails, and the rows that are to be written for them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from connector.codes import Action
from connector.core.deciding import identity
from connector.core.writing import records
from connector.core.writing.attachments import Sorted, sort_out
from connector.core.writing.body import Body, sanitise
from connector.core.writing.columns import in_columns
from connector.core.writing.notice import announced
from connector.core.writing.plan import plan
from connector.engine.cleaning import BodyCleaner
from connector.engine.context import RunContext, frames_of
from connector.engine.decider import Mail
from connector.engine.mail_files import copy_to_list
from connector.errors import MessageError
from connector.model.mail import Content
from connector.model.records import Row
from connector.model.values import NormalAddress, Place

log = structlog.get_logger(__name__)

#: bytes of JSON for the field names and small values of a row, about
_ROW_BYTES = 600
#: characters of bodies after which they are sanitised, though more of the batch will come
CLEANED_TOGETHER = 200_000


class Contents:
    """Completes mails. Safe from several threads, each with mails of its own."""

    def __init__(self, context: RunContext, cleaner: BodyCleaner, *, is_ours: Callable[[NormalAddress], bool]) -> None:
        self._context = context
        self._cleaner = cleaner
        self._source = context.source
        self._settings = context.settings
        self._is_ours = is_ours

    def complete(self, batch: Sequence[Mail]) -> None:
        """Fetch what these mails lack and plan their rows; `error` says why one has none.

        Raises ServiceError when the run cannot go on.
        """
        self._fetch(batch)
        self._list_attachments(batch)
        for mail in batch:
            if mail.error is None and mail.stored is not None:
                self._plan(mail, None)

    def _fetch(self, batch: Sequence[Mail]) -> None:
        """Bodies with the lists of attachments; when a copy is gone, from the next copy. The rows are planned as they
        come, so that few bodies are held as they came."""
        missing = {(mail.chosen.mailbox, mail.chosen.id): (mail, 0) for mail in batch if mail.stored is None}
        while missing:
            wanted = [mail.copies[number].header for mail, number in missing.values()]
            users = {
                candidate.header.mailbox: candidate.queue.user
                for mail, _ in missing.values()
                for candidate in mail.copies
            }
            again: dict[Place, tuple[Mail, int]] = {}
            fetched, characters = list[Mail](), 0
            for header, answer in self._source.contents(wanted, users):
                mail, number = missing[header.mailbox, header.id]
                if isinstance(answer, Content):
                    mail.content, mail.error = announced(in_columns(answer), self._context.setup.org.time_zone), None
                    mail.copies.insert(0, mail.copies.pop(number))
                    mail.listed, mail.listed_in = answer.attachments, mail.copies[0]
                    fetched.append(mail)
                    characters += len(answer.html)
                    if characters >= CLEANED_TOGETHER:
                        self._plan_fetched(fetched)
                        fetched, characters = [], 0
                else:
                    mail.error = answer
                    if number + 1 < len(mail.copies):
                        following = mail.copies[number + 1].header
                        again[following.mailbox, following.id] = (mail, number + 1)
            self._plan_fetched(fetched)
            missing = again

    def _plan_fetched(self, mails: Sequence[Mail]) -> None:
        """Plan the rows of mails whose bodies have come, and let the bodies go."""
        bodies = self._cleaner.clean([mail.content for mail in mails if mail.content is not None])
        for mail, body in zip(mails, bodies, strict=True):
            self._plan(mail, body)
            mail.content = None

    def _list_attachments(self, batch: Sequence[Mail]) -> None:
        """Attachments of stored mails that may lack some."""
        asked: dict[Place, Mail] = {}
        for mail in batch:
            mail.listed_in = mail.listed_in or copy_to_list(mail)
            if mail.stored is not None and mail.listed_in is not None:
                asked[mail.listed_in.header.mailbox, mail.listed_in.header.id] = mail
        copies = [mail.listed_in for mail in asked.values() if mail.listed_in is not None]
        users = {copy.header.mailbox: copy.queue.user for copy in copies}
        for header, answer in self._source.attachments([copy.header for copy in copies], users):
            asked[header.mailbox, header.id].listed = answer

    def _plan(self, mail: Mail, body: Body | None) -> None:
        headers = [candidate.header for candidate in mail.copies]
        preview = mail.content.preview if mail.content is not None else ""
        if mail.stored is not None:
            preview = str(mail.stored.fields.get("Preview__c") or "")
        try:
            desired = records.build(
                copies=headers,
                key=mail.key,
                chosen=replace(mail.chosen, preview=preview),
                body=body or self._body(mail),
                matches=mail.matches,
                settings=self._settings,
                org=self._context.setup.org,
                # the mailbox may be another user's since it was stored
                owner=mail.stored.owner if mail.stored is not None else mail.owner,
                event_key=self._context.key,
                sent_at=mail.stored.sent_at if mail.stored is not None else identity.sent_time(mail.chosen),
                created_at=identity.created_time(mail.chosen, self._context.setup.now),
                direction=records.direction_of(mail.chosen, self._is_ours),
                attachments=self._sorted(mail),
                record=mail.stored.id if mail.stored is not None else None,
            )
            planned = plan(desired, mail.stored, now=self._context.setup.now, ask_owner=self._settings.ask_owner)
        except Exception as error:
            # A mail that our own code cannot build fails alone, with a row that names the fault.
            log.debug("Trace of a fault", action=Action.FAULT_TRACED, of="a record", trace=frames_of(error))
            mail.error = MessageError(
                f"This message could not be turned into a record: {type(error).__name__}",
                code="UNEXPECTED",
                remedy="Please report it with its Message-ID.",
            )
            return
        mail.rows = (*planned.inserts, *planned.updates)
        mail.size = sum(map(_size, mail.rows))

    def _body(self, mail: Mail) -> Body | None:
        """The body of a mail that was not cleaned yet; raises what cleaning it raised before."""
        if mail.content is None:
            return None
        return sanitise(mail.content, remote_images=self._settings.remote_images)

    def _sorted(self, mail: Mail) -> Sorted | None:
        """A mail's attachments, sorted; empty where it was fetched and has none; None where they are not known."""
        if mail.listed is None:
            return Sorted() if mail.content is not None else None
        return None if isinstance(mail.listed, MessageError) else sort_out(mail.listed, mail.key, self._settings)


def _size(row: Row) -> int:
    """The bytes of JSON that a row takes, about: the writer counts them when it serialises the row."""
    return _ROW_BYTES + sum(len(value) for value in row.fields.values() if isinstance(value, str))
