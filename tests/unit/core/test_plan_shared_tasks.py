"""A Task that several Contacts share, and Contacts of the mail that came since."""

from typing import Any

import pytest

from connector.core.writing.plan import plan
from connector.model.records import DesiredEmail, Row, StoredTask
from connector.model.values import RecordId
from tests.support.builders import stored

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
