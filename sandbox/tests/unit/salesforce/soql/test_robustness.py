"""Whatever is sent, the answer is a result or a refusal."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365sandbox.salesforce.soql import SoqlError

from tests.support.soql_org import Org

QUERIES = [
    "SELECT Id , Name , Account.Name FROM Contact WHERE Email = 'a' AND ( NOT LastName LIKE 'b%' ) LIMIT 5",
    "SELECT COUNT ( ) FROM Task WHERE CreatedDate > LAST_N_DAYS : 3 OR IsDeleted = false",
    "SELECT AccountId , COUNT ( Id ) n FROM Contact GROUP BY AccountId HAVING COUNT ( Id ) > 1 ORDER BY COUNT ( Id )",
    "SELECT Name , ( SELECT Id FROM Contacts WHERE Email != null LIMIT 2 ) FROM Account WHERE Id IN ( SELECT AccountId "
    "FROM Contact ) OFFSET 1",
    "SELECT TYPEOF Who WHEN Contact THEN Email ELSE Name END , What.Name FROM Task WHERE Who.Name IN ( 'a' , null )",
    "SELECT FIELDS ( ALL ) FROM Lead WHERE toLabel ( Status ) = 'x' AND AnnualRevenue <= 1.5 LIMIT 200 FOR VIEW",
    "SELECT CALENDAR_YEAR ( CreatedDate ) , MAX ( Email ) FROM Contact GROUP BY CALENDAR_YEAR ( CreatedDate )",
]
TOKENS = sorted(
    {token for query in QUERIES for token in query.split()} | {"2026-01-01", "'", ".", "Body__c", "-1", "TODAY"}
)


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    org = Org()
    account = org.insert("Account", Name="Acme")
    org.insert("Contact", LastName="Brook", AccountId=account)
    yield org
    org.close()


def answered(org: Org, soql: str) -> bool:
    """Whether it was a query; anything but a result or a SoqlError fails the test."""
    try:
        org.query(soql)
    except SoqlError:
        return False
    return True


@pytest.mark.parametrize("soql", QUERIES)
def test_the_seeds_are_queries(org: Org, soql: str) -> None:
    assert answered(org, soql)


@given(query=st.sampled_from(QUERIES), place=st.integers(0, 60), token=st.sampled_from(TOKENS), how=st.integers(0, 2))
def test_a_query_with_one_token_changed(org: Org, query: str, place: int, token: str, how: int) -> None:
    tokens = query.split()
    place %= len(tokens)
    replacement = [[token], [token, tokens[place]], []][how]
    answered(org, " ".join([*tokens[:place], *replacement, *tokens[place + 1 :]]))


@given(st.lists(st.sampled_from(TOKENS), max_size=25))
def test_any_tokens(org: Org, tokens: list[str]) -> None:
    answered(org, "SELECT Id FROM Contact WHERE " + " ".join(tokens))


@given(st.text(max_size=60))
def test_any_text_is_refused(org: Org, text: str) -> None:
    assert not answered(org, text)
