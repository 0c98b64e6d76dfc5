"""Salesforce's REST API through an unmodified simple-salesforce, one instance per thread, over our transport.

Its own sign-in stays unused: it gets our token and our session, and all that it sends goes through `ServiceClient`, so
that retries, the second sign-in after a 401, pinning and counting are in one place.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from connector.errors import NoAnswerError, UnreachableError
from connector.http.answers import UNREADABLE, served_at
from connector.http.attempts import Body
from connector.http.subrequest import SubRequest, SubResponse
from connector.http.transport import ServiceClient, granted
from connector.model.values import batched
from connector.salesforce.auth import Identity, SalesforceToken
from connector.salesforce.errors import error_for, refuse_redirect
from connector.salesforce.limits import HEADER, Budget
from connector.salesforce.wire import Names, as_json, json_pieces

#: Sub-requests of a Composite, and how many of them may be queries or Collections (REST guide, "Composite").
MAX_SUBREQUESTS = 25
MAX_HEAVY = 5
#: pages of one query, of up to 2,000 rows each
_MOST_PAGES = 10_000
#: simple-salesforce asks for indented JSON.
_COMPACT = {"X-PrettyPrint": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeRequest(SubRequest):
    """One sub-request of a Composite. `asked` is for error messages.

    With `absent_ok` a 404 is an answer and not an error; with `raw` any status is.
    """

    asked: str
    absent_ok: bool = False
    raw: bool = False


class SalesforceClient:
    """One org. Safe from several threads. `service` carries the token; `version` is such as 66.0.

    With a `budget`, ServiceError is raised once that is used up, except for what is sent `in_any_case`.
    """

    def __init__(
        self,
        service: ServiceClient,
        token: SalesforceToken,
        *,
        version: str,
        names: Names | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.names = names or Names()
        self._budget = budget
        self._service = service
        self._token = token
        self._version = version
        self._local = threading.local()
        self._lock = threading.Lock()
        self._now: datetime | None = None

    @property
    def calls(self) -> int:
        """HTTP requests to /services/data so far, sign-in apart."""
        return self._service.calls

    @property
    def identity(self) -> Identity:
        """The org and the connector's own user."""
        return self._token.identity()

    @property
    def host(self) -> str:
        """The host name of the org, for error messages."""
        return urlsplit(self._service.url).netloc

    @property
    def now(self) -> datetime:
        """The org's clock: the `Date` of its newest answer. Signs in where there was none yet."""
        return self.served_at or self._token.signed_in_at()

    @property
    def served_at(self) -> datetime | None:
        """The `Date` of the newest answer, that to the sign-in included; None before the first. Asks nobody."""
        return self._now or self._token.last_signed_in_at

    @property
    def sent_again(self) -> bool:
        """Whether this thread's last call was sent more than once, so that its rows may have been there already."""
        return self._service.attempts > 1

    def query(self, soql: str, asked: str, *, deleted: bool = False) -> CompositeRequest:
        """A query as a sub-request; there its text is body, so the limit of an address does not apply."""
        return CompositeRequest(url=f"{'queryAll' if deleted else 'query'}?q={quote_plus(soql)}", asked=asked)

    def row(self, object_name: str, key_field: str, key: str) -> str:
        """The path of a row by its external id."""
        return f"sobjects/{self.names.wire(object_name)}/{self.names.wire(key_field)}/{quote(key, safe='')}"

    def composite(
        self,
        wanted: Sequence[CompositeRequest],
        *,
        all_or_none: bool = False,
        patient: bool = True,
        in_any_case: bool = False,
    ) -> list[SubResponse]:
        """Send the sub-requests as one call, in order, and give back their answers in order.

        Raises the error of the first that failed, unless it is `raw`. With `patient=False` a timeout is raised at
        once (`NoAnswerError`), so that the caller can send less.
        """
        if not in_any_case:
            self._require_room()
        root = f"/services/data/v{self._version}/"
        head = as_json({"allOrNone": all_or_none, "collateSubrequests": False})[:-1]
        pieces = [head, b',"compositeRequest":[']
        for number, request in enumerate(wanted):
            pieces += [b"," if number else b"", *_part(request, root, number)]
        payload = b"".join((*pieces, b"]}"))
        body = self._send("composite", "the Composite resource", method="POST", data=payload, patient=patient)
        results = self._results_of(body, len(wanted))
        for request, result in zip(wanted, results, strict=True):
            self._check(request, result)
        return results

    def _results_of(self, body: Any, count: int) -> list[SubResponse]:
        """The answers inside a Composite's, in the order of the requests."""
        try:
            answers = {item["referenceId"]: item for item in (body or {}).get("compositeResponse", ())}
            results = [
                SubResponse(status=answers[f"r{number}"]["httpStatusCode"], body=answers[f"r{number}"]["body"])
                for number in range(count)
            ]
        except UNREADABLE as error:
            raise UnreachableError("Salesforce answered a part of a request only", where=self.host) from error
        if len(answers) != count or not all(type(result.status) is int for result in results):
            raise UnreachableError("Salesforce answered a part of a request only", where=self.host)
        return results

    def each(
        self, wanted: Sequence[CompositeRequest], *, at_once: int = MAX_HEAVY
    ) -> Iterator[tuple[CompositeRequest, SubResponse]]:
        """Send any number of sub-requests, `at_once` to a call, and give back each with its answer, in order.

        Raises as `composite`. A call is sent when its first answer is wanted.
        """
        for part in batched(wanted, at_once):
            yield from zip(part, self.composite(part), strict=True)

    def records(self, result: Mapping[str, Any], *, most_pages: int = _MOST_PAGES) -> Iterator[dict[str, Any]]:
        """All records of a query result with our own names, read to its end, child rows too."""
        page: Mapping[str, Any] = result
        links = set[str]()
        while True:
            for record in page["records"]:
                yield self._whole(self.names.plain(record))
            if page.get("done", True):
                return
            link = page["nextRecordsUrl"]
            if link in links or len(links) >= most_pages:
                raise UnreachableError(
                    "Salesforce's pages of a query do not end",
                    where=self.host,
                    remedy="Try again; report it if it stays.",
                )
            links.add(link)
            self._require_room()
            page = self._send_more(link)

    def get(self, path: str, asked: str) -> Any:
        """One resource below the version's root."""
        self._require_room()
        return self._send(path, asked, method="GET", patient=True)

    def create(self, object_name: str, body: Body, *, content_type: str, timeout: float) -> SubResponse:
        """Make a row of what `body` opens for each attempt; any status is an answer.

        It is not sent again after an attempt that may have succeeded: UnreachableError leaves open whether it did,
        NoAnswerError whether it still will.
        """
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        answer = self._once(f"sobjects/{self.names.wire(object_name)}", body=body, headers=headers, timeout=timeout)
        try:
            return SubResponse(status=answer.status_code, body=answer.json())
        except requests.JSONDecodeError:
            return SubResponse(status=answer.status_code, body=None)

    def insert(self, collection: Body, *, asked: str, timeout: float) -> SubResponse:
        """Insert a Collection by itself, where it may be larger than in a Composite; any status is an answer.
        `collection` opens its JSON, piece by piece.

        It is not sent again: UnreachableError leaves open whether the rows were made, NoAnswerError whether they
        still will be.
        """
        headers = {"Content-Type": "application/json"}
        answer = self._once("composite/sobjects", body=collection, headers=headers, timeout=timeout)
        try:
            return SubResponse(status=answer.status_code, body=answer.json())
        except requests.JSONDecodeError as error:
            raise UnreachableError(f"Salesforce's answer on {asked} was cut short", where=self.host) from error

    def _once(self, path: str, **how: Any) -> requests.Response:
        """POST what must not be carried out twice. Raises NoAnswerError where it may still be under way."""
        self._require_room()
        url = f"/services/data/v{self._version}/{path}"
        answer = self._service.request("POST", url, idempotent=False, **how)
        refuse_redirect(answer, url=self._service.url, where=self.host)
        self._note_usage(answer.headers.get(HEADER))
        if answer.status_code == 504:  # a gateway stopped waiting, which says nothing of those behind it
            raise NoAnswerError("A gateway before Salesforce did not wait for its answer", where=self.host)
        return answer

    def _whole(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record whose child rows are plain lists, read to their end."""
        for name, value in record.items():
            if isinstance(value, Mapping) and "records" in value and "done" in value:
                record[name] = list(self.records(value))
        return record

    def _check(self, request: CompositeRequest, result: SubResponse) -> None:
        if result.status < 300 or request.raw or (request.absent_ok and result.status == 404):
            return
        raise error_for(result.status, result.body, asked=request.asked, where=self.host)

    def _send(self, path: str, asked: str, **how: Any) -> Any:
        api, session = self._api()
        try:
            return self._kept(session, api.restful(path, headers=_COMPACT, **how))
        except SalesforceError as error:
            raise error_for(error.status, error.content, asked=asked, where=self.host) from error
        except requests.JSONDecodeError as error:
            raise self._broken() from error

    def _send_more(self, url: str) -> Any:
        api, session = self._api()
        try:
            return self._kept(session, api.query_more(url, identifier_is_url=True, headers=_COMPACT))
        except SalesforceError as error:
            raise error_for(error.status, error.content, asked="the rest of a query", where=self.host) from error
        except requests.JSONDecodeError as error:
            raise self._broken() from error

    def _broken(self) -> UnreachableError:
        return UnreachableError(
            "Salesforce's answer was cut short", where=self.host, remedy="Try again; the next run resumes by itself."
        )

    def _require_room(self) -> None:
        if self._budget is not None:
            self._budget.require_room(where=self.host)

    def _note_usage(self, header: str | None) -> None:
        if self._budget is not None:
            self._budget.note(header)

    def _kept(self, session: "_Listening", body: Any) -> Any:
        """An answer's body, once its clock and its count of calls were noted."""
        self._note_usage(session.usage)
        moment = session.date
        if moment is not None:
            with self._lock:
                self._now = moment if self._now is None else max(self._now, moment)
        return body

    def _api(self) -> "tuple[Salesforce, _Listening]":
        """This thread's simple-salesforce. The transport puts the current token into each request."""
        pair: tuple[Salesforce, _Listening] | None = getattr(self._local, "api", None)
        if pair is None:
            session = _Listening(self._service)
            api = Salesforce(
                session_id=granted(self._token),
                instance_url=self._service.url,
                session=session,
                version=self._version,
                object_pairs_hook=None,
            )
            pair = self._local.api = (api, session)
        return pair


def _part(request: CompositeRequest, root: str, number: int) -> tuple[bytes, ...]:
    """A sub-request as JSON, in pieces."""
    head = as_json({"method": request.method, "url": root + request.url, "referenceId": f"r{number}"})
    return (head,) if request.body is None else (head[:-1], b',"body":', *json_pieces(request.body), b"}")


class _Listening(requests.Session):
    """The session that simple-salesforce gets: sends through the service, and keeps what the last answer's headers say.

    All that goes through it may be sent twice: queries, and rows that have a unique key.
    """

    def __init__(self, service: ServiceClient) -> None:
        super().__init__()
        self._service = service
        self.date: datetime | None = None
        self.usage: str | None = None

    def request(self, method: Any, url: Any, *args: Any, **how: Any) -> requests.Response:
        """As `requests.Session.request`, by keyword only."""
        if args:
            raise TypeError("pass params, data and headers by keyword")
        answer = self._service.request(str(method), str(url), idempotent=True, **how)
        refuse_redirect(answer, url=self._service.url, where=urlsplit(self._service.url).netloc)
        self.date = served_at(answer)
        self.usage = answer.headers.get(HEADER)
        return answer
