"""What `explain` says of one message: the rule that decided, in a sentence, the record it stands in, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from connector.codes import Outcome
from connector.core.deciding.exclude import LINKED_ONLY, UNSHOWN_REPORT
from connector.core.deciding.match import Match
from connector.core.reporting.reach import SYNC, Reach, Road
from connector.core.scheduling.policy import idle_reason
from connector.model.mail import Header
from connector.model.org import ClientObject, Exclusion, ExclusionType, LoggedError, SyncSettings
from connector.model.records import StoredParticipant
from connector.model.values import NormalAddress, RecordId

_SETTING = "Microsoft 365 Sync Setting"
_MOST_NAMED = 3
#: outcomes of mail that is stored, or would be
STORING = (Outcome.DUPLICATE, Outcome.UNMATCHED_KEPT, Outcome.MATCHED)
#: reasons of `core.folders` for what is no folder of mail, so that moving a message is no advice
_NO_MAIL = ("a hidden folder", "not below the root of the mailbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rule: whether it applies, and what it looked at."""

    rule: str
    applies: bool
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """An address of the mail and a Contact or Account that it is, or would be, related to by it."""

    address: str
    object: str
    id: RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is known of one message. `outcome` is what a sync gives it, or would give it if it listed it; for a
    stored mail, what it is stored as. `stored` tells the two apart.

    `rule` says why in a few words, as a dry run does; `sentence` in whole ones, and `remedy` what to do about it.
    """

    mailbox: str
    header: Header
    outcome: Outcome
    rule: str
    rule_id: RecordId | None
    sentence: str = ""
    remedy: str = ""
    steps: tuple[Step, ...] = ()
    matches: tuple[Relation, ...] = ()
    email: RecordId | None = None
    stored: bool = False
    error: LoggedError | None = None
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The outcome in words: what is not stored is never called matched."""
        if self.outcome in STORING and not self.stored:
            return f"would be {self.outcome.value}; not stored"
        return self.outcome.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the words of an outcome are made of. `addresses`: those of the mail that are neither ours nor excluded.

    `kept_until`: the last day of an unmatched mail. `in_bin`: its record lies in the recycle bin. `reach`: how it can
    be read (again). `stored`: whether the mail is stored, from this copy or another.
    """

    outcome: Outcome
    rule: str
    exclusion: Exclusion | None = None
    reach: Reach
    stored: bool = False
    addresses: Sequence[NormalAddress] = ()
    keeps_unmatched: bool = False
    kept_until: date | None = None
    in_bin: bool = False
    email: RecordId | None = None
    error: LoggedError | None = None


def sentence(facts: Facts) -> str:
    """Why the message has its outcome."""
    match facts.outcome:
        case Outcome.DRAFT:
            return "It is a draft, which was not sent yet."
        case Outcome.FOLDER if facts.rule.startswith("not "):
            return "It does not lie in the mail folders of the mailbox."
        case Outcome.FOLDER:
            return f"It lies in {facts.rule}, where mail is never read."
        case Outcome.OPTED_OUT:
            return f"It carries the {facts.rule}, which Opt Out Categories on the {_SETTING} name."
        case Outcome.BCC:
            return f"The mailbox is in none of From, Sender, To, Cc, and Sync Bcc on the {_SETTING} is off."
        case Outcome.INTERNAL if facts.rule == UNSHOWN_REPORT:
            return f"It is {facts.rule}."
        case Outcome.INTERNAL if facts.rule == LINKED_ONLY:
            return "All its addresses are those of linked mailboxes."
        case Outcome.INTERNAL if facts.exclusion is None:
            return f"All its addresses are the firm's own, by {facts.rule}."
        case Outcome.INTERNAL:
            return f"All its addresses are the firm's own, by {_named(facts.exclusion)}."
        case Outcome.EXCLUDED:
            return f"All its external addresses are excluded, the first by {_named(facts.exclusion)}."
        case Outcome.UNMATCHED_DROPPED if not facts.keeps_unmatched:
            return f"No Contact or Account has {_any_of(facts)}, and Keep Unmatched on the {_SETTING} is off."
        case Outcome.UNMATCHED_DROPPED:
            return f"No Contact or Account has {_any_of(facts)}, and unmatched mail was kept until {facts.kept_until}."
        case Outcome.REMOVED:
            return f"It was stored, and {facts.rule}."
        case Outcome.DUPLICATE if facts.email is None:
            return "Another copy of this mail would be stored by the same run; this one adds what it knows more."
        case Outcome.DUPLICATE:
            return "This mail is stored already, from another copy."
        case Outcome.UNMATCHED_KEPT:
            kept = f"{'is' if facts.stored else 'would be'} kept as unmatched until {facts.kept_until}"
            return f"No Contact or Account has {_any_of(facts)}, so it {kept}."
        case Outcome.MATCHED:
            return f"{facts.rule}."
        case Outcome.FAILED:
            return f"It could not be stored: {facts.rule}"


def remedy(facts: Facts) -> str:
    """What a person can do who wants another outcome; empty where there is nothing to wish. Who follows it has the mail
    stored, however old it is."""
    then = f"then {facts.reach.how}."
    if facts.stored and facts.outcome not in (*STORING, Outcome.FAILED, Outcome.REMOVED):
        return ""
    match facts.outcome:
        case Outcome.DRAFT:
            return "It is read once it is sent."
        case Outcome.FOLDER if facts.rule in _NO_MAIL:
            return "Only mail in folders that Outlook shows is synced; chats never are."
        case Outcome.FOLDER:
            return f"Move it to another folder, {then}"
        case Outcome.OPTED_OUT:
            return f"Take the category off the message, {then}"
        case Outcome.BCC:
            return f"Switch Sync Bcc on, {then}"
        case Outcome.INTERNAL | Outcome.EXCLUDED:
            return _without(facts.exclusion)
        case Outcome.UNMATCHED_DROPPED:
            return f"Give a Contact one of its addresses, {then}"
        case Outcome.REMOVED if facts.in_bin:
            return "Restore the Email from the recycle bin if it should not have been deleted."
        case Outcome.REMOVED:
            return "A mail that a person removed is never stored again."
        case Outcome.DUPLICATE if facts.email is not None:
            return f"Look at the Email {facts.email}."
        case Outcome.UNMATCHED_KEPT | Outcome.MATCHED | Outcome.DUPLICATE if not facts.stored:
            return _to_be_read(facts.reach)
        case Outcome.UNMATCHED_KEPT:
            return "Give a Contact one of its addresses: the next run relates it."
        case Outcome.FAILED:
            return _again(facts.error)
        case _:
            return ""


def relations(matches: Sequence[Match], stored: Sequence[StoredParticipant]) -> tuple[Relation, ...]:
    """The records that take part: those that have an address now, and those that the mail was related to before."""
    now = [
        Relation(address=match.party.address, object=hit.object, id=hit.id)
        for match in matches
        for hit in (*match.contacts, *match.accounts)
    ]
    known = {relation.id for relation in now} | {hit.account for match in matches for hit in match.contacts}
    before: dict[RecordId, Relation] = {}
    for row in stored:
        name = ClientObject.CONTACT if row.contact is not None else ClientObject.ACCOUNT
        record = row.contact or row.account
        if record is not None and record not in known:
            before.setdefault(record, Relation(address=row.address, object=name, id=record))
    return (*now, *before.values())


def off(settings: SyncSettings, *, guarded: bool) -> str | None:
    """Why no mailbox is read at present, or None. `guarded`: unmatched mail would be kept, and nothing is internal."""
    reason = idle_reason(settings)
    if reason is not None:
        return f"{reason[0].upper()}{reason[1:]}, so nothing is read at present."
    if guarded:
        return "Keep Unmatched is on without an active Internal Domain, so nothing is read at present."
    return None


def stored_all_the_same(email: RecordId, status: str) -> str:
    """A stored mail that would not be stored today."""
    return (
        f"It is stored all the same, as {status} Email {email}: rules and settings count when a mail is decided on, and"
        " a later change deletes nothing."
    )


def stored_from_another(email: RecordId, status: str) -> str:
    """Another copy of a mail of which this copy is ruled out."""
    return f"Another copy of this mail is stored, as {status} Email {email}."


def _named(rule: Exclusion | None) -> str:
    if rule is None:
        return "a rule"
    # others than its user may read this, and a personal pattern is its user's secret
    pattern = "" if rule.type is ExclusionType.PERSONAL_ADDRESS else f" {rule.pattern}"
    return f"{rule.name} ({rule.type}{pattern})"


def _without(rule: Exclusion | None) -> str:
    """How to be rid of an exclusion."""
    if rule is None:
        return "Mail among the firm's own addresses is never a client's."
    if rule.removed_at is not None:
        return f"The rule was removed on {_time(rule.removed_at)} and still applies to mail received before that."
    return f"Clear Active on {rule.name} if it should not apply: that counts for mail received from then on."


def _to_be_read(reach: Reach) -> str:
    """What has to be done for a message to be stored that no rule keeps out."""
    do = f"{reach.how[0].upper()}{reach.how[1:]}."
    match reach.road:
        case Road.NEXT:
            return f"The next run reads it; {SYNC} does one now."
        case Road.EARLIER:
            return f"No run reads it by itself: it was received before Backfill From, or there is no backfill. {do}"
        case _:
            return f"Runs have passed the time at which it was received. {do}"


def _again(error: LoggedError | None) -> str:
    if error is None:
        return "The next run tries again."
    if error.requested:
        return "A retry is requested: the next run tries again."
    if error.next_attempt_at is not None:
        return f"It is tried again by itself from {_time(error.next_attempt_at)} on; m365sync retry --all does so now."
    return "It is not tried again by itself. Mend what the message names, then run m365sync retry --all."


def _any_of(facts: Facts) -> str:
    if not facts.addresses:
        return "an address of it"
    more = len(facts.addresses) - _MOST_NAMED
    named = [*facts.addresses[:_MOST_NAMED], *([f"{more} more"] if more > 0 else [])]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
