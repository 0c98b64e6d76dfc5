"""What a sync has made of a firm's mail, without ids and events: two runs that did the same have equal ledgers."""

from collections.abc import Collection
from typing import Any

from tests.support.world import World

EMAIL = (
    "Message_Key__c, Name, Subject__c, From_Address__c, To__c, Cc__c, Bcc__c, Sent_At__c, Received_At__c, "
    "Direction__c, Body__c, Preview__c, Match_Status__c, Attachment_Count__c, Attachment_Notes__c, OwnerId, "
    "CreatedDate, CreatedById"
)
PARTICIPANT = "Participant_Key__c, Address__c, Contact__c, Account__c, Role__c, Email__r.Message_Key__c"
TASK = "Task_Key__c, Subject, WhoId, WhatId, OwnerId, ActivityDate, CreatedDate, Email__r.Message_Key__c"
FILE = "LinkedEntityId, ContentDocument.Title, ContentDocument.ContentSize"


def ledger(world: World) -> dict[str, list[dict[str, Any]]]:
    """All rows, in the order of their keys."""
    emails = {row["Id"]: row["Message_Key__c"] for row in world.rows("SELECT Id, Message_Key__c FROM Email__c")}
    files = []
    ids = sorted(emails)
    for at in range(0, len(ids), 100):
        inside = ", ".join(f"'{id_}'" for id_ in ids[at : at + 100])
        files += world.rows(f"SELECT {FILE} FROM ContentDocumentLink WHERE LinkedEntityId IN ({inside})")
    return {
        "emails": _plain(world.rows(f"SELECT {EMAIL} FROM Email__c ORDER BY Message_Key__c")),
        "participants": _plain(
            world.rows(f"SELECT {PARTICIPANT} FROM Email_Participant__c ORDER BY Participant_Key__c")
        ),
        "tasks": _plain(world.rows(f"SELECT {TASK} FROM Task ORDER BY Task_Key__c")),
        "files": sorted(({**row, "LinkedEntityId": emails[row["LinkedEntityId"]]} for row in _plain(files)), key=repr),
    }


#: a row is known by these; a file by all that it is
KEYS = {"emails": "Message_Key__c", "participants": "Participant_Key__c", "tasks": "Task_Key__c"}


def differences(
    expected: dict[str, list[dict[str, Any]]], found: dict[str, list[dict[str, Any]]], *, apart: Collection[str] = ()
) -> list[str]:
    """A line for each row that is missing, unexpected or different, by its key; the fields `apart` may differ."""
    lines = []
    for name, rows in expected.items():
        wanted, there = _by_key(name, rows, apart), _by_key(name, found[name], apart)
        lines += [f"{name} {key} is missing" for key in sorted(wanted.keys() - there.keys())]
        lines += [f"{name} {key} is unexpected" for key in sorted(there.keys() - wanted.keys())]
        for key in sorted(wanted.keys() & there.keys()):
            one, other = wanted[key], there[key]
            lines += [
                f"{name} {key}: {each} {one[each]!r:.60} is {other[each]!r:.60}"
                for each in one
                if one[each] != other[each]
            ]
    return lines


def _by_key(name: str, rows: list[dict[str, Any]], apart: Collection[str]) -> dict[str, dict[str, Any]]:
    told = [{field: value for field, value in row.items() if field not in apart} for row in rows]
    return {str(row[KEYS[name]]) if name in KEYS else repr(row): row for row in told}


def without_duplicates(found: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether no row stands twice."""
    for name, key in KEYS.items():
        values = [row[key] for row in found[name]]
        if len(values) != len(set(values)):
            return False
    shown = [repr(row) for row in found["files"]]
    return len(shown) == len(set(shown))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name != "attributes"}
    return value
