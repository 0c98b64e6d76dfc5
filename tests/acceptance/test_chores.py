"""What a run puts in order beside mail: when rules were removed, deleted rules, events of runs that were killed."""

from typing import Any

import pytest

from tests.support.world import World, stamp

RULES = (
    "SELECT Id, Active__c, Removed_At__c, Tombstone_Of__c, Type__c, Pattern__c, User__c, LastModifiedDate "
    "FROM MS_Graph_Exclusion__c WHERE Type__c != 'Internal Domain' ORDER BY CreatedDate, Id"
)
RITA = "rita@reed.example"


def rules(world: World) -> list[dict[str, Any]]:
    return world.rows(RULES)


@pytest.mark.calls
def test_each_run_stamps_what_was_removed_and_copies_what_was_deleted(firm: World) -> None:
    [ada] = firm.rows("SELECT User__c FROM MS_Graph_User__c")
    cleared = firm.exclusion("External Address", RITA)
    personal = firm.exclusion("Personal Address", "mum@home.example", User__c=ada["User__c"])
    firm.sync()
    firm.org.MS_Graph_Exclusion__c.update(cleared, {"Active__c": False})
    [row] = firm.rows(f"SELECT LastModifiedDate FROM MS_Graph_Exclusion__c WHERE Id = '{cleared}'")
    removed = row["LastModifiedDate"]
    firm.org.MS_Graph_Exclusion__c.delete(personal)
    firm.advance(minutes=5)
    firm.sync("--dry-run")
    assert [rule["Removed_At__c"] for rule in rules(firm)] == [None]
    report = firm.sync()
    stamped, copy = rules(firm)
    assert report["event"] is None
    assert (stamped["Id"], stamped["Removed_At__c"], stamped["Active__c"]) == (cleared, removed, False)
    assert (copy["Tombstone_Of__c"], copy["Active__c"], copy["User__c"]) == (personal, False, ada["User__c"])
    assert (copy["Type__c"], copy["Pattern__c"]) == ("Personal Address", "mum@home.example")
    ended = copy["Removed_At__c"]
    assert ended >= removed
    # a later change of the row does not move it
    firm.advance(minutes=5)
    firm.org.MS_Graph_Exclusion__c.update(cleared, {"Active__c": False})
    before = rules(firm)
    assert firm.sync()["salesforce_calls"] == 3
    assert rules(firm) == before
    # a deleted copy is made again, and a rule that is active again ends when it is cleared again
    firm.org.MS_Graph_Exclusion__c.delete(copy["Id"])
    firm.org.MS_Graph_Exclusion__c.update(cleared, {"Active__c": True})
    firm.message("ada", subject="now", received=firm.now(), toRecipients=["ada@firm.example"], **{"from": RITA})
    firm.advance(minutes=5)
    assert firm.sync()["outcomes"]["excluded"] == 1
    active, again = rules(firm)
    assert (active["Active__c"], active["Removed_At__c"]) == (True, None)
    assert (again["Tombstone_Of__c"], again["Removed_At__c"]) == (personal, ended)


def test_a_personal_rule_that_an_admin_made_belongs_to_its_user(firm: World) -> None:
    [ada] = firm.rows("SELECT User__c FROM MS_Graph_User__c")
    stranger = firm.user("stranger", permission_sets=())
    own = {"User__c": ada["User__c"]}
    made = [firm.exclusion("Personal Address", f"{name}@home.example", **own) for name in ("mum", "dad")]
    other = firm.exclusion("Personal Address", "aunt@home.example", User__c=stranger)
    firm.sync()
    found = {row["Id"]: row["OwnerId"] for row in firm.rows("SELECT Id, OwnerId FROM MS_Graph_Exclusion__c")}
    assert {found[id_] for id_ in made} == {ada["User__c"]}
    assert found[other] != stranger  # who could not read it, so that the org would refuse it
    before = rules(firm)
    firm.advance(minutes=5)
    firm.sync()
    assert rules(firm) == before


@pytest.mark.calls
def test_a_run_that_was_killed_becomes_interrupted(firm: World) -> None:
    firm.sync()
    firm.advance(seconds=5)
    firm.sync()  # the client of the first run is none that changed any more

    def running(key: str, **ago: float) -> None:
        fields = {"Started_At__c": stamp(firm.ago(hours=2)), "Touched_At__c": stamp(firm.ago(**ago))}
        firm.create("MS_Graph_Sync_Event__c", Run_Key__c=key, Status__c="Running", Emails_Synced__c=7, **fields)

    running("killed", minutes=31)
    running("at work", minutes=10)
    firm.advance(seconds=5)
    report = firm.sync()
    asked = "SELECT Run_Key__c, Status__c, Emails_Synced__c FROM MS_Graph_Sync_Event__c"
    events = {row["Run_Key__c"]: (row["Status__c"], row["Emails_Synced__c"]) for row in firm.rows(asked)}
    assert events == {"killed": ("Interrupted", 7), "at work": ("Running", 7)}
    assert report["event"] is None
    assert report["salesforce_calls"] <= 4
    firm.advance(minutes=25)
    firm.sync()
    assert {row["Status__c"] for row in firm.rows(asked)} == {"Interrupted"}
