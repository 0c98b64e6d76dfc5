"""The standard objects that clients meet, as data: those of an Enterprise org, with the fields that clients use.

Source: Salesforce Object Reference, version 64. `standard_objects` is the only thing others call.
"""

from collections.abc import Sequence

from connector.sandbox.salesforce.schema import SObject
from connector.sandbox.salesforce.standard import activities, files, people, setup
from connector.sandbox.salesforce.standard.setup import USER_PERMISSIONS

__all__ = ["USER_PERMISSIONS", "standard_objects"]


def standard_objects(
    custom: Sequence[str] = (), with_activities: Sequence[str] = (), *, shared_activities: bool = False
) -> list[SObject]:
    """The standard objects. `custom` names the custom objects (files may be linked to them), `with_activities` those
    a Task may be about. Person Accounts come in later (`people.with_person_accounts`): they mirror custom fields too.
    """
    what = ("Account", *with_activities)
    places = ("Account", "Contact", "Lead", "Task", "Event", "EmailMessage", "User", "Group", "Organization", *custom)
    return [
        setup.organization(),
        setup.user(),
        setup.group(),
        setup.profile(),
        setup.permission_set(),
        setup.permission_set_assignment(),
        setup.permission_set_group(),
        setup.permission_set_group_component(),
        people.account(),
        people.contact(),
        people.lead(),
        activities.task(what, shared_activities=shared_activities),
        *([activities.task_relation(what)] if shared_activities else []),
        activities.task_status(),
        activities.event(what),
        activities.email_message(what),
        activities.email_message_relation(),
        files.content_version(places),
        files.content_document(),
        files.content_document_link(places),
    ]
