"""The port StoredMail: mail that may have to be related anew, read in as few calls as the limits allow."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from connector.core.deciding.address import normalise
from connector.core.writing.rematch import Changes, FiledMail, Watch, parties_of
from connector.model.mail import Direction, Role
from connector.model.records import MailTask, MatchStatus, Merge, RowError, StoredEmail
from connector.model.schema import MAIL, PARTICIPANT, TASK, Use
from connector.model.values import NormalAddress, RecordId, batched
from connector.salesforce import parse, soql
from connector.salesforce.client import CompositeRequest, SalesforceClient
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.door import reads_answers
from connector.salesforce.merging import Merging
from connector.salesforce.tasks import FoundTasks, select

#: Addresses of one query: each is a condition of its own.
_ADDRESSES = 200
#: Ids of Contacts begin so (Object Reference, "Object Key Prefixes").
_CONTACT = "003"
#: Mails of one query, so that what is read at a time is of a bounded size.
_MAILS = 1_000
_NOT_REMOVED = f" WHERE Email__r.Match_Status__c != '{MatchStatus.REMOVED}' AND "
_WITH_ADDRESS = soql.select(("Email__c",), PARTICIPANT.name) + _NOT_REMOVED
_WITH_CONTACT = soql.select(("Email__c", "Contact__c"), PARTICIPANT.name) + _NOT_REMOVED
_ACCOUNTS = soql.select(("Email__c", "Account__c"), PARTICIPANT.name) + " WHERE Account__c"
#: Tasks that a mail left behind when it was deleted
_ORPHANS = soql.select(("Task_Key__c",), TASK.name) + " WHERE IsDeleted = false AND Email__c = null AND Task_Key__c IN "
_PEOPLE = soql.select(PARTICIPANT.names(Use.REMATCH), "Participants__r")
_MAIL = (
    soql.select((*MAIL.names(Use.REMATCH), f"({_PEOPLE} ORDER BY Id)"), MAIL.name)
    + f" WHERE Match_Status__c != '{MatchStatus.REMOVED}' AND Id IN "
)


class SalesforceStoredMail:
    """The port StoredMail, for one run. Not thread-safe."""

    def __init__(self, client: SalesforceClient, directory: SalesforceDirectory) -> None:
        self._client = client
        self._directory = directory
        self._removal = Merging(client)

    def expect(self, watch: Watch) -> None:
        """Find out what changed along with the next look-up."""
        self._directory.expect(watch)

    @reads_answers
    def changes(self) -> Changes:
        """What changed, by the last `expect`."""
        return self._directory.changes()

    @reads_answers
    def mails_with(self, clients: Mapping[NormalAddress, Iterable[RecordId]]) -> list[RecordId]:
        """The mails that may lack a relation: an address may have many thousand, and most changes concern none.

        Those with a changed Contact that do not list the Account it has now are among them.
        """
        wire = self._client.names.wire
        conditions = [_lacking(wire, address, [*records]) for address, records in sorted(clients.items())]
        requests = [
            self._client.query(f"{wire(_WITH_ADDRESS)}({' OR '.join(part)})", "the object Email_Participant__c")
            for part in batched(conditions, _ADDRESSES)
        ]
        accounts = self._directory.changes().accounts
        moved = [
            _elsewhere(wire, address, record, accounts[record])
            for address, records in sorted(clients.items())
            for record in sorted(records)
            if record in accounts
        ]
        requests += [
            self._client.query(f"{wire(_WITH_CONTACT)}({' OR '.join(part)})", "the object Email_Participant__c")
            for part in batched(moved, _ADDRESSES)
        ]
        found: dict[RecordId, None] = {}
        lacking: dict[RecordId, set[RecordId]] = {}
        for row in self._asked(requests):
            email = RecordId(str(row["Email__c"]))
            if row.get("Contact__c"):
                lacking.setdefault(email, set()).add(accounts[row["Contact__c"]])
            else:
                found[email] = None
        return [*found, *self._without({email: lacking[email] for email in lacking if email not in found})]

    def _without(self, lacking: Mapping[RecordId, set[RecordId]]) -> Iterator[RecordId]:
        """Those of the mails that list an Account in none of their rows: a mail names it on one row only."""
        wire = self._client.names.wire
        requests = [
            self._client.query(
                f"{wire(_ACCOUNTS)} IN {soql.in_list(sorted(set().union(*(lacking[email] for email in part))))}"
                f" AND {wire('Email__c')} IN {soql.in_list(part)}",
                "the object Email_Participant__c",
            )
            for part in batched(sorted(lacking), _MAILS)
        ]
        listed = {(row["Email__c"], row["Account__c"]) for row in self._asked(requests)}
        for email, wanted in lacking.items():
            if any((email, account) not in listed for account in wanted):
                yield email

    @reads_answers
    def read(self, emails: Sequence[RecordId]) -> list[FiledMail]:
        """These mails with their children, in one Composite for each two thousand. Raises ServiceError."""
        wire = self._client.names.wire
        found: list[FiledMail] = []
        tasks = FoundTasks()
        select_tasks = wire(select(shared=self._directory.shared_activities) + "Email__c IN ")
        requests = [
            request
            for part in batched(emails, _MAILS)
            for request in (
                self._client.query(wire(_MAIL) + soql.in_list(part), "the object Email__c"),
                self._client.query(select_tasks + soql.in_list(part), "the Tasks of stored mail", deleted=True),
            )
        ]
        for row in self._asked(requests):
            if "Task_Key__c" not in row:
                found.append(_filed(row))
            else:
                tasks.keep(row)
        return [replace(mail, stored=tasks.of(mail.stored)) for mail in found]

    def with_one_id(self, *, since: datetime) -> Iterator[Sequence[StoredEmail]]:
        """The mails that changed since then and have one Message-ID with another of them, id by id."""
        groups = self._removal.with_one_id(since=since)
        while (group := _next_of(groups)) is not None:
            yield group

    @reads_answers
    def tasks(self, emails: Sequence[RecordId]) -> list[MailTask]:
        """The Tasks below these mails."""
        return self._removal.tasks(emails)

    @reads_answers
    def take_over(self, merges: Sequence[Merge]) -> Mapping[RecordId, RowError]:
        """Carry out merges whose rows are written: files, what is there twice, the younger mails."""
        return self._removal.take_over(merges, today=self._client.now)

    @reads_answers
    def blank(self, emails: Sequence[RecordId]) -> Mapping[RecordId, RowError]:
        """Delete participants, Tasks and files of removed mails and blank the rest."""
        return self._removal.blank(emails)

    @reads_answers
    def delete(self, emails: Sequence[RecordId], *, today: date) -> Mapping[RecordId, RowError]:
        """Delete mails whose retention is over."""
        return self._removal.delete(emails, today=today)

    def keep_away(self, deleted: Sequence[StoredEmail]) -> Mapping[RecordId, RowError]:
        """Put tombstones in the place of mails that a person deleted."""
        return self._removal.keep_away(deleted)

    def deleted_before(self, returned: Mapping[RecordId, str]) -> set[RecordId]:
        """Those of new mails whose Task has lost the mail that it was made for."""
        emails = {key: email for email, key in returned.items()}
        requests = [
            self._client.query(
                self._client.names.wire(_ORPHANS) + soql.in_list(part), "the Tasks of stored mail", deleted=True
            )
            for part in batched(sorted(emails), _MAILS)
        ]
        return {emails[str(row["Task_Key__c"])] for row in self._asked(requests)}

    def take_back(self, tombstones: Mapping[RecordId, RecordId]) -> None:
        """Delete the tombstones of mails that were undeleted."""
        self._removal.take_back(tombstones)

    def _asked(self, requests: Sequence[CompositeRequest]) -> Iterator[dict[str, Any]]:
        for _, answer in self._client.each(requests):
            yield from self._client.records(answer.body)


def _lacking(wire: Callable[[str], str], address: NormalAddress, records: Sequence[RecordId]) -> str:
    """Rows with the address; where one record has it, those that are not this record's already."""
    same = f"{wire('Address__c')} = {soql.quote(address)}"
    if len(records) != 1:
        return same
    [record] = records
    field = wire("Contact__c" if record.startswith(_CONTACT) else "Account__c")
    return f"({same} AND ({field} = null OR {field} != {soql.quote(record)}))"


