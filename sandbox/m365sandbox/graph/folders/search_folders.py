"""Search folders: they hold nothing themselves and show what a filter finds in other folders.

Exchange shows them among the other folders (mailSearchFolder resource), so that whoever reads folder by folder meets
their messages twice.
"""

import json
from collections.abc import Mapping
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.data.store import Store
from m365sandbox.graph.messages.fields import FIELDS
from m365sandbox.graph.models import Folder, Mailbox
from m365sandbox.graph.odata.fields import Condition
from m365sandbox.graph.odata.filters import plan_filter

TYPE = "#microsoft.graph.mailSearchFolder"
MEMBERS = ("isSupported", "includeNestedFolders", "sourceFolderIds", "filterQuery")
_CHANGEABLE = MEMBERS[1:]


def definition_of(store: Store, folder: Folder) -> dict[str, Any] | None:
    """What a search folder searches; None for an ordinary folder."""
    rows = store.rows("SELECT definition FROM search_folders WHERE folder=?", (folder.number,))
    return None if not rows else dict(json.loads(rows[0][0]))


def definitions(store: Store, mailbox: Mailbox) -> dict[int, dict[str, Any]]:
    """Those of all search folders of a mailbox, by the folder's number."""
    rows = store.rows("SELECT folder, definition FROM search_folders WHERE mailbox=?", (mailbox.number,))
    return {folder: json.loads(text) for folder, text in rows}


def save_definition(store: Store, mailbox: Mailbox, folder: Folder, given: Mapping[str, Any]) -> None:
    """Make a folder a search folder, or change what it searches. Raises GraphError for what cannot be searched."""
    known = definition_of(store, folder) or {"isSupported": True, "includeNestedFolders": False}
    wanted = known | {name: given[name] for name in _CHANGEABLE if name in given}
    sources, text = wanted.get("sourceFolderIds"), wanted.get("filterQuery")
    if not isinstance(sources, list) or not sources or not all(isinstance(item, str) for item in sources):
        raise errors.unreadable_body()
    if not isinstance(text, str) or not isinstance(wanted["includeNestedFolders"], bool):
        raise errors.unreadable_body()
    for source in sources:
        store.folder(mailbox, source)
    plan_filter(text, FIELDS)
    store.execute(
        "INSERT OR REPLACE INTO search_folders (folder,mailbox,definition) VALUES (?,?,?)",
        (folder.number, mailbox.number, json.dumps({name: wanted[name] for name in MEMBERS})),
    )


def content_of(store: Store, mailbox: Mailbox, folder: Folder) -> Condition:
    """The condition on messages that are in a folder, or found by it."""
    definition = definition_of(store, folder)
    if definition is None:
        return Condition("m.mailbox=? AND m.folder=?", [mailbox.number, folder.number])
    numbers = _sources(store, mailbox, definition)
    condition = plan_filter(definition["filterQuery"], FIELDS)
    within = f"m.mailbox=? AND m.folder IN ({','.join('?' * len(numbers))})"
    return Condition(f"{within} AND {condition.sql}", [mailbox.number, *numbers, *condition.values])


def _sources(store: Store, mailbox: Mailbox, definition: Mapping[str, Any]) -> list[int]:
    """The numbers of the folders that are searched; one that is gone is searched no more."""
    wanted = {item.lower() for item in definition["sourceFolderIds"]} | set(definition["sourceFolderIds"])
    inside: list[int] = []
    for item in store.folders(mailbox):
        below = definition["includeNestedFolders"] and item.parent in inside
        if item.id in wanted or item.well_known in wanted or below:
            inside.append(item.number)
    return inside
