"""Each kind of answer of both services and of the two sign-ins, as the product asks for it, when it never ends.

It is the failure of whom it belongs to, and the next request is answered.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.errors import MailboxOutageError, MessageError, SignInError, UnreachableError
from connector.graph.dispatch import RequestDispatcher
from connector.graph.mail import GraphMail
from connector.http.transport import Transport
from connector.model.mail import Content
from connector.model.run import WindowKind
from connector.model.values import GraphUserId, MessageId, RecordId
from connector.ports import PageCall, TreeCall
from connector.salesforce.client import SalesforceClient
from connector.settings.model import load
from connector.wiring.services import graph_client, salesforce_clients
from tests.support.builders import at, header
from tests.support.lying import Answer, Asked, LyingServer, reply
from tests.unit.http.test_bounds import CHUNKED, Clock

BOX, ADA = RecordId("a0M000000000001AAA"), GraphUserId("ada")
MESSAGE = {
    "id": "m1",
    "parentFolderId": "inbox",
    "receivedDateTime": "2026-03-01T08:00:00Z",
    "body": {"contentType": "html", "content": "<p>Dear client</p>"},
}
GOOD: dict[str, object] = {
    "openid-configuration": {
        "authorization_endpoint": "URL/t/authorize",
        "token_endpoint": "URL/t/oauth2/v2.0/token",
        "issuer": "URL/t",
    },
    "/t/oauth2": {"access_token": "G", "expires_in": 3600, "token_type": "Bearer"},
    "/services/oauth2": {"access_token": "S", "id": "https://x/id/00D000000000001AAA/005000000000001AAA"},
    "/services/data": {"records": [], "done": True, "totalSize": 0},
    "/$batch": {"responses": [{"id": "1", "status": 200, "body": {**MESSAGE, "value": []}}]},
    "/messages?": {"value": []},
    "$value": {"x": "y"},
    "/messages/": MESSAGE,
    "/users": {"value": [], "id": "ada"},
}
CONFIG = """
auth_providers:
  P: {{tenant: t, authorize_endpoint_url: "{url}/t/authorize", token_endpoint_url: "{url}/t/oauth2/v2.0/token",
      consumer_key: k, consumer_secret: env:SECRET}}
named_credentials:
  MicrosoftGraphAPI: {{url: "{url}", auth_provider: P, identity: application}}
  Salesforce: {{url: "{url}", flow: client_credentials, consumer_key: k, consumer_secret: env:SECRET}}
