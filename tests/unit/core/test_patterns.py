"""Patterns of exclusions and internal domains: what they match, and what becomes of one that nobody can understand."""

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.codes import Outcome
from connector.core.deciding.address import normalise
from connector.core.deciding.exclude import compile_rules
from connector.core.deciding.globs import Globs
from connector.core.deciding.pattern import Glob, PatternError, address_pattern
from connector.errors import SetupError
from connector.model.values import NormalAddress
from tests.support.builders import NOW, at, exclusion, header, internal
from tests.unit.core.excluding import ADA, BOB, PERSONAL, decision


def excluded(pattern: str, address: str) -> bool:
    return compile_rules([exclusion(pattern)]).external(normalise(address), NOW) is not None


def is_internal(pattern: str, address: str) -> bool:
    return compile_rules([internal(pattern)]).internal_domain(normalise(address), NOW) is not None


# --- patterns


@pytest.mark.parametrize(
    ("pattern", "address", "expected"),
    [
        ("news@shop.example", "News@Shop.example", True),
        ("News@Shop.Example ", "news@shop.example", True),
        ("news@shop.example", "news@mail.shop.example", False),
        ("news@shop.example", "thenews@shop.example", False),
        ("*@shop.example", "anyone@shop.example", True),
        ("*@shop.example", "anyone@mail.shop.example", False),
        ("*@shop.example", "anyone@workshop.example", False),
        ("@shop.example", "anyone@shop.example", True),
        ("*@*.shop.example", "anyone@mail.shop.example", True),
        ("*@*.shop.example", "anyone@shop.example", False),
        ("news*@shop.example", "newsletter@shop.example", True),
        ("news*@shop.example", "news@shop.example", True),
        ("*shop*", "a@b.shop.example", True),
        ("a*a@b.example", "a@b.example", False),
        ("a*a@b.example", "aa@b.example", True),
        ("**news**@shop.example", "thenews@shop.example", True),
        ("a.b@shop.example", "axb@shop.example", False),
        ("a?b@shop.example", "axb@shop.example", False),
        ("[ab]@shop.example", "a@shop.example", False),
        ("*@bücher.example", "a@xn--bcher-kva.example", True),
        ("*@xn--bcher-kva.example", "a@Bücher.example", True),
        ("info@bücher.example", "info@xn--bcher-kva.example", True),
        ("info*@bücher.example", "info1@xn--bcher-kva.example", True),
        ("*@*.bücher.example", "a@mail.xn--bcher-kva.example", True),
        ("*@bü*.example", "a@bücher.example", True),
        ("*@BU\u0308*.example", "a@bücher.example", True),
        ("<news@shop.example>", "news@shop.example", True),
        ("  *@shop.example ", "news@shop.example", True),
        ("n*ab*ab*@shop.example", "nab@shop.example", False),
        ("n*ab*ab*@shop.example", "nabxab@shop.example", True),
    ],
)
def test_address_patterns(pattern: str, address: str, expected: bool) -> None:
    assert excluded(pattern, address) is expected


@pytest.mark.parametrize(
    "pattern", ["acme.example", "@acme.example", "*@acme.example", "  ACME.example ", "@ acme.example"]
)
def test_an_internal_domain_covers_its_subdomains_however_it_is_written(pattern: str) -> None:
    assert is_internal(pattern, "a@acme.example")
    assert is_internal(pattern, "a@mail.uk.acme.example")
    assert not is_internal(pattern, "a@notacme.example")
    assert not is_internal(pattern, "acme.example")


def test_an_internal_domain_in_another_script() -> None:
    assert is_internal("Bücher.example", "a@mail.xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "letter or digit"),
        ("*", "letter or digit"),
        ("*@*.*", "letter or digit"),
        ("\u200b", "letter or digit"),
        ("shop.example", "neither @ nor *"),
        ("a@b@c.example", "more than one @"),
        ("news@", "nothing after"),
        ("a@b.example, c@d.example", "one address"),
        ("a@b.example;c@d.example", "one address"),
        ("Ada <a*@b.example>", "one address"),
    ],
)
def test_an_address_pattern_that_cannot_be_understood_stops_the_run_and_names_the_record(
    pattern: str, why: str
) -> None:
    with pytest.raises(SetupError, match=re.escape(why)) as error:
        compile_rules([exclusion("fine@shop.example"), exclusion(pattern, name="EX-0042")])
    assert "EX-0042" in str(error.value)
    assert repr(pattern) in str(error.value)
    assert error.value.remedy


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("*.acme.example", "subdomains without"),
        ("acme.*", "subdomains without"),
        ("*@*.acme.example", "subdomains without"),
        ("ada@acme.example", "an address"),
        ("ada*@acme.example", "an address"),
        ("example", "domain name with a dot"),
        ("acme..example", "domain name with a dot"),
        (".acme.example", "domain name with a dot"),
        ("acme example.com", "domain name with a dot"),
        ("-acme.example", "domain name with a dot"),
        ("acme/example.com", "domain name with a dot"),
        (" @ ", "letter or digit"),
    ],
)
def test_an_internal_domain_that_cannot_be_understood_stops_the_run(pattern: str, why: str) -> None:
    with pytest.raises(SetupError, match=re.escape(why)):
        compile_rules([internal(pattern)])


