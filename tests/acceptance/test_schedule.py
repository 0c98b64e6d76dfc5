"""`schedule`: the next times of the grid, from the frequency and the org's zone as they stand in Salesforce."""

from typing import Any

import pytest

from connector.cli.app import run
from tests.support.world import World


def upcoming(world: World, *arguments: str, code: int = 0) -> list[str]:
    got, answer, err = world.command("schedule", "--json", *arguments)
    assert got == code, err
    assert answer is not None
    found: list[str] = answer["next"]
    return found


def change(world: World, **fields: Any) -> None:
    [row] = world.rows("SELECT Id FROM MS_Graph_Setting__c")
    world.org.MS_Graph_Setting__c.update(row["Id"], fields)


@pytest.fixture
def hourly(world: World) -> World:
    """Settings as they are after a deployment, but for Active, and nothing else."""
    return _hourly(world)


def _hourly(world: World) -> World:
    world.settings()
    world.control("POST", "clock", {"now": "2026-03-02T10:05:00Z"})
    return world


def test_from_now_on_and_from_any_moment(hourly: World) -> None:
    assert upcoming(hourly, "--count", "3") == [f"2026-03-02T{hour}:00:00Z" for hour in (11, 12, 13)]
    assert len(upcoming(hourly)) == 10
    # the moment itself is no time after it
    after = upcoming(hourly, "--after", "2026-07-01T11:00:00Z", "--count", "1")
    assert after == ["2026-07-01T12:00:00Z"]
    assert upcoming(hourly, "--after", "2026-07-01T13:30:00+02:00", "--count", "1") == after


def test_the_zone_is_that_of_the_org(hourly: World) -> None:
    hourly.control("PATCH", "org", {"timeZone": "Australia/Lord_Howe"})
    assert upcoming(hourly, "--after", "2025-10-04T14:45:00Z", "--count", "2") == [
        "2025-10-04T15:30:00Z",
        "2025-10-04T16:00:00Z",
    ]
    change(hourly, Frequency__c="Daily", Time_of_Day__c="07:30:00.000Z")
    assert upcoming(hourly, "--after", "2026-03-02", "--count", "2") == ["2026-03-01T20:30:00Z", "2026-03-02T20:30:00Z"]
    change(hourly, Frequency__c="Weekly", Day_of_Week__c="Wednesday")
    assert upcoming(hourly, "--count", "2") == ["2026-03-03T20:30:00Z", "2026-03-10T20:30:00Z"]


@pytest.mark.calls
def test_it_costs_one_call_and_changes_nothing(hourly: World) -> None:
    hourly.control("DELETE", "requests")
    upcoming(hourly)
    assert [(request["method"], request["path"]) for request in hourly.requests("salesforce")] == [
        ("POST", "/services/data/v66.0/composite")
    ]
    assert hourly.requests("graph") == []
    [row] = hourly.rows("SELECT Last_Run_At__c FROM MS_Graph_Setting__c")
    assert row["Last_Run_At__c"] is None


def test_a_sync_that_is_off_is_said(hourly: World) -> None:
    change(hourly, Licensed_Users__c=0)
    code, answer, err = hourly.command("schedule", "--json", "--count", "1")
    assert (code, answer) == (0, {"next": ["2026-03-02T11:00:00Z"]})
    assert "the feature is not enabled (Licensed Users is 0)" in err
    change(hourly, Active__c=False)
    assert "the sync is switched off" in hourly.command("schedule", "--json")[2]


def test_without_a_settings_record_there_is_no_grid(world: World) -> None:
    code, answer, err = world.command("schedule", "--json")
    assert (code, answer) == (0, {"next": []})
    assert "there is no Microsoft 365 Sync Setting record named Default" in err


def test_a_frequency_without_a_time_is_refused(lax_world: World) -> None:
    hourly = _hourly(lax_world)
    change(hourly, Frequency__c="Weekly", Time_of_Day__c="07:30:00.000Z")
    code, answer, err = hourly.command("schedule", "--json")
    assert code == 3
    assert answer is not None
    assert answer["error"] == {
        "code": "SETUP",
        "message": "The frequency is Weekly and Day of Week is empty, so nobody can say when a run is due",
        "where": "Microsoft 365 Sync Setting",
        "remedy": "Fill in Day of Week on the Microsoft 365 Sync Setting, or choose another Frequency.",
    }
    assert err.strip().startswith("error: The frequency is Weekly and Day of Week is empty")


@pytest.mark.parametrize("after", ["tomorrow", "2026-13-01", "9999-12-31T00:00:00Z", "0001-01-01"])
def test_what_is_no_moment_is_refused_before_anybody_is_asked(hourly: World, after: str) -> None:
    hourly.control("DELETE", "requests")
    code, answer, _ = hourly.command("schedule", "--json", "--after", after)
    assert code == 2
    assert answer is not None
    assert answer["error"]["message"] == f"{after} is not a date and time"
    assert hourly.requests() == []


def test_for_people_it_is_in_the_time_of_the_org(hourly: World, capfd: pytest.CaptureFixture[str]) -> None:
    hourly.control("PATCH", "org", {"timeZone": "Europe/Berlin"})
    capfd.readouterr()
    assert run(["--config", hourly.config, "schedule", "--count", "1"]) == 0
    assert capfd.readouterr().out.splitlines() == [
        "Hourly, in Europe/Berlin",
        "  Mon 2026-03-02 12:00 +0100   2026-03-02T11:00:00Z",
    ]
