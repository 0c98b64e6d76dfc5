"""`m365sync check`: everything that has to be right before mail is synced, each line with the remedy.

Nothing is changed: what is written to prove a right is undone by the same request (salesforce/rehearsal.py). One part
that fails is one red line; what does not depend on it is looked at all the same.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import typer
from cryptography import x509
from rich.table import Table
from rich.text import Text

from connector.cli.options import Invocation
from connector.cli.output import out, show_json
from connector.cli.sync import AsJson
from connector.core.deciding.exclude import compile_rules
from connector.core.reporting import checks as checking
from connector.core.reporting.checks import Check, Light
from connector.engine.mailboxes import find_user, not_linked_reason, seated_users
from connector.errors import ConnectorError, MailboxError, ServiceError, SetupError
from connector.graph.delegated import UNUSED, TokenFile
from connector.model.org import Mailbox, Setup
from connector.model.values import GraphUserId
from connector.salesforce.inspection import DAYS, OrgFacts
from connector.salesforce.permission_probe import Tried, rehearse
from connector.settings.model import Settings, load
from connector.wiring.logs import configure_logging
from connector.wiring.services import CheckDesk, check_desk

_COLOURS = {Light.GREEN: "green", Light.AMBER: "yellow", Light.RED: "red"}
GRAPH, SALESFORCE = "Microsoft 365", "Salesforce"
_BEGIN_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def check(context: typer.Context, as_json: AsJson = False) -> int:
    """Check sign-in, clocks, settings, rights, mailboxes, limits and credentials; each line says what to do.

    Nothing is changed. Exit code 1 where a line is red.
    """
    invocation: Invocation = context.obj
    settings = load(invocation.config, invocation.environ)
    configure_logging(settings, level="debug" if invocation.debug else "warning")
    with check_desk(settings) as desk:
        checks = list(Inspection(settings, desk).run())
    ok = checking.is_ok(checks)
    if as_json:
        show_json({"ok": ok, "checks": [check_object(line) for line in checks]})
    else:
        show(checks)
    return 0 if ok else 1


@dataclass(slots=True)
class Inspection:
    """Asks both services, and puts what they say before core/checking."""

    settings: Settings
    desk: CheckDesk
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
        if self.setup is not None:
            yield from self._rehearsed(self.setup)
            yield from self._rules(self.setup)
            yield from self._mailboxes(self.setup)

    # -- signing in ---------------------------------------------------------------------------------------------------

    def _credentials(self) -> Iterator[Check]:
        now = datetime.now(UTC)
        provider = self.settings.graph_provider
        if provider.certificate is not None:
            ends = _certificate_end(provider.certificate.private_key.get_secret_value())
            yield checking.credential(GRAPH, "certificate", expires=ends, now=now)
        elif provider.consumer_secret is not None:
            yield checking.credential(GRAPH, "secret", expires=None, now=now)
        yield from self._principal(now)
        org = self.settings.named_credentials.Salesforce
        if org.private_key is not None:
            ends = _certificate_end(org.private_key.get_secret_value())
            yield checking.credential(SALESFORCE, "certificate", expires=ends, now=now)
        else:
            yield checking.credential(SALESFORCE, "secret", expires=None, now=now)

    def _principal(self, now: datetime) -> Iterator[Check]:
        """The refresh token of a person, which ends when it is not used for long."""
        token_file = self.settings.named_credentials.MicrosoftGraphAPI.token_file
        used = TokenFile(token_file).written_at if token_file is not None else None
        if used is not None:
            yield checking.sign_in_of_person(used + UNUSED, now=now)

    def _graph(self) -> Iterator[Check]:
        try:
            tenant = self.desk.tenant.tenant()
        except ConnectorError as error:
            yield checking.failed("sign-in", GRAPH, error)
            return
        self._in_graph = True
        here = datetime.now(UTC)
        yield checking.green("sign-in", GRAPH, f"Signed in to {self.settings.graph_provider.tenant}")
        yield checking.clock(GRAPH, here=here, there=tenant.served_at)
        if tenant.error is not None and self.settings.named_credentials.MicrosoftGraphAPI.identity != "application":
            yield checking.directory_closed(GRAPH)
        elif tenant.error is not None:
            yield checking.failed("directory", GRAPH, tenant.error)
        else:
            yield checking.green("directory", GRAPH, "Users can be looked up")
            self._names += tenant.names

    def _salesforce(self) -> Iterator[Check]:
        try:
            there = self.desk.org.now
        except ConnectorError as error:
            yield checking.failed("sign-in", SALESFORCE, error)
            return
        self._in_org = True
        yield checking.green("sign-in", SALESFORCE, f"Signed in to {self.desk.org.host}")
        yield checking.clock(SALESFORCE, here=datetime.now(UTC), there=there)

    # -- the org ------------------------------------------------------------------------------------------------------

    def _org(self) -> Iterator[Check]:
        try:
            self.setup = self.desk.admin.read()
        except ServiceError as error:
            yield checking.failed("objects and fields", SALESFORCE, error)
        else:
            yield checking.green("objects and fields", SALESFORCE, "All are there, and the connector sees all records")
            fields = self.desk.admin.email_fields
            yield from checking.email_fields(fields.contact, fields.account)
        try:
            self.facts = self.desk.inspection.facts()
        except ServiceError as error:
            yield checking.failed("records in sight", SALESFORCE, error)
            return
        yield from checking.counts(self.facts.counts)
        yield from self._limits(self.facts)
        yield from checking.other_loggers(self.facts.others, days=DAYS)

    def _limits(self, facts: OrgFacts) -> Iterator[Check]:
        budget = self.settings.salesforce.daily_call_budget_percent
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
            tried = rehearse(self.desk.org, setup, key=secrets.token_hex(16), inactive=inactive, setting=setting)
        except ServiceError as error:
            yield checking.failed("rights", SALESFORCE, error)
            return
        for name, found in groupby(sorted(tried, key=lambda one: one.object), key=lambda one: one.object):
            yield from _rights(name, list(found))

    # -- settings and mailboxes ---------------------------------------------------------------------------------------

    def _rules(self, setup: Setup) -> Iterator[Check]:
        try:
            look = self.desk.timetable.look()
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
                verified = self.desk.tenant.verified_domains()
            except ConnectorError as error:
                yield checking.failed("internal domains", GRAPH, error)
                return
        source = "verified domains of the tenant"
        if verified is None:
            source = "addresses of users and mailboxes"
            linked = (name for box in setup.mailboxes for name in (box.user_principal_name, box.email, *box.aliases))
            verified = (*self._names, *(name for name in linked if name))
        active = checking.internal_domains(setup.exclusions)
        yield checking.domains(checking.proposed_domains(verified), active, source=source)

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
                found.append((box, box.graph_user_id or find_user(box, self.desk.mail).id))
            except ConnectorError as error:
                yield checking.failed("mailbox", checking.name_of(box), error)
        readable: list[GraphUserId] = []
        try:
            for (box, user), refusal in zip(found, self.desk.tenant.reach([user for _, user in found]), strict=True):
                if refusal is not None:
                    yield checking.failed("mailbox", checking.name_of(box), refusal)
                    continue
                readable.append(user)
                status = f"; {box.status}" if box.status is not None else ""
                yield checking.green("mailbox", checking.name_of(box), f"Its mail can be read{status}")
            # a person may ask for the kind of the own mailbox only
            if readable and self.settings.named_credentials.MicrosoftGraphAPI.identity == "application":
                yield self._purpose(readable[0])
        except ServiceError as error:
            yield checking.failed("mailbox", GRAPH, error)

    def _purpose(self, user: GraphUserId) -> Check:
        """The first mailbox stands for all: the permission is that of the application."""
        try:
            refusal = self.desk.tenant.purpose(user)
        except MailboxError as error:
            refusal = error
        if refusal is None:
            return checking.green("mailbox settings", GRAPH, "The kind of a mailbox can be read")
        remedy = "Grant admin consent to the application permission MailboxSettings.Read."
        return checking.red("mailbox settings", GRAPH, refusal.what, remedy)


def _rights(name: str, tried: Sequence[Tried]) -> Iterator[Check]:
    refused = [one for one in tried if one.error is not None]
    for one in refused:
        if one.error is not None:
            line = checking.failed("rights", name, one.error)
            yield checking.red("rights", name, f"Refused: {one.what}. {line.detail}", line.remedy)
    if not refused:
        done = ", ".join(dict.fromkeys(one.what for one in tried))
        yield checking.green("rights", name, f"Tried and undone: {done}")


def _certificate_end(pem: str) -> datetime | None:
    """When the certificate ends that stands beside a private key in its file; None where there is none."""
    start = pem.find(_BEGIN_CERTIFICATE)
    if start < 0:
        return None
    try:
        return x509.load_pem_x509_certificate(pem[start:].encode()).not_valid_after_utc
    except ValueError:
        return None


def check_object(line: Check) -> dict[str, Any]:
    """For programs."""
    return {
        "name": line.name,
        "subject": line.subject,
        "status": line.status.value,
        "detail": line.detail,
        "remedy": line.remedy,
    }


def show(checks: Sequence[Check]) -> None:
    """For people: a line each, the remedy below what was found."""
    table = Table(title="Checks", title_justify="left")
    for heading in ("", "Check", "Found, and what to do"):
        table.add_column(heading, overflow="fold")
    for line in checks:
        text = Text(line.detail)
        if line.remedy:
            text.append(f"\n{line.remedy}", style="dim" if line.status is Light.GREEN else "bold")
        subject = Text.assemble(line.name, "\n", (line.subject, "dim"))
        table.add_row(Text(line.status, _COLOURS[line.status]), subject, text)
    out.print(table)
    counted = [f"{sum(line.status is light for line in checks)} {light}" for light in Light]
    out.print(", ".join(counted))
