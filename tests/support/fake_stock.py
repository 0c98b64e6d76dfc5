"""Stored mail that follows what people change, on the tables of the org in memory: the port StoredMail."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from connector.core.writing.blanking import BLANK, BLANKED, blanked
from connector.core.writing.rematch import Changes, FiledMail, Watch, parties_of
from connector.model.mail import Direction, Role
from connector.model.records import MailTask, Merge, RowError, StoredEmail
from connector.model.values import NormalAddress, RecordId
from tests.support.fake_org import FakeOrg

_FILE = "ContentVersion"


class FakeStock:
    """Asks and writes by calls of `org.call`, so that each can be the last one."""

    def __init__(self, org: FakeOrg) -> None:
        self._org = org
        self._watch: Watch | None = None

    def expect(self, watch: Watch) -> None:
        self._watch = watch

    def changes(self) -> Changes:
        """What the watch asks for: of clients what changed since, of mail whatever is left to be done."""
        watch, org, found = self._watch, self._org, Changes()
        assert watch is not None
        org.call("changes")
        for address, hits in org.clients.items():
            for hit in hits:
                changed = org.modified.get(hit.id)
                if watch.since is not None and changed is not None and changed >= watch.since:
                    found.clients.setdefault(address, set()).add(hit.id)
                    if hit.account is not None:
                        found.accounts[hit.id] = hit.account
        for id_, row in org.table("Email__c").items():
            status, expires = row["Match_Status__c"], row.get("Expires_On__c")
            if status == "Removed" and (row["Name"] != BLANKED or self._has_anything(id_, row)):
                found.removed.add(id_)
            elif status == "Unmatched":
                if any(child.get("Contact__c") or child.get("Account__c") for child in self._children(id_)):
                    found.related.add(id_)
                if row.get("Consent__c"):
                    found.related.add(id_)
                if watch.today is not None and expires is not None and expires < watch.today:
                    found.expired.add(id_)
        return found

    def mails_with(self, clients: Mapping[NormalAddress, Iterable[RecordId]]) -> Sequence[RecordId]:
        """As narrowly as the org is asked: by rows that have the address and not the record, or not its Account."""
        self._org.call("mails with")
        accounts = {hit.id: hit.account for hits in self._org.clients.values() for hit in hits}
        return [
            id_
            for id_, row in self._org.table("Email__c").items()
            if row["Match_Status__c"] != "Removed"
            and any(
                self._lacks(child, [*clients[child["Address__c"]]], accounts, self._children(id_))
                for child in self._children(id_)
                if child["Address__c"] in clients
            )
        ]

    @staticmethod
    def _lacks(
        child: Mapping[str, Any],
        records: Sequence[RecordId],
        accounts: Mapping[RecordId, RecordId | None],
        rows: Sequence[Mapping[str, Any]],
    ) -> bool:
        if len(records) != 1:
            return True
        [record] = records
        if record not in (child.get("Contact__c"), child.get("Account__c")):
            return True
        account = accounts.get(record)
        return account is not None and all(row.get("Account__c") != account for row in rows)

    def read(self, emails: Sequence[RecordId]) -> Sequence[FiledMail]:
        self._org.call("read mails")
        table = self._org.table("Email__c")
        return [self._filed(id_, table[id_]) for id_ in emails if id_ in table]

    def with_one_id(self, *, since: datetime) -> Iterable[Sequence[StoredEmail]]:
        self._org.call("with one id")
        found: dict[str, list[StoredEmail]] = defaultdict(list)
        for id_, row in self._org.table("Email__c").items():
            mid = row.get("Internet_Message_Id__c")
            if mid and row["Match_Status__c"] != "Removed" and self._org.modified[id_] >= since:
                found[mid].append(self._org.stored(id_, row))
        return [rows for rows in found.values() if len(rows) > 1]

    def tasks(self, emails: Sequence[RecordId]) -> Sequence[MailTask]:
        self._org.call("tasks")
        return [
            MailTask(
                id=id_, email=row["Email__c"], key=row["Task_Key__c"], who=row.get("WhoId"), what=row.get("WhatId")
            )
            for id_, row in self._org.table("Task").items()
            if row["Email__c"] in emails
        ]

    def take_over(self, merges: Sequence[Merge]) -> Mapping[RecordId, RowError]:
        """A call for each row, as the steps come."""
        for merge in merges:
            for file in merge.files:
                self._org.call("move file")
                self._org.edit(_FILE, file.document, Email=merge.older, Attachment_Key__c=file.key)
            for name, rows in ((_FILE, merge.documents), ("Task", merge.tasks)):
                for row in rows:
                    self._org.call(f"delete {name}")
                    del self._org.table(name)[row]
            self._org.call("delete merged")
            participants = self._org.table("Email_Participant__c")
            for child in [key for key, row in participants.items() if row["Email__c"] == merge.younger]:
                del participants[child]
            del self._org.table("Email__c")[merge.younger]
        return {}

    def blank(self, emails: Sequence[RecordId]) -> Mapping[RecordId, RowError]:
        """Children first, the mail itself last, a call for each row."""
        for id_ in emails:
            for name in ("Task", "Email_Participant__c", _FILE):
                self._delete_below(name, id_)
            self._org.call("blank")
            self._org.edit("Email__c", id_, **blanked(id_).fields)
        return {}

    def delete(self, emails: Sequence[RecordId], *, today: date) -> Mapping[RecordId, RowError]:
        """Its files first, then the mail, and its participants with it."""
        for id_ in emails:
            row = self._org.table("Email__c")[id_]
            if row["Match_Status__c"] == "Unmatched" and row["Expires_On__c"] < today:
                self._delete_below(_FILE, id_)
                self._org.call("delete")
                participants = self._org.table("Email_Participant__c")
                for child in [key for key, other in participants.items() if other["Email__c"] == id_]:
                    del participants[child]
                del self._org.table("Email__c")[id_]
        return {}

    def keep_away(self, deleted: Sequence[StoredEmail]) -> Mapping[RecordId, RowError]:
        """This org deletes for good, so that nothing deleted is ever seen."""
        assert not deleted
        return {}

    def deleted_before(self, returned: Mapping[RecordId, str]) -> set[RecordId]:
        """Nothing is deleted here, so that a Task that was there is another connector's."""
        return set()

    def take_back(self, tombstones: Mapping[RecordId, RecordId]) -> None:
        assert not tombstones

    def _delete_below(self, name: str, email: RecordId) -> None:
        field = "Email" if name == _FILE else "Email__c"
        for id_ in [id_ for id_, row in self._org.table(name).items() if row.get(field) == email]:
            self._org.call(f"delete {name}")
            del self._org.table(name)[id_]

    def _has_anything(self, id_: RecordId, row: Mapping[str, Any]) -> bool:
        """Whether a removed mail has again what was taken from it."""
        tasks = any(task["Email__c"] == id_ for task in self._org.rows("Task"))
        files = any(file["Email"] == id_ for file in self._org.rows(_FILE))
        written = any(row.get(name) for name, value in BLANK.items() if value is None)
        return bool(self._children(id_)) or tasks or files or written

    def _children(self, email: RecordId) -> list[dict[str, Any]]:
        return [row for row in self._org.rows("Email_Participant__c") if row["Email__c"] == email]

    def _filed(self, id_: RecordId, row: Mapping[str, Any]) -> FiledMail:
        return FiledMail(
            stored=self._org.stored(id_, row),
            parties=parties_of(
                (NormalAddress(child["Address__c"]), child.get("Display_Name__c", ""), Role(child["Role__c"]))
                for child in self._children(id_)
            ),
            subject=row.get("Subject__c", ""),
            preview=row.get("Preview__c", ""),
            direction=Direction(row["Direction__c"]),
            received_at=row["Received_At__c"],
            created_at=row["CreatedDate"],
            created_by=row["CreatedById"],
        )
