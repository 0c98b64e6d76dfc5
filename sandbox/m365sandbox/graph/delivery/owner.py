"""What the owner of a mailbox does in Outlook after a message has arrived: reads, moves, deletes, renames folders.

The histories of tests are made of it. Graph's own requests for these changes are not emulated (urls.py).
"""

from datetime import datetime
from typing import Any

from m365sandbox.graph.data import changes
from m365sandbox.graph.data.store import Store
from m365sandbox.graph.delivery.delivery import folder_at
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.models import Folder, Mailbox


class Owner:
    """One mailbox in its owner's hands. Messages are named by either kind of id, folders by path or well-known name.

    Each method raises ValueError for a message that is not there.
    """

    def __init__(self, store: Store, mailbox: Mailbox, now: datetime) -> None:
        self._store = store
        self._mailbox = mailbox
        self._now = now

    def read(self, message_id: str) -> None:
        """Mark a message as read."""
        with self._store.transaction():
            number = self._number(message_id)
            self._store.execute("UPDATE messages SET is_read=1 WHERE number=?", (number,))
            changes.touch(self._store, self._mailbox, number, self._now.strftime("%Y-%m-%dT%H:%M:%S"))

    def move(self, message_id: str, path: str) -> dict[str, Any]:
        """Put a message into another folder, made when absent; gives its ids, of which the immutable one stays."""
        with self._store.transaction():
            number = self._number(message_id)
            changes.move(self._store, self._mailbox, number, self.folder(path))
        (row,) = self._store.rows(
            "SELECT immutable_id, rest_id, internet_message_id FROM messages WHERE number=?", (number,)
        )
        return dict(zip(("id", "restId", "internetMessageId"), row, strict=True))

    def delete(self, message_id: str) -> None:
        """Move a message to Deleted Items, which change tracking calls deleted."""
        with self._store.transaction():
            bin_folder = self._store.well_known(self._mailbox, "deleteditems")
            changes.move(self._store, self._mailbox, self._number(message_id), bin_folder, changes.DELETED)

    def purge(self, message_id: str) -> None:
        """Delete a message for good."""
        with self._store.transaction():
            changes.remove(self._store, self._number(message_id))

    def folder(self, path: str) -> Folder:
        """The folder at a path, made when absent."""
        with self._store.transaction():
            return folder_at(self._store, self._mailbox, path)

    def rename_folder(self, path: str, name: str) -> None:
        """Give a folder another name."""
        with self._store.transaction():
            folder = self.folder(path)
            self._store.execute("UPDATE folders SET display_name=? WHERE number=?", (name, folder.number))
            changes.touch_folder(self._store, folder)

    def delete_folder(self, path: str) -> None:
        """Delete an empty folder that has none below it."""
        with self._store.transaction():
            changes.remove_folder(self._store, self.folder(path))

    def _number(self, message_id: str) -> int:
        try:
            return self._store.message_number(self._mailbox, message_id)
        except GraphError as exc:
            raise ValueError(f"no message {message_id}") from exc
