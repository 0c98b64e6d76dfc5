"""Sends all HTTP requests: timeouts, retries (`attempts`), pinned hosts and counting.

`Transport` holds what all services share (TLS, the number of requests in flight, the retry policy); `ServiceClient` is
one service behind it. Statuses are no errors here: after the retries an answer is handed back as it is, and `graph/`
and `salesforce/` say what it means. No answer at all is an `UnreachableError`.
"""

import functools
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import requests

from connector import __version__
from connector.core.scheduling.retry import Policy
from connector.errors import ForeignHostError, SignInError, UnreachableError, UsageError
from connector.http.address import ForeignAddressError, Origin
from connector.http.attempts import Attempt, Body
from connector.http.bounds import FILE_BYTES, JSON_BYTES, AnswerBound, bounded
from connector.http.failures import (
    explained,
    meaning,
)
from connector.http.proxies import Proxy, ProxyChoice
from connector.http.sessions import LentSession, PlainSession
from connector.http.tls import TlsAdapter, trusted

#: Methods that may be sent again in any case, also after an attempt that may have succeeded (RFC 9110, 9.2.1).
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class TokenSource(Protocol):
    """Gives bearer tokens to a service. Safe from several threads."""

    def token(self) -> str:
        """A token that is believed to be good. Raises SignInError where the service refuses us."""
        ...

    def drop(self, token: str) -> None:
        """Forget this token, because the service refused it; another one that came since is kept."""
        ...


#: an answer may take so many times `http.timeout_seconds` as a whole, which by itself is the longest silence
_WHOLE_ANSWER = 2


