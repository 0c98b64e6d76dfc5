"""The validation rules that can be read without an org: what they name, and the patterns that they take."""

import re

import pytest
from m365sandbox.salesforce.metadata.package import File, flag, text

from connector.core.deciding.pattern import ADDRESS, DOMAIN, in_org
from tests.unit.metadata.project import PROJECT

FUNCTIONS = {"AND", "OR", "NOT", "ISNEW", "ISCHANGED", "ISBLANK", "ISPICKVAL", "REGEX", "TRIM"}


def formula(owner: str, name: str) -> str:
    [found] = [file for file in PROJECT.of("validationRule") if (file.owner, file.name) == (owner, name)]
    return text(found.root, "errorConditionFormula")


@pytest.mark.parametrize("file", PROJECT.of("validationRule"), ids=lambda file: file.name)
def test_a_rule_is_active_and_uses_functions_that_the_sandbox_plays(file: File) -> None:
    written = re.sub(r'"[^"]*"', '""', text(file.root, "errorConditionFormula"))
    assert flag(file.root, "active")
    assert written.count("(") == written.count(")")
    assert set(re.findall(r"\b([A-Z]+)\(", written)) <= FUNCTIONS


@pytest.mark.parametrize("file", PROJECT.of("validationRule"), ids=lambda file: file.name)
def test_a_message_says_what_to_do(file: File) -> None:
    message = text(file.root, "errorMessage")
    assert message[0].isupper()
    assert message.endswith((".", "default"))


def literals(name: str) -> list[str]:
    """The regular expressions of an exclusion rule, as REGEX gets them."""
    found = re.findall(r'REGEX\(TRIM\(Pattern__c\), "([^"]*)"\)', formula("MS_Graph_Exclusion__c", name))
    return [one.replace("\\\\", "\\") for one in found]


@pytest.mark.parametrize(("name", "shape"), [("Address_Pattern", ADDRESS), ("Domain_Pattern", DOMAIN)])
def test_the_org_takes_what_the_connector_understands(name: str, shape: tuple[str, ...]) -> None:
    """One definition: connector/core/deciding/pattern.py. That it is kept to: tests/contract/test_pattern_rules.py."""
    assert literals(name) == [in_org(each) for each in shape]


def expressions(name: str) -> list[re.Pattern[str]]:
    """Python has no \\p{L}, \\p{N} and \\p{M}: what is no ASCII stands for them."""
    return [re.compile(one.replace(r"\p{L}\p{N}\p{M}", r"0-9A-Za-z\u00aa-\U0010ffff")) for one in literals(name)]


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        ("news@shop.example", True),
        (" news@shop.example ", True),
        ("*@shop.example", True),
        ("@shop.example", True),
        ("no-reply*", True),
        ("*@*.shop.example", True),
        ("jörg@bücher.example", True),
        ("shop.example", False),  # neither an address nor a wildcard: it could never match
        ("*", False),
        ("*@*", False),
        ("a@b.example, c@d.example", False),
        ("a@b.example;c@d.example", False),
        ("Ann Other <ann@other.example>", False),
        ("a@b@c.example", False),
    ],
)
def test_the_shape_of_an_address_pattern(pattern: str, accepted: bool) -> None:
    assert all(one.fullmatch(pattern.strip()) for one in expressions("Address_Pattern")) is accepted


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        ("firm.example", True),
        ("mail.firm.example", True),
        ("@firm.example", True),
        ("*@firm.example", True),
        ("bücher.example", True),
        ("xn--bcher-kva.example", True),
        ("firm", False),
        ("*", False),
        ("*.*", False),
        ("ann@firm.example", False),
        ("firm.example.", False),
        ("firm.example, other.example", False),
        ("https://firm.example", False),
    ],
)
def test_the_shape_of_a_domain_pattern(pattern: str, accepted: bool) -> None:
    (one,) = expressions("Domain_Pattern")
    assert (one.fullmatch(pattern.strip()) is not None) is accepted


def test_a_rule_that_was_deleted_can_be_copied_whatever_its_shape() -> None:
    for name in ("Address_Pattern", "Domain_Pattern"):
        assert "ISBLANK(Tombstone_Of__c)" in formula("MS_Graph_Exclusion__c", name)


def test_type_pattern_and_user_of_an_exclusion_are_fixed() -> None:
    fixed = re.findall(r"ISCHANGED\((\w+)\)", formula("MS_Graph_Exclusion__c", "Rule_Cannot_Change"))
    assert fixed == ["Type__c", "Pattern__c", "User__c"]
