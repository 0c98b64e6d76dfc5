"""What the platform derives for calendar entries: when they begin, how long they take and when they end.

Object Reference, "Event": StartDateTime and ActivityDateTime are one; either DurationInMinutes or EndDateTime is given,
and the other follows; an entry that is no all-day one needs a start.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from m365sandbox.salesforce.data.storage import format_datetime, parse_datetime
from m365sandbox.salesforce.values.draft import Draft

_MOST_DAYS = 14


def derive(drafts: Sequence[Draft]) -> None:
    """Complete the times of events; refuse those that cannot be."""
    for draft in drafts:
        _start(draft)
        if not draft.errors:
            _end(draft)


def _start(draft: Draft) -> None:
    given = next((name for name in ("StartDateTime", "ActivityDateTime") if draft.values.get(name)), None)
    if given is not None:
        draft.values["StartDateTime"] = draft.values["ActivityDateTime"] = draft.values[given]
        draft.values["ActivityDate"] = str(draft.values[given])[:10]
    elif draft.current("IsAllDayEvent") and draft.current("ActivityDate"):
        draft.values["StartDateTime"] = draft.values["ActivityDateTime"] = (
            f"{draft.current('ActivityDate')}T00:00:00.000Z"
        )
    elif draft.current("StartDateTime") is None:
        message = "Required fields are missing: [ActivityDateTime]"
        draft.refuse("REQUIRED_FIELD_MISSING", message, "ActivityDateTime")


def _end(draft: Draft) -> None:
    values: dict[str, Any] = draft.values
    start = parse_datetime(draft.current("StartDateTime"))
    if values.get("EndDateTime"):
        minutes = (parse_datetime(values["EndDateTime"]) - start).total_seconds() / 60
        if "DurationInMinutes" in draft.given and values["DurationInMinutes"] != minutes:
            draft.refuse("FIELD_INTEGRITY_EXCEPTION", "Event duration must agree with its end", "DurationInMinutes")
        elif minutes < 0:
            draft.refuse("FIELD_INTEGRITY_EXCEPTION", "Event duration cannot be negative.", "EndDateTime")
        values["DurationInMinutes"] = int(minutes)
    elif draft.current("IsAllDayEvent") and draft.current("DurationInMinutes") is None:
        values["DurationInMinutes"] = 24 * 60
    if draft.errors:
        return
    if draft.current("DurationInMinutes") is None:
        message = "Required fields are missing: [DurationInMinutes]"
        draft.refuse("REQUIRED_FIELD_MISSING", message, "DurationInMinutes")
    elif draft.current("DurationInMinutes") > _MOST_DAYS * 24 * 60:
        draft.refuse("FIELD_INTEGRITY_EXCEPTION", "An event can't last longer than 14 days.", "DurationInMinutes")
    else:
        values["EndDateTime"] = format_datetime(start + timedelta(minutes=draft.current("DurationInMinutes")))
