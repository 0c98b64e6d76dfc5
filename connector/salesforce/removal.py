"""Takes stored mail away: blanks what a person removed, keeps away what a person deleted, deletes what was kept for its
time only, with all its files. Error rows forget what they said of it.

Children go first, the mail itself last, so that a mail whose removal breaks off in between is found again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from connector.codes import ErrorStatus
from connector.core.writing.blanking import FORGOTTEN, blanked, only_of, tombstone
from connector.core.writing.pack import MAX_ROWS
from connector.model.records import MatchStatus, Row, RowError, RowResult, StoredEmail
from connector.model.schema import ERROR, MAIL, PARTICIPANT
from connector.model.values import RecordId, batched
from connector.salesforce import soql
from connector.salesforce.client import CompositeRequest, SalesforceClient
from connector.salesforce.collections import deletions, updates
from connector.salesforce.errors import error_for
from connector.salesforce.limits import OrgFaultWatch
from connector.salesforce.results import row_error, row_results

#: The row is gone already: another user deleted it meanwhile.
_GONE = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})
_PARTICIPANTS = soql.select(("Id", "Email__c"), PARTICIPANT.name) + " WHERE Email__c IN "
#: queryAll finds archived Tasks too.
_TASKS = soql.select(("Id", "Email__c"), "Task") + " WHERE IsDeleted = false AND Email__c IN "
_LINKS = soql.select(("Id", "LinkedEntityId", "ContentDocumentId"), "ContentDocumentLink") + " WHERE {} IN "
_IDS = soql.select(("Id", "Internet_Message_Id__c"), MAIL.name) + " WHERE Id IN "
_ERRORS = soql.select(("Id", "Email__c", "Internet_Message_Id__c"), ERROR.name)
_ALIVE = soql.select(("Id",), MAIL.name) + " WHERE Id IN "
_EXPIRED = (
    soql.select(("Id", "Internet_Message_Id__c"), MAIL.name)
    + f" WHERE Match_Status__c = '{MatchStatus.UNMATCHED}' AND Expires_On__c < {{today}} AND Id IN "
)


#: Mails of one query for error rows: a Message-ID stands in it twice.
_FORGOTTEN_AT_ONCE = 50
_SETTLED = {"Status__c": ErrorStatus.RESOLVED.value, "Next_Attempt_At__c": None}


class Removal:
    """Blanks and deletes stored mail, and counts refusals over a run. Not thread-safe."""

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client
        self._watch = OrgFaultWatch()

    def blank(self, emails: Sequence[RecordId]) -> dict[RecordId, RowError]:
        """Blank removed mails; what was refused, by mail. Raises OrgFaultError where all is."""
        refused: dict[RecordId, RowError] = {}
        for part in batched(emails, MAX_ROWS):
            refused |= self._blank(part)
        return refused

    def delete(self, emails: Sequence[RecordId], *, today: date) -> dict[RecordId, RowError]:
        """Delete the mails that are still to be deleted; what was refused, by mail. Raises OrgFaultError."""
        refused: dict[RecordId, RowError] = {}
        for part in batched(emails, MAX_ROWS):
            text = self._client.names.wire(_EXPIRED).format(today=today.isoformat()) + soql.in_list(part)
            links = self._links("LinkedEntityId", part)
            [expired, linked] = self._records([self._client.query(text, "the object Email__c"), links])
            still = [str(row["Id"]) for row in expired]
            owners, _ = self._files([row for row in linked if row["LinkedEntityId"] in still], still)
            failed = self._delete(owners, "ContentDocument")
            failed |= self._forget({str(row["Id"]): row["Internet_Message_Id__c"] for row in expired})
            # a link to a file of others goes with the mail
            mails = {mail: mail for mail in still if mail not in failed}
            refused |= {RecordId(mail): error for mail, error in (failed | self._delete(mails, "Email__c")).items()}
        return refused

    def _blank(self, emails: Sequence[RecordId]) -> dict[RecordId, RowError]:
        wire, query = self._client.names.wire, self._client.query
        ids = soql.in_list(emails)
        mails, participants, tasks, links = self._records(
            [
                query(wire(_IDS) + ids, "the object Email__c"),
                query(wire(_PARTICIPANTS) + ids, "the object Email_Participant__c"),
                query(wire(_TASKS) + ids, "the Tasks of stored mail", deleted=True),
                self._links("LinkedEntityId", emails),
            ]
        )
        documents, unlinked = self._files(links, emails)
        failed = self._forget({str(row["Id"]): row["Internet_Message_Id__c"] for row in mails})
        for name, owners in (
            ("Task", {str(row["Id"]): str(row["Email__c"]) for row in tasks}),
            ("Email_Participant__c", {str(row["Id"]): str(row["Email__c"]) for row in participants}),
            ("ContentDocument", documents),
            ("ContentDocumentLink", unlinked),
        ):
            failed |= self._delete(owners, name)
        left = [email for email in emails if email not in failed]
        failed |= self._write([blanked(email) for email in left])
        return {RecordId(email): error for email, error in failed.items()}

    def keep_away(self, deleted: Sequence[StoredEmail]) -> dict[RecordId, RowError]:
        """Tombstones of deleted mails; what was refused, by mail. Raises OrgFaultError where all is."""
        failed = self._forget({str(email.id): email.internet_message_id for email in deleted})
        rows = {str(email.id): tombstone(email) for email in deleted if email.id not in failed}
        refused = self._upsert(rows)
        # an owner who left may be refused; whose it is matters for nothing that it says
        nobodys = {
            id_: replace(rows[id_], fields={k: v for k, v in rows[id_].fields.items() if k != "OwnerId"})
            for id_ in refused
        }
        failed |= self._upsert(nobodys) if nobodys else {}
        return {RecordId(id_): error for id_, error in failed.items()}

    def take_back(self, tombstones: Mapping[RecordId, RecordId]) -> None:
        """Delete the tombstones of mails that are there again."""
        wire = self._client.names.wire
        for part in batched(sorted(tombstones), MAX_ROWS):
            originals = soql.in_list([tombstones[id_] for id_ in part])
            [rows] = self._records([self._client.query(wire(_ALIVE) + originals, "the object Email__c")])
            alive = {str(row["Id"]) for row in rows}
            self._delete({id_: id_ for id_ in part if tombstones[id_] in alive}, "Email__c")

    # -- error rows --------------------------------------------------------------------------------------------------

    def _forget(self, mails: Mapping[str, str | None]) -> dict[str, RowError]:
        """Empty the error rows of these mails, of messages of theirs that failed before they were stored too.

        `mails`: their Message-IDs. The refusals, by mail.
        """
        names = self._client.names
        rows: dict[str, Row] = {}
        owners: dict[str, str] = {}
        for part in batched(sorted(mails), _FORGOTTEN_AT_ONCE):
            # a row has the Message-ID as Graph shows it, a mail without its <>
            by_id = {form: id_ for id_ in part if (mid := mails[id_]) for form in (mid, f"<{mid}>")}
            where = soql.any_of(((names.wire("Email__c"), part), (names.wire("Internet_Message_Id__c"), sorted(by_id))))
            text = f"{names.wire(_ERRORS)} WHERE {where}"
            [found] = self._records([self._client.query(text, f"rows of {ERROR.name}")])
            for record in found:
                id_, mail = str(record["Id"]), record["Email__c"]
                settled = _SETTLED if mail in mails else {}
                rows[id_] = _update(ERROR.name, id_, {**FORGOTTEN, **settled})
                owners[id_] = str(mail) if mail in mails else by_id.get(record["Internet_Message_Id__c"], part[0])
        requests = updates(names, ERROR.name, [{"id": row.id, **row.fields} for row in rows.values()])
        refused = self._refusals([*rows.values()], self._sent(requests))
        return {owners[row.key]: error for row, error in refused}

    # -- files ------------------------------------------------------------------------------------------------------

    def _links(self, field: str, ids: Iterable[str]) -> CompositeRequest:
        return self._client.query(_LINKS.format(field) + soql.in_list(ids), "the files of stored mail")

    def _files(
        self, links: Sequence[Mapping[str, Any]], emails: Iterable[str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Files that are these mails' alone, and links to the others; each with its mail."""
        mails = {str(link["ContentDocumentId"]): str(link["LinkedEntityId"]) for link in links}
        if not mails:
            return {}, {}
        linked: dict[str, list[str]] = {document: [] for document in mails}
        for part in batched(sorted(mails), MAX_ROWS):
            [rows] = self._records([self._links("ContentDocumentId", part)])
            for row in rows:
                linked[str(row["ContentDocumentId"])].append(str(row["LinkedEntityId"]))
        own = only_of(linked, emails)
        shared = {
            str(link["Id"]): str(link["LinkedEntityId"]) for link in links if link["ContentDocumentId"] not in own
        }
        return {document: mail for document, mail in mails.items() if document in own}, shared

    # -- calls ------------------------------------------------------------------------------------------------------

    def _records(self, requests: Sequence[CompositeRequest]) -> list[list[dict[str, Any]]]:
        return [list(self._client.records(answer.body)) for answer in self._client.composite(requests)]

    def _delete(self, owners: Mapping[str, str], object_name: str) -> dict[str, RowError]:
        """Delete rows; the refusals, by the mail that each belongs to."""
        ids = sorted(owners)
        rows = [Row(object=object_name, key_field="Id", key=id_, fields={}) for id_ in ids]
        refused = self._refusals(rows, self._sent(deletions(object_name, ids)))
        return {owners[row.key]: error for row, error in refused}

    def _write(self, rows: Sequence[Row]) -> dict[str, RowError]:
        requests = updates(self._client.names, "Email__c", [{"id": row.id, **row.fields} for row in rows])
        return {str(row.id): error for row, error in self._refusals(rows, self._sent(requests))}

    def _upsert(self, rows: Mapping[str, Row]) -> dict[str, RowError]:
        """Insert rows, or find them there by their key; the refusals."""
        sent = [row.fields for row in rows.values()]
        requests = updates(self._client.names, MAIL.name, sent, key="Message_Key__c")
        owners = {row.key: id_ for id_, row in rows.items()}
        return {owners[row.key]: error for row, error in self._refusals([*rows.values()], self._sent(requests))}

    def _sent(self, requests: Iterable[CompositeRequest]) -> Iterator[Mapping[str, Any]]:
        """The result of each row, in order. Raises for a Collection that was refused in one piece."""
        for request, answer in self._client.each([*requests]):
            results = row_results(answer)
            if results is None:
                raise error_for(answer.status, answer.body, asked=request.asked, where=self._client.host)
            yield from results

    def _refusals(self, rows: Sequence[Row], results: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Row, RowError]]:
        ended = [RowResult(row=row, error=_error(result)) for row, result in zip(rows, results, strict=True)]
        self._watch.see(ended)
        yield from ((result.row, result.error) for result in ended if result.error is not None)


def _update(object_name: str, id_: str, fields: Mapping[str, Any]) -> Row:
    return Row(object=object_name, key_field="Id", key=id_, id=RecordId(id_), fields=fields)


def _error(result: Mapping[str, Any]) -> RowError | None:
    error = row_error(result)
    return None if error is None or error.code in _GONE else error
