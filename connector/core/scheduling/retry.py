"""Whether to try again, and when. A decision from plain values; the caller waits.

Two ladders: seconds within a run for one request, hours between runs for one message.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Literal

#: The service did nothing: any request may be sent again.
_NOT_TAKEN = frozenset({408, 429, 503, 509})
#: The service may have done what was asked before it failed.
_UNKNOWN_EFFECT = frozenset({500, 502, 504})
_FIRST_WAIT = 1.0
_LONGEST_BACKOFF = 60.0
#: How much of a Retry-After is added at most, so that many workers do not come back in the same instant.
_SPREAD = 0.1
_SECONDS = re.compile(r"\d{1,9}(\.\d{0,9})?")
_LADDER = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))


@dataclass(frozen=True, slots=True)
class Policy:
    """How often one request is sent at most, and how long all its waits may take together."""

    max_attempts: int = 5
    max_wait_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Send the request again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not send it again; `reason` completes the sentence "not tried again: …"."""

    reason: str


def decide(
    attempt: int,
    *,
    status: int | None,
    error: Literal["connection", "timeout"] | None,
    retry_after: str | None,
    now: datetime,
    idempotent: bool,
    elapsed: float,
    policy: Policy,
    jitter: float,
) -> Wait | GiveUp:
    """What to do after the `attempt`-th attempt (from 1) failed with an HTTP `status` or a transport `error`.

    `now` is the instant that an HTTP date in `retry_after` is measured from, `elapsed` the seconds since the first
    attempt, `jitter` a random number from 0 to 1. `idempotent` says that sending again does no harm, either by the
    method or because every row has a unique key. 401 is final here: a new token is not a matter of waiting.
    """
    refusal = _refusal(status, error, idempotent)
    if refusal:
        return GiveUp(refusal)
    if attempt >= policy.max_attempts:
        return GiveUp(f"{attempt} attempts failed")
    left = policy.max_wait_seconds - elapsed
    asked = seconds_of(retry_after, now)
    if asked is not None:
        # Coming back before the service allows it only prolongs a throttling, so a wait that is too long is no wait.
        if asked > left:
            return GiveUp(f"the service asks for {math.ceil(asked)} seconds, more than is left")
        return Wait(min(asked * (1 + _SPREAD * jitter), left))
    if left <= 0:
        return GiveUp(f"no answer within {math.ceil(policy.max_wait_seconds)} seconds")
    backoff = min(_FIRST_WAIT * 2.0 ** min(attempt - 1, 16), _LONGEST_BACKOFF)
    return Wait(min(backoff * (1 + jitter) / 2, left))


def _refusal(status: int | None, error: str | None, idempotent: bool) -> str:
    """Why this failure is not repeated at all, or empty."""
    if error is None and status in _NOT_TAKEN:
        return ""
    if error is None and status not in _UNKNOWN_EFFECT:
        return f"status {status} is final"
    return "" if idempotent else "it may have taken effect"


def seconds_of(retry_after: str | None, now: datetime) -> float | None:
    """The wait that a Retry-After header asks for: seconds, whole or decimal, or an HTTP date.

    None where it asks for nothing that can be kept: no header, no number, zero, or a date that is past.
    """
    value = (retry_after or "").strip()
    if _SECONDS.fullmatch(value):
        return float(value) or None
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    seconds = (date - now).total_seconds()
    return seconds if seconds > 0 else None


def next_daily_attempt(failed_at: datetime) -> datetime:
    """When a message is tried again that an org's rule, right or limit refused: once a day, until that is gone."""
    return failed_at + _LADDER[-1]


def next_attempt(attempts: int, failed_at: datetime) -> datetime | None:
    """When a message that failed for a transient cause is tried again: after 15 minutes, 1, 6 and 24 hours.

    `attempts` counts all attempts, 1 at the first failure. None after the fifth: it gave up.
    """
    if attempts < 1:
        raise ValueError("a failed message was attempted at least once")
    if attempts > len(_LADDER):
        return None
    return failed_at + _LADDER[attempts - 1]


def error_key(mailbox: str, message: str) -> str:
    """Error_Key__c: 64 hex digits that stand for one message in one mailbox (by its Graph user id)."""
    return sha256(f"{mailbox}\n{message}".encode()).hexdigest()
