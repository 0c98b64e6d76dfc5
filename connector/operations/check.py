"""Everything that has to be right before mail is synced, each line with the remedy.

Nothing is changed: what is written to prove a right is undone by the same request. One part that fails is one red line;
what does not depend on it is looked at all the same.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Protocol

from connector.core.deciding.exclude import compile_rules
from connector.core.reporting import checks as checking
from connector.core.reporting.checks import Check
from connector.engine.mailboxes import find_user, not_linked_reason, seated_users, second_row
from connector.errors import ConnectorError, MailboxError, ServiceError, SetupError
from connector.model.inspection import ConnectorUser, OrgFacts, Tenant, Tried
from connector.model.org import Mailbox, Setup
from connector.model.values import GraphUserId, RecordId
from connector.operations.schedule import ScheduleSource
from connector.ports import MailSource, SetupSource

GRAPH, SALESFORCE = "Microsoft 365", "Salesforce"


class ClientFields(Protocol):
    """The fields of type Email by which clients are found."""

    @property
    def contact(self) -> tuple[str, ...]:
        """The fields of Contact."""
        ...

    @property
    def account(self) -> tuple[str, ...]:
        """The fields of Account."""
        ...


class CheckedSetup(SetupSource, Protocol):
    """The port SetupSource, and the fields that it found."""

    @property
    def email_fields(self) -> ClientFields:
        """The fields that `read` found. Raises SetupError before that."""
        ...


class TenantInspection(Protocol):
    """What only a check asks of Microsoft 365."""

    def tenant(self) -> Tenant:
        """The directory. Raises SignInError, UnreachableError."""
        ...

    def verified_domains(self) -> tuple[str, ...] | None:
        """The tenant's own domains; None where the application may not read them. Raises ConnectorError."""
        ...

    def reach(self, users: Sequence[GraphUserId]) -> Iterator[ConnectorError | None]:
        """For each of these mailboxes why its mail cannot be read, or None. Raises ServiceError."""
        ...

    def purpose(self, user: GraphUserId) -> ConnectorError | None:
        """Why the kind of a mailbox cannot be read, or None. Raises MailboxError."""
        ...


class OrgInspection(Protocol):
    """What only a check asks of Salesforce."""

    @property
    def host(self) -> str:
        """The org's host name, for messages."""
        ...

    @property
    def now(self) -> datetime:
        """The org's clock; signs in. Raises SignInError, UnreachableError."""
        ...

    def facts(self, domains: Sequence[str] = ()) -> OrgFacts:
        """Counts, limits, who else logs mail, and the Contacts on these `domains`. Raises ServiceError."""
        ...

    def user(self) -> ConnectorUser:
        """The licences of the connector's own user. Raises ServiceError."""
        ...

    def rehearse(
        self, setup: Setup, *, key: str, inactive: RecordId | None, setting: RecordId | None
    ) -> Sequence[Tried]:
        """Try every right and undo it. `key` (32 characters) is unique. Raises ServiceError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckServices:
    """The services that a check asks. None of them needs to be signed in."""

    setup: CheckedSetup
    schedule: ScheduleSource
    org: OrgInspection
    tenant: TenantInspection
    mail: MailSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One secret or certificate. `service` is GRAPH or SALESFORCE; `expires` is None where this machine cannot know."""

    service: str
    kind: str
    expires: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """What the local configuration says of the connection.

    `as_application`: the application itself signs in, not a person. `sign_in_ends`: when a person's sign-in ends unless
    it is used; None before the first sign-in. `call_budget_percent`: of the org's daily calls.
    """

    tenant: str
    as_application: bool
    credentials: tuple[Credential, ...]
    sign_in_ends: datetime | None
    call_budget_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """All lines, in the order in which things depend on each other."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether no line is red."""
        return checking.is_ok(self.checks)


def check(services: CheckServices, connection: ConnectionFacts) -> CheckResult:
    """Check sign-in, clocks, settings, rights, mailboxes, limits and credentials. Changes nothing.

    What a service refuses is a red line; nothing of it is raised.
    """
    return CheckResult(checks=tuple(_Inspection(services, connection).run()))


