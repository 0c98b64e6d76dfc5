"""Tasks, events and mail as the platform's own activity objects."""

from m365sandbox.salesforce.data.schema import Field, Junction, SObject
from m365sandbox.salesforce.standard.fields import (
    area,
    audit_fields,
    check,
    create_only,
    define,
    derived,
    lookup,
    make,
    number,
    owner,
    pick,
    setup,
    text,
)

_SUBJECTS = "Call;Email;Send Letter;Send Quote;Other"


def task(what: tuple[str, ...], *, shared_activities: bool) -> SObject:
    """Tasks. `what` are the objects that WhatId may point at."""
    shared = [_who_ids(), derived(number("WhoCount")), derived(number("WhatCount"))] if shared_activities else []
    fields = [
        *_who_and_what(what, "Tasks", cascade=not shared_activities),
        setup(pick("Subject", _SUBJECTS, kind="combobox", name_field=True)),
        make("date", "ActivityDate", label="Due Date Only"),
        pick("Status", "Not Started*;In Progress;Completed;Waiting on someone else;Deferred", required=True),
        pick("Priority", "High;Normal*;Low", required=True),
        derived(check("IsHighPriority")),
        owner("Group", "User"),
        area("Description"),
        derived(lookup("AccountId", "Account")),
        derived(check("IsClosed")),
        derived(check("IsArchived")),
        number("CallDurationInSeconds"),
        pick("CallType", "Internal;Inbound;Outbound", length=40),
        text("CallDisposition"),
        text("CallObject"),
        make("datetime", "ReminderDateTime"),
        check("IsReminderSet"),
        create_only(check("IsRecurrence")),
        setup(
            create_only(pick("TaskSubtype", "Task*;Email;ListEmail;Cadence;Call;LinkedIn", length=40, restricted=True))
        ),
        derived(make("datetime", "CompletedDateTime")),
        *shared,
        *audit_fields(),
    ]
    return define("Task", "00T", fields, security=True, sharing="Private", activities=True)


def _who_and_what(what: tuple[str, ...], child: str, *, cascade: bool) -> list[Field]:
    """The records that an activity is about: it goes into the recycle bin with one of them, and comes back with it
    (describes recorded on real orgs). With Shared Activities a Task has others, so it stays: what the platform does
    there is not known.
    """
    return [
        lookup("WhoId", "Contact", "Lead", child=child, label="Name ID", cascade_delete=cascade),
        lookup("WhatId", *what, child=child, label="Related To ID", any_parent=True, cascade_delete=cascade),
    ]


def _who_ids() -> Field:
    rows = Junction("TaskRelation", "TaskId", "RelationId", '"IsWhat" = 0')
    return _id_list("TaskWhoIds", rows, "Contact", "Lead")


def _id_list(name: str, rows: Junction, *targets: str) -> Field:
    """A JunctionIdList: rows of another object, written and read as a list of ids."""
    return lookup(
        name, *targets, relationship_name=None, virtual=True, junction=rows, filterable=False, sortable=False,
        groupable=False,
    )  # fmt: skip


def task_relation(what: tuple[str, ...]) -> SObject:
    """With Shared Activities: every record a task relates to. Rows are made and deleted, never changed."""
    fields = [
        create_only(lookup("RelationId", "Contact", "Lead", *what, child="TaskRelations", required=True)),
        create_only(lookup("TaskId", "Task", child="TaskRelations", required=True, cascade_delete=True)),
        create_only(check("IsWhat")),
        derived(lookup("AccountId", "Account")),
        *audit_fields(),
    ]
    return define("TaskRelation", "0RT", fields, sharing="ControlledByParent", updateable=False)


