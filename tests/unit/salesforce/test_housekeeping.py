"""Which rules get a time of removal, and which deleted ones a copy; which events nobody writes any more."""

from typing import Any

from structlog.testing import capture_logs

from connector.http.subrequest import SubResponse
from connector.model.values import RecordId
from connector.salesforce.housekeeping import Housekeeping, owners, stamps, tombstones
from tests.unit.salesforce.org import Org, refusal, soql_of

THEN, NOW = "2026-03-01T12:00:00.000+0000", "2026-03-02T12:00:00.000+0000"
ADMIN, ADA = "005000000000001AAA", "005000000000002AAA"


def rule(**fields: Any) -> dict[str, Any]:
    """An active rule for everybody, as a query brings it."""
    known = {"Id": "a0E000000000001AAA", "Type__c": "External Address", "Pattern__c": "*@shop.example", "User__c": None}
    known |= {"CreatedById": ADMIN, "OwnerId": ADMIN, "Removed_At__c": None, "Tombstone_Of__c": None}
    known |= {"LastModifiedDate": NOW}
    return {**known, "Active__c": True, "IsDeleted": False, **fields}


def test_a_rule_gets_the_time_at_which_it_was_cleared_once() -> None:
    assert stamps([rule(Active__c=False)]) == [{"id": "a0E000000000001AAA", "Removed_At__c": NOW}]
    assert stamps([rule(), rule(Active__c=False, Removed_At__c=THEN)]) == []


def test_a_rule_that_is_active_again_loses_it() -> None:
    assert stamps([rule(Removed_At__c=THEN)]) == [{"id": "a0E000000000001AAA", "Removed_At__c": None}]


def test_a_deleted_rule_is_copied_and_not_stamped() -> None:
    deleted = rule(IsDeleted=True)
    assert stamps([deleted, rule(IsDeleted=True, Active__c=False)]) == []
    assert tombstones([deleted, rule(Id="a0E000000000002AAA")]) == [
        {
            "Tombstone_Of__c": "a0E000000000001AAA",
            "Type__c": "External Address",
            "Pattern__c": "*@shop.example",
            "User__c": None,
            "Active__c": False,
            "Removed_At__c": NOW,
        }
    ]


def test_a_copy_ends_when_its_rule_did() -> None:
    for active, removed, ended in ((True, None, NOW), (False, None, NOW), (False, THEN, THEN), (True, THEN, NOW)):
        [copy] = tombstones([rule(IsDeleted=True, Active__c=active, Removed_At__c=removed)])
        assert copy["Removed_At__c"] == ended


def test_a_personal_rule_keeps_its_user() -> None:
    """One without user is its creator's, and the copy is made by somebody else."""
    personal = {"Type__c": "Personal Address", "IsDeleted": True}
    assert [copy["User__c"] for copy in tombstones([rule(**personal)])] == [ADMIN]
    assert [copy["User__c"] for copy in tombstones([rule(**personal, User__c=ADA)])] == [ADA]


def test_a_personal_rule_belongs_to_its_user() -> None:
    personal, users = {"Type__c": "Personal Address", "User__c": ADA}, {RecordId(ADA)}
    assert owners([rule(**personal)], users) == [{"id": "a0E000000000001AAA", "OwnerId": ADA}]
    assert owners([rule(**personal, Active__c=False)], users) == [{"id": "a0E000000000001AAA", "OwnerId": ADA}]
    theirs = rule(**personal, OwnerId=ADA)
    own = rule(Type__c="Personal Address")  # of its creator
    copy = rule(**personal, Tombstone_Of__c="a0E000000000009AAA", Active__c=False)
    assert owners([theirs, own, copy, rule(**personal, IsDeleted=True), rule()], users) == []
    # who does not hold the permission set cannot own it: it would be refused by each run
    assert owners([rule(**personal)], set()) == []


def test_there_is_one_copy_of_each_and_of_a_deleted_copy_another() -> None:
    original = rule(IsDeleted=True)
    copy = rule(Id="a0E000000000002AAA", Tombstone_Of__c=original["Id"], Active__c=False, Removed_At__c=THEN)
    assert tombstones([original, copy]) == []
    for rows in ([{**copy, "IsDeleted": True}], [{**copy, "IsDeleted": True}, original]):
        [again] = tombstones(rows)
        assert again["Tombstone_Of__c"] == original["Id"]
        assert again["Removed_At__c"] == (NOW if original in rows else THEN)


# -- done ----------------------------------------------------------------------------------------------------

