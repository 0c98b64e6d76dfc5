"""The connector's rights, used for real: every kind of row is made, changed and deleted, and all of it is undone.

One Composite request with `allOrNone: true` whose last sub-request fails on purpose, so that the org rolls all of it
back (REST guide, "allOrNone Parameters in Composite and Collections Requests"): no row is left, and nothing lies in the
recycle bin. The org says of a sub-request that was undone, or not run, PROCESSING_HALTED; so only the one that failed
first is known by a pass, and the next pass goes without it and what builds on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.codes import ErrorStatus, EventKind, EventStatus
from connector.errors import ServiceError, SetupError, UnreachableError
from connector.http.subrequest import SubResponse
from connector.model.inspection import Tried
from connector.model.mail import Role
from connector.model.org import ExclusionType, Mailbox, Setup
from connector.model.records import MatchStatus
from connector.model.values import RecordId
from connector.salesforce.client import CompositeRequest, SalesforceClient
from connector.salesforce.errors import code_and_message, error_for
from connector.salesforce.wire import wire_fields

_HALTED = "PROCESSING_HALTED"
#: "check" in Base64
_FILE = "Y2hlY2s="
_TITLE = "m365sync check: undone at once"
#: A field that no object has: this sub-request is refused to every caller.
_REFUSED = {"ThereIsNoSuchField": True}

#: Writes the reference to a value of an earlier answer, by the label of its step and the name of the value.
Refer = Callable[[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to try. `links` are fields with the row of an earlier step, by its label; `needs` are all such labels.

    They stand apart because a value that looks like a reference is sent as text (wire.py).
    """

    label: str
    object: str
    what: str
    method: str = "POST"
    path: Callable[[Refer], str] | None = None
    fields: Mapping[str, Any] | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


def rehearse(
    client: SalesforceClient, setup: Setup, *, key: str, inactive: RecordId | None, setting: RecordId | None
) -> list[Tried]:
    """Try every right, and undo it. `key` (32 characters) is unique; `inactive`: a holder who left, if there is one.

    Raises ServiceError where the org cannot be asked.
    """
    left = steps(setup, key=key, inactive=inactive, setting=setting)
    refused: dict[str, Tried] = {}
    every = [(step.label, step) for step in left]
    while left:
        place, error = _pass(client, left)
        if error is None:
            break
        step = left[place]
        refused[step.label] = Tried(object=client.names.wire(step.object), what=step.what, error=error)
        out = _with_dependents(step.label, left)
        left = [other for other in left if other.label not in out]
    done = {step.label for step in left}
    return [
        refused.get(label) or Tried(object=client.names.wire(step.object), what=step.what)
        for label, step in every
        if label in refused or label in done
    ]


def _with_dependents(label: str, found: Sequence[Step]) -> set[str]:
    out = {label}
    for step in found:  # they stand behind what they need
        if out & set(step.needs):
            out.add(step.label)
    return out


def _pass(client: SalesforceClient, todo: Sequence[Step]) -> tuple[int, ServiceError | None]:
    """Send the steps. The place and error of the first that was refused; no error where only the last was, as meant."""
    places = {step.label: place for place, step in enumerate(todo)}

    def refer(label: str, value: str) -> str:
        return f"@{{r{places[label]}.{value}}}"

    requests = [_request(client, step, refer) for step in todo]
    requests.append(
        CompositeRequest(method="POST", url=client.names.wire("sobjects/Email__c"), asked="", body=_REFUSED, raw=True)
    )
    answers = client.composite(requests, all_or_none=True)
    for place, answer in enumerate(answers):
        if answer.status >= 300 and code_and_message(answer.body)[0] != _HALTED:
            if place == len(todo):
                return place, None
            return place, _refusal(client, todo[place], answer)
    if all(answer.status >= 300 for answer in answers):
        raise UnreachableError("Salesforce did not say what it refused", where=client.host, remedy="Try again.")
    raise SetupError(
        "Salesforce did not undo what a check wrote",
        where=client.host,
        remedy=f"Delete the Email named {_TITLE} and its event, and report it.",
    )


def _request(client: SalesforceClient, step: Step, refer: Refer) -> CompositeRequest:
    path = step.path(refer) if step.path is not None else f"sobjects/{step.object}"
    body = None
    if step.fields is not None:
        links = {name: refer(label, "id") for name, label in step.links.items()}
        body = client.names.to_wire({**wire_fields(step.fields), **links})
    return CompositeRequest(
        method=step.method,
        url=client.names.wire(path),
        asked=client.names.wire(f"the object {step.object}"),
        body=body,
        raw=True,
    )


def _refusal(client: SalesforceClient, step: Step, answer: SubResponse) -> ServiceError:
    asked = client.names.wire(f"the object {step.object}")
    return error_for(answer.status, answer.body, asked=asked, where=client.host)


def steps(setup: Setup, *, key: str, inactive: RecordId | None, setting: RecordId | None) -> list[Step]:
    """All that a run may write, in an order in which it can be."""
    return [
        *_made(setup, key),
        *([_of_inactive(setup, key, inactive)] if inactive is not None else []),
        *_changed(setup, key, setting),
        *_deleted(),
    ]


def _owner(setup: Setup) -> RecordId:
    """Who owns mail: a user who is linked and may be, else the connector's own."""
    holders = (box.user for box in setup.mailboxes if box.user_active and box.user in setup.sync_users)
    return next((user for user in holders if user is not None), setup.integration_user)


