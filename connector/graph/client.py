"""One GET or one $batch of GETs to Graph, and the one table that says what a status means."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from connector.core.reporting.printable import printable
from connector.errors import (
    TRIED_AGAIN,
    ConnectorError,
    ForeignHostError,
    MailboxError,
    MailboxOutageError,
    MailboxUnavailableError,
    MessageError,
    MessageGoneError,
    NoAnswerError,
    ServiceError,
    SetupError,
    SignInError,
    TooLargeError,
    UnreachableError,
    UnreadableAnswerError,
)
from connector.graph.batch import MailboxRequest, answers_of, body_of
from connector.graph.silence import SilenceWatch
from connector.http.answers import read_json, served_at
from connector.http.failures import OF_THE_SERVER
from connector.http.subrequest import SubResponse
from connector.http.transport import ServiceClient

IMMUTABLE = 'IdType="ImmutableId"'

#: statuses for which the mailbox is not at fault: throttling, outages, gateways
BUSY = frozenset({408, 423, 429, 500, 502, 503, 504, 509})
#: inside a $batch also: a token that ran out in the middle, and what stood behind a failed one
AGAIN = BUSY | {401, 424}
#: for a list: the server stumbled, maybe over one of its items
BROKEN = OF_THE_SERVER
#: instead of 403 to a person whom the mailbox is not shared with
_HIDDEN = "erroritemnotfound"
#: the Date of an answer that did not come: so early that no window is ever taken to be read up to it
_NEVER_SERVED = datetime(1970, 1, 1, tzinfo=UTC)
#: codes for a mailbox that Graph does not serve; the same user flips between the first two (observed)
NO_MAILBOX = frozenset(
    {
        "mailboxnotenabledforrestapi",
        "mailboxnotsupportedforrestapi",
        "resourcenotfound",
        "errorinvaliduser",
        "request_resourcenotfound",
        "errornonexistentmailbox",
    }
)


class GraphClient:
    """Sends requests to Graph and turns statuses into errors. The dispatcher limits how many are in flight."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self.silence = SilenceWatch()

    @property
    def calls(self) -> int:
        """HTTP requests to /v1.0 so far."""
        return self._service.calls

    def get(
        self, user: str, url: str, *, params: Mapping[str, str] | None = None, prefer: str = IMMUTABLE
    ) -> tuple[Mapping[str, Any], datetime]:
        """The JSON of a GET for one mailbox, and the Date of the answer. Raises what `mailbox_error` says."""
        answer = self._send(user, url, params, prefer)
        if answer.status_code != 200:
            raise mailbox_error(answer.status_code, error_of(answer), user)
        with _one_mailbox(user):
            return _object(answer), served_at(answer) or datetime.now(UTC)

    def try_get(
        self, user: str, url: str, *, params: Mapping[str, str] | None = None, prefer: str = IMMUTABLE
    ) -> SubResponse:
        """The status and JSON of a GET for one mailbox; any status is returned but 401.

        Raises SignInError on 401, and MailboxOutageError where no answer came in time.
        """
        return self.try_get_at(user, url, params=params, prefer=prefer)[0]

    def try_get_at(
        self,
        user: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        prefer: str = IMMUTABLE,
        once: bool = False,
    ) -> tuple[SubResponse, datetime]:
        """The same with the Date of the answer. `once`: a failure of the server is told at once."""
        answer = self._send(user, url, params, prefer, once=once)
        if answer.status_code == 401:
            raise mailbox_error(401, error_of(answer), user)
        with _one_mailbox(user):
            body = _object(answer) if answer.status_code == 200 else {"error": error_of(answer)}
        return SubResponse(status=answer.status_code, body=body), served_at(answer) or datetime.now(UTC)

    def send_get(self, wanted: MailboxRequest) -> tuple[SubResponse, datetime]:
        """The same for a sub-request that goes alone; no answer in time, or too large a one, is told as a gateway tells
        it, with 504.

        As a status it stays with the one that was asked for: those who ask for many would lose the others to an error.
        """
        try:
            return self.try_get_at(wanted.user, f"/v1.0{wanted.url}", prefer=wanted.prefer, once=wanted.once)
        except MailboxOutageError as error:
            return SubResponse(status=504, body={"error": {"message": error.what}}), _NEVER_SERVED

    def below_root(self, url: str) -> str | None:
        """What follows /v1.0 in an absolute address of this service; None for any other, which `get` refuses."""
        root = f"{self._service.url}/v1.0/"
        return url[len(root) - 1 :] if url.startswith(root) else None

    def chain(self, wanted: Sequence[MailboxRequest]) -> tuple[Iterator[SubResponse], datetime]:
        """The answers to GETs for one mailbox, one after the other in one $batch, and the Date of the whole.

        What failed inside, or was left out behind it, is asked again alone when its turn comes, with its own retries.
        So is all of it where the whole did not come in time, was too large, or cannot be read; of that the first is
        asked once. Raises MailboxOutageError where that was not answered in time either.
        """
        user = wanted[0].user
        self.silence.require_voice(user)
        try:
            found, served = self.send_batch(wanted, chained=True)
        except (NoAnswerError, TooLargeError, UnreadableAnswerError):
            first = wanted[0]
            answer, served = self.try_get_at(user, f"/v1.0{first.url}", prefer=first.prefer, once=True)
            found = [answer, *[None] * (len(wanted) - 1)]
        else:
            self.silence.answered(user)
        return (self._settle(request, response) for request, response in zip(wanted, found, strict=True)), served

    def send_batch(
        self, wanted: Sequence[MailboxRequest], *, chained: bool = False
    ) -> tuple[list[SubResponse | None], datetime]:
        """The answers in the order asked, None for what has to be asked again alone.

        Raises ServiceError; NoAnswerError where none came in time, TooLargeError where it was too much at once: both
        say nothing of the single mailboxes.
        """
        body = body_of(wanted, chained=chained)
        # in time or not at all: what is slow in it is found by asking for each alone
        answer = self._service.request("POST", "/v1.0/$batch", json=body, idempotent=True, patient=False)
        self.silence.answered()
        if answer.status_code in BROKEN - {503}:  # maybe over one of them
            return [None] * len(wanted), served_at(answer) or datetime.now(UTC)
        if answer.status_code != 200:
            raise service_error(answer.status_code, error_of(answer))
        answers = answers_of(len(wanted), _object(answer))
        for request, found in zip(wanted, answers, strict=True):
            if found is not None and found.status not in AGAIN:
                self.silence.answered(request.user)
        settled = [None if found is None or found.status in AGAIN else found for found in answers]
        return settled, served_at(answer) or datetime.now(UTC)

    @contextmanager
    def stream(self, user: str, url: str, *, timeout: float) -> Iterator[requests.Response]:
        """The open answer to a GET for one mailbox, with any status.

        `timeout`: the longest time that it may take, its body included. The body comes as it is stored, so that its
        length is that of the header.
        """
        headers = {"Prefer": IMMUTABLE, "Accept-Encoding": "identity"}
        usual = self._service.transport.timeout
        self.silence.require_voice(user)
        # a file that does not come in time says nothing of its mailbox: it may be a large one that is looked through
        answer = self._service.request(
            "GET", url, headers=headers, stream=True, patient=False, timeout=min(timeout, usual), within=timeout
        )
        self.silence.answered(user)
        try:
            if answer.status_code == 401:
                raise mailbox_error(401, error_of(answer), user)
            yield answer
        finally:
            answer.close()

    def _settle(self, request: MailboxRequest, response: SubResponse | None) -> SubResponse:
        return response or self.try_get(request.user, f"/v1.0{request.url}", prefer=request.prefer)

    def _send(
        self, user: str, url: str, params: Mapping[str, str] | None, prefer: str, *, once: bool = False
    ) -> requests.Response:
        headers = {"Prefer": prefer}
        with _one_mailbox(user), self._heard(user):
            return self._service.request("GET", url, params=dict(params or {}), headers=headers, once=once)

    @contextmanager
    def _heard(self, user: str) -> Iterator[None]:
        """What is sent inside concerns one mailbox: whether it answers is noted, and one that does not is not asked."""
        self.silence.require_voice(user)
        try:
            yield
        except NoAnswerError:
            self.silence.unanswered(user)
            raise
        self.silence.answered(user)