NOBODY = SubResponse(status=200, body={"totalSize": 0, "done": True, "records": []})
EVENTS, RULES = "MS_Graph_Sync_Event__c", "MS_Graph_Exclusion__c"


def sent(org: Org) -> list[tuple[str, list[dict[str, Any]]]]:
    """Method and path of every sub-request, and its rows without their type."""
    asks = [ask for asks in org.requests for ask in asks]
    return [
        (
            f"{ask['method']} {ask['url'].rpartition('/composite/')[2]}",
            [{name: value for name, value in row.items() if name != "attributes"} for row in ask["body"]["records"]],
        )
        for ask in asks
    ]


def dead(*ids: str) -> SubResponse:
    records = [{"attributes": {"type": EVENTS}, "Id": id_} for id_ in ids]
    return SubResponse(status=200, body={"totalSize": len(ids), "done": True, "records": records})


def test_who_has_nothing_to_do_makes_no_call(org: Org) -> None:
    Housekeeping(org.client, [rule(), rule(Active__c=False, Removed_At__c=THEN)]).do(NOBODY)
    assert org.requests == []


def test_an_event_that_was_not_touched_for_long_is_interrupted(org: Org) -> None:
    org.client.composite([])  # which tells the org's time: 2026-11-22T10:00:00Z
    housekeeping = Housekeeping(org.client, [])
    text = soql_of(housekeeping.question().url)
    assert "Status__c = 'Running'" in text
    assert "(Touched_At__c < 2026-11-22T09:30:00Z OR (Touched_At__c = null AND Started_At__c < 2026-11-22T09" in text
    org.requests.clear()
    housekeeping.do(dead("a0V000000000001AAA", "a0V000000000002AAA"))
    [(path, rows)] = sent(org)
    assert path == "PATCH sobjects"
    assert rows == [{"id": f"a0V00000000000{n}AAA", "Status__c": "Interrupted"} for n in (1, 2)]


def test_what_is_refused_is_no_answer_to_act_on(org: Org) -> None:
    Housekeeping(org.client, []).do(SubResponse(status=400, body=[{"errorCode": "INVALID_FIELD", "message": "No."}]))
    assert org.requests == []


def test_rules_are_stamped_by_id_and_copied_by_what_they_stand_for(org: Org) -> None:
    gone = rule(Id="a0E000000000002AAA", IsDeleted=True)
    Housekeeping(org.client, [rule(Active__c=False), gone]).do(NOBODY)
    stamped, copied = sent(org)
    assert stamped == ("PATCH sobjects", [{"id": "a0E000000000001AAA", "Removed_At__c": NOW}])
    assert copied[0] == f"PATCH sobjects/{RULES}/Tombstone_Of__c"
    assert [row["Tombstone_Of__c"] for row in copied[1]] == ["a0E000000000002AAA"]
    assert all(asks[0]["body"]["allOrNone"] is False for asks in org.requests)


def test_two_hundred_rows_go_at_a_time(org: Org) -> None:
    Housekeeping(org.client, [rule(Id=f"a0E{number:012d}AAA", Active__c=False) for number in range(201)]).do(NOBODY)
    assert [len(rows) for _, rows in sent(org)] == [200, 1]


def test_one_that_is_refused_does_not_hold_up_the_rest(org: Org) -> None:
    org.rule = lambda name, _: refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No.") if name == EVENTS else None
    org.resources[f"composite/sobjects/{RULES}"] = (400, [{"errorCode": "INVALID_FIELD", "message": "No."}])
    gone = rule(Id="a0E000000000002AAA", IsDeleted=True)
    with capture_logs() as logs:
        Housekeeping(org.client, [rule(Active__c=False), gone]).do(dead("a0V000000000001AAA"))
    assert [path for path, _ in sent(org)] == [
        "PATCH sobjects",
        "PATCH sobjects",
        f"PATCH sobjects/{RULES}/Tombstone_Of__c",
    ]
    refused = [entry["error"] for entry in logs if entry["event"] == "Could not be put in order"]
    assert refused == ["FIELD_CUSTOM_VALIDATION_EXCEPTION", "INVALID_FIELD"]


def test_rules_are_worth_a_call_of_their_own_once(org: Org) -> None:
    org.client.composite([])
    assert not Housekeeping(org.client, [rule()]).is_urgent
    for urgent in (rule(Active__c=False), rule(IsDeleted=True)):
        housekeeping = Housekeeping(org.client, [urgent])
        assert housekeeping.is_urgent
        housekeeping.question()
        assert not housekeeping.is_urgent
        assert not housekeeping.pending
