"""The port Directory: clients and stored mail, in as few calls as can be."""

from datetime import datetime, timedelta
from typing import Any

from connector.model.records import MatchStatus, StoredKey
from connector.model.values import NormalAddress, RecordId
from connector.salesforce.client import CompositeRequest
from tests.contract.conftest import Salesforce
from tests.support.world import World, stamp

EMAIL = {"Name": "x", "Match_Status__c": "Matched", "Direction__c": "Inbound"}


def address(text: str) -> NormalAddress:
    return NormalAddress(text)


def stored(world: World, key: str, mid: str | None = None, sent: datetime | None = None, **fields: Any) -> str:
    return world.create(
        "Email__c",
        **EMAIL,
        Message_Key__c=key,
        Internet_Message_Id__c=mid,
        Sent_At__c=stamp(sent or world.ago(days=2)),
        **fields,
    )


def test_contacts_and_accounts_are_found_by_address(world: World, salesforce: Salesforce) -> None:
    account = world.create("Account", Name="The Okafors")
    one = world.client("Ada", "Okafor", "Ada.Okafor@Client.example", account=account)
    two = world.client("Ben", "Okafor", "ada.okafor@client.example")
    salesforce.admin.read()
    calls = salesforce.client.calls
    asked = [address("ada.okafor@client.example"), address("nobody@client.example")]
    hits, emails = salesforce.directory.look_up(asked, [])
    assert salesforce.client.calls == calls + 1
    assert emails == []
    found = hits[asked[0]]
    assert {(hit.object, hit.id, hit.account) for hit in found} == {
        ("Contact", RecordId(one), RecordId(account)),
        ("Contact", RecordId(two), None),
    }
    assert all(hit.created_at is not None for hit in found)
    assert hits[asked[1]] == ()


def test_what_was_asked_once_is_known_misses_too(world: World, salesforce: Salesforce) -> None:
    world.client("Ada", "Okafor", "ada@client.example")
    salesforce.admin.read()
    asked = [address("ada@client.example"), address("nobody@client.example")]
    first, _ = salesforce.directory.look_up(asked, [])
    calls = salesforce.client.calls
    again, _ = salesforce.directory.look_up(asked, [])
    assert again == first
    assert salesforce.client.calls == calls


def test_what_is_to_be_forgotten_is_asked_for_anew(world: World, salesforce: Salesforce) -> None:
    rita = address("rita@reed.example")
    client = world.client("Rita", "Reed", rita)
    salesforce.admin.read()
    assert salesforce.directory.look_up([rita], [])[0][rita]
    world.org.Contact.delete(client)
    assert salesforce.directory.look_up([rita], [])[0][rita]
    salesforce.directory.forget([rita])
    assert salesforce.directory.look_up([rita], [])[0][rita] == ()


def test_nothing_to_ask_is_no_call(salesforce: Salesforce) -> None:
    salesforce.admin.read()
    calls = salesforce.client.calls
    assert salesforce.directory.look_up([], []) == ({}, [])
    assert salesforce.client.calls == calls


def test_addresses_with_quotes_and_backslashes_are_text(world: World, salesforce: Salesforce) -> None:
    contact = world.client("Pat", "O'Neill", "pat.o'neill@client.example")
    salesforce.admin.read()
    asked = [address("pat.o'neill@client.example"), address("a\\') or (email != '@client.example")]
    hits, _ = salesforce.directory.look_up(asked, [])
    assert [hit.id for hit in hits[asked[0]]] == [contact]
    assert hits[asked[1]] == ()


def test_an_address_that_no_field_could_hold_is_nobodys(salesforce: Salesforce) -> None:
    salesforce.admin.read()
    long = address("x" * 5_000 + "@client.example")
    hits, _ = salesforce.directory.look_up([long, address("")], [])
    assert hits == {long: (), address(""): ()}


def test_many_addresses_take_one_call(world: World, salesforce: Salesforce) -> None:
    contact = world.client("Ada", "Okafor", "client2999@firm-of-clients.example")
    salesforce.admin.read()
    calls = salesforce.client.calls
    asked = [address(f"client{number}@firm-of-clients.example") for number in range(3_000)]
    hits, _ = salesforce.directory.look_up(asked, [])
    assert salesforce.client.calls == calls + 1
    assert [hit.id for hit in hits[asked[-1]]] == [contact]
    assert sum(len(found) for found in hits.values()) == 1


