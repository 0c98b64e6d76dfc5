"""A changed Contact that has an Account: its mail is asked for where it does not list that Account, and only there."""

from datetime import timedelta
from typing import Any

import pytest

from connector.core.writing.rematch import Watch
from connector.model.values import RecordId
from connector.salesforce.stored_mail import SalesforceStoredMail
from tests.unit.salesforce.org import Org
from tests.unit.salesforce.test_stored_mail import (
    ACCOUNT,
    CONTACT,
    MAIL,
    RITA,
    SINCE,
    contact,
    directory_of,
    found,
    queries,
)

OTHER_MAIL, OTHER = RecordId("a0E000000000002AAA"), RecordId("001000000000002AAA")
_ROWS = "SELECT Email__c, Contact__c FROM Email_Participant__c"
_LISTED = "SELECT Email__c, Account__c FROM Email_Participant__c"


def stock_of(org: Org, account: str | None = ACCOUNT) -> SalesforceStoredMail:
    """After the look-up that found the Contact changed."""
    org.resources["FROM Contact WHERE"] = found({**contact(SINCE + timedelta(hours=1)), "AccountId": account})
    directory = directory_of(org)
    stored_mail = SalesforceStoredMail(org.client, directory)
    stored_mail.expect(Watch(since=SINCE))
    assert stored_mail.changes().accounts == ({CONTACT: account} if account else {})
    return stored_mail


def test_rows_that_name_another_account_or_none_are_asked_for(org: Org) -> None:
    stored_mail = stock_of(org)
    org.resources[_ROWS] = found()
    assert stored_mail.mails_with({RITA: [CONTACT]}) == []
    lacking, elsewhere = queries(org)[1]
    assert f"(Contact__c = null OR Contact__c != '{CONTACT}')" in lacking
    assert f"Address__c = '{RITA}' AND Contact__c = '{CONTACT}'" in elsewhere
    assert f" AND (Account__c = null OR Account__c != '{ACCOUNT}')" in elsewhere
    assert "Email__r.Match_Status__c != 'Removed'" in elsewhere
    assert len(queries(org)) == 2


def test_a_contact_without_account_is_not_asked_for(org: Org) -> None:
    stored_mail = stock_of(org, account=None)
    stored_mail.mails_with({RITA: [CONTACT]})
    assert len(queries(org)[1]) == 1


def test_a_mail_that_lists_the_account_on_another_row_lacks_nothing(org: Org) -> None:
    stored_mail = stock_of(org)
    org.resources[_ROWS] = found(*({"Email__c": mail, "Contact__c": CONTACT} for mail in (MAIL, OTHER_MAIL)))
    org.resources[_LISTED] = found(
        {"Email__c": MAIL, "Account__c": ACCOUNT}, {"Email__c": OTHER_MAIL, "Account__c": OTHER}
    )
    assert stored_mail.mails_with({RITA: [CONTACT]}) == [OTHER_MAIL]
    [listed] = queries(org)[2]
    assert f"Account__c IN ('{ACCOUNT}')" in listed
    assert f"Email__c IN ('{MAIL}','{OTHER_MAIL}')" in listed.replace(", ", ",")


def test_a_mail_is_asked_for_once(org: Org) -> None:
    stored_mail = stock_of(org)
    org.resources["SELECT Email__c FROM Email_Participant__c"] = found({"Email__c": MAIL})
    org.resources[_ROWS] = found({"Email__c": MAIL, "Contact__c": CONTACT})
    assert stored_mail.mails_with({RITA: [CONTACT]}) == [MAIL]
    assert len(queries(org)) == 2


@pytest.mark.parametrize(("account", "changed"), [(ACCOUNT, {}), (None, {RITA: {CONTACT}}), (OTHER, {RITA: {CONTACT}})])
def test_in_the_second_of_the_last_run_it_was_seen_only_with_its_account(
    org: Org, account: str | None, changed: dict[str, Any]
) -> None:
    org.resources["FROM Contact WHERE"] = found({**contact(SINCE), "AccountId": ACCOUNT})
    row = {"Address__c": RITA, "Contact__c": CONTACT, "Account__c": account, "Email__c": MAIL}
    org.resources["FROM Email_Participant__c WHERE"] = found({**row, "Email__r": {"Match_Status__c": "Matched"}})
    directory = directory_of(org)
    directory.expect(Watch(since=SINCE))
    assert directory.changes().clients == changed
