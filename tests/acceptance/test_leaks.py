"""An independent search: a firm with mail of every kind that must stay private, a fault at one request after the other,
and then every string in Salesforce, in the log and on the screen is searched for words of that mail."""

import base64
import os
from collections.abc import Iterator
from typing import Any

import pytest

from connector.cli.app import run
from tests.support.world import World

MARK = "zqleak"
#: objects whose rows the connector writes; what admins and users typed themselves is no leak
WRITTEN = (
    "Email__c",
    "Email_Participant__c",
    "Task",
    "ContentVersion",
    "ContentDocument",
    "EmailMessage",
    "MS_Graph_Sync_Event__c",
    "MS_Graph_Sync_Error__c",
    "MS_Graph_User__c",
    "MS_Graph_Setting__c",
    "MS_Graph_Request__c",
)
SLOW = os.environ.get("CI") == "true"
#: what a service may answer in place of the truth
ANSWERS: tuple[dict[str, Any], ...] = (
    {"status": 503, "body": {"error": {"code": "x", "message": "busy"}}},
    {"status": 404, "body": {"error": {"code": "ErrorItemNotFound", "message": "gone"}}},
    {"status": 200, "body": "<html>maintenance</html>"},
    {"status": 200, "body": {"value": [None]}},
    {"drop": "middle"},
)


def private(world: World, *, junk: bool) -> None:
    """Mail that no client takes part in, or that somebody keeps away, with the mark in everything that can hold it.

    `junk`: a client's mail in Junk Email too. Of a folder that Graph does not have (404: no one has signed in to that
    mailbox yet) nothing can be said, so that it is left out where Graph says so.
    """
    file = {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": f"{MARK}.pdf",
        "contentType": "application/pdf",
        "contentBytes": base64.b64encode(MARK.encode()).decode(),
    }
    numbers = iter(range(100))

    def put(sender: str, *to: str, folder: str = "inbox", **more: Any) -> None:
        number = next(numbers)
        world.message(
            "ada",
            received=world.ago(days=2, minutes=number),
            folder=folder,
            subject=f"{MARK} subject {number}",
            internetMessageId=f"<{MARK}{number}@mail.example>",
            body={"contentType": "html", "content": f"<p>{MARK} body</p>"},
            attachments=[file],
            **{"from": {"emailAddress": {"name": f"{MARK} name", "address": sender}}, "toRecipients": list(to), **more},
        )

    ada, rita = "ada@firm.example", "rita@reed.example"
    put(f"{MARK}@stranger.example", ada)  # no client
    put("news@excluded.example", ada)  # excluded for everybody
    put("dr@doctor.example", ada)  # excluded by the user
    put("bob@firm.example", ada)  # among colleagues
    put("scanner@firm.onmicrosoft.com", ada)  # the tenant's own
    put(rita, "team@list.example")  # Bcc
    put(rita, ada, categories=["Do Not Sync"])
    put(rita, ada, isDraft=True, folder="drafts")
    if junk:
        put(rita, ada, folder="junkemail")
    put("dr@doctor.example", ada, folder=f"Inbox/{MARK} folder")
    put("mailer-daemon@elsewhere.example", ada)  # a delivery report that shows no mail


