"""Putting messages into folders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from m365sandbox.graph.data import files
from m365sandbox.graph.data.store import Store
from m365sandbox.graph.delivery.incoming import INSERT_ATTACHMENT, INSERT_CONTENT, INSERT_MESSAGE, Delivery, rows_of
from m365sandbox.graph.delivery.members import check_message
from m365sandbox.graph.models import ADDRESSABLE, Folder, Mailbox

# Only there does Exchange keep Bcc, and is the owner the sender.
SENT_FOLDERS = ("sentitems", "drafts")
# Folders without a well-known name that a test may still want to fill.
_NAMED_BY_KEY = {*ADDRESSABLE, "teamsmessagesdata", "teamchat"}


class NewMessage(NamedTuple):
    """A message and where it goes. `mime` is the mail it was made from, if any."""

    upn: str
    message: Mapping[str, Any]
    received: datetime | None = None
    folder: str = "inbox"
    mime: bytes | None = None


def deliver(store: Store, mailbox: Mailbox, new: NewMessage, now: datetime) -> dict[str, Any]:
    """Write one message; gives its ids. Raises ValueError for members that no message has."""
    check_message(new.message)
    return deliver_into(store, mailbox, folder_at(store, mailbox, new.folder), new, now)


def deliver_into(store: Store, mailbox: Mailbox, folder: Folder, new: NewMessage, now: datetime) -> dict[str, Any]:
    """Write one message that has been checked into this folder; gives its ids."""
    delivery = Delivery(
        mailbox=mailbox,
        folder=folder,
        is_sent=new.message.get("isDraft") is True or _is_sent(store, mailbox, folder),
        message=new.message,
        received=new.received,
        mime=new.mime,
    )
    rows = rows_of(store, delivery, now)
    store.execute(INSERT_MESSAGE, rows.message)
    store.execute(INSERT_CONTENT, rows.content)
    for attachment, content in zip(rows.attachments, rows.files, strict=True):
        number = store.execute(INSERT_ATTACHMENT, attachment).lastrowid
        files.save(store, int(number or 0), content)
    return rows.ids


def folder_at(store: Store, mailbox: Mailbox, path: str) -> Folder:
    """The folder at a path below msgfolderroot, made when absent; its first part may be a well-known name."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        raise ValueError("folder must not be empty")
    if parts[0].lower() in _NAMED_BY_KEY:
        current = store.well_known(mailbox, parts.pop(0).lower())
    else:
        current = store.well_known(mailbox, "msgfolderroot")
    for part in parts:
        current = _child(store, mailbox, current, part)
    return current


def _child(store: Store, mailbox: Mailbox, parent: Folder, name: str) -> Folder:
    for folder in store.folders(mailbox):
        if folder.parent == parent.number and folder.display_name.lower() == name.lower():
            return folder
    return store.add_folder(mailbox, name, parent.number, listed=parent.listed, is_hidden=False)


def _is_sent(store: Store, mailbox: Mailbox, folder: Folder) -> bool:
    """Whether a folder is Sent Items, Drafts, or below one of them."""
    by_number = {item.number: item for item in store.folders(mailbox)}
    current: Folder | None = folder
    while current is not None:
        if current.well_known in SENT_FOLDERS:
            return True
        current = by_number[current.parent] if current.parent else None
    return False
