"""What goes into a $batch, and what came out of it."""

from typing import Any

import pytest

from connector.graph.batch import MailboxRequest, answers_of, body_of
from connector.http.subrequest import SubResponse


def ask(user: str, number: int = 0) -> MailboxRequest:
    return MailboxRequest(user=user, url=f"/users/{user}/messages/{number}", prefer='IdType="ImmutableId"')


def test_each_request_carries_its_own_preference() -> None:
    body = body_of(
        [ask("a", 1), MailboxRequest(user="b", url="/users/b/mailFolders/delta", prefer="odata.maxpagesize=500")]
    )
    assert body == {
        "requests": [
            {
                "id": "1",
                "method": "GET",
                "url": "/users/a/messages/1",
                "headers": {"Prefer": 'IdType="ImmutableId"'},
            },
            {
                "id": "2",
                "method": "GET",
                "url": "/users/b/mailFolders/delta",
                "headers": {"Prefer": "odata.maxpagesize=500"},
            },
        ]
    }


def test_a_chain_is_wholly_sequential() -> None:
    items = body_of([ask("a", number) for number in range(3)], chained=True)["requests"]
    assert [item.get("dependsOn") for item in items] == [None, ["1"], ["2"]]


def test_answers_are_put_in_the_order_of_the_requests() -> None:
    wire = {"responses": [{"id": "3", "status": 404}, {"id": "1", "status": 200, "body": {"value": []}}]}
    assert answers_of(3, wire) == [SubResponse(status=200, body={"value": []}), None, SubResponse(status=404, body={})]


@pytest.mark.parametrize(
    "item",
    [
        {"id": "0", "status": 200},
        {"id": "2", "status": 200},
        {"id": "x", "status": 200},
        {"id": "1"},
        {"status": 200},
        {"id": "1", "status": None},
    ],
)
def test_an_answer_that_belongs_to_nothing_is_no_answer(item: dict[str, object]) -> None:
    assert answers_of(1, {"responses": [item]}) == [None]


@pytest.mark.parametrize("wire", [{}, {"responses": None}, {"responses": []}])
def test_no_answers_at_all(wire: dict[str, object]) -> None:
    assert answers_of(2, wire) == [None, None]


@pytest.mark.parametrize("body", ["cGFnZQ==", None, [], 5])
def test_an_answer_with_nothing_to_show_is_asked_for_again_and_a_refusal_needs_no_body(body: Any) -> None:
    """200 and no object would be taken for a mail without a body."""
    assert answers_of(1, {"responses": [{"id": "1", "status": 200, "body": body}]}) == [None]
    assert answers_of(1, {"responses": [{"id": "1", "status": 200}]}) == [None]
    assert answers_of(1, {"responses": [{"id": "1", "status": 404, "body": body}]}) == [
        SubResponse(status=404, body={})
    ]


@pytest.mark.parametrize("answer", [{}, {"responses": None}, {"responses": {"id": "1"}}, {"responses": [None, 3, []]}])
def test_what_is_no_answer_is_missing(answer: dict[str, Any]) -> None:
    assert answers_of(1, answer) == [None]
