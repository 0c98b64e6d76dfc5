"""Who is a client, and what is stored: looked up for a whole chunk of messages in as few calls as the limits allow.

Addresses are remembered for the run, also those without a record; stored mail is not, since the run itself adds to it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.core.deciding.address import readable
from connector.core.writing.rematch import Changes, Watch
from connector.core.writing.text import clean, cut
from connector.model.org import ClientObject, Hit, Hits
from connector.model.records import StoredEmail
from connector.model.schema import MAIL, PARTICIPANT, TASK, Use
from connector.model.values import NormalAddress
from connector.salesforce import parse, soql
from connector.salesforce.changes import ChangeWatch
from connector.salesforce.client import MAX_HEAVY, CompositeRequest, SalesforceClient
from connector.salesforce.door import reads_answers
from connector.salesforce.setup import EmailFields
from connector.salesforce.tasks import FoundTasks, select

#: What a field of type Email holds (Object Reference, "Email Field Type"); no record has a longer address.
MAX_EMAIL = 80
#: What Internet_Message_Id__c holds.
MAX_MESSAGE_ID = 255
#: Left of a query's length for lists, once its fixed part is taken off.
_ROOM = soql.MAX_LENGTH - 4_000

_STORED = (
    soql.select(
        (
            *MAIL.names(Use.READ),
            f"({soql.select((parse.FILE_FIELDS,), 'ContentDocumentLinks')})",
            f"({soql.select(PARTICIPANT.names(Use.READ), 'Participants__r')} WHERE IsDeleted = false)",
        ),
        MAIL.name,
    )
    + " WHERE "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """A query and what its records are: Contact, Account, Email__c, a participant or Task."""

    object: str
    request: CompositeRequest


class SalesforceDirectory:
    """The port Directory, for one run. `fields` gives the Email-type fields once the setup has been read."""

    def __init__(self, client: SalesforceClient, fields: Callable[[], EmailFields]) -> None:
        self._client = client
        self._fields = fields
        self._known: dict[NormalAddress, tuple[Hit, ...]] = {}
        self._watch = ChangeWatch(client)

    @property
    def shared_activities(self) -> bool:
        """Whether a Task may name several Contacts."""
        return self._fields().shared_activities

    def expect(self, watch: Watch) -> None:
        """Find out what changed along with the next look-up."""
        self._watch.expect(watch)

    @reads_answers
    def changes(self) -> Changes:
        """What changed. A call only where there was nothing to look up since `expect`."""
        if self._watch.pending:
            self.look_up((), ())
        return self._watch.found

    @reads_answers
    def look_up(
        self, addresses: Iterable[NormalAddress], copies: Iterable[tuple[str, str | None]]
    ) -> tuple[Hits, Sequence[StoredEmail]]:
        """Clients by address and stored mail by (Message_Key__c, Message-ID). Nothing new to ask is no call."""
        wanted = list(dict.fromkeys(addresses))
        new = [address for address in wanted if address not in self._known]
        found: dict[NormalAddress, dict[str, Hit]] = {address: {} for address in new}
        emails: dict[str, StoredEmail] = {}
        tasks = FoundTasks()
        parts = list(self._parts(copies))
        also = self._watch.conditions()
        queries = [
            *self._client_queries(new, also),
            *self._stored_queries(parts, also.get(MAIL.name, "")),
            *(_Query(object=name, request=request) for name, request in self._watch.requests()),
        ]
        by_email = [self._tasks_query("Email__r.", part) for part in parts]
        at_once = len(queries) + len(by_email) <= MAX_HEAVY
        for query, record in self._asked([*queries, *by_email] if at_once else queries):
            self._keep(query.object, record, found, emails, tasks)
        if not at_once:
            for query, record in self._asked(list(self._tasks_by_id(emails))):
                self._keep(query.object, record, found, emails, tasks)
        self._watch.pending = False
        self._known |= {address: tuple(by_id.values()) for address, by_id in found.items()}
        return {address: self._known[address] for address in wanted}, [*map(tasks.of, emails.values())]

    def forget(self, addresses: Iterable[NormalAddress]) -> None:
        """Ask anew who has these addresses, when they are looked up next."""
        for address in addresses:
            self._known.pop(address, None)

    def _asked(self, queries: Sequence[_Query]) -> Iterator[tuple[_Query, dict[str, Any]]]:
        answers = self._client.each([query.request for query in queries])
        for query, (_, answer) in zip(queries, answers, strict=True):
            for record in self._client.records(answer.body):
                yield query, record

    def _keep(
        self,
        object_name: str,
        record: dict[str, Any],
        found: dict[NormalAddress, dict[str, Hit]],
        emails: dict[str, StoredEmail],
        tasks: FoundTasks,
    ) -> None:
        if object_name == MAIL.name:
            self._watch.keep_email(record)
            email = parse.stored_email(record)
            emails[email.id] = email
        elif object_name == PARTICIPANT.name:
            self._watch.keep_participant(record)
        elif object_name == TASK.name:
            tasks.keep(record)
        else:
            client = ClientObject(object_name)
            hits = parse.hits(client, record, self._fields_of(client))
            self._watch.keep_client(record, hits)
            for address, hit in hits:
                if address in found:
                    found[NormalAddress(address)][hit.id] = hit

    def _fields_of(self, object_name: ClientObject) -> tuple[str, ...]:
        fields = self._fields()
        return fields.contact if object_name == ClientObject.CONTACT else fields.account

    def _client_queries(self, addresses: Sequence[NormalAddress], also: Mapping[str, str]) -> Iterable[_Query]:
        spellings = sorted({form for address in addresses for form in (address, readable(address))})
        askable = [form for form in spellings if form and len(form) <= MAX_EMAIL]
        for object_name in ClientObject:
            fields = self._fields_of(object_name)
            if not fields:
                continue
            columns = ["Id", "CreatedDate", *(["AccountId"] if object_name == ClientObject.CONTACT else []), *fields]
            further = also.get(object_name, "")
            if further:
                columns.append("SystemModstamp")
            parts = list(soql.chunks(askable, room=_ROOM, times=len(fields)))
            for number, part in enumerate(parts or ([[]] if further else [])):
                where = soql.any_of((field, part) for field in fields)
                where = " OR ".join(filter(None, (where, further if number == 0 else "")))
                text = f"SELECT {', '.join(columns)} FROM {object_name} WHERE {where}"  # noqa: S608 - quoted by soql
                yield _Query(object=object_name, request=self._client.query(text, f"the object {object_name}"))

    @staticmethod
    def _parts(copies: Iterable[tuple[str, str | None]]) -> Iterator[tuple[list[str], list[str]]]:
        """Keys and Message-IDs, in parts that fit into one query each."""
        pairs = list(copies)
        keys = sorted({key for key, _ in pairs})
        ids = sorted({cut(clean(mid), MAX_MESSAGE_ID) for _, mid in pairs if mid})
        marked = [f"k{key}" for key in keys] + [f"i{mid}" for mid in ids if mid]
        for part in soql.chunks(marked, room=_ROOM):
            yield [mark[1:] for mark in part if mark[0] == "k"], [mark[1:] for mark in part if mark[0] == "i"]

    def _same_mail(self, path: str, part: tuple[list[str], list[str]]) -> str:
        wire = self._client.names.wire
        return soql.any_of(((wire(f"{path}Message_Key__c"), part[0]), (wire(f"{path}Internet_Message_Id__c"), part[1])))

    def _stored_queries(self, parts: Sequence[tuple[list[str], list[str]]], further: str) -> Iterable[_Query]:
        conditions = [self._same_mail("", part) for part in parts] or ([""] if further else [])
        for number, condition in enumerate(conditions):
            where = " OR ".join(filter(None, (condition, further if number == 0 else "")))
            request = self._client.query(self._client.names.wire(_STORED) + where, "the object Email__c", deleted=True)
            yield _Query(object=MAIL.name, request=request)

    def _tasks_query(self, path: str, part: tuple[list[str], list[str]]) -> _Query:
        text = f"{self._select_tasks()}({self._same_mail(path, part)})"
        return _Query(object=TASK.name, request=self._client.query(text, "the Tasks of stored mail", deleted=True))

    def _tasks_by_id(self, ids: Iterable[str]) -> Iterator[_Query]:
        wire = self._client.names.wire
        for part in soql.chunks(ids, room=_ROOM):
            text = self._select_tasks() + wire("Email__c") + " IN " + soql.in_list(part)
            yield _Query(object=TASK.name, request=self._client.query(text, "the Tasks of stored mail", deleted=True))

    def _select_tasks(self) -> str:
        return self._client.names.wire(select(shared=self.shared_activities))
