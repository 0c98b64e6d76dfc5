"""What travels together through one run."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.core.deciding.exclude import Rules
from connector.engine.outcomes import OutcomeLedger
from connector.model.org import Setup, SyncSettings
from connector.model.values import NormalAddress, RecordId
from connector.ports import Directory, MailSource


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What was read at the beginning of a run, where its mail comes from, and what it counts.

    `linked`: addresses of linked mailboxes with their users. `key`: the Run_Key__c of the run's event.
    """

    setup: Setup
    settings: SyncSettings
    rules: Rules
    linked: Mapping[NormalAddress, RecordId]
    source: MailSource
    directory: Directory
    ledger: OutcomeLedger
    key: str = ""
