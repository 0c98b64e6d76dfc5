"""`sync --dry-run --summary`: counts by rule, twenty messages of each, and nothing written."""

from typing import Any

from tests.support.world import World


def inbound(world: World, sender: str, **members: Any) -> None:
    world.message("ada", **{"toRecipients": ["ada@firm.example"], "from": sender, **members})


def test_counts_by_rule_with_twenty_examples_and_nothing_is_written(firm: World) -> None:
    rules = [firm.exclusion("External Address", f"*@{name}.example") for name in ("one", "two")]
    for number in range(23):
        inbound(firm, "rita@reed.example", subject=str(number))
    for sender in ("a@one.example", "b@one.example", "c@two.example"):
        inbound(firm, sender)

    report = firm.sync("--dry-run", "--summary")

    found = {(one["outcome"], one["rule_id"]): one for one in report["summary"]}
    assert {key: (one["count"], len(one["examples"])) for key, one in found.items()} == {
        ("excluded", rules[0]): (2, 2),
        ("excluded", rules[1]): (1, 1),
        ("matched", None): (23, 20),
    }
    assert sum(one["count"] for one in report["summary"]) == report["listed"] == 26
    assert firm.rows("SELECT Id FROM Email__c") == firm.rows("SELECT Id FROM MS_Graph_Sync_Event__c") == []


def test_it_is_refused_where_the_run_would_write(firm: World) -> None:
    firm.control("DELETE", "requests")
    code, _, err = firm.command("sync", "--summary")
    assert code == 2
    assert "--dry-run" in err
    assert firm.requests() == []
