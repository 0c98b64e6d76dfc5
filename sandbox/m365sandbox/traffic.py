"""What goes over the wire: the log that `GET /sandbox/requests` shows, the faults that `POST /sandbox/faults` plants.

Requests to the control API itself are neither logged nor faulted.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, unquote_plus

from m365sandbox.wire import Response

LOGGED_REQUESTS = 100_000
FAULT_SERVICES = ("graph", "entra", "salesforce", "any")
DROPS = ("before", "after", "middle")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One request that a service was asked. `status` is 0 where the connection was reset instead of an answer."""

    n: int
    at: str
    service: str
    method: str
    path: str
    query: str
    status: int
    ms: float
    bytes_in: int
    bytes_out: int

    def as_json(self) -> dict[str, Any]:
        """As the control API shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


class RequestLog:
    """The last 100,000 requests, numbered from 1."""

    def __init__(self) -> None:
        self._requests: deque[LoggedRequest] = deque(maxlen=LOGGED_REQUESTS)
        self._count = 0

    def next_number(self) -> int:
        """The number of the request that has just come in."""
        self._count += 1
        return self._count

    def add(self, request: LoggedRequest) -> None:
        """Append one, when it has been answered."""
        self._requests.append(request)

    def listed(self, service: str | None = None) -> list[LoggedRequest]:
        """Those still held, in order of arrival, of one service or of all."""
        return sorted((r for r in self._requests if service in (None, r.service)), key=lambda r: r.n)

    def clear(self) -> None:
        """Forget all; numbers start at 1 again."""
        self._requests.clear()
        self._count = 0


class FaultError(ValueError):
    """A fault that cannot be planted as asked."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One planted fault: it fires on `times` fitting requests (0: until deleted) after letting `skip` pass.

    With `sub` these are requests inside a $batch or Composite, without it only whole requests.
    """

    id: str
    service: str = "any"
    method: str | None = None
    path: str | None = None
    times: int = 1
    skip: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    delay_ms: int = 0
    drop: str | None = None
    sub: bool = False
    hits: int = 0
    passed: int = 0

    @property
    def replaces(self) -> bool:
        """Whether it answers in the service's place, so that the request takes no effect."""
        return self.status is not None or self.body is not None

    def fits(self, service: str, method: str, targets: Sequence[str], *, sub: bool) -> bool:
        """Whether it concerns this request. `targets` are the forms of its path?query, decoded; one is enough."""
        if self.sub is not sub or self.service not in ("any", service):
            return False
        if self.method and self.method.upper() != method.upper():
            return False
        return self.path is None or any(re.search(self.path, target) for target in targets)

    def answer(self) -> Response:
        """The answer that stands in for the service's."""
        headers = dict(self.headers)
        if self.body is None:
            content = b""
        elif isinstance(self.body, str):
            content = self.body.encode()
        else:
            content = json.dumps(self.body, ensure_ascii=False).encode()
        if content and "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = "text/html" if isinstance(self.body, str) else "application/json"
        return Response(self.status or 200, headers, content)

    def as_json(self) -> dict[str, Any]:
        """As it was planted, with its id and how often it has fired."""
        shown = {name: getattr(self, name) for name in self.__slots__ if name != "passed"}
        return {name: value for name, value in shown.items() if value is not None}


_FAULT_TYPES: dict[str, tuple[type, ...]] = {
    "service": (str,),
    "method": (str,),
    "path": (str,),
    "times": (int,),
    "skip": (int,),
    "status": (int,),
    "headers": (dict,),
    "body": (str, dict, list),
    "delay_ms": (int,),
    "drop": (str,),
    "sub": (bool,),
}


class Faults:
    """The faults planted, in the order they were planted; a request meets at most one."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._planted = 0

    def plant(self, wanted: Mapping[str, Any]) -> Fault:
        """Add one. Raises FaultError that names the key it cannot accept."""
        _check(wanted)
        self._planted += 1
        fault = Fault(id=f"f{self._planted}", **wanted)
        self._faults.append(fault)
        return fault

    def listed(self) -> list[Fault]:
        """All that were planted and not deleted, spent ones too."""
        return list(self._faults)

    def clear(self) -> None:
        """Delete all."""
        self._faults.clear()

    def met_by(self, service: str, method: str, *targets: str, sub: bool = False) -> Fault | None:
        """The fault this request meets, counted as a hit; None where it meets none."""
        for fault in self._faults:
            spent = fault.times and fault.hits >= fault.times
            if spent or not fault.fits(service, method, targets, sub=sub):
                continue
            if fault.passed < fault.skip:
                fault.passed += 1
                continue
            fault.hits += 1
            return fault
        return None


def fine_weather(_method: str, _url: str) -> Fault | None:
    """Nothing happens but what was planted."""
    return None


class SubFaults:
    """What the requests inside one request meet. `delay_ms` is the longest wait that was met: it is waited once.

    `weather` is asked for those that meet no fault.
    """

    def __init__(
        self, faults: Faults, service: str, weather: Callable[[str, str], Fault | None] = fine_weather
    ) -> None:
        self._faults = faults
        self._service = service
        self._weather = weather
        self.delay_ms = 0

    def __call__(self, method: str, *urls: str) -> Response | None:
        """The answer that stands in for a request inside, counted as a hit; `urls` are not decoded."""
        fault = self._faults.met_by(self._service, method, *(decoded(url) for url in urls), sub=True)
        fault = fault or self._weather(method, urls[0])
        if fault is None:
            return None
        self.delay_ms = max(self.delay_ms, fault.delay_ms)
        return fault.answer() if fault.replaces else None


def decoded(url: str) -> str:
    """path?query as a fault's `path` is matched with."""
    path, mark, query = url.partition("?")
    return f"{unquote(path)}{mark}{unquote_plus(query)}"


def _check(wanted: Mapping[str, Any]) -> None:
    """Raise FaultError for the first key or value that makes no sense."""
    for name, value in wanted.items():
        if name not in _FAULT_TYPES:
            raise FaultError(f"unknown key {name}")
        if not isinstance(value, _FAULT_TYPES[name]) or (isinstance(value, bool) and name != "sub"):
            raise FaultError(f"{name} has a value of the wrong type")
    _check_values(wanted)


def _check_values(wanted: Mapping[str, Any]) -> None:
    if wanted.get("service", "any") not in FAULT_SERVICES:
        raise FaultError(f"service must be one of {', '.join(FAULT_SERVICES)}")
    if wanted.get("drop", "before") not in DROPS:
        raise FaultError(f"drop must be one of {', '.join(DROPS)}")
    if wanted.get("sub") and "drop" in wanted:
        raise FaultError("drop is not possible with sub: a request inside another one has no connection of its own")
    for name in ("times", "skip", "delay_ms"):
        if wanted.get(name, 0) < 0:
            raise FaultError(f"{name} must not be negative")
    if not 200 <= wanted.get("status", 200) <= 599:
        raise FaultError("status must be an HTTP status from 200 to 599")
    if not all(isinstance(value, str) for value in wanted.get("headers", {}).values()):
        raise FaultError("headers must be strings")
    if not {"status", "body", "delay_ms", "drop"} & set(wanted):
        raise FaultError("one of status, body, delay_ms and drop is needed")
    try:
        re.compile(wanted.get("path", ""))
    except re.error as exc:
        raise FaultError(f"path is not a regular expression: {exc}") from exc
