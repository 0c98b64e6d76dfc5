"""The grammar: what is a query, and what is refused where."""

import pytest

from connector.sandbox.salesforce.soql import SoqlError, ast, parse

REFUSED = [
    "",
    "Id FROM Account",
    "SELECT FROM Account",
    "SELECT Id",
    "SELECT Id FROM",
    "SELECT * FROM Account",
    "SELECT Id, FROM Account",
    "SELECT Id Name FROM Account WHERE",
    "SELECT Id,,Name FROM Account",
    "SELECT Id FROM Account,",
    "SELECT Id FROM Account Contact Lead",
    "SELECT Id FROM Account;",
    "SELECT Id FROM 'Account'",
    "SELECT Id FROM Account WHERE",
    "SELECT Id FROM Account WHERE Name",
    "SELECT Id FROM Account WHERE Name =",
    "SELECT Id FROM Account WHERE = 'x'",
    "SELECT Id FROM Account WHERE 'x' = Name",
    "SELECT Id FROM Account WHERE Name == 'x'",
    "SELECT Id FROM Account WHERE Name = x",
    "SELECT Id FROM Account WHERE Name = :x",
    'SELECT Id FROM Account WHERE Name = "x"',
    "SELECT Id FROM Account WHERE Name = Site",
    "SELECT Id FROM Account WHERE Name IS NULL",
    "SELECT Id FROM Account WHERE Name BETWEEN 'a' AND 'b'",
    "SELECT Id FROM Account WHERE Name NOT LIKE 'x'",
    "SELECT Id FROM Account WHERE Name LIKE",
    "SELECT Id FROM Account WHERE Name IN 'x'",
    "SELECT Id FROM Account WHERE Name IN ()",
    "SELECT Id FROM Account WHERE Name IN ('x',)",
    "SELECT Id FROM Account WHERE Name IN ('x'",
    "SELECT Id FROM Account WHERE Name NOT ('x')",
    "SELECT Id FROM Account WHERE (Name = 'x'",
    "SELECT Id FROM Account WHERE Name = 'x')",
    "SELECT Id FROM Account WHERE Name = 'x' AND",
    "SELECT Id FROM Account WHERE AND Name = 'x'",
    "SELECT Id FROM Account WHERE Name = 'x' XOR Name = 'y'",
    "SELECT Id FROM Account WHERE Name = 'a' AND Site = 'b' OR Fax = 'c'",
    "SELECT Id FROM Account WHERE Name = 'a' OR Site = 'b' AND Fax = 'c'",
    "SELECT Id FROM Account WHERE NOT Name = 'a' AND Site = 'b'",
    "SELECT Id FROM Account WHERE Name = 'a' AND NOT Site = 'b'",
    "SELECT Id FROM Account WHERE NOT NOT Name = 'a'",
    "SELECT Id FROM Account WHERE Name = 'a' WHERE Name = 'b'",
    "SELECT Id FROM Account ORDER Name",
    "SELECT Id FROM Account ORDER BY",
    "SELECT Id FROM Account ORDER BY Name UP",
    "SELECT Id FROM Account ORDER BY Name NULLS",
    "SELECT Id FROM Account ORDER BY Name NULLS MIDDLE",
    "SELECT Id FROM Account ORDER BY 1",
    "SELECT Id FROM Account LIMIT",
    "SELECT Id FROM Account LIMIT x",
    "SELECT Id FROM Account LIMIT -1",
    "SELECT Id FROM Account LIMIT 1.5",
    "SELECT Id FROM Account LIMIT 99999999999",
    "SELECT Id FROM Account LIMIT 1 ORDER BY Name",
    "SELECT Id FROM Account OFFSET 1 LIMIT 1",
    "SELECT Id FROM Account LIMIT 1, 2",
    "SELECT Id FROM Account FOR",
    "SELECT Id FROM Account FOR READING",
    "SELECT Id FROM Account ALL",
    "SELECT Id FROM Account LIMIT 1 garbage",
    "SELECT Id FROM Account JOIN Contact ON Id = AccountId",
    "SELECT Id FROM Account UNION SELECT Id FROM Contact",
    "SELECT DISTINCT Name FROM Account WHERE Id = 'x' GROUP",
    "SELECT Id FROM Account USING SCOPE",
    "SELECT Id FROM Account WITH SECURITY_ENFORCED",
    "SELECT (Id) FROM Account",
    "SELECT (SELECT Id FROM Contacts FROM Account",
    "SELECT SELECT Id FROM Contacts FROM Account",
    "SELECT COUNT( FROM Account",
    "SELECT COUNT(), Id FROM Account",
    "SELECT Id, COUNT() FROM Account",
    "SELECT COUNT(*) FROM Account",
    "SELECT COUNT(Id, Name) FROM Account",
    "SELECT toLabel() FROM Account",
    "SELECT a.toLabel(Name) FROM Account a",
    "SELECT FIELDS(SOME) FROM Account",
    "SELECT FIELDS() FROM Account",
    "SELECT .Name FROM Account",
    "SELECT Owner. FROM Account",
    "SELECT Owner..Name FROM Account",
    "SELECT Id FROM Account a.b",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 1)",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact ORDER BY Name)",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId, Name FROM Contact)",
    "SELECT Id FROM Account WHERE Id = (SELECT AccountId FROM Contact)",
    "SELECT Id FROM Account WHERE CreatedDate > YESTERDAYS",
    "SELECT Id FROM Account WHERE CreatedDate > LAST_N_DAYS",
    "SELECT Id FROM Account WHERE CreatedDate > LAST_N_DAYS:",
    "SELECT Id FROM Account WHERE CreatedDate > LAST_N_DAYS:x",
    "SELECT Id FROM Account WHERE CreatedDate > TODAY:1",
    "SELECT Id FROM Account GROUP Name",
    "SELECT Name FROM Account GROUP BY",
    "SELECT Name FROM Account HAVING COUNT(Id) > 1",
    "SELECT TYPEOF What END FROM Task",
    "SELECT TYPEOF What WHEN Account THEN END FROM Task",
    "SELECT TYPEOF What WHEN Account THEN Name FROM Task",
    "DELETE FROM Account",
    "UPDATE Account SET Name = 'x'",
    "SELECT Id -- comment\nFROM Account",
    "SELECT Id FROM Account /* x */",
]


