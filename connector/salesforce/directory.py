"""Who is a client, and what is stored: looked up for a whole chunk of messages in as few calls as the limits allow.

Addresses are remembered for the run, also those without a record; stored mail is not, since the run itself adds to it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.core.deciding.address import readable
from connector.core.deciding.copies import SENT_WITHIN
from connector.core.writing.blanking import BY_KEY, names_mail
from connector.core.writing.rematch import Changes, Watch
from connector.core.writing.text import clean, cut
from connector.model.org import ClientObject, Hit, Hits
from connector.model.records import StoredEmail, StoredKey
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
_NEVER = datetime.min.replace(tzinfo=UTC)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one query asks for. `span`: when mail was sent that may have one of the ids; None for mail of any time."""

    keys: list[str]
    ids: list[str]
    span: tuple[datetime, datetime] | None = None


def _span(times: Sequence[datetime | None]) -> tuple[datetime, datetime] | None:
    """From the first to the last, with the time by which copies may differ."""
    known = [time for time in times if time is not None]
    return (min(known) - SENT_WITHIN, max(known) + SENT_WITHIN) if known and len(known) == len(times) else None


def _around(spans: Sequence[tuple[datetime, datetime] | None]) -> tuple[datetime, datetime] | None:
    known = [span for span in spans if span is not None]
    if not known or len(known) < len(spans):
        return None
    return min(span[0] for span in known), max(span[1] for span in known)


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
        self, addresses: Iterable[NormalAddress], copies: Iterable[StoredKey]
    ) -> tuple[Hits, Sequence[StoredEmail]]:
        """Clients by address and stored mail by key or Message-ID. Nothing new to ask is no call."""
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
        removed = self._watch.task_condition()
        by_email = [self._tasks_query(self._same_mail("Email__r.", part)) for part in parts]
        if removed:
            by_email[:1] = [self._tasks_query(*(self._same_mail("Email__r.", part) for part in parts[:1]), removed)]
        at_once = len(queries) + len(by_email) <= MAX_HEAVY
        for query, record in self._asked([*queries, *by_email] if at_once else queries):
            self._keep(query.object, record, found, emails, tasks)
        if not at_once:
            by_id = [self._tasks_query(removed)] if removed else []
            for query, record in self._asked([*by_id, *self._tasks_by_id(emails)]):
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
            email = parse.stored_email(record)
            if email.is_deleted and record["LastModifiedById"] == self._client.identity.user:
                return  # at the end of its retention, or as a double: no person wanted it away
            self._watch.keep_email(record, email)
            emails[email.id] = email
        elif object_name == PARTICIPANT.name:
            self._watch.keep_participant(record)
        elif object_name == TASK.name:
            self._watch.keep_task(record)
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
    def _parts(copies: Iterable[StoredKey]) -> Iterator["_Part"]:
        """Keys and Message-IDs, in parts that fit into one query each, those sent at about one time together."""
        wanted = list(copies)
        keys = sorted({f"k{copy.key}" for copy in wanted})
        times: dict[str, list[datetime | None]] = {}
        for copy in wanted:
            if mid := cut(clean(copy.message_id or ""), MAX_MESSAGE_ID):
                times.setdefault(f"i{mid}", []).append(copy.sent_at)
            if not names_mail(copy.message_id):  # what keeps its place when it was deleted is found by its key
                times.setdefault(f"i{BY_KEY}{copy.key}", []).append(copy.sent_at)
        spans = {mark: _span(sent) for mark, sent in times.items()}
        ids = sorted(spans, key=lambda mark: (spans[mark] or (_NEVER, _NEVER), mark))
        for part in soql.chunks([*keys, *ids], room=_ROOM):
            found = [spans[mark] for mark in part if mark in spans]
            yield _Part(
                keys=[mark[1:] for mark in part if mark[0] == "k"],
                ids=[mark[1:] for mark in part if mark[0] == "i"],
                span=_around(found),
            )

    def _same_mail(self, path: str, part: "_Part") -> str:
        """Rows with one of the keys, or with one of the ids that were sent at about that time."""
        wire = self._client.names.wire
        by_key = soql.any_of([(wire(f"{path}Message_Key__c"), part.keys)])
        by_id = soql.any_of([(wire(f"{path}Internet_Message_Id__c"), part.ids)])
        if by_id and part.span is not None:
            sent = wire(f"{path}Sent_At__c")
            first, last = (soql.instant(moment) for moment in part.span)
            by_id = f"({by_id} AND {sent} >= {first} AND {sent} <= {last})"
        return " OR ".join(filter(None, (by_key, by_id)))

    def _stored_queries(self, parts: Sequence[_Part], further: str) -> Iterable[_Query]:
        conditions = [self._same_mail("", part) for part in parts] or ([""] if further else [])
        for number, condition in enumerate(conditions):
            where = " OR ".join(filter(None, (condition, further if number == 0 else "")))
            request = self._client.query(self._client.names.wire(_STORED) + where, "the object Email__c", deleted=True)
            yield _Query(object=MAIL.name, request=request)

    def _tasks_query(self, *conditions: str) -> _Query:
        text = f"{self._select_tasks()}({' OR '.join(conditions)})"
        return _Query(object=TASK.name, request=self._client.query(text, "the Tasks of stored mail", deleted=True))

    def _tasks_by_id(self, ids: Iterable[str]) -> Iterator[_Query]:
        wire = self._client.names.wire
        for part in soql.chunks(ids, room=_ROOM):
            text = self._select_tasks() + wire("Email__c") + " IN " + soql.in_list(part)
            yield _Query(object=TASK.name, request=self._client.query(text, "the Tasks of stored mail", deleted=True))

    def _select_tasks(self) -> str:
        return self._client.names.wire(select(shared=self.shared_activities))
