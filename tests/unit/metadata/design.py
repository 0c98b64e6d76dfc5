"""What the design says of objects, fields and rights: the second statement that `sfdc_objects/` is held against."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from m365sandbox.salesforce.metadata.package import NAMESPACE, flag, text, values

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
        "Status__c": "Picklist Not Linked|Ready|Live|Failing|Unavailable default Not Linked",
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
        "Remote_Images__c": "Checkbox default false",
        "Create_Tasks__c": "Checkbox default true",
        "Ask_Owner__c": "Checkbox default false",
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
        "Consent__c": "Picklist Waiting|Given",
        "Matched_At__c": "DateTime",
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
        "Emails_Matched__c": "Number(18,0)",
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
        "Email__c": "RU",  # its owner's consent
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
    if choices := values(field):
        words.append("|".join(choices))
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


def permissionable(owner: str) -> Iterator[str]:
    """Fields that a permission set may name: not required, no master-detail (Metadata API guide, "PermissionSet")."""
    for name, words in FIELDS[owner].items():
        if not words.startswith("MasterDetail") and not words.endswith("required"):
            yield name
