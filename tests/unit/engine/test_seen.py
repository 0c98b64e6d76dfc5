"""A set of ids in few bytes: it knows what was put in, and nothing else."""

import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.engine.seen import SeenIds
from connector.model.values import MessageId


def ids(numbers: range) -> list[MessageId]:
    return [MessageId(f"AAkALgAA{number}") for number in numbers]


def test_what_was_added_is_in_it_and_nothing_else() -> None:
    seen = SeenIds()
    assert MessageId("one") not in seen
    seen.add(MessageId("one"))
    assert MessageId("one") in seen
    assert MessageId("One") not in seen  # ids that differ in case only are two messages
    assert MessageId("") not in seen


def test_it_knows_all_of_them_however_many_were_sorted_meanwhile() -> None:
    seen = SeenIds()
    for id_ in ids(range(20_000)):
        seen.add(id_)
    assert all(id_ in seen for id_ in ids(range(20_000)))
    assert not any(id_ in seen for id_ in ids(range(20_000, 40_000)))


def test_an_id_that_is_added_again_takes_no_place() -> None:
    seen = SeenIds()
    for _ in range(20):
        for id_ in ids(range(1_500)):
            seen.add(id_)
    assert len(seen._sorted) + len(seen._new) <= 1_500


def test_an_id_takes_eight_bytes_and_few_are_kept_in_a_set() -> None:
    seen = SeenIds()
    for id_ in ids(range(50_000)):
        seen.add(id_)
    assert len(seen._new) <= len(seen._sorted) // 8
    assert sys.getsizeof(seen._sorted) <= 9 * len(seen._sorted)  # an array grows ahead


@settings(deadline=None)
@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_any_text_may_be_an_id(added: list[str], others: list[str]) -> None:
    seen = SeenIds()
    for text in added:
        seen.add(MessageId(text))
    assert all(MessageId(text) in seen for text in added)
    assert {text for text in others if MessageId(text) in seen} <= set(added)