def test_stored_mail_is_found_by_key_and_by_message_id_with_its_children(world: World, salesforce: Salesforce) -> None:
    contact = world.client("Ada", "Okafor", "ada@client.example")
    by_key = stored(world, "a" * 32, "one@mail.example", From_Address__c="ada@client.example", Cc__c="x")
    by_id = stored(world, "b" * 32, "two@mail.example")
    stored(world, "c" * 32, "three@mail.example")
    row = world.create(
        "Email_Participant__c",
        Email__c=by_key,
        Participant_Key__c="p1",
        Address__c="ada@client.example",
        Role__c="From",
        Contact__c=contact,
    )
    world.create("Task", Subject="Email: x", WhoId=contact, Email__c=by_key, Task_Key__c="t1", Status="Completed")
    dead = world.create("Task", Subject="Email: x", Email__c=by_key, Task_Key__c="t2", Status="Completed")
    world.org.Task.delete(dead)
    salesforce.admin.read()
    calls = salesforce.client.calls
    _, emails = salesforce.directory.look_up(
        [address("new@client.example")], [StoredKey("a" * 32, "other"), StoredKey("z" * 32, "two@mail.example")]
    )
    assert salesforce.client.calls == calls + 1
    found = {email.id: email for email in emails}
    assert set(found) == {by_key, by_id}
    email = found[RecordId(by_key)]
    assert email.key == "a" * 32
    assert email.internet_message_id == "one@mail.example"
    assert email.from_address == "ada@client.example"
    assert email.match_status == MatchStatus.MATCHED
    assert not email.is_deleted
    assert email.fields["Cc__c"] == "x"
    assert email.fields["Bcc__c"] is None
    assert "Body__c" not in email.fields
    assert [(part.id, part.key, part.contact) for part in email.participants] == [(row, "p1", contact)]
    assert email.task_keys == {"t1"}
    assert found[RecordId(by_id)].participants == ()


def test_of_all_that_has_one_message_id_only_what_was_sent_at_the_time_is_read(
    world: World, salesforce: Salesforce
) -> None:
    """Some programs give all the mails of years one."""
    sent = world.ago(days=40)
    near, key, late = (
        stored(world, letter * 32, "one@mail.example", sent=sent + timedelta(seconds=seconds))
        for letter, seconds in (("a", 120), ("b", -9999), ("c", 121))
    )
    salesforce.admin.read()
    _, emails = salesforce.directory.look_up([], [StoredKey("b" * 32, "one@mail.example", sent)])
    assert {email.id for email in emails} == {near, key}
    _, emails = salesforce.directory.look_up([], [StoredKey("x" * 32, "one@mail.example")])
    assert {email.id for email in emails} == {near, key, late}


def test_the_recycle_bin_is_looked_up_too(world: World, salesforce: Salesforce) -> None:
    """What a person deleted is; what the connector deleted itself, at the end of its time, is not."""
    gone, expired = stored(world, "a" * 32), stored(world, "b" * 32)
    salesforce.admin.read()
    world.org.Email__c.delete(gone)
    request = CompositeRequest(method="DELETE", url=f"sobjects/Email__c/{expired}", asked="the mail")
    salesforce.client.composite([request])
    _, emails = salesforce.directory.look_up([], [StoredKey("a" * 32), StoredKey("b" * 32)])
    assert [(email.id, email.is_deleted) for email in emails] == [(gone, True)]


def test_more_stored_mail_than_fits_into_one_call_comes_with_its_tasks(world: World, salesforce: Salesforce) -> None:
    email = stored(world, "a" * 32)
    world.create("Task", Subject="Email: x", Email__c=email, Task_Key__c="t1", Status="Completed")
    salesforce.admin.read()
    calls = salesforce.client.calls
    copies = [StoredKey(f"{number:032d}", f"{number:0200d}@mail.example") for number in range(1_200)]
    copies.append(StoredKey("a" * 32))
    _, emails = salesforce.directory.look_up([], copies)
    assert [found.task_keys for found in emails] == [{"t1"}]
    assert salesforce.client.calls == calls + 2
