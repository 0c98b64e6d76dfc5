"""What a run puts in order beside mail: rules that people removed or made for others, and events of killed runs.

- A rule that is removed still applies to mail from before. So the time when Active was cleared is kept in
  Removed_At__c, which a later change of the row does not move; and a rule that was deleted is copied into an inactive
  row, since a recycle bin forgets after 15 days (Salesforce help, "Recycle Bin").
- A personal rule that an admin made for a user belongs to that user, who would not see it otherwise: rules are private.
- A run touches its event with each write. One that is still Running and was not touched for long was killed.

What is found out costs no call: the rules are read by every run, and the question about events rides along with the
first checkpoint. What is refused is logged, and tried again by the next run.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import structlog

from connector.codes import Action, EventStatus
from connector.core.reporting.health import AT_WORK
from connector.http.subrequest import SubResponse
from connector.model import schema
from connector.model.org import ExclusionType
from connector.model.records import RowError
from connector.model.values import RecordId
from connector.salesforce import soql
from connector.salesforce.client import CompositeRequest, SalesforceClient
from connector.salesforce.collections import EVENT, updates
from connector.salesforce.results import row_error, row_results, whole_error

log = structlog.get_logger(__name__)

RULE = schema.EXCLUSION.name
_RUNNING = (
    soql.select(("Id",), EVENT) + f" WHERE Status__c = '{EventStatus.RUNNING}'"
    " AND (Touched_At__c < {before} OR (Touched_At__c = null AND Started_At__c < {before}))"
    " ORDER BY Touched_At__c LIMIT 200"
)


def stamps(rules: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The changes of Removed_At__c: set where Active was cleared, emptied where the rule is active again."""
    return [
        {"id": rule["Id"], "Removed_At__c": None if rule["Active__c"] else rule["LastModifiedDate"]}
        for rule in rules
        if not rule["IsDeleted"] and bool(rule["Active__c"]) == bool(rule["Removed_At__c"])
    ]


def tombstones(rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Inactive copies of the deleted rules that have none; of a copy that was deleted too, a new one."""
    copied = {rule["Tombstone_Of__c"] for rule in rules if rule["Tombstone_Of__c"] and not rule["IsDeleted"]}
    found: dict[str, dict[str, Any]] = {}
    # a rule comes before its copies: it says when it was removed
    for rule in sorted(rules, key=lambda rule: bool(rule["Tombstone_Of__c"])):
        original = rule["Tombstone_Of__c"] or rule["Id"]
        if rule["IsDeleted"] and original not in copied:
            personal = rule["Type__c"] == ExclusionType.PERSONAL_ADDRESS
            found.setdefault(
                original,
                {
                    "Tombstone_Of__c": original,
                    "Type__c": rule["Type__c"],
                    "Pattern__c": rule["Pattern__c"],
                    # without a user it is its creator's, and the copy has another creator
                    "User__c": (rule["User__c"] or rule["CreatedById"]) if personal else None,
                    "Active__c": False,
                    # one that was active ended with its deletion, also where an earlier removal is noted
                    "Removed_At__c": (not rule["Active__c"] and rule["Removed_At__c"]) or rule["LastModifiedDate"],
                },
            )
    return list(found.values())


def owners(rules: Iterable[Mapping[str, Any]], users: Collection[RecordId]) -> list[dict[str, Any]]:
    """The changes of OwnerId: personal rules that name one of these users and belong to somebody else."""
    return [
        {"id": rule["Id"], "OwnerId": rule["User__c"]}
        for rule in rules
        if rule["Type__c"] == ExclusionType.PERSONAL_ADDRESS
        and rule["User__c"] in users
        and rule["User__c"] != rule["OwnerId"]
        and not (rule["IsDeleted"] or rule["Tombstone_Of__c"])
    ]


class Housekeeping:
    """The housekeeping of one run. `rules`: the rows of MS_Graph_Exclusion__c, deleted ones too; `users`: those who may
    own such a row. Both are filled before `do`.
    """

    def __init__(
        self, client: SalesforceClient, rules: Sequence[Mapping[str, Any]], *, users: Collection[RecordId] = ()
    ) -> None:
        self._client = client
        self._rules = rules
        self._users = users
        #: whether `question` was not asked yet
        self.pending = True

    @property
    def is_urgent(self) -> bool:
        """Whether the rules need a call of their own in a run that writes nothing else."""
        return self.pending and bool(stamps(self._rules) or tombstones(self._rules))

    def question(self) -> CompositeRequest:
        """The query for events that are still Running and were not touched for long."""
        self.pending = False
        text = _RUNNING.format(before=soql.instant(self._client.now - AT_WORK))
        return self._client.query(self._client.names.wire(text), f"rows of {EVENT}")

    def do(self, answer: SubResponse) -> None:
        """Write what follows from the answer and the rules; no call where nothing does. Raises ServiceError."""
        names = self._client.names
        dead = [str(row["Id"]) for row in self._client.records(answer.body)] if answer.status == 200 else []
        interrupted = [{"id": row, "Status__c": EventStatus.INTERRUPTED.value} for row in dead]
        requests = [
            *updates(names, EVENT, interrupted),
            *updates(names, RULE, stamps(self._rules)),
            *updates(names, RULE, tombstones(self._rules), key="Tombstone_Of__c"),
            *updates(names, RULE, owners(self._rules, self._users)),
        ]
        for request, result in self._client.each(requests, at_once=1):
            for refused in _refusals(result):
                log.warning(
                    "Could not be put in order",
                    action=Action.ORDER_REFUSED,
                    rows=request.asked,
                    error=refused.code,  # its message may quote a rule
                )
        if dead:
            log.warning("Runs were interrupted", action=Action.RUNS_INTERRUPTED, events=len(dead), of=names.wire(EVENT))


def _refusals(answer: SubResponse) -> list[RowError]:
    results = row_results(answer)
    if results is None:
        return [whole_error(answer)]
    return [error for error in map(row_error, results) if error is not None]
