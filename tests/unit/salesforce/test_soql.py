"""SOQL literals and lists: whatever the text, it stays text, and no query is too long."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.salesforce import soql

_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", "\\": "\\", '"': '"'}
nasty = st.text(alphabet=st.one_of(st.sampled_from("'\\\"%_\n\r\t{}()"), st.characters(codec="utf-8")), max_size=60)


def meaning(literal: str) -> str:
    """What a SOQL string literal stands for, read by the reference's escape table."""
    assert literal[0] == literal[-1] == "'"
    inner = literal[1:-1]
    assert re.fullmatch(r"(?:[^'\\]|\\.)*", inner, re.DOTALL), "a quote ends the literal early"
    return re.sub(r"\\(.)", lambda found: _ESCAPED[found[1]], inner, flags=re.DOTALL)


@given(nasty)
def test_a_literal_means_its_text(text: str) -> None:
    assert meaning(soql.quote(text)) == text


@given(st.lists(nasty, max_size=40), st.integers(500, 2_000), st.integers(1, 4))
def test_chunks_hold_everything_once_and_fit(values: list[str], room: int, times: int) -> None:
    parts = list(soql.chunks(values, room=room, times=times))
    assert [value for part in parts for value in part] == values
    assert all(len(soql.in_list(part)) * times <= room + 2 * times for part in parts)
    assert all(parts)


def test_chunks_are_as_few_as_fit() -> None:
    assert len(list(soql.chunks(["x" * 97] * 100, room=1_000))) == 10


@pytest.mark.parametrize("text", ["x" * 4_001, "x" * 600])
def test_a_value_that_can_never_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="too long"):
        list(soql.chunks([text], room=500))


def test_an_empty_list_is_no_soql() -> None:
    with pytest.raises(ValueError, match="IN needs a value"):
        soql.in_list([])


def test_conditions_without_values_are_left_out() -> None:
    assert soql.any_of([("A", ["x"]), ("B", []), ("C", ["y", "z'"])]) == "A IN ('x') OR C IN ('y','z\\'')"


def test_instants_are_in_utc() -> None:
    there = timezone(timedelta(hours=2))
    assert soql.instant(datetime(2026, 3, 1, 1, 30, tzinfo=there)) == "2026-02-28T23:30:00Z"
    assert soql.instant(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-03-01T00:00:00Z"