@contextmanager
def _one_mailbox(user: str) -> Iterator[None]:
    """What is asked inside concerns one mailbox: one that does not answer in time, with too much, with an address
    elsewhere, or so that nobody can read it, must not stop the others. A lost connection stops the run."""
    try:
        yield
    except (NoAnswerError, TooLargeError, UnreadableAnswerError) as error:
        raise MailboxOutageError(error.what, where=f"user {user}", remedy=error.remedy) from error
    except ForeignHostError as error:
        raise MailboxError(
            f"{error.what} ({error.where})", where=f"user {user}", remedy=error.remedy, code=error.code
        ) from error


def _object(answer: requests.Response) -> Mapping[str, Any]:
    """The JSON object of an answer: Graph sends no other kind. Raises UnreadableAnswerError."""
    try:
        body = read_json(answer)
    except UnreachableError as error:
        raise UnreadableAnswerError(error.what, where=error.where, remedy=error.remedy) from error
    if isinstance(body, Mapping):
        return body
    raise UnreadableAnswerError(
        "Microsoft Graph answered with JSON that is not an object",
        where=urlsplit(answer.url or "").netloc,
        remedy="A proxy or gateway may stand between; try again.",
    )


def error_of(answer: requests.Response) -> Mapping[str, Any]:
    """The `error` of an answer: code and message; empty where a gateway answered."""
    try:
        error = answer.json().get("error")
    except (ValueError, AttributeError):
        return {}
    if not isinstance(error, Mapping):
        return {}
    # throttled, it names the request in the header only
    named = answer.headers.get("request-id")
    return error if named is None or _request_id(error) else {**error, "innerError": {"request-id": named}}


