"""What is left of a removed mail, and which files go with it."""

from pathlib import Path

import pytest

from connector.core.writing.blanking import BLANK, blanked, buried, only_of, tombstone
from connector.model.values import RecordId
from tests.support.builders import stored

KEPT = {"OwnerId", "Message_Key__c", "Internet_Message_Id__c", "Sent_At__c", "Match_Status__c"}
FIELDS = Path(__file__).parents[3] / "sfdc_objects" / "main" / "default" / "objects" / "Email__c" / "fields"


def test_every_field_is_either_kept_or_blanked() -> None:
    own = {path.name.removesuffix(".field-meta.xml") for path in FIELDS.glob("*.field-meta.xml")}
    assert own
    assert own | {"Name", "OwnerId"} == KEPT | BLANK.keys()
    assert KEPT.isdisjoint(BLANK)


def test_nothing_is_left_in_them() -> None:
    row = blanked(RecordId("a0E000000000001AAA"))
    left = {"Name": "(removed)", "Match_Status__c": "Removed"}
    assert {name: value for name, value in row.fields.items() if value} == left


def test_a_tombstone_says_nothing_and_leaves_the_key_to_the_mail_itself() -> None:
    mail = stored(id=RecordId("a0E000000000001AAA"), internet_message_id="m@client.example")
    fields = tombstone(mail).fields
    assert fields == {
        "Name": "(removed)",
        "Message_Key__c": "deleted:a0E000000000001AAA",
        "Internet_Message_Id__c": "m@client.example",
        "Sent_At__c": mail.sent_at,
        "Match_Status__c": "Removed",
        "OwnerId": mail.owner,
    }
    assert len(fields["Message_Key__c"]) <= 32
    assert buried(fields["Message_Key__c"]) == mail.id
    assert buried(mail.key) is None


@pytest.mark.parametrize("mid", [None, "x" * 255, "x" * 300])
def test_a_mail_whose_message_id_names_nothing_is_recognised_by_its_key(mid: str | None) -> None:
    mail = stored(id=RecordId("a0E000000000001AAA"), internet_message_id=mid)
    assert tombstone(mail).fields["Internet_Message_Id__c"] == f"key:{mail.key}"


def test_a_file_of_these_mails_and_its_owner_alone_goes_with_them() -> None:
    documents = {
        "own": ["a0E1", "005U"],
        "shared by both": ["a0E1", "a0E2"],
        "of another mail too": ["a0E1", "a0E9"],
        "of a client too": ["a0E1", "001A", "005U"],
    }
    assert only_of(documents, ["a0E1", "a0E2"]) == {"own", "shared by both"}
