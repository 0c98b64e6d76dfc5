"""Why a message is, or is not, on a client record: every rule in order, matches, the stored record, the error row.

The outcome is what a sync gives the message now, together with its copies in other mailboxes. Only where a sync would
call it a duplicate of the mail that was made of this very message, the outcome is what that mail is stored as; and
where storing it failed and nothing but that stands in the way, the outcome is that it failed.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

from connector.codes import Outcome
from connector.core.deciding import identity
from connector.core.deciding.address import normalise
from connector.core.deciding.exclude import compile_rules, tenant_names
from connector.core.reporting.explanation import (
    STORING,
    Explanation,
    Facts,
    Relation,
    Step,
    off,
    relations,
    remedy,
    sentence,
    stored_all_the_same,
    stored_from_another,
)
from connector.core.reporting.reach import Reach, reach
from connector.core.writing import records
from connector.engine.context import RunContext
from connector.engine.decider import Decider, Mail
from connector.engine.dry_run import dry_run_lines, is_of, matched_by
from connector.engine.mailboxes import MailboxRun, ReadLimits, find_user, linked_addresses, linked_boxes, plan_mailboxes
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.errors import MailboxError, MessageGoneError, SetupError, UsageError
from connector.model.mail import Decision, Header
from connector.model.org import LoggedError, Setup
from connector.model.records import StoredEmail
from connector.model.run import DryRunLine
from connector.model.values import MessageId, RecordId
from connector.ports import Directory, MailSource, SetupSource

__all__ = ["Explanation", "explain"]

#: settled together with all copies of the mail
_TOGETHER = (Outcome.UNMATCHED_DROPPED, Outcome.UNMATCHED_KEPT, Outcome.MATCHED)
#: the rules behind the headers, in order
_LATER = (Outcome.UNMATCHED_DROPPED, Outcome.REMOVED, Outcome.DUPLICATE, Outcome.UNMATCHED_KEPT, Outcome.MATCHED)
#: copies without a Message-ID are looked for so near, among so many
_NEAR, _PAGE = timedelta(minutes=2), 250
#: how the text of an error row begins that is about a row of the mail, not about a file
_ROW_REFUSED = ("Email__c: ", "Email_Participant__c: ", "Task: ")


def explain(
    admin: SetupSource,
    source: MailSource,
    directory: Directory,
    *,
    upn: str,
    message: str,
    limits: ReadLimits | None = None,
) -> Explanation:
    """Explain a message by its id in Graph or its Message-ID. Writes nothing. `limits`: those of runs.

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
    pace = limits or ReadLimits()
    mailbox_runs = plan_mailboxes(setup, settings, rules, only=(), source=source, pace=pace)
    mailbox_run = _mailbox_run_of(mailbox_runs.values(), upn)
    queue = mailbox_run.queue or _queue_all_the_same(mailbox_run, source)
    header = _find(source, queue, message)
    queue.tree = source.folders(queue.user)
    boxes = [each.mailbox for each in mailbox_runs.values()]
    linked = linked_addresses(setup.mailboxes, boxes)
    context = RunContext(
        setup=setup,
        settings=settings,
        rules=replace(rules, tenant=tenant_names(linked)),
        linked=linked,
        boxes=linked_boxes(setup.mailboxes, boxes),
        source=source,
        directory=directory,
        ledger=OutcomeLedger(),
    )
    judge = _Judge(context, [*mailbox_runs.values()], pace)
    return judge.explain(header, mailbox_run, queue)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the rules say of a message. `mail` is None where the headers settle it."""

    foreseen: DryRunLine
    mail: Mail | None
    steps: tuple[Step, ...]


class _Judge:
    """Finds out what a sync would do with a message, with the code of a sync."""

    def __init__(self, context: RunContext, mailbox_runs: Sequence[MailboxRun], pace: ReadLimits) -> None:
        self._context = context
        self._pace = pace
        self._setup = context.setup
        self._settings = context.settings
        self._source = context.source
        self._directory = context.directory
        self._mailbox_runs = mailbox_runs

    def explain(self, header: Header, mailbox_run: MailboxRun, queue: WindowQueue) -> Explanation:
        """The explanation of a message of this mailbox. Raises MailboxError where the mailbox cannot be read."""
        own = WalkedWindow(queue, None, (header,))
        told = self._told(header, queue, [own])
        if told.foreseen.outcome in _TOGETHER and told.mail is not None and told.mail.stored is None:
            copies = self._copies(header, mailbox_run)
            told = self._told(header, queue, [own, *copies]) if copies else told
        stored = told.mail.stored if told.mail is not None else self._stored(header)
        error = _error_of(self._setup, mailbox_run.mailbox.id, header)
        decision = _outcome(told, header, stored, error)
        outcome, rule = decision.outcome or Outcome.FAILED, decision.rule
        facts = self._facts(decision, told.mail, header, stored, error, self._reach(mailbox_run, header))
        return Explanation(
            mailbox=mailbox_run.mailbox.user_principal_name or mailbox_run.mailbox.email,
            header=header,
            outcome=outcome,
            rule=rule,
            rule_id=decision.rule_id,
            sentence=sentence(facts),
            remedy=remedy(facts),
            steps=(*told.steps, *_later_steps(outcome, rule, told)),
            matches=_relations(told.mail, stored),
            email=stored.id if stored is not None else None,
            stored=facts.stored,
            error=error,
            remarks=tuple(self._remarks(header, mailbox_run, outcome, stored)),
        )

    def _told(self, header: Header, queue: WindowQueue, readings: Sequence[WalkedWindow]) -> _Told:
        ledger, remembered = OutcomeLedger(trace={}), list[tuple[Header, Mail]]()
        decider = Decider(replace(self._context, ledger=ledger), remember=remembered)
        place = header.mailbox, header.id
        foreseen = next(
            found for found in dry_run_lines(decider, readings, ledger) if (found.mailbox, found.message) == place
        )
        mail = next((mail for copy, mail in remembered if (copy.mailbox, copy.id) == place), None)
        if foreseen.outcome is Outcome.FAILED:
            return _Told(foreseen, mail, ())
        steps = [Step(rule=rule, applies=applies, value=value) for rule, applies, value in decider.steps(header, queue)]
        if not any(step.applies for step in steps):  # of a delivery report the enclosed mail decides
            steps = [
                replace(step, applies=True, value=foreseen.rule) if step.rule == foreseen.outcome.value else step
                for step in steps
            ]
        return _Told(foreseen, mail, tuple(steps))

    def _copies(self, header: Header, mailbox_run: MailboxRun) -> list[WalkedWindow]:
        """The other copies of the mail that are read in the same run: each mail is stored from one of them."""
        listed = _is_listed(mailbox_run, header)

        def of(other: MailboxRun) -> WalkedWindow | None:
            queue = other.queue
            if queue is None:
                return None
            try:
                copies = tuple(
                    copy
                    for copy in _like(self._source, queue, header)
                    if (copy.mailbox, copy.id) != (header.mailbox, header.id) and _is_listed(other, copy) is listed
                )
                if not copies:
                    return None
                queue.tree = queue.tree or self._source.folders(queue.user)
            except MailboxError:
                return None  # a run does not read it either
            return WalkedWindow(queue, None, copies)

        with ThreadPoolExecutor(max_workers=ReadLimits().workers, thread_name_prefix="copies") as pool:
            return [reading for reading in pool.map(of, self._mailbox_runs) if reading is not None]

    def _stored(self, header: Header) -> StoredEmail | None:
        """The record of a mail that its headers rule out now."""
        _, rows = self._directory.look_up((), [identity.stored_key(header)])
        stored = sorted(rows, key=lambda row: row.is_deleted)
        return identity.find_stored([header], identity.StoredIndex(stored, self._context.boxes))

    def _facts(
        self,
        decision: Decision,
        mail: Mail | None,
        header: Header,
        stored: StoredEmail | None,
        error: LoggedError | None,
        how: Reach,
    ) -> Facts:
        return Facts(
            outcome=decision.outcome or Outcome.FAILED,
            reach=how,
            stored=_is_there(stored),
            rule=decision.rule,
            exclusion=next((rule for rule in self._setup.exclusions if rule.id == decision.rule_id), None),
            addresses=[match.party.address for match in mail.matches] if mail is not None else (),
            keeps_unmatched=self._settings.keep_unmatched,
            kept_until=records.expires_on(header.received_at, self._settings, self._setup.org),
            in_bin=stored is not None and stored.is_deleted,
            email=stored.id if stored is not None else None,
            error=error,
        )

    def _reach(self, mailbox_run: MailboxRun, header: Header) -> Reach:
        pace = self._pace
        return reach(
            mailbox_run.before,
            header.received_at,
            self._setup,
            self._settings,
            overlap=pace.overlap,
            settle=pace.settle,
            sweep_days=pace.sweep_days,
        )

    def _remarks(
        self, header: Header, mailbox_run: MailboxRun, outcome: Outcome, stored: StoredEmail | None
    ) -> Iterator[str]:
        settings = self._settings
        guarded = settings.keep_unmatched and not self._context.rules.has_internal_domain
        why = off(settings, guarded=guarded)
        if why is not None:
            yield why
        if mailbox_run.queue is None and mailbox_run.mailbox.status_detail:
            yield f"The mailbox is not read: {mailbox_run.mailbox.status_detail}"
        if stored is not None and _is_there(stored) and outcome not in (*STORING, Outcome.FAILED):
            say = stored_all_the_same if is_of(stored, header) else stored_from_another
            yield say(stored.id, stored.match_status or "")


# -- finding the message ----------------------------------------------------------------------------------------------


def _mailbox_run_of(mailbox_runs: Iterable[MailboxRun], upn: str) -> MailboxRun:
    """The mailbox whose User Principal Name this is, or else whose address."""
    wanted, known = normalise(upn), list(mailbox_runs)
    named = [mailbox_run for mailbox_run in known if normalise(mailbox_run.mailbox.user_principal_name) == wanted]
    named += [mailbox_run for mailbox_run in known if normalise(mailbox_run.mailbox.email) == wanted]
    if named:
        return named[0]
    raise UsageError(
        f"No mailbox is named {upn}",
        where="UPN",
        remedy="Use the User Principal Name of an MS Graph User record, or add one.",
    )


def _queue_all_the_same(mailbox_run: MailboxRun, source: MailSource) -> WindowQueue:
    """A queue for a mailbox that is not read, so that its mail can be explained too."""
    if mailbox_run.error is not None:
        raise mailbox_run.error
    box = mailbox_run.mailbox
    if box.graph_user_id is not None:
        return WindowQueue(box, box.graph_user_id)
    user = find_user(box, source)
    return WindowQueue(replace(box, graph_user_id=user.id, aliases=user.addresses), user.id)


def _is_listed(mailbox_run: MailboxRun, header: Header) -> bool:
    """Whether a window of the next runs shows the message."""
    queue, received = mailbox_run.queue, header.received_at
    if queue is None:
        return False
    swept = [queue.sweep.range] if queue.sweep is not None else []
    newest = max((window.end for window in queue.ranges), default=mailbox_run.mailbox.live_through)
    return (newest is not None and received >= newest) or any(
        window.start <= received < window.end for window in (*queue.ranges, *swept)
    )


def _find(source: MailSource, queue: WindowQueue, message: str) -> Header:
    text = message.strip()
    box, user = queue.mailbox.id, queue.user
    if not text.startswith("<"):
        for _, answer in source.headers([(box, user, MessageId(text))] if "@" not in text else []):
            if isinstance(answer, Header):
                return answer
            if not isinstance(answer, MessageGoneError) and answer.transient:
                raise MailboxError(answer.what, where=f"user {user}", remedy="Try again.")
    for name in dict.fromkeys((f"<{text.strip('<>')}>", text)):
        if found := source.find_by_message_id(box, user, name):
            return found[0]
    raise UsageError(
        f"The mailbox has no message {text}",
        where="MESSAGE_ID",
        remedy="Give the id that Graph or the error row shows, or the Message-ID of the mail, in quotes.",
    )


def _like(source: MailSource, queue: WindowQueue, header: Header) -> Iterator[Header]:
    """The messages of a mailbox that may be copies of this one."""
    box, user, mid = queue.mailbox.id, queue.user, header.internet_message_id
    if mid:
        yield from source.find_by_message_id(box, user, mid)
        return
    start, end = header.received_at - _NEAR, header.received_at + _NEAR
    key = identity.message_key(header)
    page = source.page(box, user, start, end, top=_PAGE, link=None)
    yield from (copy for copy in page.headers if isinstance(copy, Header) and identity.message_key(copy) == key)


# -- what is said of it -----------------------------------------------------------------------------------------------


def _outcome(told: _Told, header: Header, stored: StoredEmail | None, error: LoggedError | None) -> Decision:
    """What a sync says now, what the mail is stored as, or that it failed."""
    foreseen = told.foreseen
    if foreseen.outcome in STORING and error is not None and _is_lacking(stored, error):
        return Decision(outcome=Outcome.FAILED, rule=f"{error.code}: {error.text}", rule_id=error.id)
    if foreseen.outcome is Outcome.DUPLICATE and stored is not None and is_of(stored, header):
        return _as_stored(told.mail, stored)
    return Decision(outcome=foreseen.outcome, rule=foreseen.rule, rule_id=foreseen.rule_id)


def _is_lacking(stored: StoredEmail | None, error: LoggedError) -> bool:
    """Whether rows of the mail are missing; where only files are, it is stored."""
    return stored is None or (error.email == stored.id and error.text.startswith(_ROW_REFUSED))


def _is_there(stored: StoredEmail | None) -> bool:
    """Whether people see the mail in Salesforce."""
    return stored is not None and not stored.is_deleted and stored.match_status != "Removed"


def _as_stored(mail: Mail | None, stored: StoredEmail) -> Decision:
    if stored.match_status != "Matched":
        return Decision(outcome=Outcome.UNMATCHED_KEPT, rule="Keep Unmatched Emails is on")
    if mail is not None and (decision := matched_by(mail)) is not None:
        return decision
    for relation in _relations(None, stored):
        rule = f"{relation.object} was related to {relation.address} before"
        return Decision(outcome=Outcome.MATCHED, rule=rule, rule_id=relation.id)
    return Decision(outcome=Outcome.MATCHED, rule="It was related to records that are gone")


def _relations(mail: Mail | None, stored: StoredEmail | None) -> tuple[Relation, ...]:
    return relations(mail.matches if mail is not None else (), stored.participants if stored is not None else ())


def _later_steps(reached: Outcome, rule: str, told: _Told) -> tuple[Step, ...]:
    """The rules behind the headers: they were asked only when no earlier one applied."""
    if reached is Outcome.FAILED:
        return (Step(rule=reached.value, applies=True, value=rule),)
    if reached not in _LATER:
        return ()
    before = [Step(rule=other.value, applies=False, value="") for other in _LATER[: _LATER.index(reached)]]
    if told.foreseen.outcome is Outcome.DUPLICATE and reached is not Outcome.DUPLICATE:
        said = told.foreseen.rule
        before = [replace(step, value=said) if step.rule == Outcome.DUPLICATE else step for step in before]
    return (*before, Step(rule=reached.value, applies=True, value=rule))


def _error_of(setup: Setup, mailbox: RecordId, header: Header) -> LoggedError | None:
    return next((row for row in setup.errors if (row.mailbox, row.message) == (mailbox, header.id)), None)