@pytest.mark.parametrize("soql", REFUSED)
def test_malformed(soql: str) -> None:
    with pytest.raises(SoqlError) as caught:
        parse(soql)
    assert caught.value.code == "MALFORMED_QUERY"
    assert "ERROR at Row:" in caught.value.message


ACCEPTED = [
    "SELECT Id FROM Account",
    "select id from account",
    "\n SELECT\tId\r\n FROM Account \n",
    "SELECT a.Id, a.Owner.Name FROM Account a",
    "SELECT a.Id FROM Account AS a WHERE a.Name = 'x'",
    "SELECT COUNT() FROM Account WHERE Name != null",
    "SELECT Id FROM Account WHERE NOT Name = 'a'",
    "SELECT Id FROM Account WHERE NOT (Name = 'a' OR Name = 'b')",
    "SELECT Id FROM Account WHERE (NOT Name = 'a') AND (NOT Site = 'b')",
    "SELECT Id FROM Account WHERE (Name = 'a' AND Site = 'b') OR Fax = 'c'",
    "SELECT Id FROM Account WHERE ((Name = 'a'))",
    "SELECT Id FROM Account WHERE Name IN ('a', null, '')",
    "SELECT Id FROM Account WHERE AnnualRevenue >= -1.5 AND AnnualRevenue < +2",
    "SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact WHERE Email LIKE '%x')",
    "SELECT Id FROM Account WHERE CreatedDate >= LAST_N_DAYS:30 AND CreatedDate < today",
    "SELECT Id FROM Account ORDER BY Name ASC NULLS LAST, Id DESC LIMIT 5 OFFSET 2 FOR VIEW",
    "SELECT Id FROM Account LIMIT 1 FOR UPDATE",
    "SELECT Id FROM Account ALL ROWS",
    "SELECT Id FROM Account USING SCOPE everything",
    "SELECT Id, (SELECT Id FROM Contacts ORDER BY Name LIMIT 3) FROM Account",
    "SELECT COUNT(Id) total, Type FROM Account GROUP BY Type HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC",
    "SELECT toLabel(Type) FROM Account",
    "SELECT FIELDS(ALL) FROM Account LIMIT 200",
    "SELECT TYPEOF What WHEN Account THEN Name, Phone ELSE Name END FROM Task",
    "SELECT Id FROM Group",
    "SELECT DAY_ONLY(convertTimezone(CreatedDate)) FROM Account GROUP BY DAY_ONLY(convertTimezone(CreatedDate))",
]


@pytest.mark.parametrize("soql", ACCEPTED)
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
