"""A Contact comes into an Account, or changes it, after its mail was stored: the Account gets the mail too."""

import pytest

from tests.support.world import World


@pytest.fixture
def rita(firm: World) -> str:
    """The firm's client, who is in no Account. Her mail, one in copy with a stranger, is stored a while ago."""
    firm.advance_to_noon()
    [contact] = firm.rows("SELECT Id FROM Contact")
    for number, cc in enumerate(([], ["stranger@unknown.example"])):
        firm.message(
            "ada",
            subject=f"Mail {number}",
            toRecipients=["ada@firm.example"],
            ccRecipients=cc,
            **{"from": "rita@reed.example"},
        )
    assert firm.sync()["emails"] == 2
    firm.advance(minutes=5)
    return str(contact["Id"])


def related(world: World) -> list[tuple[str, str, str | None, str | None]]:
    """Subject, address, Contact and Account of every participant."""
    rows = world.rows("SELECT Subject__c, Address__c, Contact__c, Account__c FROM Email_Participant__c")
    told = [(row["Subject__c"], row["Address__c"], row["Contact__c"], row["Account__c"]) for row in rows]
    return sorted(told, key=str)


def mails_of(world: World, account: str) -> list[str]:
    """What the Account's page lists."""
    rows = world.rows(f"SELECT Subject__c FROM Email_Participant__c WHERE Account__c = '{account}'")
    return sorted(row["Subject__c"] for row in rows)


def test_a_contact_that_gets_an_account_brings_it_to_the_mail_that_is_there(firm: World, rita: str) -> None:
    before = related(firm)
    household = firm.create("Account", Name="Reed Household")
    firm.org.Contact.update(rita, {"AccountId": household})

    report = firm.sync()

    assert mails_of(firm, household) == ["Mail 0", "Mail 1"]
    assert related(firm) == sorted(((*row[:3], household) if row[2] == rita else row for row in before), key=str)
    assert (report["participants"], report["tasks"], report["errors"]) == (0, 0, 0)
    firm.advance(minutes=5)
    assert firm.sync()["event"] is None


def test_the_account_that_it_was_in_keeps_the_mail_and_the_next_lists_it_too(firm: World, rita: str) -> None:
    first, second, third = (firm.create("Account", Name=f"Household {number}") for number in range(3))
    for account in (first, second, third):
        firm.org.Contact.update(rita, {"AccountId": account})
        firm.sync()
        firm.advance(minutes=5)
    assert all(mails_of(firm, account) == ["Mail 0", "Mail 1"] for account in (first, second, third))
    assert {row["Contact__c"] for row in firm.rows("SELECT Contact__c FROM Email_Participant__c")} == {rita, None}
    firm.org.Contact.update(rita, {"AccountId": None})
    assert firm.sync()["participants"] == 0
    assert mails_of(firm, first) == ["Mail 0", "Mail 1"]


def test_an_account_is_listed_once_in_a_mail_whoever_comes_into_it(firm: World, rita: str) -> None:
    household = firm.create("Account", Name="Reed Household")
    rob = firm.client("Rob", "Reed", "rob@reed.example")
    firm.message(
        "ada",
        subject="Both",
        received=firm.ago(minutes=3),
        toRecipients=["ada@firm.example", "rob@reed.example"],
        **{"from": "rita@reed.example"},
    )
    firm.sync()
    firm.advance(minutes=5)
    firm.org.Contact.update(rob, {"AccountId": household})
    firm.sync()
    firm.advance(minutes=5)
    firm.org.Contact.update(rita, {"AccountId": household})
    firm.sync()
    assert mails_of(firm, household) == ["Both", "Mail 0", "Mail 1"]


@pytest.mark.calls
def test_a_change_of_a_contact_whose_account_the_mail_lists_costs_one_call_and_reads_no_mail(
    firm: World, rita: str
) -> None:
    household = firm.create("Account", Name="Reed Household")
    firm.org.Contact.update(rita, {"AccountId": household})
    firm.sync()
    firm.advance(minutes=90)
    firm.org.Contact.update(rita, {"Title": "Dr"})
    report = firm.sync()
    assert report["event"] is None
    assert report["salesforce_calls"] <= 4


@pytest.mark.calls
def test_a_second_contact_of_the_account_costs_one_call_more(firm: World, rita: str) -> None:
    """The mail names the Account on the row of the first: that it does is looked at before any mail is read."""
    household = firm.create("Account", Name="Reed Household")
    firm.org.Contact.update(rita, {"AccountId": household})
    rob = firm.client("Rob", "Reed", "stranger@unknown.example", account=household)
    firm.sync()
    assert mails_of(firm, household) == ["Mail 0", "Mail 1"]
    firm.advance(minutes=90)
    firm.org.Contact.update(rob, {"Title": "Dr"})
    report = firm.sync()
    assert report["event"] is None
    assert report["salesforce_calls"] <= 5
