"""Steps 8 and 9 of a run: the event, the errors and the mailboxes' timestamps, in one call.

It holds or fails as a whole: a timestamp must never move past a message whose failure was not logged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connector.codes import ErrorStatus
from connector.core.scheduling.retry import error_key, next_attempt, next_daily_attempt
from connector.core.writing.blanking import FORGOTTEN
from connector.core.writing.text import clean, cut
from connector.errors import TRIED_AGAIN, ServiceError
from connector.http.subrequest import SubResponse
from connector.model import schema
from connector.model.org import SettledError
from connector.model.records import RowError
from connector.model.run import EventRecord, Failure, MailboxUpdate
from connector.model.values import RecordId, batched
from connector.salesforce.client import MAX_HEAVY, CompositeRequest, SalesforceClient
from connector.salesforce.collections import EVENT, event_request, is_collection, updates
from connector.salesforce.door import reads_answers
from connector.salesforce.errors import error_for
from connector.salesforce.housekeeping import Housekeeping
from connector.salesforce.results import row_error
from connector.salesforce.wire import wire_fields

ERROR, MAILBOX, SETTING = schema.ERROR.name, schema.MAILBOX.name, schema.SETTING.name
_TEXT = 255
_LONG_TEXT = 32_000
_ROLLED_BACK = frozenset({"ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED"})


class SalesforceRunLog:
    """The port RunLog. `attempts` says how often a message was tried before, by Error_Key__c.

    `housekeeping` is done once, with the first checkpoint. What the log writes is sent even where the
    budget of calls is used up: an event that says why a run stopped, and where it stopped.
    """

    def __init__(
        self,
        client: SalesforceClient,
        attempts: Mapping[str, int] | None = None,
        *,
        housekeeping: Housekeeping | None = None,
    ) -> None:
        self._client = client
        self._housekeeping = housekeeping
        self._attempts: Mapping[str, int] = attempts if attempts is not None else {}

    @property
    def calls(self) -> int:
        """HTTP requests to /services/data so far, sign-in apart."""
        return self._client.calls

    @reads_answers
    def save(
        self,
        *,
        event: EventRecord | None,
        failures: Sequence[Failure],
        mailboxes: Sequence[MailboxUpdate],
        settled: Sequence[SettledError] = (),
        answered: Sequence[RecordId] = (),
        matched_through: tuple[RecordId, datetime] | None = None,
    ) -> None:
        """Write them in this order. One call, and one more for each further 1,000 rows. Nothing to write is no call."""
        errors = list({self._key(failure): failure for failure in failures}.values())
        collections = [
            *self._changes(ERROR, [self._error_fields(event, failure) for failure in errors], key="Error_Key__c"),
            *self._changes(ERROR, [_settled_fields(row) for row in settled]),
            *self._changes(EVENT, [_answered_fields(row) for row in answered]),
            *self._changes(MAILBOX, _mailbox_fields(mailboxes)),
        ]
        parts = [*batched(collections, MAX_HEAVY)] or [()]
        for part in parts:
            touch = [replace(event_request(self._client, event), raw=True)] if event is not None else []
            requests = [*touch, *part]
            if matched_through is not None and part is parts[-1]:
                requests.append(self._matched_through_request(*matched_through))
            if requests or (self._housekeeping is not None and self._housekeeping.is_urgent):
                self._send(requests)

    def _send(self, requests: Sequence[CompositeRequest]) -> None:
        """Send rows in one call, all or nothing; where there is room, with the query of the housekeeping."""
        housekeeping = self._housekeeping if len(requests) < MAX_HEAVY else None
        also = [replace(housekeeping.question(), raw=True)] if housekeeping is not None and housekeeping.pending else []
        answers = self._client.composite([*requests, *also], all_or_none=True, in_any_case=True)
        self._require(requests, answers[: len(requests)])
        if housekeeping is not None and also:
            housekeeping.do(answers[-1])

    def _require(self, requests: Sequence[CompositeRequest], answers: Sequence[SubResponse]) -> None:
        pairs = zip(requests, answers, strict=True)
        refusals = [refusal for request, answer in pairs for refusal in self._refusals(request, answer)]
        if refusals:
            # those that were only undone with others say nothing
            raise next((error for error in refusals if error.code not in _ROLLED_BACK), refusals[0])

    def _refusals(self, request: CompositeRequest, answer: SubResponse) -> Iterator[ServiceError]:
        if answer.status >= 300:
            yield error_for(answer.status, answer.body, asked=request.asked, where=self._client.host)
            return
        if is_collection(request):
            for row, result in zip(request.body["records"], answer.body, strict=True):
                error = row_error(result)
                if error is not None:
                    yield self._refusal(request, row, error)

    def _refusal(self, request: CompositeRequest, row: Mapping[str, Any], error: RowError) -> ServiceError:
        key = row.get("id") or row.get(self._client.names.wire("Error_Key__c")) or ""
        return ServiceError(
            f"Salesforce refused {request.asked} ({error.code}: {error.message})",
            where=str(key),
            remedy="Correct what the message names; the next run resumes where this one stopped.",
            code=error.code,
        )

    def _changes(
        self, object_name: str, rows: Sequence[Mapping[str, Any]], *, key: str = ""
    ) -> Iterator[CompositeRequest]:
        return updates(self._client.names, object_name, rows, key=key, all_or_none=True)

    def _matched_through_request(self, settings: RecordId, through: datetime) -> CompositeRequest:
        fields = self._client.names.to_wire(wire_fields({"Matched_Through__c": through}))
        path = self._client.names.wire(f"sobjects/{SETTING}/{settings}")
        return CompositeRequest(method="PATCH", url=path, asked=f"the row of {SETTING}", body=fields, raw=True)

    def _error_fields(self, event: EventRecord | None, failure: Failure) -> dict[str, Any]:
        key = self._key(failure)
        attempts = self._attempts.get(key, 0) + 1
        again = self._next_attempt(failure, attempts)
        gave_up = failure.transient and again is None
        fields: dict[str, Any] = {
            "Error_Key__c": key,
            "Mailbox__c": failure.mailbox,
            "Graph_Message_Id__c": cut(failure.message, _TEXT),
            "Internet_Message_Id__c": cut(clean(failure.internet_message_id or ""), _TEXT) or None,
            "Subject__c": cut(clean(failure.subject), _TEXT) or None,
            "Received_At__c": failure.received_at,
            "Code__c": cut(clean(failure.code), _TEXT),
            "Message__c": cut(clean(_told(failure.text, gave_up=gave_up)), _LONG_TEXT),
            "Attempts__c": attempts,
            "Next_Attempt_At__c": again,
            "Status__c": ErrorStatus.GAVE_UP.value if gave_up else ErrorStatus.FAILED.value,
            "Email__c": failure.email,
        }
        if event is not None and key not in self._attempts:  # the event of an error is that of its first attempt
            fields["Sync_Event__r"] = {"Run_Key__c": event.key}
        return fields

    def _next_attempt(self, failure: Failure, attempts: int) -> datetime | None:
        if failure.transient:
            return next_attempt(attempts, self._client.now)
        return next_daily_attempt(self._client.now) if failure.by_rule else None

    @staticmethod
    def _key(failure: Failure) -> str:
        return failure.error_key or error_key(failure.graph_user_id, failure.message)


def _told(text: str, *, gave_up: bool) -> str:
    """The text of an error row, without the promise of another attempt where it is given up."""
    if not gave_up:
        return text
    return f"{text.removesuffix(TRIED_AGAIN).rstrip()} It is not tried again by itself: set Status to Retry Requested."


def _settled_fields(error: SettledError) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": error.id, "Status__c": error.status.value, "Next_Attempt_At__c": None}
    if error.attempts is not None:
        fields["Attempts__c"] = error.attempts
    if error.code is not None:
        fields["Code__c"] = cut(clean(error.code), _TEXT)
    if error.text is not None:
        fields["Message__c"] = cut(clean(error.text), _LONG_TEXT)
    return {**fields, **FORGOTTEN} if error.forget else fields


def _answered_fields(event: RecordId) -> dict[str, Any]:
    return {"id": event, "Retry_Requested__c": False}


def _mailbox_fields(updates: Sequence[MailboxUpdate]) -> list[dict[str, Any]]:
    return [{"id": update.id, **update.fields} for update in {row.id: row for row in updates}.values()]
