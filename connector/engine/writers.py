"""Step 7: two to four writers carry the rows of completed mails to Salesforce, each request as full as it can be.

Mails wait in a pool, by Account. A writer takes a request's worth of mails whose Accounts and Contacts no other writer
has at hand, since Tasks lock both (and a second request for the same Account would be refused or made to wait), in the
order of Accounts. A request that is not full goes only when nothing more will come.
"""

import threading
from collections.abc import Callable, Iterable, Sequence

import structlog

from connector.codes import Outcome
from connector.core.writing.pack import RequestFill
from connector.engine.attachments import AttachmentStore
from connector.engine.context import RunContext
from connector.engine.decider import Mail, note_failure
from connector.engine.mail_files import MailFiles, case_of
from connector.errors import TRIED_DAILY, MessageError, OrgFaultError
from connector.model.records import RowError, RowResult
from connector.model.run import EventRecord
from connector.ports import RecordSink

log = structlog.get_logger(__name__)

#: mails that may wait in the pool, and the bytes of their rows: some requests' worth
MOST_MAILS = 2_000
MOST_BYTES = 12_000_000
#: objects whose rows name clients
_CHILDREN = frozenset({"Email_Participant__c", "Task"})


class WritePool:
    """The mails that wait to be written. Not thread-safe: the caller holds a lock."""

    def __init__(self) -> None:
        self._mails: dict[str, list[Mail]] = {}
        self._count = 0
        self._bytes = 0
        #: Accounts and Contacts of what is being written
        self._busy: set[str] = set()
        self._all = RequestFill()

    def __bool__(self) -> bool:
        return self._count > 0

    @property
    def has_room(self) -> bool:
        """Whether more may be put in."""
        return self._count < MOST_MAILS and self._bytes < MOST_BYTES

    def put(self, mails: Sequence[Mail]) -> None:
        """Add mails that have rows."""
        for mail in mails:
            self._mails.setdefault(mail.sort_key[0], []).append(mail)
            self._count += 1
            self._bytes += mail.size
            self._all.take(mail.rows, mail.size)

    def take(self, *, partly: bool) -> list[Mail]:
        """A request's worth, whose Accounts are taken from then on; with `partly` also what does not fill one."""
        if not partly and not self._all.is_over:
            return []
        fill, taken, full = RequestFill(), list[Mail](), False
        for account in sorted(self._mails):
            for mail in self._mails[account]:
                if self._busy.isdisjoint(mail.locks):
                    full = bool(taken) and not fill.fits(mail.rows, mail.size)
                    if full:
                        break
                    fill.take(mail.rows, mail.size)
                    taken.append(mail)
            if full:
                break
        if not taken or not (full or partly):
            return []
        self._remove(taken)
        for mail in taken:
            self._busy |= mail.locks
        return taken

    def written(self, mails: Sequence[Mail]) -> None:
        """Give back the Accounts and Contacts of mails that `take` returned."""
        for mail in mails:
            self._busy -= mail.locks

    def _remove(self, taken: Sequence[Mail]) -> None:
        gone = {id(mail) for mail in taken}
        for account in {mail.sort_key[0] for mail in taken}:
            left = [mail for mail in self._mails[account] if id(mail) not in gone]
            if left:
                self._mails[account] = left
            else:
                del self._mails[account]
        self._count -= len(taken)
        self._bytes -= sum(mail.size for mail in taken)
        self._all = RequestFill()
        for mails in self._mails.values():
            for mail in mails:
                self._all.take(mail.rows, mail.size)