def test_a_broken_personal_pattern_stops_only_its_user() -> None:
    rules = compile_rules(
        [
            exclusion("divorce lawyer", PERSONAL, user=BOB, name="EX-0007"),
            exclusion("*@gym.example", PERSONAL, user=ADA),
        ]
    )
    assert set(rules.broken) == {BOB}
    assert "EX-0007" in rules.broken[BOB]
    assert "divorce" not in rules.broken[BOB]  # others read it in the mailbox's status
    assert rules.personal(ADA, NormalAddress("me@gym.example"), NOW)


def test_a_personal_rule_of_nobody_stops_the_run() -> None:
    with pytest.raises(SetupError, match="no user"):
        compile_rules([exclusion("*@gym.example", PERSONAL, user=None)])


def test_a_broken_rule_for_everybody_stops_the_run_though_it_names_a_user() -> None:
    for rule in (exclusion("shop.example", user=BOB), internal("example", user=BOB)):
        with pytest.raises(SetupError, match=rule.name):
            compile_rules([rule])


def test_a_broken_rule_that_was_removed_is_left_out() -> None:
    """Its pattern cannot be edited, so clearing it has to be enough."""
    rules = compile_rules(
        [exclusion("*", removed_at=NOW), internal("*", removed_at=NOW), exclusion("*", PERSONAL, removed_at=NOW)]
    )
    assert not rules.broken


def test_whether_there_is_an_active_internal_domain() -> None:
    assert compile_rules([internal()]).has_internal_domain
    assert not compile_rules([internal(removed_at=NOW)]).has_internal_domain
    assert not compile_rules([exclusion("*@firm.example")]).has_internal_domain


ALPHABET = "ab.@"


def as_regex(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


@settings(deadline=None, max_examples=300)
@given(
    st.text(ALPHABET + "*", min_size=1, max_size=8).filter(
        lambda p: "*" in p and any(c.isalnum() for c in p) and p.count("@") <= 1 and not p.endswith((".", "@"))
    ),
    st.builds("{}@{}".format, st.text("ab.", max_size=5), st.text("ab.", max_size=5)),
)
@example("a*b*a@b", "aba@b")
def test_wildcards_against_an_independent_reference(pattern: str, raw: str) -> None:
    if not pattern.startswith("@"):
        address = normalise(raw)
        assert excluded(pattern, address) is bool(as_regex(pattern).fullmatch(address))


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.text("abc.@*", min_size=1, max_size=9), max_size=12),
    st.builds("{}@{}".format, st.text("abc.", max_size=8), st.text("abc.", max_size=8)),
)
def test_many_patterns_find_what_each_alone_would(patterns: list[str], raw: str) -> None:
    globs: list[Glob] = []
    for pattern in patterns:
        with suppress(PatternError):
            understood = address_pattern(pattern)
            globs += [understood] if isinstance(understood, Glob) else []
    index: Globs[int] = Globs()
    for number, glob in enumerate(globs):
        index.add(glob, number)
    address = normalise(raw)
    assert [*index.matching(address)] == [number for number, glob in enumerate(globs) if glob.matches(address)]


def test_a_hostile_pattern_is_matched_at_once() -> None:
    """With a backtracking matcher this would not end in the life of the machine."""
    pattern = "*a" * 120 + "b@shop.example"
    assert not excluded(pattern, "a" * 5000 + "@shop.example")


# --- not retroactive


@pytest.mark.parametrize(
    ("rule", "mail"),
    [
        (lambda **f: exclusion("*@shop.example", **f), {"from_": "news@shop.example"}),
        (lambda **f: exclusion("news@shop.example", **f), {"from_": "news@shop.example"}),
        (lambda **f: exclusion("n*s@shop.example", **f), {"from_": "news@shop.example"}),
        (lambda **f: exclusion("*@shop.example", PERSONAL, **f), {"from_": "news@shop.example"}),
        (lambda **f: internal("shop.example", **f), {"from_": "news@shop.example"}),
    ],
)
def test_a_removed_rule_still_applies_to_mail_received_before(rule: Any, mail: dict[str, Any]) -> None:
    removed = rule(removed_at=NOW)
    refused = {Outcome.EXCLUDED, Outcome.INTERNAL}
    assert decision(header(received_at=at(-1), **mail), removed).outcome in refused
    assert decision(header(received_at=NOW, **mail), removed).outcome is None
    assert decision(header(received_at=at(days=900), **mail), rule()).outcome in refused
    assert decision(header(received_at=at(days=-900), **mail), rule()).outcome in refused


def test_an_active_rule_is_found_behind_a_removed_one_with_the_same_pattern() -> None:
    old = exclusion("*@shop.example", name="EX-0001", removed_at=at(days=-10))
    new = exclusion("*@shop.example", name="EX-0002")
    found = decision(header(from_="news@shop.example"), old, new)
    assert (found.outcome, found.rule) == (Outcome.EXCLUDED, "EX-0002")
    assert decision(header(from_="news@shop.example", received_at=at(days=-20)), old, new).rule == "EX-0002"
