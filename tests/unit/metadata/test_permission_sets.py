"""The permission sets grant what the design says, and no more."""

from xml.etree import ElementTree as ET

import pytest
from m365sandbox.salesforce.metadata.package import each, flag, text

from tests.unit.metadata.design import FIELDS, RIGHTS, USER_PERMISSIONS, permissionable
from tests.unit.metadata.project import PROJECT

SETS = {file.name: file.root for file in PROJECT.of("permissionset")}


def rights(item: ET.Element) -> str:
    letters = {
        "C": "allowCreate",
        "R": "allowRead",
        "U": "allowEdit",
        "D": "allowDelete",
        "V": "viewAllRecords",
        "M": "modifyAllRecords",
        "F": "viewAllFields",
    }
    return "".join(letter for letter, tag in letters.items() if flag(item, tag))


def granted(name: str) -> dict[str, bool]:
    """Field permissions of a set: field to whether it is editable."""
    found = each(SETS[name], "fieldPermissions")
    assert all(flag(item, "readable") for item in found), "a grant of nothing says nothing"
    return {text(item, "field"): flag(item, "editable") for item in found}


def api_name(owner: str, field: str) -> str:
    """Field permissions of Activity fields are those of Task."""
    return f"{'Task' if owner == 'Activity' else owner}.{field}"


def test_the_permission_sets_are_those_of_the_design() -> None:
    assert set(SETS) == set(RIGHTS)
    places = {file.name: file.place.partition("/")[0] for file in PROJECT.of("permissionset")}
    assert {name for name, place in places.items() if place == "prerequisites"} == {"Microsoft_365_Sync_Audit_Fields"}


@pytest.mark.parametrize("name", RIGHTS)
def test_object_permissions_are_those_of_the_design(name: str) -> None:
    found = {text(item, "object"): rights(item) for item in each(SETS[name], "objectPermissions")}
    assert found == RIGHTS[name]


def test_only_the_integration_may_delete_an_email() -> None:
    holders = [name for name, objects in RIGHTS.items() if "D" in objects.get("Email__c", "")]
    assert holders == ["Microsoft_365_Sync_Integration"]


@pytest.mark.parametrize("name", RIGHTS)
def test_user_permissions_are_those_of_the_design_and_of_what_they_depend_on(name: str) -> None:
    found = each(SETS[name], "userPermissions")
    assert all(flag(item, "enabled") for item in found)
    assert {text(item, "name") for item in found} == USER_PERMISSIONS[name]


@pytest.mark.parametrize("name", ["Microsoft_365_Sync_Admin", "Microsoft_365_Sync_Integration"])
def test_admin_and_integration_may_edit_every_field(name: str) -> None:
    assert granted(name) == {api_name(owner, field): True for owner in FIELDS for field in permissionable(owner)}


def test_a_user_reads_every_field_of_what_it_reads_and_edits_only_its_exclusions_and_consent() -> None:
    found = granted("Microsoft_365_Sync_User")
    readable = {api_name(owner, f) for owner in RIGHTS["Microsoft_365_Sync_User"] for f in permissionable(owner)}
    assert set(found) == readable | {"Task.Email__c"}
    assert {field for field, editable in found.items() if editable} == {
        "Email__c.Consent__c",
        "MS_Graph_Exclusion__c.User__c",
        "MS_Graph_Exclusion__c.Active__c",
        *(f"MS_Graph_Request__c.{name}" for name in ("Type__c", "Term__c", "Turn__c", "Status__c", "Touched_At__c")),
    }


def test_people_see_the_app_and_the_tabs_of_what_they_may_read() -> None:
    tabs = PROJECT.names("tab")
    for name, objects in RIGHTS.items():
        root = SETS[name]
        visible = {text(item, "tab") for item in each(root, "tabSettings") if text(item, "visibility") == "Visible"}
        people = name in {"Microsoft_365_Sync_User", "Microsoft_365_Sync_Admin"}
        assert visible == (set(objects) & tabs if people else set()), name
        apps = [text(item, "application") for item in each(root, "applicationVisibilities")]
        assert apps == (["Microsoft_365_Sync"] if people else []), name


def test_only_admin_and_integration_make_rules_for_others() -> None:
    [permission] = PROJECT.names("customPermission")
    holders = {
        name
        for name, root in SETS.items()
        if permission in {text(item, "name") for item in each(root, "customPermissions") if flag(item, "enabled")}
    }
    assert holders == {"Microsoft_365_Sync_Admin", "Microsoft_365_Sync_Integration"}
    [rule] = [file for file in PROJECT.of("validationRule") if file.name == "Global_Rules_Are_For_Admins"]
    assert f"NOT($Permission.{permission})" in text(rule.root, "errorConditionFormula")
