"""The mail source against the sandbox, over HTTPS: pages, folders, bodies, users, and Graph's bad habits."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Any

import pytest

from connector.core.reading.walk import walk
from connector.errors import (
    BrokenListError,
    MailboxError,
    MailboxOutageError,
    MailboxUnavailableError,
    MessageError,
    MessageGoneError,
    ServiceError,
    SignInError,
)
from connector.graph.mail import GraphMail
from connector.http.transport import Transport
from connector.model.mail import Content, Header, Page
from connector.model.run import Window, WindowKind
from connector.model.values import GraphUserId, MessageId, RecordId
from connector.ports import PageCall
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


@pytest.fixture
def start(world: World) -> datetime:
    """A whole second; what `fill` makes is received from there on."""
    return world.ago(days=10)


def fill(world: World, name: str, start: datetime, count: int, *, seconds: int = 60, **members: Any) -> list[str]:
    """Messages of a mailbox, one every so many seconds; their immutable ids."""
    return [
        world.message(
            name,
            received=start + timedelta(seconds=number * seconds),
            subject=f"Mail {number}",
            toRecipients=[f"{name}@firm.example"],
            **{"from": "rita@reed.example", **members},
        )["id"]
        for number in range(count)
    ]


def page(mail: GraphMail, user: str, start: datetime, *, top: int = 250, link: str | None = None) -> Page:
    return mail.page(BOX, GraphUserId(user), start, start + timedelta(days=1), top=top, link=link)


def pages(mail: GraphMail, user: str, start: datetime, *, top: int) -> list[Page]:
    found = [page(mail, user, start, top=top)]
    while found[-1].link is not None:
        found.append(page(mail, user, start, top=top, link=found[-1].link))
    return found


def ids(found: "list[Page]") -> list[str]:
    return [header.id for each in found for header in each.headers]


# -- pages ------------------------------------------------------------------------------------------------------


def test_a_page_holds_headers_and_the_time_it_was_served(world: World, mail: GraphMail, start: datetime) -> None:
    user = world.mailbox("ada")
    [first] = fill(
        world,
        "ada",
        start,
        1,
        ccRecipients=["bob@firm.example"],
        categories=["Blue"],
        internetMessageId="<1@x.example>",
    )
    found = page(mail, user, start)
    [header] = found.headers
    assert (header.id, header.mailbox, header.received_at) == (first, BOX, start)
    assert (header.subject, header.internet_message_id, header.categories) == ("Mail 0", "<1@x.example>", ("Blue",))
    assert header.from_ is not None
    assert (header.from_.address, header.to[0].address, header.cc[0].address) == (
        "rita@reed.example",
        "ada@firm.example",
        "bob@firm.example",
    )
    assert header.preview == ""  # a part of the body, which is not asked for
    assert found.link is None
    assert abs(found.served_at - world.now()) < timedelta(minutes=5)


def test_links_lead_to_the_end_in_order_of_received_time(world: World, mail: GraphMail, start: datetime) -> None:
    user = world.mailbox("ada")
    made = fill(world, "ada", start, 7)
    found = pages(mail, user, start, top=3)
    assert ids(found) == made
    assert [len(each.headers) for each in found[:2]] == [3, 3]


def test_a_window_ends_before_its_end(world: World, mail: GraphMail, start: datetime) -> None:
    user = world.mailbox("ada")
    made = fill(world, "ada", start - timedelta(seconds=1), 3, seconds=1)
    found = mail.page(BOX, GraphUserId(user), start, start + timedelta(seconds=1), top=250, link=None)
    assert ids([found]) == [made[1]]


@pytest.mark.parametrize("habit", ["full", "short", "linkless"])
def test_a_walk_finds_everything_whatever_the_pages_are_like(
    world: World, mail: GraphMail, start: datetime, habit: str
) -> None:
    user = world.mailbox("ada")
    world.control("PATCH", "tenant", {"pages": habit})
    made = fill(world, "ada", start, 40)
    window = Window(mailbox=BOX, start=start, end=start + timedelta(days=1), kind=WindowKind.BACKFILL)
    steps = walk(window, top=7, settle=timedelta(0))
    request = next(steps)
    headers: tuple[Header, ...] = ()
    while True:
        answer = mail.page(BOX, GraphUserId(user), request.start, request.end, top=request.top, link=request.link)
        try:
            request = steps.send(answer)
        except StopIteration as stop:
            headers = stop.value.headers
            break
    assert [header.id for header in headers] == made


def test_windows_asked_for_at_one_time_share_requests(world: World, mail: GraphMail, start: datetime) -> None:
    users = [world.mailbox(f"adviser{number}") for number in range(12)]
    made = [fill(world, f"adviser{number}", start, 1) for number in range(12)]
    before = mail.calls
    with ThreadPoolExecutor(max_workers=36) as pool:
        asked = [pool.submit(page, mail, user, start) for user in users for _ in range(3)]
        found = [ids([future.result()]) for future in asked]
    assert found == [own for own in made for _ in range(3)]
    assert mail.calls - before <= 36


def test_a_mailbox_with_more_requests_than_it_takes_is_read_all_the_same(
    world: World, mail: GraphMail, start: datetime
) -> None:
    """Graph answers what is too much with 429, inside a $batch too; each such request is asked again alone."""
    world.control("PATCH", "tenant", {"perMailboxConcurrency": 1})
    user = world.mailbox("ada")
    made = fill(world, "ada", start, 9)
    headers = page(mail, user, start).headers
    assert [header.id for header in headers] == made
    before = mail.calls
    answers = dict(mail.contents(headers, {BOX: GraphUserId(user)}))
    assert [type(answers[header]) for header in headers] == [Content] * 9
    assert mail.calls - before > 3  # three in a $batch, of which two are refused


# -- mailboxes that cannot be read --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["unlicensed", "on_premises", "soft_deleted"])
def test_a_mailbox_that_graph_does_not_serve(world: World, mail: GraphMail, start: datetime, state: str) -> None:
    user = world.mailbox("ada", state=state)
    with pytest.raises(MailboxUnavailableError):
        page(mail, user, start)


def test_a_user_that_is_not_there(mail: GraphMail, start: datetime) -> None:
    with pytest.raises(MailboxUnavailableError):
        page(mail, "00000000-0000-4000-8000-00000000dead", start)


@pytest.mark.parametrize(
    ("status", "kind"), [(403, MailboxError), (503, BrokenListError), (429, MailboxOutageError), (400, MailboxError)]
)
def test_a_refusal_that_stays_concerns_the_mailbox(
    world: World, mail: GraphMail, start: datetime, status: int, kind: type[MailboxError]
) -> None:
    user = world.mailbox("ada")
    world.fault(service="graph", path="messages", times=0, status=status, body={"error": {"code": "X", "message": "m"}})
    with pytest.raises(MailboxError) as caught:
        page(mail, user, start)
    assert type(caught.value) is kind


def test_a_refusal_that_passes_is_not_seen(world: World, mail: GraphMail, start: datetime) -> None:
    user = world.mailbox("ada")
    made = fill(world, "ada", start, 2)
    world.fault(service="graph", path="messages", times=2, status=503, body={})
    assert ids([page(mail, user, start)]) == made


def test_a_token_that_is_refused_is_replaced(world: World, mail: GraphMail, start: datetime) -> None:
    user = world.mailbox("ada")
    made = fill(world, "ada", start, 1)
    world.fault(service="graph", path="messages", times=1, status=401, body={})
    assert ids([page(mail, user, start)]) == made
    world.fault(service="graph", path="messages", times=0, status=401, body={})
    with pytest.raises(SignInError):
        page(mail, user, start)


# -- folders ------------------------------------------------------------------------------------------------------


def test_the_tree_shows_all_folders_and_names_the_well_known_ones(world: World, mail: GraphMail) -> None:
    user = world.mailbox("ada")
    world.message("ada", folder="Inbox/Clients/Reed")
    tree = mail.folders(GraphUserId(user))
    known = {folder.well_known: folder for folder in tree.folders.values() if folder.well_known}
    assert {"msgfolderroot", "drafts", "junkemail", "outbox"} <= set(known)
    reed = next(folder for folder in tree.folders.values() if folder.name == "Reed")
    way = []
    above = reed
    while above.parent is not None and above.parent in tree.folders:
        above = tree.folders[above.parent]
        way.append(above.name)
    assert way[:2] == ["Clients", "Inbox"]
    assert above is known["msgfolderroot"]


def test_the_tree_comes_with_a_page_in_one_request(world: World, mail: GraphMail, start: datetime) -> None:
    user = world.mailbox("ada")
    made = fill(world, "ada", start, 2)
    before = mail.calls
    call = PageCall(
        mailbox=BOX,
        user=GraphUserId(user),
        kind=WindowKind.LIVE,
        start=start,
        end=start + timedelta(days=1),
        top=250,
        with_tree=True,
    )
    told: SimpleQueue[Page | BaseException] = SimpleQueue()
    mail.start(call, told.put)
    found = told.get(timeout=30)
    assert isinstance(found, Page)
    assert ids([found]) == made
    assert found.tree is not None
    assert {header.folder for header in found.headers if isinstance(header, Header)} <= set(found.tree.folders)
    assert mail.calls - before <= 2  # a chain ends at a well-known folder that this mailbox lacks, which is asked alone


def test_a_folder_by_id(world: World, mail: GraphMail) -> None:
    user = GraphUserId(world.mailbox("ada"))
    inbox = next(folder for folder in mail.folders(user).folders.values() if folder.name == "Inbox")
    found = mail.folder(user, inbox.id)
    assert found is not None
    assert (found.id, found.parent, found.name) == (inbox.id, inbox.parent, "Inbox")


def test_the_tree_of_a_mailbox_that_is_not_served(world: World, mail: GraphMail) -> None:
    user = world.mailbox("ada", state="unlicensed")
    with pytest.raises(MailboxUnavailableError):
        mail.folders(GraphUserId(user))


# -- bodies -------------------------------------------------------------------------------------------------------


def test_bodies_of_many_mailboxes_come_each_once(world: World, mail: GraphMail, start: datetime) -> None:
    wanted: list[Header] = []
    users: dict[RecordId, GraphUserId] = {}
    for number in range(4):
        box, user = RecordId(f"a0M{number:012d}AAA"), GraphUserId(world.mailbox(f"adviser{number}"))
        users[box] = user
        fill(world, f"adviser{number}", start, 13, body={"contentType": "html", "content": f"<p>From {number}</p>"})
        end = start + timedelta(days=1)
        wanted += mail.page(box, user, start, end, top=250, link=None).headers
    before = mail.calls
    answers = list(mail.contents(wanted, users))
    assert sorted(header.id for header, _ in answers) == sorted(header.id for header in wanted)
    for header, content in answers:
        assert isinstance(content, Content)
        number = int(header.mailbox[3:15])
        assert f"From {number}" in content.html
        assert content.preview.startswith(f"From {number}")
    # 52 messages, four at a time where four have a place: thirteen requests, and some with fewer
    assert 13 <= mail.calls - before <= 26


def test_a_message_that_is_gone_fails_alone(world: World, mail: GraphMail, start: datetime) -> None:
    user = GraphUserId(world.mailbox("ada"))
    fill(world, "ada", start, 2)
    first, second = page(mail, user, start).headers
    # same shape as a real id, but of no message
    lost = Header(mailbox=BOX, id=MessageId(first.id[:-8] + "AAAAAAA="), folder=first.folder, received_at=start)
    answers = dict(mail.contents([first, lost, second], {BOX: user}))
    assert isinstance(answers[lost], MessageGoneError | MessageError)
    assert isinstance(answers[first], Content)
    assert isinstance(answers[second], Content)


def test_the_tenant_s_refusal_of_the_whole_batch_stops_the_run(world: World, mail: GraphMail, start: datetime) -> None:
    user = GraphUserId(world.mailbox("ada"))
    fill(world, "ada", start, 2)
    headers = page(mail, user, start).headers
    world.fault(service="graph", path=r"\$batch", times=0, status=503, body={})
    with pytest.raises(ServiceError):
        list(mail.contents(headers, {BOX: user}))


def test_nothing_wanted_is_no_request(mail: GraphMail) -> None:
    assert list(mail.contents([], {})) == []
    assert mail.calls == 0


# -- users --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ada@firm.example", "ADA@Firm.Example", "a.lovelace@firm.example"])
def test_a_user_is_found_by_upn_or_any_address(world: World, mail: GraphMail, name: str) -> None:
    identity = world.mailbox("ada", proxyAddresses=["SMTP:ada@firm.example", "smtp:a.lovelace@firm.example"])
    found = mail.find_user([name])
    assert found is not None
    assert (found.id, found.user_principal_name, found.purpose) == (identity, "ada@firm.example", "user")
    assert found.addresses[0] == "ada@firm.example"
    assert "a.lovelace@firm.example" in found.addresses


def test_a_user_is_found_by_the_second_name(world: World, mail: GraphMail) -> None:
    identity = world.mailbox("ada", mail="office@firm.example", proxyAddresses=["SMTP:office@firm.example"])
    found = mail.find_user(["old-name@firm.example", "office@firm.example"])
    assert found is not None
    assert found.id == identity


def test_a_shared_mailbox_says_so(world: World, mail: GraphMail) -> None:
    world.mailbox("office", userPurpose="shared")
    found = mail.find_user(["office@firm.example"])
    assert found is not None
    assert found.purpose == "shared"


@pytest.mark.parametrize("name", ["nobody@firm.example", "o'hara@firm.example", "a/b?c#d@firm.example", "x"])
def test_nobody_has_this_name(world: World, mail: GraphMail, name: str) -> None:
    world.mailbox("ada")
    assert mail.find_user([name]) is None
    assert mail.has_user(name) is False


def test_has_user(world: World, mail: GraphMail) -> None:
    world.mailbox("ada", proxyAddresses=["SMTP:ada@firm.example", "smtp:o'hara@firm.example"])
    assert mail.has_user("ada@firm.example") is True
    assert mail.has_user("o'hara@firm.example") is True
    assert mail.has_user("team@firm.example") is False


def test_the_addresses_that_a_user_has_today(world: World, mail: GraphMail) -> None:
    identity = GraphUserId(world.mailbox("ada"))
    assert mail.addresses(identity) == ("ada@firm.example",)
    proxies = ["SMTP:ada@firm.example", "smtp:A.Lovelace@firm.example", "X500:/o=firm"]
    world.control("PATCH", "mailboxes/ada@firm.example", {"proxyAddresses": proxies})
    assert mail.addresses(identity) == ("ada@firm.example", "a.lovelace@firm.example")
    world.fault(service="graph", path="/v1.0/users", status=403, body={"error": {"code": "Denied"}})
    assert mail.addresses(identity) is None


def test_a_directory_that_may_not_be_read_says_nothing(world: World, mail: GraphMail) -> None:
    world.fault(service="graph", path="/v1.0/users", times=0, status=403, body={"error": {"code": "Denied"}})
    assert mail.has_user("ada@firm.example") is None