def _dated(setup: Setup, user: RecordId) -> dict[str, Any]:
    """The audit fields of a row, a day ago."""
    day_ago = datetime.fromtimestamp(setup.now.timestamp() - 86_400, tz=setup.now.tzinfo)
    return {
        "CreatedDate": day_ago,
        "CreatedById": user,
        "LastModifiedDate": day_ago,
        "LastModifiedById": user,
    }


def _email(setup: Setup, key: str, user: RecordId) -> dict[str, Any]:
    return {
        "Name": _TITLE,
        "Subject__c": _TITLE,
        "Message_Key__c": key,
        "Match_Status__c": MatchStatus.UNMATCHED,
        "OwnerId": user,
        **_dated(setup, user),
    }


def _made(setup: Setup, key: str) -> list[Step]:
    owner = _owner(setup)
    dated = _dated(setup, owner)

    participant = {
        "Participant_Key__c": f"{key}:check",
        "Address__c": "check@example.com",
        "Role__c": Role.FROM,
        **dated,
    }
    task = {"Subject": _TITLE, "TaskSubtype": "Email", "Status": setup.org.closed_status, "OwnerId": owner, **dated}
    file = {"Title": _TITLE, "PathOnClient": "check.txt", "VersionData": _FILE, "OwnerId": owner, **dated}
    removed = {"Type__c": ExclusionType.EXTERNAL_ADDRESS, "Pattern__c": "check@example.com", "Active__c": False}
    event = {"Run_Key__c": key, "Kind__c": EventKind.MANUAL, "Status__c": EventStatus.RUNNING}
    create, with_date = "rows are made", "rows are made with the date and user of the mail"

    def on_email(label: str, object_name: str, what: str, fields: Mapping[str, Any], link: str = "Email__c") -> Step:
        return Step(label=label, object=object_name, what=what, fields=fields, links={link: "email"}, needs=("email",))

    version = {**file, "Attachment_Key__c": f"{key}:check"}
    return [
        Step(label="event", object="MS_Graph_Sync_Event__c", what=create, fields=event),
        Step(label="email", object="Email__c", what=with_date, fields=_email(setup, key, owner)),
        on_email("participant", "Email_Participant__c", with_date, participant),
        on_email("task", "Task", with_date, {**task, "Task_Key__c": f"{key}:check"}),
        on_email("file", "ContentVersion", "files are made on mail", version, link="FirstPublishLocationId"),
        on_email(
            "error", "MS_Graph_Sync_Error__c", create, {"Error_Key__c": f"{key}:check", "Status__c": ErrorStatus.FAILED}
        ),
        Step(
            label="exclusion",
            object="MS_Graph_Exclusion__c",
            what="deleted rules are copied",
            fields={**removed, "Tombstone_Of__c": key[:18]},
        ),
    ]


def _of_inactive(setup: Setup, key: str, user: RecordId) -> Step:
    return Step(
        label="inactive",
        object="Email__c",
        what="mail of users who left keeps its owner",
        fields=_email(setup, key[::-1], user),
    )


def _changed(setup: Setup, key: str, setting: RecordId | None) -> list[Step]:
    def patch(label: str, object_name: str, fields: Mapping[str, Any]) -> Step:
        return Step(
            label=f"change {label}",
            object=object_name,
            what="rows are changed",
            method="PATCH",
            path=lambda refer: f"sobjects/{object_name}/{refer(label, 'id')}",
            fields=fields,
            needs=(label,),
        )

    def touch(object_name: str, row: RecordId, fields: Mapping[str, Any]) -> Step:
        return Step(
            label=f"change {object_name}",
            object=object_name,
            what="rows are changed",
            method="PATCH",
            path=lambda _: f"sobjects/{object_name}/{row}",
            fields=fields,
        )

    found = [
        patch("event", "MS_Graph_Sync_Event__c", {"Status__c": EventStatus.INTERRUPTED}),
        patch("email", "Email__c", {"Match_Status__c": MatchStatus.MATCHED}),
        patch("participant", "Email_Participant__c", {"Display_Name__c": key}),
        patch("task", "Task", {"Description": key}),
        patch("error", "MS_Graph_Sync_Error__c", {"Status__c": ErrorStatus.RESOLVED}),
    ]
    box: Mailbox | None = next(iter(setup.mailboxes), None)
    if box is not None:
        found.append(touch("MS_Graph_User__c", box.id, {"Status_Detail__c": key}))
    if setting is not None:
        found.append(touch("MS_Graph_Setting__c", setting, {"Last_Run_At__c": setup.now}))
    return found


def _deleted() -> list[Step]:
    def delete(label: str, object_name: str, value: str = "id") -> Step:
        return Step(
            label=f"delete {label}",
            object=object_name,
            what="rows are deleted",
            method="DELETE",
            path=lambda refer: f"sobjects/{object_name}/{refer(label, value)}",
            needs=(label,),
        )

    version = Step(
        label="version",
        object="ContentVersion",
        what="files are read",
        method="GET",
        path=lambda refer: f"sobjects/ContentVersion/{refer('file', 'id')}?fields=ContentDocumentId",
        needs=("file",),
    )
    return [
        version,
        delete("version", "ContentDocument", "ContentDocumentId"),
        delete("participant", "Email_Participant__c"),
        delete("task", "Task"),
        delete("email", "Email__c"),
    ]
