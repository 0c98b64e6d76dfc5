"""Step 2 on odd answers: what cannot be understood or is not there stops the run by name."""

from typing import Any

import pytest

from connector.codes import MailboxStatus
from connector.errors import SetupError
from connector.salesforce import rights
from connector.salesforce.setup import SalesforceSetup
from tests.unit.salesforce.org import USER, Org

SETTING = {
    "Id": "a03000000000001AAA",
    "Name": "Default",
    "Active__c": True,
    "Frequency__c": "Hourly",
    "Keep_Unmatched__c": False,
    "Unmatched_Retention_Days__c": 30.0,
    "Sync_Bcc__c": False,
    "Backfill_Months__c": None,
    "Licensed_Users__c": None,
    "Opt_Out_Categories__c": None,
    "Attachment_Max_MB__c": 25.0,
    "Inline_Images__c": False,
    "Create_Tasks__c": True,
    "Ask_Owner__c": False,
    "Remote_Images__c": False,
    "Match_Ties__c": None,
    "Last_Run_At__c": None,
    "Matched_Through__c": "2026-01-31T08:00:00.000+0000",
}
MAILBOX = {
    "Id": "a06000000000001AAA",
    "Name": "Ann",
    "Email_Address__c": "ann@firm.example",
    "User_Principal_Name__c": "ann@firm.example",
    "Graph_User_Id__c": None,
    "User__c": None,
    "User__r": None,
    "Mailbox_Type__c": "Shared",
    "Active__c": True,
    "Aliases__c": "Ann@firm.example; a.n@firm.example\nann@old.example",
    "Status__c": "Live",
    "Status_Detail__c": None,
    "Backfill_From__c": None,
    "Backfill_Through__c": None,
    "Live_From__c": "2026-01-31T08:00:00.500+0000",
    "Live_Through__c": None,
    "Swept_Through__c": None,
    "Last_Success__c": None,
    "CreatedDate": "2026-01-01T00:00:00.000+0000",
}
AUDIT = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")
OWN = {
    "AssigneeId": USER,
    "IsActive": True,
    "ExpirationDate": None,
    "PermissionSet": {
        "Name": "Microsoft_365_Sync_Integration",
        "PermissionsViewAllData": True,
        "PermissionsModifyAllData": False,
        "PermissionsViewSetup": True,
    },
}
EXCLUSION = {
    "Id": "a02000000000001AAA",
    "Name": "EXC-00001",
    "Type__c": "External Address",
    "Pattern__c": "*@x.example",
    "User__c": None,
    "Active__c": True,
    "Removed_At__c": None,
    "Tombstone_Of__c": None,
    "CreatedById": "005000000000002AAA",
    "OwnerId": "005000000000002AAA",
    "LastModifiedDate": "2026-01-01T00:00:00.000+0000",
    "IsDeleted": False,
}


def field(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "filterable": True, **more}


def describe(*fields: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"fields": list(fields)}


def writable(name: str, *fields: dict[str, Any]) -> tuple[int, Any]:
    """The describe of an object that the connector may write, with further fields."""
    own = {each["name"] for each in fields}
    needed = [*rights.CREATED.get(name, ()), *rights.CHANGED.get(name, ()), *AUDIT]
    rest = [field(each) for each in needed if each not in own]
    opened = [{**each, "createable": True, "updateable": True} for each in (*fields, *rest)]
    return 200, {"createable": True, "updateable": True, "fields": opened}


def records(*rows: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"totalSize": len(rows), "done": True, "records": list(rows)}


@pytest.fixture
def ready(org: Org) -> Org:
    """An org in which `read` goes well."""
    status = field("Status", "picklist", picklistValues=[{"value": "Completed", "active": True}])
    org.resources = {
        **{f"sobjects/{name}/describe": writable(name) for name in rights.objects()},
        "sobjects/Organization": (200, {"Id": "00D000000000001AAA", "TimeZoneSidKey": "Europe/Berlin"}),
        "sobjects/MS_Graph_Setting__c/Key__c/default": (200, SETTING),
        "sobjects/Task/describe": writable("Task", status),
        "sobjects/Contact/describe": describe(field("Email", "email"), field("Name")),
        "sobjects/Account/describe": describe(field("Name")),
        "OR AssigneeId = ": records(OWN),
        "FROM MS_Graph_User__c": records(MAILBOX),
        "FROM MS_Graph_Exclusion__c": records(EXCLUSION),
    }
    return org


def refused(org: Org) -> SetupError:
    with pytest.raises(SetupError) as caught:
        SalesforceSetup(org.client).read()
    assert caught.value.remedy
    return caught.value


def test_the_clock_of_an_org_that_nobody_asked_yet_is_none_and_is_not_asked_for(org: Org) -> None:
    assert SalesforceSetup(org.client).now is None
    assert len(org.wire.calls) == 0


