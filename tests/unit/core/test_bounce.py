"""Who writes delivery reports, which domains are the tenant's own, and what decides about a report."""

from dataclasses import replace

import pytest

from connector.codes import Outcome
from connector.core.deciding.address import normalise
from connector.core.deciding.bounce import is_bounce
from connector.core.deciding.exclude import compile_rules, decide_bounce, tenant_names
from connector.model.mail import Decision, Header
from connector.model.org import Exclusion
from tests.support.builders import NOW, exclusion, header, internal
from tests.unit.core.excluding import ADA, BOX, PERSONAL

REPORTER = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@other.onmicrosoft.com"


@pytest.mark.parametrize(
    ("sender", "bounce"),
    [
        (REPORTER, True),
        ("postmaster@client.example", True),
        ("MAILER-DAEMON@client.example", True),
        ("microsoftexchange@client.example", False),
        ("client@client.example", False),
        ("postmasters@client.example", False),
        (None, False),
    ],
)
def test_a_mail_system_is_known_by_its_name(sender: str | None, bounce: bool) -> None:
    assert is_bounce(header(from_=sender)) is bounce


def decided(enclosed: Header | None, *rules: Exclusion) -> Decision:
    report = header(from_=REPORTER, to="adviser@firm.example")
    return decide_bounce(report, enclosed, BOX, compile_rules((internal(), *rules)), BOX.addresses)


def test_the_enclosed_mail_decides_and_not_who_reports_it() -> None:
    mine = {"from_": "adviser@firm.example"}
    assert decided(header(to="hr@firm.example", **mine)).outcome is Outcome.INTERNAL
    assert decided(None).outcome is Outcome.INTERNAL
    held = exclusion("*@doctor.example", PERSONAL, user=ADA)
    assert decided(header(to="dr@doctor.example", **mine), held).outcome is Outcome.EXCLUDED
    open_ = decided(header(to=("dr@doctor.example", "client@client.example"), **mine), held)
    assert (open_.outcome, [party.address for party in open_.addresses]) == (None, ["client@client.example"])


def test_the_domains_that_microsoft_gave_the_tenant_are_its_own() -> None:
    own = map(normalise, ("ada@firm.example", "ada@Firm.onmicrosoft.com", "ada@x.onmicrosoft.com.evil.example"))
    rules = compile_rules(())
    assert tenant_names(own) == {"firm"}
    rules = replace(rules, tenant=frozenset({"firm"}))
    for address, is_own in (
        ("scan@firm.onmicrosoft.com", True),
        ("relay@firm.mail.onmicrosoft.com", True),
        ("scan@confirm.onmicrosoft.com", False),
        ("scan@mail.other.onmicrosoft.com", False),
        ("scan@firm.onmicrosoft.com.evil.example", False),
        ("scan@onmicrosoft.com", False),
    ):
        assert (rules.internal_domain(normalise(address), NOW) is not None) is is_own, address
    assert not rules.has_internal_domain
