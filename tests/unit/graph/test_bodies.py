"""How bodies and lists of attachments are asked for: in one request if that does, else as the documentation has it."""

from typing import Any

import pytest

from connector.graph.attachments import EXPANDED, LIST_FIELDS, PLAIN_FIELDS
from connector.graph.mail import GraphMail
from connector.model.mail import Attachment, Content
from tests.support.builders import header
from tests.unit.graph.test_mail import ADA, BOX, Graph, graph, mail

__all__ = ["graph", "mail"]

M1 = "/users/ada/messages/m1"
LOGO = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "id": "a1",
    "name": "logo.png",
    "contentType": "image/png",
    "size": 900,
    "isInline": False,
    "contentId": "8A5B@home",
}


def message(**more: Any) -> dict[str, Any]:
    return {"id": "m1", "body": {"contentType": "html", "content": "<p>Hi</p><img src='cid:8A5B@home'>"}, **more}


def got(mail: GraphMail, *, has_attachments: bool = False) -> Content:
    wanted = header(mailbox=BOX, id="m1", has_attachments=has_attachments)
    [(_, content)] = mail.contents([wanted], {BOX: ADA})
    assert isinstance(content, Content)
    return content


def names(content: Content) -> list[str]:
    assert isinstance(content.attachments, tuple)
    return [item.name for item in content.attachments]


def test_the_list_comes_with_the_body_of_a_mail_that_says_it_has_none(graph: Graph, mail: GraphMail) -> None:
    graph.answers[M1] = (200, message(attachments=[LOGO]))
    content = got(mail)
    assert names(content) == ["logo.png"]
    assert len(graph.asked) == 1
    assert graph.options(M1)["$expand"] == EXPANDED
    assert "contentBytes" not in EXPANDED


def test_a_picture_that_the_body_shows_is_marked_and_named(graph: Graph, mail: GraphMail) -> None:
    graph.answers[M1] = (200, message(attachments=[LOGO]))
    content = got(mail)
    assert isinstance(content.attachments, tuple)
    assert [item.is_shown for item in content.attachments] == [True]
    assert "cid:logo.png" in content.html


@pytest.mark.parametrize("refusal", [(400, {"error": {"code": "RequestBroker--ParseUri"}}), (500, {}), (501, {})])
def test_a_service_that_takes_no_expansion_is_asked_for_the_list_by_itself(
    graph: Graph, mail: GraphMail, refusal: tuple[int, Any]
) -> None:
    graph.answers[f"{M1}?$select=id,body,bodyPreview&$expand={EXPANDED}"] = refusal
    graph.answers[M1] = (200, message())
    graph.answers[f"{M1}/attachments"] = (200, {"value": [LOGO]})
    assert names(got(mail)) == ["logo.png"]


def test_a_body_without_a_list_is_no_proof_that_there_are_none(graph: Graph, mail: GraphMail) -> None:
    graph.answers[M1] = (200, message())
    graph.answers[f"{M1}/attachments"] = (200, {"value": [LOGO]})
    assert names(got(mail)) == ["logo.png"]


def test_a_list_that_goes_on_is_read_to_its_end(graph: Graph, mail: GraphMail) -> None:
    link = f"https://graph.firm.example/v1.0{M1}/attachments?$skip=1"
    graph.answers[M1] = (200, message(attachments=[LOGO], **{"attachments@odata.nextLink": link}))
    graph.answers[f"{M1}/attachments?$skip=1"] = (200, {"value": [{**LOGO, "id": "a2", "name": "plan.pdf"}]})
    assert names(got(mail)) == ["logo.png", "plan.pdf"]


def test_where_the_id_of_the_content_is_refused_the_documented_list_is_asked_for(graph: Graph, mail: GraphMail) -> None:
    graph.answers[M1] = (200, message())
    graph.answers[f"{M1}/attachments?$select={LIST_FIELDS}"] = (400, {"error": {"code": "RequestBroker--ParseUri"}})
    graph.answers[f"{M1}/attachments?$select={PLAIN_FIELDS}"] = (200, {"value": [{**LOGO, "contentId": None}]})
    assert names(got(mail, has_attachments=True)) == ["logo.png"]


def test_a_list_that_is_refused_leaves_the_body(graph: Graph, mail: GraphMail) -> None:
    graph.answers[M1] = (200, message())
    graph.answers[f"{M1}/attachments"] = (400, {"error": {"code": "ErrorInvalidRequest"}})
    content = got(mail, has_attachments=True)
    assert content.html
    assert not isinstance(content.attachments, tuple | Attachment)
    assert content.attachments is not None
