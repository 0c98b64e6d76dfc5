"""What goes into a $batch, and what came out of it."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.graph.batch import LIMIT, SubRequest, SubResponse, answers_of, body_of, mixed


def ask(user: str, number: int = 0) -> SubRequest:
    return SubRequest(user, f"/users/{user}/messages/{number}", 'IdType="ImmutableId"')


@given(st.lists(st.sampled_from("abcdefgh"), max_size=120), st.integers(1, 4))
def test_every_request_is_in_one_batch_and_no_batch_asks_too_much(users: list[str], cap: int) -> None:
    wanted = [ask(user, number) for number, user in enumerate(users)]
    batches = mixed(wanted, cap)
    assert sorted(index for batch in batches for index in batch) == list(range(len(wanted)))
    for batch in batches:
        assert 0 < len(batch) <= LIMIT
        assert batch == sorted(batch)
        assert max(Counter(wanted[index].user for index in batch).values()) <= cap


def test_mailboxes_are_mixed_so_that_batches_are_full() -> None:
    wanted = [ask(user) for user in "abcdefghij" for _ in range(4)]
    assert [len(batch) for batch in mixed(wanted, 4)] == [20, 20]
    assert [len(batch) for batch in mixed(wanted, 2)] == [20, 20]
    assert [len(batch) for batch in mixed([ask("a")] * 7, 3)] == [3, 3, 1]


def test_each_request_carries_its_own_preference() -> None:
    body = body_of([ask("a", 1), SubRequest("b", "/users/b/mailFolders/delta", "odata.maxpagesize=500")])
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
    assert answers_of(3, wire) == [SubResponse(200, {"value": []}), None, SubResponse(404, {})]


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


def test_a_body_that_is_no_object_is_left_out() -> None:
    assert answers_of(1, {"responses": [{"id": "1", "status": 200, "body": "cGFnZQ=="}]}) == [SubResponse(200, {})]
