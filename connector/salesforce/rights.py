"""What the connector's own user must be allowed to do, checked before a run reads any mail.

Salesforce hides what a user may not see without a word: rows are missing from a query, fields from a describe. So what
is missing here stops the run by name, and is never taken for "there is none". A right to write that is missing would
otherwise fail one mail after the other, though the mails are not at fault.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from connector.errors import SetupError
from connector.model.schema import ERROR, EVENT, FILE, MAIL, MAILBOX, PARTICIPANT, TASK, Use
from connector.salesforce.errors import ASSIGN, AUDIT, DEPLOY, listed
from connector.salesforce.parse import is_in_force
from connector.salesforce.wire import Names

#: Fields that a run writes into new rows, by object.
CREATED: Mapping[str, tuple[str, ...]] = {
    table.name: table.names(Use.CREATED) for table in (MAIL, PARTICIPANT, TASK, FILE, EVENT, ERROR)
}
#: Fields that a run changes in rows that people made, or that it writes into rows of its own later only.
CHANGED: Mapping[str, tuple[str, ...]] = {
    MAILBOX.name: MAILBOX.names(Use.CHANGED),
    MAIL.name: tuple(name for name in MAIL.names(Use.CHANGED) if name not in CREATED[MAIL.name]),
}
#: Objects whose new rows a later run completes.
_COMPLETED = (MAIL.name, PARTICIPANT.name, EVENT.name, ERROR.name)
#: Objects whose rows are made with the date and the user of the mail.
_DATED = (MAIL.name, PARTICIPANT.name, TASK.name)
_AUDIT_FIELDS = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")
#: So many fields are named one by one; of more, the objects are.
_MOST = 6

#: Columns of a permission set or profile that say whether a user sees everything.
SIGHT = ("PermissionsViewAllData", "PermissionsModifyAllData", "PermissionsViewSetup")

Describes = Mapping[str, Mapping[str, Any]]


def objects() -> tuple[str, ...]:
    """The objects whose describe `require_writing` needs."""
    return tuple(dict.fromkeys((*CREATED, *CHANGED)))


def require_writing(describes: Describes, names: Names, *, where: str) -> None:
    """Raise SetupError where a row or a field cannot be written. `describes`: by our own names, for this very user."""
    barred = [name for name in CREATED if not describes[name].get("createable")]
    barred += [
        name
        for name in dict.fromkeys((*_COMPLETED, *CHANGED))
        if not describes[name].get("updateable") and name not in barred
    ]
    if barred:
        raise SetupError(
            f"The integration user may not write {listed(map(names.wire, barred))}",
            where=where,
            remedy=ASSIGN,
            code="INSUFFICIENT_ACCESS",
        )
    hidden = [
        f"{names.wire(name)}.{names.wire(field)}"
        for needed, verb in ((CREATED, "createable"), (CHANGED, "updateable"))
        for name, fields in needed.items()
        for field in _lacking(describes[name], fields, verb, names)
    ]
    if hidden:
        one, many = len(hidden) == 1, len(hidden) > _MOST
        which = (
            f"{len(hidden)} fields of {listed(name.partition('.')[0] for name in hidden)}" if many else listed(hidden)
        )
        noun = "" if many else "the field " if one else "the fields "
        raise SetupError(
            f"The integration user may not write {noun}{which}, or {'it is' if one else 'they are'} not deployed",
            where=where,
            remedy=DEPLOY,
            code="INVALID_FIELD",
        )
    undated = [name for name in _DATED if _lacking(describes[name], _AUDIT_FIELDS, "createable", names)]
    if undated:
        raise SetupError(
            f"The integration user may not set the creation date and user of new rows of "
            f"{listed(map(names.wire, undated))} to those of the mail",
            where=where,
            remedy=AUDIT,
            code="INVALID_FIELD_FOR_INSERT_UPDATE",
        )


def require_sight(grants: Iterable[Mapping[str, Any]], *, where: str) -> None:
    """Raise SetupError unless the columns `SIGHT` of one of these permission sets or profiles open everything."""
    rows = list(grants)
    if not any(row.get("PermissionsViewAllData") or row.get("PermissionsModifyAllData") for row in rows):
        raise SetupError(
            "The integration user does not see all records (View All Data), "
            "so that exclusions, clients or stored mail could be overlooked",
            where=where,
            remedy=ASSIGN,
            code="INSUFFICIENT_ACCESS",
        )
    if not any(row.get("PermissionsViewSetup") for row in rows):
        raise SetupError(
            "The integration user does not see who holds which permission set (View Setup and Configuration), "
            "so that every mailbox would look not linked",
            where=where,
            remedy=ASSIGN,
            code="INSUFFICIENT_ACCESS",
        )


def sees_everything(grants: Iterable[Mapping[str, Any]]) -> bool:
    """Whether `require_sight` is content."""
    try:
        require_sight(grants, where="")
    except SetupError:
        return False
    return True


def grants_of(assignments: Iterable[Mapping[str, Any]], now: datetime) -> list[Mapping[str, Any]]:
    """The permission sets of a user's own assignments that are in force."""
    return [row["PermissionSet"] for row in assignments if row.get("PermissionSet") and is_in_force(row, now)]


def _lacking(describe: Mapping[str, Any], fields: Iterable[str], verb: str, names: Names) -> list[str]:
    shown = {str(field["name"]): field for field in describe["fields"]}
    return [name for name in fields if not shown.get(names.wire(name), {}).get(verb)]
