"""Our SOQL parser beside @jetstreamapp/soql-parser-js: they agree on what is a query, but for what is listed here.

Syntax only: names, types and the limits of semi-joins need a schema.
"""

import re
from collections import Counter
from typing import NamedTuple

import pytest
from m365sandbox.salesforce.soql import SoqlError, parse

from tests.data.soql_grammar import Grammar
from tests.data.soql_queries import CASES
from tests.support.node_process import node

pytestmark = pytest.mark.node

SEED = 20_260
GENERATED, BROKEN = 2_000, 500


class Known(NamedTuple):
    """A difference that is known: what they say of queries that look so, and who is right."""

    name: str
    theirs: bool
    pattern: str
    reason: str


KNOWN = [
    Known("offset", False, r" OFFSET \d+", "OFFSET without LIMIT: the SOQL reference only advises LIMIT with it"),
    Known("rollup", False, r"(ROLLUP|CUBE) ?\(.*[A-Z]+_[A-Z_]+ ?\(", "subtotals by the parts of a date"),
    Known("arguments", True, r"\w ?\( ?(5 ?|'x' ?)?\)", "a function takes a field; only COUNT() stands alone"),
    Known("alias", True, r"[\w.)] [A-Za-z]\w*\.[\w.]+", "an alias with a dot: no name has one"),
]


def is_query(soql: str) -> bool:
    try:
        parse(soql)
    except SoqlError:
        return False
    return True


def known(soql: str, theirs: bool) -> str | None:
    """The name of the known difference that explains theirs, if any."""
    for item in KNOWN:
        if item.theirs is theirs and re.search(item.pattern, soql, re.IGNORECASE):
            return item.name
    return None


def test_they_agree() -> None:
    grammar = Grammar(SEED)
    generated = [grammar.query() for _ in range(GENERATED)]
    broken = [grammar.broken(grammar.query()) for _ in range(BROKEN)]
    by_hand = [case.soql for case in CASES]
    answers = node("soql.mjs", stdin=[*by_hand, *generated, *broken])
    assert len(answers) == len(by_hand) + GENERATED + BROKEN

    wrong = [
        f"{case.soql!r}: we {is_query(case.soql)}, they {theirs}, expected {not case.refused}, {case.differs}"
        for case, theirs in zip(CASES, answers, strict=False)
        if is_query(case.soql) is bool(case.refused) or (theirs is not is_query(case.soql)) is not bool(case.differs)
    ]
    seen: Counter[str] = Counter()
    for soql, theirs in zip([*generated, *broken], answers[len(by_hand) :], strict=True):
        if is_query(soql) is theirs:
            continue
        name = known(soql, theirs)
        if name is None:
            wrong.append(f"{soql!r}: we {not theirs}, they {theirs}")
        else:
            seen[name] += 1
    assert not wrong, "\n".join(wrong)
    assert set(seen) == {item.name for item in KNOWN}, "a known difference that no longer shows"
    assert seen.total() <= 0.1 * (GENERATED + BROKEN)
    # The generator makes queries and its mutants mostly none, or agreement would mean nothing.
    assert all(map(is_query, generated))
    assert sum(map(is_query, broken)) < BROKEN / 2


def test_the_table_is_large_enough() -> None:
    refused = [case for case in CASES if case.refused]
    assert len(CASES) >= 150
    assert len(refused) >= 80
    assert len({case.soql for case in CASES}) == len(CASES)
    assert all(" " not in case.refused for case in refused)