def test_what_is_read(ready: Org) -> None:
    setup = SalesforceSetup(ready.client).read()
    assert setup.settings is not None
    assert setup.settings.backfill_months == 6
    assert setup.settings.opt_out_categories == ()
    assert setup.settings.matched_through is not None
    assert setup.org.time_zone == "Europe/Berlin"
    [mailbox] = setup.mailboxes
    assert mailbox.shared
    assert mailbox.aliases == ("ann@firm.example", "a.n@firm.example", "ann@old.example")
    assert mailbox.status is MailboxStatus.LIVE
    assert mailbox.live_from is not None
    assert mailbox.live_from.microsecond == 0
    assert setup.now.isoformat() == "2026-11-22T10:00:00+00:00"
    assert setup.integration_user == "005000000000001AAA"


def test_one_composite_keeps_within_the_limits(ready: Org) -> None:
    SalesforceSetup(ready.client).read()
    [asks] = ready.requests
    assert len(asks) <= 25
    assert sum(1 for ask in asks if "/query" in ask["url"]) == 5
    [deleted_too] = [ask for ask in asks if "/queryAll?" in ask["url"]]
    assert "MS_Graph_Exclusion__c" in deleted_too["url"]


@pytest.mark.parametrize(
    "name", ["MS_Graph_Exclusion__c", "MS_Graph_User__c", "MS_Graph_Sync_Error__c", "PermissionSetAssignment"]
)
def test_an_object_that_is_not_there_is_named_and_never_taken_for_empty(ready: Org, name: str) -> None:
    missing = [{"errorCode": "INVALID_TYPE", "message": f"sObject type '{name}' is not supported."}]
    ready.resources = {f"FROM {name}": (400, missing), **{k: v for k, v in ready.resources.items() if name not in k}}
    error = refused(ready)
    assert name in error.what
    assert "Microsoft_365_Sync_Integration" in error.remedy


@pytest.mark.parametrize("name", ["Task", "Contact", "Account"])
def test_a_standard_object_that_is_hidden_is_named(ready: Org, name: str) -> None:
    ready.resources[f"sobjects/{name}/describe"] = (404, [{"errorCode": "NOT_FOUND", "message": "no"}])
    assert refused(ready).what == f"The integration user may not see the object {name}"


def test_an_undeployed_settings_object_is_not_a_missing_record(ready: Org) -> None:
    ready.resources["sobjects/MS_Graph_Setting__c/Key__c/default"] = (404, [])
    missing = [{"errorCode": "INVALID_TYPE", "message": "sObject type 'MS_Graph_Setting__c' is not supported."}]
    ready.resources["FROM MS_Graph_Setting__c"] = (400, missing)
    assert "MS_Graph_Setting__c is not deployed" in refused(ready).what


def test_no_settings_record_is_none(ready: Org) -> None:
    ready.resources["sobjects/MS_Graph_Setting__c/Key__c/default"] = (404, [])
    assert SalesforceSetup(ready.client).read().settings is None


@pytest.mark.parametrize(
    ("field_name", "value", "words"),
    [
        ("Frequency__c", "Fortnightly", "Frequency__c of Microsoft 365 Sync Setting Default"),
        ("Match_Ties__c", "Newest", "has to be one of All, Oldest"),
        ("Unmatched_Retention_Days__c", -1, "a whole number from 1 to 36500"),
        ("Unmatched_Retention_Days__c", 0, "a whole number from 1 to 36500"),
        ("Unmatched_Retention_Days__c", 1.5, "a whole number from 1 to 36500"),
        ("Unmatched_Retention_Days__c", 10**18, "a whole number from 1 to 36500"),
        ("Backfill_Months__c", 601, "a whole number from 0 to 600"),
        ("Backfill_Months__c", "six", "a number is expected"),
        ("Licensed_Users__c", -5, "a whole number from 0 on"),
        ("Attachment_Max_MB__c", float("1e400"), "a number is expected"),
        ("Last_Run_At__c", "yesterday", "no date and time"),
        ("Matched_Through__c", "2026-01-31T08:00:00", "no date and time"),
    ],
)
def test_an_odd_setting_is_named(ready: Org, field_name: str, value: Any, words: str) -> None:
    ready.resources["sobjects/MS_Graph_Setting__c/Key__c/default"] = (200, {**SETTING, field_name: value})
    error = refused(ready)
    assert words in error.what
    assert field_name in error.what
    assert error.where == "MS_Graph_Setting__c a03000000000001AAA"


@pytest.mark.parametrize("name", [name for name in SETTING if name not in ("Id", "Name")])
def test_a_hidden_setting_is_not_its_default(ready: Org, name: str) -> None:
    hidden = {key: value for key, value in SETTING.items() if key != name}
    ready.resources["sobjects/MS_Graph_Setting__c/Key__c/default"] = (200, hidden)
    assert f"The field MS_Graph_Setting__c.{name} is not deployed, or" in refused(ready).what


