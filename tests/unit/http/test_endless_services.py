"""Each kind of answer of both services and of the two sign-ins, as the product asks for it, when it never ends.

It is the failure of whom it belongs to, and the next request is answered.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.errors import MailboxOutageError, MessageError, UnreachableError
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
    url = ""

    def answer(self, asked: Asked) -> Answer:
        if self.bad in asked.line:
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
    ("openid-configuration", Firm.page, UnreachableError),
    ("/t/oauth2", Firm.page, UnreachableError),
    ("/messages?", Firm.page, MailboxOutageError),
    ("/$batch", Firm.tree, MailboxOutageError),
    ("/$batch", Firm.page_with_tree, MailboxOutageError),
    ("/users", Firm.user, MailboxOutageError),
    ("/services/oauth2", Firm.query, UnreachableError),
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
        services.bad = "/v1.0/"
        with pytest.raises(MessageError) as caught:
            asked.contents()
        assert caught.value.transient
