"""Labels of standard fields that do not follow from their names, as describe gives them in English."""

from collections.abc import Mapping

_TIMES = {"SystemModstamp": "System Modstamp", "IsDeleted": "Deleted"}
_ACTIVITY = {
    "WhoId": "Name ID",
    "WhatId": "Related To ID",
    "OwnerId": "Assigned To ID",
    "IsArchived": "Archived",
    "IsReminderSet": "Reminder Set",
    "ReminderDateTime": "Reminder Date/Time",
    "WhoCount": "Relation Count",
    "WhatCount": "Related To Count",
}
_PERSON = {
    "HasOptedOutOfEmail": "Email Opt Out",
    "HasOptedOutOfFax": "Fax Opt Out",
    "MobilePhone": "Mobile Phone",
}

LABELS: Mapping[str, Mapping[str, str]] = {
    "Account": {
        **_TIMES,
        "Type": "Account Type",
        "ParentId": "Parent Account ID",
        "Phone": "Account Phone",
        "Fax": "Account Fax",
        "Sic": "SIC Code",
        "SicDesc": "SIC Description",
        "NumberOfEmployees": "Employees",
        "Description": "Account Description",
        "Rating": "Account Rating",
        "Site": "Account Site",
    },
    "Contact": {
        **_TIMES,
        **_PERSON,
        "Phone": "Business Phone",
        "Fax": "Business Fax",
        "AssistantPhone": "Asst. Phone",
        "AssistantName": "Assistant's Name",
        "Description": "Contact Description",
    },
    "ContentVersion": {**_TIMES, "TagCsv": "Tags", "ContentSize": "Size"},
    "EmailMessage": {
        **_TIMES,
        "HtmlBody": "HTML Body",
        "BccAddress": "BCC Address",
        "CcAddress": "CC Address",
        "Incoming": "Is Incoming",
        "MessageIdentifier": "Message ID",
        "ThreadIdentifier": "Thread ID",
    },
    "Event": {**_TIMES, **_ACTIVITY, "ActivityDate": "Due Date Only", "ActivityDateTime": "Due Date Time"},
    "Lead": {
        **_TIMES,
        **_PERSON,
        "NumberOfEmployees": "Employees",
        "IsConverted": "Converted",
        "IsUnreadByOwner": "Unread By Owner",
    },
    "Task": {
        **_TIMES,
        **_ACTIVITY,
        "IsHighPriority": "High Priority",
        "IsClosed": "Closed",
        "CallDurationInSeconds": "Call Duration",
        "CallDisposition": "Call Result",
        "CallObject": "Call Object Identifier",
        "IsRecurrence": "Create Recurring Series of Tasks",
        "CompletedDateTime": "Completed Date",
    },
    "User": {
        "IsActive": "Active",
        "TimeZoneSidKey": "Time Zone",
        "LocaleSidKey": "Locale",
        "LanguageLocaleKey": "Language",
        "EmailEncodingKey": "Email Encoding",
        "CommunityNickname": "Nickname",
        "FederationIdentifier": "SAML Federation ID",
        "LastLoginDate": "Last Login",
        "AboutMe": "About Me",
    },
}
