import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.codes import Outcome
from connector.core.deciding.address import normalise
from connector.core.deciding.exclude import MailboxView, Rules, compile_rules, decide, group_candidates, steps
from connector.errors import SetupError
from connector.model.mail import Decision, Header, Role
from connector.model.org import Exclusion
from connector.model.values import NormalAddress, RecordId
from tests.support import builders
from tests.support.builders import NOW, at, exclusion, header, internal

ADA = RecordId("005000000000001AAA")
BOB = RecordId("005000000000002AAA")
BOX = MailboxView(
    id=RecordId("a0M000000000001AAA"),
    user=ADA,
    addresses=frozenset({normalise("adviser@firm.example"), normalise("ada@firm.example")}),
)
PERSONAL = "Personal Address"


def decision(mail: Header, *rules: Exclusion, box: MailboxView = BOX, **more: Any) -> Decision:
    arguments: dict[str, Any] = {
        "folder_reason": None,
        "bcc_by_group": None,
        "linked": frozenset(BOX.addresses),
        "settings": builders.settings(),
        **more,
    }
    return decide(mail, box, compile_rules((internal(), *rules)), **arguments)


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
        ("news@", "before or after"),
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
            exclusion("shop.example", PERSONAL, user=BOB, name="EX-0007"),
            exclusion("*@gym.example", PERSONAL, user=ADA),
        ]
    )
    assert set(rules.broken) == {BOB}
    assert "EX-0007" in rules.broken[BOB]
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


# --- the order of the rules


def test_the_first_rule_that_applies_decides() -> None:
    """One mail to which every rule applies; they are taken away one by one."""
    mail = header(from_="x@firm.example", to="y@firm.example", is_draft=True, categories=("Do Not Sync",))
    every: dict[str, Any] = {"folder_reason": "Junk Email"}
    assert decision(mail, **every).outcome is Outcome.DRAFT
    mail = header(from_="x@firm.example", to="y@firm.example", categories=("Do Not Sync",))
    assert decision(mail, **every).outcome is Outcome.FOLDER
    assert decision(mail, **every).rule == "Junk Email"
    assert decision(mail).outcome is Outcome.OPTED_OUT
    mail = header(from_="x@firm.example", to="y@firm.example")
    assert decision(mail).outcome is Outcome.BCC
    assert decision(mail, settings=builders.settings(sync_bcc=True)).outcome is Outcome.INTERNAL


@pytest.mark.parametrize("category", ["Do Not Sync", "do not sync", " DO NOT SYNC "])
def test_a_category_opts_out_whatever_its_case(category: str) -> None:
    found = decision(header(categories=("Blue", category)))
    assert found.outcome is Outcome.OPTED_OUT
    assert found.rule == f"category {category.strip()}"


def test_other_categories_do_not_opt_out() -> None:
    assert decision(header(categories=("Do Not Sync Me", ""))).outcome is None
    off = builders.settings(opt_out_categories=("",))
    assert decision(header(categories=("Do Not Sync", "")), settings=off).outcome is None


# --- Bcc


@pytest.mark.parametrize(
    "mail",
    [
        {"to": "ADVISER@firm.example"},
        {"to": "ada@firm.example"},
        {"to": "client@client.example", "cc": "adviser@firm.example"},
        {"to": "client@client.example", "from_": "adviser@firm.example"},
        {"to": "client@client.example", "from_": "team@firm.example", "sender": "adviser@firm.example"},
    ],
)
def test_a_mail_that_names_the_mailbox_by_any_alias_is_not_bcc(mail: dict[str, Any]) -> None:
    assert decision(header(**mail)).outcome is None


def test_a_mail_that_does_not_name_the_mailbox_is_bcc_unless_bcc_mail_is_synced() -> None:
    mail = header(to="client@client.example", bcc="adviser@firm.example")
    assert decision(mail).outcome is Outcome.BCC
    assert decision(mail, settings=builders.settings(sync_bcc=True)).outcome is None


def test_a_mail_that_a_group_delivered_is_not_bcc() -> None:
    mail = header(to="all@firm.example")
    assert decision(mail, bcc_by_group=True).outcome is None
    assert decision(mail, bcc_by_group=False).outcome is Outcome.BCC
    assert decision(mail, bcc_by_group=None).outcome is Outcome.BCC


