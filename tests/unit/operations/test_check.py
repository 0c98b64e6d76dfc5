"""A check of a firm on services in memory: one part that fails is one red line, and the rest is looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.core.reporting.checks import Light
from connector.core.scheduling.policy import Snapshot, Timing
from connector.errors import ConnectorError, MailboxError, ServiceError, SignInError
from connector.model.inspection import ConnectorUser, OrgFacts, Tenant, Tried
from connector.model.org import Setup
from connector.model.values import GraphUserId, RecordId
from connector.operations.check import (
    GRAPH,
    SALESFORCE,
    CheckResult,
    CheckServices,
    ConnectionFacts,
    Credential,
    check,
)
from tests.support.builders import NOW
from tests.support.firm import Firm


@dataclass
class Fields:
    contact: tuple[str, ...] = ("Email",)
    account: tuple[str, ...] = ()


@dataclass
class FakeTenant:
    """A tenant whose directory is open."""

    down: ConnectorError | None = None
    unread: dict[GraphUserId, MailboxError] = field(default_factory=dict)
    kind: ConnectorError | None = None
    asked_kind: list[GraphUserId] = field(default_factory=list)
    directory: ServiceError | None = None

    def tenant(self) -> Tenant:
        if self.down is not None:
            raise self.down
        return Tenant(served_at=datetime.now(UTC), names=("ada@firm.example",), error=self.directory)

    def verified_domains(self) -> tuple[str, ...] | None:
        return ("firm.example",)

    def reach(self, users: Sequence[GraphUserId]) -> Iterator[ConnectorError | None]:
        yield from (self.unread.get(user) for user in users)

    def purpose(self, user: GraphUserId) -> ConnectorError | None:
        self.asked_kind.append(user)
        return self.kind


@dataclass
class FakeInspection:
    """An org that lets the connector do everything but what is refused."""

    host: str = "firm.my.salesforce.com"
    down: ServiceError | None = None
    refused: dict[str, ServiceError] = field(default_factory=dict)
    facts_error: ServiceError | None = None
    own: ConnectorUser | ServiceError = field(
        default_factory=lambda: ConnectorUser(licence="Salesforce", api_licence=False)
    )

    def user(self) -> ConnectorUser:
        if isinstance(self.own, ServiceError):
            raise self.own
        return self.own

    @property
    def now(self) -> datetime:
        if self.down is not None:
            raise self.down
        return datetime.now(UTC)

    def facts(self, domains: Sequence[str] = ()) -> OrgFacts:
        if self.facts_error is not None:
            raise self.facts_error
        return OrgFacts(
            counts={"Contact": 2, "Account": 1},
            others={"EmailMessage": 0},
            setting_records=1,
            setting=RecordId("a0S1"),
            inactive=None,
            days=30,
            limits={"DailyApiRequests": (1000, 900), "DataStorageMB": (1000, 900)},
        )

    def rehearse(
        self, setup: Setup, *, key: str, inactive: RecordId | None, setting: RecordId | None
    ) -> Sequence[Tried]:
        assert len(key) == 32
        return [
            Tried(object=name, what="create", error=self.refused.get(name)) for name in ("Task", "Email__c", "Task")
        ]


class World:
    """The firm and the two inspections. `check` checks them."""

    def __init__(self) -> None:
        self.firm = Firm()
        self.tenant, self.org = FakeTenant(), FakeInspection()
        self.connection = ConnectionFacts(
            tenant="firm.example",
            as_application=True,
            credentials=(
                Credential(service=SALESFORCE, kind="secret", expires=None),
                Credential(service=GRAPH, kind="certificate", expires=datetime.now(UTC) + timedelta(days=300)),
            ),
            sign_in_ends=None,
            call_budget_percent=80,
        )
        self.fields = Fields()
        self.unreadable: ServiceError | None = None

    # the firm's org, as a check sees it
    def read(self) -> Setup:
        if self.unreadable is not None:
            raise self.unreadable
        return self.firm.org.read()

    @property
    def now(self) -> datetime | None:
        return NOW

    @property
    def email_fields(self) -> Fields:
        return self.fields

    def look(self) -> Snapshot:
        return Snapshot(now=NOW, zone="GMT", timing=Timing(id=RecordId("a0S1"), active=True))

    def check(self) -> CheckResult:
        services = CheckServices(setup=self, schedule=self, org=self.org, tenant=self.tenant, mail=self.firm.tenant)
        return check(services, self.connection)

    def lines(self, status: Light) -> list[tuple[str, str]]:
        return [(line.name, line.subject) for line in self.check().checks if line.status is status]


@pytest.fixture
def world() -> World:
    return World()


def test_a_firm_in_order_has_no_red_line(world: World) -> None:
    result = world.check()
    assert result.ok
    assert [line.name for line in result.checks[:2]] == ["credential", "credential"]
    assert [line.subject for line in result.checks[:2]] == [GRAPH, SALESFORCE]
    names = {line.name for line in result.checks}
    assert {"sign-in", "clock", "directory", "objects and fields", "rights", "settings", "mailbox"} <= names
    assert world.tenant.asked_kind == [GraphUserId("ada")]  # one stands for all


def test_without_graph_the_org_is_checked_all_the_same(world: World) -> None:
    world.tenant.down = SignInError("refused", where="Microsoft Entra")
    assert world.lines(Light.RED) == [("sign-in", GRAPH)]
    assert ("rights", "Task") in world.lines(Light.GREEN)
    assert not any(name == "mailbox" for name, _ in world.lines(Light.GREEN))


def test_without_the_org_graph_is_checked_all_the_same(world: World) -> None:
    world.org.down = SignInError("refused", where="Salesforce")
    assert world.lines(Light.RED) == [("sign-in", SALESFORCE)]
    assert ("directory", GRAPH) in world.lines(Light.GREEN)


def test_what_the_org_will_not_count_is_one_line(world: World) -> None:
    world.org.facts_error = ServiceError("no right", where="Contact")
    assert world.lines(Light.RED) == [("records in sight", SALESFORCE)]
    assert ("rights", "Email__c") in world.lines(Light.GREEN)


def test_a_refused_right_is_red_for_its_object_alone(world: World) -> None:
    world.org.refused["Task"] = ServiceError("no", where="Task", remedy="Grant it.")
    assert set(world.lines(Light.RED)) == {("rights", "Task")}
    [email] = [line for line in world.check().checks if line.subject == "Email__c"]
    assert email.detail == "Tried and undone: create"


@pytest.mark.parametrize(
    ("own", "lights"),
    [
        (ConnectorUser(licence="Salesforce", api_licence=False), []),
        (ConnectorUser(licence=None, api_licence=None), []),
        (ConnectorUser(licence="Salesforce Integration", api_licence=True), []),
        (ConnectorUser(licence="Salesforce Integration", api_licence=None), [Light.AMBER]),
        (ConnectorUser(licence="Salesforce Integration", api_licence=False), [Light.RED]),
        (ServiceError("no right", where="User"), [Light.RED]),
    ],
)
def test_the_licence_is_named_where_it_is_why(
    world: World, own: ConnectorUser | ServiceError, lights: list[Light]
) -> None:
    world.org.own = own
    assert not any(line.name == "licence" for line in world.check().checks)  # the setup could be read
    world.unreadable = ServiceError("no right", where="MS_Graph_Setting__c")
    assert [line.status for line in world.check().checks if line.name == "licence"] == lights


def test_each_mailbox_has_a_line_of_its_own(world: World) -> None:
    world.tenant.unread[GraphUserId("ada")] = MailboxError("denied")
    world.firm.org.sync_users.discard(world.firm.box("bob").user)
    assert world.lines(Light.RED) == [("mailbox", "ada@firm.example")]
    assert ("mailbox", "bob@firm.example") in world.lines(Light.AMBER)
    assert world.tenant.asked_kind == []  # none can be read


@pytest.mark.parametrize(("as_application", "light"), [(True, Light.RED), (False, Light.AMBER)])
def test_a_person_need_not_read_the_directory(world: World, as_application: bool, light: Light) -> None:
    world.tenant.directory = ServiceError("Insufficient privileges")
    world.connection = replace(world.connection, as_application=as_application)
    assert [subject for name, subject in world.lines(light) if name == "directory"] == [GRAPH]


def test_a_person_s_sign_in_that_was_not_used_is_red(world: World) -> None:
    world.connection = replace(world.connection, sign_in_ends=datetime.now(UTC) - timedelta(days=1))
    assert world.lines(Light.RED) == [("credential", "Microsoft 365 named principal")]
    assert not world.check().ok
