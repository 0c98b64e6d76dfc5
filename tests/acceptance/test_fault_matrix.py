"""Every request of a run meets every fault: it recovers, is parked, or one message fails, as the table said before.

In this process, through the sandbox's port; the waits between two attempts are added up instead of waited.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.engine.request import RunRequest
from connector.engine.scheduler import StopToken
from connector.settings.model import load
from connector.wiring.runs import runner
from tests.acceptance.mail_with_files import file
from tests.support.fault_table import LASTING, ONCE, ONE_FAILED, PARKED, RECOVERED, REQUESTS, applies, expected, planted
from tests.support.ledger import differences, ledger, without_duplicates
from tests.support.world import World, stamp

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
#: of the configuration: five attempts, which wait so long together
MOST_WAITED = 60
#: what one faulted kind of request may cost beside the others: its attempts, halves of lists and windows
MORE_REQUESTS = 60


class Clock(StopToken):
    """Adds up what is waited, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)


def prepare(world: World) -> None:
    """One adviser; mail of a client, one with a file, of a stranger, and of a colleague."""
    world.reset()
    world.control("POST", "clock", {"now": stamp(NOW)})
    world.settings(Keep_Unmatched__c=True)
    world.internal_domain()
    world.adviser("ada", Backfill_From__c=stamp(NOW - timedelta(days=2)))
    world.client("Rita", "Reed", "rita@reed.example")
    senders = ("rita@reed.example", "new@unknown.example", "colleague@firm.example", "rita@reed.example")
    for number, sender in enumerate(senders):
        world.message(
            "ada",
            received=NOW - timedelta(days=1, seconds=number),
            subject=f"Matter {number}",
            internetMessageId=f"<{number}@mail.example>",
            toRecipients=["ada@firm.example"],
            attachments=[file()] if number == 3 else [],
            **{"from": sender},
        )
    world.control("DELETE", "requests")


def config(world: World) -> str:
    """A short time-out, and the number of attempts that is the default."""
    settings = yaml.safe_load(Path(world.config).read_text(encoding="utf-8"))
    settings["http"] = {"timeout_seconds": 1, "max_attempts": 5, "max_wait_seconds": MOST_WAITED}
    settings["sync"] = {**settings.get("sync", {}), "attachment_timeout_seconds": 2}
    path = Path(world.config).with_name("matrix.yaml")
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return str(path)


def run(world: World, clock: Clock | None = None) -> Any:
    """One run, in this process."""
    return runner(load(config(world), {}), stop_token=clock or Clock()).run(RunRequest())


def word_for(world: World, report: Any) -> str:
    """What came of a run, in the words of the table; anything else as it is."""
    rows = world.rows("SELECT Id FROM MS_Graph_Sync_Error__c")
    match report.exit_code, len(rows):
        case 0, 0:
            return RECOVERED
        case 3, 0:
            return PARKED
        case 1, 1:
            return ONE_FAILED
    return f"exit {report.exit_code}, {len(rows)} error rows: {report.failure}"


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """The ledger and the number of requests of a run without a fault, found once."""
    return {}


@pytest.mark.slow
@pytest.mark.calls  # it meets requests by their number, and weather would add its own
@pytest.mark.parametrize("fault", [*ONCE, *LASTING])
def test_what_comes_of_it_is_what_the_table_says(world: World, fault: str, undisturbed: dict[str, Any]) -> None:
    if not undisturbed:
        prepare(world)
        assert run(world).exit_code == 0
        undisturbed |= {"ledger": ledger(world), "requests": len(world.requests())}
        assert (len(undisturbed["ledger"]["emails"]), len(undisturbed["ledger"]["files"])) == (3, 1)
    asked = [request for request in REQUESTS if applies(request, fault)]
    wrong = [problem for request in asked if (problem := tried(world, request, fault, undisturbed))]
    assert not wrong, "\n".join(wrong)


def tried(world: World, request: str, fault: str, undisturbed: dict[str, Any]) -> str:
    """What is wrong with one field of the table; empty where it is as it has to be."""
    prepare(world)
    world.fault(**planted(request, fault))
    clock = Clock()
    report = run(world, clock)
    [hit] = world.control("GET", "faults")["faults"]
    world.control("DELETE", "faults")
    word, where = word_for(world, report), f"{request} x {fault}"
    if not hit["hits"]:
        return f"{where}: no such request"
    if word != expected(request, fault):
        return f"{where}: {word}, not {expected(request, fault)}"
    through = world.rows("SELECT Backfill_Through__c FROM MS_Graph_User__c")[0]["Backfill_Through__c"]
    if word == PARKED and through is not None:
        return f"{where}: a timestamp moved"
    more = len(world.requests()) - undisturbed["requests"]
    if more > MORE_REQUESTS or max(clock.waits, default=0) > MOST_WAITED:
        return f"{where}: {more} more requests, waits of {clock.waits}"
    if word != RECOVERED:
        world.advance(minutes=20)  # what failed alone is due again
        again = run(world)
        if again.exit_code:
            return f"{where}: the next run ends with {again.exit_code}: {again.failure}"
    found = ledger(world)
    told = differences(undisturbed["ledger"], found)
    return f"{where}: {told}" if told or not without_duplicates(found) else ""
