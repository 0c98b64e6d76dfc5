"""What the org's rules take as a pattern, the connector understands: the formulas as shipped, in the sandbox's engine.

A pattern that only the org takes would stop every run, or a user's mailboxes.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from m365sandbox.salesforce.data.schema import Field, PicklistValue
from m365sandbox.salesforce.formula import Names, compile_condition

from connector.core.deciding.address import normalise
from connector.core.deciding.exclude import compile_rules
from connector.core.deciding.pattern import PatternError, address_pattern, domain_pattern
from connector.model.org import ExclusionType
from tests.support.builders import NOW, exclusion
from tests.unit.metadata.test_validation_rules import formula

TYPES = tuple(PicklistValue(each.value, each.value) for each in ExclusionType)
FIELDS = {
    "type__c": Field(name="Type__c", label="Type", type="picklist", picklist=TYPES),
    "pattern__c": Field(name="Pattern__c", label="Pattern", type="string", length=255),
    "tombstone_of__c": Field(name="Tombstone_Of__c", label="Tombstone Of", type="string", length=18),
}
NAMES = Names("MS_Graph_Exclusion__c", FIELDS, {}, frozenset())
RULES = [
    compile_condition(formula("MS_Graph_Exclusion__c", name), NAMES) for name in ("Address_Pattern", "Domain_Pattern")
]


@dataclass
class Row:
    """A new row with this pattern."""

    type: ExclusionType
    pattern: str
    is_new: bool = True

    def value(self, name: str) -> Any:
        return {"Type__c": self.type.value, "Pattern__c": self.pattern, "Tombstone_Of__c": ""}[name]

    prior = value

    def user(self, name: str) -> Any:
        raise AssertionError("no rule of a pattern asks for the user")

    has_permission = user

    def today(self) -> str:
        raise AssertionError("nor for the date")

    now = today


def taken(kind: ExclusionType, pattern: str) -> bool:
    """Whether the org saves such a row."""
    return not any(rule.holds(Row(kind, pattern)) for rule in RULES)


# fmt: off
PIECES = st.sampled_from([
    "a", "1", "Z", "_", "-", ".", "@", "*", "é", "e\u0301", "İ", "ß", "\u200b", "\u00a0", "\u00ad", "\u2028", "\u3000",
    "'", '"', "a.b", "x--", "xn--", "xn--bcher-kva", "²", "٣", "Ⅷ", "ａ", "ﷺ", "ﬁ", "⒈", "\u034f", "\u0301", "mailto:",
    "<", ">", ",", ";", " ", "\t", "\n", "(", ")", "[", "]", "\\", ":", "=", "?", "/", "+", "^", "{", "}", "ⴀ",
    "\U0001d7d8", "😀", "中", "@firm.example", "*@", "\x07", "\ud800", "..", "''",
])
# fmt: on
PATTERNS = st.lists(PIECES, min_size=1, max_size=7).map("".join) | st.text(max_size=12)
SEEN = [
    "news@",
    "x@",
    "@",
    "*",
    "*@",
    "a@.",
    "'@b'",
    '"@b"',
    "a@'",
    "-a.b",
    "x--.a",
    "_.a",
    "a._",
    "\u00a0a@b.c",
    "a@b\u00a0",
    "².b",
    "a@²",
    "a@b.",
    "mailto:@b",
    "firm.example.",
    "@@a",
    "ⷠ.a",
    "a@\u0301",
    "\u0301@a",
    "\u0301.\u0301",
]


@settings(max_examples=1500, deadline=None)
@given(pattern=PATTERNS)
@pytest.mark.parametrize("kind", ExclusionType)
def test_what_the_org_takes_is_understood(kind: ExclusionType, pattern: str) -> None:
    if taken(kind, pattern):
        (domain_pattern if kind is ExclusionType.INTERNAL_DOMAIN else address_pattern)(pattern)


@pytest.mark.parametrize("kind", ExclusionType)
@pytest.mark.parametrize("pattern", SEEN)
def test_so_are_the_odd_ones(kind: ExclusionType, pattern: str) -> None:
    understand = domain_pattern if kind is ExclusionType.INTERNAL_DOMAIN else address_pattern
    try:
        understand(pattern)
    except PatternError:
        assert not taken(kind, pattern)


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        (ExclusionType.EXTERNAL_ADDRESS, "news@shop.example"),
        (ExclusionType.EXTERNAL_ADDRESS, " *@shop.example "),
        (ExclusionType.EXTERNAL_ADDRESS, "@bücher.example"),
        (ExclusionType.EXTERNAL_ADDRESS, "no-reply*"),
        (ExclusionType.PERSONAL_ADDRESS, "o'neil+x@shop.example"),
        (ExclusionType.PERSONAL_ADDRESS, "田中@例え.example"),
        (ExclusionType.INTERNAL_DOMAIN, "firm.example"),
        (ExclusionType.INTERNAL_DOMAIN, "*@mail.firm.example"),
        (ExclusionType.INTERNAL_DOMAIN, "xn--bcher-kva.example"),
        (ExclusionType.INTERNAL_DOMAIN, "_spf.bücher-x.example"),
    ],
)
def test_what_people_write_is_taken(kind: ExclusionType, pattern: str) -> None:
    assert taken(kind, pattern)


@settings(max_examples=500, deadline=None)
@given(
    address=st.from_regex(
        r"[a-z0-9][a-z0-9._+'-]{0,20}@([a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?\.){1,3}[a-z]{2,6}", fullmatch=True
    )
)
@example(address="o'neil@shop.example")
def test_every_ordinary_address_is_taken_and_matches_itself(address: str) -> None:
    assert taken(ExclusionType.PERSONAL_ADDRESS, address)
    rules = compile_rules([exclusion(address)])
    assert rules.external(normalise(address), NOW)
