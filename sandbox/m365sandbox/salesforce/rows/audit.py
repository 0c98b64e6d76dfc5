"""CreatedDate and its siblings: set by the platform, or once, on insert, by who may set them.

Salesforce help 000176484 (Set Audit Fields upon Record Creation). Whether a row may name them at all is decided with
the other fields' rights (values/columns.py).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import format_datetime, parse_datetime
from m365sandbox.salesforce.values.draft import Draft


def stamp_insert(sobject: SObject, draft: Draft, user_id: str, now: datetime) -> None:
    """Fill in who and when, keep what was sent where it can be, refuse what cannot."""
    if draft.errors:
        return
    instant = format_datetime(now)
    values = draft.values
    if sobject.name == "Task" and (values.get("WhoId") or values.get("WhatId")):
        # The relation is written after the row, which touches it once more (help 000176484).
        values.pop("LastModifiedDate", None)
        values.pop("LastModifiedById", None)
    _default(sobject, values, {"CreatedDate": instant, "CreatedById": user_id})
    _default(sobject, values, {"LastModifiedDate": instant, "LastModifiedById": user_id})
    if sobject.field("SystemModstamp") is not None:
        values["SystemModstamp"] = instant
    if draft.given & {"CreatedDate", "LastModifiedDate"}:
        _check_dates(draft, now)


def stamp_update(sobject: SObject, draft: Draft, user_id: str, now: datetime) -> None:
    """Every update says who made it and when."""
    instant = format_datetime(now)
    for name, value in (("LastModifiedDate", instant), ("LastModifiedById", user_id), ("SystemModstamp", instant)):
        if sobject.field(name) is not None:
            draft.values[name] = value


def _default(sobject: SObject, values: dict[str, Any], defaults: dict[str, str]) -> None:
    for name, value in defaults.items():
        if values.get(name) is None and sobject.field(name) is not None:
            values[name] = value


def _check_dates(draft: Draft, now: datetime) -> None:
    created = parse_datetime(draft.values["CreatedDate"])
    modified = parse_datetime(draft.values["LastModifiedDate"])
    # A clock may run a little ahead of the org's.
    if created > now + timedelta(minutes=1):
        message = f"Create Date ({_java(created)}) must not be in the future"
        draft.refuse("FIELD_INTEGRITY_EXCEPTION", message, "CreatedDate")
    elif modified < created:
        message = f"Last Modified Date ({_java(modified)}) before Create Date ({_java(created)})"
        draft.refuse("FIELD_INTEGRITY_EXCEPTION", message, "LastModifiedDate")


def _java(instant: datetime) -> str:
    """As the platform prints an instant in this message: `Tue Mar 10 21:29:12 GMT 2026`."""
    return instant.astimezone(UTC).strftime("%a %b %d %H:%M:%S GMT %Y")
