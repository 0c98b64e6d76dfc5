"""Bad days on purpose: throttling, outages, resets and slow bodies, mixed by a named profile and drawn from a seed.

`calm` is none. The same seed draws the same sequence for each service. A client that tries again gets through: what was
refused once is not refused when it comes again, and a mailbox that had bad luck is left alone for some requests. No
wait is longer than a second. Sign-in and the administrator's session of the ready line always have fine weather.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from m365sandbox.traffic import Fault

WEATHERS = ("calm", "normal", "rough")
GIVEN_WEATHER = ("weather", "weatherSeed")
#: Outlook's own limits, in force in any weather but calm (Graph: throttling limits, Outlook service).
LIMITS = {"perMailboxConcurrency": 4, "requestsPer10Min": 10_000}
NO_LIMITS: dict[str, Any] = dict.fromkeys(LIMITS)
#: Refused requests are remembered up to so many; their next coming is let through.
_REMEMBERED = 10_000
_SLOW_MS = 400
_LARGEST_PAGE = 1000
_TOP = re.compile(r"[$]top=(\d+)", re.IGNORECASE)
_MAILBOX = re.compile(r"/users(?:/|\(')([^/?')]+)", re.IGNORECASE)
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>The service is unavailable.</p></body></html>"
_RETRY_FORMS = ("integer", "decimal", "date", "lower case", "constant", "missing")


@dataclass(frozen=True, slots=True)
class Profile:
    """How often what happens, in thousandths of the requests of a service; `rest` requests after it are left alone."""

    graph: Mapping[str, int]
    inside: Mapping[str, int]
    salesforce: Mapping[str, int]
    rest: int


PROFILES: Mapping[str, Profile] = {
    "calm": Profile({}, {}, {}, 0),
    "normal": Profile(
        {"throttled": 6, "unavailable": 3, "page": 1, "large page": 5, "before": 1, "slow": 5},
        {"throttled": 3, "unavailable": 1},
        {"unavailable": 2, "page": 1, "before": 1, "slow": 5},
        20,
    ),
    "rough": Profile(
        {
            "throttled": 60, "unavailable": 20, "page": 20, "timeout": 10, "large page": 40,
            "before": 15, "middle": 15, "after": 10, "slow": 30,
        },
        {"throttled": 30, "unavailable": 15, "timeout": 10},
        {"unavailable": 20, "page": 15, "before": 10, "after": 15, "slow": 20},
        6,
    ),
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Gust(Fault):
    """What a request meets in bad weather. `slow_ms`: the right answer, its body in pieces over so long."""

    slow_ms: int = 0


class Weather:
    """The weather over one sandbox."""

    def __init__(self) -> None:
        self._name = "calm"
        self._seed = 1
        self._draws: dict[str, random.Random] = {}
        self._spared: set[str] = set()
        self._resting: dict[str, int] = {}

    @property
    def is_calm(self) -> bool:
        """Whether nothing happens at all."""
        return self._name == "calm"

    def as_json(self) -> dict[str, Any]:
        """What is set."""
        return {"weather": self._name, "weatherSeed": self._seed}

    def check(self, wanted: Mapping[str, Any]) -> None:
        """Raise ValueError for a weather that there is not."""
        if wanted.get("weather", "calm") not in WEATHERS:
            raise ValueError(f"weather must be one of {', '.join(WEATHERS)}")
        seed = wanted.get("weatherSeed", 1)
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise ValueError("weatherSeed must be a whole number")  # noqa: TRY004 - the control API's 400

    def change(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Set it and begin the sequence anew; gives the limits that change with it. Raises ValueError."""
        self.check(wanted)
        if not wanted:
            return {}
        before = self._name
        self._name = wanted.get("weather", self._name)
        self._seed = wanted.get("weatherSeed", self._seed)
        self._draws.clear()
        self._spared.clear()
        self._resting.clear()
        if self._name == before:
            return {}
        return dict(NO_LIMITS if self._name == "calm" else LIMITS)

    def over(self, service: str, method: str, target: str, digest: int, now: datetime) -> Gust | None:
        """What a whole request meets. `target` is its path?query, `digest` stands for its body."""
        profile = PROFILES[self._name]
        shares = profile.graph if service == "graph" else profile.salesforce
        return self._drawn(service, shares, _key(service, method, target, digest), target, now)

    def spare(self, service: str, method: str, target: str, digest: int) -> None:
        """Let this request through when it comes again: a planted fault was enough."""
        if not self.is_calm:
            self._spare(_key(service, method, target, digest))

    def inside(self, service: str, method: str, url: str, now: datetime) -> Gust | None:
        """What a request inside a $batch meets. Those inside a Composite meet nothing of their own."""
        shares = PROFILES[self._name].inside if service == "graph" else {}
        return self._drawn(service, shares, _key(service, method, url, 0), url, now)

    def _drawn(self, service: str, shares: Mapping[str, int], key: str, target: str, now: datetime) -> Gust | None:
        if not shares:
            return None
        stream = self._draws.setdefault(service, random.Random(f"{self._seed}:{service}"))  # noqa: S311 - no secret
        place, detail = stream.random() * 1000, stream.random()  # drawn always, so that the sequence depends on nothing
        subject = f"{service} {_subject(target)}"
        if key in self._spared:
            self._spared.discard(key)
            return None
        if self._resting.get(subject, 0) > 0:
            self._resting[subject] -= 1
            return None
        kind = _kind_at(shares, place, target)
        if kind is None:
            return None
        self._spare(key)
        self._resting[subject] = PROFILES[self._name].rest
        return _gust(service, kind, detail, now)

    def _spare(self, key: str) -> None:
        if len(self._spared) >= _REMEMBERED:
            self._spared.clear()
        self._spared.add(key)


