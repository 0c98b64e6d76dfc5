"""Which folders are read. Pure: the tree comes in, a reason comes out."""

from collections.abc import Iterator
from dataclasses import replace

from connector.model.mail import Folder, FolderTree
from connector.model.values import FolderId

#: folders that are never read, with all below them, by Graph's well-known name (which does not depend on language)
_UNREAD = {
    "junkemail": "Junk Email",
    "outbox": "Outbox",
    "drafts": "Drafts",
    "conversationhistory": "Conversation History",
    "syncissues": "Sync Issues",
    "conflicts": "Conflicts",
    "localfailures": "Local Failures",
    "serverfailures": "Server Failures",
    "searchfolders": "a search folder",
    "recoverableitemsdeletions": "Recoverable Items",
}
_ROOT = "msgfolderroot"


class UnknownFolderError(LookupError):
    """The tree does not show this folder, nor what is above it: ask for it by id, once, and add it to the tree.

    Where there is none by that id, add it as `Folder(id=…, parent=None)`: it is then below no root, so not read.
    """

    def __init__(self, folder: FolderId) -> None:
        super().__init__(folder)
        self.folder = folder


def unread_reason(tree: FolderTree, folder: FolderId) -> str | None:
    """Why mail in this folder is not read; None where it is. Raises UnknownFolderError.

    Read is what lies below the root of the mailbox's mail (msgfolderroot), Deleted Items and Archive included. Teams
    keeps its chats outside it. That root must be in the tree under its well-known name.
    """
    for above in _upwards(tree, folder):
        known = (above.well_known or "").lower()
        if known == _ROOT:
            return None
        if known in _UNREAD:
            return _UNREAD[known]
        if above.hidden:
            return "a hidden folder"
    return "not below the root of the mailbox"


def with_folder(tree: FolderTree, folder: Folder) -> FolderTree:
    """The tree with one more folder (or a newer state of one); the given tree stays as it is."""
    return replace(tree, folders={**tree.folders, folder.id: folder})


def _upwards(tree: FolderTree, folder: FolderId) -> Iterator[Folder]:
    """The folder and all above it. Ends where a folder comes up again: a tree read in pages can change meanwhile."""
    seen: set[FolderId] = set()
    here: FolderId | None = folder
    while here is not None and here not in seen:
        if here not in tree.folders:
            raise UnknownFolderError(here)
        seen.add(here)
        yield tree.folders[here]
        here = tree.folders[here].parent
