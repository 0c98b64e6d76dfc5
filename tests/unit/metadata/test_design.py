"""`sfdc_objects/` has the objects and fields of the design, and people find them."""

import json
from xml.etree import ElementTree as ET

import pytest
from m365sandbox.salesforce.metadata.package import NAMESPACE, File, each, flag, text, texts, values

from tests.unit.metadata.design import FIELDS, OBJECTS, described
from tests.unit.metadata.project import PROJECT, ROOT

#: Their rows are seen on another page, or by a page alone.
WITHOUT_TAB = {"Email_Participant__c", "MS_Graph_Request__c"}


def test_the_project_deploys_its_parts_one_after_the_other() -> None:
    project = json.loads((ROOT / "sfdx-project.json").read_text(encoding="utf-8"))
    assert project["sourceApiVersion"] == "66.0"
    assert project["packageDirectories"] == [
        {"path": "prerequisites"},
        {"path": "main", "default": True},
        {"path": "sign-in"},
    ]
    assert [file.name for file in PROJECT.files if file.place.startswith("prerequisites/")] == [
        "Microsoft_365_Sync_Audit_Fields",
        "Security",
    ]
    [settings] = PROJECT.of("settings")
    assert [(child.tag, child.text) for child in settings.root] == [
        (f"{NAMESPACE}enableAuditFieldsInactiveOwner", "true")
    ]


def test_every_file_is_metadata() -> None:
    files = [path for place in PROJECT.directories for path in (ROOT / place).rglob("*") if path.is_file()]
    assert [path.name for path in files if not path.name.endswith("-meta.xml")] == []
    assert len(files) == len(PROJECT.files) > 150


def test_the_objects_are_those_of_the_design() -> None:
    found = {}
    for name, root in PROJECT.objects.items():
        [name_field] = each(root, "nameField")
        kind = f"{text(name_field, 'type')} {text(name_field, 'displayFormat')}".strip()
        found[name] = (text(root, "label"), kind, text(root, "sharingModel"))
        assert text(root, "deploymentStatus") == "Deployed"
        outside = "ControlledByParent" if text(root, "sharingModel") == "ControlledByParent" else "Private"
        assert text(root, "externalSharingModel") == outside
    assert found == OBJECTS


def test_the_fields_are_those_of_the_design() -> None:
    found: dict[str, dict[str, str]] = {}
    for (owner, name), field in PROJECT.fields.items():
        found.setdefault(owner, {})[name] = described(field)
    assert found == FIELDS


def test_picklists_are_restricted_and_read_as_they_are_named() -> None:
    for key, field in PROJECT.fields.items():
        if text(field, "type") == "Picklist":
            assert flag(each(field, "valueSet")[0], "restricted"), key
            assert [text(value, "label") for value in field.iter(f"{NAMESPACE}value")] == values(field), key


def test_a_participant_can_be_changed_only_by_who_may_change_its_mail() -> None:
    detail = PROJECT.fields["Email_Participant__c", "Email__c"]
    assert not flag(detail, "writeRequiresMasterRead")
    assert not flag(detail, "reparentableMasterDetail")


def test_what_an_admin_sees_explains_itself() -> None:
    for kind in ("object", "field", "permissionset", "validationRule", "customPermission", "app", "eca"):
        for file in PROJECT.of(kind):
            assert len(text(file.root, "description")) > 10, file.place
    for file in PROJECT.of("field"):
        assert len(text(file.root, "inlineHelpText")) > 10, file.place


# --- where it is shown -----------------------------------------------------------------------------------------------


def test_a_new_object_brings_the_layout_that_the_platform_assigns_to_every_profile() -> None:
    # A deployed object gets "LABEL Layout" assigned everywhere; only a layout of that name needs no profile beside it.
    assert PROJECT.names("layout") == {f"{name}-{label} Layout" for name, (label, _, _) in OBJECTS.items()}


def items(layout: ET.Element) -> dict[str, str]:
    """Field to behaviour."""
    return {text(item, "field"): text(item, "behavior") for item in layout.iter(f"{NAMESPACE}layoutItems")}


@pytest.mark.parametrize("file", PROJECT.of("layout"), ids=lambda file: file.name)
def test_a_layout_shows_every_field(file: File) -> None:
    owner, shown = file.name.partition("-")[0], items(file.root)
    assert set(FIELDS[owner]) - set(shown) == set(), "a field that no one can find"
    actions = texts(file.root, "actionName")
    assert [int(order) for order in texts(file.root, "sortOrder") if order.isdigit()] == list(range(len(actions)))
    assert not set(actions) & set(texts(file.root, "excludeButtons"))


def test_the_app_and_the_tabs_show_every_object_that_people_open() -> None:
    shown = set(OBJECTS) - WITHOUT_TAB
    assert PROJECT.names("tab") == shown
    [app] = PROJECT.of("app")
    assert app.name == "Microsoft_365_Sync"
    assert set(texts(app.root, "tabs")) == shown


def test_every_compact_layout_is_assigned() -> None:
    assigned = {(name, text(root, "compactLayoutAssignment")) for name, root in PROJECT.objects.items()}
    made = {(file.owner, file.name) for file in PROJECT.of("compactLayout")}
    assert assigned - made == {("MS_Graph_Request__c", "SYSTEM")}
    assert made <= assigned


def test_remove_sets_the_match_status_and_lets_nobody_type() -> None:
    [action] = PROJECT.of("quickAction")
    assert action.name == "Email__c.Remove"
    assert text(action.root, "type") == "Update"
    [override] = each(action.root, "fieldOverrides")
    assert (text(override, "field"), text(override, "literalValue")) == ("Match_Status__c", "Removed")
    shown = list(action.root.iter(f"{NAMESPACE}quickActionLayoutItems"))
    assert {text(item, "field") for item in shown} <= set(FIELDS["Email__c"]) - {"Match_Status__c"}
    assert {text(item, "uiBehavior") for item in shown} == {"Readonly"}


def test_matched_mail_and_global_exclusions_are_shared_with_everybody_and_nothing_else_is() -> None:
    found = set()
    for file in PROJECT.of("sharingRules"):
        for rule in file.root:
            assert rule.tag == f"{NAMESPACE}sharingCriteriaRules"
            [shared_to], [criterion] = each(rule, "sharedTo"), each(rule, "criteriaItems")
            assert [child.tag for child in shared_to] == [f"{NAMESPACE}allInternalUsers"]
            assert flag(rule, "includeRecordsOwnedByAll")
            assert text(criterion, "operation") == "equals"
            found.add((file.name, text(criterion, "field"), text(criterion, "value"), text(rule, "accessLevel")))
    assert found == {
        ("Email__c", "Match_Status__c", "Matched", "Read"),
        ("MS_Graph_Exclusion__c", "Type__c", "External Address", "Read"),
        ("MS_Graph_Exclusion__c", "Type__c", "Internal Domain", "Read"),
    }
