"""What takes too long: it stays with its mailbox or message, whoever asks and however many are asked for at once."""

import json
import re
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import requests
from responses import RequestsMock

from connector.engine.report import RunReport
from connector.errors import MailboxError, MailboxOutageError, MessageError, UnreachableError
from connector.graph.client import GraphClient
from connector.graph.dispatch import RequestDispatcher
from connector.graph.mail import GraphMail
from connector.graph.queries import header_request
from connector.model.mail import Content, Header
from connector.model.run import WindowKind
from connector.model.values import GraphUserId, MessageId, RecordId
from connector.ports import CountCall, HeadersCall, PageCall, SourceCall, TreeCall
from tests.support.builders import at, header
from tests.support.fakes import FakeTenant
from tests.support.firm import Firm
from tests.unit.graph.conftest import URL

BOX, ADA = RecordId("a0M000000000001AAA"), GraphUserId("ada")
LIST = {"mailbox": BOX, "user": ADA, "kind": WindowKind.LIVE, "start": at(days=-1), "end": at(), "top": 50}


class SlowGraph:
    """No answer comes in time to what is asked for at a `slow` address, nor to a $batch with one of them."""

    def __init__(self, wire: RequestsMock) -> None:
        #: a regular expression; all paths at first
        self.slow = ""
        self.error: Exception = requests.ReadTimeout()
        for method in ("GET", "POST"):
            wire.add_callback(method, re.compile(re.escape(URL)), callback=self._answer)

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        path = urlsplit(str(request.url)).path.removeprefix("/v1.0")
        is_batch = path == "/$batch"
        paths = [item["url"] for item in json.loads(request.body or "{}")["requests"]] if is_batch else [path]
        if any(re.search(self.slow, each) for each in paths):
            raise self.error
        bodies = [_message(each) for each in paths]
        found = [{"id": str(number), "status": 200, "body": body} for number, body in enumerate(bodies, start=1)]
        return 200, {}, json.dumps({"responses": found} if is_batch else bodies[0])


def _message(path: str) -> dict[str, Any]:
    """A message of that id; as a list it is empty."""
    return {
        "value": [],
        "id": urlsplit(path).path.rpartition("/")[2],
        "parentFolderId": "inbox",
        "receivedDateTime": "2026-03-01T08:00:00Z",
        "body": {"contentType": "html", "content": "<p>Dear client</p>"},
    }


@pytest.fixture
def graph() -> Iterator[SlowGraph]:
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        yield SlowGraph(wire)


@pytest.fixture
def mail(graph: SlowGraph, dispatcher: RequestDispatcher) -> GraphMail:
    return GraphMail(dispatcher)


def told(mail: GraphMail, call: SourceCall[Any]) -> Any:
    """What a call is answered with."""
    answers: SimpleQueue[Any] = SimpleQueue()
    mail.start(call, answers.put)
    return answers.get(timeout=30)


def is_late(answer: object) -> bool:
    """Whether it is an error of this message alone that is worth another try."""
    return isinstance(answer, MessageError) and answer.transient and "did not answer" in answer.what


def heard(graph: SlowGraph, mail: GraphMail) -> GraphMail:
    """Graph has answered something before it was slow."""
    graph.slow = "nothing is slow"
    told(mail, PageCall(**{**LIST, "user": GraphUserId("bob")}))
    graph.slow = ""
    return mail


# -- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 9])
def test_bodies_that_do_not_come_in_time_fail_message_by_message(graph: SlowGraph, mail: GraphMail, count: int) -> None:
    wanted = [header(mailbox=BOX, id=f"m{number}") for number in range(count)]
    found = dict(heard(graph, mail).contents(wanted, {BOX: ADA}))
    assert found.keys() == {*wanted}
    assert all(is_late(answer) for answer in found.values())


@pytest.mark.parametrize("count", [1, 2, 9])
def test_headers_that_do_not_come_in_time_fail_message_by_message(
    graph: SlowGraph, mail: GraphMail, count: int
) -> None:
    found = list(heard(graph, mail).headers([(BOX, ADA, MessageId(f"m{number}")) for number in range(count)]))
    assert len(found) == count
    assert all(is_late(answer) for _, answer in found)


def test_lists_of_attachments_that_do_not_come_in_time_fail_message_by_message(
    graph: SlowGraph, mail: GraphMail
) -> None:
    wanted = [header(mailbox=BOX, id=f"m{number}", has_attachments=True) for number in range(2)]
    assert all(is_late(answer) for _, answer in heard(graph, mail).attachments(wanted, {BOX: ADA}))


def test_one_slow_message_takes_no_other_with_it(graph: SlowGraph, mail: GraphMail) -> None:
    graph.slow = "/slow"
    wanted = [header(mailbox=BOX, id=name) for name in ("m1", "slow", "m2")]
    found = {each.id: answer for each, answer in mail.contents(wanted, {BOX: ADA})}
    assert is_late(found.pop(MessageId("slow")))
    assert [type(answer) for answer in found.values()] == [Content, Content]
    headers = {place[2]: answer for place, answer in mail.headers([(BOX, ADA, each.id) for each in wanted])}
    assert is_late(headers.pop(MessageId("slow")))
    assert [type(answer) for answer in headers.values()] == [Header, Header]


