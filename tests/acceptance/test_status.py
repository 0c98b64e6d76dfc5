"""`status`: what each mailbox, the schedule and the org's API calls look like, and when that is not well."""

from typing import Any

import pytest

from connector.cli.app import run
from tests.support.world import DOMAIN, World, stamp

ADA = f"ada@{DOMAIN}"


def status(world: World, *, code: int = 0) -> tuple[dict[str, Any], str]:
    got, answer, err = world.command("status", "--json")
    assert got == code, (got, answer, err)
    assert answer is not None
    if "error" not in answer:
        assert answer["ok"] is (code == 0)
    return answer, err


def box(world: World, *, code: int = 0) -> dict[str, Any]:
    [found] = status(world, code=code)[0]["mailboxes"]
    assert isinstance(found, dict)
    return found


def change(world: World, **fields: Any) -> None:
    [row] = world.rows("SELECT Id FROM MS_Graph_Setting__c")
    world.org.MS_Graph_Setting__c.update(row["Id"], fields)


def change_box(world: World, **fields: Any) -> None:
    [row] = world.rows("SELECT Id FROM MS_Graph_User__c")
    world.org.MS_Graph_User__c.update(row["Id"], fields)


def test_before_and_after_the_first_run(firm: World) -> None:
    firm.control("PATCH", "org", {"dailyApiRequests": 50_000, "dailyApiUsed": 1_200})
    now = firm.now().replace(microsecond=0)
    answer, _ = status(firm)
    assert {key: answer[key] for key in ("ok", "active", "frequency")} == {
        "ok": True,
        "active": True,
        "frequency": "Hourly",
    }
    assert answer["next_run"] >= stamp(now)  # it never ran, so it is due
    assert answer["mailboxes"] == [
        {
            "upn": ADA,
            "status": "Ready",
            "last_success": None,
            "age_seconds": None,
            "backfill_percent": 0,
            "detail": "",
        }
    ]
    assert answer["api"]["limit"] == 50_000
    assert 1_200 < answer["api"]["used"] <= 1_220
    firm.sync()
    firm.advance(minutes=10)
    found = box(firm)
    assert (found["status"], found["backfill_percent"], found["detail"]) == ("Live", 100, "")
    assert 600 <= found["age_seconds"] < 700
    assert found["last_success"].endswith("Z")


def test_it_reads_salesforce_only_and_writes_nothing(firm: World) -> None:
    before = firm.rows("SELECT Id, SystemModstamp, Status__c FROM MS_Graph_User__c")
    firm.control("DELETE", "requests")
    status(firm)
    assert firm.requests("graph") == firm.requests("entra") == []
    assert {request["path"].rpartition("/")[2] for request in firm.requests("salesforce")} == {"composite", "limits"}
    assert firm.rows("SELECT Id, SystemModstamp, Status__c FROM MS_Graph_User__c") == before
    assert firm.rows("SELECT Id FROM MS_Graph_Sync_Event__c") == []


def test_the_next_run_is_on_the_grid(firm: World) -> None:
    firm.control("POST", "clock", {"now": "2031-03-02T10:05:00Z"})
    firm.sync()
    change(firm, Last_Run_At__c="2031-03-02T10:00:30Z", Frequency__c="Every 2 hours")
    assert status(firm)[0]["next_run"] == "2031-03-02T12:00:00Z"
    change(firm, Frequency__c="Daily", Time_of_Day__c="06:00:00.000Z")
    assert status(firm)[0]["next_run"] == "2031-03-03T06:00:00Z"


def test_a_mailbox_that_fails_is_red(firm: World) -> None:
    firm.control("PATCH", f"mailboxes/{ADA}", {"state": "unlicensed"})
    firm.sync(code=1)
    found = box(firm, code=1)
    assert found["status"] == "Unavailable"
    assert found["detail"].startswith("Microsoft Graph serves no such mailbox")


@pytest.mark.parametrize(("minutes", "code"), [(175, 0), (186, 1)])
def test_a_mailbox_that_nobody_reads_is_red_after_twice_its_frequency_and_an_hour(
    firm: World, minutes: int, code: int
) -> None:
    firm.sync()
    firm.advance(minutes=minutes)
    found = box(firm, code=code)
    assert found["status"] == "Live"
    assert bool(found["detail"]) is (code == 1)
    change(firm, Active__c=False)
    box(firm)  # it is not meant to be read


