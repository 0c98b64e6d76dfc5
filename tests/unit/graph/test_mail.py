"""What is asked of Graph, and what is made of lists, folders and users that are not as they should be."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from responses import RequestsMock

from connector.errors import MailboxError, MailboxOutageError, ServiceError, SetupError
from connector.graph.client import GraphClient
from connector.graph.mail import WELL_KNOWN, GraphMail
from connector.model.mail import Header
from connector.model.org import DirectoryUser
from connector.model.values import FolderId, GraphUserId, MessageId, RecordId
from tests.unit.graph.conftest import URL

BOX, ADA = RecordId("a0M000000000001AAA"), GraphUserId("ada")
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
DENIED = (403, {"error": {"code": "Authorization_RequestDenied", "message": "No."}})
USER = {"id": "ada", "userPrincipalName": "ada@firm.example", "mail": "ada@firm.example"}


class Graph:
    """Answers by path below the version, whatever the query; 404 where nothing is set. `asked` are all addresses."""

    def __init__(self, wire: RequestsMock) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[str] = []
        for method in ("GET", "POST"):
            wire.add_callback(method, re.compile(re.escape(URL)), callback=self._answer)
        for name in WELL_KNOWN:
            self.answers[f"/users/ada/mailFolders/{name}"] = (200, folder(name))

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        path = str(request.url).removeprefix(f"{URL}/v1.0")
        if path != "/$batch":
            status, body = self._found(path)
            return status, {}, json.dumps(body)
        found = []
        for item in json.loads(request.body or "{}")["requests"]:
            status, body = self._found(item["url"])
            found.append({"id": item["id"], "status": status, "body": body})
        return 200, {}, json.dumps({"responses": found})

    def _found(self, path: str) -> tuple[int, Any]:
        self.asked.append(path)
        assert len(self.asked) < 100, "Graph is asked without end"
        missing = (404, {"error": {"code": "ErrorItemNotFound", "message": "None."}})
        return self.answers.get(unquote(path), self.answers.get(unquote(urlsplit(path).path), missing))

    def options(self, start: str) -> dict[str, str]:
        """The query of the only request whose path begins so."""
        [path] = [path for path in self.asked if path.startswith(start)]
        return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def folder(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"id of {name}", "displayName": name, "parentFolderId": "id of msgfolderroot", **fields}


@pytest.fixture
def graph() -> Iterator[Graph]:
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        yield Graph(wire)


@pytest.fixture
def mail(graph: Graph, client: GraphClient) -> Iterator[GraphMail]:
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield GraphMail(client, pool=pool, requests=2)


def page(mail: GraphMail, folder: str | None = None) -> tuple[Header, ...]:
    where = FolderId(folder) if folder is not None else None
    return mail.page(BOX, ADA, START, END, top=50, link=None, folder=where).headers


# -- lists ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [{}, {"value": None}, {"value": {}}])
def test_a_list_without_a_value_is_no_empty_list(graph: Graph, mail: GraphMail, answer: dict[str, Any]) -> None:
    """It would close a window over mail that nobody read."""
    graph.answers["/users/ada/messages"] = (200, answer)
    with pytest.raises(MailboxError) as caught:
        page(mail)
    assert caught.value.code == "BAD_LIST"
    graph.answers["/users/ada/messages"] = (200, {"value": []})
    assert page(mail) == ()


def test_a_list_is_asked_for_in_order_of_received_time_and_with_headers_only(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/messages"] = (200, {"value": []})
    page(mail)
    asked = graph.options("/users/ada/messages")
    assert asked["$orderby"] == "receivedDateTime"
    assert asked["$filter"] == "receivedDateTime ge 2026-03-01T00:00:00Z and receivedDateTime lt 2026-03-02T00:00:00Z"
    assert asked["$top"] == "50"
    assert "internetMessageId" in asked["$select"].split(",")
    assert not {"body", "bodyPreview"} & {*asked["$select"].split(",")}


def test_a_folder_s_list_is_of_that_folder(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/mailFolders/in/box/messages"] = (200, {"value": []})
    page(mail, "in/box")
    assert graph.asked[0].startswith("/users/ada/mailFolders/in%2Fbox/messages?")


def test_a_message_id_may_hold_a_quote(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/messages"] = (200, {"value": []})
    assert mail.find_by_message_id(BOX, ADA, "<o'hara@firm.example>") == ()
    assert graph.options("/users/ada/messages")["$filter"] == "internetMessageId eq '<o''hara@firm.example>'"


def test_a_header_by_id_that_cannot_be_read_fails_alone(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/messages/odd"] = (200, {"id": "odd"})
    [(_, odd)] = mail.headers([(BOX, ADA, MessageId("odd"))])
    assert not isinstance(odd, Header)
    assert odd.code == "BAD_ITEM"


# -- folders --------------------------------------------------------------------------------------------------------


def test_folders_that_were_removed_are_none(graph: Graph, mail: GraphMail) -> None:
    removed = {"id": "gone", "@removed": {"reason": "deleted"}}
    graph.answers["/users/ada/mailFolders/delta"] = (200, {"value": [folder("clients"), removed]})
    tree = mail.folders(ADA)
    assert {"id of clients", "id of drafts"} <= tree.folders.keys()
    assert "gone" not in tree.folders


def test_a_well_known_folder_that_a_mailbox_lacks_is_left_out(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/mailFolders/delta"] = (200, {"value": [folder("syncissues")]})
    del graph.answers["/users/ada/mailFolders/conversationhistory"]
    tree = mail.folders(ADA)
    assert "id of conversationhistory" not in tree.folders
    assert tree.folders[FolderId("id of syncissues")].well_known == "syncissues"
    graph.answers["/users/ada/mailFolders/outbox"] = (403, {"error": {"code": "ErrorAccessDenied"}})
    with pytest.raises(MailboxError) as caught:
        mail.folders(ADA)
    assert caught.value.code == "ACCESS_DENIED"


def test_further_pages_of_folders_are_read_and_a_list_that_leads_back_is_an_error(
    graph: Graph, mail: GraphMail
) -> None:
    def more(number: int) -> dict[str, Any]:
        return {"@odata.nextLink": f"{URL}/v1.0/users/ada/mailFolders/delta?$skiptoken={number}"}

    first = {"value": [folder("one")], **more(1)}
    graph.answers["/users/ada/mailFolders/delta"] = (200, first)
    second = "/users/ada/mailFolders/delta?$skiptoken=1"
    graph.answers[second] = (200, {"value": [folder("two")]})
    assert {"id of one", "id of two"} <= mail.folders(ADA).folders.keys()
    graph.answers[second] = (200, {"value": [folder("two")], **more(1)})
    with pytest.raises(MailboxError) as caught:
        mail.folders(ADA)
    assert caught.value.code == "LINK_LOOP"


def test_a_single_folder_is_there_or_not_or_refused(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/mailFolders/a/b"] = (200, folder("a/b"))
    found = mail.folder(ADA, FolderId("a/b"))
    assert found is not None
    assert found.name == "a/b"
    assert mail.folder(ADA, FolderId("none")) is None
    graph.answers["/users/ada/mailFolders/busy"] = (503, {"error": {"code": "ServiceUnavailable"}})
    with pytest.raises(MailboxOutageError):
        mail.folder(ADA, FolderId("busy"))


# -- users ----------------------------------------------------------------------------------------------------------


def test_an_address_may_hold_a_quote_and_is_looked_for_among_the_aliases(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users"] = (200, {"value": []})
    assert mail.has_user("o'hara@firm.example") is False
    literal = "o''hara@firm.example"
    wanted = f"mail eq '{literal}' or proxyAddresses/any(p:p eq 'smtp:{literal}')"
    assert graph.options("/users?")["$filter"] == wanted


def test_whether_there_is_a_user_or_nobody_may_say(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users"] = (200, {"value": [USER]})
    assert mail.has_user("ada@firm.example") is True
    graph.answers["/users"] = DENIED
    assert mail.has_user("ada@firm.example") is None


def test_the_first_name_is_a_upn_or_an_address_the_others_addresses_only(graph: Graph, mail: GraphMail) -> None:
    graph.answers |= {"/users/ada@firm.example": (200, USER), "/users": (200, {"value": []})}
    graph.answers["/users/ada/mailboxSettings/userPurpose"] = (200, {"value": "user"})
    found = mail.find_user(["ada@firm.example"])
    assert found is not None
    assert (found.id, found.purpose) == ("ada", "user")
    assert mail.find_user(["other@firm.example", "ada@firm.example"]) is None


@pytest.mark.parametrize("status", [400, 404])
def test_a_name_that_is_no_upn_is_looked_for_as_an_address(graph: Graph, mail: GraphMail, status: int) -> None:
    graph.answers["/users/ada@firm.example"] = (status, {"error": {"code": "BadRequest"}})
    graph.answers["/users"] = (200, {"value": [USER]})
    graph.answers["/users/ada/mailboxSettings/userPurpose"] = (200, {"value": "shared"})
    found = mail.find_user(["ada@firm.example"])
    assert found is not None
    assert found.purpose == "shared"


def test_a_purpose_that_may_not_be_asked_is_none_and_any_other_refusal_is_told(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada@firm.example"] = (200, USER)
    purpose = "/users/ada/mailboxSettings/userPurpose"
    graph.answers[purpose] = (403, {"error": {"code": "ErrorAccessDenied"}})
    found = mail.find_user(["ada@firm.example"])
    assert found is not None
    assert found.purpose == ""
    graph.answers[purpose] = (503, {"error": {"code": "ServiceUnavailable"}})
    with pytest.raises(MailboxOutageError):
        mail.find_user(["ada@firm.example"])


def test_a_directory_that_is_refused_or_broken_stops_the_run(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada@firm.example"] = DENIED
    with pytest.raises(SetupError):
        mail.find_user(["ada@firm.example"])
    del graph.answers["/users/ada@firm.example"]
    graph.answers["/users"] = (418, {"error": {"code": "Teapot"}})
    with pytest.raises(ServiceError):
        mail.find_user(["ada@firm.example"])


def test_a_person_who_may_not_read_the_directory_is_found_by_the_own_address_only(
    graph: Graph, client: GraphClient
) -> None:
    names = {"mail": "Ada@firm.example", "user_principal_name": "ada@firm.example"}
    own = DirectoryUser(id=ADA, addresses=(), purpose="", **names)
    graph.answers["/users/ada@firm.example"] = graph.answers["/users/bob@firm.example"] = DENIED
    with ThreadPoolExecutor(max_workers=1) as pool:
        mail = GraphMail(client, pool=pool, requests=1, person=lambda: own)
        assert mail.find_user(["ada@firm.example"]) is own
        with pytest.raises(MailboxError) as caught:
            mail.find_user(["bob@firm.example"])
    assert caught.value.code == "DIRECTORY"
