"""What is done to folders: made, renamed, moved, copied and deleted. Each needs Mail.ReadWrite."""

from collections.abc import Mapping
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call, entity
from m365sandbox.graph.data import changes
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.folders.tree import MEMBERS, Tree
from m365sandbox.graph.messages.writing import copy_of
from m365sandbox.graph.models import Folder, Mailbox
from m365sandbox.graph.odata.bodies import is_type, needed_body, parameters, text_parameter
from m365sandbox.graph.odata.options import read_options
from m365sandbox.wire import Response

#: What a folder takes once it is there (Update mailFolder).
_CHANGEABLE = ("displayName",)


def create_top(call: Call) -> Response:
    """POST /users/{id}/mailFolders."""
    mailbox = call.mailbox()
    return _created(call, mailbox, call.store.well_known(mailbox, "msgfolderroot"), "mailFolders")


def create_child(call: Call) -> Response:
    """POST …/mailFolders/{id}/childFolders."""
    mailbox = call.mailbox()
    path = f"mailFolders('{call.key(-1)}')/childFolders"
    return _created(call, mailbox, call.folder(mailbox), path)


def _created(call: Call, mailbox: Mailbox, parent: Folder, path: str) -> Response:
    read_options(call.request, ())
    given = _members(needed_body(call.request))
    name = given.get("displayName")
    if not name:
        raise GraphError(
            400, "ErrorInvalidArgument", "The property 'displayName' is required when creating the entity."
        )
    _check_free(call, mailbox, parent, name)
    hidden = given.get("isHidden") is True
    folder = call.store.add_folder(mailbox, name, parent.number, is_hidden=hidden, listed=parent.listed)
    return _shown(call, mailbox, folder, 201, path)


def _members(given: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a folder that a client sends, checked."""
    stated = given.get("@odata.type", "#microsoft.graph.mailFolder")
    if is_type(stated, "mailSearchFolder"):
        raise errors.not_emulated("a mailSearchFolder")
    if not is_type(stated, "mailFolder"):
        raise errors.unreadable_body()
    members = {name: value for name, value in given.items() if not name.startswith("@")}
    for name, value in members.items():
        if name not in MEMBERS:
            raise errors.unknown_in_body(name, "mailFolder")
        if (name == "displayName" and not isinstance(value, str)) or (
            name == "isHidden" and not isinstance(value, bool)
        ):
            raise errors.unreadable_body()
    return members


def _check_free(call: Call, mailbox: Mailbox, parent: Folder, name: str, own: Folder | None = None) -> None:
    for folder in call.store.folders(mailbox):
        if folder.parent == parent.number and folder.display_name.lower() == name.lower() and folder != own:
            raise GraphError(
                409,
                "ErrorFolderExists",
                f"A folder with the specified name already exists., Could not create folder '{name}'.",
            )


def _shown(call: Call, mailbox: Mailbox, folder: Folder, status: int = 200, path: str = "mailFolders") -> Response:
    context = f"users('{call.key(0)}')/{path}/$entity"
    found = call.store.folder(mailbox, folder.id)
    return entity(call, context, Tree(call.store, mailbox).text(found, None), status)


def update(call: Call) -> Response:
    """PATCH …/mailFolders/{id}: its name."""
    mailbox = call.mailbox()
    read_options(call.request, ())
    folder = call.folder(mailbox)
    members = _members(needed_body(call.request))
    for member in members:
        if member not in _CHANGEABLE:
            raise errors.not_settable(member)
    name = members.get("displayName")
    if name:
        _check_own(folder, "ErrorRenameDistinguishedFolder", "Distinguished folders cannot be renamed.")
        parent = next(item for item in call.store.folders(mailbox) if item.number == folder.parent)
        _check_free(call, mailbox, parent, name, folder)
        call.store.execute("UPDATE folders SET display_name=? WHERE number=?", (name, folder.number))
    changes.touch_folder(call.store, folder)
    return _shown(call, mailbox, folder)


def _check_own(folder: Folder, code: str, message: str) -> None:
    """Folders that every mailbox has stay as they are."""
    if folder.well_known is not None:
        raise GraphError(403, code, message)


def delete(call: Call) -> Response:
    """DELETE …/mailFolders/{id}: the folder is gone with those below it; its messages go to Recoverable Items."""
    mailbox = call.mailbox()
    read_options(call.request, ())
    return _gone(call, mailbox, for_good=False)


def delete_for_good(call: Call) -> Response:
    """POST …/mailFolders/{id}/permanentDelete: its messages are gone too."""
    mailbox = call.mailbox()
    parameters(call.request, "permanentDelete", ())
    return _gone(call, mailbox, for_good=True)


def _gone(call: Call, mailbox: Mailbox, *, for_good: bool) -> Response:
    folder = call.folder(mailbox)
    _check_own(folder, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
    store = call.store
    bin_folder = store.well_known(mailbox, "recoverableitemsdeletions")
    for item in [*reversed(Tree(store, mailbox).below(folder)), folder]:
        numbers = store.rows("SELECT number FROM messages WHERE mailbox=? AND folder=?", (mailbox.number, item.number))
        for (number,) in numbers:
            if for_good:
                changes.remove(store, number)
            else:
                changes.move(store, mailbox, number, bin_folder, changes.DELETED)
        changes.remove_folder(store, item)
    return Response(204)


def move(call: Call) -> Response:
    """POST …/mailFolders/{id}/move."""
    mailbox = call.mailbox()
    folder = call.folder(mailbox)
    _check_own(folder, "ErrorMoveDistinguishedFolder", "Distinguished folders cannot be moved.")
    parent = _destination(call, mailbox, folder, "move")
    call.store.execute("UPDATE folders SET parent=? WHERE number=?", (parent.number, folder.number))
    changes.touch_folder(call.store, folder)
    return _shown(call, mailbox, folder, 201)


def copy(call: Call) -> Response:
    """POST …/mailFolders/{id}/copy: the folder with all that is in it and below it, under ids of their own."""
    mailbox = call.mailbox()
    folder = call.folder(mailbox)
    parent = _destination(call, mailbox, folder, "copy")
    return _shown(call, mailbox, _copy(call, mailbox, folder, parent), 201)


def _copy(call: Call, mailbox: Mailbox, folder: Folder, parent: Folder) -> Folder:
    store = call.store
    made = store.add_folder(
        mailbox, folder.display_name, parent.number, is_hidden=folder.is_hidden, listed=parent.listed
    )
    for (number,) in store.rows("SELECT number FROM messages WHERE folder=? ORDER BY number", (folder.number,)):
        copy_of(call, mailbox, number, made)
    for child in Tree(store, mailbox).children(folder):
        _copy(call, mailbox, child, made)
    return made


def _destination(call: Call, mailbox: Mailbox, folder: Folder, action: str) -> Folder:
    """The folder that a folder is to be moved or copied into: not itself, none below it, and its name is free there."""
    read_options(call.request, ())
    given = parameters(call.request, action, ("destinationId",))
    parent = call.store.folder(mailbox, text_parameter(given, "destinationId", action))
    if parent in [folder, *Tree(call.store, mailbox).below(folder)]:
        raise GraphError(400, "ErrorMoveCopyFailed", "The move or copy operation failed.")
    _check_free(call, mailbox, parent, folder.display_name)
    return parent
