"""A small firm on services in memory: advisers, clients, and runs one after the other."""

from datetime import timedelta
from typing import Any

from connector.codes import MailboxStatus, Outcome
from connector.core.deciding import identity
from connector.core.scheduling.retry import error_key
from connector.engine.context import RunHooks, RunServices
from connector.engine.mailboxes import ReadLimits
from connector.engine.outcomes import OutcomeLedger
from connector.engine.report import RunReport
from connector.engine.request import RunRequest
from connector.engine.run import Run
from connector.model.mail import Header
from connector.model.org import ClientObject, Hit
from connector.model.run import DryRunLine
from connector.model.values import GraphUserId, NormalAddress, Place, RecordId
from tests.support.builders import NOW, at, header, internal, mailbox
from tests.support.fake_org import FakeOrg
from tests.support.fake_stock import FakeStock
from tests.support.fakes import INBOX, Calls, FakeTenant

CLIENT, COLLEAGUE, STRANGER = "client@client.example", "colleague@firm.example", "who@unknown.example"


def outcomes_of(ledger: OutcomeLedger) -> dict[Place, Outcome]:
    """The outcomes of a ledger that keeps a trace."""
    return {place: outcome for place, (outcome, _) in (ledger.trace or {}).items()}


class Firm:
    """Two advisers, two clients of one Account, and runs."""

    def __init__(self, org: FakeOrg | None = None) -> None:
        self.tenant = FakeTenant()
        self.org = org or FakeOrg()
        self.stored_mail = FakeStock(self.org)
        self.runs = 0
        #: what the latest run made of each message
        self.ledger = OutcomeLedger()
        account = RecordId("001000000000001AAA")
        for number, address in enumerate((CLIENT, "spouse@client.example"), start=1):
            contact = Hit(object=ClientObject.CONTACT, id=RecordId(f"003{number:012d}AAA"), account=account)
            self.org.clients[NormalAddress(address)] = (contact,)
        self.org.exclusions.append(internal())
        self.ada, self.bob = self.adviser("ada", 1), self.adviser("bob", 2)

    def adviser(self, name: str, number: int) -> str:
        address = f"{name}@firm.example"
        box = mailbox(
            id=RecordId(f"a0M{number:012d}AAA"),
            name=name,
            email=address,
            user_principal_name=address,
            graph_user_id=GraphUserId(name),
            user=RecordId(f"005{number:012d}AAA"),
            aliases=(),
            status=MailboxStatus.READY,
        )
        self.org.mailboxes[box.id] = box
        assert box.user is not None
        self.org.sync_users.add(box.user)
        self.tenant.boxes[GraphUserId(name)] = {}
        return name

    def mail(self, name: str, *, days: float = 1, **fields: Any) -> Header:
        """A client's mail to the adviser, so many days old."""
        received = at(days=-days)
        defaults = {"to": f"{name}@firm.example", "folder": INBOX, "received_at": received, "sent_at": received}
        return self.tenant.put(name, header(mailbox=self.row(name), **{**defaults, **fields}))

    def row(self, name: str) -> RecordId:
        return next(box.id for box in self.org.mailboxes.values() if box.name == name)

    def box(self, name: str) -> Any:
        return self.org.mailboxes[self.row(name)]

    def sync(self, calls: Calls | None = None, **how: Any) -> RunReport:
        """One run."""
        self.runs += 1
        self.org.call = self.tenant.call = calls or Calls()
        limits = ReadLimits(workers=2, requests_per_mailbox=2, settle=timedelta(0), writers=1)
        services = RunServices(
            admin=self.org,
            source=self.tenant,
            directory=self.org,
            sink=self.org,
            log_book=self.org,
            stored_mail=self.stored_mail,
        )
        monotonic = how.pop("monotonic", lambda: 0.0)
        hooks = RunHooks(walked=how.pop("progress", None), line=how.pop("lines", None), limit=how.pop("limit", None))
        request = RunRequest(**{**how, "only": tuple(how.get("only", ()))})
        run = Run(services, request, key=f"run-{self.runs}", limits=limits, hooks=hooks, monotonic=monotonic)
        self.ledger = run.ledger
        self.ledger.trace = {}
        return run.run()

    @property
    def outcomes(self) -> dict[Place, Outcome]:
        """The outcome of every message of the last run, by place."""
        return outcomes_of(self.ledger)

    def dry_run(self, **how: Any) -> list[DryRunLine]:
        """The lines of a dry run."""
        lines: list[DryRunLine] = []
        self.sync(dry_run=True, lines=lines.append, **how)
        return lines

    def wait(self, **how: float) -> None:
        """Time passes for both services."""
        self.org.now = self.tenant.now = self.org.now + timedelta(**how)

    def events(self) -> list[dict[str, Any]]:
        return self.org.rows("MS_Graph_Sync_Event__c")

    def stored(self) -> dict[str, Any]:
        """What stands in the org, told without record ids and without the run that wrote it."""
        emails = {id_: row["Message_Key__c"] for id_, row in self.org.table("Email__c").items()}

        def told(name: str, key: str) -> dict[str, Any]:
            hidden = {"Sync_Event__c", "event"}
            return {
                row[key]: {
                    field: emails.get(value, value) if field == "Email__c" else value
                    for field, value in row.items()
                    if field not in hidden
                }
                for row in self.org.rows(name)
            }

        return {
            "Email__c": told("Email__c", "Message_Key__c"),
            "Email_Participant__c": told("Email_Participant__c", "Participant_Key__c"),
            "Task": told("Task", "Task_Key__c"),
            "Error": told("MS_Graph_Sync_Error__c", "Error_Key__c"),
            "Mailbox": dict(self.org.mailboxes),
        }

    def never_ahead(self) -> None:
        """Every message behind a timestamp is stored, or logged, or none of ours."""
        keys = {row["Message_Key__c"] for row in self.org.rows("Email__c")}
        logged = {row["Error_Key__c"] for row in self.org.rows("MS_Graph_Sync_Error__c")}
        for box in self.org.mailboxes.values():
            assert box.graph_user_id is not None
            for message, _ in self.tenant.boxes[box.graph_user_id].values():
                behind = any(
                    through is not None and (since or NOW) <= message.received_at < through
                    for since, through in (
                        (box.backfill_from, box.backfill_through),
                        (box.live_from, box.live_through),
                    )
                )
                if behind and message.folder == INBOX and CLIENT in _addresses(message):
                    failed = error_key(box.graph_user_id, message.id) in logged
                    assert identity.message_key(message) in keys or failed, message.subject


def _addresses(message: Header) -> set[str]:
    everyone = (message.from_, *message.to, *message.cc, *message.bcc)
    return {who.address for who in everyone if who is not None}
