"""`run`, the scheduler, in a process of its own: the grid, what people ask for, slices, outages, and a stop."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from connector.cli.app import run
from tests.support.world import World

PATIENCE = 120


class Scheduler:
    """`m365sync run`, looking often; what it logs is read line by line, so that nobody has to wait in vain."""

    def __init__(self, config: str, check: Callable[[str], None]) -> None:
        self._check = check
        command = [sys.executable, "-m", "connector", "--debug", "--config", config, "run", "--look-every", "0.2"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.lines: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=30)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def until(self, text: str, **members: Any) -> dict[str, Any]:
        """The next log line with this sentence and these members."""
        assert self.process.stderr is not None
        guard = threading.Timer(PATIENCE, self.process.kill)
        guard.start()
        try:
            for line in self.process.stderr:
                assert line.startswith("{"), line
                self._check(line)
                told: dict[str, Any] = json.loads(line)
                self.lines.append(told)
                if told["event"] == text and all(told.get(name) == value for name, value in members.items()):
                    return told
        finally:
            guard.cancel()
        raise AssertionError(f"it ended without saying: {text}\n{self.lines[-5:]}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit code, within ten seconds."""
        self.process.send_signal(number)
        return self.process.wait(timeout=10)

    def told(self, text: str) -> int:
        """How often this was said so far."""
        return [line["event"] for line in self.lines].count(text)


@pytest.fixture
def scheduler(world: World) -> Iterator[Any]:
    """Starts it, with some keys of the configuration changed."""
    yield from _schedulers(world)


@pytest.fixture
def lax_scheduler(lax_world: World) -> Iterator[Any]:
    """The same for an org whose validation rules are off."""
    yield from _schedulers(lax_world)


def _schedulers(world: World) -> Iterator[Any]:
    started: list[Scheduler] = []

    def start(*, metrics: int | None = None, **keys: Any) -> Scheduler:
        config = yaml.safe_load(Path(world.config).read_text(encoding="utf-8"))
        config["sync"] = {**config.get("sync", {}), **keys}
        config["logging"] = {"level": "info", "format": "json"}
        config["metrics"] = {"port": metrics}
        file = Path(world.config).with_name("scheduled.yaml")
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        started.append(Scheduler(str(file), world.check_log))
        return started[-1]

    yield start
    for one in started:
        one.__exit__()


def setting(world: World) -> dict[str, Any]:
    [row] = world.rows("SELECT Id, Last_Run_At__c, Sync_Now_Requested__c FROM MS_Graph_Setting__c")
    return row


def change(world: World, **fields: Any) -> None:
    world.org.MS_Graph_Setting__c.update(setting(world)["Id"], fields)


def mail(world: World, subject: str) -> dict[str, str]:
    return world.message(
        "ada",
        subject=subject,
        received=world.ago(minutes=2),
        toRecipients=["ada@firm.example"],
        **{"from": "rita@reed.example"},
    )


def events(world: World) -> list[tuple[str, str, int]]:
    rows = world.rows(
        "SELECT Kind__c, Status__c, Emails_Synced__c FROM MS_Graph_Sync_Event__c "
        "ORDER BY Started_At__c, CreatedDate, Id"
    )
    return [(row["Kind__c"], row["Status__c"], int(row["Emails_Synced__c"])) for row in rows]


def subjects(world: World) -> set[str]:
    return {row["Name"] for row in world.rows("SELECT Name FROM Email__c")}


