"""The formula language of validation rules: what it computes, and what a deploy refuses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from m365sandbox.salesforce.data.schema import Field, PicklistValue
from m365sandbox.salesforce.formula import FormulaError, Names, compile_condition


def _field(name: str, kind: str, **more: Any) -> tuple[str, Field]:
    return name.lower(), Field(name=name, label=name, type=kind, **more)


FIELDS = dict(
    [
        _field("Name", "string", length=80),
        _field("Count__c", "double", precision=5),
        _field("Active__c", "boolean"),
        _field("Kind__c", "picklist", picklist=(PicklistValue("A", "A"), PicklistValue("B", "B"))),
        _field("Tags__c", "multipicklist"),
        _field("Due__c", "date"),
        _field("Sent__c", "datetime"),
        _field("User__c", "reference", reference_to=("User",)),
        _field("File__c", "base64"),
    ]
)
USER = dict([_field("Id", "id"), _field("Email", "email")])
NAMES = Names("Thing__c", FIELDS, USER, frozenset({"May_Do"}))
USER_ID = "005Hn0000000001IAA"


@dataclass
class Row:
    """A row with these columns."""

    values: Mapping[str, Any]
    old: Mapping[str, Any] | None = None
    permissions: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_new(self) -> bool:
        return self.old is None

    def value(self, name: str) -> Any:
        return self.values.get(name)

    def prior(self, name: str) -> Any:
        return self.values.get(name) if self.old is None else self.old.get(name)

    def user(self, name: str) -> Any:
        return {"Id": USER_ID, "Email": "ann@firm.example"}[name]

    def has_permission(self, name: str) -> bool:
        return name in self.permissions

    def today(self) -> str:
        return "2026-03-10"

    def now(self) -> str:
        return "2026-03-10T12:00:00.000Z"


ROW = {
    "Name": "Ann Lee",
    "Count__c": 5.0,
    "Active__c": 1,
    "Kind__c": "A",
    "Tags__c": "red;blue",
    "Due__c": "2026-03-09",
    "Sent__c": "2026-03-10T11:00:00.000Z",
    "User__c": USER_ID,
}


def holds(formula: str, row: Row | None = None) -> bool:
    return compile_condition(formula, NAMES).holds(row or Row(ROW))


@pytest.mark.parametrize(
    "formula",
    [
        'Name = "Ann Lee"',
        'Name <> "ann lee"',
        'Name != "x" && !(Name == "x")',
        'Name = "x" || TRUE',
        "1 + 2 * 3 = 7",
        "(1 + 2) * 3 = 9",
        "2 ^ 3 = 8 && 7 - 2 - 1 = 4 && -Count__c = -5",
        "Count__c >= 5 && Count__c <= 5 && Count__c > 4.5 && Count__c > .5",
        'Name & "!" = "Ann Lee!" && "a" + "b" = "ab"',
        "/* a comment */ Active__c",
        'AND(Active__c, NOT(ISPICKVAL(Kind__c, "B")), OR(FALSE, ISPICKVAL(Kind__c, "A")))',
        "IF(Active__c, LEN(Name) = 7, FALSE) && IF(NOT(Active__c), FALSE, TRUE)",
        'INCLUDES(Tags__c, "blue") && NOT(INCLUDES(Tags__c, "re"))',
        'BEGINS(Name, "Ann") && CONTAINS(Name, "n L") && FIND("L", Name) = 5 && FIND("z", Name) = 0',
        'LEFT(Name, 3) = "Ann" && RIGHT(Name, 3) = "Lee" && MID(Name, 5, 2) = "Le"',
        'TRIM("\u00a0x") <> "x" && TRIM("\t x") = "x"',
        'UPPER(Name) = "ANN LEE" && LOWER("X") = "x" && TRIM("  x ") = "x" && SUBSTITUTE("aXa", "X", "-") = "a-a"',
        'VALUE("12.5") = 12.5 && ISNUMBER("1") && NOT(ISNUMBER("1_0")) && NOT(ISNUMBER("x"))',
        'TEXT(Count__c) = "5" && TEXT(2.5) = "2.5" && TEXT(Kind__c) = "A"',
        "ABS(-2) = 2 && MAX(1, 3, 2) = 3 && MIN(1, 0) = 0 && MOD(7, 4) = 3 && ROUND(2.5, 0) = 3",
        "CEILING(1.2) = 2 && FLOOR(1.8) = 1",
        "Due__c < TODAY() && Sent__c < NOW()",
        f'User__c = $User.Id && $User.Id = "{USER_ID[:15]}" && $User.Email = "ann@firm.example"',
        "ISNEW() && NOT(ISCHANGED(Name)) && PRIORVALUE(Name) = Name",
        'REGEX("ab12", "[a-z]+\\\\d{2}") && NOT(REGEX("xab12x", "[a-z]+\\\\d{2}"))',
        "'single' = \"single\"",
    ],
)
def test_what_holds(formula: str) -> None:
    assert holds(formula)


def test_blank_text_is_the_empty_text_and_a_blank_number_compares_as_nothing() -> None:
    blank = Row({})
    for formula in (
        'Name = ""',
        "ISBLANK(Name) && ISBLANK(Count__c) && ISBLANK(User__c) && ISBLANK(Kind__c)",
        "NOT(Count__c < 1) && NOT(Count__c >= 0) && NOT(Count__c + 1 > 0) && Count__c = NULL",
        "ISNULL(Count__c) && NOT(ISNULL(Name)) && ISNULL(1 / 0)",
        'NOT(Active__c) && NOT(REGEX(Name, ".+")) && LEN(Name) = 0 && TEXT(Kind__c) = "" && Name <> "default"',
    ):
        assert holds(formula, blank), formula
    assert not holds("ISBLANK(Name) || ISBLANK(Count__c)")


def test_a_change_is_one_of_value_on_an_update() -> None:
    changed = Row({**ROW, "Name": "Bob"}, old=ROW)
    assert holds('ISCHANGED(Name) && PRIORVALUE(Name) = "Ann Lee" && NOT(ISNEW())', changed)
    assert not holds("ISCHANGED(Kind__c)", changed)
    assert not holds("ISCHANGED(Name)", Row(ROW, old=ROW))


def test_permissions_and_users_are_asked_for() -> None:
    assert not holds("$Permission.May_Do")
    assert holds("$Permission.may_do", Row(ROW, permissions=frozenset({"May_Do"})))


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("Ünïcode", "\\p{L}+", True),
        ("Ü1", "[\\p{L}\\p{N}]+", True),
        ("Ü-1", "[\\p{L}\\p{N}]+", False),
        ("-", "\\P{L}", True),
        ("Ü", "\\w", False),
        ("\u0663", "\\d", False),
        ("\u0663", "\\p{Nd}", True),
        ("a\u2028b", "a.b", False),
        ("a.b", "a[.]b", True),
        ("axb", "a[.]b", False),
    ],
)
def test_regular_expressions_are_javas(text: str, pattern: str, fits: bool) -> None:
    literal = pattern.replace("\\", "\\\\")
    assert holds(f'REGEX(Name, "{literal}")', Row({"Name": text})) is fits


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("VLOOKUP(Name)", "Unknown function VLOOKUP. Check spelling."),
        ("Nonsense__c = 1", "Field Nonsense__c does not exist. Check spelling."),
        ("$Permission.Other", "Field $Permission.Other does not exist. Check spelling."),
        ("$User.Other = 1", "Field $User.Other does not exist. Check spelling."),
        ("$Profile.Name = Name", "Field $Profile.Name: fields of other records are not emulated in formulas."),
        ("Owner.Name = Name", "Field Owner.Name: fields of other records are not emulated in formulas."),
        ("Name", "Formula result is data type (Text), incompatible with expected data type (true or false)."),
        ("LEN(Name)", "Formula result is data type (Number), incompatible with expected data type (true or false)."),
        ("LEN()", "Incorrect number of parameters for function 'LEN()'. Expected 1, received 0"),
        ("ISNEW(Name)", "Incorrect number of parameters for function 'ISNEW()'. Expected 0, received 1"),
        ("NOT(Name)", "Incorrect parameter type for function 'NOT()'. Expected Boolean, received Text"),
        ("Name = 1", "Incorrect parameter type for function '=()'. Expected Text, received Number"),
        (
            'ISPICKVAL(Name, "A")',
            "Incorrect parameter type for function 'ISPICKVAL()'. Expected Picklist",
        ),
        ('ISCHANGED("x")', "Incorrect parameter type for function 'ISCHANGED()'. Expected a field"),
        ("ISBLANK(File__c)", "Field File__c may not be used in this type of formula."),
        ("Due__c + 1 > TODAY()", "Incorrect parameter type for function '+()'. Expected Number, received Date"),
        ("TEXT(Name) = Name", "Incorrect parameter type for function 'TEXT()'. Received Text"),
        ("AND(Active__c", "Syntax error. The formula ends too soon."),
        ("Active__c Active__c", "Syntax error. Found 'Active__c'."),
        ("Active__c ?", "Syntax error. Found '?'."),
        ("", "Syntax error. The formula ends too soon."),
        ("(" * 200 + "TRUE" + ")" * 200, "The formula is nested too deeply."),
        ("!" * 5000 + "TRUE", "The formula is nested too deeply."),
    ],
)
def test_what_a_deploy_refuses(formula: str, words: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(words)):
        compile_condition(formula, NAMES)


@pytest.mark.parametrize("name", ["Kind__c", "Tags__c"])
@pytest.mark.parametrize("formula", ['{} = "A"', "LEN({}) = 1", "{} < NULL"])
def test_picklists_stand_in_few_functions(name: str, formula: str) -> None:
    with pytest.raises(FormulaError, match="is a picklist field"):
        compile_condition(formula.format(name), NAMES)


@pytest.mark.parametrize("pattern", ["(", "[a[b]]", "[a&&b]", "\\p{Foo}", "\\p{Xx}", "[\\P{L}]", "\\Qx\\E", "a**"])
def test_a_pattern_that_cannot_be_played_is_refused_at_once(pattern: str) -> None:
    literal = pattern.replace("\\", "\\\\")
    with pytest.raises(FormulaError):
        compile_condition(f'REGEX(Name, "{literal}")', NAMES)


def test_the_fields_that_a_condition_reads_are_known() -> None:
    compiled = compile_condition("AND(name = 'x', ISCHANGED(Kind__c), $User.Email = 'x')", NAMES)
    assert compiled.fields == {"Name", "Kind__c"}
