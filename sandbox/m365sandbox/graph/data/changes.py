"""What happens to messages and folders after they were made: each change takes the next counter, so that change
tracking can tell what is new since any moment.

A message that leaves its folder leaves a removal behind; what is in a folder is told by the message's own row.
"""

from m365sandbox.graph.data.ids import attachment_id_in
from m365sandbox.graph.data.store import Store
from m365sandbox.graph.models import Folder, Mailbox

#: What change tracking calls a message that is no more, and one that is elsewhere now (OData: "changed" is what left
#: the collection without being deleted).
DELETED, MOVED = "deleted", "changed"
_REMOVAL = (
    "INSERT INTO removals (counter,mailbox,folder,message,entered,received,rest_id,immutable_id,reason) "
    "SELECT ?,mailbox,folder,number,COALESCE(entered,number),received,rest_id,immutable_id,? FROM messages "
    "WHERE number=?"
)


def touch(store: Store, mailbox: Mailbox, number: int, modified: str) -> None:
    """A message has changed: another changeKey, another time of modification."""
    counter = store.counter()
    store.execute(
        "UPDATE messages SET changed=?, change_key=?, modified=? WHERE number=?",
        (counter, store.mint(mailbox).change_key(counter), modified, number),
    )


def move(store: Store, mailbox: Mailbox, number: int, folder: Folder, reason: str = MOVED) -> None:
    """A message goes into another folder: its ordinary id changes, with those of its attachments; the immutable one
    stays."""
    store.execute(_REMOVAL, (store.counter(), reason, number))
    counter = store.counter()
    mint = store.mint(mailbox)
    rest_id = mint.message(folder.counter, counter)
    store.execute(
        "UPDATE messages SET folder=?, listed=?, rest_id=?, change_key=?, entered=?, changed=? WHERE number=?",
        (folder.number, folder.listed, rest_id, mint.change_key(counter), counter, counter, number),
    )
    for attachment, old in store.rows("SELECT number, rest_id FROM attachments WHERE message=?", (number,)):
        store.execute("UPDATE attachments SET rest_id=? WHERE number=?", (attachment_id_in(rest_id, old), attachment))


def remove(store: Store, number: int) -> None:
    """A message is gone for good, with all that belongs to it."""
    store.execute(_REMOVAL, (store.counter(), DELETED, number))
    store.execute("DELETE FROM files WHERE attachment IN (SELECT number FROM attachments WHERE message=?)", (number,))
    store.execute("DELETE FROM attachments WHERE message=?", (number,))
    store.execute("DELETE FROM contents WHERE message=?", (number,))
    store.execute("DELETE FROM messages WHERE number=?", (number,))


def touch_folder(store: Store, folder: Folder) -> None:
    """A folder has another name or another parent."""
    store.execute("UPDATE folders SET changed=? WHERE number=?", (store.counter(), folder.number))
    store.forget()


def remove_folder(store: Store, folder: Folder) -> None:
    """A folder is gone; what it held must be elsewhere by now."""
    store.execute(
        "INSERT INTO folder_removals (counter,mailbox,id,entered) VALUES (?,?,?,?)",
        (store.counter(), folder.mailbox, folder.id, folder.counter),
    )
    store.execute("DELETE FROM folders WHERE number=?", (folder.number,))
    store.forget()