def test_a_day_at_work(firm: World, scheduler: Any) -> None:
    firm.control("POST", "clock", {"now": "2031-03-03T10:05:00Z"})
    mail(firm, "Before it began")
    running = scheduler()
    running.until("Run finished")  # it never ran before
    assert setting(firm)["Last_Run_At__c"][:16] == "2031-03-03T10:05"
    assert subjects(firm) == {"Before it began"}

    mail(firm, "Before eleven")
    firm.control("POST", "clock", {"now": "2031-03-03T11:00:10Z"})
    running.until("Run finished")
    assert setting(firm)["Last_Run_At__c"][:16] == "2031-03-03T11:00"
    assert subjects(firm) == {"Before it began", "Before eleven"}

    change(firm, Frequency__c="Every 15 minutes")
    firm.control("POST", "clock", {"now": "2031-03-03T11:14:30Z"})
    mail(firm, "Before a quarter past")
    firm.control("POST", "clock", {"now": "2031-03-03T11:15:10Z"})
    running.until("Run finished")
    assert setting(firm)["Last_Run_At__c"][:16] == "2031-03-03T11:15"

    mail(firm, "Wanted now")
    change(firm, Sync_Now_Requested__c=True)
    running.until("Run finished")
    assert setting(firm)["Sync_Now_Requested__c"] is False
    assert "Wanted now" in subjects(firm)

    change(firm, Active__c=False)
    why = running.until("Nothing runs")
    assert why["reason"] == "the sync is switched off (Active on Microsoft 365 Sync Setting)"
    firm.control("POST", "clock", {"now": "2031-03-04T11:15:10Z"})
    change(firm, Sync_Now_Requested__c=True)
    change(firm, Active__c=True)
    running.until("Run finished")
    assert running.stop() == 0
    assert running.told("Nothing runs") == 1
    assert events(firm) == [("Scheduled", "Succeeded", 1)] * 3 + [("Manual", "Succeeded", 1)]


def test_a_retry_that_a_person_asks_for(firm: World, scheduler: Any) -> None:
    firm.control("POST", "clock", {"now": "2031-03-03T10:05:00Z"})
    message = mail(firm, "Bad")
    path = f"/messages/{message['id']}"
    for sub in (False, True):
        firm.fault(service="graph", path=path, times=0, status=400, body={"error": {"code": "Odd"}}, sub=sub)
    running = scheduler()
    running.until("Run finished")
    firm.control("DELETE", "faults")
    [row] = firm.rows("SELECT Id FROM MS_Graph_Sync_Error__c")
    firm.org.MS_Graph_Sync_Error__c.update(row["Id"], {"Status__c": "Retry Requested"})
    running.until("Run finished")
    assert running.stop(signal.SIGINT) == 0
    assert events(firm) == [("Scheduled", "Completed with Errors", 0), ("Retry", "Succeeded", 1)]
    assert subjects(firm) == {"Bad"}


@pytest.mark.slow
def test_a_mailbox_that_is_linked_later_begins_at_once(firm: World, scheduler: Any) -> None:
    running = scheduler()
    running.until("Run finished")
    firm.mailbox("bob")
    firm.message("bob", subject="To Bob", toRecipients=["bob@firm.example"], **{"from": "rita@reed.example"})
    address = "bob@firm.example"
    firm.create("MS_Graph_User__c", Name="Bob", User_Principal_Name__c=address, User__c=firm.user("bob"))
    running.until("Run finished")
    assert running.stop() == 0
    assert subjects(firm) == {"To Bob"}


def test_an_outage_of_salesforce_is_an_event_when_it_is_over(firm: World, scheduler: Any) -> None:
    firm.control("POST", "clock", {"now": "2031-03-03T10:59:59Z"})
    fault = firm.fault(service="salesforce", path="/composite", times=0, status=503, body=[])
    running = scheduler()
    told = running.until("Salesforce could not be read")
    assert "could not answer" in told["error"]
    firm.control("DELETE", f"faults?id={fault}")
    running.until("Run finished")
    assert running.stop() == 0
    assert running.told("Salesforce could not be read") == 1
    [event] = firm.rows(
        "SELECT Kind__c, Status__c, Emails_Synced__c, Emails_Failed__c, Error_Message__c FROM MS_Graph_Sync_Event__c"
    )
    assert (event["Status__c"], event["Emails_Synced__c"], event["Emails_Failed__c"]) == ("Failed", 0, 0)
    assert event["Error_Message__c"] == told["error"]


@pytest.mark.slow
def test_an_outage_of_microsoft_365_is_one_event_for_each_run(firm: World, scheduler: Any) -> None:
    firm.control("POST", "clock", {"now": "2031-03-03T10:05:00Z"})
    firm.fault(service="entra", times=0, status=503, body={"error": "temporarily_unavailable"})
    running = scheduler()
    running.until("Run failed")
    firm.control("POST", "clock", {"now": "2031-03-03T11:00:10Z"})
    running.until("Run failed")
    firm.control("DELETE", "faults")
    firm.control("POST", "clock", {"now": "2031-03-03T12:00:10Z"})
    mail(firm, "After it")
    change(firm, Sync_Now_Requested__c=True)
    while "After it" not in subjects(firm):
        running.until("Run finished")
    assert running.stop() == 0
    assert [status for _, status, _ in events(firm)] == ["Failed", "Failed", "Succeeded"]


