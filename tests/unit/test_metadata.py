"""`sfdc_objects/` says what the design says, and nothing in it names a thing that is not there.

The tables below are written from the design, not from the files: they are the second statement that the files are held
against. What an org would refuse on deploy, and can be seen without one, is checked here too.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2] / "sfdc_objects"
DOCUMENT = Path(__file__).parents[2] / "docs" / "salesforce-setup.md"
NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"

KEY = "external unique case-sensitive"
LONG = "LongTextArea(32768)"
FIELDS = {
    "MS_Graph_User__c": {
        "Email_Address__c": "Email",
        "User_Principal_Name__c": "Text(255) external unique",
        "Graph_User_Id__c": "Text(36) external unique",
        "User__c": "Lookup(User) MS_Graph_Users SetNull",
        "Mailbox_Type__c": "Picklist Personal|Shared",
        "Active__c": "Checkbox default true",
        "Aliases__c": LONG,
        "Status__c": "Picklist Not Linked|Ready|Live|Failing|Unavailable",
        "Status_Detail__c": LONG,
        "Backfill_From__c": "DateTime",
        "Backfill_Through__c": "DateTime",
        "Live_From__c": "DateTime",
        "Live_Through__c": "DateTime",
        "Swept_Through__c": "DateTime",
        "Last_Success__c": "DateTime",
    },
    "MS_Graph_Exclusion__c": {
        "Type__c": "Picklist External Address|Internal Domain|Personal Address required",
        "Pattern__c": "Text(255) required",
        "User__c": "Lookup(User) MS_Graph_Exclusions SetNull",
        "Active__c": "Checkbox default true",
        "Removed_At__c": "DateTime",
        "Tombstone_Of__c": f"Text(18) {KEY}",
    },
    "MS_Graph_Setting__c": {
        "Key__c": 'Text(40) external unique default "default"',
        "Active__c": "Checkbox default false",
        "Frequency__c": "Picklist Every 15 minutes|Every 30 minutes|Hourly|Every 2 hours|Every 3 hours|Every 4 hours"
        "|Every 6 hours|Every 12 hours|Daily|Weekly default Hourly",
        "Time_of_Day__c": "Time",
        "Day_of_Week__c": "Picklist Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
        "Keep_Unmatched__c": "Checkbox default false",
        "Unmatched_Retention_Days__c": "Number(18,0) default 30",
        "Sync_Bcc__c": "Checkbox default false",
        "Backfill_Months__c": "Number(18,0) default 6",
        "Licensed_Users__c": "Number(18,0)",
        "Sync_Now_Requested__c": "Checkbox default false",
        "Opt_Out_Categories__c": 'Text(255) default "Do Not Sync"',
        "Attachment_Max_MB__c": "Number(18,0) default 25",
        "Inline_Images__c": "Checkbox default false",
        "Create_Tasks__c": "Checkbox default true",
        "Match_Ties__c": "Picklist All|Oldest default All",
        "Last_Run_At__c": "DateTime",
        "Matched_Through__c": "DateTime",
    },
    "Email__c": {
        "Subject__c": "Text(255)",
        "From_Address__c": "Text(255)",
        "From_Name__c": "Text(255)",
        "To__c": LONG,
        "Cc__c": LONG,
        "Bcc__c": LONG,
        "Sent_At__c": "DateTime",
        "Received_At__c": "DateTime",
        "Direction__c": "Picklist Inbound|Outbound",
        "Body__c": "Html(131072)",
        "Body_Truncated__c": "Checkbox default false",
        "Preview__c": "Text(255)",
        "Attachment_Count__c": "Number(18,0)",
        "Attachment_Notes__c": LONG,
        "Importance__c": "Picklist Low|Normal|High",
        "Web_Link__c": "Url",
        "Message_Key__c": f"Text(32) {KEY}",
        "Internet_Message_Id__c": "Text(255) external",
        "Conversation_Key__c": "Text(64) external",
        "Graph_Message_Id__c": "Text(255)",
        "Mailbox__c": "Lookup(MS_Graph_User__c) Emails SetNull",
        "Sync_Event__c": "Lookup(MS_Graph_Sync_Event__c) Emails SetNull",
        "Match_Status__c": "Picklist Matched|Unmatched|Removed",
        "Expires_On__c": "Date",
    },
    "Email_Participant__c": {
        "Email__c": "MasterDetail(Email__c) Participants",
        "Participant_Key__c": f"Text(64) {KEY}",
        "Address__c": "Text(255) external",
        "Display_Name__c": "Text(255)",
        "Role__c": "Picklist From|To|Cc|Bcc",
        "Contact__c": "Lookup(Contact) Email_Participants SetNull",
        "Account__c": "Lookup(Account) Email_Participants SetNull",
        "Subject__c": "Text(255)",
        "Sent_At__c": "DateTime",
        "Direction__c": "Picklist Inbound|Outbound",
    },
    "MS_Graph_Sync_Event__c": {
        "Run_Key__c": f"Text(64) {KEY}",
        "Kind__c": "Picklist Scheduled|Manual|Retry|Sweep",
        "Status__c": "Picklist Running|Succeeded|Completed with Errors|Failed|Interrupted",
        "Started_At__c": "DateTime",
        "Finished_At__c": "DateTime",
        "Touched_At__c": "DateTime",
        "Emails_Synced__c": "Number(18,0)",
        "Emails_Failed__c": "Number(18,0)",
        "Mailboxes__c": "Number(18,0)",
        "Mailboxes_Failed__c": "Number(18,0)",
        "Salesforce_Calls__c": "Number(18,0)",
        "Retry_Requested__c": "Checkbox default false",
        "Error_Message__c": LONG,
    },
    "MS_Graph_Sync_Error__c": {
        "Error_Key__c": f"Text(64) {KEY}",
        "Sync_Event__c": "Lookup(MS_Graph_Sync_Event__c) Errors SetNull",
        "Mailbox__c": "Lookup(MS_Graph_User__c) Errors SetNull",
        "Email__c": "Lookup(Email__c) Errors SetNull",
        "Graph_Message_Id__c": "Text(255)",
        "Internet_Message_Id__c": "Text(255)",
        "Subject__c": "Text(255)",
        "Received_At__c": "DateTime",
        "Code__c": "Text(255)",
        "Message__c": LONG,
        "Attempts__c": "Number(18,0)",
        "Next_Attempt_At__c": "DateTime",
        "Status__c": "Picklist Failed|Retry Requested|Resolved|Gave Up",
    },
    "MS_Graph_Request__c": {
        "Type__c": "Picklist Check|Search Mailboxes|Search Users|Explain|Preview|Estimate|Presence",
        "Term__c": "Text(255)",
        "Turn__c": "Number(18,0)",
        "Answered_Turn__c": "Number(18,0)",
        "Status__c": "Picklist New|Answered|Failed default New",
        "Answer__c": LONG,
        "Touched_At__c": "DateTime",
    },
    "Activity": {
        "Task_Key__c": f"Text(64) {KEY}",
        "Email__c": "Lookup(Email__c) Mail_Tasks SetNull",
    },
    "ContentVersion": {"Attachment_Key__c": "Text(64) external"},
}
OBJECTS = {  # label, name field, internal sharing
    "MS_Graph_User__c": ("MS Graph User", "Text", "Read"),
    "MS_Graph_Exclusion__c": ("MS Graph Exclusion", "AutoNumber EXC-{00000}", "Private"),
    "MS_Graph_Setting__c": ("Microsoft 365 Sync Setting", "Text", "Private"),
    "Email__c": ("Email", "Text", "Private"),
    "Email_Participant__c": ("Email Participant", "AutoNumber EP-{00000000}", "ControlledByParent"),
    "MS_Graph_Sync_Event__c": ("MS Graph Sync Event", "AutoNumber RUN-{000000}", "Read"),
    "MS_Graph_Sync_Error__c": ("MS Graph Sync Error", "AutoNumber ERR-{00000000}", "Private"),
    "MS_Graph_Request__c": ("Microsoft 365 Sync Request", "AutoNumber REQ-{00000000}", "Private"),
}
# C reate, R ead, U pdate, D elete, V iew all records, M odify all records, F: view all fields.
RIGHTS = {
    "Microsoft_365_Sync_User": {
        "Email__c": "R",
        "Email_Participant__c": "R",
        "MS_Graph_User__c": "R",
        "MS_Graph_Sync_Event__c": "R",
        "MS_Graph_Exclusion__c": "CRU",
        "MS_Graph_Request__c": "CRUD",
    },
    "Microsoft_365_Sync_Admin": {
        **dict.fromkeys(OBJECTS, "CRUDVM"),
        "Email__c": "CRUV",  # Modify All would bring Delete
        "Email_Participant__c": "CRUDV",
    },
    "Microsoft_365_Sync_Integration": {**dict.fromkeys(OBJECTS, "CRUDVM"), "Account": "RVF", "Contact": "RVF"},
    "Microsoft_365_Sync_Audit_Fields": {},
}
# View All Data depends on the three View permissions (observed: deployments refused without them).
VIEW_ALL = {"ViewAllData", "ViewEventLogFiles", "ViewPublicDashboards", "ViewPublicReports"}
USER_PERMISSIONS = {
    "Microsoft_365_Sync_User": set(),
    "Microsoft_365_Sync_Admin": set(),
    # Salesforce Help, "Set Up Users to Query Salesforce Files": Query All Files requires View All Data.
    "Microsoft_365_Sync_Integration": VIEW_ALL
    | {"ApiEnabled", "EditTask", "ViewSetup", "ViewRoles", "ViewAllUsers", "QueryAllFiles"},
    "Microsoft_365_Sync_Audit_Fields": VIEW_ALL
    | {"CreateAuditFields", "UpdateWithInactiveOwner", "ModifyAllData", "ViewSetup", "ViewRoles"},
}
ROOT_TAGS = {
    "object": "CustomObject",
    "field": "CustomField",
    "listView": "ListView",
    "compactLayout": "CompactLayout",
    "validationRule": "ValidationRule",
    "permissionset": "PermissionSet",
    "customPermission": "CustomPermission",
    "sharingRules": "SharingRules",
    "layout": "Layout",
    "tab": "CustomTab",
    "app": "CustomApplication",
    "quickAction": "QuickAction",
    "settings": "SecuritySettings",
}
FOLDERS = {
    "object": None,  # objects/NAME
    "field": "fields",
    "listView": "listViews",
    "compactLayout": "compactLayouts",
    "validationRule": "validationRules",
    "permissionset": "permissionsets",
    "customPermission": "customPermissions",
    "sharingRules": "sharingRules",
    "layout": "layouts",
    "tab": "tabs",
    "app": "applications",
    "quickAction": "quickActions",
    "settings": "settings",
}
SYSTEM_FIELDS = {"Name", "OwnerId", "CreatedById", "LastModifiedById", "CreatedDate", "LastModifiedDate"}
LIST_COLUMNS = {"NAME": "Name", "LAST_UPDATE": "LastModifiedDate", "CREATED_DATE": "CreatedDate"}
TASK_COLUMNS = {
    "TASK.SUBJECT",
    "TASK.WHO_NAME",
    "TASK.WHAT_NAME",
    "TASK.DUE_DATE",
    "TASK.STATUS",
    "CORE.USERS.FULL_NAME",
}
RELATED_LISTS_OF_THE_PLATFORM = {"RelatedFileList", "RelatedEntityHistoryList"}
FORMULA_FUNCTIONS = {"AND", "OR", "NOT", "ISNEW", "ISCHANGED", "ISBLANK", "ISPICKVAL", "REGEX", "TRIM"}


# --- reading ---------------------------------------------------------------------------------------------------------


def files(kind: str = "*") -> list[Path]:
    return sorted(ROOT.rglob(f"*.{kind}-meta.xml"))


def kind_of(path: Path) -> str:
    return path.name.removesuffix("-meta.xml").rpartition(".")[2]


def name_of(path: Path) -> str:
    return path.name.removesuffix("-meta.xml").rpartition(".")[0]


def owner_of(path: Path) -> str:
    """The object a child file (field, list view, …) belongs to."""
    return path.parent.parent.name


def read(path: Path) -> ET.Element:
    return ET.parse(path).getroot()  # noqa: S314 - our own files


def each(node: ET.Element, tag: str) -> list[ET.Element]:
    return node.findall(f"{NAMESPACE}{tag}")


def text(node: ET.Element, tag: str, default: str = "") -> str:
    return node.findtext(f"{NAMESPACE}{tag}") or default


def texts(node: ET.Element, tag: str) -> list[str]:
    return [found.text or "" for found in node.iter(f"{NAMESPACE}{tag}")]


def flag(node: ET.Element, tag: str) -> bool:
    return text(node, tag) == "true"


def fields() -> dict[tuple[str, str], ET.Element]:
    return {(owner_of(path), name_of(path)): read(path) for path in files("field")}


def permission_sets() -> dict[str, ET.Element]:
    return {name_of(path): read(path) for path in files("permissionset")}


def picklist(field: ET.Element) -> list[str]:
    return [text(value, "fullName") for value in field.iter(f"{NAMESPACE}value")]


def described(field: ET.Element) -> str:
    """One line in the words of the tables above."""
    words = [text(field, "type")]
    if length := text(field, "length"):
        words[0] += f"({length})"
    elif words[0] == "Number":
        words[0] += f"({text(field, 'precision')},{text(field, 'scale')})"
    if parent := text(field, "referenceTo"):
        words[0] += f"({parent})"
        words += [text(field, "relationshipName"), text(field, "deleteConstraint")]
    if values := picklist(field):
        words.append("|".join(values))
    words += [
        word
        for word, tag in (("external", "externalId"), ("unique", "unique"), ("case-sensitive", "caseSensitive"))
        if flag(field, tag)
    ]
    if flag(field, "required"):
        words.append("required")
    chosen = [text(value, "fullName") for value in field.iter(f"{NAMESPACE}value") if flag(value, "default")]
    if default := text(field, "defaultValue") or "|".join(chosen):
        words.append(f"default {default}")
    return " ".join(word for word in words if word)


def known(owner: str) -> set[str]:
    """Every field of an object that a file may name."""
    return set(FIELDS[owner]) | SYSTEM_FIELDS


def permissionable(owner: str) -> Iterator[str]:
    """Fields that a permission set may name: not required, no master-detail (Metadata API guide, "PermissionSet")."""
    for name, words in FIELDS[owner].items():
        if not words.startswith("MasterDetail") and not words.endswith("required"):
            yield name


# --- what there is ---------------------------------------------------------------------------------------------------


def test_the_project_deploys_the_prerequisites_as_a_package_directory_of_their_own() -> None:
    project = json.loads((ROOT / "sfdx-project.json").read_text(encoding="utf-8"))
    assert project["sourceApiVersion"] == "66.0"
    assert project["packageDirectories"] == [{"path": "prerequisites"}, {"path": "main", "default": True}]
    assert {name_of(path) for path in (ROOT / "prerequisites").rglob("*-meta.xml")} == {
        "Security",
        "Microsoft_365_Sync_Audit_Fields",
    }
    settings = read(ROOT / "prerequisites/settings/Security.settings-meta.xml")
    assert [(child.tag, child.text) for child in settings] == [(f"{NAMESPACE}enableAuditFieldsInactiveOwner", "true")]


SOURCES = [path for place in ("prerequisites", "main") for path in (ROOT / place).rglob("*") if path.is_file()]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_is_metadata_of_the_kind_that_its_name_and_folder_say(path: Path) -> None:
    assert path.name.endswith("-meta.xml")
    kind = kind_of(path)
    assert read(path).tag == NAMESPACE + ROOT_TAGS[kind]
    assert path.parent.name == (FOLDERS[kind] or name_of(path))
    child_of_an_object = kind in {"field", "listView", "compactLayout", "validationRule"}
    assert text(read(path), "fullName") == (name_of(path) if child_of_an_object else "")


def test_the_objects_are_those_of_the_design() -> None:
    found = {}
    for path in files("object"):
        root, name_field = read(path), each(read(path), "nameField")[0]
        name = f"{text(name_field, 'type')} {text(name_field, 'displayFormat')}".strip()
        found[name_of(path)] = (text(root, "label"), name, text(root, "sharingModel"))
        assert text(root, "deploymentStatus") == "Deployed"
        outside = "ControlledByParent" if text(root, "sharingModel") == "ControlledByParent" else "Private"
        assert text(root, "externalSharingModel") == outside
        # Metadata API guide, "CustomObject": the three are on together or off together.
        assert flag(root, "enableBulkApi") == flag(root, "enableSharing") == flag(root, "enableStreamingApi")
    assert found == OBJECTS


def test_the_fields_are_those_of_the_design() -> None:
    found: dict[str, dict[str, str]] = {}
    for (owner, name), field in fields().items():
        found.setdefault(owner, {})[name] = described(field)
    assert found == FIELDS


def test_picklists_are_restricted_and_their_values_are_said_once() -> None:
    for key, field in fields().items():
        if text(field, "type") == "Picklist":
            assert flag(each(field, "valueSet")[0], "restricted"), key
            assert [name for name, times in Counter(picklist(field)).items() if times > 1] == [], key
            labels = [text(value, "label") for value in field.iter(f"{NAMESPACE}value")]
            assert labels == picklist(field), key


def test_a_participant_can_be_changed_only_by_who_may_change_its_mail() -> None:
    detail = fields()["Email_Participant__c", "Email__c"]
    assert not flag(detail, "writeRequiresMasterRead")
    assert not flag(detail, "reparentableMasterDetail")


# --- what an org refuses ---------------------------------------------------------------------------------------------


def test_names_and_texts_are_within_the_limits_of_the_platform() -> None:
    limits = {"label": 40, "pluralLabel": 40, "inlineHelpText": 510, "description": 1000, "relationshipName": 40}
    limits |= {"relationshipLabel": 80, "errorMessage": 255, "successMessage": 255}
    for path in files():
        kind, root = kind_of(path), read(path)
        developer_name = name_of(path).removesuffix("__c").rpartition(".")[2]
        if kind not in {"layout", "settings", "sharingRules"}:
            assert re.fullmatch(r"[A-Za-z](?:_?[A-Za-z0-9])*", developer_name), path.name
            assert len(developer_name) <= (80 if kind in {"permissionset", "customPermission"} else 40), path.name
        for tag, limit in limits.items():
            if tag == "label" and kind in {"permissionset", "layout"}:
                limit = 80
            for value in [text(root, tag)] if tag == "label" else texts(root, tag):
                assert len(value) <= limit, f"{path.name}: {tag}"


def test_what_an_admin_sees_explains_itself() -> None:
    for path in [*files("object"), *files("field"), *files("permissionset"), *files("validationRule")]:
        assert len(text(read(path), "description")) > 10, path.name
    for path in [*files("field"), *files("object")]:
        assert text(read(path), "label"), path.name


def test_an_object_has_at_most_25_external_ids_and_every_unique_text_fits_an_index() -> None:
    for owner, described_fields in FIELDS.items():
        assert sum(" external" in words for words in described_fields.values()) <= 25, owner
    for (owner, name), field in fields().items():
        if flag(field, "unique"):
            assert int(text(field, "length")) <= 255, f"{owner}.{name}"


def test_history_is_tracked_only_where_the_object_keeps_one_and_for_at_most_20_fields() -> None:
    tracked = Counter(owner for (owner, _), field in fields().items() if flag(field, "trackHistory"))
    keeping = {name_of(path) for path in files("object") if flag(read(path), "enableHistory")}
    assert set(tracked) == keeping
    assert max(tracked.values()) <= 20


def test_relationship_names_are_unique_per_parent() -> None:
    names = Counter(
        (text(field, "referenceTo"), text(field, "relationshipName").lower())
        for field in fields().values()
        if text(field, "referenceTo")
    )
    assert [pair for pair, times in names.items() if times > 1 or not pair[1]] == []


def test_a_new_object_brings_the_layout_that_the_platform_assigns_to_every_profile() -> None:
    # A deployed object gets "LABEL Layout" assigned everywhere; only a layout of that name needs no profile beside it.
    assert {name_of(path) for path in files("layout")} == {
        f"{name}-{label} Layout" for name, (label, _, _) in OBJECTS.items()
    }


# --- cross references ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", files("layout"), ids=name_of)
def test_a_layout_names_only_what_exists(path: Path) -> None:
    owner, root = name_of(path).partition("-")[0], read(path)
    items = {text(item, "field"): text(item, "behavior") for item in root.iter(f"{NAMESPACE}layoutItems")}
    assert len(items) == sum(1 for _ in root.iter(f"{NAMESPACE}layoutItems")), "a field stands twice"
    missing_from_layout = set(FIELDS[owner]) - set(items)
    assert missing_from_layout == set(), "a field that no one can find"
    assert set(items) <= known(owner)
    required = {name for name, words in FIELDS[owner].items() if re.search("^MasterDetail|required$", words)}
    if OBJECTS[owner][1] == "Text":
        required.add("Name")
    assert {name for name, behaviour in items.items() if behaviour == "Required"} == required
    for related in each(root, "relatedLists"):
        check_related_list(owner, related)
    actions = [text(item, "actionName") for item in root.iter(f"{NAMESPACE}platformActionListItems")]
    own_actions = {name_of(action) for action in files("quickAction")}
    assert {action for action in actions if "." in action} <= own_actions
    assert [int(order) for order in texts(root, "sortOrder") if order.isdigit()] == list(range(len(actions)))
    assert not set(actions) & set(texts(root, "excludeButtons"))


def check_related_list(owner: str, related: ET.Element) -> None:
    name, columns = text(related, "relatedList"), texts(related, "fields")
    if name in RELATED_LISTS_OF_THE_PLATFORM:
        assert columns == []
        return
    child, _, lookup = name.partition(".")
    assert re.search(rf"\({owner}\)", FIELDS[child][lookup]), f"{name} does not look up {owner}"
    if child == "Activity":
        assert set(columns) <= TASK_COLUMNS
        return
    assert {LIST_COLUMNS.get(column, column) for column in columns} <= known(child)
    assert text(related, "sortField", columns[0]) in columns


@pytest.mark.parametrize("path", files("listView"), ids=lambda path: f"{owner_of(path)}-{name_of(path)}")
def test_a_list_view_names_only_what_exists(path: Path) -> None:
    owner, root = owner_of(path), read(path)
    assert {LIST_COLUMNS.get(column, column) for column in texts(root, "columns")} <= known(owner)
    for condition in each(root, "filters"):
        check_criterion(owner, text(condition, "field"), text(condition, "operation"), text(condition, "value"))
    assert not any("LongTextArea" in FIELDS[owner].get(column, "") for column in texts(root, "columns"))


def check_criterion(owner: str, name: str, operation: str, value: str) -> None:
    assert operation == "equals"
    if FIELDS[owner][name].startswith("Checkbox"):
        assert value in {"0", "1"}
    else:
        assert set(value.split(",")) <= set(picklist(fields()[owner, name]))


def test_compact_layouts_are_assigned_and_show_fields_that_a_compact_layout_can_show() -> None:
    assigned = {(name_of(path), text(read(path), "compactLayoutAssignment")) for path in files("object")}
    assigned.remove(("MS_Graph_Request__c", "SYSTEM"))  # its pages show it, nobody opens it
    assert {(owner_of(path), name_of(path)) for path in files("compactLayout")} == assigned
    for path in files("compactLayout"):
        shown = texts(read(path), "fields")
        assert set(shown) <= known(owner_of(path))
        assert len(shown) <= 10
        assert not any(re.match("LongTextArea|Html", FIELDS[owner_of(path)].get(name, "")) for name in shown)


def test_the_app_and_the_tabs_show_every_object_that_people_open() -> None:
    shown = set(OBJECTS) - {"Email_Participant__c", "MS_Graph_Request__c"}
    assert {name_of(path) for path in files("tab")} == shown
    (app,) = files("app")
    assert name_of(app) == "Microsoft_365_Sync"
    assert set(texts(read(app), "tabs")) == shown


def test_remove_sets_the_match_status_and_lets_nobody_type() -> None:
    (path,) = files("quickAction")
    action = read(path)
    assert name_of(path) == "Email__c.Remove"
    assert text(action, "type") == "Update"
    (override,) = each(action, "fieldOverrides")
    assert (text(override, "field"), text(override, "literalValue")) == ("Match_Status__c", "Removed")
    items = list(action.iter(f"{NAMESPACE}quickActionLayoutItems"))
    assert {text(item, "field") for item in items} <= set(FIELDS["Email__c"]) - {"Match_Status__c"}
    assert {text(item, "uiBehavior") for item in items} == {"Readonly"}


def test_matched_mail_and_global_exclusions_are_shared_with_everybody_and_nothing_else_is() -> None:
    found = set()
    for path in files("sharingRules"):
        for rule in read(path):
            assert rule.tag == f"{NAMESPACE}sharingCriteriaRules"
            (shared_to,), (criterion,) = each(rule, "sharedTo"), each(rule, "criteriaItems")
            assert [child.tag for child in shared_to] == [f"{NAMESPACE}allInternalUsers"]
            assert OBJECTS[name_of(path)][2] == "Private", "a rule opens only what is private"
            assert flag(rule, "includeRecordsOwnedByAll")
            parts = text(criterion, "field"), text(criterion, "operation"), text(criterion, "value")
            check_criterion(name_of(path), *parts)
            found.add((name_of(path), parts[0], parts[2], text(rule, "accessLevel")))
    assert found == {
        ("Email__c", "Match_Status__c", "Matched", "Read"),
        ("MS_Graph_Exclusion__c", "Type__c", "External Address", "Read"),
        ("MS_Graph_Exclusion__c", "Type__c", "Internal Domain", "Read"),
    }


# --- validation rules ------------------------------------------------------------------------------------------------


def formula(owner: str, name: str) -> str:
    root = read(ROOT / "main/default/objects" / owner / "validationRules" / f"{name}.validationRule-meta.xml")
    return text(root, "errorConditionFormula")


@pytest.mark.parametrize("path", files("validationRule"), ids=name_of)
def test_a_formula_names_only_fields_functions_and_values_that_exist(path: Path) -> None:
    owner, root = owner_of(path), read(path)
    written = text(root, "errorConditionFormula")
    assert flag(root, "active")
    assert text(root, "errorDisplayField", "Name") in known(owner)
    without_strings = re.sub(r'"[^"]*"', '""', written)
    assert without_strings.count("(") == without_strings.count(")") > 0 or "(" not in without_strings
    assert set(re.findall(r"\b([A-Z]+)\(", without_strings)) <= FORMULA_FUNCTIONS
    permissions = {f"Permission.{name_of(found)}" for found in files("customPermission")}
    globals_named = set(re.findall(r"\$([A-Za-z_.0-9]+)", without_strings))
    assert globals_named <= permissions | {"User.Id"}
    names = set(re.findall(r"(?<![$.\w])[A-Za-z]\w*\b(?!\()", without_strings))
    assert names <= set(FIELDS[owner])
    for name, value in re.findall(r'ISPICKVAL\((\w+), "([^"]*)"\)', written):
        assert value in picklist(fields()[owner, name])


def expressions(name: str) -> list[re.Pattern[str]]:
    """The REGEX of an exclusion rule. Python has no \\p{L} and \\p{N}; \\w is both and the underscore."""
    found = re.findall(r'REGEX\(TRIM\(Pattern__c\), "([^"]*)"\)', formula("MS_Graph_Exclusion__c", name))
    assert found
    return [re.compile(one.replace("\\\\", "\\").replace(r"\p{L}\p{N}", r"\w")) for one in found]


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        ("news@shop.example", True),
        (" news@shop.example ", True),
        ("*@shop.example", True),
        ("@shop.example", True),
        ("no-reply*", True),
        ("*@*.shop.example", True),
        ("jörg@bücher.example", True),
        ("shop.example", False),  # neither an address nor a wildcard: it could never match
        ("*", False),
        ("*@*", False),
        ("a@b.example, c@d.example", False),
        ("a@b.example;c@d.example", False),
        ("Ann Other <ann@other.example>", False),
        ("a@b@c.example", False),
    ],
)
def test_the_shape_of_an_address_pattern(pattern: str, accepted: bool) -> None:
    assert all(one.fullmatch(pattern.strip()) for one in expressions("Address_Pattern")) is accepted


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        ("firm.example", True),
        ("mail.firm.example", True),
        ("@firm.example", True),
        ("*@firm.example", True),
        ("bücher.example", True),
        ("xn--bcher-kva.example", True),
        ("firm", False),
        ("*", False),
        ("*.*", False),
        ("ann@firm.example", False),
        ("firm.example.", False),
        ("firm.example, other.example", False),
        ("https://firm.example", False),
    ],
)
def test_the_shape_of_a_domain_pattern(pattern: str, accepted: bool) -> None:
    (one,) = expressions("Domain_Pattern")
    assert (one.fullmatch(pattern.strip()) is not None) is accepted


def test_a_rule_that_was_deleted_can_be_copied_whatever_its_shape() -> None:
    for name in ("Address_Pattern", "Domain_Pattern"):
        assert "ISBLANK(Tombstone_Of__c)" in formula("MS_Graph_Exclusion__c", name)


def test_type_pattern_and_user_of_an_exclusion_are_fixed() -> None:
    fixed = re.findall(r"ISCHANGED\((\w+)\)", formula("MS_Graph_Exclusion__c", "Rule_Cannot_Change"))
    assert fixed == ["Type__c", "Pattern__c", "User__c"]


# --- permission sets -------------------------------------------------------------------------------------------------


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
    found = each(permission_sets()[name], "fieldPermissions")
    assert all(flag(item, "readable") for item in found), "edit depends on read, and a grant of nothing says nothing"
    names = [text(item, "field") for item in found]
    assert len(names) == len(set(names))
    return {text(item, "field"): flag(item, "editable") for item in found}


def api_name(owner: str, field: str) -> str:
    """Field permissions of Activity fields are those of Task."""
    return f"{'Task' if owner == 'Activity' else owner}.{field}"


def test_the_permission_sets_are_those_of_the_design() -> None:
    assert set(permission_sets()) == set(RIGHTS)
    places = {name_of(path): path.relative_to(ROOT).parts[0] for path in files("permissionset")}
    assert {name for name, place in places.items() if place == "prerequisites"} == {"Microsoft_365_Sync_Audit_Fields"}


@pytest.mark.parametrize("name", RIGHTS)
def test_object_permissions_are_those_of_the_design_and_bring_what_they_depend_on(name: str) -> None:
    found = {text(item, "object"): rights(item) for item in each(permission_sets()[name], "objectPermissions")}
    assert found == RIGHTS[name]
    for letters in found.values():
        assert "R" in letters
        assert "D" not in letters or "U" in letters
        assert "M" not in letters or set("CRUDV") <= set(letters)
    if "Contact" in found:
        assert set(found["Contact"]) <= set(found["Account"]), "rights on Contact depend on those on Account"
    if "Email_Participant__c" in found:
        assert "V" not in found["Email_Participant__c"] or "V" in found["Email__c"]


def test_only_the_integration_may_delete_an_email() -> None:
    holders = [name for name, objects in RIGHTS.items() if "D" in objects.get("Email__c", "")]
    assert holders == ["Microsoft_365_Sync_Integration"]


@pytest.mark.parametrize("name", RIGHTS)
def test_user_permissions_are_those_of_the_design_and_of_what_they_depend_on(name: str) -> None:
    found = each(permission_sets()[name], "userPermissions")
    assert all(flag(item, "enabled") for item in found)
    assert {text(item, "name") for item in found} == USER_PERMISSIONS[name]


@pytest.mark.parametrize("name", RIGHTS)
def test_no_field_permission_names_a_field_that_a_deploy_refuses(name: str) -> None:
    allowed = {api_name(owner, field) for owner in FIELDS for field in permissionable(owner)}
    assert set(granted(name)) <= allowed


@pytest.mark.parametrize("name", ["Microsoft_365_Sync_Admin", "Microsoft_365_Sync_Integration"])
def test_admin_and_integration_may_edit_every_field(name: str) -> None:
    assert granted(name) == {api_name(owner, field): True for owner in FIELDS for field in permissionable(owner)}


def test_a_user_reads_every_field_of_what_it_reads_and_edits_only_its_exclusions() -> None:
    found = granted("Microsoft_365_Sync_User")
    readable = {api_name(owner, f) for owner in RIGHTS["Microsoft_365_Sync_User"] for f in permissionable(owner)}
    assert set(found) == readable | {"Task.Email__c"}
    assert {field for field, editable in found.items() if editable} == {
        "MS_Graph_Exclusion__c.User__c",
        "MS_Graph_Exclusion__c.Active__c",
        *(f"MS_Graph_Request__c.{name}" for name in ("Type__c", "Term__c", "Turn__c", "Status__c", "Touched_At__c")),
    }


def test_people_see_the_app_and_the_tabs_of_what_they_may_read() -> None:
    tabs = {name_of(path) for path in files("tab")}
    for name, objects in RIGHTS.items():
        root = permission_sets()[name]
        visible = {text(item, "tab") for item in each(root, "tabSettings") if text(item, "visibility") == "Visible"}
        people = name in {"Microsoft_365_Sync_User", "Microsoft_365_Sync_Admin"}
        assert visible == (set(objects) & tabs if people else set()), name
        apps = [text(item, "application") for item in each(root, "applicationVisibilities")]
        assert apps == (["Microsoft_365_Sync"] if people else []), name


def test_only_admin_and_integration_make_rules_for_others() -> None:
    (permission,) = {name_of(path) for path in files("customPermission")}
    holders = {
        name
        for name, root in permission_sets().items()
        if permission in {text(item, "name") for item in each(root, "customPermissions") if flag(item, "enabled")}
    }
    assert holders == {"Microsoft_365_Sync_Admin", "Microsoft_365_Sync_Integration"}
    assert f"NOT($Permission.{permission})" in formula("MS_Graph_Exclusion__c", "Global_Rules_Are_For_Admins")


# --- the document that tells how to deploy it ------------------------------------------------------------------------


def test_the_setup_document_names_only_what_is_here() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    for folder in re.findall(r"--source-dir (\S+)", document):
        assert (ROOT / folder).is_dir(), folder
    assert set(re.findall(r"\bMicrosoft_365_Sync_\w+", document)) == set(RIGHTS)
    names = {field for described_fields in FIELDS.values() for field in described_fields} | set(OBJECTS)
    assert set(re.findall(r"\b[A-Za-z]\w*?__c\b", document)) <= names
