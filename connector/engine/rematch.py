"""Relates stored mail anew when clients appeared or changed since the last run, or when a person related it.

Reads what may lack a relation, plans it with the current matches of all its addresses, and writes what is missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from connector.codes import Action
from connector.core.deciding.match import placeholders
from connector.core.writing import rematch
from connector.core.writing.plan import plan
from connector.core.writing.rematch import Changes, FiledMail
from connector.engine.context import RunContext
from connector.model.mail import Party
from connector.model.org import Mailbox
from connector.model.records import DesiredEmail, Plan, RowError, RowResult
from connector.model.run import EventRecord, Failure
from connector.model.values import MessageId, NormalAddress, RecordId, batched
from connector.ports import RecordSink, StoredMail

log = structlog.get_logger(__name__)

#: mails read, planned and written together
SLICE = 1000


@dataclass(slots=True)
class Rematching:
    """The re-match of one run. `remarks` say what was refused and has no error row of its own."""

    context: RunContext
    stored_mail: StoredMail
    sink: RecordSink
    remarks: list[str] = field(default_factory=list)
    _boxes: dict[RecordId, Mailbox] = field(init=False)

    def __post_init__(self) -> None:
        self._boxes = {box.id: box for box in self.context.setup.mailboxes}

    def relate(self, changes: Changes, event: EventRecord) -> None:
        """Write the rows and relations that stored mail lacks. Raises ServiceError when the run cannot go on."""
        clients = {address: ids for address, ids in changes.clients.items() if self._is_external(address)}
        emails = {*changes.related, *(self.stored_mail.mails_with(clients) if clients else ())}
        ordered = sorted(emails - changes.removed)
        for part in batched(ordered, SLICE):
            self._relate(self.stored_mail.read(part), event)

    def _is_external(self, address: NormalAddress) -> bool:
        """Linked mailboxes and colleagues are never clients, though some firms keep them as Contacts."""
        return (
            address not in self.context.linked
            and self.context.rules.internal_domain(address, self.context.setup.now) is None
        )

    def _relate(self, mails: Sequence[FiledMail], event: EventRecord) -> None:
        planned = sorted(self._planned(mails), key=lambda item: (item[1].sort_key, item[1].email.key))
        if not planned:
            return
        rows = [(*todo.inserts, *todo.updates) for _, _, todo in planned]
        for (mail, _, _), results in zip(planned, self.sink.write(rows, event=event), strict=True):
            for result in results:
                self.context.ledger.count(result)
            refused = next((r for r in results if r.error is not None), None)
            if refused is not None and refused.error is not None:
                self._refuse(mail, refused, refused.error)
        log.info("Stored mail related anew", action=Action.MAIL_RELATED, emails=len(planned))

    def _planned(self, mails: Sequence[FiledMail]) -> Iterator[tuple[FiledMail, DesiredEmail, Plan]]:
        parties = {mail.stored.id: self._parties(mail) for mail in mails}
        addresses = {party.address for found in parties.values() for party in found}
        hits, _ = self.context.directory.look_up(addresses, ()) if addresses else ({}, ())
        self.context.ledger.note_placeholders(placeholders(hits))
        for mail in mails:
            desired = rematch.desired(
                mail, parties[mail.stored.id], hits, self.context.settings, self.context.setup.org
            )
            todo = plan(desired, mail.stored, now=self.context.setup.now, ask_owner=self.context.settings.ask_owner)
            if todo:
                yield mail, desired, todo

    def _parties(self, mail: FiledMail) -> tuple[Party, ...]:
        box = self._boxes.get(mail.stored.mailbox) if mail.stored.mailbox is not None else None
        return rematch.external(mail, self.context.rules, self.context.linked, box.user if box is not None else None)

    def _refuse(self, mail: FiledMail, result: RowResult, error: RowError) -> None:
        """An error row, by which the message is read again and related; a remark where its message is not known."""
        text = f"{result.row.object}: {error.message}"
        stored = mail.stored
        log.warning("Mail not related", action=Action.MAIL_NOT_RELATED, email=stored.id, code=error.code)
        box = self._boxes.get(stored.mailbox) if stored.mailbox is not None else None
        if box is None or box.graph_user_id is None or stored.graph_message_id is None:
            self.remarks.append(f"The email {stored.id} could not be related anew ({error.code}: {text})")
            return
        message = MessageId(stored.graph_message_id)
        failure = Failure(
            mailbox=box.id,
            graph_user_id=box.graph_user_id,
            message=message,
            internet_message_id=stored.internet_message_id,
            subject=mail.subject,
            received_at=mail.received_at,
            code=error.code,
            text=text,
            transient=error.transient,
            by_rule=error.by_rule,
            email=stored.id,
        )
        self.context.ledger.note_stored(failure)
