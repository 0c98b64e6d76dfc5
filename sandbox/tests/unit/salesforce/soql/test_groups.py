"""GROUP BY with subtotals, GROUPING(), FORMAT() and the names of unnamed columns."""

from collections.abc import Iterator
from typing import Any

import pytest
from m365sandbox.salesforce.soql import SoqlError

from tests.support.soql_org import Org


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    org = Org()
    for source, rating, revenue in (
        ("Web", "Hot", 1),
        ("Web", "Hot", 2),
        ("Web", None, 3),
        ("Partner", "Warm", 4),
        (None, "Warm", None),
    ):
        org.insert("Lead", LastName="x", Company="y", LeadSource=source, Rating=rating, AnnualRevenue=revenue)
    org.insert(
        "Account", Name="Acme", AnnualRevenue=1_234_567, NumberOfEmployees=1500, CreatedDate="2026-11-18T23:30:00Z"
    )
    org.insert("Account", Name="acme", AnnualRevenue=-50, CreatedDate="2025-01-02T03:04:05Z")
    org.insert("MS_Graph_Setting__c", Name="Default", Time_of_Day__c="06:05:00.000Z")
    org.insert("Contact", LastName="x", Birthdate="1999-12-31")
    yield org
    org.close()


def groups(org: Org, soql: str, **options: Any) -> list[tuple[Any, ...]]:
    return [tuple(record.values())[1:] for record in org.query(soql, **options).records]


def test_rollup_adds_a_grand_total(org: Org) -> None:
    soql = "SELECT LeadSource, COUNT(LastName) cnt FROM Lead GROUP BY ROLLUP(LeadSource)"
    assert sorted(groups(org, soql), key=str) == sorted([("Web", 3), ("Partner", 1), (None, 1), (None, 5)], key=str)
    assert org.query(soql).records[0]["attributes"] == {"type": "AggregateResult"}


def test_rollup_of_two_adds_subtotals_from_right_to_left(org: Org) -> None:
    soql = (
        "SELECT LeadSource, Rating, GROUPING(LeadSource) s, GROUPING(Rating) r, COUNT(Id) FROM Lead "
        "GROUP BY ROLLUP(LeadSource, Rating) ORDER BY GROUPING(LeadSource), GROUPING(Rating), LeadSource, COUNT(Id)"
    )
    assert groups(org, soql) == [
        (None, "Warm", 0, 0, 1),
        ("Web", None, 0, 0, 1),
        ("Web", "Hot", 0, 0, 2),
        ("Partner", "Warm", 0, 0, 1),
        (None, None, 0, 1, 1),
        ("Web", None, 0, 1, 3),
        ("Partner", None, 0, 1, 1),
        (None, None, 1, 1, 5),
    ]


def test_cube_adds_every_combination(org: Org) -> None:
    soql = "SELECT GROUPING(LeadSource) s, GROUPING(Rating) r, COUNT(Id) n FROM Lead GROUP BY CUBE(LeadSource, Rating)"
    found = groups(org, soql)
    assert sorted(found) == sorted(
        [
            *((0, 0, 1), (0, 0, 1), (0, 0, 1), (0, 0, 2), (0, 1, 1), (0, 1, 1), (0, 1, 3)),
            *((1, 0, 1), (1, 0, 2), (1, 0, 2), (1, 1, 5)),
        ]
    )


def test_having_and_limit_see_subtotals(org: Org) -> None:
    soql = (
        "SELECT LeadSource, COUNT(Id) FROM Lead WHERE Rating != null GROUP BY ROLLUP(LeadSource) "
        "HAVING COUNT(Id) > 1 AND GROUPING(LeadSource) = {} LIMIT 5"
    )
    assert groups(org, soql.format(0)) == [("Web", 2)]
    assert groups(org, soql.format(1)) == [(None, 4)]


def test_subtotals_by_a_part_of_a_date_and_of_parameters(org: Org) -> None:
    soql = (
        "SELECT CALENDAR_YEAR(CreatedDate), SUM(AnnualRevenue) FROM Account WHERE Name = 'ACME' "
        "GROUP BY ROLLUP(CALENDAR_YEAR(CreatedDate)) ORDER BY CALENDAR_YEAR(CreatedDate) NULLS LAST"
    )
    assert groups(org, soql) == [(2025, -50.0), (2026, 1234567.0), (None, 1234517.0)]