def test_after_a_batch_of_one_that_timed_out_it_is_asked_for_alone(graph: SlowGraph, mail: GraphMail) -> None:
    graph.slow = r"\$select"  # the query is part of an address in a $batch only
    [(_, answer)] = mail.contents([header(mailbox=BOX, id="m1")], {BOX: ADA})
    assert isinstance(answer, Content)


def test_a_lost_connection_is_of_the_service_and_stops_the_run(graph: SlowGraph, mail: GraphMail) -> None:
    graph.error = requests.ConnectionError("reset")
    for count in (1, 2):
        wanted = [header(mailbox=BOX, id=f"m{number}") for number in range(count)]
        with pytest.raises(UnreachableError):
            list(mail.contents(wanted, {BOX: ADA}))
    with pytest.raises(UnreachableError):
        mail.folders(ADA)
    with pytest.raises(UnreachableError):
        mail.has_user("ada@firm.example")


# -- mailboxes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        PageCall(**LIST),
        PageCall(**LIST, with_tree=True),
        TreeCall(user=ADA, kind=WindowKind.LIVE),
        HeadersCall(wanted=tuple((BOX, ADA, MessageId(name)) for name in ("m1", "m2"))),
    ],
    ids=["page", "page with tree", "tree", "headers"],
)
def test_a_mailbox_that_does_not_answer_in_time_is_out_of_order_and_the_run_goes_on(
    mail: GraphMail, call: SourceCall[Any]
) -> None:
    """Where all of them are, the run stops: so it has to be an outage, not any error of a mailbox."""
    assert isinstance(told(mail, call), MailboxOutageError)


def test_a_tree_that_does_not_come_in_time_is_raised_to_whoever_waits_for_it(mail: GraphMail) -> None:
    with pytest.raises(MailboxOutageError) as caught:
        mail.folders(ADA)
    assert "user ada" in caught.value.where


def test_a_count_that_does_not_come_in_time_is_no_hint(mail: GraphMail) -> None:
    assert told(mail, CountCall(user=ADA, kind=WindowKind.BACKFILL, start=at(days=-1), end=at())) is None


def test_an_answer_that_did_not_come_was_served_before_all_windows(client: GraphClient, graph: SlowGraph) -> None:
    """A time of now would let a window be taken as read to its end."""
    response, served = client.send_get(header_request(ADA, MessageId("m1")))
    assert response.status == 504
    assert served < at(days=-20 * 365)


def slow_run(mail: GraphMail) -> RunReport:
    """A run of a firm with two mailboxes, on this Graph."""
    firm = Firm()
    firm.tenant = cast("FakeTenant", mail)
    return firm.sync()


def test_a_run_goes_on_without_the_mailbox_that_does_not_answer_in_time(graph: SlowGraph, mail: GraphMail) -> None:
    graph.slow = "users/ada"
    report = slow_run(mail)
    assert report.failure is None
    assert (report.mailboxes_read, report.mailboxes_failed) == (1, 1)
    assert [told.partition(":")[0] for told in report.failing] == ["ada@firm.example"]


def test_a_run_to_which_no_mailbox_answers_in_time_is_stopped(mail: GraphMail) -> None:
    report = slow_run(mail)
    assert report.failure is not None
    assert "answered none of" in report.failure.what


@pytest.mark.parametrize("count", [40, 200])
def test_a_mailbox_that_hangs_after_its_mail_was_listed_costs_no_more_for_more_mail(
    graph: SlowGraph, mail: GraphMail, count: int
) -> None:
    wanted = [header(mailbox=BOX, id=f"m{number}") for number in range(count)]
    found = dict(heard(graph, mail).contents(wanted, {BOX: ADA}))
    assert len(found) == count
    assert all(is_late(answer) for answer in found.values())
    assert mail.calls < 60  # some bundles and some messages with all their attempts, as many as were under way


def test_a_mailbox_that_hangs_leaves_the_others_alone(graph: SlowGraph, mail: GraphMail) -> None:
    heard(graph, mail)
    graph.slow = "/ada/"
    other = RecordId("a0M000000000002AAA")
    wanted = [header(mailbox=box, id=f"m{number}") for number in range(20) for box in (BOX, other)]
    found = list(mail.contents(wanted, {BOX: ADA, other: GraphUserId("bob")}))
    assert sum(isinstance(answer, Content) for _, answer in found) == 20


def test_a_graph_that_answers_no_message_at_all_stops_a_run_of_retries(mail: GraphMail) -> None:
    """It reads nothing else, and each attempt would count for its message."""
    with pytest.raises(UnreachableError, match="answered none of"):
        list(mail.headers([(BOX, ADA, MessageId(f"m{number}")) for number in range(200)]))
    assert mail.calls < 60


# -- the directory ----------------------------------------------------------------------------------------------------


def test_a_directory_that_does_not_answer_in_time_cannot_be_asked(mail: GraphMail) -> None:
    assert mail.has_user("ada@firm.example") is None
    assert mail.addresses(ADA) is None


def test_an_address_elsewhere_is_the_fault_of_the_mailbox_whose_answer_named_it(client: GraphClient) -> None:
    for elsewhere in ("https://evil.example/v1.0/users/ada/messages", "https://evil.example\\@graph.example/v1.0/x"):
        with pytest.raises(MailboxError, match="on another host") as caught:
            client.get(ADA, elsewhere)
        assert caught.value.code == "FOREIGN_HOST"
