"""The port FileSink, and the files that a look-up of stored mail shows."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connector.errors import MessageError
from connector.model.records import NewFile, StoredKey
from connector.model.values import RecordId
from tests.contract.conftest import Salesforce
from tests.support.world import World, stamp

KEY = "0123456789abcdef0123456789abcdef"


class Source:
    """A file of two pieces; one that breaks ends before the second."""

    def __init__(self, *, announced: bool = True, breaks: bool = False) -> None:
        self.size = 20_000 if announced else None
        self.head = b"first"
        self.breaks = breaks

    def __iter__(self) -> Iterator[bytes]:
        yield b"x" * 10_000
        if self.breaks:
            raise MessageError("The file broke off", transient=True)
        yield b"y" * 10_000

    @contextmanager
    def __call__(self) -> Iterator["Source"]:
        yield self


@pytest.fixture
def email(world: World) -> RecordId:
    fields = {"Message_Key__c": KEY, "Sent_At__c": stamp(world.ago(days=2)), "Attachment_Count__c": 2}
    return RecordId(world.create("Email__c", Name="x", Match_Status__c="Matched", **fields))


def new(world: World, email: RecordId, number: int = 0) -> NewFile:
    [user] = world.rows("SELECT Id FROM User WHERE Username LIKE 'm365sync%'")
    owner = RecordId(user["Id"])
    return NewFile(email=email, key=f"{KEY}:{number}", name="a.bin", owner=owner, created_at=world.ago(days=2))


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_is_stored_and_found(world: World, salesforce: Salesforce, email: RecordId, announced: bool) -> None:
    files = salesforce.writer.files
    files.upload(new(world, email), Source(announced=announced))
    [version] = world.rows("SELECT ContentSize, ContentDocumentId FROM ContentVersion")
    assert version["ContentSize"] == 20_000
    [found] = files.find([email])[email]
    assert (found.key, found.document) == (f"{KEY}:0", version["ContentDocumentId"])


@pytest.mark.parametrize("announced", [True, False])
def test_of_a_file_that_breaks_off_nothing_is_stored(
    world: World, salesforce: Salesforce, email: RecordId, announced: bool
) -> None:
    with pytest.raises(MessageError, match="broke off"):
        salesforce.writer.files.upload(new(world, email), Source(announced=announced, breaks=True))
    assert world.rows("SELECT Id FROM ContentVersion") == []


def test_a_look_up_shows_the_files_of_stored_mail(world: World, salesforce: Salesforce, email: RecordId) -> None:
    salesforce.admin.read()
    for number in range(2):
        salesforce.writer.files.upload(new(world, email, number), Source())
    _, [stored] = salesforce.directory.look_up([], [StoredKey(KEY)])
    assert stored.attachment_count == 2
    assert sorted(file.key for file in stored.files) == [f"{KEY}:0", f"{KEY}:1"]


def test_removed_files_are_gone_and_may_be_removed_again(world: World, salesforce: Salesforce, email: RecordId) -> None:
    files = salesforce.writer.files
    files.upload(new(world, email), Source())
    [found] = files.find([email])[email]
    files.remove([found.document])
    files.remove([found.document])
    assert files.find([email])[email] == ()
    assert world.rows("SELECT Id FROM ContentVersion") == []
