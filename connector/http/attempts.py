"""One request to a service: sent, judged, and sent again where that can help."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import structlog
from tenacity import RetryCallState, Retrying

from connector.codes import Action
from connector.core.scheduling.retry import GiveUp, Policy, Wait, decide
from connector.errors import UnreachableError
from connector.http.answers import require_json, served_at, template
from connector.http.bounds import AnswerBound
from connector.http.failures import OF_THE_SERVER, BrokenAnswerError, is_late, kind_of, never_connected

_LOG = structlog.get_logger(__name__)

#: opens what a request sends: bytes piece by piece, with `__len__` where their number is known
Body = Callable[[], AbstractContextManager[Iterable[bytes] | None]]


class Pace(Protocol):
    """What all services share, as an attempt needs it."""

    policy: Policy
    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    jitter: Callable[[], float]


class Sender(Protocol):
    """A service, as an attempt needs it."""

    name: str

    @property
    def transport(self) -> Pace:
        """What it sends through."""
        ...

    def send_once(self, method: str, url: str, how: Mapping[str, Any], bound: AnswerBound) -> requests.Response:
        """One HTTP request, counted."""
        ...

    def unreachable(self, error: requests.RequestException) -> UnreachableError:
        """The error to raise where no answer came."""
        ...


class Attempt:
    """One request through tenacity's loop: core/scheduling/retry.py decides, tenacity repeats, the transport sleeps."""

    def __init__(
        self,
        service: Sender,
        method: str,
        url: str,
        *,
        safe: bool,
        patient: bool,
        any_body: bool,
        once: bool = False,
        body: Body | None = None,
    ) -> None:
        self._once = once
        self._service = service
        self._method = method
        self._url = url
        self._safe = safe
        self._patient = patient
        self._any_body = any_body
        self._body: Body = body or nullcontext
        self._pause = 0.0

    def run(self, how: Mapping[str, Any], bound: Callable[[], AnswerBound]) -> requests.Response:
        """The last answer. Raises UnreachableError where there was none."""
        loop = Retrying(
            retry=self._again, wait=lambda _: self._pause, sleep=self._service.transport.sleep, reraise=True
        )
        try:
            return loop(self._send, how, bound)
        except requests.RequestException as error:
            raise self._service.unreachable(error) from error
        finally:
            # its steps refer to the loop: with them, what was sent would stay in memory until garbage is collected
            loop.iter_state.reset()

    def _send(self, how: Mapping[str, Any], bound: Callable[[], AnswerBound]) -> requests.Response:
        started = time.monotonic()
        status: int | str = "none"
        answer: requests.Response | None = None
        try:
            # what is sent is opened first: that may itself be a request, and places in flight are few
            with self._body() as data:
                how = how if data is None else {**how, "data": data}
                answer = self._service.send_once(self._method, self._url, how, bound())
            status = answer.status_code
            if not self._any_body and not how.get("stream"):
                require_json(answer)
        except requests.RequestException as error:
            status = type(error).__name__
            raise
        else:
            return answer
        finally:
            _LOG.debug(
                "Sent request",
                action=Action.REQUEST_SENT,
                service=self._service.name,
                method=self._method,
                path=template(urlsplit(self._url).path),
                status=status,
                ms=round((time.monotonic() - started) * 1000),
                **_named(answer),
            )

    def _again(self, state: RetryCallState) -> bool:
        """tenacity's question whether to go on; the length of the pause is kept for its next one."""
        if state.outcome is None:
            return False
        error = state.outcome.exception()
        if error is not None and not isinstance(error, requests.RequestException):
            return False
        answer: requests.Response | None = None if error else state.outcome.result()
        if answer is not None and answer.status_code < 400:
            return False
        if error is not None and is_late(error) and not self._patient:
            return False
        if self._once and (
            isinstance(error, BrokenAnswerError) or (answer is not None and answer.status_code in OF_THE_SERVER)
        ):
            return False
        verdict = self._decide(state, answer, error)
        if isinstance(verdict, GiveUp):
            return False
        self._pause = verdict.seconds
        if answer is not None:
            answer.close()
        _LOG.info(
            "Request is sent again",
            action=Action.REQUEST_RETRIED,
            service=self._service.name,
            method=self._method,
            path=template(urlsplit(self._url).path),
            attempt=state.attempt_number,
            cause=answer.status_code if answer is not None else type(error).__name__,
            wait_seconds=round(self._pause, 3),
            **_named(answer),
        )
        return True

    def _decide(
        self, state: RetryCallState, answer: requests.Response | None, error: requests.RequestException | None
    ) -> Wait | GiveUp:
        transport = self._service.transport
        kind = None if error is None else kind_of(error)
        if error is not None and kind is None:
            return GiveUp(type(error).__name__)
        return decide(
            state.attempt_number,
            status=None if answer is None else answer.status_code,
            error=kind,
            retry_after=None if answer is None else answer.headers.get("Retry-After"),
            now=(served_at(answer) if answer is not None else None) or transport.now(),
            idempotent=self._safe or (error is not None and never_connected(error)),
            elapsed=state.idle_for,
            policy=transport.policy,
            jitter=transport.jitter(),
        )


def _named(answer: requests.Response | None) -> dict[str, str]:
    """By what the service's support finds the request (Graph: request-id), for a log line."""
    name = answer.headers.get("request-id") if answer is not None else None
    return {} if not name else {"request_id": name[:64]}
