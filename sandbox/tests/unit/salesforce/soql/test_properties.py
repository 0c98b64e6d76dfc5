"""Conditions against a second opinion: the same condition evaluated by a few lines of Python on the same rows."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.soql_org import Org

Row = dict[str, str | float | None]
Test = Callable[[Row], bool]


class Case(NamedTuple):
    """A condition as SOQL and as Python."""

    soql: str
    holds: Test


WORDS = ["a", "B", "ab", "o'b", "x%", "x_", "\\", None]
NUMBERS = [0.0, 1.0, -2.0, None]
ROWS: list[Row] = [{"FirstName": word, "Number": number} for word in WORDS for number in NUMBERS]


def quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def folded(value: str | float | None) -> str | float | None:
    return value.lower() if isinstance(value, str) else value


def literal(value: str | float | None) -> str:
    if value is None:
        return "null"
    return quote(value) if isinstance(value, str) else repr(value)


def comparison(field: str, operator: str, wanted: str | float | None) -> Case:
    def holds(row: Row) -> bool:
        value, other = folded(row[field]), folded(wanted)
        if operator == "=":
            return value == other
        if operator == "!=":
            return value != other
        if value is None or other is None:
            return False
        smaller, equal = value < other, value == other  # type: ignore[operator]
        return {"<": smaller, "<=": smaller or equal, ">": not smaller and not equal, ">=": not smaller}[operator]

    return Case(f"{column(field)} {operator} {literal(wanted)}", holds)


def in_list(field: str, wanted: list[str | float | None], negated: bool) -> Case:
    allowed = {folded(value) for value in wanted}
    soql = f"{column(field)} {'NOT ' if negated else ''}IN ({', '.join(literal(value) for value in wanted)})"
    return Case(soql, lambda row: (folded(row[field]) in allowed) != negated)


def column(field: str) -> str:
    return "NumberOfEmployees" if field == "Number" else "Site"


def joined(operator: str, parts: list[Case]) -> Case:
    every = all if operator == "AND" else any
    soql = f" {operator} ".join(f"({part.soql})" for part in parts)
    return Case(f"({soql})", lambda row: every(part.holds(row) for part in parts))


def negated(part: Case) -> Case:
    return Case(f"(NOT ({part.soql}))", lambda row: not part.holds(row))


OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
LEAVES = st.one_of(
    st.builds(comparison, st.just("FirstName"), OPERATORS, st.sampled_from(WORDS)),
    st.builds(comparison, st.just("Number"), OPERATORS, st.sampled_from(NUMBERS)),
    st.builds(in_list, st.just("FirstName"), st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), st.booleans()),
    st.builds(in_list, st.just("Number"), st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=30), st.booleans()),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(joined, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=4)),
        st.builds(negated, inner),
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    org = Org()
    for number, row in enumerate(ROWS):
        org.insert("Account", Name=str(number), Site=row["FirstName"], NumberOfEmployees=row["Number"])
    yield org
    org.close()


@given(condition=CONDITIONS)
def test_and_or_not_agree_with_python(org: Org, condition: Case) -> None:
    found = org.values(f"SELECT Name FROM Account WHERE {condition.soql}")
    wanted = [str(number) for number, row in enumerate(ROWS) if condition.holds(row)]
    assert sorted(found, key=int) == wanted


@given(text=st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=40))
def test_any_text_is_found_again_by_equality_and_by_an_escaped_pattern(text: str) -> None:
    org = Org()
    try:
        org.insert("Account", Name="x", Site=text)
        escaped = quote(text)
        assert org.total(f"Site = {escaped}", "Account") == 1
        assert org.total(f"Site IN ({escaped}, 'other')", "Account") == 1
        pattern = escaped.replace("%", "\\%").replace("_", "\\_")
        assert org.total(f"Site LIKE {pattern}", "Account") == 1
    finally:
        org.close()
