"""What `check` asks the org beyond what a run reads: counts, limits, who else logs mail. Reads only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.codes import ErrorStatus
from connector.core.deciding.match import MOST_SHARED
from connector.http.subrequest import SubResponse
from connector.model.inspection import ConnectorUser, OrgFacts, Tried
from connector.model.org import ClientObject, Setup
from connector.model.schema import ERROR
from connector.model.values import RecordId, batched
from connector.salesforce import soql
from connector.salesforce.client import CompositeRequest, SalesforceClient
from connector.salesforce.door import reads_answers
from connector.salesforce.parse import SETTING_KEY
from connector.salesforce.permission_probe import rehearse
from connector.salesforce.setup import SYNC_PERMISSION_SET

#: How far back other tools are looked for, as the queries below say.
DAYS = 30
_CONTACTS = "SELECT COUNT() FROM Contact"
_ACCOUNTS = "SELECT COUNT() FROM Account"
_SETTINGS = "SELECT Id, Key__c FROM MS_Graph_Setting__c ORDER BY CreatedDate, Id LIMIT 200"
#: Mail that something else logged, in either of the two forms that it can have.
_EMAIL_MESSAGES = "SELECT COUNT() FROM EmailMessage WHERE CreatedDate = LAST_N_DAYS:30"
_TASKS = "SELECT COUNT() FROM Task WHERE TaskSubtype = 'Email' AND Task_Key__c = null AND CreatedDate = LAST_N_DAYS:30"
#: Placeholder addresses; an org with very many Contacts may not have the time to count.
_SHARED = (
    soql.select(("Email", "COUNT(Id) records"), ClientObject.CONTACT)
    + f" WHERE Email != null GROUP BY Email HAVING COUNT(Id) > {MOST_SHARED} ORDER BY COUNT(Id) DESC LIMIT 20"
)
_LICENCE = "SELECT Profile.UserLicense.Name FROM User WHERE Id = {user}"
#: The permission set licence that the licence Salesforce Integration asks for (Salesforce help, "Give Integration
#: Users API Only Access").
_API_LICENCE = """
SELECT Id FROM PermissionSetLicenseAssign
WHERE AssigneeId = {user} AND PermissionSetLicense.DeveloperName = 'SalesforceAPIIntegrationPsl'
"""
_FAILED = (
    soql.select(("COUNT()",), ERROR.name) + " WHERE Status__c IN "
    f"('{ErrorStatus.FAILED}', '{ErrorStatus.GAVE_UP}', '{ErrorStatus.RETRY_REQUESTED}')"
)
_TRIED_AGAIN = (
    f"(Status__c = '{ErrorStatus.RETRY_REQUESTED}' OR "
    f"(Status__c = '{ErrorStatus.FAILED}' AND Next_Attempt_At__c != null))"
)
#: so many queries are in one Composite at most
_QUERIES = 5
_LEFT = """
SELECT AssigneeId FROM PermissionSetAssignment WHERE Assignee.IsActive = false AND PermissionSet.Name = {name} LIMIT 1
"""


class SalesforceInspection:
    """The port OrgInspection of `check`. Reads only, but for `rehearse`, which undoes what it writes."""

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client

    @property
    def host(self) -> str:
        """The org's host name, for messages."""
        return self._client.host

    @property
    def now(self) -> datetime:
        """The org's clock; signs in where nothing was asked before. Raises SignInError, UnreachableError."""
        return self._client.now

    @reads_answers
    def rehearse(
        self, setup: Setup, *, key: str, inactive: RecordId | None, setting: RecordId | None
    ) -> Sequence[Tried]:
        """Try every right and undo it, as `permission_probe.rehearse`. Raises ServiceError."""
        return rehearse(self._client, setup, key=key, inactive=inactive, setting=setting)

    @reads_answers
    def user(self) -> ConnectorUser:
        """The licences of the connector's own user, in one call. Raises ServiceError."""
        user = soql.quote(self._client.identity.user)
        licence, held = self._client.composite(
            [
                self._query(_LICENCE.format(user=user), "User", raw=True),
                # without View Setup the object is not there
                self._query(_API_LICENCE.strip().format(user=user), "PermissionSetLicenseAssign", raw=True),
            ]
        )
        rows = licence.body["records"] if licence.status == 200 else []
        return ConnectorUser(
            licence=next((_licence_of(row) for row in rows), None),
            api_licence=None if held.status != 200 else _total(held.body) > 0,
        )

    @reads_answers
    def facts(self, domains: Sequence[str] = ()) -> OrgFacts:
        """Counts, limits, who else logs mail, and how many Contacts are on each of these `domains`, in three calls, or
        one more for each five domains. Raises ServiceError."""
        client = self._client
        contacts, accounts, settings, messages, tasks = client.composite(
            [
                self._query(_CONTACTS, ClientObject.CONTACT),
                self._query(_ACCOUNTS, ClientObject.ACCOUNT),
                self._query(_SETTINGS, "MS_Graph_Setting__c"),
                self._query(_EMAIL_MESSAGES, "EmailMessage", raw=True),
                self._query(_TASKS, "Task", raw=True),
            ]
        )
        left, shared, failed, waiting, *first = client.composite(
            [
                self._query(_LEFT.strip().format(name=soql.quote(SYNC_PERMISSION_SET)), "PermissionSetAssignment"),
                self._query(_SHARED, ClientObject.CONTACT, raw=True),
                self._query(_FAILED, ERROR.name),
                self._query(f"{_FAILED} AND {_TRIED_AGAIN}", ERROR.name),
                *(self._on_domain(domain) for domain in domains[:1]),
            ]
        )
        for part in batched(domains[1:], _QUERIES):
            first += client.composite([self._on_domain(domain) for domain in part])
        rows = client.records(shared.body) if shared.status == 200 else None
        records = list(client.records(settings.body))
        own = [RecordId(str(row["Id"])) for row in records if row["Key__c"] == SETTING_KEY]
        return OrgFacts(
            counts={ClientObject.CONTACT: _total(contacts.body), ClientObject.ACCOUNT: _total(accounts.body)},
            others={"EmailMessage": _seen(messages), "Task of subtype Email": _seen(tasks)},
            setting_records=len(records),
            setting=next(iter(own), None),
            inactive=next((RecordId(str(row["AssigneeId"])) for row in client.records(left.body)), None),
            days=DAYS,
            limits=self._limits(),
            on_domains={domain: _total(found.body) for domain, found in zip(domains, first, strict=True)},
            failed=_total(failed.body),
            waiting=_total(waiting.body),
            placeholders=None if rows is None else {str(row["Email"]): int(row["records"]) for row in rows},
        )

    def _on_domain(self, domain: str) -> CompositeRequest:
        """Counts the Contacts on a domain and those below it. A domain has no `%` and no `_` that would stand for more:
        what is counted too much is compared no further."""
        likes = " OR ".join(f"Email LIKE {soql.quote(f'%{sign}{domain}')}" for sign in "@.")
        return self._query(f"{_CONTACTS} WHERE {likes}", ClientObject.CONTACT)

    def _limits(self) -> dict[str, tuple[int, int]]:
        found = self._client.get("limits", "the limits of the org")
        wanted = ("DailyApiRequests", "DataStorageMB", "FileStorageMB")
        return {name: (int(found[name]["Max"]), int(found[name]["Remaining"])) for name in wanted if name in found}

    def _query(self, text: str, object_name: str, *, raw: bool = False) -> CompositeRequest:
        wire = self._client.names.wire
        request = self._client.query(wire(text), wire(f"the object {object_name}"))
        return CompositeRequest(url=request.url, asked=request.asked, raw=raw)


def _licence_of(row: Mapping[str, Any]) -> str | None:
    profile = row.get("Profile") or {}
    return (profile.get("UserLicense") or {}).get("Name")


def _total(body: Mapping[str, Any]) -> int:
    return int(body["totalSize"])


def _seen(answer: SubResponse) -> int | None:
    return _total(answer.body) if answer.status == 200 else None