def test_a_frequency_without_a_time_is_one_event_and_no_run(lax_firm: World, lax_scheduler: Any) -> None:
    firm = lax_firm
    change(firm, Frequency__c="Daily")
    running = lax_scheduler()
    told = running.until("Nothing runs, the schedule is not understood")
    assert "Time of Day is empty" in told["error"]
    change(firm, Time_of_Day__c="08:00:00.000Z")
    running.until("Run finished")
    assert running.stop() == 0
    assert running.told("Nothing runs, the schedule is not understood") == 1
    assert [status for _, status, _ in events(firm)] == ["Failed"]


def test_a_stop_in_the_middle_of_a_backfill_loses_nothing(firm: World, scheduler: Any) -> None:
    firm.backfill_months(3)
    sent = set()
    for days in range(1, 60):
        subject = f"{days} days ago"
        sent.add(subject)
        received = firm.ago(days=days)
        firm.message(
            "ada",
            subject=subject,
            received=received,
            toRecipients=["ada@firm.example"],
            **{"from": "rita@reed.example"},
        )
    firm.fault(service="graph", path="batch|messages", times=0, delay_ms=1500)
    running = scheduler(workers=1, requests_per_mailbox=1)
    running.until("Sent request", service="Microsoft Graph")
    assert running.stop() == 0
    assert running.process.stderr is not None
    assert [line for line in running.process.stderr if "Traceback" in line] == []
    assert len(subjects(firm)) < len(sent)
    firm.control("DELETE", "faults")
    firm.sync()
    rows = firm.rows("SELECT Name FROM Email__c")
    assert sorted(row["Name"] for row in rows) == sorted(sent)
    assert "Running" not in {status for _, status, _ in events(firm)}


@pytest.mark.slow
def test_it_is_gone_in_ten_seconds_whatever_it_waits_for(firm: World, scheduler: Any) -> None:
    mail(firm, "Never asked for")
    firm.fault(service="graph", times=0, delay_ms=60_000)
    running = scheduler()
    running.until("Sent request", service="Microsoft Entra")
    assert running.stop() == 0
    running.until("Stopped in the middle of a request")
    firm.control("DELETE", "faults")
    assert subjects(firm) == set()
    assert firm.sync()["emails"] == 1


def test_a_configuration_that_cannot_be_used_ends_it_before_it_begins(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "connector.yaml"
    file.write_text("sync: {workers: many}\n", encoding="utf-8")
    assert run(["--config", str(file), "run"]) == 2
    assert capfd.readouterr().err.startswith("error: The configuration has")


# -- metrics and probes -----------------------------------------------------------------------------------------------


def page(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def becomes(port: int, path: str, status: int) -> str:
    """What the page says once it has this status."""
    for _ in range(10 * PATIENCE):
        found, text = page(port, path)
        if found == status:
            return text
        threading.Event().wait(0.1)
    raise AssertionError(f"{path} stayed {found}: {text}")


def test_probes_and_metrics_show_what_the_scheduler_does(firm: World, scheduler: Any) -> None:
    """And no page names anybody."""
    mail(firm, "a mail")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with scheduler(metrics=port) as daemon:
        daemon.until("Run finished", emails=1)
        assert becomes(port, "/readyz", 200).startswith("ok")
        _, text = page(port, "/metrics")
        assert 'm365sync_runs_total{job="scheduled",result="done"} 1.0' in text
        assert 'm365sync_records_total{kind="email"} 1.0' in text
        assert "m365sync_salesforce_reachable 1.0" in text
        assert "ada" not in text
        assert "@" not in text

        firm.fault(service="salesforce", path="/services/data", times=0, status=503, body=[])
        assert "Salesforce" in becomes(port, "/readyz", 503)
        assert page(port, "/healthz")[0] == 200
        firm.control("DELETE", "faults")
        becomes(port, "/readyz", 200)
        assert daemon.stop() == 0


def test_a_metrics_port_that_is_taken_ends_the_command_before_anything_is_asked(firm: World, scheduler: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        before = len(firm.requests())
        with scheduler(metrics=other.getsockname()[1]) as daemon:
            _, error = daemon.process.communicate(timeout=30)
            assert daemon.process.returncode == 2
            assert "Nothing can listen on 127.0.0.1" in error
        assert len(firm.requests()) == before
