"""Addresses that a service names: what is checked is what is sent, and no token reaches another host.

A second server with a certificate that is trusted stands for the other host: it would notice.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import trustme
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connector.errors import ConnectorError, ServiceError, UsageError
from connector.graph.auth import ApplicationToken
from connector.graph.client import GraphClient
from connector.graph.dispatch import RequestDispatcher
from connector.graph.mail import GraphMail
from connector.http.address import ForeignAddressError, Origin
from connector.http.transport import ServiceClient, Transport
from connector.model.values import GraphUserId, RecordId
from connector.salesforce.auth import ClientCredentials, SalesforceToken
from connector.salesforce.client import SalesforceClient
from tests.support.lying import Answer, Asked, LyingServer, reply

TOKEN = "TOP-SECRET"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Tokens:
    def token(self) -> str:
        return TOKEN

    def drop(self, token: str) -> None:
        raise AssertionError("nobody refused it")


@dataclass
class Stage:
    """Our own service, the other host, and a transport that trusts both."""

    good: LyingServer
    evil: LyingServer
    transport: Transport
    #: the body that our service answers with, by what the path has in it
    bodies: dict[str, bytes]
    head: list[str]

    @property
    def service(self) -> ServiceClient:
        return self.transport.service("Graph", self.good.url, token=Tokens())

    def fill(self, template: str) -> str:
        return template.replace("GOOD", str(self.good.port)).replace("EVIL", str(self.evil.port))

    def clear(self) -> None:
        self.good.asked.clear()
        self.evil.asked.clear()
        self.bodies.clear()
        self.head.clear()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("hosts")
    authority = trustme.CA()
    bodies: dict[str, bytes] = {}
    head: list[str] = []

    def answer(asked: Asked) -> Answer:
        found = next((body for part, body in bodies.items() if part in asked.line), b'{"records":[],"done":true}')
        return [reply(found, status="302 Found" if head else "200 OK", headers=[*head, "Connection: close"])]

    with (
        LyingServer(folder, answer, authority=authority) as good,
        LyingServer(folder, lambda _: [reply(b"{}")], authority=authority) as evil,
        Transport(ca_file=str(good.ca_file), timeout=10, max_attempts=1, sleep=lambda _: None) as transport,
    ):
        yield Stage(good, evil, transport, bodies, head)


HOSTILE = [
    "https://localhost:EVIL/x",
    "https://localhost:EVIL\\@localhost:GOOD/x",
    "https://localhost:GOOD\\@localhost:EVIL/x",
    "https://localhost:GOOD@localhost:EVIL/x",
    "https://localhost:EVIL@localhost:GOOD/x",
    "https://user:secret@localhost:GOOD/x",
    "https://localhost:EVIL#@localhost:GOOD/x",
    "https://localhost:EVIL?@localhost:GOOD/x",
    "https://localhost:EVIL;@localhost:GOOD/x",
    "https://localhost:EVIL%2f@localhost:GOOD/x",
    "https://localhost:GOOD%40localhost:EVIL/x",
    "https://localhost%3aEVIL/x",
    "https://%6cocalhost:GOOD/x",
    "https://lo\u0441alhost:GOOD/x",  # a Cyrillic letter
    "https://\uff4cocalhost:GOOD/x",  # a wide letter, which becomes a plain one
    "https://localhost\u3002:GOOD/x",
    "https://localhost:GOOD\t@localhost:EVIL/x",
    "https://localhost:EVIL\n@localhost:GOOD/x",
    "https://localhost:GOOD\r\nHost: evil/x",
    "https:\\\\localhost:EVIL/x",
    "https:/localhost:EVIL/x",
    "https:localhost:EVIL/x",
    "//localhost:EVIL/x",
    "/\\localhost:EVIL/x",
    "\\\\localhost:EVIL/x",
    " https://localhost:EVIL/x",
    "http://localhost:GOOD/x",
    "ftp://localhost:GOOD/x",
    "file:///etc/passwd",
    "https://[::1]@localhost:GOOD/x",
    "https://localhost:/x",
    "https://localhost:0/x",
    "https://localhost:99999/x",
    "https://127.0.0.1:GOOD/x",
    "https://localhost.:GOOD/x",
    "",
    "x",
]


@pytest.mark.parametrize("template", HOSTILE)
def test_an_odd_address_is_refused_by_name_and_never_asked(stage: Stage, template: str) -> None:
    stage.clear()
    with pytest.raises(ServiceError, match="tokens go to its own host only") as caught:
        stage.service.request("GET", stage.fill(template))
    assert (stage.good.asked, stage.evil.asked) == ([], [])
    assert "secret" not in str(caught.value)
    assert str(caught.value).isascii()


@pytest.mark.parametrize(
    ("template", "sent"),
    [
        ("https://localhost:GOOD/x?a=b", "/x?a=b"),
        ("HTTPS://LOCALHOST:GOOD/x", "/x"),
        ("https://localhost:GOOD", "/"),
        ("https://localhost:GOOD?x", "/?x"),
        ("https://localhost:GOOD/x#y", "/x"),
        ("https://localhost:GOOD//localhost:EVIL/x", "//localhost:EVIL/x"),
        ("https://localhost:GOOD/@localhost:EVIL/x", "/@localhost:EVIL/x"),
        ("/x?$filter=a ge b", "/x?$filter=a%20ge%20b"),
        ("/x?a=%5C%40localhost:EVIL", "/x?a=%5C%40localhost:EVIL"),
        ("/\u00fc", "/%C3%BC"),
    ],
)
def test_an_address_of_the_own_host_is_asked(stage: Stage, template: str, sent: str) -> None:
    stage.clear()
    assert stage.service.request("GET", stage.fill(template)).status_code == 200
    [asked] = stage.good.asked
    assert asked.line == f"GET {stage.fill(sent)} HTTP/1.1"
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["host"] == f"localhost:{stage.good.port}"
    assert stage.evil.asked == []


# fmt: off
PARTS = st.sampled_from([
    "https:", "http:", "HTTPS:", "/", "//", "\\", "@", ":", ";", "?", "#", "%", "%2f", "%5c", "%40", "%00", "\t", "\n",
    " ", "\u3002", "\uff0f", "\uff20", "\u200b", ".", "[::1]", "user", "localhost", "localhost:EVIL", "localhost:GOOD",
    "127.0.0.1:EVIL", "localhost:EVIL/", "@localhost:EVIL", "\\@localhost:EVIL", ":EVIL", "x", "https://localhost:GOOD",
    "https://localhost:EVIL",
])
# fmt: on


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(PARTS, max_size=7))
@example(parts=["https://localhost:EVIL", "\\", "@localhost:GOOD", "/"])
def test_whatever_is_asked_is_asked_of_the_own_host(stage: Stage, parts: list[str]) -> None:
    stage.clear()
    with suppress(ServiceError):
        stage.service.request("GET", stage.fill("".join(parts)))
    assert stage.evil.asked == []


@given(url=st.text() | st.lists(PARTS, max_size=7).map("".join))
def test_an_address_is_of_the_origin_or_refused(url: str) -> None:
    origin = Origin("localhost", 443)
    with suppress(ForeignAddressError):
        assert origin.address(url).startswith("https://localhost/")


@pytest.mark.parametrize("url", [None, 7, b"/x", ["/x"], {"a": 1}])
def test_an_address_that_is_no_text_is_refused(url: object) -> None:
    with pytest.raises(ForeignAddressError):
        Origin("localhost", 443).address(url)


@pytest.mark.parametrize("url", ["https://u@graph.firm.example", "http://graph.firm.example", "graph.firm.example"])
def test_a_service_with_an_odd_address_is_a_fault_of_the_configuration(stage: Stage, url: str) -> None:
    with pytest.raises(UsageError, match=r"named_credentials\.X"):
        stage.transport.service("X", url, setting="named_credentials.X")


# -- every place where an answer names an address ----------------------------------------------------------------------


def list_page(stage: Stage, link: str) -> None:
    with RequestDispatcher(GraphClient(stage.service), workers=1) as dispatcher:
        GraphMail(dispatcher).page(RecordId("m"), GraphUserId("u"), NOW, NOW, top=10, link=link)


def attachments(stage: Stage, link: str) -> None:
    from connector.graph.attachments import read_list
    from connector.http.subrequest import SubResponse

    answer = SubResponse(status=200, body={"value": [], "@odata.nextLink": link})
    read_list(GraphClient(stage.service), GraphUserId("u"), answer)


def rest_of_a_query(stage: Stage, link: str) -> None:
    org = SalesforceClient(stage.service, SalesforceToken(stage.service, ClientCredentials("k", "s")), version="66.0")
    stage.bodies["/services/oauth2/token"] = (
        b'{"access_token":"T","instance_url":"%s","id":"https://x/id/00D000000000001AAA/005000000000001AAA"}'
        % stage.evil.url.encode()
    )
    list(org.records({"records": [], "done": False, "nextRecordsUrl": link}))


def location(stage: Stage, link: str) -> None:
    if any(ord(letter) < 32 or ord(letter) > 255 for letter in link):
        return  # no header holds that
    stage.head[:] = [f"Location: {link}"]
    stage.service.request("GET", "/x")


def token_endpoint(stage: Stage, link: str) -> None:
    import json

    stage.bodies["openid-configuration"] = json.dumps(
        {"authorization_endpoint": stage.good.url, "token_endpoint": link, "issuer": f"{stage.good.url}/t"}
    ).encode()
    entra = stage.transport.service("Microsoft Entra", stage.good.url)
    ApplicationToken(
        client_id="c",
        credential="TOP-SECRET",
        authority=f"{stage.good.url}/t",
        graph_url=stage.good.url,
        session=entra.session(idempotent=True),
    ).token()


@pytest.mark.parametrize("ask", [list_page, attachments, rest_of_a_query, location, token_endpoint])
@pytest.mark.parametrize("template", HOSTILE[:-2])
def test_no_answer_leads_to_another_host(stage: Stage, ask: object, template: str) -> None:
    stage.clear()
    with suppress(ConnectorError):
        ask(stage, stage.fill(template))  # type: ignore[operator]
    assert stage.evil.asked == []
    assert len(stage.good.asked) <= 2


def test_the_address_that_a_sign_in_names_is_not_used(stage: Stage) -> None:
    stage.clear()
    with suppress(ServiceError):
        rest_of_a_query(stage, "/services/data/v66.0/query/01g-2000")
    assert [asked.line.split()[1] for asked in stage.good.asked] == [
        "/services/oauth2/token",
        "/services/data/v66.0/query/01g-2000",
    ]
    assert stage.evil.asked == []