def _key(service: str, method: str, target: str, digest: int) -> str:
    """A request as it is known again when a client repeats it."""
    return f"{service} {method} {target} {digest}"


def _subject(target: str) -> str:
    """What rests after bad luck: a mailbox, or everything that is none's."""
    found = _MAILBOX.search(unquote(target))
    return found.group(1).lower() if found else ""


def _kind_at(shares: Mapping[str, int], place: float, target: str) -> str | None:
    """What lies at a place from 0 to 1000; a timeout of a large page is the likelier the larger the page."""
    for kind, share in shares.items():
        width = share * _page_size(target) / _LARGEST_PAGE if kind == "large page" else share
        if place < width:
            return kind
        place -= width
    return None


def _page_size(target: str) -> int:
    found = _TOP.search(unquote(target))
    return min(int(found.group(1)[:6]), _LARGEST_PAGE) if found else 0


def _gust(service: str, kind: str, detail: float, now: datetime) -> Gust:
    if kind in ("before", "middle", "after"):
        return Gust(id="weather", drop=kind)
    if kind == "slow":
        return Gust(id="weather", slow_ms=_SLOW_MS)
    if kind == "throttled":
        return _throttled(detail, now)
    if kind == "page":
        status = (502, 503)[detail < 0.5]
        title = "502 Bad Gateway" if status == 502 else "503 Service Unavailable"
        return Gust(id="weather", status=status, body=_PAGE.format(title))
    if kind == "unavailable":
        return _unavailable(service, detail)
    return Gust(id="weather", status=504, body=_error("UnknownError", ""))


def _unavailable(service: str, detail: float) -> Gust:
    if service == "graph":
        headers = {"Retry-After": "1"} if detail < 0.5 else {}
        body = _error("serviceNotAvailable", "The service is temporarily unavailable.")
        return Gust(id="weather", status=503, headers=headers, body=body)
    message = "Server is temporarily unavailable. Please try again."
    return Gust(id="weather", status=503, body=[{"message": message, "errorCode": "SERVER_UNAVAILABLE"}])


def _throttled(detail: float, now: datetime) -> Gust:
    """429 as it has been seen: Retry-After in all its forms, and without (public reports on Graph's SDKs)."""
    form = _RETRY_FORMS[int(detail * len(_RETRY_FORMS))]
    headers = {
        "integer": {"Retry-After": "1"},
        "decimal": {"Retry-After": "0.249"},
        "date": {"Retry-After": format_datetime(now + timedelta(seconds=1), usegmt=True)},
        "lower case": {"retry-after": "1"},
        "constant": {"Retry-After": "1", "x-ms-throttle-scope": "Tenant_Application/ReadWrite"},
        "missing": {},
    }[form]
    if form == "constant":
        body = _error("TooManyRequests", "Too many requests.")
    else:
        body = _error("ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
    return Gust(id="weather", status=429, headers=headers, body=body)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
