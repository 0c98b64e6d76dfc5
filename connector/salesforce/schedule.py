"""When to run, as admins set it: what the scheduler looks at once a minute, in one call, and what it writes there."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import time
from typing import Any

from connector.codes import ErrorStatus, EventKind, EventStatus
from connector.core.reading.windows import backfill_done
from connector.core.reporting.health import ErrorCounts, LastEvent
from connector.core.scheduling.policy import Pending, Snapshot, Timing, UnloggedFailure
from connector.http.subrequest import SubResponse
from connector.model import schema
from connector.model.org import Mailbox
from connector.model.run import EventRecord
from connector.model.values import batched
from connector.salesforce import parse, soql
from connector.salesforce.client import MAX_SUBREQUESTS, CompositeRequest, SalesforceClient
from connector.salesforce.collections import EVENT, event_request
from connector.salesforce.door import reads_answers
from connector.salesforce.wire import wire_fields

SETTING = schema.SETTING.name

_SETTING = """
SELECT Id, Name, Key__c, Active__c, Licensed_Users__c, Frequency__c, Time_of_Day__c, Day_of_Week__c,
Sync_Now_Requested__c, Last_Run_At__c FROM MS_Graph_Setting__c ORDER BY CreatedDate, Id LIMIT 10
"""
#: Mailboxes whose backfill is not done, and some more: a query cannot compare two fields of a row.
_BACKFILLS = """
SELECT Id, User__c, Backfill_From__c, Backfill_Through__c, Live_From__c FROM MS_Graph_User__c
WHERE Active__c = true AND User__c != null
"""
_NOT_BEGUN = " AND Backfill_Through__c = null"
#: The newest first: of very many, those that were asked for since the last look are among them.
_REQUESTS = (
    soql.select(("Id", "LastModifiedDate", "Sync_Event__r.LastModifiedDate"), "MS_Graph_Sync_Error__c")
    + f" WHERE Status__c = '{ErrorStatus.RETRY_REQUESTED}'"
    f" OR (Status__c IN ('{ErrorStatus.FAILED}', '{ErrorStatus.GAVE_UP}') AND Sync_Event__r.Retry_Requested__c = true)"
    " ORDER BY LastModifiedDate DESC LIMIT 500"
)
_LAST_EVENT = """
SELECT Status__c, Started_At__c, Touched_At__c, Error_Message__c FROM MS_Graph_Sync_Event__c
ORDER BY Started_At__c DESC NULLS LAST, CreatedDate DESC LIMIT 1
"""
_ERRORS = (
    soql.select(("Status__c status", "COUNT(Id) records"), "MS_Graph_Sync_Error__c")
    + f"""
 WHERE Status__c IN ('{ErrorStatus.FAILED}', '{ErrorStatus.GAVE_UP}', '{ErrorStatus.RETRY_REQUESTED}')
GROUP BY Status__c
"""
)
_WAITING = (
    soql.select(("COUNT()",), "MS_Graph_Sync_Error__c")
    + f"""
 WHERE Status__c = '{ErrorStatus.FAILED}' AND Next_Attempt_At__c != null
"""
)
_DUE = (
    soql.select(("COUNT()",), "MS_Graph_Sync_Error__c")
    + f"""
 WHERE Status__c = '{ErrorStatus.RETRY_REQUESTED}'