def _elsewhere(wire: Callable[[str], str], address: NormalAddress, contact: RecordId, account: RecordId) -> str:
    """Rows of this Contact that name another Account, or none."""
    same = f"{wire('Address__c')} = {soql.quote(address)} AND {wire('Contact__c')} = {soql.quote(contact)}"
    field = wire("Account__c")
    return f"({same} AND ({field} = null OR {field} != {soql.quote(account)}))"


def _filed(row: dict[str, Any]) -> FiledMail:
    fields = parse.Fields("Email__c", row)
    stored = parse.stored_email(row)
    created = fields.instant("CreatedDate") or stored.sent_at
    return FiledMail(
        stored=stored,
        parties=parties_of(
            (normalise(str(child["Address__c"] or "")), str(child["Display_Name__c"] or ""), _role(child["Role__c"]))
            for child in row.get("Participants__r") or ()
        ),
        subject=fields.text("Subject__c"),
        preview=fields.text("Preview__c"),
        direction=Direction.OUTBOUND if fields.text("Direction__c") == Direction.OUTBOUND else Direction.INBOUND,
        received_at=fields.instant("Received_At__c") or stored.sent_at,
        created_at=created,
        created_by=RecordId(fields.text("CreatedById")),
    )


def _role(value: Any) -> Role:
    """The role of a participant's row; Cc where a person emptied it."""
    return Role(value) if value in set(Role) else Role.CC


@reads_answers
def _next_of(groups: Iterator[Sequence[StoredEmail]]) -> Sequence[StoredEmail] | None:
    return next(groups, None)