"""


class Services:
    """Both services and their sign-ins on one host; what is asked for at a `bad` path never ends."""

    bad = "?"
    endless: tuple[bytes, bytes] = (CHUNKED, b"1\r\n \r\n")
    #: what comes at a bad path instead, where it is no endless answer
    other: Answer | None = None
    url = ""

    def answer(self, asked: Asked) -> Answer:
        if self.bad in asked.line:
            if self.other is not None:
                return self.other
            return itertools.chain([self.endless[0]], itertools.repeat(self.endless[1]))
        found = next(body for part, body in GOOD.items() if part in asked.line)
        return [reply(json.dumps(found).replace("URL", self.url).encode())]


class Firm:
    """The adapters, as the product wires them."""

    def __init__(self, mail: GraphMail, org: SalesforceClient) -> None:
        self.mail = mail
        self.org = org

    def page(self) -> object:
        return self.mail.page(BOX, ADA, at(days=-1), at(), top=10, link=None)

    def tree(self) -> object:
        return self.mail._waited(TreeCall(user=ADA, kind=WindowKind.LIVE))

    def page_with_tree(self) -> object:
        call = PageCall(
            mailbox=BOX, user=ADA, kind=WindowKind.LIVE, start=at(), end=at(), top=9, link=None, with_tree=True
        )
        return self.mail._waited(call)

    def contents(self) -> object:
        [(_, answer)] = self.mail.contents([header(mailbox=BOX, id=MessageId("m1"))], {BOX: ADA})
        if isinstance(answer, MessageError):
            raise answer
        return answer

    def file(self) -> object:
        with self.mail.download(ADA, MessageId("m1"), "a1") as download:
            return b"".join(download)

    def small_file(self) -> object:
        [(_, answer)] = self.mail.small_files([(ADA, MessageId("m1"), "a1")], most=1000)
        if isinstance(answer, MessageError):
            raise answer
        return answer

    def user(self) -> object:
        return self.mail.find_user(["ada@firm.example"])

    def query(self) -> object:
        return self.org.get("query?q=x", "the rows")


@contextmanager
def firm(folder: Path) -> Iterator[tuple[Services, Firm]]:
    services = Services()
    with LyingServer(folder, services.answer) as server:
        services.url = server.url
        path = folder / "connector.yaml"
        path.write_text(CONFIG.format(url=server.url), encoding="utf-8")
        settings = load(path, {"SECRET": "s"})
        with (
            Transport(
                ca_file=str(server.ca_file), timeout=10, max_attempts=2, sleep=lambda _: None, monotonic=Clock()
            ) as transport,
            RequestDispatcher(graph_client(settings, transport), workers=2) as dispatcher,
        ):
            yield (
                services,
                Firm(GraphMail(dispatcher, attachment_timeout=10), salesforce_clients(settings, transport)()),
            )


CASES: list[tuple[str, Callable[[Firm], object], type[Exception]]] = [
    ("openid-configuration", Firm.page, SignInError),
    ("/t/oauth2", Firm.page, SignInError),
    ("/messages?", Firm.page, MailboxOutageError),
    ("/v1.0/", Firm.tree, MailboxOutageError),
    ("/v1.0/", Firm.page_with_tree, MailboxOutageError),
    ("/users", Firm.user, MailboxOutageError),
    ("/services/oauth2", Firm.query, SignInError),
    ("/services/data", Firm.query, UnreachableError),
    ("$value", Firm.file, MessageError),
    ("$value", Firm.small_file, MessageError),
]
TRICKLE = (CHUNKED, b"1\r\n \r\n")
FLOOD = (CHUNKED, b"100000\r\n" + b" " * 1048576 + b"\r\n")


@pytest.mark.parametrize("endless", [TRICKLE, FLOOD], ids=["trickle", "flood"])
@pytest.mark.parametrize(("bad", "ask", "error"), CASES, ids=[f"{case[1].__name__} {case[0]}" for case in CASES])
def test_an_answer_that_never_ends_is_the_failure_of_whom_it_belongs_to(
    tmp_path: Path, bad: str, ask: Callable[[Firm], object], error: type[Exception], endless: tuple[bytes, bytes]
) -> None:
    with firm(tmp_path) as (services, asked):
        services.bad, services.endless = bad, endless
        with pytest.raises(error):
            ask(asked)
        services.bad = "?never"
        ask(asked)


@pytest.mark.parametrize("endless", [TRICKLE, FLOOD], ids=["trickle", "flood"])
def test_a_batch_that_never_ends_is_taken_apart(tmp_path: Path, endless: tuple[bytes, bytes]) -> None:
    with firm(tmp_path) as (services, asked):
        services.bad, services.endless = "/$batch", endless
        assert isinstance(asked.contents(), Content)
        asked.tree()
        asked.page_with_tree()
        services.bad = "/v1.0/"
        with pytest.raises(MessageError) as caught:
            asked.contents()
        assert caught.value.transient


PAGE = reply(b"<html>Sign in to the network</html>")
CUT = [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"]


@pytest.mark.parametrize("other", [[PAGE], CUT, [reply(b"[]")], [reply(b"null")]], ids=["page", "cut", "list", "null"])
@pytest.mark.parametrize(
    ("bad", "ask"),
    [
        ("openid-configuration", Firm.page),
        ("/t/oauth2", Firm.page),
        ("/t/oauth2", Firm.file),
        ("/t/oauth2", Firm.user),
        ("/services/oauth2", Firm.query),
    ],
)
def test_a_sign_in_that_cannot_be_read_is_nobodys_fault_but_its_own(
    tmp_path: Path, bad: str, ask: Callable[[Firm], object], other: Answer
) -> None:
    """It stops the run: a mailbox, a file or a row that needed the token is not called broken for it."""
    with firm(tmp_path) as (services, asked):
        services.bad, services.other = bad, other
        with pytest.raises(SignInError):
            ask(asked)
        services.bad = "?never"
        ask(asked)


def test_a_file_that_comes_too_slowly_is_late_and_read_once(tmp_path: Path) -> None:
    """Its own time ends it, before that of the connection: else it would look broken off, and be asked for again."""
    with firm(tmp_path) as (services, asked):
        services.bad, services.other = "$value", itertools.chain([CHUNKED], itertools.repeat(b"1\r\nx\r\n"))
        with pytest.raises(MessageError) as caught:
            asked.file()
        assert "took too long" in caught.value.what
