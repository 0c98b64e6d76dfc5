import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.reading.folders import UnknownFolderError, unread_reason, with_folder
from connector.model.mail import Folder, FolderTree
from connector.model.values import FolderId

ROOT = Folder(id=FolderId("root"), parent=FolderId("top"), well_known="msgfolderroot")


def folder(id: str, parent: str | None = "root", **fields: object) -> Folder:
    return Folder(id=FolderId(id), parent=None if parent is None else FolderId(parent), **fields)  # type: ignore[arg-type]


def tree(*folders: Folder) -> FolderTree:
    return FolderTree(folders={each.id: each for each in (ROOT, *folders)})


def reason(id: str, *folders: Folder) -> str | None:
    return unread_reason(tree(*folders), FolderId(id))


@pytest.mark.parametrize("name", ["inbox", "sentitems", "deleteditems", "archive", "clutter", None])
def test_ordinary_folders_are_read(name: str | None) -> None:
    assert reason("f", folder("f", well_known=name)) is None


@pytest.mark.parametrize(
    "name",
    [
        "junkemail",
        "outbox",
        "drafts",
        "conversationhistory",
        "syncissues",
        "conflicts",
        "localfailures",
        "serverfailures",
        "searchfolders",
        "recoverableitemsdeletions",
    ],
)
def test_some_folders_are_not_read_nor_what_is_below_them(name: str) -> None:
    above = folder("above", well_known=name)
    assert reason("above", above)
    assert (
        reason("above", above)
        == reason("below", above, folder("below", "above"))
        != "not below the root of the mailbox"
    )


def test_a_folder_is_known_by_its_well_known_name_not_by_its_display_name() -> None:
    assert reason("f", folder("f", name="Junk Email")) is None
    assert reason("f", folder("f", name="Unerwünscht", well_known="junkemail")) == "Junk Email"


def test_hidden_folders_and_what_is_below_them_are_not_read() -> None:
    hidden = folder("hidden", hidden=True)
    assert reason("hidden", hidden) == "a hidden folder"
    assert reason("below", hidden, folder("below", "hidden")) == "a hidden folder"


def test_what_is_not_below_the_root_is_not_read() -> None:
    top = folder("top", None)
    assert reason("chats", top, folder("chats", "top")) == "not below the root of the mailbox"
    assert reason("own", top, folder("own")) is None


def test_the_root_itself_is_read() -> None:
    assert reason("root") is None


def test_a_folder_or_parent_that_is_not_in_the_tree_is_asked_for() -> None:
    with pytest.raises(UnknownFolderError) as unknown:
        reason("new")
    assert unknown.value.folder == "new"
    with pytest.raises(UnknownFolderError) as unknown:
        reason("new", folder("new", "parent"))
    assert unknown.value.folder == "parent"


def test_what_was_asked_for_is_added_to_a_new_tree() -> None:
    before = tree()
    after = with_folder(before, folder("new"))
    assert unread_reason(after, FolderId("new")) is None
    assert FolderId("new") not in before.folders
    nowhere = with_folder(before, folder("new", None))
    assert unread_reason(nowhere, FolderId("new")) == "not below the root of the mailbox"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcde"), st.sampled_from("abcde"), min_size=1))
def test_no_tree_makes_it_hang(parents: dict[str, str]) -> None:
    """Without a way to the root nothing is read: a circle gives a reason, an open end asks."""
    folders = FolderTree(folders={FolderId(id): folder(id, parent) for id, parent in parents.items()})
    for id in parents:
        seen, above = set[str](), id
        while above in parents and above not in seen:
            seen.add(above)
            above = parents[above]
        if above in seen:
            assert unread_reason(folders, FolderId(id)) == "not below the root of the mailbox"
        else:
            with pytest.raises(UnknownFolderError, match=above):
                unread_reason(folders, FolderId(id))
