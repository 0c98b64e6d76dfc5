"""Step 2 of a run: all that admins set, in one call. What cannot be read to its end is an error, never "none"."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connector.codes import ErrorStatus
from connector.errors import SetupError, UsageError
from connector.http.subrequest import SubResponse
from connector.model import schema
from connector.model.org import ClientObject, Exclusion, Org, Setup, SyncSettings
from connector.model.schema import ERROR, EXCLUSION, MAILBOX, Use
from connector.model.values import RecordId
from connector.salesforce import parse, rights, soql
from connector.salesforce.auth import Identity
from connector.salesforce.client import CompositeRequest, SalesforceClient
from connector.salesforce.door import reads_answers
from connector.salesforce.errors import ASSIGN, refusal
from connector.salesforce.soql import quote

SYNC_PERMISSION_SET = "Microsoft_365_Sync_User"
SETTING = schema.SETTING.name
_CLOSED = "Completed"
#: the form of a record id; text of any other form in its place is refused by the org
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")

_EXCLUSIONS = soql.select(EXCLUSION.names(Use.READ), EXCLUSION.name) + " ORDER BY Id"
_MAILBOXES = soql.select(MAILBOX.names(Use.READ), MAILBOX.name) + " ORDER BY CreatedDate, Id"
#: The holders, and with them what the connector's own user holds.
_DIRECT = """
SELECT AssigneeId, IsActive, ExpirationDate, PermissionSet.Name, {sight} FROM PermissionSetAssignment
WHERE (PermissionSet.Name = {name} AND Assignee.IsActive = true) OR AssigneeId = {user}
"""
_THROUGH_GROUPS = """
SELECT AssigneeId, IsActive, ExpirationDate FROM PermissionSetAssignment WHERE Assignee.IsActive = true
AND PermissionSetGroupId IN (SELECT PermissionSetGroupId FROM PermissionSetGroupComponent
WHERE PermissionSet.Name = {name})
"""
_ERRORS = soql.select(ERROR.names(Use.READ), ERROR.name)
_GIVEN_UP = f"Status__c IN ('{ErrorStatus.FAILED}', '{ErrorStatus.GAVE_UP}')"
_DUE = f"""
WHERE Status__c = '{ErrorStatus.RETRY_REQUESTED}'
OR (Status__c = '{ErrorStatus.FAILED}' AND Next_Attempt_At__c != null)
OR ({_GIVEN_UP} AND Sync_Event__r.Retry_Requested__c = true)
"""
#: Those that only a person can have tried again: a sweep leaves their messages alone.
_SWEPT = f"OR ({_GIVEN_UP} AND Received_At__c >= LAST_N_DAYS:{{days}})"
_OPEN = f"WHERE Status__c IN ('{ErrorStatus.FAILED}', '{ErrorStatus.GAVE_UP}', '{ErrorStatus.RETRY_REQUESTED}')"


#: Further ways to hold a permission: through a group, and by the profile.
_OWN_GROUPS = """
SELECT {sight} FROM PermissionSetGroupComponent WHERE PermissionSetGroupId IN (
SELECT PermissionSetGroupId FROM PermissionSetAssignment WHERE AssigneeId = {user})
"""
#: the field of Task that is there with Shared Activities only
_SHARED_WITH = "TaskWhoIds"
_OWN_PROFILE = "SELECT {sight} FROM User WHERE Id = {user}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailFields:
    """The fields of type Email by which clients are found, as describe shows them to the connector.

    `shared_activities`: whether a Task may name several of those clients.
    """

    contact: tuple[str, ...]
    account: tuple[str, ...]
    shared_activities: bool = False


class SalesforceSetup:
    """The port SetupSource. After `read` it also knows the Email-type fields.

    `sweep_days`: how far back the sweeps of a run go, to the messages that were given up.
    """

    def __init__(
        self, client: SalesforceClient, *, all_errors: bool = False, event: str | None = None, sweep_days: int = 35
    ) -> None:
        self._client = client
        self._event = event
        self._named: list[str] = []
        self._scope = _DUE + _SWEPT.format(days=sweep_days + 1)
        if event is not None:
            named = [f"Sync_Event__r.Run_Key__c = {quote(event)}", f"Sync_Event__r.Name = {quote(event)}"]
            if _ID.fullmatch(event):
                named.append(f"Sync_Event__c = {quote(event)}")
            self._named = named
            self._scope = f"{_OPEN} AND ({' OR '.join(named)})"
        elif all_errors:
            self._scope = _OPEN
        self._fields: EmailFields | None = None
        #: the rows of all exclusions; filled by `read`
        self.rules: list[Mapping[str, Any]] = []
        #: the users who may hold rules of their own, from the last `read`
        self.sync_users: set[RecordId] = set()
        #: how often a message was tried before, by Error_Key__c; filled by `read`, kept by the run log
        self.attempts: dict[str, int] = {}

    @property
    def email_fields(self) -> EmailFields:
        """What `read` found. Raises SetupError before that."""
        if self._fields is None:
            raise SetupError("The fields of Contact and Account were not read yet")
        return self._fields

    @property
    def now(self) -> datetime | None:
        """The Date of the newest answer (UTC); None before the first."""
        return self._client.served_at

    @reads_answers
    def read(self) -> Setup:
        """One call (more where a list has several pages). Raises SetupError for what cannot be read to its end."""
        identity = self._client.identity
        answers = self._answers(identity)
        now = self._client.now
        assignments = self._records(answers["direct"])
        self._require_sight(assignments, identity, now)
        self._fields = replace(
            _email_fields(answers["Contact"].body, answers["Account"].body, where=self._client.host),
            shared_activities=_SHARED_WITH in _field_map(answers["Task"].body),
        )
        errors = tuple(parse.logged_error(record) for record in self._records(answers["errors"]))
        if self._event is not None and not errors:
            self._require_event(self._event)
        self.attempts.update((error.key, error.attempts) for error in errors)
        self.rules[:] = self._records(answers["exclusions"])
        through_groups = self._records(answers["through groups"])
        own = (row for row in assignments if row["PermissionSet"]["Name"] == SYNC_PERMISSION_SET)
        sync_users = parse.holders([*own, *through_groups], now)
        self.sync_users.clear()
        self.sync_users.update(sync_users)
        return Setup(
            now=now,
            settings=self._settings(answers["settings"]),
            org=self._org(identity.org, answers),
            exclusions=_exclusions(self.rules),
            mailboxes=tuple(parse.mailbox(record) for record in self._records(answers["mailboxes"])),
            sync_users=sync_users,
            integration_user=identity.user,
            errors=errors,
        )

    def _require_event(self, event: str) -> None:
        """Raises UsageError where no event has this name: a slip of the finger is not "nothing left to do"."""
        named = [each.replace("Sync_Event__r.", "").replace("Sync_Event__c", "Id") for each in self._named]
        wire = self._client.names.wire
        asked = wire(soql.select(("Id",), schema.EVENT.name) + f" WHERE {' OR '.join(named)} LIMIT 1")
        [found] = self._client.composite([self._client.query(asked, wire(_object(schema.EVENT.name)))])
        if not self._records(found):
            raise UsageError(
                f"There is no sync event {event}",
                where="--event",
                remedy="Give its id, its name, such as RUN-000004, or its Run Key, as MS Graph Sync Events show them.",
            )

    def _answers(self, identity: Identity) -> dict[str, SubResponse]:
        """The answers by name. Raises SetupError that names every object, or every field, that is not there."""
        requests = self._requests(identity)
        answers = dict(
            zip(
                requests,
                self._client.composite([replace(request, raw=True) for request in requests.values()]),
                strict=True,
            )
        )
        refused = [
            (answer.status, answer.body, requests[name].asked)
            for name, answer in answers.items()
            if answer.status >= 300 and not (answer.status == 404 and requests[name].absent_ok)
        ]
        error = refusal(refused, where=self._client.host) if refused else None
        if error is not None and error.code != "INVALID_FIELD":
            raise error
        # a query is refused for the first field that is missing; these are all of them
        describes = {name: answers[name].body for name in rights.objects()}
        rights.require_writing(describes, self._client.names, where=self._client.host)
        if error is not None:
            raise error
        return answers

    def _require_sight(self, assignments: list[dict[str, Any]], identity: Identity, now: datetime) -> None:
        """What is hidden from the connector's user would be missing in silence."""
        own = [row for row in assignments if row["AssigneeId"] == identity.user]
        grants = rights.grants_of(own, now)
        if not rights.sees_everything(grants):
            grants += self._further_grants(identity)
        rights.require_sight(grants, where=self._client.host)

    def _further_grants(self, identity: Identity) -> list[Mapping[str, Any]]:
        user = quote(identity.user)
        through = _flat(_OWN_GROUPS).format(sight=_sight("PermissionSet"), user=user)
        profile = _OWN_PROFILE.format(sight=_sight("Profile"), user=user)
        query = self._client.query
        answers = self._client.composite([query(through, "its permission set groups"), query(profile, "its profile")])
        rows = [row for answer in answers for row in self._records(answer)]
        return [grant for row in rows for grant in (row.get("PermissionSet") or row.get("Profile"),) if grant]

    def _requests(self, identity: Identity) -> dict[str, CompositeRequest]:
        client = self._client
        query, wire = client.query, client.names.wire
        direct = _flat(_DIRECT).format(
            name=quote(SYNC_PERMISSION_SET), user=quote(identity.user), sight=_sight("PermissionSet")
        )
        through = _flat(_THROUGH_GROUPS).format(name=quote(SYNC_PERMISSION_SET))
        described = dict.fromkeys((*ClientObject, *rights.objects()))
        organization = f"sobjects/Organization/{identity.org}?fields=Id,TimeZoneSidKey"
        return {
            "Organization": CompositeRequest(url=organization, asked="the object Organization"),
            "settings": CompositeRequest(
                url=client.row(SETTING, "Key__c", parse.SETTING_KEY), asked=_object(SETTING), absent_ok=True
            ),
            "exclusions": query(wire(_EXCLUSIONS), wire(_object(EXCLUSION.name)), deleted=True),
            "mailboxes": query(wire(_MAILBOXES), wire(_object(MAILBOX.name))),
            "direct": query(direct, "permission set assignments"),
            "through groups": query(through, "permission set group assignments"),
            "errors": query(wire(_flat(f"{_ERRORS} {self._scope}")), wire(_object(ERROR.name))),
            **{
                name: CompositeRequest(url=f"sobjects/{wire(name)}/describe", asked=wire(_object(name)))
                for name in described
            },
        }

    def _records(self, answer: SubResponse) -> list[dict[str, Any]]:
        return list(self._client.records(answer.body))

    def _settings(self, answer: SubResponse) -> SyncSettings | None:
        if answer.status != 404:
            return parse.settings(self._client.names.plain(answer.body))
        # 404 also stands for an object that is not there, and for a record that lost its key
        asked = self._client.names.wire("SELECT Id, Name, Key__c FROM MS_Graph_Setting__c LIMIT 1")
        [found] = self._client.composite([self._client.query(asked, f"the object {SETTING}")])
        for record in self._client.records(found.body):
            raise parse.wrong_key(record)
        return None

    def _org(self, org: str, answers: Mapping[str, SubResponse]) -> Org:
        task = _field_map(answers["Task"].body)
        return Org(
            id=org,
            url=f"https://{self._client.host}",
            email_object=self._client.names.wire("Email__c"),
            time_zone=parse.time_zone(answers["Organization"].body),
            shared_activities=_SHARED_WITH in task,
            person_accounts="IsPersonAccount" in _field_map(answers["Account"].body),
            closed_status=self._closed_status(task.get("Status")),
        )

    def _closed_status(self, status: Mapping[str, Any] | None) -> str:
        """`Completed` if the org has it, else the first that TaskStatus calls closed."""
        values = {str(item["value"]) for item in (status or {}).get("picklistValues", ()) if item.get("active", True)}
        if _CLOSED in values:
            return _CLOSED
        asked = "SELECT ApiName FROM TaskStatus WHERE IsClosed = true ORDER BY SortOrder LIMIT 1"
        [answer] = self._client.composite([self._client.query(asked, "the object TaskStatus")])
        for record in self._client.records(answer.body):
            return str(record["ApiName"])
        raise SetupError(
            "No Task status is closed", where="TaskStatus", remedy="Mark a value of the field Status of Task as closed."
        )


