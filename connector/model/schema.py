"""The fields of our objects in Salesforce, and what the connector does with each: the one place that lists them.

The queries, the rights that are checked before a run, what a later copy of a mail may fill and what is emptied when a
person removes a mail are all derived from these tables. They stand in `model` because the decisions in `core` need them
as well as the queries in `salesforce`. A test holds them against the metadata in sfdc_objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, StrEnum, auto


class FieldType(StrEnum):
    """The `type` of a field in the metadata; STANDARD is a field of the platform, which has no metadata of ours."""

    STANDARD = ""
    CHECKBOX = "Checkbox"
    DATE = "Date"
    DATETIME = "DateTime"
    EMAIL = "Email"
    HTML = "Html"
    LONG_TEXT = "LongTextArea"
    LOOKUP = "Lookup"
    MASTER = "MasterDetail"
    NUMBER = "Number"
    PICKLIST = "Picklist"
    TEXT = "Text"
    TIME = "Time"
    URL = "Url"


class Use(Flag):
    """What the connector does with a field."""

    #: read by each run; of stored mail, when a copy of it arrives
    READ = auto()
    #: of stored mail, read when it may have to be related anew
    REMATCH = auto()
    #: written into new rows
    CREATED = auto()
    #: written into rows that exist
    CHANGED = auto()
    #: of stored mail: a later copy may fill it where it is empty
    FILLABLE = auto()
    #: of stored mail: stays when a person removes the mail, so that the same mail is recognised. All others are emptied
    KEPT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An object. Of one that is not ours, only the fields that the connector uses."""

    name: str
    fields: Mapping[str, tuple[FieldType, Use]]

    def names(self, use: Use) -> tuple[str, ...]:
        """The fields that are used in this way, or in all of these."""
        return tuple(name for name, (_, uses) in self.fields.items() if use in uses)


_STANDARD = FieldType.STANDARD
_CHECKBOX = FieldType.CHECKBOX
_DATETIME = FieldType.DATETIME
_LONG_TEXT = FieldType.LONG_TEXT
_LOOKUP = FieldType.LOOKUP
_NUMBER = FieldType.NUMBER
_PICKLIST = FieldType.PICKLIST
_TEXT = FieldType.TEXT
_READ, _REMATCH, _CREATED, _CHANGED = Use.READ, Use.REMATCH, Use.CREATED, Use.CHANGED
#: what both readers of stored mail need
_BOTH = Use.READ | Use.REMATCH
#: a field that only some copies of a mail have
_FILLED = Use.CREATED | Use.FILLABLE

