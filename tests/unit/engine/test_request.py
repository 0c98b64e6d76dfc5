"""What is asked of a run survives the way to another process, and nothing else is taken for a request."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.codes import EventKind
from connector.core.scheduling.policy import Job
from connector.engine.request import RunRequest, request_for

requests = st.builds(
    RunRequest,
    only=st.lists(st.text(), max_size=3).map(tuple),
    kind=st.none() | st.sampled_from(EventKind),
    dry_run=st.booleans(),
    sweep=st.booleans(),
    minutes=st.none() | st.floats(min_value=0.01, max_value=1e6),
    retries_only=st.booleans(),
    every_error=st.booleans(),
    event=st.none() | st.text(),
)


@given(requests)
def test_a_request_comes_back_from_json_as_it_was(request: RunRequest) -> None:
    assert RunRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_what_is_missing_has_its_default() -> None:
    assert RunRequest.from_json({}) == RunRequest()
    assert RunRequest.from_json({"minutes": 5, "kind": "Scheduled"}) == RunRequest(minutes=5, kind=EventKind.SCHEDULED)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"mailbox": "ada@firm.example"}, "mailbox"),
        ({"only": "ada@firm.example"}, "only"),
        ({"only": [1]}, "only"),
        ({"dry_run": "yes"}, "dry_run"),
        ({"sweep": 1}, "sweep"),
        ({"sweep": None}, "sweep"),
        ({"minutes": "5"}, "minutes"),
        ({"minutes": True}, "minutes"),
        ({"event": 4}, "event"),
        ({"kind": 1}, "kind"),
        ({"kind": "Weekly"}, "Weekly"),
    ],
)
def test_what_is_no_request_is_refused_by_name(value: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        RunRequest.from_json(value)


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (RunRequest(), EventKind.MANUAL),
        (RunRequest(sweep=True), EventKind.SWEEP),
        (RunRequest(retries_only=True, sweep=True), EventKind.RETRY),
        (RunRequest(retries_only=True, kind=EventKind.SCHEDULED), EventKind.SCHEDULED),
    ],
)
def test_the_kind_of_its_event(request_: RunRequest, kind: EventKind) -> None:
    assert request_.event_kind is kind


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (Job.MANUAL, RunRequest(kind=EventKind.MANUAL, minutes=10)),
        (Job.SCHEDULED, RunRequest(kind=EventKind.SCHEDULED, minutes=10)),
        (Job.SLICE, RunRequest(kind=EventKind.SCHEDULED, minutes=10)),
        (Job.RETRY, RunRequest(kind=EventKind.RETRY, retries_only=True, minutes=10)),
    ],
)
def test_the_run_that_a_job_stands_for(job: Job, expected: RunRequest) -> None:
    assert request_for(job, minutes=10) == expected
