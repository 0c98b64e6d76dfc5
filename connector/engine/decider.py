"""Steps 4 and 5 for a chunk of walked windows: which messages go on, which copies are one mail, who takes part.

Decisions come from `core/`; here they get what they need: folders, users of the directory, clients, stored copies.
Nothing is fetched but headers, and nothing is written.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import structlog

from connector.codes import Action, Outcome
from connector.core.deciding import identity
from connector.core.deciding.address import normalise
from connector.core.deciding.bounce import is_bounce
from connector.core.deciding.exclude import (
    MailboxView,
    Rules,
    decide,
    decide_bounce,
    group_candidates,
    may_be_bcc,
    steps,
)
from connector.core.deciding.match import Match, placeholders, resolve
from connector.core.reading import folders
from connector.core.writing import records
from connector.engine.context import RunContext, frames_of
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.errors import TRIED_AGAIN, ConnectorError, MailboxError, MessageError
from connector.model.mail import Attachment, Content, Decision, Folder, Header, Party
from connector.model.org import Hits, SyncSettings
from connector.model.records import MatchStatus, Row, StoredEmail
from connector.model.run import Failure
from connector.model.values import FolderId, NormalAddress, Place, RecordId

log = structlog.get_logger(__name__)

#: copies of one mail that are tried one after the other, each with a request for its body
MOST_REFUSED = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that its headers did not rule out."""

    header: Header
    queue: WindowQueue
    decision: Decision


