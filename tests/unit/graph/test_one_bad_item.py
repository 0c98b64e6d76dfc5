"""An item of Graph's that cannot be read: it is named, and what lies beside it comes."""

from typing import Any

import pytest

from connector.errors import BrokenListError, MailboxOutageError
from connector.graph.mail import GraphMail
from connector.model.mail import Header, Listed
from connector.model.values import MessageId
from connector.ports import HeadersCall
from tests.unit.graph.test_mail import ADA, BOX, START, Graph, graph, item, mail, page, started

__all__ = ["graph", "mail"]


@pytest.mark.parametrize("answer", [(200, {"id": "m2"}), (503, {"error": {"code": "ServiceUnavailable"}})])
def test_a_header_that_cannot_be_had_is_named_and_the_others_come(
    graph: Graph, mail: GraphMail, answer: tuple[int, Any]
) -> None:
    """Left out, its window would be closed over it; raised, one bad item would hold up its mailbox."""
    graph.answers["/users/ada/messages/m1"] = (200, item("m1"))
    graph.answers["/users/ada/messages/m2"] = answer
    wanted = tuple((BOX, ADA, MessageId(name)) for name in ("m1", "m2"))
    whole, unread = started(mail, HeadersCall(wanted=wanted, received=(START, START)))
    assert (whole.id, unread.id, unread.received_at, unread.error.transient) == ("m1", "m2", START, True)


def test_headers_none_of_which_comes_are_an_outage_of_the_mailbox(graph: Graph, mail: GraphMail) -> None:
    for name in ("m1", "m2"):
        graph.answers[f"/users/ada/messages/{name}"] = (503, {"error": {"code": "ServiceUnavailable"}})
    wanted = tuple((BOX, ADA, MessageId(name)) for name in ("m1", "m2"))
    with pytest.raises(MailboxOutageError):
        started(mail, HeadersCall(wanted=wanted))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_list_over_which_the_server_stumbles_may_be_read_in_another_way(
    graph: Graph, mail: GraphMail, status: int
) -> None:
    graph.answers["/users/ada/messages"] = (status, {"error": {"code": "InternalServerError"}})
    with pytest.raises(BrokenListError):
        page(mail)


@pytest.mark.parametrize("odd", [{"receivedDateTime": None}, {"subject": 5}, {"isDraft": "no"}, {"from": "ann"}])
def test_a_listed_message_that_cannot_be_read_is_listed_by_its_id(
    graph: Graph, mail: GraphMail, odd: dict[str, Any]
) -> None:
    graph.answers["/users/ada/messages"] = (200, {"value": [item("m1"), {**item("m2"), **odd}]})
    whole, listed = page(mail)
    assert (type(whole), whole.id) == (Header, "m1")
    assert (type(listed), listed.id) == (Listed, "m2")


@pytest.mark.parametrize("status", [500, 504])
def test_a_user_over_whom_the_directory_stumbles_holds_up_nobody_else(
    graph: Graph, mail: GraphMail, status: int
) -> None:
    graph.answers["/users/ada@firm.example"] = (status, {"error": {"code": "InternalServerError"}})
    with pytest.raises(MailboxOutageError):
        mail.find_user(["ada@firm.example"])
