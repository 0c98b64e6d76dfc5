"""What a run does to stored mail: it is related anew, blanked, deleted, and merged where it is stored twice.

A run that reads mail asks what changed along with its first look-up, so that an idle run needs no call for it.
"""

from dataclasses import dataclass, field
from datetime import datetime

from connector.core.writing.rematch import watch_for
from connector.engine.context import RunContext
from connector.engine.doubles import DoubledMail
from connector.engine.rematch import Rematching
from connector.engine.retention import clear
from connector.model.org import SettledError
from connector.model.run import EventRecord
from connector.model.values import RecordId
from connector.ports import RecordSink, StoredMail


@dataclass(slots=True, kw_only=True)
class Maintenance:
    """The maintenance of one run: call `begin`, then read mail, then `finish`, which fills the other attributes."""

    context: RunContext
    stored_mail: StoredMail
    sink: RecordSink
    #: refusals for which there is no error row
    remarks: list[str] = field(default_factory=list)
    settled: list[SettledError] = field(default_factory=list)
    #: mails that were removed or deleted: what failed of them is no error any more
    gone: frozenset[RecordId] = frozenset()
    #: the settings record, and up to when all changes are dealt with
    matched_through: tuple[RecordId, datetime] | None = None
    _is_first_of_day: bool = False

    def begin(self) -> None:
        """Have the next look-up also find what changed; to be called before the first look-up."""
        setup = self.context.setup
        watch = watch_for(self.context.settings, setup.org, setup.now)
        self._is_first_of_day = watch.today is not None
        self.stored_mail.expect(watch)

    def finish(self, event: EventRecord) -> None:
        """Relate, blank, delete, merge. Raises ServiceError when the run cannot go on; Matched_Through__c stays so."""
        changes = self.stored_mail.changes()
        returned = self.context.ledger.returned
        if returned:
            changes.removed.update(self.stored_mail.deleted_before(returned))
        setup = self.context.setup
        rematching = Rematching(self.context, self.stored_mail, self.sink)
        rematching.relate(changes, event)
        cleared = clear(self.stored_mail, changes, setup)
        self.remarks += [*rematching.remarks, *cleared.remarks]
        self.settled += cleared.settled
        self.gone = cleared.gone
        if self._is_first_of_day:
            doubled = DoubledMail(self.context, self.stored_mail, self.sink)
            doubled.merge(event)
            self.remarks += doubled.remarks
        through = self.context.settings.matched_through
        if through is None or through < setup.now:
            # what changes from here on is asked for from this second on, which includes what the run did not see
            self.matched_through = self.context.settings.id, setup.now
