"""What each user saw last: the order for /recent, and the dates that LastViewedDate and LastReferencedDate show.

REST guide, "Mark Records as Recently Viewed": a query with FOR VIEW or FOR REFERENCE marks the records it retrieves;
to read them in any other way does not. SOQL reference, "FOR VIEW", "FOR REFERENCE". The tables lie with the rows
(data/storage.py).
"""

from collections.abc import Iterable

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.soql import QueryResult

_SEE = """
INSERT OR REPLACE INTO _recent VALUES (?1, ?2, (SELECT COALESCE(MAX(seen), 0) + 1 FROM _recent WHERE user_id = ?1))
"""
_DATE = """
INSERT INTO _viewed VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET
    "LastViewedDate" = COALESCE(?3, "LastViewedDate"), "LastReferencedDate" = ?4
"""
#: Object Reference, "RecentlyViewed": "doesn't support the Event, Task … objects".
_NEVER = frozenset({"Event", "Task"})


def see(call: Call, record_ids: Iterable[str]) -> None:
    """Put records on top of the user's list, the last of them highest."""
    call.org.connection.executemany(_SEE, [(call.user_id, item) for item in record_ids])


def mark(call: Call, found: QueryResult) -> None:
    """Do what the query's FOR VIEW or FOR REFERENCE asks for; the rows themselves do not change.

    To see a record is to access it, so that FOR VIEW sets both dates (Object Reference, "LastReferencedDate": "when
    the current user last accessed this record, a record related to this record, or a list view").
    """
    if found.purpose not in ("VIEW", "REFERENCE") or found.sobject in _NEVER:
        return
    now = format_datetime(call.now)
    viewed = now if found.purpose == "VIEW" else None
    with call.org.unit_of_work():
        see(call, found.ids)
        call.org.connection.executemany(_DATE, [(call.user_id, item, viewed, now) for item in found.ids])
