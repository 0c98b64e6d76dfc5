"""What would become of messages, without fetching a body or writing anything: for a dry run and for `explain`."""

from collections.abc import Iterable, Sequence

from connector.codes import Outcome
from connector.core.deciding import identity
from connector.engine.decider import Decider, Mail
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WalkedWindow
from connector.model.mail import Decision, Header
from connector.model.org import Hits
from connector.model.records import MatchStatus, StoredEmail, StoredKey, StoredParticipant
from connector.model.run import DryRunLine
from connector.model.values import NormalAddress, RecordId
from connector.ports import Directory

#: the id of what is not stored yet
_NOT_YET = RecordId("")
_ALSO_THEN = "another copy is stored in the same run"


class DryRunDirectory:
    """The port Directory for a run that writes nothing: what the run would have stored so far is found as stored.

    A real run looks up each chunk after it has written the one before, so a copy in a later chunk is a duplicate.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._by_key: dict[str, StoredEmail] = {}
        self._by_id: dict[str, list[StoredEmail]] = {}

    def look_up(
        self, addresses: Iterable[NormalAddress], copies: Iterable[StoredKey]
    ) -> tuple[Hits, Sequence[StoredEmail]]:
        """Find what is stored, and what the dry run would have stored by now. Raises ServiceError."""
        wanted = list(copies)
        hits, stored = self._directory.look_up(addresses, wanted)
        found = {row.key: row for one in wanted if (row := self._by_key.get(one.key)) is not None}
        for one in wanted:
            found |= {row.key: row for row in self._by_id.get(one.message_id or "", ())}
        return hits, [*stored, *found.values()]

    def forget(self, addresses: Iterable[NormalAddress]) -> None:
        """Hand it on; a dry run writes nothing that could be refused."""
        self._directory.forget(addresses)

    def note(self, mail: Mail) -> None:
        """Remember a mail that a run would store, so that later copies are found as duplicates."""
        header = mail.chosen
        mid = identity.message_id(header)
        row = StoredEmail(
            id=_NOT_YET,
            key=mail.key,
            internet_message_id=mid,
            graph_message_id=header.id,
            mailbox=header.mailbox,
            from_address=identity.sender_of(header),
            sent_at=identity.sent_time(header),
            owner=mail.owner,
            match_status=MatchStatus.MATCHED if mail.matched else MatchStatus.UNMATCHED,
            subject=header.subject,
            fields={
                name: "; ".join(recipient.address for recipient in people)
                for name, people in (("To__c", header.to), ("Cc__c", header.cc))
            },
            participants=tuple(
                StoredParticipant(id=_NOT_YET, key="", address=match.party.address, contact=hit.id)
                for match in mail.matches
                for hit in (*match.contacts, *match.accounts)
            ),
        )
        self._by_key[row.key] = row
        if mid is not None:
            self._by_id.setdefault(mid, []).append(row)


def dry_run_lines(
    decider: Decider,
    readings: Sequence[WalkedWindow],
    ledger: OutcomeLedger,
    *,
    foresight: DryRunDirectory | None = None,
) -> list[DryRunLine]:
    """The outcome of every message of `readings` that this run has not settled yet; the ledger is kept as by a run.

    `foresight` is what the decider looks things up in, where there is more than one chunk.
    """
    trace = ledger.trace
    if trace is None:
        raise ValueError("a dry run needs a ledger that keeps a trace")
    trace.clear()
    queues = {
        (header.mailbox, header.id): (reading.queue, header)
        for reading in readings
        for header in reading.headers
        if ledger.is_new(header)
    }
    for mail in decider.mails(readings):
        for number, candidate in enumerate(mail.copies):
            header = candidate.header
            decision = _of(mail, header, first=number == 0)
            ledger.settle(header, decision.outcome or Outcome.FAILED, decision)
        if mail.stored is None and foresight is not None:
            foresight.note(mail)
    foreseen = []
    for place, (queue, header) in queues.items():
        outcome, reason = trace[place]
        rule, rule_id = (
            (reason.rule, reason.rule_id) if reason is not None and reason.outcome is outcome else ("", None)
        )
        if outcome is Outcome.FAILED and place in ledger.failures:
            rule = f"{ledger.failures[place].code}: {ledger.failures[place].text}"
        foreseen.append(
            DryRunLine(
                mailbox=header.mailbox,
                mailbox_name=queue.mailbox.user_principal_name or queue.mailbox.email,
                message=header.id,
                internet_message_id=header.internet_message_id,
                outcome=outcome,
                rule=rule or outcome.value,
                rule_id=rule_id,
                subject=header.subject,
                received_at=header.received_at,
            )
        )
    return foreseen


def is_of(stored: StoredEmail, header: Header) -> bool:
    """Whether a stored mail was made of this very message, not of another copy."""
    return (stored.graph_message_id, stored.mailbox) == (header.id, header.mailbox)


def matched_by(mail: Mail) -> Decision | None:
    """The first record that relates a mail, as a decision; None where no record has one of its addresses."""
    for match in mail.matches:
        for hit in (*match.contacts, *match.accounts):
            rule = f"{hit.object} has {match.party.address}"
            return Decision(outcome=Outcome.MATCHED, rule=rule, rule_id=hit.id)
    return None


def _of(mail: Mail, header: Header, *, first: bool) -> Decision:
    """What is said of one copy of a mail that is stored or is to be stored."""
    stored = mail.stored
    if stored is not None and stored.id != _NOT_YET:
        rule = "stored from this very message" if is_of(stored, header) else "stored from another copy"
        return Decision(outcome=Outcome.DUPLICATE, rule=rule, rule_id=stored.id)
    if stored is not None or not first:
        return Decision(outcome=Outcome.DUPLICATE, rule=_ALSO_THEN)
    return matched_by(mail) or Decision(outcome=Outcome.UNMATCHED_KEPT, rule="Keep Unmatched Emails is on")
