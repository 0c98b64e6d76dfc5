"""Types that the firm's own objects lack: multi-select picklists, labels, case-sensitive keys, encrypted text."""

from collections.abc import Iterator

import pytest
from m365sandbox.salesforce.data.schema import Field, PicklistValue, Schema, SObject
from m365sandbox.salesforce.soql import SoqlError

from tests.support.soql_org import Org

COLOURS = (PicklistValue("Rouge", "red"), PicklistValue("Bleu", "blue"), PicklistValue("green", "green"))
FIELDS = (
    Field(name="Id", label="Id", type="id"),
    Field(name="Name", label="Name", type="string", length=80, name_field=True),
    Field(name="IsDeleted", label="Deleted", type="boolean"),
    Field(name="Colours__c", label="Colours", type="multipicklist", picklist=COLOURS, custom=True),
    Field(name="Colour__c", label="Colour", type="picklist", picklist=COLOURS, custom=True),
    Field(
        name="Code__c", label="Code", type="string", length=20, unique=True, case_sensitive=True, external_id=True,
        custom=True,
    ),
    Field(
        name="Secret__c", label="Secret", type="encryptedstring", length=20, filterable=False, sortable=False,
        groupable=False, custom=True,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    toy = SObject(
        name="Toy__c", label="Toy", label_plural="Toys", key_prefix="a0X", custom=True,
        fields={field.name.lower(): field for field in FIELDS},
    )  # fmt: skip
    org = Org(Schema([toy]))
    for name, colours, colour, code in (
        ("1", "red;blue", "red", "a"),
        ("2", "blue", "blue", "A"),
        ("3", "green;red", "green", "b"),
        ("4", None, None, None),
    ):
        org.insert("Toy__c", Name=name, Colours__c=colours, Colour__c=colour, Code__c=code, Secret__c="x")
    yield org
    org.close()


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Colours__c INCLUDES ('red')", ["1", "3"]),
        ("Colours__c INCLUDES ('RED')", ["1", "3"]),
        ("Colours__c INCLUDES ('red;blue')", ["1"]),
        ("Colours__c INCLUDES ('red;blue', 'green')", ["1", "3"]),
        ("Colours__c INCLUDES ('re')", []),
        ("Colours__c INCLUDES ('r%')", []),
        ("Colours__c EXCLUDES ('red')", ["2", "4"]),
        ("Colours__c EXCLUDES ('blue', 'green')", ["4"]),
        ("Colours__c = 'red;blue'", ["1"]),
        ("Colours__c = 'red'", []),
        ("Colours__c != 'blue'", ["1", "3", "4"]),
        ("Colours__c = null", ["4"]),
        ("toLabel(Colour__c) = 'rouge'", ["1"]),
        ("toLabel(Colour__c) = 'red'", []),
        ("toLabel(Colour__c) IN ('Bleu', 'green')", ["2", "3"]),
        ("toLabel(Colours__c) INCLUDES ('rouge')", ["1", "3"]),
        ("Code__c = 'a'", ["1"]),
        ("Code__c IN ('A', 'B')", ["2"]),
        ("Code__c != 'a'", ["2", "3", "4"]),
    ],
)
def test_conditions(org: Org, condition: str, names: list[str]) -> None:
    assert org.values(f"SELECT Name FROM Toy__c WHERE {condition} ORDER BY Name") == names


def test_labels_are_selected(org: Org) -> None:
    records = org.query(
        "SELECT Colour__c, toLabel(Colour__c) shown, toLabel(Colours__c) FROM Toy__c ORDER BY Name"
    ).records
    assert [(record["Colour__c"], record["shown"], record["Colours__c"]) for record in records] == [
        ("red", "Rouge", "Rouge;Bleu"),
        ("blue", "Bleu", "Bleu"),
        ("green", "green", "green;Rouge"),
        (None, None, None),
    ]


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("WHERE Secret__c = 'x'", "INVALID_FIELD", "field 'Secret__c' can not be filtered in a query call"),
        ("ORDER BY Secret__c", "INVALID_FIELD", "field 'Secret__c' can not be sorted in a query call"),
        ("GROUP BY Secret__c", "MALFORMED_QUERY", "field 'Secret__c' can not be grouped in a query call"),
        ("GROUP BY Colours__c", "MALFORMED_QUERY", "field 'Colours__c' can not be grouped in a query call"),
        ("ORDER BY Colours__c", "INVALID_FIELD", "field 'Colours__c' can not be sorted in a query call"),
        ("WHERE Colours__c > 'a'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on multipicklist field"),
        ("WHERE Colours__c LIKE 'a%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on multipicklist field"),
        ("WHERE Colours__c IN ('red')", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on multipicklist field"),
        ("WHERE Colour__c INCLUDES ('red')", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on picklist field"),
    ],
)
def test_refused(org: Org, soql: str, code: str, words: str) -> None:
    with pytest.raises(SoqlError) as caught:
        org.query(f"SELECT Name FROM Toy__c {soql}")
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value.message
