"""Why a message is, or is not, on a client record: every rule in order, matches, the stored record, the error row."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.core.exclude import compile_rules
from connector.courses import Course, Pace, linked_addresses, plan_courses
from connector.deciding import Decider, Mail
from connector.errors import MailboxError, MessageError, MessageGoneError, SetupError, UsageError
from connector.events import Outcome
from connector.foreseeing import Foreseen, foresee
from connector.models import GraphUserId, Header, LoggedError, MessageId, RecordId, Setup, StoredEmail, SyncSettings
from connector.ports import AdminSource, Directory, MailSource
from connector.reading import Lane, Reading
from connector.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rule: whether it applies, and what it looked at."""

    rule: str
    applies: bool
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is known of one message. `outcome` is what a sync gives it; for a stored mail, what it was stored as."""

    mailbox: str
    header: Header
    outcome: Outcome
    rule: str
    rule_id: RecordId | None
    steps: tuple[Step, ...] = ()
    matches: tuple[tuple[str, str, RecordId], ...] = ()
    email: RecordId | None = None
    error: LoggedError | None = None
    remarks: tuple[str, ...] = field(default_factory=tuple)


def explain(admin: AdminSource, source: MailSource, directory: Directory, *, upn: str, message: str) -> Explanation:
    """Explain a message by its id in Graph or its Message-ID. Writes nothing.

    Raises UsageError for a mailbox that no row names or a message that is not in it, SetupError where there are no
    settings to decide by, MailboxError where the mailbox cannot be read.
    """
    setup = admin.read()
    settings = setup.settings
    if settings is None:
        raise SetupError(
            "There is no settings record to decide by",
            where="MS_Graph_Setting__c",
            remedy="Make a Microsoft 365 Sync Setting record.",
        )
    rules = compile_rules(setup.exclusions)
    courses = plan_courses(setup, settings, rules, only=[upn], source=source, pace=Pace(workers=1))
    [course] = courses.values()
    remarks = _remarks(course, settings)
    lane = course.lane or _lane_all_the_same(course, source)
    header = _find(source, course.mailbox.id, lane.user, message)
    lane.tree = source.folders(lane.user)
    tally = Tally()
    remembered: list[tuple[Header, Mail]] = []
    decider = Decider(
        setup,
        settings,
        rules,
        source=source,
        directory=directory,
        linked=linked_addresses(setup.mailboxes, [course.mailbox]),
        tally=tally,
        remember=remembered,
    )
    [foreseen] = foresee(decider, [Reading(lane, None, (header,))], tally)
    steps = tuple(Step(rule=rule, applies=applies, value=value) for rule, applies, value in decider.steps(header, lane))
    mail = next((mail for _, mail in remembered), None)
    stored = mail.stored if mail is not None else None
    outcome = _as_stored(foreseen, stored)
    return Explanation(
        mailbox=course.mailbox.user_principal_name or course.mailbox.email,
        header=header,
        outcome=outcome,
        rule=foreseen.rule,
        rule_id=foreseen.rule_id,
        steps=(*steps, *_later_steps(outcome, foreseen.rule, stored)),
        matches=_matches(mail),
        email=stored.id if stored is not None else None,
        error=_error_of(setup, course.mailbox.id, header),
        remarks=remarks,
    )


def _matches(mail: Mail | None) -> tuple[tuple[str, str, RecordId], ...]:
    """Address, object and id of each record that takes part."""
    matches = mail.matches if mail is not None else ()
    return tuple(
        (match.party.address, hit.object, hit.id) for match in matches for hit in (*match.contacts, *match.accounts)
    )


def _remarks(course: Course, settings: SyncSettings) -> tuple[str, ...]:
    remarks = []
    if not settings.active:
        remarks.append("The sync is switched off, so nothing is read at present.")
    if course.lane is None and course.mailbox.status_detail:
        remarks.append(f"The mailbox is not read: {course.mailbox.status_detail}")
    return tuple(remarks)


def _lane_all_the_same(course: Course, source: MailSource) -> Lane:
    """A lane of a mailbox that is not read, so that its mail can be explained too."""
    box = course.mailbox
    if course.error is not None:
        raise course.error
    user: GraphUserId | None = box.graph_user_id
    if user is None:
        found = source.find_user([name for name in (box.user_principal_name, box.email) if name])
        if found is None:
            raise MailboxError(f"No user of the tenant is named {box.user_principal_name}", where=box.name)
        user = found.id
    return Lane(box, user, deque())


def _find(source: MailSource, mailbox: RecordId, user: GraphUserId, message: str) -> Header:
    text = message.strip()
    if "@" in text:
        bracketed = text if text.startswith("<") else f"<{text}>"
        found: Sequence[Header] = source.find_by_message_id(mailbox, user, bracketed)
        if found:
            return found[0]
    else:
        for _, answer in source.headers([(mailbox, user, MessageId(text))]):
            if isinstance(answer, Header):
                return answer
            if not isinstance(answer, MessageGoneError) and isinstance(answer, MessageError) and answer.transient:
                raise MailboxError(answer.what, where=f"user {user}", remedy="Try again.")
    raise UsageError(
        f"The mailbox has no message {text}",
        where="MESSAGE_ID",
        remedy="Give the id that Graph or the error row shows, or the Message-ID of the mail, in quotes.",
    )


def _as_stored(foreseen: Foreseen, stored: StoredEmail | None) -> Outcome:
    """What a sync said of the very message that the stored mail was made of."""
    if foreseen.outcome is not Outcome.DUPLICATE or stored is None:
        return foreseen.outcome
    if (stored.graph_message_id, stored.mailbox) != (foreseen.header.id, foreseen.header.mailbox):
        return foreseen.outcome
    return Outcome.MATCHED if stored.match_status == "Matched" else Outcome.UNMATCHED_KEPT


def _later_steps(reached: Outcome, rule: str, stored: StoredEmail | None) -> tuple[Step, ...]:
    """The rules behind the headers: they were asked only when no earlier one applied."""
    outcomes = (Outcome.UNMATCHED_DROPPED, Outcome.REMOVED, Outcome.DUPLICATE, Outcome.UNMATCHED_KEPT, Outcome.MATCHED)
    if reached not in outcomes:
        return ()
    steps = []
    for outcome in outcomes:
        applies = outcome is reached
        value = "stored from this very message" if stored is not None and outcome is Outcome.DUPLICATE else ""
        steps.append(Step(rule=outcome.value, applies=applies, value=rule if applies else value))
        if applies:
            break
    return tuple(steps)


def _error_of(setup: Setup, mailbox: RecordId, header: Header) -> LoggedError | None:
    return next((row for row in setup.errors if (row.mailbox, row.message) == (mailbox, header.id)), None)