class MailWriter:
    """Writes mails and gives each message its outcome. Safe from several threads, each with mails of its own.

    A refusal is the mail's own once a row of the same object was taken after it. Until then it may be the first of many
    by which the org shows a fault of its own: the mail gets no outcome, so that no window of it is closed; `finish`
    gives it one at the end. `again` is given a mail whose client was deleted since it was matched, once.
    """

    def __init__(
        self,
        context: RunContext,
        sink: RecordSink,
        files: AttachmentStore,
        event: Callable[[], EventRecord],
        *,
        again: Callable[[Mail], None],
    ) -> None:
        self._again = again
        #: keys of mails that were handed to `again`
        self._returned: set[str] = set()
        #: refused mails by the object whose row was refused, until one of its rows is taken: see `finish`
        self._doubtful: dict[str, list[tuple[Mail, RowError, Sequence[RowResult]]]] = {}
        self._lock = threading.Lock()
        self._settings = context.settings
        self._ledger = context.ledger
        self._sink = sink
        self._files = files
        self._event = event

    def settle(self, mails: Sequence[Mail]) -> list[Mail]:
        """Give those their outcome that need no row, or have none because they failed; the others."""
        left = []
        for mail in mails:
            if mail.error is not None:
                for candidate in mail.copies:
                    note_failure(self._ledger, candidate, mail.error, is_client=mail.is_client)
            elif mail.rows:
                left.append(mail)
            else:
                self._store_files([self._case(mail, ())])
                self._settle(mail, existed=mail.key not in self._returned)
        return left

    def write(self, mails: Sequence[Mail]) -> list[Mail]:
        """Bring mails to their outcome, but for those whose next copy is to be tried: these are to be completed again.

        Raises ServiceError when the run cannot go on.
        """
        again: list[Mail] = []
        try:
            written = self._sink.write([mail.rows for mail in mails], event=self._event())
        except OrgFaultError as fault:
            for result in fault.written:
                self._ledger.count(result)
            raise
        for mail, results in zip(mails, written, strict=True):
            for result in results:
                self._ledger.count(result)
            self._note_returned(mail, results)
            self._clear({result.row.object for result in results if result.done})
            refused = next(((r.row.object, r.error) for r in results if r.error is not None), None)
            if _of_its_copy(results) and mail.give_way():
                again.append(mail)
            elif refused is None:
                self._store_files([self._case(mail, results)])
                self._settle(mail, existed=self._existed(mail) or any(r.existed for r in results[:1]))
            elif self._is_to_return(mail, results):
                self._again(mail)
            else:
                with self._lock:
                    self._doubtful.setdefault(refused[0], []).append((mail, refused[1], results))
            mail.rows = ()
        return again

    def _note_returned(self, mail: Mail, results: Sequence[RowResult]) -> None:
        """A new mail has no Task yet: one that has was stored before, unless another connector writes it just now."""
        own = next((result for result in results if result.row.object == "Email__c"), None)
        task = next((result for result in results if result.row.object == "Task" and result.existed), None)
        if mail.stored is None and own is not None and own.id is not None and not own.existed and task is not None:
            self._ledger.note_returned(own.id, task.row.key)

    def finish(self) -> None:
        """Give those their outcome that were refused last: too few to be a fault of the org."""
        with self._lock:
            left = list(self._doubtful)
        self._clear(left)

    def _clear(self, objects: Iterable[str]) -> None:
        """A row of these objects was taken: what was refused before it was refused for its own sake."""
        with self._lock:
            refused = [(name, each) for name in objects for each in self._doubtful.pop(name, ())]
        for name, (mail, error, results) in refused:
            self._refuse(mail, name, error, results)

    def _is_to_return(self, mail: Mail, results: Sequence[RowResult]) -> bool:
        """Whether a client was deleted between match and write, so that the mail is to be matched again: not twice."""
        gone = any(r.error is not None and r.error.named_is_gone and r.row.object in _CHILDREN for r in results)
        if not gone or mail.key in self._returned:
            return False
        self._returned.add(mail.key)
        return True

    def _existed(self, mail: Mail) -> bool:
        """Whether the mail was stored before this run began with it."""
        return mail.stored is not None and mail.key not in self._returned

    def _store_files(self, cases: Sequence[MailFiles | None]) -> None:
        self._files.take([case for case in cases if case is not None])

    def _case(self, mail: Mail, results: Sequence[RowResult]) -> MailFiles | None:
        """The files of a mail whose rows are committed; nothing for one whose id the org did not give."""
        own = next((result for result in results if result.row.object == "Email__c"), None)
        email = mail.stored.id if mail.stored is not None else own.id if own is not None else None
        truncated = mail.stored is not None and mail.stored.body_truncated
        if own is not None:
            # as it was written: the org may have refused the whole body
            truncated = truncated or bool(own.row.fields.get("Body_Truncated__c"))
        if email is None:
            return None
        existed = mail.stored is None and own is not None and own.existed
        return case_of(mail, email, self._settings, existed=existed, truncated=truncated)

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
        # what the org says may quote a value, and of mail that is no client's nothing is told
        said = refused.message if mail.is_client or refused.by_rule else ", ".join((refused.code, *refused.fields))
        error = MessageError(
            f"{object_}: {said}",
            code=refused.code,
            remedy=TRIED_DAILY if refused.by_rule else "",
            transient=refused.transient,
            by_rule=refused.by_rule,
        )
        for candidate in mail.copies:
            note_failure(self._ledger, candidate, error, is_client=mail.is_client, email=email)


def _of_its_copy(results: Sequence[RowResult]) -> bool:
    """Whether the record of a new mail was refused for good: what another copy shows may be taken."""
    return any(r.row.object == "Email__c" and r.error is not None and not r.error.transient for r in results[:1])