@pytest.mark.parametrize(
    ("soql", "words"),
    [
        ("SELECT GROUPING(LeadSource) FROM Lead GROUP BY LeadSource", "GROUPING() takes a field of GROUP BY ROLLUP"),
        (
            "SELECT GROUPING(Status) FROM Lead GROUP BY ROLLUP(LeadSource)",
            "GROUPING() takes a field of GROUP BY ROLLUP",
        ),
        ("SELECT COUNT(Id) FROM Lead GROUP BY CUBE(LeadSource, Rating, Status, Title)", "takes up to 3 fields"),
        ("SELECT Status FROM Lead GROUP BY ROLLUP(LeadSource)", "Field must be grouped or aggregated: Status"),
        ("SELECT (SELECT Id FROM Tasks), COUNT(Id) FROM Lead GROUP BY Id", "only fields and aggregates"),
        ("SELECT FIELDS(ALL), COUNT(Id) FROM Lead GROUP BY Id LIMIT 5", "only fields and aggregates"),
        (
            "SELECT LeadSource FROM Lead GROUP BY LeadSource ORDER BY Status",
            "Ordered field must be grouped or aggregated",
        ),
        ("SELECT COUNT(Id) n, MAX(LastName) N FROM Lead", "duplicate alias: N"),
    ],
)
def test_refused(org: Org, soql: str, words: str) -> None:
    with pytest.raises(SoqlError) as caught:
        org.query(soql)
    assert (caught.value.code, words in caught.value.message) == ("MALFORMED_QUERY", True), caught.value.message


def test_unnamed_columns_are_counted_apart_from_named_ones(org: Org) -> None:
    soql = (
        "SELECT Name, MAX(AnnualRevenue), MIN(AnnualRevenue) expression, SUM(AnnualRevenue) FROM Account GROUP BY Name"
    )
    assert list(org.query(soql).records[0]) == ["attributes", "Name", "expr0", "expression", "expr1"]


def test_groups_are_ordered_by_their_alias(org: Org) -> None:
    soql = "SELECT LeadSource, COUNT(Id) Total FROM Lead GROUP BY LeadSource ORDER BY total DESC, LeadSource"
    assert groups(org, soql) == [("Web", 3), (None, 1), ("Partner", 1)]


# --- FORMAT() -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("soql", "zone", "expected"),
    [
        ("SELECT FORMAT(AnnualRevenue) FROM Account ORDER BY AnnualRevenue", "GMT", ["-$50", "$1,234,567"]),
        ("SELECT FORMAT(NumberOfEmployees) FROM Account ORDER BY NumberOfEmployees", "GMT", [None, "1,500"]),
        ("SELECT FORMAT(CreatedDate) d FROM Account ORDER BY CreatedDate", "GMT", [
            "1/2/2025, 3:04 AM", "11/18/2026, 11:30 PM"
        ]),
        ("SELECT FORMAT(MAX(CreatedDate)) d FROM Account", "Europe/Berlin", ["11/19/2026, 12:30 AM"]),
        ("SELECT FORMAT(Birthdate) FROM Contact", "Asia/Tokyo", ["12/31/1999"]),
        ("SELECT FORMAT(Time_of_Day__c) FROM MS_Graph_Setting__c", "GMT", ["6:05 AM"]),
    ],
)  # fmt: skip
def test_format_makes_text_as_people_see_it(org: Org, soql: str, zone: str, expected: list[str | None]) -> None:
    assert org.values(soql, zone=zone) == expected


def test_format_beside_the_field_needs_an_alias(org: Org) -> None:
    record = org.query(
        "SELECT AnnualRevenue, FORMAT(AnnualRevenue) shown FROM Account WHERE AnnualRevenue < 0"
    ).records[0]
    assert (record["AnnualRevenue"], record["shown"]) == (-50.0, "-$50")
