"""What a run does to stored mail: it is related anew, blanked, deleted.

A run that reads mail asks what changed along with its first look-up, so that an idle run needs no call for it.
"""

from dataclasses import dataclass, field
from datetime import datetime

from connector.core.writing.rematch import watch_for
from connector.engine.context import RunContext
from connector.engine.rematch import Rematching
from connector.engine.retention import clear
from connector.model.org import SettledError
from connector.model.run import EventRecord
from connector.model.values import RecordId
from connector.ports import RecordSink, StoredMail


@dataclass(slots=True, kw_only=True)
class Maintenance:
    """That of one run. `begin`, then read mail, then `finish`; the rest is known from then on."""

    context: RunContext
    stored_mail: StoredMail
    sink: RecordSink
    #: refusals that no error row tells of
    remarks: list[str] = field(default_factory=list)
    settled: list[SettledError] = field(default_factory=list)
    #: the settings record, and up to when all changes are dealt with
    matched_through: tuple[RecordId, datetime] | None = None

    def begin(self) -> None:
        """Say what to look for."""
        setup = self.context.setup
        self.stored_mail.expect(watch_for(self.context.settings, setup.org, setup.now))

    def finish(self, event: EventRecord) -> None:
        """Do it. Raises ServiceError when the run cannot go on; Matched_Through__c stays then."""
        changes = self.stored_mail.changes()
        setup = self.context.setup
        rematching = Rematching(self.context, self.stored_mail, self.sink)
        rematching.relate(changes, event)
        cleared = clear(self.stored_mail, changes, setup)
        self.remarks += [*rematching.remarks, *cleared.remarks]
        self.settled += cleared.settled
        through = self.context.settings.matched_through
        if through is None or through < setup.now:
            # what changes from here on is asked for from this second on, which includes what the run did not see
            self.matched_through = self.context.settings.id, setup.now