MAIL = Table(
    name="Email__c",
    fields={
        "Id": (_STANDARD, _BOTH),
        "Name": (_STANDARD, _CREATED | _READ),
        "OwnerId": (_STANDARD, _CREATED | _BOTH | Use.KEPT),
        "CreatedDate": (_STANDARD, _BOTH),
        "CreatedById": (_STANDARD, _REMATCH),
        "IsDeleted": (_STANDARD, _BOTH),
        # of a deleted row: who deleted it
        "LastModifiedById": (_STANDARD, _READ),
        "Subject__c": (_TEXT, _CREATED | _BOTH),
        "From_Address__c": (_TEXT, _FILLED | _BOTH),
        "From_Name__c": (_TEXT, _FILLED | _BOTH),
        "To__c": (_LONG_TEXT, _FILLED | _BOTH),
        "Cc__c": (_LONG_TEXT, _FILLED | _BOTH),
        "Bcc__c": (_LONG_TEXT, _FILLED | _BOTH),
        "Sent_At__c": (_DATETIME, _CREATED | _BOTH | Use.KEPT),
        "Received_At__c": (_DATETIME, _CREATED | _REMATCH),
        "Direction__c": (_PICKLIST, _CREATED | _REMATCH),
        # not read: it is large, and missing in no mail that has one
        "Body__c": (FieldType.HTML, _FILLED),
        "Body_Truncated__c": (_CHECKBOX, _CREATED | _BOTH),
        "Preview__c": (_TEXT, _FILLED | _BOTH),
        "Attachment_Count__c": (_NUMBER, _FILLED | _BOTH),
        "Attachment_Notes__c": (_LONG_TEXT, _FILLED | _BOTH),
        "Importance__c": (_PICKLIST, _CREATED),
        "Web_Link__c": (FieldType.URL, _CREATED),
        "Message_Key__c": (_TEXT, _CREATED | _BOTH | Use.KEPT),
        "Internet_Message_Id__c": (_TEXT, _FILLED | _BOTH | Use.KEPT),
        "Conversation_Key__c": (_TEXT, _FILLED | _BOTH),
        "Graph_Message_Id__c": (_TEXT, _CREATED | _BOTH),
        "Mailbox__c": (_LOOKUP, _CREATED | _BOTH),
        "Sync_Event__c": (_LOOKUP, _CREATED),
        "Match_Status__c": (_PICKLIST, _CREATED | _CHANGED | _BOTH | Use.KEPT),
        "Expires_On__c": (FieldType.DATE, _CREATED | _CHANGED | _READ),
        "Consent__c": (_PICKLIST, _CHANGED | _BOTH),
        "Matched_At__c": (_DATETIME, _CHANGED),
    },
)
PARTICIPANT = Table(
    name="Email_Participant__c",
    fields={
        "Id": (_STANDARD, _BOTH),
        "Email__c": (FieldType.MASTER, _CREATED),
        "Participant_Key__c": (_TEXT, _CREATED | _CHANGED | _BOTH),
        "Address__c": (_TEXT, _CREATED | _BOTH),
        "Display_Name__c": (_TEXT, _CREATED | _REMATCH),
        "Role__c": (_PICKLIST, _CREATED | _REMATCH),
        "Contact__c": (_LOOKUP, _CREATED | _CHANGED | _BOTH),
        "Account__c": (_LOOKUP, _CREATED | _CHANGED | _BOTH),
        "Subject__c": (_TEXT, _CREATED),
        "Sent_At__c": (_DATETIME, _CREATED),
        "Direction__c": (_PICKLIST, _CREATED),
    },
)
#: our two fields are fields of Activity in the metadata; TaskWhoIds is there with Shared Activities only
TASK = Table(
    name="Task",
    fields={
        "Task_Key__c": (_TEXT, _CREATED | _READ),
        "Email__c": (_LOOKUP, _CREATED | _READ),
        "Subject": (_STANDARD, _CREATED),
        "WhoId": (_STANDARD, _CREATED | _READ),
        "WhatId": (_STANDARD, _CREATED | _READ),
        "TaskSubtype": (_STANDARD, _CREATED),
        "Status": (_STANDARD, _CREATED),
        "Priority": (_STANDARD, _CREATED),
        "ActivityDate": (_STANDARD, _CREATED),
        "Description": (_STANDARD, _CREATED),
        "OwnerId": (_STANDARD, _CREATED),
    },
)
FILE = Table(name="ContentVersion", fields={"Attachment_Key__c": (_TEXT, _CREATED | _READ)})
EVENT = Table(
    name="MS_Graph_Sync_Event__c",
    fields={
        "Run_Key__c": (_TEXT, _CREATED),
        "Kind__c": (_PICKLIST, _CREATED),
        "Status__c": (_PICKLIST, _CREATED | _CHANGED),
        "Started_At__c": (_DATETIME, _CREATED),
        "Finished_At__c": (_DATETIME, _CREATED | _CHANGED),
        "Touched_At__c": (_DATETIME, _CREATED | _CHANGED),
        "Emails_Synced__c": (_NUMBER, _CREATED | _CHANGED),
        "Emails_Failed__c": (_NUMBER, _CREATED | _CHANGED),
        "Emails_Matched__c": (_NUMBER, _CREATED | _CHANGED),
        "Mailboxes__c": (_NUMBER, _CREATED | _CHANGED),
        "Mailboxes_Failed__c": (_NUMBER, _CREATED | _CHANGED),
        "Salesforce_Calls__c": (_NUMBER, _CREATED | _CHANGED),
        "Retry_Requested__c": (_CHECKBOX, _CREATED | _CHANGED),
        "Error_Message__c": (_LONG_TEXT, _CREATED | _CHANGED),
    },
)
ERROR = Table(
    name="MS_Graph_Sync_Error__c",
    fields={
        "Id": (_STANDARD, _READ),
        "Error_Key__c": (_TEXT, _CREATED | _READ),
        "Sync_Event__c": (_LOOKUP, _CREATED | _READ),
        "Sync_Event__r.Retry_Requested__c": (_STANDARD, _READ),
        "Mailbox__c": (_LOOKUP, _CREATED | _READ),
        "Email__c": (_LOOKUP, _CREATED | _READ),
        "Graph_Message_Id__c": (_TEXT, _CREATED | _READ),
        "Internet_Message_Id__c": (_TEXT, _CREATED | _CHANGED | _READ),
        "Subject__c": (_TEXT, _CREATED | _CHANGED | _READ),
        "Received_At__c": (_DATETIME, _CREATED | _READ),
        "Code__c": (_TEXT, _CREATED | _CHANGED | _READ),
        "Message__c": (_LONG_TEXT, _CREATED | _CHANGED | _READ),
        "Attempts__c": (_NUMBER, _CREATED | _CHANGED | _READ),
        "Next_Attempt_At__c": (_DATETIME, _CREATED | _CHANGED | _READ),
        "Status__c": (_PICKLIST, _CREATED | _CHANGED | _READ),
    },
)
MAILBOX = Table(
    name="MS_Graph_User__c",
    fields={
        "Id": (_STANDARD, _READ),
        "Name": (_STANDARD, _READ),
        "CreatedDate": (_STANDARD, _READ),
        "Email_Address__c": (FieldType.EMAIL, _READ),
        "User_Principal_Name__c": (_TEXT, _READ),
        "Graph_User_Id__c": (_TEXT, _CHANGED | _READ),
        "User__c": (_LOOKUP, _READ),
        "User__r.IsActive": (_STANDARD, _READ),
        "Mailbox_Type__c": (_PICKLIST, _CHANGED | _READ),
        "Active__c": (_CHECKBOX, _READ),
        "Aliases__c": (_LONG_TEXT, _CHANGED | _READ),
        "Status__c": (_PICKLIST, _CHANGED | _READ),
        "Status_Detail__c": (_LONG_TEXT, _CHANGED | _READ),
        "Backfill_From__c": (_DATETIME, _CHANGED | _READ),
        "Backfill_Through__c": (_DATETIME, _CHANGED | _READ),
        "Live_From__c": (_DATETIME, _CHANGED | _READ),
        "Live_Through__c": (_DATETIME, _CHANGED | _READ),
        "Swept_Through__c": (_DATETIME, _CHANGED | _READ),
        "Last_Success__c": (_DATETIME, _CHANGED | _READ),
    },
)
EXCLUSION = Table(
    name="MS_Graph_Exclusion__c",
    fields={
        "Id": (_STANDARD, _READ),
        "Name": (_STANDARD, _READ),
        "CreatedById": (_STANDARD, _READ),
        "OwnerId": (_STANDARD, _CHANGED | _READ),
        "LastModifiedDate": (_STANDARD, _READ),
        "IsDeleted": (_STANDARD, _READ),
        "Type__c": (_PICKLIST, _CREATED | _READ),
        "Pattern__c": (_TEXT, _CREATED | _READ),
        "User__c": (_LOOKUP, _CREATED | _READ),
        "Active__c": (_CHECKBOX, _CREATED | _READ),
        "Removed_At__c": (_DATETIME, _CREATED | _CHANGED | _READ),
        "Tombstone_Of__c": (_TEXT, _CREATED | _READ),
    },
)
#: its one record is read whole, and some of it by the scheduler once a minute
SETTING = Table(
    name="MS_Graph_Setting__c",
    fields={
        "Key__c": (_TEXT, _READ),
        "Active__c": (_CHECKBOX, _READ),
        "Frequency__c": (_PICKLIST, _READ),
        "Time_of_Day__c": (FieldType.TIME, _READ),
        "Day_of_Week__c": (_PICKLIST, _READ),
        "Keep_Unmatched__c": (_CHECKBOX, _READ),
        "Unmatched_Retention_Days__c": (_NUMBER, _READ),
        "Sync_Bcc__c": (_CHECKBOX, _READ),
        "Backfill_Months__c": (_NUMBER, _READ),
        "Licensed_Users__c": (_NUMBER, _READ),
        "Sync_Now_Requested__c": (_CHECKBOX, _CHANGED | _READ),
        "Opt_Out_Categories__c": (_TEXT, _READ),
        "Attachment_Max_MB__c": (_NUMBER, _READ),
        "Inline_Images__c": (_CHECKBOX, _READ),
        "Remote_Images__c": (_CHECKBOX, _READ),
        "Create_Tasks__c": (_CHECKBOX, _READ),
        "Ask_Owner__c": (_CHECKBOX, _READ),
        "Match_Ties__c": (_PICKLIST, _READ),
        "Last_Run_At__c": (_DATETIME, _CHANGED | _READ),
        "Matched_Through__c": (_DATETIME, _CHANGED | _READ),
    },
)
#: what a page in Salesforce asks of the connector
REQUEST = Table(
    name="MS_Graph_Request__c",
    fields={
        "Type__c": (_PICKLIST, _READ),
        "Term__c": (_TEXT, _READ),
        "Turn__c": (_NUMBER, _READ),
        "Answered_Turn__c": (_NUMBER, _CHANGED | _READ),
        "Status__c": (_PICKLIST, _CHANGED | _READ),
        "Answer__c": (_LONG_TEXT, _CHANGED | _READ),
        "Touched_At__c": (_DATETIME, _CHANGED | _READ),
    },
)
TABLES = (MAIL, PARTICIPANT, TASK, FILE, EVENT, ERROR, MAILBOX, EXCLUSION, SETTING, REQUEST)
