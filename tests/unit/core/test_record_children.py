"""The rows of participants and Tasks."""

import json
from base64 import b64decode
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from connector.core.writing.children import MOST_PARTICIPANTS, kept
from connector.model.mail import Role
from connector.model.org import Org
from connector.model.records import DesiredEmail
from connector.model.values import RecordId
from tests.support.builders import NOW, header, settings
from tests.unit.core.recording import (
    AUDIT,
    KEY,
    OWNER,
    account,
    account_id,
    contact,
    desired,
    match,
)

SHARED = Org(id="00D000000000001EAA", shared_activities=True)


# -- participants -----------------------------------------------------------------------------------------------------


def related(mail: DesiredEmail) -> list[tuple[str, str | None, str | None]]:
    return [
        (row.fields["Address__c"], row.fields.get("Contact__c"), row.fields.get("Account__c"))
        for row in mail.participants
    ]


def test_the_whole_row_of_a_participant() -> None:
    (row,) = desired(match("ann@client.example", contact(1, account=7), role=Role.FROM, name="Ann\tAmes")).participants
    assert (row.object, row.key_field, row.key) == (
        "Email_Participant__c",
        "Participant_Key__c",
        f"{KEY}:{contact(1).id}",
    )
    assert row.fields == {
        "Email__r": {"Message_Key__c": KEY},
        "Participant_Key__c": f"{KEY}:{contact(1).id}",
        "Address__c": "ann@client.example",
        "Display_Name__c": "Ann Ames",
        "Role__c": "From",
        "Contact__c": contact(1).id,
        "Account__c": account_id(7),
        "Subject__c": "Your portfolio",
        "Sent_At__c": NOW,
        "Direction__c": "Inbound",
        **AUDIT,
    }


def test_an_unknown_address_has_a_row_without_record() -> None:
    (row,) = desired(match("who@client.example")).participants
    assert row.key == f"{KEY}:{sha256(b'who@client.example').hexdigest()[:31]}"
    assert len(row.key) == 64
    assert not {"Contact__c", "Account__c", "Display_Name__c", "OwnerId"} & row.fields.keys()


def test_an_account_is_listed_once() -> None:
    mail = desired(
        match("ann@client.example", contact(1, account=7)),
        match("bob@client.example", contact(2, account=7), contact(3, account=8)),
    )
    assert related(mail) == [
        ("ann@client.example", contact(1).id, account_id(7)),
        ("bob@client.example", contact(2).id, None),
        ("bob@client.example", contact(3).id, account_id(8)),
    ]


def test_an_account_with_an_address_of_its_own_is_listed_there() -> None:
    mail = desired(
        match("ann@client.example", contact(1, account=7)), match("household@client.example", account(7), role=Role.CC)
    )
    assert related(mail) == [
        ("ann@client.example", contact(1).id, None),
        ("household@client.example", None, account_id(7)),
    ]


def test_a_client_with_two_addresses_has_one_row() -> None:
    mail = desired(match("ann@client.example", contact(1)), match("ann@work.example", contact(1)), match("x@y.example"))
    assert related(mail) == [("ann@client.example", contact(1).id, None), ("x@y.example", None, None)]
    assert len(mail.tasks) == 1


def test_an_address_whose_records_have_rows_takes_no_room() -> None:
    """500 clients fill the mail; a further address of one of them is no address that was left out, a new one is."""
    clients = [match(f"c{number}@client.example", contact(number)) for number in range(1, MOST_PARTICIPANTS + 1)]
    taken, left_out = kept([*clients, match("second@client.example", contact(1))])
    assert (len(taken), left_out) == (MOST_PARTICIPANTS + 1, 0)
    taken, left_out = kept([*clients, match("x@y.example"), match("new@client.example", contact(9999))])
    assert (len(taken), left_out) == (MOST_PARTICIPANTS, 2)


# -- Tasks ------------------------------------------------------------------------------------------------------------


def tasks(mail: DesiredEmail) -> list[tuple[str, dict[str, Any]]]:
    names = ("WhoId", "WhatId", "TaskWhoIds")
    return [(row.key, {name: row.fields[name] for name in names if name in row.fields}) for row in mail.tasks]