def test_an_exclusion_of_an_unknown_type_stops_the_run(ready: Org) -> None:
    ready.resources["FROM MS_Graph_Exclusion__c"] = records({**EXCLUSION, "Type__c": "Somebody"})
    assert "MS Graph Exclusion EXC-00001" in refused(ready).what


def test_a_user_that_cannot_be_seen_is_not_an_inactive_one(ready: Org) -> None:
    ready.resources["FROM MS_Graph_User__c"] = records({**MAILBOX, "User__c": "005000000000003AAA"})
    assert "The user of MS Graph User Ann cannot be read" in refused(ready).what


def test_a_mailbox_status_we_do_not_know_is_no_obstacle(ready: Org) -> None:
    ready.resources["FROM MS_Graph_User__c"] = records({**MAILBOX, "Status__c": "Sleeping"})
    assert SalesforceSetup(ready.client).read().mailboxes[0].status is None


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus"])
def test_a_zone_we_do_not_know_stops_the_run(ready: Org, zone: str | None) -> None:
    ready.resources["sobjects/Organization"] = (200, {"TimeZoneSidKey": zone})
    assert "time zone" in refused(ready).what


def test_email_fields_are_those_that_can_be_asked_for(ready: Org) -> None:
    ready.resources["sobjects/Contact/describe"] = describe(
        field("Email", "email"), field("Other__c", "email"), field("Hidden__c", "email", filterable=False)
    )
    ready.resources["sobjects/Account/describe"] = describe(
        field("PersonEmail", "email"), field("Home__pc", "email"), field("Office__c", "email"), field("IsPersonAccount")
    )
    admin = SalesforceSetup(ready.client)
    setup = admin.read()
    assert admin.email_fields.contact == ("Email", "Other__c")
    assert admin.email_fields.account == ("Office__c",)
    assert setup.org.person_accounts


def test_no_readable_email_field_is_not_no_client(ready: Org) -> None:
    ready.resources["sobjects/Contact/describe"] = describe(field("Name"))
    assert "may not read the field Contact.Email" in refused(ready).what


def test_email_fields_are_not_known_before_the_setup_was_read(org: Org) -> None:
    with pytest.raises(SetupError):
        _ = SalesforceSetup(org.client).email_fields


def test_shared_activities_show_on_task(ready: Org) -> None:
    status = field("Status", "picklist", picklistValues=[{"value": "Completed", "active": True}])
    ready.resources["sobjects/Task/describe"] = writable("Task", status, field("TaskWhoIds", "reference"))
    assert SalesforceSetup(ready.client).read().org.shared_activities


def test_another_closed_status_is_asked_for(ready: Org) -> None:
    values = [{"value": "Offen", "active": True}, {"value": "Completed", "active": False}]
    ready.resources["sobjects/Task/describe"] = writable("Task", field("Status", "picklist", picklistValues=values))
    ready.resources["FROM TaskStatus"] = records({"ApiName": "Erledigt"})
    assert SalesforceSetup(ready.client).read().org.closed_status == "Erledigt"
    ready.resources["FROM TaskStatus"] = records()
    assert "No Task status is closed" in refused(ready).what


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ({"IsActive": True, "ExpirationDate": None}, True),
        ({"IsActive": False, "ExpirationDate": None}, False),
        ({"IsActive": True, "ExpirationDate": "2026-11-22T10:00:01.000+0000"}, True),
        ({"IsActive": True, "ExpirationDate": "2026-11-22T10:00:00.000+0000"}, False),
    ],
)
def test_assignments_that_count(ready: Org, row: dict[str, Any], counts: bool) -> None:
    ready.resources["PermissionSetGroupComponent"] = records({"AssigneeId": "005000000000004AAA", **row})
    setup = SalesforceSetup(ready.client).read()
    assert setup.sync_users == ({"005000000000004AAA"} if counts else frozenset())


def test_logged_errors_tell_who_asked_and_how_often(ready: Org) -> None:
    row = {
        "Id": "a04000000000001AAA",
        "Error_Key__c": "k",
        "Mailbox__c": MAILBOX["Id"],
        "Graph_Message_Id__c": "m",
        "Internet_Message_Id__c": None,
        "Received_At__c": "2026-01-01T00:00:00.000+0000",
        "Attempts__c": 3.0,
        "Next_Attempt_At__c": None,
        "Status__c": "Failed",
        "Email__c": None,
        "Code__c": "GRAPH_503",
        "Subject__c": "Review",
        "Message__c": "Graph is busy.",
        "Sync_Event__c": "a05000000000001AAA",
        "Sync_Event__r": {"Retry_Requested__c": True},
    }
    ready.resources["FROM MS_Graph_Sync_Error__c"] = records(row, {**row, "Error_Key__c": "l", "Sync_Event__r": None})
    admin = SalesforceSetup(ready.client)
    found = admin.read()
    assert [(error.key, error.requested, error.attempts) for error in found.errors] == [
        ("k", True, 3),
        ("l", False, 3),
    ]
    assert admin.attempts == {"k": 3, "l": 3}
