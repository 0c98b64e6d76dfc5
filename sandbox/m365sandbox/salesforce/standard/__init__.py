"""The standard objects that clients meet, as data: those of an Enterprise org, with the fields that clients use.

Source: Salesforce Object Reference, version 64. `standard_objects` is the only thing others call.
"""

from collections.abc import Sequence

from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.standard import activities, files, licences, people, permissions, setup
from m365sandbox.salesforce.standard.permissions import OBJECT_PERMISSIONS, USER_PERMISSIONS
from m365sandbox.salesforce.standard.setup import DEFAULT_ACCESS

__all__ = ["DEFAULT_ACCESS", "OBJECT_PERMISSIONS", "USER_PERMISSIONS", "standard_objects"]
#: Standard objects whose rights permission sets name.
_PERMITTED = ("Account", "Contact", "Lead", "Task", "Event", "ContentVersion", "EmailMessage")


def standard_objects(
    custom: Sequence[str] = (), with_activities: Sequence[str] = (), *, shared_activities: bool = False
) -> list[SObject]:
    """The standard objects. `custom` names the custom objects (files may be linked to them), `with_activities` those
    a Task may be about. Person Accounts come in later (`people.with_person_accounts`): they mirror custom fields too.
    """
    what = ("Account", *with_activities)
    places = ("Account", "Contact", "Lead", "Task", "Event", "EmailMessage", "User", "Group", "Organization", *custom)
    permitted = (*_PERMITTED, *custom)
    return [
        setup.organization(),
        setup.user(),
        licences.user_login(),
        licences.user_license(),
        licences.permission_set_license(),
        licences.permission_set_license_assign(),
        setup.user_role(),
        setup.group(),
        permissions.profile(),
        permissions.permission_set(),
        permissions.permission_set_assignment(),
        permissions.permission_set_group(),
        permissions.permission_set_group_component(),
        permissions.object_permissions(permitted),
        permissions.field_permissions(permitted),
        setup.record_type(),
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
