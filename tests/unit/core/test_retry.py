import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.scheduling.retry import GiveUp, Policy, Wait, decide, error_key, next_attempt, seconds_of

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
POLICY = Policy(max_attempts=5, max_wait_seconds=300)


def ask(attempt: int = 1, **changes: Any) -> Wait | GiveUp:
    plain: dict[str, Any] = {
        "status": 503,
        "error": None,
        "retry_after": None,
        "now": NOW,
        "idempotent": True,
        "elapsed": 0.0,
        "policy": POLICY,
        "jitter": 1.0,
    }
    return decide(attempt, **{**plain, **changes})


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 509])
def test_a_passing_failure_is_tried_again(status: int) -> None:
    assert ask(status=status) == Wait(1.0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 412, 413, 501, 505])
def test_every_other_status_is_final(status: int) -> None:
    assert ask(status=status) == GiveUp(f"status {status} is final")


@pytest.mark.parametrize(("status", "again"), [(429, True), (503, True), (500, False), (502, False), (504, False)])
def test_what_may_have_taken_effect_is_repeated_only_where_that_does_no_harm(status: int, again: bool) -> None:
    assert isinstance(ask(status=status, idempotent=False), Wait) is again


@pytest.mark.parametrize("error", ["connection", "timeout"])
def test_a_lost_connection_is_repeated_only_where_that_does_no_harm(error: str) -> None:
    assert isinstance(ask(status=None, error=error), Wait)
    assert ask(status=None, error=error, idempotent=False) == GiveUp("it may have taken effect")
    # a body that breaks off behind a good status is a lost connection too
    assert isinstance(ask(status=200, error=error), Wait)


def test_waits_double_and_attempts_end() -> None:
    assert [ask(attempt) for attempt in range(1, 5)] == [Wait(1.0), Wait(2.0), Wait(4.0), Wait(8.0)]
    assert ask(5) == GiveUp("5 attempts failed")


def test_a_wait_of_our_own_choice_is_a_minute_at_most() -> None:
    patient = Policy(max_attempts=20, max_wait_seconds=3600)
    assert ask(12, policy=patient) == Wait(60.0)


def test_what_the_service_asks_for_is_stretched_so_that_not_all_come_back_at_once() -> None:
    assert ask(retry_after="10", jitter=0.0) == Wait(10.0)
    assert ask(retry_after="10", jitter=0.5) == Wait(10.5)


def test_jitter_takes_off_up_to_half() -> None:
    assert ask(3, jitter=0.0) == Wait(2.0)
    assert ask(3, jitter=0.5) == Wait(3.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0.25", 0.25),
        ("2.", 2.0),
        (format_datetime(NOW + timedelta(seconds=42), usegmt=True), 42.0),
        ("Mon, 02 Mar 2026 12:00:05 -0000", 5.0),
        ("0", None),
        ("-3", None),
        ("1e9", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        (format_datetime(NOW - timedelta(seconds=1), usegmt=True), None),
        (format_datetime(NOW, usegmt=True), None),
        (format_datetime(NOW + timedelta(seconds=1), usegmt=True), 1.0),
    ],
)
def test_retry_after_in_all_its_forms(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header, NOW) == seconds
    assert ask(retry_after=header, jitter=0.0) == Wait(0.5 if seconds is None else seconds)


def test_a_wait_that_the_time_left_does_not_hold_is_not_begun() -> None:
    assert ask(retry_after="300", jitter=0.0) == Wait(300.0)
    assert isinstance(ask(retry_after="301"), GiveUp)
    assert isinstance(ask(retry_after="30", elapsed=271.0), GiveUp)
    assert ask(4, elapsed=297.0) == Wait(3.0)
    assert ask(4, elapsed=299.5) == Wait(0.5)
    assert isinstance(ask(elapsed=300.0), GiveUp)


@given(
    attempt=st.integers(1, 10),
    status=st.none() | st.integers(100, 599),
    error=st.none() | st.sampled_from(["connection", "timeout"]),
    retry_after=st.none() | st.text(max_size=40) | st.integers(0, 10**12).map(str) | st.floats(0, 1e4).map(str),
    idempotent=st.booleans(),
    elapsed=st.floats(0, 400),
    jitter=st.floats(0, 1),
)
def test_a_wait_is_never_too_short_nor_too_long(attempt: int, retry_after: str | None, **given_: Any) -> None:
    answer = ask(attempt, retry_after=retry_after, **given_)
    if isinstance(answer, Wait):
        assert 0 < answer.seconds <= POLICY.max_wait_seconds - given_["elapsed"]
        assert answer.seconds >= (seconds_of(retry_after, NOW) or 0)
        assert attempt < POLICY.max_attempts
    else:
        assert answer.reason


def test_the_ladder_of_a_failed_message() -> None:
    waits = [next_attempt(attempts, NOW) for attempts in range(1, 7)]
    hours = [None if at is None else (at - NOW) / timedelta(hours=1) for at in waits]
    assert hours == [0.25, 1, 6, 24, None, None]
    with pytest.raises(ValueError, match="at least once"):
        next_attempt(0, NOW)


def test_error_keys_name_one_message_of_one_mailbox() -> None:
    key = error_key("user-1", "AAkALg=")
    assert re.fullmatch("[0-9a-f]{64}", key)
    assert key == sha256(b"user-1\nAAkALg=").hexdigest()
    assert len({key, error_key("user-2", "AAkALg="), error_key("user-1", "aakalg=")}) == 3