def _flat(soql: str) -> str:
    return " ".join(soql.split())


def _object(name: str) -> str:
    return f"the object {name}"


def _sight(parent: str) -> str:
    return ", ".join(f"{parent}.{column}" for column in rights.SIGHT)


def _exclusions(records: Iterable[Mapping[str, Any]]) -> tuple[Exclusion, ...]:
    """All rules; one that was deleted and copied into an inactive row counts once."""
    rows = list(records)
    copied = {str(row["Tombstone_Of__c"]) for row in rows if row.get("Tombstone_Of__c") and not row["IsDeleted"]}
    return tuple(parse.exclusion(row) for row in rows if not (row["IsDeleted"] and row["Id"] in copied))


def _field_map(describe: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(field["name"]): field for field in describe["fields"]}


def _email_fields(contact: Mapping[str, Any], account: Mapping[str, Any], *, where: str) -> EmailFields:
    """Filterable fields of type Email. Those of a person account stand on its Contact already."""
    on_contact = tuple(_filterable(contact))
    if "Email" not in on_contact:
        raise SetupError(
            "The integration user may not read the field Contact.Email, so that clients could be overlooked",
            where=where,
            remedy=f"{ASSIGN} It grants View All Fields on Contact.",
            code="INVALID_FIELD",
        )
    on_account = (name for name in _filterable(account) if name != "PersonEmail" and not name.endswith("__pc"))
    return EmailFields(contact=on_contact, account=tuple(on_account))


def _filterable(describe: Mapping[str, Any]) -> Iterable[str]:
    return (name for name, field in _field_map(describe).items() if field["type"] == "email" and field["filterable"])