def test_a_mailbox_that_was_never_read_is_red_too(firm: World) -> None:
    firm.advance(hours=4)
    assert box(firm, code=1)["detail"] == "It was never read to its end."
    firm.create(
        "MS_Graph_Sync_Event__c",
        Run_Key__c="at work",
        Status__c="Running",
        Started_At__c=stamp(firm.ago(hours=3)),
        Touched_At__c=stamp(firm.ago(minutes=1)),
    )
    box(firm)  # a first backfill may take hours


def test_not_linked_is_no_fault_and_says_why_before_a_run_does(firm: World) -> None:
    firm.sync()
    change_box(firm, User__c=None)
    firm.advance(days=3)
    found = box(firm)
    assert (found["status"], found["detail"]) == (
        "Not Linked",
        "No Salesforce user is linked. Set User on this record.",
    )


def test_how_far_a_backfill_is(firm: World) -> None:
    firm.sync()
    start, live = firm.ago(days=100), firm.ago(hours=1)
    change_box(
        firm, Backfill_From__c=stamp(start), Live_From__c=stamp(live), Backfill_Through__c=stamp(firm.ago(days=75))
    )
    assert box(firm)["backfill_percent"] == 25
    change_box(firm, Backfill_Through__c=stamp(firm.ago(hours=2)))
    assert box(firm)["backfill_percent"] == 99  # 100 is done
    change_box(firm, Backfill_Through__c=None)
    assert box(firm)["backfill_percent"] == 0


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"Active__c": False}, "the sync is switched off"),
        ({"Licensed_Users__c": 0}, "the feature is not enabled"),
    ],
)
def test_a_sync_that_is_off_is_not_active_and_not_red(firm: World, fields: dict[str, Any], why: str) -> None:
    change(firm, **fields)
    answer, err = status(firm)
    assert (answer["active"], answer["next_run"], answer["frequency"]) == (False, None, "Hourly")
    assert why in err


def test_without_a_settings_record(world: World) -> None:
    answer, err = status(world)
    assert (answer["active"], answer["frequency"], answer["next_run"], answer["mailboxes"]) == (False, None, None, [])
    assert "there is no Microsoft 365 Sync Setting record" in err


def test_a_frequency_without_a_time_is_red(lax_firm: World) -> None:
    firm = lax_firm
    change(firm, Frequency__c="Daily")
    answer, err = status(firm, code=1)
    assert answer["next_run"] is None
    assert "problem: The frequency is Daily and Time of Day is empty" in err


def test_an_exclusion_that_cannot_be_understood_is_red(firm: World) -> None:
    # as it comes past the validation rule
    firm.exclusion("External Address", "nobody", Tombstone_Of__c="a0E000000000001AAA")
    assert "cannot be understood" in status(firm, code=1)[1]


def test_a_run_that_failed_is_red_until_one_succeeds(firm: World) -> None:
    error = {"error": {"code": "InternalServerError", "message": "Try later."}}
    firm.fault(service="entra", times=0, status=503, body=error)
    firm.sync(code=3)
    firm.control("DELETE", "faults")
    firm.advance(minutes=5)
    _, err = status(firm, code=1)
    assert "problem: The last run failed: " in err
    firm.sync()
    status(firm)


def test_for_people_it_is_a_table(firm: World, capfd: pytest.CaptureFixture[str]) -> None:
    firm.sync()
    change(firm, Last_Run_At__c=stamp(firm.now()))
    capfd.readouterr()
    assert run(["--config", firm.config, "status"]) == 0
    written = capfd.readouterr().out
    assert "Hourly; the next run is due" in written
    assert "(GMT)" in written
    assert all(word in written for word in (ADA, "Live", "100 %", "API calls"))


def test_what_is_wrong_with_a_mailbox_is_told_whole_on_a_narrow_terminal(
    firm: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    firm.sync()
    change_box(firm, User__c=None)
    capfd.readouterr()
    assert run(["--config", firm.config, "status"]) == 0
    written = capfd.readouterr().out
    assert f"{ADA}: No Salesforce user is linked. Set User on this record.\n" in written
    assert max(len(line) for line in written.splitlines()) <= 80


def test_what_cannot_be_read_is_no_status(firm: World) -> None:
    firm.fault(
        service="salesforce",
        path="composite",
        times=0,
        status=503,
        body=[{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}],
    )
    answer, _ = status(firm, code=3)
    assert answer["error"]["code"] == "SERVER_UNAVAILABLE"
