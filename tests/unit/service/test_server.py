"""Probes and metrics over real HTTP: what each page says, when a probe is not well, and what is refused."""

import http.client
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from connector.codes import IdleReason, Outcome
from connector.core.scheduling.policy import Idle, Job
from connector.engine.pulse import Pulse
from connector.engine.report import RunReport
from connector.errors import ErrorDetail, ServiceError, SetupError, UsageError
from connector.service.metrics import Metrics
from connector.service.server import serving
from tests.support.builders import at


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Served:
    """Metrics and pulse as the scheduler has them, asked for over HTTP."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pulse = Pulse(look_every=60, slice_seconds=600, monotonic=self.clock)
        self.metrics = Metrics(clock=lambda: 1_800_000_000.0)
        self.address = ""

    def tell(self, step: Job | Idle) -> None:
        self.pulse.looked(step)
        self.metrics.looked(step)

    def ran(self, job: Job, report: RunReport | None) -> None:
        for watch in (self.pulse, self.metrics):
            watch.began(job)
            watch.ended(job, report)

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        host = urlsplit(self.address).netloc
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def value(self, name: str) -> float:
        _, text = self.ask("/metrics")
        [found] = [line for line in text.splitlines() if line.startswith(f"{name} ")]
        return float(found.split()[-1])


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    with serving("127.0.0.1", free_port(), made.metrics, made.pulse) as address:
        assert address is not None
        made.address = address
        yield made


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


# -- probes -----------------------------------------------------------------------------------------------------------


def test_a_process_that_has_just_begun_is_alive_and_not_ready(served: Served) -> None:
    assert served.ask("/healthz")[0] == 200
    assert served.ask("/readyz") == (503, "not ok: Salesforce was not looked at yet\n")


def test_ready_says_what_keeps_runs_from_happening(served: Served) -> None:
    served.tell(Idle(until=at(hours=1)))
    assert served.ask("/readyz") == (200, "ok: runs are on\n")
    served.tell(Idle(why=IdleReason.INACTIVE))
    status, text = served.ask("/readyz")
    assert status == 200, "somebody switched it off: no fault"
    assert IdleReason.INACTIVE in text
    served.tell(Idle(error=SetupError("Time of Day is empty")))
    assert served.ask("/readyz") == (503, "not ok: Time of Day is empty.\n")
    served.pulse.unreachable(ServiceError("Salesforce cannot be reached"))
    assert served.ask("/readyz") == (503, "not ok: Salesforce cannot be reached.\n")
    assert served.ask("/healthz")[0] == 200, "a restart would not help"


def test_a_scheduler_that_stands_still_is_neither_alive_nor_ready(served: Served) -> None:
    served.tell(Idle(until=at(hours=1)))
    served.clock.seconds += 300
    assert (served.ask("/healthz")[0], served.ask("/readyz")[0]) == (200, 200)
    served.clock.seconds += 1
    assert (served.ask("/healthz")[0], served.ask("/readyz")[0]) == (503, 503)


def test_a_long_run_is_alive_for_its_slice_and_an_hour(served: Served) -> None:
    served.pulse.began(Job.SCHEDULED)
    served.clock.seconds += 4200
    assert (served.ask("/healthz")[0], served.ask("/readyz")[0]) == (200, 200)
    served.clock.seconds += 1
    assert served.ask("/healthz")[0] == 503
    served.pulse.ended(Job.SCHEDULED, RunReport())
    assert served.ask("/healthz")[0] == 200


# -- metrics ----------------------------------------------------------------------------------------------------------


def test_runs_are_counted_with_what_they_did(served: Served) -> None:
    report = RunReport(
        outcomes={Outcome.MATCHED: 3, Outcome.FAILED: 1},
        emails=3,
        participants=4,
        tasks=5,
        attachments=6,
        errors=1,
        mailboxes_read=7,
        mailboxes_failed=1,
        salesforce_calls=8,
        graph_calls=9,
        seconds=2.5,
        paused=True,
    )
    served.ran(Job.SCHEDULED, report)
    served.ran(Job.SCHEDULED, report)
    assert served.value('m365sync_runs_total{job="scheduled",result="with_errors"}') == 2
    assert served.value('m365sync_messages_total{outcome="matched"}') == 6
    assert served.value('m365sync_messages_total{outcome="duplicate"}') == 0
    for kind, count in (("email", 6), ("participant", 8), ("task", 10), ("attachment", 12), ("error", 2)):
        assert served.value(f'm365sync_records_total{{kind="{kind}"}}') == count
    assert served.value('m365sync_requests_total{service="graph"}') == 18
    assert served.value("m365sync_run_seconds_sum") == 5
    assert served.value('m365sync_mailboxes{state="failed"}') == 1
    assert served.value("m365sync_backfill_paused") == 1
    assert served.value("m365sync_last_success_timestamp_seconds") == 1_800_000_000


def test_a_failed_run_is_no_success_and_leaves_the_mailboxes_as_they_were(served: Served) -> None:
    served.ran(Job.MANUAL, RunReport(mailboxes_read=2))
    served.ran(Job.MANUAL, RunReport(failure=ErrorDetail(code="SERVICE", what="no")))
    served.ran(Job.SCHEDULED, None)
    assert served.value('m365sync_runs_total{job="manual",result="failed"}') == 1
    assert served.value('m365sync_runs_total{job="scheduled",result="failed"}') == 1
    assert served.value('m365sync_mailboxes{state="read"}') == 2


def test_what_a_look_finds_is_shown(served: Served) -> None:
    served.tell(Idle(until=at(hours=1)))
    assert served.value("m365sync_next_run_timestamp_seconds") == at(hours=1).timestamp()
    assert (served.value("m365sync_active"), served.value("m365sync_salesforce_reachable")) == (1, 1)
    served.tell(Idle(why=IdleReason.INACTIVE))
    served.metrics.unreachable(ServiceError("no"))
    assert (served.value("m365sync_active"), served.value("m365sync_salesforce_reachable")) == (0, 0)


# -- the server -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/metrics/", "/../healthz", "/x?/metrics"])
def test_there_are_three_pages_and_no_other(served: Served, path: str) -> None:
    assert served.ask(path) == (404, "/metrics, /healthz, /readyz\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent(served: Served, method: str) -> None:
    assert served.ask("/metrics", method)[0] == 501


def test_head_has_no_body(served: Served) -> None:
    assert served.ask("/healthz", "HEAD") == (200, "")


def test_a_client_that_hangs_up_or_talks_nonsense_harms_nobody(served: Served) -> None:
    host, port = urlsplit(served.address).netloc.split(":")
    for sent in (b"", b"\x16\x03\x01\x02", b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n"):
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(sent)
    assert served.ask("/healthz")[0] == 200


def test_without_a_port_nothing_listens() -> None:
    made = Served()
    with serving("127.0.0.1", None, made.metrics, made.pulse) as address:
        assert address is None


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_port_or_host_that_cannot_be_had_is_said_at_once(host: str) -> None:
    made = Served()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with (
            pytest.raises(UsageError, match=f"Nothing can listen on {host}"),
            serving(host, other.getsockname()[1], made.metrics, made.pulse),
        ):
            pass
