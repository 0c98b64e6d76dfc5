"""Mail that is stored twice: found by its Message-ID; what one has goes to the other, and then it is deleted."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from connector.core.writing.blanking import only_of
from connector.core.writing.pack import MAX_ROWS
from connector.model.records import MailTask, MatchStatus, Merge, Row, RowError, StoredEmail
from connector.model.schema import FILE, MAIL, TASK, Use
from connector.model.values import RecordId, batched
from connector.salesforce import parse, soql
from connector.salesforce.collections import as_collection, as_record, updates
from connector.salesforce.removal import Removal

#: A query with groups is answered in one piece of so many at most (SOQL reference, "GROUP BY").
_GROUPS = 2_000
#: Message-IDs of one query: all their rows are in memory together.
_IDS = 200
_ID = "Internet_Message_Id__c"
_LINK, _DOCUMENT = "ContentDocumentLink", "ContentDocument"
_SINCE = f" WHERE SystemModstamp >= {{since}} AND Match_Status__c != '{MatchStatus.REMOVED}' AND {_ID} "
_TWICE = soql.select((_ID,), MAIL.name) + _SINCE
_TASKS = soql.select(("Id", "WhoId", "WhatId", "Email__c", "Task_Key__c"), TASK.name)
_VERSIONS = soql.select(("Id", "ContentDocumentId"), FILE.name) + " WHERE IsLatest = true AND ContentDocumentId IN "


class Merging(Removal):
    """What the port StoredMail needs for mail that is stored twice. Not thread-safe."""

    def with_one_id(self, *, since: datetime) -> Iterator[Sequence[StoredEmail]]:
        """The mails that changed since then and have one Message-ID with another of them, id by id."""
        # an empty text is null, and nothing is greater than that
        wire, further = self._client.names.wire, "!= null"
        after = soql.instant(since)
        while True:
            text = (
                wire(_TWICE).format(since=after)
                + f"{further} GROUP BY {wire(_ID)} HAVING COUNT(Id) > 1"
                + f" ORDER BY {wire(_ID)} LIMIT {_GROUPS}"
            )
            [groups] = self._records([self._client.query(text, "the object Email__c")])
            ids = [str(group[_ID]) for group in groups]
            for part in batched(ids, _IDS):
                text = wire(soql.select(MAIL.names(Use.READ), MAIL.name) + _SINCE).format(since=after)
                [rows] = self._records([self._client.query(f"{text}IN {soql.in_list(part)}", "the object Email__c")])
                yield [parse.stored_email(row) for row in rows]
            if len(ids) < _GROUPS:
                return
            further = f"> {soql.quote(ids[-1])}"

    def tasks(self, emails: Sequence[RecordId]) -> list[MailTask]:
        """The Tasks below these mails. queryAll finds archived ones too."""
        wire = self._client.names.wire
        asked = [
            self._client.query(
                f"{wire(_TASKS)} WHERE IsDeleted = false AND {wire('Email__c')} IN {soql.in_list(part)}",
                "the Tasks of stored mail",
                deleted=True,
            )
            for part in batched(emails, MAX_ROWS)
        ]
        return [
            MailTask(
                id=RecordId(str(row["Id"])),
                email=RecordId(str(row["Email__c"])),
                key=str(row["Task_Key__c"] or ""),
                who=RecordId(str(row["WhoId"])) if row["WhoId"] else None,
                what=RecordId(str(row["WhatId"])) if row["WhatId"] else None,
            )
            for part in batched(asked, 5)
            for rows in self._records(part)
            for row in rows
        ]

    def take_over(self, merges: Sequence[Merge], *, today: datetime) -> dict[RecordId, RowError]:
        """Carry out merges whose rows are written, as the port says. `today`: the org's clock."""
        refused: dict[str, RowError] = {}
        for step in (self._rename, self._link, self._delete_second_files, self._delete_second_tasks):
            refused |= step([each for each in merges if each.younger not in refused])
        ended = [each.younger for each in merges if each.younger not in refused]
        # marked as mail whose time is over: that is what deletes it where this is broken off, and in the recycle bin
        # it is not taken for mail that a person deleted
        over = {"Match_Status__c": MatchStatus.UNMATCHED, "Expires_On__c": today.date() - timedelta(days=2)}
        refused |= self._write([self._marked(email, over) for email in ended])
        refused |= self._delete({email: email for email in ended if email not in refused}, MAIL.name)
        return {RecordId(email): error for email, error in refused.items()}

    @staticmethod
    def _marked(email: RecordId, fields: Mapping[str, object]) -> Row:
        return Row(object=MAIL.name, key_field="Message_Key__c", key="", fields=fields, id=email)

    # -- files ------------------------------------------------------------------------------------------------------

    def _rename(self, merges: Sequence[Merge]) -> dict[str, RowError]:
        """Give files the keys that they have below the mail that stays, before they are linked to it."""
        keys = {file.document: (file.key, each.younger) for each in merges for file in each.files if file.key}
        refused: dict[str, RowError] = {}
        for part in batched(sorted(keys), MAX_ROWS):
            text = _VERSIONS + soql.in_list(part)
            [versions] = self._records([self._client.query(text, f"the object {FILE.name}")])
            owners = {str(row["Id"]): keys[RecordId(str(row["ContentDocumentId"]))] for row in versions}
            rows = [{"id": id_, "Attachment_Key__c": key} for id_, (key, _) in owners.items()]
            sent = self._sent(updates(self._client.names, FILE.name, rows))
            named = [Row(object=FILE.name, key_field="Id", key=id_, fields={}) for id_ in owners]
            refused |= {owners[row.key][1]: error for row, error in self._refusals(named, sent)}
        return refused

    def _link(self, merges: Sequence[Merge]) -> dict[str, RowError]:
        links = [(each, file.document) for each in merges for file in each.files]
        refused: dict[str, RowError] = {}
        for part in batched(links, MAX_ROWS):
            fields = [
                {"ContentDocumentId": file, "LinkedEntityId": each.older, "ShareType": "V", "Visibility": "AllUsers"}
                for each, file in part
            ]
            rows = [Row(object=_LINK, key_field="Id", key=each.younger, fields={}) for each, _ in part]
            records = [as_record(self._client.names, _LINK, each) for each in fields]
            sent = self._sent([as_collection(_LINK, records, method="POST")])
            # it is linked already where an earlier merge was broken off
            refused |= {row.key: error for row, error in self._refusals(rows, sent) if error.code != "DUPLICATE_VALUE"}
        return refused

    # -- what is there twice ----------------------------------------------------------------------------------------

    def _delete_second_files(self, merges: Sequence[Merge]) -> dict[str, RowError]:
        documents = {str(file): str(each.younger) for each in merges for file in each.documents}
        linked: dict[str, list[str]] = {document: [] for document in documents}
        for part in batched(sorted(documents), MAX_ROWS):
            [rows] = self._records([self._links("ContentDocumentId", part)])
            for row in rows:
                linked[str(row["ContentDocumentId"])].append(str(row["LinkedEntityId"]))
        # a link to a file of others goes with the mail
        own = only_of(linked, documents.values())
        return self._delete({document: documents[document] for document in own}, _DOCUMENT)

    def _delete_second_tasks(self, merges: Sequence[Merge]) -> dict[str, RowError]:
        return self._delete({str(task): str(each.younger) for each in merges for task in each.tasks}, TASK.name)
