from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.codes import Outcome
from connector.core.deciding.address import normalise
from connector.core.deciding.exclude import MailboxView, Rules, compile_rules, decide, group_candidates, steps
from connector.model.mail import Decision, Header, Role
from connector.model.org import Exclusion
from tests.support import builders
from tests.support.builders import exclusion, header, internal
from tests.unit.core.excluding import ADA, BOB, BOX, PERSONAL, decision

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
