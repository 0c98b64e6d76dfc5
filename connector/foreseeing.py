"""What would become of messages, without fetching a body or writing anything: for a dry run and for `explain`."""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.deciding import Decider, Mail
from connector.events import Outcome
from connector.models import Header, RecordId
from connector.reading import Lane, Reading
from connector.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """The outcome that a run would give a message, the rule that says so and the record that it stands in, if any."""

    lane: Lane
    header: Header
    outcome: Outcome
    rule: str
    rule_id: RecordId | None


def foresee(decider: Decider, readings: Sequence[Reading], tally: Tally) -> list[Foreseen]:
    """The outcome of every message of `readings` that this run has not settled yet, and the tally kept as by a run."""
    lanes = {
        (header.mailbox, header.id): (reading.lane, header)
        for reading in readings
        for header in reading.headers
        if tally.is_new(header)
    }
    why: dict[tuple[RecordId, str], tuple[str, RecordId | None]] = {}
    for mail in decider.mails(readings):
        for number, candidate in enumerate(mail.copies):
            header = candidate.header
            outcome, rule, rule_id = _of(mail, header, first=number == 0)
            tally.settle(header, outcome)
            why[header.mailbox, header.id] = (rule, rule_id)
    foreseen = []
    for place, (lane, header) in lanes.items():
        outcome = tally.outcomes[place]
        reason = tally.reasons.get(place)
        rule, rule_id = (reason.rule, reason.rule_id) if reason is not None and reason.outcome else ("", None)
        rule, rule_id = why.get(place, (rule, rule_id))
        foreseen.append(
            Foreseen(lane=lane, header=header, outcome=outcome, rule=rule or outcome.value, rule_id=rule_id)
        )
    return foreseen


def _of(mail: Mail, header: Header, *, first: bool) -> tuple[Outcome, str, RecordId | None]:
    """Outcome, rule and record of one copy of a mail that is stored or is to be stored."""
    if mail.stored is not None:
        if (mail.stored.graph_message_id, mail.stored.mailbox) == (header.id, header.mailbox):
            return Outcome.DUPLICATE, "stored from this very message", mail.stored.id
        return Outcome.DUPLICATE, "stored from another copy", mail.stored.id
    if not first:
        return Outcome.DUPLICATE, "another copy is stored in the same run", None
    for match in mail.matches:
        for hit in (*match.contacts, *match.accounts):
            return Outcome.MATCHED, f"{hit.object} has {match.party.address}", hit.id
    return Outcome.UNMATCHED_KEPT, "Keep Unmatched Emails is on", None