def _request_id(error: Mapping[str, Any]) -> str:
    """By which Microsoft's support finds the request; empty where the error does not say."""
    inner = error.get("innerError")
    return printable(str(inner.get("request-id") or ""))[:64] if isinstance(inner, Mapping) else ""


def error_in(response: SubResponse) -> Mapping[str, Any]:
    """The same of a sub-request's answer."""
    error = response.body.get("error")
    return error if isinstance(error, Mapping) else {}


def describe(status: int, error: Mapping[str, Any]) -> str:
    """Graph's own code and message, for an admin."""
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    return ": ".join(part for part in (f"{status} {code}".strip(), message) if part)


def service_error(status: int, error: Mapping[str, Any]) -> ServiceError:
    """What a status means for the run as a whole."""
    text = describe(status, error)
    if status == 401:
        return SignInError(
            f"Microsoft Graph refused the token ({text})",
            where="named_credentials.MicrosoftGraphAPI",
            remedy="Check the app registration and the tenant.",
        )
    if status == 403:
        return SetupError(
            f"Microsoft Graph denied access ({text})",
            where="app registration",
            remedy="Grant admin consent to the application permissions Mail.Read, User.Read.All, MailboxSettings.Read.",
        )
    return ServiceError(
        f"Microsoft Graph failed ({text})",
        where="Microsoft Graph",
        remedy="The next run resumes where this one stopped; see the Microsoft 365 service health if it goes on.",
    )


def mailbox_error(status: int, error: Mapping[str, Any], user: str) -> ConnectorError:
    """What a status means for one mailbox. 401 concerns the run; an unlisted 4xx is a fault of this mailbox's read."""
    text, code = describe(status, error), str(error.get("code") or "").lower()
    if status == 401:
        return service_error(status, error)
    if status == 404 and code in NO_MAILBOX:
        return MailboxUnavailableError(
            f"Microsoft Graph serves no such mailbox ({text})",
            where=f"user {user}",
            remedy="Check that the user exists, is licensed and has its mailbox in Exchange Online.",
        )
    if status == 403 or (status == 404 and code == _HIDDEN):
        return MailboxError(
            f"Microsoft Graph denied access to the mailbox ({text})",
            where=f"user {user}",
            remedy=(
                "Add the mailbox to the application's access policy or RBAC scope, or grant Mail.Read; "
                "a person who has signed in needs full access to it."
            ),
            code="ACCESS_DENIED",
        )
    if status in BUSY or 300 <= status < 400:  # Graph itself redirects nobody: something stands between
        return MailboxOutageError(
            f"Microsoft Graph could not read the mailbox ({text})",
            where=f"user {user}",
            remedy="The next run resumes where this one stopped.",
        )
    return MailboxError(
        f"Microsoft Graph refused to read the mailbox ({text})",
        where=f"user {user}",
        remedy="The next run tries again; report it if it stays.",
        code="REFUSED",
    )


def message_error(response: SubResponse) -> MessageError:
    """What a status means for one message."""
    error = response.body.get("error")
    error = error if isinstance(error, Mapping) else {}
    text, named = describe(response.status, error), _request_id(error)
    text += f"; request-id {named}" if named else ""
    if response.status == 404:
        return MessageGoneError(
            f"The message is no longer in the mailbox ({text})", remedy="It was moved or deleted while it was read."
        )
    return MessageError(
        f"Microsoft Graph did not give the message ({text})",
        code=f"GRAPH_{response.status}",
        remedy=TRIED_AGAIN if response.status in BUSY else "",
        transient=response.status in BUSY,
    )