def test_the_whole_row_of_a_task() -> None:
    org = Org(id="00D000000000001EAA", closed_status="Done")
    copy = header(subject="Your portfolio", preview="Dear Ada", web_link="https://outlook.example/1")
    (row,) = desired(match("ann@client.example", contact(1, account=7)), copies=(copy,), org=org).tasks
    assert (row.object, row.key_field, row.key) == ("Task", "Task_Key__c", f"{KEY}:{contact(1).id}")
    assert row.fields == {
        "Email__r": {"Message_Key__c": KEY},
        "Task_Key__c": f"{KEY}:{contact(1).id}",
        "Subject": "Email: Your portfolio",
        "WhoId": contact(1).id,
        "TaskSubtype": "Email",
        "Status": "Done",
        "Priority": "Normal",
        "ActivityDate": date(2026, 3, 2),
        "Description": "Dear Ada",
        "OwnerId": OWNER,
        **AUDIT,
    }


def test_all_rows_are_created_when_the_mail_was_not_when_it_says_it_was_sent() -> None:
    sent = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    mail = desired(match("ann@client.example", contact(1, account=7)), sent_at=sent)
    for row in (mail.email, *mail.participants, *mail.tasks):
        assert (row.fields["CreatedDate"], row.fields["LastModifiedDate"]) == (NOW, NOW)
    assert mail.email.fields["Sent_At__c"] == sent
    assert mail.tasks[0].fields["ActivityDate"] == date(2026, 1, 2)


def test_a_task_links_to_the_mail_in_salesforce_and_not_to_one_mailbox() -> None:
    """By its key before it has a record id, by its id afterwards."""
    org = Org(id="00D", url="https://firm.my.salesforce.com", email_object="ns__Email__c")
    copy = header(preview="Dear Ada", web_link="https://outlook.example/1")
    (new,) = desired(match("ann@client.example", contact(1)), copies=(copy,), org=org).tasks
    text, _, link = new.fields["Description"].partition("\n\n")
    page, _, search = link.partition("#")
    assert (text, page) == ("Dear Ada", "https://firm.my.salesforce.com/one/one.app")
    assert json.loads(b64decode(search))["attributes"]["term"] == KEY
    record = RecordId("a0E000000000001AAA")
    (later,) = desired(match("ann@client.example", contact(1)), copies=(copy,), org=org, record=record).tasks
    assert later.fields["Description"] == f"Dear Ada\n\n{org.url}/lightning/r/ns__Email__c/{record}/view"


def test_mails_are_sorted_by_the_account_that_their_tasks_lock() -> None:
    ann, alone = match("ann@client.example", contact(1, account=7)), match("bob@client.example", contact(3))
    assert desired(alone, ann).sort_key == account_id(7)
    assert desired(alone).sort_key == contact(3).id
    assert desired(match("who@client.example")).sort_key == KEY


FAMILY = (
    match("ann@client.example", contact(1, account=7)),
    match("bob@client.example", contact(2, account=7), contact(3)),
    match("household@client.example", account(7)),
    match("trust@client.example", account(8)),
    match("who@client.example"),
)


def test_a_task_for_each_contact_and_for_accounts_without_one() -> None:
    assert tasks(desired(*FAMILY)) == [
        (f"{KEY}:{contact(1).id}", {"WhoId": contact(1).id}),
        (f"{KEY}:{contact(2).id}", {"WhoId": contact(2).id}),
        (f"{KEY}:{contact(3).id}", {"WhoId": contact(3).id}),
        (f"{KEY}:{account_id(8)}", {"WhatId": account_id(8)}),
    ]


def test_with_shared_activities_a_task_for_each_account() -> None:
    assert sorted(tasks(desired(*FAMILY, org=SHARED))) == [
        (f"{KEY}:{account_id(7)}", {"WhatId": account_id(7), "TaskWhoIds": [contact(1).id, contact(2).id]}),
        (f"{KEY}:{account_id(8)}", {"WhatId": account_id(8)}),
        (f"{KEY}:{contact(3).id}", {"WhoId": contact(3).id}),
    ]


def test_a_shared_task_holds_fifty_contacts() -> None:
    mail = desired(match("club@client.example", *(contact(number, account=7) for number in range(53))), org=SHARED)
    first, *rest = tasks(mail)
    assert first[1]["TaskWhoIds"] == [contact(number).id for number in range(50)]
    assert [fields for _, fields in rest] == [{"WhoId": contact(number).id} for number in range(50, 53)]


def test_without_tasks_a_mail_has_its_participants_and_no_task() -> None:
    client = match("ann@client.example", contact(1, account=7))
    mail = desired(client, settings=settings(create_tasks=False))
    assert mail.matched
    assert mail.participants == desired(client).participants
    assert (len(mail.tasks), len(desired(client).tasks)) == (0, 1)
