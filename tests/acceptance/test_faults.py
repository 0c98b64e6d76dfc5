"""Every request of a run, faulted once in every way: the run recovers, or the next one completes it."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.ledger import ledger, without_duplicates
from tests.support.world import World, stamp

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RECEIVED = NOW - timedelta(days=1)
HTML = "<html><body>502 Bad Gateway</body></html>"
WAYS: dict[str, dict[str, Any]] = {
    "429 with Retry-After": {
        "status": 429,
        "headers": {"Retry-After": "1"},
        "body": {"error": {"code": "TooManyRequests"}},
    },
    "429": {"status": 429, "body": {"error": {"code": "TooManyRequests", "message": "Slow down."}}},
    "503": {"status": 503, "body": ""},
    "reset before effect": {"drop": "before"},
    "reset after effect": {"drop": "after"},
    "reset in the body": {"drop": "middle"},
    "HTML": {"status": 200, "headers": {"Content-Type": "text/html"}, "body": HTML},
    "time-out": {"delay_ms": 2500},
}


def furnish(world: World) -> None:
    """Two advisers; mail matched, unmatched, internal, in two mailboxes, with an attachment."""
    world.settings(Keep_Unmatched__c=True)
    world.internal_domain()
    for name in ("ada", "bob"):
        world.adviser(name, Graph_User_Id__c=None)
    world.client("Rita", "Reed", "rita@reed.example")

    def mail(owner: str, name: str, sender: str, *to: str, **members: Any) -> None:
        usual = {"subject": name, "internetMessageId": f"<{name}@mail.example>", "toRecipients": list(to)}
        world.message(owner, received=RECEIVED, **{**usual, "from": sender, **members})

    for name in ("ada", "bob"):
        mail(name, "both", "rita@reed.example", "ada@firm.example", "bob@firm.example")
    mail("ada", "stranger", "new@unknown.example", "ada@firm.example")
    mail("bob", "colleague", "ada@firm.example", "bob@firm.example")
    note = {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": "note.txt",
        "contentType": "text/plain",
        "contentBytes": "SGVsbG8=",
    }
    mail("ada", "file", "rita@reed.example", "ada@firm.example", attachments=[note])


def hurried(world: World) -> str:
    """A configuration with a short time-out, one month of backfill being set in the org."""
    settings = yaml.safe_load(Path(world.config).read_text(encoding="utf-8"))
    settings["http"] = {"timeout_seconds": 1, "max_attempts": 4, "max_wait_seconds": 20}
    settings["sync"] = {**settings.get("sync", {}), "attachment_timeout_seconds": 2}
    file = Path(world.config).with_name("hurried.yaml")
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return str(file)


def prepare(world: World) -> None:
    """The same fresh world each time; its backfill is short, so that a run has few requests."""
    world.reset()
    world.control("POST", "clock", {"now": stamp(NOW)})
    furnish(world)
    start = world.ago(days=2)
    for row in world.rows("SELECT Id FROM MS_Graph_User__c"):
        world.org.MS_Graph_User__c.update(row["Id"], {"Backfill_From__c": start.strftime("%Y-%m-%dT%H:%M:%SZ")})
    world.control("DELETE", "requests")


def settle(world: World, way: str) -> None:
    """Wait until a request that was held back has been carried out, or it would reach the next world."""
    delay = WAYS[way].get("delay_ms", 0)
    [fault] = world.control("GET", "faults")["faults"]
    if not fault["hits"]:
        return  # this run had fewer requests
    for _ in range(200):
        # an event loop counts in whole milliseconds, and so may wake a little early
        if not delay or any(request["ms"] >= delay - 50 for request in world.requests()):
            return
        time.sleep(0.05)
    raise AssertionError(f"the request that was held back was never carried out: {fault}, {world.requests()}")


@pytest.mark.slow
@pytest.mark.calls  # it counts the requests of a run to fault each, and weather would add its own
@pytest.mark.parametrize("way", WAYS)
def test_every_request_faulted_once(world: World, way: str) -> None:
    world.config = hurried(world)
    prepare(world)
    world.sync()
    expected = ledger(world)
    assert len(expected["emails"]) == 3
    count = len(world.requests())
    for number in range(count):
        prepare(world)
        world.fault(service="any", path=".", times=1, skip=number, **WAYS[way])
        code, report, err = world.command("sync", "--json")
        assert code in (0, 1, 3), err
        settle(world, way)
        world.control("DELETE", "faults")
        if code != 0:
            world.advance(minutes=20)  # what failed alone is due again
            assert world.command("sync", "--json")[0] == 0, f"{way}, request {number}: {report} {err}"
        found = ledger(world)
        assert without_duplicates(found), f"{way}, request {number}"
        assert found == expected, f"{way}, request {number}: exit {code} {report} {err}"


@pytest.mark.parametrize("way", ["429", "503", "reset after effect", "HTML"])
def test_a_write_faulted_once(world: World, way: str) -> None:
    prepare(world)
    world.sync()
    expected = ledger(world)
    prepare(world)
    world.fault(service="salesforce", path="composite", skip=2, times=1, **WAYS[way])
    assert world.command("sync", "--json")[0] in (0, 3)
    world.control("DELETE", "faults")
    assert world.command("sync", "--json")[0] == 0
    assert ledger(world) == expected
