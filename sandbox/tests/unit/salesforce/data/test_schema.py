"""The org's schema as it comes from the metadata and the standard objects."""

import pytest
from m365sandbox.salesforce.data.schema import Field, Schema, SObject
from m365sandbox.salesforce.metadata import locate, org_schema, read_metadata

METADATA = read_metadata(locate())
SCHEMA = org_schema(METADATA)


def sobject(name: str, schema: Schema = SCHEMA) -> SObject:
    found = schema.object(name)
    assert found is not None
    return found


def field(object_name: str, name: str, schema: Schema = SCHEMA) -> Field:
    found = sobject(object_name, schema).field(name)
    assert found is not None, name
    return found


def test_names_are_found_whatever_their_case() -> None:
    assert sobject("EMAIL__C").name == "Email__c"
    assert field("email__c", "SUBJECT__c").name == "Subject__c"
    assert SCHEMA.object("Nothing__c") is None
    assert sobject("Email__c").field("Nothing__c") is None


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("Account", "001"), ("Contact", "003"), ("User", "005"), ("Task", "00T"), ("PermissionSetAssignment", "0Pa"),
     ("ContentVersion", "068"), ("Email_Participant__c", "a00"), ("Email__c", "a01")],
)  # fmt: skip
def test_key_prefixes(name: str, prefix: str) -> None:
    assert sobject(name).key_prefix == prefix
    assert SCHEMA.of_id(f"{prefix}000000000001AAA") is sobject(name)


def test_every_prefix_is_used_once() -> None:
    prefixes = [item.key_prefix for item in SCHEMA.objects.values()]
    assert len(prefixes) == len(set(prefixes))


def test_parents_and_children() -> None:
    participant = sobject("Email_Participant__c")
    relation = participant.relationship("email__R")
    assert relation is field("Email_Participant__c", "Email__c")
    assert relation.cascade_delete
    assert sobject("Email__c").child("Participants__r") == (participant, relation)
    assert sobject("Email__c").child("mail_tasks__r") == (sobject("Task"), field("Task", "Email__c"))
    assert sobject("Account").child("Contacts") == (sobject("Contact"), field("Contact", "AccountId"))
    assert sobject("Email__c").child("Participants") is None


def test_activity_fields_are_on_tasks_and_events() -> None:
    for name in ("Task", "Event"):
        key = field(name, "Task_Key__c")
        assert (key.external_id, key.unique, key.case_sensitive, key.id_lookup, key.length) == (
            True,
            True,
            True,
            True,
            64,
        )


def test_custom_field_types() -> None:
    body = field("Email__c", "Body__c")
    assert (body.type, body.html, body.length, body.filterable, body.long_text) == (
        "textarea",
        True,
        131_072,
        False,
        True,
    )
    direction = field("Email__c", "Direction__c")
    assert [value.value for value in direction.picklist] == ["Inbound", "Outbound"]
    assert direction.restricted
    number = field("MS_Graph_Setting__c", "Unmatched_Retention_Days__c")
    assert (number.type, number.scale, number.default) == ("double", 0, 30.0)
    assert field("MS_Graph_Setting__c", "Key__c").default == "default"
    assert field("MS_Graph_User__c", "Active__c").default is True
    assert field("MS_Graph_Setting__c", "Frequency__c").default_picklist_value() == "Hourly"
    assert field("MS_Graph_Setting__c", "Time_of_Day__c").type == "time"


def test_owners_and_details() -> None:
    assert sobject("Email__c").has_owner
    assert not sobject("Email_Participant__c").has_owner
    assert sobject("Email_Participant__c").master is field("Email_Participant__c", "Email__c")
    assert sobject("Email__c").sharing == "Private"
    assert sobject("Email_Participant__c").sharing == "ControlledByParent"


def test_name_fields() -> None:
    email_name = sobject("Email__c").name_field
    assert email_name is not None
    assert (email_name.length, email_name.createable, email_name.auto_number) == (80, True, None)
    participant_name = sobject("Email_Participant__c").name_field
    assert participant_name is not None
    assert participant_name.auto_number == "EP-{00000000}"
    assert not participant_name.createable
    assert field("Contact", "Name").generated
    assert not field("Contact", "Name").stored
    task_name = sobject("Task").name_field
    assert task_name is not None
    assert task_name.name == "Subject"


def test_field_level_security_leaves_out_what_an_org_leaves_out() -> None:
    for name in ("Id", "Name", "OwnerId", "CreatedDate", "SystemModstamp", "IsDeleted"):
        assert not field("Email__c", name).permissionable
    assert not field("Email_Participant__c", "Email__c").permissionable
    assert not field("MS_Graph_Exclusion__c", "Pattern__c").permissionable
    assert not field("Contact", "LastName").permissionable
    assert not field("Account", "Name").permissionable
    assert field("Contact", "Email").permissionable
    assert field("Email__c", "Subject__c").permissionable


def test_audit_fields_cannot_be_written_by_everybody() -> None:
    for name in ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"):
        found = field("Task", name)
        assert found.audit
        assert not found.createable
        assert not found.updateable


def test_an_assignment_has_no_audit_field_but_the_stamp() -> None:
    audit = [item.name for item in sobject("PermissionSetAssignment").fields.values() if item.audit]
    assert audit == ["SystemModstamp"]


def test_shared_activities_is_a_switch() -> None:
    assert sobject("Task").field("TaskWhoIds") is None
    assert SCHEMA.object("TaskRelation") is None
    shared = org_schema(METADATA, shared_activities=True)
    assert field("Task", "TaskWhoIds", shared).virtual
    assert sobject("Task", shared).child("TaskRelations") is not None


def test_person_accounts_is_a_switch() -> None:
    assert sobject("Account").field("PersonEmail") is None
    people = org_schema(METADATA, person_accounts=True)
    assert field("Account", "PersonEmail", people).type == "email"
    assert field("Account", "PersonContactId", people).reference_to == ("Contact",)
    assert field("Contact", "IsPersonAccount", people).type == "boolean"


def test_permission_sets_and_sharing_rules_are_data() -> None:
    sets = {item.name: item for item in METADATA.permission_sets}
    integration = sets["Microsoft_365_Sync_Integration"]
    assert "ApiEnabled" in integration.user_permissions
    assert integration.objects["email__c"].modify_all
    assert "CreateAuditFields" in sets["Microsoft_365_Sync_Audit_Fields"].user_permissions
    assert METADATA.audit_fields_enabled
    matched = next(rule for rule in METADATA.sharing_rules if rule.object == "Email__c")
    assert (matched.access, matched.shared_to) == ("Read", "allInternalUsers")
    assert [(line.field, line.operation, line.value) for line in matched.criteria] == [
        ("Match_Status__c", "equals", "Matched")
    ]


def test_a_permission_on_a_task_field_covers_the_event_too() -> None:
    integration = next(item for item in METADATA.permission_sets if item.name == "Microsoft_365_Sync_Integration")
    assert integration.fields["event", "task_key__c"].editable == integration.fields["task", "task_key__c"].editable
