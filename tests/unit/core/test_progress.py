"""What those who wait are shown."""

from typing import Any

import pytest

from connector.core.reading.progress import Progress, together


def progress(**fields: Any) -> Progress:
    known = {"covered": 50.0, "planned": 200.0, "messages": 1200, "expected": 5000, "seconds": 20.0}
    return Progress(**{**known, **fields})


def test_messages_rate_and_time_left() -> None:
    assert str(progress()) == "1,200 of about 5,000 messages, 60/s, 1 min left"
    assert (progress().rate, progress().left) == (60.0, 60.0)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"expected": None}, "1,200 messages, 60/s, 1 min left"),
        ({"expected": 1199}, "1,200 messages, 60/s, 1 min left"),
        ({"covered": 200.0}, "1,200 of about 5,000 messages, 60/s"),
        ({"covered": 0.0, "messages": 0, "seconds": 0.0}, "0 of about 5,000 messages, 0/s"),
        ({"seconds": 5.0}, "1,200 of about 5,000 messages, 240/s, 15 s left"),
        ({"seconds": 3000.0}, "1,200 of about 5,000 messages, 0/s, 2 h 30 min left"),
    ],
)
def test_what_is_not_known_or_no_help_is_left_out(fields: dict[str, Any], text: str) -> None:
    assert str(progress(**fields)) == text


def test_all_mailboxes_together() -> None:
    parts = [progress(), progress(expected=None, messages=7), progress(expected=3, messages=9)]
    assert together(parts, 40.0) == progress(covered=150.0, planned=600.0, messages=1216, expected=5016, seconds=40.0)
    assert together([progress(expected=None)], 20.0) == progress(expected=None)
    assert together([], 1.0).left == 0.0