def candidates(mail: Header, **more: Any) -> tuple[str, ...]:
    linked = frozenset({normalise("bob@firm.example"), *BOX.addresses})
    config = more.pop("settings", builders.settings())
    return group_candidates(mail, BOX, compile_rules([internal()]), config, linked, **more)


def test_only_internal_addresses_in_to_and_cc_may_be_groups() -> None:
    mail = header(
        to=["all@firm.example", "client@client.example", "bob@firm.example"],
        cc=["ALL@firm.example", "sales@uk.firm.example", "/o=x/cn=team"],
        bcc=["board@firm.example"],
    )
    assert candidates(mail) == ("all@firm.example", "sales@uk.firm.example")


def test_nothing_is_looked_up_for_a_mail_that_the_bcc_rule_does_not_decide() -> None:
    assert candidates(header(to=["all@firm.example", "ada@firm.example"])) == ()
    assert candidates(header(to="all@firm.example"), settings=builders.settings(sync_bcc=True)) == ()
    assert candidates(header(to="all@firm.example", is_draft=True)) == ()
    assert candidates(header(to="all@firm.example"), folder_reason="Junk Email") == ()
    assert candidates(header(to="all@firm.example", categories=("do not sync",))) == ()


# --- internal


def test_mail_between_internal_and_linked_addresses_is_internal_and_names_the_rule() -> None:
    rule = internal("acme.example", name="EX-0009")
    found = decision(header(from_="x@mail.acme.example", to="adviser@firm.example"), rule)
    assert found == Decision(outcome=Outcome.INTERNAL, rule="EX-0009", rule_id=rule.id)


def test_a_linked_mailbox_outside_the_internal_domains_is_internal() -> None:
    linked = frozenset({*BOX.addresses, normalise("team@outsourced.example")})
    assert decision(header(from_="team@outsourced.example"), linked=linked).outcome is Outcome.INTERNAL


def test_only_linked_mailboxes() -> None:
    rules = compile_rules([])
    found = decide(
        header(from_="ada@firm.example"),
        BOX,
        rules,
        builders.settings(),
        BOX.addresses,
        folder_reason=None,
        bcc_by_group=None,
    )
    assert (found.outcome, found.rule_id) == (Outcome.INTERNAL, None)
    assert found.rule


@pytest.mark.parametrize("role", ["from_", "sender", "to", "cc", "bcc"])
def test_one_external_address_in_any_role_makes_a_mail_not_internal(role: str) -> None:
    people: dict[str, Any] = {"from_": "x@firm.example", "to": "adviser@firm.example"}
    assert decision(header(**people)).outcome is Outcome.INTERNAL
    people[role] = "client@client.example"
    sync_bcc = builders.settings(sync_bcc=True)
    assert decision(header(**people), settings=sync_bcc).outcome is None


def test_an_address_without_at_counts_as_internal() -> None:
    assert decision(header(from_="/O=EXCHANGELABS/CN=Ada")).outcome is Outcome.INTERNAL


def test_a_mail_without_any_address_goes_on() -> None:
    found = decision(header(from_=None, to=()), settings=builders.settings(sync_bcc=True))
    assert found == Decision(outcome=None)


# --- excluded, and what is left


def test_an_excluded_address_is_left_out_while_another_external_one_remains() -> None:
    mail = header(from_="client@client.example", to="adviser@firm.example", cc="lawyer@law.example")
    found = decision(mail, exclusion("*@law.example"))
    assert [party.address for party in found.addresses] == ["client@client.example"]


def test_a_mail_with_no_external_address_left_names_the_rule_for_the_first() -> None:
    first, second = exclusion("*@client.example", name="EX-1"), exclusion("lawyer@law.example", PERSONAL, name="EX-2")
    mail = header(from_="client@client.example", to="adviser@firm.example", cc="lawyer@law.example")
    assert decision(mail, first, second) == Decision(outcome=Outcome.EXCLUDED, rule="EX-1", rule_id=first.id)
    mail = header(from_="lawyer@law.example", to="adviser@firm.example", cc="client@client.example")
    assert decision(mail, first, second) == Decision(outcome=Outcome.EXCLUDED, rule="EX-2", rule_id=second.id)


def test_of_two_rules_the_one_for_everybody_is_named() -> None:
    own, everybodys = exclusion("client@client.example", PERSONAL), exclusion("*@client.example")
    assert decision(header(), own, everybodys).rule_id == everybodys.id


