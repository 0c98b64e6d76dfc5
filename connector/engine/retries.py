"""Messages that failed before: read again when their time has come or a person asks, through the same decide and write.

A message is fetched by its id. One that is gone is looked for once by its Message-ID in the same mailbox, since a
restored or re-imported message has another id; then its row says GONE.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.codes import ErrorStatus, Outcome
from connector.core.reading.ladder import UNREADABLE, named_second
from connector.core.reading.walk import LARGEST_PAGE
from connector.core.scheduling.retry import error_key
from connector.engine.mailboxes import MailboxRun
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.errors import TRIED_AGAIN, MailboxError, MailboxOutageError, MessageError, MessageGoneError
from connector.model.mail import Header, Unread
from connector.model.org import LoggedError, SettledError
from connector.model.run import Failure
from connector.model.values import GraphUserId, MessageId, Place, RecordId
from connector.ports import MailSource

#: outcomes of client mail, of which an error row may go on naming subject and Message-ID
_CLIENT_MAIL = frozenset({Outcome.MATCHED, Outcome.DUPLICATE})


@dataclass(slots=True)
class Retries:
    """The open error rows of a run, and what became of them."""

    #: all open rows by the place they name
    open: dict[Place, LoggedError] = field(default_factory=dict)
    #: rows that were tried in this run, by the place where the message was found
    tried: dict[Place, LoggedError] = field(default_factory=dict)
    gone: list[SettledError] = field(default_factory=list)
    #: the messages of seconds that could not be listed before, by the place of their row
    seconds: dict[Place, tuple[Place, ...]] = field(default_factory=dict)
    #: those whose message could not even be read: an attempt that failed like any other
    failed: list[Failure] = field(default_factory=list)

    @classmethod
    def of(cls, errors: Iterable[LoggedError]) -> "Retries":
        """The rows that still name a mailbox."""
        return cls(open={(error.mailbox, error.message): error for error in errors if error.mailbox is not None})

    def waiting(self, now: datetime) -> set[Place]:
        """The places of rows that wait for their next time."""
        return {
            place
            for place, error in self.open.items()
            if place not in self.tried and error.next_attempt_at is not None and not error.is_due(now)
        }

    def logged(self, now: datetime) -> set[Place]:
        """The places of rows that are not due, those given up among them. Live windows, which overlap, and sweeps leave
        them out: what these list is no reason to try before its time what failed, or against the word of its row."""
        return {place for place, error in self.open.items() if place not in self.tried and not error.is_due(now)}

    def settled(self, ledger: OutcomeLedger) -> list[SettledError]:
        """The rows that are done with: their message got its outcome in this run, or is gone for good."""
        known = {**self.open, **self.tried}
        failures = ledger.failures_now()
        resolved = [
            SettledError(
                id=error.id,
                status=ErrorStatus.RESOLVED,
                attempts=error.attempts + 1,
                forget=outcome not in _CLIENT_MAIL,
            )
            for place, error in known.items()
            if ((outcome := ledger.watched.get(place)) is not None or self._read_at_last(place, ledger))
            and place not in failures
        ]
        return [*{error.id: error for error in (*resolved, *self.gone)}.values()]

    def _read_at_last(self, place: Place, ledger: OutcomeLedger) -> bool:
        """Whether it stands for a second whose messages have their outcomes now, and rows of their own where they
        failed."""
        found = self.seconds.get(place)
        return found is not None and all(ledger.has_seen(*each) for each in found)

    def answered(self, ledger: OutcomeLedger) -> list[RecordId]:
        """The events that a person asked to retry and whose rows were all tried."""
        asked: dict[RecordId, bool] = {}
        gone = {error.id for error in self.gone}
        failed = {failure.error_key for failure in self.failed}
        tried = {error.id for place, error in self.tried.items() if ledger.watched.get(place) is not None} | gone
        tried |= {error.id for error in self.open.values() if error.key in failed}
        tried |= {self.open[place].id for place in self.seconds if self._read_at_last(place, ledger)}
        for error in self.open.values():
            if error.event is not None and error.event_requested:
                asked[error.event] = asked.get(error.event, True) and error.id in tried
        return [event for event, complete in asked.items() if complete]

    def named(self, failure: Failure) -> str:
        """The Error_Key__c that a failure of this run belongs to, where its message has a row under another id."""
        error = self.tried.get((failure.mailbox, failure.message))
        if error is not None:
            return error.key
        return failure.error_key or error_key(failure.graph_user_id, failure.message)


def readings(
    retries: Retries, due: Iterable[LoggedError], mailbox_runs: Mapping[RecordId, MailboxRun], source: MailSource
) -> list[WalkedWindow]:
    """The messages of the rows that are due, mailbox by mailbox, as if they had been listed.

    Rows of mailboxes that this run does not read stay as they are. A mailbox that cannot be read fails as in a window.
    """
    wanted: dict[Place, tuple[LoggedError, WindowQueue]] = {}
    for error in due:
        mailbox_run = mailbox_runs.get(error.mailbox) if error.mailbox is not None else None
        if mailbox_run is not None and mailbox_run.queue is not None:
            wanted[mailbox_run.mailbox.id, error.message] = (error, mailbox_run.queue)
    found: dict[RecordId, list[Header]] = defaultdict(list)
    for mailbox, of_second in _seconds(retries, wanted, source):
        found[mailbox].append(of_second)
    asked = [
        (mailbox, queue.user, message)
        for (mailbox, message), (_, queue) in wanted.items()
        if named_second(message) is None
    ]
    for (mailbox, user, message), answer in source.headers(asked):
        error, _ = wanted[mailbox, message]
        header = answer
        if isinstance(answer, MessageGoneError):
            try:
                header = _elsewhere(source, mailbox, user, error) or answer
            except MailboxError as unread:
                transient = isinstance(unread, MailboxOutageError)
                header = MessageError(
                    unread.what, where=unread.where, remedy=unread.remedy, code=unread.code, transient=transient
                )
        if isinstance(header, Header):
            found[mailbox].append(header)
            retries.tried[mailbox, header.id] = error
        elif isinstance(header, MessageGoneError):
            retries.gone.append(_gone(error, header))
        else:
            retries.failed.append(_failed(error, header, mailbox, user))
    return [
        reading for mailbox, headers in found.items() if (reading := _reading(mailbox_runs[mailbox], headers, source))
    ]


def failure_to_read(unread: Unread, queue: WindowQueue) -> Failure:
    """The error row of what was listed and could not be read: ids only, as it may not be client mail."""
    return Failure(
        mailbox=queue.mailbox.id,
        graph_user_id=queue.user,
        message=unread.id,
        internet_message_id=None,
        subject="",
        received_at=unread.received_at,
        code=unread.error.code,
        text=str(unread.error),
        transient=unread.error.transient,
    )


def _seconds(
    retries: Retries, wanted: Mapping[Place, tuple[LoggedError, WindowQueue]], source: MailSource
) -> Iterator[tuple[RecordId, Header]]:
    """The messages of seconds that could not be listed before; their rows are settled once each has its outcome."""
    for (mailbox, name), (error, queue) in wanted.items():
        second = named_second(name)
        if second is None:
            continue
        try:
            headers = _in_second(mailbox, queue.user, second, source)
        except (MailboxError, MessageError) as unread:
            why = MessageError(unread.what, where=unread.where, remedy=TRIED_AGAIN, code=UNREADABLE, transient=True)
            retries.failed.append(_failed(error, why, mailbox, queue.user))
            continue
        retries.seconds[mailbox, name] = tuple((mailbox, header.id) for header in headers)
        yield from ((mailbox, header) for header in headers)


def _in_second(mailbox: RecordId, user: GraphUserId, second: datetime, source: MailSource) -> list[Header]:
    """All messages of one received second. Raises MailboxError, or MessageError for one that cannot be read."""
    found: dict[str, Header] = {}
    listed: list[MessageId] = []
    link: str | None = None
    links: set[str] = set()
    while True:
        page = source.page(mailbox, user, second, second + timedelta(seconds=1), top=LARGEST_PAGE, link=link)
        found |= {header.id: header for header in page.headers if isinstance(header, Header)}
        listed += (header.id for header in page.headers if not isinstance(header, Header))
        link = page.link
        if link is None or link in links:
            break
        links.add(link)
    for _, answer in source.headers([(mailbox, user, name) for name in listed]):
        if isinstance(answer, Header):
            found[answer.id] = answer
        elif not isinstance(answer, MessageGoneError):
            raise answer
    return [*found.values()]


def _elsewhere(source: MailSource, mailbox: RecordId, user: GraphUserId, error: LoggedError) -> Header | None:
    if not error.internet_message_id:
        return None
    candidates = source.find_by_message_id(mailbox, user, error.internet_message_id)
    near = [header for header in candidates if header.received_at == error.received_at]
    return next(iter(near or candidates), None)


def _gone(error: LoggedError, why: MessageError) -> SettledError:
    return SettledError(
        id=error.id,
        status=ErrorStatus.GAVE_UP,
        attempts=error.attempts + 1,
        code=MessageGoneError.code,
        text=str(why),
    )


def _failed(error: LoggedError, why: MessageError, mailbox: RecordId, user: GraphUserId) -> Failure:
    return Failure(
        mailbox=mailbox,
        graph_user_id=user,
        message=error.message,
        internet_message_id=error.internet_message_id or None,
        subject=error.subject,
        received_at=error.received_at,
        code=why.code,
        text=str(why),
        transient=why.transient,
        by_rule=why.by_rule,
        email=error.email,
        error_key=error.key,
    )


def _reading(mailbox_run: MailboxRun, headers: list[Header], source: MailSource) -> WalkedWindow | None:
    queue = mailbox_run.queue
    if queue is None:
        return None
    try:
        if queue.tree is None:
            queue.tree, queue.tree_asked = source.folders(queue.user), True
    except MailboxError as error:
        queue.error = error
        queue.clear()
        return None
    return WalkedWindow(queue, None, tuple(headers))
