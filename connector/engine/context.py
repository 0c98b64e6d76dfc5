"""What the parts of one run share: its set-up, its ports, and the hooks of its caller."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from connector.core.deciding.exclude import Rules
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WindowQueue
from connector.model.org import Setup, SyncSettings
from connector.model.run import DryRunLine
from connector.model.values import NormalAddress, RecordId
from connector.ports import Directory, MailSource, RecordSink, RunLog, SetupSource, StoredMail


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What was read at the beginning of a run, where its mail comes from, and what it counts.

    `linked`: addresses of linked mailboxes with their users; `boxes`: with their mailboxes, since all addresses of one
    are one sender and one recipient. `key`: the Run_Key__c of the run's event.
    """

    setup: Setup
    settings: SyncSettings
    rules: Rules
    linked: Mapping[NormalAddress, RecordId]
    source: MailSource
    directory: Directory
    ledger: OutcomeLedger
    key: str = ""
    boxes: Mapping[NormalAddress, RecordId] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunServices:
    """The ports that one run uses, and what holds it back.

    Without `stored_mail` nothing is done to mail that is stored already.
    """

    admin: SetupSource
    source: MailSource
    directory: Directory
    sink: RecordSink
    log_book: RunLog
    stored_mail: StoredMail | None = None
    #: why backfills have to wait now, in a sentence; asked before each window of one
    backfill_pause: Callable[[], str | None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHooks:
    """What the caller of a run wants to be called with, and what ends its reading early.

    `started` gets the queues that are read; `walked` gets a queue and the number of messages of a window, in several
    threads; `line` gets each line of a dry run. `limit` gets the function that stops the reading, and calls it when the
    time is over.
    """

    started: Callable[[Sequence[WindowQueue]], None] | None = None
    walked: Callable[[WindowQueue, int], None] | None = None
    line: Callable[[DryRunLine], None] | None = None
    limit: Callable[[Callable[..., None]], AbstractContextManager[None]] | None = None


def frames_of(error: BaseException) -> str:
    """Where in the code an error of ours came about, for the log: without its own words, which may quote a mail."""
    return "".join(traceback.format_tb(error.__traceback__))
