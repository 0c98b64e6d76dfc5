"""The mail source folder by folder, and its count, against the sandbox over HTTPS."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from connector.core.reading.sweep import swept_folders
from connector.core.reading.walk import walk
from connector.errors import MailboxUnavailableError
from connector.graph.mail import GraphMail
from connector.http.transport import Transport
from connector.model.run import Window, WindowKind
from connector.model.values import GraphUserId, RecordId
from connector.settings.model import load
from connector.wiring.services import graph_mail
from tests.support.world import World

BOX = RecordId("a0M000000000001AAA")


@pytest.fixture
def mail(world: World) -> Iterator[GraphMail]:
    settings = load(world.config, os.environ)
    with Transport(ca_file=settings.tls.ca_file, timeout=20, sleep=lambda _: None, max_attempts=3) as transport:  # noqa: SIM117
        with graph_mail(settings, transport) as mail:
            yield mail


def put(world: World, folder: str, start: datetime, count: int) -> list[str]:
    """Messages of a folder, one every minute; their immutable ids."""
    return [
        world.message("ada", received=start + timedelta(minutes=number), folder=folder)["id"] for number in range(count)
    ]


@pytest.mark.parametrize("habit", ["full", "short", "linkless"])
def test_a_walk_of_a_folder_finds_all_of_it_and_nothing_else(world: World, mail: GraphMail, habit: str) -> None:
    user, start = GraphUserId(world.mailbox("ada")), world.ago(days=10)
    world.control("PATCH", "tenant", {"pages": habit})
    made = {"Inbox": put(world, "inbox", start, 20), "Clients": put(world, "Inbox/Clients", start, 20)}
    spam = put(world, "junkemail", start, 1)
    assert spam
    folders = {folder.id: folder for folder in swept_folders(mail.folders(user))}
    assert {folder.name: folder.items for folder in folders.values()} == {"Inbox": 20, "Clients": 20}
    for folder in folders.values():
        end = start + timedelta(days=1)
        window = Window(mailbox=BOX, start=start, end=end, kind=WindowKind.SWEEP, folder=folder.id)
        steps = walk(window, top=7, settle=timedelta(0))
        request = next(steps)
        while True:
            page = mail.page(
                BOX, user, request.start, request.end, top=request.top, link=request.link, folder=folder.id
            )
            try:
                request = steps.send(page)
            except StopIteration as finished:
                headers = finished.value.headers
                break
        assert [header.id for header in headers] == made[folder.name]
        assert {header.folder for header in headers} == {folder.id}


def test_a_folder_that_is_not_there_holds_nothing_and_a_mailbox_that_is_not_is_told(
    world: World, mail: GraphMail
) -> None:
    user, start = GraphUserId(world.mailbox("ada")), world.ago(days=10)
    put(world, "Inbox/Clients", start, 1)
    [clients] = swept_folders(mail.folders(user))
    # the mailbox is made anew, with the same folders but for that one
    world.control("DELETE", "mailboxes/ada@firm.example")
    with pytest.raises(MailboxUnavailableError):
        mail.page(BOX, user, start, start + timedelta(days=1), top=250, link=None, folder=clients.id)
    again = GraphUserId(world.mailbox("ada"))
    page = mail.page(BOX, again, start, start + timedelta(days=1), top=250, link=None, folder=clients.id)
    assert (page.headers, page.link) == ((), None)


def test_the_count_is_shown_where_graph_says_one(world: World, mail: GraphMail) -> None:
    user, start = GraphUserId(world.mailbox("ada")), world.ago(days=10)
    put(world, "inbox", start, 3)
    assert mail.count(user, start, start + timedelta(minutes=2)) == 2
    world.control("PATCH", "tenant", {"count": "unknown"})
    assert mail.count(user, start, start + timedelta(days=1)) is None
    world.control("PATCH", "tenant", {"count": "stale"})
    found = mail.count(user, start, start + timedelta(days=1))
    assert found is not None
    assert found >= 3
