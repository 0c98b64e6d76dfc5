"""The Tasks of stored mail: which there are and, with Shared Activities, which Contacts each names.

Asked of Task itself: below another object, Tasks are reached only together with Events and without their own fields
(Object Reference, "LookedUpFromActivity"). queryAll finds archived ones too.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connector.model.records import StoredEmail, StoredTask
from connector.model.schema import TASK, Use
from connector.model.values import RecordId
from connector.salesforce import soql

#: TaskRelation is there with Shared Activities only (Object Reference, "TaskRelation").
_SHARED = ("Id", "IsArchived", "(SELECT RelationId FROM TaskRelations WHERE IsWhat = false)")


def select(*, shared: bool) -> str:
    """The beginning of a query, up to a condition on the mail. `shared`: whether the org has Shared Activities."""
    fields = (*TASK.names(Use.READ), "Email__r.Match_Status__c", *(_SHARED if shared else ()))
    return soql.select(fields, TASK.name) + " WHERE IsDeleted = false AND "


class FoundTasks:
    """The records of such queries, by mail."""

    def __init__(self) -> None:
        self._keys: dict[str, set[str]] = {}
        self._shared: dict[str, dict[str, StoredTask]] = {}
        self._related: dict[str, set[RecordId]] = {}

    def keep(self, record: Mapping[str, Any]) -> None:
        """Add a Task of an answer; one of no mail, or made by a person, is ignored."""
        email, key = record["Email__c"], record["Task_Key__c"]
        if not email or not key:
            return
        self._keys.setdefault(email, set()).add(key)
        contacts, account = _contacts(record), RecordId(record["WhatId"]) if record["WhatId"] else None
        self._related.setdefault(email, set()).update(contacts, [account] if account else [])
        if record.get("IsArchived") is False:  # an archived one is left as it is
            task = StoredTask(id=RecordId(record["Id"]), contacts=contacts, account=account)
            self._shared.setdefault(email, {})[key] = task

    def of(self, email: StoredEmail) -> StoredEmail:
        """The mail, with the Tasks that `keep` was given for it."""
        return replace(
            email,
            task_keys=frozenset(self._keys.get(email.id, ())),
            shared_tasks=self._shared.get(email.id, {}),
            related=frozenset(self._related.get(email.id, ())),
        )


def _contacts(record: Mapping[str, Any]) -> tuple[RecordId, ...]:
    """Whom it names, that of WhoId first."""
    names = (record["WhoId"], *(relation["RelationId"] for relation in record.get("TaskRelations") or ()))
    return tuple(RecordId(name) for name in dict.fromkeys(names) if name)