def task_status() -> SObject:
    """The values of Task.Status and which of them close a task."""
    fields = [
        text("MasterLabel", name_field=True),
        text("ApiName"),
        number("SortOrder"),
        check("IsDefault"),
        check("IsClosed"),
        *audit_fields(deleted=False),
    ]
    return define(
        "TaskStatus", "013", fields, plural="Task Status Value", label="Task Status Value", sharing="Read",
        createable=False, updateable=False, deletable=False, undeletable=False,
    )  # fmt: skip


def event(what: tuple[str, ...]) -> SObject:
    """Calendar entries."""
    fields = [
        *_who_and_what(what, "Events", cascade=True),
        setup(pick("Subject", _SUBJECTS, kind="combobox", name_field=True)),
        text("Location"),
        check("IsAllDayEvent"),
        make("datetime", "ActivityDateTime"),
        make("date", "ActivityDate"),
        number("DurationInMinutes"),
        make("datetime", "StartDateTime"),
        make("datetime", "EndDateTime"),
        area("Description"),
        derived(lookup("AccountId", "Account")),
        owner(),
        check("IsPrivate"),
        pick("ShowAs", "Busy*;OutOfOffice;Free", length=40),
        derived(check("IsArchived")),
        check("IsReminderSet"),
        make("datetime", "ReminderDateTime"),
        setup(create_only(pick("EventSubtype", "Event*", length=40))),
        *audit_fields(),
    ]
    return define("Event", "00U", fields, security=True, sharing="Private", activities=True)


def email_message(related: tuple[str, ...]) -> SObject:
    """The platform's own mail record (Enhanced Email)."""
    fields = [
        create_only(lookup("ActivityId", "Task", child="EmailMessages")),
        create_only(lookup("FromId", "Contact", "Lead", "User")),
        lookup("ReplyToEmailMessageId", "EmailMessage"),
        *(_people(kind) for kind in ("To", "Cc", "Bcc")),
        area("TextBody", 131_072),
        area("HtmlBody", 131_072, html=True),
        area("Headers"),
        text("Subject", 3000, name_field=True, sortable=True),
        text("FromName", 1000),
        make("email", "FromAddress", 1000),
        text("ToAddress", 4000, groupable=False),
        text("CcAddress", 4000, groupable=False),
        text("BccAddress", 4000, groupable=False),
        check("Incoming"),
        derived(check("HasAttachment")),
        pick("Status", "0;1;2;3;4;5", required=True, restricted=True),
        make("datetime", "MessageDate"),
        check("IsExternallyVisible"),
        text("MessageIdentifier", 765, id_lookup=True),
        text("ThreadIdentifier", 765, id_lookup=True),
        text("ClientThreadIdentifier", 765),
        check("IsClientManaged"),
        check("IsPrivateDraft"),
        check("IsTracked"),
        derived(check("IsOpened")),
        derived(check("IsBounced")),
        derived(make("datetime", "FirstOpenedDate")),
        derived(make("datetime", "LastOpenedDate")),
        lookup("RelatedToId", *related, child="EmailMessages", any_parent=True),
        *audit_fields(),
    ]
    return define("EmailMessage", "02s", fields, security=True, sharing="Private")


def _people(kind: str) -> Field:
    rows = Junction("EmailMessageRelation", "EmailMessageId", "RelationId", f"\"RelationType\" = '{kind}Address'")
    return _id_list(f"{kind}Ids", rows, "Contact", "Lead", "User")


def email_message_relation() -> SObject:
    """The people of an EmailMessage."""
    fields = [
        create_only(
            lookup("EmailMessageId", "EmailMessage", child="EmailMessageRelations", required=True, cascade_delete=True)
        ),
        lookup("RelationId", "Contact", "Lead", "User", child="EmailMessageRelations"),
        create_only(pick("RelationType", "ToAddress;CcAddress;BccAddress;FromAddress;OtherAddress", required=True)),
        create_only(text("RelationAddress", 1000)),
        derived(pick("RelationObjectType", "Contact;Lead;User")),
        *audit_fields(),
    ]
    return define("EmailMessageRelation", "0Rd", fields, sharing="ControlledByParent")
