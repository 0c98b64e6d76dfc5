"""What the Tasks of stored mail are found to be."""

from typing import Any

import pytest

from connector.model.records import StoredTask
from connector.model.values import RecordId
from connector.salesforce.tasks import FoundTasks, select
from tests.support.builders import stored

EMAIL, KEY, TASK = RecordId("a0E000000000001AAA"), "k:001", RecordId("00T000000000001AAA")
RITA, ROY = RecordId("003000000000001AAA"), RecordId("003000000000002AAA")
HOUSE = RecordId("001000000000001AAA")


def found(**fields: Any) -> Any:
    """The mail, when this record was all that was found."""
    tasks = FoundTasks()
    tasks.keep({"Email__c": EMAIL, "Task_Key__c": KEY, "WhoId": None, "WhatId": None, **fields})
    return tasks.of(stored(id=EMAIL))


def test_without_shared_activities_there_are_keys_only() -> None:
    assert "TaskRelations" not in select(shared=False)
    assert (found().task_keys, found().shared_tasks) == ({KEY}, {})


def test_with_shared_activities_whom_it_names_is_known_and_that_of_who_id_comes_first() -> None:
    assert "TaskRelations" in select(shared=True)
    relations = [{"RelationId": RITA}, {"RelationId": ROY}]
    mail = found(Id=TASK, WhoId=ROY, IsArchived=False, TaskRelations=relations)
    assert (mail.task_keys, mail.shared_tasks) == ({KEY}, {KEY: StoredTask(id=TASK, contacts=(ROY, RITA))})
    assert found(Id=TASK, WhoId=None, IsArchived=False, TaskRelations=None).shared_tasks[KEY].contacts == ()


def test_whom_its_tasks_name_is_known_whatever_their_keys_say() -> None:
    assert found(WhoId=RITA, WhatId=HOUSE).related == {RITA, HOUSE}
    shared = found(Id=TASK, WhatId=HOUSE, IsArchived=False, TaskRelations=[{"RelationId": ROY}])
    assert (shared.related, shared.shared_tasks[KEY].account) == ({ROY, HOUSE}, HOUSE)


def test_an_archived_task_is_there_and_stays_as_it_is() -> None:
    mail = found(Id=TASK, WhoId=ROY, IsArchived=True, TaskRelations=[])
    assert (mail.task_keys, mail.shared_tasks) == ({KEY}, {})


@pytest.mark.parametrize("lacking", ["Email__c", "Task_Key__c"])
def test_a_task_that_is_no_mail_s_does_not_count(lacking: str) -> None:
    mail = found(**{lacking: None})
    assert (mail.task_keys, mail.shared_tasks) == (frozenset(), {})
