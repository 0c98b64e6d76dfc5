"""The folders of one mailbox with what is counted over them, and their JSON."""

from collections.abc import Sequence
from typing import Any

from m365sandbox.graph.data.store import Store
from m365sandbox.graph.models import Folder, Mailbox, compact

MEMBERS = (
    "id",
    "displayName",
    "parentFolderId",
    "childFolderCount",
    "unreadItemCount",
    "totalItemCount",
    "isHidden",
)
SELECTABLE = {*MEMBERS}


class Tree:
    """Messages are counted only when asked for."""

    def __init__(self, store: Store, mailbox: Mailbox) -> None:
        self._store = store
        self._mailbox = mailbox
        self.folders = store.folders(mailbox)
        self._by_number = {folder.number: folder for folder in self.folders}
        self._counts: dict[int, tuple[int, int]] | None = None

    def children(self, parent: Folder) -> list[Folder]:
        """The folders one level below."""
        return [folder for folder in self.folders if folder.parent == parent.number]

    def below(self, parent: Folder) -> list[Folder]:
        """All folders below, parents before their children."""
        found = list(self.children(parent))
        for folder in found:
            found.extend(self.children(folder))
        return found

    def text(
        self,
        folder: Folder,
        names: Sequence[str] | None,
        *,
        children: Sequence[str] | None = None,
        typed: bool = False,
    ) -> str:
        """The JSON of a folder; with the JSON of its `children`, where they are expanded; with its type, if `typed`."""
        whole = names is None or "*" in names
        shown: dict[str, Any] = {"@odata.type": "#microsoft.graph.mailFolder"} if typed else {}
        wanted = [name for name in MEMBERS if whole or name == "id" or name in (names or ())]
        shown |= {name: self._member(folder, name) for name in wanted}
        text = compact(shown)
        return text if children is None else f'{text[:-1]},"childFolders":[{",".join(children)}]}}'

    def _member(self, folder: Folder, name: str) -> Any:
        if name in ("totalItemCount", "unreadItemCount"):
            return self._count(folder)[name == "unreadItemCount"]
        if name == "childFolderCount":
            return sum(1 for child in self.children(folder) if not child.is_hidden)
        if name == "parentFolderId":
            return self._by_number[folder.parent].id if folder.parent else None
        return {"id": folder.id, "displayName": folder.display_name, "isHidden": folder.is_hidden}[name]

    def _count(self, folder: Folder) -> tuple[int, int]:
        if self._counts is None:
            self._counts = self._store.item_counts(self._mailbox)
        return self._counts.get(folder.number, (0, 0))
