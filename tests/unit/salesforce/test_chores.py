"""Which rules get a time of removal, and which deleted ones a copy."""

from typing import Any

from connector.salesforce.chores import stamps, tombstones

THEN, NOW = "2026-03-01T12:00:00.000+0000", "2026-03-02T12:00:00.000+0000"
ADMIN, ADA = "005000000000001AAA", "005000000000002AAA"


def rule(**fields: Any) -> dict[str, Any]:
    """An active rule for everybody, as a query brings it."""
    known = {"Id": "a0E000000000001AAA", "Type__c": "External Address", "Pattern__c": "*@shop.example", "User__c": None}
    known |= {"CreatedById": ADMIN, "Removed_At__c": None, "Tombstone_Of__c": None, "LastModifiedDate": NOW}
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


def test_there_is_one_copy_of_each_and_of_a_deleted_copy_another() -> None:
    original = rule(IsDeleted=True)
    copy = rule(Id="a0E000000000002AAA", Tombstone_Of__c=original["Id"], Active__c=False, Removed_At__c=THEN)
    assert tombstones([original, copy]) == []
    for rows in ([{**copy, "IsDeleted": True}], [{**copy, "IsDeleted": True}, original]):
        [again] = tombstones(rows)
        assert again["Tombstone_Of__c"] == original["Id"]
        assert again["Removed_At__c"] == (NOW if original in rows else THEN)
