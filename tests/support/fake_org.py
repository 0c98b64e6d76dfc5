"""Salesforce in memory, behind its five ports, with what the platform insists on.

Unique keys, known fields and their lengths (read from our metadata), parents that exist, no audit field on an update.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from connector.core.scheduling.retry import error_key, next_attempt
from connector.core.writing.plan import FILLABLE
from connector.engine.mailboxes import FIELDS as MAILBOX_FIELDS
from connector.errors import MessageError, ServiceError
from connector.model.org import Exclusion, Hit, Hits, LoggedError, Mailbox, Org, SettledError, Setup, SyncSettings
from connector.model.records import (
    NewFile,
    Row,
    RowError,
    RowResult,
    StoredEmail,
    StoredFile,
    StoredKey,
    StoredParticipant,
)
from connector.model.run import EventRecord, Failure, MailboxUpdate
from connector.model.values import NormalAddress, RecordId
from connector.ports import Download
from tests.support.builders import NOW, settings
from tests.support.fakes import Calls

_OBJECTS = Path(__file__).parents[2] / "sfdc_objects" / "main" / "default" / "objects"
_STANDARD = {"OwnerId", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"}
_TASK = {"Subject", "WhoId", "WhatId", "TaskWhoIds", "TaskSubtype", "Status", "Priority", "ActivityDate", "Description"}
_AUDIT = _STANDARD - {"OwnerId"}
_PARENTS = {"Email__r": ("Email__c", "Message_Key__c"), "Sync_Event__r": ("MS_Graph_Sync_Event__c", "Run_Key__c")}


@cache
def fields_of(name: str) -> dict[str, int | None]:
    """The fields of an object and the length of those that have one: of our metadata, and what the platform adds."""
    folder = "Activity" if name == "Task" else name
    known: dict[str, int | None] = dict.fromkeys(_STANDARD | (_TASK if name == "Task" else {"Name"}))
    for path in (_OBJECTS / folder / "fields").glob("*.field-meta.xml"):
        root = ElementTree.parse(path).getroot()  # noqa: S314 - our own files
        told = {child.tag.rpartition("}")[2]: child.text or "" for child in root}
        length = int(told["length"]) if told["type"] in ("Text", "LongTextArea", "Html") else None
        known[told["fullName"]] = length
        if told["type"] in ("Lookup", "MasterDetail"):
            known[told["fullName"].replace("__c", "__r")] = None
    return known


#: decides about a row: the error by which it is refused, or None
Rule = Callable[[Row], RowError | None]


class FakeOrg:
    """SetupSource, Directory, RecordSink, FileSink and RunLog on one set of tables, by object and record id."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.call: Callable[[str], None] = Calls()
        self.tables: dict[str, dict[RecordId, dict[str, Any]]] = {}
        self.mailboxes: dict[RecordId, Mailbox] = {}
        self.clients: dict[NormalAddress, tuple[Hit, ...]] = {}
        self.exclusions: list[Exclusion] = []
        self.settings: SyncSettings | None = settings()
        self.sync_users: set[RecordId] = set()
        self.rule: Rule = lambda _: None
        self.forgotten: list[NormalAddress] = []
        self.down: dict[str, ServiceError] = {}
        self.calls = 0
        #: mails of each write
        self.sizes: list[int] = []
        self.on_save: Callable[[], None] = lambda: None
        self._numbers = count(1)
        #: record ids by object and external id, as long as the object has so many rows
        self._index: dict[tuple[str, str], tuple[int, dict[Any, RecordId]]] = {}
        #: one thread looks up while another writes
        self._transaction = threading.RLock()
        #: when Contacts and Accounts, and rows of mail, were changed last
        self.modified: dict[RecordId, datetime] = {}

    def client(self, hit: Hit, *addresses: str) -> None:
        """Make or change a Contact or Account: it has these addresses from now on, and no others."""
        self.modified[hit.id] = self.now
        for address in {*self.clients, *map(NormalAddress, addresses)}:
            others = tuple(other for other in self.clients.get(address, ()) if other.id != hit.id)
            self.clients[address] = (*others, hit) if address in addresses else others

    def edit(self, name: str, record: RecordId, **fields: Any) -> None:
        """Change a row, as a person may."""
        self.table(name)[record].update(fields)
        self._index.clear()
        self.modified[record] = self.now

    def table(self, name: str) -> dict[RecordId, dict[str, Any]]:
        """The rows of an object."""
        return self.tables.setdefault(name, {})

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of an object, as a list."""
        return [*self.table(name).values()]

    def by_key(self, name: str, field: str, key: Any) -> RecordId | None:
        """The row with this external id."""
        table = self.table(name)
        rows, known = self._index.get((name, field), (-1, {}))
        if rows != len(table):
            known = {row.get(field): id_ for id_, row in reversed(table.items())}
            self._index[name, field] = (len(table), known)
        found = known.get(key)
        return found if found is not None and table.get(found, {}).get(field) == key else None

    # -- SetupSource ------------------------------------------------------------------------------------------------

    def read(self) -> Setup:
        self.asked("read")
        return Setup(
            now=self.now,
            settings=self.settings,
            org=Org(id="00D000000000001AAA"),
            exclusions=tuple(self.exclusions),
            mailboxes=tuple(self.mailboxes.values()),
            sync_users=frozenset(self.sync_users),
            integration_user=RecordId("005000000000009AAA"),
            errors=tuple(self._logged(id_, row) for id_, row in self.table("MS_Graph_Sync_Error__c").items()),
        )

    @staticmethod
    def _logged(id_: RecordId, row: Mapping[str, Any]) -> LoggedError:
        return LoggedError(
            id=id_,
            key=row["Error_Key__c"],
            mailbox=row["Mailbox__c"],
            message=row["Graph_Message_Id__c"],
            internet_message_id=row["Internet_Message_Id__c"] or "",
            received_at=row["Received_At__c"],
            attempts=row["Attempts__c"],
            next_attempt_at=row["Next_Attempt_At__c"] if row["Status__c"] == "Failed" else None,
            requested=row["Status__c"] == "Retry Requested",
            email=row["Email__c"],
            code=row["Code__c"],
            text=row["Message__c"],
        )

    # -- Directory --------------------------------------------------------------------------------------------------

    def look_up(
        self, addresses: Iterable[NormalAddress], copies: Iterable[StoredKey]
    ) -> tuple[Hits, Sequence[StoredEmail]]:
        self.asked("look_up")
        wanted = [*copies]
        keys, ids = {one.key for one in wanted}, {one.message_id for one in wanted if one.message_id}
        with self._transaction:
            stored = [
                self.stored(id_, row)
                for id_, row in self.table("Email__c").items()
                if row["Message_Key__c"] in keys or row.get("Internet_Message_Id__c") in ids
            ]
        return {address: self.clients.get(address, ()) for address in addresses}, stored

    def forget(self, addresses: Iterable[NormalAddress]) -> None:
        """Nothing is remembered here but what was to be forgotten."""
        self.forgotten += addresses

    def stored(self, id_: RecordId, row: Mapping[str, Any]) -> StoredEmail:
        key = row["Message_Key__c"]
        return StoredEmail(
            id=id_,
            key=key,
            internet_message_id=row.get("Internet_Message_Id__c"),
            graph_message_id=row.get("Graph_Message_Id__c"),
            mailbox=row.get("Mailbox__c"),
            from_address=row.get("From_Address__c", ""),
            sent_at=row["Sent_At__c"],
            owner=row["OwnerId"],
            match_status=row["Match_Status__c"],
            subject=row.get("Subject__c") or "",
            consent=row.get("Consent__c") or "",
            fields={name: row.get(name) for name in FILLABLE if name != "Body__c"},
            participants=tuple(
                StoredParticipant(
                    id=child_id,
                    key=child["Participant_Key__c"],
                    address=child["Address__c"],
                    contact=child.get("Contact__c"),
                    account=child.get("Account__c"),
                )
                for child_id, child in self.table("Email_Participant__c").items()
                if child["Email__c"] == id_
            ),
            task_keys=frozenset(task["Task_Key__c"] for task in self.rows("Task") if task["Email__c"] == id_),
            related=frozenset(
                record
                for task in self.rows("Task")
                if task["Email__c"] == id_
                for record in (task.get("WhoId"), task.get("WhatId"), *task.get("TaskWhoIds", ()))
                if record
            ),
            attachment_count=row.get("Attachment_Count__c"),
        )

    # -- RecordSink -------------------------------------------------------------------------------------------------

    @property
    def files(self) -> "FakeOrg":
        return self

    def write(self, mails: Sequence[Sequence[Row]], *, event: EventRecord) -> list[list[RowResult]]:
        self.asked("write")
        self.sizes.append(len(mails))
        self._upsert_event(event)
        results: list[list[RowResult]] = []
        for rows in mails:
            results.append([])
            for row in rows:
                self.call(f"row of {row.object}")
                with self._transaction:
                    results[-1].append(self._write_row(row))
        self.call("written")
        return results

    def _write_row(self, row: Row) -> RowResult:
        error = self.rule(row) or self._unfit(row)
        if error is not None:
            return RowResult(row=row, error=error)
        fields = dict(row.fields)
        for relation in fields.keys() & _PARENTS.keys():
            table, key_field = _PARENTS[relation]
            key = fields.pop(relation)[key_field]
            parent = self.by_key(table, key_field, key)
            if parent is None:
                text = f"Foreign key external ID: {key} not found for field {key_field} in entity {table}"
                return RowResult(row=row, error=RowError(code="INVALID_FIELD", message=text))
            fields[relation.replace("__r", "__c")] = parent
        if fields.get("Mailbox__c", next(iter(self.mailboxes))) not in self.mailboxes:
            text = f"invalid cross reference id: {fields['Mailbox__c']}"
            return RowResult(row=row, error=RowError(code="INVALID_CROSS_REFERENCE_KEY", message=text))
        if row.id is not None:
            key = fields.get(row.key_field)
            if key is not None and self.by_key(row.object, row.key_field, key) not in (None, row.id):
                text = f"duplicate value found: {row.key_field} duplicates value on record with id"
                return RowResult(row=row, error=RowError(code="DUPLICATE_VALUE", message=text))
            self.edit(row.object, row.id, **fields)
            return RowResult(row=row, id=row.id)
        present = self.by_key(row.object, row.key_field, row.key)
        if present is not None:
            return RowResult(row=row, id=present, existed=True)
        id_ = self._new_id()
        self.table(row.object)[id_] = {row.key_field: row.key, **fields}
        self.modified[id_] = self.now
        rows, known = self._index[row.object, row.key_field]
        known[row.key] = id_
        self._index[row.object, row.key_field] = (rows + 1, known)
        return RowResult(row=row, id=id_)

    @staticmethod
    def _unfit(row: Row) -> RowError | None:
        known = fields_of(row.object)
        for name, value in row.fields.items():
            if name not in known:
                return RowError(code="INVALID_FIELD", message=f"No such column '{name}' on {row.object}")
            if row.id is not None and name in _AUDIT:
                return RowError(code="INVALID_FIELD_FOR_INSERT_UPDATE", message=f"Unable to update: {name}")
            length = known[name]
            if length is not None and isinstance(value, str) and len(value) > length:
                return RowError(code="STRING_TOO_LONG", message=f"{name}: data value too large", fields=(name,))
        return None

    def upload_together(self, files: Sequence[tuple[NewFile, bytes]]) -> Sequence[MessageError | None]:
        raise MessageError("no mail of this firm has files")

    def upload(self, file: NewFile, source: Callable[[], AbstractContextManager[Download]]) -> None:
        self.asked("upload")
        with source() as download:
            body = b"".join(download)
        self.table("ContentVersion")[self._new_id()] = {
            "Attachment_Key__c": file.key,
            "Email": file.email,
            "body": body,
        }

    def find(self, emails: Iterable[RecordId]) -> Mapping[RecordId, tuple[StoredFile, ...]]:
        self.asked("find files")
        files = self.table("ContentVersion").items()
        return {
            email: tuple(
                StoredFile(key=row["Attachment_Key__c"], document=id_) for id_, row in files if row["Email"] == email
            )
            for email in emails
        }

    def remove(self, documents: Sequence[RecordId]) -> None:
        self.asked("remove files")
        for document in documents:
            self.table("ContentVersion").pop(document, None)

    # -- RunLog -----------------------------------------------------------------------------------------------------

    def save(
        self,
        *,
        event: EventRecord | None,
        failures: Sequence[Failure],
        mailboxes: Sequence[MailboxUpdate],
        settled: Sequence[SettledError] = (),
        answered: Sequence[RecordId] = (),
        matched_through: tuple[RecordId, datetime] | None = None,
    ) -> None:
        """All or nothing, as one Composite request is."""
        self.asked("save")
        attributes = {name: attribute for attribute, name in MAILBOX_FIELDS.items()}
        for update in mailboxes:
            assert update.id in self.mailboxes
            assert update.fields.keys() <= fields_of("MS_Graph_User__c").keys()
        if event is not None:
            self._upsert_event(event)
        for failure in failures:
            self._log_error(event, failure)
        for error in settled:
            row = self.table("MS_Graph_Sync_Error__c")[error.id]
            row.update(Status__c=error.status.value, Next_Attempt_At__c=None)
        for update in mailboxes:
            known = {attributes[name]: value for name, value in update.fields.items() if name in attributes}
            self.mailboxes[update.id] = replace(self.mailboxes[update.id], **known)
        if matched_through is not None and self.settings is not None:
            record, through = matched_through
            assert record == self.settings.id
            self.settings = replace(self.settings, matched_through=through)
        self.on_save()
        self.call("saved")

    def _log_error(self, event: EventRecord | None, failure: Failure) -> None:
        key = failure.error_key or error_key(failure.graph_user_id, failure.message)
        present = self.by_key("MS_Graph_Sync_Error__c", "Error_Key__c", key)
        row = self.table("MS_Graph_Sync_Error__c").setdefault(present or self._new_id(), {"Error_Key__c": key})
        attempts = row.get("Attempts__c", 0) + 1
        again = next_attempt(attempts, self.now) if failure.transient else None
        row.update(
            Mailbox__c=failure.mailbox,
            Graph_Message_Id__c=failure.message,
            Internet_Message_Id__c=failure.internet_message_id,
            Received_At__c=failure.received_at,
            Code__c=failure.code,
            Message__c=failure.text,
            Attempts__c=attempts,
            Next_Attempt_At__c=again,
            Status__c="Gave Up" if failure.transient and again is None else "Failed",
            Email__c=failure.email,
            event=event.key if event is not None else None,
        )

    def _upsert_event(self, event: EventRecord) -> None:
        assert event.fields.keys() <= fields_of("MS_Graph_Sync_Event__c").keys()
        id_ = self.by_key("MS_Graph_Sync_Event__c", "Run_Key__c", event.key) or self._new_id()
        self.table("MS_Graph_Sync_Event__c").setdefault(id_, {"Run_Key__c": event.key}).update(event.fields)

    def asked(self, name: str) -> None:
        self.calls += 1
        self.call(name)
        if name in self.down:
            raise self.down[name]

    def _new_id(self) -> RecordId:
        return RecordId(f"a00{next(self._numbers):012d}AAA")
