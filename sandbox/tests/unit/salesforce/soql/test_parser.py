"""The grammar: what is a query, and what is refused where."""

import pytest
from m365sandbox.salesforce.soql import SoqlError, ast, parse

from tests.data.soql_queries import REFUSED, TAKEN


@pytest.mark.parametrize("soql", REFUSED)
def test_malformed(soql: str) -> None:
    with pytest.raises(SoqlError) as caught:
        parse(soql)
    assert caught.value.code == "MALFORMED_QUERY"
    assert "ERROR at Row:" in caught.value.message


@pytest.mark.parametrize("soql", TAKEN)
def test_well_formed(soql: str) -> None:
    assert isinstance(parse(soql), ast.Query)


def test_the_place_is_named_by_row_and_column() -> None:
    with pytest.raises(SoqlError) as caught:
        parse("SELECT Id\nFROM Account\nWHERE Name = 'a' AND Site = 'b' OR Fax = 'c'")
    assert caught.value.message == (
        "\nWHERE Name = 'a' AND Site = 'b' OR Fax = 'c'\n"
        "                                ^\n"
        "ERROR at Row:3:Column:33\n"
        "unexpected token: 'OR'"
    )


def test_the_end_is_named_too() -> None:
    with pytest.raises(SoqlError, match=r"Row:1:Column:8\nunexpected token: '<EOF>'"):
        parse("SELECT ")


def test_deep_nesting_is_too_complicated_not_a_crash() -> None:
    soql = "SELECT Id FROM Account WHERE " + "(" * 3000 + "Name = 'x'" + ")" * 3000
    with pytest.raises(SoqlError) as caught:
        parse(soql)
    assert caught.value.code == "QUERY_TOO_COMPLICATED"


def test_a_long_chain_is_one_flat_group() -> None:
    soql = "SELECT Id FROM Account WHERE " + " OR ".join(f"Name = '{n}'" for n in range(3000))
    where = parse(soql).where
    assert isinstance(where, ast.Group)
    assert len(where.conditions) == 3000
