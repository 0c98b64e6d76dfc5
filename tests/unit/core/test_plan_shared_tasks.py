"""A Task that several Contacts share, and Contacts of the mail that came since."""

from typing import Any

import pytest

from connector.core.writing.plan import plan
from connector.model.records import DesiredEmail, MatchStatus, Row, StoredParticipant, StoredTask
from connector.model.values import RecordId
from tests.support.builders import NOW, stored

KEY = "f" * 32
ACCOUNT = RecordId("001000000000001AAA")
TASK = RecordId("00T000000000001AAA")
CONTACTS = [RecordId(f"003{number:012d}AAA") for number in range(60)]


def updates(there: list[RecordId] | None, wanted: list[RecordId] | None) -> list[dict[str, Any]]:
    """What is planned for the Task of the Account, which names `there` (None: it may not be changed)."""
    named = {} if wanted is None else {"TaskWhoIds": wanted}
    task = Row(object="Task", key_field="Task_Key__c", key=f"{KEY}:{ACCOUNT}", fields={"WhatId": ACCOUNT, **named})
    desired = DesiredEmail(
        email=Row(object="Email__c", key_field="Message_Key__c", key=KEY, fields={}),
        participants=(),
        tasks=(task,),
        matched=True,
        sort_key=ACCOUNT,
    )
    shared = {} if there is None else {task.key: StoredTask(id=TASK, contacts=tuple(there))}
    found = plan(desired, stored(key=KEY, task_keys=frozenset({task.key}), shared_tasks=shared))
    assert found.inserts == ()
    assert all((row.object, row.id) == ("Task", TASK) for row in found.updates)
    return [dict(row.fields) for row in found.updates]


def test_contacts_that_came_since_are_named_behind_the_others() -> None:
    assert updates(CONTACTS[1:3], CONTACTS[:4]) == [
        {"TaskWhoIds": [CONTACTS[1], CONTACTS[2], CONTACTS[0], CONTACTS[3]]}
    ]


def test_a_contact_that_comes_to_its_account() -> None:
    assert updates([], CONTACTS[:1]) == [{"TaskWhoIds": CONTACTS[:1]}]


@pytest.mark.parametrize(
    ("there", "wanted"),
    [(CONTACTS[:2], CONTACTS[1::-1]), (CONTACTS[:3], CONTACTS[:1]), (CONTACTS[:2], None), (None, CONTACTS[:2])],
)
def test_nobody_is_taken_off_and_nothing_is_written_in_vain(
    there: list[RecordId] | None, wanted: list[RecordId] | None
) -> None:
    assert updates(there, wanted) == []


def test_it_names_fifty_at_most() -> None:
    assert updates(CONTACTS[:49], CONTACTS[40:60]) == [{"TaskWhoIds": CONTACTS[:50]}]
    assert updates(CONTACTS[:50], CONTACTS[40:60]) == []


# --- merged records: Tasks move, and their keys stay


@pytest.mark.parametrize(
    ("fields", "related", "expected"),
    [
        ({"WhoId": CONTACTS[0]}, {CONTACTS[0]}, []),
        ({"WhoId": CONTACTS[0]}, {CONTACTS[1]}, [{"WhoId": CONTACTS[0]}]),
        ({"WhatId": ACCOUNT}, {ACCOUNT}, []),
        ({"WhatId": ACCOUNT, "TaskWhoIds": CONTACTS[:2]}, {ACCOUNT, CONTACTS[0]}, []),
        # the Account lists the mail, its Contacts each once
        (
            {"WhatId": ACCOUNT, "TaskWhoIds": CONTACTS[:2]},
            {CONTACTS[0]},
            [{"WhatId": ACCOUNT, "TaskWhoIds": CONTACTS[1:2]}],
        ),
        ({"WhatId": ACCOUNT, "TaskWhoIds": CONTACTS[:1]}, {CONTACTS[0]}, [{"WhatId": ACCOUNT}]),
    ],
)
def test_whom_a_task_names_under_another_key_gets_no_second_one(
    fields: dict[str, Any], related: set[RecordId], expected: list[dict[str, Any]]
) -> None:
    task = Row(object="Task", key_field="Task_Key__c", key=f"{KEY}:new", fields=fields)
    found = plan(_with(task), stored(key=KEY, task_keys=frozenset({f"{KEY}:old"}), related=frozenset(related)))
    assert [dict(row.fields) for row in found.inserts] == expected


def test_contacts_are_added_to_the_account_s_task_whatever_its_key_says() -> None:
    fields = {"WhatId": ACCOUNT, "TaskWhoIds": CONTACTS[:3]}
    task = Row(object="Task", key_field="Task_Key__c", key=f"{KEY}:new", fields=fields)
    old = StoredTask(id=TASK, contacts=(CONTACTS[0],), account=ACCOUNT)
    # the third has a Task of its own already
    related = frozenset({ACCOUNT, CONTACTS[0], CONTACTS[2]})
    found = plan(_with(task), stored(key=KEY, shared_tasks={f"{KEY}:old": old}, related=related))
    assert found.inserts == ()
    assert [(row.id, dict(row.fields)) for row in found.updates] == [(TASK, {"TaskWhoIds": CONTACTS[:2]})]


# --- kept mail that matches by now


def _with(*tasks: Row) -> DesiredEmail:
    email = Row(object="Email__c", key_field="Message_Key__c", key=KEY, fields={})
    return DesiredEmail(email=email, participants=(), tasks=tasks, matched=True, sort_key=ACCOUNT)


@pytest.mark.parametrize(
    ("consent", "hand_set", "status"),
    [("", False, None), ("Waiting", False, None), ("Given", False, "Matched"), ("", True, "Matched")],
)
def test_kept_mail_waits_for_consent_but_not_where_a_person_related_it(
    consent: str, hand_set: bool, status: str | None
) -> None:
    task = Row(object="Task", key_field="Task_Key__c", key=f"{KEY}:x", fields={"WhoId": CONTACTS[0]})
    person = StoredParticipant(id=RecordId("a0P"), key="x", address="a@x.example", contact=CONTACTS[1])
    kept = stored(
        key=KEY,
        match_status=MatchStatus.UNMATCHED,
        consent=consent,
        participants=(person,) if hand_set else (),
    )
    found = plan(_with(task), kept, now=NOW, ask_owner=True)
    if status is None:
        assert found.inserts == ()
        assert [dict(row.fields) for row in found.updates] == ([] if consent else [{"Consent__c": "Waiting"}])
    else:
        assert found.inserts == (task,)
        [row] = found.updates
        cleared = {"Consent__c": None} if consent else {}
        changed = {"Match_Status__c": status, "Expires_On__c": None, "Matched_At__c": NOW}
        assert dict(row.fields) == {**changed, **cleared}


def test_without_the_setting_kept_mail_is_matched_and_mail_that_was_matched_has_no_such_time() -> None:
    kept = stored(key=KEY, match_status=MatchStatus.UNMATCHED)
    [row] = plan(_with(), kept, now=NOW).updates
    assert row.fields["Matched_At__c"] == NOW
    assert plan(_with(), stored(key=KEY), now=NOW, ask_owner=True).updates == ()
