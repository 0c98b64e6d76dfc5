"""translateExchangeIds: from one form of an item's id to another.

`restId` and `ewsId` are the same bytes in two alphabets, `entryId` is the part of them that MAPI knows. The immutable
forms are other bytes, so that only a look-up leads from the ones to the others.
"""

import base64
import binascii
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call, collection
from m365sandbox.graph.data.ids import entry_of, id_of_entry
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.models import Mailbox, compact
from m365sandbox.graph.odata.bodies import parameters
from m365sandbox.graph.odata.options import read_options
from m365sandbox.wire import Response

MOST_IDS = 1000
FORMATS = ("entryId", "ewsId", "immutableEntryId", "restId", "restImmutableEntryId")
_IMMUTABLE = ("immutableEntryId", "restImmutableEntryId")
_CONTEXT = "Collection(microsoft.graph.convertIdResult)"


def translate(call: Call) -> Response:
    """POST /users/{id}/translateExchangeIds."""
    mailbox = call.mailbox()
    read_options(call.request, ())
    given = parameters(call.request, "translateExchangeIds", ("inputIds", "sourceIdType", "targetIdType"))
    ids, source, target = given.get("inputIds"), _format(given, "sourceIdType"), _format(given, "targetIdType")
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise errors.unreadable_body()
    if len(ids) > MOST_IDS:
        raise GraphError(
            400,
            "ErrorInvalidRequest",
            f"The collection 'inputIds' has more than {MOST_IDS} members, which is the limit.",
        )
    items = [compact(_result(call, mailbox, item, source, target)) for item in ids]
    return collection(call, _CONTEXT, items)


def _format(given: dict[str, Any], name: str) -> str:
    known = {item.lower(): item for item in FORMATS}
    found = known.get(str(given.get(name, "")).lower())
    if found is None:
        raise errors.unreadable_body()
    return found


def _result(call: Call, mailbox: Mailbox, given: str, source: str, target: str) -> dict[str, Any]:
    try:
        rest, immutable = _found(call, mailbox, _rest_form(mailbox, given, source))
    except GraphError as refusal:
        details = {"code": refusal.code, "message": refusal.message}
        return {"sourceId": given, "targetId": None, "errorDetails": details}
    return {"sourceId": given, "targetId": _target_form(rest, immutable, target)}


def _rest_form(mailbox: Mailbox, given: str, source: str) -> str:
    """An id of any form as it stands in addresses."""
    try:
        if source in ("restId", "restImmutableEntryId"):
            return given
        if source == "ewsId":
            return base64.urlsafe_b64encode(base64.b64decode(given, validate=True)).decode()
        padding = int(given[-1:])
        return id_of_entry(mailbox.id, base64.urlsafe_b64decode(given[:-1] + "=" * padding))
    except (binascii.Error, ValueError) as exc:
        raise errors.malformed_id() from exc


def _found(call: Call, mailbox: Mailbox, name: str) -> tuple[str, str]:
    """Both ids of a message; a folder has but one (Graph: containers have no immutable id)."""
    for folder in call.store.folders(mailbox):
        if folder.id == name:
            return name, name
    number = call.store.message_number(mailbox, name)
    ((rest, immutable),) = call.store.rows("SELECT rest_id, immutable_id FROM messages WHERE number=?", (number,))
    return rest, immutable


def _target_form(rest: str, immutable: str, target: str) -> str:
    chosen = immutable if target in _IMMUTABLE else rest
    if target in ("restId", "restImmutableEntryId"):
        return chosen
    if target == "ewsId":
        return base64.b64encode(base64.urlsafe_b64decode(rest)).decode()
    text = base64.urlsafe_b64encode(entry_of(chosen)).decode()
    bare = text.rstrip("=")
    return f"{bare}{len(text) - len(bare)}"
