"""The rules and defaults of the settings record: what the org refuses, and that the connector reads what it takes."""

from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest

from tests.contract.conftest import Salesforce
from tests.support.world import World

SETTING = "MS_Graph_Setting__c"
NOON = "12:00:00.000Z"

#: Changes that the org refuses, the field that it names, and what the message tells to do.
REFUSED: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"Frequency__c": "Daily"}, "Time_of_Day__c", "Fill in Time of Day"),
    ({"Frequency__c": "Weekly", "Day_of_Week__c": "Monday"}, "Time_of_Day__c", "Fill in Time of Day"),
    ({"Frequency__c": "Weekly", "Time_of_Day__c": NOON}, "Day_of_Week__c", "Choose the Day of Week"),
    ({"Attachment_Max_MB__c": -1}, "Attachment_Max_MB__c", "Enter 0 to 150 megabytes"),
    ({"Attachment_Max_MB__c": 5000}, "Attachment_Max_MB__c", "Enter 0 to 150 megabytes"),
    ({"Backfill_Months__c": -1}, "Backfill_Months__c", "Enter 0 to 240 months"),
    ({"Backfill_Months__c": 600}, "Backfill_Months__c", "Enter 0 to 240 months"),
    ({"Unmatched_Retention_Days__c": 0}, "Unmatched_Retention_Days__c", "Enter 1 to 36,500 days"),
    ({"Unmatched_Retention_Days__c": 40_000}, "Unmatched_Retention_Days__c", "Enter 1 to 36,500 days"),
    ({"Licensed_Users__c": -1}, "Licensed_Users__c", "Enter 0 or more users"),
    ({"Opt_Out_Categories__c": "Private | Do Not Sync"}, "Opt_Out_Categories__c", "semicolons or commas"),
    ({"Opt_Out_Categories__c": '"Private"; "Do Not Sync"'}, "Opt_Out_Categories__c", "without quotation marks"),
    ({"Opt_Out_Categories__c": "; ,"}, "Opt_Out_Categories__c", "semicolons or commas"),
)
#: Changes that it takes.
TAKEN: tuple[dict[str, Any], ...] = (
    {"Frequency__c": "Daily", "Time_of_Day__c": NOON},
    {"Frequency__c": "Weekly", "Time_of_Day__c": NOON, "Day_of_Week__c": "Monday"},
    {"Frequency__c": None},
    {"Attachment_Max_MB__c": 1},
    {"Attachment_Max_MB__c": 150},
    {"Attachment_Max_MB__c": None},
    {"Backfill_Months__c": 0},
    {"Backfill_Months__c": 240},
    {"Unmatched_Retention_Days__c": 36_500},
    {"Licensed_Users__c": 0},
    {"Opt_Out_Categories__c": "Private"},
    {"Opt_Out_Categories__c": "Do Not Sync; Familie/Privé; 私用 ;"},
    {"Opt_Out_Categories__c": "Private, Do Not Sync"},
    {"Opt_Out_Categories__c": None},
)


@pytest.mark.parametrize(("fields", "named", "words"), REFUSED, ids=str)
def test_what_cannot_be_meant_is_refused_with_what_to_do(
    world: World, fields: dict[str, Any], named: str, words: str
) -> None:
    setting = world.settings()
    before = world.rows(f"SELECT SystemModstamp FROM {SETTING}")
    with pytest.raises(SalesforceMalformedRequest) as caught:
        world.org.MS_Graph_Setting__c.update(setting, fields)
    [error] = caught.value.content
    assert (error["errorCode"], error["fields"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", [named])
    assert words in error["message"]
    assert world.rows(f"SELECT SystemModstamp FROM {SETTING}") == before


@pytest.mark.parametrize("fields", [fields for fields, _, _ in REFUSED], ids=str)
def test_a_new_record_is_held_to_the_same(world: World, fields: dict[str, Any]) -> None:
    with pytest.raises(SalesforceMalformedRequest):
        world.settings(**fields)


@pytest.mark.parametrize("fields", TAKEN, ids=str)
def test_what_the_org_takes_the_connector_reads(world: World, salesforce: Salesforce, fields: dict[str, Any]) -> None:
    setting = world.settings()
    world.org.MS_Graph_Setting__c.update(setting, fields)
    found = salesforce.admin.read()
    assert found.settings is not None
    assert found.settings.id == setting


def test_categories_may_be_separated_either_way(world: World, salesforce: Salesforce) -> None:
    world.settings(Opt_Out_Categories__c="Private, Do Not Sync;Family")
    settings = salesforce.admin.read().settings
    assert settings is not None
    assert settings.opt_out_categories == ("private", "do not sync", "family")


def test_a_record_with_its_name_alone_has_the_defaults(world: World) -> None:
    world.create(SETTING, Name="Default")
    [row] = world.rows(
        "SELECT Key__c, Active__c, Frequency__c, Keep_Unmatched__c, Unmatched_Retention_Days__c, Sync_Bcc__c, "
        "Backfill_Months__c, Licensed_Users__c, Opt_Out_Categories__c, Attachment_Max_MB__c, Inline_Images__c, "
        f"Create_Tasks__c, Ask_Owner__c, Match_Ties__c FROM {SETTING}"
    )
    assert {name: value for name, value in row.items() if name != "attributes"} == {
        "Key__c": "default",
        "Active__c": False,
        "Frequency__c": "Hourly",
        "Keep_Unmatched__c": False,
        "Unmatched_Retention_Days__c": 30,
        "Sync_Bcc__c": False,
        "Backfill_Months__c": 6,
        "Licensed_Users__c": None,
        "Opt_Out_Categories__c": "Do Not Sync",
        "Attachment_Max_MB__c": 25,
        "Inline_Images__c": False,
        "Create_Tasks__c": True,
        "Ask_Owner__c": False,
        "Match_Ties__c": "All",
    }


def test_an_imported_mailbox_stands_in_the_list_of_those_not_linked(world: World) -> None:
    world.create("MS_Graph_User__c", Name="Ada", User_Principal_Name__c="ada@firm.example")
    assert len(world.rows("SELECT Id FROM MS_Graph_User__c WHERE Status__c = 'Not Linked'")) == 1