@dataclass(slots=True)
class _Inspection:
    """Asks both services, and has core/reporting/checks.py judge what they say."""

    services: CheckServices
    connection: ConnectionFacts
    setup: Setup | None = None
    facts: OrgFacts | None = None
    #: whether Graph and Salesforce let us in
    _in_graph: bool = False
    _in_org: bool = False
    #: names and addresses of the tenant's members
    _names: list[str] = field(default_factory=list)

    def run(self) -> Iterator[Check]:
        """All lines, in the order in which things depend on each other."""
        yield from self._credentials()
        yield from self._graph()
        yield from self._salesforce()
        if self._in_org:
            yield from self._org()
            if self.setup is None:
                yield from self._licence()
        if self.setup is not None:
            yield from self._rehearsed(self.setup)
            yield from self._rules(self.setup)
            yield from self._mailboxes(self.setup)

    # -- signing in ---------------------------------------------------------------------------------------------------

    def _credentials(self) -> Iterator[Check]:
        now = datetime.now(UTC)
        for used in (one for one in self.connection.credentials if one.service == GRAPH):
            yield checking.credential(GRAPH, used.kind, expires=used.expires, now=now)
        if self.connection.sign_in_ends is not None:
            yield checking.sign_in_of_person(self.connection.sign_in_ends, now=now)
        for used in (one for one in self.connection.credentials if one.service == SALESFORCE):
            yield checking.credential(SALESFORCE, used.kind, expires=used.expires, now=now)

    def _graph(self) -> Iterator[Check]:
        try:
            tenant = self.services.tenant.tenant()
        except ConnectorError as error:
            yield checking.failed("sign-in", GRAPH, error)
            return
        self._in_graph = True
        here = datetime.now(UTC)
        yield checking.green("sign-in", GRAPH, f"Signed in to {self.connection.tenant}")
        yield checking.clock(GRAPH, here=here, there=tenant.served_at)
        if tenant.error is not None and not self.connection.as_application:
            yield checking.directory_closed(GRAPH)
        elif tenant.error is not None:
            yield checking.failed("directory", GRAPH, tenant.error)
        else:
            yield checking.green("directory", GRAPH, "Users can be looked up")
            self._names += tenant.names

    def _salesforce(self) -> Iterator[Check]:
        try:
            there = self.services.org.now
        except ConnectorError as error:
            yield checking.failed("sign-in", SALESFORCE, error)
            return
        self._in_org = True
        yield checking.green("sign-in", SALESFORCE, f"Signed in to {self.services.org.host}")
        yield checking.clock(SALESFORCE, here=datetime.now(UTC), there=there)

    # -- the org ------------------------------------------------------------------------------------------------------

    def _org(self) -> Iterator[Check]:
        try:
            self.setup = self.services.setup.read()
        except ServiceError as error:
            yield checking.failed("objects and fields", SALESFORCE, error)
        else:
            yield checking.green("objects and fields", SALESFORCE, "All are there, and the connector sees all records")
            fields = self.services.setup.email_fields
            yield from checking.email_fields(fields.contact, fields.account)
        try:
            rules = () if self.setup is None else self.setup.exclusions
            self.facts = self.services.org.facts(sorted(checking.internal_domains(rules)))
        except ServiceError as error:
            yield checking.failed("records in sight", SALESFORCE, error)
            return
        yield from checking.counts(self.facts.counts)
        yield from self._limits(self.facts)
        yield from checking.other_loggers(self.facts.others, days=self.facts.days)
        yield checking.placeholders(self.facts.placeholders)
        yield checking.failed_messages(self.facts.failed, self.facts.waiting)

    def _licence(self) -> Iterator[Check]:
        """Asked where the connector may not read what it needs: the licence may be why."""
        try:
            user = self.services.org.user()
        except ServiceError as error:
            yield checking.failed("licence", SALESFORCE, error)
            return
        yield from checking.licence(user)

    def _limits(self, facts: OrgFacts) -> Iterator[Check]:
        budget = self.connection.call_budget_percent
        for name, (limit, left) in facts.limits.items():
            if name == "DailyApiRequests":
                yield checking.api_calls(used=limit - left, limit=limit, budget_percent=budget)
            else:
                kind = "Data storage" if name == "DataStorageMB" else "File storage"
                yield checking.storage(kind, left=left, limit=limit)

    def _rehearsed(self, setup: Setup) -> Iterator[Check]:
        """What the connector may write, by object."""
        inactive, setting = (None, None) if self.facts is None else (self.facts.inactive, self.facts.setting)
        try:
            tried = self.services.org.rehearse(setup, key=secrets.token_hex(16), inactive=inactive, setting=setting)
        except ServiceError as error:
            yield checking.failed("rights", SALESFORCE, error)
            return
        for name, found in groupby(sorted(tried, key=lambda one: one.object), key=lambda one: one.object):
            yield from _rights(name, list(found))

    # -- settings and mailboxes ---------------------------------------------------------------------------------------

    def _rules(self, setup: Setup) -> Iterator[Check]:
        try:
            look = self.services.schedule.look()
        except ServiceError as error:
            yield checking.failed("settings", SALESFORCE, error)
        else:
            records = 1 if self.facts is None else self.facts.setting_records
            yield from checking.settings(look, setup, records=records)
        owners = {box.user: checking.name_of(box) for box in setup.mailboxes if box.user is not None}
        yield from checking.exclusions(setup.exclusions, owners)
        yield from self._domains(setup)

    def _domains(self, setup: Setup) -> Iterator[Check]:
        verified = None
        if self._in_graph:
            try:
                verified = self.services.tenant.verified_domains()
            except ConnectorError as error:
                yield checking.failed("internal domains", GRAPH, error)
                return
        source = "verified domains of the tenant"
        if verified is None:
            source = "addresses of users and mailboxes"
            linked = (name for box in setup.mailboxes for name in checking.own_names(box))
            verified = (*self._names, *(name for name in linked if name))
        active = checking.internal_domains(setup.exclusions)
        proposed = checking.proposed_domains(verified)
        yield checking.domains(proposed, active, source=source)
        on_domains = {} if self.facts is None else self.facts.on_domains
        yield from checking.odd_domains(active, proposed, on_domains)

    def _mailboxes(self, setup: Setup) -> Iterator[Check]:
        if not setup.mailboxes:
            remedy = "Create MS Graph User records, or load them with Data Loader, and link users."
            yield checking.amber("mailbox", "MS Graph User", "There is no mailbox", remedy)
        seats = seated_users(setup)
        try:
            broken = compile_rules(setup.exclusions).broken
        except SetupError:
            broken = {}  # there is a line for it
        linked: list[Mailbox] = []
        for box in setup.mailboxes:
            reason = not_linked_reason(box, setup, seats)
            if reason is not None:
                yield checking.not_linked(box, reason)
            elif box.user in broken:
                yield checking.held_up(box)
            else:
                linked.append(box)
        if self._in_graph:
            yield from self._reached(linked)

    def _reached(self, linked: Sequence[Mailbox]) -> Iterator[Check]:
        found: list[tuple[Mailbox, GraphUserId]] = []
        for box in linked:
            try:
                found.append((box, box.graph_user_id or find_user(box, self.services.mail).id))
            except ConnectorError as error:
                yield checking.failed("mailbox", checking.name_of(box), error)
        found, seconds = _without_seconds(found, self.setup.mailboxes if self.setup is not None else ())
        yield from (checking.failed("mailbox", checking.name_of(box), error) for box, error in seconds)
        readable: list[GraphUserId] = []
        try:
            for (box, user), refusal in zip(
                found, self.services.tenant.reach([user for _, user in found]), strict=True
            ):
                if refusal is not None:
                    yield checking.failed("mailbox", checking.name_of(box), refusal)
                    continue
                readable.append(user)
                status = f"; {box.status}" if box.status is not None else ""
                yield checking.green("mailbox", checking.name_of(box), f"Its mail can be read{status}")
            # a person may ask for the kind of the own mailbox only
            if readable and self.connection.as_application:
                yield self._purpose(readable[0])
        except ServiceError as error:
            yield checking.failed("mailbox", GRAPH, error)

    def _purpose(self, user: GraphUserId) -> Check:
        """The first mailbox stands for all: the permission is that of the application."""
        try:
            refusal = self.services.tenant.purpose(user)
        except MailboxError as error:
            refusal = error
        if refusal is None:
            return checking.green("mailbox settings", GRAPH, "The kind of a mailbox can be read")
        remedy = "Grant admin consent to the application permission MailboxSettings.Read."
        return checking.red("mailbox settings", GRAPH, refusal.what, remedy)


def _without_seconds(
    found: Sequence[tuple[Mailbox, GraphUserId]], rows: Sequence[Mailbox]
) -> tuple[list[tuple[Mailbox, GraphUserId]], list[tuple[Mailbox, MailboxError]]]:
    """Apart: rows that lead to the mailbox of another, which a run refuses."""
    owners = {box.graph_user_id: box for box in rows if box.graph_user_id is not None}
    first, seconds = [], []
    for box, user in found:
        owner = owners.setdefault(user, box)
        if owner.id == box.id:
            first.append((box, user))
        else:
            seconds.append((box, second_row(box, owner)))
    return first, seconds


def _rights(name: str, tried: Sequence[Tried]) -> Iterator[Check]:
    refused = [one for one in tried if one.error is not None]
    for one in refused:
        if one.error is not None:
            line = checking.failed("rights", name, one.error)
            yield checking.red("rights", name, f"Refused: {one.what}. {line.detail}", line.remedy)
    if not refused:
        done = ", ".join(dict.fromkeys(one.what for one in tried))
        yield checking.green("rights", name, f"Tried and undone: {done}")
