"""What is asked of Graph, and what is made of lists, folders and users that are not as they should be."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from responses import RequestsMock

from connector.errors import (
    BrokenListError,
    ConnectorError,
    MailboxError,
    MailboxOutageError,
    MailboxUnavailableError,
    ServiceError,
    SetupError,
)
from connector.graph.dispatch import RequestDispatcher
from connector.graph.mail import GraphMail
from connector.graph.queries import WELL_KNOWN
from connector.model.mail import Header, Listed
from connector.model.org import DirectoryUser
from connector.model.run import WindowKind
from connector.model.values import FolderId, GraphUserId, MessageId, RecordId
from connector.ports import CountCall, HeadersCall, PageCall, SourceCall
from tests.unit.graph.conftest import URL

T = TypeVar("T")
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
def mail(graph: Graph, dispatcher: RequestDispatcher) -> GraphMail:
    return GraphMail(dispatcher)


def page(mail: GraphMail, folder: str | None = None) -> tuple[Header, ...]:
    where = FolderId(folder) if folder is not None else None
    return mail.page(BOX, ADA, START, END, top=50, link=None, folder=where).headers


# -- lists ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"value": None},
        {"value": {}},
        {"value": [None]},
        {"value": [{"subject": "no id"}]},
        {"value": [{"id": 5}]},
        {"value": [], "@odata.nextLink": 5},
        {"value": [], "@odata.nextLink": ""},
    ],
)
def test_a_list_without_a_value_is_no_empty_list(graph: Graph, mail: GraphMail, answer: dict[str, Any]) -> None:
    """It would close a window over mail that nobody read."""
    graph.answers["/users/ada/messages"] = (200, answer)
    with pytest.raises(BrokenListError):
        page(mail)
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


# -- calls that nobody waits for ---------------------------------------------------------------------------------------


def page_call(**fields: Any) -> PageCall:
    known = {"mailbox": BOX, "user": ADA, "kind": WindowKind.BACKFILL, "start": START, "end": END, "top": 50}
    return PageCall(**{**known, **fields})


def started(mail: GraphMail, call: SourceCall[T]) -> T:
    """What a call is answered with, in a thread of the dispatcher. Raises where that is an error."""
    told: SimpleQueue[T | BaseException] = SimpleQueue()
    mail.start(call, told.put)
    answer = told.get(timeout=30)
    if isinstance(answer, BaseException):
        raise answer
    return answer


def item(name: str) -> dict[str, Any]:
    return {"id": name, "parentFolderId": "inbox", "receivedDateTime": "2026-03-01T08:00:00Z"}


def test_a_page_of_ids_asks_for_ids_and_times_alone(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/messages"] = (200, {"value": [item("m1")]})
    found = started(mail, page_call(ids_only=True, top=1000))
    assert found.headers == (Listed(id=MessageId("m1"), received_at=datetime(2026, 3, 1, 8, tzinfo=UTC)),)
    asked = graph.options("/users/ada/messages")
    assert (asked["$select"], asked["$top"]) == ("id,receivedDateTime", "1000")


def test_a_page_may_bring_the_tree_along_in_one_request(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/messages"] = (200, {"value": [item("m1")]})
    graph.answers["/users/ada/mailFolders/delta"] = (200, {"value": [folder("clients")]})
    found = started(mail, page_call(with_tree=True))
    assert [header.id for header in found.headers] == ["m1"]
    assert found.tree is not None
    assert {"id of clients", "id of msgfolderroot"} <= found.tree.folders.keys()
    assert mail.calls == 1
    assert started(mail, page_call()).tree is None


def test_the_page_behind_a_link_is_that_of_the_link(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/messages?$skip=50"] = (200, {"value": [item("m2")]})
    found = started(mail, page_call(link=f"{URL}/v1.0/users/ada/messages?$skip=50"))
    assert [header.id for header in found.headers] == ["m2"]
    assert graph.asked == ["/users/ada/messages?$skip=50"]


def test_a_link_to_another_host_is_refused_by_name_and_no_token_goes_there(graph: Graph, mail: GraphMail) -> None:
    with pytest.raises(ConnectorError) as caught:
        started(mail, page_call(link="https://elsewhere.example/v1.0/users/ada/messages"))
    assert "elsewhere.example" in str(caught.value)
    assert graph.asked == []


def test_a_folder_that_went_away_holds_nothing_and_a_mailbox_that_did_is_an_error(
    graph: Graph, mail: GraphMail
) -> None:
    found = started(mail, page_call(folder=FolderId("gone"), kind=WindowKind.SWEEP))
    assert (found.headers, found.link) == ((), None)
    unserved = (404, {"error": {"code": "MailboxNotEnabledForRESTAPI"}})
    graph.answers["/users/ada/mailFolders/gone/messages"] = unserved
    with pytest.raises(MailboxUnavailableError):
        started(mail, page_call(folder=FolderId("gone"), kind=WindowKind.SWEEP))


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ((200, {"@odata.count": 7, "value": []}), 7),
        ((200, {"@odata.count": 0, "value": []}), 0),
        ((200, {"@odata.count": -1, "value": []}), None),
        ((200, {"@odata.count": "7", "value": []}), None),
        ((200, {"value": []}), None),
        ((400, {"error": {"code": "BadRequest"}}), None),
        ((503, {"error": {"code": "ServiceUnavailable"}}), None),
    ],
)
def test_a_count_is_a_hint_and_whatever_ails_it_is_none(
    graph: Graph, mail: GraphMail, answer: tuple[int, Any], count: int | None
) -> None:
    graph.answers["/users/ada/messages"] = answer
    assert started(mail, CountCall(user=ADA, kind=WindowKind.BACKFILL, start=START, end=END)) == count
    assert {"$count", "$filter"} <= graph.options("/users/ada/messages").keys() if answer[0] != 503 else True


def test_headers_are_answered_together_without_what_is_gone(graph: Graph, mail: GraphMail) -> None:
    wanted = tuple((BOX, ADA, MessageId(name)) for name in ("m1", "gone", "m2"))
    for name in ("m1", "m2"):
        graph.answers[f"/users/ada/messages/{name}"] = (200, item(name))
    assert sorted(header.id for header in started(mail, HeadersCall(wanted=wanted))) == ["m1", "m2"]


def test_a_mailbox_that_denies_access_is_told_to_whoever_started_the_call(graph: Graph, mail: GraphMail) -> None:
    graph.answers["/users/ada/messages"] = (403, {"error": {"code": "ErrorAccessDenied"}})
    for call in (page_call(), page_call(with_tree=True)):
        with pytest.raises(MailboxError) as caught:
            started(mail, call)
        assert caught.value.code == "ACCESS_DENIED"


def test_what_is_no_call_of_this_source_is_refused(mail: GraphMail) -> None:
    class OtherCall(SourceCall[int]):
        pass

    with pytest.raises(TypeError, match="OtherCall"):
        mail.start(OtherCall(), lambda _: None)


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
    graph: Graph, dispatcher: RequestDispatcher
) -> None:
    names = {"mail": "Ada@firm.example", "user_principal_name": "ada@firm.example"}
    own = DirectoryUser(id=ADA, addresses=(), purpose="", **names)
    graph.answers["/users/ada@firm.example"] = graph.answers["/users/bob@firm.example"] = DENIED
    mail = GraphMail(dispatcher, person=lambda: own)
    assert mail.find_user(["ada@firm.example"]) is own
    with pytest.raises(MailboxError) as caught:
        mail.find_user(["bob@firm.example"])
    assert caught.value.code == "DIRECTORY"