OR (Status__c = '{ErrorStatus.FAILED}' AND Next_Attempt_At__c <= {{now}})
OR (Status__c IN ('{ErrorStatus.FAILED}', '{ErrorStatus.GAVE_UP}') AND Sync_Event__r.Retry_Requested__c = true)
"""
)
#: A Time field: `08:30:00.000Z`; it has no zone, the Z notwithstanding (REST guide: primitive type time).
_TIME = re.compile(r"(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?Z?")


class SalesforceSchedule:
    """The settings record as the scheduler needs it; events of runs that failed without a trace.

    `connect` makes a client for each look: a client's clock never goes back, but an org's clock may be set right.
    """

    def __init__(self, connect: Callable[[], SalesforceClient]) -> None:
        self._connect = connect
        self._client = connect()

    @reads_answers
    def look(self, *, everything: bool = True) -> Snapshot:
        """The state now, in one call. `everything`: with backfills that stopped half way. Raises ServiceError."""
        client = self._client = self._connect()
        organization = f"sobjects/Organization/{client.identity.org}?fields=Id,TimeZoneSidKey"
        backfills = _BACKFILLS if everything else _BACKFILLS + _NOT_BEGUN
        requests = [
            CompositeRequest(url=organization, asked="the object Organization"),
            self._query(_SETTING, SETTING),
            self._query(backfills, "MS_Graph_User__c"),
            self._query(_REQUESTS, "MS_Graph_Sync_Error__c"),
        ]
        org, settings, mailboxes, errors = client.composite(requests)
        return Snapshot(
            now=client.now,
            zone=parse.time_zone(org.body),
            timing=_timing(self._records(settings)),
            backfills=_unfinished(self._records(mailboxes)),
            requests=frozenset(_request(row) for row in self._records(errors)),
        )

    @reads_answers
    def aftermath(self) -> tuple[LastEvent | None, ErrorCounts]:
        """The event of the latest run that left one, and what failed and waits, in one call. Raises ServiceError."""
        due = _DUE.format(now=soql.instant(self._client.now))
        name = schema.ERROR.name
        requests = [
            self._query(_LAST_EVENT, EVENT),
            *(self._query(text, name) for text in (_ERRORS, _WAITING, due)),
        ]
        event, errors, waiting, ripe = self._client.composite(requests)
        counts = {str(row["status"]): int(row["records"]) for row in self._records(errors)}
        return self._last(event), ErrorCounts(
            failed=counts.get(ErrorStatus.FAILED, 0),
            gave_up=counts.get(ErrorStatus.GAVE_UP, 0),
            requested=counts.get(ErrorStatus.RETRY_REQUESTED, 0),
            waiting=int(waiting.body["totalSize"]),
            due=int(ripe.body["totalSize"]),
        )

    def _last(self, answer: SubResponse) -> LastEvent | None:
        for record in self._records(answer):
            row = parse.Fields(EVENT, record)
            return LastEvent(
                status=row.text("Status__c"),
                started_at=row.instant("Started_At__c"),
                touched_at=row.instant("Touched_At__c"),
                error=row.text("Error_Message__c"),
            )
        return None

    def calls(self) -> tuple[int, int]:
        """The org's API calls of the last 24 hours, and how many it may make. Raises ServiceError."""
        daily = self._client.get("limits", "the limits of the org")["DailyApiRequests"]
        return int(daily["Max"]) - int(daily["Remaining"]), int(daily["Max"])

    @reads_answers
    def begin(self, look: Snapshot) -> None:
        """Set Last_Run_At__c, and clear the request for a run. Raises ServiceError."""
        if look.timing is None:
            return
        fields: dict[str, Any] = {"Last_Run_At__c": look.now}
        if look.timing.sync_now:
            fields["Sync_Now_Requested__c"] = False
        names = self._client.names
        request = CompositeRequest(
            method="PATCH",
            url=names.wire(f"sobjects/{SETTING}/{look.timing.id}"),
            asked=f"the object {SETTING}",
            body=names.to_wire(wire_fields(fields)),
        )
        self._client.composite([request])

    @reads_answers
    def write(self, unseen: Sequence[UnloggedFailure]) -> None:
        """Write a Failed event with 0 synced and 0 failed for each. Raises ServiceError."""
        events = [event_request(self._client, self._event(failed)) for failed in unseen]
        for part in batched(events, MAX_SUBREQUESTS):
            self._client.composite(part)

    def _event(self, failed: UnloggedFailure) -> EventRecord:
        moment = self._client.now - failed.ago
        return EventRecord(
            key=failed.key,
            fields={
                "Kind__c": EventKind.SCHEDULED,
                "Status__c": EventStatus.FAILED,
                "Started_At__c": moment,
                "Finished_At__c": moment,
                "Touched_At__c": moment,
                "Emails_Synced__c": 0,
                "Emails_Failed__c": 0,
                "Mailboxes__c": 0,
                "Mailboxes_Failed__c": 0,
                "Error_Message__c": str(failed.error),
            },
        )

    def _query(self, text: str, object_name: str) -> CompositeRequest:
        wire = self._client.names.wire
        return self._client.query(wire(" ".join(text.split())), wire(f"the object {object_name}"))

    def _records(self, answer: SubResponse) -> list[dict[str, Any]]:
        return list(self._client.records(answer.body))


def _timing(records: Sequence[Mapping[str, Any]]) -> Timing | None:
    """The one record; None where there is none. Raises SetupError for one that lost its key."""
    for record in records:
        if record["Key__c"] == parse.SETTING_KEY:
            return _read(record)
    for record in records:
        raise parse.wrong_key(record)
    return None


def _read(record: Mapping[str, Any]) -> Timing:
    row = parse.Fields(SETTING, record)
    return Timing(
        id=row.id,
        active=row.flag("Active__c"),
        licensed_users=row.count("Licensed_Users__c", None),
        frequency=row.text("Frequency__c") or "Hourly",
        time_of_day=_time(row, "Time_of_Day__c"),
        day_of_week=row.text("Day_of_Week__c") or None,
        sync_now=row.flag("Sync_Now_Requested__c"),
        last_run_at=row.instant("Last_Run_At__c"),
    )


def _time(row: parse.Fields, name: str) -> time | None:
    text = row.text(name)
    if not text:
        return None
    found = _TIME.fullmatch(text)
    try:
        return time.fromisoformat(found[1] if found else "")
    except ValueError:
        raise row.odd(name, "no time of day can be read in it") from None


def _unfinished(records: Sequence[Mapping[str, Any]]) -> Pending:
    """Linked mailboxes whose backfill has still to read, or has not begun: how far each has come."""
    found = set()
    for record in records:
        row = parse.Fields(schema.MAILBOX.name, record)
        box = Mailbox(
            id=row.id,
            user=row.id_of("User__c"),
            backfill_from=row.instant("Backfill_From__c"),
            backfill_through=row.instant("Backfill_Through__c"),
            live_from=row.instant("Live_From__c"),
        )
        if box.backfill_through is None or not backfill_done(box):
            state = (box.id, box.user, box.backfill_from, box.backfill_through, box.live_from)
            found.add(tuple(str(value) for value in state))
    return frozenset(found)


def _request(record: Mapping[str, Any]) -> tuple[str, ...]:
    event = record.get("Sync_Event__r") or {}
    return (str(record["Id"]), str(record["LastModifiedDate"]), str(event.get("LastModifiedDate") or ""))
