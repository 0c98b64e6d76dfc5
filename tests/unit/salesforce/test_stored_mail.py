"""What changed is asked along with the first look-up; what may be concerned is asked narrowly; refusals are told."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from responses import RequestsMock

from connector.core.writing.rematch import Watch
from connector.errors import OrgFaultError
from connector.model.records import StoredKey
from connector.model.values import NormalAddress, RecordId
from connector.salesforce import soql
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.setup import EmailFields
from connector.salesforce.stored_mail import SalesforceStoredMail
from tests.unit.salesforce.org import Org, refusal, soql_of

SINCE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
RITA = NormalAddress("rita@reed.example")
CONTACT, ACCOUNT = RecordId("003000000000001AAA"), RecordId("001000000000001AAA")
MAIL = RecordId("a0E000000000001AAA")


def directory_of(org: Org) -> SalesforceDirectory:
    return SalesforceDirectory(org.client, lambda: EmailFields(contact=("Email",), account=("Email__c",)))


def found(*records: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"totalSize": len(records), "done": True, "records": list(records)}


def contact(stamp: datetime, identity: str = CONTACT) -> dict[str, Any]:
    return {
        "Id": identity,
        "CreatedDate": "2026-01-01T00:00:00.000+0000",
        "AccountId": None,
        "Email": "Rita@Reed.example",
        "SystemModstamp": stamp.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
    }


def queries(org: Org) -> list[list[str]]:
    return [[soql_of(ask["url"]) for ask in asks] for asks in org.requests]


def test_changes_ride_along_with_the_first_look_up_in_one_call(org: Org) -> None:
    directory = directory_of(org)
    directory.expect(Watch(since=SINCE))
    directory.look_up([RITA], [StoredKey("k" * 32, "m@reed.example")])
    directory.changes()
    directory.look_up([NormalAddress("omar@odd.example")], [])
    first, second = queries(org)
    assert len(first) == 5  # the most queries that a Composite may hold
    assert sum("SystemModstamp >= 2026-11-22T09:00:00Z" in text for text in first) == 5
    assert not any("SystemModstamp" in text for text in second)


def test_they_are_asked_by_themselves_where_nothing_is_looked_up(org: Org) -> None:
    directory = directory_of(org)
    directory.expect(Watch(since=SINCE))
    directory.changes()
    directory.changes()
    [asked] = queries(org)
    assert [text.split(" FROM ")[-1].split()[0] for text in asked] == [
        "Contact",
        "Account",
        "Email__c",
        "Email_Participant__c",
        "Task",
    ]


def test_the_first_run_of_a_day_looks_for_all_that_is_left_over(org: Org) -> None:
    directory = directory_of(org)
    directory.expect(Watch(since=SINCE, today=TODAY))
    directory.changes()
    contacts, _, emails, related, tasks = queries(org)[0]
    assert "SystemModstamp >= 2026-11-22T09:00:00Z" in contacts
    assert "Expires_On__c < 2026-11-22" in emails
    assert "(Name != '(removed)' OR SystemModstamp >= 2026-11-22T09:00:00Z)" in emails
    assert "Message_Key__c LIKE 'deleted:%' AND IsDeleted = false AND SystemModstamp >= 2026-11-05T00:00:00Z" in emails
    assert "SystemModstamp" not in related + tasks


def test_the_first_run_of_all_asks_for_no_clients(org: Org) -> None:
    directory = directory_of(org)
    directory.expect(Watch(since=None, today=TODAY))
    assert directory.changes().clients == {}
    assert len(queries(org)[0]) == 3
    assert "IsDeleted = true" not in queries(org)[0][0]


@pytest.fixture
def packaged() -> Iterator[Org]:
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        org = Org(wire, namespace="firm")
        yield org
        org.transport.close()


def test_the_namespace_stands_before_our_names_only(packaged: Org) -> None:
    directory = directory_of(packaged)
    directory.expect(Watch(since=SINCE, today=TODAY))
    directory.changes()
    stored_mail = SalesforceStoredMail(packaged.client, directory)
    stored_mail.mails_with({NormalAddress("contact__c@x.example"): [CONTACT]})
    [_, _, emails, related, tasks], [mails] = queries(packaged)
    assert "firm__Match_Status__c = 'Removed' AND IsDeleted = false AND (Name != '(removed)'" in emails
    assert "firm__Email__r.firm__Match_Status__c" in related
    assert "firm__Email__r.firm__Match_Status__c = 'Removed'" in tasks
    assert "firm__Address__c = 'contact__c@x.example' AND (firm__Contact__c = null" in mails


@pytest.mark.parametrize(
    ("seconds", "there", "changed"),
    [
        (-1, [], set()),
        (0, [], {CONTACT}),
        (0, [{"Address__c": RITA, "Contact__c": CONTACT, "Account__c": None}], set()),
        (0, [{"Address__c": "other@reed.example", "Contact__c": CONTACT, "Account__c": None}], {CONTACT}),
        (0, [{"Address__c": RITA, "Contact__c": None, "Account__c": ACCOUNT}], {CONTACT}),
        (1, [{"Address__c": RITA, "Contact__c": CONTACT, "Account__c": None}], {CONTACT}),
    ],
)
def test_what_changed_in_the_second_of_the_last_run_counts_unless_it_was_seen(
    org: Org, seconds: int, there: list[dict[str, Any]], changed: set[str]
) -> None:
    org.resources["FROM Contact WHERE"] = found(contact(SINCE + timedelta(seconds=seconds)))
    rows = [{**row, "Email__c": MAIL, "Email__r": {"Match_Status__c": "Matched"}} for row in there]
    org.resources["FROM Email_Participant__c WHERE"] = found(*rows)
    directory = directory_of(org)
    directory.expect(Watch(since=SINCE))
    changes = directory.changes()
    assert changes.clients.get(RITA, set()) == changed
    assert changes.related == set()


def test_who_was_only_looked_up_did_not_change(org: Org) -> None:
    org.resources["FROM Contact WHERE"] = found(
        contact(SINCE + timedelta(hours=1)), contact(SINCE - timedelta(days=1), "003000000000002AAA")
    )
    directory = directory_of(org)
    directory.expect(Watch(since=SINCE))
    hits, _ = directory.look_up([RITA], [])
    assert len(hits[RITA]) == 2
    assert directory.changes().clients == {RITA: {CONTACT}}


def test_rows_that_have_the_record_already_are_not_asked_for(org: Org) -> None:
    stored_mail = SalesforceStoredMail(org.client, directory_of(org))
    org.resources["FROM Email_Participant__c"] = found({"Email__c": MAIL}, {"Email__c": MAIL})
    assert stored_mail.mails_with({RITA: [CONTACT]}) == [MAIL]
    stored_mail.mails_with({RITA: [ACCOUNT]})
    stored_mail.mails_with({RITA: [CONTACT, ACCOUNT]})
    one, account, both = (texts[0] for texts in queries(org))
    assert f"Address__c = '{RITA}' AND (Contact__c = null OR Contact__c != '{CONTACT}')" in one
    assert f"Address__c = '{RITA}' AND (Account__c = null OR Account__c != '{ACCOUNT}')" in account
    assert both.endswith(f"AND (Address__c = '{RITA}')")
    assert all("Email__r.Match_Status__c != 'Removed'" in text for text in (one, account, both))


def test_thousands_of_addresses_are_asked_in_queries_that_are_short_enough(org: Org) -> None:
    stored_mail = SalesforceStoredMail(org.client, directory_of(org))
    clients = {NormalAddress(f"{'x' * 240}{n}@x.example"): [CONTACT] for n in range(2100)}
    stored_mail.mails_with(clients)
    asked = queries(org)
    assert [len(texts) for texts in asked] == [5, 5, 1]
    assert max(len(text) for texts in asked for text in texts) <= soql.MAX_LENGTH
    assert sum(text.count("Address__c = ") for texts in asked for text in texts) == 2100


def test_an_org_that_refuses_every_mail_is_at_fault(org: Org) -> None:
    mails = [RecordId(f"a0E{n:012d}AAA") for n in range(60)]
    org.rule = lambda *_: refusal("FIELD_CUSTOM_VALIDATION", "Never")
    stored_mail = SalesforceStoredMail(org.client, directory_of(org))
    assert {error.code for error in stored_mail.blank(mails[:40]).values()} == {"FIELD_CUSTOM_VALIDATION"}
    with pytest.raises(OrgFaultError, match="Never"):
        stored_mail.blank(mails[40:])


def test_only_what_is_still_to_be_deleted_is(org: Org) -> None:
    other = RecordId("a0E000000000002AAA")
    org.resources["FROM Email__c WHERE"] = found({"Id": MAIL, "Internet_Message_Id__c": None})
    org.resources["composite/sobjects?ids="] = 200, [{"id": MAIL, "success": True, "errors": []}]
    stored_mail = SalesforceStoredMail(org.client, directory_of(org))
    assert stored_mail.delete([MAIL, other], today=TODAY) == {}
    [deleted] = [ask["url"] for asks in org.requests for ask in asks if ask["method"] == "DELETE"]
    assert deleted.endswith(f"composite/sobjects?ids={MAIL}&allOrNone=false")


def test_what_somebody_else_deleted_is_deleted(org: Org) -> None:
    org.resources["FROM Email__c WHERE"] = found({"Id": MAIL, "Internet_Message_Id__c": None})
    org.resources["composite/sobjects?ids="] = 200, [refusal("ENTITY_IS_DELETED", "entity is deleted")]
    stored_mail = SalesforceStoredMail(org.client, directory_of(org))
    assert stored_mail.delete([MAIL], today=TODAY) == {}