@pytest.fixture
def firm_with_secrets(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("M365SYNC__LOGGING__LEVEL", "debug")
    return furnished(world)


def furnished(world: World, *, junk: bool = True) -> World:
    world.settings()
    world.internal_domain()
    user, _ = world.adviser("ada")
    proxies = ["SMTP:ada@firm.example", "smtp:ada@firm.onmicrosoft.com"]
    world.control("PATCH", "mailboxes/ada@firm.example", {"proxyAddresses": proxies})
    world.client("Rita", "Reed", "rita@reed.example")
    world.exclusion("External Address", "*@excluded.example")
    world.exclusion("Personal Address", "*@doctor.example", User__c=user)
    private(world, junk=junk)
    for number in range(3):
        parts = {"from": "rita@reed.example", "toRecipients": ["ada@firm.example"], "folder": "Inbox/Clients"}
        world.message("ada", subject=f"Portfolio {number}", received=world.ago(days=1, minutes=number), **parts)
    return world


def strings(world: World) -> Iterator[tuple[str, str]]:
    """Every text in every row that the connector writes, with the name of the object; the recycle bin too."""
    for sobject in WRITTEN:
        described: dict[str, Any] = getattr(world.org, sobject).describe()
        names = [field["name"] for field in described["fields"] if field["type"] != "base64"]
        rows: list[dict[str, Any]] = world.org.query_all(
            f"SELECT {', '.join(names)} FROM {sobject}",
            include_deleted=True,
        )["records"]
        for row in rows:
            yield from ((f"{sobject}.{name}", str(value)) for name, value in row.items() if value is not None)


def printed(world: World, capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """All that a command writes on the screen, its log included."""
    capfd.readouterr()
    run(["--config", world.config, *arguments])
    written = capfd.readouterr()
    return written.out + written.err


def leaks(world: World, screen: str) -> list[str]:
    """Where the mark was found."""
    found = [f"{place}: {text[:200]}" for place, text in strings(world) if MARK in text.casefold()]
    return [*found, *(f"screen: {line[:300]}" for line in screen.splitlines() if MARK in line.casefold())]


def test_the_search_finds_what_it_searches_for(firm_with_secrets: World, capfd: pytest.CaptureFixture[str]) -> None:
    """Of kept mail everything is stored, so that the mark has to be found: in text, participants, files."""
    [setting] = firm_with_secrets.rows("SELECT Id FROM MS_Graph_Setting__c")
    firm_with_secrets.org.MS_Graph_Setting__c.update(setting["Id"], {"Keep_Unmatched__c": True})
    screen = printed(firm_with_secrets, capfd, "sync", "--json")
    assert "action" in screen
    found = leaks(firm_with_secrets, screen)
    for place in ("Email__c.Subject__c", "Email_Participant__c.Display_Name__c", "ContentVersion.Title"):
        assert any(place in each for each in found), place
    assert not [each for each in found if each.startswith(("screen", "MS_Graph"))]
    # and only the mail of the stranger is there
    assert [
        row["Subject__c"]
        for row in firm_with_secrets.rows("SELECT Subject__c FROM Email__c WHERE Match_Status__c = 'Unmatched'")
    ] == [f"{MARK} subject 0"]


def requests_of(world: World, capfd: pytest.CaptureFixture[str]) -> dict[str, int]:
    """How many requests an undisturbed run sends, by service."""
    world.control("DELETE", "requests")
    assert leaks(world, printed(world, capfd, "sync", "--json")) == []
    return {service: len(world.requests(service)) for service in ("graph", "salesforce")}


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer.get("status") or answer.get("drop")))
def test_a_fault_at_any_request_leaks_nothing(
    firm_with_secrets: World, capfd: pytest.CaptureFixture[str], answer: dict[str, Any]
) -> None:
    world = firm_with_secrets
    sent = requests_of(world, capfd)
    assert sent["graph"] > 5
    assert world.rows("SELECT Id FROM Email__c") != []
    kind = ANSWERS.index(answer)
    places = [(service, number) for service, count in sent.items() for number in range(count)]
    for service, number in places if SLOW else places[kind :: 2 * len(ANSWERS)]:
        world.reset()
        furnished(world, junk=answer.get("status") != 404)
        for within in (False,) if "drop" in answer else (False, True):
            world.fault(service=service, path=".", skip=number, times=3, sub=within, **answer)
        screen = printed(world, capfd, "sync", "--json")
        world.control("DELETE", "faults")
        world.advance(hours=2)
        for arguments in (["retry", "--all"], ["sync", "--sweep"], ["status"]):
            screen += printed(world, capfd, *arguments)
        assert leaks(world, screen) == [], (service, number)


@pytest.mark.parametrize(
    "path",
    [
        r"mailFolders/[^/?]{40,}\?",  # a folder that the tree does not show
        r"\$select=id,body",  # bodies
        r"/attachments",
        r"proxyAddresses",  # the directory
    ],
)
def test_what_fails_for_good_leaks_nothing(
    firm_with_secrets: World, capfd: pytest.CaptureFixture[str], path: str
) -> None:
    world = firm_with_secrets
    for within in (False, True):
        world.fault(service="graph", path="mailFolders/delta", sub=within, times=0, status=200, body={"value": []})
        world.fault(service="graph", path=path, sub=within, times=0, status=500, body={"error": {"code": "x"}})
    screen = ""
    for hours in (0, 1, 2, 8, 30):
        world.advance(hours=hours)
        screen += printed(world, capfd, "sync")
    assert leaks(world, screen) == []