def test_a_personal_rule_is_for_its_user_alone() -> None:
    rule = exclusion("client@client.example", PERSONAL, user=BOB)
    assert decision(header(), rule).outcome is None
    theirs = MailboxView(id=BOX.id, user=BOB, addresses=BOX.addresses)
    assert decision(header(), rule, box=theirs).outcome is Outcome.EXCLUDED
    nobodys = MailboxView(id=BOX.id, user=None, addresses=BOX.addresses)
    assert decision(header(), rule, box=nobodys).outcome is None


def test_parties_come_once_each_with_the_first_role_and_a_name() -> None:
    mail = header(
        from_="Chris Client <CHRIS@client.example>",
        sender="secretary@client.example",
        to=["chris@client.example", "adviser@firm.example", "pat@client.example"],
        cc=["Pat <Pat@client.example>", "/o=x/cn=colleague"],
        bcc=["Quiet <quiet@client.example>"],
    )
    parties = decision(mail).addresses
    assert [(party.address, party.name, party.role) for party in parties] == [
        ("chris@client.example", "Chris Client", Role.FROM),
        ("secretary@client.example", "", Role.FROM),
        ("pat@client.example", "Pat", Role.TO),
        ("quiet@client.example", "Quiet", Role.BCC),
    ]


def test_steps_tell_every_rule_in_order_and_agree_with_the_decision() -> None:
    mail = header(from_="news@shop.example")
    rules = compile_rules([internal(), exclusion("*@shop.example", name="EX-7")])
    trail = list(steps(mail, BOX, rules, builders.settings(), BOX.addresses, folder_reason=None, bcc_by_group=None))
    assert [outcome for outcome, _ in trail] == [
        Outcome.DRAFT,
        Outcome.FOLDER,
        Outcome.OPTED_OUT,
        Outcome.BCC,
        Outcome.INTERNAL,
        Outcome.EXCLUDED,
        None,
    ]
    said = [found for _, found in trail if found]
    assert said[0].rule == "EX-7"
    assert said[-1] == Decision(outcome=None)


# --- properties over whole mails

PEOPLE = st.sampled_from(
    [
        "client@client.example",
        "pat@client.example",
        "news@shop.example",
        "x@firm.example",
        "adviser@firm.example",
        "/o=x/cn=y",
        "",
    ]
)
MAILS = st.builds(
    header,
    from_=st.none() | PEOPLE,
    to=st.lists(PEOPLE, max_size=3),
    cc=st.lists(PEOPLE, max_size=2),
    bcc=st.lists(PEOPLE, max_size=2),
)
RULES = st.lists(
    st.sampled_from(
        [
            exclusion("*@shop.example"),
            exclusion("client@client.example"),
            exclusion("p*@client.example", PERSONAL),
            exclusion("*@client.example", PERSONAL, user=BOB),
        ]
    ),
    unique_by=lambda rule: rule.id,
)


def everyone(mail: Header) -> set[str]:
    people = (mail.from_, *mail.to, *mail.cc, *mail.bcc)
    return {person.address for person in people if person and person.address}


@settings(deadline=None)
@given(MAILS, RULES)
def test_nothing_excluded_or_internal_ever_goes_on_and_nothing_else_is_held_back(
    mail: Header, chosen: list[Exclusion]
) -> None:
    rules: Rules = compile_rules([internal(), *chosen])
    found = decide(
        mail,
        BOX,
        rules,
        builders.settings(sync_bcc=True),
        BOX.addresses,
        folder_reason=None,
        bcc_by_group=None,
    )
    patterns = {rule.pattern for rule in chosen if rule.user in (None, ADA)}
    kept_out = {
        "news@shop.example": "*@shop.example" in patterns,
        "client@client.example": "client@client.example" in patterns,
        "pat@client.example": "p*@client.example" in patterns,
    }
    external = everyone(mail) & set(kept_out)
    allowed = {address for address in external if not kept_out[address]}
    assert {party.address for party in found.addresses} == (allowed if found.outcome is None else set())
    if not everyone(mail):
        assert found.outcome is None
    elif not external:
        assert found.outcome is Outcome.INTERNAL
    elif not allowed:
        assert found.outcome is Outcome.EXCLUDED
    else:
        assert found.outcome is None