class Transport:
    """What all services share. Close it at the end, or use it in a `with`.

    `workers` is the number of requests in flight over all services; `ca_file` replaces the public authorities;
    `proxies` says through what each is asked.
    `sleep`, `jitter` (a number in [0, 1)), `now` and `monotonic` are handed in by tests.
    """

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        timeout: float = 60,
        max_attempts: int = 5,
        max_wait: float = 300,
        workers: int = 32,
        proxies: ProxyChoice | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.timeout = timeout
        self.policy = Policy(max_attempts=max_attempts, max_wait_seconds=max_wait)
        self.sleep = sleep
        self.jitter = jitter
        self.now = now
        self.monotonic = monotonic
        self.in_flight = threading.BoundedSemaphore(workers)
        self.proxies = proxies or ProxyChoice()
        self._tls = trusted(ca_file)
        self._lock = threading.Lock()
        self._opened: list[requests.Session] = []

    def service(
        self,
        name: str,
        url: str,
        *,
        counted: str = "",
        token: TokenSource | None = None,
        setting: str = "",
        most: int = JSON_BYTES,
    ) -> "ServiceClient":
        """The service at `url`. `counted`: the path whose requests are calls; `setting`: the key to name in errors;
        `most`: the largest body of an answer, streamed files apart."""
        return ServiceClient(self, name, url, counted=counted, token=token, setting=setting, most=most)

    def open(self, proxy: Proxy | None = None) -> requests.Session:
        """A new session without environment, cookies and retries of its own; `close` closes it."""
        session = PlainSession()
        session.trust_env = False  # a .netrc entry would replace our Authorization header
        session.headers["User-Agent"] = f"m365sync/{__version__}"
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.mount("https://", TlsAdapter(self._tls, proxy))
        if proxy is not None:
            session.proxies = {"https": proxy.url}
        with self._lock:
            self._opened.append(session)
        return session

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            opened, self._opened = self._opened, []
        for session in opened:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ServiceClient:
    """One service, pinned to its host. Safe from several threads: each request has a session to itself."""

    def __init__(
        self,
        transport: Transport,
        name: str,
        url: str,
        *,
        counted: str = "",
        token: TokenSource | None = None,
        setting: str = "",
        most: int = JSON_BYTES,
    ) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self._transport = transport
        try:
            self._origin = Origin.of(url)
        except ForeignAddressError as error:
            raise UsageError("The address of the service is not valid", where=setting or name) from error
        self._proxy = transport.proxies.for_host(self._origin.host, self._origin.port)
        self._most = most
        self._counted = counted
        self._token = token
        self._setting = setting
        self._local = threading.local()
        self._lock = threading.Lock()
        self._calls = 0
        #: sessions with warm connections; the one used last is used next, so that few are kept open
        self._idle: list[requests.Session] = []

    @property
    def calls(self) -> int:
        """HTTP requests below the counted path so far; each attempt is one."""
        return self._calls

    @property
    def attempts(self) -> int:
        """How often this thread's last request was sent: above 1, an earlier sending may have taken effect."""
        return getattr(self._local, "attempts", 0)

    def request(
        self,
        method: str,
        url: str,
        *,
        idempotent: bool | None = None,
        patient: bool = True,
        once: bool = False,
        any_body: bool = False,
        timeout: float | None = None,
        within: float | None = None,
        body: Body | None = None,
        **how: Any,
    ) -> requests.Response:
        """Send one request, again where that is safe and may help, and give back its last answer, with any status.

        `url` is a path, or an absolute URL of this very host (any other is refused). `idempotent` says that sending it
        twice does no harm; by default GET, HEAD and OPTIONS. `patient=False`: a timeout is not tried again.
        `once=True`: nor is a failure of the server, or an answer that is no JSON.
        `any_body=True`: the answer need not be JSON. `body` opens what is to be sent, anew for each attempt, so that it
        need not be held in memory; what it raises ends the request. `how` goes to requests (params, json, data,
        headers, stream); with `stream` the caller closes the answer, and reads the body of a 200. `timeout` is the
        longest silence, `within` the longest time that the answer may take once the request was sent.
        Raises UnreachableError where no answer came: NoAnswerError where it took too long, TooLargeError where it was
        larger than its kind may be.
        """
        method = method.upper()
        target = self._pinned(url)
        safe = method in _SAFE if idempotent is None else idempotent
        how["allow_redirects"] = False
        silence = how["timeout"] = self._transport.timeout if timeout is None else timeout
        bound = functools.partial(
            AnswerBound,
            silence=silence,
            seconds=_WHOLE_ANSWER * silence if within is None else within,
            most=self._most,
            passed=FILE_BYTES if how.get("stream") else 0,
            monotonic=self._transport.monotonic,
        )

        def send(headers: Mapping[str, str]) -> requests.Response:
            attempt = Attempt(
                self, method, target, safe=safe, patient=patient and not once, once=once, any_body=any_body, body=body
            )
            return attempt.run({**how, "headers": dict(headers)}, bound)

        self._local.attempts = 0
        headers = dict(how.pop("headers", None) or {})
        if self._token is None:
            return send(headers)
        token = granted(self._token)
        answer = send({**headers, "Authorization": f"Bearer {token}"})
        if answer.status_code != 401:
            return answer
        self._token.drop(token)
        answer.close()
        return send({**headers, "Authorization": f"Bearer {granted(self._token)}"})

    def session(self, *, idempotent: bool | None = None) -> requests.Session:
        """A session for code that is not ours (simple-salesforce, msal): all that it sends goes through `request`."""
        return LentSession(functools.partial(self.request, idempotent=idempotent))

    # What an attempt needs of its service.

    def send_once(self, method: str, url: str, how: Mapping[str, Any], bound: AnswerBound) -> requests.Response:
        """One HTTP request on a session that no other thread is using, counted. Its body is read, unless it is a file
        that the caller reads."""
        if self._counted and urlsplit(url).path.startswith(self._counted):
            with self._lock:
                self._calls += 1
        self._local.attempts = self.attempts + 1
        with self._transport.in_flight, bounded(bound):
            try:
                session = self._idle.pop()
            except IndexError:
                session = self._transport.open(self._proxy)
            try:
                answer = session.request(method, url, **{**how, "stream": True})
                if not (how.get("stream") and answer.status_code == 200):
                    bound.whole(answer)
            finally:
                self._idle.append(session)
            return answer

    @property
    def transport(self) -> Transport:
        """The transport that this service sends through."""
        return self._transport

    def unreachable(self, error: requests.RequestException) -> UnreachableError:
        """The error to raise where no answer came: what happened, with which host, and what to look at."""
        host = self._origin.netloc
        check = f"Check {self._setting}" if self._setting else "Check the address of the service"
        what, remedy = explained(error, check, proxy=self._proxy)
        return meaning(error)(f"{self.name} cannot be reached: {what}", where=host, remedy=remedy)

    def _pinned(self, url: str) -> str:
        try:
            return self._origin.address(url)
        except ForeignAddressError as error:
            raise ForeignHostError(
                f"{self.name} named an address on another host, and tokens go to its own host only",
                where=_shown_host(url),
                remedy=f"Check {self._setting or 'the address of the service'}, or a proxy that rewrites answers.",
            ) from error


def granted(source: TokenSource) -> str:
    """A token. Raises SignInError also where the sign-in was not answered, with the code of what kept it from that: it
    is no fault of the mailbox, the file or the rows that need the token."""
    try:
        return source.token()
    except (UnreachableError, ForeignHostError) as error:
        raise SignInError(error.what, where=error.where, remedy=error.remedy, code=error.code) from error


def _shown_host(url: object) -> str:
    """About which host an address that was refused names, for the admin; how much of it is so depends on the reader."""
    named = re.split(r"[/?#\\]", str(url).partition("//")[2])[0].rpartition("@")[2]
    return re.sub(r"[^\x21-\x7e]", "?", named)[:100]
