"""What a run does to stored mail: it is related anew, blanked, deleted.

A run that reads mail asks what changed along with its first look-up, so that an idle run needs no call for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connector.core.deciding.exclude import Rules
from connector.core.writing.rematch import watch_for
from connector.engine.outcomes import OutcomeLedger
from connector.engine.rematch import Rematching
from connector.engine.retention import clear
from connector.model.org import SettledError, Setup, SyncSettings
from connector.model.run import EventRecord
from connector.model.values import NormalAddress, RecordId
from connector.ports import Directory, RecordSink, StoredMail


@dataclass(slots=True, kw_only=True)
class Maintenance:
    """That of one run. `begin`, then read mail, then `finish`; the rest is known from then on."""

    setup: Setup
    settings: SyncSettings
    rules: Rules
    linked: Mapping[NormalAddress, RecordId]
    stored_mail: StoredMail
    directory: Directory
    sink: RecordSink
    ledger: OutcomeLedger
    #: refusals that no error row tells of
    remarks: list[str] = field(default_factory=list)
    settled: list[SettledError] = field(default_factory=list)
    #: the settings record, and up to when all changes are dealt with
    matched_through: tuple[RecordId, datetime] | None = None

    def begin(self) -> None:
        """Say what to look for."""
        self.stored_mail.expect(watch_for(self.settings, self.setup.org, self.setup.now))

    def finish(self, event: EventRecord) -> None:
        """Do it. Raises ServiceError when the run cannot go on; Matched_Through__c stays then."""
        changes = self.stored_mail.changes()
        rematching = Rematching(
            self.setup, self.settings, self.rules, self.linked, self.stored_mail, self.directory, self.sink, self.ledger
        )
        rematching.relate(changes, event)
        cleared = clear(self.stored_mail, changes, self.setup)
        self.remarks += [*rematching.remarks, *cleared.remarks]
        self.settled += cleared.settled
        through = self.settings.matched_through
        if through is None or through < self.setup.now:
            # what changes from here on is asked for from this second on, which includes what the run did not see
            self.matched_through = self.settings.id, self.setup.now