@dataclass(slots=True)
class Mail:
    """All copies of one mail in this chunk, the chosen one first, with what is known of it."""

    copies: list[Candidate]
    key: str
    stored: StoredEmail | None
    matches: tuple[Match, ...]
    owner: RecordId
    error: MessageError | None = None
    content: Content | None = None
    #: its attachments, as the copy `listed_in` shows them; None where there was no reason to ask
    listed: tuple[Attachment, ...] | MessageError | None = None
    listed_in: Candidate | None = None
    rows: tuple[Row, ...] = field(default_factory=tuple)
    #: bytes of JSON that the rows take, about
    size: int = 0
    #: how many copies were refused as its record; they stand behind the others
    refused: int = 0

    @property
    def chosen(self) -> Header:
        """The copy whose body, id and link are recorded."""
        return self.copies[0].header

    def give_way(self) -> bool:
        """Let the next copy take the place of the first, which the org refused; False where there is none to try."""
        self.refused += 1
        if self.stored is not None or self.refused >= min(len(self.copies), MOST_REFUSED):
            return False
        self.copies.append(self.copies.pop(0))
        self.rows, self.content, self.listed, self.listed_in = (), None, None, None
        return True

    @property
    def matched(self) -> bool:
        """Whether a Contact or Account takes part."""
        return any(self.matches)

    @property
    def is_client(self) -> bool:
        """Whether it is client mail: matched now, or related before."""
        stored = self.stored.participants if self.stored is not None else ()
        return self.matched or any(row.contact or row.account for row in stored)

    @property
    def locks(self) -> set[str]:
        """The Accounts and Contacts that the org locks while the rows of this mail are written."""
        hits = (hit for match in self.matches for hit in (*match.contacts, *match.accounts))
        return {name for hit in hits for name in (hit.id, hit.account) if name is not None}

    @property
    def sort_key(self) -> tuple[str, str]:
        """Brings the mails of one Account into one request: parallel locks of an Account are refused."""
        for match in self.matches:
            for hit in (*match.contacts, *match.accounts):
                return (hit.account or hit.id, self.key)
        return ("", self.key)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `core.exclude` wants to know of a message."""

    known: tuple[Header, MailboxView, Rules, SyncSettings, frozenset[NormalAddress]]
    folder_reason: str | None
    by_group: bool | None


class Decider:
    """Decides chunks of one run. Not thread-safe. `remember` is filled with every mail that got as far as matching."""

    def __init__(self, context: RunContext, *, remember: list[tuple[Header, Mail]] | None = None) -> None:
        self._remember = remember
        self._setup = context.setup
        self._settings = context.settings
        self._rules = context.rules
        self._source = context.source
        self._directory = context.directory
        self._linked = frozenset(context.linked)
        self._boxes = context.boxes
        # a user who lost the permission set cannot read the record, and so cannot own it
        self._owners = {address: user for address, user in context.linked.items() if user in context.setup.sync_users}
        self._ledger = context.ledger
        self._asked_users: dict[NormalAddress, bool | None] = {}
        self._views: dict[RecordId, MailboxView] = {}
        #: mailboxes whose addresses of today are in their view
        self._asked_addresses: set[RecordId] = set()
        #: folders that could not be had, and why
        self._no_folder: dict[tuple[RecordId, FolderId], MessageError] = {}

    def mails(self, readings: Sequence[WalkedWindow]) -> list[Mail]:
        """The mails that are to be stored, or whose stored row may lack something, sorted by Account.

        Every other message has its outcome in the ledger then. Raises ServiceError when the run cannot go on.
        """
        return self.match(list(self.candidates(readings)))

    def candidates(self, readings: Sequence[WalkedWindow]) -> Iterator[Candidate]:
        """The messages that their headers do not rule out, each once; the others have their outcome then."""
        seen: set[Place] = set()
        for reading in readings:
            for header in reading.headers:
                place = (header.mailbox, header.id)
                if place in seen or not self._ledger.is_new(header):
                    continue
                seen.add(place)
                try:
                    decision = self._decide(header, reading.queue)
                except MessageError as error:
                    failed = Candidate(header, reading.queue, Decision(outcome=Outcome.FAILED))
                    note_failure(self._ledger, failed, error, is_client=False)
                    continue
                if decision.outcome is not None:
                    self._ledger.settle(header, decision.outcome, decision)
                else:
                    yield Candidate(header, reading.queue, decision)

    def forget(self, candidates: Iterable[Candidate]) -> None:
        """Look the clients of these messages up anew: one of them was deleted since."""
        addresses = {party.address for candidate in candidates for party in candidate.decision.addresses}
        if addresses:
            self._directory.forget(addresses)

    def match(self, candidates: Sequence[Candidate]) -> list[Mail]:
        """Look them up: as `mails`, of messages that their headers did not rule out."""
        if not candidates:
            return []
        hits, stored = self._directory.look_up(
            {party.address for candidate in candidates for party in candidate.decision.addresses},
            [identity.stored_key(candidate.header) for candidate in candidates],
        )
        self._ledger.note_placeholders(placeholders(hits))
        return sorted(self._mails(candidates, hits, stored), key=lambda mail: mail.sort_key)

    def steps(self, header: Header, queue: WindowQueue) -> Iterator[tuple[str, bool, str]]:
        """The rules on headers one by one, up to the first that applies: its name, whether it applies, what it saw."""
        asked = self._asked(header, queue)
        for outcome, decision in steps(*asked.known, folder_reason=asked.folder_reason, bcc_by_group=asked.by_group):
            if outcome is not None:
                yield outcome.value, decision is not None, decision.rule if decision is not None else ""
                if decision is not None:
                    return

    def is_ours(self, address: NormalAddress) -> bool:
        """Whether an address is a linked mailbox or on an internal domain."""
        return address in self._linked or self._rules.internal_domain(address, self._setup.now) is not None

    # -- deciding ---------------------------------------------------------------------------------------------------

    def _decide(self, header: Header, queue: WindowQueue) -> Decision:
        try:
            asked = self._asked(header, queue)
            decision = decide(*asked.known, folder_reason=asked.folder_reason, bcc_by_group=asked.by_group)
            if decision.outcome is not None or not is_bounce(header):
                return decision
            view = self._views[queue.mailbox.id]
            return decide_bounce(header, self._enclosed(header, queue), view, self._rules, self._linked)
        except ConnectorError:
            raise
        except Exception as error:
            # Headers that our own code stumbles over fail alone, or they would stop every run at the same mail.
            log.debug("Trace of a fault", action=Action.FAULT_TRACED, of="a decision", trace=frames_of(error))
            raise MessageError(
                f"This message could not be decided on: {type(error).__name__}",
                code="UNEXPECTED",
                remedy="Please report it with its Message-ID.",
            ) from error

    def _asked(self, header: Header, queue: WindowQueue) -> _Asked:
        view = self._views.get(queue.mailbox.id)
        if view is None:
            view = MailboxView(id=queue.mailbox.id, user=queue.mailbox.user, addresses=addresses_of(queue))
            self._views[queue.mailbox.id] = view
        reason = None if header.is_draft else self._folder_reason(header.folder, queue)
        groups: tuple[NormalAddress, ...] = ()
        if may_be_bcc(header, view, self._settings, folder_reason=reason):
            view = self._with_new_addresses(view, queue)
            groups = group_candidates(header, view, self._rules, self._settings, self._linked, folder_reason=reason)
        known = (header, view, self._rules, self._settings, self._linked)
        return _Asked(known, reason, self._delivered_by_group(groups))

    def _with_new_addresses(self, view: MailboxView, queue: WindowQueue) -> MailboxView:
        """The view with the addresses that the mailbox was given since its row was completed. Asked for once a run."""
        if view.id not in self._asked_addresses:
            self._asked_addresses.add(view.id)
            today = frozenset(map(normalise, self._source.addresses(queue.user) or ()))
            self._views[view.id] = replace(view, addresses=view.addresses | today)
        return self._views[view.id]

    def _folder_reason(self, folder: FolderId, queue: WindowQueue) -> str | None:
        if queue.tree is None:
            raise ConnectorError("a message was read before its folder tree", code="INTERNAL")
        while True:
            try:
                return folders.unread_reason(queue.tree, folder)
            except folders.UnknownFolderError as unknown:
                queue.tree = folders.with_folder(queue.tree, self._missing_folder(unknown.folder, queue))

    def _missing_folder(self, folder: FolderId, queue: WindowQueue) -> Folder:
        """A folder that the tree does not show. One that cannot be had is asked for once a run."""
        place = queue.mailbox.id, folder
        if place not in self._no_folder:
            try:
                found = self._source.folder(queue.user, folder)
            except MailboxError as error:
                what, code = f"The folder of this message cannot be read: {error.what}", error.code
            else:
                if found is not None:
                    return replace(found, id=folder)
                what, code = "The folder of this message is not there any more", "FOLDER_GONE"
            self._no_folder[place] = MessageError(what, code=code, remedy=TRIED_AGAIN, transient=True)
        raise self._no_folder[place].with_traceback(None)

    def _enclosed(self, header: Header, queue: WindowQueue) -> Header | None:
        try:
            return self._source.enclosed(header.mailbox, queue.user, header.id)
        except MailboxError as error:
            what = f"The mail in this delivery report cannot be read: {error.what}"
            raise MessageError(what, code=error.code, remedy=TRIED_AGAIN, transient=True) from None

    def _delivered_by_group(self, addresses: Sequence[NormalAddress]) -> bool | None:
        answers = []
        for address in addresses:
            if address not in self._asked_users:
                self._asked_users[address] = self._source.has_user(address)
            answers.append(self._asked_users[address])
        return True if False in answers else (None if None in answers or not answers else False)

    # -- gathering copies and matches -------------------------------------------------------------------------------

    def _mails(self, candidates: Sequence[Candidate], hits: Hits, stored: Sequence[StoredEmail]) -> Iterator[Mail]:
        by_place = {(candidate.header.mailbox, candidate.header.id): candidate for candidate in candidates}
        # where a key is both in the recycle bin and in use, the row in use is the mail's
        index = identity.StoredIndex(sorted(stored, key=lambda email: email.is_deleted), self._boxes)
        for found in identity.identify([candidate.header for candidate in candidates], index):
            mail = self._mail(found, [by_place[copy.mailbox, copy.id] for copy in found.copies], hits)
            if self._remember is not None:
                self._remember.extend((candidate.header, mail) for candidate in mail.copies)
            decision = self._settled_by_match(mail)
            if decision is None or decision.outcome is None:
                yield mail
                continue
            for candidate in mail.copies:
                self._ledger.settle(candidate.header, decision.outcome, decision)

    def _mail(self, found: identity.Mail, copies: list[Candidate], hits: Hits) -> Mail:
        parties: Sequence[Party] = identity.merge_parties(*(candidate.decision.addresses for candidate in copies))
        fallback = next((c.queue.mailbox.user for c in copies if c.queue.mailbox.user), self._setup.integration_user)
        return Mail(
            # the row shows when its first copy was sent
            copies=sorted(copies, key=lambda one: (not identity.is_dated(one.header), not is_own(one))),
            key=found.key,
            stored=found.stored,
            matches=resolve(parties, hits, self._settings.match_ties),
            owner=records.owner_of(found.copies, self._owners, fallback),
        )

    def _settled_by_match(self, mail: Mail) -> Decision | None:
        stored = mail.stored
        # its client was deleted while it was written: it is stored, and lacks the row of that address
        begun = stored is not None and stored.match_status == MatchStatus.MATCHED
        if not mail.is_client and not begun and not self._keeps(mail.chosen):
            kept = "its retention is over" if self._settings.keep_unmatched else "unmatched mail is not kept"
            return Decision(
                outcome=Outcome.UNMATCHED_DROPPED, rule=f"no Contact or Account has an address of it, and {kept}"
            )
        if stored is not None and (stored.is_deleted or stored.match_status == MatchStatus.REMOVED):
            why = "is in the recycle bin" if stored.is_deleted else "was removed"
            return Decision(outcome=Outcome.REMOVED, rule=f"its record {why}", rule_id=stored.id)
        return None

    def _keeps(self, header: Header) -> bool:
        if not self._settings.keep_unmatched:
            return False
        expires = records.expires_on(header.received_at, self._settings, self._setup.org)
        return expires >= records.org_date(self._setup.now, self._setup.org)


def note_failure(
    ledger: OutcomeLedger,
    candidate: Candidate,
    error: MessageError,
    *,
    is_client: bool,
    email: RecordId | None = None,
) -> None:
    """The message failed: its outcome, its error row, a log line. `email` is its record where that is stored."""
    header = candidate.header
    log.warning(
        "Message failed",
        action=Action.MESSAGE_FAILED,
        mailbox=candidate.queue.mailbox.user_principal_name,
        message=header.id,
        code=error.code,
    )
    ledger.fail(header, failure_of(candidate, error, is_client=is_client, email=email))


def failure_of(candidate: Candidate, error: MessageError, *, is_client: bool, email: RecordId | None = None) -> Failure:
    """The error row of a message. Of one that is not known to be client mail it has ids only: what it says stays out of
    Salesforce. `is_client` must not be guessed: False where nothing was decided yet."""
    header = candidate.header
    return Failure(
        mailbox=header.mailbox,
        graph_user_id=candidate.queue.user,
        message=header.id,
        internet_message_id=header.internet_message_id if is_client else None,
        subject=header.subject if is_client else "",
        received_at=header.received_at,
        code=error.code,
        text=str(error),
        transient=error.transient,
        by_rule=error.by_rule,
        email=email,
    )


def addresses_of(queue: WindowQueue) -> frozenset[NormalAddress]:
    """All addresses of a queue's mailbox: primary, UPN and aliases, normalised."""
    box = queue.mailbox
    return frozenset(normalise(address) for address in (box.email, box.user_principal_name, *box.aliases) if address)


def is_own(candidate: Candidate) -> bool:
    """Whether this copy is the sender's own: it knows the Bcc recipients and is chosen first."""
    sender = candidate.header.from_ or candidate.header.sender
    return sender is not None and normalise(sender.address) in addresses_of(candidate.queue)
